"""The day of an instant in a programme's zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miexchange._value import require

if TYPE_CHECKING:
    from miexchange.batch.plan._arrays import ZoneTurns
    from miexchange.sql._ints import Int, Ints

__all__ = ["local_day"]

_DAY = 86_400_000_000  # microseconds
_CYCLE = 146_097 * _DAY  # 400 years, after which the calendar is the same to the weekday
_RULED = 4_102_444_800_000_000  # 2100: from here on a rule determines the transitions of a zone, the same in each cycle


def local_day(ints: Ints, at: Int, zone: ZoneTurns) -> Int:
    """Return the day of an instant, in days since 1970.

    The transitions of a zone repeat every 400 years from 2100 on: a later instant is mapped into the first cycle.
    """
    starts = [int(start) for start in zone.starts[1:]]
    offsets = [int(offset) for offset in zone.offsets]
    first = [place for place, start in enumerate(starts) if start < _RULED + _CYCLE]
    if len(first) < len(starts):
        before = sum(start < _RULED for start in starts)
        is_ring = offsets[before] == offsets[len(first)]
        require(is_ring, "programme", None, "give another zone", "has a zone whose clocks follow no rule")
        cycles = ints.choose(at >= _RULED, (at - _RULED) // _CYCLE, ints.of(0))
        at_first = at - cycles * _CYCLE
    else:
        at_first = at
    ahead = ints.steps(
        at_first, [starts[place] for place in first], [ints.of(one) for one in offsets[: len(first) + 1]]
    )
    return (at + ahead) // _DAY
