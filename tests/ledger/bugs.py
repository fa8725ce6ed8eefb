"""Bugs that coupon engines have had (docs/reliability.md), each planted in the ledger by itself."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import text, update

from ledger.test_machine import Careless
from miexchange import Quote, Refusal, _split, _steps, coupon, ledger, programme
from miexchange.coupon import Coupon, CouponStanding
from miexchange.exchange import Exchange, State
from miexchange.ledger import Ledger, LedgerError, _limits, _quotas, _schema, _verify
from miexchange.ledger import _books as books
from miexchange.ledger import _sql as sql
from miexchange.ledger._engine import Conflict
from miexchange.ledger._rows import row_of
from miexchange.ledger._session import ExchangeRow, Session
from miexchange.simulator import Report, _places, _simulate, simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    import pytest

    from miexchange.ledger import FeedEvent

__all__ = ["BUGS", "RACES", "hunted"]

SEEDS, STEPS = range(1, 41), 4_500
"""Within which every planted bug is found: many short histories differ more than a few long ones."""


def hunted(where: str | None = None, first: int = 1) -> Report:
    """Return the first simulation that finds a bug that is planted now; the last one where none does."""
    for seed in SEEDS[first - 1 :]:
        report = simulate(where, seed=seed, steps=STEPS)
        if report.violation is not None:
            break
    return report


def checked_before_the_lock(patch: pytest.MonkeyPatch) -> None:
    """A code is checked, then used, and two checkouts both pass the check: the row is read before the transaction."""
    later, row_of = Ledger._later, Session.row  # noqa: SLF001 - where it is careless
    read = threading.local()

    def looked_at(self: Ledger, code: str, *rest: Any, **named: Any) -> Any:  # noqa: ANN401 - as of the ledger
        with self._sessions.lent() as session:
            read.row = row_of(session, code)
        return later(self, code, *rest, **named)

    def row(self: Session, code: str, *, lock: bool = False) -> ExchangeRow | None:
        now, then, read.row = row_of(self, code, lock=lock), getattr(read, "row", None), None
        return then if lock and then is not None and then.code == code else now

    patch.setattr(Ledger, "_later", looked_at)
    patch.setattr(Session, "row", row)

    def write(self: Any, session: Session, before: ExchangeRow, after: Any, *rest: Any) -> None:  # noqa: ANN401 - as above
        Careless._write(self, session, before, after, *rest)  # noqa: SLF001 - as above
        _quotas.move(session, State(before.state), after)

    patch.setattr(Ledger, "_write", write)


def released_by_anybody(patch: pytest.MonkeyPatch) -> None:
    """Whoever asks can release a code."""
    patch.setattr(_steps, "_other_order", lambda *_: None)


def keys_ignored(patch: pytest.MonkeyPatch) -> None:
    """A request that is sent again is done again."""
    patch.setattr(Ledger, "_first_answer", lambda *_: None)
    drop = Session.run

    def run(self: Session, statement: str, values: Mapping[str, object]) -> Any:  # noqa: ANN401 - a cursor
        if "INSERT INTO answers" in statement:
            drop(self, self.statements.drop_answer, values)
        return drop(self, statement, values)

    patch.setattr(Session, "run", run)


def window_open_at_its_end(patch: pytest.MonkeyPatch) -> None:
    """Some windows include their end, others do not: a coupon is good at the instant at which it expires."""
    check = Coupon.check

    def late(
        self: Coupon,
        order: coupon.Order,
        *,
        account: str,
        at: datetime,
        standing: CouponStanding = CouponStanding.UNUSED,
    ) -> coupon.Redemption | Refusal:
        at = at - timedelta(microseconds=1) if at == self.valid_until else at
        return check(self, order, account=account, at=at, standing=standing)

    patch.setattr(Coupon, "check", late)


def one_sim_noted(patch: pytest.MonkeyPatch) -> None:
    """One phone is exchanged twice by its two IMEIs: only the first is noted."""
    add = Session.add

    def first_only(self: Session, row: Any, tokens: Any, *rest: Any) -> None:  # noqa: ANN401
        add(self, row, tokens[:1], *rest)

    patch.setattr(Session, "add", first_only)


def orders_not_unique(patch: pytest.MonkeyPatch) -> None:
    """One order takes two coupons: the unique index over orders is gone."""
    _without_index(patch, "exchanges_order")
    patch.setattr(Ledger, "_is_taken", staticmethod(lambda *_: False))


def devices_not_unique(patch: pytest.MonkeyPatch) -> None:
    """A phone is in two exchanges: the unique index over its tokens is gone."""
    _without_index(patch, "device_tokens_open")


def _without_index(patch: pytest.MonkeyPatch, name: str) -> None:
    plain = _places.place

    @contextmanager
    def place(url: str | None) -> Iterator[str]:
        with plain(url) as where:
            with ledger.open(where) as store, store.engine.begin() as connection:
                connection.execute(text(f"DROP INDEX {name}"))
            yield where

    patch.setattr(_simulate, "place", place)
    for module in (_schema, _verify):
        patch.setattr(module, "differences", lambda *_: [])


def edited_quotes_paid(patch: pytest.MonkeyPatch) -> None:
    """A quote that was edited on its way to the customer and back is paid."""

    def believed(quote: Quote, of: programme.Programme, **_: object) -> Quote:
        return quote.replace(digest=of.digest)

    patch.setattr(coupon, "confirmed", believed)


def seals_not_read(patch: pytest.MonkeyPatch) -> None:
    """A quote whose IMEI was replaced is paid: its seal is not read."""
    patch.setattr(Quote, "is_sealed_by", lambda *_: True)


def bought_again(patch: pytest.MonkeyPatch) -> None:
    """A phone that was bought is bought again."""
    patch.setattr(Ledger, "_bought", staticmethod(lambda *_: None))
    after_adding = Session.after_adding
    patch.setattr(Session, "after_adding", lambda *parts: (None, after_adding(*parts)[1]))


def door_notes_nothing(patch: pytest.MonkeyPatch) -> None:
    """The other SIM of a phone is sold by another account."""
    patch.setattr(Ledger, "_claim", lambda *_: None)


def places_not_taken(patch: pytest.MonkeyPatch) -> None:
    """A bonus is given more often than its quota."""
    patch.setattr(_quotas, "take", lambda *_: None)


def places_not_given_back(patch: pytest.MonkeyPatch) -> None:
    """A place of a bonus does not come back."""
    patch.setattr(_quotas, "move", lambda *_: None)


def own_key_only(patch: pytest.MonkeyPatch) -> None:
    """After a key rotation, a quote gets a second coupon."""
    patch.setattr(Ledger, "_secret_keys", lambda store: store._issuing[:1])  # noqa: SLF001 - how it is careless


def clocks_must_agree(patch: pytest.MonkeyPatch) -> None:
    """Two machines' clocks differ a little, and a step is refused."""
    patch.setattr(programme.ExchangeRules, "following", lambda _, at, __: at)


def wrong_clock_is_final(patch: pytest.MonkeyPatch) -> None:
    """A refusal caused by a wrong clock is kept as the answer."""
    patch.setattr(books, "_is_final", lambda *_: True)


def authority_not_counted(patch: pytest.MonkeyPatch) -> None:
    """A person adds more by overrides than the authority of the role is in the window."""
    patch.setattr(programme.Authority, "free_from", lambda *_: None)


def override_above_the_quote(patch: pytest.MonkeyPatch) -> None:
    """An override pays more than was quoted."""
    rule = _steps.RULES["override"]

    def careless(exchange: Exchange, event: Any) -> Any:  # noqa: ANN401 - a step
        quoted = exchange.quote.exchange_value
        return rule(exchange, event.replace(exchange_value=min(event.exchange_value, quoted)))

    patch.setitem(_steps.RULES, "override", careless)


def limits_not_kept(patch: pytest.MonkeyPatch) -> None:
    """A limit of new exchanges is passed."""
    patch.setattr(_limits, "reached", lambda *_: iter(()))


def answered_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    """An answer is given before the commit, which then fails."""
    commit, number = Session.commit, [0]

    def sometimes(self: Session) -> None:
        number[0] += 1
        if number[0] % 7:
            commit(self)
        else:
            self.rollback()

    patch.setattr(Session, "commit", sometimes)


def errors_lie(patch: pytest.MonkeyPatch) -> None:
    """An error says that nothing was changed, and it was: the commit is done when something fails."""
    commit, number = Session.commit, [0]

    def sometimes(self: Session) -> None:
        commit(self)
        number[0] += 1
        if not number[0] % 9:
            raise LedgerError("The ledger is tired", "Try again")

    patch.setattr(Session, "commit", sometimes)


def reads_find_nothing(patch: pytest.MonkeyPatch) -> None:
    """A customer asks for a coupon, and it is not there."""
    patch.setattr(Ledger, "get", lambda *_: None)


def feed_skips_events(patch: pytest.MonkeyPatch) -> None:
    """A page of the feed begins behind the first event."""
    events = Ledger.events

    def skipping(self: Ledger, after: str, *, limit: int) -> tuple[FeedEvent, ...]:
        return events(self, after, limit=limit)[1:]

    patch.setattr(Ledger, "events", skipping)


def row_without_its_end(patch: pytest.MonkeyPatch) -> None:
    """A coupon never expires: its row does not say when it does."""
    patch.setattr(books, "row_of", lambda *parts: {**row_of(*parts), "due_us": None})


def door_is_free(patch: pytest.MonkeyPatch) -> None:
    """A phone is worth less than quoted, and nobody pays the difference."""
    patch.setattr(Exchange, "to_pay_at_the_door", property(lambda _: 0))


def units_paid_twice(patch: pytest.MonkeyPatch) -> None:
    """Two coupons of one order pay for the same unit of it."""
    part_for = _split._part_for  # noqa: SLF001 - where it is careless
    patch.setattr(_split, "_part_for", lambda one, order, taken, at: part_for(one, order, [0 for _ in taken], at))


def seats_not_counted(patch: pytest.MonkeyPatch) -> None:
    """An account trades in more phones for one order than its terms allow."""
    facts, after_adding = Ledger._facts, Session.after_adding  # noqa: SLF001 - as above
    patch.setattr(Ledger, "_facts", lambda *parts: facts(*parts)._replace(exchange_open=False))
    patch.setattr(Session, "after_adding", lambda *parts: (after_adding(*parts)[0], False))


def credited_as_quoted(patch: pytest.MonkeyPatch) -> None:
    """A coupon that comes after the inspection has the quoted value, though the phone is worth less."""
    taken = _steps._taken  # noqa: SLF001 - as above
    patch.setattr(_steps, "_taken", lambda exchange, event, changes, _=None: taken(exchange, event, changes))


def credited_unseen(patch: pytest.MonkeyPatch) -> None:
    """A coupon is used before the inspection that it is to come after."""
    check, issue_until = Coupon.check, timedelta(days=10)

    def early(self: Coupon, *parts: Any, at: datetime, **named: Any) -> coupon.Redemption | Refusal:  # noqa: ANN401 - as of the coupon
        free = self.replace(awaited=False, valid_until=self.valid_from + issue_until) if self.awaited else self
        return check(free, *parts, at=at, **named)

    patch.setattr(Coupon, "check", early)


def places_counted_before(patch: pytest.MonkeyPatch) -> None:
    """A place of a bonus is counted, then taken: two acceptances read the same count, and write the same one."""

    def take(session: Session, programme: str, wanted: Mapping[str, int]) -> None:
        for bonus, quota in sorted(wanted.items()):
            count = _quotas.given(session.core, programme).get(bonus)
            if count is None:
                session.core.execute(sql.FIRST_PLACE, {"programme": programme, "bonus": bonus, "given": 1})
            elif count < quota:
                session.core.execute(
                    update(_schema.quotas).where(_schema.quotas.c.bonus == bonus).values(given=count + 1)
                )
            else:
                raise Conflict

    patch.setattr(_quotas, "take", take)


BUGS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    bug.__name__: bug
    for bug in (
        checked_before_the_lock,
        released_by_anybody,
        keys_ignored,
        window_open_at_its_end,
        one_sim_noted,
        orders_not_unique,
        devices_not_unique,
        edited_quotes_paid,
        seals_not_read,
        bought_again,
        door_notes_nothing,
        places_not_taken,
        places_not_given_back,
        own_key_only,
        clocks_must_agree,
        wrong_clock_is_final,
        limits_not_kept,
        authority_not_counted,
        override_above_the_quote,
        answered_before_the_commit,
        errors_lie,
        reads_find_nothing,
        feed_skips_events,
        row_without_its_end,
        door_is_free,
        units_paid_twice,
        seats_not_counted,
        credited_as_quoted,
        credited_unseen,
    )
}
"""Each is found on an SQLite file, too, where one client at a time writes."""

RACES = {bug.__name__: bug for bug in (places_counted_before,)}
"""Only a server lets several write at once."""
