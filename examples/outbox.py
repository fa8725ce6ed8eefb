"""An outbox: every event of a ledger is published at least once, in order, even if the process is killed at any time.

python outbox.py                          make a small ledger, and publish what happens in it
python outbox.py LEDGER POSITION EVENTS   publish for ever: from this ledger, with its key in MIEXCHANGE_KEY

The position is written after its event was published. A process that is killed between the two publishes
the events after its stored position again; so a consumer must remember the numbers of events, and ignore duplicates.
`publish` appends to a file here; put a broker in its place, and return once it has acknowledged the event.
"""

import json
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from miexchange import Device, Exchange, Imei, ImeiStatus, Programme, Quote, appraise, headline, ledger

DEMO_KEY = b"published demo key: never use it"  # a real key is secret, at least 16 bytes
PAUSE = 0.05  # seconds between two polls without new events


def publish(event: ledger.FeedEvent, to: Path) -> None:
    """Publish an event, and return once it is safe there."""
    told = {"number": event.number, "position": event.position, "code": event.code, "version": event.entry.version}
    line = json.dumps({**told, "event": event.entry.event.to_dict()})
    with to.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
        file.flush()
        os.fsync(file.fileno())


def keep(position: str, where: Path) -> None:
    """Store the position atomically."""
    new = where.with_suffix(".new")
    with new.open("w", encoding="utf-8") as file:
        file.write(position)
        file.flush()
        os.fsync(file.fileno())
    new.replace(where)


def relay(store: ledger.Ledger, where: Path, to: Path) -> int:
    """Publish the events after the stored position; return their number."""
    position = where.read_text(encoding="utf-8") if where.exists() else ""
    found = store.events(position)
    for event in found:
        publish(event, to)
    if found:
        keep(found[-1].position, where)
    return len(found)


def serve(url: str, where: Path, to: Path) -> None:
    """Publish for ever. A lost connection or a busy ledger is retried."""
    with ledger.open(url, key=os.environb[b"MIEXCHANGE_KEY"]) as store:
        while True:
            try:
                published = relay(store, where, to)
            except ledger.LedgerError as error:
                print(error, file=sys.stderr)
                published = 0
            if not published:
                time.sleep(PAUSE)


def show() -> None:
    """Make two events in a new ledger, and publish them."""
    programme = Programme.load("mi-exchange-india")
    at = datetime(2018, 3, 20, 6, 30, tzinfo=UTC)
    best = headline("oneplus-3t-6-64", programme, at=at)
    device = Device("oneplus-3t-6-64", Imei.from_body("86366403" + "123456"))
    with tempfile.TemporaryDirectory() as folder:
        where, to = Path(folder, "position"), Path(folder, "events.jsonl")
        with ledger.open(f"{folder}/exchanges.db", key=DEMO_KEY, create=True) as store:
            quote = best and appraise(device, best.condition, programme, at=at, imei_status=ImeiStatus.CLEAR)
            if not isinstance(quote, Quote):
                sys.exit(quote.explain())
            begun = store.accept(quote, programme, account="asha", at=at, idempotency_key="accept 17")
            if not isinstance(begun, Exchange):
                sys.exit(begun.explain())
            store.void(begun.code, reason="changed her mind", at=at, idempotency_key="void 18")
            while relay(store, where, to):
                pass
        for line in to.read_text(encoding="utf-8").splitlines():
            told = json.loads(line)
            print(told["number"], told["event"]["kind"], told["position"])


if __name__ == "__main__":
    if sys.argv[1:]:
        serve(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        show()
