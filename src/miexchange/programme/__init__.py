"""A programme: dated terms, lists and tables in one directory, loaded as one immutable object.

A directory contains ``programme.toml`` and the tables that it names. Loading refuses anything that could
make a quote wrong, all problems at once, each with its file and line; `lint` returns them.

>>> from miexchange import Programme
>>> programme = Programme.load("mi-exchange-india")
>>> programme.terms[0].usage.valid_days
14
"""

from miexchange.programme._diff import Edit, PriceChange, ProgrammeDiff, diff
from miexchange.programme.authority import Authority
from miexchange.programme.days_off import DaysOff
from miexchange.programme.limits import Limit
from miexchange.programme.programme import Programme, doubts, lint, new_programme, shipped
from miexchange.programme.rules import AgeBand, Bonus, CustomerClass, Overlap
from miexchange.programme.scrap import ScrapValue
from miexchange.programme.terms import NONE_GIVEN, ExchangeRules, StepName, Terms, UsageRules

__all__ = [
    "NONE_GIVEN",
    "AgeBand",
    "Authority",
    "Bonus",
    "CustomerClass",
    "DaysOff",
    "Edit",
    "ExchangeRules",
    "Limit",
    "Overlap",
    "PriceChange",
    "Programme",
    "ProgrammeDiff",
    "ScrapValue",
    "StepName",
    "Terms",
    "UsageRules",
    "diff",
    "doubts",
    "lint",
    "new_programme",
    "shipped",
]
