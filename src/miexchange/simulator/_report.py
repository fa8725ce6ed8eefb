"""The report of a simulation: figures, or a violation with its history, on one screen."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Report", "Violation"]

_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Violation:
    """A violation of a law, and how to reproduce it: `replay` makes the same history from the same seed.

    Attributes:
        law: the law.
        what: the observation.
        seed: the seed of the simulation.
        round: the number of the round, from 0; each has a ledger of its own.
        step: the step of the round at which it was found.
        steps: the planned steps of the round; afterwards everything in progress ends, and the whole is checked.
        clients: the greatest number of clients.
        is_plain: whether the round was without faults, clock jumps and new keys, as `shorten` tries them.
        history: the events until then, one line each; the last lines of a long round.
    """

    law: str
    what: str
    seed: int
    round: int
    step: int
    steps: int
    clients: int
    is_plain: bool
    history: tuple[str, ...]

    def __str__(self) -> str:
        """Return it as text."""
        left = len(self.history) - _SHOWN
        more = [f"  … {left} lines before"] if left > 0 else []
        return "\n".join(
            [
                f"Broken: {self.law}",
                f"  {self.what}",
                f"Seed {self.seed}, round {self.round}, step {self.step}, {self.clients} clients",
                *more,
                *(f"  {line}" for line in self.history[-_SHOWN:]),
            ]
        )


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a simulation. It is truthy if every law held.

    Attributes:
        seed: the seed.
        steps: the number of steps: in each, one client went on to its next statement or commit.
        rounds: the number of rounds, each with a ledger of its own.
        requests: the number of requests sent, retries included.
        made: the number of committed transitions.
        acknowledged: the number of delivered answers with an exchange.
        refused: the number of answers with a refusal.
        errors: the number of requests that ended with an error: a connection was cut, or the ledger was locked.
        killed: the number of processes that died during a request.
        lost: the number of lost answers.
        keys: the number of replacements of the operator's key.
        jumps: the number of clock jumps.
        digest: a hash over everything that happened: the same for the same seed.
        violation: the first violation of a law; None if there was none.
    """

    seed: int
    steps: int
    rounds: int
    requests: int
    made: int
    acknowledged: int
    refused: int
    errors: int
    killed: int
    lost: int
    keys: int
    jumps: int
    digest: str
    violation: Violation | None

    def __bool__(self) -> bool:
        """Tell whether every law held."""
        return self.violation is None

    def __str__(self) -> str:
        """Return it as text."""
        figures = (
            f"{self.steps:,} steps in {self.rounds:,} rounds of seed {self.seed}: {self.requests:,} requests, "
            f"{self.made:,} transitions, {self.acknowledged:,} acknowledged, {self.refused:,} refused, "
            f"{self.errors:,} errors, {self.killed:,} killed, {self.lost:,} answers lost, {self.keys:,} new keys, "
            f"{self.jumps:,} jumps of a clock"
        )
        return f"{figures}\n{self.violation or 'Every law held.'}"
