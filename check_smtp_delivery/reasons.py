"""Why messages wait: reasons that differ only in addresses and numbers are one reason.

Rule: pure, and bounded: what a queue says is foreign, and there may be a lot of it.
"""

import re
from functools import lru_cache

_LONGEST = 500
_DIFFERS = re.compile(r"(?<!\S)[^\s\d@]*[\d@]\S*")
_CODE = re.compile(r"[45]\d\d(?:-[245]\.\d{1,3}\.\d{1,3})?")
_ENHANCED_CODE = re.compile(r"\(?[245]\.\d{1,3}\.\d{1,3}")
_TOKENS = re.compile(
    r"(?P<address>[^\s<>()\[\],;:\"']+@[^\s<>()\[\],;:\"']+)"
    r"|(?P<ip>\[(?:IPv6:)?[0-9A-Fa-f.:]{3,45}\]|\b\d{1,3}(?:\.\d{1,3}){3}\b)"
    r"|(?P<port>(?<=\]):\d{1,5}\b)"
    r"|(?P<id>\b(?=[A-Za-z]*\d)[0-9A-Za-z]{8,}\b)"
    r"|(?P<number>\d+)"
)
_WORDS = {"address": "ADDRESS", "ip": "[IP]", "id": "ID", "number": "N"}


@lru_cache(1000)
def grouped(reason: str) -> str:
    """A reason without what differs from message to message; the reply's codes stay."""
    return _DIFFERS.sub(_general, reason[:_LONGEST])


def _general(match: re.Match[str]) -> str:
    word, start = match[0], match.start()
    # The code of a reply stands behind "said:", or begins the reason.
    if _CODE.fullmatch(word) and match.string[max(0, start - 2) : start] in ("", ": "):
        return word
    return _without_numbers(word)


@lru_cache(4000)
def _without_numbers(word: str) -> str:
    if _ENHANCED_CODE.fullmatch(word):
        return word
    return _TOKENS.sub(lambda match: _WORDS.get(match.lastgroup or "", match[0]), word)


class Top:
    """Counts texts and keeps the frequent ones: of very many, the rare ones are forgotten."""

    def __init__(self, limit: int = 2000) -> None:
        self._limit = limit
        self._counts: dict[str, int] = {}
        self.exact = True

    def add(self, text: str, times: int = 1) -> None:
        """Count a text once more; with `times`, in place of so many that were not looked at."""
        counts = self._counts
        counts[text] = counts.get(text, 0) + times
        if times > 1:
            self.exact = False
        if len(counts) > self._limit:
            self._counts = dict(self.most(self._limit // 2))
            self.exact = False

    def most(self, number: int) -> list[tuple[str, int]]:
        """The most frequent texts, with how often they were counted."""
        return sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))[:number]
