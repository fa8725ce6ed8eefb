"""The faults of a data file, collected so that an operator sees all of them at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from miexchange._limits import PROBLEMS
from miexchange.errors import DataError, Problem

__all__ = ["Problems"]


@dataclass(slots=True)
class Problems:
    """The faults found so far, to be raised together; they are raised early when the limit is reached."""

    found: list[Problem] = field(default_factory=list)

    def add(self, file: str, line: int | None, column: str, message: str, remedy: str) -> None:
        """Record one fault and go on, up to the limit.

        Raises:
            DataError: there are `PROBLEMS` of them; it says that the rest was not checked.
        """
        self.found.append(Problem(file, line, column, message, remedy))
        if len(self.found) == PROBLEMS:
            more = f"has {PROBLEMS:,} problems; the rest was not looked at"
            self.add(file, None, "", more, "Correct these first")
            self.raise_if_any()

    def raise_if_any(self) -> None:
        """Raise all the faults as one `DataError`."""
        if self.found:
            raise DataError(tuple(self.found))
