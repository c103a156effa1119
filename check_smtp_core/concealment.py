"""Words that are to be shown nowhere, whoever says them.

Rule: a secret is hidden where a text enters the dialogue or a finding, before anything cuts it.
As a whole word it becomes stars; a text that holds a piece of it, in whatever shape, loses all
but its codes.
"""

import re
from collections.abc import Iterator

REPEATS = "(concealed: it repeats the credentials)"
"""What is left of a text that holds a piece of a secret."""

# So many characters of a secret tell something of it.
_TELLING = 3
# So many in a row are no accident.
_PIECE = 6

_SMTP_HEAD = r"(?:[1-9][0-9]{2}[ -])?(?:[245]\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9.]) ?)?"


class Concealment:
    """The words of one session that are to be concealed; none at first.

    `head` matches the codes that a line may begin with.
    """

    def __init__(self, head: str = _SMTP_HEAD) -> None:
        self._secrets: list[str] = []
        self._pieces: dict[int, set[tuple[str, ...]]] = {}
        self._head = head

    def add(self, *secrets: str) -> None:
        """From now on conceal these words too; empty ones are none."""
        self._secrets += [each for each in secrets if each]
        self._secrets.sort(key=len, reverse=True)

    def guard(self, secret: str, user: str, response: str = "") -> None:
        """Conceal what holds a piece of a secret, or of a response in base64 that tells it.

        What the name of the user holds as well is no secret.
        """
        known = "".join(_folded(user))
        for form in (*_forms(secret), response):
            for folded in _folded(form):
                length = min(len(folded), _PIECE)
                if length < _PIECE and (length < _TELLING or form != secret):
                    continue
                pieces = {folded[at : at + length] for at in range(len(folded) - length + 1)}
                found = self._pieces.setdefault(length, set())
                found |= {tuple(each) for each in pieces if each not in known}

    def concealed(self, text: str, cut: bool = False) -> str:
        """Text without the words that are to be concealed.

        Of a text that was `cut` off, also without the beginning of such a word at its end.
        """
        text = self._starred(text, cut)
        if not self._repeated_in(text):
            return text
        return self.codes(text)

    def codes(self, text: str) -> str:
        """What is shown of a text that holds a piece of a secret, maybe with another one."""
        head = re.match(self._head, text)
        kept = head[0] if head else ""
        return REPEATS if self._repeated_in(kept) else kept + REPEATS

    def lines(self, lines: tuple[str, ...]) -> tuple[str, ...]:
        """The lines of one reply, which may hold a secret together; one if they do."""
        shown = tuple(self._starred(each) for each in lines)
        text = "\n".join(shown)
        return (self.concealed(text),) if self._repeated_in(text) else shown

    def own(self, text: str) -> str:
        """What we say ourselves: a secret is in it as a whole word or not at all."""
        return self._starred(text)

    def _starred(self, text: str, cut: bool = False) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        for secret in self._secrets if cut else ():
            for length in range(min(len(secret), len(text)), _TELLING - 1, -1):
                if text.endswith(secret[:length]):
                    return text[:-length] + "***"
        return text

    def _repeated_in(self, text: str) -> bool:
        if not self._pieces:
            return False
        joined = re.sub(rf"(?:^|[\r\n]+| / ){self._head}", "", text)
        shapes = {folded for each in {text, joined} for folded in _folded(each)}
        # Characters side by side as tuples: a flood of octets has to pass here, too.
        return not all(
            pieces.isdisjoint(zip(*(shape[at:] for at in range(length)), strict=False))
            for shape in shapes
            for length, pieces in self._pieces.items()
        )


def _folded(text: str) -> tuple[str, str, str]:
    """Text without case; without blanks and what quotes or pads it; its letters and digits."""
    folded = text.casefold()
    loose = re.sub(r"[\s\"'`\\=]+", "", folded)
    return folded, loose, "".join(filter(str.isalnum, folded))


def _forms(secret: str) -> Iterator[str]:
    """The shapes in which a secret may come back, its base64 at any place in other octets too."""
    from base64 import b64encode

    octets = secret.encode()
    yield secret
    yield ascii(secret)[1:-1]
    yield repr(octets)[2:-1]
    yield octets.hex()
    for before in range(3):
        text = b64encode(bytes(before) + octets).decode("ascii").rstrip("=")
        # The first and the last character may hold bits of what stands beside the secret.
        end = len(text) if (before + len(octets)) % 3 == 0 or before == 0 else len(text) - 1
        yield text[(0, 2, 3)[before] : end]
