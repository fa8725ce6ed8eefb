"""Laws as assertions for your test suite: for your own programmes, services, tables and ledgers.

They need the extra ``testing``; `assert_parity` needs ``batch`` as well, `assert_spent_once` and `LedgerMachine` need
``ledger``. With the extra ``prove`` a law of programmes is proved for all prices and answers; without it,
counterexamples are searched for.

>>> from miexchange import Programme
>>> assert_monotone(Programme.load("uk-trade-in"))
"""

from miexchange._extras import extra

with extra("testing", "miexchange.laws"):
    from miexchange.laws._ledgers import assert_spent_once
    from miexchange.laws._machine import LedgerMachine
    from miexchange.laws._programmes import assert_compatible, assert_monotone
    from miexchange.laws._quotes import assert_exact, assert_replays
    from miexchange.laws._tables import assert_parity

__all__ = [
    "LedgerMachine",
    "assert_compatible",
    "assert_exact",
    "assert_monotone",
    "assert_parity",
    "assert_replays",
    "assert_spent_once",
]
