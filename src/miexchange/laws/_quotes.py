"""The laws of every quote: its lines add up, within the price, and its programme reproduces it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from miexchange._arguments import instance, maybe, several, takes
from miexchange.laws import _oracle
from miexchange.programme import Programme
from miexchange.quote import Quote
from miexchange.refusal import ReasonCode, Refusal
from miexchange.valuation import replay

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["assert_exact", "assert_replays"]


@takes(quote=instance(Quote), programme=maybe(instance(Programme)))
def assert_exact(quote: Quote, programme: Programme | None = None) -> None:
    """Assert that a quote is exact: its lines add up, it is within the market price, and it has one JSON form.

    With its programme the quote is also recomputed from the tables, in exact fractions and by code of its own, which
    shares nothing with `appraise`: the price in force, the value, the bonuses, the model of each TAC, the validity.

    Args:
        quote: the quote, such as one received from a service.
        programme: the programme that made it.

    Raises:
        AssertionError: the law is broken; the quote is shown line by line.
        InvalidValue: it is not a quote.

    >>> from datetime import UTC, datetime
    >>> from miexchange import Programme, headline
    >>> programme = Programme.load("mi-exchange-india")
    >>> assert_exact(headline("oneplus-3t-6-64", programme, at=datetime(2018, 3, 20, tzinfo=UTC)), programme)
    """
    faults = [*_faults(quote), *(() if programme is None else _faults_against(quote, programme))]
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


def _faults_against(quote: Quote, programme: Programme) -> Iterator[str]:
    """Yield what a programme's tables do not confirm, computed independently of `appraise`."""
    write, terms = quote.currency.plain, _oracle.terms_at(programme, quote.at)
    price = _oracle.price_at(programme, quote.model, quote.at)
    market = next((line.amount for line in quote.lines if line.rule == "market"), 0)
    if price is None or market != price.price_minor:
        yield f"the market price is {write(market)}, and the table has {price and write(price.price_minor)}"
        return
    if quote.at - price.effective_from > timedelta(terms.price_max_age_days):
        yield f"the price is of {price.effective_from}, and older than {terms.price_max_age_days} days"
    on = quote.at.astimezone(programme.zone).date()
    if not _oracle.is_listed(programme, quote.model, on):
        yield f"{quote.model} is not on the list on {on}"
    if quote.valid_until - quote.at != timedelta(hours=terms.quote_valid_hours):
        yield f"it is valid until {quote.valid_until}, and the terms give {terms.quote_valid_hours} hours"
    customer = quote.told["customer"]
    steps = _oracle.exchange_steps(
        quote.condition, programme, quote.model, quote.at, quote.purchased_on, customer and str(customer)
    )
    value = sum(steps)
    if value != quote.exchange_value:
        yield f"the exchange value is {write(quote.exchange_value)}, and exact fractions make {write(value)}"
    shown = Counter(line.amount for line in quote.lines if line.amount and not line.rule.startswith("bonus:"))
    exact = Counter(step for step in steps if step)
    if shown != exact:
        wrong, right = (", ".join(map(write, one.elements())) or "none" for one in (shown - exact, exact - shown))
        yield f"lines have the amounts {wrong}, and exact fractions make {right}"
    bonuses = _oracle.bonus_amounts(value, terms, on, quote.told["target"], dict(quote.bonuses_given))
    if [(bonus.id, bonus.amount) for bonus in quote.bonuses] != bonuses:
        expected = ", ".join(f"{name} {write(amount)}" for name, amount in bonuses)
        yield f"the bonuses are {[*map(str, quote.bonuses)]}, and by the terms {expected or 'none'}"
    yield from _faults_of_tacs(quote, programme)


def _faults_of_tacs(quote: Quote, programme: Programme) -> Iterator[str]:
    """Yield each number whose TAC names other models only, or whose warning is not true, by every row of the table."""
    warned = {reason.code for reason in quote.warnings}
    family = programme.catalogue.by_model[quote.model].family
    rows = [(tac, device) for tac, device in programme.tacs if tac in {imei.tac for imei in quote.imeis}]
    certain = bool(quote.imeis)
    for imei in quote.imeis:
        named = [programme.catalogue.family_of(device.brand, device.model) for tac, device in rows if tac == imei.tac]
        certain = certain and family in named
        if not named and ReasonCode.TAC_UNKNOWN not in warned:
            yield f"the TAC of {imei!r} is not in the table, and the quote does not say so"
        if named and None not in named and family not in named:
            yield f"the TAC of {imei!r} is of {', '.join(map(str, named))}, and the quote of {family}"
    if ReasonCode.TAC_UNKNOWN in warned and certain:
        yield f"it warns of an unknown TAC, and the table names {family} for each TAC"


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
