"""Worked cases: what phones are worth under a programme, as data that an operator reads, adds to and runs.

A file of cases is TOML: ``[[case]]`` with a rule in words, a phone, an instant, and what it is worth or why it is
refused. `covering_cases` writes those that reach everything in a programme; `differences` runs a file. See
docs/testing.md.

>>> from miexchange import Programme
>>> programme = Programme.load("uk-trade-in")
>>> table = covering_cases(programme)
>>> len(table.cases) <= 200, table.killed == table.mutants
(True, True)
"""

from miexchange.cases._case import Case, differences, read_cases
from miexchange.cases._cover import Cover, covering_cases

__all__ = ["Case", "Cover", "covering_cases", "differences", "read_cases"]
