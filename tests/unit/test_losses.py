"""Who gets less: what is valued where there are too many phones for all, and what keeps off a proof."""

from __future__ import annotations

import dataclasses
import sys
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from miexchange import Currency, TacTable, Zone
from miexchange import losses as losing
from miexchange.condition import Option, Question
from miexchange.errors import InvalidValue
from miexchange.losses import losses
from miexchange.market import Price, PriceTable
from miexchange.programme import AgeBand, Bonus, CustomerClass
from shipped import shipped_programme
from unit import small
from unit.small import AT, BEGIN, MODEL, TERMS, asking, cosmetic, costs, functional

if TYPE_CHECKING:
    from miexchange.losses import Losses
    from miexchange.programme import Terms

BAD = functional("port", "port", costs("bad", amount_minor=100_000))


def compared(before: Terms, after: Terms, **tables: Any) -> Losses:  # noqa: ANN401 - of a programme
    old = small.programme(before)
    return losses(old, dataclasses.replace(old, terms=(after,), **tables), at=AT)


def test_a_loss_says_which_phone_and_why() -> None:
    bonus = Bonus("launch", "Launch", amount_minor=50_000, targets=("Two",), quota=5)
    classes = (CustomerClass("gold", 10_000), CustomerClass("new", 9_000))
    before = asking(BAD).replace(bonuses=(bonus,), customer_classes=classes, age_bands=(AgeBand(0, 10_000),))
    found = compared(before, before.replace(bonuses=(bonus.replace(amount_minor=20_000),)))
    first = found.largest[0]
    assert (found.verdict, found.is_largest, bool(found)) == ("losers", True, True)
    assert (first.loss_minor, first.why, first.target, first.quotas) == (30_000, "bonus:launch", "Two", "free")
    text = found.explain()
    assert "the largest loss is 300.00:" in text
    assert "target: Two" in text
    refused = compared(before, before.replace(customer_classes=(classes[0],)))
    assert (refused.largest[0].after_minor, refused.largest[0].why) == (None, "customer_unknown")
    assert "refused" in refused.explain()


def test_several_choices_are_valued_each_with_each() -> None:
    def choices(camera: int) -> Terms:
        costly = {"camera": camera, "port": 20_000}
        return asking(
            *(
                Question(
                    f"broken.{name}",
                    "What?",
                    f"broken.{name}",
                    "functional",
                    (Option("none", "None"), costs(name, amount_minor=amount)),
                    choice_of="broken",
                )
                for name, amount in costly.items()
            )
        )

    found = compared(choices(10_000), choices(15_000))
    assert (found.valued, found.losers, found.largest[0].loss_minor) == (4, 2, 5_000)
    assert found.largest[0].faults == ("broken=camera",)


def test_of_many_phones_those_near_the_best_ones_are_valued(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losing, "_MOST_ROWS", 1_000)
    old = shipped_programme("mi-exchange-india")
    few = dataclasses.replace(old, prices=PriceTable.of([row for row in old.prices if row.model == "oneplus-3t-6-64"]))
    terms = few.terms[0]
    grades = (*terms.grades[:-1], terms.grades[-1].replace(keep_bps=terms.grades[-1].keep_bps - 500))
    at = datetime(2018, 4, 1, tzinfo=UTC)
    found = losses(few, dataclasses.replace(few, terms=(terms.replace(grades=grades),)), at=at)
    assert (found.verdict, found.is_largest) == ("losers", False)
    assert (found.largest[0].why, len(found.largest[0].faults)) == ("grade", 1)
    assert "at least" in found.explain()


def test_nobody_may_be_taken_at_all() -> None:
    found = losses(small.programme(), small.programme(), at=BEGIN + timedelta(days=900))
    assert (found.verdict, found.valued) == ("proved", 0)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"zone": Zone("Asia/Kolkata")}, "days begin elsewhere"),
        ({"tacs": TacTable.of([])}, "the TAC table is another one"),
    ],
)
def test_what_keeps_off_a_proof_is_told(change: dict[str, Any], says: str) -> None:
    from miexchange.prove._less import why_not_proved  # noqa: PLC0415 - of an extra

    old = small.programme()
    new = dataclasses.replace(old, **change)
    taken = [(old.catalogue.by_model[MODEL], AT)]
    assert why_not_proved(old, new, taken, 5) == says


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        (asking(cosmetic("back", "back", costs("bad", amount_minor=1))), "other questions are asked"),
        (asking(BAD.replace(options=BAD.options[:1])), "other questions are asked"),
        (asking(BAD.replace(options=(BAD.options[0], Option("bad", "Bad", gate=True)))), "other questions are asked"),
        (asking(BAD.replace(optional=True)), "other questions are asked"),
        (asking(BAD).replace(age_bands=(AgeBand(0, 9_000),)), "kept by age has changed"),
        (asking(BAD).replace(grades=TERMS.grades[:2]), "there are other grades"),
        (asking(BAD).replace(drift_bps_per_day=1), "price loses a day has changed"),
        (
            asking(BAD).replace(eligibility=TERMS.eligibility.replace(register_hours=1)),
            "newer evidence of a register is demanded",
        ),
        (asking(BAD).replace(eligibility=TERMS.eligibility.replace(unknown_tac="refuse")), "fewer phones are let pass"),
        (asking(BAD).replace(factor_bps=9_000), "the solver finds no proof for all answers"),
    ],
)
def test_what_keeps_off_a_proof_of_terms_is_told(terms: Terms, says: str) -> None:
    from miexchange.prove._less import why_not_proved  # noqa: PLC0415 - of an extra

    old = small.programme(asking(BAD))
    new = dataclasses.replace(old, terms=(terms,))
    assert why_not_proved(old, new, [(old.catalogue.by_model[MODEL], AT)], 5) == says


def test_a_bonus_may_only_grow() -> None:
    from miexchange.prove._less import why_not_proved  # noqa: PLC0415 - of an extra

    bonus = Bonus("may", "May", share_bps=100, cap_minor=5_000, begins=date(2020, 1, 5), ends=date(2020, 3, 1), quota=5)
    old = small.programme(TERMS.replace(bonuses=(bonus,)))
    taken = [(old.catalogue.by_model[MODEL], AT)]
    for fields, says in (
        ({"share_bps": 200, "cap_minor": 6_000, "quota": None, "begins": None, "ends": None}, None),
        ({"ends": date(2020, 2, 1)}, "a bonus has changed"),
        ({"begins": date(2020, 1, 6)}, "a bonus has changed"),
        ({"targets": ("Two",)}, "a bonus has changed"),
    ):
        new = dataclasses.replace(old, terms=(TERMS.replace(bonuses=(bonus.replace(**fields),)),))
        assert why_not_proved(old, new, taken, 5) == says


def test_older_prices_and_rules_that_go_are_looked_at() -> None:
    from miexchange.prove._less import why_not_proved  # noqa: PLC0415 - of an extra

    drift = TERMS.replace(drift_bps_per_day=1, age_bands=(AgeBand(0, 9_000),))
    old = small.programme(drift)
    taken = [(old.catalogue.by_model[MODEL], AT)]
    older = PriceTable.of([Price(MODEL, BEGIN - timedelta(days=1), 1_000_000, "observed")])
    new = dataclasses.replace(old, prices=older)
    assert (why_not_proved(old, new, taken, 5) or "").startswith(f"{MODEL} has an older price at")
    without = dataclasses.replace(old, terms=(drift.replace(age_bands=()),))
    assert why_not_proved(old, without, taken, 5) is None
    other = small.programme(drift, sims=2)
    assert (why_not_proved(old, other, taken, 5) or "").startswith(f"{MODEL} is another model")


def test_without_a_solver_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "miexchange.prove._less", raising=False)
    monkeypatch.delitem(sys.modules, "miexchange.prove", raising=False)
    monkeypatch.setitem(sys.modules, "z3", None)
    for name in [name for name in sys.modules if name.startswith("miexchange.prove.")]:
        monkeypatch.delitem(sys.modules, name)
    drift = TERMS.replace(drift_bps_per_day=1)  # of which not every day is valued
    found = losses(small.programme(drift), small.programme(drift), at=AT)
    assert found.verdict == "unproved"
    assert "miexchange[prove]" in found.detail
    assert "that is no proof" in found.explain()
    assert "every phone of the tables" in losses(small.programme(), small.programme(), at=AT).explain()


def test_editions_are_of_one_currency() -> None:
    old = small.programme()
    with pytest.raises(InvalidValue, match="GBP"):
        losses(old, dataclasses.replace(old, currency=Currency("GBP")), at=AT)
