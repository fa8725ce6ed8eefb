"""Scrap values by model, brand and category: the closest one is the floor, in every world that values."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from miexchange import Device, InvalidValue, Programme, Quote, appraise, sql
from miexchange.batch import appraise_frame
from miexchange.programme import ScrapValue, lint
from miexchange.prove import prove
from parity.tables import plain
from unit import small

BASE = Programme.load(Path(__file__).parents[1] / "data" / "programme_base")
MODEL, BRAND = ScrapValue("model", "acme-one-4-64", 900_000), ScrapValue("brand", "Acme", 800_000)
CATEGORY = ScrapValue("category", "smartphone", 200_000)
ROWS = (CATEGORY, BRAND, MODEL)


def with_rows(*rows: ScrapValue) -> Programme:
    """Return the base programme with scrap values in the first of its terms."""
    first, *others = BASE.terms
    return dataclasses.replace(BASE, terms=(first.replace(scrap_values=rows), *others))


def quoted(programme: Programme, model: str) -> Quote:
    """Value a phone with the worst answers that are taken."""
    variant, at = programme.catalogue.by_model[model], BASE.terms[0].effective_from + pd.Timedelta(days=40)
    terms = programme.terms[0]
    worst = {
        question.id: [option.id for option in question.options if not option.gate][-1]
        for question in terms.questionnaire.asked_of(variant)
    }
    best = terms.questionnaire.best(variant)
    quote = appraise(Device(model, purchased_on=at.date()), best.replace(**worst), programme, at=at)
    assert isinstance(quote, Quote), quote.explain()
    return quote


@pytest.mark.parametrize(
    ("rows", "model", "floor"),
    [
        (ROWS, "acme-one-4-64", 900_000),
        (ROWS, "acme-two-6-128", 800_000),
        (ROWS, "zeta-flip-2-16", 200_000),
        ((MODEL,), "acme-two-6-128", 10_000),
        ((), "acme-one-4-64", 10_000),
    ],
)
def test_the_closest_row_is_the_floor(rows: tuple[ScrapValue, ...], model: str, floor: int) -> None:
    """ScrapValue: that of the model, else of the brand, else of the category."""
    programme = with_rows(*rows)
    terms, variant = programme.terms[0], programme.catalogue.by_model[model]
    assert terms.scrap_of(variant) == floor
    with pytest.raises(InvalidValue):
        terms.scrap_of(None)  # type: ignore[arg-type]  # the fault
    assert terms.closing_names(BASE.currency)[1][2] == "terms[scrap_minor]"
    row = next((row for row in reversed(rows) if row.scrap_minor == floor), None)
    name = "terms[scrap_minor]" if row is None else row.name
    amount = f"not below the scrap value of {floor // 100}.00"
    assert terms.closing_names(BASE.currency, variant)[1] == ("floor", amount, name)


def test_a_line_of_the_quote_names_the_row() -> None:
    quote = quoted(with_rows(MODEL), "acme-one-4-64")
    (floor,) = [line for line in quote.lines if line.rule == "floor"]
    assert (floor.source, quote.exchange_value) == ("scrap_values[model=acme-one-4-64]", 900_000)
    again = quoted(BASE, "acme-one-4-64")
    assert again.exchange_value < quote.exchange_value


def test_tables_and_queries_have_the_same_floors() -> None:
    programme = with_rows(*ROWS)
    quotes = [quoted(programme, listing.model) for listing in programme.eligible]
    questions = sorted({name for quote in quotes for name in quote.condition})
    frame = pd.DataFrame(
        {
            "model": [quote.model for quote in quotes],
            "purchased_on": [quotes[0].at.date()] * len(quotes),
            **{name: [quote.condition.get(name) for quote in quotes] for name in questions},
        }
    )
    values = [quote.exchange_value for quote in quotes]
    assert len(set(values)) == len(values)
    assert [row["exchange_value_minor"] for row in plain(appraise_frame(frame, programme, at=quotes[0].at))] == values
    with duckdb.connect() as connection:
        relation = connection.from_df(frame.reset_index())
        found = sql.appraise(relation, programme, at=quotes[0].at, keep=["index"]).order("index").df()
    assert found["exchange_value_minor"].tolist() == values


def test_every_floor_is_proved_by_itself() -> None:
    proofs = prove(with_rows(BRAND), laws=["floor_cap_step", "dearer_market"]).proofs
    spring = [proof.subject for proof in proofs if proof.terms == "spring"]
    of_floors = ["where the scrap value is 800000", "where the scrap value is 10000"]
    assert spring == [*of_floors, *of_floors]
    assert all(proofs)


@pytest.mark.parametrize(
    ("rows", "field"),
    [
        ((BRAND, BRAND.replace(scrap_minor=700_000)), "scrap_values.1.of"),
        ((CATEGORY, BRAND.replace(scrap_minor=800_500)), "scrap_values.1.scrap_minor"),
    ],
)
def test_rows_that_stand_twice_or_between_two_steps_are_refused(rows: tuple[ScrapValue, ...], field: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        BASE.terms[0].replace(scrap_values=rows)
    assert caught.value.field == f"Terms.{field}"


def test_they_are_saved_and_loaded_and_of_a_digest_of_their_own(tmp_path: Path) -> None:
    programme = with_rows(MODEL.replace(scrap_minor=600_000, source="a contract"))
    programme.save(tmp_path / "saved")
    assert lint(tmp_path / "saved") == ()
    again = Programme.load(tmp_path / "saved")
    assert (again.terms, again.digest) == (programme.terms, programme.digest)
    assert programme.digest != BASE.digest


def test_without_rows_no_form_has_them() -> None:
    assert "scrap_values" not in small.TERMS.to_json()
    assert small.TERMS.replace(scrap_values=(BRAND,)).to_dict()["form"] == 2
