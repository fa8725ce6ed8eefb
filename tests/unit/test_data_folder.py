"""Where the reference data is found: in a wheel, in a checkout, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from miexchange import DataError, Problem, _data

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Pretend that the package lies in a folder of the test."""
    home = tmp_path / "lib" / "src" / "miexchange"
    home.mkdir(parents=True)
    monkeypatch.setattr(_data, "__file__", str(home / "_data.py"))
    _data.folder.cache_clear()
    yield home
    _data.folder.cache_clear()


def with_models(folder: Path) -> Path:
    folder.mkdir()
    (folder / "models.csv").touch()
    return folder


def test_a_checkout_has_its_data_at_the_top(package: Path) -> None:
    data = with_models(package.parents[1] / "data")
    assert _data.folder() == data
    assert _data.folder() is _data.folder()  # looked for once


def test_a_wheel_has_its_data_beside_the_modules_and_these_come_first(package: Path) -> None:
    with_models(package.parents[1] / "data")
    beside = with_models(package / "data")
    assert _data.folder() == beside


def test_a_package_without_data_says_where_it_looked(package: Path) -> None:
    (package / "data").mkdir()  # empty: as good as none
    with pytest.raises(DataError) as caught:
        _data.folder()
    assert [str(problem) for problem in caught.value.problems] == [
        f"{place}: no reference data here. Install miexchange anew"
        for place in (package / "data", package.parents[1] / "data")
    ]


def test_a_shipped_table_has_its_columns(package: Path) -> None:
    place = with_models(package / "data") / "models.csv"
    place.write_bytes(b'a,b\r\n1,"2\n3"\r\n\xc3\xa9,\r\n')
    assert _data.rows("models.csv", ["a", "b"]) == [{"a": "1", "b": "2\n3"}, {"a": "é", "b": ""}]
    for name, columns, message in (
        ("models.csv", ["b", "a"], "the columns are not b,a"),
        ("tac.csv", ["a"], "cannot be read: No such file or directory"),
    ):
        with pytest.raises(DataError) as caught:
            _data.rows(name, columns)
        problem = Problem(f"{place.with_name(name)}", None, "", message, "Install miexchange anew")
        assert caught.value.problems == (problem,)


def test_the_shipped_data_is_complete() -> None:
    names = {file.relative_to(_data.folder()).as_posix() for file in _data.folder().rglob("*") if file.is_file()}
    assert {"models.csv", "tac.csv", "questions.toml", "reporting_bodies.csv", "placeholder_imeis.csv"} <= names
    assert {f"programmes/{name}/programme.toml" for name in ("mi-exchange-india", "graded-trade-in")} <= names
