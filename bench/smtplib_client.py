"""What one writes with the standard library: a session by smtplib, for comparison.

Usage: smtplib_client.py ehlo|starttls|verified|implicit ADDRESS PORT NAME CA_FILE
"""

import smtplib
import ssl
import sys
from time import time


def main(mode: str, address: str, port: str, name: str, ca_file: str) -> int:
    """Ask, and say a line; 2 for an answer that is no good."""
    context = ssl.create_default_context(cafile=ca_file)
    context.check_hostname = False
    if mode == "implicit":
        client: smtplib.SMTP = smtplib.SMTP_SSL(address, int(port), context=context)
    else:
        client = smtplib.SMTP(address, int(port))
    code, _ = client.ehlo("bench.example")
    if mode in ("starttls", "verified"):
        client._host = name  # type: ignore[attr-defined]
        context.check_hostname = mode == "verified"
        client.starttls(context=context)
        code, _ = client.ehlo("bench.example")
    left = 90.0
    if mode == "verified":
        assert isinstance(client.sock, ssl.SSLSocket)
        certificate = client.sock.getpeercert() or {}
        left = (ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time()) / 86400
    client.quit()
    print(f"{code} {left:.0f} days left")
    return 0 if code == 250 and left > 10 else 2


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:6]))
