"""A ledger against a model in plain Python, with requests that begin, pause, and finish when others have been there.

A rule that is one transaction cannot see a race: nothing comes between its reading and its writing. So a request is
split in two rules: `begin` reads the row, as a transaction that was quick to read; `finish` goes on with what was read
then, however much has happened since.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, rule, run_state_machine_as_test
from sqlalchemy import delete, func, select

from ledger.shop import AT, KEY, imei
from miexchange import Device, Exchange, Quote, Refusal, appraise
from miexchange.laws import assert_spent_once
from miexchange.ledger import Ledger
from miexchange.ledger import _schema as tables
from miexchange.ledger import _sql as sql
from miexchange.ledger._engine import VERB, Conflict, Outcome, reading
from miexchange.ledger._rows import bought_us, row_of, row_of_event
from miexchange.ledger._sealing import seal_all
from miexchange.ledger._seals import Seals
from miexchange.ledger._session import ExchangeRow, Session, Sessions
from unit import small, trade

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Engine

    from miexchange.events import Event
    from miexchange.ledger._requests import Request

FORTNIGHT = timedelta(days=14)
PROGRAMME = trade.programme(price_max_age_days=3_650)
ACCOUNTS, PHONES, ORDERS = st.integers(0, 1), st.integers(0, 3), st.integers(0, 2)
OPEN = {"issued", "reserved"}


class Racer(Ledger):
    """A ledger that goes on with a row that it read some time ago.

    What writes no row, a refusal or a repetition, has nothing to compare and set: a ledger decides it while it holds
    the row's lock. Here it is decided anew where the row has moved meanwhile.
    """

    def __init__(self, engine: Engine, key: bytes | None, old_keys: Sequence[bytes]) -> None:
        super().__init__(engine, key, old_keys)
        self._sessions: RacingSessions = RacingSessions(reading(engine), engine)

    def race(self, stale: ExchangeRow | None) -> None:
        """Let the next request go on with a row that was read some time ago."""
        self._sessions.stale = stale

    def _write(
        self, session: Session, row: ExchangeRow, after: Exchange, event: Event, request: Request | None
    ) -> None:
        if isinstance(session, Stale):
            session.old = None
        super()._write(session, row, after, event, request)

    def _answer(self, session: Session, request: Request, **answer: Any) -> None:  # noqa: ANN401 - as of Ledger
        if isinstance(session, Stale) and session.old is not None:
            now = super(Stale, session).row(session.old.code)
            if now is None or now.version != session.old.version:
                raise Conflict
        super()._answer(session, request, **answer)

    def peek(self, code: str) -> ExchangeRow | None:
        with self._sessions.lent() as session:
            return session.row(code)


class RacingSessions(Sessions):
    """Sessions of which one has read its row some time ago."""

    stale: ExchangeRow | None = None

    @contextmanager
    def transaction(self, outcome: Outcome = VERB) -> Iterator[Session]:
        """Lend a session that returns the old row once; after a conflict the row is read anew."""
        old, self.stale = self.stale, None
        with super().transaction(outcome) as session:
            yield session if old is None else Stale(session, old)


class Stale(Session):
    """A session whose first reading of a row was some time ago."""

    __slots__ = ("old",)

    def __init__(self, session: Session, old: ExchangeRow) -> None:
        super().__init__(session.core, session.statements)
        self.old: ExchangeRow | None = old

    def row(self, code: str, *, lock: bool = False) -> ExchangeRow | None:
        return super().row(code, lock=lock) if self.old is None else self.old


class Careless(Racer):
    """The bug that others made: it writes whatever it has decided, without a look at the version."""

    def _write(
        self, session: Session, row: ExchangeRow, after: Exchange, event: Event, request: Request | None
    ) -> None:
        if isinstance(session, Stale):
            session.old = None
        query = select(func.max(tables.events.c.version)).where(tables.events.c.code == row.code)
        version = (session.core.scalar(query) or 0) + 1
        head = session.core.scalar(select(tables.exchanges.c.head).where(tables.exchanges.c.code == row.code))
        key = None if request is None else request.key
        seals, tally = self._sealing(session, row.code)
        entry = row_of_event(seals, row.code, version, event, row.key_id, key, str(head), tally.epoch)
        seals.add_event(tally, entry["hash"])
        session.core.execute(sql.ADD_EVENT, entry)
        session.core.execute(sql.QUEUE, entry)
        session.run(session.statements.count, seals.counted(tally))
        changed = {**row_of(after, row.key_id, entry["hash"]), "version": version}
        session.core.execute(tables.exchanges.update().where(tables.exchanges.c.code == row.code).values(changed))
        if not after.is_open:
            session.core.execute(sql.CLOSE_TOKENS, {"of_code": row.code, "bought_us": bought_us(after)})
        if request is not None:
            self._answer(session, request, version=version)
        self._remember(entry["hash"], after.replace(version=version))


@dataclass
class Coupon:
    """What the model knows of a coupon."""

    account: int
    phone: int
    valid_until: datetime
    state: str = "issued"
    order: int | None = None
    reserved_at: datetime = AT
    last: tuple[str, int] | None = None

    def might(self, verb: str, order: int, now: datetime, held: set[int | None]) -> bool:
        """Apply the rules of section 9 in the simplest words; tell whether the verb succeeds."""
        if verb == "reserve":
            if self.order == order and self.state in {"reserved", "completed"}:
                return True
            fits = self.state == "issued" and now < self.valid_until and order not in held
            if fits:
                self.state, self.order, self.reserved_at = "reserved", order, now
        elif verb == "release":
            fits = self.state == "reserved" and self.order == order
            if fits:
                self.state, self.order = "issued", None
                self.valid_until = now + (self.valid_until - self.reserved_at)
        elif verb == "complete":
            fits = self.state == "reserved" and self.order == order
            self.state = "completed" if fits else self.state
        else:
            fits = self.state in OPEN
            self.state = "void" if fits else self.state
        again = self.last == (verb, order) or (verb == "void" and self.last is not None and self.last[0] == "void")
        if fits:
            self.last = (verb, order)
        return fits or again


@dataclass
class Pending:
    """A request that has read, and not written yet."""

    verb: str
    code: str
    order: int
    row: ExchangeRow | None
    key: str


@cache
def quoted(phone: int, at: datetime) -> Quote:
    device = Device(small.MODEL, imei(2 * phone), imei(2 * phone + 1))
    quote = appraise(device, trade.SAID, PROGRAMME, at=at)
    assert isinstance(quote, Quote), quote.explain()
    return quote


@dataclass
class Answered:
    """A request with its first answer."""

    waiting: Pending
    answer: Exchange | Refusal


class Exchanges(RuleBasedStateMachine):
    """The ledger and the model, side by side."""

    coupons = Bundle("coupons")
    pending = Bundle("pending")
    answered = Bundle("answered")

    store: Racer

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[str, Coupon] = {}
        self.now = AT
        self.requests = 0
        with self.store.engine.begin() as connection:
            gone = (tables.exchanges, tables.events, tables.device_tokens, tables.answers, tables.tallies)
            for table in (*gone, tables.feed_queue, tables.programmes):
                connection.execute(delete(table))
            seal_all(connection, Seals(KEY))

    def tick(self) -> str:
        """Let a second pass, and name a new request."""
        self.now += timedelta(seconds=1)
        self.requests += 1
        return f"request-{self.requests}"

    def held(self, code: str) -> set[int | None]:
        taken = {"reserved", "completed"}
        return {one.order for other, one in self.model.items() if other != code and one.state in taken}

    def compare(self, code: str) -> None:
        exchange = self.store.get(code)
        assert exchange is not None
        model = self.model[code]
        assert exchange.state.value == model.state
        assert exchange.state.value != "issued" or exchange.coupon.valid_until == model.valid_until
        if model.state in {"reserved", "completed"}:
            assert exchange.order is not None
            assert exchange.order.id == f"order-{model.order}"

    @rule(target=coupons, account=ACCOUNTS, phone=PHONES)
    def accept(self, account: int, phone: int) -> Any:  # noqa: ANN401 - a code, or nothing for the bundle
        key = self.tick()
        quote = quoted(phone, self.now)
        answer = self.store.accept(quote, PROGRAMME, account=f"account-{account}", at=self.now, idempotency_key=key)
        free = all(
            one.state not in OPEN or (one.account != account and one.phone != phone) for one in self.model.values()
        ) and all(one.state != "completed" or one.phone != phone for one in self.model.values())
        assert isinstance(answer, Exchange) is free
        if not isinstance(answer, Exchange):
            return "nothing"
        self.model[answer.code] = Coupon(account, phone, self.now + FORTNIGHT)
        return answer.code

    def call(self, pending: Pending, at: datetime) -> Exchange | Refusal:
        code, verb, key = pending.code, pending.verb, pending.key
        order = trade.ORDER.replace(id=f"order-{pending.order}")
        account = f"account-{self.model[code].account}"
        if verb == "reserve":
            return self.store.reserve(code, order, account=account, at=at, idempotency_key=key)
        if verb == "release":
            return self.store.release(code, order=order.id, at=at, idempotency_key=key)
        if verb == "complete":
            return self.store.complete(code, order=order.id, at=at, idempotency_key=key)
        return self.store.void(code, reason="withdrawn", at=at, idempotency_key=key)

    @rule(
        target=pending,
        code=coupons,
        verb=st.sampled_from(("reserve", "reserve", "release", "complete", "void")),
        order=ORDERS,
    )
    def begin(self, code: str, verb: str, order: int) -> Any:  # noqa: ANN401 - as above
        if code == "nothing":
            return None
        if verb in {"release", "complete"} and self.model[code].order is not None and order:
            order = self.model[code].order or 0  # mostly its own order
        return Pending(verb, code, order, self.store.peek(code), self.tick())

    @rule(target=answered, waiting=consumes(pending))
    def finish(self, waiting: Pending | None) -> Any:  # noqa: ANN401 - as above
        if waiting is None:
            return None
        self.tick()
        at, coupon = self.now, self.model[waiting.code]
        expected = coupon.might(waiting.verb, waiting.order, at, self.held(waiting.code))
        self.store.race(waiting.row)
        answer = self.call(waiting, at)
        self.store.race(None)
        assert isinstance(answer, Exchange) is expected, (waiting, answer)
        self.compare(waiting.code)
        return Answered(waiting, answer)

    @rule(request=answered)
    def retry(self, request: Answered | None) -> None:
        """The same key and content gives the first answer, unless that was a refusal that may have passed."""
        if request is None:
            return
        self.tick()
        waiting, passes = request.waiting, isinstance(request.answer, Refusal) and not request.answer.is_final
        expected = passes and self.model[waiting.code].might(
            waiting.verb, waiting.order, self.now, self.held(waiting.code)
        )
        answer = self.call(waiting, self.now)
        if passes:
            assert isinstance(answer, Exchange) is expected, (waiting, answer)
            request.answer = answer
            self.compare(waiting.code)
        assert answer == request.answer

    @rule(days=st.sampled_from((1, 13, 14)))
    def sweep(self, days: int) -> None:
        self.now += timedelta(days)
        due = [one for one in self.model.values() if one.state == "issued" and one.valid_until <= self.now]
        assert self.store.sweep(self.now).expired == len(due)
        for one in due:
            one.state, one.last = "expired", None

    def teardown(self) -> None:
        for code in self.model:
            self.compare(code)
        assert_spent_once(self.store)


class Atomic(Exchanges):
    """The same without a pause between reading and writing."""

    @rule(target=Exchanges.answered, waiting=consumes(Exchanges.pending))
    def finish(self, waiting: Pending | None) -> Any:  # noqa: ANN401 - as above
        if waiting is not None:
            waiting.row = None
        return super().finish(waiting)


@dataclass
class Effort:
    """How long a machine is run."""

    examples: int
    steps: int = 30
    phases: tuple[Phase, ...] = field(default=(Phase.generate, Phase.shrink))

    @property
    def settings(self) -> settings:
        return settings(
            max_examples=self.examples,
            stateful_step_count=self.steps,
            derandomize=True,
            database=None,
            deadline=None,
            phases=self.phases,
            suppress_health_check=list(HealthCheck),
        )


def run(machine: type[Exchanges], store: Racer, effort: Effort) -> None:
    """Run a machine on a ledger, which it empties before each example."""
    bound = type("Bound", (machine,), {"store": store})
    run_state_machine_as_test(bound, settings=effort.settings)


@pytest.mark.parametrize("share", [4, pytest.param(1, marks=pytest.mark.sweep)])
def test_the_ledger_does_what_the_model_does(store: Ledger, share: int) -> None:
    examples = 120 if store.engine.dialect.name == "sqlite" else 40
    run(Exchanges, Racer(store.engine, KEY, ()), Effort(examples // share))


@pytest.mark.sweep
def test_the_machine_sees_a_race_that_a_careless_ledger_loses(store: Ledger) -> None:
    with pytest.raises(AssertionError):
        run(Exchanges, Careless(store.engine, KEY, ()), Effort(200, phases=(Phase.generate,)))


def test_rules_that_are_one_transaction_do_not_see_it(store: Ledger) -> None:
    run(Atomic, Careless(store.engine, KEY, ()), Effort(10, phases=(Phase.generate,)))
