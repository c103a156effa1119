"""Completion, asked of real shells."""

import os
import pty
import re
import select
import shutil
import subprocess
from pathlib import Path

import pytest

from contrib.packaging import project
from contrib.packaging.completion import completion
from tests.packages.conftest import cannot

_ASK_BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
function_of() { local spec; spec=$(complete -p "$1"); spec=${spec#*-F }; echo "${spec%% *}"; }
compopt() { :; }
"$(function_of "$1")" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
((${#COMPREPLY[@]} == 0)) || printf '%s\\n' "${COMPREPLY[@]}"
"""

# zsh completes only at a prompt, and what comes before it would be echoed twice.
_AT_ZSH = """\
unsetopt zle_bracketed_paste prompt_sp 2>/dev/null; LISTMAX=10000; stty cols 79 rows 500
fpath=({folder} $fpath); autoload -Uz compinit; compinit -u -D; PS1="a""sk> "
"""


def bash_offers(tmp_path: Path, *words: str) -> list[str]:
    """What bash offers for the last of these words."""
    script = tmp_path / words[0]
    script.write_text(completion(words[0], "bash"), encoding="utf-8")
    done = subprocess.run(
        ["bash", "--norc", "-c", _ASK_BASH, "bash", str(script), *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("check_smtp_banner --expect", ["--expect", "--expect-code", "--expect-host"]),
        ("check_smtp_banner -H mail.example --ver", ["--verbose", "--version"]),
        ("check_smtp_cert --key-type ", ["rsa", "ecdsa"]),
        ("check_smtp_starttls --min-version TLSv1.", ["TLSv1.1", "TLSv1.2", "TLSv1.3"]),
        ("check_smtp_ehlo --explain no-", ["no-such-host", "no-route", "no-esmtp", "no-starttls"]),
        (
            "check_smtp_ehlo --state masked",
            ["masked=ok", "masked=warning", "masked=critical", "masked=unknown"],
        ),
        ("check_smtp_cert --ca-file an", ["anchors.pem"]),
        ("check_smtp_cert --ca-path an", ["another"]),
        ("check_smtp_banner --proxy-protocol ", ["v1", "v2"]),
        ("check_smtp_auth --pass", ["--password-file"]),
        ("check_smtp_auth --password-file an", ["anchors.pem"]),
        ("check_smtp_auth --insecure-auth ", ["unverified", "clear"]),
        ("check_smtp_loop --maildir an", ["another"]),
        ("check_smtp_loop --cleanup ", ["delete", "keep"]),
    ],
)
def test_bash_offers_options_and_their_values(
    tmp_path: Path, line: str, offered: list[str]
) -> None:
    (tmp_path / "anchors.pem").touch()
    (tmp_path / "another").mkdir()
    if "-file an" in line:
        offered = [*offered, "another"]
    assert sorted(bash_offers(tmp_path, *line.split(" "))) == sorted(offered)


@pytest.mark.parametrize("check", project.CHECKS)
def test_bash_offers_no_hidden_option(tmp_path: Path, check: str) -> None:
    assert bash_offers(tmp_path, check, "-R") == []
    assert "-v" in bash_offers(tmp_path, check, "-")


_TERMINAL_CODES = re.compile(r"\x1b\[[?0-9;]*[a-zA-Z]")


def zsh_shows(tmp_path: Path, line: str) -> str:
    """What appears on a terminal after this line and a tab, in zsh."""
    if not shutil.which("zsh"):
        cannot("zsh is not installed")
    name = line.partition(" ")[0]
    (tmp_path / f"_{name}").write_text(completion(name, "zsh"), encoding="utf-8")
    ours, terminal = pty.openpty()
    zsh = subprocess.Popen(
        ["zsh", "-f", "-i"],
        env={"PATH": "/usr/bin:/bin", "TERM": "dumb", "HOME": str(tmp_path)},
        cwd=tmp_path,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    try:
        os.write(ours, _AT_ZSH.format(folder=tmp_path).encode())
        _read_until(ours, "ask> ")
        os.write(ours, f"{line}\t\x15echo en''d\n".encode())
        return _TERMINAL_CODES.sub("", _read_until(ours, "\nend"))
    finally:
        zsh.kill()
        zsh.wait()
        os.close(ours)


def _read_until(terminal: int, mark: str) -> str:
    seen = ""
    while mark not in seen:
        assert select.select([terminal], [], [], 20)[0], f"zsh is silent after: {seen}"
        seen += os.read(terminal, 65536).decode().replace("\r", "")
    return seen


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("check_smtp_banner --exp", ["--expect", "--expect-code", "--expect-host", "--explain"]),
        ("check_smtp_cert --key-type ", ["ecdsa", "rsa"]),
        ("check_smtp_starttls --refuse-version TLSv1.", ["TLSv1.1", "TLSv1.2", "TLSv1.3"]),
        ("check_smtp_ehlo --explain no-", ["no-esmtp", "no-route", "no-starttls", "no-such-host"]),
        ("check_smtp_cert --ca-file an", ["anchors.pem", "another/"]),
        ("check_smtp_cert --fingerprint 00 --fi", ["--file", "--fingerprint"]),
        ("check_smtp_cert -t 5:unknown --no-", ["--no-sni", "--no-verify"]),
        ("check_smtp_banner -R", []),
    ],
)
def test_zsh_offers_options_and_their_values(
    tmp_path: Path, line: str, offered: list[str]
) -> None:
    (tmp_path / "anchors.pem").touch()
    (tmp_path / "another").mkdir()
    # The line, what is offered (each perhaps with its help), and the line again.
    shown = zsh_shows(tmp_path, line).split("\n")[1:]
    end = next((nth for nth, text in enumerate(shown) if text.endswith("echo en''d")), 0)
    words = [word for text in shown[:end] for word in text.partition(" -- ")[0].split()]
    assert words == offered
