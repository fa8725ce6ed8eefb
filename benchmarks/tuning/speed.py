"""How long fitting 100,000 observations takes, and a backtest and a comparison of a book of a million rows.

All rows are made by the package's own generators.

python benchmarks/tuning/speed.py [--quick]
"""

from __future__ import annotations

import resource
import time
import warnings
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, TypeVar

from _given import arguments, met, print_table

from miexchange import Programme
from miexchange.tuning import (
    ByDevice,
    DeductionModel,
    DepreciationCurve,
    Observations,
    PriceTableBuilder,
    TuningWarning,
    backtest,
    compare,
    simulate_deals,
    simulate_market,
    simulate_observations,
    simulate_quotes,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
AT = datetime(2018, 4, 20, 12, tzinfo=UTC)
LIMIT = 10.0  # seconds
MEMORY = 1.2  # GB, of a backtest of a million rows


def timed(call: Callable[[], _T]) -> tuple[float, _T]:
    """Return how many seconds a call takes, and what it returns."""
    begin = time.perf_counter()
    result = call()
    return time.perf_counter() - begin, result


def peak_gb() -> float:
    """Return the greatest memory that this process has held, in GB; Linux counts it in kB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__)
    rows, book_rows = (2_000, 2_000) if asked.quick else (100_000, 1_000_000)
    warnings.simplefilter("ignore", TuningWarning)  # made rows repeat one another; that is no news here
    programme = Programme.load("graded-trade-in")
    raw = simulate_observations(programme, rows, seed=1)
    market = simulate_market(rows, seed=2)
    quotes, scales = simulate_quotes(rows // 4, seed=3)
    read, found = timed(lambda: Observations.read(raw, programme.catalogue, as_of=date(2018, 6, 30)))
    dates, zone = [date(2018, 5, 15), date(2018, 6, 15)], programme.zone
    prices, _ = timed(lambda: PriceTableBuilder(minimum=1).fit(found, zone=zone, dates=dates))
    curve, _ = timed(lambda: DepreciationCurve().fit(market))
    two, _ = timed(lambda: DepreciationCurve(age="two_rate").fit(market))
    deductions, _ = timed(lambda: DeductionModel(scales).fit(quotes))
    table = [
        (f"read {rows:,} observations", f"{read:.2f} s", ""),
        (f"price table of {len(found):,} observations, 2 dates", f"{prices:.2f} s", ""),
        (f"depreciation curve of {rows:,} prices", f"{curve:.2f} s", ""),
        (f"deductions of {len(quotes):,} quotes, {rows // 4:,} devices", f"{deductions:.2f} s", ""),
    ]
    table.append((f"two rates, with their break, of {rows:,} prices", f"{two:.2f} s", met(two, LIMIT)))
    whole = read + prices + curve + deductions
    table.append(("all of the fitting", f"{whole:.2f} s", met(whole, LIMIT)))
    deals = simulate_deals(programme, book_rows, seed=4, at=AT)
    book = deals.drop(columns="price_minor")
    one, _ = timed(lambda: backtest(programme, deals, split=ByDevice(), at=AT).summary)
    memory = peak_gb()
    other = Programme.load("mi-exchange-india")
    two, _ = timed(lambda: compare(programme, other, book, at=AT).summary)
    table.append((f"backtest of {len(deals):,} deals, 5 folds", f"{one:.2f} s", met(one, LIMIT)))
    table.append((f"compare two programmes on {len(book):,} devices", f"{two:.2f} s", met(two, LIMIT)))
    table.append(("peak memory of the process up to the backtest", f"{memory:.2f} GB", f"{met(memory, MEMORY)} (GB)"))
    print_table("Speed of tuning", ("what", "time", "limit in s"), table)


if __name__ == "__main__":
    main()
