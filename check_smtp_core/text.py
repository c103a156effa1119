"""Text from outside made fit to print.

Rule: whatever a server, a resolver or a user said passes printable() before it is shown.
It imports nothing, so that even the last-resort error line can rely on it.
"""

QUOTE_LIMIT = 120
"""At most this many characters of a server's reply are quoted."""

# These five reach notification shells, web pages and the perfdata separator.
_DEFUSED = str.maketrans({"|": "/", "<": "(", ">": ")", "$": "?", "`": "'"})
# A notification command has the line in a shell's double quotes, which ours end and begin again:
# what is foreign must neither do that, nor begin a command where it is outside.
_OUTSIDE_QUOTES = str.maketrans({'"': "'", "&": "+", ";": ","})

# Unicode's Default_Ignorable_Code_Point, where isprintable() takes it for a letter or an accent.
_UNSEEN = dict.fromkeys(
    (
        *(0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x3164, 0xFFA0),
        *range(0xFE00, 0xFE10),
        *range(0xE0100, 0xE01F0),
    ),
    "",
)


def decoded(octets: bytes) -> str:
    """Octets as text: UTF-8, and a backslash escape for every octet that is none."""
    return octets.decode("utf-8", "backslashreplace")


def printable(text: str) -> str:
    """Text on one line without control, bidirectional or invisible characters and without markup.

    White space of every kind becomes a blank; what cannot be printed is left out.
    """
    if not text.isprintable():
        text = "".join(
            char if char.isprintable() else " " if char.isspace() else "" for char in text
        )
    if not text.isascii():
        text = text.translate(_UNSEEN)
    return text.translate(_DEFUSED)


def defused(text: str) -> str:
    """What a server or a certificate says, printable and without what a shell would act on."""
    return printable(text).translate(_OUTSIDE_QUOTES)


def visible(text: str) -> str:
    """Text in which what cannot be seen is shown as an escape: where it is the very fault."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char
        if char.isprintable() and ord(char) not in _UNSEEN
        else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def shortened(text: str, limit: int = QUOTE_LIMIT) -> str:
    """Text of at most `limit` characters, with dots where something was left out."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


def quoted(text: str, limit: int = QUOTE_LIMIT) -> str:
    """Foreign text in double quotes that only the quotation itself can open and close."""
    return f'"{shortened(defused(text), limit)}"'
