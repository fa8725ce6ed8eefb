"""The laws of a value: deterministic, exact, explained, replayable."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from itertools import compress, product
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from miexchange import (
    Condition,
    Device,
    GrantedBonus,
    InvalidValue,
    Price,
    PriceTable,
    Programme,
    Quote,
    QuoteLine,
    ReasonCode,
    Refusal,
    Replay,
    WorstCase,
    appraise,
    headline,
    replay,
    worst_case,
)
from miexchange.laws import _oracle as oracle
from miexchange.strategies import Enquiry, conditions, enquiries, hostile_enquiries
from miexchange.valuation import appraise_again, confirmed
from property.effort import effort
from shipped import shipped_programme

if TYPE_CHECKING:
    from random import Random

SHIPPED = [shipped_programme(name) for name in ("mi-exchange-india", "graded-trade-in", "uk-trade-in")]


def quote_of(enquiry: Enquiry) -> Quote:
    """Value the device; what `enquiries` draws is always quoted."""
    answer = enquiry.answer()
    assert isinstance(answer, Quote), answer.explain()
    return answer


# ----- deterministic

SCRIPT = """
import hashlib, locale
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from miexchange import Device, Imei, ImeiStatus, Programme, appraise, headline
with suppress(locale.Error):
    locale.setlocale(locale.LC_ALL, "")
said = hashlib.sha256()
for name in ("mi-exchange-india", "graded-trade-in", "uk-trade-in"):
    programme = Programme.load(name)
    for number, variant in enumerate(programme.catalogue.variants):
        at = datetime(2018, 3, 14, 18, 30, tzinfo=UTC) + timedelta(days=number % 70)
        asked = programme.terms[0].questionnaire.asked_of(variant)
        worse = {question.id: question.options[number % len(question.options)].id for question in asked[number % 20 :]}
        best = programme.terms[0].questionnaire.best(variant)
        device = Device(variant.model, Imei.from_body(f"3500000{number:07d}"))
        for answer in (
            headline(variant.model, programme, at=at, target="Redmi Note 5"),
            appraise(device, best.replace(**worse), programme, at=at, imei_status=ImeiStatus.CLEAR),
            appraise(Device(variant.family, "49015420323751"), best, programme, at=at, exchange_open=True),
        ):
            said.update(f"{answer.to_json()}{answer.explain()}{answer!r}".encode())
print(programme.digest, said.hexdigest())
"""


def say(**environment: str) -> str:
    """Value many devices in a fresh interpreter with another environment."""
    paths = os.pathsep.join(path for path in sys.path if path)
    environ = {**os.environ, "PYTHONPATH": paths, **environment}
    done = subprocess.run(  # noqa: S603 - this very interpreter, with the text above
        [sys.executable, "-c", SCRIPT], env=environ, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_same_bytes_under_any_hash_seed_zone_and_locale() -> None:
    """Design, promise 1: same inputs, same programme, the same bytes out, on any machine, in any year."""
    here = say(PYTHONHASHSEED="0", TZ="UTC", LC_ALL="C")
    assert here == say(PYTHONHASHSEED="4711", TZ="Asia/Kolkata", LC_ALL="tr_TR.UTF-8", PYTHONUTF8="1")
    assert len(here.split()) == 2


@given(hostile_enquiries())
def test_the_same_question_has_the_same_answer(enquiry: Enquiry) -> None:
    """Design, promise 1: the core reads nothing but its arguments, and remembers nothing."""
    first, again = enquiry.answer(), enquiry.answer()
    assert first == again
    assert first.to_json() == again.to_json()


@given(enquiries(), st.randoms(use_true_random=False))
def test_the_order_of_answers_does_not_matter(enquiry: Enquiry, random: Random) -> None:
    """Design, promise 5: the order of answers never matters."""
    pairs = list(enquiry.condition.items())
    random.shuffle(pairs)
    shuffled = quote_of(replace(enquiry, condition=Condition(dict(pairs))))
    assert shuffled.to_json(reveal_imei=True) == quote_of(enquiry).to_json(reveal_imei=True)


# ----- exact


@given(enquiries())
@effort(1.5)
def test_a_value_is_what_a_pencil_says(enquiry: Enquiry) -> None:
    """Design, promise 2 and section 6: every step in its order, one rounding per line, nothing lost."""
    quote = quote_of(enquiry)
    device, programme, at = enquiry.device, enquiry.programme, enquiry.at
    value = oracle.exchange_value(enquiry.condition, programme, device.model, at, device.purchased_on, enquiry.customer)
    assert quote.exchange_value == value
    on = at.astimezone(programme.zone).date()
    terms = oracle.terms_at(programme, at)
    bonuses = oracle.bonus_amounts(value, terms, on, enquiry.target, dict(enquiry.bonuses_given))
    assert sorted((bonus.id, bonus.amount) for bonus in quote.bonuses) == sorted(bonuses)
    assert quote.coupon_value == value + sum(amount for _, amount in bonuses)
    price = oracle.price_at(programme, device.model, at)
    assert price is not None
    assert (quote.terms, quote.priced_from) == (terms.version, price.effective_from)


@pytest.mark.parametrize("programme", SHIPPED, ids=lambda programme: programme.id)
@given(data=st.data())
def test_a_value_of_a_shipped_programme_is_what_a_pencil_says(programme: Programme, data: st.DataObject) -> None:
    """Design, promise 2: money is whole paise, and the shipped tables are read as they are written."""
    enquiry = data.draw(enquiries(programme))
    value = oracle.exchange_value(
        enquiry.condition, programme, enquiry.device.model, enquiry.at, enquiry.device.purchased_on, enquiry.customer
    )
    assert quote_of(enquiry).exchange_value == value


@given(enquiries())
def test_the_lines_add_up_in_whole_minor(enquiry: Enquiry) -> None:
    """Design, promise 2: the lines of a quote add up to its value, to the paisa; no float touches money."""
    quote = quote_of(enquiry)
    amounts = [line.amount for line in quote.lines]
    assert all(type(amount) is int for amount in (*amounts, quote.exchange_value, quote.coupon_value))
    assert sum(amounts) == quote.coupon_value
    assert sum(amounts[: len(amounts) - len(quote.bonuses)]) == quote.exchange_value
    assert [line.amount for line in quote.lines[len(amounts) - len(quote.bonuses) :]] == [
        bonus.amount for bonus in quote.bonuses
    ]


@given(enquiries())
def test_a_value_lies_between_the_floor_and_the_market_price(enquiry: Enquiry) -> None:
    """Design, section 6: not below the scrap value, never above the market price, in whole steps."""
    quote, terms = quote_of(enquiry), enquiry.terms
    scrap = terms.scrap_of(enquiry.programme.catalogue.by_model[quote.model])
    assert scrap <= quote.exchange_value <= quote.lines[0].amount
    assert quote.exchange_value % terms.step_minor == 0


# ----- explained


def rows_of(enquiry: Enquiry) -> set[str]:
    """Name every row of the tables that a line may come from, as lines name them."""
    programme, terms = enquiry.programme, enquiry.terms
    names = {"market_prices", *(f"terms[{name}]" for name in ("factor_bps", "scrap_minor", "step_minor"))}
    names.add("terms[drift_bps_per_day]")
    names |= {f"scrap_values[{row.per}={row.of}]" for row in terms.scrap_values}
    for price in programme.prices.prices:
        if price.model == enquiry.device.model:
            names.add(f"market_prices[{price.model}@{price.effective_from.astimezone(programme.zone).date()}]")
    for question in terms.questionnaire.questions:
        names |= {f"condition[{question.asked_as}={option.id}]" for option in question.options}
    names |= {f"grades[{grade.id}]" for grade in terms.grades}
    names |= {f"age_bands[{band.from_months}]" for band in terms.age_bands}
    names |= {f"customer_classes[{one.id}]" for one in terms.customer_classes}
    names |= {f"overlaps[{overlap.one}+{overlap.other}]" for overlap in terms.overlaps}
    return names | {f"bonuses[{bonus.id}]" for bonus in terms.bonuses}


@given(enquiries())
def test_every_line_names_a_row_that_exists(enquiry: Enquiry) -> None:
    """Design, promise 3: every amount is a list of lines, each naming the rule, its source row and its effect."""
    quote, rows = quote_of(enquiry), rows_of(enquiry)
    for line in quote.lines:
        assert line.rule
        assert line.effect
        assert line.source in rows
    assert quote.lines[0].rule == "market"
    rules = [line.rule for line in quote.lines]
    assert len(set(rules)) == len(rules)
    said = quote.condition.items()
    given_answers = {f"condition[{question}={one}]" for question, answer in said for one in answer.split("|")}
    assert {line.source for line in quote.lines if line.source.startswith("condition[")} <= given_answers


@given(enquiries())
def test_the_explanation_shows_every_line(enquiry: Enquiry) -> None:
    """Design, promise 3: explained."""
    quote = quote_of(enquiry)
    text = quote.explain()
    for line in quote.lines:
        assert f"{line.rule} " in text
        assert quote.currency.plain(line.amount) in text
    assert quote.money.plain in text


def sentence(text: str) -> bool:
    """Tell whether a text is one line for people, without the full stop that `Reason.__str__` adds."""
    return bool(text.strip()) and "\n" not in text and not text.endswith(".")


@given(hostile_enquiries())
@effort(1.5)
def test_every_refusal_says_what_and_what_to_do(enquiry: Enquiry) -> None:
    """Design, promise 3: every refusal is a complete list of typed reasons, each with the remedy."""
    answer = enquiry.answer()
    reasons = answer.reasons if isinstance(answer, Refusal) else answer.warnings
    for reason in reasons:
        assert isinstance(reason.code, ReasonCode)
        assert sentence(reason.message)
        assert sentence(reason.remedy)
    if isinstance(answer, Refusal):
        assert answer.reasons
        assert not answer
        assert all(reason.remedy in answer.explain() for reason in answer.reasons)


@given(
    enquiries(),
    st.sets(st.sampled_from(["bad_imei", "blocked", "open", "exchanged", "missing", "unknown"]), min_size=1),
)
def test_a_refusal_lists_every_fault_at_once(enquiry: Enquiry, faults: set[str]) -> None:
    """Design, section 8 and promise 3: a refusal with every reason; nothing is only "no"."""
    variant = enquiry.programme.catalogue.by_model[enquiry.device.model]
    asked = enquiry.terms.questionnaire.asked_of(variant, enquiry.condition)
    required = [question.asked_as for question in asked if not question.optional]
    assume(required or not faults & {"missing"})
    expected = set()
    condition, device = enquiry.condition, Device(enquiry.device.model, purchased_on=enquiry.device.purchased_on)
    if faults & {"bad_imei"}:
        device = device.replace(imei2="49-015420-323751-9")
        expected.add("imei_check_digit")
    if faults & {"blocked"}:
        tacs = [tac for tac, found in enquiry.programme.tacs if enquiry.device.model.startswith(found.brand.lower())]
        assume(tacs)
        device = device.replace(imei=oracle_imei(tacs[0]))
        expected.add("imei_blocked")
    if faults & {"missing"}:
        condition = condition.replace(**{required[0]: None})
        expected.add("answer_missing")
    if faults & {"unknown"}:
        condition = condition.replace(nobody_asks="yes")
        expected.add("question_unknown")
    expected |= {"exchange_open"} if "open" in faults else set()
    expected |= {"device_exchanged"} if "exchanged" in faults else set()
    answer = appraise(
        device,
        condition,
        enquiry.programme,
        **{
            **enquiry.facts,
            "imei_status": "blocked" if "blocked" in faults else "clear",
            "exchange_open": "open" in faults,
            "device_exchanged": "exchanged" in faults,
        },
    )
    assert isinstance(answer, Refusal)
    assert expected <= set(answer.codes)


def oracle_imei(tac: str) -> str:
    """Return an IMEI of a TAC: the check digit is found by trying."""
    from miexchange.imei import is_valid  # noqa: PLC0415 - only here

    return next(f"{tac}123456{digit}" for digit in range(10) if is_valid(f"{tac}123456{digit}"))


# ----- replayable


@given(enquiries())
def test_a_quote_replays_from_its_own_json(enquiry: Enquiry) -> None:
    """Design, promise 4: replay proves years later that the same inputs give the same value."""
    quote = quote_of(enquiry)
    assert replay(Quote.from_json(quote.to_json()), enquiry.programme).differences == ()


def with_line(quote: Quote, place: int, **changes: object) -> Quote:
    """Change one line, and the sums with it, as somebody would who does not want to be seen."""
    lines = list(quote.lines)
    lines[place] = lines[place].replace(**changes)
    return with_lines(quote, lines, quote.bonuses)


def with_lines(quote: Quote, lines: list[QuoteLine], bonuses: tuple[GrantedBonus, ...]) -> Quote:
    coupon = sum(line.amount for line in lines)
    exchange = coupon - sum(bonus.amount for bonus in bonuses)
    return quote.replace(lines=tuple(lines), bonuses=bonuses, exchange_value=exchange, coupon_value=coupon)


@given(enquiries(), st.data())
def test_whatever_was_tampered_with_is_seen(enquiry: Enquiry, data: st.DataObject) -> None:
    """Design, promise 4: a quote that somebody changed does not replay, even where its sums were made to fit."""
    quote = quote_of(enquiry)
    place = data.draw(st.integers(0, len(quote.lines) - 1))
    by = data.draw(st.integers(1, 10**6) | st.integers(-(10**6), -1))
    lines = list(quote.lines)
    bonus = GrantedBonus("gift", abs(by))
    changed = {
        "amount": lambda: with_line(quote, place, amount=quote.lines[place].amount + by),
        "effect": lambda: with_line(quote, place, effect="a favour"),
        "source": lambda: with_line(quote, place, source="nowhere"),
        "rule": lambda: with_line(quote, place, rule="favour"),
        "line twice": lambda: with_lines(quote, [*lines, lines[place]], quote.bonuses),
        "line first": lambda: with_lines(quote, [lines[place], *lines], quote.bonuses),
        "line gone": lambda: with_lines(quote, lines[:place] + lines[place + 1 :], quote.bonuses),
        "bonus": lambda: with_lines(quote, lines, (*quote.bonuses, bonus)),
        "grade": lambda: quote.replace(grade=f"{quote.grade}+"),
        "label": lambda: quote.replace(label="Another phone"),
        "terms": lambda: quote.replace(terms="other"),
        "programme": lambda: quote.replace(programme="other"),
        "digest": lambda: quote.replace(digest="0" * 64),
        "priced_from": lambda: quote.replace(priced_from=quote.priced_from + timedelta(microseconds=1)),
        "valid_until": lambda: quote.replace(valid_until=quote.valid_until + timedelta(microseconds=1)),
        "usage": lambda: quote.replace(usage=quote.usage.replace(valid_days=abs(quote.usage.valid_days - 1))),
    }
    try:
        what = data.draw(st.sampled_from(sorted(changed)))
        tampered = changed[what]()
    except InvalidValue as fault:  # a quote for less than nothing cannot even be made
        assert fault.field == "Quote.exchange_value"  # noqa: PT017 - only some changes do it
        return
    found = replay(tampered, enquiry.programme)
    assert found.edition == "other" if what == "digest" else not found


@given(enquiries(), st.integers(1, 10**4))
def test_another_price_list_does_not_reproduce_a_quote(enquiry: Enquiry, rupees: int) -> None:
    """Design, promise 4: a quote is only reproduced by what it read."""
    quote = quote_of(enquiry)
    rows = [
        row.replace(price_minor=row.price_minor + 100 * rupees) if row.effective_from == quote.priced_from else row
        for row in enquiry.programme.prices.prices
    ]
    assert not replay(quote, replace(enquiry.programme, prices=PriceTable.of(rows)))


@given(enquiries(), st.data())
def test_a_price_list_that_only_adds_rows_makes_the_same_quote(enquiry: Enquiry, data: st.DataObject) -> None:
    """Replay: another edition with the same result is told from the same programme, and from one that differs."""
    quote, programme = quote_of(enquiry), enquiry.programme
    ends = [end for row in programme.prices for end in (row.effective_from, row.effective_until) if end is not None]
    begins = max(*ends, quote.at) + data.draw(st.timedeltas(timedelta(microseconds=1), timedelta(days=400)))
    step = programme.price_step_minor
    models = data.draw(st.sets(st.sampled_from(sorted(row.model for row in programme.prices)), min_size=1))
    added = [Price(model, begins, step * data.draw(st.integers(1, 10**4)), "observed") for model in sorted(models)]
    edition = replace(programme, prices=PriceTable.of([*programme.prices, *added]))
    assert replay(quote, programme) == Replay((), "same")
    assert replay(quote, edition) == Replay((), "other")
    assert replay(quote, {one.digest: one for one in (edition, programme)}) == Replay((), "same")
    assert confirmed(quote, edition, keys=()) == quote.replace(digest=edition.digest)
    unknown = replay(quote, {edition.digest: edition})
    assert isinstance(unknown, Refusal)
    assert unknown == worst_case(quote, edition) == worst_case(quote, {})


# ----- headline and worst case


@given(enquiries())
def test_every_value_lies_between_the_headline_and_the_worst_case(enquiry: Enquiry) -> None:
    """Headline: the best quote that a model can get. Worst case: the least that it can be re-valued at."""
    at, programme = enquiry.at, enquiry.programme
    indicative = replace(enquiry, device=enquiry.device.replace(imei=None, imei2=None), bonuses_given=())
    quote = quote_of(indicative)
    best = headline(enquiry.device.model, programme, at=at, target=enquiry.target)
    assert isinstance(best, Quote)
    assert best.coupon_value >= quote.coupon_value
    worst = worst_case(quote, programme)
    assert isinstance(worst, WorstCase)
    assert worst.value <= quote.coupon_value
    assert worst.at_risk == quote.coupon_value - (0 if worst.gates else worst.value)
    again = quote_of(replace(indicative, condition=worst.condition))
    assert again.coupon_value == worst.value


@given(enquiries())
def test_the_worst_case_is_the_least_whatever_places_are_taken_by_then(enquiry: Enquiry) -> None:
    """Worst case: any quota may be used up by the inspection, but of a bonus that the quote has."""
    quote = quote_of(enquiry)
    worst, held = worst_case(quote, enquiry.programme), {bonus.id for bonus in quote.bonuses}
    assert isinstance(worst, WorstCase)
    quotas = {bonus.id: bonus.quota for bonus in enquiry.terms.bonuses if bonus.quota is not None}
    others = [name for name in quotas if name not in held]
    found = set()
    for taken in product((False, True), repeat=len(others)):
        gone = {name: quotas[name] for name in compress(others, taken)}
        given_by_then = {**dict(quote.bonuses_given), **gone}
        again = appraise_again(quote, enquiry.programme, condition=worst.condition, bonuses_given=given_by_then)
        assert isinstance(again, Quote)
        found.add(again.coupon_value)
    assert worst.value == min(found) <= quote.coupon_value


@given(enquiries(), st.data())
def test_no_inspection_finds_less_than_the_worst_case(enquiry: Enquiry, data: st.DataObject) -> None:
    """Worst case: shown before, so that the door holds no surprise."""
    worst = worst_case(quote_of(enquiry), enquiry.programme)
    assert isinstance(worst, WorstCase)
    variant = enquiry.programme.catalogue.by_model[enquiry.device.model]
    found = data.draw(conditions(enquiry.terms.questionnaire, variant))
    answer = replace(enquiry, condition=found).answer()
    if isinstance(answer, Refusal):
        assert set(answer.codes) == {"condition_gate"}
        assert {reason.subject for reason in answer.reasons} <= set(worst.gates)
    else:
        assert answer.coupon_value >= worst.value
