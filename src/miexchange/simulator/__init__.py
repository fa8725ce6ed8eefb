"""A seeded simulator: clients, crashes, lost answers and wrong clocks against a ledger, with laws after every step.

It needs the extra ``ledger``. The seed determines everything that happens, so that a finding can be
replayed and shortened.

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
