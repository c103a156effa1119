"""The certificates of the lab's servers, good and bad, as the files that servers read; passwords.

Rule: each NAME.pem is a chain from the leaf on, NAME.key its key, NAME-full.pem both. They are
made when the tests run.
"""

from pathlib import Path

from tests.chains import INTERMEDIATE, LEAF, ROOT, Recipe, ending, key_pem, pem, written

CHAINS: dict[str, tuple[Recipe, ...]] = {
    "ecdsa": (LEAF, INTERMEDIATE),
    "rsa": (LEAF._replace(key="rsa2048"), INTERMEDIATE),
    "expired": (ending(-3), INTERMEDIATE),
    "incomplete": (LEAF,),
}


def write_certificates(folder: Path) -> None:
    """Write all chains, the root as root.pem and the passwords of logins into a new folder."""
    folder.mkdir(mode=0o755)
    for name, chain in CHAINS.items():
        (folder / f"{name}.key").write_text(key_pem(chain[0]), encoding="ascii")
        (folder / f"{name}-full.pem").write_text(key_pem(chain[0]) + pem(*chain), encoding="ascii")
        written(folder / f"{name}.pem", *chain)
    written(folder / "root.pem", ROOT)
    for name, password in (("password", "password"), ("wrong", "mistaken")):
        (folder / name).write_text(f"{password}\n", encoding="ascii")
    for path in folder.iterdir():
        path.chmod(0o640)
