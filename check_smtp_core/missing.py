"""What to install when a Python module is missing.

Rule: it imports nothing, so that it can still speak when other modules cannot.
"""

_DEBIAN_PACKAGES = {
    "nagiosplugin": "python3-nagiosplugin",
    "cryptography": "python3-cryptography",
    "OpenSSL": "python3-openssl",
    "idna": "python3-idna",
    "scramp": "python3-scramp",
    "dns": "python3-dnspython",
    "authres": "python3-authres",
}


def missing_module(error: ImportError) -> str:
    """The words for an import that failed, with the package where it is known; not screened."""
    module = (error.name or "").partition(".")[0]
    if module in _DEBIAN_PACKAGES:
        package = _DEBIAN_PACKAGES[module]
        return f"the Python module {module} is missing (Debian: install {package})"
    if isinstance(error, ModuleNotFoundError):
        return f"a Python module is missing: {error}"
    return f"a Python module cannot be loaded: {error}"
