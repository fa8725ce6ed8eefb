"""Machine code kept between processes: what is found is what would be compiled, and nothing goes wrong for a caller."""

from __future__ import annotations

import collections
import importlib
import os
import subprocess
import sys
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

import numba
import numpy as np
import pytest

from miexchange.batch.arrow._compiled import compiled, inlined
from miexchange.batch.arrow._kept_code import _MOST, _fields, _sources

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing is kept where folders cannot be opened")

STEP, ROUND = 3, np.array([1, 2, 3])


class Pair(NamedTuple):
    first: int
    second: int


def stepped(number: int) -> int:
    return number + STEP


def twice(number: int) -> int:
    return int(stepped(stepped(number)) + ROUND[1])


def difference(pair: Pair) -> int:
    return pair.first - pair.second


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "miexchange" / "machine-code"


def made(function: Callable[..., Any], **names: object) -> Callable[..., int]:
    """Return a loop as another process has it, some of whose names mean something else."""
    known = {**globals(), "stepped": inlined(stepped), **names}
    assert isinstance(function, FunctionType)
    return compiled(FunctionType(function.__code__, known, function.__name__))


def was_found(loop: Callable[..., int], *arguments: object) -> bool:
    loop(*arguments)
    hits: dict[object, int] = loop.stats.cache_hits  # type: ignore[attr-defined]
    return sum(hits.values()) == 1


def test_what_was_compiled_is_found() -> None:
    assert not was_found(made(twice), 1)
    again = made(twice)
    assert was_found(again, 1)
    assert again(1) == 9


def test_a_log_says_what_is_compiled(caplog: pytest.LogCaptureFixture) -> None:
    """Not what is found: compiling takes seconds, which a person may wonder about."""
    caplog.set_level("INFO", "miexchange.batch")
    made(twice)(1)
    made(twice)(1)
    assert [record.getMessage() for record in caplog.records] == ["compiling twice for this processor"]


def test_another_process_finds_it(tmp_path: Path) -> None:
    (tmp_path / "loops.py").write_text(
        "from miexchange.batch.arrow._compiled import compiled\n"
        "@compiled\n"
        "def twice(number):\n"
        "    return 2 * number\n"
        "print(twice(4), sum(twice.stats.cache_hits.values()))\n",
        encoding="utf-8",
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    run = [sys.executable, "-c", "import loops"]
    said = [subprocess.check_output(run, cwd=tmp_path, env=environment, text=True) for _ in range(2)]  # noqa: S603 - this Python
    assert said == ["8 0\n", "8 1\n"]


def test_every_loop_of_ours_can_be_kept() -> None:
    """Each names only what is sure to be the same in another process."""
    importlib.import_module("miexchange.batch.files")  # and with it every loop
    modules = [module for name, module in sys.modules.items() if name.startswith("miexchange.batch.")]
    loops = {value for module in modules for value in vars(module).values() if hasattr(value, "py_func")}
    assert len(loops) > 20
    for loop in loops:
        _sources(loop.py_func, set())


@pytest.mark.parametrize(
    ("names", "value"),
    [
        ({"ROUND": np.array([1, 5, 3])}, 12),
        ({"ROUND": np.array([1, 2, 3], dtype=np.int8)}, 9),
        ({"stepped": inlined(lambda number: number + 4)}, 11),
        ({"stepped": inlined(FunctionType(stepped.__code__, {"STEP": 5}))}, 13),
        ({"stepped": compiled(stepped)}, 9),
    ],
    ids=["an array", "its type", "code of what it calls", "a constant of what it calls", "how that is compiled"],
)
def test_whatever_has_changed_is_compiled(names: dict[str, Any], value: int) -> None:
    made(twice)(1)
    changed = made(twice, **names)
    assert not was_found(changed, 1)
    assert changed(1) == value
    assert was_found(made(twice), 1)


def test_each_type_is_kept() -> None:
    made(twice)(1)
    assert not was_found(made(twice), np.uint8(1))
    assert was_found(made(twice), 1)


def test_names_of_arguments_count() -> None:
    """Compiled code knows the fields of a tuple by their places."""
    swapped = collections.namedtuple("swapped", ["second", "first"])  # noqa: PYI024 - renamed below
    swapped.__name__, swapped.__module__, swapped.__qualname__ = Pair.__name__, Pair.__module__, Pair.__qualname__
    assert made(difference)(Pair(first=5, second=3)) == 2
    assert made(difference)(swapped(first=5, second=3)) == 2
    assert _fields(numba.typeof(Pair(5, 3))) != _fields(numba.typeof(swapped(5, 3)))


def test_settings_of_numba_count(monkeypatch: pytest.MonkeyPatch) -> None:
    made(twice)(1)
    monkeypatch.setenv("NUMBA_OPT", "1")
    assert not was_found(made(twice), 1)


def test_what_cannot_be_told_apart_is_not_kept(folder: Path) -> None:
    """A closure, say, or a name for something that is neither a number nor a loop."""
    step = 4

    def enclosed(number: int) -> int:
        return number + step

    for function in (enclosed, lambda number: number + numba.int64(STEP)):
        assert compiled(function)(1) in {4, 5}
    assert not list(folder.iterdir())


@pytest.mark.parametrize("change", [lambda whole: whole[:-1], lambda whole: b"x" + whole[1:], lambda _: b""])
def test_a_damaged_file_is_made_anew(folder: Path, change: Callable[[bytes], bytes]) -> None:
    made(difference)(Pair(1, 2))
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(change(whole))
    assert not was_found(made(difference), Pair(1, 2))
    assert list(folder.iterdir()) == [file]
    assert was_found(made(difference), Pair(1, 2))


def test_only_its_user_may_write_there(folder: Path) -> None:
    made(difference)(Pair(1, 2))
    (file,) = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)


@pytest.mark.parametrize("is_folder", [True, False])
def test_what_others_may_write_is_not_read(folder: Path, *, is_folder: bool) -> None:
    made(difference)(Pair(1, 2))
    (file,) = folder.iterdir()
    (folder if is_folder else file).chmod(0o722)
    assert not was_found(made(difference), Pair(1, 2))


def test_what_is_somebody_elses_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    made(difference)(Pair(1, 2))
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert not was_found(made(difference), Pair(1, 2))


def test_a_link_is_not_followed(folder: Path) -> None:
    made(difference)(Pair(1, 2))
    (file,) = folder.iterdir()
    file.symlink_to(file.rename(folder.parent / "elsewhere"))
    assert not was_found(made(difference), Pair(1, 2))
    folder.rename(folder.parent / "moved")
    folder.symlink_to(folder.parent / "moved")
    assert not was_found(made(difference), Pair(1, 2))


def test_without_a_folder_it_is_compiled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.parent.write_bytes(b"")
    assert made(twice)(1) == 9
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", f"{folder}")
    assert made(twice)(1) == 9


def test_a_disk_that_is_full_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **_names: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert made(twice)(1) == 9
    assert not list(folder.iterdir())


def test_old_files_go(folder: Path) -> None:
    made(difference)(Pair(1, 2))
    (file,) = folder.iterdir()
    for number in range(_MOST):
        (folder / f"{number}").write_bytes(b"")
        os.utime(folder / f"{number}", (number, number))
    made(stepped)(1)
    left = {path.name for path in folder.iterdir()}
    assert len(left) == _MOST // 2 + 2
    assert file.name in left
    assert f"{_MOST - 1}" in left
    assert "0" not in left
