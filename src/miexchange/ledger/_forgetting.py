"""Removing old answers: those of requests that nobody sends again.

Only answers go. An answer about an exchange that is still open stays, however old it is, so a request that comes again
after its answer is gone finds an exchange that is over. What was removed is counted, so that `verify` knows it from
what somebody took away: in the running count, as every answer is, and in the table ``forgotten``, by the checkpoint
before which it was written and the one before which it was removed.
"""

from __future__ import annotations

from collections import Counter
from time import sleep
from typing import TYPE_CHECKING, Any

from miexchange.ledger import _sql as sql
from miexchange.ledger._engine import FORGET, translated
from miexchange.ledger._observing import LOG
from miexchange.ledger._reports import Forgotten
from miexchange.ledger._schema import forgotten
from miexchange.ledger._seals import FORGOTTEN, bucket_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from miexchange.ledger._seals import Seals
    from miexchange.ledger._session import Session, Sessions

__all__ = ["forget"]

_PAUSE = 0.02
"""Seconds that an SQLite file is left to others after each batch, as by a sweep."""
_SCOPE = ("asker", "verb", "request")


def forget(sessions: Sessions, reader: Engine, seals: Seals, before_us: int) -> Forgotten:
    """Remove the answers before an instant, a batch in each transaction."""
    removed = skipped = 0
    last: tuple[Any, ...] = (-(2**62), "", "", "")
    while True:
        names = ("last_us", "last_asker", "last_verb", "last_request")
        with translated(FORGET), reader.connect() as connection:
            asked = {"before_us": before_us, **dict(zip(names, last, strict=True))}
            page = connection.execute(sql.OLD_ANSWERS, asked).all()
        if not page:
            break

        def attempt(session: Session, _: int, page: Any = page, asked: Any = asked) -> tuple[int, int]:  # noqa: ANN401 - rows of ``answers``, and how they were found
            return _removed(session, seals, page, asked)

        gone, damaged = sessions.settled(attempt, FORGET)
        removed, skipped = removed + gone, skipped + damaged
        last = (page[-1].at_us, *(getattr(page[-1], name) for name in _SCOPE))
        if reader.dialect.name == "sqlite":
            sleep(_PAUSE)
    if skipped:
        LOG.warning("%d old answers are damaged, and stay", skipped)
    LOG.info("%d old answers were removed", removed)
    return Forgotten(removed, skipped)


def _removed(session: Session, seals: Seals, page: Any, asked: dict[str, Any]) -> tuple[int, int]:  # noqa: ANN401 - rows of ``answers``
    """Remove those of a page that may still go; return how many they are, and how many are damaged."""
    session.hold({bucket_of(row.code or row.request) for row in page} | {bucket_of(FORGOTTEN)})
    scopes = {tuple(getattr(row, name) for name in _SCOPE) for row in page}
    # Nobody writes an answer of these without the rows of the count that are held, so what is read now stays.
    found = session.core.execute(sql.OLD_ANSWERS, asked)
    rows = [row for row in found if tuple(getattr(row, name) for name in _SCOPE) in scopes]
    final: Counter[int] = Counter()
    gone: list[dict[str, object]] = []
    for row in rows:
        if seals.sealed(row._mapping) != row.seal:  # noqa: SLF001 - a row as a mapping is SQLAlchemy's public API
            continue  # it was changed without the key: what `verify` will tell of is not taken away
        tally = session.tally(bucket_of(row.code or row.request))
        seals.check(tally)
        seals.add_answer(tally, row.seal, -1)
        final[row.epoch] += row.is_final
        gone.append({name: getattr(row, name) for name in _SCOPE})
    if gone:
        session.core.execute(sql.DROP_ANSWER, gone)
        _note(session, seals, final, asked["before_us"])
        session.count([seals.counted(tally) for _, tally in sorted(session.held.items()) if tally.is_checked])
    return len(gone), len(rows) - len(gone)


def _note(session: Session, seals: Seals, final: Counter[int], before_us: int) -> None:
    """Note how many final answers were removed; the others are in no checkpoint."""
    tally = session.tally(bucket_of(FORGOTTEN))
    seals.check(tally)
    known = {row.made_in: row for row in session.core.execute(sql.FORGOTTEN_IN, {"epoch": tally.epoch})}
    for made_in, answers in sorted(final.items()):
        row = {"removed_in": tally.epoch, "made_in": made_in, "answers": answers, "before_us": before_us}
        if (old := known.get(made_in)) is not None:
            seals.add_forgotten(tally, old._mapping, -1)  # noqa: SLF001 - as above
            row |= {"answers": answers + old.answers, "before_us": max(before_us, old.before_us)}
            session.core.execute(sql.FORGET_AGAIN, {f"the_{name}": value for name, value in row.items()})
        else:
            session.core.execute(forgotten.insert(), row)
        seals.add_forgotten(tally, row)
