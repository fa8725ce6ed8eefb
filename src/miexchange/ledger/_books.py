"""The books behind the verbs: a request becomes one transaction, with its answer, its event and its seals."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from miexchange._time import from_micros, micros
from miexchange._transitions import may_follow
from miexchange._value import instant, packed
from miexchange.errors import InvalidValue, MiExchangeError
from miexchange.events import Accept, Inspect, Override, Reserve, Void
from miexchange.exchange import Exchange, State, apply, fold
from miexchange.ledger import _limits, _quotas
from miexchange.ledger import _sql as sql
from miexchange.ledger._engine import Conflict, reading
from miexchange.ledger._errors import LedgerError, unreadable
from miexchange.ledger._fingerprints import fingerprint, is_of
from miexchange.ledger._forks import watch
from miexchange.ledger._observing import Watch, Watching
from miexchange.ledger._programmes import KeptProgrammes
from miexchange.ledger._requests import (
    CHANGED,
    MISTYPED,
    OTHER_ACCOUNT,
    TAKEN,
    UNKNOWN,
    Content,
    Request,
    bounded,
    plain_code,
)
from miexchange.ledger._rows import (
    bought_us,
    entry_of,
    key_id,
    row_of,
    row_of_event,
)
from miexchange.ledger._seals import Seals, Tally, bucket_of
from miexchange.ledger._session import ExchangeRow, Session, Sessions
from miexchange.programme import NONE_GIVEN
from miexchange.programme.limits import NONE_BEGUN
from miexchange.refusal import ReasonCode, Refusal, refused

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Engine

    from miexchange.coupon import Coupon
    from miexchange.events import Event
    from miexchange.programme import Programme

__all__ = ["Books", "Facts", "free_seat"]

_KEPT = 4_096


class Facts(NamedTuple):
    """What a ledger knows that speaks against a new exchange, and where its account has place for it.

    Attributes:
        exchange_open: whether the account has as many open exchanges as the terms of the new one allow.
        device_open: as of `acceptance`, and so are the others.
        seat: the first free seat of the account.
    """

    exchange_open: bool = False
    device_open: bool = False
    device_bought: datetime | None = None
    bonuses_given: Mapping[str, int] = NONE_GIVEN
    begun: Mapping[str, Sequence[datetime]] = NONE_BEGUN
    seat: int = 0

    def against(self) -> dict[str, Any]:
        """Return what speaks against the exchange: the arguments of `acceptance`."""
        told = self._asdict()
        del told["seat"]
        return told


def free_seat(taken: Collection[int]) -> int:
    """Return the first seat that no open exchange of an account has."""
    return next(seat for seat in range(len(taken) + 1) if seat not in taken)


def _is_final(refusal: Refusal, exchange: Exchange, event: Event) -> bool:
    """Tell whether an event is refused for ever: what the exchange can no longer come to is not waited for."""
    can_come = may_follow(exchange.state, event.kind)
    return refusal.is_final or (ReasonCode.EVENT_NOT_POSSIBLE.value in refusal.codes and not can_come)


_Attempt = Callable[["Session"], "Exchange | Refusal"]


class Books:
    """What a ledger is made of: connections, secrets, and the way of a request through a transaction."""

    def __init__(
        self,
        engine: Engine,
        key: bytes | None,
        old_keys: Sequence[bytes],
        *,
        given: Sequence[bytes] = (),
        watching: Watching = Watching(),  # noqa: B008 - a tuple of None
    ) -> None:
        """Keep the engine and the secrets; `miexchange.ledger.open` checks them.

        Args:
            engine: the engine of a ledger.
            key: the ledger's root secret, of which everything is derived; None to read only.
            old_keys: the other secrets under which devices are known.
            given: the operator's keys, the one in use first; by default the root is the only one.
            watching: the observer of every transition.
        """
        self._engine = engine
        self._watching = watching
        self._reader = reading(engine)
        self._sessions = Sessions(self._reader, engine)
        self._keys = (() if key is None else (key,)) + tuple(old_keys)
        self._seals = None if key is None else Seals(key)
        self._key_id = "" if key is None else key_id((*given, key)[0])
        # The root is the oldest key: codes are derived with it, and quotes may be sealed with any.
        self._issuing = tuple(one for one in dict.fromkeys((*given, *old_keys)) if one != key) + self._keys[:1]
        self._known: OrderedDict[str, Exchange] = OrderedDict()
        self._lock = Lock()
        self._programmes = KeptProgrammes(self._reader)
        watch(self)

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
        """The SQLAlchemy engine, for reading the tables; write to them through the verbs only."""
        return self._engine

    # ----- requests

    def _secret_keys(self) -> tuple[bytes, ...]:
        if not self._key_id:
            raise LedgerError("This ledger was opened without its key, to be read", "Open it with the key")
        return self._issuing

    def _asked(
        self,
        verb: str,
        key: str,
        content: Content,
        at: datetime,
        code: str | None = None,
        asker: str | None = None,
        older: Content = (),
    ) -> Request:
        """Return a request with its fingerprint, which is taken before a transaction for which others wait."""
        return Request(verb, key, content, at, code, asker, older, fingerprint(verb, content, self._keys[0]))

    def _later(
        self, code: str, event: Event, idempotency_key: str, content: Content, asker: str | None = None
    ) -> Exchange | Refusal:
        return self._transition(code, event.kind, lambda *_: event, event.at, idempotency_key, content, asker)

    def _transition(
        self,
        code: str,
        verb: str,
        event_of: Callable[[Session, Exchange], Event | Refusal],
        at: datetime,
        idempotency_key: str,
        content: Content,
        asker: str | None = None,
        older: Content = (),
    ) -> Exchange | Refusal:
        self._secret_keys()
        plain = plain_code(code)
        if plain is None:
            return MISTYPED
        then = (plain, *older) if older else ()
        request = self._asked(verb, idempotency_key, (plain, *content), instant(at, "at"), plain, asker, then)

        def attempt(session: Session, *, carefully: bool) -> Exchange | Refusal:
            row = session.row(plain, lock=True)
            if row is None or (asker is not None and row.account != asker):
                return self._refuse(session, request, UNKNOWN if row is None else OTHER_ACCOUNT)
            exchange = self._load(session.core, row, is_locked=True)
            event = event_of(session, exchange)
            if isinstance(event, Refusal):
                return self._refuse(session, request, event)
            after = apply(exchange, event)
            if isinstance(after, Refusal):
                return self._refuse(session, request, after, is_final=_is_final(after, exchange, event))
            if (refusal := self._besides(session, exchange, after, event)) is not None:
                return self._refuse(session, request, refusal)
            if after.version != exchange.version:
                if carefully and isinstance(event, Reserve) and self._is_taken(session.core, plain, event.order.id):
                    return self._refuse(session, request, TAKEN)
                self._write(session, row, after, event, request)
            else:
                self._answer(session, request, version=after.version)
            return after

        return self._settled(
            request,
            lambda session: attempt(session, carefully=False),
            lambda session: attempt(session, carefully=True),
        )

    def _settled(self, request: Request, first: _Attempt, second: _Attempt) -> Exchange | Refusal:
        """Run a request in a transaction, and again where somebody was quicker.

        The first attempt looks at nothing that an index would refuse anyhow: the answers' primary key knows every
        request that was answered before, the unique indexes know what is open. The second one finds out which it was.
        """
        watch, made = Watch(self._watching, request.verb), []

        def attempt(session: Session, number: int) -> Exchange | Refusal:
            nonlocal made
            watch.attempts, made = number + 1, session.made
            if number == 0:
                return first(session)
            if request.code is not None:  # before its answer is taken back: the exchange first, and its count then
                session.row(request.code, lock=True)
            known = self._first_answer(session, request)
            return second(session) if known is None else known

        try:
            answer = self._sessions.settled(attempt)
        except MiExchangeError as error:
            watch.failed(error)
            raise
        watch.answered(answer, made)
        return answer

    def _first_answer(self, session: Session, request: Request) -> Exchange | Refusal | None:
        """Return what the request was answered before, if it was; a refusal that may have passed is taken back."""
        scope = {"asker": request.asker or "", "verb": request.verb, "request": request.key}
        row = session.core.execute(sql.ANSWER, scope).first()
        if row is None:
            return None
        if (reply := self._reply(session, request, row)) is None:
            self._withdraw(session, row)
        return reply

    def _reply(self, session: Session, request: Request, row: Any) -> Exchange | Refusal | None:  # noqa: ANN401 - a row of the table ``answers``
        """Return the answer in a row to the request that comes again; None for a refusal that may have passed."""
        if not is_of(request, row.fingerprint, self._keys):
            return CHANGED
        if not row.is_final:
            return None
        try:
            if row.refusal is not None:
                refusal = Refusal.from_json(row.refusal)
                return refusal.public() if row.is_public else refusal
            rows = session.core.execute(sql.HISTORY_TO, {"code": row.code, "version": row.version})
            return fold([entry_of(one).event for one in rows])
        except InvalidValue as error:
            raise unreadable(error) from error

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
        request: Request,
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
            "fingerprint": request.fingerprint,
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

    def _answer(self, session: Session, request: Request, **answer: Any) -> None:  # noqa: ANN401 - as of `_answer_of`
        seals, tally = self._sealing(session, answer.get("code") or request.code or request.key)
        session.answer(self._answer_of(request, seals, tally, **answer), seals.counted(tally))

    def _withdraw(self, session: Session, answer: Any) -> None:  # noqa: ANN401 - a row of the table ``answers``
        """Take back an answer that is not final, so that its request can get another one."""
        seals, tally = self._sealing(session, answer.code or answer.request)
        scope = {name: getattr(answer, name) for name in ("asker", "verb", "request")}
        now = session.core.execute(sql.ANSWER, scope).first()
        if now is None or now.seal != answer.seal:  # somebody took it back while this waited for its count
            raise Conflict
        seals.add_answer(tally, answer.seal, -1)
        session.drop_answer(scope, seals.counted(tally))

    def _refuse(self, session: Session, request: Request, refusal: Refusal, *, is_final: bool | None = None) -> Refusal:
        """Store the full reasons, and return them; for a stranger, the one answer for strangers.

        Args:
            session: the session.
            request: the request.
            refusal: the reasons.
            is_final: whether this stays the answer of the request; by default, whether the reasons are final.
        """
        is_public = request.asker is not None and refusal in {UNKNOWN, OTHER_ACCOUNT}
        final = refusal.is_final if is_final is None else is_final
        refusal = bounded(refusal)
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

    def _add(
        self,
        session: Session,
        exchange: Exchange,
        event: Accept,
        body: str,
        request: Request,
        programme: Programme,
        seat: int,
    ) -> None:
        """Write a new exchange, and its programme where that is not kept yet.

        Its unique indexes refuse it where the account has an open one in the seat, or the device has one.
        """
        kept = self._programmes.keep(programme, exchange.code, session.core)
        seals, tally = self._sealing(session, exchange.code)
        if kept is not None:
            seals.add_programme(tally, kept)
        entry = row_of_event(seals, exchange.code, 1, event, self._key_id, request.key, "", tally.epoch, body=body)
        seals.add_event(tally, entry["hash"])
        answer = self._answer_of(request, seals, tally, code=exchange.code, version=1)
        row = {**row_of(exchange, self._key_id, entry["hash"]), "seat": seat}
        session.made.append(event.kind)
        session.add(row, exchange.coupon.device_tokens, entry, answer, seals.counted(tally))
        # A purchase may have been committed while the index made this transaction wait, so it is looked for now. Below
        # the number that the terms allow each seat is taken once; in one beyond it other terms may have an exchange.
        coupon = exchange.coupon
        us, is_beyond = session.after_adding(row, coupon.device_tokens, coupon.usage.devices_per_order)
        if is_beyond or (us is not None and not exchange.rules.buys_again(from_micros(us), coupon.valid_from)):
            raise Conflict
        _limits.keep(session, event)
        _quotas.take(session, exchange.quote.programme, _quotas.places(exchange))
        self._remember(entry["hash"], exchange)

    def _facts(self, session: Session, event: Accept) -> Facts:
        """Return what speaks against a new exchange, as the ledger knows it."""
        connection, coupon = session.core, event.coupon
        tokens = {"tokens": coupon.device_tokens}
        # Asked before what is open, so that a hand-over between the two statements is seen once, and not twice.
        bought = self._bought(session, coupon)
        seats = connection.scalars(sql.OPEN_OF_ACCOUNT, {"account": coupon.account}).all()
        return Facts(
            exchange_open=len(seats) >= coupon.usage.devices_per_order,
            device_open=connection.execute(sql.OPEN_OF_DEVICE, tokens).first() is not None,
            device_bought=bought,
            bonuses_given=_quotas.given(connection, coupon.programme),
            begun=_limits.begun(connection, event),
            seat=free_seat(seats),
        )

    @staticmethod
    def _bought(session: Session, coupon: Coupon, tokens: Sequence[str] | None = None) -> datetime | None:
        """Return when a device was bought last by another exchange than the coupon's; None if it was not."""
        us = session.bought(coupon.device_tokens if tokens is None else tokens, coupon.code)
        return None if us is None else from_micros(us)

    def _besides(self, session: Session, exchange: Exchange, after: Exchange, event: Event) -> Refusal | None:
        """Note what an event changes beside its own exchange, or return what speaks against that."""
        if isinstance(event, Inspect):
            return self._claim(session, exchange, after)
        if isinstance(event, Override) and after.version != exchange.version:
            return _limits.grant(session, after)
        return None

    def _claim(self, session: Session, exchange: Exchange, after: Exchange) -> Refusal | None:
        """Note the tokens that the door saw, and call off what else is open for the same device."""
        new = sorted(set(after.coupon.device_tokens) - set(exchange.coupon.device_tokens))
        if not new:
            return None
        bought = self._bought(session, after.coupon, new)
        if bought is not None and not after.rules.buys_again(bought, after.coupon.valid_from):
            return refused(ReasonCode.DEVICE_EXCHANGED, "door", bought_at=bought)
        if after.is_open:
            others = self._others(session, new)
            # Its phone was bought before its coupon came, and the coupon is owed for it.
            credited = [other.bought_at for _, other in others if other.bought_at is not None]
            if credited:
                return refused(ReasonCode.DEVICE_EXCHANGED, "door", bought_at=max(credited))
            for row, other in others:
                event = Void(max(after.at, other.at), "The device was seen at the door of another exchange")
                ended = apply(other, event)
                assert isinstance(ended, Exchange)  # noqa: S101 - the table lets every open exchange be called off
                self._write(session, row, ended, event, None)
        for token in new:
            told = {"code": after.code, "token": token, "is_open": after.is_open, "bought_us": None}
            session.core.execute(sql.ADD_TOKEN, told)
        return None

    def _others(self, session: Session, tokens: Sequence[str]) -> list[tuple[ExchangeRow, Exchange]]:
        """Return the open exchanges of a device, locked."""
        found = []
        for code in sorted(set(session.core.execute(sql.OPEN_OF_DEVICE, {"tokens": tokens}).scalars())):
            row = session.row(code, lock=True)
            if row is None or row.state not in sql.OPEN_STATES:
                raise Conflict
            found.append((row, self._load(session.core, row, is_locked=True)))
        return found

    def _write(
        self, session: Session, row: ExchangeRow, after: Exchange, event: Event, request: Request | None
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
        session.made.append(event.kind)
        if session.write(entry, moved, answer, seals.counted(tally), closes=not after.is_open) != 1:
            raise Conflict
        _quotas.move(session, State(row.state), after)
        self._remember(entry["hash"], after)

    @staticmethod
    def _is_taken(connection: Connection, code: str, order: str) -> bool:
        found = connection.execute(sql.OF_ORDER, {"order_id": order}).first()
        return found is not None and found.code != code
