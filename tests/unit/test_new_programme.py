"""A programme from nothing: it lints, takes over what can be taken over, and invents nothing."""

from __future__ import annotations

import tomllib
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from miexchange import DataError, InvalidValue, Price, Programme, Variant, headline, lint
from miexchange.condition import Deduction
from miexchange.programme import new_programme, shipped
from miexchange.programme._layout import keys_of, said_of
from miexchange.programme._toml_schema import FILE, schema_text
from shipped import shipped_programme
from unit import lists

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2026, 4, 1)
MI, GRADED, UK = map(shipped_programme, ("mi-exchange-india", "graded-trade-in", "uk-trade-in"))
NOTHING = Deduction(share_bps=1)


def models(**changes: object) -> pd.DataFrame:
    columns: dict[str, object] = {
        "model": ["a-1-64", "a-1-128", "b-2-64"],
        "brand": ["A", "A", "B"],
        "name": ["One", "One", "Two"],
        "category": ["smartphone", "smartphone", "tablet"],
        "ram_mb": [""] * 3,
        "storage_gb": ["64", "128", "64"],
        "launched_on": ["2024-01-01"] * 3,
        "launch_price_minor": [""] * 3,
        "aliases": [""] * 3,
        "source": ["mine"] * 3,
    }
    return pd.DataFrame({**columns, **changes})


def prices(**changes: object) -> pd.DataFrame:
    columns: dict[str, object] = {
        "model": ["a-1-64", "a-1-128", "b-2-64"],
        "effective_from": ["2026-04-01", "2026-04-01", "2026-04-11"],
        "price_minor": ["50000", "55000", "40000"],
        "basis": ["observed"] * 3,
        "source": ["list"] * 3,
    }
    return pd.DataFrame({**columns, **changes})


def vars_of(programme: Programme) -> dict[str, Any]:
    return {name: getattr(programme, name) for name in Programme.__dataclass_fields__}


def without_terms() -> Programme:
    return Programme(**{**vars_of(UK), "terms": ()})


@pytest.mark.parametrize("like", shipped())
@pytest.mark.parametrize(
    ("currency", "zone"), [(None, None), ("INR", "Asia/Kolkata"), ("JPY", "Asia/Tokyo"), ("KWD", "UTC")]
)
def test_it_lints_strictly_and_quotes(tmp_path: Path, like: str, currency: str | None, zone: str | None) -> None:
    place = new_programme(
        tmp_path / "deep" / "mine", begins=DAY, like=shipped_programme(like), currency=currency, zone=zone
    )
    assert lint(place, strict=True) == ()
    made, old = Programme.load(place), shipped_programme(like)
    assert (made.id, made.title, made.categories) == ("mine", "mine", old.categories)
    assert made.currency.code == (currency or old.currency.code)
    (terms,) = made.terms
    at = terms.effective_from
    assert at.astimezone(made.zone).date() == DAY
    for listing in made.eligible:
        variant = made.catalogue.by_model[listing.model]
        quote = headline(listing.model, made, at=at)
        assert quote is not None
        assert variant.source.startswith("example: ")
        assert made.prices.by_key[listing.model].rows[0].source.startswith("example: ")
    asked = [question.id for question in terms.questionnaire.questions]
    assert asked == [question.id for question in old.terms[-1].questionnaire.questions]


def test_each_key_has_its_meaning_above_it_and_the_schema_lies_beside(tmp_path: Path) -> None:
    place = new_programme(tmp_path / "mine", begins=DAY, like=GRADED)
    text = (place / "programme.toml").read_text("utf-8")
    assert text.startswith(f"#:schema {FILE}\n")
    assert (place / FILE).read_text("utf-8") == schema_text()
    for file in ("programme.toml", "questions.toml"):
        lines = (place / file).read_text("utf-8").splitlines()
        seen: set[str] = set()
        section = ""
        for before, line in pairwise(lines):
            if line.startswith("["):
                section = line
            key = f"{section}{line.partition(' = ')[0]}"
            if " = " in line and not line.startswith(("#", " ")) and key not in seen:
                seen.add(key)
                assert before.startswith("# "), line
        assert seen
    assert "\neffective_from = 2026-04-01\n" in text, "an instant at which a day begins is written as that day"
    assert "\nskew_seconds = 2\n" in text, "a key at its default is there to be seen"
    assert tomllib.loads(text)["id"] == "mine"
    again = Programme.load(place)
    assert again.save(place, overwrite=True) == place, "the schema beside it does not make it something else"


def test_no_amount_is_carried_into_another_currency_and_no_tax_into_another_country(tmp_path: Path) -> None:
    place = {"currency": "JPY", "zone": "Asia/Tokyo"}
    yen = Programme.load(new_programme(tmp_path / "yen", begins=DAY, like=GRADED, **place))
    (terms,) = yen.terms
    options = [option for question in terms.questionnaire.questions for option in question.options]
    assert [option.id for option in options if option.extra_minor or (option.deduction or NOTHING).amount_minor] == []
    assert {option.source for option in options if option.id == "missing"} == {
        "a setting: no amount yet, graded-trade-in has one in INR; write it in JPY"
    }
    assert terms.exchange is not None
    assert (terms.scrap_minor, terms.usage.minimum_order_minor, terms.exchange.tolerance_minor) == (0, 0, 0)
    assert not yen.treatments
    same = Programme.load(new_programme(tmp_path / "same", begins=DAY, like=UK))
    assert same.treatments == UK.treatments
    assert same.terms[0].scrap_minor == 500
    elsewhere = Programme.load(new_programme(tmp_path / "other", begins=DAY, like=UK, zone="Europe/Jersey"))
    assert not elsewhere.treatments


def test_indian_terms_ask_a_register_as_the_law_wants(tmp_path: Path) -> None:
    before = Programme.load(new_programme(tmp_path / "before", begins=date(2025, 10, 21), like=MI)).terms[0]
    after = Programme.load(new_programme(tmp_path / "after", begins=date(2025, 10, 22), like=MI)).terms[0]
    assert (before.eligibility.unverified_imei, before.eligibility.register_hours) == ("warn", 0)
    assert (after.eligibility.unverified_imei, after.eligibility.register_hours) == ("refuse", 24)
    assert after.exchange is not None
    assert (after.exchange.accept_register_hours, after.exchange.hand_over_register_hours) == (24, 24)
    quoting = MI
    terms = quoting.terms[0].replace(exchange=None)
    only_quotes = Programme(**{**vars_of(quoting), "terms": (terms,)})
    made = Programme.load(new_programme(tmp_path / "quotes", begins=DAY, like=only_quotes)).terms[0]
    assert (made.exchange, made.eligibility.register_hours) == (None, 24)
    assert terms.eligibility.unverified_imei == "warn"
    strict = terms.replace(
        eligibility=terms.eligibility.replace(register_hours=48),
        exchange=quoting.terms[0].exchange.replace(accept_register_hours=12),  # type: ignore[union-attr]  # it has one
    )
    kept = Programme.load(
        new_programme(tmp_path / "kept", begins=DAY, like=Programme(**{**vars_of(quoting), "terms": (strict,)}))
    ).terms[0]
    assert kept.exchange is not None
    ages = kept.exchange.accept_register_hours, kept.exchange.hand_over_register_hours
    assert (kept.eligibility.register_hours, *ages, kept.exchange.inspection) == (48, 12, 24, "required")


def test_own_models_and_prices_make_a_programme_in_one_line(tmp_path: Path) -> None:
    made = Programme.load(new_programme(tmp_path / "mine", models(), prices(), like=UK, title="Mine"))
    assert (made.title, made.brands, made.categories) == ("Mine", frozenset("AB"), frozenset({"smartphone", "tablet"}))
    assert {one.model: f"{one.listed_from}" for one in made.eligible} == {
        "a-1-64": "2026-04-01",
        "a-1-128": "2026-04-01",
        "b-2-64": "2026-04-11",
    }
    assert made.terms[0].effective_from == made.prices.by_key["a-1-64"].starts[0]
    assert made.price_step_minor == 50
    assert lint(tmp_path / "mine", strict=True) == ()
    tables = made.catalogue, made.prices
    assert Programme.load(new_programme(tmp_path / "again" / "mine", *tables, like=UK, title="Mine")) == made
    phones = Programme.load(new_programme(tmp_path / "phones", *tables, like=UK, categories=["smartphone"]))
    assert {one.model for one in phones.eligible} == {one.model for one in phones.prices} == {"a-1-64", "a-1-128"}
    assert len(phones.catalogue) == 3


def test_small_prices_make_small_steps(tmp_path: Path) -> None:
    cheap = Programme.load(
        new_programme(tmp_path / "cheap", models(), prices(price_minor=["4010", "4990", "4500"]), like=MI)
    )
    assert (cheap.price_step_minor, cheap.terms[0].step_minor) == (10, 1000)
    least = Programme.load(
        new_programme(tmp_path / "least", models(), prices(price_minor=["10", "12", "14"]), begins=DAY, like=MI)
    )
    assert (least.price_step_minor, least.terms[0].step_minor) == (2, 2)


def test_a_price_that_begins_within_a_day_is_listed_from_the_next(tmp_path: Path) -> None:
    late = prices(effective_from=["2026-04-01T09:00:00Z"] * 3)
    made = Programme.load(new_programme(tmp_path / "mine", models(), late, like=UK))
    assert {f"{one.listed_from}" for one in made.eligible} == {"2026-04-02"}
    assert "2026-04-01T09:00:00+00:00" in (tmp_path / "mine" / "market_prices.csv").read_text("utf-8")


def test_anchors_are_the_share_of_the_price_that_they_are_in_the_other_programme(tmp_path: Path) -> None:
    made = Programme.load(new_programme(tmp_path / "mine", models(), prices(), like=GRADED))
    shares = {
        anchor.component: anchor.amount_minor * 10_000 // 50_000 for anchor in made.anchors if anchor.model == "a-1-64"
    }
    assert shares == pytest.approx({"display": 1589, "body": 990, "ports": 589}, abs=1)
    few = new_programme(tmp_path / "few", models(), prices(), like=GRADED, questions=["power", "touch"])
    assert {anchor.component for anchor in Programme.load(few).anchors} == {"display"}
    assert Programme.load(few).terms[0].overlaps == ()


def test_questions_are_chosen_by_id_and_grades_that_none_leads_to_are_left_out(tmp_path: Path) -> None:
    made = Programme.load(new_programme(tmp_path / "mine", begins=DAY, like=MI, questions=["battery", "power"]))
    (terms,) = made.terms
    assert [question.id for question in terms.questionnaire.questions] == ["power", "battery"]
    gates = Programme.load(new_programme(tmp_path / "gates", begins=DAY, like=MI, questions=["power"])).terms[0]
    assert [grade.id for grade in gates.grades] == ["A"]


def test_a_question_of_new_models_moves_with_the_first_day(tmp_path: Path) -> None:
    """graded-trade-in asks about the warranty of models that were launched within a year before it began."""
    new = models(launched_on=["2025-04-02", "2024-01-01", "2024-01-01"])
    made = Programme.load(new_programme(tmp_path / "mine", new, prices(), like=GRADED)).terms[0]
    since = {question.id: question.asked_launched_from for question in made.questionnaire.questions}
    assert since["warranty"] == date(2025, 4, 1)
    old = Programme.load(new_programme(tmp_path / "old", models(), prices(), like=GRADED)).terms[0]
    assert "warranty" not in {question.id for question in old.questionnaire.questions}
    with pytest.raises(InvalidValue, match=r"questions is 'warranty': .*asked of certain models only"):
        new_programme(tmp_path / "asked", models(), prices(), like=GRADED, questions=["warranty"])


def test_a_question_after_one_that_is_left_out_is_left_out(tmp_path: Path) -> None:
    old = lists.base()
    (*_, terms) = old.terms
    asked = [
        one.replace(asked_after="screen", asked_answers=("cracked",)) if one.id == "battery" else one
        for one in terms.questionnaire.questions
    ]
    after = terms.replace(questionnaire=terms.questionnaire.replace(questions=tuple(asked)))
    like = Programme(**{**vars_of(old), "terms": (after,)})

    def ids(name: str, *questions: str) -> list[str]:
        made = Programme.load(new_programme(tmp_path / name, begins=DAY, like=like, questions=questions or None))
        return [one.id for one in made.terms[0].questionnaire.questions]

    assert ids("all") == [one.id for one in asked]
    assert ids("both", "battery", "screen") == ["screen", "battery"]
    assert ids("one", "screen") == ["screen"]
    with pytest.raises(InvalidValue, match=r"questions is 'battery': name others: .* or after one left out"):
        ids("left", "power", "battery")


def test_what_is_legal_and_wrong_is_refused_with_its_row_and_nothing_is_written(tmp_path: Path) -> None:
    unknown = prices(model=["a-1-64", "a-1-128", "x"])
    with pytest.raises(DataError, match=r"eligible_models.csv:4: model: x is not in models.csv"):
        new_programme(tmp_path / "mine", models(), unknown, like=UK)
    with pytest.raises(DataError, match=r"price_minor: 'x' is not a whole number"):
        new_programme(tmp_path / "mine", models(), prices(price_minor=["x"] * 3), like=UK)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, r"begins is missing: give the first day"),
        ({"begins": DAY, "catalogue": models()}, r"prices is missing: give it beside catalogue"),
        ({"prices": prices()}, r"catalogue is missing: give it beside prices"),
        ({"catalogue": models(), "prices": prices().head(0)}, r"prices has no row: give a price"),
        ({"catalogue": models(), "prices": prices(model=["x", "y", "z"])}, r"prices has none"),
        ({"begins": DAY, "currency": "XXX"}, r"Currency.code is 'XXX'"),
        ({"begins": DAY, "zone": "Mars/Olympus"}, r"Zone is 'Mars/Olympus'"),
        ({"begins": DAY, "questions": ["pwer"]}, r"questions has no question 'pwer': write power"),
        ({"begins": DAY, "questions": []}, r"leaves nothing to ask"),
        ({"begins": "2026-04-01"}, r"begins is the text '2026-04-01': give a date"),
        ({"begins": DAY, "like": 3}, r"like is 3: give a programme"),
        ({"begins": date(1, 1, 1)}, r"begins is outside the years 1900 to 9900: give a day within them"),
        ({"begins": DAY, "like": without_terms()}, r"like has none: give a programme that has"),
    ],
)
def test_what_is_given_wrongly_is_named(tmp_path: Path, given: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidValue, match=said):
        new_programme(tmp_path / "mine", **{"like": MI, **given})
    assert list(tmp_path.iterdir()) == []


def test_a_programme_without_the_anchors_that_it_needs_is_no_model_for_one(tmp_path: Path) -> None:
    old = GRADED
    bare = Programme(**{**vars_of(old), "anchors": type(old.anchors)(())})
    with pytest.raises(InvalidValue, match=r"has no body anchor of a model with a price"):
        new_programme(tmp_path / "mine", begins=DAY, like=bare)


def test_a_directory_that_is_there_or_whose_name_is_no_id_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="is there already"):
        new_programme(tmp_path, begins=DAY)
    with pytest.raises(InvalidValue, match="can be the id of a programme"):
        new_programme(tmp_path / "a\tb", begins=DAY)


def test_every_key_has_a_meaning() -> None:
    """What the comments, the schema and the page of keys are made of."""
    from miexchange.programme import Terms, _shapes  # noqa: PLC0415 - only here

    for kind in (_shapes.Head, Terms, _shapes.Asked, _shapes.Bank):
        assert [name for name in keys_of(kind).types if not said_of(kind)[name]] == []


def example(tmp_path: Path, like: Programme, **given: Any) -> Programme:  # noqa: ANN401 - as it takes
    return Programme.load(new_programme(tmp_path / "mine", begins=DAY, like=like, **given))


@pytest.mark.parametrize(
    ("like", "place", "step"),
    [
        (MI, {}, 1_000),  # a multiple of the step of values and of that of prices
        (UK, {}, 50),
        (UK, {"currency": "JPY"}, 100),  # of a yen, a dearer phone could round to less
        (UK, {"currency": "KWD"}, 1_000),
    ],
)
def test_examples_are_two_models_of_each_category_at_round_prices(
    tmp_path: Path, like: Programme, place: dict[str, str], step: int
) -> None:
    made = example(tmp_path, like, categories=["smart watch"], **place)
    begin = made.terms[0].effective_from
    source = "example: put your own in its place"
    assert [*made.catalogue] == [
        Variant(name, "Example", "Smart watch", "smart watch", None, size, launched_on=DAY, source=source)
        for name, size in (("example-smart-watch-128", 128), ("example-smart-watch-64", 64))
    ]
    assert [*made.prices] == [
        Price("example-smart-watch-128", begin, 1_128 * step, "modelled", source),
        Price("example-smart-watch-64", begin, 1_064 * step, "modelled", source),
    ]
    assert [(one.model, one.listed_from, one.listed_until) for one in made.eligible] == [
        (one.model, DAY, None) for one in made.prices
    ]
    (terms,) = made.terms
    assert (made.brands, made.categories) == (frozenset({"Example"}), frozenset({"smart watch"}))
    assert (terms.version, terms.bonuses, terms.scrap_values) == ("2026-04-01", (), ())
    assert (terms.usage.brands, terms.usage.categories) == (("Example",), ("smart watch",))
    assert terms.usage.channels == ("online", "store")


def test_what_is_kept_of_the_other_programme_is_called_a_setting(tmp_path: Path) -> None:
    (terms,) = example(tmp_path, GRADED).terms
    assert terms.exchange is not None
    like = "a setting; like graded-trade-in"
    assert (terms.source, terms.exchange.source) == (like, like)
    assert terms.usage.source == f"{like}, but for what it buys and where"


def test_treatments_of_bonuses_are_left_with_their_bonuses(tmp_path: Path) -> None:
    assert {row.part for row in example(tmp_path, GRADED).treatments} == {"exchange_value", "resale"}


@pytest.mark.parametrize(("least", "steps"), [(500, (50, 500)), (450, (50, 0)), (50, (50, 0))])
def test_a_step_and_a_floor_are_kept_up_to_the_least_price(tmp_path: Path, least: int, steps: tuple[int, int]) -> None:
    given = prices(price_minor=[f"{least}", "600", "500"], model=["b-2-64", "a-1-128", "a-1-64"])
    (terms,) = Programme.load(new_programme(tmp_path / "mine", models(), given, like=UK)).terms
    assert (terms.step_minor, terms.scrap_minor) == steps


def test_a_price_of_a_model_that_is_unknown_is_of_every_category(tmp_path: Path) -> None:
    """So it is told, whatever categories are chosen."""
    unknown = prices(model=["a-1-64", "a-1-128", "x"])
    with pytest.raises(DataError, match=r"eligible_models.csv:4: model: x is not in models.csv"):
        new_programme(tmp_path / "mine", models(), unknown, like=UK, categories=["smartphone"])


def test_anchors_are_the_median_share_of_the_last_price(tmp_path: Path) -> None:
    """A share of a price of next to nothing is one minor unit, since an anchor costs something."""
    old = lists.base()
    listed = [{"model": "a-1-64", "price_minor": "500000"}, {"model": "b-2-64", "price_minor": "1000"}]
    table = pd.DataFrame(
        [{"effective_from": "2026-04-01", "basis": "observed", "source": "list", **one} for one in listed]
    )
    made = Programme.load(new_programme(tmp_path / "mine", models(), table, like=old))
    # Of the last prices 900,000, 1,100,000 and 250,000, the last anchors are 1,666, 1,727 and 1,600 basis points.
    assert [(one.model, one.component, one.amount_minor) for one in made.anchors] == [
        ("a-1-64", "display", 83_300),
        ("b-2-64", "display", 166),
    ]
    source = "1666 bps of the market price, the median of base: put your repair cost in its place"
    assert {(one.basis, one.source) for one in made.anchors} == {("modelled", source)}
    assert {one.effective_from for one in made.anchors} == {made.terms[0].effective_from}


def test_a_programme_like_another_of_the_same_models_asks_the_same(tmp_path: Path) -> None:
    old = lists.base()
    spring, summer = old.terms
    small = old.anchors.of(one.replace(amount_minor=1) for one in old.anchors)
    like = Programme(**{**vars_of(old), "terms": (spring,), "anchors": small})
    made = Programme.load(new_programme(tmp_path / "mine", old.catalogue, old.prices, like=like))
    (terms,) = made.terms
    assert terms.questionnaire == spring.questionnaire
    assert (terms.overlaps, terms.age_bands, terms.grades) == (spring.overlaps, spring.age_bands, spring.grades)
    assert {one.model: f"{one.listed_from}" for one in made.eligible} == {
        "acme-one-4-64": "2020-01-01",
        "acme-two-6-128": "2020-01-01",
        "zeta-flip-2-16": "2020-01-20",
    }
    assert [one.effective_from for one in made.anchors] == [one.effective_from for one in made.prices]
    assert {one.amount_minor for one in made.anchors} == {1}  # a share of next to nothing is no anchor of nothing
    assert made.price_step_minor == 100
    others = Programme.load(new_programme(tmp_path / "others", models(), prices(), like=like)).terms[0]
    assert {one.id for one in spring.questionnaire.questions} - {one.id for one in others.questionnaire.questions} == {
        "warranty"
    }
    newest = Programme.load(new_programme(tmp_path / "newest", models(), prices(), like=old)).terms[0]
    assert newest.drift_bps_per_day == summer.drift_bps_per_day != spring.drift_bps_per_day


def test_a_commented_file_has_each_key_that_has_a_value(tmp_path: Path) -> None:
    place = new_programme(tmp_path / "mine", begins=DAY, like=GRADED)
    (terms,) = Programme.load(place).terms
    (written,) = tomllib.loads((place / "programme.toml").read_text("utf-8"))["terms"]
    for name, settings in (("usage", terms.usage), ("eligibility", terms.eligibility), ("exchange", terms.exchange)):
        filled = {key for key in keys_of(type(settings)).types if getattr(settings, key) not in (None, (), "")}
        assert written[name].keys() == filled
    bank = (place / "questions.toml").read_text("utf-8").splitlines()
    above = [before for before, line in pairwise(bank) if line.startswith("axis = ")]
    assert [one.startswith("# ") for one in above] == [True] + [False] * (len(above) - 1)
    lines = [
        line for file in ("programme.toml", "questions.toml") for line in (place / file).read_text("utf-8").splitlines()
    ]
    assert 90 < max(len(line) for line in lines if line.startswith("# ")) <= 120
    assert [line for line in lines if line.endswith(' = ""')] == []
