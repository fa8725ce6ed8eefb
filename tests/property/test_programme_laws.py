"""The laws of a programme: what is drawn passes the linter, and a directory holds all of it."""

from __future__ import annotations

import json
import tomllib
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from miexchange import Programme, lint
from miexchange.errors import InvalidValue
from miexchange.market import PriceTable
from miexchange.programme import new_programme
from miexchange.strategies import programmes
from property.effort import effort
from shipped import shipped_programme
from unit.editor import faults_of_schema

if TYPE_CHECKING:
    from random import Random


@given(programmes())
def test_what_is_drawn_passes_the_linter_and_comes_back_from_disk(programme: Programme) -> None:
    """Design, promise 5: tables that would break a promise are refused when they are loaded; these are not."""
    with TemporaryDirectory() as folder:
        directory = programme.save(Path(folder) / "saved")
        assert lint(directory) == ()
        loaded = Programme.load(directory)
    assert loaded == programme
    assert loaded.digest == programme.digest
    assert all(getattr(loaded, field.name) == getattr(programme, field.name) for field in fields(Programme))


@pytest.mark.sweep
@given(programmes())
def test_a_new_programme_lints_whatever_it_is_like_and_fits_the_schema(programme: Programme) -> None:
    """new_programme: write a new programme that lints. Its TOML, and that of the one it is like, fit the schema."""
    with TemporaryDirectory() as folder:
        try:
            new = new_programme(Path(folder) / "new", begins=date(2024, 2, 29), like=programme)
        except InvalidValue as fault:
            assume("leaves nothing to ask" not in f"{fault}")  # each question is of the other's brands alone
            raise
        assert lint(new) == ()
        for place in (new, programme.save(Path(folder) / "saved")):
            assert faults_of_schema(tomllib.loads((place / "programme.toml").read_text("utf-8"))) == []


@given(programmes())
@example(shipped_programme("graded-trade-in"))
@example(shipped_programme("uk-trade-in"))
def test_a_programme_comes_back_from_its_json_and_its_dict(programme: Programme) -> None:
    """Programme.to_json: all of the content in one form; the same digest on the way back, and the same text."""
    text = programme.to_json()
    for again in (Programme.from_json(text), Programme.from_json(text.encode()), Programme.from_dict(json.loads(text))):
        assert again == programme
        assert again.digest == programme.digest
        assert all(getattr(again, field.name) == getattr(programme, field.name) for field in fields(Programme))
        assert again.to_json() == text


@given(programmes(), st.data())
def test_no_place_of_its_json_is_taken_for_another(programme: Programme, data: st.DataObject) -> None:
    """Programme.from_json: a leaf of another type, a key too many or too few is an error that names it."""
    form = programme.to_dict()
    place: Any = form
    steps = ["Programme"]
    while isinstance(place, dict | list) and place:
        keys = sorted(place) if isinstance(place, dict) else range(len(place))
        step = data.draw(st.sampled_from(keys))
        inner, outer = place[step], place
        steps.append(f"{step}")
        place = inner
    outer[step] = {"surprise": 1.5}
    with pytest.raises(InvalidValue) as caught:
        Programme.from_dict(form)
    assert ".".join(steps[:2]) in caught.value.field


@given(programmes())
@effort(0.5)
def test_the_same_programme_is_saved_as_the_same_bytes(programme: Programme) -> None:
    """Programme.save: the same programme gives the same bytes; one that was loaded from them, too."""
    with TemporaryDirectory() as folder:
        saved = programme.save(Path(folder) / "saved")
        once = {file.name: file.read_bytes() for file in saved.iterdir()}
        Programme.load(saved).save(saved, overwrite=True)
        assert {file.name: file.read_bytes() for file in saved.iterdir()} == once
        assert [file.name for file in Path(folder).iterdir()] == ["saved"]


@given(programmes(), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
@example(shipped_programme("graded-trade-in"), '=1+1,"a\\b"\r\n\rc\x7f\x00')
def test_a_text_is_saved_as_it_is_or_refused(programme: Programme, text: str) -> None:
    """Programme.save: loading gives an equal programme, whatever its texts are; a table keeps no space around them."""
    rows = [price.replace(source=text) for price in programme.prices.prices]
    terms = (programme.terms[0].replace(source=text), *programme.terms[1:])
    changed = replace(programme, title=text, prices=PriceTable.of(rows), terms=terms)
    with TemporaryDirectory() as folder:
        directory = Path(folder) / "saved"
        if text != text.strip():
            with pytest.raises(InvalidValue, match="space around"):
                changed.save(directory)
        else:
            assert Programme.load(changed.save(directory)) == changed


@given(programmes(), st.randoms(use_true_random=False))
@effort(0.5)
def test_the_order_of_rows_is_not_in_the_digest(programme: Programme, random: Random) -> None:
    """Programme.digest: comments, order of rows and file names do not matter."""
    with TemporaryDirectory() as folder:
        directory = programme.save(Path(folder) / "saved")
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
    rows[place] = rows[place].replace(price_minor=rows[place].price_minor + 100)
    assert replace(programme, prices=PriceTable.of(rows)).digest != programme.digest
