"""Verifies a ledger: every chain, every fold, every row, every promise, every count."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby, pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from sqlalchemy import MetaData, Table

from miexchange._arguments import instance, maybe, takes
from miexchange._bounded import Count, Line
from miexchange._limits import JSON_VALUES
from miexchange._time import from_micros, micros
from miexchange._value import Value, packed
from miexchange.errors import MiExchangeError, shown
from miexchange.events import Accept
from miexchange.exchange import State, fold
from miexchange.ledger import _sql as sql
from miexchange.ledger._books import Books
from miexchange.ledger._checkpoint import Checkpoint, leaf, public_key_of, signed
from miexchange.ledger._engine import READ, reading, translated
from miexchange.ledger._errors import LedgerError
from miexchange.ledger._limits import those
from miexchange.ledger._merkle import Tree
from miexchange.ledger._programmes import unpacked
from miexchange.ledger._quotas import places
from miexchange.ledger._reading import Row, misfits, place_of, raw, rows
from miexchange.ledger._rows import asker_of, bought_us, entry_of, row_of, row_of_override
from miexchange.ledger._schema import (
    answers,
    device_tokens,
    differences,
    events,
    exchanges,
    feed,
    feed_queue,
    forgotten,
    overrides,
    programmes,
    quotas,
    secret_keys,
    tags,
    tallies,
)
from miexchange.ledger._seals import FEED, FORGOTTEN, Seals, Tally, bucket_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from sqlalchemy import Connection, Engine

    from miexchange.exchange import Exchange
    from miexchange.ledger._ledger import Ledger

__all__ = ["Verification", "checkpoint_of", "verify"]

_KEPT = Table(programmes.name, MetaData(), *(column._copy() for column in programmes.c if column.name != "body"))  # noqa: SLF001 - copied for another table
"""The programmes without their bodies, which are read one at a time."""
_NEVER = -(2**62)  # microseconds


@dataclass(frozen=True, slots=True)
class Verification(Value):
    """The result of `verify`. It is truthy if the ledger is intact.

    Attributes:
        exchanges: the number of exchanges read.
        events: the number of events read.
        faults: all faults, as sentences that name the coupon's code.
        answers: the number of answers read.
        is_sealed: whether hashes, seals and counts were checked, which needs the key.
        head: the Merkle root over the last event of every exchange: ledgers with the same head have the same content.
    """

    exchanges: Count
    events: Count
    faults: tuple[Line, ...]
    _most_items: ClassVar[int] = JSON_VALUES
    answers: Count = field(default=0, compare=False)
    is_sealed: bool = field(default=False, compare=False)
    head: str = field(default="", compare=False)

    def __bool__(self) -> bool:
        """Tell whether there are no faults."""
        return not self.faults


@takes(ledger=instance(Books, "give a Ledger, as miexchange.ledger.open returns"), against=maybe(instance(Checkpoint)))
def verify(ledger: Ledger, against: Checkpoint | None = None) -> Verification:
    """Read the whole ledger and check that it is consistent.

    The events of each exchange form an unbroken chain of keyed hashes; their fold equals the exchange's row, column by
    column; its device tokens are those of its coupon; and every event made by a request has its answer. From the events
    alone: no account has more open exchanges than its terms allow, no device or order has two coupons at a time, no
    quote has two at all, no device was bought against the rules, and no quota is exceeded. The running count matches,
    the indexes that enforce the promises exist, and each programme has the digest under which it is stored. Tables are
    read without their indexes; what cannot be read is a fault, and reading continues after it.

    Without the key, hashes, seals and sums are not checked: see `Verification.is_sealed`.

    Args:
        ledger: the ledger; others may write to it meanwhile.
        against: a checkpoint that was kept elsewhere: everything that it covers must still be there.

    Raises:
        LedgerError: the database cannot be reached.
        InvalidValue: an argument is not of its type.
    """
    proof = _Proof(ledger.seals, against.number if against is not None else 0)
    proof.read(ledger.engine)
    if against is not None:
        proof.compare(against)
    return Verification(
        proof.counts["exchanges"],
        proof.counts["events"],
        tuple(proof.faults),
        proof.counts["answers"],
        proof.is_sealed,
        proof.now.root.hex(),
    )


def checkpoint_of(engine: Engine, seals: Seals, number: int, at: datetime) -> Checkpoint:
    """Return the signed checkpoint of everything written before the running count reached the next number.

    Raises:
        LedgerError: the ledger has faults, so that its content must not be signed.
    """
    proof = _Proof(seals, number)
    proof.read(engine)
    if proof.faults:
        what = f"The ledger is not whole: {len(proof.faults)} faults, the first of them: {proof.faults[0]}"
        raise LedgerError(what, "Run miexchange ledger verify; a checkpoint is taken of a whole ledger only")
    then = proof.counts
    return signed(
        Checkpoint(
            number=number,
            at=at,
            exchanges=proof.then.size,
            events=then["events then"],
            answers=proof.answers_then.size,
            root=proof.then.root.hex(),
            answers_root=proof.answers_then.root.hex(),
            public_key=public_key_of(seals.signing_key),
            signature="00",
        ),
        seals.signing_key,
    )


class _Proof:
    """One pass over a ledger."""

    def __init__(self, seals: Seals | None, epoch: int) -> None:
        """Start a pass.

        Args:
            seals: the keyed hashes of the ledger; None without its key.
            epoch: the number of the checkpoint that it is compared with.
        """
        self.seals = seals
        self.epoch = epoch
        self.faults: list[str] = []
        self.counts: Counter[str] = Counter()
        self.positions = array("q")
        self.forgotten: list[Row] = []
        self.now, self.then, self.answers_then = Tree(), Tree(), Tree()
        self._tallies = None if seals is None else [seals.first(bucket) for bucket in range(FEED + 1)]
        self._promises = _Promises()
        self._unread = 0  # exchanges whose places of bonuses are not known

    @property
    def is_sealed(self) -> bool:
        """Whether hashes, seals and counts are checked."""
        return self.seals is not None

    def read(self, engine: Engine) -> None:
        """Read everything."""
        self._look_at_schema(engine)
        with translated(READ), raw(engine) as connection:
            self._look_at_file(connection)
            self._look_at_forgotten(connection)
            for code, found in self._by_code(connection):
                self._look_at(code, found)
            self.faults += self._promises.broken()
            self._look_at_quotas(connection)
            self._look_at_keys(connection)
            self._look_at_programmes(connection)
            self._look_at_positions()
            self._look_at_tallies(connection)

    # ----- tables and indexes

    def _look_at_schema(self, engine: Engine) -> None:
        with translated(READ), reading(engine).connect() as connection:
            try:
                self.faults += differences(connection)
            except Exception as error:  # noqa: BLE001 - whatever a driver raises for a broken page
                self.faults.append(f"The tables cannot be listed: {' '.join(str(error).split())}")

    def _look_at_file(self, connection: Connection) -> None:
        """Let SQLite compare its tables with their indexes, page by page."""
        if connection.dialect.name != "sqlite":
            return
        try:
            said = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(1000)")]
        except Exception as error:  # noqa: BLE001 - as above
            said = [str(getattr(error, "orig", error))]
        self.faults += [f"the file is damaged: {' '.join(line.split())}" for line in said if line != "ok"]

    def _rows(self, connection: Connection, table: Table, order: list[str]) -> Iterator[Row]:
        return rows(connection, table, order, self.faults.append)

    # ----- one coupon after the other

    def _by_code(self, connection: Connection) -> Iterator[tuple[Any, dict[str, list[Row]]]]:
        """Yield each code, with the rows of every table that are about it."""
        orders = {
            exchanges: ["code"],
            events: ["code", "version"],
            device_tokens: ["code", "token"],
            answers: ["code", "asker", "verb", "request"],
            tags: ["code", "name"],
            overrides: ["code", "version"],
            feed: ["code", "version", "position"],
            feed_queue: ["code", "version", "id"],
        }
        streams = [self._placed(connection, table, order) for table, order in orders.items()]
        for _, group in groupby(merge(*streams, key=lambda one: one[:2]), key=lambda one: one[0]):
            found: dict[str, list[Row]] = {table.name: [] for table in orders}
            for _, name, row in group:
                found[name].append(row)
                code = row["code"]
            yield code, found

    def _placed(self, connection: Connection, table: Table, order: list[str]) -> Iterator[tuple[Any, str, Row]]:
        """Yield the rows of a table with the places of their codes."""
        for row in self._rows(connection, table, order):
            yield place_of(row["code"]), table.name, row

    def _look_at(self, code: Any, found: dict[str, list[Row]]) -> None:  # noqa: ANN401 - whatever stands in the column
        for name in ("exchanges", "events", "answers"):
            self.counts[name] += len(found[name])
        name = code if isinstance(code, str) and code.isascii() and code.isprintable() else shown(code)
        try:
            if code is None:
                self.faults += list(self._faults_without_code(found))
            else:
                self.faults += [f"{name}: {fault}" for fault in self._faults_of(code, found)]
        except Exception as error:  # noqa: BLE001 - whatever is in the rows, the others are read
            self.faults.append(f"{name}: its rows cannot be read: {type(error).__name__}")

    def _faults_without_code(self, found: dict[str, list[Row]]) -> Iterator[str]:
        for name in ("exchanges", "events", "device_tokens", "tags", "overrides", "feed", "feed_queue"):
            if found[name]:
                yield f"{len(found[name])} rows of {name} have no code"
        for row in found["answers"]:
            request = f"the request {shown(row['request'])} ({shown(row['verb'])})"
            broken = False
            for fault in misfits(answers, row):
                broken = True
                yield f"{request}: {fault}"
            if broken:
                continue
            if row["version"] is not None or row["refusal"] is None:
                yield f"{request} was answered with an event of no coupon"
            for fault in self._faults_of_answer(row):
                yield f"{request}: {fault}"

    def _faults_of(self, code: str, found: dict[str, list[Row]]) -> Iterator[str]:
        told, given = found["events"], found["answers"]
        broken = [
            fault
            for table in (exchanges, events, device_tokens, tags, overrides, answers, feed, feed_queue)
            for row in found[table.name]
            for fault in misfits(table, row)
        ]
        yield from broken
        if broken:
            return
        for row in given:
            yield from self._faults_of_answer(row)
        if not found["exchanges"]:
            for name in ("events", "device_tokens", "tags", "overrides", "feed", "feed_queue"):
                if found[name]:
                    yield f"its row is missing, and rows of {name} are there"
        self._count(code, told)
        yield from self._faults_of_feed(code, found)
        exchange = None
        if told or found["exchanges"]:
            exchange, head, faults = self._history(told)
            yield from faults
        if exchange is not None:
            if found["exchanges"]:
                yield from _faults_of_row(exchange, found, told[0]["key_id"], head)
            first = entry_of(SimpleNamespace(**told[0])).event
            assert isinstance(first, Accept)  # noqa: S101 - a history that folds begins with one
            yield from _faults_of_tags(first, found)
            self._promises.add(exchange, first)
            yield from self._faults_of_overrides(told, found)
        before_us = max((row["before_us"] for row in self.forgotten), default=_NEVER)
        yield from _faults_of_requests(exchange, told, given, before_us)

    def _faults_of_overrides(self, told: list[Row], found: dict[str, list[Row]]) -> Iterator[str]:
        """Fold the exchange up to each override, and compare what was added with the table."""
        numbers = [number for number, row in enumerate(told, start=1) if row["kind"] == "override"]
        made = [fold(entry_of(SimpleNamespace(**row)).event for row in told[:number]) for number in numbers]
        for one in made:
            self._promises.add_override(one)
        if found["overrides"] != [row_of_override(one) for one in made]:
            yield "its overrides are not those that were made"

    def _count(self, code: str, told: list[Row]) -> None:
        """Count the events of an exchange, and take its last one as a leaf."""
        for row in told:
            if self.seals is not None and self._tallies is not None:
                self.seals.add_event(self._tallies[bucket_of(code)], row["hash"])
        then = [row for row in told if row["epoch"] <= self.epoch]
        self.counts["events then"] += len(then)
        for tree, some in ((self.now, told), (self.then, then)):
            if some:
                tree.add(leaf(code, some[-1]["version"], some[-1]["hash"]))

    def _faults_of_feed(self, code: str, found: dict[str, list[Row]]) -> Iterator[str]:
        """Count the positions of an exchange's events: each has one, or is in the queue for one, in their order."""
        placed, queued = found["feed"], found["feed_queue"]
        for row in placed:
            self.positions.append(row["position"])
            if self._tallies is not None and self.seals is not None:
                self.seals.add_position(self._tallies[FEED], row["position"], code, row["version"])
        if [row["version"] for row in (*placed, *queued)] != [row["version"] for row in found["events"]]:
            yield "the feed has other events of it than there are"
        for rows_, name in ((placed, "position"), (queued, "id")):
            numbers = [row[name] for row in rows_]
            if numbers != sorted(numbers):
                yield "the feed has its events in another order"

    def _look_at_positions(self) -> None:
        if sorted(self.positions) != list(range(1, len(self.positions) + 1)):
            self.faults.append("the positions in the feed are not those from 1 on")

    def _history(self, told: list[Row]) -> tuple[Exchange | None, str, list[str]]:
        """Fold the events of an exchange; return the exchange, the last hash, and the faults."""
        head, entries, odd = "", [], []
        for number, row in enumerate(told, start=1):
            if row["version"] != number:
                return None, "", [f"event {number} is missing"]
            head = row["hash"] if self.seals is None else self.seals.chained(head, row)
            if head != row["hash"]:
                return (
                    None,
                    "",
                    [f"event {number} was changed: its hash is {row['hash'][:12]}, and should be {head[:12]}"],
                )
            try:
                entries.append(entry_of(SimpleNamespace(**row)))
            except MiExchangeError as error:
                self._unread += 1
                whose = "" if self.seals is None else ", and its hash is right: a newer version of miexchange wrote it"
                return None, "", [f"event {number} cannot be read{whose}: {error}"]
            if (row["kind"], row["at_us"]) != (entries[-1].event.kind, micros(entries[-1].event.at)):
                odd.append(f"event {number} says another kind or instant than its columns")
        try:
            return fold(entry.event for entry in entries), head, odd
        except MiExchangeError as error:
            return None, "", [*odd, f"its events make no history: {error}"]

    def _faults_of_answer(self, row: Row) -> Iterator[str]:
        if self.seals is not None and self._tallies is not None:
            if self.seals.sealed(row) != row["seal"]:
                yield f"the answer to the request {shown(row['request'])} ({row['verb']}) was changed"
            self.seals.add_answer(self._tallies[bucket_of(row["code"] or row["request"])], row["seal"])
        if row["epoch"] <= self.epoch and row["is_final"]:
            self.answers_then.add(row["seal"].encode())

    # ----- the other tables

    def _whole(self, connection: Connection, table: Table) -> Iterator[Row]:
        """Yield the rows of a small table whose cells can be read; report the others."""
        primary = [column.name for column in table.primary_key]
        for row in self._rows(connection, table, primary):
            broken = list(misfits(table, row))
            self.faults += [f"{shown(row[primary[0]])}: {fault}" for fault in broken]
            if not broken:
                yield row

    def _look_at_quotas(self, connection: Connection) -> None:
        given = {(row["programme"], row["bonus"]): row["given"] for row in self._whole(connection, quotas)}
        for name, taken in self._promises.taken.items():
            if not taken <= given.get(name, 0) <= taken + self._unread:
                self.faults.append(
                    f"the quota of the bonus {name[1]} of {name[0]}: {given.get(name, 0)} places are counted, and "
                    f"{taken} are taken"
                )
        for programme, bonus in given.keys() - self._promises.taken.keys():
            if given[programme, bonus] > self._unread:
                self.faults.append(f"the quota of the bonus {bonus} of {programme} is counted, and nobody has a place")

    def _look_at_forgotten(self, connection: Connection) -> None:
        for row in self._whole(connection, forgotten):
            self.forgotten.append(row)
            if self.seals is not None and self._tallies is not None:
                self.seals.add_forgotten(self._tallies[bucket_of(FORGOTTEN)], row)

    def _look_at_keys(self, connection: Connection) -> None:
        found = list(self._whole(connection, secret_keys))
        for row in found:
            if self.seals is not None and self._tallies is not None:
                self.seals.add_key(self._tallies[bucket_of(row["key_id"])], row)
        numbers = sorted(row["number"] for row in found)
        if numbers != list(range(1, len(found) + 1)):
            self.faults.append("a row of the table secret_keys is missing, or has another's number")

    def _look_at_programmes(self, connection: Connection) -> None:
        """Read every stored programme, and count it with the exchange that it came with."""
        for row in self._whole(connection, _KEPT):
            try:
                unpacked(row["digest"], connection.scalar(sql.PROGRAMME, {"digest": row["digest"]}))
            except LedgerError as error:
                self.faults.append(error.what)
            except Exception as error:  # noqa: BLE001 - whatever a driver raises for a broken page
                self.faults.append(f"The programme {row['digest'][:12]} cannot be read: {type(error).__name__}")
            if self.seals is not None and self._tallies is not None:
                self.seals.add_programme(self._tallies[bucket_of(row["code"])], row)

    def _look_at_tallies(self, connection: Connection) -> None:
        found = {row["bucket"]: row for row in self._whole(connection, tallies)}
        epochs = {row["epoch"] for row in found.values() if row["bucket"] != FEED}
        if self.seals is None or self._tallies is None:
            return
        for should in self._tallies:
            row = found.pop(should.bucket, None)
            if row is None and should.bucket == FEED and not should.events:
                self.faults.append("the feed was not begun: run miexchange ledger migrate with the ledger's key")
                continue
            if row is None:
                self.faults.append(f"row {should.bucket} of the running count is missing")
                continue
            tally = Tally(**row)
            if self.seals.seal_of(tally) != tally.seal:
                self.faults.append(f"row {should.bucket} of the running count was changed")
            for name in ("events", "answers"):
                counted, there = getattr(tally, name), getattr(should, name)
                if counted != there:
                    what = f"{counted} {name} were written, and {there} are there"
                    self.faults.append(f"row {should.bucket} of the running count: {what}")
            if tally.sum != should.sum:
                self.faults.append(
                    f"row {should.bucket} of the running count: what is there is not what was written: an event, an "
                    "answer, a key, a programme or a position was changed, added or removed"
                )
        self.faults += [f"row {bucket} of the running count is one too many" for bucket in found]
        if len(epochs) > 1:
            self.faults.append("rows of the running count are from before a checkpoint, and others from after it")

    # ----- a checkpoint

    def compare(self, checkpoint: Checkpoint) -> None:
        """Compare the content at a checkpoint with the checkpoint."""
        if self.seals is None:
            self.faults.append("the checkpoint cannot be compared without the ledger's key")
            return
        if not checkpoint.is_signed_by(public_key_of(self.seals.signing_key)):
            self.faults.append(f"checkpoint {checkpoint.number} is not signed with this ledger's key")
            return
        name = f"checkpoint {checkpoint.number} of {checkpoint.at.isoformat()}"
        # Answers that were removed since are no longer under the root, but their number was counted.
        removed = sum(
            row["answers"] for row in self.forgotten if row["made_in"] <= checkpoint.number < row["removed_in"]
        )
        figures = {
            "exchanges": (checkpoint.exchanges, self.then.size),
            "events": (checkpoint.events, self.counts["events then"]),
            "answers": (checkpoint.answers, self.answers_then.size + removed),
        }
        for what, (said, there) in figures.items():
            if said != there:
                self.faults.append(f"{name} has {said} {what}, and of those of its time {there} are there")
        if checkpoint.root != self.then.root.hex():
            self.faults.append(f"{name} has other exchanges than the ledger: events were removed, changed or added")
        if not removed and checkpoint.answers_root != self.answers_then.root.hex():
            self.faults.append(f"{name} has other answers than the ledger: some were removed, changed or added")


def _faults_of_row(exchange: Exchange, found: dict[str, list[Row]], key_of_code: str, head: str) -> Iterator[str]:
    row, *more = found["exchanges"]
    if more:
        yield "it has several rows"
    for name, value in row_of(exchange, key_of_code, head).items():
        if row[name] != value:
            yield f"its row says {name} {row[name]}, and its events say {value}"
    last = exchange.coupon.usage.devices_per_order - 1
    if not 0 <= row["seat"] <= last:
        yield f"its row says seat {row['seat']}, and its terms have those from 0 to {last}"
    expected = [(token, exchange.is_open, bought_us(exchange)) for token in exchange.coupon.device_tokens]
    if [(one["token"], one["is_open"], one["bought_us"]) for one in found["device_tokens"]] != expected:
        yield "its device tokens are not those of its coupon"


def _faults_of_tags(first: Accept, found: dict[str, list[Row]]) -> Iterator[str]:
    expected = [(name, value, micros(first.at)) for name, value in first.tags]
    if sorted((one["name"], one["value"], one["began_us"]) for one in found["tags"]) != sorted(expected):
        yield "its tags are not those that were told"


def _faults_of_requests(exchange: Exchange | None, told: list[Row], given: list[Row], before_us: int) -> Iterator[str]:
    """Compare the events with the answers to the requests that made them; the old ones were removed."""
    versions = {row["version"] for row in told}
    made: dict[tuple[str, str, str], Row] = {}
    for row in given:
        scope = (row["asker"], row["verb"], row["request"])
        if scope in made:
            yield f"the request {row['request']!r} has two answers"
        made[scope] = row
        if (row["version"] is None) is (row["refusal"] is None):
            yield f"the request {row['request']!r} was answered with neither an event nor a refusal, or with both"
        elif row["version"] is not None and row["version"] not in versions:
            yield f"the request {row['request']!r} was answered with event {row['version']}, which is missing"
    if exchange is None:
        return
    for row in filter(lambda one: one["request"] is not None, told):
        answer = made.get((asker_of(row["kind"], exchange.account), row["kind"], row["request"]))
        if _was_old(row, exchange, before_us):
            continue  # its answer was removed; the request may have been repeated since and got another one
        if answer is None or answer["version"] is None:
            yield f"event {row['version']} was made by a request, and its answer is missing"
        elif answer["version"] != row["version"]:
            yield f"event {row['version']} was made by a request, which was answered with event {answer['version']}"


def _was_old(row: Row, exchange: Exchange, before_us: int) -> bool:
    """Tell whether the answer to the request that made an event may have been removed."""
    asked_us = row["at_us"] - exchange.rules.skew_seconds * 1_000_000  # the earliest instant: clocks differ
    return asked_us < before_us and not exchange.is_open


class _Promises:
    """The properties that no two exchanges may share, collected from their events alone."""

    def __init__(self) -> None:
        """Begin without exchanges."""
        self.taken: Counter[tuple[str, str]] = Counter()
        self._open: dict[str, list[Exchange]] = {}
        self._owners: dict[tuple[str, ...], list[str]] = {}
        self._bought: dict[str, list[tuple[int, Exchange]]] = {}
        self._quotas: dict[tuple[str, str], int] = {}
        self._begun: dict[tuple[str, str, timedelta], list[tuple[datetime, int, str]]] = {}
        self._added: dict[tuple[str, str, str, timedelta], list[_Counted]] = {}

    def add(self, exchange: Exchange, first: Accept) -> None:
        """Add an exchange, and how it was accepted."""
        coupon = exchange.coupon
        if exchange.is_open:
            self._open.setdefault(coupon.account, []).append(exchange)
            for token in coupon.device_tokens:
                self._own("the device with the token {}", token, exchange)
        order = row_of(exchange, "", "")["order_id"]
        if order is not None:
            self._own("the order {}", order, exchange)
        self._own("a quote", "\x00".join((packed(exchange.quote), coupon.account, *coupon.device_tokens)), exchange)
        at = bought_us(exchange)
        if at is not None:
            for token in coupon.device_tokens:
                self._bought.setdefault(token, []).append((at, exchange))
        for bonus, quota in places(exchange).items():
            name = (exchange.quote.programme, bonus)
            self.taken[name] += 1
            self._quotas[name] = max(quota, self._quotas.get(name, 0))
        if exchange.state not in {State.EXPIRED, State.VOID}:
            for limit in first.rules.limits:
                began = (first.at, limit.most, exchange.code)
                for whose in those(first, limit):
                    self._begun.setdefault((limit.per, whose, limit.window), []).append(began)

    def add_override(self, exchange: Exchange) -> None:
        """Add an override, given the exchange after it."""
        row = row_of_override(exchange)
        authority = exchange.rules.authority_of(row["role"])
        assert authority is not None  # noqa: S101 - the history folds
        whose = (row["role"], row["person"], row["currency"], authority.window)
        counted = _Counted(from_micros(row["at_us"]), row["more_minor"], authority.total_minor, exchange.code)
        self._added.setdefault(whose, []).append(counted)

    def _own(self, what: str, name: str, exchange: Exchange) -> None:
        self._owners.setdefault((what, name), []).append(exchange.code)

    def broken(self) -> Iterator[str]:
        """Yield each broken promise, with the coupons that break it."""
        for account, found in self._open.items():
            yield from _too_many_open(account, found)
        for (what, name), codes in self._owners.items():
            if len(codes) > 1:
                kind = "coupons" if "{}" not in what or "order" in what else "open exchanges"
                yield f"{', '.join(codes)}: {what.format(name)} has {len(codes)} {kind}"
        for token, bought in self._bought.items():
            yield from _bought_again(token, sorted(bought, key=lambda one: one[0]))
        for (programme, bonus), quota in self._quotas.items():
            if self.taken[programme, bonus] > quota:
                yield (
                    f"the bonus {bonus} of {programme} has {quota} places, and {self.taken[programme, bonus]} are taken"
                )
        for (per, _, window), began in self._begun.items():
            yield from _over_a_limit(per, window, sorted(began))
        for (role, _, _, window), added in self._added.items():
            for codes, most in _too_much(window, sorted(added)):
                yield f"{', '.join(codes)}: a person of the role {role} added more than {most} in {window.days} days"


def _too_many_open(account: str, found: list[Exchange]) -> Iterator[str]:
    """Yield the fault of an account that has more open exchanges than any of their terms allow.

    Where the terms differ, the exchange whose terms allow most may have begun last.
    """
    if len(found) > max(one.coupon.usage.devices_per_order for one in found):
        yield f"{', '.join(one.code for one in found)}: the account {account} has {len(found)} open exchanges"


class _Counted(NamedTuple):
    """An element of a rolling window: its instant, its amount, the limit that applied, and its coupon."""

    at: datetime
    much: int
    most: int
    code: str


def _over_a_limit(per: str, window: timedelta, began: list[tuple[datetime, int, str]]) -> Iterator[str]:
    """Yield the faults of limits that new exchanges exceed, each judged by its own terms."""
    for codes, most in _too_much(window, [_Counted(at, 1, most, code) for at, most, code in began]):
        yield f"{', '.join(codes)}: more than {most} of one {per} in {window.days} days"


def _too_much(window: timedelta, counted: list[_Counted]) -> Iterator[tuple[list[str], int]]:
    """Yield the first window whose sum exceeds the largest limit of its elements.

    Every window that begins with an element is checked.
    """
    end = total = 0
    for number, first in enumerate(counted):
        while end < len(counted) and counted[end].at < first.at + window:
            total += counted[end].much
            end += 1
        if total > first.most:
            inside = counted[number:end]
            most = max(one.most for one in inside)
            if total > most:
                yield [one.code for one in inside], most
                return
        total -= first.much


def _bought_again(token: str, bought: list[tuple[int, Exchange]]) -> Iterator[str]:
    for (at, first), (_, second) in pairwise(bought):
        if not second.rules.buys_again(from_micros(at), second.accepted_at or second.coupon.valid_from):
            yield f"{first.code}, {second.code}: the device with the token {token} was bought twice"
