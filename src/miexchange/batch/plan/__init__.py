"""A programme laid out in arrays, and the compiled loop that values a block of rows by them."""

from __future__ import annotations

__all__ = ()
