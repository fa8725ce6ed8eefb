"""The inspection at the door: its findings, and their effect on the quote, item by item.

`Inspection` holds the answers of a person (and of the phone itself) at the door; `examine` compares it with
the quote: is it the quoted device, is it ready to be handed over, which answers differ,
and what does each of them cost. Only questions of the quote's own questionnaire are priced; others
are reported. An improvement is shown like a fault, with a positive amount.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, final

from miexchange._bounded import Id, Line, Name, Pair
from miexchange._keyed import Token, check_keys
from miexchange._value import Value, argument, check_types, elements, require, text
from miexchange.condition import Condition
from miexchange.coupon import device_token
from miexchange.device_report import DeviceReport
from miexchange.eligibility import RegisterAnswer, against
from miexchange.imei import Imei
from miexchange.money import Amount
from miexchange.quote import GrantedBonus, Quote, QuoteLine
from miexchange.refusal import Reason, ReasonCode, Refusal, reason_of, refusal_of
from miexchange.valuation import appraise_again, maker_of, unmade

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from miexchange.catalogue import Variant
    from miexchange.condition import Question, Questionnaire
    from miexchange.programme import Programme
    from miexchange.valuation import Programmes

__all__ = ["ChangedAnswer", "Conflict", "Examination", "Inspection", "examine"]


_SHOWS = Pair("question", "reference", ("the question's id", "what shows the answer, such as ``photo-1``"))


@dataclass(frozen=True, slots=True)
class Inspection(Value):
    """The findings of an inspection of the old phone.

    Attributes:
        answers: the questions, answered again.
        imeis: the IMEIs that a person saw on the phone (dial ``*#06#``); may be empty if the phone reports its own.
        screen_lock_off: whether the screen lock is off.
        accounts_removed: whether every account is signed out.
        memory_card_out: whether the memory card is out, or there is none.
        model: the variant's id by the person's judgement; None if it is the quoted one.
        evidence: the evidence: pairs of a question's id and a reference, such as that of a photograph.
        report: the phone's report about itself, if it can make one.
        register_answer: a register's answer at the door; None if none was asked.
    """

    answers: Condition
    imeis: tuple[Imei, ...]
    screen_lock_off: bool
    accounts_removed: bool
    memory_card_out: bool
    model: Id | None = None
    evidence: tuple[Annotated[tuple[Name, Line], _SHOWS], ...] = ()
    report: DeviceReport | None = None
    register_answer: RegisterAnswer | None = None

    def without_imeis(self) -> Inspection:
        """Return the inspection without any IMEI."""
        return self._bare()


@dataclass(frozen=True, slots=True)
class ChangedAnswer(Value):
    """One answer that differs from the quote's.

    Attributes:
        question: the question's id.
        said: the answer in the quote; "" if there was none.
        seen: the answer that counts now; the worse one if a person and the phone itself differ; "" if the
            question is not asked after the present answer to an earlier one.
        amount: its effect on the coupon's value, in minor units; negative for a cost.
        evidence: the references of the evidence; ``device report`` if the phone itself reports it.
    """

    question: Id
    said: Line
    seen: Line
    amount: int
    evidence: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Conflict(Value):
    """One subject on which the customer, the person at the door and the phone itself disagree.

    Attributes:
        subject: a question's id, or ``imei``, ``model``, ``storage``, ``accounts``.
        said: the customer's answer; "" for none, ``***`` for an IMEI.
        seen: the answer of the person at the door; "" for none.
        reported: the phone's own report.
    """

    subject: Id
    said: Line
    seen: Line
    reported: Line


@final
@dataclass(frozen=True, slots=True)
class Examination(Value):
    """The result of comparing an inspection with the quote.

    Attributes:
        kind: ``valued``: the quoted device, which the programme accepts; ``not_taken``: the quoted device, and an
            answer refuses it; ``locked``: the quoted device, which cannot be judged before it is unlocked;
            ``other_device``: not its IMEI; ``other_model``: its IMEI, and another model or memory.
        condition: the answers that count.
        changes: the answers that differ, in the order of the questionnaire. For a valued device their amounts add up
            to `coupon_value` minus the quote's.
        conflicts: the subjects on which customer, person and phone disagree.
        unasked: answers to questions that were not asked, as ``question=answer``: reported, never priced.
        reasons: why the device is refused, or is not the quoted one; for a locked one, its locks.
        lines: the steps of the new value; they add up to `coupon_value`.
        bonuses: the bonuses on top of the new exchange value.
        exchange_value: the value of the device as inspected, in minor units; 0 if it is not valued.
        coupon_value: the same with bonuses.
        device_tokens: keyed tokens of every IMEI that was seen, sorted, if it is the quoted device: a phone
            shows (``*#06#``) its other numbers as well.
        register_answer: the register's answer at the door; None if none was asked. The exchange's rules limit its
            age.
    """

    kind: Literal["valued", "not_taken", "other_device", "other_model", "locked"]
    condition: Condition
    changes: tuple[ChangedAnswer, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    unasked: tuple[Line, ...] = ()
    reasons: tuple[Reason, ...] = ()
    lines: tuple[QuoteLine, ...] = ()
    bonuses: tuple[GrantedBonus, ...] = ()
    exchange_value: Amount = 0
    coupon_value: Amount = 0
    device_tokens: tuple[Token, ...] = ()
    register_answer: RegisterAnswer | None = None

    def __post_init__(self) -> None:
        check_types(self)
        lines = sum(line.amount for line in self.lines)
        rule = f"give what its lines add up to, {lines}"
        require(lines == self.coupon_value, "Examination.coupon_value", self.coupon_value, rule)
        value = self.coupon_value - sum(bonus.amount for bonus in self.bonuses)
        fits = value == self.exchange_value
        rule = f"give what its lines add up to without bonuses, {value}"
        require(fits, "Examination.exchange_value", self.exchange_value, rule)
        fits = (self.kind == "valued") is not bool(self.reasons)
        require(fits, "Examination.reasons", self.reasons, "give reasons exactly where the device is not valued")
        fits = self.kind == "valued" or not (self.lines or self.bonuses)
        require(fits, "Examination.lines", self.lines, "give lines and bonuses only where the device is valued")


_TOKENS = "give the tokens of the quoted device"


def examine(
    quote: Quote,
    inspection: Inspection,
    programme: Programmes,
    *,
    device_tokens: Sequence[str],
    key: bytes,
    old_keys: Sequence[bytes] = (),
    bonuses_given: Mapping[str, int] | None = None,
) -> Examination | Refusal:
    """Compare an inspection with the quote that was accepted.

    The phone is valued again under the terms, at the prices and at the instant of the quote, so that only
    the answers can change its value. If a person and the phone itself answer a question differently, the worse
    answer counts, and both are listed in `Examination.conflicts`.

    Args:
        quote: the quote; with or without IMEIs.
        inspection: the inspection.
        programme: the rules; a later version will do if it values the quoted answers as the quote did. Or
            programmes by digest, from which that of the quote is chosen.
        device_tokens: the tokens of the quoted device, as in the coupon.
        key: the key of `device_token`.
        old_keys: its earlier keys, the newest first, which the coupon's tokens may still use.
        bonuses_given: the counts of bonuses with a quota given to others by now; None for the counts of the quote.

    Returns:
        The result of the inspection, or a refusal that changes nothing: the phone is not ready to be handed over (a
        locked one is a finding if the terms give time to unlock it), an answer is missing or unknown, a worse answer
        comes without evidence, or the programme does not make the quote (`programme_unknown`).

    Raises:
        InvalidValue: an argument is of another type.
    """
    argument(inspection, Inspection, "inspection")
    keys = check_keys((key, *check_keys(old_keys, "old_keys")))
    given = elements(device_tokens, "device_tokens", _TOKENS)
    quoted = frozenset(text(token, "device_tokens", _TOKENS) for token in given)
    maker = maker_of(quote, programme)
    if isinstance(maker, Refusal):
        return maker
    programme = maker
    if (asked := _asked(quote, programme)) is None:
        return unmade(quote)
    variant, questions = asked
    questionnaire = _questionnaire(quote, programme)
    inspection = inspection.replace(answers=questionnaire.as_options(inspection.answers))
    reading = _Reading(quote, inspection, questions, questionnaire)
    condition, tokens, locks = questionnaire.as_asked(reading.condition), _Tokens(quoted, keys), _locks(inspection)
    if locks and _gives_time(quote, programme) and tokens.of(inspection) and tokens.are_those_of(inspection):
        return Examination(
            kind="locked",
            condition=condition,
            unasked=reading.unasked,
            reasons=tuple(locks),
            device_tokens=tokens.of(inspection),
            register_answer=inspection.register_answer,
        )
    reasons = [*_not_ready(inspection), *reading.reasons]
    if reasons:
        return refusal_of(reasons)
    model = _other_model(inspection, variant, programme)
    worth = appraise_again(quote.without_imei(), programme, condition=condition, bonuses_given=bonuses_given)
    listed = against(inspection.register_answer, 0, quote.at)
    changes = reading.changes()
    kind: Literal["valued", "not_taken", "other_device", "other_model"] = "valued"
    if not tokens.are_those_of(inspection):
        kind, reasons = "other_device", [reason_of(ReasonCode.OTHER_DEVICE)]
    elif model is not None:
        kind, reasons = "other_model", [model]
    elif isinstance(worth, Refusal) or listed:
        kind, reasons = "not_taken", [*listed, *(worth.reasons if isinstance(worth, Refusal) else ())]
    else:
        changes = _priced(quote, changes, programme, bonuses_given, variant)
    valued = worth if isinstance(worth, Quote) and kind == "valued" else None
    return Examination(
        kind=kind,
        condition=condition,
        changes=changes,
        conflicts=(*_conflicts_of_device(inspection, variant, programme), *reading.conflicts),
        unasked=reading.unasked,
        reasons=tuple(reasons),
        lines=valued.lines if valued else (),
        bonuses=valued.bonuses if valued else (),
        exchange_value=valued.exchange_value if valued else 0,
        coupon_value=valued.coupon_value if valued else 0,
        device_tokens=() if kind == "other_device" else tokens.of(inspection),
        register_answer=inspection.register_answer,
    )


def _asked(quote: Quote, programme: Programme) -> tuple[Variant, tuple[Question, ...]] | None:
    """Return the variant and the questions of the quote; None if the programme cannot have made it."""
    terms = programme.terms_at(quote.at)
    variant = programme.catalogue.lookup(quote.model)
    worth = appraise_again(quote.without_imei(), programme)
    same = isinstance(worth, Quote) and _content(worth) == _content(quote)
    if terms is None or variant is None or not same:
        return None
    return variant, terms.questionnaire.asked_of(variant)


def _questionnaire(quote: Quote, programme: Programme) -> Questionnaire:
    """Return the questions of a quote that the programme makes."""
    terms = programme.terms_at(quote.at)
    assert terms is not None  # noqa: S101 - which made the quote
    return terms.questionnaire


def _content(quote: Quote) -> tuple[object, ...]:
    """Return the parts in which two quotes for one phone agree; the texts of their lines may be of two versions."""
    lines = [(line.rule, line.amount, line.source) for line in quote.lines]
    return quote.terms, quote.questionnaire, lines, quote.bonuses


class _Tokens:
    """The identity of the quoted device, as tokens."""

    def __init__(self, quoted: frozenset[str], keys: tuple[bytes, ...]) -> None:
        self._quoted = quoted
        self._keys = keys

    def are_those_of(self, inspection: Inspection) -> bool:
        """Tell whether each source of the phone's IMEIs, the person and the phone itself, has one of the quoted."""
        return all(self._any_of(imeis) for imeis in (inspection.imeis, _reported(inspection)) if imeis)

    def of(self, inspection: Inspection) -> tuple[str, ...]:
        """Return the tokens of all that were seen."""
        seen = (*inspection.imeis, *_reported(inspection))
        return tuple(sorted({device_token(imei, key=key) for imei in seen for key in self._keys}))

    def _any_of(self, imeis: Iterable[Imei]) -> bool:
        return any(device_token(imei, key=key) in self._quoted for imei in imeis for key in self._keys)


def _reported(inspection: Inspection) -> tuple[Imei, ...]:
    return () if inspection.report is None else inspection.report.imeis


def _gives_time(quote: Quote, programme: Programme) -> bool:
    """Tell whether a locked phone is held for a while, so that its owner can unlock it."""
    terms = programme.terms_at(quote.at)
    return terms is not None and terms.exchange is not None and terms.exchange.unlock_hours > 0


def _locks(inspection: Inspection) -> list[Reason]:
    """Return the locks of the phone: a screen lock, or an account of any maker."""
    report = inspection.report
    locks = [] if inspection.screen_lock_off else [reason_of(ReasonCode.SCREEN_LOCK_ON)]
    if not inspection.accounts_removed or (report is not None and report.factory_reset_protection):
        locks.append(reason_of(ReasonCode.ACCOUNTS_PRESENT))
    return locks


def _not_ready(inspection: Inspection) -> list[Reason]:
    """Return what must be done before the phone can be handed over."""
    report = inspection.report
    reasons = []
    if not inspection.imeis and (report is None or not report.imeis):
        reasons.append(reason_of(ReasonCode.IMEI_MISSING, "door"))
    reasons += _locks(inspection)
    if not inspection.memory_card_out:
        reasons.append(reason_of(ReasonCode.MEMORY_CARD_INSIDE))
    return reasons


def _other_model(inspection: Inspection, variant: Variant, programme: Programme) -> Reason | None:
    """Return the other model that it is, if the person or the phone says so."""
    seen = None if inspection.model is None else programme.catalogue.lookup(inspection.model)
    other = inspection.model if inspection.model not in {None, variant.model} else None
    if seen is not None and other:
        other = seen.label
    report = inspection.report
    if other is None and report is not None:
        family = _reported_family(report, programme)
        if family is not None and family != variant.family:
            other = family
        elif variant.storage_gb and report.storage_gb not in {None, variant.storage_gb}:
            other = f"{variant.family} with {report.storage_gb} GB"
    if other is None:
        return None
    return reason_of(ReasonCode.OTHER_MODEL, label=variant.label, seen=other, model=variant.model)


def _reported_family(report: DeviceReport, programme: Programme) -> str | None:
    """Return the family by the phone's own report; None for a name that the catalogue does not have."""
    for brand in (report.brand, report.manufacturer):
        family = programme.catalogue.family_of(brand, report.model) if report.model else None
        if family is not None:
            return family
    return None


def _conflicts_of_device(inspection: Inspection, variant: Variant, programme: Programme) -> list[Conflict]:
    """List the phone's statements about its identity that contradict the others. An IMEI is not shown."""
    report = inspection.report
    if report is None:
        return []
    conflicts = []
    if inspection.imeis and report.imeis and not _bodies(inspection.imeis) & _bodies(report.imeis):
        conflicts.append(Conflict("imei", "***", "***", "***"))
    if report.model and _reported_family(report, programme) != variant.family:
        conflicts.append(Conflict("model", variant.family, inspection.model or "", f"{report.brand} {report.model}"))
    if variant.storage_gb and report.storage_gb not in {None, variant.storage_gb}:
        conflicts.append(Conflict("storage", f"{variant.storage_gb} GB", "", f"{report.storage_gb} GB"))
    return conflicts


def _bodies(imeis: Iterable[Imei]) -> set[str]:
    return {imei.body for imei in imeis}


class _Reading:
    """The answers at the door, of the person and of the phone, beside those of the quote."""

    def __init__(
        self, quote: Quote, inspection: Inspection, questions: tuple[Question, ...], questionnaire: Questionnaire
    ) -> None:
        self._questionnaire = questionnaire
        self.reasons: list[Reason] = []
        self.conflicts: list[Conflict] = []
        self._said = questionnaire.as_options(quote.condition)
        self._questions = questions
        self._evidence = inspection.evidence
        person = inspection.answers
        said_by_phone = {} if inspection.report is None else dict(inspection.report.answers)
        asked = {question.id: [option.id for option in question.options] for question in questions}
        self._by_phone = {name: answer for name, answer in said_by_phone.items() if answer in asked.get(name, ())}
        beside = {name: answer for name, answer in said_by_phone.items() if name not in self._by_phone}
        beside |= {name: answer for name, answer in person.items() if name not in asked}
        counted: dict[str, str | None] = {}
        for question in questions:
            if question.asked_after and counted.get(question.asked_after) not in question.asked_answers:
                said = {**self._by_phone, **person}
                beside |= {question.id: said[question.id]} if question.id in said else {}
                continue
            given = [person.get(question.id), self._by_phone.get(question.id)]
            counted[question.id] = self._worse(question, [answer for answer in given if answer is not None])
            self._note_conflict(question, person.get(question.id, ""))
        self.unasked = tuple(f"{name}={answer}" for name, answer in sorted(beside.items()))
        self.condition = Condition(counted)
        self._check_evidence(person)

    def _worse(self, question: Question, given: list[str]) -> str | None:
        """Return the worse of the answers; a missing or unknown one is a reason."""
        order = [option.id for option in question.options]
        said = self._said.get(question.id)
        self.reasons += [
            self._questionnaire.answer_unknown(question, answer) for answer in given if answer not in order
        ]
        known = [answer for answer in given if answer in order]
        if not given and (said is not None or not question.optional):
            self.reasons.append(self._questionnaire.answer_missing(question))
        return max(known, key=order.index) if known else None

    def _note_conflict(self, question: Question, seen: str) -> None:
        said, reported = self._said.get(question.id, ""), self._by_phone.get(question.id, "")
        if reported and {said, seen or reported} != {reported}:
            self.conflicts.append(Conflict(question.id, said, seen, reported))

    def _check_evidence(self, person: Condition) -> None:
        """Demand evidence for each worse answer that only a person gives: a re-quote never rests on one word."""
        for question in self._questions:
            order: list[str | None] = [option.id for option in question.options]
            said, seen = self._said.get(question.id), self.condition.get(question.id)
            before = order[0] if said is None and not question.optional else said
            if before is None or seen is None or order.index(seen) <= order.index(before):
                continue
            if person.get(question.id) == seen and not self._references(question):
                about = {"question": question.id, "seen": seen}
                case, about = ("asked", about) if said is None else ("", {**about, "said": said})
                self.reasons.append(reason_of(ReasonCode.EVIDENCE_MISSING, case, **about))

    def _references(self, question: Question) -> tuple[str, ...]:
        name = question.id
        phone = ("device report",) if self._by_phone.get(name) == self.condition.get(name) else ()
        return (*(shown for subject, shown in self._evidence if subject in {name, question.asked_as}), *phone)

    def changes(self) -> tuple[ChangedAnswer, ...]:
        """Return the answers that differ, not priced yet."""
        changed = []
        for question in self._questions:
            said, seen = self._said.get(question.id, ""), self.condition.get(question.id, "")
            if said != seen:
                changed.append(ChangedAnswer(question.id, said, seen, 0, self._references(question)))
        return tuple(changed)


def _priced(
    quote: Quote,
    changes: tuple[ChangedAnswer, ...],
    programme: Programme,
    bonuses_given: Mapping[str, int] | None,
    variant: Variant,
) -> tuple[ChangedAnswer, ...]:
    """Return the amount of each change: they are made one after the other, so the amounts add up by themselves.

    If a change leads to another question, that gets its best answer, and the observed answer is the next change.
    No step can be refused: an answer is one of the quote's or of the inspection's, and neither has a gate.
    """
    questionnaire = _questionnaire(quote, programme)
    condition, value = quote.condition, quote.coupon_value
    priced = []
    for change in changes:
        changed = condition.replace(**{change.question: change.seen or None})
        condition = questionnaire.fitted(changed, variant)
        step = appraise_again(quote.without_imei(), programme, condition=condition, bonuses_given=bonuses_given)
        assert isinstance(step, Quote), step.codes  # noqa: S101 - as the docstring says
        priced.append(change.replace(amount=step.coupon_value - value))
        value = step.coupon_value
    return tuple(priced)
