"""The error of a value on the command line that cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miexchange.errors import MiExchangeError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Wrong", "quoted"]


class Wrong(MiExchangeError):  # noqa: N818 - named after what it says of the input
    """A value on the command line cannot be used; the text names it, the problem and the remedy."""


def quoted(text: Path | str) -> str:
    """Quote a text whole: a path's end is what tells files apart. It is masked when the sentence is written."""
    return f"'{text}'"
