"""How large a thing from outside may be: one table, which every reader asks and docs/doors.md shows.

A bound is far above what anybody needs, and low enough that no input of a megabyte takes a second or 300 MB.
"""

from __future__ import annotations

__all__ = [
    "ANSWERS",
    "CELL_BYTES",
    "COLUMNS",
    "JSON_BYTES",
    "JSON_DEPTH",
    "NAME",
    "ORDER_LINES",
    "PROBLEMS",
    "ROW_BYTES",
    "TEXT",
]

NAME = 200
"""Characters of a model's name, a brand, an id or an alias."""

TEXT = 1_000
"""Characters of an account, an order's id, a product, a note or a source."""

ANSWERS = 500
"""Answers of one condition."""

ORDER_LINES = 1_000
"""Lines of one order."""

COLUMNS = 2_000
"""Columns of a table."""

CELL_BYTES = 100_000
"""Bytes of one cell of a file."""

ROW_BYTES = 1_000_000
"""Bytes of one row of a CSV file of devices."""

JSON_BYTES = 50_000_000
"""Bytes of a JSON text."""

JSON_DEPTH = 50
"""Objects and arrays within one another in a JSON text."""

PROBLEMS = 1_000
"""Problems that one error lists; it says how many more there are."""
