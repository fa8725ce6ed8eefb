"""The published price lists, in a file beside ``programme.toml``.

`miexchange.pricelists` writes it. The linter compares it with the present prices, and uses it to withdraw a list that
was never in force.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - the page of all columns reads the annotations
from typing import TYPE_CHECKING, NamedTuple, cast

from miexchange._bounded import Id, bound_of
from miexchange._csv import read_rows
from miexchange.market import Price
from miexchange.money import PriceMinor  # noqa: TC001 - as above

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo
    from pathlib import Path

    from miexchange._problems import Problems

__all__ = ["COLUMNS", "PUBLISHED", "PublishedPrice", "latest_of", "read_published"]

PUBLISHED = "published_prices.csv"
COLUMNS = ("published_at", "model", "effective_from", "price_minor")


class PublishedPrice(NamedTuple):
    """One price of a published list.

    Attributes:
        published_at: when the list was published, UTC.
        model: the variant's id.
        effective_from: the first instant at which the price is in force, UTC.
        price_minor: the price.
    """

    published_at: datetime
    model: Id
    effective_from: datetime
    price_minor: PriceMinor


def read_published(directory: Path, zone: tzinfo, problems: Problems) -> list[PublishedPrice]:
    """Return the published prices, in the order of the file; none if there is no such file.

    Args:
        directory: the directory of the programme.
        zone: the zone of its days.
        problems: the list to which faults are added.
    """
    if not (directory / PUBLISHED).exists():
        return []
    found = []
    for row in read_rows(directory / PUBLISHED, COLUMNS, (), problems):
        published, begins = row.instant("published_at", None), row.instant("effective_from", zone)
        model, price = row.text("model"), row.whole("price_minor", bound_of(Price, "price_minor"))
        if row.good:
            found.append(PublishedPrice(cast("datetime", published), model, cast("datetime", begins), price))
    return found


def latest_of(published: Iterable[PublishedPrice]) -> dict[str, PublishedPrice]:
    """Return the price of each model that begins last."""
    return {one.model: one for one in sorted(published, key=lambda one: one.effective_from)}
