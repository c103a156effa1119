"""Listings of queues for tests: read by a reader, or printed by a program that stands for one."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from time import time
from typing import Any

from check_smtp_delivery.mail_systems import Reader
from check_smtp_delivery.tally import Tally


def read(queues: tuple[str, ...], reader_of: Callable[[Tally], Reader], listing: str) -> Tally:
    """What a reader counts in a listing that ends by itself."""
    tally = Tally(queues)
    reader = reader_of(tally)
    for line in listing.splitlines():
        reader.hear(line)
    reader.end()
    return tally


def told(tally: Tally) -> tuple[dict[str, int], float, int, list[str]]:
    """Messages by queue (those that are empty left out), age, size, and what was strange."""
    counts = {queue: count for queue, count in tally.counts.items() if count}
    return counts, tally.age, tally.size, tally.strange


def postfix_line(queue: str = "deferred", age: float = 60, name: str = "4X", **more: Any) -> str:
    """A line of `postqueue -j` about a message of that age."""
    message = {
        "queue_name": queue,
        "queue_id": name,
        "arrival_time": int(time() - age),
        "message_size": 500,
        "forced_expire": False,
        "sender": "alice@example.com",
        "recipients": [
            {
                "address": "bob@example.net",
                "delay_reason": "connect to mx.example.net[192.0.2.7]:25: Connection refused",
            }
        ],
    }
    return json.dumps(message | more)


def program(
    folder: Path, name: str, output: str = "", complaints: str = "", code: int = 0, then: str = ""
) -> str:
    """A program of that name that prints this, does what `then` says, and ends with a code."""
    folder.mkdir(exist_ok=True)
    (folder / "output").write_text(output, encoding="utf-8")
    path = folder / name
    path.write_text(
        f"#!/bin/sh\ncat {shlex.quote(str(folder / 'output'))}\n"
        f"printf %s {shlex.quote(complaints)} >&2\n{then}\nexit {code}\n",
        encoding="utf-8",
    )
    path.chmod(0o755)
    return str(path)
