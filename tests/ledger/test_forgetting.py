"""Old answers are removed and nothing else is; a request that comes again then begins no second exchange."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from ledger import shop
from ledger.shop import AT, HOUR, accepted, account, bought, code, made, order
from miexchange import Exchange, InvalidValue, Refusal, ledger
from miexchange.ledger import Forgotten, LedgerError, _forgetting, _schema, _sql, verify

if TYPE_CHECKING:
    from miexchange.ledger import Ledger

DAY = timedelta(days=1)
LATER = AT + 60 * DAY


def rows(store: Ledger) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of all tables but those that a removal changes."""
    with store.engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in _schema._metadata.sorted_tables  # noqa: SLF001 - behind the ledger's back
            if table.name not in {"answers", "tallies", "forgotten"}
        }


def requests(store: Ledger) -> list[str]:
    with store.engine.connect() as connection:
        return list(connection.scalars(select(_schema.answers.c.request).order_by(_schema.answers.c.request)))


def refused(store: Ledger, number: int) -> None:
    """Let an account that has an open exchange be refused another one: an answer about no coupon."""
    key = f"refused-{number}"
    answer = store.accept(shop.quote(number + 100), shop.PROGRAMME, account=account(number), at=AT, idempotency_key=key)
    assert isinstance(answer, Refusal)


def test_answers_before_an_instant_are_removed_and_nothing_else(store: Ledger) -> None:
    """Exchanges, events, tokens, feed and head stay as they are; the ledger is whole, with its key and without."""
    bought(store, 1)
    accepted(store, 2)
    refused(store, 2)
    bought(store, 3, at=AT + HOUR)
    before, whole = rows(store), verify(store)
    assert store.forget_answers(AT) == Forgotten(0)
    assert store.forget_answers(AT + HOUR) == Forgotten(5)
    assert requests(store) == ["accept-2", "complete-3", "reserve-3"], "the open one keeps its answer"
    assert store.forget_answers(AT + HOUR) == Forgotten(0)
    assert rows(store) == before
    found = verify(store)
    assert found == whole
    assert (found.faults, found.is_sealed, found.head, found.answers) == ((), True, whole.head, whole.answers - 5)
    assert verify(ledger.Ledger(store.engine, None, ())).faults == ()
    assert store.forget_answers(LATER) == Forgotten(2)
    assert verify(store)
    with pytest.raises(InvalidValue, match="before"):
        store.forget_answers("yesterday")  # type: ignore[arg-type]
    with pytest.raises(LedgerError, match="without its key"):
        ledger.Ledger(store.engine, None, ()).forget_answers(LATER)


def test_a_request_that_comes_again_after_its_answer_is_gone_is_no_second_exchange(store: Ledger) -> None:
    """The phone is bought once: the quote was accepted, the order has its coupon, and the hand-over is over."""
    done = bought(store, 1)
    history = store.history(done.code)
    for at, reason in ((AT, "quote_accepted"), (LATER, "quote_expired")):
        assert store.forget_answers(LATER).answers
        again = store.accept(shop.quote(1), account=account(1), at=at, idempotency_key="accept-1")
        assert isinstance(again, Refusal)
        assert again.codes == (reason,)
    store.forget_answers(LATER + DAY)
    late: dict[str, Any] = {"at": LATER}
    for answer in (
        store.reserve(code(1), order(1), account=account(1), **late, idempotency_key="reserve-1"),
        store.complete(code(1), order=order(1).id, **late, idempotency_key="complete-1"),
        *store.accept_many(
            [{"quote": shop.quote(1), "account": account(1), "at": LATER, "idempotency_key": "accept-1"}]
        ),
    ):
        assert not isinstance(answer, Exchange) or answer == done
    assert store.history(done.code) == history, "nothing happened to it"
    assert verify(store).exchanges == 1
    assert verify(store)


def test_an_open_exchange_answers_as_before_whatever_its_age(store: Ledger) -> None:
    """A release that is sent again after years does not free what the coupon holds now."""
    first = shop.reserved(store, 1)
    asked: dict[str, Any] = {"order": order(1).id, "at": AT, "idempotency_key": "release"}
    released = made(store.release(code(1), **asked))
    again = made(store.reserve(code(1), order(1), account=account(1), at=AT, idempotency_key="again"))
    assert store.forget_answers(AT + 1_000 * DAY) == Forgotten(0)
    assert store.release(code(1), **asked) == released
    assert store.get(code(1)) == again
    assert shop.reserved(store, 1) == first
    assert verify(store)


def test_checkpoints_from_before_and_after_hold(store: Ledger) -> None:
    """Answers that were removed since a checkpoint are counted against it; one that vanished otherwise is found."""
    bought(store, 1)
    first = store.checkpoint(AT)
    bought(store, 2, at=AT + DAY)
    second = store.checkpoint(AT + DAY)
    store.forget_answers(AT + HOUR)
    store.forget_answers(AT + 2 * HOUR)
    third = store.checkpoint(AT + 2 * DAY)
    store.forget_answers(LATER)
    for kept in (first, second, third):
        assert verify(store, kept).faults == ()
    bought(store, 3, at=AT + DAY)  # in a later part: two numbers of one removal
    store.forget_answers(LATER)
    assert verify(store, third).faults == ()
    fourth = store.checkpoint(LATER)
    assert verify(store, fourth).faults == ()
    with store.engine.begin() as connection:
        connection.execute(update(_schema.forgotten).values(answers=_schema.forgotten.c.answers + 1))
    faults = verify(store, second).faults
    assert any("running count" in fault for fault in faults)
    assert any("answers, and of those of its time" in fault for fault in faults)


def test_what_somebody_takes_away_is_still_found(store: Ledger) -> None:
    bought(store, 1)
    bought(store, 2, at=AT + DAY)
    store.forget_answers(AT + HOUR)
    with store.engine.begin() as connection:
        connection.execute(_schema.answers.delete().where(_schema.answers.c.request == "reserve-2"))
    faults = verify(store).faults
    assert f"{code(2)}: event 2 was made by a request, and its answer is missing" in faults
    with store.engine.begin() as connection:
        connection.execute(_schema.forgotten.delete())
    assert any(fault.startswith(f"{code(1)}: event 1 was made by a request") for fault in verify(store).faults)


def test_a_damaged_answer_stays_to_be_found(store: Ledger) -> None:
    bought(store, 1)
    with store.engine.begin() as connection:
        named = _schema.answers.c.request == "reserve-1"
        connection.execute(update(_schema.answers).where(named).values(version=3))
    assert store.forget_answers(LATER) == Forgotten(2, 1)
    assert requests(store) == ["reserve-1"]
    assert any("the request 'reserve-1'" in fault or "seal" in fault for fault in verify(store).faults)


def test_more_than_one_batch_is_removed(store: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers of one instant are told apart by who asked what."""
    monkeypatch.setattr(_forgetting, "_PAUSE", 0)
    many = _sql.AT_ONCE + 20
    items: Any = [
        {"quote": shop.quote(1), "account": account(number), "at": AT, "idempotency_key": "k"} for number in range(many)
    ]
    assert all(isinstance(answer, Refusal) for answer in store.accept_many(items))
    assert store.forget_answers(LATER) == Forgotten(many)
    assert verify(store) == ledger.Verification(0, 0, ())
