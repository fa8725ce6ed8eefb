"""A ledger keeps the programme of every exchange, once, by its digest, and finds the one that made a quote."""

from __future__ import annotations

import dataclasses
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, literal, select

from ledger import old, shop
from ledger.shop import AT, HOUR, KEY, PROGRAMME, accepted, account, code, made, order, quote, reserved
from miexchange import (
    InvalidValue,
    Price,
    PriceTable,
    Programme,
    Quote,
    Refusal,
    Replay,
    appraise,
    ledger,
    replay,
    worst_case,
)
from miexchange.exchange import State
from miexchange.ledger import UnreadableError, _schema, verify
from miexchange.ledger import _sql as sql
from miexchange.ledger._programmes import KeptProgrammes
from unit import small, trade

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miexchange.ledger import Ledger

LATER = Price(small.MODEL, AT + timedelta(days=9), 900_000, "observed")
EDITION = dataclasses.replace(PROGRAMME, prices=PriceTable.of([*PROGRAMME.prices, LATER]))
"""The same price list, gone on: its quotes of before are the same."""
DEARER = small.programme(trade.terms_of(), price=1_100_000)
TABLE = _schema.programmes


def rows(store: Ledger) -> list[tuple[str, bytes]]:
    with store.engine.connect() as connection:
        return [(row.digest, row.body) for row in connection.execute(select(TABLE))]


def put(store: Ledger, **changes: Any) -> None:  # noqa: ANN401 - a cell of any type
    with store.engine.begin() as connection:
        connection.execute(TABLE.update().values(**changes))


def accept_without(store: Ledger, number: int, given: Mapping[str, Programme] | None = None) -> Any:  # noqa: ANN401 - as above
    return store.accept(quote(number), given, account=account(number), at=AT, idempotency_key=f"without-{number}")


def test_the_programme_of_an_exchange_is_kept_once(store: Ledger) -> None:
    assert len(store.programmes) == 0
    for number in (1, 2, 3):
        accepted(store, number)
    ((digest, body),) = rows(store)
    assert digest == PROGRAMME.digest == made(accepted(store, 1)).quote.digest
    assert zlib.decompress(body).decode() == PROGRAMME.to_json()
    assert dict(store.programmes) == {digest: PROGRAMME}
    assert (list(store.programmes), digest in store.programmes, "x" in store.programmes) == ([digest], True, False)
    for strange in ("", "0" * 64, "x\0", "\ud800", 5, None):
        assert store.programmes.get(strange) is None  # type: ignore[arg-type]
    with pytest.raises(KeyError):
        store.programmes["0" * 64]
    assert verify(store)


def test_later_exchanges_do_not_ask_for_it_again(store: Ledger) -> None:
    """The process remembers what is kept: an exchange costs what it did."""
    accepted(store, 1)
    heard: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *told: heard.append(told[2]))
    accepted(store, 2)
    assert heard
    assert not [statement for statement in heard if "programmes" in statement]


def test_a_process_that_begins_finds_what_is_kept(url: str) -> None:
    with ledger.open(url, key=KEY, create=True) as first:
        accepted(first, 1)
    with ledger.open(url, key=KEY) as second:
        accepted(second, 2)
        assert len(rows(second)) == 1
        assert second.programmes[PROGRAMME.digest].to_json() == PROGRAMME.to_json()


def test_two_that_accept_by_one_programme_at_once_keep_it_once(url: str) -> None:
    together = Barrier(8)

    def opened(number: int) -> None:
        with ledger.open(url, key=KEY) as store:
            together.wait()
            accepted(store, number)

    with ledger.open(url, key=KEY, create=True) as store:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(opened, range(1, 9)))
        assert len(rows(store)) == 1
        assert verify(store) == ledger.Verification(8, 8, ())


def test_a_refused_quote_leaves_no_programme(store: Ledger) -> None:
    expired = store.accept(quote(1), PROGRAMME, account="a", at=AT + 9_000 * HOUR, idempotency_key="late")
    assert isinstance(expired, Refusal)
    assert rows(store) == []
    accepted(store, 1)
    again = store.accept(quote(2), EDITION, account=account(1), at=AT, idempotency_key="two")
    assert isinstance(again, Refusal)
    assert list(store.programmes) == [PROGRAMME.digest]


def test_what_a_transaction_did_not_commit_is_not_thought_kept(store: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def torn(*_: object, **__: object) -> None:
        raise InvalidValue("account", 1, "break here")

    with monkeypatch.context() as patch:
        patch.setattr(type(store), "_add", torn)
        with pytest.raises(InvalidValue):
            accepted(store, 1)
    assert rows(store) == []
    assert store.programmes.get(PROGRAMME.digest) is None
    accepted(store, 1)
    assert len(rows(store)) == 1


# ----- the programme that made a quote


def test_a_quote_is_accepted_by_the_programme_that_is_kept(store: Ledger) -> None:
    refusal = accept_without(store, 2)
    assert isinstance(refusal, Refusal)
    assert (refusal.codes, refusal.is_final) == (("programme_unknown",), False)
    accepted(store, 1)
    begun = made(accept_without(store, 2))
    assert (begun.code, begun.quote.digest) == (code(2), PROGRAMME.digest)
    assert made(accept_without(store, 2)) == begun, "asked again"


def test_or_by_one_out_of_several(store: Ledger) -> None:
    begun = made(accept_without(store, 1, {one.digest: one for one in (DEARER, PROGRAMME)}))
    assert begun.quote.digest == PROGRAMME.digest
    assert list(store.programmes) == [PROGRAMME.digest]
    assert made(accept_without(store, 2, {DEARER.digest: DEARER})).quote.digest == PROGRAMME.digest, "which is kept"
    with pytest.raises(InvalidValue, match=r"programme is 5: give a Programme, as .*; a mapping"):
        accept_without(store, 3, 5)  # type: ignore[arg-type]


def test_another_edition_confirms_a_quote_and_is_kept_instead(store: Ledger) -> None:
    begun = made(store.accept(quote(1), EDITION, account=account(1), at=AT, idempotency_key="one"))
    assert begun.quote.digest == EDITION.digest
    assert list(store.programmes) == [EDITION.digest]
    outdated = store.accept(quote(2), DEARER, account=account(2), at=AT, idempotency_key="two")
    assert isinstance(outdated, Refusal)
    assert outdated.codes == ("quote_outdated",)


@pytest.mark.parametrize("given", [None, {}, {DEARER.digest: DEARER}, EDITION, {PROGRAMME.digest: PROGRAMME}])
def test_a_phone_is_inspected_by_the_programme_of_its_quote(url: str, given: Any) -> None:  # noqa: ANN401 - each kind
    """A price list that was changed since leaves the quotes of before as they are."""
    with ledger.open(url, key=KEY, create=True) as first:
        reserved(first, 1)
    with ledger.open(url, key=KEY) as store:  # which read none yet
        seen = trade.seen(imeis=(shop.imei(2),))
        asked: dict[str, Any] = {"order": order(1).id, "at": AT + HOUR}
        refusal = store.inspect(code(1), seen, DEARER, **asked, idempotency_key="dearer")
        assert isinstance(refusal, Refusal)
        assert refusal.codes == ("programme_unknown",)
        assert made(store.inspect(code(1), seen, given, **asked, idempotency_key="inspect")).state == State.INSPECTED
        assert verify(store)


def test_replay_and_worst_case_find_it_too(store: Ledger) -> None:
    begun = accepted(store, 1)
    assert replay(begun.quote, store.programmes) == Replay((), "same")
    assert worst_case(begun.quote, store.programmes) == begun.worst_case
    other = appraise(shop.phone(2), trade.SAID, DEARER, at=AT)
    assert isinstance(other, Quote)
    for refusal in (replay(other, store.programmes), worst_case(other, store.programmes)):
        assert isinstance(refusal, Refusal)
        assert refusal.codes == ("programme_unknown",)


def test_a_ledger_of_before_takes_the_programme_that_is_given(url: str) -> None:
    old.left(url, lambda today: reserved(today, 1), version="0003")
    ledger.migrate(url, key=KEY)
    with ledger.open(url, key=KEY) as store:
        assert verify(store)
        seen = trade.seen(imeis=(shop.imei(2),))
        asked: dict[str, Any] = {"order": order(1).id, "at": AT + HOUR, "idempotency_key": "inspect"}
        refusal = store.inspect(code(1), seen, **asked)
        assert isinstance(refusal, Refusal)
        assert refusal.codes == ("programme_unknown",)
        assert made(store.inspect(code(1), seen, PROGRAMME, **asked)).state == State.INSPECTED


# ----- what is damaged


DAMAGED = {
    "another programme": zlib.compress(DEARER.to_json().encode()),
    "no programme": zlib.compress(b"{}"),
    "no JSON": zlib.compress(b"\xff"),
    "nothing": b"",
    "not compressed": PROGRAMME.to_json().encode(),
    "cut short": zlib.compress(PROGRAMME.to_json().encode())[:-5],
    "followed by more": zlib.compress(PROGRAMME.to_json().encode()) + b"x",
    "a bomb": zlib.compress(b"[" * 30_000_000),
}


@pytest.mark.parametrize("body", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_programme_is_refused_in_words(url: str, body: bytes) -> None:
    with ledger.open(url, key=KEY, create=True) as first:
        reserved(first, 1)
    with ledger.open(url, key=KEY) as store:
        put(store, body=body)
        what = f"The programme {PROGRAMME.digest[:12]} that the ledger keeps was damaged"
        with pytest.raises(UnreadableError, match=f"{what}. Restore the table programmes from a backup"):
            store.programmes[PROGRAMME.digest]
        with pytest.raises(UnreadableError, match=what):
            replay(quote(2), store.programmes)
        seen = trade.seen(imeis=(shop.imei(2),))
        asked: dict[str, Any] = {"order": order(1).id, "at": AT + HOUR, "idempotency_key": "inspect"}
        with pytest.raises(UnreadableError, match=what):
            store.inspect(code(1), seen, **asked)
        assert made(store.inspect(code(1), seen, PROGRAMME, **asked)).state == State.INSPECTED
        assert verify(store).faults == (what,)


def test_a_text_in_the_place_of_a_programme_is_damage_too(tmp_path: Any) -> None:  # noqa: ANN401 - a path
    with ledger.open(f"{tmp_path}/text.db", key=KEY, create=True) as first:
        accepted(first, 1)
        with first.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE programmes SET body = 'text'")
        assert verify(first).faults == (f"The programme {PROGRAMME.digest[:12]} that the ledger keeps was damaged",)
        with first.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE programmes")
        faults = verify(first).faults
        assert faults[0] == "The table programmes is missing"
        assert "the table programmes cannot be read whole: no such table: programmes" in faults[1]


def test_a_programme_that_is_removed_or_added_is_found(store: Ledger) -> None:
    """Everything is counted: anything removed, added or changed without the key is found."""
    accepted(store, 1)
    with store.engine.begin() as connection:
        row = dict(connection.execute(select(TABLE)).mappings().one())
        connection.execute(TABLE.delete())
    (fault,) = verify(store).faults
    assert "a programme or a position was changed, added or removed" in fault
    forged = {"digest": DEARER.digest, "code": code(1), "body": zlib.compress(DEARER.to_json().encode())}
    with store.engine.begin() as connection:
        connection.execute(TABLE.insert(), [row, forged])
    (fault,) = verify(store).faults
    assert "a programme or a position was changed, added or removed" in fault
    with store.engine.begin() as connection:
        connection.execute(TABLE.delete().where(TABLE.c.digest == DEARER.digest))
        connection.execute(TABLE.update().values(code="x"))
    assert len(verify(store).faults) == 2, "two rows of the count"


def test_a_programme_that_is_too_large_is_refused_in_words(store: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("miexchange.ledger._programmes.JSON_BYTES", 1_000)
    with pytest.raises(InvalidValue, match=r"programme has [\d,]+ bytes as JSON: give one of at most 1,000 b"):
        accepted(store, 1)
    assert store.get(code(1)) is None


def test_only_a_few_programmes_stay_in_memory(store: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("miexchange.ledger._programmes._MOST", 1)
    accepted(store, 1)
    made(store.accept(quote(2), EDITION, account=account(2), at=AT, idempotency_key="two"))
    for programme in (PROGRAMME, EDITION, PROGRAMME):
        assert store.programmes[programme.digest] == programme
        assert len(store._programmes._known) == 1  # noqa: SLF001 - what is in memory


def test_a_programme_that_another_server_kept_meanwhile_is_not_counted_again(
    store: Ledger, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the insert another server may commit the same programme: the first look sees none."""
    made(store.accept(quote(1), PROGRAMME, account=account(1), at=AT, idempotency_key="1"))
    plain, keep = sql.IS_KEPT, KeptProgrammes.keep
    looks: list[int] = []

    def early(*arguments: Any) -> dict[str, object] | None:  # noqa: ANN401 - as of `keep`
        looks.append(len(looks))
        monkeypatch.setattr(sql, "IS_KEPT", plain if looks[1:] else select(literal(0)))
        return keep(*arguments)

    monkeypatch.setattr(KeptProgrammes, "keep", early)
    with ledger.open(url, key=KEY) as other:
        made(other.accept(quote(2), PROGRAMME, account=account(2), at=AT, idempotency_key="2"))
    assert looks == [0, 1], "the first attempt is refused by the primary key"
    assert verify(store).faults == ()
