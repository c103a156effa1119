"""The checks inside the real engines: Icinga 2, Nagios 4 and NRPE, each private and on loopback.

`make engines` runs them. They need Debian's packages of the engines, which they install as root.
"""

import pytest

pytest.register_assert_rewrite("tests.engines.icinga2_services")
