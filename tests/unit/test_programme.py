"""A programme as one value: loaded, dated, compared, fingerprinted; and the bounds that keep it within 64 bits."""

from __future__ import annotations

import dataclasses
import itertools
import pickle
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from miexchange import Programme, TacTable, lint
from miexchange._kernel import bonus, drift_bps, finding, value_steps
from miexchange._limits import QUESTIONS
from miexchange._questions import GREATEST_WEIGHT
from miexchange._value import dump
from miexchange._zone import Zone
from miexchange.errors import InvalidValue
from miexchange.money import BPS, GREATEST_AMOUNT
from miexchange.programme import Bonus, shipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from miexchange._zone import AnyZone

BASE = Path(__file__).parents[1] / "data" / "programme_base"
TICK = timedelta(microseconds=1)


@pytest.fixture(scope="module")
def base() -> Programme:
    return Programme.load(BASE)


def test_the_shipped_programmes_load_by_their_ids() -> None:
    assert shipped() == ("graded-trade-in", "mi-exchange-india", "uk-trade-in")
    for name in shipped():
        assert lint(name) == ()
        assert Programme.load(name).id == name


def test_a_programme_loads_by_its_path_as_well(base: Programme) -> None:
    assert Programme.load(str(BASE)) == base
    assert Programme.load(BASE / ".." / BASE.name) == base


def test_everything_that_is_written_is_loaded(base: Programme) -> None:
    assert (base.id, base.title, sorted(base.brands)) == ("base", "Base", ["Acme", "Zeta"])
    assert base.zone.utcoffset(None) == timedelta(minutes=330)
    assert (len(base.catalogue.variants), len(base.eligible.listings)) == (4, 3)
    assert (len(base.prices.prices), len(base.anchors.anchors), len(base.tacs)) == (7, 4, 3)
    spring, summer = base.terms
    assert (spring.version, summer.version) == ("spring", "summer")
    assert spring.effective_from == datetime(2019, 12, 31, 18, 30, tzinfo=UTC)
    assert summer.effective_from == datetime(2020, 2, 29, 18, 30, tzinfo=UTC)
    assert [(band.from_months, band.keep_bps) for band in spring.age_bands] == [(0, 10_000), (12, 9_000)]
    assert [one.id for one in spring.bonuses] == ["large", "small"]
    assert (spring.overlaps[0].one, spring.overlaps[0].other, spring.overlaps[0].counted_bps) == (
        "display",
        "battery",
        3_000,
    )
    assert (summer.drift_bps_per_day, summer.factor_bps, summer.bonuses[0].targets) == (5, 9_800, ("Two",))
    assert [grade.id for grade in spring.grades] == ["A", "B"]
    warranty = {question.id: question for question in spring.questionnaire.questions}["warranty"]
    assert (warranty.asked_brands, warranty.asked_launched_from) == (("Acme",), date(2019, 1, 1))
    again = {question.id: question for question in summer.questionnaire.questions}["warranty"]
    assert (again.asked_brands, again.asked_launched_from) == ((), None)
    assert spring.components == {"display": 0, "battery": 1}
    assert spring.overlap_positions == ((0, 1, 3_000),)


def test_terms_hold_from_their_first_instant(base: Programme) -> None:
    spring, summer = base.terms
    assert base.terms_at(spring.effective_from - TICK) is None
    assert base.terms_at(spring.effective_from) is spring
    assert base.terms_at(summer.effective_from - TICK) is spring
    assert base.terms_at(summer.effective_from) is summer
    assert base.terms_at(datetime(9000, 1, 1, tzinfo=UTC)) is summer
    kolkata = timezone(timedelta(hours=5, minutes=30))
    assert base.terms_at(summer.effective_from.astimezone(kolkata)) is summer
    with pytest.raises(InvalidValue, match="at is"):
        base.terms_at(datetime(2020, 1, 1))  # noqa: DTZ001 - the point


def test_each_step_of_a_quote_is_named_with_its_row(base: Programme) -> None:
    spring, summer = base.terms
    assert spring.option_names["screen", "cracked"] == (
        ("retention:screen", "100 % kept: Cracked", "condition[screen=cracked]"),
        ("deduction:display", "Cracked: 200 % of the display repair anchor", "condition[screen=cracked]"),
        ("extra:screen", "Cracked", "condition[screen=cracked]"),
    )
    assert spring.option_names["battery", "weak"][1][1] == "An hour: 5 % of the market price"
    assert spring.option_names["power", "works"][1][1] == "Yes: "
    assert spring.grade_names == (
        ("grade", "grade A: 100 % kept", "grades[A]"),
        ("grade", "grade B: 90 % kept", "grades[B]"),
    )
    assert spring.overlap_names == (
        ("overlap:display+battery", "30 % of the smaller counts", "overlaps[display+battery]"),
    )
    assert summer.overlap_names == ()
    assert spring.closing_names(base.currency) == (
        ("factor", "100 %: the operator's share", "terms[factor_bps]"),
        ("floor", "not below the scrap value of 100.00", "terms[scrap_minor]"),
        ("cap", "not above the market price", "market_prices"),
        ("rounding", "down to whole steps of 10.00", "terms[step_minor]"),
    )


def test_a_price_is_named_by_the_day_of_the_programme_s_own_zone(base: Programme) -> None:
    begins = datetime(2020, 1, 31, 18, 30, tzinfo=UTC)
    assert base.price_names["acme-two-6-128", begins] == (
        "modelled price of a clean device since 2020-02-01",
        "market_prices[acme-two-6-128@2020-02-01]",
    )
    assert len(base.price_names) == len(base.prices.prices)


def test_spans_of_time_are_told_as_durations(base: Programme) -> None:
    spring, summer = base.terms
    assert (spring.price_max_age, summer.price_max_age) == (timedelta(days=45), timedelta(days=40))
    assert spring.quote_life == timedelta(hours=24)
    assert spring.bonus_by_id == {one.id: one for one in spring.bonuses}


# The digest.


def change(directory: Path, file: str, old: str, new: str) -> None:
    text = (directory / file).read_text(encoding="utf-8")
    assert old in text
    (directory / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def reversed_rows(directory: Path, file: str) -> None:
    header, *rows = (directory / file).read_text(encoding="utf-8").splitlines()
    (directory / file).write_text("\n".join([header, *reversed(rows)]), encoding="utf-8")


def renamed(directory: Path) -> None:
    (directory / "models.csv").rename(directory / "phones.csv")
    change(directory, "programme.toml", "models.csv", "phones.csv")


SAME: dict[str, Callable[[Path], object]] = {
    "a comment": lambda base: change(base, "programme.toml", "[[terms]]", "# of the year 2020\n[[terms]]"),
    "the order of keys": lambda base: change(
        base, "programme.toml", 'id = "base"\ntitle = "Base"', 'title = "Base"\nid = "base"'
    ),
    "the order of brands": lambda base: change(base, "programme.toml", '["Acme", "Zeta"]', '["Zeta", "Acme"]'),
    "a default that is written out": lambda base: change(
        base, "programme.toml", "stackable = true", "stackable = true\nfrom_value_minor = 0"
    ),
    "how a moment is written": lambda base: change(base, "programme.toml", "2020-03-01T00:00:00+05:30", "2020-03-01"),
    "the order of prices": lambda base: reversed_rows(base, "market_prices.csv"),
    "the order of models": lambda base: reversed_rows(base, "models.csv"),
    "the order of the list": lambda base: reversed_rows(base, "eligible_models.csv"),
    "the order of anchors": lambda base: reversed_rows(base, "repair_anchors.csv"),
    "the order of TACs": lambda base: reversed_rows(base, "tac.csv"),
    "the order of conditions": lambda base: reversed_rows(base, "condition.csv"),
    "the name of a file": renamed,
}  # fmt: skip

OTHER: dict[str, Callable[[Path], object]] = {
    "the id": lambda base: change(base, "programme.toml", 'id = "base"', 'id = "basis"'),
    "the title": lambda base: change(base, "programme.toml", 'title = "Base"', 'title = "Basis"'),
    "the zone": lambda base: change(base, "programme.toml", "minutes = 330", "minutes = 345"),
    "a brand": lambda base: change(base, "programme.toml", '"Zeta"]', '"Zeta", "Nilo"]'),
    "a setting": lambda base: change(base, "programme.toml", "9_800", "9_801"),
    "a bonus": lambda base: change(base, "programme.toml", "amount_minor = 20_000", "amount_minor = 20_001"),
    "a restriction": lambda base: change(base, "programme.toml", "2019-01-01", "2019-01-02"),
    "a rule of the coupon": lambda base: change(base, "programme.toml", '["bank_offer"]', "[]"),
    "a price": lambda base: change(base, "market_prices.csv", "950000", "949900"),
    "the end of a price": lambda base: change(base, "market_prices.csv", "03-01,,900000", "03-01,2020-06-01,900000"),
    "the basis of a price": lambda base: change(base, "market_prices.csv", "950000,modelled", "950000,observed"),
    "the source of a price": lambda base: change(
        base, "market_prices.csv", "950000,modelled,setting", "950000,modelled,x"
    ),
    "an anchor": lambda base: change(base, "repair_anchors.csv", "40000", "40100"),
    "a listing": lambda base: change(base, "eligible_models.csv", "2020-03-15", "2020-03-14"),
    "a model": lambda base: change(base, "models.csv", "4096", "4000"),
    "a TAC": lambda base: change(base, "tac.csv", "35417805", "35417806"),
    "a deduction": lambda base: change(base, "condition.csv", "2500", "2501"),
    "a grade": lambda base: change(base, "grades.csv", "9000", "8999"),
    "the words of a question": lambda base: change(base, "questions.toml", "switch on?", "switch on at all?"),
}


@pytest.mark.parametrize("what", SAME)
def test_the_digest_is_of_the_content(base: Programme, tmp_path: Path, what: str) -> None:
    copy = Path(shutil.copytree(BASE, tmp_path / "programme"))
    SAME[what](copy)
    other = Programme.load(copy)
    assert other.digest == base.digest
    assert other == base
    assert hash(other) == hash(base)


@pytest.mark.parametrize("what", OTHER)
def test_another_content_has_another_digest(base: Programme, tmp_path: Path, what: str) -> None:
    copy = Path(shutil.copytree(BASE, tmp_path / "programme"))
    OTHER[what](copy)
    other = Programme.load(copy)
    assert other.digest != base.digest
    assert other != base


def test_the_digest_is_over_the_json_form_of_every_table(base: Programme) -> None:
    for table in (*base.terms, base.catalogue, base.eligible, base.prices, base.anchors):
        assert type(table).from_json(dump(table)) == table


def test_a_programme_is_shown_by_its_digest_and_not_by_its_tables(base: Programme) -> None:
    assert repr(base) == f"<Programme base {base.digest[:12]}: 3 listings, 2 terms>"
    assert base != "base"
    assert pickle.loads(pickle.dumps(base)) == base  # noqa: S301 - our own bytes


def test_a_programme_can_be_changed_in_one_part_only(base: Programme) -> None:
    other = dataclasses.replace(base, tacs=TacTable.of([]))
    assert other != base
    assert other.prices is base.prices


def test_loading_does_not_import_pydantic_nor_anything_heavy() -> None:
    heavy = ("pydantic", "numpy", "pandas", "typer", "rich")
    code = f"""
import sys, miexchange
miexchange.Programme.load({str(BASE)!r}).digest
print([name for name in {heavy!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - ourselves
    assert done.stdout == "[]\n"


def test_a_bonus_runs_on_its_days_and_for_its_targets() -> None:
    day = date(2018, 3, 15)
    one = Bonus("a", "A", amount_minor=100)
    assert one.runs(day, None)
    assert one.most_minor == 100
    dated = one.replace(begins=day, ends=day + timedelta(days=1))
    assert [dated.runs(day + timedelta(days=n), None) for n in (-1, 0, 1)] == [False, True, False]
    targeted = one.replace(targets=("Two",))
    assert (targeted.runs(day, "Two"), targeted.runs(day, "One"), targeted.runs(day, None)) == (True, False, False)
    assert one.replace(amount_minor=0, share_bps=100, cap_minor=50).most_minor == 50


# 64 bits.


class Watched(int):
    """An int that notes the greatest size which any step of a computation reaches."""

    greatest = 0

    def __new__(cls, value: int) -> Self:
        made = super().__new__(cls, value)
        cls.greatest = max(cls.greatest, abs(value))
        return made

    def __add__(self, other: int) -> Watched:
        return Watched(int(self) + int(other))

    def __sub__(self, other: int) -> Watched:
        return Watched(int(self) - int(other))

    def __rsub__(self, other: int) -> Watched:
        return Watched(int(other) - int(self))

    def __mul__(self, other: int) -> Watched:
        return Watched(int(self) * int(other))

    def __floordiv__(self, other: int) -> Watched:
        return Watched(int(self) // int(other))

    def __neg__(self) -> Watched:
        return Watched(-int(self))

    __radd__, __rmul__ = __add__, __mul__


def test_the_watched_int_sees_every_operator() -> None:
    Watched.greatest = 0
    results = [
        Watched(7) + 1, 1 + Watched(7), Watched(7) - 1, 1 - Watched(7), Watched(7) * 2, 2 * Watched(7),
        Watched(7) // 2, -Watched(7),
    ]  # fmt: skip
    assert [int(result) for result in results] == [8, 8, 6, -6, 14, 14, 3, -7]
    assert {type(result) for result in results} == {Watched}
    assert Watched.greatest == 14


@pytest.mark.parametrize(
    ("market", "extra", "counted", "factor"),
    list(
        itertools.product(
            (GREATEST_AMOUNT, 100), (GREATEST_AMOUNT, 0, -GREATEST_AMOUNT), (0, BPS), (1, BPS),
        )
    ),
)  # fmt: skip
def test_no_programme_that_loads_can_pass_64_bits(market: int, extra: int, counted: int, factor: int) -> None:
    """The dearest phone, the most questions, each with the greatest deduction and the greatest extra there are."""
    Watched.greatest = 0
    price, anchor = Watched(market), Watched(GREATEST_AMOUNT)
    costs = [finding(price, anchor, 0, 0, GREATEST_WEIGHT) for _ in range(QUESTIONS)]
    assert costs[0] == GREATEST_AMOUNT * GREATEST_WEIGHT // BPS  # more than any share or fixed amount can be
    assert costs[0] > finding(price, anchor, 0, BPS, 0)
    assert costs[0] > GREATEST_AMOUNT
    overlaps = [(one, one + 1, Watched(counted)) for one in range(0, QUESTIONS, 2)]
    retentions = [Watched(BPS)] * QUESTIONS + [drift_bps(Watched(3_650), Watched(BPS)), Watched(BPS)]
    extras = [Watched(extra)] * QUESTIONS
    steps = value_steps(
        price, retentions, costs, overlaps, extras, Watched(factor), Watched(GREATEST_AMOUNT), Watched(1)
    )
    value = sum(steps, Watched(0))
    bonus(value, Watched(0), Watched(GREATEST_AMOUNT), Watched(BPS), Watched(GREATEST_AMOUNT))
    assert 10**16 < Watched.greatest < 2**63


def test_the_greatest_number_of_questions_is_not_far_below_what_64_bits_hold() -> None:
    each = GREATEST_AMOUNT * GREATEST_WEIGHT // BPS + GREATEST_AMOUNT
    assert QUESTIONS * each * BPS < 2**63 < 2 * QUESTIONS * each * BPS


# ----- as JSON


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        (timezone(timedelta(hours=5, minutes=30)), "+05:30"),
        (UTC, "+00:00"),
        (timezone(timedelta(seconds=-19_272), "LMT"), "-05:21:12"),
        (timezone(timedelta(microseconds=1)), "+00:00:00.000001"),
        (Zone("Europe/London"), "Europe/London"),
        (Zone("UTC"), "UTC"),
    ],
)
def test_the_json_of_a_programme_names_its_zone(base: Programme, zone: AnyZone, text: str) -> None:
    programme = dataclasses.replace(base, zone=zone)
    assert programme.to_dict()["zone"] == text
    again = Programme.from_json(programme.to_json())
    assert (again, again.zone, type(again.zone)) == (programme, zone, type(zone))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"zone": "Mars/Base"}, "Programme.zone is 'Mars/Base': give the name of a zone"),
        ({"zone": "+25:00"}, r"Programme.zone is '\+25:00': give the name of a zone"),
        ({"zone": "-00:00"}, "Programme.zone is in another form: give it as to_json writes it"),
        ({"zone": "+05:30:00"}, "Programme.zone is in another form"),
        ({"brands": ["Zeta", "Acme"]}, "Programme.brands is in another form: give it as to_json writes it: sorted"),
        ({"brands": ["Acme", "Acme"]}, "Programme.brands has 2 elements: give .* no two alike"),
        ({"categories": ["tablet", "smartphone"]}, "Programme.categories is in another form"),
        ({"zone": ""}, "Programme.zone is empty: give"),
        ({"categories": [7]}, "Programme.categories.0 is 7: give a text"),
        ({"tacs": [{"brand": "", "model": "", "source": "", "tacs": []}]}, "Programme.tacs.0.model is empty: name a"),
        ({"tacs": [{"brand": "A", "model": "", "source": "", "tacs": []}]}, "Programme.tacs is in another form"),
        ({"tacs": [{"brand": "A", "model": "", "source": "", "tacs": ["1"]}]}, "tacs.0.tacs.0 .* the 8 digits of a"),
        ({"prices": {"prices": [], "x": 1}}, "Programme.prices has no field 'x': leave it out; known: prices$"),
        ({"surprise": 1}, "Programme has no field 'surprise': leave it out; known: id, title, zone"),
        ({"price_step_minor": 0}, "Programme.price_step_minor is 0"),
    ],
)
def test_what_is_no_json_of_a_programme_is_refused_by_its_path(
    base: Programme, change: dict[str, object], fault: str
) -> None:
    with pytest.raises(InvalidValue, match=fault):
        Programme.from_dict({**base.to_dict(), **change})


def test_a_version_twice_or_too_early_is_refused_in_json_too(base: Programme) -> None:
    form = base.to_dict()
    with pytest.raises(InvalidValue, match=r"Programme\.terms\.1\.effective_from .* begin after version summer"):
        Programme.from_dict({**form, "terms": form["terms"][::-1]})
    with pytest.raises(InvalidValue, match=r"Programme is a list: give the JSON form of a Programme"):
        Programme.from_json("[]")


def test_two_terms_of_one_version_are_refused_in_json_too(base: Programme) -> None:
    first, second = base.to_dict()["terms"]
    with pytest.raises(InvalidValue, match=r"Programme\.terms has 2 elements: give .* no two of one version"):
        Programme.from_dict({**base.to_dict(), "terms": [first, {**second, "version": first["version"]}]})


def test_a_programme_of_nothing_comes_back_from_its_json(base: Programme) -> None:
    nothing = dataclasses.replace(base, brands=frozenset(), categories=frozenset(), terms=(), tacs=TacTable.of([]))
    assert Programme.from_json(nothing.to_json()) == nothing


def test_a_programme_keeps_where_its_tacs_are_from(base: Programme) -> None:
    tacs = TacTable.of([("35417803", "Acme", "One", "one.csv"), ("35417803", "Acme", "One", "two.csv")])
    programme = dataclasses.replace(base, tacs=tacs)
    again = Programme.from_json(programme.to_json())
    assert again.tacs == tacs
    assert [device.source for _, device in again.tacs] == ["one.csv", "two.csv"]
