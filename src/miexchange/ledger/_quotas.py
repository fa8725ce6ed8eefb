"""The quotas of bonuses: which exchange has a place, and how many are taken."""

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
    """Return the bonuses of which an exchange has a place, each with the number of places that there are.

    A place is taken with the acceptance, and given back where the exchange ends without having used its coupon. A
    re-quote may have another bonus: the places of both are held until the customer has decided.

    Args:
        exchange: the exchange.
        state: a state that it was in before; by default the one that it is in.
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
    """Return how many places of each bonus of a programme are taken."""
    return {row.bonus: row.given for row in connection.execute(sql.GIVEN, {"programme": programme})}


def given_to_others(connection: Connection, exchange: Exchange) -> dict[str, int]:
    """Return how often each bonus was given, as an inspection counts.

    A place that the exchange has stays its own; a place that came free since the quote raises nothing.
    """
    then, own = dict(exchange.quote.bonuses_given), places(exchange)
    now = {**then, **given(connection, exchange.quote.programme)}
    return {name: then.get(name, 0) if name in own else max(then.get(name, 0), now[name]) for name in now}


def take(session: Session, programme: str, wanted: Mapping[str, int]) -> None:
    """Take a place of each bonus.

    Args:
        session: a session in a transaction.
        programme: the programme's id.
        wanted: the bonuses, each with the number of places that there are.

    Raises:
        Conflict: all places of a bonus are taken; somebody was quicker.
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
    """Give the places back that an exchange no longer has, and take those that it has now.

    Args:
        session: a session in a transaction.
        before: the state that it was in.
        after: the exchange as it is now.
    """
    had, has, programme = places(after, before), places(after), after.quote.programme
    take(session, programme, {bonus: has[bonus] for bonus in has.keys() - had.keys()})
    for bonus in sorted(had.keys() - has.keys()):
        session.core.execute(sql.GIVE_PLACE, {"of_programme": programme, "of_bonus": bonus})
