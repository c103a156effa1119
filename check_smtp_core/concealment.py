"""Words that are to be shown nowhere, whoever says them.

Rule: a secret is hidden where a text enters the dialogue or a finding, before anything cuts it.
"""

# So many characters of a secret tell something of it.
_TELLING = 3


class Concealment:
    """The words of one session that are to be concealed; none at first."""

    def __init__(self) -> None:
        self._secrets: list[str] = []

    def add(self, *secrets: str) -> None:
        """From now on conceal these words too; empty ones are none."""
        self._secrets += [each for each in secrets if each]
        self._secrets.sort(key=len, reverse=True)

    def concealed(self, text: str, cut: bool = False) -> str:
        """Text without the words that are to be concealed.

        Of a text that was `cut` off, also without the beginning of such a word at its end.
        """
        for secret in self._secrets:
            text = text.replace(secret, "***")
        for secret in self._secrets if cut else ():
            for length in range(min(len(secret), len(text)), _TELLING - 1, -1):
                if text.endswith(secret[:length]):
                    return text[:-length] + "***"
        return text
