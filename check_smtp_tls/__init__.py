"""Checks of encryption and certificates, and their console scripts.

Rule: nothing but the entry is imported here; a check's own module is, when it runs.
"""

from check_smtp_core.entry import Executable

check_smtp_starttls = Executable("check_smtp_tls.starttls")
check_smtp_cert = Executable("check_smtp_tls.cert")
