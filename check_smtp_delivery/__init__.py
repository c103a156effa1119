"""Checks of delivery, and their console scripts.

Rule: nothing but the entry is imported here; a check's own module is, when it runs.
"""

from check_smtp_core.entry import Executable

check_smtp_rcpt = Executable("check_smtp_delivery.rcpt")
check_smtp_relay = Executable("check_smtp_delivery.relay")
check_smtp_auth = Executable("check_smtp_delivery.auth")
check_smtp_queue = Executable("check_smtp_delivery.queue")
check_smtp_loop = Executable("check_smtp_delivery.loop")
