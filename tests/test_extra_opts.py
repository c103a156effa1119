"""Options from an ini file, as arguments."""

from pathlib import Path

import pytest

from check_smtp_core import extra_opts
from check_smtp_core.extra_opts import ExtraOptsError, read_extra_opts


@pytest.fixture
def ini(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that is read where none is named."""
    path = tmp_path / "plugins.ini"
    monkeypatch.delenv("NAGIOS_CONFIG_PATH", raising=False)
    monkeypatch.setenv("MP_CONFIG_FILE", str(path))
    return path


@pytest.mark.parametrize(
    ("lines", "arguments"),
    [
        ("", []),
        ("port=25", ["--port=25"]),
        ("port = 25", ["--port=25"]),
        ("  port\t=\t25  ", ["--port=25"]),
        ("--port=25", ["--port=25"]),
        ("p=25", ["-p25"]),
        ("-p=25", ["-p25"]),
        ("H=mail.example.com\np=25", ["-Hmail.example.com", "-p25"]),
        ("starttls", ["--starttls"]),
        ("v\nS", ["-v", "-S"]),
        ("port=", ["--port="]),
        ("expect=a = b", ["--expect=a = b"]),
        ("expect=a: b", ["--expect=a: b"]),
        ("expect=%s %(x)s $HOME", ["--expect=%s %(x)s $HOME"]),
        ("expect=a ; b # c", ["--expect=a ; b # c"]),
        ('expect="two words "', ["--expect=two words "]),
        ("expect=' quoted'", ["--expect= quoted"]),
        ("expect=\"open'", ["--expect=\"open'"]),
        ('expect="', ['--expect="']),
        ('expect=""', ["--expect="]),
        ("Expect=a", ["--Expect=a"]),
        ("H=a\nh=b", ["-Ha", "-hb"]),
        ("# port=25\n; port=26\n\nport=27", ["--port=27"]),
        ("hostname=[2001:db8::1]", ["--hostname=[2001:db8::1]"]),
        ("hostname=grüße.example", ["--hostname=grüße.example"]),
    ],
)
def test_a_key_is_an_option_without_its_dashes(
    ini: Path, lines: str, arguments: list[str]
) -> None:
    ini.write_text(f"[check]\n{lines}\n", encoding="utf-8")
    assert read_extra_opts("", "check") == arguments


def test_windows_line_ends_are_line_ends(ini: Path) -> None:
    ini.write_bytes(b"[check]\r\nport=25\r\nstarttls\r\n")
    assert read_extra_opts("", "check") == ["--port=25", "--starttls"]


def test_a_byte_order_mark_belongs_to_no_line(ini: Path) -> None:
    """Editors of Windows put it there."""
    ini.write_bytes(b"\xef\xbb\xbf[check]\r\nport=25\r\n")
    assert read_extra_opts("", "check") == ["--port=25"]


@pytest.mark.parametrize(
    ("where", "arguments"),
    [
        ("", ["--port=1"]),
        ("other", ["--port=2"]),
        ("with blanks", ["--port=3"]),
        ("empty", []),
    ],
)
def test_the_section_is_the_named_one_or_that_of_the_executable(
    ini: Path, where: str, arguments: list[str]
) -> None:
    ini.write_text(
        "port=0\n[check]\nport=1\n[other]\nport=2\n[ with blanks ]\nport=3\n[empty]\n[last]\nx=1\n"
    )
    assert read_extra_opts(where, "check") == arguments


def test_the_file_may_be_named(ini: Path, tmp_path: Path) -> None:
    ini.write_text("[check]\nport=1\n")
    named = tmp_path / "named.ini"
    named.write_text("[check]\nport=2\n[other]\nport=3\n")
    assert read_extra_opts(f"@{named}", "check") == ["--port=2"]
    assert read_extra_opts(f"other@{named}", "check") == ["--port=3"]


def test_a_file_name_may_hold_an_at_sign(tmp_path: Path) -> None:
    named = tmp_path / "a@b.ini"
    named.write_text("[check]\nport=2\n")
    assert read_extra_opts(f"check@{named}", "x") == ["--port=2"]


def test_errors_in_other_sections_are_none_of_ours(ini: Path) -> None:
    """The file belongs to all plugins of the machine."""
    ini.write_text(
        "stray line\n[broken\n= no key\n[other]\nport=1\nport=2\n=\n[check]\nport=3\n"
        "[other]\nport=4\n== junk\n"
    )
    assert read_extra_opts("", "check") == ["--port=3"]


def test_a_section_may_come_in_parts(ini: Path) -> None:
    ini.write_text("[check]\nport=1\n[other]\nport=2\n[check]\nstarttls\n")
    assert read_extra_opts("", "check") == ["--port=1", "--starttls"]


@pytest.mark.parametrize(
    ("content", "where", "message"),
    [
        (b"[other]\nport=1\n", "", "{ini}: no section [check]"),
        (b"", "missing", "{ini}: no section [missing]"),
        (
            b"[check]\nport=1\nport=2\n",
            "",
            "{ini}: port stands twice in [check]; separate its values by commas",
        ),
        (
            b"[check]\nport=1\n[check]\nport=2\n",
            "",
            "{ini}: port stands twice in [check]; separate its values by commas",
        ),
        (b"[check]\n= 25\n", "", "{ini}: section [check] is not of the form key = value"),
        (b"[check]\nport=\xff\n", "", "{ini}: not UTF-8"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_names_the_place(
    ini: Path, content: bytes, where: str, message: str
) -> None:
    ini.write_bytes(content)
    with pytest.raises(ExtraOptsError) as error:
        read_extra_opts(where, "check")
    assert str(error.value) == message.format(ini=ini)


def test_a_missing_file_is_an_error(ini: Path) -> None:
    with pytest.raises(ExtraOptsError) as error:
        read_extra_opts("", "check")
    assert str(error.value) == f"{ini}: no such file or directory"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ExtraOptsError) as error:
        read_extra_opts(f"@{tmp_path}", "check")
    assert str(error.value) == f"{tmp_path}: is a directory"


def test_without_a_named_file_the_usual_places_are_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MP_CONFIG_FILE", raising=False)
    monkeypatch.setenv("NAGIOS_CONFIG_PATH", f"{tmp_path}/none::{tmp_path}/site")
    monkeypatch.setattr(extra_opts, "FILES", (f"{tmp_path}/a.ini", f"{tmp_path}/b.ini"))
    with pytest.raises(ExtraOptsError) as error:
        read_extra_opts("", "check")
    assert str(error.value) == "no file is named and none of the usual ones exists"
    (tmp_path / "b.ini").write_text("[check]\nport=1\n")
    assert read_extra_opts("", "check") == ["--port=1"]
    (tmp_path / "a.ini").write_text("[check]\nport=2\n")
    assert read_extra_opts("", "check") == ["--port=2"]
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "plugins.ini").write_text("[check]\nport=3\n")
    assert read_extra_opts("", "check") == ["--port=3"]
