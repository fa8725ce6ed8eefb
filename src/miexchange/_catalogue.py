"""The model catalogue: every variant that is known, and how people and TAC lists spell its name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from miexchange._bounds import JSON_VALUES, NAME
from miexchange._rows import Problems, read_rows
from miexchange._value import Value, check_types, require
from miexchange.money import GREATEST_PAISE, PAISE_PER_RUPEE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Catalogue", "Variant", "brand_key", "closest", "family_key"]

_MB_PER_GB = 1024
_NEAREST = 5
_SHORTEST_BARE_NAME = 4  # a slip of the finger must not become a OnePlus X
_MOST_SIMS = 4


@dataclass(frozen=True, slots=True)
class Variant(Value):
    """One model in one memory size: what a customer names, and what has a price.

    Attributes:
        model: the variant's id, such as ``xiaomi-redmi-note-4-4-64``.
        brand: the brand, as the catalogue spells it.
        name: the model's name without the brand.
        ram_mb: RAM in MB, or None where it is not known.
        storage_gb: storage in GB.
        launched_on: the launch date in India, or None where no source states one.
        launch_price_paise: the price at launch, or None where no source states one.
        aliases: other names of the model.
        source: where the row's facts are from.
        sims: how many SIMs, and so IMEIs, it has (3GPP TS 23.003, section 6.2.1: each has its own), or None where no
            source states it.
    """

    model: str
    brand: str
    name: str
    ram_mb: int | None
    storage_gb: int
    launched_on: date | None = None
    launch_price_paise: int | None = None
    aliases: tuple[str, ...] = ()
    source: str = ""
    sims: int | None = None

    def __post_init__(self) -> None:
        check_types(self)
        for field in ("model", "brand", "name"):
            require(bool(getattr(self, field).strip()), f"Variant.{field}", getattr(self, field), "give a text")
        for field in ("ram_mb", "storage_gb", "launch_price_paise", "sims"):
            number = getattr(self, field)
            fits = number is None or 0 < number <= GREATEST_PAISE
            require(fits, f"Variant.{field}", number, "give a whole number above zero")

    @property
    def family(self) -> str:
        """Brand and name: what a TAC can tell. RAM and storage are not in a TAC (GSMA TS.06)."""
        return f"{self.brand} {self.name}"

    @property
    def memory(self) -> str:
        """RAM and storage for people, such as ``4 GB, 64 GB``."""
        return f"{_ram(self.ram_mb)}, {self.storage_gb} GB" if self.ram_mb else f"{self.storage_gb} GB"

    @property
    def label(self) -> str:
        """The whole name for people, such as ``Xiaomi Redmi Note 4 (4 GB, 64 GB)``."""
        return f"{self.family} ({self.memory})"


def _ram(megabytes: int) -> str:
    whole, rest = divmod(megabytes, _MB_PER_GB)
    return f"{megabytes} MB" if rest else f"{whole} GB"


_WORD = re.compile(r"[0-9a-z+]+")


def _fits_word(word: str, name: set[str], memory: set[str]) -> bool:
    if word in name or word in memory:
        return True
    return not word.isdigit() and any(part.startswith(word) for part in name)


_NOT_IN_A_KEY = re.compile(r"[^0-9a-z+]+")


def family_key(brand: str, name: str) -> str:
    """Spell a family so that case, spaces and a doubled brand do not matter."""
    brand = _NOT_IN_A_KEY.sub("", brand.casefold())
    name = _NOT_IN_A_KEY.sub("", name.casefold())
    return name if name.startswith(brand) else brand + name


def brand_key(brand: str) -> str:
    """Spell a brand so that case, spaces and punctuation do not matter."""
    return family_key("", brand)


@dataclass(frozen=True)
class Catalogue(Value):
    """Every model that the library knows, by id and by family. Sorted by id, immutable."""

    variants: tuple[Variant, ...]
    _most_items: ClassVar[int] = JSON_VALUES

    @classmethod
    def read(cls, source: str | Path | object) -> Catalogue:
        """Read a model table: a CSV file or a DataFrame with the columns of ``data/models.csv``.

        Raises:
            DataError: every bad row with its line, column and reason, all at once.
        """
        problems = Problems()
        catalogue = cls._read(source, problems)
        problems.raise_if_any()
        return catalogue

    @classmethod
    def _read(cls, source: object, problems: Problems, file: str = "") -> Catalogue:
        required = ("model", "brand", "name", "ram_mb", "storage_gb", "launched_on", "launch_price_paise", "source")
        told = ("launched_on_precision", "new_price_paise", "new_price_on", "new_price_source", "sims_source")
        optional = ("aliases", "sims", *told)  # what is told beside them is for people
        variants: dict[str, Variant] = {}
        for row in read_rows(source, required, optional, problems, file=file):
            aliases = tuple(alias.strip() for alias in row.optional("aliases").split("|") if alias.strip())
            cells = (
                row.text("model"),
                row.text("brand"),
                row.text("name"),
                row.whole_or_none("ram_mb", 1, 10**6),
                row.whole("storage_gb", 1, 10**6),
                row.day_or_none("launched_on"),
                row.whole_or_none("launch_price_paise", PAISE_PER_RUPEE, GREATEST_PAISE),
                aliases,
                row.text("source"),
                row.whole_or_none("sims", 1, _MOST_SIMS),
            )
            if row.good and cells[0] in variants:
                row.bad("model", f"{cells[0]} stands twice", "Keep one row for each variant")
            if row.good:
                variants[cells[0]] = Variant(*cells)
        return cls(tuple(variants[model] for model in sorted(variants)))

    @cached_property
    def by_model(self) -> dict[str, Variant]:
        """The variants by id."""
        return {variant.model: variant for variant in self.variants}

    @cached_property
    def labels(self) -> dict[str, str]:
        """The variants' names for people, by id: written once."""
        return {variant.model: variant.label for variant in self.variants}

    @cached_property
    def _families(self) -> dict[str, str]:
        """The family of every spelling: brand with name, and the bare name where it is long enough to be one's own."""
        keys: dict[str, str] = {}
        bare: dict[str, set[str]] = {}
        for variant in self.variants:
            for name in (variant.name, *variant.aliases):
                keys.setdefault(family_key(variant.brand, name), variant.family)
                if len(family_key("", name)) >= _SHORTEST_BARE_NAME:
                    bare.setdefault(family_key("", name), set()).add(variant.family)
        return {name: min(families) for name, families in bare.items() if len(families) == 1} | keys

    def family_of(self, brand: str, name: str) -> str | None:
        """Return the family that a brand and a name spell, or None for a model not in the catalogue."""
        return self._families.get(family_key(brand, name))

    def named(self, name: str) -> Variant | None:
        """Return the variant that a name leads to: its id, or a family that has only this one."""
        variant = self.by_model.get(name)
        if variant is None and (family := self.family_of("", name)) is not None:
            variants = self.variants_of(family)
            variant = variants[0] if len(variants) == 1 else None
        return variant

    def variants_of(self, family: str) -> tuple[Variant, ...]:
        """Return the variants of a family, as `Variant.family` spells it; the smallest memory first."""
        found = (variant for variant in self.variants if variant.family == family)
        return tuple(sorted(found, key=lambda variant: (variant.ram_mb or 0, variant.storage_gb)))

    def search(self, text: str) -> tuple[Variant, ...]:
        """Return the variants that every word of the text fits, in any order; the shortest name first.

        A word fits the beginning of a word of the name, a number the whole of it; ``64`` and ``4gb``
        fit the memory as well. The beginning of an id finds the ids that begin so.
        """
        if len(text) > NAME:
            return ()
        words = _WORD.findall(text.casefold())
        beginning = text.strip().casefold()
        found = []
        for variant in self.variants:
            name = {
                word for spelled in (variant.family, *variant.aliases) for word in _WORD.findall(spelled.casefold())
            }
            memory = {
                f"{variant.storage_gb}",
                f"{variant.storage_gb}gb",
                _ram(variant.ram_mb or 0).replace(" ", "").lower(),
            }
            if variant.model.startswith(beginning) or all(_fits_word(word, name, memory) for word in words):
                found.append((len(variant.family), variant.family, variant.ram_mb or 0, variant.storage_gb, variant))
        return tuple(variant for *_, variant in sorted(found, key=lambda row: row[:4]))

    def nearest(self, text: str) -> tuple[Variant, ...]:
        """Return a few variants whose name looks like the text, for "did you mean"."""
        labels = {variant.label.casefold(): variant for variant in self.variants}
        labels |= {variant.model: variant for variant in self.variants}
        close = closest(text.casefold(), labels, 2 * _NEAREST, 0.5)
        return tuple(dict.fromkeys(labels[label] for label in close))[:_NEAREST]


def closest(text: str, among: Iterable[str], most: int, cutoff: float) -> list[str]:
    """Return the texts that are most like another one, the nearest first.

    Args:
        text: what was written.
        among: the texts that there are.
        most: how many are returned at the most.
        cutoff: how alike they must be, from 0 to 1.
    """
    if len(text) > NAME:  # no name, and difflib's time grows with the square of its length
        return []
    import difflib  # noqa: PLC0415 - only a refusal needs it

    return difflib.get_close_matches(text, list(among), n=most, cutoff=cutoff)
