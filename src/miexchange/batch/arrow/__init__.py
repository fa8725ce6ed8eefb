"""Arrow columns: tables of any library in and out, and numba loops over their buffers."""

from __future__ import annotations

__all__ = ()
