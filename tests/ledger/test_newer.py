"""Two versions beside one another: what the newer one wrote and this one does not know stops one exchange, no more.

The newer one is this one, which writes one more field into the JSON of the events of one exchange; so all its hashes,
seals and counts are right.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from ledger import shop
from ledger.shop import AT, HOUR, KEY, accepted, account, code, made, order, reserved
from miexchange import Quote, Refusal, appraise, ledger
from miexchange._value import packed
from miexchange.exchange import State
from miexchange.ledger import Entry, Sweep, Unread, UnreadableError, _accepting, _rows, reconcile, verify
from miexchange.programme import Bonus
from unit import trade

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from miexchange.ledger import Ledger

FORTNIGHT = 14 * 24 * HOUR
NEWER = {
    "a field that is set": {"tip": 5, "form": 2},
    "a field without a form": {"tip": 5},
    "a form alone": {"form": 7},
}
every_newer = pytest.mark.parametrize("more", NEWER.values(), ids=NEWER)


def newer(monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], write: Callable[[], object]) -> None:
    """Let the newer version write."""
    with monkeypatch.context() as patch:
        for module in (_accepting, _rows):
            patch.setattr(module, "packed", lambda event: json.dumps(json.loads(packed(event)) | more))
        made(write())  # type: ignore[arg-type]  # a verb's answer


def filled(store: Ledger, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]) -> None:
    """Fill a ledger of which the newer version wrote one event: the reservation of the second exchange."""
    for number in (1, 2, 3):
        accepted(store, number)
    asked: dict[str, Any] = {"account": account(2), "at": AT, "idempotency_key": "reserve-2"}
    newer(monkeypatch, more, lambda: store.reserve(code(2), order(2), **asked))


@every_newer
def test_one_exchange_is_refused_in_words_and_every_other_goes_on(
    store: Ledger, url: str, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]
) -> None:
    filled(store, monkeypatch, more)
    words = "Reserve.form is .*, which a newer version of miexchange wrote" if "form" in more else "has no field 'tip'"
    with ledger.open(url, key=KEY) as fresh:
        for ask in (
            lambda: fresh.get(code(2)),
            lambda: fresh.history(code(2)),
            lambda: fresh.void(code(2), reason="lost", at=AT, idempotency_key="void-2"),
        ):
            with pytest.raises(UnreadableError, match=f"{words}.*Use the newer version of miexchange that wrote it"):
                ask()
        assert [one.code for one in fresh.find()] == sorted(map(code, (1, 2, 3)))
        assert {one.code: one.state for one in fresh.find(order="order-2")} == {code(2): State.RESERVED}
        assert fresh.standing_of(shop.phone(2)).open == code(2)
        assert sum(one.coupons for one in fresh.open_exposure()) == 3
        reserved(fresh, 4)
        assert made(fresh.void(code(3), reason="lost", at=AT, idempotency_key="void-3")).state is State.VOID
        assert fresh.sweep(AT + FORTNIGHT) == Sweep(1, 0), "a reservation is never due"
        refused = fresh.accept(shop.quote(9), shop.PROGRAMME, account=account(2), at=AT, idempotency_key="again")
        assert refused.codes == ("exchange_open",)  # type: ignore[union-attr]  # its account has an open one


@every_newer
def test_the_feed_and_its_file_go_on_behind_it(
    store: Ledger, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], tmp_path: Path
) -> None:
    filled(store, monkeypatch, more)
    made(store.void(code(3), reason="lost", at=AT, idempotency_key="void-3"))
    found = store.events()
    assert [one.entry.event.kind for one in found] == ["accept", "accept", "accept", "reserve", "void"]
    unread = found[3].entry
    assert isinstance(unread, Unread)
    assert (unread.version, unread.request, unread.at, unread.event) == (2, "reserve-2", AT, unread)
    assert more.items() <= json.loads(unread.body).items()
    assert "Use the newer version of miexchange that wrote it" in unread.why
    assert all(isinstance(one.entry, Entry) for one in found if one is not found[3])
    ledger.export(store, tmp_path / "events.parquet", what="events")
    assert pq.read_table(tmp_path / "events.parquet").column("event").to_pylist()[3] == unread.body


@every_newer
def test_verify_names_one_exchange_and_reads_all(
    store: Ledger, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]
) -> None:
    filled(store, monkeypatch, more)
    found = verify(store)
    (fault,) = found.faults
    assert fault.startswith(f"{code(2)}: event 2 cannot be read, and its hash is right: a newer version of miexchange")
    assert (found.exchanges, found.events) == (3, 4)


def test_a_quota_that_it_may_have_a_place_of_is_no_fault(store: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    programme = trade.programme(bonuses=(Bonus("first", "First bonus", amount_minor=50_000, quota=2),))

    def accept(number: int) -> object:
        quote = appraise(shop.phone(number), trade.SAID, programme, at=AT)
        assert isinstance(quote, Quote)
        key = f"accept-{number}"
        return store.accept(quote, programme, account=account(number), at=AT, idempotency_key=key)

    newer(monkeypatch, {"tip": 5}, lambda: accept(1))
    assert len(verify(store).faults) == 1
    made(accept(2))  # type: ignore[arg-type]  # as above
    assert len(verify(store).faults) == 1
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE quotas SET given = 5")
    assert verify(store).faults[1:] == ("the quota of the bonus first of small: 5 places are counted, and 1 are taken",)


def test_a_sweep_goes_past_it(store: Ledger, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    accepted(store, 1)
    quote = shop.quote(2)
    asked: dict[str, Any] = {"account": account(2), "at": AT, "idempotency_key": "accept-2"}
    newer(monkeypatch, {"form": 2}, lambda: store.accept(quote, shop.PROGRAMME, **asked))
    with ledger.open(url, key=KEY) as fresh:
        assert fresh.sweep(AT + FORTNIGHT) == Sweep(1, 0, (code(2),))
        with pytest.raises(UnreadableError, match="Use the newer version of miexchange that wrote it"):
            fresh.accept(quote, shop.PROGRAMME, **asked)


def test_a_reconciliation_goes_past_it(
    store: Ledger, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    filled(store, monkeypatch, {"form": 2})
    path = tmp_path / "theirs.csv"
    path.write_text(f"code,discount_minor\n{code(1)},0\n{code(2)},1000000\n{code(3)},0\n", encoding="utf-8")
    with ledger.open(url, key=KEY) as fresh:
        (difference,) = reconcile(fresh, path).differences
    assert (difference.what, difference.code, difference.theirs) == ("unreadable", code(2), "1000000")
    assert "Use the newer version of miexchange that wrote it" in difference.ours


def test_a_programme_that_a_newer_version_kept_is_refused_in_words(store: Ledger, url: str) -> None:
    accepted(store, 1)
    body = zlib.compress(json.dumps(json.loads(shop.PROGRAMME.to_json()) | {"form": 2}).encode())
    with store.engine.begin() as connection:
        mark = "?" if "://" not in url else "%s"
        connection.exec_driver_sql(f"UPDATE programmes SET body = {mark}", (body,))  # noqa: S608 - our own
    with ledger.open(url, key=KEY) as fresh:
        words = r"Programme.form is 2, which a newer version of miexchange wrote.*Use the newer version"
        with pytest.raises(UnreadableError, match=words):
            fresh.programmes[shop.PROGRAMME.digest]
        (fault,) = verify(fresh).faults
        assert "a newer version of miexchange wrote" in fault


def test_an_answer_that_a_newer_version_kept_is_refused_in_words(store: Ledger) -> None:
    """A refusal with a field that is set since, and a fingerprint of a later form: each stops its request alone."""
    accepted(store, 1)
    for number in (2, 3):
        key = f"again-{number}"
        refused = store.reserve(code(1), order(1), account="stranger", at=AT, idempotency_key=key)
        assert isinstance(refused, Refusal)
    with store.engine.begin() as connection:
        change = "UPDATE answers SET {} WHERE request = 'again-{}'"
        connection.exec_driver_sql(change.format("""refusal = replace(refusal, '"code"', '"tip":5,"code"')""", 2))
        connection.exec_driver_sql(change.format("fingerprint = '3:00'", 3))
    for number in (2, 3):
        with pytest.raises(UnreadableError, match="Use the newer version of miexchange that wrote it"):
            store.reserve(code(1), order(1), account="stranger", at=AT, idempotency_key=f"again-{number}")
    made(store.reserve(code(1), order(1), account=account(1), at=AT, idempotency_key="reserve-1"))


def test_an_event_of_a_kind_that_is_new_is_unread(store: Ledger) -> None:
    reserved(store, 1)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE events SET kind = 'haggle' WHERE version = 2")
    first, second = store.events()
    assert (first.entry.event.kind, second.entry.event.kind) == ("accept", "haggle")
    assert isinstance(second.entry, Unread)
    assert "Use the newer version of miexchange that wrote it; if there is none, run miexchange" in second.entry.why


def test_what_no_version_can_have_written_is_refused_as_before(url: str) -> None:
    with ledger.open(url, key=KEY, create=True) as store:
        accepted(store, 1)
        if "://" in url:
            return  # a server takes no such value
        with store.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE events SET body = x'00ff'")
        with pytest.raises(UnreadableError, match="Run miexchange ledger verify"):
            store.events()
