"""The best offer on simulated books: how near it comes to the planted optimum, and what its interval holds.

python benchmarks/tuning/offers.py [--quick]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from _given import arguments, print_table

from miexchange.tuning import AcceptanceModel, simulate_offers

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]

BOOKS, GOAL = 100, 95
SIZES = (500, 2_000, 10_000)
STEP = 1_000
WITHIN = 0.02


def planted(offers: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return the best offer of each device by the planted curve, tried step by step, and what each step earns."""
    truth = offers.attrs["truth"]
    market, resale = (offers[name].to_numpy(dtype=np.float64) for name in ("market_minor", "resale_minor"))
    low, high = (bound(offers["offer_minor"] / offers["market_minor"]) for bound in (min, max))
    best, earned = np.zeros(len(offers)), np.full(len(offers), -np.inf)
    for share in np.linspace(low, high, 400):
        offer = np.floor(share * market / STEP) * STEP
        margin = worth(offer, market, resale, truth)
        best, earned = np.where(margin > earned, offer, best), np.maximum(margin, earned)
    return best, earned


def worth(offer: Floats, market: Floats, resale: Floats, truth: dict[str, float]) -> Floats:
    """Return the expected margin of offers by the planted curve."""
    odds = truth["level"] + truth["slope"] * np.log(offer / market)
    found: Floats = (resale - offer) / (1 + np.exp(-odds))
    return found


def measured(size: int, seed: int) -> tuple[float, float, float]:
    """Return by how much offers miss the planted ones, what share of the margin is lost, and what intervals hold."""
    offers = simulate_offers(size, seed=seed)
    found = AcceptanceModel().fit(offers).best(offers, step_minor=STEP).frame
    best, earned = planted(offers)
    made = found["offer_minor"].to_numpy(dtype=np.float64)
    market, resale = (offers[name].to_numpy(dtype=np.float64) for name in ("market_minor", "resale_minor"))
    margin = worth(made, market, resale, offers.attrs["truth"]).sum()
    held = (found["low_minor"] <= best) & (best <= found["high_minor"])
    missed = np.abs(made / best - 1).mean()
    return float(missed), float(1 - margin / earned.sum()), float(held.mean())


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__)
    table = []
    for size in SIZES[: 1 if asked.quick else None]:
        books = 5 if asked.quick else BOOKS
        missed, lost, held = zip(*(measured(size, seed) for seed in range(books)), strict=True)
        near = 100 * float(np.mean(np.array(missed) <= WITHIN))
        table.append(
            (
                f"{size:,}",
                f"{near:.0f} % of {books} (>= {GOAL}: {'met' if near >= GOAL else 'missed'})",
                f"{100 * max(missed):.2f} %",
                f"{100 * max(lost):.2f} %",
                f"{100 * float(np.mean(held)):.1f} %",
            )
        )
    head = ("offers", "best offer within 2 %", "the worst book", "margin lost at most", "95 % intervals hold")
    print_table("The best offer on simulated books", head, table)


if __name__ == "__main__":
    main()
