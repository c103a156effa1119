"""The executable of a check in a system package: a few lines that run it from a private folder.

Rule: any Python 3 must be able to read it, and modules that cannot be imported are one UNKNOWN
line on standard output with exit 3.
"""

from string import Template

from contrib.packaging import project

MODULES = f"/usr/share/{project.NAME}"

_SOURCE = Template('''\
#!/usr/bin/python3 -I
"""$check of the package $name. See $check(1)."""
import sys

try:
    if sys.version_info < (3, 10):
        raise ImportError("Python 3.10 or newer is needed, this is " + sys.version.split()[0])
    sys.path.insert(0, "$modules")
    from $package import $check
except BaseException as error:
    print("$service UNKNOWN - local: " + " ".join(str(error).split()).replace("|", "/"))
    sys.exit(3)
$check()
''')


def launcher(check: str) -> str:
    """The source of this executable."""
    return _SOURCE.substitute(
        check=check,
        name=project.NAME,
        modules=MODULES,
        package=project.CHECKS[check],
        service=check.removeprefix("check_").upper(),
    )
