"""Checks of the SMTP session up to EHLO, and their console scripts.

Rule: nothing but the entry is imported here; a check's own module is, when it runs.
"""

from check_smtp_core.entry import Executable

check_smtp_banner = Executable("check_smtp_handshake.banner")
check_smtp_ehlo = Executable("check_smtp_handshake.ehlo")
