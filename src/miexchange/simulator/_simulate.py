"""The simulation: rounds of one seed, the replay of a violation, and the search for a shorter one."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

from miexchange._arguments import TEXT, Rule, instance, maybe, takes, whole
from miexchange.simulator._model import Broken
from miexchange.simulator._places import place
from miexchange.simulator._report import Report, Violation
from miexchange.simulator._round import Mix, Round

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["replay", "shorten", "simulate"]

_ROUND = 4_000
"""Steps of a round: a ledger of some dozens of exchanges, which is compared and proved whole at its end."""
_MOST_STEPS = 10**9
_MOST_CLIENTS = 16
_PLAIN = 400
"""Steps of a round without faults: it finds violations that need none quickly."""
_SEED = whole(0, 2**63 - 1)


@takes(
    url=maybe(TEXT),
    seed=_SEED,
    steps=whole(1, _MOST_STEPS),
    clients=whole(1, _MOST_CLIENTS),
    progress=Rule(lambda value: value is None or callable(value), "give a function, or None"),
)
def simulate(
    url: str | None = None,
    *,
    seed: int,
    steps: int,
    clients: int = 6,
    progress: Callable[[int], object] | None = None,
) -> Report:
    """Let random clients use a ledger, and check everything that it does against the rules.

    Everything follows from the seed: the requests of clients, which of them goes on after each statement, which
    connection is cut and which process dies, which answer is lost, how clocks jump, when the key is replaced, and
    which quote is altered. After every step, the commits and answers are compared with a model in plain Python:
    each phone is bought once and each coupon spent once, quotas and limits hold, a row is the fold of its events,
    every acknowledged transition is stored, and nobody is richer than the law of value allows. At the end of each
    round the ledger's own `miexchange.ledger.verify` must find nothing.

    It ends at the first violation. No clock is read.

    Args:
        url: the URL of a PostgreSQL database, in which a schema of its own is created and dropped; by default an SQLite
            file in a temporary directory.
        seed: the seed.
        steps: the number of steps, in rounds of a few thousand: in each, one client goes on to its next stop.
        clients: the greatest number of clients.
        progress: a function that is called with the number of steps so far, after each round.

    Raises:
        InvalidValue: an argument is of another type, or the database has such a schema already.
        LedgerError: the database cannot be used.

    >>> report = simulate(seed=1, steps=300)
    >>> bool(report), report.violation
    (True, None)
    """
    count: Counter[str] = Counter()
    total, done, number = hashlib.sha256(), 0, 0
    violation = None
    while done < steps and violation is None:
        ran, violation = _ran(url, seed, number, min(_ROUND, steps - done), clients, is_plain=False)
        count.update(ran.count)
        total.update(ran.digest.encode())
        done += ran.step
        number += 1
        if progress is not None:
            progress(done)
    names = ("requests", "made", "acknowledged", "refused", "errors", "killed", "lost", "keys", "jumps")
    figures = {name: count[name] for name in names}
    return Report(seed, done, number, **figures, digest=total.hexdigest(), violation=violation)


def _ran(
    url: str | None, seed: int, number: int, steps: int, clients: int, *, is_plain: bool
) -> tuple[Round, Violation | None]:
    """Run a round, and return it with its violation."""
    mix = Mix(clients, 1, 0, 0, 0, 0, 15, 2) if is_plain else None
    with place(url) as where:
        one = Round(where, f"{seed}/{number}/{clients}/{is_plain}", mix, clients)
        try:
            one.run(steps)
        except Broken as broken:
            history = tuple(f"{step:>6} {who:<9} {what}" for step, who, what in one.history)
            return one, Violation(broken.law, broken.what, seed, number, one.step, steps, clients, is_plain, history)
        finally:
            one.close()
    return one, None


@takes(violation=instance(Violation), url=maybe(TEXT))
def replay(violation: Violation, url: str | None = None) -> Violation | None:
    """Repeat the round of a violation, up to its step, and return the violation found: the same, or None.

    Args:
        violation: the result of `simulate`.
        url: as for `simulate`: the same kind of database.

    Raises:
        InvalidValue: an argument is of another type.
    """
    of = violation
    return _ran(url, of.seed, of.round, of.steps, of.clients, is_plain=of.is_plain)[1]


@takes(violation=instance(Violation), url=maybe(TEXT), tries=whole(1, 10_000))
def shorten(violation: Violation, url: str | None = None, *, tries: int = 30) -> Violation:
    """Search for a shorter history that breaks the same law: with few clients, and without unnecessary events.

    Args:
        violation: the result of `simulate`.
        url: as for `simulate`.
        tries: the number of rounds.

    Returns:
        The shortest one found, which can be replayed; the violation itself if there is none.

    Raises:
        InvalidValue: an argument is of another type.
    """
    best = violation
    for number in range(tries):
        is_plain, clients = number % 3 != 2, 1 + number % 3  # noqa: PLR2004 - two plain ones, and one with faults
        most = min(best.step - 1, _PLAIN) if is_plain else best.step - 1
        if most < 1:
            break
        found = _ran(url, violation.seed, number, most, clients, is_plain=is_plain)[1]
        if found is not None and found.law == best.law and found.step < best.step:
            best = found
    return best
