"""Columns as Arrow has them: tables of any library in and out, and loops over their buffers that numba compiles."""

from __future__ import annotations

__all__ = ()
