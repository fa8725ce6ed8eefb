"""What leaves a ledger for other systems: Parquet files, and the comparison with what those systems know."""

from __future__ import annotations

import json
import stat
import sys
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.parquet as pq
import pytest

from ledger import insider, shop
from ledger.shop import AT, account, code, made, order
from miexchange import Currency, DataError, InvalidValue, MiExchangeError, ledger
from miexchange.ledger import Difference, LedgerError, Reconciliation, reconcile

if TYPE_CHECKING:
    from pathlib import Path

    from miexchange.ledger import Ledger

INR = Currency("INR")
WORTH = 995_000


@pytest.fixture
def busy(store: Ledger) -> Ledger:
    insider.busy(store)
    return store


# ----- Parquet


def test_all_exchanges_are_in_the_file(busy: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger._export, "_AT_ONCE", 3)  # noqa: SLF001 - several parts
    path = tmp_path / "exchanges.parquet"
    assert ledger.export(busy, path) == ledger.Exported(11)
    rows = pq.read_table(path).to_pylist()
    assert rows == [
        {name: getattr(one, name) for name in rows[0]} | {"state": one.state.value, "currency": "INR"}
        for one in busy.find()
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith("exchanges.parquet")] == [path.name]


def test_all_events_are_in_the_file_and_later_ones_in_the_next(busy: Ledger, tmp_path: Path) -> None:
    first = ledger.export(busy, tmp_path / "1.parquet", what="events")
    rows = pq.read_table(tmp_path / "1.parquet").to_pylist()
    found = busy.events(limit=1_000)
    assert first == ledger.Exported(len(found), found[-1].position)
    assert [row["position"] for row in rows] == [one.position for one in found]
    for row, one in zip(rows, found, strict=True):
        assert (row["number"], row["code"], row["version"]) == (one.number, one.code, one.entry.version)
        assert (row["kind"], row["at"]) == (one.entry.event.kind, one.entry.event.at)
        assert (row["request"], row["hash"]) == (one.entry.request, one.entry.hash)
        assert json.loads(row["event"]) == one.entry.event.to_dict()
    shop.accepted(busy, 40)
    then = ledger.export(busy, tmp_path / "2.parquet", what="events", after=first.position)
    assert pq.read_table(tmp_path / "2.parquet").column("code").to_pylist() == [code(40)]
    none = ledger.export(busy, tmp_path / "3.parquet", what="events", after=then.position)
    assert none == ledger.Exported(0, then.position)
    assert pq.read_table(tmp_path / "3.parquet").num_rows == 0


def test_no_imei_is_in_a_file(busy: Ledger, tmp_path: Path) -> None:
    for what in ("exchanges", "events"):
        path = tmp_path / f"{what}.parquet"
        ledger.export(busy, path, what=what)
        cells = pq.read_table(path).to_pandas().astype(str).to_csv()
        assert not [number for number in range(30) if shop.imei(number).body in cells]


def test_a_file_that_is_there_is_replaced_only_where_that_is_asked(store: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(InvalidValue, match="a file is there"):
        ledger.export(store, path)
    assert path.read_text(encoding="utf-8") == "mine"
    assert ledger.export(store, path, overwrite=True).rows == 0
    with pytest.raises(InvalidValue, match="cannot be written"):
        ledger.export(store, tmp_path / "nowhere" / "x.parquet")


def test_a_file_is_whole_or_not_there(busy: Ledger, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="position 7 is another one, or gone"):
        ledger.export(busy, tmp_path / "x.parquet", what="events", after="7-0123456789abcdef")
    assert not list(tmp_path.glob("*.parquet*"))


def test_without_pyarrow_it_says_what_to_install(
    store: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MiExchangeError, match=r"A Parquet file needs pyarrow.*pip install 'miexchange\[batch\]'"):
        ledger.export(store, tmp_path / "x.parquet")


# ----- reconciliation


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def few(store: Ledger) -> Ledger:
    """Give a ledger with a completed exchange, a reserved one, one that was called off, and a coupon."""
    shop.bought(store, 1)
    shop.reserved(store, 2)
    shop.reserved(store, 3)
    made(store.void(code(3), reason="why", at=AT, idempotency_key="void-3"))
    shop.accepted(store, 4)
    return store


def test_a_file_that_says_the_same_agrees(few: Ledger, tmp_path: Path) -> None:
    by_code = written(
        tmp_path / "codes.csv",
        "code,order,state,value_minor,discount_minor",
        f"{code(1)},order-1,completed,{WORTH},{WORTH}",
        f"{code(2).lower()},order-2,reserved,{WORTH},{WORTH}",
        f"{code(3)},,void,,",
        f"{code(4)},,issued,{WORTH},0",
    )
    found = reconcile(few, by_code)
    assert found
    assert found == Reconciliation(4, 4)
    by_order = written(
        tmp_path / "orders.jsonl",
        '{"order": "order-1", "state": "completed", "discount_minor": 995000}',
        "",
        '{"order": "order-2", "state": "reserved"}',
        '{"order": "order-3", "value_minor": 995000}',
    )
    assert reconcile(few, by_order) == Reconciliation(3, 3), "a coupon without an order is not missed"
    frame = pd.DataFrame({"order": ["order-1", "order-2", "order-3"]})
    assert reconcile(few, frame) == Reconciliation(3, 3)


def test_every_difference_is_listed_both_ways(few: Ledger, tmp_path: Path) -> None:
    path = written(
        tmp_path / "x.csv",
        "code,order,state,value_minor,discount_minor",
        f"{code(1)},order-9,reversed,{WORTH - 1},0",
        f"{code(2)},,reserved,,",
        f"{code(2)},,issued,,",
        f"{code(9)},order-77,completed,1,1",
        ",order-3,void,,",
        "nonsense,,,,",
    )
    found = reconcile(few, path)
    assert not found
    assert (found.rows, found.exchanges) == (6, 4)
    assert list(found.differences) == [
        Difference("not_in_file", code(4), "", "", "issued", None),
        Difference("order", code(1), "order-1", "order-9", "order-1", 2, INR),
        Difference("state", code(1), "order-1", "reversed", "completed", 2, INR),
        Difference("value_minor", code(1), "order-1", f"{WORTH - 1}", f"{WORTH}", 2, INR),
        Difference("discount_minor", code(1), "order-1", "0", f"{WORTH}", 2, INR),
        Difference("twice", code(2), "", "", "", 4),
        Difference("not_in_ledger", code(9), "order-77", "completed", "", 5),
        Difference("not_in_ledger", "nonsense", "", "", "", 7),
    ]
    assert Reconciliation.from_json(found.to_json()) == found


def test_the_file_need_not_have_what_the_filters_leave_out(few: Ledger, tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "code,state", f"{code(1)},completed", f"{code(4)},void")
    found = reconcile(few, path, state="completed")
    assert [(one.what, one.code, one.theirs, one.ours) for one in found.differences] == [
        ("state", code(4), "void", "issued")
    ], "a row about another exchange is compared nevertheless"
    assert found.exchanges == 1
    by_order = written(tmp_path / "y.csv", "order,state", "order-3,completed", "order-8,void")
    found = reconcile(few, by_order, state="completed", programme=shop.PROGRAMME.id, day=AT.date())
    assert [(one.what, one.order) for one in found.differences] == [
        ("not_in_file", "order-1"),
        ("state", "order-3"),
        ("not_in_ledger", "order-8"),
    ]


def test_an_empty_file_misses_everything(few: Ledger, tmp_path: Path) -> None:
    found = reconcile(few, written(tmp_path / "x.csv", "code", ""))
    assert [one.what for one in found.differences] == ["not_in_file"] * 4


def test_an_order_that_was_used_again_is_its_last_exchange(few: Ledger, tmp_path: Path) -> None:
    later = AT + shop.HOUR
    shop.accepted(few, 5, at=later)
    made(few.reserve(code(5), order(3), account=account(5), at=later, idempotency_key="again-3"))
    found = reconcile(few, written(tmp_path / "x.csv", "order,state", "order-1,", "order-2,", "order-3,reserved"))
    assert found.differences == ()


def test_what_came_off_after_a_re_quote_is_compared(busy: Ledger, tmp_path: Path) -> None:
    adjusted = busy.get(code(4))
    assert adjusted is not None
    assert adjusted.settlement is not None
    assert adjusted.redemption is not None
    path = written(tmp_path / "x.csv", "code,discount_minor", f"{code(4)},{adjusted.settlement.discount}")
    assert reconcile(busy, path, state="adjusted")
    path = written(tmp_path / "x.csv", "code,discount_minor", f"{code(4)},{adjusted.redemption.discount}")
    assert not reconcile(busy, path, state="adjusted")


@pytest.mark.parametrize(
    ("name", "lines", "words"),
    [
        ("x.csv", ("code,paid", "a,b"), "paid: is not a column of this table"),
        ("x.csv", ("code,order", ","), "neither a code nor an order"),
        ("x.csv", ("code,state", "a,paid"), "'paid' is not known here. Write one of: issued"),
        ("x.csv", ("code,value_minor", "a,10.50"), "is not a whole number"),
        ("x.csv", ("code,value_minor", "a,-1"), "-1"),
        ("x.jsonl", ('{"code": "a"', ""), "is no JSON"),
        ("x.jsonl", ('["a"]',), "is not a column of this table"),
        ("x.jsonl", ('{"code": 5}',), "5 is not text"),
        ("x.jsonl", ('{"code": "a", "paid": 1}',), "paid: is not a column"),
        ("x.jsonl", ('{"code": "a", "value_minor": 1.5}',), "1.5 is a float"),
        ("none.csv", (), "does not exist"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    store: Ledger, tmp_path: Path, name: str, lines: tuple[str, ...], words: str
) -> None:
    if lines:
        written(tmp_path / name, *lines)
    with pytest.raises(DataError) as caught:
        reconcile(store, tmp_path / name)
    assert words in "\n".join(map(str, caught.value.problems))
