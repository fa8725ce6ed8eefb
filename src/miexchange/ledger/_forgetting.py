"""Removes old answers, of requests that nobody sends again.

Only answers are removed, and never one about an open exchange, however old: a request that is repeated after its
answer was removed finds an exchange that has ended. Removed answers are counted, so that `verify` can tell them from
deleted ones: in the running count, and in the table ``forgotten``, by the checkpoint before which the answer was
written and the one before which it was removed.
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
"""Seconds for which an SQLite file is left to other writers after each batch, as in a sweep."""
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
    """Remove those of a page that may still be removed; return their number, and the number of damaged ones."""
    session.hold({bucket_of(row.code or row.request) for row in page} | {bucket_of(FORGOTTEN)})
    scopes = {tuple(getattr(row, name) for name in _SCOPE) for row in page}
    # Writing one of these answers needs a row of the running count that is locked here, so this read is stable.
    found = session.core.execute(sql.OLD_ANSWERS, asked)
    rows = [row for row in found if tuple(getattr(row, name) for name in _SCOPE) in scopes]
    final: Counter[int] = Counter()
    gone: list[dict[str, object]] = []
    for row in rows:
        if seals.sealed(row._mapping) != row.seal:  # noqa: SLF001 - a row as a mapping is SQLAlchemy's public API
            continue  # it was changed without the key: `verify` must still find it
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
    """Store the number of final answers removed; the others are in no checkpoint."""
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
