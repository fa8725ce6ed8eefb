"""The fewest changes that turn a refusal into an offer, or an offer into a higher one.

A refused person has a right to know: procedure and principles by which an automated decision was made, such that
it can be seen how other data would have changed the result (CJEU, C-203/22 of 27 February 2025, on Article 15(1)(h) of
the GDPR).

>>> from datetime import UTC, datetime
>>> from miexchange import Condition, Device, Programme, appraise, what_would_change
>>> programme, at = Programme.load("uk-trade-in"), datetime(2025, 4, 13, tzinfo=UTC)
>>> device = Device("google-pixel-8-128")
>>> said = Condition({"lock": "locked", "power": "on", "works": "all", "screen": "cracked", "body": "good"})
>>> refusal = appraise(device, said, programme, at=at)
>>> print(what_would_change(refusal, programme, device=device, condition=said, at=at).explain())
condition_gate lock=locked: the customer can do it
To be taken, at 120.50:
  lock: free instead of locked (the customer can do it)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Unpack

from miexchange._bounded import Count, Items, MaybeId, Note
from miexchange._cures import HERE, OF_ONE, Key, Picks, Place, Said, Search, What, gated, reasons_of
from miexchange._limits import TEXT
from miexchange._privacy import mask
from miexchange._questions import BETWEEN, NONE
from miexchange._value import Value, argument, flag, instant, require
from miexchange.catalogue import Device
from miexchange.condition import Condition
from miexchange.eligibility import ImeiStatus, RegisterAnswer
from miexchange.errors import missing, one_line
from miexchange.programme import NONE_GIVEN, Programme
from miexchange.programme.rules import Inputs, plain_inputs, told_by_name
from miexchange.quote import Quote
from miexchange.refusal import Reason, ReasonCode, ReasonKind, Refusal
from miexchange.valuation import check_programme

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from miexchange.condition import Questionnaire

__all__ = ["Against", "Change", "Changes", "Cure", "What", "what_would_change"]


@dataclass(frozen=True, slots=True)
class Change(Value):
    """One value that would have to differ.

    Attributes:
        what: its kind: an argument of `appraise`.
        subject: the question, if it is an answer; else "".
        before: the given value; "" for none.
        after: the value instead: for an answer the worst one that is good enough; "" for none.
        by: who or what can make the change: the ``customer`` alone, such as by an answer that was left out or by
            removing a lock; ``other_device``, a repaired phone or another one; an ``operator``; ``wait``, for a later
            day. None for a day in the past: nobody can.
    """

    what: What
    subject: MaybeId
    before: Note
    after: Note
    by: ReasonKind | None

    def __str__(self) -> str:
        """Return it as a line of text."""
        if self.what == "imei":
            return "the phone's own IMEI"
        what = self.subject or _CALLED[self.what]
        instead = f" instead of {self.before}" if self.before else ""
        return f"{what}: {self.after}{instead}" if self.after else f"{what}: no answer{instead}"


_CALLED: dict[str, str] = {
    "model": "model",
    "at": "asked at",
    "imei_status": "the register says",
    "exchange_open": "another exchange under way",
    "device_exchanged": "traded in before",
    "purchased_on": "bought on",
    "target": "new phone",
    "customer": "class of customer",
}


@dataclass(frozen=True, slots=True)
class Cure(Value):
    """A smallest set of changes, and the offer after them.

    Attributes:
        changes: the changes.
        quote: the quote of `appraise` after them, without IMEIs and seal. It is no offer: the facts are hypothetical.
        assumed: the answers in it to questions that are asked only because of the changes: the best ones.
    """

    changes: Annotated[tuple[Change, ...], Items(1, 1_000)]
    quote: Quote
    assumed: Condition


@dataclass(frozen=True, slots=True)
class Against(Value):
    """A reason of a refusal, with whether it can be cured and by whom.

    Attributes:
        reason: the reason.
        by: who or what can cure it. That is `ReasonCode.kind`, except for answers that do not describe the phone,
            such as a lock, which the customer can change.
        curable: whether a change cures it, whatever the other reasons.
    """

    reason: Reason
    by: ReasonKind
    curable: bool


@dataclass(frozen=True, slots=True)
class Changes(Value):
    """The changes that would improve an answer. It is true if there are any.

    Attributes:
        coupon_value: the present offer in minor units; None for a refusal.
        against: the reasons of the refusal; none for a quote.
        cures: every smallest set of changes that turns the refusal into a quote, or raises the quote: the highest offer
            first, of a greater number the first 16.
        appraisals: the number of valuations of the search.
        complete: whether the search was complete; if not, a set of changes may be larger than necessary.
    """

    coupon_value: Count | None
    against: tuple[Against, ...]
    cures: tuple[Cure, ...]
    appraisals: Count
    complete: bool = True

    def __bool__(self) -> bool:
        """Tell whether there is a set of changes."""
        return bool(self.cures)

    def explain(self, write: Callable[[int], str] | None = None) -> str:
        """Return it as text: each reason with who can cure it, then each set of changes with its offer.

        Args:
            write: the function that formats an amount; by default plain digits with the currency's decimals.
        """
        rows = []
        for one in self.against:
            what = f"{one.reason.code} {one.reason.subject}".rstrip()
            rows.append(f"{what}: {_WHO[one.by] if one.curable else _NOBODY}")
        goal = "taken" if self.coupon_value is None else "worth more"
        for cure in self.cures:
            rows.append(f"To be {goal}, at {(write or cure.quote.currency.plain)(cure.quote.coupon_value)}:")
            rows += [f"  {change} ({_WHO[change.by]})" for change in cure.changes]
            if cure.assumed:
                rows.append(f"  {', '.join(f'{name}={said}' for name, said in cure.assumed.items())} (asked only then)")
        if not self.cures:
            rows.append(f"Nothing that is known here would let it be {goal}.")
        return "\n".join(rows)


_NOBODY = "nothing that is known here cures it"
_WHO: dict[ReasonKind | None, str] = {
    ReasonKind.CUSTOMER: "the customer can do it",
    ReasonKind.OTHER_DEVICE: "this phone repaired, or another one",
    ReasonKind.WAIT: "by waiting",
    ReasonKind.OPERATOR: "the shop can do it",
    ReasonKind.STRANGER: "whoever it belongs to",
    None: "that day is past",
}


@told_by_name
def what_would_change(
    answer: Quote | Refusal,
    programme: Programme,
    *,
    device: Device | None = None,
    condition: Condition | None = None,
    at: datetime | None = None,
    imei_status: ImeiStatus | RegisterAnswer = ImeiStatus.UNVERIFIED,
    exchange_open: bool = False,
    device_exchanged: bool = False,
    bonuses_given: Mapping[str, int] = NONE_GIVEN,
    **told: Unpack[Inputs],
) -> Changes:
    """Return every smallest set of changes that turns a refusal into an offer, or raises an offer.

    These may change: an answer, to a better or a valid one; the variant, to another one of its family; the day, to
    the nearest ones before and after on which the programme accepts the model; the register's answer, to clear; an IMEI
    that is not the phone's, to the phone's own; the date of purchase, the class of customer, and the other arguments of
    `appraise`. For a quote also the target, for a bonus on it; in that case only one of variant, day and target
    changes. Each set is minimal, and each of its answers no better than needed.

    Args:
        answer: the result of `appraise`.
        programme: its programme.
        device: the device, and the further arguments as given to `appraise`; all of them for a refusal, and
            none for a quote, which contains them.
        condition: as above.
        at: as above.
        imei_status: as above.
        exchange_open: as above.
        device_exchanged: as above.
        bonuses_given: as above.
        **told: as above.

    Raises:
        InvalidValue: an argument is of another type, missing for a refusal or given with a quote, or `appraise`
            returns another answer for these arguments.
    """
    check_programme(programme)
    if type(answer) is Quote:
        given = device is None and condition is None and at is None and not any(told.values())
        require(given, "answer", answer.label, "give a quote alone: it carries what it was asked about")
        imeis = dict(zip(("imei", "imei2"), answer.imeis, strict=False))
        said = Said(
            Device(answer.model, **imeis, purchased_on=answer.purchased_on),
            answer.condition,
            answer.at,
            answer.register_answer or answer.imei_status,
            exchange_open=False,
            device_exchanged=False,
            bonuses_given=dict(answer.bonuses_given),
            told=plain_inputs(answer.told),
        )
    else:
        argument(answer, Refusal, "answer", "give what appraise returned")
        for name, value in (("device", device), ("condition", condition), ("at", at)):
            if value is None:
                raise missing(name, "give with a refusal what appraise was asked")
        said = Said(
            argument(device, Device, "device"),
            argument(condition, Condition, "condition"),
            instant(at, "at"),
            imei_status,
            exchange_open=flag(exchange_open, "exchange_open"),
            device_exchanged=flag(device_exchanged, "device_exchanged"),
            bonuses_given=bonuses_given,
            told=plain_inputs(told),
        )
    search = Search(programme, said, answer)
    found, complete = search.found()
    teller = _Teller(search)
    cures = sorted((teller.cure(*one) for one in found), key=lambda cure: -cure.quote.coupon_value)
    against = tuple(teller.against(reason, curable=bool(cures)) for reason in reasons_of(search.first))
    return Changes(search.worth, against, tuple(cures), search.count, complete)


class _Teller:
    """Formats the result of a search."""

    def __init__(self, search: Search) -> None:
        self.search, self.said = search, search.said
        self.zone = search.programme.zone
        terms = search.programme.terms_at(search.said.at)
        questions = () if terms is None else terms.questionnaire.questions
        self.places = {question.id: place for place, question in enumerate(questions)}

    def cure(self, place: Place, picks: Picks) -> Cure:
        """Return a set of changes as reported."""
        found, at, told = self.search.value(place, picks), self.said.at, list[Change]()
        assert isinstance(found, Quote)  # noqa: S101 - they reach the goal
        if place.model is not None:
            is_slip = self.search.variant is None or ReasonCode.TAC_OTHER_MODEL in self.codes
            by = ReasonKind.CUSTOMER if is_slip else ReasonKind.OTHER_DEVICE
            told.append(Change("model", "", _note(self.said.device.model), place.model, by))
        if place.at is not None:
            before, after = (one.astimezone(self.zone).isoformat() for one in (at, place.at))
            told.append(Change("at", "", before, after, ReasonKind.WAIT if place.at > at else None))
        if place.target is not None:
            wish = _note(self.said.told["target"] or "")
            told.append(Change("target", "", wish, _note(place.target), ReasonKind.CUSTOMER))
        told += [self.change(place, key) for key in sorted(picks, key=self.order)]
        return Cure(tuple(told), found.without_imei(), self.search.completed(place, picks)[1])

    @property
    def codes(self) -> set[ReasonCode]:
        return {reason.code for reason in reasons_of(self.search.first)}

    def order(self, key: Key) -> tuple[str, int, str]:
        """Return the sort key of a change: answers are in the order of the questions."""
        what, subject, _ = key
        return what, self.places.get(subject, len(self.places)), subject

    def change(self, place: Place, key: Key) -> Change:
        """Return one change as reported."""
        what, subject, option = key
        if what == "condition":
            return self.answer(place, subject, option)
        said, reasons = self.said, reasons_of(self.search.value(place, frozenset()))
        kinds = [one.code.kind for one in reasons if OF_ONE.get(one.code) == what]
        status = said.imei_status.status if isinstance(said.imei_status, RegisterAnswer) else said.imei_status
        bought = said.device.purchased_on
        at = self.search.at(place)
        evidence = "" if self.search.clear(at) is ImeiStatus.CLEAR else ", with its date and reference"
        shown: dict[What, tuple[str, str]] = {
            "imei": ("", ""),
            "imei_status": (str(status), f"{ImeiStatus.CLEAR}{evidence}"),
            "exchange_open": ("yes", "no"),
            "device_exchanged": ("yes", "no"),
            "purchased_on": ("" if bought is None else bought.isoformat(), at.astimezone(self.zone).date().isoformat()),
            "customer": (_note(said.told["customer"] or ""), option or ""),
        }
        return Change(what, "", *shown[what], (kinds or [ReasonKind.OPERATOR])[0])

    def answer(self, place: Place, name: str, option: str | None) -> Change:
        """Return a change of an answer as reported: of the phone itself, or of the answer given about it."""
        questionnaire = self.search.questionnaire(place)
        question, given = questionnaire.by_id.get(name), self.given(questionnaire, name)
        is_of_phone = question is not None and question.axis != "none" and option is not None
        known = set() if question is None else {one.id for one in question.options}
        by = ReasonKind.OTHER_DEVICE if is_of_phone and given in known else ReasonKind.CUSTOMER
        return Change("condition", _note(name), _note(given), option or "", by)

    def given(self, questionnaire: Questionnaire, name: str) -> str:
        """Return the given answer to a question; to one with several choices, of which each may have its own, all."""
        said = self.said.condition
        options = questionnaire.as_options(said)
        if name not in questionnaire.several:
            given = options.get(name, said.get(name))
            return "''" if given == "" else given or ""
        choices = [options.get(one.id, "") for one in questionnaire.several[name]]
        named = dict.fromkeys(answer for answer in choices if answer not in {"", NONE})
        return BETWEEN.join(named) or ("" if "" in choices else NONE)

    def against(self, reason: Reason, *, curable: bool) -> Against:
        """Return a reason of the refusal with whether it can be cured and by whom."""
        by = reason.code.kind
        if name := gated(self.search.questionnaire(HERE), reason) if self.search.was_asked is not None else "":
            by = self.answer(HERE, name, "better").by or by
        return Against(reason, by, curable or all(self.search.curing(HERE, frozenset(), reason)))


def _note(said: str) -> str:
    """Return user input as a line of a report, with possible IMEIs masked."""
    return one_line(mask(said))[:TEXT]
