"""What a register answers: evidence, how old it may be, and when it is asked again."""

from __future__ import annotations

import runpy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from miexchange import (
    Currency,
    DataError,
    Device,
    Exchange,
    ExchangeRules,
    ImeiStatus,
    InvalidValue,
    Programme,
    Quote,
    ReasonCode,
    Refusal,
    RegisterAnswer,
    accept,
    appraise,
    coupon_for,
    replay,
)
from miexchange.events import Accept, Complete, Inspect, Reserve
from miexchange.exchange import acceptance, apply, begin, fold
from miexchange.inspection import Examination, examine
from miexchange.refusal import reason_of
from shipped import shipped_programme
from unit import small, trade
from unit.test_eligibility import REFUSE, codes, imei, judged
from unit.trade import ACCOUNT, HOUR, ORDER, SAID, TICK

if TYPE_CHECKING:
    from miexchange.eligibility import Register

AT = small.AT
CLEAR = RegisterAnswer(ImeiStatus.CLEAR, "CEIR", AT - HOUR, "r-17")
WANTS = small.TERMS.eligibility.replace(unverified_imei="refuse", register_hours=2)
RULES = trade.RULES.replace(inspection="required", accept_register_hours=2, hand_over_register_hours=2)
PROGRAMME = trade.programme(RULES, eligibility=WANTS)
DEVICE = Device(small.MODEL, small.IMEI)


def asked(answer: RegisterAnswer | ImeiStatus, *, at: datetime = AT, device: Device = DEVICE) -> Quote | Refusal:
    return appraise(device, SAID, PROGRAMME, at=at, imei_status=answer)


def quoted() -> Quote:
    quote = asked(CLEAR)
    assert isinstance(quote, Quote), quote.explain()
    return quote


def accepted(**given: Any) -> Exchange | Refusal:  # noqa: ANN401 - of accept
    return accept(quoted(), PROGRAMME, **{"account": ACCOUNT, "at": AT, "key": small.KEY, **given})


def reserved() -> Exchange:
    exchange = accepted()
    assert isinstance(exchange, Exchange), exchange.explain()
    return trade.after(exchange, Reserve(AT + HOUR, ORDER, ACCOUNT))


# The answer itself.


@pytest.mark.parametrize("said", [small.IMEI, f"asked for {small.IMEI}", "35-417803-685978-9"])
@pytest.mark.parametrize("field", ["register", "reference"])
def test_evidence_has_no_imei_in_it(field: str, said: str) -> None:
    with pytest.raises(InvalidValue, match=rf"RegisterAnswer\.{field}") as caught:
        CLEAR.replace(**{field: said})
    assert small.IMEI not in str(caught.value)


def test_a_reference_may_have_many_digits() -> None:
    assert CLEAR.replace(reference="2025102200012345678").reference == "2025102200012345678"


# At the quote.


@pytest.mark.parametrize(
    ("asked_at", "refused"),
    [(AT, False), (AT - 2 * HOUR, False), (AT - 2 * HOUR - TICK, True), (AT + TICK, True)],
)
def test_an_answer_counts_for_so_many_hours(asked_at: datetime, refused: bool) -> None:  # noqa: FBT001 - a case
    answer = asked(CLEAR.replace(asked_at=asked_at))
    assert isinstance(answer, Refusal) is refused
    if isinstance(answer, Refusal):
        assert answer.codes == ("register_stale",)
        assert answer.reasons[0].code.kind == "operator"
        told = dict(answer.reasons[0].values)
        assert ("at" in told, told.get("hours")) == ((True, None) if asked_at > AT else (False, 2))


def test_a_plain_status_is_no_evidence_where_it_is_demanded() -> None:
    answer = asked(ImeiStatus.CLEAR)
    assert isinstance(answer, Refusal)
    assert answer.codes == ("register_stale",)
    assert "date and reference" in answer.reasons[0].message


def test_nothing_is_asked_of_a_phone_without_a_number() -> None:
    assert isinstance(asked(ImeiStatus.UNVERIFIED, device=Device(small.MODEL)), Quote)


@pytest.mark.parametrize("status", [status for status in ImeiStatus if status is not ImeiStatus.CLEAR])
def test_only_a_clear_answer_is_taken(status: ImeiStatus) -> None:
    answer = asked(CLEAR.replace(status=status))
    assert isinstance(answer, Refusal)
    assert answer.codes == (f"imei_{status}",)


def test_an_answer_is_taken_where_a_plain_one_would_be() -> None:
    answer = appraise(DEVICE, SAID, trade.programme(), at=AT, imei_status=CLEAR.replace(asked_at=AT - 900 * HOUR))
    assert isinstance(answer, Quote)
    assert (answer.imei_status, answer.warnings) == (ImeiStatus.CLEAR, ())


def test_a_quote_keeps_its_evidence_and_replays_with_it() -> None:
    quote = quoted()
    assert (quote.imei_status, quote.register_answer) == (ImeiStatus.CLEAR, CLEAR)
    again = Quote.from_json(quote.to_json())
    assert again.register_answer == CLEAR
    assert replay(again, PROGRAMME)
    assert replay(quote, PROGRAMME)
    assert coupon_for(DEVICE, SAID, PROGRAMME, account=ACCOUNT, at=AT, key=small.KEY, imei_status=CLEAR)


def test_a_quote_does_not_contradict_its_evidence() -> None:
    with pytest.raises(InvalidValue, match=r"Quote\.imei_status is 'blocked'"):
        quoted().replace(imei_status=ImeiStatus.BLOCKED)


def test_a_verdict_takes_evidence_too() -> None:
    phone, terms = Device("acme-one-4-64", imei("35417803")), REFUSE.replace(register_hours=2)
    assert codes(judged(phone, terms=terms, imei_status=CLEAR, at=AT).reasons) == []
    assert codes(judged(phone, terms=terms, imei_status=CLEAR).reasons) == ["register_stale"]
    assert codes(judged(phone, terms=REFUSE, imei_status=CLEAR).reasons) == []


# At acceptance.


def test_the_answer_of_the_quote_does_while_it_is_new_enough() -> None:
    assert isinstance(accepted(at=AT + HOUR), Exchange)
    late = accepted(at=AT + HOUR + TICK)
    assert isinstance(late, Refusal)
    assert late.codes == ("register_stale",)


def test_a_newer_answer_does_then_and_is_kept_in_the_event() -> None:
    newer = CLEAR.replace(asked_at=AT + 5 * HOUR, reference="r-18")
    given: dict[str, Any] = {"account": ACCOUNT, "at": AT + 6 * HOUR, "key": small.KEY, "register_answer": newer}
    event = acceptance(quoted(), PROGRAMME, **given)
    assert isinstance(event, Accept), event.explain()
    assert event.register_answer == newer
    assert Accept.from_json(event.to_json()) == event
    assert accept(quoted(), PROGRAMME, **given) == begin(event) == fold([event])
    assert apply(begin(event), event) == begin(event)


@pytest.mark.parametrize("status", [status for status in ImeiStatus if status is not ImeiStatus.CLEAR])
def test_a_newer_answer_that_is_not_clear_refuses(status: ImeiStatus) -> None:
    answer = accepted(register_answer=CLEAR.replace(status=status))
    assert isinstance(answer, Refusal)
    assert answer.codes == (f"imei_{status}",)


def test_a_clock_that_is_a_little_ahead_does_not_matter() -> None:
    second = timedelta(seconds=1)
    assert isinstance(accepted(register_answer=CLEAR.replace(asked_at=AT + second)), Exchange)
    answer = accepted(register_answer=CLEAR.replace(asked_at=AT + 3 * second))
    assert isinstance(answer, Refusal)
    assert answer.codes == ("register_stale",)


def test_only_an_answer_is_one() -> None:
    with pytest.raises(InvalidValue, match="register_answer is the text 'clear': give a RegisterAnswer"):
        accepted(register_answer="clear")


# At the door.


def found(answer: RegisterAnswer | None) -> Examination:
    given = examine(
        quoted(),
        trade.seen(register_answer=answer),
        PROGRAMME,
        device_tokens=reserved().coupon.device_tokens,
        key=small.KEY,
    )
    assert isinstance(given, Examination), given.explain()
    return given


@pytest.mark.parametrize(
    ("asked_at", "refused"),
    [(AT + 9 * HOUR, False), (AT + 7 * HOUR, False), (AT + 7 * HOUR - TICK, True), (AT - HOUR, True), (None, True)],
)
def test_the_register_is_asked_again_before_the_hand_over(asked_at: datetime | None, refused: bool) -> None:  # noqa: FBT001 - a case
    answer = None if asked_at is None else CLEAR.replace(asked_at=asked_at)
    held = reserved()
    after = apply(held, Inspect(AT + 9 * HOUR, ORDER.id, found(answer)))
    assert isinstance(after, Refusal) is refused
    if isinstance(after, Refusal):
        assert after.codes == ("register_stale",)
    else:
        done = trade.after(after, Complete(AT + 10 * HOUR, ORDER.id))
        for one in (after, done):
            assert Exchange.from_json(one.to_json()) == one
        assert done.examination is not None
        assert done.examination.register_answer == answer


def test_an_answer_that_could_not_be_had_changes_nothing() -> None:
    unknown = CLEAR.replace(status=ImeiStatus.UNVERIFIED, asked_at=AT + 9 * HOUR)
    after = apply(reserved(), Inspect(AT + 9 * HOUR, ORDER.id, found(unknown)))
    assert isinstance(after, Refusal)
    assert after.codes == ("imei_unverified",)


@pytest.mark.parametrize("status", [ImeiStatus.BLOCKED, ImeiStatus.TRACKED, ImeiStatus.DUPLICATE])
def test_a_phone_that_the_register_lists_by_now_is_not_taken(status: ImeiStatus) -> None:
    seen = found(CLEAR.replace(status=status, asked_at=AT + 9 * HOUR))
    assert (seen.kind, [reason.code.value for reason in seen.reasons]) == ("not_taken", [f"imei_{status}"])
    after = trade.after(reserved(), Inspect(AT + 9 * HOUR, ORDER.id, seen))
    assert after.state == "void"


def test_another_phone_needs_no_answer() -> None:
    seen = Examination("other_device", SAID, reasons=(reason_of(ReasonCode.OTHER_DEVICE),))
    assert trade.after(reserved(), Inspect(AT + 9 * HOUR, ORDER.id, seen)).state == "void"


def test_a_hand_over_without_an_inspection_cannot_want_an_answer() -> None:
    with pytest.raises(InvalidValue, match=r"ExchangeRules\.hand_over_register_hours"):
        ExchangeRules("optional", "full", "cancel", "none", hand_over_register_hours=1)


# The linter.


def indian(since: datetime = datetime(2025, 10, 21, 18, 30, tzinfo=UTC), **terms: Any) -> Programme:  # noqa: ANN401 - of terms
    """Return the Mi Exchange programme with new terms from an instant on."""
    india = shipped_programme("mi-exchange-india")
    made = india.terms[0].replace(**{"version": "new", "effective_from": since, "exchange": None, **terms})
    return replace(india, terms=(*india.terms, made))


def problems(programme: Programme, tmp_path: Path) -> list[tuple[str, str]]:
    try:
        programme.save(tmp_path / "programme")
    except DataError as error:
        return [(problem.column, problem.message) for problem in error.problems]
    return []


LAW = "from 22 October 2025 on a register must be asked before a used phone is bought: G.S.R. 771(E)"


def test_indian_terms_ask_the_register_from_the_day_of_the_law(tmp_path: Path) -> None:
    assert problems(indian(exchange=trade.STRICT), tmp_path) == [
        ("terms.eligibility.unverified_imei", f"an unverified IMEI is taken, and {LAW}"),
        ("terms.eligibility.register_hours", f"an answer of any age is taken, and {LAW}"),
        ("terms.exchange.accept_register_hours", f"an answer of any age is taken, and {LAW}"),
        ("terms.exchange.hand_over_register_hours", f"an answer of any age is taken, and {LAW}"),
    ]


def test_terms_that_only_quote_ask_it_for_the_quote(tmp_path: Path) -> None:
    assert [column for column, _ in problems(indian(), tmp_path)] == [
        "terms.eligibility.unverified_imei",
        "terms.eligibility.register_hours",
    ]


def test_indian_terms_that_ask_it_go_live(tmp_path: Path) -> None:
    rules = trade.STRICT.replace(accept_register_hours=24, hand_over_register_hours=24)
    assert problems(indian(eligibility=WANTS, exchange=rules), tmp_path) == []


def test_terms_of_before_and_of_elsewhere_are_left_alone(tmp_path: Path) -> None:
    before = indian(datetime(2025, 10, 21, 18, 30, tzinfo=UTC) - TICK)
    assert problems(before, tmp_path) == []
    abroad = replace(indian(), currency=Currency("NPR"))
    assert problems(abroad, tmp_path / "abroad") == []


# An adapter.


def test_the_example_asks_three_times_and_shows_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    example = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "register.py"))
    web: Any = example["Web"]
    example["main"](web("CEIR", lambda _: ("ok", "request 4711")))
    said = capsys.readouterr().out
    assert "a plain word: ('register_stale',)" in said
    assert "asked again: issued" in said
    assert "863664031234" not in said


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("ok", "ok"), ImeiStatus.CLEAR),
        (("ok", "blacklisted"), ImeiStatus.BLOCKED),
        (("cloned", "tracing"), ImeiStatus.TRACKED),
        (("ok", "something new"), ImeiStatus.UNVERIFIED),
        (("ok", None), ImeiStatus.UNVERIFIED),
    ],
)
def test_the_worst_word_of_two_numbers_counts(words: tuple[str, str | None], status: ImeiStatus) -> None:
    asked_about: list[str] = []

    def fetch(digits: str) -> tuple[str, str]:
        asked_about.append(digits)
        word = words[len(asked_about) - 1]
        if word is None:
            raise OSError("the server cannot be reached")
        return word, f"request {len(asked_about)}"

    register: Register = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "register.py"))["Web"](
        "CEIR", fetch
    )
    answer = register.ask((trade.IMEI, trade.IMEI2), at=AT)
    assert (answer.status, answer.register, answer.asked_at) == (status, "CEIR", AT)
    assert asked_about == [small.IMEI, small.IMEI2]
