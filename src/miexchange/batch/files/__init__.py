"""Files of devices: CSV and Parquet read a few rows at a time, valued part by part, and written whole or not at all."""

from __future__ import annotations

__all__ = ()
