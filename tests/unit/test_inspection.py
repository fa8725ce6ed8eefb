"""The door: ready or not, the quoted phone or not, and what each changed answer costs."""

from __future__ import annotations

from typing import Any

import pytest

from miexchange import Condition, DeviceReport, ExchangeRules, Imei, Inspection, InvalidValue, Programme, Refusal
from miexchange.condition import Deduction, Option, Question, Questionnaire
from miexchange.coupon import device_token
from miexchange.eligibility import ImeiStatus, RegisterAnswer
from miexchange.inspection import ChangedAnswer, Conflict, Examination, examine
from miexchange.quote import GrantedBonus, QuoteLine
from miexchange.refusal import Reason, ReasonCode
from unit import small, trade
from unit.trade import IMEI, IMEI2, OTHER, SAID, quote, seen

RULES: ExchangeRules = trade.RULES
PHOTO = (("glass", "photo-1"), ("battery", "photo-2"), ("box", "photo-3"), ("glass", "photo-4"))


def report(**parts: Any) -> DeviceReport:  # noqa: ANN401 - any field
    return DeviceReport(**{"factory_reset_protection": False, "imeis": (IMEI, IMEI2), **parts})


def looked(
    inspection: Inspection,
    *,
    said: Condition = SAID,
    programme: Programme | None = None,
    key: bytes = small.KEY,
    old_keys: tuple[bytes, ...] = (),
) -> Examination | Refusal:
    quoted = quote(said=said)
    tokens = [device_token(imei, key=small.KEY) for imei in quoted.imeis]
    return examine(
        quoted.without_imei(),
        inspection,
        programme or trade.programme(),
        device_tokens=tokens,
        key=key,
        old_keys=old_keys,
    )


def found(inspection: Inspection, **given: Any) -> Examination:  # noqa: ANN401 - as of `looked`
    answer = looked(inspection, **given)
    assert isinstance(answer, Examination), answer.explain()
    return answer


def codes(inspection: Inspection, **given: Any) -> tuple[str, ...]:  # noqa: ANN401 - as above
    answer = looked(inspection, **given)
    assert isinstance(answer, Refusal)
    return answer.codes


# ----- ready to be handed over


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"screen_lock_off": False}, "screen_lock_on"),
        ({"accounts_removed": False}, "accounts_present"),
        ({"memory_card_out": False}, "memory_card_inside"),
        ({"imeis": ()}, "imei_missing"),
        ({"imeis": (), "report": report(imeis=())}, "imei_missing"),
        ({"report": report(factory_reset_protection=True)}, "accounts_present"),
    ],
)
def test_a_phone_that_is_not_ready_is_no_finding(changes: dict[str, Any], code: str) -> None:
    assert codes(seen(**changes)) == (code,)


def test_everything_that_is_missing_is_said_at_once() -> None:
    answers = SAID.replace(glass="scratched", battery=None, accounts="perhaps")
    inspection = seen(screen_lock_off=False, memory_card_out=False, answers=answers)
    assert codes(inspection) == (
        "screen_lock_on",
        "memory_card_inside",
        "answer_missing",
        "answer_unknown",
        "evidence_missing",
    )


# ----- the same phone


def test_a_phone_as_quoted_changes_nothing() -> None:
    examination = found(seen())
    assert examination.kind == "valued"
    assert (examination.changes, examination.conflicts, examination.unasked) == ((), (), ())
    assert examination.coupon_value == quote().coupon_value
    assert examination.lines == quote().lines


def test_an_inspection_is_kept_without_the_imeis_that_were_read() -> None:
    kept = seen().without_imeis()
    assert kept == seen(imeis=())
    assert kept.without_imeis() is kept


@pytest.mark.parametrize("imeis", [(IMEI,), (IMEI2,), (IMEI2, IMEI), (OTHER, IMEI)])
def test_either_imei_of_the_phone_will_do(imeis: tuple[Imei, ...]) -> None:
    assert found(seen(imeis=imeis)).kind == "valued"


@pytest.mark.parametrize(
    "changes",
    [
        {"imeis": (OTHER,)},
        {"imeis": (), "report": report(imeis=(OTHER,))},
        {"imeis": (IMEI,), "report": report(imeis=(OTHER,))},
        {"imeis": (OTHER,), "report": report(imeis=(IMEI,))},
    ],
)
def test_another_imei_is_a_kind_of_its_own(changes: dict[str, Any]) -> None:
    examination = found(seen(answers=SAID.replace(glass="cracked"), evidence=PHOTO, **changes))
    assert examination.kind == "other_device"
    assert [reason.code for reason in examination.reasons] == [ReasonCode.OTHER_DEVICE]
    assert (examination.coupon_value, examination.lines) == (0, ())
    both = bool(changes["imeis"]) and "report" in changes
    assert ("imei" in [conflict.subject for conflict in examination.conflicts]) is both


def test_the_phone_is_known_under_an_old_key() -> None:
    new = b"a newer key than that"
    assert found(seen(), key=new).kind == "other_device"
    assert found(seen(), key=new, old_keys=(small.KEY,)).kind == "valued"


def test_another_model_is_a_kind_of_its_own() -> None:
    examination = found(seen(model="acme-two-4-64"))
    assert examination.kind == "other_model"
    assert examination.reasons[0].message == "The phone was quoted as Acme One (4 GB, 64 GB), and it is acme-two-4-64"
    assert found(seen(model=small.MODEL)).kind == "valued"


def with_two() -> Programme:
    """Return the programme with a second model in its catalogue."""
    two = small.VARIANT.replace(model="acme-two-4-64", name="Two")
    plain = trade.programme()
    catalogue = plain.catalogue.replace(variants=(*plain.catalogue.variants, two))
    return Programme(
        **{field: getattr(plain, field) for field in plain.__dataclass_fields__ if field != "catalogue"},
        catalogue=catalogue,
    )


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"model": "acme-two-4-64"}, "other_model", "it is Acme Two (4 GB, 64 GB)"),
        ({"report": report(brand="ACME", model="Two")}, "other_model", "it is Acme Two"),
        ({"report": report(manufacturer="Acme", model="two")}, "other_model", "it is Acme Two"),
        ({"report": report(brand="acme", model="One")}, "valued", ""),
        ({"report": report(brand="acme", model="SM-G935")}, "valued", ""),
        ({"report": report(storage_bytes=64 * 10**9)}, "valued", ""),
        ({"report": report(storage_bytes=128 * 10**9)}, "other_model", "it is Acme One with 128 GB"),
    ],
)
def test_the_phone_names_its_model_and_its_memory(changes: dict[str, Any], kind: str, words: str) -> None:
    examination = found(seen(**changes), programme=with_two())
    assert examination.kind == kind
    assert words in "".join(reason.message for reason in examination.reasons)


def test_what_the_phone_says_of_itself_and_nobody_said_is_listed() -> None:
    said = report(brand="acme", model="SM-G935", storage_bytes=128 * 10**9)
    assert found(seen(report=said)).conflicts == (
        Conflict("model", "Acme One", "", "acme SM-G935"),
        Conflict("storage", "64 GB", "", "128 GB"),
    )


# ----- the answers


def test_each_changed_answer_has_its_price_and_they_add_up() -> None:
    answers = SAID.replace(glass="scratched", battery="weak", box="there")
    examination = found(seen(answers=answers, evidence=PHOTO))
    assert examination.changes == (
        ChangedAnswer("glass", "best", "scratched", -100_000, ("photo-1", "photo-4")),
        ChangedAnswer("battery", "good", "weak", -60_000, ("photo-2",)),
        ChangedAnswer("box", "", "there", 5_000, ("photo-3",)),
    )
    assert examination.coupon_value == quote().coupon_value - 155_000
    assert sum(line.amount for line in examination.lines) == examination.coupon_value
    assert examination.condition == answers


def test_an_improvement_is_shown_and_needs_no_evidence() -> None:
    examination = found(seen(), said=SAID.replace(glass="scratched"))
    assert examination.changes == (ChangedAnswer("glass", "scratched", "best", 100_000, ()),)


def test_a_gate_at_the_door_is_not_taken() -> None:
    examination = found(seen(answers=SAID.replace(glass="cracked"), evidence=PHOTO))
    assert examination.kind == "not_taken"
    assert [reason.code for reason in examination.reasons] == [ReasonCode.CONDITION_GATE]
    assert examination.changes == (ChangedAnswer("glass", "best", "cracked", 0, ("photo-1", "photo-4")),)


def test_what_was_never_asked_is_reported_and_never_priced() -> None:
    asked = found(seen(answers=SAID.replace(hinge="loose", colour="red"), report=report(moisture=True)))
    assert asked.unasked == ("colour=red", "hinge=loose", "liquid=exposed")
    assert (asked.coupon_value, asked.changes) == (quote().coupon_value, ())
    assert "hinge" not in asked.condition


def test_a_worse_answer_needs_evidence() -> None:
    worse = seen(answers=SAID.replace(glass="marked"))
    refusal = looked(worse)
    assert isinstance(refusal, Refusal)
    assert refusal.codes == ("evidence_missing",)
    assert "glass was best and is marked, and nothing shows it" in refusal.explain()
    assert found(worse.replace(evidence=(("glass", "photo"),))).kind == "valued"


def test_only_the_quoted_phone_is_known_by_its_tokens() -> None:
    assert found(seen()).device_tokens == (device_token(IMEI, key=small.KEY),)
    other = found(seen(imeis=(OTHER,)))
    assert (other.kind, other.device_tokens) == ("other_device", ())


@pytest.mark.parametrize("box", ["there", "missing"])
def test_an_extra_that_nobody_spoke_of_needs_no_evidence(box: str) -> None:
    assert found(seen(answers=SAID.replace(box=box))).kind == "valued"


# ----- the phone's own answers


def test_the_phone_answers_for_its_battery_and_is_evidence_itself() -> None:
    examination = found(seen(answers=SAID.replace(battery=None), report=report(battery_health=82)))
    assert examination.changes == (ChangedAnswer("battery", "good", "worn", -30_000, ("device report",)),)
    assert examination.conflicts == (Conflict("battery", "good", "", "worn"),)


@pytest.mark.parametrize(
    ("health", "person", "counts"),
    [(82, "good", "worn"), (90, "worn", "worn"), (82, "weak", "weak"), (90, "good", "good")],
)
def test_the_worse_of_person_and_phone_counts_and_both_are_listed(health: int, person: str, counts: str) -> None:
    inspection = seen(answers=SAID.replace(battery=person), evidence=PHOTO, report=report(battery_health=health))
    examination = found(inspection)
    assert examination.condition["battery"] == counts
    reported = "worn" if health == 82 else "good"
    agreed = {"good", person, reported} == {"good"}
    assert examination.conflicts == (() if agreed else (Conflict("battery", "good", person, reported),))


# ----- what is no inspection


def test_the_programme_of_the_quote_is_found_by_its_digest() -> None:
    programme, quoted = trade.programme(), quote()
    tokens = [device_token(imei, key=small.KEY) for imei in quoted.imeis]
    given: dict[str, Any] = {"device_tokens": tokens, "key": small.KEY}
    assert examine(quoted, seen(), {programme.digest: programme}, **given) == found(seen())
    refusal = examine(quoted, seen(), {}, **given)
    assert isinstance(refusal, Refusal)
    assert refusal.codes == ("programme_unknown",)


def test_the_programme_must_reproduce_the_quote() -> None:
    dearer = small.programme(trade.terms_of(), price=1_100_000)
    assert codes(seen(), programme=dearer) == ("programme_unknown",)
    other = small.programme(trade.terms_of().replace(questionnaire=Questionnaire("2", trade.QUESTIONS)))
    assert codes(seen(), programme=other) == ("programme_unknown",)
    later = small.programme(trade.terms_of().replace(quote_valid_hours=48))
    assert found(seen(), programme=later).kind == "valued", "another digest, and the same values"


@pytest.mark.parametrize(
    ("quoted", "inspection", "programme", "words"),
    [
        ("quote", seen(), trade.programme(), "give a Quote"),
        (quote(), "seen", trade.programme(), "give an Inspection"),
        (quote(), seen(), "programme", "give a Programme"),
    ],
)
def test_arguments_are_of_their_type(quoted: Any, inspection: Any, programme: Any, words: str) -> None:  # noqa: ANN401 - also wrong
    with pytest.raises(InvalidValue, match=words):
        examine(quoted, inspection, programme, device_tokens=(), key=small.KEY)


def test_an_examination_adds_up() -> None:
    whole = found(seen())
    for changes, words in (
        ({"coupon_value": 1}, "give what its lines add up to, 995000"),
        ({"exchange_value": 1}, "give what its lines add up to without bonuses, 995000"),
        ({"reasons": (Reason(ReasonCode.CONDITION_GATE, "why", "how"),)}, "exactly where the device is not valued"),
        ({"kind": "not_taken"}, "exactly where the device is not valued"),
    ):
        with pytest.raises(InvalidValue, match=words):
            whole.replace(**changes)


def test_the_json_form_leaves_the_imeis_out_unless_they_are_asked_for() -> None:
    inspection = seen(report=report())
    assert IMEI.digits not in inspection.to_json()
    assert Inspection.from_json(inspection.to_json()) == inspection.without_imeis()
    assert Inspection.from_json(inspection.to_json(reveal_imei=True)) == inspection
    assert Inspection.from_json(seen().to_json(reveal_imei=True)) == seen()
    assert IMEI.digits not in repr(inspection)
    examination = found(inspection)
    assert Examination.from_json(examination.to_json()) == examination


def amounts_to(value: int) -> dict[str, Any]:
    return {"lines": (QuoteLine("x", value, "", ""),), "exchange_value": value, "coupon_value": value}


GATE = Reason(ReasonCode.CONDITION_GATE, "It does not work", "Repair it")
ODD: list[tuple[str, dict[str, Any]]] = [
    ("Examination.exchange_value", amounts_to(-5)),
    ("Examination.exchange_value", amounts_to(2**62)),
    ("Examination.lines", {"kind": "not_taken", "reasons": (GATE,), **amounts_to(0)}),
]


@pytest.mark.parametrize(("field", "change"), ODD)
def test_an_examination_has_amounts_that_a_coupon_can_have(field: str, change: dict[str, Any]) -> None:
    """Defect: one from JSON with an amount below zero was taken, and the exchange after it could not be made."""
    with pytest.raises(InvalidValue) as caught:
        Examination(**{"kind": "valued", "condition": Condition(), **change})
    assert caught.value.field == field


NAMED: list[tuple[str, dict[str, Any]]] = [
    ("Examination.coupon_value", {"coupon_value": 1}),
    ("Examination.exchange_value", {"exchange_value": 1}),
    ("Examination.reasons", {"reasons": (GATE,)}),
    ("Examination.reasons", {"kind": "not_taken"}),
    ("Examination.lines", {"kind": "not_taken", "reasons": (GATE,)}),
]


@pytest.mark.parametrize(("field", "change"), NAMED)
def test_what_does_not_fit_in_an_examination_is_named(field: str, change: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue) as caught:
        found(seen()).replace(**change)
    assert caught.value.field == field


def test_an_answer_of_the_quote_is_answered_again() -> None:
    assert codes(seen(), said=SAID.replace(box="there")) == ("answer_missing",)
    assert found(seen()).kind == "valued", "nobody spoke of it"


def test_a_phone_that_says_what_the_customer_said_is_no_conflict() -> None:
    examination = found(seen(answers=SAID.replace(battery=None), report=report(battery_health=90)))
    assert (examination.changes, examination.conflicts) == ((), ())


def test_a_fault_of_the_quote_needs_no_evidence() -> None:
    said = SAID.replace(glass="marked", battery="weak", box="missing")
    assert found(seen(answers=said), said=said).changes == ()


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "valued"),
        ({"model": "acme-two-4-64"}, "other_model"),
        ({"answers": SAID.replace(glass="cracked"), "evidence": PHOTO}, "not_taken"),
    ],
)
def test_every_number_of_the_quoted_phone_has_its_token(changes: dict[str, Any], kind: str) -> None:
    examination = found(seen(imeis=(IMEI, OTHER), **changes))
    tokens = {device_token(imei, key=small.KEY) for imei in (IMEI, OTHER)}
    assert (examination.kind, examination.device_tokens) == (kind, tuple(sorted(tokens)))


def test_evidence_is_an_object_with_names() -> None:
    inspection = seen(evidence=PHOTO[:1])
    assert inspection.to_dict()["evidence"] == [{"question": "glass", "reference": "photo-1"}]
    assert Inspection.from_json(inspection.to_json(reveal_imei=True)) == inspection


def test_a_question_that_the_customer_was_not_asked_needs_evidence_of_a_fault() -> None:
    options = (
        Option("edge", "At the edge"),
        Option("centre", "In the centre", deduction=Deduction(amount_minor=7_000)),
    )
    follows: dict[str, Any] = {"asked_after": "glass", "asked_answers": ("scratched",)}
    where = Question("where", "Where?", "display", "functional", options, **follows)
    asking = small.programme(small.asking(*trade.QUESTIONS, where).replace(exchange=RULES))
    answers = SAID.replace(glass="scratched", where="centre")
    refusal = looked(seen(answers=answers, evidence=PHOTO), programme=asking)
    assert isinstance(refusal, Refusal)
    assert [reason.message for reason in refusal.reasons] == ["where was not asked and is centre, and nothing shows it"]
    for inspection in (
        seen(answers=answers, evidence=(*PHOTO, ("where", "photo-5"))),
        seen(answers=answers.replace(where="edge"), evidence=PHOTO),
    ):
        assert found(inspection, programme=asking).kind == "valued"


@pytest.mark.parametrize(
    ("status", "reasons"),
    [("clear", []), ("unverified", []), *((one, [f"imei_{one}"]) for one in ("blocked", "tracked", "duplicate"))],
)
def test_what_a_register_knows_at_the_door_counts_however_late(status: str, reasons: list[str]) -> None:
    answer = RegisterAnswer(ImeiStatus(status), "CEIR", small.AT + 9 * trade.HOUR, "r1")
    examination = found(seen(register_answer=answer))
    assert (examination.kind, examination.register_answer) == ("not_taken" if reasons else "valued", answer)
    assert [reason.code.value for reason in examination.reasons] == reasons
    both = found(seen(register_answer=answer, answers=SAID.replace(glass="cracked"), evidence=PHOTO))
    assert [reason.code.value for reason in both.reasons] == [*reasons, "condition_gate"]


def test_on_what_the_three_disagree_is_listed() -> None:
    said = report(imeis=(OTHER,), manufacturer="Acme", model="Two", storage_bytes=64 * 10**9)
    assert found(seen(report=said, model="acme-two-4-64"), programme=with_two()).conflicts == (
        Conflict("imei", "***", "***", "***"),
        Conflict("model", "Acme One", "acme-two-4-64", " Two"),
    )
    shared = report(imeis=(OTHER, IMEI))
    assert found(seen(report=shared)).conflicts == ()
    assert found(seen(imeis=(), report=report())).conflicts == ()


def test_a_bonus_of_nothing_is_a_bonus_too() -> None:
    with pytest.raises(InvalidValue) as caught:
        Examination("not_taken", Condition(), reasons=(GATE,), bonuses=(GrantedBonus("b", 0),))
    assert caught.value.field == "Examination.lines"


def test_a_quote_of_no_terms_or_of_no_model_of_a_programme_is_not_its_own() -> None:
    tokens = [device_token(IMEI, key=small.KEY)]
    for change in ({"at": small.BEGIN - 24 * trade.HOUR}, {"model": "nope"}, {"terms": "0"}, {"questionnaire": "0"}):
        strange = quote().without_imei().replace(**change)
        answer = examine(strange, seen(), trade.programme(), device_tokens=tokens, key=small.KEY)
        assert isinstance(answer, Refusal)
        assert answer.codes == ("programme_unknown",)
