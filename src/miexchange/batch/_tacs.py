"""What a TAC says, for whole columns: a table that the TAC itself is the address of.

A search in a sorted table takes 100 to 200 ns a row, an address some 5 ns. The first five digits of a
TAC lead to a page, the last three to a cell of it; only pages that something stands on are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from miexchange.eligibility import brand_key, identity_code, tac_code
from miexchange.imei import Imei, placeholders
from miexchange.refusal import ReasonCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from miexchange.batch._imeis import Numbers
    from miexchange.eligibility import Catalogue, Variant
    from miexchange.imei import TacDevice, TacTable

__all__ = ["Addresses", "TacRules"]

_PAGE = 1_000
_PAGES = 100_000
_BODIES = 1_000_000  # the serial numbers of one TAC; and the TACs of one reporting body


class Addresses:
    """A number for each of many TACs, and 0 for every other one."""

    def __init__(self, numbers: Iterable[tuple[int, int]]) -> None:
        """Write each number, above 0, where its TAC says."""
        found = dict(numbers)
        pages = {page: place for place, page in enumerate(sorted({tac // _PAGE for tac in found}), 1)}
        self._pages = np.zeros(_PAGES, dtype=np.intp)
        self._pages[list(pages)] = np.fromiter(pages.values(), dtype=np.intp) * _PAGE
        self._cells = np.zeros((len(pages) + 1) * _PAGE, dtype=np.intp)
        for tac, number in found.items():
            self._cells[pages[tac // _PAGE] * _PAGE + tac % _PAGE] = number

    def find(self, tacs: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return the number of each TAC.

        >>> Addresses([(35417803, 7)]).find(np.array([35417803, 35417804]))
        array([7, 0])
        """
        page = tacs // _PAGE
        found: NDArray[np.intp] = self._cells[self._pages[page] + (tacs - page * _PAGE)]
        return found


_Sign = tuple[str | None, str, bool]


@dataclass(frozen=True, slots=True)
class TacRules:
    """What `miexchange.eligibility` says of a number, laid out by TAC and family.

    Attributes:
        addresses: which group a TAC belongs to: those of which the same is said, whatever the family.
        verdicts: uint8, a row for each group and a column for each family and for no family at all:
            0 for nothing against it, 1 for an unknown TAC, 2 for that of another model.
        suspects: bool, for each group: whether known placeholders have such a TAC.
        bodies: uint8, for the first two digits of a number: 0 for nothing against them, 1 for a
            test phone's, 2 for no reporting body's.
    """

    addresses: Addresses
    verdicts: NDArray[np.uint8]
    suspects: NDArray[np.bool_]
    bodies: NDArray[np.uint8]
    placeholder_bodies: NDArray[np.int64]

    @classmethod
    def of(cls, tacs: TacTable, catalogue: Catalogue, families: Sequence[Variant]) -> TacRules:
        """Ask the rules once for each group of TACs.

        Args:
            tacs: the table.
            catalogue: the models that exist.
            families: a variant of each family.
        """
        placeholder_bodies = {*map(int, placeholders()), 0}
        suspect_tacs = {body // _BODIES for body in placeholder_bodies}
        brands = {brand_key(variant.brand) for variant in families}
        candidates: dict[int, list[TacDevice]] = {}
        for tac, device in tacs:
            candidates.setdefault(int(tac), []).append(device)
        signs: dict[TacDevice, _Sign] = {}
        groups: dict[tuple[frozenset[_Sign], bool], int] = {(frozenset(), False): 0}
        examples: list[tuple[TacDevice, ...]] = [()]
        numbers = []
        for number in {*candidates, *suspect_tacs}:
            devices = candidates.get(number, [])
            for device in devices:
                if device not in signs:
                    signs[device] = _sign(device, catalogue, brands)
            group = frozenset(signs[device] for device in devices), number in suspect_tacs
            if group not in groups:
                groups[group] = len(groups)
                examples.append(tuple(devices))
            numbers.append((number, groups[group]))
        numbering = {None: 0, ReasonCode.TAC_UNKNOWN: 1, ReasonCode.TAC_OTHER_MODEL: 2}
        verdicts = [[numbering[tac_code(one, family, catalogue)] for family in (*families, None)] for one in examples]
        return cls(
            addresses=Addresses(numbers),
            verdicts=np.array(verdicts, dtype=np.uint8),
            suspects=np.array([suspect for _, suspect in groups]),
            bodies=np.array([_of_body(rbi) for rbi in range(100)], dtype=np.uint8),
            placeholder_bodies=np.array(sorted(placeholder_bodies)),
        )

    def judge(self, numbers: Numbers, family: NDArray[np.intp]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return for each number whether it is a phone's own, and what its TAC says against the family.

        The first is as in `bodies`, and 3 for a placeholder; the second as in `verdicts`.
        """
        group = self.addresses.find(numbers.tac)
        own = self.bodies[numbers.tac // _BODIES]
        suspects = np.flatnonzero(self.suspects[group])
        if suspects.size:
            body = numbers.tac[suspects] * _BODIES + numbers.rest[suspects] // 10
            own[suspects[np.isin(body, self.placeholder_bodies)]] = 3
        verdict = self.verdicts.ravel()[group * self.verdicts.shape[1] + family]
        return own, cast("NDArray[np.uint8]", verdict)


def _sign(device: TacDevice, catalogue: Catalogue, brands: set[str]) -> _Sign:
    """Return all of a device that a rule about TACs can see: TACs of equal devices form one group."""
    brand = device.brand if brand_key(device.brand) in brands else ""
    return catalogue.family_of(device.brand, device.model), brand, not device.model


def _of_body(rbi: int) -> int:
    code = identity_code(Imei.from_body(f"{rbi:02}{1:012}"))
    return {None: 0, ReasonCode.IMEI_TEST: 1, ReasonCode.IMEI_REPORTING_BODY: 2}[code]
