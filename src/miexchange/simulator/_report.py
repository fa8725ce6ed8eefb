"""The report of a simulation: figures, or a violation with its history, on one screen."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Report", "Violation"]

_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Violation:
    """A law that did not hold, and how to see it again: `replay` makes the same history of the same seed.

    Attributes:
        law: the law.
        what: what was seen instead.
        seed: the seed of the simulation.
        round: the number of the round, from 0; each has a ledger of its own.
        step: the step of the round at which it was seen.
        steps: how many steps the round was to have: all that is under way then ends, and is looked at as a whole.
        clients: how many clients there were at most.
        is_plain: whether the round was one without faults, clocks that jump and new keys, as `shorten` tries them.
        history: what happened until then, one line each; of a long round the last lines.
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
        """Return it for a screen."""
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
        steps: how many steps were made: one client went on to its next statement or commit.
        rounds: how many rounds, each with a ledger of its own.
        requests: how many requests were sent, again or for the first time.
        made: how many transitions were committed.
        acknowledged: how many answers with an exchange were delivered.
        refused: how many answers with a refusal.
        errors: how many requests ended with an error: a connection was cut, or the ledger was locked.
        killed: how many processes died in the middle of a request.
        lost: how many answers were lost on the way.
        keys: how often the operator's key was replaced.
        jumps: how often a clock jumped.
        digest: a hash over everything that happened: the same seed has the same.
        violation: the first law that did not hold; None where all did.
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
        """Return it for a screen."""
        figures = (
            f"{self.steps:,} steps in {self.rounds:,} rounds of seed {self.seed}: {self.requests:,} requests, "
            f"{self.made:,} transitions, {self.acknowledged:,} acknowledged, {self.refused:,} refused, "
            f"{self.errors:,} errors, {self.killed:,} killed, {self.lost:,} answers lost, {self.keys:,} new keys, "
            f"{self.jumps:,} jumps of a clock"
        )
        return f"{figures}\n{self.violation or 'Every law held.'}"
