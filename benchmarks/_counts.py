"""How much work a call is: counts, which are the same on a busy machine, where times are not.

A call of Python's or C's is counted by the profiler, and an instruction is one of bytecode. What a C function does is
in neither. Nothing is counted before a call ran twice, so that caches are full.
"""

from __future__ import annotations

import gc
import json
import pickle
import sys
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from _phones import AT, MODEL, PROGRAMMES, faulty
from loading import write_large
from miexchange import Condition, Device, ImeiStatus, Programme, TacTable, appraise
from redeeming import ACCOUNT, ORDER, coupon_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["calls_of", "instructions_of", "of_phones", "of_programmes"]

TAC_ROWS = 2_000


def calls_of(work: Callable[[], object]) -> int:
    """Return the number of calls, of Python and of C functions."""
    count = 0

    def on_event(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    with _ready(work):
        before = sys.getprofile()
        sys.setprofile(on_event)
        try:
            work()
        finally:
            sys.setprofile(before)
    return count - 1  # the call that ends the profile


def instructions_of(work: Callable[[], object]) -> int:
    """Return the number of instructions of bytecode."""
    count = 0

    def on_event(frame: Any, event: str, _argument: object) -> Any:  # noqa: ANN401 - a trace function of sys.settrace
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return on_event

    with _ready(work):
        before = sys.gettrace()
        sys.settrace(on_event)
        try:
            work()
        finally:
            sys.settrace(before)
    return count


@contextmanager
def _ready(work: Callable[[], object]) -> Iterator[None]:
    """Fill the caches, and keep the garbage collector from calling others while calls are counted."""
    for _ in range(2):
        work()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def of_phones() -> dict[str, Callable[[], object]]:
    """Return what is done for one phone, by name."""
    found: dict[str, Callable[[], object]] = {}
    for name in PROGRAMMES:
        programme = Programme.load(name)
        for state, phone in faulty(programme):
            found[f"`appraise`, {name}, {state}"] = phone.appraise
            text = json.dumps({"model": MODEL, "imei": phone.imei, "answers": dict(phone.answers)})
            found[f"JSON to JSON, {name}, {state}"] = partial(answer, text, programme)
        check = coupon_of(programme).check
        found[f"`coupon.check`, {name}"] = partial(check, ORDER, account=ACCOUNT, at=AT)
    return found


def answer(text: str, programme: Programme) -> str:
    """Value the phone of a request, and return the answer's text."""
    said = json.loads(text)
    device = Device(said["model"], imei=said["imei"])
    found = appraise(device, Condition(said["answers"]), programme, at=AT, imei_status=ImeiStatus.CLEAR)
    return found.to_json()


def of_programmes(folder: Path) -> dict[str, Callable[[], object]]:
    """Return what is done with whole programmes and tables, by name; a file is written to the folder."""
    found: dict[str, Callable[[], object]] = {}
    for name in PROGRAMMES:
        programme = Programme.load(name)
        pickled = pickle.dumps(programme)
        found[f"`Programme.load({name!r})`"] = partial(Programme.load, name)
        found[f"pickling {name}"] = partial(pickle.dumps, programme)
        found[f"unpickling {name}"] = partial(pickle.loads, pickled)
    write_large(folder / "tacs.csv", TAC_ROWS)
    found[f"`TacTable.read`, {TAC_ROWS:,} rows"] = partial(TacTable.read, folder / "tacs.csv")
    return found
