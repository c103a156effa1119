"""Words that are shown nowhere, wholly or cut off."""

import pytest

from check_smtp_core.concealment import Concealment


@pytest.mark.parametrize(
    ("secrets", "text", "cut", "shown"),
    [
        ((), "535 no", False, "535 no"),
        (("",), "535 no", True, "535 no"),
        (("s3cret",), "535 s3cret s3crets", False, "535 *** ***s"),
        (("s3", "s3cret"), "535 s3cret s3", False, "535 *** ***"),
        (("s3cret",), "535 s3cre", False, "535 s3cre"),
        (("s3cret",), "535 s3cre", True, "535 ***"),
        (("s3cret",), "535 s3c", True, "535 ***"),
        (("s3cret",), "535 s3", True, "535 s3"),
        (("s3cret", "other"), "535 oth", True, "535 ***"),
        (("s3cret",), "s3c", True, "***"),
    ],
)
def test_a_secret_is_hidden_even_if_only_its_beginning_came(
    secrets: tuple[str, ...], text: str, cut: bool, shown: str
) -> None:
    concealment = Concealment()
    concealment.add(*secrets)
    assert concealment.concealed(text, cut) == shown
