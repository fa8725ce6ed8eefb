"""The law of bounds: no input below 1 MB takes more than a second or 300 MB, whatever stands in it.

The second is of processor time, in a process that has paid for its imports; see `property.bounded`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("resource", reason="processor time and memory are measured where processes fork")

from property.bounded import MEGABYTES, SECONDS, YARDSTICK, Door, Meter, pace_of

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULES = (
    *("property.core_doors", "property.programme_doors", "property.batch_doors"),
    *("property.price_list_doors", "property.book_doors"),
)
"""Where doors stand, each module with a `DOORS`."""

DOORS: dict[tuple[str, str], Door] = {
    (module, name): door for module in MODULES for name, door in importlib.import_module(module).DOORS.items()
}


@pytest.fixture(scope="module")
def meter() -> Iterator[Meter]:
    with Meter() as one:
        yield one


@pytest.mark.sweep
@pytest.mark.parametrize(("module", "name"), DOORS, ids=lambda part: str(part).removeprefix("property."))
def test_no_small_input_is_expensive(meter: Meter, module: str, name: str) -> None:
    """Bounds: below 1 MB, at most 1 s and 300 MB, an error or a refusal of ours, and one that is itself short."""
    found = {given: meter.cost(module, name, given) for given in DOORS[module, name].inputs}
    assert {given: cost for given, cost in found.items() if not cost.is_lawful} == {}


# The measure itself, with doors that break the law.

PROBES = "property.broken_doors"


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("slow", "died of signal 9"),
        ("large", "int"),
        ("greedy", "MemoryError()"),
        ("foreign", "KeyError('none')"),
        ("dead", "died of signal 9"),
        ("talkative", "DataError"),
    ],
)
def test_the_measure_finds_what_breaks_the_law(meter: Meter, name: str, outcome: str) -> None:
    cost = meter.cost(PROBES, name, "it")
    assert cost.outcome == outcome
    assert not cost.is_lawful
    assert (cost.seconds > SECONDS) is (name == "slow")
    assert (cost.megabytes > MEGABYTES) is (name == "large")


def test_the_measure_lets_the_next_one_pass(meter: Meter) -> None:
    assert meter.cost(PROBES, "quick", "it").is_lawful


def test_a_slow_machine_is_given_its_time() -> None:
    """Where the yardstick takes twice as long, so may a door; a fast machine gets no less than a second."""
    assert pace_of(2 * YARDSTICK) == 2
    assert pace_of(YARDSTICK / 2) == 1
