"""What `miexchange programme new` asks, takes and says; and the schema that it prints."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from miexchange import Programme, lint
from miexchange._zone import named
from miexchange.cli import _country
from miexchange.programme._toml_schema import schema, schema_text
from unit.command import run
from unit.test_new_programme import models, prices

if TYPE_CHECKING:
    from pathlib import Path

DAY = ("--begins", "2026-04-01")
UK = ("--like", "uk-trade-in")


def new(place: Path, *arguments: str) -> tuple[str, ...]:
    return ("programme", "new", str(place), *DAY, *arguments)


def test_a_country_gives_currency_and_zone_and_the_next_commands_are_there(tmp_path: Path) -> None:
    place = tmp_path / "my shop"
    ran = run(*new(place, *UK, "--country", "jp", "--title", "Tokyo"))
    assert (ran.code, ran.err) == (0, "")
    assert lint(place, strict=True) == ()
    made = Programme.load(place)
    assert (made.id, made.title, made.currency.code, named(made.zone)) == ("my shop", "Tokyo", "JPY", "Asia/Tokyo")
    assert "Put your models and prices in place of the examples" in ran.out
    assert f"miexchange programme lint '{place}' --strict" in ran.out
    assert run("programme", "lint", str(place), "--strict").code == 0


def test_without_options_it_is_like_the_other_from_today_on_and_json_says_so(tmp_path: Path) -> None:
    ran = run("programme", "new", str(tmp_path / "mine"), "--json", *UK)
    made = Programme.load(tmp_path / "mine")
    assert ran.data["digest"] == made.digest
    told = {name: ran.data[name] for name in ("id", "currency", "zone", "models", "questions", "has_examples")}
    assert told == {
        "id": "mine",
        "currency": "GBP",
        "zone": "Europe/London",
        "models": 4,
        "questions": 5,
        "has_examples": True,
    }
    assert abs((date.fromisoformat(ran.data["begins"]) - date.today()).days) <= 1  # noqa: DTZ011 - nearly today


def test_own_tables_are_taken_and_choices_too(tmp_path: Path) -> None:
    models().to_csv(tmp_path / "models.csv", index=False)
    prices().to_csv(tmp_path / "prices.csv", index=False)
    files = ("--models", str(tmp_path / "models.csv"), "--prices", str(tmp_path / "prices.csv"))
    chosen = ("--category", "tablet", "--question", "power", "--question", "screen")
    ran = run("programme", "new", str(tmp_path / "mine"), *UK, *files, *chosen)
    assert (ran.code, "examples" in ran.out) == (0, False)
    made = Programme.load(tmp_path / "mine")
    assert [one.model for one in made.eligible] == ["b-2-64"]
    assert [one.id for one in made.terms[0].questionnaire.questions] == ["power", "screen"]


def test_another_currency_than_that_of_the_country_is_no_mistake_and_is_told(tmp_path: Path) -> None:
    ran = run(*new(tmp_path / "mine", *UK, "--country", "PL", "--currency", "EUR"))
    assert (ran.code, "Poland pays in PLN" in ran.out) == (0, True)


def test_at_a_terminal_it_asks_for_what_is_missing(tmp_path: Path) -> None:
    typed = [
        "nothing",
        "uk-trade-in",
        "xx",
        "US",
        "America/Nowhere",
        "America/New_York",
        "smartphone",
        "pwer",
        "power, body",
    ]
    ran = run("programme", "new", str(tmp_path / "mine"), *DAY, typed="\n".join(typed) + "\n")
    assert ran.code == 0, ran.err
    made = Programme.load(tmp_path / "mine")
    assert (made.currency.code, named(made.zone), made.categories) == (
        "USD",
        "America/New_York",
        frozenset({"smartphone"}),
    )
    assert [one.id for one in made.terms[0].questionnaire.questions] == ["power", "body"]
    for said in (
        "There is no programme 'nothing'",
        "'xx' is no country",
        "'America/Nowhere' is no zone",
        "Did you mean power?",
    ):
        assert said in ran.err
    empty = run("programme", "new", str(tmp_path / "same"), *DAY, typed="\n" * 5)
    assert empty.code == 0, empty.err
    same = Programme.load(tmp_path / "same")
    assert (same.currency.code, len(same.terms[0].questionnaire.questions)) == ("INR", 22)
    ended = run("programme", "new", str(tmp_path / "none"), typed="")
    assert (ended.code, "give --like" in ended.err, (tmp_path / "none").exists()) == (2, True, False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--country", "USA"), "'USA' is no country: give its two letters of ISO 3166"),
        (("--country", "US"), "There is not one zone of United States, but 29: America/New_York"),
        (("--country", "PA"), "There is not one currency of Panama, but 2: PAB, USD. Choose with --currency"),
        (("--country", "AQ", "--zone", "UTC"), "There is not one currency of Antarctica, but none that is known here"),
        (("--country", "GB", "--zone", "Asia/Kolkata"), "is a zone of IN, and --country is GB: give a zone of its own"),
        (("--currency", "EURO"), "--currency 'EURO' is none: give the three letters of ISO 4217"),
        (("--zone", "Mars"), "--zone 'Mars' is no zone"),
        (("--question", "pwer"), "There is no question 'pwer'. Did you mean power?"),
        (("--like", "uk"), "There is no programme 'uk'"),
        (("--begins", "soon"), "--begins 'soon' is no day"),
        (("--models", "none.csv"), "Models and prices are given together, or neither: add --prices"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_and_nothing_is_written(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    ran = run("programme", "new", str(tmp_path / "mine"), *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    ran = run("programme", "new", str(tmp_path))
    assert (ran.code, "is there already" in ran.err) == (2, True)


def test_the_schema_is_printed_as_it_is_shipped() -> None:
    ran = run("programme", "schema")
    assert (ran.code, ran.out) == (0, schema_text())
    assert run("programme", "schema", "--json").data == schema()


def test_countries_have_the_currency_of_the_day() -> None:
    assert _country.country("HR", date(2018, 1, 1)).currencies == ("HRK",)
    assert _country.country("HR", date(2026, 1, 1)).currencies == ("EUR",)
    assert _country.countries_of("Etc/UTC") == ()
