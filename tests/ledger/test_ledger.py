"""The verbs of a ledger, on a real SQLite file and a real PostgreSQL server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, select

from ledger import shop
from ledger.shop import AT, HOUR, KEY, accepted, account, code, made, order, quote, reserved
from miexchange import Exchange, InvalidValue, Refusal, ledger
from miexchange.events import Accept
from miexchange.exchange import State
from miexchange.ledger import Ledger, LedgerError, Sweep, verify
from miexchange.ledger._schema import answers, device_tokens
from unit import trade

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
SKEW = timedelta(seconds=trade.RULES.skew_seconds)


@pytest.fixture(autouse=True)
def whole(store: Ledger) -> Iterator[None]:
    """Whatever a test did, the ledger is whole after it."""
    yield
    assert verify(store).faults == ()


def codes(answer: Exchange | Refusal) -> tuple[str, ...]:
    assert isinstance(answer, Refusal)
    return answer.codes


# ----- a life


def test_a_life_from_acceptance_to_reversal(store: Ledger) -> None:
    begun = accepted(store, 1)
    assert store.get(code(1)) == begun
    held = reserved(store, 1, at=AT + HOUR)
    assert (held.state, held.order) == (State.RESERVED, order(1))
    seen = trade.seen(imeis=(shop.imei(3),))
    looked = store.inspect(
        code(1), seen, shop.PROGRAMME, order="order-1", at=AT + 2 * HOUR, idempotency_key="inspect-1"
    )
    assert made(looked).state == State.INSPECTED
    done = made(store.complete(code(1), order="order-1", at=AT + 3 * HOUR, idempotency_key="complete-1"))
    assert done.state == State.COMPLETED
    back = made(store.reverse(code(1), order="order-1", at=AT + DAY, idempotency_key="reverse-1"))
    assert (back.state, back.credit_of_reversal) == (State.REVERSED, 995_000)
    history = store.history(code(1))
    assert [entry.event.kind for entry in history] == ["accept", "reserve", "inspect", "complete", "reverse"]
    assert [entry.version for entry in history] == [1, 2, 3, 4, 5]
    assert history[0].request == "accept-1"
    assert store.get(f" {code(1)[:4].lower()}-{code(1)[4:]}") == back


def test_a_requote_is_agreed_to_or_declined(store: Ledger) -> None:
    for number, verb, state in ((1, store.agree, State.ADJUSTED), (2, store.decline, State.VOID)):
        reserved(store, number)
        answers_now = trade.SAID.replace(glass="scratched")
        seen = trade.seen(imeis=(shop.imei(2 * number),), answers=answers_now, evidence=(("glass", "photo-7"),))
        looked = store.inspect(
            code(number), seen, shop.PROGRAMME, order=f"order-{number}", at=AT, idempotency_key=f"inspect-{number}"
        )
        assert made(looked).to_pay_at_the_door == 100_000
        stranger = verb(code(number), account="stranger", at=AT, idempotency_key=f"stranger-{number}")
        assert codes(stranger) == ("coupon_not_usable",)
        answer = verb(code(number), account=account(number), at=AT + DAY, idempotency_key=f"answer-{number}")
        assert made(answer).state == state


def test_what_is_not_ready_at_the_door_is_refused_and_changes_nothing(store: Ledger) -> None:
    held = reserved(store, 1)
    seen = trade.seen(imeis=(shop.imei(2),), screen_lock_off=False)
    looked = store.inspect(code(1), seen, shop.PROGRAMME, order="order-1", at=AT, idempotency_key="inspect")
    assert codes(looked) == ("screen_lock_on",)
    assert store.get(code(1)) == held
    with pytest.raises(InvalidValue, match="give an Inspection"):
        store.inspect(code(1), "seen", shop.PROGRAMME, order="1", at=AT, idempotency_key="x")  # type: ignore[arg-type]


def test_a_void_and_an_expiry_end_an_exchange(store: Ledger) -> None:
    accepted(store, 1)
    assert made(store.void(code(1), reason="stolen", at=AT, idempotency_key="void")).state == State.VOID
    accepted(store, 2)
    assert codes(store.expire(code(2), at=AT + DAY, idempotency_key="early")) == ("event_not_due",)
    assert made(store.expire(code(2), at=AT + 14 * DAY, idempotency_key="due")).state == State.EXPIRED


def test_an_unknown_or_mistyped_code_is_nothing(store: Ledger) -> None:
    assert store.get(code(1)) is None
    assert store.get("mistyped") is None
    assert store.history(code(1)) == store.history("mistyped") == ()
    assert codes(store.void(code(1), reason="why", at=AT, idempotency_key="void")) == ("coupon_unknown",)
    assert codes(store.void("mistyped", reason="why", at=AT, idempotency_key="void-2")) == ("coupon_code_mistyped",)


# ----- one at a time


def test_an_account_has_one_open_exchange(store: Ledger) -> None:
    accepted(store, 1)
    again = store.accept(quote(2), shop.PROGRAMME, account=account(1), at=AT, idempotency_key="second")
    assert codes(again) == ("exchange_open",)
    made(store.void(code(1), reason="wrong phone", at=AT, idempotency_key="void"))
    assert made(store.accept(quote(2), shop.PROGRAMME, account=account(1), at=AT, idempotency_key="third")).is_open


@pytest.mark.parametrize("sim", [2, 3])
def test_a_device_has_one_open_exchange_by_either_sim(store: Ledger, sim: int) -> None:
    accepted(store, 1)
    other = quote(1).replace(imeis=(shop.imei(sim),))

    def ask(key: str) -> Exchange | Refusal:
        return store.accept(other, shop.PROGRAMME, account=account(2), at=AT, idempotency_key=key)

    assert codes(ask("a")) == ("device_in_exchange",)
    made(store.void(code(1), reason="withdrawn", at=AT, idempotency_key="v"))
    assert made(ask("b")).is_open


def test_accepting_is_refused_as_without_a_ledger(store: Ledger) -> None:
    late = store.accept(quote(1), shop.PROGRAMME, account="a", at=AT + DAY, idempotency_key="late")
    assert codes(late) == ("quote_expired",)
    again = store.accept(quote(1), shop.PROGRAMME, account="a", at=AT, idempotency_key="late")
    assert again == late, "the first answer: when it is asked again is not what is asked"
    other = store.accept(quote(2), shop.PROGRAMME, account="a", at=AT, idempotency_key="late")
    assert codes(other) == ("request_changed",)


def test_the_same_quote_twice_is_the_same_coupon(store: Ledger) -> None:
    begun = accepted(store, 1)
    again = store.accept(quote(1), shop.PROGRAMME, account=account(1), at=AT + HOUR, idempotency_key="another")
    assert again == begun
    made(store.reserve(code(1), order(1), account=account(1), at=AT, idempotency_key="r"))
    late = store.accept(quote(1), shop.PROGRAMME, account=account(1), at=AT, idempotency_key="third")
    assert codes(late) == ("quote_accepted",)
    stale = store.accept(quote(1), shop.PROGRAMME, account=account(1), at=AT + DAY, idempotency_key="fourth")
    assert codes(stale) == ("quote_expired",)


def test_an_order_takes_one_coupon(store: Ledger) -> None:
    reserved(store, 1)
    accepted(store, 2)
    taken = store.reserve(code(2), order(1), account=account(2), at=AT, idempotency_key="r2")
    assert codes(taken) == ("order_taken",)
    made(store.release(code(1), order="order-1", at=AT, idempotency_key="free"))
    assert made(store.reserve(code(2), order(1), account=account(2), at=AT, idempotency_key="r3")).order == order(1)


# ----- idempotency


def test_the_same_key_and_content_gives_the_first_answer_again(store: Ledger) -> None:
    held = reserved(store, 1)
    made(store.release(code(1), order="order-1", at=AT, idempotency_key="free"))
    again = store.reserve(code(1), order(1), account=account(1), at=AT + HOUR, idempotency_key="reserve-1")
    assert again == held, "the first answer, though the coupon is free by now"
    assert made(store.get(code(1)) or again).state == State.ISSUED
    assert accepted(store, 1, at=AT + HOUR).version == 1
    assert len(store.history(code(1))) == 3


def test_a_refusal_is_the_first_answer_too(store: Ledger) -> None:
    early = store.reserve(code(1), order(1), account=account(1), at=AT, idempotency_key="early")
    assert codes(early) == ("coupon_not_usable",)
    accepted(store, 1)
    again = store.reserve(code(1), order(1), account=account(1), at=AT, idempotency_key="early")
    assert again == early
    operator = store.release(code(1), order="order-1", at=AT, idempotency_key="o")
    assert store.release(code(1), order="order-1", at=AT, idempotency_key="o") == operator


def test_the_same_key_with_other_content_is_its_own_refusal(store: Ledger) -> None:
    reserved(store, 1)
    answer = store.reserve(code(1), order(2), account=account(1), at=AT, idempotency_key="reserve-1")
    assert codes(answer) == ("request_changed",)
    assert made(store.get(code(1)) or answer).order == order(1)


def test_an_idempotency_key_is_of_one_asker_and_one_verb(store: Ledger) -> None:
    """Whoever has used a key before blocks nobody else's request, and no other verb."""
    for number in (1, 2):
        begun = store.accept(quote(number), shop.PROGRAMME, account=account(number), at=AT, idempotency_key="the same")
        assert made(begun).account == account(number)
    for number in (1, 2):
        held = store.reserve(code(number), order(number), account=account(number), at=AT, idempotency_key="the same")
        assert made(held).order == order(number)
    stranger = store.reserve(code(1), order(3), account="stranger", at=AT, idempotency_key="the same")
    assert codes(stranger) == ("coupon_not_usable",)
    assert made(store.complete(code(1), order="order-1", at=AT, idempotency_key="the same")).version == 3
    assert codes(store.complete(code(2), order="order-2", at=AT, idempotency_key="the same")) == ("request_changed",)
    again = store.reserve(code(2), order(2), account=account(2), at=AT, idempotency_key="the same")
    assert made(again).version == 2


def test_an_answer_that_is_withdrawn_leaves_the_count_right(store: Ledger) -> None:
    reserved(store, 1)
    again = store.reserve(code(1), order(2), account=account(1), at=AT, idempotency_key="early")
    assert codes(again) == ("coupon_reserved",)
    with store._sessions.transaction() as session:  # noqa: SLF001 - what a verb does with an answer that is not final
        row = session.core.execute(select(answers).where(answers.c.request == "early")).one()
        store._withdraw(session, row)  # noqa: SLF001 - as above
    assert verify(store).faults == ()
    made(store.release(code(1), order="order-1", at=AT, idempotency_key="free"))
    held = store.reserve(code(1), order(2), account=account(1), at=AT, idempotency_key="early")
    assert made(held).order == order(2)


def test_a_new_key_for_what_is_so_already_is_no_second_step(store: Ledger) -> None:
    held = reserved(store, 1)
    again = store.reserve(code(1), order(1), account=account(1), at=AT + HOUR, idempotency_key="another")
    assert again == held
    assert len(store.history(code(1))) == 2


@pytest.mark.parametrize("key", ["", "x" * 201, 7, None, "a\x00b"])
def test_an_idempotency_key_is_a_text(store: Ledger, key: Any) -> None:  # noqa: ANN401 - also wrong
    with pytest.raises(InvalidValue, match="idempotency_key"):
        store.accept(quote(1), shop.PROGRAMME, account="a", at=AT, idempotency_key=key)
    with pytest.raises(InvalidValue, match="idempotency_key"):
        store.void(code(1), reason="why", at=AT, idempotency_key=key)
    with pytest.raises(InvalidValue, match="give an Order"):
        store.reserve(code(1), "order", account="a", at=AT, idempotency_key="r")  # type: ignore[arg-type]


# ----- the guesser


@contextmanager
def overheard(store: Ledger) -> Iterator[list[str]]:
    """Collect the statements that the database is asked; a transaction's begin is not one."""
    said: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            said.append(statement)

    event.listen(store.engine, "before_cursor_execute", listen)
    yield said
    event.remove(store.engine, "before_cursor_execute", listen)


def guesses(store: Ledger) -> dict[str, str]:
    """Return a code of every kind that a stranger may try."""
    accepted(store, 1)
    accepted(store, 2)
    accepted(store, 3)
    made(store.expire(code(2), at=AT + 14 * DAY, idempotency_key="expire"))
    made(store.reserve(code(3), order(3), account=account(3), at=AT, idempotency_key="reserve"))
    made(store.complete(code(3), order="order-3", at=AT, idempotency_key="complete"))
    return {"foreign": code(1), "expired": code(2), "spent": code(3), "unknown": code(4)}


def test_a_stranger_gets_one_answer_by_the_same_statements(store: Ledger) -> None:
    answered, asked = {}, {}
    for kind, guess in guesses(store).items():
        with overheard(store) as asked[kind]:
            answered[kind] = store.reserve(
                guess, order(9), account="stranger", at=AT + DAY, idempotency_key=f"try-{kind}"
            )
    assert {answer.to_json() for answer in answered.values()} == {answered["unknown"].to_json()}
    assert codes(answered["unknown"]) == ("coupon_not_usable",)
    assert len({tuple(statements) for statements in asked.values()}) == 1, "the same statements take comparable time"
    in_one = store.engine.dialect.name == "postgresql"
    written = ["WITH"] if in_one else ["INSERT", "UPDATE"]  # the answer, and the running count
    assert [statement.split()[0] for statement in asked["unknown"]] == ["SELECT", *written]


def test_the_owner_and_the_audit_log_get_the_full_reasons(store: Ledger) -> None:
    tried = guesses(store)
    own = store.reserve(tried["spent"], order(9), account=account(3), at=AT + 20 * DAY, idempotency_key="own")
    assert codes(own) == ("coupon_expired", "coupon_used")
    for kind, guess in tried.items():
        store.reserve(guess, order(9), account="stranger", at=AT, idempotency_key=f"try-{kind}")
    with store.engine.connect() as connection:
        kept = {row.request: row for row in connection.execute(select(answers).where(answers.c.is_public))}
    assert {request: Refusal.from_json(row.refusal).codes for request, row in kept.items()} == {
        "try-foreign": ("coupon_other_account",),
        "try-expired": ("coupon_other_account",),
        "try-spent": ("coupon_other_account",),
        "try-unknown": ("coupon_unknown",),
    }
    assert kept["try-foreign"].code == code(1)


def test_a_wrong_check_character_is_refused_before_the_database_is_asked(store: Ledger) -> None:
    accepted(store, 1)
    wrong = code(1)[:-1] + next(symbol for symbol in "0123456789" if symbol != code(1)[-1])
    with overheard(store) as said:
        answer = store.reserve(wrong, order(1), account=account(1), at=AT, idempotency_key="wrong")
    assert codes(answer) == ("coupon_code_mistyped",)
    assert said == []


# ----- time


def test_a_sweep_ends_what_is_due_to_the_microsecond(store: Ledger) -> None:
    for number in (1, 2, 3):
        accepted(store, number, at=AT + number * TICK)
    made(store.reserve(code(1), order(1), account=account(1), at=AT + 3 * TICK, idempotency_key="r"))
    due = AT + 14 * DAY + 2 * TICK
    assert store.sweep(due - TICK) == Sweep(0, 0)
    assert store.sweep(due) == Sweep(1, 0)
    assert store.sweep(due) == Sweep(0, 0)
    assert [made(store.get(code(number)) or Refusal(())).state for number in (1, 2, 3)] == [
        State.RESERVED,
        State.EXPIRED,
        State.ISSUED,
    ]
    assert store.history(code(2))[-1].request is None


def test_a_sweep_ends_re_quotes_that_nobody_answered(store: Ledger) -> None:
    reserved(store, 1)
    answers_now = trade.SAID.replace(glass="scratched")
    seen = trade.seen(imeis=(shop.imei(2),), answers=answers_now, evidence=(("glass", "photo"),))
    made(store.inspect(code(1), seen, shop.PROGRAMME, order="order-1", at=AT, idempotency_key="i"))
    assert store.sweep(AT + 48 * HOUR - TICK) == Sweep(0, 0)
    assert store.sweep(AT + 48 * HOUR) == Sweep(0, 1)


def test_a_sweep_takes_more_than_one_page(store: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 8):
        accepted(store, number)
    monkeypatch.setattr("miexchange.ledger._sql.DUE", ledger._sql.DUE.limit(3))  # noqa: SLF001 - a smaller page
    assert store.sweep(AT + 20 * DAY) == Sweep(7, 0)


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Asia/Kolkata"), ZoneInfo("America/New_York")], ids=str)
def test_a_window_ends_at_the_same_microsecond_in_every_zone(store: Ledger, zone: Any) -> None:  # noqa: ANN401 - a tzinfo
    begins = datetime(2020, 1, 11, 5, 59, 59, 999_999, tzinfo=UTC) + TICK
    accepted(store, 1, at=begins.astimezone(zone))
    ask = {"account": account(1)}
    before = (begins - SKEW - TICK).astimezone(zone)
    early = store.reserve(code(1), order(1), at=before, idempotency_key="1", **ask)
    assert codes(early) == ("coupon_not_yet_valid", "event_before_last")
    end = begins + 14 * DAY
    late = store.reserve(code(1), order(1), at=end.astimezone(zone), idempotency_key="2", **ask)
    assert codes(late) == ("coupon_expired",)
    last = store.reserve(code(1), order(1), at=(end - TICK).astimezone(zone), idempotency_key="3", **ask)
    assert made(last).at == end - TICK


def test_an_acceptance_by_a_clock_that_is_a_little_behind_is_whole(store: Ledger) -> None:
    """The event is as late as the quote, the answer keeps the instant that was asked for; both are sealed as stored."""
    begun = accepted(store, 1, at=AT - SKEW)
    assert begun.at == AT
    assert accepted(store, 1, at=AT - SKEW) == begun
    assert made(store.reserve(code(1), order(1), account=account(1), at=AT - SKEW, idempotency_key="r")).at == AT


def test_a_clock_that_moved_back_an_hour_is_a_clear_refusal(store: Ledger) -> None:
    held = reserved(store, 1, at=AT + 2 * HOUR)
    back = store.complete(code(1), order="order-1", at=AT + HOUR, idempotency_key="back")
    assert isinstance(back, Refusal)
    assert back.codes == ("event_before_last",)
    assert "Check the clock" in back.explain()
    assert store.get(code(1)) == held
    assert store.sweep(AT + HOUR) == Sweep(0, 0)
    assert made(store.complete(code(1), order="order-1", at=AT + 3 * HOUR, idempotency_key="then")).version == 3


# ----- what is asked


def test_the_exposure_is_by_day_of_expiry(store: Ledger) -> None:
    assert store.open_exposure() == ()
    for number in (1, 2, 3, 4):
        accepted(store, number, at=AT + number * 4 * HOUR)
    made(store.reserve(code(1), order(1), account=account(1), at=AT + DAY, idempotency_key="r"))
    made(store.void(code(4), reason="why", at=AT + DAY, idempotency_key="v"))
    held, first = store.open_exposure()
    assert (held.day, held.coupons, held.value_minor) == (None, 1, 995_000)
    assert (first.day, first.coupons, first.value_minor) == (date(2020, 1, 25), 2, 1_990_000)
    east = store.open_exposure(timezone(timedelta(hours=7)))
    assert [(one.day, one.coupons) for one in east] == [(None, 1), (date(2020, 1, 25), 1), (date(2020, 1, 26), 1)]


# ----- keys


def test_no_imei_is_stored(store: Ledger) -> None:
    reserved(store, 1)
    seen = trade.seen(imeis=(shop.imei(2),))
    made(store.inspect(code(1), seen, shop.PROGRAMME, order="order-1", at=AT, idempotency_key="i"))
    with store.engine.connect() as connection:
        written = "".join(
            str(tuple(row))
            for table in ("exchanges", "events", "device_tokens", "answers", "secret_keys")
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}")  # noqa: S608 - our own names
        )
    assert len(written) > 3_000
    for number in (2, 3):
        assert shop.imei(number).body[8:] not in written
    assert KEY.hex() not in written


def test_keys_rotate_with_the_old_one_beside_the_new(store: Ledger, url: str) -> None:
    reserved(store, 1)
    new = b"the second key, a newer one"
    with ledger.open(url, key=new, old_keys=(KEY,)) as rotated:
        again = quote(1).replace(imeis=(shop.imei(3),))
        stolen = rotated.accept(again, shop.PROGRAMME, account="b", at=AT, idempotency_key="stolen")
        assert codes(stolen) == ("device_in_exchange",), "the device is known under the old key"
        first = rotated.accept(quote(1), shop.PROGRAMME, account=account(1), at=AT, idempotency_key="accept-1")
        assert made(first).version == 1, "a retry across the change gets the first answer"
        seen = trade.seen(imeis=(shop.imei(2),))
        looked = rotated.inspect(code(1), seen, shop.PROGRAMME, order="order-1", at=AT, idempotency_key="i")
        assert made(looked).state == State.INSPECTED
        accepted(rotated, 2)
        with pytest.raises(LedgerError, match="Exchanges are open that began under the key"):
            ledger.open(url, key=new)
        made(rotated.complete(code(1), order="order-1", at=AT, idempotency_key="c"))
    with ledger.open(url, key=new) as alone:
        by_old = store.accept(quote(2), shop.PROGRAMME, account="c", at=AT, idempotency_key="old server")
        assert codes(by_old) == ("device_in_exchange",), "a server that still has the old key alone sees it, too"
        assert verify(alone).faults == ()


NEW, THIRD = b"the second key, a newer one", b"the third key, and the newest"


def test_a_quote_has_one_coupon_whatever_the_key(store: Ledger, url: str) -> None:
    """Defect: the code was derived from the key in use, so a new key gave the same quote a second coupon."""
    reserved(store, 1)
    done = made(store.complete(code(1), order="order-1", at=AT, idempotency_key="c"))
    for number, keys in enumerate(((NEW, KEY), (NEW,), (THIRD, NEW), (THIRD,))):
        with ledger.open(url, key=keys[0], old_keys=keys[1:]) as rotated:
            again = rotated.accept(
                quote(1), shop.PROGRAMME, account=account(1), at=AT, idempotency_key=f"again-{number}"
            )
            assert codes(again) == ("quote_accepted",)
            assert rotated.get(code(1)) == done
            assert accepted(rotated, 10 + number).code == code(10 + number)
            made(rotated.void(code(10 + number), reason="why", at=AT, idempotency_key=f"v-{number}"))


def test_a_new_key_is_taken_only_with_the_last_one_beside_it(store: Ledger, url: str) -> None:
    """Defect: two servers with different keys took one phone twice."""
    accepted(store, 1)
    made(store.void(code(1), reason="why", at=AT, idempotency_key="v"))
    with pytest.raises(LedgerError, match="is new to this ledger, and the last one"):
        ledger.open(url, key=NEW)
    ledger.open(url, key=NEW, old_keys=(KEY,)).close()
    with pytest.raises(LedgerError, match="is new to this ledger, and the last one"):
        ledger.open(url, key=THIRD, old_keys=(KEY,))
    ledger.open(url, key=KEY).close()
    ledger.open(url, key=THIRD, old_keys=(NEW,)).close()


def test_of_two_keys_that_open_an_empty_database_at_once_one_wins(url: str) -> None:
    def opened(key: bytes) -> str:
        try:
            ledger.open(url, key=key).close()
        except LedgerError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(opened, (KEY, NEW, THIRD) * 2))
    assert won.count("") == 2
    assert all("is new to this ledger" in said for said in won if said)


def test_without_its_key_a_ledger_is_only_read(store: Ledger, url: str) -> None:
    begun = accepted(store, 1)
    with ledger.open(url) as keyless:
        assert keyless.get(code(1)) == begun
        with pytest.raises(LedgerError, match="was opened without its key"):
            keyless.void(code(1), reason="why", at=AT, idempotency_key="v")
        with pytest.raises(LedgerError, match="was opened without its key"):
            keyless.accept(quote(2), shop.PROGRAMME, account="a", at=AT, idempotency_key="a")
        with pytest.raises(LedgerError, match="was opened without its key"):
            keyless.sweep(AT + 14 * DAY)


def test_an_event_that_is_stored_is_the_event_that_happened(store: Ledger) -> None:
    begun = accepted(store, 1)
    (entry,) = store.history(code(1))
    assert entry.event == Accept(AT, begun.quote, begun.coupon, begun.worst_case, begun.rules)
    with store.engine.connect() as connection:
        tokens = connection.scalars(select(device_tokens.c.token).order_by(device_tokens.c.token)).all()
    assert tuple(tokens) == begun.coupon.device_tokens


def test_the_ledger_remembers_so_many_and_no_more(store: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("miexchange.ledger._books._KEPT", 2)
    for number in range(1, 5):
        accepted(store, number)
    assert len(store._known) == 2  # noqa: SLF001 - its bound is what is tested
    assert made(store.get(code(1)) or Refusal(())).account == account(1)
