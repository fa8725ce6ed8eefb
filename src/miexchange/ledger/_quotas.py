"""The quotas of bonuses: the places that exchanges hold, and the number taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from miexchange.exchange import State
from miexchange.ledger import _sql as sql
from miexchange.ledger._engine import Conflict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from miexchange.exchange import Exchange
    from miexchange.ledger._session import Session

__all__ = ["Places", "given", "given_to_others", "move", "places", "take", "take_all"]


def places(exchange: Exchange, state: State | None = None) -> dict[str, int]:
    """Return the bonuses of which an exchange holds a place, each with its quota.

    A place is taken by the acceptance, and returned if the exchange ends without having used its coupon. A re-quote may
    have another bonus: the places of both are held until the customer has decided.

    Args:
        exchange: the exchange.
        state: an earlier state of it; by default its current one.
    """
    state = exchange.state if state is None else state
    if state in {State.EXPIRED, State.VOID}:
        return {}
    quoted = exchange.coupon.bonuses
    found = () if exchange.examination is None else exchange.examination.bonuses
    is_adjusted = state == State.ADJUSTED or (state == State.REVERSED and exchange.settlement is not None)
    held = (*quoted, *found) if state == State.REQUOTED else found if is_adjusted else quoted
    return {bonus.id: bonus.quota for bonus in held if bonus.quota is not None}


def given(connection: Connection, programme: str) -> dict[str, int]:
    """Return the number of places taken of each bonus of a programme."""
    return {row.bonus: row.given for row in connection.execute(sql.GIVEN, {"programme": programme})}


def given_to_others(connection: Connection, exchange: Exchange) -> dict[str, int]:
    """Return how often each bonus was given, for an inspection.

    The exchange keeps its own place, and a place that became free since the quote does not count.
    """
    then, own = dict(exchange.quote.bonuses_given), places(exchange)
    now = {**then, **given(connection, exchange.quote.programme)}
    return {name: then.get(name, 0) if name in own else max(then.get(name, 0), now[name]) for name in now}


def take(session: Session, programme: str, wanted: Mapping[str, int]) -> None:
    """Take a place of each bonus.

    Args:
        session: a session in a transaction.
        programme: the programme's id.
        wanted: the bonuses, each with its quota.

    Raises:
        Conflict: another transaction has taken the last place of a bonus.
    """
    take_all(session, programme, {bonus: Places(1, quota - 1) for bonus, quota in wanted.items()})


class Places(NamedTuple):
    """Places of a bonus that several acceptances take.

    Attributes:
        taken: how many they take.
        most: how many may be taken before them, so that each of them gets its place.
    """

    taken: int
    most: int

    def and_one(self, quota: int) -> Places:
        """Return the same with one more acceptance, to which there are `quota` places."""
        return Places(self.taken + 1, min(self.most, quota - 1 - self.taken))


def take_all(session: Session, programme: str, wanted: Mapping[str, Places]) -> None:
    """Take places of each bonus for several acceptances; as `take`, which takes one of each.

    Raises:
        Conflict: as of `take`.
    """
    for bonus, (taken, most) in sorted(wanted.items()):
        place = {"of_programme": programme, "of_bonus": bonus}
        if session.core.execute(sql.TAKE_PLACES, {**place, "most": most, "taken": taken}).rowcount:
            continue
        if most < 0 or bonus in given(session.core, programme):
            raise Conflict
        session.core.execute(sql.FIRST_PLACE, {"programme": programme, "bonus": bonus, "given": taken})


def move(session: Session, before: State, after: Exchange) -> None:
    """Return the places that an exchange no longer holds, and take its new ones.

    Args:
        session: a session in a transaction.
        before: its state before.
        after: the exchange after the transition.
    """
    had, has, programme = places(after, before), places(after), after.quote.programme
    take(session, programme, {bonus: has[bonus] for bonus in has.keys() - had.keys()})
    for bonus in sorted(had.keys() - has.keys()):
        session.core.execute(sql.GIVE_PLACE, {"of_programme": programme, "of_bonus": bonus})
