"""Whose answer a request gets: the asker's own, the verb's own, and for ever only where nothing can cure a refusal."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from ledger import shop
from ledger.shop import AT, HOUR, accepted, account, code, made, order, quote, reserved
from miexchange import Exchange, Quote, Refusal, appraise
from miexchange.exchange import State
from miexchange.ledger import _engine, verify
from miexchange.ledger._books import Books
from miexchange.ledger._schema import answers
from miexchange.refusal import ReasonCode
from unit import trade

if TYPE_CHECKING:
    from miexchange.ledger import Ledger
    from miexchange.ledger._session import Session

SKEW = timedelta(seconds=trade.RULES.skew_seconds)
LITTLE = timedelta(milliseconds=1)


def codes(answer: object) -> tuple[str, ...]:
    assert isinstance(answer, Refusal)
    return answer.codes


# ----- one space for each asker and verb


def test_a_customers_key_blocks_nobody_else(store: Ledger) -> None:
    for number in (1, 2):
        answer = store.accept(quote(number), shop.PROGRAMME, account=account(number), at=AT, idempotency_key="1")
        assert made(answer).account == account(number)
    for number in (1, 2):
        held = store.reserve(code(number), order(number), account=account(number), at=AT, idempotency_key="1")
        assert made(held).state == State.RESERVED, "the same words for another verb are another request"
    done = store.complete(code(1), order="order-1", at=AT, idempotency_key="1")
    assert made(done).state == State.COMPLETED
    assert verify(store)


def test_a_stranger_cannot_take_a_key_before_its_owner(store: Ledger) -> None:
    accepted(store, 1)
    for number in range(3):
        stranger = store.reserve(code(1), order(9), account=f"stranger {number}", at=AT, idempotency_key="order 17")
        assert codes(stranger) == ("coupon_not_usable",)
    assert made(store.reserve(code(1), order(1), account=account(1), at=AT, idempotency_key="order 17")).order


def test_the_same_asker_and_verb_with_other_content_is_refused(store: Ledger) -> None:
    accepted(store, 1)
    made(store.reserve(code(1), order(1), account=account(1), at=AT, idempotency_key="1"))
    changed = store.reserve(code(1), order(2), account=account(1), at=AT, idempotency_key="1")
    assert codes(changed) == ("request_changed",)


# ----- clocks


def test_a_millisecond_refuses_no_checkout(store: Ledger) -> None:
    accepted(store, 1)
    at = AT - LITTLE
    held = store.reserve(code(1), order(1), account=account(1), at=at, idempotency_key="r")
    assert made(held).at == AT
    assert made(store.complete(code(1), order="order-1", at=AT - SKEW, idempotency_key="c")).state == State.COMPLETED
    early = store.accept(quote(2), shop.PROGRAMME, account=account(2), at=at, idempotency_key="a")
    assert made(early).coupon.valid_from == AT
    assert verify(store)


def test_a_clock_that_was_wrong_is_no_answer_for_ever(store: Ledger) -> None:
    begun = accepted(store, 1)
    ask = {"account": account(1), "idempotency_key": "r"}
    early = store.reserve(code(1), order(1), at=AT - HOUR, **ask)
    assert codes(early) == ("coupon_not_yet_valid", "event_before_last")
    assert store.get(code(1)) == begun
    held = store.reserve(code(1), order(1), at=AT, **ask)
    assert made(held).state == State.RESERVED
    again = store.reserve(code(1), order(1), at=AT - HOUR, **ask)
    assert again == held, "and this answer stays"
    assert verify(store)


# ----- what an earlier step cures


def test_what_an_earlier_step_cures_is_asked_again(store: Ledger) -> None:
    accepted(store, 1)

    def complete() -> Exchange | Refusal:
        return store.complete(code(1), order="order-1", at=AT, idempotency_key="c")

    assert codes(complete()) == ("event_not_possible",)
    made(store.reserve(code(1), order(1), account=account(1), at=AT, idempotency_key="r"))
    done = made(complete())
    assert done.state == State.COMPLETED
    assert complete() == done
    assert verify(store)


def test_what_the_end_of_another_exchange_cures_is_asked_again(store: Ledger) -> None:
    reserved(store, 1)
    answer = appraise(shop.phone(2), trade.SAID, shop.PROGRAMME, at=AT)
    assert isinstance(answer, Quote)

    def accept() -> Exchange | Refusal:
        return store.accept(answer, shop.PROGRAMME, account=account(1), at=AT, idempotency_key="second phone")

    assert codes(accept()) == ("exchange_open",)
    made(store.complete(code(1), order="order-1", at=AT, idempotency_key="c"))
    assert made(accept()).is_open
    assert verify(store)


def test_an_order_that_was_taken_may_be_free_by_now(store: Ledger) -> None:
    reserved(store, 1)
    accepted(store, 2)

    def reserve() -> Exchange | Refusal:
        return store.reserve(code(2), order(1), account=account(2), at=AT, idempotency_key="r2")

    assert codes(reserve()) == ("order_taken",)
    made(store.release(code(1), order="order-1", at=AT, idempotency_key="free"))
    assert made(reserve()).state == State.RESERVED
    assert verify(store)


# ----- what is final


def test_what_can_never_come_is_an_answer_for_ever(store: Ledger) -> None:
    accepted(store, 1)
    made(store.void(code(1), reason="withdrawn", at=AT, idempotency_key="v"))
    refused = store.complete(code(1), order="order-1", at=AT, idempotency_key="c")
    assert codes(refused) == ("event_not_possible",)
    late = store.reserve(code(1), order(1), account=account(1), at=AT + 20 * 24 * HOUR, idempotency_key="r")
    assert codes(late) == ("coupon_expired", "coupon_void")
    with store.engine.connect() as connection:
        kept = {
            (row.verb, row.request): row.is_final
            for row in connection.execute(select(answers).where(answers.c.refusal.is_not(None)))
        }
    assert kept == {("complete", "c"): True, ("reserve", "r"): True}


def test_a_refusal_that_may_pass_is_kept_for_the_record(store: Ledger) -> None:
    accepted(store, 1)
    store.complete(code(1), order="order-1", at=AT, idempotency_key="c")
    with store.engine.connect() as connection:
        (row,) = connection.execute(select(answers).where(answers.c.refusal.is_not(None))).all()
    assert (row.is_final, Refusal.from_json(row.refusal).codes) == (False, ("event_not_possible",))
    assert verify(store)


@pytest.mark.parametrize("reason", sorted(code for code in ReasonCode if not code.is_final))
def test_what_passes_is_nothing_that_the_request_itself_is_wrong_in(reason: ReasonCode) -> None:
    assert not reason.startswith(("order_category", "order_brand", "quote_altered", "coupon_other", "request_"))


# ----- a new price list


def test_a_new_price_list_that_leaves_the_quote_as_it_is_is_no_obstacle(store: Ledger) -> None:
    longer = trade.programme(quote_valid_hours=24, price_max_age_days=44)
    assert longer.digest != shop.PROGRAMME.digest
    begun = store.accept(quote(1), longer, account=account(1), at=AT, idempotency_key="a")
    assert made(begun).quote.digest == begun.coupon.digest == longer.digest  # type: ignore[union-attr]
    assert made(begun).code == code(1), "the same quote has the same coupon"
    again = store.accept(quote(1), shop.PROGRAMME, account=account(1), at=AT, idempotency_key="b")
    assert again == begun


def test_a_new_price_list_that_changes_the_quote_is_a_refusal(store: Ledger) -> None:
    cheaper = trade.programme(factor_bps=9_000)
    refused = store.accept(quote(1), cheaper, account=account(1), at=AT, idempotency_key="a")
    assert codes(refused) == ("quote_outdated",)
    assert isinstance(refused, Refusal)
    assert "factor was not there, is now -995.00" in refused.explain()
    assert made(store.accept(quote(1), shop.PROGRAMME, account=account(1), at=AT, idempotency_key="b")).is_open


# ----- a forged quote


@pytest.mark.parametrize(
    "forge",
    [
        {"lines": 10_000_000},
        {"usage": {"valid_days": 3_000}},
        {"usage": {"surplus": "store_credit"}},
        {"usage": {"categories": ["smartphone", "television"]}},
        {"valid_until": "2030-01-01T00:00:00Z"},
        {"grade": "C"},
    ],
    ids=str,
)
def test_a_forged_quote_is_not_paid(store: Ledger, forge: dict[str, object]) -> None:
    data = quote(1).to_dict(reveal_imei=True)
    for name, value in forge.items():
        if name == "lines":
            data["lines"][0]["amount"] += value
            data["exchange_value"] += value
            data["coupon_value"] += value
        elif isinstance(value, dict):
            data[name] |= value
        else:
            data[name] = value
    forged = Quote.from_dict(data)
    answer = store.accept(forged, shop.PROGRAMME, account="thief", at=AT, idempotency_key="forged")
    assert codes(answer) == ("quote_altered",)
    assert made(store.accept(quote(1), shop.PROGRAMME, account=account(1), at=AT, idempotency_key="a")).is_open
    assert verify(store)


# ----- a refusal that is taken back


def test_a_request_that_comes_again_at_once_waits_in_no_circle(store: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exchange is locked before its count, also where an answer is taken back first: a server ends no deadlock."""
    states: list[str] = []
    is_conflict = _engine._is_conflict  # noqa: SLF001 - where a server's answer is read

    def noted(error: BaseException) -> bool:
        states.append(getattr(error, "sqlstate", None) or "")
        return is_conflict(error)

    monkeypatch.setattr(_engine, "_is_conflict", noted)
    programme = trade.programme(trade.STRICT)
    quoted = appraise(shop.phone(1), trade.SAID, programme, at=AT)
    assert isinstance(quoted, Quote)
    begun = made(store.accept(quoted, programme, account=account(1), at=AT, idempotency_key="a"))
    made(store.reserve(begun.code, order(1), account=account(1), at=AT, idempotency_key="r"))
    with ThreadPoolExecutor(4) as pool:
        asked = [
            pool.submit(store.complete, begun.code, order="order-1", at=AT, idempotency_key="c") for _ in range(24)
        ]
        assert {codes(one.result()) for one in asked} == {("inspection_missing",)}
    assert "40P01" not in states
    assert verify(store)


def test_a_refused_acceptance_that_comes_again_at_once_is_taken_back_once(
    store: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The running count has every answer once; the simulator found it, on a server, after 56,000 steps."""
    accepted(store, 1)
    told: dict[str, Any] = {"account": account(1), "at": AT, "idempotency_key": "a"}
    assert codes(store.accept(quote(2), shop.PROGRAMME, **told)) == ("exchange_open",)
    is_server, withdraw, twice = store.engine.dialect.name == "postgresql", Books._withdraw, [True]  # noqa: SLF001 - where they meet

    def late(self: Books, session: Session, answer: object) -> None:
        if is_server and twice:  # a file has one writer, who is not between two others
            twice.clear()
            assert codes(store.accept(quote(2), shop.PROGRAMME, **told | {"at": AT + LITTLE})) == ("exchange_open",)
        withdraw(self, session, answer)

    monkeypatch.setattr(Books, "_withdraw", late)
    assert codes(store.accept(quote(2), shop.PROGRAMME, **told)) == ("exchange_open",)
    assert verify(store).faults == ()
