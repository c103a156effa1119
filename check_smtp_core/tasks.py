"""Tasks side by side: each waits for its own socket, and one poll() waits for all of them.

Rule: nothing waits but here. A task is a coroutine, and what it awaits in the end is ready(),
which hands its wait to run(). asyncio, which does the same, would double the cost of a start.
"""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Callable, Coroutine, Generator, Sequence
from errno import EAGAIN
from types import coroutine

from check_smtp_core.deadline import Deadline, OutOfTime
from check_smtp_core.lean_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any, TypeVar

    Result = TypeVar("Result")
    Task = Coroutine["Wait | Beside", None, Any]


READABLE, WRITABLE = select.POLLIN, select.POLLOUT

_IDLE_MILLISECONDS = 5
"""Who waits longer than this talks to a server that is far away or slow; a near one would look
slow beside other work."""

_SWITCH_SECONDS = 0.0005
"""How long a task that is woken waits at most for Python code that runs beside it."""


class Wait(NamedTuple):
    """What a task waits for: READABLE or WRITABLE of a descriptor, and until when at most."""

    descriptor: int
    event: int
    deadline: Deadline


class Beside(NamedTuple):
    """Tasks that are to begin beside the one that names them."""

    tasks: tuple[Any, ...]


@coroutine
def ready(descriptor: int, event: int, deadline: Deadline) -> Generator[Wait, None, None]:
    """Wait until a descriptor is READABLE or WRITABLE, or has ended. OutOfTime if it is not."""
    deadline.left()
    yield Wait(descriptor, event, deadline)


@coroutine
def begin(tasks: Sequence[Task]) -> Generator[Beside, None, None]:
    """Begin tasks beside this one, which does not wait for them; run() does."""
    yield Beside(tuple(tasks))


def is_ready(descriptor: int, event: int) -> bool:
    """Whether a descriptor is READABLE or WRITABLE, or has ended, at this moment."""
    poll = select.poll()
    poll.register(descriptor, event)
    return bool(poll.poll(0))


async def in_thread(call: Callable[[], Result], deadline: Deadline) -> Result:
    """What a call returns or raises that cannot be interrupted: in a thread nobody waits for.

    OutOfTime when it takes longer; it may then go on in vain. OSError where this machine has no
    room for one more.
    """
    deadline.left()
    returned: list[Result] = []
    raised: list[Exception] = []
    told, teller = os.pipe()

    def work() -> None:
        try:
            returned.append(call())
        except Exception as error:
            raised.append(error)
        finally:
            os.close(teller)

    try:
        threading.Thread(target=work, daemon=True).start()
    except RuntimeError as error:
        os.close(teller)
        os.close(told)
        raise OSError(EAGAIN, str(error)) from None
    try:
        await ready(told, READABLE, deadline)
    finally:
        os.close(told)
    if raised:
        raise raised[0]
    return returned[0]


class Turns:
    """Those who want the same thing stand in line for it."""

    def __init__(self) -> None:
        self._in_line: dict[str, list[int]] = {}

    async def take(self, what: str, deadline: Deadline) -> None:
        """Wait until nobody else has it; give_back() has to follow. OutOfTime if somebody has."""
        if what not in self._in_line:
            self._in_line[what] = []
            return
        told, teller = os.pipe()
        self._in_line[what].append(teller)
        try:
            await ready(told, READABLE, deadline)
        except BaseException:
            self._leave(what, teller)
            raise
        finally:
            os.close(told)

    def _leave(self, what: str, teller: int) -> None:
        if teller in self._in_line.get(what, ()):
            self._in_line[what].remove(teller)
            os.close(teller)
        else:
            self.give_back(what)  # it was our turn just now

    def give_back(self, what: str) -> None:
        """Let the next one have it."""
        if self._in_line[what]:
            os.close(self._in_line[what].pop(0))
        else:
            del self._in_line[what]


def finish(
    task: Coroutine[Wait | Beside, None, Result], meanwhile: Callable[[], None] | None = None
) -> Result:
    """Run one task to its end: what it returns or raises; `meanwhile` as in run()."""
    results: list[Result] = []

    async def noted() -> None:
        results.append(await task)

    run([noted()], meanwhile)
    return results[0]


def run(tasks: Sequence[Task], meanwhile: Callable[[], None] | None = None) -> None:
    """Run tasks to their ends, then raise the first exception that left one of them.

    What interrupts the wait or a task's work, such as a signal's handler, is raised in every
    task. `meanwhile` is work of ours that begins, in a thread that nobody waits for, as soon as
    no task has anything to do; if none ever waits, it is not done.
    """
    _Run(meanwhile).to_the_end(tasks)


class _Run:
    def __init__(self, meanwhile: Callable[[], None] | None) -> None:
        self._meanwhile = meanwhile
        self._poll = select.poll()
        self._waiting: dict[int, tuple[Task, Deadline]] = {}
        self._failure: BaseException | None = None
        self._interruption: BaseException | None = None
        self._told: BaseException | None = None

    def to_the_end(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            self._go_on(task)
        while self._waiting:
            try:
                self._wait_and_go_on()
            except BaseException as interruption:
                self._interruption = interruption
            if self._interruption is not self._told:
                self._told = self._interruption
                for descriptor in list(self._waiting):
                    self._go_on(self._taken(descriptor), self._told)
        if self._failure is not None:
            raise self._failure

    def _wait_and_go_on(self) -> None:
        descriptors = self._descriptors()
        for descriptor in descriptors or self._overdue():
            self._go_on(self._taken(descriptor), None if descriptors else OutOfTime())
            if self._interruption is not self._told:
                return

    def _go_on(self, task: Task, error: BaseException | None = None) -> None:
        try:
            wait = task.send(None) if error is None else task.throw(error)
            while isinstance(wait, Beside):
                for each in wait.tasks:
                    self._go_on(each)
                wait = task.send(None)
        except StopIteration:
            return
        except BaseException as failure:
            self._failure = self._failure or failure
            if not isinstance(failure, Exception):
                self._interruption = failure  # a signal's, that came while this one was at work
            return
        self._waiting[wait.descriptor] = (task, wait.deadline)
        self._poll.register(wait.descriptor, wait.event)

    def _taken(self, descriptor: int) -> Task:
        self._poll.unregister(descriptor)
        return self._waiting.pop(descriptor)[0]

    def _descriptors(self) -> list[int]:
        """Those that are ready, as soon as one is; none when a deadline has passed."""
        if self._meanwhile is not None:
            found = self._poll.poll(min(_IDLE_MILLISECONDS, self._milliseconds()))
            if found:
                return [each for each, _ in found]
            _begin_beside(self._meanwhile)
            self._meanwhile = None
        return [each for each, _ in self._poll.poll(self._milliseconds())]

    def _milliseconds(self) -> int:
        """Until the first deadline; rounded up, so that it is over when the wait is."""
        first = min((deadline for _, deadline in self._waiting.values()))
        try:
            return int(first.left() * 1000) + 1
        except OutOfTime:
            return 0

    def _overdue(self) -> list[int]:
        overdue = []
        for descriptor, (_, deadline) in self._waiting.items():
            try:
                deadline.left()
            except OutOfTime:
                overdue.append(descriptor)
        return overdue


def _begin_beside(work: Callable[[], None]) -> None:
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        threading.Thread(target=work, daemon=True).start()
    except RuntimeError:  # no room for a thread: then it is done when it is needed
        pass
