"""What an input costs: each runs in a process of its own, which measures its processor time and its memory.

A door and its inputs stand in a module as ``DOORS: dict[str, Door]``, such as `property.core_doors`. A server, which
has imported that module and warmed its doors up, forks a child for each measurement: what the imports cost is paid
before, and an input that spoils a process spoils only its own. `Meter` runs the server.

Time is processor time (user and system), because a loaded machine makes a clock on the wall meaningless; the least of
a few attempts counts, because neighbours on the same processor slow down even that. Memory is how far the peak of the
resident set grows.

The seconds are those of the machine that the law was measured on. What took too long is therefore held against a
yardstick, a fixed piece of work that is done right beside it: a processor that is slower, or that is shared, takes
longer for both.
"""

from __future__ import annotations

import csv
import gc
import importlib
import io
import json
import math
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from miexchange import MiExchangeError, Refusal

__all__ = ["GREATEST_ANSWER", "GREATEST_INPUT", "MEGABYTES", "SECONDS", "YARDSTICK", "Cost", "Door", "Meter", "pace_of"]

GREATEST_INPUT = 1_000_000
"""Bytes: the law is about inputs below this."""
SECONDS = 1.0
MEGABYTES = 300
GREATEST_ANSWER = 300_000
"""Characters of an error, or of the JSON of a refusal: neither repeats a large input."""

YARDSTICK = 0.105
"""Seconds that `_pace` works on the machine whose seconds these are."""

# So that a door that breaks the law does not take the machine with it.
_MOST_SECONDS = 3  # of the machine whose seconds these are
_MOST_BYTES = 4 << 30  # more than the server has
_MOST_WAITING = 120  # seconds on the wall: a thread that cannot start may be waited for without end
_ATTEMPTS = 3
_TESTS = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Door:
    """One way in: what opens it, an ordinary input, and the hostile ones, each made when it is needed."""

    open: Callable[[Any], object]
    ordinary: Callable[[], Any]
    inputs: Mapping[str, Callable[[], Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Cost:
    """What one input cost, and what came out."""

    seconds: float
    megabytes: float
    outcome: str
    """The name of the type that came out, or how the process died."""
    is_ours: bool
    """Whether it was a value, a refusal or an error of this package."""
    said: int
    """Characters of the error, or of the refusal's JSON; 0 for any other value."""

    @property
    def is_lawful(self) -> bool:
        """Whether it keeps the law."""
        return self.is_ours and self.seconds < SECONDS and self.megabytes < MEGABYTES and self.said < GREATEST_ANSWER


def pace_of(yardstick: float) -> float:
    """Return how many times longer this machine takes just now than the one whose seconds are meant, at least 1.

    Args:
        yardstick: how many seconds `_pace` worked.
    """
    return max(1.0, yardstick / YARDSTICK)


class Meter:
    """The server of measurements; a context manager."""

    def __enter__(self) -> Self:
        paths = os.pathsep.join([str(_TESTS), *filter(None, sys.path)])
        self._server = subprocess.Popen(
            [sys.executable, "-m", "property.bounded"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths},
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate()

    def cost(self, module: str, door: str, given: str) -> Cost:
        """Return what one input costs: the cheapest of a few attempts, where the first took too long."""
        cost = self._ask(module, door, given)
        for _ in range(_ATTEMPTS - 1):
            if cost.seconds >= SECONDS and cost.is_ours:
                cost = min(cost, self._ask(module, door, given), key=lambda cost: cost.seconds)
        return cost

    def _ask(self, *request: str) -> Cost:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        return Cost(**json.loads(self._server.stdout.readline()))


# The server, and the children that it forks.


def _pace() -> float:
    """Do some work of the kinds that the doors do (text, JSON, CSV, sorting), and see how long it takes."""
    begin = time.process_time()
    rows = [[f"row {number}", f"{number * 7919 % 10_007}", "x" * (number % 50)] for number in range(25_000)]
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    text.seek(0)
    read = list(csv.reader(text))
    said = json.loads(json.dumps([dict(zip("abc", row, strict=True)) for row in read]))
    said.sort(key=lambda row: (int(row["b"]), row["a"]))
    assert sum(len(row["c"]) for row in said) == sum(len(row[2]) for row in rows)
    return pace_of(time.process_time() - begin)


def _serve() -> None:
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a door prints is no reply
    warm: set[tuple[str, str]] = set()
    most = math.ceil(_MOST_SECONDS * _pace())
    for line in sys.stdin:
        module, name, given = json.loads(line)
        door: Door = importlib.import_module(module).DOORS[name]
        if (module, name) not in warm:
            with suppress(MiExchangeError):
                door.open(door.ordinary())
            warm.add((module, name))
            gc.collect()
            gc.freeze()
        value = door.inputs[given]()
        replies.write(json.dumps(_measured(door, value, most)) + "\n")
        replies.flush()
        del value


def _measured(door: Door, value: object, most: int) -> dict[str, Any]:
    found = _found(door, value, most)
    if found["seconds"] >= SECONDS:
        found["seconds"] /= _pace()
    return found


def _found(door: Door, value: object, most: int) -> dict[str, Any]:
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        try:
            os.write(writer, json.dumps(_run(door, value, most)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    _, status, used = os.wait4(child, 0)  # of all that the child did: of one that died, nothing else is known
    if said:
        found: dict[str, Any] = json.loads(said)
        return found
    died = f"died of signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else "ran out of memory"
    return {
        "seconds": used.ru_utime + used.ru_stime,
        "megabytes": 0,
        "outcome": died,
        "is_ours": False,
        "said": 0,
    }


def _run(door: Door, value: object, seconds: int) -> dict[str, Any]:
    """Open the door: in a child, whose limits end it if nothing else does."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    most = _size() + _MOST_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    signal.alarm(_MOST_WAITING)
    before = resource.getrusage(resource.RUSAGE_SELF)
    said = 0
    try:
        answer = door.open(value)
        is_ours, outcome = True, type(answer).__name__
    except MiExchangeError as error:
        answer, is_ours, outcome = error, True, type(error).__name__
        said = len(str(error))
    except Exception as error:  # noqa: BLE001 - any other is what the law forbids
        answer, is_ours, outcome = error, False, repr(error)[:300]
    after = resource.getrusage(resource.RUSAGE_SELF)
    if isinstance(answer, Refusal):
        said = len(answer.to_json())
    return {
        "seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "megabytes": (after.ru_maxrss - before.ru_maxrss) / 1024,
        "outcome": outcome,
        "is_ours": is_ours,
        "said": said,
    }


def _size() -> int:
    """Return how many bytes of addresses this process has from its server, whose inputs may have taken gigabytes."""
    found = Path("/proc/self/statm")
    return int(found.read_text(encoding="ascii").split()[0]) * resource.getpagesize() if found.exists() else 0


if __name__ == "__main__":
    _serve()
