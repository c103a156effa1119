"""Tasks side by side: who waits for what, who is woken, and what becomes of those that fail."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from time import monotonic
from typing import Any

import pytest

from check_smtp_core.deadline import Deadline, OutOfTime
from check_smtp_core.tasks import (
    READABLE,
    WRITABLE,
    Turns,
    begin,
    finish,
    in_thread,
    is_ready,
    ready,
    run,
)


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


def test_what_interrupts_one_at_work_reaches_every_task(pipes: list[Pipe]) -> None:
    class Stopped(BaseException):
        pass

    heard = []

    async def work() -> None:
        await ready(pipes[0].writing, WRITABLE, soon())
        raise Stopped  # as a signal's handler does, wherever the program is

    async def wait() -> None:
        try:
            await ready(pipes[1].reading, READABLE, soon())
        except Stopped:
            heard.append("stopped")
            raise

    started = monotonic()
    with pytest.raises(Stopped):
        run([wait(), work()])
    assert heard == ["stopped"]
    assert monotonic() - started < 2.0


def test_no_room_for_a_thread_is_a_fault_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="can't start new thread"):
        finish(in_thread(lambda: None, soon()))
    assert len(os.listdir("/proc/self/fd")) == before


def test_who_wants_the_same_thing_stands_in_line(pipes: list[Pipe]) -> None:
    turns = Turns()
    order = []

    async def talk(name: str, what: str, at: Pipe) -> None:
        await turns.take(what, soon())
        order.append(f"{name} has {what}")
        await ready(at.writing, WRITABLE, soon())
        order.append(f"{name} is done")
        turns.give_back(what)

    first, second, _ = pipes
    run([talk("a", "x", first), talk("b", "x", first), talk("c", "y", second)])
    assert order.index("a is done") < order.index("b has x")
    assert order.index("c has y") < order.index("a is done")


def test_who_gives_up_leaves_the_line(pipes: list[Pipe]) -> None:
    turns = Turns()
    order = []

    async def hold() -> None:
        await turns.take("x", soon())
        await ready(pipes[0].reading, READABLE, soon())
        turns.give_back("x")

    async def give_up() -> None:
        with pytest.raises(OutOfTime):
            await turns.take("x", soon(0.05))
        order.append("gave up")
        os.write(pipes[0].writing, b"x")

    async def wait() -> None:
        await turns.take("x", soon())
        order.append("has it")
        turns.give_back("x")

    run([hold(), give_up(), wait()])
    assert order == ["gave up", "has it"]


def test_tasks_begin_beside_the_one_that_names_them() -> None:
    order = []

    async def say(word: str) -> None:
        order.append(word)

    async def both() -> None:
        await begin([say("first"), say("second")])
        order.append("third")

    run([both()])
    assert order == ["first", "second", "third"]


def test_a_call_in_a_thread_returns_or_raises_what_it_would() -> None:
    assert finish(in_thread(lambda: 5, soon())) == 5
    with pytest.raises(ZeroDivisionError):
        finish(in_thread(lambda: 1 // 0, soon()))


def test_other_work_begins_where_all_wait_and_only_there(pipes: list[Pipe]) -> None:
    begun = threading.Event()
    os.write(pipes[0].writing, b"x")
    finish(_until_readable(pipes[0]), begun.set)
    assert not begun.is_set()
    with pytest.raises(OutOfTime):
        finish(_until_readable(pipes[1], 0.2), begun.set)
    assert begun.is_set()


def test_who_is_woken_does_not_wait_for_other_work(pipes: list[Pipe]) -> None:
    asleep, over = threading.Event(), threading.Event()

    def work() -> None:
        asleep.set()
        over.wait(5.0)

    async def wake_up() -> None:
        await _until_readable(pipes[0])
        over.set()

    waker = threading.Thread(target=lambda: asleep.wait(5.0) and os.write(pipes[0].writing, b"x"))
    waker.start()
    finish(wake_up(), work)
    assert over.is_set()
    waker.join()


def test_without_room_for_a_thread_other_work_is_left(
    pipes: list[Pipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    begun = threading.Event()
    monkeypatch.setattr(threading.Thread, "start", no_room)
    with pytest.raises(OutOfTime):
        finish(_until_readable(pipes[1], 0.05), begun.set)
    assert not begun.is_set()


async def _until_readable(pipe: Pipe, seconds: float = 5.0) -> None:
    await ready(pipe.reading, READABLE, soon(seconds))
