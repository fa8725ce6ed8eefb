"""A case, the reader of a file of them, and the differences between a case and its programme."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miexchange._arguments import PATH, TEXT, instance, takes
from miexchange._files import read_text
from miexchange._limits import TABLE_BYTES
from miexchange._problems import Problems
from miexchange._text import listed
from miexchange.cases._numbers import stated_numbers
from miexchange.catalogue import Device
from miexchange.condition import Condition
from miexchange.eligibility import ImeiStatus
from miexchange.errors import InvalidValue, Problem, shown
from miexchange.programme import Programme
from miexchange.programme._toml import Toml
from miexchange.quote import Quote
from miexchange.valuation import appraise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miexchange.money import Currency
    from miexchange.refusal import Refusal

__all__ = ["Case", "differences", "read_cases", "sum_of"]

_STATES = [status.value for status in ImeiStatus]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A phone, an instant, and its value or the reasons of its refusal; or many phones, each with its value.

    Attributes:
        rule: the rule that the case shows, in words.
        at: the instant.
        programme: the id of its programme; "" in the file of one programme.
        model: the phone, as `Device.model`.
        because: the derivation of the value.
        answers: the answers other than the best ones.
        unanswered: the questions without an answer.
        imei: one IMEI of the phone.
        imei2: the other one.
        imei_status: the register's answer.
        purchased_on: the day of purchase.
        exchange_open: whether the account has an open exchange.
        device_exchanged: whether the phone was traded in before.
        target: the new model that the customer wants.
        customer: the class of the customer.
        bonuses_given: the number of times that each bonus with a quota was given.
        value: the value of the coupon, as text in the programme's currency.
        exchange_value: the value of the phone.
        grade: its grade.
        lines: every line of the quote: its rule and its amount.
        refused: the codes of all reasons, if it is refused.
        warnings: the codes of all warnings.
        models: variants by id with the sum of each for these answers, or the codes of its refusal.
        tacs: TACs with the devices that they belong to.
        stated: numbers of the terms in force, and rows of prices and anchors, that no value shows, such as
            ``usage.valid_days``.
    """

    rule: str
    at: datetime
    programme: str = ""
    model: str = ""
    because: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    unanswered: list[str] = field(default_factory=list)
    imei: str | None = None
    imei2: str | None = None
    imei_status: str = ImeiStatus.UNVERIFIED.value
    purchased_on: date | None = None
    exchange_open: bool = False
    device_exchanged: bool = False
    target: str | None = None
    customer: str | None = None
    bonuses_given: dict[str, int] = field(default_factory=dict)
    value: str | None = None
    exchange_value: str | None = None
    grade: str | None = None
    lines: list[str] | None = None
    refused: list[str] | None = None
    warnings: list[str] | None = None
    models: dict[str, str] = field(default_factory=dict)
    tacs: dict[str, str] = field(default_factory=dict)
    stated: dict[str, int] = field(default_factory=dict)

    @takes(programme=instance(Programme), model=TEXT)
    def outcome(self, programme: Programme, model: str = "") -> Quote | Refusal:
        """Value the phone of the case, or another model with the same answers."""
        model = model or self.model
        return appraise(
            Device(model, self.imei, self.imei2, purchased_on=self.purchased_on),
            self.condition(programme, model),
            programme,
            at=self.at,
            imei_status=ImeiStatus(self.imei_status),
            exchange_open=self.exchange_open,
            device_exchanged=self.device_exchanged,
            target=self.target,
            customer=self.customer,
            bonuses_given=self.bonuses_given,
        )

    @takes(programme=instance(Programme), model=TEXT)
    def condition(self, programme: Programme, model: str) -> Condition:
        """Return the best answers overridden by those of the case; only the latter if model or terms are unknown."""
        terms = programme.terms_at(self.at)
        family = programme.catalogue.family_of("", model)
        variants = [programme.catalogue.by_model[model]] if model in programme.catalogue.by_model else []
        if family is not None:
            variants += programme.catalogue.variants_of(family)
        if terms is None or not variants:
            return Condition(self.answers).replace(**dict.fromkeys(self.unanswered))
        answers = self.answers
        if self.models:  # of many phones, each has the answers to its own questions
            asked = {question.id for question in terms.questionnaire.asked_of(variants[0])}
            answers = {question: answer for question, answer in answers.items() if question in asked}
        return terms.questionnaire.best(variants[0], answers).replace(**dict.fromkeys(self.unanswered))

    @takes(programme=instance(Programme))
    def differing(self, programme: Programme) -> Iterator[tuple[tuple[str, ...], str, str]]:
        """Yield each key that differs from the programme, the programme's value, and that of the case."""
        if self.model:
            yield from self._differing_phone(programme)
        for model, said in self.models.items():
            found = sum_of(self.outcome(programme, model))
            if found != said:
                yield ("models", model), found, said
        for tac, said in self.tacs.items():
            found = devices_of(programme, tac)
            if found != said:
                yield ("tacs", tac), found, said
        if self.stated:
            numbers = stated_numbers(programme, self.at)
            for name, number in self.stated.items():
                if numbers.get(name) != number:
                    yield ("stated", name), f"{numbers.get(name, 'nothing')}", f"{number}"

    def _differing_phone(self, programme: Programme) -> Iterator[tuple[tuple[str, ...], str, str]]:
        outcome = self.outcome(programme)
        found = said_by(outcome)
        for name in ("refused", "value", "exchange_value", "grade", "lines", "warnings"):
            said = getattr(self, name)
            if said is None and (name != "refused" or isinstance(outcome, Quote)):
                continue
            seen = found.get(name)
            is_same = sorted(said or ()) == sorted(seen or ()) if name in {"refused", "warnings"} else said == seen
            if not is_same:
                yield (name,), _words(seen), _words(said)


def said_by(outcome: Quote | Refusal) -> dict[str, Any]:
    """Return an outcome as the keys of a case."""
    if not isinstance(outcome, Quote):
        return {"refused": [*outcome.codes]}
    write = outcome.currency.plain
    return {
        "value": write(outcome.coupon_value),
        "exchange_value": write(outcome.exchange_value),
        "grade": outcome.grade,
        "lines": [f"{line.rule} {write(line.amount)}" for line in outcome.lines],
        "warnings": [warning.code.value for warning in outcome.warnings],
    }


def sum_of(outcome: Quote | Refusal) -> str:
    """Return a quote as the sum of its non-zero lines, and a refusal as its codes.

    >>> from datetime import UTC, datetime
    >>> from miexchange import headline
    >>> sum_of(headline("oneplus-3t-6-64", Programme.load("mi-exchange-india"), at=datetime(2018, 3, 20, tzinfo=UTC)))
    '11290.00 = 11290.00'
    """
    if not isinstance(outcome, Quote):
        return "refused: " + ", ".join(sorted(outcome.codes))
    return f"{_added([line.amount for line in outcome.lines], outcome.currency)} = {outcome.money.plain}"


def _added(amounts: list[int], currency: Currency) -> str:
    first, *others = amounts
    signed = [f"{'-' if amount < 0 else '+'} {currency.plain(abs(amount))}" for amount in others if amount]
    return " ".join([currency.plain(first), *signed])


def devices_of(programme: Programme, tac: str) -> str:
    """Return the devices of a TAC, in one line."""
    devices = (device for known, device in programme.tacs if known == tac)
    return "; ".join(sorted(f"{device.brand} {device.model}" for device in devices)) or "nothing"


def _words(said: object) -> str:
    if isinstance(said, list):
        return listed(said) if said else "nothing"
    return "nothing" if said is None else f"{said}"


_KINDS: dict[str, tuple[str, Any]] = {
    "str": ("give a text", lambda value: type(value) is str),
    "str | None": ("give a text", lambda value: type(value) is str),
    "bool": ("give true or false", lambda value: type(value) is bool),
    "date | None": ("give a date", lambda value: type(value) is date),
    "datetime": (
        "give an instant with its offset, such as 2018-03-20 12:00:00+05:30",
        lambda value: isinstance(value, datetime) and value.tzinfo is not None,
    ),
    "list[str]": ("give a list of texts", lambda value: _all(value, list, str)),
    "list[str] | None": ("give a list of texts", lambda value: _all(value, list, str)),
    "dict[str, str]": ("give a table of texts", lambda value: _all(value, dict, str)),
    "dict[str, int]": ("give a table of whole numbers", lambda value: _all(value, dict, int)),
}
_FIELDS = {one.name: f"{one.type}" for one in dataclasses.fields(Case)}


def _all(value: object, kind: type, of: type) -> bool:
    if not isinstance(value, kind):
        return False
    cells = value.values() if isinstance(value, dict) else value
    return all(type(cell) is of for cell in cells)  # type: ignore[attr-defined] # of what was just asked


@takes(path=PATH)
def read_cases(path: str | Path) -> tuple[Case, ...]:
    """Read a file of cases. Keys above the first ``[[case]]`` apply to all of them.

    Args:
        path: the file.

    Raises:
        DataError: the file cannot be read, or a case has an unknown key or an invalid value: all, by file and line.
    """
    return _read(path)[0]


def _read(path: str | Path) -> tuple[tuple[Case, ...], Toml]:
    file, problems = str(path), Problems()
    text = read_text(Path(path), file, problems, TABLE_BYTES)
    problems.raise_if_any()
    try:
        toml = Toml(tomllib.loads(text or ""), text or "")
    except (ValueError, RecursionError) as error:
        problems.add(file, None, "", f"is not TOML: {error}", "Correct the line")
        problems.raise_if_any()
        raise
    shared = {key: value for key, value in toml.data.items() if key != "case"}
    rows = toml.data.get("case", [])
    if not rows or not _all(rows, list, dict):
        problems.add(file, None, "", "has no [[case]]", "Write each case under [[case]]")
        problems.raise_if_any()
    cases = []
    for place, row in enumerate(rows):
        given = {**shared, **row}
        faults = [*_faults(given)]
        for key, what, remedy in faults:
            line = toml.line_of((key,)) if key in shared and key not in row else toml.line_of(("case", place, key))
            problems.add(file, line, key, what, remedy)
        if not faults:
            cases.append(Case(**given))
    problems.raise_if_any()
    return tuple(cases), toml


def _faults(given: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield the invalid keys of a case, what is wrong with each, and the remedy."""
    for key, value in given.items():
        if key not in _FIELDS:
            yield key, "is no key of a case", f"Known: {', '.join(_FIELDS)}"
        elif not _KINDS[_FIELDS[key]][1](value):
            yield key, f"is {shown(value)}", _KINDS[_FIELDS[key]][0].capitalize()
        elif key == "imei_status" and value not in _STATES:
            yield key, f"is {shown(value)}", f"Give one of: {', '.join(_STATES)}"
    for key in ("rule", "at"):
        if key not in given:
            yield key, "is missing", f"Give the {key} of each case"


@takes(path=PATH, programme=instance(Programme))
def differences(path: str | Path, programme: Programme) -> tuple[Problem, ...]:
    """Run a file of cases, and return all differences by file and line; an empty tuple if there are none.

    Args:
        path: the file.
        programme: the programme under test; the key ``programme`` of a case is ignored.

    Raises:
        DataError: the file cannot be read; see `read_cases`.
    """
    cases, toml = _read(path)
    found = []
    for place, case in enumerate(cases):
        try:
            differing = list(case.differing(programme))
        except InvalidValue as error:
            line = toml.line_of(("case", place))
            found.append(Problem(str(path), line, "", f"{case.rule}: {error}", "Correct the case"))
            continue
        for key, seen, said in differing:
            line = toml.line_of(("case", place, *key))
            what = f"{case.rule}: the programme says {seen}, the case says {said}"
            found.append(Problem(str(path), line, ".".join(key), what, "Correct the programme, or the case"))
    return tuple(found)
