"""The progress bar of a long run: on stderr, and only where that is a terminal."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Task

    from miexchange import batch

__all__ = ["Bar"]

# The clock starts after the first part: a resumed run first skips the finished ones.
_UNTIL_STEADY = 2


_LOG = logging.getLogger("miexchange.batch")


class _Compiling(logging.Handler):
    """Tells that a loop is being compiled, which takes seconds, once for each user of a machine."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """Take the function that shows a text."""
        super().__init__()
        self._say = say

    def emit(self, _record: logging.LogRecord) -> None:
        """Show it."""
        self._say("compiling the rules for this processor, once")


class _Speed(ProgressColumn):
    """Rows done, and rows per second without those of an earlier run."""

    def render(self, task: Task) -> Text:
        rows, before = task.fields["rows"], task.fields["before"]
        elapsed = task.elapsed or 0
        speed = f", {(rows - before) / elapsed:,.0f} rows/s" if elapsed and rows > before else ""
        return Text(f"{rows:,} rows{speed}")


class Bar:
    """A progress bar on stderr, where that is a terminal.

    Attributes:
        rows: how many rows are done.
    """

    def __init__(self) -> None:
        """Show nothing yet."""
        console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            _Speed(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._progress.add_task("valuing", start=False, rows=0, before=0)
        self._compiling, self._level = _Compiling(self._say), _LOG.level
        self._told = 0
        self.rows = 0

    def __enter__(self) -> None:
        """Start the bar."""
        self._progress.start()
        if not self._progress.disable:
            _LOG.addHandler(self._compiling)
            _LOG.setLevel(logging.INFO)

    def __exit__(self, *_: object) -> None:
        """Remove the bar."""
        _LOG.removeHandler(self._compiling)
        _LOG.setLevel(self._level)
        if not self._progress.disable:  # before rich 14.3 it ends the line all the same
            self._progress.stop()

    @property
    def what(self) -> str:
        """What is being done."""
        return self._progress.tasks[0].description

    def _say(self, what: str) -> None:
        """Show what is being done."""
        self._progress.update(self._task, description=what)

    def show(self, how_far: batch.Progress) -> None:
        """Show the progress."""
        self._say("valuing")
        self.rows = how_far.rows
        self._told += 1
        rows, done, total = how_far.rows, how_far.done, how_far.total
        if self._told <= _UNTIL_STEADY:
            self._progress.reset(self._task, completed=done, total=total, rows=rows, before=rows)
        else:
            self._progress.update(self._task, completed=done, total=total, rows=rows)
