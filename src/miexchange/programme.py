"""A programme: dated terms, lists and tables in one directory, loaded as one immutable object.

A directory holds ``programme.toml`` and the tables that it names. Loading refuses whatever could
make a quote wrong, all problems at once, each with its file and line; `lint` returns them.

>>> from miexchange import Programme
>>> programme = Programme.load("mi-exchange-india")
>>> programme.terms[0].usage.valid_days
14
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, cast

from miexchange._text import is_a, is_missing, native, printable
from miexchange._value import Value, argument, check_types, day, dump, instant, pairs, require, text, whole
from miexchange.condition import Grade, Questionnaire
from miexchange.eligibility import Catalogue, EligibilityTerms, EligibleModels
from miexchange.errors import InvalidValue
from miexchange.imei import TacTable
from miexchange.market import AnchorTable, PriceTable
from miexchange.money import BPS, GREATEST_PAISE, rupees

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from miexchange.errors import Problem

__all__ = [
    "AgeBand",
    "Bonus",
    "ExchangeRules",
    "Overlap",
    "Programme",
    "StepName",
    "Terms",
    "UsageRules",
    "lint",
    "shipped",
]


StepName = tuple[str, str, str]
"""How a step of a value is called: its rule, its effect for people, and the row that says so."""


NONE_GIVEN: Mapping[str, int] = MappingProxyType({})
"""No bonus with a quota was given yet."""


def plain_target(target: object) -> str | None:
    """Return the new model that a customer wants to buy as a plain text, or None.

    Raises:
        InvalidValue: neither a text nor missing.
    """
    if target is None or type(target) is str:
        return target
    return None if is_missing(target) else text(target, "target", "give the new model's name, or None")


_COUNTS = "give a mapping of bonus id to how often it was given"


def counts_given(given: object) -> Mapping[str, int]:
    """Return how often each bonus was given, by its id as a plain text.

    Raises:
        InvalidValue: it does not say how often each bonus was given.
    """
    if given is NONE_GIVEN:
        return NONE_GIVEN
    counts = [(native(name), native(times)) for name, times in pairs(given, "bonuses_given", _COUNTS)]
    if not all(type(name) is str and type(times) is int and times >= 0 for name, times in counts):
        raise InvalidValue("bonuses_given", given, _COUNTS)
    return dict(cast("list[tuple[str, int]]", counts))


@dataclass(frozen=True, slots=True)
class AgeBand(Value):
    """What is kept of the price from an age on.

    Attributes:
        from_months: whole months since the purchase, from which the band holds.
        keep_bps: what is kept, in basis points.
    """

    from_months: int
    keep_bps: int


@dataclass(frozen=True, slots=True)
class Overlap(Value):
    """Two component groups that damage together: the smaller deduction counts only in part.

    Attributes:
        one: a component group.
        other: another one.
        counted_bps: the part of the smaller deduction that counts, in basis points.
        source: where the number is from.
    """

    one: str
    other: str
    counted_bps: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class Bonus(Value):
    """Money on top of the exchange value, kept apart from it.

    Of the bonuses that are not stackable, only the largest counts; stackable ones all add up.

    Attributes:
        id: the bonus's id.
        says: what it is, for people.
        paise: a fixed amount; or
        share_bps: a share of the exchange value, in basis points.
        cap_paise: the most it can be; required for a share.
        from_value_paise: the least exchange value that earns it. A band has no upper end, so that
            a higher value never earns less.
        targets: the new models that it is for; empty for all. It is spent only on these.
        begins: the first day, in the programme's zone; None for always.
        ends: the first day no longer; None for open.
        stackable: whether it adds to others.
        quota: how often it is given; None for no limit.
        fall_back: the bonus that is given in its place when the quota is used up, or "".
        source: where the offer is from.
    """

    id: str
    says: str
    paise: int = 0
    share_bps: int = 0
    cap_paise: int | None = None
    from_value_paise: int = 0
    targets: tuple[str, ...] = ()
    begins: date | None = None
    ends: date | None = None
    stackable: bool = False
    quota: int | None = None
    fall_back: str = ""
    source: str = ""

    @property
    def most_paise(self) -> int:
        """The most that the bonus can be: its cap, or its fixed amount."""
        return self.paise if self.cap_paise is None else self.cap_paise

    def runs(self, on: date, target: str | None) -> bool:
        """Tell whether the bonus is offered that day for that new model."""
        if type(on) is not date:
            on = day(on, "on")
        if target is not None and type(target) is not str:
            target = plain_target(target)
        if self.targets and target not in self.targets:
            return False
        return (self.begins is None or self.begins <= on) and (self.ends is None or on < self.ends)


@dataclass(frozen=True, slots=True)
class UsageRules(Value):
    """What a coupon may be used for.

    Attributes:
        valid_days: for how many times 24 hours from the moment of issue.
        categories: the product categories that it buys.
        brands: the brands that it buys.
        channels: where it can be used.
        applies_to: ``one_unit``: one unit of one line gets the discount, the dearest;
            ``eligible_lines``: every eligible line gets its share.
        minimum_order_paise: the least sum of eligible lines.
        surplus: what happens to what the order does not use up.
        stacks_with: the kinds of other discounts that the order may have.
        source: where the rules are from.
    """

    valid_days: int
    categories: tuple[str, ...]
    brands: tuple[str, ...]
    channels: tuple[str, ...]
    applies_to: Literal["one_unit", "eligible_lines"]
    minimum_order_paise: int
    surplus: Literal["forfeit", "store_credit"]
    stacks_with: tuple[str, ...]
    source: str = ""


@dataclass(frozen=True, slots=True)
class ExchangeRules(Value):
    """What happens to an exchange between checkout and doorstep.

    Attributes:
        inspection: whether the old phone must be inspected before the exchange is completed.
        released_validity: what a coupon gets back when its order is cancelled: ``remaining``, the time that was
            left when it was reserved; or ``full``, all its days anew. Either counts from the cancellation.
        mismatch: what happens where the inspected phone is worth less than quoted by more than the tolerance:
            ``honour`` the quote all the same, let the customer pay the ``difference``, or ``cancel`` the exchange.
        tolerance_paise: a shortfall of up to so much is honoured; or
        tolerance_bps: of up to this share of the coupon's value, in basis points; the larger of the two counts.
        decide_hours: how long the customer may take to accept or decline a re-quote; 0 where none is made.
        reversal: what the customer gets for the old phone when the new one is returned: ``none``, the exchange
            cannot be reversed; ``store_credit`` of its value without bonuses; or the ``old_phone`` itself.
        reversal_days: for how many times 24 hours after the hand-over that can be; 0 where it cannot be reversed.
        rebuy: whether a device that was bought is bought ``never`` again, or ``after`` some days. A reversal frees it.
        rebuy_days: for how many times 24 hours after the hand-over it is not; 0 where it never is.
        skew_seconds: by how much the clocks of a service's machines may differ: an instant that is earlier than what
            it follows by up to so much counts as that instant.
        source: where the rules are from.
    """

    inspection: Literal["required", "optional"]
    released_validity: Literal["remaining", "full"]
    mismatch: Literal["honour", "difference", "cancel"]
    reversal: Literal["none", "store_credit", "old_phone"]
    tolerance_paise: int = 0
    tolerance_bps: int = 0
    decide_hours: int = 0
    reversal_days: int = 0
    rebuy: Literal["never", "after"] = "never"
    rebuy_days: int = 0
    skew_seconds: int = 2
    source: str = ""

    def bounds(self) -> dict[str, tuple[int, int]]:
        """Return the least and the greatest value of each number; 0 to 0 where it would never be read.

        >>> rules = ExchangeRules("required", "remaining", "cancel", "none")
        >>> rules.bounds()["decide_hours"]
        (0, 0)
        """
        decides, reverses = self.mismatch == "difference", self.reversal != "none"
        tolerates = self.mismatch != "honour"
        return {
            "tolerance_paise": (0, GREATEST_PAISE if tolerates else 0),
            "tolerance_bps": (0, BPS - 1 if tolerates else 0),
            "decide_hours": (1, 24 * _LONGEST_DAYS) if decides else (0, 0),
            "reversal_days": (1, _LONGEST_DAYS) if reverses else (0, 0),
            "rebuy_days": (1, _LONGEST_DAYS) if self.rebuy == "after" else (0, 0),
            "skew_seconds": (0, _LONGEST_SKEW),
        }

    def following(self, at: datetime, after: datetime) -> datetime:
        """Return the instant at which something happened after something else, as clocks that differ a little tell it.

        >>> from datetime import UTC
        >>> rules = ExchangeRules("required", "remaining", "cancel", "none")
        >>> noon = datetime(2018, 3, 20, 12, tzinfo=UTC)
        >>> rules.following(noon - timedelta(milliseconds=1), noon) == noon
        True
        """
        at, after = instant(at, "at"), instant(after, "after")
        behind = (after - at) // timedelta(microseconds=1)
        return after if 0 < behind <= self.skew_seconds * 1_000_000 else at

    def buys_again(self, bought: datetime, at: datetime) -> bool:
        """Tell whether a device that was bought at one instant may be bought again at another."""
        bought, at = instant(bought, "bought"), instant(at, "at")
        return self.rebuy == "after" and (at - bought) // timedelta(days=1) >= self.rebuy_days

    def honours(self, shortfall: int, value: int) -> bool:
        """Tell whether a device that is worth so much less than the coupon's value is taken as it was quoted.

        The share is compared without rounding: shortfall / value against tolerance_bps / 10 000.

        >>> rules = ExchangeRules("required", "remaining", "cancel", "none", tolerance_paise=20_000)
        >>> rules.honours(20_000, 1_000_000), rules.honours(20_001, 1_000_000)
        (True, False)
        """
        shortfall, value = whole(shortfall, "shortfall"), whole(value, "value")
        within = shortfall <= self.tolerance_paise or shortfall * BPS <= value * self.tolerance_bps
        return shortfall <= 0 or self.mismatch == "honour" or within


_LONGEST_DAYS = 3_650
_LONGEST_SKEW = 300
_RANGES = (
    ("quote_valid_hours", 1, 24 * _LONGEST_DAYS),
    ("price_max_age_days", 1, _LONGEST_DAYS),
    ("factor_bps", 0, BPS),
    ("scrap_paise", 0, GREATEST_PAISE),
    ("step_paise", 1, GREATEST_PAISE),
    ("drift_bps_per_day", 0, BPS),
)


@dataclass(frozen=True)
class Terms(Value):
    """One dated version of a programme's terms. It holds until the next version begins.

    Attributes:
        version: the version's name; a quote carries it.
        effective_from: the first instant at which it holds, UTC.
        eligibility: what is decided about eligibility.
        questionnaire: the questions, and what each answer does.
        grades: the grades, best first.
        quote_valid_hours: how long a quote can be accepted.
        price_max_age_days: how long a price stays fresh.
        factor_bps: the operator's share of the value.
        scrap_paise: the floor.
        step_paise: the value is rounded down to whole steps of this.
        drift_bps_per_day: what a price loses for each whole day since it became effective.
        age_bands: what is kept by age since purchase; empty where age does not matter.
        overlaps: component groups that damage together.
        bonuses: offers on top.
        usage: what the coupon may be used for.
        exchange: what happens between checkout and doorstep; None for a programme that only quotes.
        quote_seal: whether a quote is accepted only with a seal. Where quotes leave the service's hands, it is
            ``required``: an unsealed quote that names another phone or other answers is like a new one.
        source: where the terms are from.
    """

    version: str
    effective_from: datetime
    eligibility: EligibilityTerms
    questionnaire: Questionnaire
    grades: tuple[Grade, ...]
    quote_valid_hours: int
    price_max_age_days: int
    factor_bps: int
    scrap_paise: int
    step_paise: int
    usage: UsageRules
    drift_bps_per_day: int = 0
    age_bands: tuple[AgeBand, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    bonuses: tuple[Bonus, ...] = ()
    exchange: ExchangeRules | None = None
    quote_seal: Literal["optional", "required"] = "optional"
    source: str = ""

    def __post_init__(self) -> None:
        check_types(self)
        object.__setattr__(self, "effective_from", instant(self.effective_from, "Terms.effective_from"))

    @cached_property
    def is_sound(self) -> bool:
        """Whether values can be computed under these terms at all; loading a programme checks far more.

        Raises:
            InvalidValue: the terms were put together by hand, and a number is out of its range or a
                name leads nowhere.
        """
        for field, least, most in _RANGES:
            number = getattr(self, field)
            fits = least <= number <= most
            require(fits, f"Terms.{field}", number, f"give a whole number from {least} to {most}")
        steps = [option.grade for question in self.questionnaire.questions for option in question.options]
        fits = min(steps, default=0) >= 0 and max(steps, default=0) < len(self.grades)
        require(fits, "Terms.grades", len(self.grades), "give a grade for every step that an answer can lead to")
        fits = not self.age_bands or self.age_bands[0].from_months <= 0
        require(fits, "Terms.age_bands", self.age_bands, "begin the first band at 0 months")
        for overlap in self.overlaps:
            fits = {overlap.one, overlap.other} <= self.components.keys()
            require(fits, "Terms.overlaps", f"{overlap.one}+{overlap.other}", "name components that cost something")
        return True

    @cached_property
    def bonus_by_id(self) -> dict[str, Bonus]:
        """The bonuses by id."""
        return {bonus.id: bonus for bonus in self.bonuses}

    def paid_bonus(self, bonus: Bonus, given: Mapping[str, int], on: date, target: str | None) -> Bonus | None:
        """Return what is paid where a bonus is offered: itself while its quota lasts, then its fall-back.

        Args:
            bonus: a bonus of these terms.
            given: how often each bonus with a quota was given so far.
            on: the day.
            target: the new model that the customer wants to buy.

        Raises:
            InvalidValue: an argument is not of its type.
        """
        argument(bonus, Bonus, "bonus")
        return self._paid(bonus, counts_given(given), on, target)

    def _paid(self, bonus: Bonus, given: Mapping[str, int], on: date, target: str | None) -> Bonus | None:
        """Return what `paid_bonus` does, of counts that are known to be counts: this is the hot path."""
        if not bonus.runs(on, target):
            return None
        paid: Bonus | None = bonus
        while paid is not None and paid.quota is not None and given.get(paid.id, 0) >= paid.quota:
            paid = self.bonus_by_id.get(paid.fall_back)
        return paid if paid is not None and paid.runs(on, target) else None

    @cached_property
    def components(self) -> dict[str, int]:
        """The component groups that can cost something, with their position in a quote."""
        names = (
            question.component
            for question in self.questionnaire.questions
            if any(option.deduction for option in question.options)
        )
        return {name: position for position, name in enumerate(dict.fromkeys(names))}

    @cached_property
    def overlap_positions(self) -> tuple[tuple[int, int, int], ...]:
        """The overlaps by position of their component groups, with the part that counts."""
        at = self.components
        return tuple((at[overlap.one], at[overlap.other], overlap.counted_bps) for overlap in self.overlaps)

    @cached_property
    def option_names(self) -> dict[tuple[str, str], tuple[StepName, StepName, StepName]]:
        """The names of an option's retention, deduction and extra: written once, for the hot path."""
        names = {}
        for question in self.questionnaire.questions:
            for option in question.options:
                row = f"condition[{question.id}={option.id}]"
                deduction = f"{option.says}: {option.deduction.effect() if option.deduction else ''}"
                names[question.id, option.id] = (
                    (f"retention:{question.id}", f"{option.keep_bps} bps kept: {option.says}", row),
                    (f"deduction:{question.component}", deduction, row),
                    (f"extra:{question.id}", option.says, row),
                )
        return names

    @cached_property
    def grade_names(self) -> tuple[StepName, ...]:
        """The names of the grade's step, by grade."""
        return tuple(
            ("grade", f"grade {grade.id}: {grade.keep_bps} bps kept", f"grades[{grade.id}]") for grade in self.grades
        )

    @cached_property
    def overlap_names(self) -> tuple[StepName, ...]:
        """The names of the overlaps' steps."""
        pairs = [(f"{overlap.one}+{overlap.other}", overlap.counted_bps) for overlap in self.overlaps]
        return tuple((f"overlap:{pair}", f"{bps} bps of the smaller count", f"overlaps[{pair}]") for pair, bps in pairs)

    @cached_property
    def closing_names(self) -> tuple[StepName, ...]:
        """The names of the last four steps, which every value has."""
        return (
            ("factor", f"{self.factor_bps} bps: the operator's share", "terms[factor_bps]"),
            ("floor", f"not below the scrap value of {rupees(self.scrap_paise)}", "terms[scrap_paise]"),
            ("cap", "not above the market price", "market_prices"),
            ("rounding", f"down to whole steps of {rupees(self.step_paise)}", "terms[step_paise]"),
        )

    @cached_property
    def price_max_age(self) -> timedelta:
        """How long a price stays fresh, as a duration."""
        return timedelta(days=self.price_max_age_days)

    @cached_property
    def quote_life(self) -> timedelta:
        """How long a quote can be accepted, as a duration."""
        return timedelta(hours=self.quote_valid_hours)


@dataclass(frozen=True, eq=False)
class Programme:
    """One programme: all that a valuation reads besides the device, the answers and the instant.

    Two programmes are equal when their digests are. A new price list makes a new programme; a
    service swaps one reference.

    Attributes:
        id: the programme's id.
        title: its name for people.
        zone: where its days begin.
        brands: the brands of old phones that it accepts.
        catalogue: the models that exist.
        eligible: the dated list of models that it takes.
        prices: the dated market prices.
        anchors: the dated repair anchors.
        tacs: which model a TAC belongs to.
        terms: the dated terms, oldest first.
    """

    id: str
    title: str
    zone: timezone
    brands: frozenset[str]
    catalogue: Catalogue
    eligible: EligibleModels
    prices: PriceTable
    anchors: AnchorTable
    tacs: TacTable
    terms: tuple[Terms, ...]

    @classmethod
    def load(cls, source: str | Path) -> Programme:
        """Load a programme.

        Args:
            source: the id of a programme that ships with the package, or the path of a directory.

        Raises:
            DataError: everything that is wrong with it, as file, line and reason.
        """
        from miexchange import _programme_files  # noqa: PLC0415 - it imports this module

        return _programme_files.load(source)

    def save(self, directory: str | Path, *, overwrite: bool = False) -> Path:
        """Write the programme as a directory, and return its path; loading it gives an equal programme.

        The files are written under another name, and loaded to compare them, before the directory takes its name: it
        is there whole, or not at all. The same programme gives the same bytes. Comments of the files that it was
        loaded from, and the ``source`` of the head of ``programme.toml``, are not in it.

        Args:
            directory: a directory that is not there yet; those above it are made.
            overwrite: whether a programme that is there is replaced, with all its files. A directory that holds
                anything but ``.toml`` and ``.csv`` files is refused.

        Raises:
            DataError: `load` would refuse the programme, by file, line and reason.
            InvalidValue: something is there already, the directory cannot be written, or the programme holds what
                would be loaded as something else, such as a text with space around it.

        >>> from tempfile import TemporaryDirectory
        >>> programme = Programme.load("mi-exchange-india")
        >>> with TemporaryDirectory() as folder:
        ...     Programme.load(programme.save(f"{folder}/copy")) == programme
        True
        """
        from miexchange import _programme_save  # noqa: PLC0415 - it imports this module

        return _programme_save.save(self, directory, overwrite=overwrite)

    def terms_at(self, at: datetime) -> Terms | None:
        """Return the terms in force at an instant, or None before the first ones."""
        position = bisect_right(self._beginnings, instant(at, "at"))
        return self.terms[position - 1] if position else None

    @cached_property
    def _beginnings(self) -> tuple[datetime, ...]:
        return tuple(terms.effective_from for terms in self.terms)

    @cached_property
    def price_names(self) -> dict[tuple[str, datetime], tuple[str, str]]:
        """Effect and row of every market price, for the first line of a quote: written once."""
        names = {}
        for price in self.prices.prices:
            since = price.effective_from.astimezone(self.zone).date()
            effect = f"{price.basis} price of a clean device since {since}"
            names[price.model, price.effective_from] = (effect, f"market_prices[{price.model}@{since}]")
        return names

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the canonical content: comments, order of rows and file names do not matter."""
        import hashlib  # noqa: PLC0415 - it loads OpenSSL; a programme is loaded long after the import

        content = hashlib.sha256()
        head = (self.id, self.title, str(self.zone.utcoffset(None)), *sorted(self.brands))
        content.update("\x1f".join(head).encode())
        for table in (*self.terms, self.catalogue, self.eligible, self.prices, self.anchors):
            content.update(b"\x1e" + dump(table))
        for tac, device in self.tacs:
            content.update(f"\x1e{tac}\x1f{device.brand}\x1f{device.model}".encode())
        return content.hexdigest()

    def __eq__(self, other: object) -> bool:
        """Compare by content."""
        return self.digest == other.digest if is_a(other, Programme) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        """Show which programme it is; its tables are too long to print."""
        size = f"{len(self.eligible.listings)} listings, {len(self.terms)} terms"
        return f"<Programme {printable(self.id)} {self.digest[:12]}: {size}>"


def shipped() -> tuple[str, ...]:
    """Return the ids of the programmes that ship with the package.

    >>> shipped()
    ('graded-trade-in', 'mi-exchange-india')
    """
    from miexchange._data import folder  # noqa: PLC0415 - the data is looked for when it is asked for

    return tuple(sorted(file.parent.name for file in (folder() / "programmes").glob("*/programme.toml")))


def lint(source: str | Path) -> tuple[Problem, ...]:
    """Return everything that is wrong with a programme; nothing for one that `Programme.load` takes.

    Args:
        source: the id of a programme that ships with the package, or the path of a directory.
    """
    from miexchange import _programme_files  # noqa: PLC0415 - it imports this module

    return _programme_files.lint(source)
