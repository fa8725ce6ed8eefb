"""Small steps of fitting deductions: texts of findings, scatter within devices, weights that never fall."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from miexchange.market import broader
from miexchange.money import BPS
from miexchange.tuning._checks import duplicates, named_rows, warn
from miexchange.tuning._normal import TO_SIGMA

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

    from miexchange.tuning._additive import Floats
    from miexchange.tuning.scales import Scale

__all__ = [
    "CLEAN",
    "bases_of",
    "dispersion",
    "joined",
    "keeps_of",
    "make_monotone",
    "scatter",
    "shared_out",
    "split",
    "spread_of",
    "warn_of",
]

CLEAN = "clean"
"""The name for no finding."""

_BELIEVED = 10.0  # the weight of the prior, in residuals, beside the observed ones
_FEWEST_FOR_A_SCATTER = 6  # rows of devices with several
_LEAST_APART = 0.2  # of a row's deviation is seen in its own mean, however much of the mean it makes
_MOST_EXACT = 3.0  # the least own scatter of a finding, as a share of that of all


def keeps_of(scales: Sequence[Scale], quoted: Collection[str]) -> dict[str, float]:
    """Return the share that the grade of each finding keeps: weights take over what only the grade took before.

    Shares are relative to the best grade. Quotes tell the whole cost of a finding. If every finding that leads to a
    grade is quoted, the grade takes no more than the answers without a weight do; if one is not, it takes as much as
    before.
    """
    steps: dict[int, list[tuple[str, int]]] = {}
    kept: dict[str, float] = {}
    for scale in scales:
        kept |= dict.fromkeys(scale.findings, 1.0)
        for finding, keep, other in zip(scale.findings, scale.keeps_bps, scale.others_bps, strict=False):
            steps.setdefault(keep, []).append((finding, other))
    before = best = max((scale.best_bps for scale in scales), default=BPS)
    for keep in sorted(steps, reverse=True):
        names = [finding for finding, _ in steps[keep]]
        others = min(other for _, other in steps[keep])
        before = min(before, others if set(names) <= set(quoted) else keep)
        kept |= dict.fromkeys(names, before / best)
    return kept


def bases_of(families: Mapping[str, str], rows: pd.DataFrame) -> dict[str, str]:
    """Return the finding of weight 1 in each family: the one quoted most often.

    Args:
        families: the family of each finding.
        rows: quotes, with the findings of each in `named`.
    """
    counts = Counter(name for names in rows["named"] for name in names)
    bases: dict[str, str] = {}
    for finding, family in families.items():
        if family not in bases or counts[finding] > counts[bases[family]]:
            bases[family] = finding
    return bases


def joined(families: Iterable[str], quoted: Iterable[str]) -> dict[str, str]:
    """Map each unquoted family to the first quoted one of the same component, if there is one.

    >>> joined(["display.glass", "display.touch", "body"], ["display.glass"])
    {'display.touch': 'display.glass'}
    """
    told = sorted(set(quoted))
    found = {}
    for family in dict.fromkeys(families):
        within = {*broader(family)} - {family}
        near = next((other for other in told if within & {*broader(other)}), None)
        if family not in told and near is not None:
            found[family] = near
    return found


def spread_of(means: Floats, variances: Floats, before: float) -> float:
    """Return the standard deviation of effects that are shrunk to 0, from their means and variances; else `before`.

    >>> round(spread_of(np.array([0.3, -0.3]), np.array([0.16, 0.16]), 0.2), 3)
    0.5
    """
    return float(np.clip(np.sqrt(np.mean(means**2 + variances)), 0.02, 1.0)) if len(means) else before


def dispersion(squares: Floats, freedom: float) -> float:
    """Return the variance of residuals relative to the prior one; 1 if there is nothing to estimate it from.

    Args:
        squares: the square of each residual, in units of its prior variance.
        freedom: the residual degrees of freedom.

    >>> dispersion(np.full(90, 0.5), 90.0)
    0.55
    """
    return (float(squares.sum()) + _BELIEVED) / (max(freedom, 0.0) + _BELIEVED)


def scatter(
    left: Floats, noise: Floats, finding: npt.NDArray[np.object_], codes: npt.NDArray[np.intp], relative: Floats
) -> Floats:
    """Return for each row the scatter of its finding beside the others of its device; 0 where it cannot be estimated.

    Args:
        left: the residuals of the fixed part, in logarithms.
        noise: the prior variance of each row.
        finding: the finding of each row.
        codes: the device and family of each.
        relative: the standard deviation that rounding explains.
    """
    weight = 1.0 / noise
    total = np.bincount(codes, weight)
    share = weight / total[codes]
    several = np.bincount(codes)[codes] > 1
    if several.sum() < _FEWEST_FOR_A_SCATTER:
        return np.zeros(len(left))
    means = np.bincount(codes, weight * left) / total
    apart = (left - means[codes]) / np.sqrt(np.maximum(1.0 - share, _LEAST_APART))

    def seen(rows: npt.NDArray[np.bool_]) -> float:
        found = float(TO_SIGMA * np.median(np.abs(apart[rows]))) ** 2 - float(np.median(relative[rows] ** 2))
        return float(np.sqrt(max(found, 0.0)))

    pooled = seen(several)
    found = np.full(len(left), pooled)
    for name in set(finding.tolist()):
        own = finding == name
        if (several & own).sum() >= _FEWEST_FOR_A_SCATTER:
            found[own] = max(seen(several & own), pooled / _MOST_EXACT)
    return found


def shared_out(
    rows: pd.DataFrame,
) -> tuple[pd.DataFrame, npt.NDArray[np.object_], Floats, npt.NDArray[np.bool_]]:
    """Split each row's cost evenly among its findings, where none occurs alone."""
    times = rows["named"].str.len().to_numpy()
    spread = rows.loc[rows.index.repeat(times)].reset_index(drop=True)
    finding = np.array([name for names in rows["named"] for name in names], dtype=object)
    return spread, finding, np.repeat(rows["cost"].to_numpy() / times, times), np.ones(len(spread), dtype=bool)


def split(text: str) -> tuple[str, ...]:
    """Return the findings that a text names, without duplicates."""
    names = [part.strip() for part in text.split("+")]
    return tuple(name for name in dict.fromkeys(names) if name and name != CLEAN)


def make_monotone(scale: Scale, logs: dict[str, float], errors: dict[str, float]) -> None:
    """Make the weights of a scale rise with severity: pool neighbours that fall (PAVA)."""
    blocks: list[tuple[float, float, list[str]]] = []
    for name in scale.findings:
        value, mass, names = logs[name], 1.0 / (errors[name] ** 2 + 1e-8), [name]
        while blocks and blocks[-1][0] > value:
            before, heavy, others = blocks.pop()
            value, mass, names = (before * heavy + value * mass) / (heavy + mass), heavy + mass, [*others, *names]
        blocks.append((value, mass, names))
    for value, _, names in blocks:
        for name in names:
            logs[name] = value


def warn_of(quotes: pd.DataFrame, price: Floats, clean: Floats, named: list[tuple[str, ...]]) -> None:
    """Warn of quotes that repeat earlier ones, and of damaged ones that pay no less than clean."""
    repeated = duplicates(quotes)
    if repeated.any():
        warn(f"{named_rows(quotes.index[repeated])} repeat earlier rows, so they count twice: drop_duplicates first")
    paying = np.array([bool(names) for names in named]) & (price >= clean)
    if paying.any():
        warn(f"{named_rows(quotes.index[paying])} are damaged and quoted no less than clean: they are left out")
