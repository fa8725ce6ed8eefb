"""The laws of every quote: its lines add up, within the price, and its programme reproduces it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miexchange._arguments import instance, several, takes
from miexchange.quote import Quote
from miexchange.refusal import Refusal
from miexchange.valuation import replay

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from miexchange.programme import Programme

__all__ = ["assert_exact", "assert_replays"]


@takes(quote=instance(Quote))
def assert_exact(quote: Quote) -> None:
    """Assert that a quote is exact: its lines add up, it is within the market price, and it has one JSON form.

    Args:
        quote: the quote, such as one received from a service.

    Raises:
        AssertionError: the law is broken; the quote is shown line by line.
        InvalidValue: it is not a quote.

    >>> from datetime import UTC, datetime
    >>> from miexchange import Programme, headline
    >>> programme = Programme.load("mi-exchange-india")
    >>> assert_exact(headline("oneplus-3t-6-64", programme, at=datetime(2018, 3, 20, tzinfo=UTC)))
    """
    faults = [*_faults(quote)]
    if not faults and Quote.from_json(quote.to_json(reveal_imei=True)) != quote:
        faults.append("its JSON form is another quote")
    if faults:
        raise AssertionError("\n".join([*faults, quote.explain()]))


def _faults(quote: Quote) -> Iterator[str]:
    amounts = [line.amount for line in quote.lines]
    granted = sum(bonus.amount for bonus in quote.bonuses)
    if sum(amounts) != quote.coupon_value:
        yield f"the lines add up to {sum(amounts)}, and the coupon's value is {quote.coupon_value}"
    if sum(amounts) - granted != quote.exchange_value:
        yield f"the lines but the bonuses add up to {sum(amounts) - granted}, and the value is {quote.exchange_value}"
    on_top = [line.amount for line in quote.lines if line.rule.startswith("bonus:")]
    if on_top != [bonus.amount for bonus in quote.bonuses]:
        yield f"the lines of bonuses are {on_top}, and {granted} was granted"
    market = next((line.amount for line in quote.lines if line.rule == "market"), 0)
    if not 0 <= quote.exchange_value <= market:
        yield f"the exchange value is {quote.exchange_value}, and the market price {market}"


@takes(quotes=several(instance(Quote), "give quotes"))
def assert_replays(quotes: Iterable[Quote], programme: Programme | Mapping[str, Programme]) -> None:
    """Assert that a programme reproduces quotes from their JSON form, to the minor unit.

    Args:
        quotes: the quotes, such as stored ones.
        programme: the programme, another edition of it, or programmes by digest, such as `Ledger.programmes`.

    Raises:
        AssertionError: a quote differs: the one with the shortest explanation, and the number of others.
        InvalidValue: an argument is of another type.

    >>> from datetime import UTC, datetime
    >>> from miexchange import Programme, headline
    >>> programme = Programme.load("mi-exchange-india")
    >>> assert_replays([headline("oneplus-3t-6-64", programme, at=datetime(2018, 3, 20, tzinfo=UTC))], programme)
    """
    broken: list[tuple[tuple[str, ...], Quote]] = []
    count = 0
    for count, quote in enumerate(quotes, 1):  # noqa: B007 - how many there were is told
        found = replay(Quote.from_json(quote.to_json(reveal_imei=True)), programme)
        if not found:
            broken.append((tuple(map(str, found.reasons)) if isinstance(found, Refusal) else found.differences, quote))
    if broken:
        differences, quote = min(broken, key=lambda one: (len(one[0]), one[1].to_json()))
        head = f"{len(broken):,} of {count:,} quotes are not made again, such as"
        raise AssertionError("\n".join([head, quote.explain(), *(f"  differs: {told}" for told in differences)]))
