"""Tasks side by side: who waits for what, who is woken, and what becomes of those that fail."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing
from time import monotonic
from typing import Any

import pytest

from check_smtp_core.deadline import Deadline, OutOfTime
from check_smtp_core.tasks import READABLE, WRITABLE, finish, is_ready, ready, run


class Pipe:
    """A pipe: one end to wait at, one to write to."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()

    def close(self) -> None:
        os.close(self.reading)
        os.close(self.writing)


@pytest.fixture
def pipes() -> Iterator[list[Pipe]]:
    with ExitStack() as stack:
        yield [stack.enter_context(closing(Pipe())) for _ in range(3)]


def soon(seconds: float = 5.0) -> Deadline:
    return Deadline.after(seconds)


def test_a_task_that_waits_for_nothing_runs_to_its_end() -> None:
    async def five() -> int:
        return 5

    assert finish(five()) == 5


def test_tasks_take_turns(pipes: list[Pipe]) -> None:
    """Each wakes the one before it: none could end if they ran one after the other."""
    first, second, _ = pipes
    order = []

    async def wait(name: str, at: Pipe, then: Pipe | None) -> None:
        await ready(at.reading, READABLE, soon())
        order.append(name)
        if then:
            os.write(then.writing, b"x")

    async def begin() -> None:
        await ready(second.writing, WRITABLE, soon())
        os.write(second.writing, b"x")

    run([wait("first", first, None), wait("second", second, first), begin()])
    assert order == ["second", "first"]


def test_what_is_there_already_is_not_waited_for(pipes: list[Pipe]) -> None:
    os.write(pipes[0].writing, b"x")
    assert is_ready(pipes[0].reading, READABLE)
    assert not is_ready(pipes[1].reading, READABLE)
    finish(ready(pipes[0].reading, READABLE, soon()))


def test_the_other_end_that_closes_is_an_end_of_waiting() -> None:
    reading, writing = os.pipe()
    os.close(writing)

    async def wait() -> bytes:
        await ready(reading, READABLE, soon())
        return os.read(reading, 1)

    assert finish(wait()) == b""
    os.close(reading)


def test_each_task_has_its_own_deadline(pipes: list[Pipe]) -> None:
    ended = []

    async def wait(pipe: Pipe, seconds: float) -> None:
        started = monotonic()
        with pytest.raises(OutOfTime):
            await ready(pipe.reading, READABLE, soon(seconds))
        ended.append((seconds, seconds <= monotonic() - started < seconds + 0.3))

    run([wait(pipe, seconds) for pipe, seconds in zip(pipes, (0.2, 0.05, 0.1), strict=True)])
    assert ended == [(0.05, True), (0.1, True), (0.2, True)]


def test_a_deadline_that_has_passed_is_not_waited_for(pipes: list[Pipe]) -> None:
    os.write(pipes[0].writing, b"x")

    async def wait() -> None:
        await ready(pipes[0].reading, READABLE, soon(-1.0))

    with pytest.raises(OutOfTime):
        finish(wait())


def test_a_task_that_fails_does_not_end_the_others(pipes: list[Pipe]) -> None:
    ended = []

    async def fail() -> None:
        raise ValueError("first")

    async def wait() -> None:
        await ready(pipes[0].reading, READABLE, soon())
        ended.append("waited")

    async def wake() -> None:
        os.write(pipes[0].writing, b"x")

    with pytest.raises(ValueError, match="first"):
        run([fail(), wait(), wake()])
    assert ended == ["waited"]


def test_what_interrupts_the_wait_reaches_every_task_and_its_last_words(
    pipes: list[Pipe],
) -> None:
    class Stopped(BaseException):
        pass

    said = []

    async def wait(pipe: Pipe, other: Pipe) -> None:
        try:
            await ready(pipe.reading, READABLE, soon())
        finally:
            await ready(other.writing, WRITABLE, soon())
            said.append("goodbye")

    def stop(*_: Any) -> None:
        raise Stopped

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(Stopped):
            run([wait(pipes[0], pipes[1]), wait(pipes[1], pipes[2])])
    finally:
        signal.signal(signal.SIGALRM, before)
    assert said == ["goodbye", "goodbye"]
