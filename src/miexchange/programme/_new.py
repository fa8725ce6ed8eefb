"""Makes a new programme: questions and settings from another one, models and prices from the caller or examples.

Nothing is invented that could pass for a fact. A value that an operator must fill in has a source that says so, an
amount is not carried into another currency, and tax treatments are not carried into another country.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from datetime import timedelta
from math import gcd, lcm
from statistics import median_low
from typing import TYPE_CHECKING, Any, TypeVar, cast

from miexchange._arguments import DATE, PATH, TEXT, Rule, maybe, several, takes
from miexchange._text import is_a, is_id, path_of
from miexchange._time import NotATime, midnight
from miexchange._value import Value
from miexchange._zone import AnyZone, Zone
from miexchange.catalogue import Catalogue, Variant
from miexchange.eligibility import EligibleModels, Listing
from miexchange.errors import missing, out_of_range, unknown
from miexchange.market import Anchor, AnchorTable, Price, PriceTable, broader
from miexchange.money import BPS, Currency
from miexchange.programme import _load, _save
from miexchange.programme._lint import REGISTER_AGES, is_under_register_law
from miexchange.programme.programme import Programme
from miexchange.tac import TacTable
from miexchange.treatment import BONUS, TreatmentTable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from miexchange.condition import Deduction, Option, Question
    from miexchange.programme.terms import Terms

__all__ = ["new_programme"]

_EXAMPLE = "example: put your own in its place"
_EXAMPLE_PRICE = 1_000  # steps
_CHANNELS = ("online", "store")
_REGISTER_HOURS = 24
_LEAST_STEP = 100
"""The least step of prices, in minor units: with a step of one yen a dearer phone could round to less."""

_VALUE = TypeVar("_VALUE", bound=Value)


@takes(
    directory=PATH,
    begins=maybe(DATE),
    like=Rule(
        lambda one: is_a(one, Programme) or path_of(one) is not None, "give a programme, its id or its directory"
    ),
    currency=maybe(TEXT),
    zone=maybe(TEXT),
    categories=maybe(several(TEXT, "give a list of categories")),
    questions=maybe(several(TEXT, "give a list of the ids of questions")),
    title=maybe(TEXT),
)
def new_programme(
    directory: str | Path,
    catalogue: object,
    prices: object,
    *,
    begins: date | None,
    like: str | Path | Programme,
    currency: str | None,
    zone: str | None,
    categories: Collection[str] | None,
    questions: Collection[str] | None,
    title: str | None,
) -> Path:
    """Write a new programme; see `miexchange.programme.new_programme`."""
    target = _save.free_directory(directory)
    name = target.resolve().name
    if not is_id(name):
        raise out_of_range("directory", name, "give one whose name can be the id of a programme")
    old = like if isinstance(like, Programme) else _load.load(like)
    maker = _Maker(old, currency, zone)
    if begins is not None:
        maker.check(begins)
    if (catalogue is None) is not (prices is None):
        given, lacking = ("prices", "catalogue") if catalogue is None else ("catalogue", "prices")
        raise missing(lacking, f"give it beside {given}, or neither: then there are models and prices to replace")
    if prices is None:
        if begins is None:
            raise missing("begins", "give the first day of the programme, or prices that begin on one")
        models = maker.example_models(sorted(old.categories) if categories is None else categories, begins)
        table = maker.example_prices(models, begins)
    else:
        models = catalogue if isinstance(catalogue, Catalogue) else Catalogue.read(catalogue)
        table = prices if isinstance(prices, PriceTable) else PriceTable.read(prices, zone=maker.zone)
        if categories is not None:
            table = PriceTable.of(
                row for row in table if (one := models.lookup(row.model)) is None or one.category in categories
            )
        if not table:
            raise out_of_range("prices", len(table), "give a price at least", "has no row")
        if begins is None:
            begins = maker.first_day(min(row.effective_from for row in table))
    programme = maker.programme(name, title or name, models, table, begins, questions)
    return _save.save(programme, target, overwrite=False, commented=True)


class _Maker:
    """Makes the parts of a programme from those of another."""

    def __init__(self, old: Programme, currency: str | None, zone: str | None) -> None:
        if not old.terms:
            raise out_of_range("like", old.id, "give a programme that has terms", "has none")
        self.old = old
        self.terms = old.terms[-1]
        self.currency = old.currency if currency is None else Currency(currency)
        self.zone: AnyZone = old.zone if zone is None else Zone(zone)
        self.is_same_money = self.currency == old.currency
        self.price_step = old.price_step_minor if self.is_same_money else max(10**self.currency.decimals, _LEAST_STEP)

    def check(self, begins: date) -> None:
        """Refuse a first day outside the range of instants."""
        try:
            midnight(begins, self.zone)
        except NotATime as fault:
            raise out_of_range("begins", begins, "give a day within them", fault.args[0]) from None

    def first_day(self, at: datetime) -> date:
        """Return the first day that begins at or after an instant."""
        day = at.astimezone(self.zone).date()
        return day if midnight(day, self.zone) >= at else day + timedelta(days=1)

    def example_models(self, categories: Collection[str], begins: date) -> Catalogue:
        """Return two models of each category."""
        return Catalogue.of(
            Variant(
                model=f"example-{category}-{storage}".replace(" ", "-"),
                brand="Example",
                name=category.capitalize(),
                category=category,
                ram_mb=None,
                storage_gb=storage,
                launched_on=begins,
                source=_EXAMPLE,
            )
            for category in categories
            for storage in (64, 128)
        )

    def example_prices(self, models: Catalogue, begins: date) -> PriceTable:
        """Return a price of each model, a round number of steps: clearly an example."""
        step = lcm(self.terms.step_minor, self.price_step) if self.is_same_money else self.price_step
        from_ = midnight(begins, self.zone)
        return PriceTable.of(
            Price(one.model, from_, step * (_EXAMPLE_PRICE + cast("int", one.storage_gb)), "modelled", _EXAMPLE)
            for one in models
        )

    def programme(
        self,
        name: str,
        title: str,
        models: Catalogue,
        prices: PriceTable,
        begins: date,
        questions: Collection[str] | None,
    ) -> Programme:
        """Return the programme."""
        listed = self._listed(prices, begins)
        variants = [variant for one in listed if (variant := models.lookup(one.model)) is not None]
        if not variants:
            raise out_of_range("prices", len(prices), "give the price of a model that is in the catalogue", "has none")
        step = gcd(self.price_step, *(price.price_minor for price in prices))
        terms = self._terms(begins, variants, questions, step, min(price.price_minor for price in prices))
        is_same_place = self.is_same_money and self.zone == self.old.zone
        kept = [row for row in self.old.treatments if is_same_place and not row.part.startswith(BONUS)]
        return Programme(
            id=name,
            title=title,
            zone=self.zone,
            currency=self.currency,
            brands=frozenset(variant.brand for variant in variants),
            catalogue=models,
            eligible=listed,
            prices=prices,
            anchors=self._anchors(terms, prices),
            tacs=TacTable.of([]),
            terms=(terms,),
            categories=frozenset(variant.category for variant in variants),
            price_step_minor=step,
            treatments=TreatmentTable.of(kept),
        )

    def _listed(self, prices: PriceTable, begins: date) -> EligibleModels:
        """List each model that has a price, from the first day of its prices."""
        return EligibleModels.of(
            Listing(model, max(begins, self.first_day(series.starts[0])), source="listed since it has a price")
            for model, series in prices.by_key.items()
        )

    def _terms(
        self, begins: date, variants: Sequence[Variant], questions: Collection[str] | None, step: int, least: int
    ) -> Terms:
        old, like = self.terms, f"a setting; like {self.old.id}"
        begin = midnight(begins, self.zone)
        asked = self._questions(begins, variants, questions)
        steps = sorted({0} | {option.grade for question in asked for option in question.options})
        asked = tuple(_each(one, lambda option: option.replace(grade=steps.index(option.grade))) for one in asked)
        costing = {question.component for question in asked if any(option.deduction for option in question.options)}
        rounded = old.step_minor if self.is_same_money and old.step_minor <= least else step
        scrap = old.scrap_minor if self.is_same_money and old.scrap_minor <= least else 0
        terms = old.replace(
            version=f"{begins}",
            effective_from=begin,
            questionnaire=old.questionnaire.replace(questions=asked),
            grades=tuple(old.grades[number] for number in steps),
            scrap_minor=scrap,  # a multiple of the old step, which is no greater
            step_minor=rounded,
            bonuses=(),
            scrap_values=(),
            overlaps=tuple(one for one in old.overlaps if {one.one, one.other} <= costing),
            usage=self._moved(old.usage).replace(
                brands=tuple(sorted({variant.brand for variant in variants})),
                categories=tuple(sorted({variant.category for variant in variants})),
                channels=_CHANNELS,
                source=f"{like}, but for what it buys and where",
            ),
            exchange=None if old.exchange is None else self._moved(old.exchange).replace(source=like),
            source=like,
        )
        return _lawful(terms) if is_under_register_law(self.currency, begin) else terms

    def _questions(
        self, begins: date, variants: Sequence[Variant], chosen: Collection[str] | None
    ) -> tuple[Question, ...]:
        """Return the chosen questions, or all that are asked of a listed model."""
        asked = self.terms.questionnaire.questions
        known = dict.fromkeys(question.asked_as for question in asked)
        for name in chosen or ():
            if name not in known:
                raise unknown("questions", "question", name, known)
        brands = {variant.brand for variant in variants}
        older = begins - self.terms.effective_from.astimezone(self.old.zone).date()
        found: list[Question] = []
        for question in asked:
            if chosen is not None and question.asked_as not in chosen:
                continue
            since = question.asked_launched_from
            moved = question.replace(
                asked_brands=tuple(brand for brand in question.asked_brands if brand in brands),
                asked_launched_from=None if since is None else since + older,
            )
            is_of_others = question.asked_brands and not moved.asked_brands
            is_after_nothing = moved.asked_after and moved.asked_after not in {one.id for one in found}
            if not is_of_others and not is_after_nothing and any(map(moved.is_asked_of, variants)):
                found.append(_each(moved, self._priced))
            elif chosen is not None:
                rule = "name others: it is asked of certain models only, none of them listed, or after one left out"
                raise out_of_range("questions", question.id, rule)
        if not found:
            raise out_of_range(
                "questions", chosen or (), "name one at least that can be asked", "leaves nothing to ask"
            )
        return tuple(found)

    def _priced(self, option: Option) -> Option:
        """Return an option without amounts in another currency."""
        cost = option.deduction
        if self.is_same_money or not (option.extra_minor or (cost is not None and cost.amount_minor)):
            return option
        source = f"a setting: no amount yet, {self.old.id} has one in {self.old.currency}; write it in {self.currency}"
        return option.replace(deduction=_without_amount(cost), extra_minor=0, source=source)

    def _moved(self, settings: _VALUE) -> _VALUE:
        """Return settings with amounts in another currency at their default, or 0."""
        if self.is_same_money:
            return settings
        amounts = (field for field in fields(cast("Any", settings)) if field.name.endswith("_minor"))
        return settings.replace(**{one.name: 0 if one.default is MISSING else one.default for one in amounts})

    def _anchors(self, terms: Terms, prices: PriceTable) -> AnchorTable:
        """Return the anchors that answers need: the same share of the price as in the other programme."""
        options = (option for question in terms.questionnaire.questions for option in question.options)
        needed = sorted({option.deduction.anchor for option in options if option.deduction is not None} - {""})
        shares = dict(map(self._share, needed))
        return AnchorTable.of(
            Anchor(
                price.model,
                component,
                price.effective_from,
                max(price.price_minor * share // BPS, 1),
                "modelled",
                f"{share} bps of the market price, the median of {self.old.id}: put your repair cost in its place",
            )
            for price in prices
            for component, share in shares.items()
        )

    def _share(self, component: str) -> tuple[str, int]:
        """Return the median share of the last price that the last anchor has, in basis points, and its family.

        It is the closest family in the other programme.
        """
        last = {model: series.rows[-1].price_minor for model, series in self.old.prices.by_key.items()}
        for family in broader(component):
            shares = [
                series.rows[-1].amount_minor * BPS // last[model]
                for (model, anchored), series in self.old.anchors.by_key.items()
                if anchored == family and model in last
            ]
            if shares:
                return family, median_low(shares)
        rule = "give a programme that has each anchor that its answers need"
        raise out_of_range("like", self.old.id, rule, f"has no {component} anchor of a model with a price")


def _each(question: Question, change: Callable[[Option], Option]) -> Question:
    return question.replace(options=tuple(map(change, question.options)))


def _without_amount(cost: Deduction | None) -> Deduction | None:
    return None if cost is not None and cost.amount_minor else cost


def _lawful(terms: Terms) -> Terms:
    """Return terms that satisfy Indian law, which demands a register's answer: see `miexchange.programme._lint`."""
    eligibility, exchange = terms.eligibility, terms.exchange
    hours = eligibility.register_hours or _REGISTER_HOURS
    asked = eligibility.replace(unverified_imei="refuse", register_hours=hours)
    if exchange is None:
        return terms.replace(eligibility=asked)
    ages = {name: getattr(exchange, name) or _REGISTER_HOURS for name in REGISTER_AGES}
    return terms.replace(eligibility=asked, exchange=exchange.replace(inspection="required", **ages))
