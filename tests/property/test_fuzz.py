"""Every reader is fuzzed a little in `make sweep`, and for a minute each in `make prove`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "fuzz.py"


def _loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fuzz"] = module  # dataclasses look their module up
    sys.path.insert(0, str(SCRIPT.parent))
    spec.loader.exec_module(module)
    return module


fuzz: Any = _loaded()

MAY_DIE = {"Arrow tables", "Parquet files of devices", "damaged ledgers"}
"""Readers on which code that is not ours and not Python works: a process of its own may die."""


@pytest.mark.sweep
@pytest.mark.parametrize("name", sorted(fuzz.READERS.keys() - MAY_DIE))
def test_a_reader_gives_a_value_or_an_error_of_ours(name: str, tmp_path: Path) -> None:
    """Design, promise 8, for bytes: no other error, no second, no 300 MB, and a message that prints."""
    reader = fuzz.READERS[name]
    judge = fuzz.Judge(name, reader.make(tmp_path), tmp_path)
    found = fuzz.blindly(judge, reader.seeds(), 150)
    assert found.executions == 150
    assert found.faults == []


@pytest.mark.sweep
@pytest.mark.parametrize("name", sorted(MAY_DIE))
def test_a_reader_of_binary_files_lives(name: str, tmp_path: Path) -> None:
    """As above, and the process does not die."""
    found = fuzz.fuzz(name, 2, "lines", tmp_path)
    assert found.executions > 0
    assert found.faults == []


def _broken(data: bytes) -> None:
    if b"x" in data:
        raise KeyError(data)


def test_the_fuzzer_sees_a_fault(tmp_path: Path) -> None:
    judge = fuzz.Judge("broken", _broken, tmp_path)
    found = fuzz.blindly(judge, [b"a", b"x", b"xx"], 3)
    (fault,) = found.faults  # the second one is of the same kind
    assert "KeyError" in fault
    saved = tmp_path / fault.rpartition(" <- ")[2]
    assert saved.read_bytes() == b"x"


def test_the_fuzzer_reaches_deeper_with_what_reached_something_new(tmp_path: Path) -> None:
    name = "Imei.parse"
    judge = fuzz.Judge(name, fuzz.READERS[name].make(tmp_path), tmp_path)
    fuzz.by_lines(judge, [b"1"], 1.0)
    assert judge.found.paths > 1
    assert judge.found.coverage > 10
