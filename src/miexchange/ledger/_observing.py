"""Observability: the ledger's log, and a call for every transition. Neither contains an IMEI, a code or a key."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from miexchange.ledger._errors import LedgerError
from miexchange.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miexchange.exchange import Exchange

__all__ = ["LOG", "Observed", "Observer", "Timer", "Watch", "Watching", "quicker"]

LOG = logging.getLogger("miexchange.ledger")
LOG.addHandler(logging.NullHandler())  # a library must not print unless the application configures logging


@dataclass(frozen=True, slots=True)
class Observed:
    """One transition, or one request that made none.

    Attributes:
        kind: the kind of the event, which is the name of its verb; "expire" for the ends by a sweep.
        outcome: "made"; "repeated" for a request that was answered before; "refused"; "failed" if an error was raised
            and nothing was changed; "unknown" if the connection was lost during the commit.
        seconds: the duration by the given timer, with all attempts and waits for locks; for a sweep, its whole
            transaction; None without a timer, because the ledger reads no clock.
        attempts: the number of transactions begun: several after conflicts, none if the database was unreachable.
        reasons: the codes of the reasons of a refusal.
    """

    kind: str
    outcome: Literal["made", "repeated", "refused", "failed", "unknown"]
    seconds: float | None
    attempts: int
    reasons: tuple[str, ...] = ()


Observer = Callable[[Observed], object]
Timer = Callable[[], float]


class Watching(NamedTuple):
    """The observer of transitions, and its clock.

    Attributes:
        observer: is called with every transition; None for no observer.
        timer: returns seconds, such as `time.perf_counter`; None for no durations.
    """

    observer: Observer | None = None
    timer: Timer | None = None


def quicker(attempt: int) -> None:
    """Log a conflict after which nothing was written."""
    LOG.debug("Somebody was quicker at attempt %d", attempt)


class Watch:
    """One request; reports its outcome to the observer."""

    __slots__ = ("_began", "_kind", "_observer", "_timer", "attempts")

    def __init__(self, watching: Watching, kind: str) -> None:
        """Start the timer, if there is an observer."""
        self._observer, self._timer = watching
        self._kind = kind
        self.attempts = 0
        self._began = 0.0 if self._timer is None else self._timer()

    def answered(self, answer: Exchange | Refusal, made: Sequence[str]) -> None:
        """Report a request that was answered, and the other events of its transaction.

        Args:
            answer: the answer.
            made: the kinds of the events that were written, the request's own last.
        """
        if self._observer is None:
            return
        if isinstance(answer, Refusal):
            self._tell(Observed(self._kind, "refused", self._seconds, self.attempts, answer.codes))
        elif made:
            self.made(made)
        else:
            self._tell(Observed(self._kind, "repeated", self._seconds, self.attempts))

    def made(self, kinds: Sequence[str]) -> None:
        """Report events that were written."""
        for kind in kinds if self._observer is not None else ():
            self._tell(Observed(kind, "made", self._seconds, self.attempts))

    def failed(self, error: Exception) -> None:
        """Report a request that ended with an error."""
        is_unknown = isinstance(error, LedgerError) and error.is_unknown
        LOG.warning("%s: failed after %d attempts%s", self._kind, self.attempts, ", maybe made" if is_unknown else "")
        if self._observer is not None:
            self._tell(Observed(self._kind, "unknown" if is_unknown else "failed", self._seconds, self.attempts))

    @property
    def _seconds(self) -> float | None:
        return None if self._timer is None else self._timer() - self._began

    def _tell(self, observed: Observed) -> None:
        assert self._observer is not None  # noqa: S101 - whoever calls has looked
        try:
            self._observer(observed)
        except Exception as error:  # noqa: BLE001 - the transition is committed, whatever an observer does
            LOG.warning("The observer failed: %s", type(error).__name__)
