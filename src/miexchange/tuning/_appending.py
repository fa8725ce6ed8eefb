"""Extends a programme: the terms in force stay as they were, and the fitted ones begin on their day."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from miexchange.catalogue import Catalogue
from miexchange.eligibility import EligibleModels
from miexchange.errors import out_of_range
from miexchange.market import AnchorTable, PriceTable
from miexchange.money import same_currency

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from miexchange.market import Price
    from miexchange.programme import Programme

__all__ = ["check_extended", "extended", "priced_from"]


def check_extended(before: Programme, base: Programme, name: str, start: datetime) -> None:
    """Refuse to extend a programme whose quotes could not be replayed afterwards.

    Raises:
        InvalidValue: the id, the zone or the currency differs, or the last terms begin on the day or later.
    """
    same_currency(base.currency, before.currency, "base", "the programme that is extended")
    if before.zone != base.zone:
        raise out_of_range("extend", before.id, "give a base of one zone with it", which="has its days in another zone")
    if name != before.id:
        raise out_of_range("id", name, f"give {before.id}, the id of the programme that is extended")
    last = before.terms[-1] if before.terms else None
    if last is not None and last.effective_from >= start:
        rule = f"give a day after that of the version {last.version}, {last.effective_from.isoformat()}"
        raise out_of_range("effective_from", start.isoformat(), rule)


def extended(before: Programme, new: Programme, start: datetime) -> Programme:
    """Return a programme up to an instant, and a fitted one from then on.

    Rows of the old programme from that day on are dropped: the fitted rows replace them. A model without a fitted
    price stays on the list with the price that it has, until that is stale.
    """
    day = start.astimezone(before.zone).date()
    known = before.catalogue.by_model
    listed = {
        listing.model for listing in before.eligible if listing.listed_until is None or listing.listed_until > day
    }
    # A price that was fitted for an earlier day holds from that day on: nothing changes before it. A price of before
    # ends where the first fitted one of its model begins, if it would have ended later.
    prices = [replace(price, effective_from=max(price.effective_from, start)) for price in new.prices]
    return replace(
        new,
        brands=before.brands | new.brands,
        categories=before.categories | new.categories,
        price_step_minor=before.price_step_minor,
        catalogue=Catalogue.of((*before.catalogue, *(one for one in new.catalogue if one.model not in known))),
        eligible=EligibleModels.of((*before.eligible, *(one for one in new.eligible if one.model not in listed))),
        prices=PriceTable.of((*_ended(before.prices, prices, start), *prices)),
        anchors=AnchorTable.of(one for one in before.anchors if one.effective_from < start),
        tacs=before.tacs,
        treatments=before.treatments,
        terms=(*before.terms, *new.terms),
    )


def _ended(before: PriceTable, new: list[Price], start: datetime) -> Iterator[Price]:
    """Yield the prices that began before an instant, up to the first new one of their model."""
    first = {price.model: price.effective_from for price in sorted(new, key=lambda one: one.effective_from)[::-1]}
    for price in before:
        until = first.get(price.model)
        ends_later = until is not None and price.effective_until is not None and price.effective_until > until
        if price.effective_from < start:
            yield replace(price, effective_until=until) if ends_later else price


def priced_from(programme: Programme, start: datetime) -> list[Price]:
    """Return the price of every model that has a fresh one from an instant on: the one in force, and later ones.

    A price already in force is dated that instant, like the anchor that belongs to it.
    """
    models = dict.fromkeys(price.model for price in programme.prices)
    found = (programme.prices.as_of(model, start) for model in models)
    fresh = programme.terms[-1].price_max_age
    in_force = [price for price in found if price is not None and start - price.effective_from <= fresh]
    later = [price for price in programme.prices if price.effective_from > start]
    return [*(replace(price, effective_from=max(price.effective_from, start)) for price in in_force), *later]
