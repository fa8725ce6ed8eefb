"""The life of a price list, from the spreadsheet to the price in force: read, compare, cost, publish, withdraw.

A list is read in a stated `Form`; nothing is guessed. It is stored beside the programme as a draft until it is
published, which adds rows to the programme's market prices and never changes an existing one. Excel files and the
encoding named in an error need the extra ``prices``; `cost` needs the extra ``tuning``. See docs/prices.md.
"""

from miexchange.pricelists._costing import cost, read_book
from miexchange.pricelists._diffing import ListDiff, PriceChange, diff
from miexchange.pricelists._form import Form
from miexchange.pricelists._list import DRAFT, ListPrice, PriceList, read_draft, write_draft
from miexchange.pricelists._places import programme_of
from miexchange.pricelists._publishing import Publication, publish, rollback
from miexchange.pricelists._reading import Reading, read

__all__ = [
    "DRAFT",
    "Form",
    "ListDiff",
    "ListPrice",
    "PriceChange",
    "PriceList",
    "Publication",
    "Reading",
    "cost",
    "diff",
    "programme_of",
    "publish",
    "read",
    "read_book",
    "read_draft",
    "rollback",
    "write_draft",
]
