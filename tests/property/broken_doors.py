"""Doors that break the law of bounds, each in its own way: what the measure of `property.bounded` must find."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from miexchange.errors import DataError, Problem
from property.bounded import GREATEST_ANSWER, Door

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DOORS"]


def _slow() -> None:
    while True:
        time.process_time()


def _large() -> int:
    return len(b"1" * 400_000_000)


def _greedy() -> list[bytes]:
    return [bytes(1 << 30) for _ in range(8)]


def _foreign() -> object:
    known: dict[str, object] = {}
    return known["none"]


def _dead() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _talkative() -> None:
    raise DataError((Problem("f", 1, "c", "x" * 900, "r"),) * (GREATEST_ANSWER // 900 + 1))


def _quick() -> None:
    pass


def _door(broken: Callable[[], object]) -> Door:
    def opened(given: str) -> object:
        return broken() if given == "it" else None

    return Door(opened, lambda: "ordinary", {"it": lambda: "it"})


DOORS: dict[str, Door] = {
    probe.__name__.removeprefix("_"): _door(probe)
    for probe in (_slow, _large, _greedy, _foreign, _dead, _talkative, _quick)
}
