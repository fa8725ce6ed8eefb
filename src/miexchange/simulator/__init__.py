"""A seeded simulator: clients, crashes, lost answers and wrong clocks against a ledger, and laws after every step.

It comes with the extra ``ledger``. One seed gives everything that happens, and the same seed gives it again: so what
was found can be replayed, and made shorter.

>>> report = simulate(seed=7, steps=200)
>>> bool(report), report.digest == simulate(seed=7, steps=200).digest
(True, True)
"""

from __future__ import annotations

from miexchange._extras import extra

with extra("ledger", "miexchange.simulator"):
    from miexchange.simulator._report import Report, Violation
    from miexchange.simulator._simulate import replay, shorten, simulate

__all__ = ["Report", "Violation", "replay", "shorten", "simulate"]
