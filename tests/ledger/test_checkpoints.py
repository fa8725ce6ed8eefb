"""Checkpoints that are kept elsewhere: what they find, and proofs that need neither database nor secret."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import TYPE_CHECKING

import pytest

from ledger import insider, shop
from ledger.shop import AT, KEY, accepted, code, made, reserved
from miexchange import InvalidValue, ledger
from miexchange.ledger import Checkpoint, Inclusion, LedgerError, _merkle, verify
from miexchange.ledger._seals import FEED

if TYPE_CHECKING:
    from pathlib import Path

    from miexchange.ledger import Ledger


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 11, 16, 33])
def test_a_merkle_tree_proves_each_of_its_leaves_and_no_other_place(size: int) -> None:
    tree, contents = _merkle.Tree(), [f"leaf {number}".encode() for number in range(size)]
    for content in contents:
        tree.add(content)
    leaves = [_merkle.leaf_of(content) for content in contents]
    for index, content in enumerate(contents):
        path = _merkle.path_of(leaves, index)
        places = [place for place in range(-1, size + 1) if _merkle.is_included(content, place, size, path, tree.root)]
        assert places == [index]
        assert not _merkle.is_included(content + b"x", index, size, path, tree.root)
        assert not _merkle.is_included(content, index, size, [*path, tree.root], tree.root)


def test_a_checkpoint_agrees_with_its_ledger_whatever_happens_later(store: Ledger) -> None:
    insider.busy(store)
    first = store.checkpoint(AT)
    assert (first.number, first.exchanges) == (1, 11)
    assert verify(store, first).faults == ()
    for number in range(20, 24):
        reserved(store, number)
    second = store.checkpoint(AT)
    assert (second.number, second.exchanges, second.events) == (2, 15, first.events + 8)
    for kept in (first, second):
        assert Checkpoint.from_json(kept.to_json()) == kept
        assert verify(store, kept).faults == ()


def test_a_checkpoint_can_be_taken_while_others_write(store: Ledger) -> None:
    with ThreadPoolExecutor(5) as pool:
        lives = [pool.submit(reserved, store, number) for number in range(1, 25)]
        taken = [pool.submit(store.checkpoint, AT) for _ in range(3)]
        for life in lives:
            life.result()
        kept = [one.result() for one in taken]
    assert sorted(one.number for one in kept) == [1, 2, 3]
    for one in kept:
        assert verify(store, one).faults == ()


def test_a_restored_backup_is_noticed(tmp_path: Path) -> None:
    """Defect: nothing told a restored backup from the ledger that it replaced."""
    path, backup = tmp_path / "x.db", tmp_path / "backup.db"
    with ledger.open(str(path), key=KEY, create=True) as store:
        accepted(store, 1)
    shutil.copy(path, backup)
    with ledger.open(str(path), key=KEY) as store:
        made(store.void(code(1), reason="why", at=AT, idempotency_key="v"))
        kept = store.checkpoint(AT)
    shutil.copy(backup, path)
    with ledger.open(str(path), key=KEY) as store:
        assert verify(store).faults == (), "by itself a backup is whole"
        found = verify(store, kept)
        assert any("has 2 events, and of those of its time 1 are there" in fault for fault in found.faults)
        assert store.checkpoint(AT).number == 1
        assert not verify(store, kept), "another checkpoint hides nothing"


def test_the_rollback_of_a_whole_bucket_needs_a_checkpoint(store: Ledger) -> None:
    """What the running count alone cannot find, as docs/reliability.md says: all rows of a bucket as they were."""
    accepted(store, 1)
    before = insider.snapshot(store.engine)
    made(store.void(code(1), reason="why", at=AT, idempotency_key="v"))
    kept = store.checkpoint(AT)
    after = insider.snapshot(store.engine)
    epochs = [row["epoch"] for row in after["tallies"] if row["bucket"] != FEED]
    assert epochs == [2] * 256
    insider.undo(store.engine, before)
    assert verify(store).faults == ()
    assert not verify(store, kept)


def test_a_bucket_from_before_a_checkpoint_is_found_without_it(store: Ledger) -> None:
    accepted(store, 1)
    before = insider.snapshot(store.engine)
    store.checkpoint(AT)
    row = before["tallies"][0]
    table = insider.TABLES[5]
    with store.engine.begin() as connection:
        connection.execute(table.update().where(table.c.bucket == row["bucket"]).values(row))
    assert any("from before a checkpoint" in fault for fault in verify(store).faults)


def test_a_checkpoint_finds_refusals_that_are_gone(store: Ledger) -> None:
    insider.busy(store)
    before = insider.snapshot(store.engine)
    kept = store.checkpoint(AT)
    with store.engine.begin() as connection:
        insider.EDITS["refusals removed"](connection, before, Random(1))  # noqa: S311 - edits, not secrets
    assert any("other answers" in fault for fault in verify(store, kept).faults)


def test_the_checkpoint_of_another_ledger_and_a_changed_one_are_refused(store: Ledger, tmp_path: Path) -> None:
    accepted(store, 1)
    kept = store.checkpoint(AT)
    with ledger.open(str(tmp_path / "other.db"), key=insider.THEIR_KEY, create=True) as other:
        theirs = other.checkpoint(AT)
    for wrong in (theirs, kept.replace(exchanges=2), kept.replace(signature=theirs.signature)):
        found = verify(store, wrong)
        assert found.faults == ("checkpoint 1 is not signed with this ledger's key",)
    with pytest.raises(InvalidValue, match="give hex digits"):
        kept.replace(root="x")


def test_no_checkpoint_is_taken_of_a_ledger_that_is_not_whole(store: Ledger, url: str) -> None:
    accepted(store, 1)
    with ledger.open(url) as keyless:
        kept = store.checkpoint(AT)
        with pytest.raises(LedgerError, match="was opened without its key"):
            keyless.checkpoint(AT)
        assert verify(keyless, kept).faults == ("the checkpoint cannot be compared without the ledger's key",)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM answers")
    with pytest.raises(LedgerError, match="a checkpoint is taken of a whole ledger only"):
        store.checkpoint(AT)


def test_a_coupon_is_proved_to_be_in_a_checkpoint_offline(store: Ledger) -> None:
    for number in range(1, 8):
        accepted(store, number)
    kept = store.checkpoint(AT)
    accepted(store, 9)
    made(store.reserve(code(3), shop.order(3), account=shop.account(3), at=AT, idempotency_key="r"))
    for number in range(1, 8):
        proof = store.inclusion(code(number), kept)
        assert proof is not None
        assert Inclusion.from_json(proof.to_json()) == proof
        assert proof.version == 1
        assert proof.is_in(kept, kept.public_key)
        assert not proof.replace(version=2).is_in(kept, kept.public_key)
        assert not proof.replace(code=code(9)).is_in(kept, kept.public_key)
        assert not proof.is_in(kept.replace(events=9), kept.public_key)
        assert not proof.is_in(kept, "00" * 32), "somebody else's checkpoint"
    assert store.inclusion(code(9), kept) is None
    assert store.inclusion("mistyped", kept) is None
