"""What was given on the command line and cannot be used: the error that the command's own readers raise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miexchange.errors import MiExchangeError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Wrong", "quoted"]


class Wrong(MiExchangeError):  # noqa: N818 - named after what it says of the input
    """What was given cannot be used; the text says what, which value, and what to do."""


def quoted(text: Path | str) -> str:
    """Quote a text whole: a path's end is what tells files apart. It is masked when the sentence is written."""
    return f"'{text}'"
