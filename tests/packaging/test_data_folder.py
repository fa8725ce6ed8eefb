"""The reference data is looked for beside the package, then at the top of a checkout, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from miexchange import DataError, _data


@pytest.mark.parametrize("place", ["src/miexchange/data", "data"])
def test_the_data_of_a_wheel_and_of_a_checkout_are_found(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / place
    data.mkdir(parents=True)
    (data / "models.csv").touch()
    monkeypatch.setattr(_data, "__file__", str(tmp_path / "src" / "miexchange" / "_data.py"))
    assert _data.folder.__wrapped__() == data.resolve()


def test_a_package_without_its_data_says_where_it_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_data, "__file__", str(tmp_path / "src" / "miexchange" / "_data.py"))
    with pytest.raises(DataError) as caught:
        _data.folder.__wrapped__()
    looked = [Path(problem.file) for problem in caught.value.problems]
    assert looked == [(tmp_path / "src" / "miexchange" / "data").resolve(), (tmp_path / "data").resolve()]
    assert all(problem.remedy == "Install miexchange anew" for problem in caught.value.problems)
