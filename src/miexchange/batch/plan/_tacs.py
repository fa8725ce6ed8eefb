"""The reasons by TAC, laid out as `TacRules`: `miexchange.eligibility` is asked once for each group of TACs."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from miexchange._decisions import BITS
from miexchange.batch.plan._arrays import TacRules
from miexchange.eligibility import identity_code, reading_code, tac_code
from miexchange.imei import Imei, placeholders

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from miexchange._makers import TacReading
    from miexchange.batch.plan._arrays import Positions
    from miexchange.catalogue import Catalogue, Variant
    from miexchange.refusal import ReasonCode
    from miexchange.tac import TacDevice, TacTable

__all__ = ["PAGE", "SERIALS", "addresses", "devices_of", "tac_rules"]

PAGE = 1_000
"""The number of TACs of a page: those that differ in the last three digits."""

SERIALS = 1_000_000
"""The number of serial numbers of a TAC."""

_BODIES = 100  # the first two digits
_TACS = 1_000_000  # of each of them

_Group = tuple["frozenset[TacReading]", "ReasonCode | None", bool]
"""All that a rule can see of an IMEI: its candidates, its first digits, whether it may be a placeholder."""


def addresses(numbers: Mapping[int, int], others: Sequence[int] = (0,) * _BODIES) -> tuple[Positions, Positions]:
    """Store one number for each TAC in pages that the TAC itself addresses; return the pages and the cells.

    Args:
        numbers: TACs and their numbers.
        others: the number of any other TAC, by its first two digits.
    """
    places = {page: place for place, page in enumerate(sorted({tac // PAGE for tac in numbers}), _BODIES)}
    pages = np.repeat(np.arange(_BODIES, dtype=np.uint32), _TACS // PAGE) * np.uint32(PAGE)
    pages[list(places)] = np.array(list(places.values()), dtype=np.uint32) * np.uint32(PAGE)
    filling = [*others, *(others[page * PAGE // _TACS] for page in places)]
    cells = np.repeat(np.array(filling, dtype=np.uint32), PAGE)
    for tac, number in numbers.items():
        cells[places[tac // PAGE] * PAGE + tac % PAGE] = number
    return pages, cells


def devices_of(tacs: TacTable) -> dict[int, tuple[TacDevice, ...]]:
    """Return the devices of every TAC."""
    return {int(tac): tuple(device for _, device in rows) for tac, rows in groupby(tacs, itemgetter(0))}


def tac_rules(tacs: TacTable, catalogue: Catalogue, families: Sequence[Variant]) -> TacRules:
    """Ask the rules.

    Args:
        tacs: the table.
        catalogue: the models that exist.
        families: a variant of each family.
    """
    bodies = {*map(int, placeholders()), 0}
    suspects = {body // SERIALS for body in bodies}
    candidates = devices_of(tacs)
    # Even a TAC that the table lacks has a reporting body; the first groups hold those.
    own = [identity_code(Imei.from_body(f"{body:02}{1:012}")) for body in range(_BODIES)]
    kinds = list(dict.fromkeys([None, *own]))
    groups: dict[_Group, int] = {(frozenset(), kind, False): number for number, kind in enumerate(kinds)}
    examples: dict[_Group, tuple[TacDevice, ...]] = dict.fromkeys(groups, ())
    numbers = {}
    for tac_number in {*candidates, *suspects}:
        devices = candidates.get(tac_number, ())
        body = own[tac_number // _TACS]
        group = frozenset(map(catalogue.tac_reading, devices)), body, tac_number in suspects
        examples.setdefault(group, devices)
        numbers[tac_number] = groups.setdefault(group, len(groups))
    said = {}
    for devices in set(examples.values()):
        readings = list(map(catalogue.tac_reading, devices))  # once, and not for each family
        codes = [reading_code(readings, family) if readings else tac_code((), family, catalogue) for family in families]
        said[devices] = np.array([*map(_bit, codes), _bit(tac_code(devices, None, catalogue))], dtype=np.int64)
    pages, cells = addresses(numbers, [kinds.index(code) for code in own])
    every = np.concatenate([said[examples[group]] | _bit(group[1]) for group in groups])
    reasons, positions = np.unique(every, return_inverse=True)
    return TacRules(
        pages,
        cells,
        said=positions.astype(np.uint8).reshape(len(groups), len(families) + 1),
        reasons=reasons,
        suspects=np.array([suspect for *_, suspect in groups]),
        placeholders=np.array(sorted(bodies)),
    )


def _bit(code: ReasonCode | None) -> int:
    return 0 if code is None else BITS[code]
