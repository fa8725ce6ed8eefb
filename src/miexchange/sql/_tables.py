"""The lookup tables of a query, in integers: models, their periods, and TACs."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from miexchange.batch.plan._tacs import PAGE
from miexchange.eligibility import naming_code
from miexchange.refusal import ReasonCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from miexchange.batch.plan._plan import Plan

    Column = NDArray[np.int64]

__all__ = ["Layout", "Tables", "layout_of"]

_BODIES = 100  # the first two digits of a TAC


class Tables(NamedTuple):
    """The tables of a query.

    Attributes:
        names: `name` and `key`: the name of a device, and its model; with `family`, whose TACs fit.
        periods: `period` and the model's rules in it; by key and period.
        tacs: `tac` and its `tac_group`, those with the same reasons.
        fits: `pair` of group and family, and `said`, its reasons, if they differ from those of most families.
    """

    names: tuple[list[str], Column, Column]
    periods: dict[str, Column]
    tacs: dict[str, Column]
    fits: dict[str, Column]


class Layout(NamedTuple):
    """A plan as tables.

    Attributes:
        starts: the instants of a change for some model, in microseconds since 1970, without the first.
        unknown: the key and family of an unknown name.
        missing: the key and family of an empty name.
        families: the number of families, including one for none.
        bodies: the group of a TAC that is not in the table, by its first two digits.
        said: the reasons for most families, by group.
        suspects: whether known placeholders have such a TAC, by group.
        tables: the tables.
    """

    starts: list[int]
    unknown: tuple[int, int]
    missing: tuple[int, int]
    families: int
    bodies: Column
    said: Column
    suspects: Column
    tables: Tables


@lru_cache(8)
def layout_of(plan: Plan, names: frozenset[str] = frozenset()) -> Layout:
    """Lay a plan out.

    Args:
        plan: the programme in arrays.
        names: the possible names of devices besides their models' ids.
    """
    rules = plan.rules
    starts = np.unique(rules.starts)
    catalogue = plan.programme.catalogue
    keys = {variant.model: plan.keys[variant.model] for variant in catalogue}
    for name in sorted(names):
        variant = catalogue.named(name)
        key = plan.keys[naming_code(name, catalogue) if variant is None else variant.model]
        if key != plan.keys[ReasonCode.MODEL_UNKNOWN]:
            keys.setdefault(name, key)
    numbers = np.array(list(keys.values()), dtype=np.int64)
    unknown, missing = plan.keys[ReasonCode.MODEL_UNKNOWN], plan.keys[ReasonCode.INVALID_VALUE]
    tacs, said, bodies = _tacs(plan)
    fits, most = _fits(said)
    return Layout(
        starts=[int(start) for start in starts[1:]],
        unknown=(unknown, int(rules.family[unknown])),
        missing=(missing, int(rules.family[missing])),
        families=said.shape[1],
        bodies=bodies,
        said=most,
        suspects=rules.tacs.suspects.astype(np.int64),
        tables=Tables(
            (list(keys), numbers, rules.family[numbers].astype(np.int64)), _periods(plan, starts), tacs, fits
        ),
    )


def _periods(plan: Plan, starts: Column) -> dict[str, Column]:
    """Return the rules in force for each key from each instant of a change for any of them."""
    rules = plan.rules
    places = np.concatenate(
        [
            first + np.searchsorted(rules.starts[first : last + 1], starts, "right") - 1
            for first, last in zip(rules.first.astype(np.int64), rules.last.astype(np.int64), strict=True)
        ]
    )
    anchors = {f"anchor {place}": rules.anchors[:, place] for place in range(rules.anchors.shape[1])}
    facts: Mapping[str, NDArray[np.generic]] = {
        "against": rules.reasons,
        "doubts": rules.doubts,
        "hours": rules.hours,
        "asked": rules.asked,
        "offer": rules.offer,
        "terms": rules.terms,
        "price": rules.price,
        "priced_from": rules.priced_from,
        "scrap": rules.scrap,
        **anchors,
    }
    period = {"period": np.arange(len(places), dtype=np.int64)}
    return period | {name: fact[places].astype(np.int64) for name, fact in facts.items()}


def _tacs(plan: Plan) -> tuple[dict[str, Column], Column, Column]:
    """Return the TACs with their groups, the reasons of each group by family, and the groups of all other TACs."""
    rules = plan.rules.tacs
    cells, pages = rules.cells.astype(np.int64), rules.pages.astype(np.int64)
    bodies = cells[np.arange(_BODIES) * PAGE]
    own = np.flatnonzero(pages >= _BODIES * PAGE)  # not the common page of a body
    tacs = (own[:, None] * PAGE + np.arange(PAGE)).ravel()
    groups = cells[(pages[own][:, None] + np.arange(PAGE)).ravel()]
    is_own = groups != bodies[tacs // (PAGE * PAGE)]
    said = rules.reasons[rules.said]
    return {"tac": tacs[is_own], "tac_group": groups[is_own]}, said, bodies


def _fits(said: Column) -> tuple[dict[str, Column], Column]:
    """Return the reasons for most families by group, and the pairs of group and family that differ."""
    most = np.array([_common(row) for row in said], dtype=np.int64)
    groups, families = np.nonzero(said != most[:, None])
    return {"pair": groups * said.shape[1] + families, "fit": said[groups, families]}, most


def _common(numbers: Iterable[int]) -> int:
    values, counts = np.unique(np.asarray(numbers), return_counts=True)
    return int(values[np.argmax(counts)])
