"""Worked cases: values of phones under a programme, as data that an operator reads, extends and runs.

A file of cases is TOML: ``[[case]]`` with a rule in words, a phone, an instant, and its value or the reasons of its
refusal. `covering_cases` writes cases that reach everything in a programme; `differences` runs a file. See
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
