"""One writer at a time in an SQLite file, in the order in which the threads of a process asked.

SQLite has no queue: a writer that finds the file locked sleeps and retries, and the lock goes to whoever asks at the
right moment. So the threads of one process queue here before they ask SQLite. Only the thread whose turn it is takes a
connection. Between processes there is no queue, but whoever has waited longer asks more often (`pauses`).
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

__all__ = ["Turn", "Turns", "pauses", "start_anew", "turns_of"]

_FIRST, _LEAST, _SHARE = 0.01, 0.002, 0.9  # seconds, and each pause's share of the one before


def pauses(seconds: float) -> Iterator[float]:
    """Yield the pauses, in seconds, of a process that waits for a file that another one writes to.

    They become shorter, so that whoever has waited longest is the most likely to come next.

    Args:
        seconds: what they add up to, about: nobody reads a clock.

    >>> [round(pause, 4) for pause in pauses(0.03)]
    [0.01, 0.009, 0.0081, 0.0073]
    """
    waited, pause = 0.0, _FIRST
    while waited < seconds:
        yield pause
        waited += pause
        pause = max(_LEAST, pause * _SHARE)


class Turns:
    """The queue for one file. The first in it is the writer."""

    def __init__(self) -> None:
        """Begin with an empty queue."""
        self.start_anew()

    def start_anew(self) -> None:
        """Empty the queue: in a child its entries are threads of the parent, and one may hold the guard."""
        self._guard = Lock()
        self._queue: deque[Turn] = deque()

    def enter(self, turn: Turn) -> None:
        """Add a thread to the queue; its turn comes at once if the queue was empty."""
        with self._guard:
            self._queue.append(turn)
            if self._queue[0] is turn:
                turn.ready.release()

    def leave(self, turn: Turn) -> None:
        """Remove a thread, whether its turn had come or not, and wake the next one."""
        with self._guard:
            if turn not in self._queue:
                return  # of a parent, or interrupted before it queued
            was_first = self._queue[0] is turn
            self._queue.remove(turn)
            if was_first and self._queue:
                self._queue[0].ready.release()


class Turn:
    """A context manager that waits for its turn in the queue."""

    __slots__ = ("_seconds", "_turns", "ready")

    def __init__(self, turns: Turns, seconds: float) -> None:
        """Prepare a place in a queue.

        Args:
            turns: the queue.
            seconds: how long to wait for the turn.
        """
        self._turns = turns
        self._seconds = seconds
        self.ready = Lock()
        self.ready.acquire()

    def __enter__(self) -> bool:
        """Wait, and return whether the turn came in time."""
        try:
            self._turns.enter(self)
            return self.ready.acquire(timeout=self._seconds)
        except BaseException:  # an interrupt: the others go on
            self._turns.leave(self)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the queue."""
        self._turns.leave(self)


_files: WeakValueDictionary[str, Turns] = WeakValueDictionary()
_opening = Lock()


def turns_of(path: str) -> Turns:
    """Return the queue of a file, one for all ledgers of this process that have it open.

    Args:
        path: the file's real path.
    """
    with _opening:
        return _files.setdefault(path, Turns())


def start_anew() -> None:
    """Begin again in a child."""
    global _opening  # noqa: PLW0603 - there is one process
    _opening = Lock()
    for turns in [one for one in (reference() for reference in _files.valuerefs()) if one is not None]:
        turns.start_anew()
