"""Whether fits find a known truth again: how often it lies in their 95 % intervals.

python benchmarks/tuning/recovery.py [--quick]
"""

from __future__ import annotations

from _given import arguments, print_table

from miexchange.tuning import DeductionModel, DepreciationCurve, simulate_market, simulate_quotes


def rates_held(seed: int) -> list[bool]:
    """Tell for each stretch of age whether its true rate lies in the interval."""
    market = simulate_market(800, seed=seed)
    summary = DepreciationCurve(knots=(6.0, 12.0, 24.0)).fit(market, year_col=None).summary.loc["age"]
    truth = [-rate for rate in market.attrs["truth"]["rates"]]
    return [low <= rate <= high for rate, low, high in zip(truth, summary["low"], summary["high"], strict=True)]


def brands_held(seed: int) -> list[bool]:
    """Tell for each brand whether its true offset lies in the interval."""
    market = simulate_market(800, seed=seed)
    summary = DepreciationCurve().fit(market, year_col=None).summary.loc["brand"]
    truth = market.attrs["truth"]["brands"]
    rows = zip(summary.index, summary["low"], summary["high"], strict=True)
    return [low <= truth[name] <= high for name, low, high in rows]


def weights_held(seed: int) -> list[bool]:
    """Tell for each finding that is no base whether its true weight lies in the interval."""
    quotes, scales = simulate_quotes(150, seed=seed)
    summary = DeductionModel(scales, weight_noise=0.007).fit(quotes).summary
    truth = quotes.attrs["truth"]["weights"]
    held = []
    for _, family in summary.groupby("anchor"):
        base = truth[family.index[(family["weight"] == 1.0) & (family["se"] == 0.0)][0]]
        for name, row in family[family["se"] > 0].iterrows():
            held.append(bool(row["low"] <= truth[name] / base <= row["high"]))
    return held


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__)
    worlds = 3 if asked.quick else 160
    table = []
    for what, held in (("rates of age", rates_held), ("brand offsets", brands_held), ("weights", weights_held)):
        found = [one for seed in range(worlds) for one in held(seed)]
        table.append((what, f"{len(found)}", f"{100 * sum(found) / len(found):.1f} %", "95 %"))
    print_table(
        f"Recovery of known truths in {worlds} worlds", ("what", "intervals", "hold the truth", "stated"), table
    )


if __name__ == "__main__":
    main()
