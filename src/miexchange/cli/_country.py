"""A country's currencies and zones: the first out of Unicode CLDR, by Babel, the others out of the IANA database."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from miexchange.cli import _given

if TYPE_CHECKING:
    from datetime import date

__all__ = ["Country", "countries_of", "country"]


class Country(NamedTuple):
    """A country of ISO 3166-1."""

    code: str
    name: str
    currencies: tuple[str, ...]
    """What one pays with there, the most usual first."""
    zones: tuple[str, ...]


def country(code: str, on: date) -> Country:
    """Return the country of two letters, as of a day."""
    from babel.numbers import get_territory_currencies  # noqa: PLC0415 - only a country needs it

    key = code.strip().upper()
    if key not in _names():
        near = _given.nearest(code, _names().values())
        raise _given.Wrong(f"--country '{code}' is no country: give its two letters of ISO 3166, such as IN.{near}")
    currencies = get_territory_currencies(key, on, on, tender=True)
    return Country(key, _names()[key], tuple(currencies), _zones().get(key, ()))


def countries_of(zone: str) -> tuple[str, ...]:
    """Return the codes of the countries of a zone; none where it is of no country, or an old name."""
    return tuple(code for code, zones in _zones().items() if zone in zones)


@cache
def _names() -> dict[str, str]:
    return {code: name for code, name in _rows("iso3166.tab")}  # noqa: C416 - rows are lists


@cache
def _zones() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for code, _, zone, *_ in _rows("zone.tab"):
        found[code] += (zone,)
    return dict(found)


def _rows(name: str) -> list[list[str]]:
    text = resources.files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
