"""Trust anchors: which file or folder is taken, and what is said when none can be."""

import os
from pathlib import Path
from typing import NamedTuple

import pytest

from check_smtp_tls.anchors import Anchors, NoAnchors, find_anchors, is_hashed


class Machine(NamedTuple):
    """Files and folders as a machine may have them."""

    folder: Path

    def path(self, name: str) -> str:
        return ":".join(str(self.folder / each) for each in name.split(":") if each)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    for name in ("hashed", "other-hashed", "unhashed", "empty"):
        (tmp_path / name).mkdir()
    for name in ("hashed/4bfab552.0", "other-hashed/002c0b4f.12", "unhashed/ca.pem"):
        (tmp_path / name).touch()
    for name in ("own.pem", "bundle.pem", "other-bundle.pem"):
        (tmp_path / name).touch()
    (tmp_path / "link.pem").symlink_to("bundle.pem")
    return Machine(tmp_path)


def found(
    machine: Machine,
    ca_file: str = "",
    ca_path: str = "",
    environment: dict[str, str] | None = None,
    folders: tuple[str, ...] = ("hashed", "other-hashed"),
    bundles: tuple[str, ...] = ("bundle.pem", "other-bundle.pem"),
) -> Anchors:
    """What is found, as paths relative to the machine's folder."""
    anchors = find_anchors(
        machine.path(ca_file),
        machine.path(ca_path),
        {name: machine.path(value) for name, value in (environment or {}).items()},
        tuple(map(machine.path, folders)),
        tuple(map(machine.path, bundles)),
    )
    return Anchors(*(each.replace(f"{machine.folder}/", "") for each in anchors))


@pytest.mark.parametrize(
    ("ca_file", "ca_path", "expected"),
    [
        ("own.pem", "", Anchors("own.pem", "")),
        ("", "hashed", Anchors("", "hashed")),
        ("own.pem", "other-hashed", Anchors("own.pem", "other-hashed")),
        ("bundle.pem", "hashed", Anchors("bundle.pem", "hashed")),
    ],
)
def test_what_the_user_names_is_all_that_counts(
    machine: Machine, ca_file: str, ca_path: str, expected: Anchors
) -> None:
    environment = {"SSL_CERT_FILE": "bundle.pem", "SSL_CERT_DIR": "hashed"}
    assert found(machine, ca_file, ca_path) == expected
    assert found(machine, ca_file, ca_path, environment) == expected


@pytest.mark.parametrize(
    ("folders", "bundles", "expected"),
    [
        (("hashed", "other-hashed"), ("bundle.pem",), Anchors("", "hashed")),
        (("missing", "unhashed", "empty", "other-hashed"), (), Anchors("", "other-hashed")),
        (("unhashed",), ("missing.pem", "bundle.pem"), Anchors("bundle.pem", "")),
        ((), ("empty", "bundle.pem", "other-bundle.pem"), Anchors("bundle.pem", "")),
    ],
)
def test_the_machines_hashed_folder_goes_before_its_bundle(
    machine: Machine, folders: tuple[str, ...], bundles: tuple[str, ...], expected: Anchors
) -> None:
    assert found(machine, folders=folders, bundles=bundles) == expected
    nothing = {"SSL_CERT_FILE": "", "SSL_CERT_DIR": ""}
    assert found(machine, environment=nothing, folders=folders, bundles=bundles) == expected


@pytest.mark.parametrize(
    ("environment", "folders", "expected"),
    [
        ({"SSL_CERT_FILE": "own.pem"}, ("hashed",), Anchors("own.pem", "hashed")),
        ({"SSL_CERT_FILE": "own.pem"}, (), Anchors("own.pem", "")),
        ({"SSL_CERT_DIR": "other-hashed"}, ("hashed",), Anchors("", "other-hashed")),
        (
            {"SSL_CERT_FILE": "own.pem", "SSL_CERT_DIR": "other-hashed"},
            ("hashed",),
            Anchors("own.pem", "other-hashed"),
        ),
        # several folders, of which one is enough
        ({"SSL_CERT_DIR": "missing:hashed"}, ("other-hashed",), Anchors("", "missing:hashed")),
        # the distribution's bundle holds what its folder holds, and costs 20 ms
        ({"SSL_CERT_FILE": "bundle.pem"}, ("hashed",), Anchors("", "hashed")),
        ({"SSL_CERT_FILE": "link.pem"}, ("hashed",), Anchors("", "hashed")),
        ({"SSL_CERT_FILE": "other-bundle.pem"}, ("hashed",), Anchors("", "hashed")),
        ({"SSL_CERT_FILE": "bundle.pem"}, ("unhashed",), Anchors("bundle.pem", "")),
    ],
)
def test_each_variable_replaces_its_own_half(
    machine: Machine, environment: dict[str, str], folders: tuple[str, ...], expected: Anchors
) -> None:
    assert found(machine, environment=environment, folders=folders) == expected


UNHASHED = "the CA folder {} holds no hashed certificates (openssl rehash)"


@pytest.mark.parametrize(
    ("ca_file", "ca_path", "environment", "message", "path"),
    [
        ("no.pem", "", {}, "the CA file {} cannot be read: no such file or directory", "no.pem"),
        ("hashed", "", {}, "the CA file {} cannot be read: is a directory", "hashed"),
        (
            "own.pem/x",
            "hashed",
            {},
            "the CA file {} cannot be read: not a directory",
            "own.pem/x",
        ),
        ("", "missing", {}, UNHASHED, "missing"),
        ("own.pem", "unhashed", {}, UNHASHED, "unhashed"),
        ("", "own.pem", {}, UNHASHED, "own.pem"),
        ("", "empty", {"SSL_CERT_DIR": "hashed"}, UNHASHED, "empty"),
        (
            "",
            "",
            {"SSL_CERT_FILE": "no.pem"},
            "the CA file {} cannot be read: no such file or directory",
            "no.pem",
        ),
        ("", "", {"SSL_CERT_DIR": "missing"}, UNHASHED, "missing"),
        ("", "", {"SSL_CERT_DIR": "unhashed"}, UNHASHED, "unhashed"),
    ],
)
def test_what_was_named_and_cannot_be_used_is_said(
    machine: Machine,
    ca_file: str,
    ca_path: str,
    environment: dict[str, str],
    message: str,
    path: str,
) -> None:
    """OpenSSL itself says nothing about folders, and then finds everything untrusted."""
    with pytest.raises(NoAnchors) as none:
        found(machine, ca_file, ca_path, environment)
    assert str(none.value) == message.format(machine.path(path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_others_may_read_is_none_for_us(machine: Machine) -> None:
    (machine.folder / "own.pem").chmod(0)
    with pytest.raises(NoAnchors) as none:
        found(machine, "own.pem")
    path = machine.path("own.pem")
    assert str(none.value) == f"the CA file {path} cannot be read: permission denied"


def test_a_machine_without_anchors_says_what_to_do(machine: Machine) -> None:
    with pytest.raises(NoAnchors) as none:
        found(machine, folders=("missing", "unhashed"), bundles=("missing.pem", "empty"))
    assert str(none.value) == (
        "no CA certificates were found on this machine; name them by --ca-file"
    )


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("4bfab552.0",), True),
        (("ca.pem", "4bfab552.1"), True),
        (("4bfab552",), False),
        (("4BFAB552.0",), False),
        (("4bfab552.r0",), False),
        (("4bfab55.0",), False),
        ((), False),
    ],
)
def test_openssl_looks_for_eight_digits_and_a_number(
    tmp_path: Path, names: tuple[str, ...], expected: bool
) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert is_hashed(str(tmp_path)) is expected
