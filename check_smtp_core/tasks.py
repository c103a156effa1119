"""Tasks side by side: each waits for its own socket, and one poll() waits for all of them.

Rule: nothing waits but here. A task is a coroutine, and what it awaits in the end is ready(),
which hands its wait to run(). asyncio, which does the same, would double the cost of a start.
"""

import select
from collections.abc import Coroutine, Generator, Sequence
from types import coroutine
from typing import Any, NamedTuple, TypeVar

from check_smtp_core.deadline import Deadline, OutOfTime

READABLE, WRITABLE = select.POLLIN, select.POLLOUT

Result = TypeVar("Result")


class Wait(NamedTuple):
    """What a task waits for: READABLE or WRITABLE of a descriptor, and until when at most."""

    descriptor: int
    event: int
    deadline: Deadline


@coroutine
def ready(descriptor: int, event: int, deadline: Deadline) -> Generator[Wait, None, None]:
    """Wait until a descriptor is READABLE or WRITABLE, or has ended. OutOfTime if it is not."""
    deadline.left()
    yield Wait(descriptor, event, deadline)


def is_ready(descriptor: int, event: int) -> bool:
    """Whether a descriptor is READABLE or WRITABLE, or has ended, at this moment."""
    poll = select.poll()
    poll.register(descriptor, event)
    return bool(poll.poll(0))


def finish(task: Coroutine[Wait, None, Result]) -> Result:
    """Run one task to its end: what it returns or raises."""
    results: list[Result] = []

    async def noted() -> None:
        results.append(await task)

    run([noted()])
    return results[0]


def run(tasks: Sequence[Coroutine[Wait, None, Any]]) -> None:
    """Run tasks to their ends, then raise the first exception that left one of them.

    What interrupts the wait itself, such as a signal's handler, is raised in every task.
    """
    _Run().to_the_end(tasks)


class _Run:
    def __init__(self) -> None:
        self._poll = select.poll()
        self._waiting: dict[int, tuple[Coroutine[Wait, None, Any], Deadline]] = {}
        self._failure: BaseException | None = None

    def to_the_end(self, tasks: Sequence[Coroutine[Wait, None, Any]]) -> None:
        for task in tasks:
            self._go_on(task)
        while self._waiting:
            try:
                descriptors = [each for each, _ in self._poll.poll(self._milliseconds())]
            except BaseException as error:
                for descriptor in list(self._waiting):
                    self._go_on(self._taken(descriptor), error)
                continue
            for descriptor in descriptors or self._overdue():
                self._go_on(self._taken(descriptor), None if descriptors else OutOfTime())
        if self._failure is not None:
            raise self._failure

    def _go_on(self, task: Coroutine[Wait, None, Any], error: BaseException | None = None) -> None:
        try:
            wait = task.send(None) if error is None else task.throw(error)
        except StopIteration:
            return
        except BaseException as failure:
            self._failure = self._failure or failure
            return
        self._waiting[wait.descriptor] = (task, wait.deadline)
        self._poll.register(wait.descriptor, wait.event)

    def _taken(self, descriptor: int) -> Coroutine[Wait, None, Any]:
        self._poll.unregister(descriptor)
        return self._waiting.pop(descriptor)[0]

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
