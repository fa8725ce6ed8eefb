"""The laws of a programme: what is drawn passes the linter, and a directory holds all of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from miexchange import Programme, lint
from miexchange.market import PriceTable
from miexchange.strategies import programmes
from property.effort import effort
from property.on_disk import write_programme

if TYPE_CHECKING:
    from random import Random


@given(programmes())
def test_what_is_drawn_passes_the_linter_and_comes_back_from_disk(programme: Programme) -> None:
    """Design, promise 5: tables that would break a promise are refused when they are loaded; these are not."""
    with TemporaryDirectory() as folder:
        directory = Path(folder)
        write_programme(programme, directory)
        assert lint(directory) == ()
        loaded = Programme.load(directory)
    assert loaded == programme
    assert loaded.digest == programme.digest


@given(programmes(), st.randoms(use_true_random=False))
@effort(0.5)
def test_the_order_of_rows_is_not_in_the_digest(programme: Programme, random: Random) -> None:
    """Programme.digest: comments, order of rows and file names do not matter."""
    with TemporaryDirectory() as folder:
        directory = Path(folder)
        write_programme(programme, directory)
        for name in ("market_prices.csv", "eligible_models.csv", "models.csv", "tac.csv"):
            header, *rows = (directory / name).read_text(encoding="utf-8").splitlines(keepends=True)
            random.shuffle(rows)
            (directory / name).write_text("".join([header, *rows]), encoding="utf-8")
        toml = directory / "programme.toml"
        toml.write_text(f"# a comment\n{toml.read_text(encoding='utf-8')}", encoding="utf-8")
        assert Programme.load(directory).digest == programme.digest


@given(programmes(), st.data())
def test_a_programme_with_another_price_has_another_digest(programme: Programme, data: st.DataObject) -> None:
    """Design, promise 4: a quote carries the digest of the programme that it read."""
    rows = list(programme.prices.prices)
    place = data.draw(st.integers(0, len(rows) - 1))
    rows[place] = rows[place].replace(price_paise=rows[place].price_paise + 100)
    assert replace(programme, prices=PriceTable.of(rows)).digest != programme.digest
