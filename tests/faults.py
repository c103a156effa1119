"""Servers with one fault or with two, by name: what they show and what their clients trust."""

from collections.abc import Callable
from typing import NamedTuple

from tests.chains import CLIENT, INTERMEDIATE, LEAF, OTHER_ROOT, ROOT, Recipe, element


class Setup(NamedTuple):
    """What a server shows and what its client trusts: parts by name, the leaf always first.

    Parts are `root`, `intermediate`, `leaf` and those in `extras`; issuers are filled in.
    """

    root: Recipe = ROOT
    intermediate: Recipe = INTERMEDIATE
    leaf: Recipe = LEAF
    sent: tuple[str, ...] = ("leaf", "intermediate")
    trusted: tuple[str, ...] = ("root",)
    extras: tuple[tuple[str, Recipe], ...] = ()

    def parts(self) -> dict[str, Recipe]:
        """All certificates with their issuers, by name."""
        intermediate = self.intermediate._replace(issuer=self.root)
        leaf = self.leaf if self.leaf.issuer is None else self.leaf._replace(issuer=intermediate)
        return {
            "root": self.root,
            "intermediate": intermediate,
            "leaf": leaf,
            "other root": OTHER_ROOT,
            **dict(self.extras),
        }

    @property
    def presented(self) -> tuple[Recipe, ...]:
        """The certificates that the server sends."""
        return tuple(self.parts()[each] for each in self.sent)

    @property
    def anchors(self) -> tuple[Recipe, ...]:
        """The certificates that the client trusts."""
        return tuple(self.parts()[each] for each in self.trusted)


def _of_leaf(**changes: object) -> Callable[[Setup], Setup]:
    return lambda setup: setup._replace(leaf=setup.leaf._replace(**changes))  # type: ignore[arg-type]


def _of_intermediate(**changes: object) -> Callable[[Setup], Setup]:
    return lambda setup: setup._replace(
        intermediate=setup.intermediate._replace(**changes)  # type: ignore[arg-type]
    )


def _of_root(**changes: object) -> Callable[[Setup], Setup]:
    return lambda setup: setup._replace(root=setup.root._replace(**changes))  # type: ignore[arg-type]


def _self_signed(setup: Setup) -> Setup:
    return setup._replace(leaf=setup.leaf._replace(issuer=None), sent=("leaf",))


def _sent(*names: str) -> Callable[[Setup], Setup]:
    return lambda setup: setup._replace(sent=names)


def _trusted(*names: str) -> Callable[[Setup], Setup]:
    return lambda setup: setup._replace(trusted=names)


def _extra_expired(setup: Setup) -> Setup:
    old = ROOT._replace(name="Old Root CA", until=-400)
    cross = ROOT._replace(issuer=old, until=-100)
    return setup._replace(
        sent=(*setup.sent, "cross-signed root"), extras=(("cross-signed root", cross),)
    )


def _two_intermediates(*sent: str) -> Callable[[Setup], Setup]:
    upper = INTERMEDIATE._replace(name="Example Policy CA")

    def setup_of(setup: Setup) -> Setup:
        lower = INTERMEDIATE._replace(issuer=upper)
        leaf = setup.leaf._replace(issuer=lower)
        extras = (("upper", upper), ("lower", lower), ("end", leaf))
        return setup._replace(sent=sent, extras=extras)

    return setup_of


def _days_left(days: float) -> Callable[[Setup], Setup]:
    return _of_leaf(since=days - 90, until=days)


MAIN_FAULTS: dict[str, Callable[[Setup], Setup]] = {
    "expired": _days_left(-3.495),
    "wrong name": _of_leaf(names=("www.example.net", "example.net")),
    "missing intermediate": _sent("leaf"),
    "unknown root": _trusted("other root"),
    "self-signed": _self_signed,
    "expired intermediate": _of_intermediate(until=-3.5),
    "wrong purpose": _of_leaf(purposes=(CLIENT,)),
    "name constraints": _of_intermediate(permitted=("example.org",)),
    "RSA-1024": _of_leaf(key="rsa1024"),
    "SHA-1 signature": _of_leaf(signature="sha1"),
}
"""The faults that are also tried two by two."""

FAULTS: dict[str, Callable[[Setup], Setup]] = {
    "none": lambda setup: setup,
    **MAIN_FAULTS,
    "expires in 14 days": _days_left(14.505),
    "expires in 3 days": _days_left(3.505),
    "expired some hours ago": _days_left(-5.5 / 24),
    "a 6-day certificate, fresh": _of_leaf(since=-1, until=5.005),
    # The minutes are shown: nearly a whole one is left for the tests before this one.
    "a 6-day certificate, near its end": _of_leaf(since=-5, until=1 + 479.5 / 86400),
    "not yet valid": _of_leaf(since=2.5),
    "no subjectAltName": _of_leaf(names=()),
    "only other addresses": _of_leaf(names=("192.0.2.25", "2001:db8::25")),
    "five thousand other names": _of_leaf(names=tuple(f"h{n}.example.net" for n in range(5000))),
    "8-bit name": _of_leaf(names=(), san=element(0x30, element(0x82, b"m\xe4il.example.com"))),
    "intermediate ends before the certificate": _of_intermediate(until=5.505),
    "intermediate not yet valid": _of_intermediate(since=2.5),
    "expired root": _of_root(until=-3.5),
    "root not yet valid": _of_root(since=2.5),
    "root sent, unknown": lambda setup: setup._replace(
        sent=("leaf", "intermediate", "root"), trusted=("other root",)
    ),
    "root sent, known": _sent("leaf", "intermediate", "root"),
    "intermediate only known here": lambda setup: setup._replace(
        sent=("leaf",), trusted=("root", "intermediate")
    ),
    "intermediate trusted, root not": _trusted("intermediate"),
    "second intermediate missing": _two_intermediates("end", "lower"),
    "wrong order": _two_intermediates("end", "upper", "lower"),
    "extra expired": _extra_expired,
    "intermediate is no authority": _of_intermediate(authority=False),
    "intermediate for clients only": _of_intermediate(purposes=(CLIENT,)),
    "path too long": _of_root(path_length=0),
    "MD5 signature": lambda setup: setup._replace(
        intermediate=setup.intermediate._replace(key="rsa2048"),
        leaf=setup.leaf._replace(signature="md5"),
    ),
    "SHA-1 intermediate": _of_intermediate(signature="sha1"),
    "RSA-1024 intermediate": _of_intermediate(key="rsa1024"),
}
"""Every fault by its name: what it changes in a healthy setup."""


def combinations() -> dict[str, Callable[[Setup], Setup]]:
    """Every two of the main faults that can stand together, by both their names."""
    found: dict[str, Callable[[Setup], Setup]] = {}
    for number, (one, first) in enumerate(MAIN_FAULTS.items()):
        for other, second in list(MAIN_FAULTS.items())[number + 1 :]:
            both, reverse = second(first(Setup())), first(second(Setup()))
            told_apart = _visible(both) not in (
                _visible(first(Setup())),
                _visible(second(Setup())),
            )
            if both == reverse and told_apart:
                found[f"{one} + {other}"] = _both(first, second)
    return found


def _both(
    first: Callable[[Setup], Setup], second: Callable[[Setup], Setup]
) -> Callable[[Setup], Setup]:
    return lambda setup: second(first(setup))


def _visible(setup: Setup) -> tuple[tuple[Recipe, ...], tuple[Recipe, ...]]:
    return setup.presented, setup.anchors
