"""The ledger: each verb is one transaction, which changes all of it or nothing."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from threading import Lock
from time import sleep
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Self

from miexchange._value import instant, is_text, packed, require
from miexchange.coupon import Coupon, Order, device_token, normal_code
from miexchange.eligibility import Device
from miexchange.errors import MiExchangeError
from miexchange.exchange import (
    Accept,
    Agree,
    Complete,
    Decline,
    Exchange,
    Expire,
    Inspect,
    Release,
    Reserve,
    Reverse,
    State,
    Void,
    acceptance,
    apply,
    begin,
    fold,
    may_follow,
)
from miexchange.imei import Imei
from miexchange.inspection import Inspection, examine
from miexchange.ledger import _places
from miexchange.ledger import _sql as sql
from miexchange.ledger._checkpoints import inclusion_of, next_epoch
from miexchange.ledger._engine import READ, SWEEP, Conflict, reading, translated
from miexchange.ledger._errors import LedgerError, UnreadableError
from miexchange.ledger._forks import watch
from miexchange.ledger._reports import DeviceStanding, Exposure, Sweep
from miexchange.ledger._rows import (
    bought_us,
    entry_of,
    fingerprint,
    instant_of,
    key_id,
    micros,
    row_of,
    row_of_event,
)
from miexchange.ledger._seals import Seals, Tally, bucket_of
from miexchange.ledger._session import ExchangeRow, Session, Sessions
from miexchange.ledger._verify import checkpoint_of
from miexchange.programme import Programme
from miexchange.refusal import Reason, ReasonCode, Refusal
from miexchange.valuation import NONE_GIVEN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from sqlalchemy import Connection, Engine

    from miexchange.exchange import Event
    from miexchange.ledger._checkpoint import Checkpoint, Inclusion
    from miexchange.ledger._rows import Entry
    from miexchange.valuation import Quote

__all__ = ["Ledger"]

_TRIES = 20
_KEPT = 4_096
_LONGEST = 200
_PAUSE = 0.02
"""Seconds that a sweep leaves an SQLite file to others after each batch.

SQLite has no queue: who waits looks again after up to 0.1 s, and whoever asks at the right moment is next. So the file
must be free for most of the time. `benchmarks/ledgering.py` prints what others wait during a sweep.
"""
_DAY_ZERO = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class _Request:
    """One call of a verb.

    Attributes:
        verb: its name.
        key: the caller's idempotency key.
        content: what is asked for, as text; its instant is not part of it, as a retry may have a later one.
        at: the instant.
        code: the coupon's code, where one was given.
        asker: the account that asks; None for the operator, who may see everything. Idempotency keys are of an asker
            and a verb: a customer's key blocks nobody else's.
    """

    verb: str
    key: str
    content: tuple[str, ...]
    at: datetime
    code: str | None = None
    asker: str | None = None


class _Facts(NamedTuple):
    """What a ledger knows that speaks against a new exchange; the arguments of `acceptance`."""

    exchange_open: bool = False
    device_open: bool = False
    device_bought: datetime | None = None
    bonuses_given: Mapping[str, int] = NONE_GIVEN


class Ledger:
    """A ledger of exchanges in a database; `miexchange.ledger.open` makes one.

    Threads may share it, and so may processes that are forked: each opens connections of its own. A process that is
    spawned opens the ledger itself.

    Each verb takes an idempotency key, which the caller chooses and keeps before it calls: the same key with the
    same content gives the first answer again, whatever happened since; with other content it is refused. The instant
    is not part of the content.
    """

    def __init__(
        self, engine: Engine, key: bytes | None, old_keys: Sequence[bytes], *, given: Sequence[bytes] = ()
    ) -> None:
        """Keep the engine and the secrets; `miexchange.ledger.open` checks them.

        Args:
            engine: the engine of a ledger.
            key: the ledger's root secret, of which everything is derived; None to read only.
            old_keys: the other secrets under which devices are known.
            given: the operator's keys, the one in use first; by default the root is the only one.
        """
        self._engine = engine
        self._reader = reading(engine)
        self._sessions = Sessions(self._reader)
        self._keys = (() if key is None else (key,)) + tuple(old_keys)
        self._seals = None if key is None else Seals(key)
        self._key_id = "" if key is None else key_id((*given, key)[0])
        # The root is the oldest key: codes are derived with it, and quotes may be sealed with any.
        self._issuing = tuple(one for one in dict.fromkeys((*given, *old_keys)) if one != key) + self._keys[:1]
        self._known: OrderedDict[str, Exchange] = OrderedDict()
        self._lock = Lock()
        watch(self)

    def __enter__(self) -> Self:
        """Return the ledger, to be closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the ledger."""
        self.close()

    def close(self) -> None:
        """Give back the connections."""
        self._sessions.close()
        self._engine.dispose()

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied: connections and locks stay in their process."""
        raise LedgerError("A ledger cannot be sent to another process", "Send its URL, and open it there")

    def _rest(self) -> None:
        """Give back the connections to a file that are at hand; see `miexchange.ledger._forks`."""
        if self._engine.dialect.name == "sqlite":
            self._sessions.close()

    def _start_anew(self) -> object:
        """Begin again in a child, and return what is the parent's; another thread of it may have had the lock."""
        self._lock = Lock()
        self._known = OrderedDict()
        return self._sessions.start_anew()

    @property
    def engine(self) -> Engine:
        """The SQLAlchemy engine, for whoever must look at the tables; write to them through the verbs only."""
        return self._engine

    # ----- the verbs

    def accept(
        self, quote: Quote, programme: Programme, *, account: str, at: datetime, idempotency_key: str
    ) -> Exchange | Refusal:
        """Accept a quote: see `miexchange.exchange.accept`.

        An account has one open exchange at most, and so has a device, by either of its IMEIs. A device that was bought
        is bought again only as the terms say, and no bonus is given more often than its quota.

        Args:
            quote: the quote, with its IMEIs.
            programme: the programme that made it, or a later version of it that makes the same quote.
            account: the account that gets the coupon.
            at: the instant.
            idempotency_key: the caller's name for this request.
        """
        keys = self._secret_keys()
        content = (packed(quote), account)
        request = _Request("accept", _checked_key(idempotency_key), content, instant(at, "at"), asker=account)

        def accepted(facts: _Facts) -> Accept | Refusal:
            return acceptance(
                quote, programme, account=account, at=at, key=keys[0], old_keys=keys[1:], **facts._asdict()
            )

        event = accepted(_Facts())

        def first(session: Session) -> Exchange | Refusal:
            if isinstance(event, Refusal):
                return self._refuse(session, request, event)
            exchange = begin(event)
            self._add(session, exchange, event, request)
            return exchange

        def second(session: Session) -> Exchange | Refusal:
            if isinstance(event, Refusal):
                return self._refuse(session, request, event)
            coupon = event.coupon
            facts = self._facts(session.core, coupon)  # before the row: whoever wrote it made these facts
            if (row := session.row(coupon.code)) is not None:
                if row.version == 1:
                    self._answer(session, request, code=coupon.code, version=1)
                    return self._load(session.core, row)
                what, remedy = "This quote was accepted before, and its exchange went on", "Ask for a new quote"
                return self._refuse(session, request, _one(ReasonCode.QUOTE_ACCEPTED, what, remedy))
            refusal = accepted(facts)
            return self._refuse(session, request, refusal) if isinstance(refusal, Refusal) else first(session)

        return self._settled(request, first, second)

    def reserve(
        self, code: str, order: Order, *, account: str, at: datetime, idempotency_key: str
    ) -> Exchange | Refusal:
        """Hold the coupon for an order that was placed and paid for; idempotent by the order.

        To whoever is not its owner, a coupon that is unknown, another's, expired or spent is one and the same
        refusal. A code whose check character is wrong is refused before the database is asked.

        Args:
            code: the code as the customer typed it.
            order: the order.
            account: the account that is signed in.
            at: the instant.
            idempotency_key: the caller's name for this request.
        """
        require(isinstance(order, Order), "order", order, "give an Order")
        event = Reserve(at, order, account)
        return self._later(code, event, idempotency_key, (packed(order), account), asker=account)

    def release(self, code: str, *, order: str, at: datetime, idempotency_key: str) -> Exchange | Refusal:
        """Give the coupon back, because the order was cancelled.

        Args:
            code: the code.
            order: the id of the order that holds it.
            at: the instant.
            idempotency_key: the caller's name for this request.
        """
        return self._later(code, Release(at, order), idempotency_key, (order,))

    def inspect(
        self,
        code: str,
        inspection: Inspection,
        programme: Programme,
        *,
        order: str,
        at: datetime,
        idempotency_key: str,
    ) -> Exchange | Refusal:
        """Hold what was seen at the door against the quote; see `miexchange.inspection.examine`.

        From then on the device is known by every IMEI that it showed. Where it is in another open exchange by one of
        them, that exchange is called off; where it was bought by one, this inspection is refused.

        Args:
            code: the code.
            inspection: what was seen. Its IMEIs are compared by their tokens and not stored.
            programme: the programme that made the quote, or a later version that agrees with it.
            order: the id of the order that is delivered.
            at: the instant.
            idempotency_key: the caller's name for this request.
        """
        keys = self._secret_keys()
        require(isinstance(inspection, Inspection), "inspection", inspection, "give an Inspection")

        def examined(session: Session, exchange: Exchange) -> Event | Refusal:
            found = examine(
                exchange.quote,
                inspection,
                programme,
                device_tokens=exchange.coupon.device_tokens,
                key=keys[0],
                old_keys=keys[1:],
                bonuses_given=_places.given_to_others(session.core, exchange),
            )
            return found if isinstance(found, Refusal) else Inspect(at, order, found)

        content = (packed(inspection), order)
        return self._transition(code, "inspect", examined, at, idempotency_key, content)

    def agree(self, code: str, *, account: str, at: datetime, idempotency_key: str) -> Exchange | Refusal:
        """Take the customer's yes to the re-quote, once what is due is paid.

        Args:
            code: the code.
            account: the account that is signed in.
            at: the instant.
            idempotency_key: the caller's name for this request.
        """
        return self._later(code, Agree(at, account), idempotency_key, (account,), asker=account)

    def decline(self, code: str, *, account: str, at: datetime, idempotency_key: str) -> Exchange | Refusal:
        """Take the customer's no to the re-quote.

        Args:
            code: the code.
            account: the account that is signed in.
            at: the instant.
            idempotency_key: the caller's name for this request.
        """
        return self._later(code, Decline(at, account), idempotency_key, (account,), asker=account)

    def complete(self, code: str, *, order: str, at: datetime, idempotency_key: str) -> Exchange | Refusal:
        """Record that the old phone was handed over as quoted.

        Args:
            code: the code.
            order: the id of the order that was delivered.
            at: the instant.
            idempotency_key: the caller's name for this request.
        """
        return self._later(code, Complete(at, order), idempotency_key, (order,))

    def expire(self, code: str, *, at: datetime, idempotency_key: str) -> Exchange | Refusal:
        """End an exchange whose time ran out; `sweep` does so for all of them.

        Args:
            code: the code.
            at: the instant.
            idempotency_key: the caller's name for this request.
        """
        return self._later(code, Expire(at), idempotency_key, ())

    def void(self, code: str, *, reason: str, at: datetime, idempotency_key: str) -> Exchange | Refusal:
        """Call an exchange off.

        Args:
            code: the code.
            reason: why, for the record.
            at: the instant.
            idempotency_key: the caller's name for this request.
        """
        return self._later(code, Void(at, reason), idempotency_key, (reason,))

    def reverse(self, code: str, *, order: str, at: datetime, idempotency_key: str) -> Exchange | Refusal:
        """Undo an exchange, because the new phone was returned.

        Args:
            code: the code.
            order: the id of the order that was returned.
            at: the instant.
            idempotency_key: the caller's name for this request.
        """
        return self._later(code, Reverse(at, order), idempotency_key, (order,))

    def sweep(self, at: datetime, *, dry_run: bool = False) -> Sweep:
        """End every exchange whose time ran out: coupons that expired, re-quotes that nobody answered.

        Run it often; only this ends them. It can be run anywhere, by several at once. An exchange that somebody is
        changing at the moment is left to the next sweep, and a damaged one is skipped and reported.

        Args:
            at: the instant. No clock is read: what is given here ends, so it must not be an instant to come.
            dry_run: whether to count only; nothing is written and nothing locked.
        """
        if not dry_run:
            self._secret_keys()
        at = instant(at, "at")
        event = Expire(at)
        ended: Counter[State] = Counter()
        skipped: list[str] = []
        after = (-(2**62), "")
        while due := self._due(micros(at), after):
            states, broken = self._swept([code for _, code in due], event, dry_run=dry_run)
            ended.update(states)
            skipped += broken
            after = due[-1]
            if self._engine.dialect.name == "sqlite" and not dry_run:
                sleep(_PAUSE)
        return Sweep(ended[State.EXPIRED], ended[State.VOID], tuple(skipped))

    # ----- what is asked

    def get(self, code: str) -> Exchange | None:
        """Return the exchange of a coupon as it stands; None for a code that is unknown or mistyped.

        For the operator: a customer may see it only where `Exchange.account` is theirs.

        Args:
            code: the code, however it was typed.
        """
        plain = _plain(code)
        if plain is None:
            return None
        with translated(READ), self._sessions.lent() as session:
            row = session.row(plain)
            return None if row is None else self._load(session.core, row)

    def history(self, code: str) -> tuple[Entry, ...]:
        """Return what happened to a coupon, oldest first; nothing for a code that is unknown or mistyped.

        Args:
            code: the code, however it was typed.
        """
        plain = _plain(code)
        with translated(READ), self._reader.connect() as connection:
            return tuple(map(entry_of, connection.execute(sql.HISTORY, {"code": plain})))

    def open_exposure(self, zone: timezone = UTC) -> tuple[Exposure, ...]:
        """Return what live coupons are worth, by the day on which they expire; first those that orders hold.

        Args:
            zone: where days begin.
        """
        offset = (zone.utcoffset(None) or timedelta()) // timedelta(microseconds=1)
        with translated(READ), self._reader.connect() as connection:
            found = connection.execute(sql.EXPOSURE, {"offset_us": offset})
            rows = [(row.day, int(row.coupons), int(row.value)) for row in found]
        rows.sort(key=lambda row: -1 if row[0] is None else row[0])
        return tuple(
            Exposure(None if number is None else _DAY_ZERO + timedelta(number), count, value)
            for number, count, value in rows
        )

    def standing_of(self, device: Device) -> DeviceStanding:
        """Tell what the ledger knows of a device, by either of its IMEIs, whatever key was in use then.

        Args:
            device: the device, with an IMEI.

        Raises:
            InvalidValue: the device has no IMEI.
        """
        keys = self._secret_keys()
        require(isinstance(device, Device), "device", device, "give a Device")
        imeis = [imei for imei in (device.imei, device.imei2) if isinstance(imei, Imei)]
        require(bool(imeis), "device", device, "give a Device with an IMEI")
        tokens = {device_token(imei, key=key) for imei in imeis for key in keys}
        with translated(READ), self._reader.connect() as connection:
            rows = connection.execute(sql.OF_TOKENS, {"tokens": sorted(tokens)}).all()
        open_ones = {row.code for row in rows if row.is_open}
        bought = max(((row.bought_us, row.code) for row in rows if row.bought_us is not None), default=None)
        return DeviceStanding(
            open=min(open_ones, default=None),
            bought=None if bought is None else bought[1],
            bought_at=None if bought is None else instant_of(bought[0]),
        )

    def bonuses_given(self, programme: Programme) -> dict[str, int]:
        """Return how many places of each bonus with a quota are taken: what `miexchange.appraise` asks.

        Args:
            programme: the programme whose bonuses they are.
        """
        require(isinstance(programme, Programme), "programme", programme, "give a Programme")
        with translated(READ), self._reader.connect() as connection:
            return _places.given(connection, programme.id)

    # ----- checkpoints

    def checkpoint(self, at: datetime) -> Checkpoint:
        """Take a signed checkpoint: keep it elsewhere, and give it to `miexchange.ledger.verify` later.

        It covers everything that was committed before it. The ledger is read whole, while others may write to it.

        Args:
            at: the instant.

        Raises:
            LedgerError: the ledger is not whole, or it was opened without its key.
        """
        self._secret_keys()
        assert self._seals is not None  # noqa: S101 - as above
        at = instant(at, "at")
        return checkpoint_of(self._engine, self._seals, next_epoch(self._sessions, self._seals), at)

    def inclusion(self, code: str, checkpoint: Checkpoint) -> Inclusion | None:
        """Return the proof that a coupon was in the ledger when a checkpoint was taken; None where it was not.

        `Inclusion.is_in` checks it, without a database and without a secret.

        Args:
            code: the code, however it was typed.
            checkpoint: the checkpoint.
        """
        plain = _plain(code)
        return None if plain is None else inclusion_of(self._engine, plain, checkpoint)

    # ----- how

    def _secret_keys(self) -> tuple[bytes, ...]:
        if not self._key_id:
            raise LedgerError("This ledger was opened without its key, to be read", "Open it with the key")
        return self._issuing

    def _later(
        self, code: str, event: Event, idempotency_key: str, content: tuple[str, ...], asker: str | None = None
    ) -> Exchange | Refusal:
        return self._transition(code, event.kind, lambda *_: event, event.at, idempotency_key, content, asker)

    def _transition(
        self,
        code: str,
        verb: str,
        event_of: Callable[[Session, Exchange], Event | Refusal],
        at: datetime,
        idempotency_key: str,
        content: tuple[str, ...],
        asker: str | None = None,
    ) -> Exchange | Refusal:
        self._secret_keys()
        plain = _plain(code)
        key = _checked_key(idempotency_key)
        if plain is None:
            return _MISTYPED
        request = _Request(verb, key, (plain, *content), instant(at, "at"), plain, asker)

        def attempt(session: Session, *, carefully: bool) -> Exchange | Refusal:
            row = session.row(plain, lock=True)
            if row is None or (asker is not None and row.account != asker):
                return self._refuse(session, request, _UNKNOWN if row is None else _OTHER_ACCOUNT)
            exchange = self._load(session.core, row, is_locked=True)
            event = event_of(session, exchange)
            if isinstance(event, Refusal):
                return self._refuse(session, request, event)
            after = apply(exchange, event)
            if isinstance(after, Refusal):
                return self._refuse(session, request, after, is_final=_is_final(after, exchange, event))
            if isinstance(event, Inspect):
                refusal = self._claim(session, exchange, after)
                if refusal is not None:
                    return self._refuse(session, request, refusal)
            if after.version != exchange.version:
                if carefully and isinstance(event, Reserve) and self._is_taken(session.core, plain, event.order.id):
                    return self._refuse(session, request, _TAKEN)
                self._write(session, row, after, event, request)
            else:
                self._answer(session, request, version=after.version)
            return after

        return self._settled(
            request,
            lambda session: attempt(session, carefully=False),
            lambda session: attempt(session, carefully=True),
        )

    def _settled(self, request: _Request, first: _Attempt, second: _Attempt) -> Exchange | Refusal:
        """Run a request in a transaction, and again where somebody was quicker.

        The first attempt looks at nothing that an index would refuse anyhow: the answers' primary key knows every
        request that was answered before, the unique indexes know what is open. The second one finds out which it was.
        """
        for number in range(_TRIES):
            try:
                with self._sessions.transaction() as session:
                    if number == 0:
                        return first(session)
                    known = self._first_answer(session, request)
                    return second(session) if known is None else known
            except Conflict:
                continue
        raise LedgerError("The ledger is too busy: others were quicker every time", "Try again")

    def _first_answer(self, session: Session, request: _Request) -> Exchange | Refusal | None:
        """Return what the request was answered before, if it was; a refusal that may have passed is taken back."""
        scope = {"asker": request.asker or "", "verb": request.verb, "request": request.key}
        row = session.core.execute(sql.ANSWER, scope).first()
        if row is None:
            return None
        if row.fingerprint not in {self._print(request, key) for key in self._keys}:
            return _CHANGED
        if not row.is_final:
            self._withdraw(session, row)
            return None
        if row.refusal is not None:
            refusal = Refusal.from_json(row.refusal)
            return refusal.public() if row.is_public else refusal
        rows = session.core.execute(sql.HISTORY_TO, {"code": row.code, "version": row.version})
        return fold(entry_of(one).event for one in rows)

    @staticmethod
    def _print(request: _Request, key: bytes) -> str:
        return fingerprint(key, request.verb, *request.content)

    @property
    def seals(self) -> Seals | None:
        """What seals the ledger; None where it was opened without its key."""
        return self._seals

    def _sealing(self, session: Session, name: str) -> tuple[Seals, Tally]:
        """Return what seals, and the row of the running count of a coupon's code, or of a request that has none."""
        assert self._seals is not None  # noqa: S101 - every verb asks for the secrets first
        tally = session.tally(bucket_of(name))
        self._seals.check(tally)
        return self._seals, tally

    def _answer_of(
        self,
        request: _Request,
        seals: Seals,
        tally: Tally,
        *,
        code: str | None = None,
        version: int | None = None,
        refusal: Refusal | None = None,
        is_public: bool = False,
        is_final: bool = True,
    ) -> dict[str, object]:
        """Return an answer as its row in the table ``answers``, sealed and counted."""
        row = {
            "asker": request.asker or "",
            "verb": request.verb,
            "request": request.key,
            "fingerprint": self._print(request, self._keys[0]),
            "at_us": micros(request.at),
            "code": code or request.code,
            "version": version,
            "refusal": None if refusal is None else packed(refusal),
            "is_public": is_public,
            "is_final": is_final,
            "epoch": tally.epoch,
        }
        row["seal"] = seals.sealed(row)
        seals.add_answer(tally, str(row["seal"]))
        return row

    def _answer(self, session: Session, request: _Request, **answer: Any) -> None:  # noqa: ANN401 - as of `_answer_of`
        seals, tally = self._sealing(session, answer.get("code") or request.code or request.key)
        session.answer(self._answer_of(request, seals, tally, **answer), seals.counted(tally))

    def _withdraw(self, session: Session, answer: Any) -> None:  # noqa: ANN401 - a row of the table ``answers``
        """Take back an answer that is not final, so that its request can get another one."""
        seals, tally = self._sealing(session, answer.code or answer.request)
        seals.add_answer(tally, answer.seal, -1)
        session.drop_answer(
            {name: getattr(answer, name) for name in ("asker", "verb", "request")}, seals.counted(tally)
        )

    def _refuse(
        self, session: Session, request: _Request, refusal: Refusal, *, is_final: bool | None = None
    ) -> Refusal:
        """Keep the full reasons, and return them; to a stranger, the one answer that strangers get.

        Args:
            session: the session.
            request: the request.
            refusal: the reasons.
            is_final: whether this stays the answer of the request; by default, whether the reasons are final.
        """
        is_public = request.asker is not None and refusal in {_UNKNOWN, _OTHER_ACCOUNT}
        final = refusal.is_final if is_final is None else is_final
        self._answer(session, request, refusal=refusal, is_public=is_public, is_final=final)
        return refusal.public() if is_public else refusal

    def _load(self, connection: Connection, row: ExchangeRow, *, is_locked: bool = False) -> Exchange:
        """Return the exchange of a row, by folding its events; the last few are kept by the hash of their last event.

        Events are only ever added, so those up to the row's version are the row's, whatever was added since the row
        was read. Where the row is locked nothing can have been added, and a later event is a fault.
        """
        with self._lock:
            known = self._known.get(row.head)
        if known is not None and known.version == row.version:
            return known
        values: dict[str, object] = {"code": row.code}
        if not is_locked:
            values["version"] = row.version
        head, seals = "", self._seals
        entries = []
        try:
            for one in connection.execute(sql.HISTORY if is_locked else sql.HISTORY_TO, values):
                head = one.hash if seals is None else seals.chained(head, one._mapping)  # noqa: SLF001 - a row as a mapping is SQLAlchemy's public API
                entries.append(entry_of(one))
        except TypeError:  # SQLite keeps a value of any type in any column
            head = ""
        if not head or head != row.head or len(entries) != row.version:
            what = f"The events of the exchange {str(row.code)[:4]}... do not lead to its row"
            raise LedgerError(what, "Run miexchange ledger verify, and do not write to the ledger before it is clean")
        exchange = fold(entry.event for entry in entries)
        self._remember(head, exchange)
        return exchange

    def _remember(self, head: str, exchange: Exchange) -> None:
        with self._lock:
            self._known[head] = exchange
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)

    def _add(self, session: Session, exchange: Exchange, event: Accept, request: _Request) -> None:
        """Write a new exchange. Its unique indexes refuse it where the account or the device has an open one."""
        seals, tally = self._sealing(session, exchange.code)
        entry = row_of_event(seals, exchange.code, 1, event, self._key_id, request.key, "", tally.epoch)
        seals.add_event(tally, entry["hash"])
        timely = replace(request, at=event.at)  # a clock that is a little behind is as late as what it follows
        answer = self._answer_of(timely, seals, tally, code=exchange.code, version=1)
        row = row_of(exchange, self._key_id, entry["hash"])
        session.add(row, exchange.coupon.device_tokens, entry, answer, seals.counted(tally))
        # A purchase may have been committed while the index made this transaction wait, so it is looked for now.
        bought = self._bought(session.core, exchange.coupon)
        if bought is not None and not exchange.rules.buys_again(bought, exchange.coupon.valid_from):
            raise Conflict
        _places.take(session, exchange.quote.programme, _places.places(exchange))
        self._remember(entry["hash"], exchange)

    def _facts(self, connection: Connection, coupon: Coupon) -> _Facts:
        """Return what speaks against a new exchange, as the ledger knows it."""
        tokens = {"tokens": coupon.device_tokens}
        return _Facts(
            exchange_open=connection.execute(sql.OPEN_OF_ACCOUNT, {"account": coupon.account}).first() is not None,
            device_open=connection.execute(sql.OPEN_OF_DEVICE, tokens).first() is not None,
            device_bought=self._bought(connection, coupon),
            bonuses_given=_places.given(connection, coupon.programme),
        )

    @staticmethod
    def _bought(connection: Connection, coupon: Coupon, tokens: Sequence[str] | None = None) -> datetime | None:
        """Return when a device was bought last by another exchange than the coupon's; None if it was not."""
        asked = {"tokens": coupon.device_tokens if tokens is None else tokens, "code": coupon.code}
        us = connection.scalar(sql.BOUGHT, asked)
        return None if us is None else instant_of(us)

    def _claim(self, session: Session, exchange: Exchange, after: Exchange) -> Refusal | None:
        """Note the tokens that the door saw, and call off what else is open for the same device."""
        new = sorted(set(after.coupon.device_tokens) - set(exchange.coupon.device_tokens))
        if not new:
            return None
        bought = self._bought(session.core, after.coupon, new)
        if bought is not None and not after.rules.buys_again(bought, after.coupon.valid_from):
            what = f"The phone shows an IMEI by which it was bought at {bought.isoformat()}"
            remedy = "Do not take it over again: call this exchange off"
            return _one(ReasonCode.DEVICE_EXCHANGED, what, remedy)
        if after.is_open:
            others = session.core.execute(sql.OPEN_OF_DEVICE, {"tokens": new}).scalars().all()
            for code in sorted(set(others)):
                row = session.row(code, lock=True)
                if row is None or row.state not in sql.OPEN_STATES:
                    raise Conflict
                other = self._load(session.core, row, is_locked=True)
                event = Void(max(after.at, other.at), "The device was seen at the door of another exchange")
                ended = apply(other, event)
                assert isinstance(ended, Exchange)  # noqa: S101 - the table lets every open exchange be called off
                self._write(session, row, ended, event, None)
        for token in new:
            told = {"code": after.code, "token": token, "is_open": after.is_open, "bought_us": None}
            session.core.execute(sql.ADD_TOKEN, told)
        return None

    def _write(
        self, session: Session, row: ExchangeRow, after: Exchange, event: Event, request: _Request | None
    ) -> None:
        """Add the event and move the row from the version that was read to the next: compare and set."""
        key = None if request is None else request.key
        seals, tally = self._sealing(session, row.code)
        entry = row_of_event(seals, row.code, after.version, event, row.key_id, key, row.head, tally.epoch)
        seals.add_event(tally, entry["hash"])
        changed = row_of(after, row.key_id, entry["hash"])
        moved: dict[str, object] = {f"new_{name}": changed[name] for name in sql.MOVING}
        moved |= {"of_code": row.code, "of_version": row.version, "bought_us": bought_us(after)}
        answer = None if request is None else self._answer_of(request, seals, tally, version=after.version)
        if session.write(entry, moved, answer, seals.counted(tally), closes=not after.is_open) != 1:
            raise Conflict
        _places.move(session, State(row.state), after)
        self._remember(entry["hash"], after)

    @staticmethod
    def _is_taken(connection: Connection, code: str, order: str) -> bool:
        found = connection.execute(sql.OF_ORDER, {"order_id": order}).first()
        return found is not None and found.code != code

    def _due(self, at_us: int, after: tuple[int, str]) -> list[tuple[int, str]]:
        with translated(SWEEP), self._reader.connect() as connection:
            last_us, last_code = after
            values = {"at_us": at_us, "last_us": last_us, "last_code": last_code}
            return [(row.due_us, row.code) for row in connection.execute(sql.DUE, values)]

    def _swept(self, codes: list[str], event: Expire, *, dry_run: bool) -> tuple[list[State], list[str]]:
        """End what is still due of some exchanges, in one transaction.

        Where one of them prevents that, each is ended by itself.

        Returns:
            The states in which they ended, and the codes of those that are damaged.
        """
        for _ in range(1 if len(codes) > 1 else _TRIES):
            try:
                lent = self._sessions.lent() if dry_run else self._sessions.transaction(SWEEP)
                with translated(SWEEP), lent as session:
                    return self._ended(session, codes, event, dry_run=dry_run)
            except Conflict:
                continue
            except UnreadableError:
                break
        if len(codes) == 1:
            return [], codes
        each = [self._swept([code], event, dry_run=dry_run) for code in codes]
        return [state for states, _ in each for state in states], [code for _, broken in each for code in broken]

    def _ended(
        self, session: Session, codes: list[str], event: Expire, *, dry_run: bool
    ) -> tuple[list[State], list[str]]:
        """Do so in a transaction of the caller's."""
        states, broken = [], []
        rows = session.core.execute(sql.ROWS if dry_run else sql.LOCKED_ROWS, {"codes": codes}).all()
        if not dry_run:
            session.hold({bucket_of(found.code) for found in rows})
        for found in rows:
            row = ExchangeRow._make(found)
            if row.due_us is None or row.due_us > micros(event.at):
                continue  # it went on meanwhile
            try:
                after = apply(self._load(session.core, row, is_locked=not dry_run), event)
                if isinstance(after, Refusal) or after.version == row.version:
                    broken.append(row.code)  # its events say that it is not due
                    continue
                if not dry_run:
                    self._write(session, row, after, event, None)
            except (MiExchangeError, TypeError):  # raised before anything of it is written
                broken.append(row.code)
            else:
                states.append(after.state)
        return states, broken


def _is_final(refusal: Refusal, exchange: Exchange, event: Event) -> bool:
    """Tell whether an event is refused for ever: what the exchange can no longer come to is not waited for."""
    can_come = may_follow(exchange.state, event.kind)
    return refusal.is_final or (ReasonCode.EVENT_NOT_POSSIBLE.value in refusal.codes and not can_come)


_Attempt = Callable[["Session"], "Exchange | Refusal"]


_known_code = lru_cache(_KEPT)(normal_code)


def _plain(code: str) -> str | None:
    """Return a code as it was issued; the last ones are known, because a coupon is asked for several times in a row."""
    return _known_code(code) if type(code) is str and len(code) <= _LONGEST else None


def _checked_key(key: object) -> str:
    """Return an idempotency key that can be kept."""
    fits = is_text(key) and isinstance(key, str) and 0 < len(key) <= _LONGEST and "\x00" not in key
    require(fits, "idempotency_key", key, f"give a text of up to {_LONGEST} characters, the same for every retry")
    return str(key)


def _one(code: ReasonCode, what: str, remedy: str) -> Refusal:
    return Refusal((Reason(code, what, remedy),))


_MISTYPED = _one(
    ReasonCode.COUPON_CODE_MISTYPED,
    "The code is mistyped: its last character does not fit the others",
    "Compare it with the coupon, character by character",
)
_UNKNOWN = _one(ReasonCode.COUPON_UNKNOWN, "There is no coupon with this code", "Compare the code with the coupon")
_OTHER_ACCOUNT = _one(
    ReasonCode.COUPON_OTHER_ACCOUNT,
    "The coupon was given to another account, and it is not transferable",
    "Sign in with the account that it was given to",
)
_TAKEN = _one(
    ReasonCode.ORDER_TAKEN,
    "Another coupon is used for this order",
    "Place another order: one coupon is used for each",
)
_CHANGED = _one(
    ReasonCode.REQUEST_CHANGED,
    "The idempotency key was used before, for another request",
    "Choose a new key for a new request; repeat the old one with what it was first sent with",
)
