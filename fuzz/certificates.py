"""Fuzz target: whatever a certificate holds, it is read, judged and told harmlessly."""

import sys
from datetime import datetime, timezone

import atheris

with atheris.instrument_imports(include=["check_smtp_core", "check_smtp_tls"]):
    from check_smtp_core.findings import State
    from check_smtp_core.output import Judged, status_line, whole_output
    from check_smtp_core.tls_records import diffie_hellman_bits, server_version
    from check_smtp_tls.alternative_names import read_alternative_names
    from check_smtp_tls.certificate import Chain
    from check_smtp_tls.certificate_reader import read_certificate
    from check_smtp_tls.identity import name_findings, pin_findings
    from check_smtp_tls.served import Served
    from check_smtp_tls.trust import date_findings, strength_findings, trust_findings

from OpenSSL import crypto

from tests.test_hostile_output import assert_harmless, assert_within_limits

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


def target(octets: bytes) -> None:
    """The octets are a certificate in DER, as OpenSSL takes it, or else a handshake's records."""
    assert server_version(octets) in ("", "TLSv1", "TLSv1.1", "TLSv1.2")
    assert 0 <= diffie_hellman_bits(octets) <= 8 * len(octets)
    read_alternative_names(octets)
    try:
        x509 = crypto.load_certificate(crypto.FILETYPE_ASN1, octets)
    except crypto.Error:
        return
    certificate = read_certificate(x509)
    for anchored in (False, True):
        tell(Chain((certificate,), (certificate,) if anchored else (), (), anchored))


def tell(chain: Chain) -> None:
    """All that the check may say about a chain, in one output."""
    served = Served(chain, NOW, "mail.example.com", "TLSv1.3", "21:", "7:", None, None)
    findings = date_findings(chain, NOW) + trust_findings(chain) + strength_findings(chain)
    findings += name_findings(served.leaf, "mail.example.com")
    findings += pin_findings(served.leaf, ("0" * 64,), "x")
    judged = [Judged(State.CRITICAL, finding) for finding in findings]
    sentence = served.sentence(0.1)
    assert len(served.measures()) == 2
    for encoding in ("utf-8", "ascii"):
        line = status_line("SMTP_CERT", State.CRITICAL, "x:25", judged, sentence, encoding)
        more = [*served.details(1), *served.details(2)]
        output = whole_output(line, ["time=1s"], more, encoding)
        assert_harmless(2, output, verbose=True)
        assert_within_limits(output, encoding)


if __name__ == "__main__":
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
