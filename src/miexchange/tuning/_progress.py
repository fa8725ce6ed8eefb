"""A progress bar for work that takes longer than two seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tqdm import tqdm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["track"]

_T = TypeVar("_T")
_AFTER_SECONDS = 2.0


def track(steps: Sequence[_T], what: str) -> Iterator[_T]:
    """Yield the steps, and after two seconds show on standard error how many are done."""
    yield from tqdm(steps, desc=what, delay=_AFTER_SECONDS, leave=False)
