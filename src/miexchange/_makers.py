"""The makers of a brand's phones: TAC tables name a phone by its maker, often by the company's full name.

`data/makers.csv` holds what a name does not show: that HMD Global makes Nokia phones, and that LG made a
Google Nexus. A company whose name has the brand as a word, such as `Samsung Korea`, needs no row.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from miexchange import _data
from miexchange._csv import read_rows
from miexchange._limits import NAME
from miexchange._problems import Problems
from miexchange._text import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from miexchange.catalogue import Catalogue
    from miexchange.tac import TacDevice

__all__ = ["Maker", "TacReader", "TacReading", "makers", "read_makers"]

_ROLES = ("own", "contract")
SHORTEST_BARE_NAME = 4
"""Characters of a model's name that may be used without its brand, so that a typing error does not match OnePlus X."""

_NOT_BETWEEN_DIGITS = re.compile("(?<![0-9]) | (?![0-9])")


def name_key(text: str) -> str:
    """Return the common form of all spellings of a name: its words without unnecessary spaces.

    A space between two digits stays: `Mi 1 0` does not match Mi 10, nor `Honor 6 4 GB` an Honor with 64 GB.

    >>> name_key("Galaxy J7 (2016)"), name_key("OnePlus-3T")
    ('galaxyj7 2016', 'oneplus3t')
    """
    return _NOT_BETWEEN_DIGITS.sub("", words(text)) if len(text) <= NAME else ""


class Maker(NamedTuple):
    """The brands that a maker's phones are sold under, as the `words` of their names."""

    own: frozenset[str] = frozenset()
    """Any of its phones may be of these brands."""
    contract: frozenset[str] = frozenset()
    """It made some phones of these brands."""


_NOBODY = Maker()


class TacReading(NamedTuple):
    """The models of a catalogue to which a row of a TAC table may refer."""

    families: frozenset[str] = frozenset()
    """The families that it names."""
    brands: frozenset[str] = frozenset()
    """The brands of which it matches every model, for it names nothing else."""
    doubtful_families: frozenset[str] = frozenset()
    """The families that it may mean."""
    doubtful_brands: frozenset[str] = frozenset()
    """The brands of which it may mean any model: it has a name, such as a model code, that the catalogue lacks."""


class TacReader:
    """Matches rows of TAC tables with one catalogue, each distinct device once."""

    def __init__(self, catalogue: Catalogue, table: Mapping[str, Maker]) -> None:
        """Store the makers of a table by the words of their names; each brand of the catalogue is a maker too."""
        self._catalogue = catalogue
        self._brands: dict[str, set[str]] = defaultdict(set)
        for variant in catalogue:
            self._brands[words(variant.brand)].add(variant.brand)
        self._makers = dict(table)
        for brand in self._brands:
            known = self._makers.get(brand, _NOBODY)
            self._makers[brand] = known._replace(own=known.own | {brand})
        self._longest = max(len(name.split()) for name in (*self._makers, ""))
        self._readings: dict[TacDevice, TacReading] = {}

    def read(self, device: TacDevice) -> TacReading:
        """Return the possible models of a device of a TAC table."""
        reading = self._readings.get(device)
        if reading is None:
            reading = self._readings[device] = self._read(device)
        return reading

    def _read(self, device: TacDevice) -> TacReading:
        exact = f"{device.brand} {device.model}"
        if self._catalogue.variants_of(exact):
            return TacReading(frozenset({exact}))
        if len(exact) > NAME:
            return TacReading()
        maker = self._maker(words(device.brand or device.model).split())
        name = words(device.model)
        bare = self._without_maker(name, maker)
        own, contract = self._spelled(maker.own), self._spelled(maker.contract)
        if not bare:  # the table names only the maker
            return TacReading(brands=own, doubtful_brands=contract)
        for brands in ({device.brand}, own, contract):
            families = self._families(brands, name) or self._families(brands, bare)
            if families:
                return TacReading(families)
        if not device.brand and maker is _NOBODY:
            own = self._spelled(self._brands)
        return TacReading(doubtful_families=self._doubtful(name, bare, contract), doubtful_brands=own)

    def _doubtful(self, name: str, bare: str, contract: frozenset[str]) -> frozenset[str]:
        """Return the families whose name the row has, under a brand that is not theirs."""
        found = self._families([""], name) | self._catalogue.by_name.get(name_key(name), frozenset())
        parts = bare.split()
        for end in range(len(parts) - 1, 0, -1):  # such as Nexus 5 D821
            found |= self._families(contract, " ".join(parts[:end]))
        return found

    def _maker(self, parts: list[str]) -> Maker:
        """Return the maker whose name occurs in a text, the longest if there are several.

        Of two names of the same length both count.
        """
        for length in range(self._longest, 0, -1):
            names = (" ".join(parts[start : start + length]) for start in range(len(parts) - length + 1))
            found = [self._makers[name] for name in names if name in self._makers]
            if found:
                return Maker(*(frozenset().union(*brands) for brands in zip(*found, strict=True)))
        return _NOBODY

    def _without_maker(self, name: str, maker: Maker) -> str:
        """Return a model's name without a leading maker of the same brands: `nexus 5` of `LG Nexus 5`."""
        parts = name.split()
        brands = maker.own | maker.contract
        for length in range(self._longest, 0, -1):
            other = self._makers.get(" ".join(parts[:length]))
            if other is not None and brands & (other.own | other.contract):
                return " ".join(parts[length:])
        return name

    def _spelled(self, brands: Iterable[str]) -> frozenset[str]:
        return frozenset().union(*(self._brands.get(brand, ()) for brand in brands))

    def _families(self, brands: Iterable[str], name: str) -> frozenset[str]:
        found = (self._catalogue.family_of(brand, name) for brand in brands)
        return frozenset(family for family in found if family is not None)


def read_makers(source: object, problems: Problems) -> dict[str, Maker]:
    """Read a table of makers, with the columns of ``data/makers.csv``; record every fault in its rows."""
    roles: dict[str, dict[str, str]] = defaultdict(dict)
    for row in read_rows(source, ("maker", "brand", "role", "source"), (), problems):
        maker, brand = words(row.text("maker")), words(row.text("brand"))
        role = row.choice("role", _ROLES)
        row.text("source")
        for column, name in (("maker", maker), ("brand", brand)):
            if row.good and (not name or len(name) > NAME):
                row.bad(column, "is no name", f"Write a name of at most {NAME} characters")
        if row.good and brand in roles[maker]:
            row.bad("maker", "duplicate maker and brand", "Keep one row for each maker and brand")
        if row.good:
            roles[maker][brand] = role
    return {
        maker: Maker(*(frozenset(brand for brand, role in brands.items() if role == wanted) for wanted in _ROLES))
        for maker, brands in roles.items()
    }


@cache
def makers() -> dict[str, Maker]:
    """Return the makers of ``data/makers.csv``.

    Raises:
        DataError: the table is missing or invalid.
    """
    problems = Problems()
    table = read_makers(_data.folder() / "makers.csv", problems)
    problems.raise_if_any()
    return table
