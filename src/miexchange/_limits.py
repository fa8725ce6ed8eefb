"""The bounds of input from outside: one table, which every reader uses and docs/doors.md shows.

A bound is far above any real need, and low enough that no input of a megabyte takes a second or 300 MB.
"""

from __future__ import annotations

__all__ = [
    "ANSWERS",
    "CELL_BYTES",
    "COLUMNS",
    "EVENT_BYTES",
    "JSON_BYTES",
    "JSON_DEPTH",
    "JSON_DIGITS",
    "JSON_KEYS",
    "JSON_VALUES",
    "LISTED",
    "LIST_BYTES",
    "LIST_COLUMNS",
    "LIST_ROWS",
    "MESSAGE",
    "NAME",
    "ORDER_LINES",
    "PROBLEMS",
    "QUESTIONS",
    "REASONS",
    "REFUSAL_BYTES",
    "ROWS",
    "ROW_BYTES",
    "TABLE_BYTES",
    "TEXT",
    "TOML_BYTES",
    "TOML_DEPTH",
    "VALUE_ITEMS",
    "VERSIONS",
    "WINDOWS",
    "XLSX_BYTES",
    "XLSX_STYLES",
    "XLSX_TAGS",
]

NAME = 200
"""Characters of an id (of an account, an order, a model), a name, a brand or an alias."""

TEXT = 1_000
"""Characters of a cell of a table, a note or a source."""

MESSAGE = 4_000
"""Characters of a message, of a remedy, and of each other text of an error or a reason; longer ones are cut."""

ANSWERS = 500
"""Answers of one condition."""

ORDER_LINES = 1_000
"""Lines of one order."""

COLUMNS = 2_000
"""Columns of a table."""

CELL_BYTES = 100_000
"""Bytes of one cell of a file."""

ROWS = 400_000
"""Rows of a table or column of Arrow that has less than one byte a row, or of a Parquet file that has less than two."""

ROW_BYTES = 1_000_000
"""Bytes of one row of a CSV file of devices."""

JSON_BYTES = 20_000_000
"""Bytes of a JSON text."""

JSON_DEPTH = 50
"""Nesting depth of objects and arrays in a JSON text."""

JSON_KEYS = 1_000
"""Keys of one object in a JSON text."""

JSON_DIGITS = 100
"""Digits of a number in a JSON text."""

JSON_VALUES = 400_000
"""Values in the plain data that `from_dict` takes, in which one list may occur a thousand times."""

TOML_BYTES = 250_000
"""Bytes of a TOML file: `tomllib` reads a megabyte of them in more than a second."""

TOML_DEPTH = 20
"""Names of one dotted key in a TOML file."""

TABLE_BYTES = 200_000_000
"""Bytes of a table that is read into memory: a CSV file of the core, or a TAC table."""

LISTED = 500
"""Elements of a list in a programme: brands, bonuses, questions, options, age bands."""

QUESTIONS = 64
"""Questions of a programme: 64 of the greatest deductions, times a rate, stay below 2**63."""

VERSIONS = 60
"""Versions of the terms in a programme: one for each month of five years."""

WINDOWS = 500
"""Windows of one model on an eligible-model list."""

VALUE_ITEMS = 2_000
"""Lines, bonuses, warnings or changes of one quote, coupon or examination."""

REASONS = QUESTIONS
"""Reasons of one kind that a refusal lists, as many as a programme may have questions; the rest are counted."""

PROBLEMS = 1_000
"""Problems that one error lists; the rest are counted."""

EVENT_BYTES = 1_000_000
"""Bytes of one event of a ledger as JSON, such as a reservation with its order."""

REFUSAL_BYTES = 50_000
"""Bytes of a refusal that a ledger stores and returns; further reasons are counted."""

LIST_BYTES = 5_000_000
"""Bytes of a price list from a spreadsheet."""

LIST_ROWS = 20_000
"""Rows of such a list."""

LIST_COLUMNS = 200
"""Columns of such a list."""

XLSX_BYTES = 4_000_000
"""Bytes of the XML in an Excel file, unpacked."""

XLSX_STYLES = 200_000
"""Bytes of the XML in an Excel file other than cells and texts: styles, themes, lists of parts."""

XLSX_TAGS = 400_000
"""Tags in the XML of an Excel file: a cell has four."""
