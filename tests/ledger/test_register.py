"""A register's answers in a ledger: evidence in the events, and no IMEI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miexchange import Device, Exchange, ImeiStatus, Refusal, RegisterAnswer, appraise, ledger
from miexchange.events import Accept, Inspect
from unit import small, trade
from unit.trade import HOUR, ORDER, SAID

if TYPE_CHECKING:
    from pathlib import Path

CLEAR = RegisterAnswer(ImeiStatus.CLEAR, "CEIR", small.AT, "request 1")
RULES = trade.RULES.replace(inspection="required", accept_register_hours=1, hand_over_register_hours=1)
PROGRAMME = trade.programme(RULES, eligibility=small.TERMS.eligibility.replace(register_hours=1))


def test_every_answer_is_kept_where_it_counted(tmp_path: Path) -> None:
    device = Device(small.MODEL, small.IMEI)
    quote = appraise(device, SAID, PROGRAMME, at=small.AT, imei_status=CLEAR)
    assert quote, quote.explain()
    later = small.AT + 5 * HOUR
    newer = CLEAR.replace(asked_at=later, reference="request 2")
    at_door = CLEAR.replace(asked_at=later + 3 * HOUR, reference="request 3")
    with ledger.open(str(tmp_path / "a.db"), key=small.KEY, create=True) as store:
        late = store.accept(quote, PROGRAMME, account="asha", at=later, idempotency_key="a")
        assert isinstance(late, Refusal)
        assert late.codes == ("register_stale",)
        begun = store.accept(quote, PROGRAMME, account="asha", at=later, idempotency_key="b", register_answer=newer)
        assert isinstance(begun, Exchange), begun.explain()
        newest = newer.replace(asked_at=later + HOUR, reference="request 2b")
        for answer in (newer, newest, None):  # whoever sends it again may have asked again: it is the same request
            again = store.accept(
                quote, PROGRAMME, account="asha", at=later, idempotency_key="b", register_answer=answer
            )
            assert again == begun
        store.reserve(begun.code, ORDER, account="asha", at=later + HOUR, idempotency_key="c")
        stale = store.inspect(
            begun.code, trade.seen(), PROGRAMME, order=ORDER.id, at=later + 3 * HOUR, idempotency_key="d"
        )
        assert isinstance(stale, Refusal)
        assert stale.codes == ("register_stale",)
        seen = trade.seen(register_answer=at_door)
        found = store.inspect(begun.code, seen, PROGRAMME, order=ORDER.id, at=later + 3 * HOUR, idempotency_key="e")
        assert isinstance(found, Exchange), found.explain()
        seen = trade.seen(register_answer=at_door.replace(reference="request 3b"))
        again = store.inspect(begun.code, seen, PROGRAMME, order=ORDER.id, at=later + 3 * HOUR, idempotency_key="e")
        assert again == found
        entries = [entry.event for entry in store.history(begun.code)]
        accepted, inspected = entries[0], entries[-1]
        assert isinstance(accepted, Accept)
        assert isinstance(inspected, Inspect)
        assert accepted.quote.register_answer == CLEAR
        assert accepted.register_answer == newer
        assert inspected.examination.register_answer == at_door
        assert all(small.IMEI not in entry.to_json() for entry in entries)
        assert not ledger.verify(store).faults
