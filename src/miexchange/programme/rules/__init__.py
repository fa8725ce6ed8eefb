"""The rules of value that keep a part of the price, as one list: to add a rule is to add an element.

`miexchange.appraise` walks the list for one device, `miexchange.batch` lays the same elements out as arrays. Linter,
strategies and the page of rules use them too. Their settings and their inputs are defined here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypedDict, TypeVar

from miexchange import _kernel
from miexchange._bounded import Items, Line, hints_of, parts_of
from miexchange._fits import check_of, fault
from miexchange._limits import LISTED, VALUE_ITEMS
from miexchange._text import is_missing
from miexchange._value import text
from miexchange.money import Bps
from miexchange.programme.rules._rule import Label, Retention, Rule, Span
from miexchange.programme.rules.age import AGE, AgeBand
from miexchange.programme.rules.bonuses import BONUSES, Bonus
from miexchange.programme.rules.customers import CUSTOMERS, CustomerClass
from miexchange.programme.rules.drift import DRIFT
from miexchange.programme.rules.overlaps import OVERLAPS, Overlap

if TYPE_CHECKING:
    from datetime import date

__all__ = [
    "BONUSES",
    "COUNTED",
    "INPUTS",
    "OVERLAPS",
    "RETENTIONS",
    "RULES",
    "AgeBand",
    "Bonus",
    "CustomerClass",
    "Facts",
    "Inputs",
    "Label",
    "Overlap",
    "Retention",
    "Rule",
    "Settings",
    "Span",
    "Told",
    "plain_input",
    "plain_inputs",
    "told_by_name",
]

_Function = TypeVar("_Function", bound=Callable[..., Any])

RETENTIONS: tuple[Retention, ...] = (AGE, DRIFT, CUSTOMERS)
"""The rules that keep a part of the price, in the order in which they are applied; each rounds what it leaves."""

RULES: tuple[Rule, ...] = (*RETENTIONS, OVERLAPS, BONUSES)
"""All rules with settings of their own."""

COUNTED = ("months_owned", "days_priced")
"""The facts that are counts of time. Every other fact that a rule reads is a text: an argument, and a column."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of the rules, each a field of `Terms` and a key of ``programme.toml``.

    Attributes:
        age_bands: the shares kept by age since purchase; empty if age does not matter.
        drift_bps_per_day: the loss of a price for each whole day since it became effective.
        customer_classes: the shares kept by class of customer, the best first; empty if classes do not matter.
        overlaps: component groups that are damaged together.
        bonuses: amounts on top.
    """

    age_bands: Annotated[tuple[AgeBand, ...], Items(0, LISTED)] = ()
    drift_bps_per_day: Bps = 0
    customer_classes: Annotated[tuple[CustomerClass, ...], Items(0, LISTED, "id")] = ()
    overlaps: Annotated[tuple[Overlap, ...], Items(0, LISTED)] = ()
    bonuses: Annotated[tuple[Bonus, ...], Items(0, LISTED, "id")] = ()


class Inputs(TypedDict, total=False):
    """The inputs of rules, as keyword arguments of `miexchange.appraise`; `Told` describes each."""

    target: str | None
    customer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The inputs of rules that a valuation got: fields of a quote, arguments, options; columns if rules read them.

    Attributes:
        target: the new model that the customer wants to buy, for bonuses on it.
        customer: the class of the customer, if it was given.
    """

    target: Annotated[Line | None, "the new phone that is wanted, for bonuses on it"] = None
    customer: Annotated[Line | None, "the class of the customer, where the programme pays by class"] = None

    @property
    def told(self) -> Inputs:
        """All inputs, by name."""
        return {name: getattr(self, name) for name in INPUTS}  # type: ignore[return-value]  # the names of `Inputs`


INPUTS: dict[str, str] = {name: parts_of(hint)[1][-1] for name, hint in hints_of(Told).items()}
"""The inputs of rules by name, with their types."""

_NOTHING: dict[str, str | None] = dict.fromkeys(INPUTS)

_fits_quote = check_of(Line, VALUE_ITEMS)


def plain_input(given: object, name: str) -> str | None:
    """Return an input of a valuation as a plain text, or None.

    Raises:
        InvalidValue: neither a text nor missing, or a text that is invalid in a quote.
    """
    if is_missing(given):
        return None
    said = given if type(given) is str else text(given, name, f"give {INPUTS[name]}, or None")
    if not _fits_quote(said):
        raise fault(name, said, Line | None, VALUE_ITEMS)
    return said


def plain_inputs(told: Mapping[str, object]) -> dict[str, str | None]:
    """Return all inputs of a valuation; a missing one is None."""
    if not told:
        return _NOTHING
    if strange := told.keys() - INPUTS:
        raise TypeError(f"got an unexpected keyword argument {min(strange)!r}")
    return {name: plain_input(told.get(name), name) for name in INPUTS}


def told_by_name(function: _Function, hint: Callable[[str], Any] = lambda _: "str | None") -> _Function:
    """Show each of the `Inputs`, with its hint, in the signature of a function that takes them as ``**told``."""
    signature = inspect.signature(function)
    *others, _ = signature.parameters.values()
    others += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hint(what))
        for name, what in INPUTS.items()
    ]
    function.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]
    return function


class Facts(NamedTuple):
    """The facts that rules read about a device, its customer and the instant.

    Attributes:
        purchased_on: the day of purchase, if it is given.
        on: the day of the valuation, in the programme's zone.
        days_priced: whole days since the market price became effective.
        told: the inputs of the valuation.
    """

    purchased_on: date | None
    on: date
    days_priced: int
    told: Mapping[str, str | None]

    def label(self, name: str) -> Label:
        """Return the fact of a name: one of `COUNTED`, or an input of the valuation."""
        label: Label = getattr(self, name) if name in COUNTED else self.told.get(name)
        return label

    @property
    def months_owned(self) -> int | None:
        """Whole months since the purchase: below zero if that is in the future, None if it is not given."""
        since, on = self.purchased_on, self.on
        if since is None:
            return None
        months: int = _kernel.whole_months(since.year * 12 + since.month, since.day, on.year * 12 + on.month, on.day)
        return months
