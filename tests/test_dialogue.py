"""What is said in a session, as facts."""

from check_smtp_core.dialogue import Command, Hello, Spoken
from check_smtp_core.reply import Capabilities


def test_a_command_may_have_no_argument() -> None:
    assert Command("mail", "RSET") == ("mail", "RSET", "")


def test_an_answer_to_ehlo_is_no_refusal_of_it() -> None:
    assert Hello(Capabilities("mail.example")).refused is None


def test_a_line_tells_when_and_by_whom_it_was_spoken() -> None:
    spoken = Spoken(0.25, "S", "220 mail.example")
    assert (spoken.seconds, spoken.speaker, spoken.line) == (0.25, "S", "220 mail.example")
