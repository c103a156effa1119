"""Plugins that something has happened to, each the installed check_smtp_banner in a wrapper.

Rule: the wrapper only does what happens on real machines; what then comes out is the plugin's.
"""

from pathlib import Path

_SCRIPTS = {
    # the kernel ends it, as it does when memory runs out
    "killed": '( sleep 0.3; kill -KILL $$ ) >/dev/null 2>&1 &\nexec {plugin} "$@"',
    # nobody gets to read what it prints
    "mute": 'exec {plugin} "$@" >/dev/full',
    # an upgrade took a Python module away
    "halved": 'PYTHONPATH={folder}/modules exec {plugin} "$@"',
}


def wound(plugin: Path, folder: Path) -> None:
    """Write the wrappers of a plugin into a folder: `killed`, `mute` and `halved`."""
    for name, script in _SCRIPTS.items():
        wrapper = folder / name
        wrapper.write_text(f"#!/bin/sh\n{script.format(plugin=plugin, folder=folder)}\n")
        wrapper.chmod(0o755)
    modules = folder / "modules"
    modules.mkdir()
    (modules / "nagiosplugin.py").write_text("raise ModuleNotFoundError(name='nagiosplugin')\n")
