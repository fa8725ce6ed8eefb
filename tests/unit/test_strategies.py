"""What the strategies promise: valid or refused as their name says, readable when shrunk, and found by hypothesis."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from miexchange import Imei, InvalidImei, Programme, Quote, Redemption, Refusal, strategies
from miexchange.imei import is_valid
from shipped import shipped_programme

if TYPE_CHECKING:
    from collections.abc import Callable

SHIPPED = [shipped_programme(name) for name in ("mi-exchange-india", "graded-trade-in", "uk-trade-in")]
SHORT = settings(
    max_examples=60, derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def minimal(strategy: st.SearchStrategy[Any], such_that: Callable[[Any], bool] = lambda _: True) -> Any:  # noqa: ANN401 - whatever is drawn
    """Return the simplest example, the same in every run."""
    calm = settings(max_examples=300, database=None, phases=[Phase.generate, Phase.shrink])
    return find(strategy, such_that, settings=calm, random=Random(0))  # noqa: S311 - nothing secret is drawn


def draw_until(
    seen: set[str], wanted: set[str], strategy: st.SearchStrategy[Any], look: Callable[[Any], object]
) -> None:
    """Draw until all that is wanted was seen, and 500 times at most."""

    def looked(drawn: object) -> bool:
        look(drawn)
        return seen >= wanted

    with suppress(NoSuchExample):
        calm = settings(SHORT, max_examples=500, phases=[Phase.generate])
        find(strategy, looked, settings=calm, random=Random(0))  # noqa: S311 - as above


# ----- what is drawn is what was promised


@SHORT
@given(strategies.imeis())
def test_imeis_are_those_of_phones_that_were_sold(imei: Imei) -> None:
    assert not imei.is_placeholder
    assert not imei.is_test
    assert imei.reporting_body is not None


@SHORT
@given(strategies.imeis(st.just("35417803")))
def test_imeis_can_have_a_tac_that_is_given(imei: Imei) -> None:
    assert imei.tac == "35417803"


@SHORT
@given(strategies.imei_texts(strategies.imeis(st.just("35417803"))))
def test_imei_texts_are_read(text: str) -> None:
    assert Imei.parse(text).tac == "35417803"


@settings(SHORT, max_examples=10 * settings().max_examples)
@given(strategies.mistyped_imeis())
def test_mistyped_imeis_are_refused(text: str) -> None:
    assert not is_valid(text)
    with pytest.raises(InvalidImei):
        Imei.parse(text)


def test_every_kind_of_slip_is_drawn() -> None:
    codes: set[str] = set()
    wanted = {"imei_check_digit", "imei_14_digits", "imei_16_digits", "imei_characters", "imei_sign"}

    def collect(text: str) -> None:
        with pytest.raises(InvalidImei) as caught:
            Imei.parse(text)
        codes.add(str(caught.value.code))

    draw_until(codes, wanted, strategies.mistyped_imeis(), collect)
    assert codes >= wanted


@SHORT
@given(strategies.amounts())
def test_amounts_are_whole_rupees(paise: int) -> None:
    assert paise > 0
    assert paise % 100 == 0


@SHORT
@given(st.data())
def test_instants_lie_between_their_bounds(data: st.DataObject) -> None:
    first = datetime(2018, 3, 15, tzinfo=UTC)
    last = first + timedelta(microseconds=data.draw(st.integers(0, 3)))
    at = data.draw(strategies.instants(first, last))
    assert first <= at <= last
    assert at.tzinfo is not None


@SHORT
@given(st.data())
def test_conditions_are_complete(data: st.DataObject) -> None:
    asked, variant = data.draw(strategies.questionnaires()), data.draw(strategies.variants())
    grading = asked.grade(data.draw(strategies.conditions(asked, variant)), variant)
    assert {reason.code.value for reason in grading.reasons} <= {"condition_gate"}
    clean = asked.grade(data.draw(strategies.conditions(asked, variant, gates=False)), variant)
    assert clean.reasons == ()


def test_hostile_conditions_break_every_rule_of_answering() -> None:
    codes: set[str] = set()

    @settings(SHORT, max_examples=200)
    @given(st.data())
    def collect(data: st.DataObject) -> None:
        asked, variant = data.draw(strategies.questionnaires()), data.draw(strategies.variants())
        condition = data.draw(strategies.hostile_conditions(asked, variant))
        codes.update(reason.code.value for reason in asked.grade(condition, variant).reasons)

    collect()
    assert codes >= {"answer_missing", "answer_unknown", "question_unknown"}


@pytest.mark.parametrize("programme", SHIPPED, ids=lambda programme: programme.id)
def test_enquiries_about_a_shipped_programme_are_quoted(programme: Programme) -> None:
    @settings(SHORT, max_examples=30)
    @given(strategies.enquiries(programme, imei=True))
    def ask(enquiry: strategies.Enquiry) -> None:
        assert enquiry.programme is programme
        answer = enquiry.answer()
        assert isinstance(answer, Quote), answer.explain()

    ask()


@pytest.mark.sweep
def test_hostile_enquiries_are_refused_for_many_reasons_and_sometimes_quoted() -> None:
    codes: set[str] = set()
    wanted = {
        *("quoted", "imei_characters", "imei_placeholder", "imei_blocked", "tac_unknown", "model_unknown"),
        *("model_not_listed", "exchange_open", "device_exchanged", "answer_missing", "condition_gate"),
        *("purchase_date_missing", "programme_not_in_force"),
    }

    def ask(enquiry: strategies.Enquiry) -> None:
        answer = enquiry.answer()
        codes.update(answer.codes if isinstance(answer, Refusal) else ["quoted"])

    draw_until(codes, wanted, strategies.hostile_enquiries(), ask)
    assert codes >= wanted


def test_programmes_have_every_kind_of_rule() -> None:
    seen: set[str] = set()
    wanted = {
        *("amount", "share", "anchor", "gate", "retention", "extra", "grades", "age", "drift", "overlap", "floor"),
        *("share of the operator", "fall-back", "capped bonus", "restricted", "optional", "two versions", "not listed"),
    }

    def look(programme: Programme) -> None:
        for terms in programme.terms:
            options = [option for question in terms.questionnaire.questions for option in question.options]
            seen.update(option.deduction.kind.split()[0] for option in options if option.deduction)
            seen.update({"gate"} if any(option.gate for option in options) else ())
            seen.update({"retention"} if any(option.keep_bps < 10_000 for option in options) else ())
            seen.update({"extra"} if any(option.extra_minor for option in options) else ())
            seen.update({"grades"} if len(terms.grades) > 2 else ())
            seen.update({"age"} if terms.age_bands else ())
            seen.update({"drift"} if terms.drift_bps_per_day else ())
            seen.update({"overlap"} if terms.overlaps else ())
            seen.update({"floor"} if terms.scrap_minor else ())
            seen.update({"share of the operator"} if terms.factor_bps < 10_000 else ())
            seen.update({"fall-back"} if any(bonus.fall_back for bonus in terms.bonuses) else ())
            seen.update({"capped bonus"} if any(bonus.cap_minor for bonus in terms.bonuses) else ())
            asked = terms.questionnaire.questions
            seen.update({"restricted"} if any(question.asked_brands for question in asked) else ())
            seen.update({"optional"} if any(question.optional for question in asked) else ())
        seen.update({"two versions"} if len(programme.terms) > 1 else ())
        seen.update({"not listed"} if len(programme.catalogue.variants) > len(programme.eligible.listings) else ())

    draw_until(seen, wanted, strategies.programmes(), look)
    assert seen == wanted


# ----- what a failing test shows


def test_the_simplest_imei_is_plain() -> None:
    assert minimal(strategies.imeis()).digits == "350000000000006"
    assert minimal(strategies.imei_texts()) == "350000000000006"


def test_the_simplest_price_is_round() -> None:
    price = minimal(strategies.prices())
    assert (price.price_minor, price.effective_from) == (100_000, datetime(2018, 3, 15, tzinfo=UTC))
    assert minimal(strategies.amounts(), lambda paise: paise > 523_499) == 600_000
    assert minimal(strategies.price_tables(), lambda table: len(table.prices) > 1).prices[0].price_minor == 100_000


def test_the_simplest_order_has_one_line() -> None:
    order = minimal(strategies.orders())
    assert [(line.price_minor, line.quantity) for line in order.lines] == [(100_000, 1)]
    assert order.other_discounts == ()


def test_conditions_shrink_towards_the_best_answers() -> None:
    programme = SHIPPED[1]
    variant = programme.catalogue.by_model["oneplus-3t-6-64"]
    asked = programme.terms[0].questionnaire
    best = asked.best(variant)
    assert minimal(strategies.conditions(asked, variant)) == best
    found = minimal(
        strategies.conditions(asked, variant), lambda condition: condition["battery"] not in {"good", "worn"}
    )
    assert found == best.replace(battery="weak")


def test_a_questionnaire_shrinks_to_one_question_that_changes_nothing() -> None:
    (question,) = minimal(strategies.questionnaires()).questions
    assert [option.is_clean for option in question.options] == [True, True]


@pytest.mark.sweep
def test_a_quote_shrinks_to_a_round_value_and_two_lines() -> None:
    quote = minimal(strategies.quotes())
    assert [(line.rule, line.amount) for line in quote.lines] == [("market", 100_000), ("grade", 0)]
    assert quote.imeis == ()


@pytest.mark.sweep
def test_a_redemption_shrinks_to_one_line() -> None:
    redemption = minimal(strategies.redemptions())
    assert isinstance(redemption, Redemption)
    assert redemption.discounts == (100_000,)


# ----- how hypothesis finds them


def test_every_public_strategy_is_listed_in_order() -> None:
    assert strategies.__all__ == sorted(strategies.__all__, key=_constants_classes_functions)
    assert all(hasattr(strategies, name) for name in strategies.__all__)


def _constants_classes_functions(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


@pytest.mark.parametrize(
    "name",
    [name for name in strategies.__all__ if name.islower() and name not in {"frame_of", "programme_of", "register"}],
)
def test_every_strategy_draws_without_arguments_and_has_a_docstring(name: str) -> None:
    make = getattr(strategies, name)
    assert make.__doc__.startswith("Draw ")

    @settings(SHORT, max_examples=5)
    @given(make())
    def drawn(_: object) -> None:
        pass

    drawn()


def run(code: str, **environment: str) -> str:
    """Run code in a fresh interpreter with this one's paths."""
    paths = os.pathsep.join(path for path in sys.path if path)
    environ = {**os.environ, "PYTHONPATH": paths, **environment}
    done = subprocess.run(  # noqa: S603 - this very interpreter, with the code of this file
        [sys.executable, "-W", "error", "-c", code], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


ASK = """
from hypothesis import find, settings, strategies as st
from miexchange import Imei
print(find(st.from_type(Imei), lambda imei: True, settings=settings(database=None)).digits)
"""


def test_a_registered_type_is_drawn_by_our_strategy() -> None:
    assert run(f"import miexchange.strategies as ours\nours.register()\n{ASK}") == "350000000000006\n"


@pytest.mark.parametrize("first", ["hypothesis", "miexchange", "miexchange.strategies", "miexchange.strategies._imeis"])
def test_whoever_is_imported_first_the_entry_point_works(first: str, tmp_path: Path) -> None:
    """An installation is imitated by its metadata: hypothesis then calls `register` while it is being imported."""
    metadata = tmp_path / "pretended-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: pretended\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text(
        "[hypothesis]\npretended = miexchange.strategies:register\n", encoding="utf-8"
    )
    code = f"import sys\nsys.path.append({str(tmp_path)!r})\nimport {first}\n{ASK}"
    assert run(code, HYPOTHESIS_NO_PLUGINS="") == "350000000000006\n"


def test_importing_hypothesis_loads_nothing_heavy() -> None:
    """What the entry point costs everybody: the core, and nothing of what a valuation or a table needs."""
    heavy = ["numpy", "pandas", "pydantic", "sqlalchemy", "stdnum", "typer"]
    code = f"import sys\nimport miexchange.strategies as ours\nours.register()\nprint(*({heavy} & sys.modules.keys()))"
    code = code.replace(str(heavy), f"set({heavy})")
    assert run(code).split() == []


def test_the_installed_entry_point_is_ours() -> None:
    """Skipped where the tests run from a checkout that is not installed."""
    try:
        distribution = importlib.metadata.distribution("miexchange")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("miexchange is not installed here, so there is no entry point to load")
    (entry,) = distribution.entry_points.select(group="hypothesis")
    assert entry.load() is strategies.register
    assert run(ASK) == "350000000000006\n"


def test_the_strategies_are_an_island() -> None:
    """Design, section 4: islands import the core, never one another; the strategies, besides that, hypothesis only."""
    for file in Path(strategies.__file__).parent.glob("*.py"):
        allowed = {"hypothesis", "miexchange", *sys.stdlib_module_names}
        allowed |= {"pandas", "polars", "pyarrow"} if file.stem == "_frames" else set()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert {name.partition(".")[0] for name in names} <= allowed
