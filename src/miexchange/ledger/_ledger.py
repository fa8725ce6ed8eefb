"""The ledger: each verb is one transaction."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import UTC, date, datetime, tzinfo
from time import sleep
from typing import TYPE_CHECKING, NoReturn, Self

from miexchange._arguments import FLAG, INSTANT, TEXT, Rule, instance, several, takes, whole
from miexchange._time import from_micros, micros
from miexchange._value import instant, require
from miexchange.catalogue import Device
from miexchange.coupon import Order, device_token
from miexchange.errors import InvalidValue, MiExchangeError, out_of_range
from miexchange.events import Agree, Complete, Decline, Expire, Inspect, Release, Reserve, Reverse, Void
from miexchange.exchange import Exchange, State, apply
from miexchange.imei import Imei
from miexchange.inspection import Inspection, examine
from miexchange.ledger import _feed, _queries, _quotas
from miexchange.ledger import _sql as sql
from miexchange.ledger._accepting import ACCOUNT, ITEM, MAKER, MOST, Acceptance, Accepting
from miexchange.ledger._checkpoint import Checkpoint
from miexchange.ledger._checkpoints import inclusion_of, next_epoch
from miexchange.ledger._engine import READ, SWEEP, Conflict, frozen, release, translated
from miexchange.ledger._errors import LedgerError, UnreadableError
from miexchange.ledger._forgetting import forget
from miexchange.ledger._observing import LOG, Watch, quicker
from miexchange.ledger._records import KEY, ORDER, Records
from miexchange.ledger._reports import ENDINGS, DeviceStanding, Exposure, Forgotten, Listed, Sweep, ending
from miexchange.ledger._requests import plain_code
from miexchange.ledger._rows import entry_of
from miexchange.ledger._seals import bucket_of
from miexchange.ledger._session import TRIES, ExchangeRow, Session
from miexchange.ledger._verify import checkpoint_of
from miexchange.money import Currency
from miexchange.programme import Programme
from miexchange.programme.limits import NO_TAGS
from miexchange.quote import Quote
from miexchange.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import TracebackType

    from miexchange.eligibility import RegisterAnswer
    from miexchange.events import Event
    from miexchange.ledger._accepting import AcceptArguments
    from miexchange.ledger._checkpoint import Inclusion
    from miexchange.ledger._feed import FeedEvent
    from miexchange.ledger._rows import Entry
    from miexchange.valuation import Programmes

__all__ = ["Ledger"]

_PAUSE = 0.02
"""Seconds for which a sweep leaves an SQLite file to other writers after each batch.

SQLite has no queue: a waiting process retries after up to 0.1 s, and the lock goes to whoever asks at the right moment.
So the file must be free for most of the time. `benchmarks/ledgering.py` prints how long others wait during a sweep.
"""


_PROGRAMME = instance(Programme, "give a Programme, as Programme.load returns")
_DEVICE = Rule(lambda value: issubclass(type(value), (Device, Quote)), "give a Device, or its Quote")


def _days_in(zone: tzinfo) -> Callable[[int], date]:
    """Return a function that gives the day of an instant in a zone; the instant is in microseconds.

    Raises:
        InvalidValue: the zone has no offset from UTC.
    """

    def day_of(us: int) -> date:
        try:
            return from_micros(us).astimezone(zone).date()
        except Exception:  # noqa: BLE001 - a zone of anybody's making
            raise out_of_range("zone", zone, _queries.ZONE.says, "does not say how far it is from UTC") from None

    day_of(0)
    return day_of


class Ledger(Accepting, Records):
    """A ledger of exchanges in a database; `miexchange.ledger.open` opens one.

    Threads may share it, and so may forked processes: each opens its own connections. A spawned process opens the
    ledger itself.

    Each verb takes an idempotency key, which the caller chooses and stores before the call. The same key with the same
    content returns the first answer again, whatever happened since; with other content it is refused. The instant is
    not part of the content.
    """

    def __enter__(self) -> Self:
        """Return the ledger, to be closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the ledger."""
        self.close()

    def close(self) -> None:
        """Release the connections; a caller's engine keeps its own."""
        self._sessions.close()
        release(self._engine)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied: connections and locks stay in their process."""
        raise LedgerError("A ledger cannot be sent to another process", "Send its URL, and open it there")

    # ----- the verbs

    @property
    def programmes(self) -> Mapping[str, Programme]:
        """The programmes by which quotes were accepted, by digest.

        `miexchange.replay` and `miexchange.worst_case` accept this mapping. A damaged entry raises `UnreadableError`.
        """
        return self._programmes

    @property
    def quote_key(self) -> bytes:
        """The key for `miexchange.appraise`, whose quotes can then be accepted here by their tokens, without IMEIs.

        It is the first key that the ledger was opened with, from which device tokens are derived; replacing the key
        does not change it. Keep it as secret as the key.
        """
        return self._secret_keys()[-1]

    def accept(
        self,
        quote: Quote,
        programme: Programmes | None = None,
        *,
        account: str,
        at: datetime,
        idempotency_key: str,
        register_answer: RegisterAnswer | None = None,
        tags: Mapping[str, str] = NO_TAGS,
    ) -> Exchange | Refusal:
        """Accept a quote: see `miexchange.exchange.accept`. Its programme is stored in the ledger.

        An account has one open exchange at most, and so has a device, by either of its IMEIs. A device that was bought
        is bought again only as the terms say, no bonus is given more often than its quota, and no limit of the terms is
        exceeded, even by concurrent calls.

        Args:
            quote: the quote, with its IMEIs; or with their tokens, if it was made with `quote_key`.
            programme: the programme that made it, or a later version of it that makes the same quote. Or programmes by
                digest, or None: the one that made it is then looked up among the given and the stored ones; if it is
                in neither, the quote is refused (`programme_unknown`).
            account: the account that gets the coupon.
            at: the instant.
            idempotency_key: the caller's name for this request.
            register_answer: a register's answer since the quote, if the terms require a newer one.
            tags: values by name that limits of the terms count by and only the caller knows: a token of an address, a
                store. They are stored in clear, so pass no address and no person's name.
        """
        return self._accept_one(
            self._acceptance(
                quote,
                programme,
                account=account,
                at=at,
                idempotency_key=idempotency_key,
                register_answer=register_answer,
                tags=tags,
            )
        )

    @takes(items=several(ITEM, f"give up to {MOST:,} dicts, each with the arguments of Ledger.accept by name"))
    def accept_many(self, items: Iterable[AcceptArguments]) -> tuple[Exchange | Refusal | MiExchangeError, ...]:
        """Accept many quotes in one transaction; the answers are those of `accept` for one item after the other.

        Items do not affect one another: if `accept` would raise an error for an item, such as for an argument of a
        wrong type, that error is its answer. A list that is repeated, in whole or in part, gets its first answers.
        An error of the database is raised, and then nothing was accepted.

        Args:
            items: the arguments of `accept` by name, for each item; up to 1,000 items.

        Raises:
            InvalidValue: there are too many, or one is not a dict of such names; nothing was accepted.
            LedgerError: the database cannot be used.
        """
        wanted = list(items)
        require(len(wanted) <= MOST, "items", len(wanted), f"give at most {MOST:,}; make several calls of more")
        self._secret_keys()
        found: list[Acceptance | MiExchangeError] = []
        for item in wanted:
            try:
                found.append(self._acceptance(**item))
            except InvalidValue as error:
                found.append(error)
        return self._accept_all(found)

    @takes(order=instance(Order, "give an Order"), account=ACCOUNT, at=INSTANT, idempotency_key=KEY)
    def reserve(
        self, code: str, order: Order, *, account: str, at: datetime, idempotency_key: str
    ) -> Exchange | Refusal:
        """Reserve the coupon for an order that was placed and paid for; idempotent by the order.

        Anybody but the owner gets the same refusal for a coupon that is unknown, somebody else's, expired or spent. A
        code with a wrong check character is refused without asking the database.

        Args:
            code: the code as the customer typed it.
            order: the order.
            account: the account that is signed in.
            at: the instant.
            idempotency_key: the caller's name for this request.
        """
        event = Reserve(at, order, account)
        return self._later(code, event, idempotency_key, (order, account), asker=account)

    @takes(order=ORDER, at=INSTANT, idempotency_key=KEY)
    def release(self, code: str, *, order: str, at: datetime, idempotency_key: str) -> Exchange | Refusal:
        """Release the coupon, because the order was cancelled.

        Args:
            code: the code.
            order: the id of the order that holds it.
            at: the instant.
            idempotency_key: the caller's name for this request.
        """
        return self._later(code, Release(at, order), idempotency_key, (order,))

    @takes(
        inspection=instance(Inspection, "give an Inspection"),
        programme=MAKER,
        order=ORDER,
        at=INSTANT,
        idempotency_key=KEY,
    )
    def inspect(
        self,
        code: str,
        inspection: Inspection,
        programme: Programmes | None = None,
        *,
        order: str,
        at: datetime,
        idempotency_key: str,
    ) -> Exchange | Refusal:
        """Compare the inspected phone with the quote; see `miexchange.inspection.examine`.

        From then on the device is known by every IMEI that it showed. If one of them is in another open exchange, that
        exchange is cancelled; if one of them was bought, this inspection is refused.

        Args:
            code: the code.
            inspection: the findings. Its IMEIs are compared by their tokens and not stored.
            programme: the programme that made the quote, or a later version that makes the same quote; or programmes by
                digest, or None, as in `accept`.
            order: the id of the order that is delivered.
            at: the instant.
            idempotency_key: the caller's name for this request.
        """
        keys = self._secret_keys()

        def examined(session: Session, exchange: Exchange) -> Event | Refusal:
            found = examine(
                exchange.quote,
                inspection,
                self._maker(exchange.quote, programme, session.core),
                device_tokens=exchange.coupon.device_tokens,
                key=keys[0],
                old_keys=keys[1:],
                bonuses_given=_quotas.given_to_others(session.core, exchange),
            )
            return found if isinstance(found, Refusal) else Inspect(at, order, found)

        content = (inspection.replace(register_answer=None), order)
        older = () if inspection.register_answer is None else (inspection, order)
        return self._transition(code, "inspect", examined, at, idempotency_key, content, older=older)

    @takes(account=ACCOUNT, at=INSTANT, idempotency_key=KEY)
    def agree(self, code: str, *, account: str, at: datetime, idempotency_key: str) -> Exchange | Refusal:
        """Record that the customer accepts the re-quote, once the difference is paid.

        Args:
            code: the code.
            account: the account that is signed in.
            at: the instant.
            idempotency_key: the caller's name for this request.
        """
        return self._later(code, Agree(at, account), idempotency_key, (account,), asker=account)

    @takes(account=ACCOUNT, at=INSTANT, idempotency_key=KEY)
    def decline(self, code: str, *, account: str, at: datetime, idempotency_key: str) -> Exchange | Refusal:
        """Record that the customer declines the re-quote.

        Args:
            code: the code.
            account: the account that is signed in.
            at: the instant.
            idempotency_key: the caller's name for this request.
        """
        return self._later(code, Decline(at, account), idempotency_key, (account,), asker=account)

    @takes(order=ORDER, at=INSTANT, idempotency_key=KEY)
    def complete(self, code: str, *, order: str, at: datetime, idempotency_key: str) -> Exchange | Refusal:
        """Record that the old phone was handed over as quoted.

        Args:
            code: the code.
            order: the id of the order that was delivered.
            at: the instant.
            idempotency_key: the caller's name for this request.
        """
        return self._later(code, Complete(at, order), idempotency_key, (order,))

    @takes(at=INSTANT, idempotency_key=KEY)
    def expire(self, code: str, *, at: datetime, idempotency_key: str) -> Exchange | Refusal:
        """End an exchange that has passed its deadline; `sweep` does so for all of them.

        Args:
            code: the code.
            at: the instant.
            idempotency_key: the caller's name for this request.
        """
        return self._later(code, Expire(at), idempotency_key, ())

    @takes(reason=TEXT, at=INSTANT, idempotency_key=KEY)
    def void(self, code: str, *, reason: str, at: datetime, idempotency_key: str) -> Exchange | Refusal:
        """Cancel an exchange.

        Args:
            code: the code.
            reason: why, for the record.
            at: the instant.
            idempotency_key: the caller's name for this request.
        """
        return self._later(code, Void(at, reason), idempotency_key, (reason,))

    @takes(order=ORDER, at=INSTANT, idempotency_key=KEY)
    def reverse(self, code: str, *, order: str, at: datetime, idempotency_key: str) -> Exchange | Refusal:
        """Undo an exchange, because the new phone was returned.

        Args:
            code: the code.
            order: the id of the order that was returned.
            at: the instant.
            idempotency_key: the caller's name for this request.
        """
        return self._later(code, Reverse(at, order), idempotency_key, (order,))

    @takes(at=INSTANT, dry_run=FLAG)
    def sweep(self, at: datetime, *, dry_run: bool = False) -> Sweep:
        """End every exchange past its deadline to use the coupon, to send or unlock the phone, or to answer a re-quote.

        Run it often: nothing else ends them. It can run anywhere, several times at once. An exchange that is being
        changed is left to the next sweep, and a damaged one is skipped and reported.

        Args:
            at: the instant. No clock is read; it must not lie in the future.
            dry_run: whether only to count; nothing is written and nothing locked.
        """
        if not dry_run:
            self._secret_keys()
        at = instant(at, "at")
        event = Expire(at)
        ended: Counter[str] = Counter()
        skipped: list[str] = []
        after = (-(2**62), "")
        while due := self._due(micros(at), after):
            names, broken = self._swept([code for _, code in due], event, dry_run=dry_run)
            ended.update(names)
            skipped += broken
            after = due[-1]
            if self._engine.dialect.name == "sqlite" and not dry_run:
                sleep(_PAUSE)
        found = Sweep(skipped=tuple(skipped), **{name: ended[name] for name in ENDINGS})
        level = logging.WARNING if skipped else logging.INFO
        what = "A sweep would end" if dry_run else "A sweep ended"
        LOG.log(level, "%s: %s; %d are damaged", what, found.counts, len(skipped))
        return found

    @takes(before=INSTANT)
    def forget_answers(self, before: datetime) -> Forgotten:
        """Remove the answers of requests that are older than an instant; without this they are kept for ever.

        A request that is repeated after its answer was removed counts as a new one. So choose an instant before which
        nobody retries: ``miexchange ledger forget-answers`` takes 30 days ago. An answer about an open exchange is
        kept, whatever its age. Exchanges, events and devices are not touched: no phone is bought twice.

        It works in small transactions, beside other writers; run it as often as you like, anywhere.

        Args:
            before: the instant. No clock is read.
        """
        self._secret_keys()
        assert self._seals is not None  # noqa: S101 - as above
        return forget(self._sessions, self._reader, self._seals, micros(instant(before, "before")))

    # ----- what is asked

    def get(self, code: str) -> Exchange | None:
        """Return the exchange of a coupon; None for a code that is unknown or mistyped.

        For the operator: a customer may see it only if `Exchange.account` is theirs.

        Args:
            code: the code, however it was typed.
        """
        plain = plain_code(code)
        if plain is None:
            return None
        with translated(READ), self._sessions.lent() as session:
            row = session.row(plain)
            return None if row is None else self._load(session.core, row)

    def history(self, code: str) -> tuple[Entry, ...]:
        """Return the history of a coupon, oldest event first; empty for a code that is unknown or mistyped.

        Args:
            code: the code, however it was typed.
        """
        plain = plain_code(code)
        with translated(READ), self._reader.connect() as connection:
            return tuple(map(entry_of, connection.execute(sql.HISTORY, {"code": plain})))

    @takes(**_queries.RULES)
    def find(
        self,
        *,
        account: str | None = None,
        state: State | str | None = None,
        day: date | None = None,
        imei: Imei | None = None,
        order: str | None = None,
        programme: str | None = None,
        zone: tzinfo = UTC,
        after: str | None = None,
        limit: int = 100,
    ) -> tuple[Listed, ...]:
        """Return a page of the matching exchanges, in the order in which they were accepted.

        Pass the code of the last one as `after` for the next page (keyset paging), so that concurrent changes move no
        exchange to another page. For the operator, as `get` is.

        Args:
            account: the account.
            state: the state.
            day: the day on which it was accepted.
            imei: an IMEI of its device, of any SIM; it is searched by its keyed token.
            order: the order that it is used for, or was when it was called off or reversed.
            programme: the id of the programme of its quote.
            zone: the zone of the day, such as ``ZoneInfo("Asia/Kolkata")``.
            after: the code of the last exchange of the previous page; by default, the first page.
            limit: the most exchanges of a page, up to 1,000.

        Raises:
            InvalidValue: an argument has a wrong type, or `after` is not a code of the ledger.
        """
        wanted = _queries.Filters(
            account=account,
            state=state,
            began=None if day is None else _queries.day_of(day, zone),
            tokens=None if imei is None else self._tokens_of([imei]),
            order=order,
            programme=programme,
        )
        with translated(READ), self._reader.connect() as connection:
            place = None if after is None else _queries.place_of(connection, after)
            rows = connection.execute(_queries.statement(wanted, place).limit(limit)).all()
        return tuple(map(_queries.listed, rows))

    @takes(after=_feed.POSITION, limit=whole(1, _feed.AT_ONCE))
    def events(self, after: str = "", *, limit: int = 100) -> tuple[FeedEvent, ...]:
        """Return the next events of the feed: every event of the ledger is in it once, in commit order.

        Store the position of the last event that you processed, and pass it as `after`; an empty answer means that
        there is nothing new. The events of an exchange keep their order, and a transition that began after the commit
        of another follows it; two that overlapped may come in either order. No event ever gets a position before one
        that was already returned.

        An event gets its position when it is first asked for, which needs the ledger's key; without the key, only
        events that have one are returned.

        Args:
            after: the position to continue after; by default, the beginning.
            limit: the most events to return, up to 1,000.

        Raises:
            InvalidValue: `after` is not a position.
            LedgerError: `after` now holds another event: the ledger was restored to an older state, or is another one.
        """
        if self._seals is not None:
            _feed.place(self._sessions, self._engine, self._seals)
        return tuple(_feed.page(self._engine, after, limit))

    @takes(zone=_queries.ZONE)
    def open_exposure(self, zone: tzinfo = UTC) -> tuple[Exposure, ...]:
        """Return the value of live coupons by currency and day of expiry; those that orders hold come first.

        Args:
            zone: the zone of the days, such as ``ZoneInfo("Asia/Kolkata")``; daylight-saving time is respected.

        Raises:
            InvalidValue: the zone is not a time zone.
        """
        day_of = _days_in(zone)
        found: dict[tuple[str, date | None], tuple[int, int]] = {}  # the number of coupons, and their value
        last = sql.US_OF_A_MINUTE - 1

        def count(currency: str, day: date | None, coupons: int, value: int) -> None:
            more, worth = found.get((currency, day), (0, 0))
            found[currency, day] = more + coupons, worth + value

        with translated(READ), frozen(self._engine).connect() as connection:
            for row in connection.execute(sql.EXPOSURE).all():
                if row.minute is None:
                    count(row.currency, None, row.coupons, int(row.value))
                    continue
                first_us = row.minute * sql.US_OF_A_MINUTE
                if day_of(first_us) == day_of(first_us + last):
                    count(row.currency, day_of(first_us), row.coupons, int(row.value))
                    continue
                # A day begins within this minute, as in zones of old whose offset has seconds.
                of_it = {"of_currency": row.currency, "first_us": first_us, "last_us": first_us + last}
                for one in connection.execute(sql.EXPOSURE_OF_A_MINUTE, of_it):
                    count(row.currency, day_of(one.due_us), 1, one.value_minor)
        order = sorted(found, key=lambda key: (key[0], key[1] or date.min))
        totals = ((day, *found[code, day], code) for code, day in order)
        return tuple(Exposure(day, coupons, value, Currency(code)) for day, coupons, value, code in totals)

    @takes(device=_DEVICE)
    def standing_of(self, device: Device | Quote) -> DeviceStanding:
        """Return the state of a device, by either of its IMEIs, under whatever key it was stored.

        Args:
            device: the device, with an IMEI; or its quote, with IMEIs or tokens.

        Raises:
            InvalidValue: the device has no IMEI.
        """
        given = device.imeis if isinstance(device, Quote) else (device.imei, device.imei2)
        tokens = self._tokens_of([imei for imei in given if isinstance(imei, Imei)])
        if isinstance(device, Quote) and not tokens:
            tokens = list(device.device_tokens)
        require(bool(tokens), "device", device, "give a Device with an IMEI", "has no IMEI")
        with translated(READ), self._reader.connect() as connection:
            rows = connection.execute(sql.OF_TOKENS, {"tokens": tokens}).all()
        open_ones = {row.code for row in rows if row.is_open}
        bought = max(((row.bought_us, row.code) for row in rows if row.bought_us is not None), default=None)
        return DeviceStanding(
            open=min(open_ones, default=None),
            bought=None if bought is None else bought[1],
            bought_at=None if bought is None else from_micros(bought[0]),
        )

    def _tokens_of(self, imeis: Sequence[Imei]) -> list[str]:
        """Return the tokens of a device's IMEIs under every key that may have been in use."""
        keys = self._secret_keys()
        return sorted({device_token(imei, key=key) for imei in imeis for key in keys})

    @takes(programme=_PROGRAMME)
    def bonuses_given(self, programme: Programme) -> dict[str, int]:
        """Return the number of places taken of each bonus with a quota, for `miexchange.appraise`.

        Args:
            programme: the programme of the bonuses.
        """
        with translated(READ), self._reader.connect() as connection:
            return _quotas.given(connection, programme.id)

    # ----- checkpoints

    @takes(at=INSTANT)
    def checkpoint(self, at: datetime) -> Checkpoint:
        """Take a signed checkpoint: keep it elsewhere, and pass it to `miexchange.ledger.verify` later.

        It covers everything that was committed before. The whole ledger is read, while others may write to it.

        Args:
            at: the instant.

        Raises:
            LedgerError: the ledger has faults, or it was opened without its key.
        """
        self._secret_keys()
        assert self._seals is not None  # noqa: S101 - as above
        at = instant(at, "at")
        return checkpoint_of(self._engine, self._seals, next_epoch(self._sessions, self._seals), at)

    @takes(checkpoint=instance(Checkpoint))
    def inclusion(self, code: str, checkpoint: Checkpoint) -> Inclusion | None:
        """Return the proof that a coupon was in the ledger when a checkpoint was taken; None if it was not.

        `Inclusion.is_in` checks it, without a database and without a secret.

        Args:
            code: the code, however it was typed.
            checkpoint: the checkpoint.
        """
        plain = plain_code(code)
        return None if plain is None else inclusion_of(self._engine, plain, checkpoint)

    # ----- the sweep

    def _due(self, at_us: int, after: tuple[int, str]) -> list[tuple[int, str]]:
        with translated(SWEEP), self._reader.connect() as connection:
            last_us, last_code = after
            values = {"at_us": at_us, "last_us": last_us, "last_code": last_code}
            return [(row.due_us, row.code) for row in connection.execute(sql.DUE, values)]

    def _swept(self, codes: list[str], event: Expire, *, dry_run: bool) -> tuple[list[str], list[str]]:
        """End those of some exchanges that are still due, in one transaction.

        If one of them prevents that, each is ended in its own transaction.

        Returns:
            The field of `Sweep` for each of them, and the codes of the damaged ones.
        """
        watch = Watch(self._watching, event.kind)
        while watch.attempts < (1 if len(codes) > 1 else TRIES):
            watch.attempts += 1
            try:
                lent = self._sessions.lent() if dry_run else self._sessions.transaction(SWEEP)
                with translated(SWEEP), lent as session:
                    ended, made = self._ended(session, codes, event, dry_run=dry_run), session.made
            except Conflict:
                quicker(watch.attempts)
            except UnreadableError:
                break
            else:
                if not dry_run:
                    watch.made(made)
                return ended
        if len(codes) == 1:
            return [], codes
        each = [self._swept([code], event, dry_run=dry_run) for code in codes]
        return [name for names, _ in each for name in names], [code for _, broken in each for code in broken]

    def _ended(
        self, session: Session, codes: list[str], event: Expire, *, dry_run: bool
    ) -> tuple[list[str], list[str]]:
        """End them in the caller's transaction."""
        names, broken = [], []
        rows = session.core.execute(sql.ROWS if dry_run else sql.LOCKED_ROWS, {"codes": codes}).all()
        if not dry_run:
            session.hold({bucket_of(found.code) for found in rows})
        for found in rows:
            row = ExchangeRow._make(found)
            if row.due_us is None or row.due_us > micros(event.at):
                continue  # it changed meanwhile
            try:
                before = self._load(session.core, row, is_locked=not dry_run)
                after = apply(before, event)
                if isinstance(after, Refusal) or after.version == row.version:
                    broken.append(row.code)  # according to its events it is not due
                    continue
                if not dry_run:
                    self._write(session, row, after, event, None)
            except (MiExchangeError, TypeError):  # raised before anything of it is written
                broken.append(row.code)
            else:
                names.append(ending(before))
        return names, broken
