"""Threshold ranges as the Monitoring Plugins guidelines define them: `[@][start:][end]`.

Rule: a range that reaches nagiosplugin has passed check_range(); nagiosplugin itself takes
`1_000` and ` 5`, reads `Range(0)` as "no limit" and stumbles over `a:b:c`.
"""

import re

_NUMBER = r"-?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})"
_RANGE = (
    rf"@?(?:(?P<start>~|{_NUMBER}):(?P<end>{_NUMBER})?|:(?P<top>{_NUMBER})|(?P<limit>{_NUMBER}))"
)


def check_range(text: str) -> str:
    """The range as it was written. ValueError if it is none or if its start exceeds its end."""
    match = re.fullmatch(_RANGE, text)
    if match is None or not text.isascii():
        raise ValueError("no range such as 5, 2:5, 30:, ~:5 or @1:2")
    start = match["start"] or "0"
    end = match["end"] or match["top"] or match["limit"]
    if end and start != "~" and float(start) > float(end):
        raise ValueError("a range that starts after its end")
    return text


def in_words(text: str, unit: str = "") -> str:
    """What a range demands, as in `at most 5 s`; for ranges that check_range() has passed."""
    match = re.fullmatch(_RANGE, text)
    assert match is not None
    start, end = match["start"] or "0", match["end"] or match["top"] or match["limit"]
    if text.startswith("@"):
        return f"outside {start} to {_amount(end, unit) if end else f'infinity {unit}'.rstrip()}"
    if not end:
        return f"at least {_amount(start, unit)}"
    if start == "~" or float(start) == 0:
        return f"at most {_amount(end, unit)}"
    return f"{start} to {_amount(end, unit)}"


def _amount(number: str, unit: str) -> str:
    """A number with its unit; many seconds as the minutes, hours or days that they are."""
    for seconds, larger in ((86400, "d"), (3600, "h"), (60, "min")):
        if unit == "s" and float(number) >= 120 and float(number) % seconds == 0:
            return f"{float(number) / seconds:g} {larger}"
    return f"{number} {unit}".rstrip()
