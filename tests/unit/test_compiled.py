"""What the compiled loops ask of numba, of which one option is private."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
import pyarrow as pa
import pytest

from miexchange import Programme
from miexchange.batch import appraise_frame
from miexchange.batch.arrow import _compiled
from miexchange.batch.arrow._compiled import compiled
from miexchange.batch.arrow._imeis import Numbers, _read, read_numbers
from miexchange.batch.plan import _blocks
from miexchange.batch.plan._loop import appraise_rows
from unit import small

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray


@pytest.fixture
def _loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few rows there are, use compiled loops."""
    monkeypatch.setattr(_compiled, "_ENOUGH", -1)


def same(cells: NDArray[Any]) -> NDArray[Any]:
    return cells


def machine_code(loop: Callable[..., Any]) -> str:
    assert len(loop(np.arange(4))) == 4
    return "".join(loop.inspect_llvm().values())  # type: ignore[attr-defined]


def test_compiled_loops_count_no_owners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """numba's private option _nrt=False is obeyed: without it, a table takes four times as long."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # of what was kept, numba has no text
    assert "NRT_incref" in machine_code(numba.njit(same)), "numba counts otherwise now: look for another sign"
    assert "NRT_" not in machine_code(compiled(same))


def test_compiled_loops_make_no_arrays() -> None:
    def made(length: int) -> Any:  # noqa: ANN401 - as above
        return np.zeros(length)

    assert len(numba.njit(made)(2)) == 2
    with pytest.raises(numba.core.errors.TypingError):
        compiled(made)(2)


@pytest.mark.usefixtures("_loops")
def test_a_loop_is_compiled_once_whoever_may_write_the_texts() -> None:
    """numba compiles anew for memory that can be written, which took the first column without texts 0.7 s."""
    ours = pa.allocate_buffer(8)
    np.frombuffer(ours, np.int32)[:] = 0, 1
    columns = [
        pa.array(["x"], pa.string()),
        pa.array([None], pa.string()),
        pa.array([], pa.string()),
        pa.Array.from_buffers(pa.string(), 1, [None, ours, pa.allocate_buffer(1)]),
        pa.Array.from_buffers(pa.string(), 1, [None, ours, pa.py_buffer(b"x")]),
    ]
    forms = set()
    for column in columns:
        read_numbers(column, Numbers.empty(len(column)))
        forms.add(tuple(_read.signatures))  # type: ignore[attr-defined]
    assert len(forms) == 1
    assert forms != {()}


@pytest.mark.usefixtures("_loops")
@pytest.mark.parametrize("columns", [(), ("imei",), ("imei", "imei2")])
def test_the_loop_over_rows_is_compiled_once_for_every_programme(columns: tuple[str, ...]) -> None:
    """However many questions, extras and IMEIs there are: numba compiles anew for one column, and for none."""
    forms = set()
    for programme in (small.programme(), *map(Programme.load, ("graded-trade-in", "mi-exchange-india"))):
        needed = {
            one.asked_as for terms in programme.terms for one in terms.questionnaire.questions if not one.optional
        }
        table = {name: pa.array([None], pa.string()) for name in ("model", *needed, *columns)}
        appraise_frame(pa.table(table), programme, at=small.AT)
        forms.add(tuple(appraise_rows.signatures))  # type: ignore[attr-defined]
    assert len(forms) == 1
    assert forms != {()}


def test_loops_are_used_once_a_process_has_read_enough_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of tables of two rows, two are valued by whole columns: with the third one, five are enough."""
    monkeypatch.setattr(_compiled, "_ENOUGH", 5)
    monkeypatch.setattr(_compiled, "_rows", 0)
    ways: list[str] = []

    def watched(name: str, way: Callable[..., None], *given: Any) -> None:  # noqa: ANN401 - whatever it takes
        ways.append(name)
        way(*given)

    for name in ("appraise_rows", "appraise_by_column"):
        monkeypatch.setattr(_blocks, name, partial(watched, name, getattr(_blocks, name)))
    programme = small.programme()
    table = pa.table({"model": [small.MODEL] * 2})
    found = [appraise_frame(table, programme, at=small.AT) for _ in range(4)]
    assert ways == ["appraise_by_column"] * 2 + ["appraise_rows"] * 2
    assert all(one.equals(found[0]) for one in found)


def test_few_rows_import_neither_numba_nor_pandas(tmp_path: Path) -> None:
    """numba takes 0.3 s to import, and code longer to load; Arrow imports pandas for `pa.array`, which takes 0.2 s."""
    run = (
        "import sys, pyarrow as pa; from miexchange import Programme; from miexchange.batch import *\n"
        "texts = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(bytes(4) + b'\\x0f\\0\\0\\0'), "
        "pa.py_buffer(b'354178036859789')])\n"
        "programme = Programme.load('mi-exchange-india')\n"
        "required, _ = columns_in(programme)\n"
        "appraise_frame(pa.table({name: texts for name in required - {'at'}} | {'imei': texts}), programme, "
        "at=programme.terms[0].effective_from)\n"
        "validate_many(texts), lookup_many(programme.tacs, texts)\n"
        "names = [*sorted(required - {'at'}), 'imei', 'purchased_on', 'exchange_open', 'register_asked_at']\n"
        "rows = ',' * len(names[:-4]) + '354178036859789,2017-01-01,true,2018-03-20T12:00Z\\n'\n"
        "open('a.csv', 'w').write(','.join(names) + '\\n' + rows * 100)\n"
        "for source, target in (('a.csv', 'b.parquet'), ('a.csv', 'b.csv')):\n"
        "    summary = appraise_file(source, target, programme, at=programme.terms[0].effective_from, keep=names[:1])\n"
        "assert summary.rows == 100\n"
        "print(sorted({'numba', 'pandas'} & sys.modules.keys()))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    assert subprocess.check_output([sys.executable, "-c", run], cwd=tmp_path, env=environment, text=True) == "[]\n"  # noqa: S603 - this Python
