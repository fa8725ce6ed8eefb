"""A phone that shows what a programme does, with prices of its own: `miexchange.appraise` values it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from miexchange._bounded import Count, Id, Line, Pair
from miexchange._value import Value
from miexchange.catalogue import Device
from miexchange.condition import Condition
from miexchange.eligibility import EligibleModels, Listing
from miexchange.market import Anchor, AnchorTable, Price, PriceTable
from miexchange.money import Currency, PriceMinor
from miexchange.programme.rules import INPUTS
from miexchange.quote import Quote
from miexchange.valuation import appraise, check_programme

if TYPE_CHECKING:
    from miexchange.programme import Programme
    from miexchange.refusal import Refusal

__all__ = ["Counterexample", "Phone"]

_ANCHOR = Pair("component", "amount_minor", ("the component", "what its repair costs, in minor units"))
_GIVEN = Pair("bonus", "given", ("the bonus's id", "how often it had been given"))


@dataclass(frozen=True, slots=True)
class Phone(Value):
    """A phone, its answers and its prices. The prices are made up, not observed.

    Attributes:
        model: the variant's id.
        at: the instant of the valuation.
        priced_from: the beginning of the price.
        price_minor: the market price, in minor units.
        condition: the answers.
        anchors: the repair anchors that the answers read, as component and minor units.
        purchased_on: the day of purchase; None if no rule reads it.
        target: the new model that the customer wants, for bonuses on it.
        customer: the class of the customer.
        bonuses_given: the number of times that each bonus with a quota was given so far.
    """

    model: Id
    at: datetime
    priced_from: datetime
    price_minor: PriceMinor
    condition: Condition
    anchors: tuple[Annotated[tuple[Id, PriceMinor], _ANCHOR], ...] = ()
    purchased_on: date | None = None
    target: Line | None = None
    customer: Line | None = None
    bonuses_given: tuple[Annotated[tuple[Id, Count], _GIVEN], ...] = ()

    def appraise(self, programme: Programme) -> Quote | Refusal:
        """Value the phone under a programme's terms, with the prices of the phone in place of the programme's.

        Raises:
            InvalidValue: it is not a programme.
        """
        check_programme(programme)
        price = Price(self.model, self.priced_from, self.price_minor, "modelled", "a phone of a proof")
        anchors = [Anchor(self.model, name, self.at, amount, "modelled") for name, amount in self.anchors]
        begin = self.at.astimezone(programme.zone).date()
        tables: dict[str, Any] = {
            "prices": PriceTable((price,)),
            "anchors": AnchorTable.of(anchors),
            "eligible": EligibleModels((Listing(self.model, begin),)),
        }
        told = {name: getattr(self, name) for name in INPUTS}
        device = Device(self.model, purchased_on=self.purchased_on)
        priced = dataclasses.replace(programme, **tables)
        return appraise(device, self.condition, priced, at=self.at, bonuses_given=dict(self.bonuses_given), **told)


@dataclass(frozen=True, slots=True)
class Counterexample(Value):
    """Phones that break a law, and their values: small enough to look at, and checked by `confirms`.

    Attributes:
        says: the violation, in a sentence.
        first: a phone.
        first_value: its exchange value in minor units; None if it is refused.
        second: a phone that must not be worth more than the first one; None if one phone breaks the law.
        second_value: its exchange value; None if it is refused, or there is none.
    """

    says: Line
    first: Phone
    first_value: int | None = None
    second: Phone | None = None
    second_value: int | None = None

    def confirms(self, programme: Programme) -> bool:
        """Tell whether `miexchange.appraise` finds the same values under a programme.

        Raises:
            InvalidValue: it is not a programme.
        """
        second = None if self.second is None else _worth(self.second.appraise(programme))
        return (_worth(self.first.appraise(programme)), second) == (self.first_value, self.second_value)

    def shown(self, programme: Programme) -> str:
        """Return the phones on one screen: common facts, differences, and both values.

        Raises:
            InvalidValue: it is not a programme.
        """
        check_programme(programme)
        currency, variant = programme.currency, programme.catalogue.lookup(self.first.model)
        terms = programme.terms_at(self.first.at)
        best = Condition() if terms is None or variant is None else terms.questionnaire.best(variant)
        phones = [(self.first, self.first_value)]
        if self.second is not None:
            phones.append((self.second, self.second_value))
        facts = [{*_lines(phone, currency), *_not_best(phone.condition, best)} for phone, _ in phones]
        both = set.intersection(*facts)
        told = [*_lines(self.first, currency), *_not_best(self.first.condition, best)]
        rows = [self.says, *(f"  {row}" for row in told if row in both), "  every other answer is the best one"]
        for phone, value in phones:
            differs = [row for row in (*_lines(phone, currency), *_not_best(phone.condition, best)) if row not in both]
            rows.append(f"  {', '.join(differs) or 'this phone'}: {_said(value, currency)}")
        return "\n".join(rows)


def _lines(phone: Phone, currency: Currency) -> tuple[str, ...]:
    """Return the facts of the phone, a sentence for each, without the answers."""
    rows = [f"{phone.model}, valued {phone.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"]
    days = (phone.at - phone.priced_from) // timedelta(days=1)
    age = f", {days} days old" if days else ""
    rows.append(f"market price {currency.plain(phone.price_minor)}{age}")
    rows += [f"{name} repair costs {currency.plain(amount)}" for name, amount in phone.anchors]
    rows += [f"bought on {phone.purchased_on}"] if phone.purchased_on is not None else []
    rows += [f"{name}: {said}" for name in INPUTS if (said := getattr(phone, name)) is not None]
    return tuple(rows)


def _not_best(condition: Condition, best: Condition) -> list[str]:
    return [f"{question}={answer}" for question, answer in condition.items() if best.get(question) != answer]


def _worth(outcome: Quote | Refusal) -> int | None:
    return outcome.exchange_value if isinstance(outcome, Quote) else None


def _said(value: int | None, currency: Currency) -> str:
    return "refused" if value is None else currency.plain(value)
