"""The `__main__` of the single-file executable: which check is meant, and running it.

Rule: any Python 3 must be able to read this file, and whatever is wrong is one UNKNOWN line on
standard output with exit 3. The build fills in CHECKS.
"""

import os
import sys

CHECKS = {}  # type: dict[str, str]


def fail(name, why):  # type: (str, str) -> None
    """End with one line of UNKNOWN."""
    service = name[len("check_") :].upper() if name in CHECKS else "SMTP"
    line = "%s UNKNOWN - %s\n" % (service, " ".join(why.split()).replace("|", "/"))  # noqa: UP031
    sys.stdout.write(line.encode("ascii", "backslashreplace").decode("ascii"))
    sys.stdout.flush()
    os._exit(3)


def main():  # type: () -> None
    """Run the check that the archive's own name says, or else the first argument."""
    name = os.path.basename(sys.argv[0])
    if name not in CHECKS and len(sys.argv) > 1:
        del sys.argv[0]
        name = sys.argv[0]
    try:
        if sys.version_info < (3, 10):  # noqa: UP036 - that is what it is here for
            found = sys.version.split()[0]
            fail(name, "local: Python 3.10 or newer is needed, this is " + found)
        if name not in CHECKS:
            known = ", ".join(sorted(CHECKS))
            fail(name, "usage: no such check here; link to this file, or give first: " + known)
        executable = getattr(__import__(CHECKS[name]), name)
    except BaseException as error:
        fail(name, "local: the archive is damaged: " + str(error))
    executable()


main()
