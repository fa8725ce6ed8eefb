"""Accepting quotes: one in a transaction, or many.

Many are what one after the other would be. The list is cut into runs of items that share no account, no device, no
coupon and no request: their facts are read at once, and their rows are written at once. A later run sees what the
earlier ones wrote. What items of one run can take from one another, the places of bonuses and what limits count, is
counted on from one item to the next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, cast

from miexchange._arguments import INSTANT, Rule, instance, maybe, takes
from miexchange._text import ID_RULE, is_id, text_of
from miexchange._time import from_micros
from miexchange._value import instant, packed
from miexchange.eligibility import RegisterAnswer
from miexchange.errors import MiExchangeError
from miexchange.events import Accept
from miexchange.exchange import Exchange, acceptance, begun_by
from miexchange.ledger import _limits, _quotas
from miexchange.ledger import _sql as sql
from miexchange.ledger._books import Books, Facts, free_seat
from miexchange.ledger._engine import Conflict
from miexchange.ledger._observing import Watch
from miexchange.ledger._records import KEY
from miexchange.ledger._requests import Content, Request, bounded
from miexchange.ledger._rows import row_of, row_of_event
from miexchange.ledger._schema import answers, device_tokens, events, exchanges, feed_queue
from miexchange.ledger._seals import bucket_of
from miexchange.ledger._session import ExchangeRow
from miexchange.programme import Programme
from miexchange.programme.limits import NO_TAGS, tags_told
from miexchange.quote import Quote
from miexchange.refusal import ReasonCode, Refusal, refused
from miexchange.valuation import maker_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Table

    from miexchange.ledger._session import Session
    from miexchange.valuation import Programmes

__all__ = ["ACCOUNT", "ITEM", "MAKER", "MOST", "AcceptArguments", "Acceptance", "Accepting"]

VERB = "accept"

MOST = 1_000
"""Items of one list."""


class AcceptArguments(TypedDict):
    """The arguments of `Ledger.accept` by name: an item of `Ledger.accept_many`."""

    quote: Quote
    programme: NotRequired[Programmes | None]
    account: str
    at: datetime
    idempotency_key: str
    register_answer: NotRequired[RegisterAnswer | None]
    tags: NotRequired[Mapping[str, str]]


MAKER = Rule(
    lambda value: value is None or issubclass(type(value), (Programme, Mapping)),
    "give a Programme, as Programme.load returns; a mapping of digests to programmes; or None for one that is kept",
)
ACCOUNT = Rule(lambda value: is_id(text_of(value)), f"give {ID_RULE}", text_of)

_NEEDED = {"quote", "account", "at", "idempotency_key"}
_ALLOWED = _NEEDED | {"programme", "register_answer", "tags"}
ITEM = Rule(
    lambda value: issubclass(type(value), dict) and _NEEDED <= set(value) <= _ALLOWED,
    "give the arguments of Ledger.accept as a dict: quote, account, at, idempotency_key, and what else it takes",
    dict,
)
_ACCEPTED = refused(ReasonCode.QUOTE_ACCEPTED)
Answer = Exchange | Refusal | MiExchangeError


class Acceptance:
    """A request to accept a quote, decided as far as that needs no database.

    Attributes:
        request: the request.
        maker: the programme that confirmed the quote, where one did.
        decide: returns the event, or the refusal, by what the ledger knows.
        event: the same where the ledger knows nothing against it.
        body: the JSON of the event; "" for a refusal.
    """

    __slots__ = ("body", "decide", "event", "maker", "request")

    def __init__(self, request: Request, maker: Programmes, decide: Callable[[Facts], Accept | Refusal]) -> None:
        """Decide without the database."""
        self.request = request
        self.maker = cast("Programme", maker)
        self.decide = decide
        self.event = decide(Facts())
        self.body = "" if isinstance(self.event, Refusal) else packed(self.event)


def _names(wanted: Acceptance) -> Iterator[str]:
    """Yield what the answer and the event are counted under."""
    yield wanted.request.key
    if isinstance(wanted.event, Accept):
        yield wanted.event.coupon.code


def _shared(wanted: Acceptance) -> Iterator[tuple[str, str]]:
    """Yield all by which an item can change the answer of another, but for what is counted."""
    yield "request", f"{wanted.request.asker} {wanted.request.key}"  # neither has a space
    if isinstance(event := wanted.event, Accept):
        yield "account", event.coupon.account
        yield "code", event.coupon.code
        for token in event.coupon.device_tokens:
            yield "device", token


def _runs(wanted: Sequence[Acceptance]) -> Iterator[list[Acceptance]]:
    """Cut a list into runs of items that share nothing."""
    run: list[Acceptance] = []
    taken: set[tuple[str, str]] = set()
    for one in wanted:
        shared = set(_shared(one))
        if taken & shared:
            yield run
            run, taken = [], set()
        run.append(one)
        taken |= shared
    yield run


def _bought_of(session: Session, tokens: Sequence[str]) -> dict[str, int]:
    """Return when each of some devices was bought last, by token."""
    return {row.token: row.bought_us for row in session.core.execute(sql.BOUGHT_TOKENS, {"tokens": tokens})}


def _seats_of(session: Session, accounts: Sequence[str]) -> dict[str, set[int]]:
    """Return the seats in which each of some accounts has an open exchange."""
    seats: dict[str, set[int]] = {account: set() for account in accounts}
    for row in session.core.execute(sql.OPEN_ACCOUNTS, {"accounts": accounts}):
        seats[row.account].add(row.seat)
    return seats


def _last(bought: Mapping[str, int], tokens: Sequence[str]) -> datetime | None:
    found = [bought[token] for token in tokens if token in bought]
    return from_micros(max(found)) if found else None


def _may_matter(facts: Facts, event: Accept) -> bool:
    """Tell whether what a ledger knows may speak against an acceptance; `acceptance` says whether it does."""
    given = facts.bonuses_given
    return (
        facts.exchange_open
        or facts.device_open
        or facts.device_bought is not None
        or _limits.is_reached(event, facts.begun)
        or any(bonus.quota is not None and given.get(bonus.id, 0) >= bonus.quota for bonus in event.quote.bonuses)
    )


class _Known:
    """What the ledger knows of the items of a run, each table asked once."""

    def __init__(self, session: Session, run: Sequence[Acceptance]) -> None:
        """Ask."""
        core = session.core
        scopes = [(one.request.asker or "", one.request.verb, one.request.key) for one in run]
        self.answers = {(row.asker, row.request): row for row in session.answers(scopes)}
        made = [one.event for one in run if isinstance(one.event, Accept)]
        tokens = [token for event in made for token in event.coupon.device_tokens]
        accounts = [event.coupon.account for event in made]
        # In the order of `Books._facts`, and the rows last: whoever wrote them made these facts.
        self.bought = _bought_of(session, tokens)
        self.seats = _seats_of(session, accounts)
        self.devices = set(core.scalars(sql.OPEN_TOKENS, {"tokens": tokens}))
        programmes = {event.coupon.programme for event in made}
        self.given = {name: Counter(_quotas.given(core, name)) for name in programmes}
        self.begun = _limits.Begun(core, made)
        codes = {"codes": [event.coupon.code for event in made]}
        self.rows = {row.code: ExchangeRow._make(row) for row in core.execute(sql.ROWS, codes)}

    def facts(self, event: Accept) -> Facts:
        """Return what speaks against an item."""
        coupon = event.coupon
        seats = self.seats[coupon.account]
        return Facts(
            exchange_open=len(seats) >= coupon.usage.devices_per_order,
            device_open=not self.devices.isdisjoint(coupon.device_tokens),
            device_bought=_last(self.bought, coupon.device_tokens),
            bonuses_given=dict(self.given[coupon.programme]),
            begun=self.begun.of(event),
            seat=free_seat(seats),
        )


class _Run:
    """Items that share nothing, in the transaction of a session, and the rows that their answers take.

    Attributes:
        session: the session.
        items: the items.
        known: what the ledger knows of them.
        answers: the answer of each, so far.
        begun: the places of those that began an exchange.
        made: the exchanges that they began, with their events.
        places: the places of bonuses that these take, by programme.
        dropped: the primary keys of answers that get another one.
        rows: the new rows of each table.
    """

    __slots__ = ("answers", "begun", "dropped", "items", "known", "made", "places", "rows", "session")

    def __init__(self, session: Session, items: Sequence[Acceptance]) -> None:
        """Ask what the ledger knows."""
        self.session = session
        self.items = items
        self.known = _Known(session, items)
        self.answers: list[Answer] = []
        self.begun: list[int] = []
        self.made: list[tuple[Exchange, Accept]] = []
        self.places: dict[str, dict[str, _quotas.Places]] = {}
        self.dropped: list[dict[str, object]] = []
        self.rows: dict[Table, list[dict[str, object]]] = {
            table: [] for table in (exchanges, device_tokens, events, answers)
        }

    def take(self, exchange: Exchange, event: Accept) -> None:
        """Count what an exchange takes from the items after it."""
        programme, wanted = exchange.quote.programme, _quotas.places(exchange)
        taken = self.places.setdefault(programme, {})
        for bonus, quota in wanted.items():
            taken[bonus] = taken.get(bonus, _quotas.Places(0, quota)).and_one(quota)
        self.known.given[programme].update(dict.fromkeys(wanted, 1))
        self.known.begun.add(event)
        self.made.append((exchange, event))


class Accepting(Books):
    """The part of a ledger that accepts quotes."""

    def _maker(self, quote: Quote, given: Programmes | None, connection: Connection | None = None) -> Programmes:
        """Return the programme that is given, or the one that made a quote among those that are given or kept.

        Where none did, it is an empty mapping, in which nobody finds one.
        """
        found = maker_of(quote, {} if given is None else given)
        if isinstance(found, Refusal):
            return self._programmes.find(quote.digest, connection) or {}
        return found

    @takes(
        quote=instance(Quote),
        programme=MAKER,
        account=ACCOUNT,
        at=INSTANT,
        idempotency_key=KEY,
        register_answer=maybe(instance(RegisterAnswer)),
    )
    def _acceptance(
        self,
        quote: Quote,
        programme: Programmes | None = None,
        *,
        account: str,
        at: datetime,
        idempotency_key: str,
        register_answer: RegisterAnswer | None = None,
        tags: Mapping[str, str] = NO_TAGS,
    ) -> Acceptance:
        """Decide what needs no database."""
        keys, maker, told = self._secret_keys(), self._maker(quote, programme), tags_told(tags)
        # The register's answer is as the instant: a retry may have asked again.
        named = tuple(part for tag in told for part in tag)
        content: Content = (quote, account, *named)
        older: Content = () if register_answer is None else (quote, account, register_answer, *named)
        request = self._asked(VERB, idempotency_key, content, instant(at, "at"), asker=account, older=older)

        def decide(facts: Facts) -> Accept | Refusal:
            if len(self._keys) > 1 and quote.device_tokens and not quote.imeis:  # a device may be known by any of them
                return refused(ReasonCode.QUOTE_UNSEALED, "tokens")
            return acceptance(
                quote,
                maker,
                account=account,
                at=at,
                key=keys[0],
                old_keys=keys[1:],
                register_answer=register_answer,
                tags=dict(told),
                **facts.against(),
            )

        return Acceptance(request, maker, decide)

    def _accept_one(self, wanted: Acceptance) -> Exchange | Refusal:
        request, event = wanted.request, wanted.event
        begun: Exchange | None = None

        def added(session: Session, event: Accept, seat: int) -> Exchange:
            nonlocal begun
            begun = begun_by(event)
            self._add(session, begun, event, wanted.body, request, wanted.maker, seat)
            return begun

        def first(session: Session) -> Exchange | Refusal:
            if isinstance(event, Accept) and _limits.is_open(session.core, event):
                return added(session, event, 0)
            return second(session)  # no index would refuse it

        def second(session: Session) -> Exchange | Refusal:
            if isinstance(event, Refusal):
                return self._refuse(session, request, event)
            code = event.coupon.code
            facts = self._facts(session, event)  # before the row: whoever wrote it made these facts
            if (row := session.row(code)) is not None:
                if row.version == 1:
                    self._answer(session, request, code=code, version=1)
                    return self._load(session.core, row)
                return self._refuse(session, request, _ACCEPTED)
            refusal = wanted.decide(facts)
            if isinstance(refusal, Refusal):
                return self._refuse(session, request, refusal)
            return added(session, event, facts.seat)

        answer = self._settled(request, first, second)
        if answer is begun:  # this very one was committed, with its programme
            self._programmes.note(wanted.maker)
        return answer

    def _accept_all(self, wanted: Sequence[Acceptance | MiExchangeError]) -> tuple[Answer, ...]:
        """Accept many in one transaction; what was an error before stays one, in its place."""
        sound = [one for one in wanted if isinstance(one, Acceptance)]
        watches = [Watch(self._watching, VERB) for _ in sound]
        buckets = {bucket_of(name) for one in sound for name in _names(one)}
        begun: set[int] = set()

        def attempt(session: Session, number: int) -> list[Answer]:
            begun.clear()
            for watch in watches:
                watch.attempts = number + 1
            # All at once, in the order in which everybody takes them, and before anything is added for which another
            # transaction may wait.
            session.hold(buckets)
            found: list[Answer] = []
            kept: set[str] = set()
            for items in _runs(sound):
                run = _Run(session, items)
                self._answer_run(run, kept)
                self._write_run(run)
                begun.update(len(found) + place for place in run.begun)
                found += run.answers
            return found

        try:
            found = self._sessions.settled(attempt) if sound else []
        except MiExchangeError as error:
            for watch in watches:
                watch.failed(error)
            raise
        for number, (watch, answer, one) in enumerate(zip(watches, found, sound, strict=True)):
            if isinstance(answer, MiExchangeError):
                watch.failed(answer)
                continue
            watch.answered(answer, [VERB] if number in begun else [])
            if number in begun:
                self._programmes.note(one.maker)
        told = iter(found)
        return tuple(one if isinstance(one, MiExchangeError) else next(told) for one in wanted)

    def _answer_run(self, run: _Run, kept: set[str]) -> None:
        for place, one in enumerate(run.items):
            try:
                run.answers.append(self._answer_item(run, place, one, kept))
            except MiExchangeError as error:  # raised before anything of it is counted or written
                run.answers.append(error)

    def _answer_item(self, run: _Run, place: int, one: Acceptance, kept: set[str]) -> Exchange | Refusal:
        request, event = one.request, one.event
        old = run.known.answers.get((request.asker or "", request.key))
        if old is not None and (reply := self._reply(run.session, request, old)) is not None:
            return reply
        if isinstance(event, Refusal):
            return self._refuse_item(run, request, event, old)
        code = event.coupon.code
        if (row := run.known.rows.get(code)) is not None:
            if row.version != 1:
                return self._refuse_item(run, request, _ACCEPTED, old)
            exchange = self._load(run.session.core, row)
            self._replace(run, request, old, code=code, version=1)
            return exchange
        facts = run.known.facts(event)
        # To decide is most of the work. Where nothing that the ledger knows can matter, `event` is the decision.
        refusal = one.decide(facts) if _may_matter(facts, event) else event
        if isinstance(refusal, Refusal):
            return self._refuse_item(run, request, refusal, old)
        exchange = self._add_item(run, one, event, old, kept, facts.seat)
        run.begun.append(place)
        return exchange

    def _refuse_item(self, run: _Run, request: Request, refusal: Refusal, old: Any) -> Refusal:  # noqa: ANN401 - a row of ``answers``, or None
        refusal = bounded(refusal)
        self._replace(run, request, old, refusal=refusal, is_final=refusal.is_final)
        return refusal

    def _replace(self, run: _Run, request: Request, old: Any, **answer: Any) -> None:  # noqa: ANN401 - as above, and as of `_answer_of`
        """Note an answer, in place of one that was not final."""
        seals, tally = self._sealing(run.session, answer.get("code") or request.key)
        if old is not None:
            _, counted = self._sealing(run.session, old.code or old.request)
            seals.add_answer(counted, old.seal, -1)
            run.dropped.append({name: getattr(old, name) for name in ("asker", "verb", "request")})
        run.rows[answers].append(self._answer_of(request, seals, tally, **answer))

    def _add_item(
        self,
        run: _Run,
        one: Acceptance,
        event: Accept,
        old: Any,  # noqa: ANN401 - as above
        kept: set[str],
        seat: int,
    ) -> Exchange:
        """Add an exchange; as `_add`, which adds one at once."""
        exchange = begun_by(event)
        if old is not None:
            self._sealing(run.session, old.code or old.request)  # what may fail comes first
        seals, tally = self._sealing(run.session, exchange.code)
        entry = row_of_event(
            seals, exchange.code, 1, event, self._key_id, one.request.key, "", tally.epoch, body=one.body
        )
        if one.maker.digest not in kept:
            programme = self._programmes.keep(one.maker, exchange.code, run.session.core)
            if programme is not None:
                seals.add_programme(tally, programme)
            kept.add(one.maker.digest)
        seals.add_event(tally, entry["hash"])
        self._replace(run, one.request, old, code=exchange.code, version=1)
        run.rows[exchanges].append({**row_of(exchange, self._key_id, entry["hash"]), "seat": seat})
        run.rows[events].append(entry)
        run.rows[device_tokens] += [
            {"code": exchange.code, "token": token, "is_open": True, "bought_us": None}
            for token in exchange.coupon.device_tokens
        ]
        run.take(exchange, event)
        self._remember(entry["hash"], exchange)
        return exchange

    def _write_run(self, run: _Run) -> None:
        session = run.session
        if not run.rows[answers]:
            return  # all were answered before, or none could be
        if run.dropped:
            session.core.execute(sql.DROP_ANSWER, run.dropped)
        for table, rows in run.rows.items():
            session.add_rows(table, rows)
        seals = self._seals
        assert seals is not None  # noqa: S101 - every verb asks for the secrets first
        session.count([seals.counted(tally) for _, tally in sorted(session.held.items()) if tally.is_checked])
        if not run.made:
            return
        # A purchase may have been committed while an index made this transaction wait, so it is looked for now.
        bought = _bought_of(session, [str(row["token"]) for row in run.rows[device_tokens]])
        seats = _seats_of(session, [exchange.account for exchange, _ in run.made])
        for exchange, _ in run.made:
            at, coupon = _last(bought, exchange.coupon.device_tokens), exchange.coupon
            if at is not None and not exchange.rules.buys_again(at, coupon.valid_from):
                raise Conflict
            if max(seats[coupon.account]) >= coupon.usage.devices_per_order:  # as in `_add`
                raise Conflict
        _limits.keep_all(session, [event for _, event in run.made])
        for programme, wanted in sorted(run.places.items()):
            _quotas.take_all(session, programme, wanted)
        session.add_rows(feed_queue, [{"code": exchange.code, "version": 1} for exchange, _ in run.made])
