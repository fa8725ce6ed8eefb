"""Storms: many workers do what the ledger must withstand; small in the tests, as large as the promise in `make prove`.

python storms.py forks URL CHILDREN EACH PATIENCE [careless]     a server that forks workers while it serves
python storms.py STORM URL WORKERS THINGS SEED TURN               the processes of any other storm

Each storm is one function that returns its figures; `broken` lists the figures that break a promise. A storm is run by
threads or by processes, each worker draws from a seed of its own, and no worker reads a clock. `test_storms.py` runs
each of them against a careless ledger, too: a storm that cannot fail proves nothing.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ledger.storm_devices import keys, sims
from ledger.storm_limits import limits
from ledger.storm_quotas import quotas
from ledger.storm_quotes import forge, forged, honest
from ledger.storm_servers import fork, serve_and_fork, skew
from ledger.storm_workers import Figures, fork_workers

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["STORMS", "Figures", "forge", "forged", "fork", "honest", "keys", "limits", "quotas", "sims", "skew"]

STORMS: dict[str, Callable[..., Figures]] = {
    "forge": forge,
    "skew": skew,
    "sims": sims,
    "keys": keys,
    "quotas": quotas,
    "limits": limits,
}
"""The storms that are run by threads and by processes."""

if __name__ == "__main__":
    name, where, *sizes = sys.argv[1:]
    if name == "forks":
        serve_and_fork(where, *map(int, sizes[:3]), careless=sizes[3:] == ["careless"])
    else:
        workers_, things_, seed_, turn_ = map(int, sizes)
        fork_workers(name, where, workers_, things_, seed_, turn_)
