"""What to install when a Python module is missing."""

import pytest

from check_smtp_core.missing import missing_module


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            ModuleNotFoundError("No module named 'OpenSSL'", name="OpenSSL"),
            "the Python module OpenSSL is missing (Debian: install python3-openssl)",
        ),
        (
            ImportError("cannot import name 'x509'", name="cryptography.x509"),
            "the Python module cryptography is missing (Debian: install python3-cryptography)",
        ),
        (
            ModuleNotFoundError("No module named 'scramp'", name="scramp"),
            "the Python module scramp is missing (Debian: install python3-scramp)",
        ),
        (
            ModuleNotFoundError("No module named 'ssl'"),
            "a Python module is missing: No module named 'ssl'",
        ),
        (
            ImportError("libcrypto.so.3: failed to map segment"),
            "a Python module cannot be loaded: libcrypto.so.3: failed to map segment",
        ),
    ],
)
def test_a_missing_module_is_named_with_its_package_where_that_is_known(
    error: ImportError, words: str
) -> None:
    assert missing_module(error) == words
