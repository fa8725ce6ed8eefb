"""What would change an answer: each kind of change, what it needs beside it, and by whom it can be brought about."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from itertools import combinations, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from miexchange import _cures
from miexchange.catalogue import Catalogue, Device
from miexchange.changes import Against, Change, Changes, Cure, what_would_change
from miexchange.condition import Condition, Deduction, Option, Question
from miexchange.eligibility import EligibilityTerms, EligibleModels, ImeiStatus, Listing, RegisterAnswer
from miexchange.errors import InvalidValue
from miexchange.market import Anchor, AnchorTable, Price, PriceTable
from miexchange.programme import AgeBand, Bonus, CustomerClass
from miexchange.quote import Quote
from miexchange.refusal import ReasonCode, ReasonKind, reason_of
from miexchange.tac import TacTable
from miexchange.valuation import appraise
from unit import small
from unit.small import AT, BEGIN, IMEI, MODEL, VARIANT, asking, cosmetic, costs, functional

if TYPE_CHECKING:
    from miexchange.programme import Programme

DAY = timedelta(days=1)
LOCK = Question("lock", "Is it locked?", "account", "none", (Option("off", "No"), Option("on", "It is", gate=True)))
POWER = functional("power", "power", costs("weak", amount_minor=50_000), Option("dead", "It is dead", gate=True))
BATTERY = Question(
    "battery",
    "What is its capacity?",
    "battery",
    "functional",
    (
        Option("good", "80 or more", least=80, most=100),
        Option("worn", "60 to 79", least=60, most=79, deduction=Deduction(amount_minor=30_000)),
        Option("spent", "Less", least=0, most=59, gate=True),
    ),
    unit="%",
)
SCREEN = cosmetic("screen", "display", costs("marked", amount_minor=20_000), Option("broken", "It is", grade=2))
WHERE = Question(
    "where",
    "Where is it broken?",
    "display",
    "cosmetic",
    (Option("edge", "At the edge"), costs("middle", amount_minor=40_000), Option("all", "Everywhere", gate=True)),
    asked_after="screen",
    asked_answers=("broken",),
)


def told(
    programme: Programme,
    answers: dict[str, Any] | None = None,
    device: Device | None = None,
    **facts: Any,  # noqa: ANN401 - of appraise
) -> Changes:
    """Ask what would change what `appraise` says."""
    condition = programme.terms[-1].questionnaire.as_options(answers or {})
    device, facts = device or Device(MODEL), {"at": AT, **facts}
    answer = appraise(device, condition, programme, **facts)
    if isinstance(answer, Quote):
        return what_would_change(answer, programme)
    return what_would_change(answer, programme, device=device, condition=condition, **facts)


def of(changes: Changes) -> list[list[tuple[str, ...]]]:
    """Return each set of changes, each change as what it is of, before, after and by whom."""
    return [
        [(one.subject or one.what, one.before, one.after, one.by.value if one.by else "nobody") for one in cure.changes]
        for cure in changes.cures
    ]


def programme(*questions: Question, **terms: Any) -> Programme:  # noqa: ANN401 - any of the terms
    return small.programme(asking(*questions).replace(**terms))


def test_every_gate_has_to_be_cured_and_none_more_than_it_must_be() -> None:
    found = told(programme(LOCK, POWER, BATTERY), {"lock": "on", "power": "dead", "battery": 20})
    assert of(found) == [
        [
            ("lock", "on", "off", "customer"),
            ("power", "dead", "weak", "other_device"),
            ("battery", "spent", "worn", "other_device"),
        ]
    ]
    assert found.cures[0].quote.coupon_value == 1_000_000 - 50_000 - 30_000
    assert [(one.by, one.curable) for one in found.against] == [
        ("customer", True),
        ("other_device", True),
        ("other_device", True),
    ]
    assert (found.coupon_value, found.complete, bool(found)) == (None, True, True)


def test_what_is_missing_unknown_or_not_asked_is_said_by_the_customer() -> None:
    rules = programme(LOCK, POWER, SCREEN, WHERE)
    found = told(rules, {"lock": "maybe", "screen": "best", "where": "all", "smell": "none"})
    both = [("lock", "maybe", "off", "customer"), ("power", "", "best", "customer")]
    assert of(found) == [[*both, ("where", "all", "", "customer"), ("smell", "none", "", "customer")]]


def test_a_question_that_is_not_asked_any_more_needs_no_cure() -> None:
    rules = programme(SCREEN, WHERE)
    found = told(rules, {"screen": "broken", "where": "all"})
    assert of(found) == [
        [("screen", "broken", "marked", "other_device")],
        [("where", "all", "middle", "other_device")],
    ]
    assert "where" not in found.cures[0].quote.condition


def test_what_is_asked_only_after_a_change_is_assumed_to_be_the_best() -> None:
    port = functional("port", "port", Option("dead", "It is", gate=True))
    plug = Question(
        "plug",
        "Which plug?",
        "port",
        "functional",
        (Option("round", "Round"), costs("flat", amount_minor=9_000)),
        asked_after="port",
        asked_answers=("best",),
    )
    found = told(programme(port, plug), {"port": "dead"})
    assert found.cures[0].assumed == Condition({"plug": "round"})
    assert found.explain().splitlines()[-1] == "  plug=round (asked only then)"
    opened = told(programme(port, plug), {"port": "best", "plug": "flat"})
    assert of(opened) == [[("plug", "flat", "round", "other_device")]]
    assert of(told(programme(SCREEN, WHERE), {"screen": "marked", "where": "edge"})) == [
        [("where", "edge", "", "customer")]
    ]
    shut = told(programme(port, plug), {"port": "dead", "plug": "flat"})
    assert of(shut) == [[("port", "dead", "best", "other_device")]]


@pytest.mark.parametrize("status", ["blocked", "tracked", "duplicate", "unverified"])
def test_a_register_would_have_to_say_that_the_phone_is_clear(status: str) -> None:
    rules = programme(eligibility=EligibilityTerms(unknown_tac="warn", unverified_imei="refuse"))
    found = told(rules, device=Device(MODEL, IMEI), imei_status=ImeiStatus(status))
    by = "operator" if status == "unverified" else "other_device"
    assert of(found) == [[("imei_status", status, "clear", by)]]
    assert found.cures[0].quote.imeis == ()


def test_evidence_of_a_register_would_have_to_be_new() -> None:
    strict = EligibilityTerms(unknown_tac="warn", unverified_imei="refuse", register_hours=24)
    old = RegisterAnswer(ImeiStatus.CLEAR, "CEIR", AT - 3 * DAY, "1")
    rules = programme(eligibility=strict)
    found = told(rules, device=Device(MODEL, IMEI), imei_status=old)
    assert of(found) == [[("imei_status", "clear", "clear, with its date and reference", "operator")]]
    quote = found.cures[0].quote
    assert quote.register_answer == RegisterAnswer(ImeiStatus.CLEAR, "register", AT, "none yet")
    assert isinstance(what_would_change(quote, rules), Changes)


def test_another_number_does_not_clear_a_phone() -> None:
    rules = programme(eligibility=EligibilityTerms(unknown_tac="refuse", unverified_imei="refuse"))
    wrong = Device(MODEL, "490154203237518")
    assert of(told(rules, device=wrong, imei_status=ImeiStatus.CLEAR)) == [[("imei", "", "", "customer")]]
    both = told(rules, device=wrong, imei_status=ImeiStatus.BLOCKED)
    assert of(both) == [[("imei", "", "", "customer"), ("imei_status", "blocked", "clear", "other_device")]]
    assert "the phone's own IMEI" in both.explain()


def test_what_stands_against_the_account_and_the_date_of_purchase_can_be_cured() -> None:
    rules = programme(age_bands=(AgeBand(0, 10_000), AgeBand(12, 8_000)))
    found = told(rules, exchange_open=True, device_exchanged=True)
    assert of(found) == [
        [
            ("device_exchanged", "yes", "no", "other_device"),
            ("exchange_open", "yes", "no", "customer"),
            ("purchased_on", "", "2020-01-11", "customer"),
        ]
    ]
    early = told(rules, device=Device(MODEL, purchased_on=date(2020, 1, 20)))
    assert of(early) == [
        [("purchased_on", "2020-01-20", "2020-01-11", "customer")],
        [("at", "2020-01-11T11:30:00+05:30", "2020-01-20T00:00:00+05:30", "wait")],
    ]
    assert of(told(rules, device=Device(MODEL, purchased_on=date(9950, 1, 1)))) == [
        [("purchased_on", "9950-01-01", "2020-01-11", "customer")]
    ]


def test_a_class_of_customers_is_given_or_raised() -> None:
    rules = programme(customer_classes=(CustomerClass("gold", 10_000), CustomerClass("new", 9_000)))
    assert of(told(rules)) == [[("customer", "", "gold", "operator")]]
    assert of(told(rules, customer="other")) == [[("customer", "other", "gold", "operator")]]
    assert of(told(rules, customer="new")) == [[("customer", "new", "gold", "operator")]]
    nothing = told(rules, customer="gold")
    assert (nothing.cures, bool(nothing)) == ((), False)
    assert nothing.explain() == "Nothing that is known here would let it be worth more."


def dated(**tables: Any) -> Programme:  # noqa: ANN401 - of a programme
    return dataclasses.replace(programme(LOCK), **tables)


def test_another_day_is_the_nearest_one_that_takes_the_model() -> None:
    stale = told(programme(LOCK), {"lock": "on"}, at=BEGIN + 60 * DAY)
    last = "2020-02-15T05:30:00+05:30"
    assert of(stale) == [
        [("at", "2020-03-01T05:30:00+05:30", last, "nobody"), ("lock", "on", "off", "customer")],
    ]
    early = told(programme(LOCK), {"lock": "off"}, at=BEGIN - DAY)
    assert of(early) == [[("at", "2019-12-31T05:30:00+05:30", "2020-01-01T05:30:00+05:30", "wait")]]
    later = [Price(MODEL, BEGIN + days * DAY, 900_000, "observed") for days in (70, 80)]
    prices = PriceTable.of([*programme(LOCK).prices, *later])
    both = told(dated(prices=prices), {"lock": "off"}, at=BEGIN + 60 * DAY)
    assert [change[0][3] for change in of(both)] == ["nobody", "wait"]
    ended = Listing(MODEL, date(2020, 1, 1), date(2020, 1, 5))
    gone = told(dated(eligible=EligibleModels((ended,))), {"lock": "off"})
    assert of(gone) == [[("at", "2020-01-11T11:30:00+05:30", "2020-01-04T23:59:59.999999+05:30", "nobody")]]
    until = Price(MODEL, BEGIN, 1_000_000, "observed", effective_until=BEGIN + 5 * DAY)
    over = told(dated(prices=PriceTable.of([until])), {"lock": "off"})
    assert [change[0][3] for change in of(over)] == ["nobody"]
    assert told(dated(prices=PriceTable(())), {"lock": "off"}).against[0].curable is False


def test_a_repair_anchor_that_is_missing_is_cured_by_a_day_or_an_answer() -> None:
    glass = cosmetic("glass", "display", costs("cracked", anchor="display", weight_bps=5_000))
    frame = cosmetic("frame", "body", costs("bent", amount_minor=10_000))
    anchors = AnchorTable.of([Anchor(MODEL, "display", BEGIN + 20 * DAY, 100_000, "observed")])
    rules = dataclasses.replace(programme(glass, frame), anchors=anchors)
    found = told(rules, {"glass": "cracked", "frame": "bent"})
    assert [one[0][0] for one in of(found)] == ["glass", "at"]


def test_another_variant_of_the_family_may_be_taken() -> None:
    large = VARIANT.replace(model="acme-one-8-128", ram_mb=8192, storage_gb=128)
    other = VARIANT.replace(model="acme-two-4-64", name="Two")
    prices = PriceTable.of([Price(one.model, BEGIN, 1_000_000, "observed") for one in (large, other)])
    rules = dataclasses.replace(
        programme(LOCK),
        catalogue=Catalogue.of([VARIANT, large, other]),
        eligible=EligibleModels.of([Listing(one.model, date(2020, 1, 1)) for one in (VARIANT, large, other)]),
        prices=prices,
        tacs=TacTable.of([(IMEI[:8], "Acme", "Two")]),
    )
    assert of(told(rules, {"lock": "off"})) == [[("model", MODEL, large.model, "other_device")]]
    named = told(rules, {"lock": "off"}, Device("Acme One"))
    assert of(named) == [[("model", "Acme One", large.model, "customer")]]
    by_tac = told(rules, {"lock": "off"}, Device(large.model, IMEI), imei_status=ImeiStatus.CLEAR)
    assert [("model", large.model, other.model, "customer")] in of(by_tac)
    near = of(told(rules, {"lock": "off"}, Device("Acme Onne")))
    assert [("model", "Acme Onne", large.model, "customer")] in near
    raised = told(rules, {"lock": "off"}, Device(large.model))
    assert not raised.cures


def test_nothing_helps_a_brand_that_is_not_taken() -> None:
    rules = dataclasses.replace(programme(LOCK), brands=frozenset({"Zeta"}))
    found = told(rules, {"lock": "on"})
    assert [(one.reason.code.value, one.curable) for one in found.against] == [
        ("brand_not_accepted", False),
        ("condition_gate", True),
    ]
    assert found.explain().endswith("Nothing that is known here would let it be taken.")


def test_a_quote_is_raised_by_each_change_that_raises_it_alone() -> None:
    bonus = Bonus("launch", "Launch", amount_minor=50_000, targets=("Two", "Three"))
    box = Question(
        "box",
        "Is the box there?",
        "accessory",
        "none",
        (Option("yes", "Yes"), Option("no", "No", extra_minor=-5_000)),
        optional=True,
    )
    rules = programme(SCREEN, BATTERY, box, bonuses=(bonus,))
    found = told(rules, {"screen": "marked", "battery": "worn"}, target="Four")
    assert of(found) == [
        [("target", "Four", "Two", "customer")],
        [("target", "Four", "Three", "customer")],
        [("battery", "worn", "good", "other_device")],
        [("screen", "marked", "best", "other_device")],
        [("box", "", "yes", "customer")],
    ]
    assert all(cure.quote.coupon_value > (found.coupon_value or 0) for cure in found.cures)
    best = told(rules, {"screen": "best", "battery": "good", "box": "yes"})
    assert of(best)[0] == [("target", "", "Two", "customer")], "no new phone was named"
    later = told(programme(bonuses=(Bonus("may", "May", amount_minor=1, begins=date(2020, 1, 20)),)))
    assert [one[0][3] for one in of(later)] == ["wait"]


def test_an_answer_is_no_better_than_it_must_be_to_raise_a_quote() -> None:
    question = cosmetic("back", "back", costs("light", amount_minor=100), costs("deep", amount_minor=100))
    assert of(told(programme(question), {"back": "deep"})) == [[("back", "deep", "best", "other_device")]]
    three = functional("port", "port", costs("loose", amount_minor=100), costs("dead", amount_minor=200))
    assert of(told(programme(three), {"port": "dead"})) == [[("port", "dead", "loose", "other_device")]]


def choice(name: str, **does: Any) -> Question:  # noqa: ANN401 - any field of an option
    says = Option("none", "None"), Option(name, name, **does)
    return Question(f"broken.{name}", "What?", f"broken.{name}", "functional", says, choice_of="broken")


def test_each_of_several_choices_is_a_change_of_its_own() -> None:
    rules = programme(choice("camera", deduction=Deduction(amount_minor=5_000)), choice("board", gate=True))
    refused = told(rules, {"broken": "camera|board"})
    assert of(refused) == [[("broken.board", "board", "none", "other_device")]]
    assert refused.against[0].by == "other_device"
    assert of(told(rules, {"broken": "camera"})) == [[("broken.camera", "camera", "none", "other_device")]]
    for said, before in (({}, ""), ({"broken": "glass"}, "glass")):
        assert of(told(rules, said)) == [[("broken", before, "none", "customer")]]
    strange = programme(*(one.replace(asked_brands=("Zeta",)) for one in rules.terms[0].questionnaire.questions), LOCK)
    assert of(told(strange, {"broken": "camera", "lock": "off"})) == [[("broken", "camera", "", "customer")]]


def test_what_is_not_asked_is_no_change() -> None:
    strange = LOCK.replace(asked_brands=("Zeta",))
    found = told(programme(strange, SCREEN, WHERE), {"screen": "best"})
    assert (found.cures, found.appraisals) == ((), 1)


def test_no_change_reads_like_no_change() -> None:
    hardware = [
        Question(
            f"hardware.{one}",
            "What fails?",
            one,
            "functional",
            (Option("none", "None"), costs(one, share_bps=500)),
            choice_of="hardware",
        )
        for one in ("camera", "buttons")
    ]
    rules = programme(*hardware, POWER)
    for answers, before in (
        ({"hardware": "none", "hardware.camera": "odd"}, "odd"),
        ({"hardware": "buttons", "hardware.camera": "odd"}, "odd|buttons"),
        ({"hardware": "camera|odd"}, "camera|odd"),
        ({"hardware.camera": "none"}, ""),
        ({"hardware": ""}, ""),
    ):
        condition = Condition({**answers, "power": "best"})
        refusal = appraise(Device(MODEL), condition, rules, at=AT)
        found = what_would_change(refusal, rules, device=Device(MODEL), condition=condition, at=AT)
        assert of(found) == [[("hardware", before, "none", "customer")]]
    strange = Condition({"hardware": "none", "power": "best", "smell": ""})
    refusal = appraise(Device(MODEL), strange, rules, at=AT)
    found = what_would_change(refusal, rules, device=Device(MODEL), condition=strange, at=AT)
    assert [str(change) for change in found.cures[0].changes] == ["smell: no answer instead of ''"]


def test_several_choices_that_are_not_asked_any_more_are_taken_back_as_they_were_given() -> None:
    hardware = [
        Question(
            f"hardware.{one}",
            "What fails?",
            one,
            "functional",
            (Option("none", "None"), costs(one, share_bps=500)),
            choice_of="hardware",
            asked_after="power",
            asked_answers=("weak",),
        )
        for one in ("camera", "buttons")
    ]
    rules = programme(POWER, *hardware)
    condition = Condition({"power": "best", "hardware": "none"})
    refusal = appraise(Device(MODEL), condition, rules, at=AT)
    found = what_would_change(refusal, rules, device=Device(MODEL), condition=condition, at=AT)
    assert of(found) == [[("hardware", "none", "", "customer")]]


def test_a_quote_on_its_floor_needs_several_changes_at_once() -> None:
    parts = [
        functional(name, name, costs("bad", amount_minor=amount))
        for name, amount in (("a", 300_000), ("b", 400_000), ("c", 500_000))
    ]
    rules = programme(*parts, scrap_minor=500_000)
    found = told(rules, dict.fromkeys("abc", "bad"))
    assert [{one[0] for one in cure} for cure in of(found)] == [{"b", "c"}, {"a", "c"}]
    same = [cosmetic(name, "display", costs("bad", amount_minor=100_000)) for name in "ab"]
    assert [{one[0] for one in cure} for cure in of(told(programme(*same), dict.fromkeys("ab", "bad")))] == [{"a", "b"}]
    classes = (CustomerClass("gold", 10_000), CustomerClass("new", 9_000))
    low = told(
        programme(*parts, scrap_minor=500_000, customer_classes=classes), dict.fromkeys("abc", "bad"), customer="new"
    )
    assert {len(cure) for cure in of(low)} == {2}
    nested = programme(*parts[1:], SCREEN, WHERE, scrap_minor=500_000)
    worst = told(nested, {"b": "bad", "c": "bad", "screen": "broken", "where": "middle"})
    assert worst.complete


def test_a_search_that_takes_too_long_still_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [functional(f"q{number}", f"q{number}", costs("bad", amount_minor=100_000)) for number in range(12)]
    rules = programme(*parts, scrap_minor=500_000)
    answers = {question.id: "bad" for question in parts}
    monkeypatch.setattr(_cures, "_MOST_APPRAISALS", 6)
    found = told(rules, answers)
    assert not found.complete
    assert len(found.cures[0].changes) == 8
    hopeless = told(programme(*parts, scrap_minor=1_000_000), answers)
    assert hopeless.cures == ()
    monkeypatch.setattr(_cures, "_MOST_APPRAISALS", 1)
    refused = told(programme(LOCK, POWER), {"lock": "on", "power": "dead"})
    assert (refused.complete, refused.cures) == (False, ())


def test_of_very_many_wrong_answers_each_is_found() -> None:
    found = told(programme(LOCK), {"lock": "off", **{f"x{number}": "y" for number in range(70)}})
    assert len(found.against) == 65  # the last one says how many more there are
    assert len(found.cures[0].changes) == 70


def test_what_is_given_has_to_be_what_was_answered() -> None:
    rules = programme(LOCK)
    condition, device = Condition({"lock": "on"}), Device(MODEL)
    refusal = appraise(device, condition, rules, at=AT)
    quote = appraise(device, Condition({"lock": "off"}), rules, at=AT)
    assert isinstance(quote, Quote)
    for name in ("device", "condition", "at"):
        given = {"device": device, "condition": condition, "at": AT} | {name: None}
        with pytest.raises(InvalidValue, match=name):
            what_would_change(refusal, rules, **given)  # type: ignore[arg-type]  # one is missing
    with pytest.raises(InvalidValue, match="give a quote alone"):
        what_would_change(quote, rules, at=AT)
    with pytest.raises(InvalidValue, match="is another answer"):
        what_would_change(refusal, rules, device=device, condition=Condition({"lock": "off"}), at=AT)
    with pytest.raises(InvalidValue, match="is another answer"):
        what_would_change(quote, small.programme(asking(LOCK), price=900_000))
    with pytest.raises(InvalidValue, match="answer"):
        what_would_change("no", rules)  # type: ignore[arg-type]  # it is no answer
    assert datetime.now(UTC) > AT


def test_what_is_told_masks_an_imei() -> None:
    found = told(programme(LOCK), {"lock": "off", "note": "x"}, Device(f"phone {IMEI}"))
    assert IMEI not in found.to_json() + found.explain() + repr(found)


SAID = [
    # a change, and how it reads
    (("imei", "", "", ""), "the phone's own IMEI"),
    (("condition", "screen", "broken", "marked"), "screen: marked instead of broken"),
    (("condition", "screen", "", "marked"), "screen: marked"),
    (("condition", "screen", "broken", ""), "screen: no answer instead of broken"),
    (("condition", "screen", "", ""), "screen: no answer"),
    (("model", "", "a", "b"), "model: b instead of a"),
    (("at", "", "a", "b"), "asked at: b instead of a"),
    (("imei_status", "", "a", "b"), "the register says: b instead of a"),
    (("exchange_open", "", "yes", "no"), "another exchange under way: no instead of yes"),
    (("device_exchanged", "", "yes", "no"), "traded in before: no instead of yes"),
    (("purchased_on", "", "", "b"), "bought on: b"),
    (("target", "", "a", "b"), "new phone: b instead of a"),
    (("customer", "", "a", "b"), "class of customer: b instead of a"),
]


@pytest.mark.parametrize(("parts", "text"), SAID, ids=[text for _, text in SAID])
def test_a_change_reads_as_one_line(parts: tuple[Any, str, str, str], text: str) -> None:
    assert str(Change(*parts, by=ReasonKind.CUSTOMER)) == text


def test_changes_are_explained_line_by_line() -> None:
    quote, reason = small.quoted(), reason_of(ReasonCode.COUPON_VOID)
    by = [*ReasonKind, None]
    several = tuple(Change("condition", f"q{place}", "", "yes", one) for place, one in enumerate(by))
    cures = (Cure(several, quote, Condition()), Cure(several[:1], quote, Condition({"b": "1", "a": "2"})))
    stacked = reason_of(ReasonCode.ORDER_STACKING, discount="sale")
    against = (Against(reason, ReasonKind.WAIT, True), Against(stacked, ReasonKind.OPERATOR, False))  # noqa: FBT003
    assert Changes(None, against, cures, 1).explain().splitlines() == [
        "coupon_void: by waiting",
        "order_stacking sale: nothing that is known here cures it",
        "To be taken, at 10000.00:",
        "  q0: yes (the customer can do it)",
        "  q1: yes (this phone repaired, or another one)",
        "  q2: yes (by waiting)",
        "  q3: yes (the shop can do it)",
        "  q4: yes (whoever it belongs to)",
        "  q5: yes (that day is past)",
        "To be taken, at 10000.00:",
        "  q0: yes (the customer can do it)",
        "  a=2, b=1 (asked only then)",
    ]
    more = Changes(5, (), cures[:1], 1).explain(lambda amount: f"{amount} paise")
    assert more.splitlines()[0] == "To be worth more, at 1000000 paise:"
    assert Changes(5, (), (), 1).explain() == "Nothing that is known here would let it be worth more."
    assert Changes(None, (), (), 1).explain() == "Nothing that is known here would let it be taken."


def test_a_cure_has_a_change_and_a_thousand_at_most() -> None:
    one = Change("imei", "", "", "", None)
    cure = Cure((one,), small.quoted(), Condition())
    assert len(cure.replace(changes=(one,) * 1_000).changes) == 1_000
    for many in (0, 1_001):
        with pytest.raises(InvalidValue) as caught:
            cure.replace(changes=(one,) * many)
        assert caught.value.field == "Cure.changes"


def test_each_argument_is_named() -> None:
    rules, condition, device = programme(LOCK), Condition({"lock": "on"}), Device(MODEL)
    refusal = appraise(device, condition, rules, at=AT)
    quote = appraise(device, Condition({"lock": "off"}), rules, at=AT)
    assert isinstance(quote, Quote)
    given: dict[str, Any] = {"programme": rules, "device": device, "condition": condition, "at": AT}
    flags = {"exchange_open": False, "device_exchanged": False}
    for name in (*given, *flags):
        with pytest.raises(InvalidValue) as caught:
            what_would_change(refusal, **{**given, **flags, name: "no"})
        assert (caught.value.field, caught.value.kind) == (name, "type")
    for name in ("device", "condition", "at"):
        with pytest.raises(InvalidValue) as caught:
            what_would_change(refusal, **{**given, name: None})
        assert (caught.value.field, caught.value.kind) == (name, "missing")
    beside: list[tuple[str, Any]] = [("device", device), ("condition", condition), ("at", AT), ("target", "Two")]
    for name, value in beside:
        with pytest.raises(InvalidValue, match=r"^answer is .*: give a quote alone") as caught:
            what_would_change(quote, rules, **{name: value})
        assert caught.value.value == f"'{quote.label}'"
    with pytest.raises(InvalidValue) as caught:
        what_would_change("no", rules)  # type: ignore[arg-type]  # it is no answer
    assert caught.value.field == "answer"


def test_a_quote_of_two_numbers_is_asked_about_both() -> None:
    both = EligibilityTerms(unknown_tac="refuse", unverified_imei="refuse", second_imei="required")
    rules = small.programme(asking(SCREEN).replace(eligibility=both), sims=2)
    device = Device(MODEL, IMEI, small.IMEI2, purchased_on=date(2019, 5, 1))
    facts: dict[str, Any] = {"imei_status": ImeiStatus.CLEAR}
    found = told(rules, {"screen": "marked"}, device, **facts)
    assert of(found) == [[("screen", "marked", "best", "other_device")]]
    assert found.cures[0].quote.purchased_on == date(2019, 5, 1)
    evidence = RegisterAnswer(ImeiStatus.CLEAR, "CEIR", AT, "1")
    wants = small.programme(asking(SCREEN).replace(eligibility=both.replace(register_hours=1)), sims=2)
    assert told(wants, {"screen": "marked"}, device, imei_status=evidence).cures[0].quote.register_answer == evidence
    refused = told(rules, {"screen": "marked"}, Device(MODEL, IMEI), **facts)
    assert [[one[0] for one in cure] for cure in of(refused)] == [["imei"]]


# The search, against one over all sets of better answers.


def by_hand(rules: Programme, said: dict[str, str]) -> set[frozenset[str]]:
    """Return the smallest sets of answered questions of which better answers lead to an offer, or a higher one."""
    questions = rules.terms[0].questionnaire.questions

    def offer(answers: dict[str, str]) -> int:
        found, asked = dict(answers), set()
        for question in questions:
            after = question.asked_after
            if not after or (after in asked and found[after] in question.asked_answers):
                asked.add(question.id)
                found.setdefault(question.id, question.best.id)
            else:
                found.pop(question.id, None)
        answer = appraise(Device(MODEL), Condition(found), rules, at=AT)
        return answer.coupon_value if isinstance(answer, Quote) else -1

    ranks = {question.id: [option.id for option in question.options] for question in questions}
    now = offer(said)
    for size in range(1, len(said) + 1):
        found = set()
        for names in combinations(said, size):
            better = [ranks[name][: ranks[name].index(said[name])] for name in names]
            if any(offer({**said, **dict(zip(names, options, strict=True))}) > now for options in product(*better)):
                found.add(frozenset(names))
        if found:
            return found
    return set()


NESTED = (SCREEN, WHERE, functional("a", "a", costs("bad", amount_minor=300_000)), POWER)


@pytest.mark.parametrize("floor", [0, 400_000, 800_000])
@pytest.mark.parametrize("screen", ["best", "marked", "edge", "middle", "all"])
def test_the_smallest_sets_are_those_of_a_search_over_all(screen: str, floor: int) -> None:
    opened = {} if screen in {"best", "marked"} else {"screen": "broken", "where": screen}
    rules = programme(*NESTED, functional("b", "b", costs("bad", amount_minor=200_000)), scrap_minor=floor)
    for a, b, power in product(("best", "bad"), ("best", "bad"), ("best", "weak", "dead")):
        said = {"screen": screen, **opened, "a": a, "power": power, "b": b}
        found = told(rules, said)
        assert {frozenset(one[0] for one in cure) for cure in of(found)} == by_hand(rules, said), said
        assert found.complete


# Other places: days, variants and targets.

PORT = functional("port", "port", costs("loose", amount_minor=9_000), Option("dead", "It is dead", gate=True))
LARGE, OTHER = VARIANT.replace(model="acme-one-8-128", ram_mb=8192), VARIANT.replace(model="acme-two-4-64", name="Two")


def with_variants(rules: Programme, *variants: Any) -> Programme:  # noqa: ANN401 - variants
    return dataclasses.replace(
        rules,
        catalogue=Catalogue.of(variants),
        eligible=EligibleModels.of([Listing(one.model, date(2020, 1, 1)) for one in variants]),
        prices=PriceTable.of([Price(one.model, BEGIN, 1_000_000, "observed") for one in variants]),
    )


def from_day(days: int, amount: int = 1_000_000) -> Price:
    return Price(MODEL, BEGIN + days * DAY, amount, "observed")


def test_on_another_day_the_questions_of_that_day_are_asked() -> None:
    """Cure.assumed: what is asked only because of the changes has the best answer; what is not asked is left out."""
    now, then = asking(LOCK, SCREEN), asking(SCREEN, PORT).replace(version="2", effective_from=BEGIN + 20 * DAY)
    rules = dataclasses.replace(small.programme(now), terms=(now, then), prices=PriceTable.of([from_day(30)]))
    found = told(rules, {"screen": "marked"})
    assert of(found) == [[("at", "2020-01-11T11:30:00+05:30", "2020-01-31T05:30:00+05:30", "wait")]]
    (cure,) = found.cures
    assert (cure.assumed, cure.quote.condition) == (
        Condition({"port": "best"}),
        Condition({"screen": "marked", "port": "best"}),
    )
    dead = told(rules, {"screen": "marked", "port": "dead"})
    assert dead.cures[0].assumed == Condition()
    assert {one[0] for one in of(dead)[0]} == {"at", "port"}
    locked = told(rules, {"lock": "on", "screen": "best"})
    assert [[(one[0], one[2]) for one in cure[1:]] for cure in of(locked)] == [[("lock", "")]]
    assert locked.cures[0].quote.condition == Condition({"screen": "best", "port": "best"})


def test_of_another_variant_its_own_questions_are_asked() -> None:
    own = PORT.replace(asked_models=(LARGE.model,))
    theirs = LOCK.replace(asked_models=(VARIANT.model,))
    rules = with_variants(programme(own, theirs), VARIANT, LARGE)
    listed = dataclasses.replace(rules, eligible=EligibleModels.of([Listing(LARGE.model, date(2020, 1, 1))]))
    found = told(listed, {"lock": "off"})
    assert of(found) == [[("model", MODEL, LARGE.model, "other_device")]]
    assert (found.cures[0].assumed, found.cures[0].quote.condition) == (Condition({"port": "best"}),) * 2
    named = told(rules, {}, Device("Acme One"))
    assert {cure.changes[0].after: dict(cure.assumed) for cure in named.cures} == {
        MODEL: {"lock": "off"},
        LARGE.model: {"port": "best"},
    }
    both = told(rules, {"port": "dead"}, Device("Acme One"))
    assert of(both) == [[("model", "Acme One", MODEL, "customer")]]
    assert both.cures[0].quote.condition == Condition({"lock": "off"})


def test_a_phone_by_another_tac_may_be_refused_for_more_than_that() -> None:
    rules = with_variants(programme(LOCK), VARIANT, LARGE, OTHER)
    rules = dataclasses.replace(rules, tacs=TacTable.of([(IMEI[:8], "Acme", "Two")]))
    found = told(rules, {"lock": "on"}, Device(LARGE.model, None, IMEI), imei_status=ImeiStatus.CLEAR)
    slip = [("model", LARGE.model, OTHER.model, "customer"), ("lock", "on", "off", "customer")]
    assert slip in of(found)


def test_of_many_models_and_targets_six_are_tried_and_of_many_sets_sixteen_are_told() -> None:
    many = [VARIANT.replace(model=f"acme-one-{size}", storage_gb=size) for size in (16, 32, 64, 128, 256, 512, 1024)]
    found = told(with_variants(programme(LOCK), *many), {"lock": "off"}, Device("Acme One"))
    assert [one[0][2] for one in of(found)] == [one.model for one in many[:6]]
    known = with_variants(programme(LOCK), *many)
    rest = EligibleModels.of([Listing(one.model, date(2020, 1, 1)) for one in many[1:]])
    others = told(dataclasses.replace(known, eligible=rest), {"lock": "off"}, Device(many[0].model))
    assert [one[0][2] for one in of(others)] == [one.model for one in many[1:]]
    small_one = Bonus("one", "One", amount_minor=10_000, targets=("T0",))
    large_one = Bonus("two", "Two", amount_minor=20_000, targets=tuple(f"T{number}" for number in range(1, 9)))
    raised = told(programme(bonuses=(small_one, large_one)), target="T0")
    assert [one[0][1:3] for one in of(raised)] == [("T0", f"T{number}") for number in range(1, 7)]
    parts = [functional(f"q{number:02}", f"q{number}", costs("bad", amount_minor=1_000)) for number in range(17)]
    listed = told(programme(*parts), {part.id: "bad" for part in parts})
    assert (len(listed.cures), listed.complete) == (16, True)


def test_the_three_nearest_days_are_tried_on_each_side() -> None:
    """what_would_change: the nearest ones before and after on which the programme accepts the model."""
    days = (12, 14, 16, 18)
    for best, is_found in ((16, True), (18, False)):
        later = [from_day(day, 1_100_000 if day == best else 900_000) for day in days]
        rules = dataclasses.replace(programme(), prices=PriceTable.of([from_day(0), *later]))
        assert bool(told(rules)) is is_found
    dear = functional("a", "a", costs("bad", anchor="display", weight_bps=10_000))
    for covered, is_found in ((4, True), (3, False)):  # where alone what a repair costs is known
        anchors = AnchorTable.of(
            [
                Anchor(
                    MODEL,
                    "display",
                    BEGIN + covered * DAY,
                    100_000,
                    "observed",
                    effective_until=BEGIN + (covered + 1) * DAY,
                )
            ]
        )
        rules = dataclasses.replace(
            programme(dear), prices=PriceTable.of([from_day(day) for day in (0, 5, 6, 8)]), anchors=anchors
        )
        past = [one for one in of(told(rules, {"a": "bad"})) if one[0][0] == "at"]
        assert bool(past) is is_found, past


def test_days_on_which_the_model_is_not_accepted_are_none_of_the_nearest() -> None:
    prices = PriceTable.of([from_day(0), *(from_day(day, 900_000 + day) for day in (5, 6, 7, 12, 14, 16))])
    for first, last, by in ((30, 40, "wait"), (1, 3, "nobody")):
        listed = Listing(MODEL, (BEGIN + first * DAY).date(), (BEGIN + last * DAY).date())
        found = told(dated(prices=prices, eligible=EligibleModels((listed,))), {"lock": "off"})
        assert [one[0][3] for one in of(found)] == [by]


@pytest.mark.parametrize("bought", [date(1900, 1, 1), date(1900, 12, 31), date(9900, 1, 1), date(9900, 12, 31)])
def test_a_purchase_in_the_first_or_the_last_year_is_only_a_wrong_date(bought: date) -> None:
    rules = programme(LOCK, age_bands=(AgeBand(0, 10_000), AgeBand(12, 8_000)))
    found = told(rules, {"lock": "on"}, Device(MODEL, purchased_on=bought))
    assert found.complete
    assert {one[0] for one in of(found)[0]} == ({"lock"} if bought.year == 1900 else {"lock", "purchased_on"})


def test_a_number_that_is_none_beside_one_of_another_model_is_corrected() -> None:
    rules = with_variants(programme(LOCK), VARIANT, LARGE, OTHER)
    rules = dataclasses.replace(rules, tacs=TacTable.of([(IMEI[:8], "Acme", "Two")]))
    device = Device(LARGE.model, "nonsense", IMEI)
    assert [("imei", "", "", "customer")] in of(told(rules, {"lock": "off"}, device, imei_status=ImeiStatus.CLEAR))


def test_a_further_question_that_need_not_be_answered_is_not_assumed() -> None:
    box = Question(
        "box", "Is it there?", "accessory", "none", (Option("yes", "Yes"), Option("no", "No", extra_minor=-500)),
        optional=True, asked_after="power", asked_answers=("best",),
    )  # fmt: skip
    raised = told(programme(POWER, box), {"power": "weak"})
    assert (of(raised), raised.cures[0].assumed) == ([[("power", "weak", "best", "other_device")]], Condition())


def test_the_bounds_of_the_search_are_those_on_the_page() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "doors.md").read_text(encoding="utf-8")
    assert f"after {_cures._MOST_APPRAISALS:,} valuations, a set that may not be the smallest" in page  # noqa: SLF001 - a bound of the page


def test_days_before_the_programme_is_in_force_are_none_either() -> None:
    later = small.TERMS.replace(effective_from=BEGIN + 30 * DAY)
    prices = PriceTable.of([from_day(day, 900_000 + day) for day in (0, 12, 14, 16)])
    found = told(dataclasses.replace(programme(), terms=(later,), prices=prices))
    assert of(found) == [[("at", "2020-01-11T11:30:00+05:30", "2020-01-31T05:30:00+05:30", "wait")]]


@pytest.mark.parametrize(
    ("floor", "screen", "sets", "most"),
    [
        (600_000, {"screen": "marked"}, [{*"cdef"}], 47),
        (600_000, {"screen": "broken", "where": "middle"}, [{*"bcdef"}, {*"cdef", "screen"}, {*"acdef"}], 92),
        (900_000, {"screen": "marked"}, [{*"abcdef"}], 54),
        (900_000, {"screen": "broken", "where": "middle"}, [{*"abcdef", "screen"}], 64),
    ],
)
def test_at_a_floor_far_fewer_sets_are_valued_than_there_are(
    floor: int, screen: dict[str, str], sets: list[set[str]], most: int
) -> None:
    """Changes.appraisals: of hundreds of sets those that may suffice, though answers open and close a question."""
    parts = [
        functional(name, name, costs("light", amount_minor=1_000), costs("bad", amount_minor=100_000 * place))
        for place, name in enumerate("abcdef", 1)
    ]
    found = told(programme(SCREEN, WHERE, *parts, scrap_minor=floor), {**screen, **dict.fromkeys("abcdef", "bad")})
    assert [{one[0] for one in cure} for cure in of(found)] == sets
    assert found.appraisals <= most


def test_of_several_reasons_the_one_with_the_fewest_cures_is_cured_first() -> None:
    """Changes.appraisals: so that fewer sets are valued."""
    case = cosmetic("case", "body", Option("broken", "It is", grade=2))
    side = WHERE.replace(id="side", component="body", asked_after="case", options=(WHERE.options[0], WHERE.options[2]))
    answers = {"screen": "broken", "where": "all", "case": "broken", "side": "all"}
    found = told(programme(SCREEN, WHERE, case, side), answers)
    assert [{one[0] for one in cure} for cure in of(found)] == [
        {"screen", "case"},
        {"screen", "side"},
        {"where", "side"},
        {"where", "case"},
    ]
    assert found.appraisals <= 11


def test_no_day_in_the_past_raises_an_offer() -> None:
    rules = dataclasses.replace(programme(), prices=PriceTable.of([from_day(0, 2_000_000), from_day(5)]))
    found = told(rules)
    assert (found.cures, found.coupon_value) == ((), 1_000_000)


def test_a_refused_phone_is_not_valued_for_other_targets() -> None:
    bonus = Bonus("launch", "Launch", amount_minor=50_000, targets=("Two", "Three"))
    without, beside = (
        told(programme(LOCK, POWER, **more), {"lock": "on", "power": "dead"}) for more in ({}, {"bonuses": (bonus,)})
    )
    assert of(without) == of(beside)
    assert without.appraisals == beside.appraisals


def test_an_offer_that_no_answer_raises_takes_two_valuations_to_tell() -> None:
    found = told(programme(SCREEN, POWER, scrap_minor=1_000_000), {"screen": "marked", "power": "weak"})
    assert (found.cures, found.appraisals, found.complete) == ((), 2, True)


def test_one_choice_alone_has_its_own_question_above_it() -> None:
    camera = choice("camera", gate=True).replace(asked_after="power", asked_answers=("weak",))
    found = told(programme(POWER, camera), {"power": "weak", "broken": "camera"})
    assert {one[0][0] for one in of(found)} == {"power", "broken.camera"}
    missing = told(programme(POWER, camera), {"power": "weak"})
    assert {one[0][0] for one in of(missing)} == {"power", "broken"}


def test_a_class_and_an_answer_may_both_be_needed() -> None:
    classes = (CustomerClass("gold", 10_000), CustomerClass("silver", 9_500), CustomerClass("new", 5_000))
    part = functional("a", "a", costs("bad", amount_minor=300_000))
    rules = programme(part, scrap_minor=600_000, customer_classes=classes)
    found = told(rules, {"a": "bad"}, customer="new")
    assert of(found) == [[("customer", "new", "silver", "operator")]]
    floor = programme(part, scrap_minor=700_000, customer_classes=classes)
    assert of(told(floor, {"a": "bad"}, customer="new")) == [
        [("a", "bad", "best", "other_device"), ("customer", "new", "silver", "operator")]
    ]
    gate = told(programme(LOCK, customer_classes=classes), {"lock": "on"})
    assert of(gate) == [[("lock", "on", "off", "customer"), ("customer", "", "gold", "operator")]]
