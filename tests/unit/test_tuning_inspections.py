"""Paid as quoted: shares, amounts that add up, what inspectors agree on, and exchanges as a frame."""

from __future__ import annotations

import dataclasses
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from miexchange import Device, Exchange, InvalidValue, Programme, Quote, accept, appraise
from miexchange.condition import Condition, Option
from miexchange.events import Agree, Complete, Decline, Expire, Inspect, Release, Reserve, Reverse, Void
from miexchange.inspection import Examination, examine
from miexchange.programme import CustomerClass
from miexchange.tuning import (
    SEEN,
    PaidAsQuoted,
    TuningWarning,
    agreement,
    inspections_of,
    paid_as_quoted,
    simulate_inspections,
)
from miexchange.tuning._attribution import _rounded
from unit import small, trade
from unit.small import AT, costs, functional
from unit.trade import HOUR, ORDER, after
from unit.tuned import AT as JUNE
from unit.tuned import graded

if TYPE_CHECKING:
    from miexchange.programme import ExchangeRules

PARTS = tuple(f"part{number}" for number in range(9))


@cache
def shop() -> Programme:
    """Return a programme whose questions cost 10,000 to 90,000 paise each, and a screen of two questions."""
    options = (costs("worn", amount_minor=20_000), costs("broken", amount_minor=50_000), Option("gone", "-", gate=True))
    asked = [functional("glass", "screen", *options), functional("image", "screen", *options[:2])]
    asked += [
        functional(name, name, costs("bad", amount_minor=10_000 * (number + 1))) for number, name in enumerate(PARTS)
    ]
    return small.programme(small.asking(*asked))


def door(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any cell
    """Return an exchange whose phone was seen as it was said to be, but for changes: an answer, or anything else."""
    said: dict[str, Any] = dict.fromkeys(("glass", "image", *PARTS), "best")
    seen = {f"{SEEN}{name}": changes.pop(name, answer) for name, answer in said.items()}
    return {"model": small.MODEL, "quoted_minor": 1_000_000, "paid_minor": 1_000_000, **said, **seen, **changes}


def report(*doors: dict[str, Any], **given: Any) -> PaidAsQuoted:  # noqa: ANN401 - any argument of the verb
    return paid_as_quoted(pd.DataFrame(doors), shop(), at=AT, **given)


def amounts_of(found: PaidAsQuoted, row: int = 0) -> dict[str, int]:
    """Return the amounts of a row that are not 0."""
    return {str(name): int(one) for name, one in zip(found.amounts, found.amounts.to_numpy()[row], strict=True) if one}


def table(found: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return a table as plain numbers: a mapping for each of its rows."""
    names = found.columns.to_list()
    rows = found.to_numpy(dtype=float).tolist()
    return {str(name): dict(zip(names, row, strict=True)) for name, row in zip(found.index, rows, strict=True)}


@cache
def simulated() -> PaidAsQuoted:
    inspections, again = simulate_inspections(
        graded(), 400, seed=3, at=JUNE, bias={"screen_glass": 0.8}, again=0.5, models=20
    )
    return paid_as_quoted(inspections, graded(), at=JUNE, again=again)


# ----- shares and amounts


def test_the_share_paid_as_quoted_counts_more_as_well() -> None:
    found = report(door(), door(paid_minor=1_000_001), door(paid_minor=1), door(paid_minor=0))
    assert found.shares["n"].to_dict() == {"as quoted": 2, "less": 1, "nothing": 1, "less, of those paid": 1}
    assert found.shares["of"].to_list() == [4, 4, 4, 3]
    assert [*table(found.shares)["as quoted"].values()][2:] == pytest.approx([50, 15.0, 85.0], abs=0.01)
    assert found.summary["as_quoted_pct"] == 50
    assert found.summary["difference_minor"] == (1 - 999_999 - 1_000_000) / 4


def test_one_changed_answer_has_the_whole_difference() -> None:
    found = report(door(), door(part2="bad", paid_minor=970_000))
    assert (amounts_of(found, 0), amounts_of(found, 1)) == ({}, {"part2": -30_000})
    assert found.rows["seen_minor"].to_list() == [1_000_000, 970_000]
    assert found.rows["other_minor"].to_list() == [0, 0]
    assert found.worst == "part2"
    row = table(found.questions)["part2"]
    assert [row[name] for name in ("n", "changed", "bias_minor", "total_minor")] == [2, 1, -15_000, -30_000]


def test_two_answers_of_one_component_share_what_only_the_worse_one_costs() -> None:
    """Shapley: image costs nothing once the glass is broken, so it has half of what it costs alone."""
    found = report(door(glass="broken", image="worn", paid_minor=950_000))
    assert amounts_of(found) == {"glass": -40_000, "image": -10_000}


def test_odd_units_go_to_the_largest_remainders() -> None:
    shares = np.array([[-100_001, -100_001, -100_001], [7, -1, 0], [2, 2, 2]])
    assert _rounded(shares * [[1], [1], [1]], 3).tolist() == [[-33_333, -33_334, -33_334], [2, 0, 0], [1, 1, 0]]


def test_many_changed_answers_are_taken_in_two_orders_and_add_up() -> None:
    bad = dict.fromkeys(PARTS, "bad")
    found = report(door(glass="broken", image="worn", **bad, paid_minor=500_000))
    costs_of_parts = {name: -10_000 * (number + 1) for number, name in enumerate(PARTS)}
    assert amounts_of(found) == {"glass": -40_000, "image": -10_000, **costs_of_parts}
    assert (found.rows["seen_minor"].to_list(), found.rows["other_minor"].to_list()) == ([500_000], [0])


def test_an_answer_that_refuses_the_phone_takes_the_whole_quote() -> None:
    found = report(door(glass="gone", paid_minor=0, kind="not_taken"), door(glass="gone", part0="bad", paid_minor=0))
    assert found.amounts[["glass", "part0"]].to_numpy().tolist() == [[-1_000_000, 0], [-995_000, -5_000]]
    assert found.rows["seen_minor"].to_list() == [0, 0]


def test_what_the_answers_do_not_explain_stands_apart() -> None:
    """A difference that was honoured, a re-quote that was declined, and another phone are no fault of a question."""
    found = report(
        door(part0="bad"),
        door(part0="bad", paid_minor=0),
        door(glass="gone", paid_minor=0, kind="other_device"),
    )
    assert found.amounts["part0"].to_list() == [-10_000, -10_000, 0]
    assert found.rows["other_minor"].to_list() == [10_000, -990_000, -1_000_000]
    assert found.rows["seen_minor"].isna().to_list() == [False, False, True]
    assert found.questions["n"].unique().tolist() == [2]


def test_a_better_answer_at_the_door_is_above_zero_and_ranks_by_its_size() -> None:
    worn = door(quoted_minor=940_000, paid_minor=940_000) | {"part5": "bad"}
    found = report(worn, door(part0="bad", paid_minor=990_000))
    assert found.questions["bias_minor"].head(2).to_dict() == {"part5": 30_000, "part0": -5_000}


def test_phones_that_nobody_looked_at_count_in_the_shares_alone() -> None:
    unseen = {f"{SEEN}{name}": None for name in ("glass", "image", *PARTS)}
    found = report(door(**unseen), door(part0="bad", paid_minor=990_000), door(**unseen, paid_minor=0))
    assert [table(found.questions)["part0"][name] for name in ("n", "bias_minor")] == [1, -10_000]
    assert found.rows["seen_minor"].isna().to_list() == [True, False, True]
    nobody = report(door(**unseen))
    assert nobody.worst is None
    assert nobody.questions.empty
    assert "reword" not in str(nobody)


def test_a_frame_without_an_inspectors_column_still_has_its_shares() -> None:
    frame = pd.DataFrame([door()]).drop(columns=[f"{SEEN}{name}" for name in ("glass", "image", *PARTS)])
    assert paid_as_quoted(frame, shop(), at=AT).summary["as_quoted_pct"] == 100


def test_answers_that_cannot_be_valued_are_named_and_left_out() -> None:
    with pytest.warns(TuningWarning, match="small does not value the answers of row 1:"):
        found = report(door(part0="bad"), door(part0="no such answer"))
    assert [table(found.questions)["part0"][name] for name in ("n", "changed")] == [1, 1]
    assert found.rows["other_minor"].to_list() == [10_000, 0]
    with pytest.warns(TuningWarning, match="the answers of rows 0, 1"):
        report(door(part0="bad") | {"part0": "no such answer"}, door() | {"glass": "gone"})


def test_quotes_of_another_programme_are_named_and_still_add_up() -> None:
    with pytest.warns(TuningWarning, match="otherwise than they were quoted: row 0"):
        found = report(door(part0="bad", quoted_minor=900_000, paid_minor=850_000), door())
    assert found.amounts["part0"].to_list() == [-10_000, 0]
    assert found.rows["other_minor"].to_list() == [-40_000, 0]


def test_few_changed_answers_have_no_interval_and_ten_have_one() -> None:
    doors = [door(exchange=number, part0="bad") for number in range(9)] + [
        door(exchange=number) for number in range(9, 40)
    ]
    assert np.isnan(table(report(*doors).questions)["part0"]["bias_low_minor"])
    row = table(report(*doors, door(part0="bad")).questions)["part0"]
    assert row["bias_low_minor"] < row["bias_minor"] == -10_000 * 10 / 41 < row["bias_high_minor"] < 0


# ----- clusters and groups


def test_the_intervals_are_clustered_by_store_or_else_by_inspector() -> None:
    doors = [
        door(store=f"s{number % 12}", inspector=f"i{number % 24}", paid_minor=1 + 999_999 * (number % 12 > 3))
        for number in range(120)
    ]
    by_store = report(*doors).summary
    by_inspector = report(*doors, cluster="inspector").summary
    alone = paid_as_quoted(pd.DataFrame(doors).drop(columns=["store", "inspector"]), shop(), at=AT).summary
    widths = [one["as_quoted_high_pct"] - one["as_quoted_low_pct"] for one in (alone, by_inspector, by_store)]
    assert widths == sorted(widths)
    assert len({*widths}) == 3
    without = paid_as_quoted(pd.DataFrame(doors).drop(columns="store"), shop(), at=AT).summary
    assert without.equals(by_inspector)


def test_few_clusters_are_warned_of_and_rows_without_one_are_alone() -> None:
    with pytest.warns(TuningWarning, match="store has 2 labels, too few"):
        report(*(door(store="ab"[number % 2]) for number in range(20)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report(*(door(store=None) for _ in range(20)))


def test_groups_are_summed_up_like_the_whole() -> None:
    found = simulated()
    for name in ("store", "inspector", "model"):
        groups = found.by(name)
        assert groups["n"].sum() == len(found.rows)
        shares = (groups["n"] * groups["as_quoted_pct"]).sum() / len(found.rows)
        assert shares == pytest.approx(found.summary["as_quoted_pct"])
    with pytest.raises(InvalidValue, match="give one of: store, inspector, model"):
        found.by("brand")
    with pytest.raises(InvalidValue, match="give one of: model"):
        report(door()).by("store")


# ----- how inspectors agree


def looks(**answers: list[str | None]) -> pd.DataFrame:
    seen = {f"{SEEN}{name}": answer for name, answer in answers.items()}
    return pd.DataFrame({"exchange": [*"aabbccdd"], "inspector": [*"xyxyxyxz"], **seen})


def test_inspectors_agree_on_pairs_of_looks() -> None:
    found = agreement(looks(glass=[*"kkwwkwkk"], battery=["g"] * 8, box=["y", "n", *"yyyy", None, "y"]))
    assert found["n"].to_dict() == {"glass": 4, "battery": 4, "box": 3}
    assert found["agreed_pct"].to_list() == pytest.approx([75, 100, 100 * 2 / 3])
    assert table(found)["glass"]["kappa"] == pytest.approx(1 - 0.25 / (1 - (5 / 8) ** 2 - (3 / 8) ** 2))
    assert np.isnan(table(found)["battery"]["kappa"])


def test_second_looks_join_the_questions() -> None:
    found = table(simulated().questions)["screen_glass"]
    assert found["kappa_high"] < found["inspectors_kappa"] < found["inspectors_kappa_high"]


def test_the_looks_of_a_report_are_compared_with_its_own() -> None:
    doors = [
        door(exchange=name, inspector="x", glass=glass)
        for name, glass in zip("abcd", ("worn", "best") * 2, strict=True)
    ]
    again = pd.DataFrame({"exchange": [*"abcd"], "inspector": "y", f"{SEEN}glass": ["worn", "best", "worn", "worn"]})
    with pytest.warns(TuningWarning, match="inspector has 1 labels"):
        found = report(*doors, again=again).questions
    assert table(found)["glass"]["inspectors_kappa"] == pytest.approx(1 - 0.25 / (1 - (5 / 8) ** 2 - (3 / 8) ** 2))
    assert np.isnan(table(found)["part0"]["inspectors_kappa"])


def test_looks_of_one_store_are_a_cluster() -> None:
    frame = looks(glass=[*"kkwwkwkk"])
    with pytest.warns(TuningWarning, match="store has 2 labels"):
        found = agreement(frame.assign(store=[*"ssttsstt"]), cluster="store")
    together, alone = table(found)["glass"], table(agreement(frame))["glass"]
    assert together["kappa"] == alone["kappa"]
    assert together["kappa_high"] != alone["kappa_high"]


# ----- what is refused


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (pd.DataFrame([door()]).drop(columns="quoted_minor"), "has no column"),
        (pd.DataFrame([door(quoted_minor=0)]), "quoted_minor.*above 0"),
        (pd.DataFrame([door(paid_minor=-1)]), "paid_minor.*of 0 or more"),
        (pd.DataFrame([door(paid_minor=0.5)]), "paid_minor.*whole minor units"),
        (pd.DataFrame([door(**{"seen:glas": "best"})]), "seen:glas', which answers no question: .*known: glass"),
        (pd.DataFrame([door()]).drop(columns="glass"), "has no column"),
        (pd.DataFrame([door(exchange=1), door(exchange=1)]), r"has the same exchange twice \(row 1\)"),
        (pd.concat([pd.DataFrame([door()])] * 2, axis=1), "twice"),
        (pd.DataFrame(), "has no column"),
        ("no frame", "give a pandas DataFrame"),
    ],
)
def test_a_frame_that_is_no_inspections_is_refused(frame: object, says: str) -> None:
    with pytest.raises(InvalidValue, match=says):
        paid_as_quoted(frame, shop(), at=AT)  # type: ignore[arg-type]


def test_other_arguments_are_refused_in_words() -> None:
    frame = pd.DataFrame([door()])
    with pytest.raises(InvalidValue, match="at"):
        paid_as_quoted(frame, shop())
    with pytest.raises(InvalidValue, match="has no column city"):
        paid_as_quoted(frame, shop(), at=AT, cluster="city")
    with pytest.raises(InvalidValue, match="inspector"):
        paid_as_quoted(frame.assign(exchange=1), shop(), at=AT, again=frame)
    with pytest.raises(InvalidValue, match=r"has the same exchange and inspector twice \(row 2\)"):
        agreement(pd.DataFrame({"exchange": [1, 1, 1], "inspector": [*"xyx"], "seen:glass": [*"aab"]}))


# ----- exchanges


DIFFERENCE, CANCEL = trade.RULES, trade.STRICT
SCRATCHED = trade.SAID.replace(glass="scratched")


def inspect(exchange: Exchange, rules: ExchangeRules, answers: Condition, **changes: Any) -> Exchange:  # noqa: ANN401 - of an inspection
    seen = trade.seen(answers=answers, evidence=(("glass", "photo 1"), ("battery", "photo 2")), **changes)
    tokens = exchange.coupon.device_tokens
    found = examine(exchange.quote, seen, trade.programme(rules), device_tokens=tokens, key=small.KEY)
    assert isinstance(found, Examination), found.explain()
    return after(exchange, Inspect(AT + 2 * HOUR, ORDER.id, found))


def at_the_door(rules: ExchangeRules, answers: Condition = trade.SAID, **changes: Any) -> Exchange:  # noqa: ANN401 - of an inspection
    return inspect(trade.reserved(rules), rules, answers, **changes)


def ended() -> list[Exchange]:
    """Return exchanges that came to an end at the door, each of its own kind."""
    late = AT + 3 * HOUR
    completed = after(at_the_door(DIFFERENCE), Complete(late, ORDER.id))
    adjusted = after(at_the_door(DIFFERENCE, SCRATCHED), Agree(late, trade.ACCOUNT))
    return [
        completed,
        after(trade.reserved(DIFFERENCE), Complete(late, ORDER.id)),  # not inspected
        after(at_the_door(DIFFERENCE, trade.SAID.replace(glass="marked")), Complete(late, ORDER.id)),  # honoured
        adjusted,
        after(completed, Reverse(late + HOUR, ORDER.id)),
        after(adjusted, Reverse(late + HOUR, ORDER.id)),
        after(at_the_door(DIFFERENCE, SCRATCHED), Decline(late, trade.ACCOUNT)),
        after(at_the_door(DIFFERENCE, SCRATCHED), Expire(late + 48 * HOUR)),
        at_the_door(CANCEL, SCRATCHED),
        at_the_door(DIFFERENCE, trade.SAID.replace(glass="cracked")),
        at_the_door(DIFFERENCE, SCRATCHED, imeis=(trade.OTHER,)),
    ]


def test_exchanges_that_ended_at_the_door_are_rows() -> None:
    frame = inspections_of(ended())
    full, less = 995_000, 895_000
    assert frame["quoted_minor"].unique().tolist() == [full]
    assert frame["paid_minor"].to_list() == [full, full, full, less, full, less, 0, 0, 0, 0, 0]
    assert frame["kind"].to_list() == ["valued", "", *["valued"] * 7, "not_taken", "other_device"]
    assert frame["seen:glass"].isna().to_list() == [False, True, *[False] * 8, True]
    assert {"store", "inspector"}.isdisjoint(frame.columns)
    assert frame["programme"].unique().tolist() == ["small"]


def test_exchanges_that_did_not_are_left_out() -> None:
    inspected, late = at_the_door(DIFFERENCE), AT + 3 * HOUR
    open_ones = [trade.issued(), trade.reserved(), inspected, at_the_door(DIFFERENCE, SCRATCHED)]
    off = [
        after(trade.issued(), Expire(AT + 20 * 24 * HOUR)),
        after(trade.reserved(), Void(late, "the customer called")),
        after(inspected, Void(late, "the courier was robbed")),
        after(inspected, Release(late, ORDER.id)),
        after(inspected, Release(late, ORDER.id), Reserve(late, ORDER, trade.ACCOUNT), Void(late, "again")),
    ]
    assert inspections_of([*open_ones, *off]).empty


def test_the_frame_of_exchanges_is_what_the_report_takes_and_its_amounts_are_exact() -> None:
    exchanges = ended()
    frame = inspections_of(exchanges[:1] + exchanges[2:4] + exchanges[9:])
    frame["exchange"] = range(len(frame))  # the exchanges of the tests are of one coupon
    found = paid_as_quoted(frame, trade.programme())
    assert found.amounts["glass"].to_list() == [0, -15_000, -100_000, -995_000, 0]
    assert found.rows["other_minor"].to_list() == [0, 15_000, 0, 0, -995_000]
    assert found.worst == "glass"


def test_the_amounts_of_an_examination_and_of_the_report_have_one_sum() -> None:
    exchange = at_the_door(DIFFERENCE, SCRATCHED.replace(battery="weak", box="there"))
    assert exchange.examination is not None
    frame = inspections_of([after(exchange, Agree(AT + 3 * HOUR, trade.ACCOUNT))])
    found = paid_as_quoted(frame, trade.programme())
    changes = {change.question: change.amount for change in exchange.examination.changes}
    assert amounts_of(found) == changes
    assert found.rows["seen_minor"].to_list() == [exchange.examination.coupon_value]


def test_stores_and_inspectors_are_named_by_the_coupons_code() -> None:
    exchange = ended()[0]
    frame = inspections_of([exchange], stores={exchange.code: "Pune"}, inspectors={"another": "Asha"})
    assert (frame["exchange"].to_list(), frame["store"].to_list()) == ([exchange.code], ["Pune"])
    assert frame["inspector"].to_list() == [None]
    for wrong in (
        {"exchanges": [1]},
        {"exchanges": 1},
        {"exchanges": [], "stores": ["x"]},
        {"exchanges": [], "stores": {1: "x"}},
    ):
        with pytest.raises(InvalidValue):
            inspections_of(**wrong)


# ----- the report as a report


def test_a_report_says_what_it_found() -> None:
    found = simulated()
    assert found.worst == "screen_glass"
    assert repr(found).startswith("<PaidAsQuoted under graded-trade-in: ")
    assert repr(found).endswith("reword screen_glass>")
    text = str(found)
    for heading in (
        "Paid above the quote, on average",
        "screen_glass: ",
        "Shares",
        "Questions to reword",
        "lowest by store",
    ):
        assert heading in text
    assert "<h4>Paid as quoted</h4>" in found._repr_html_()
    assert [len(table) for _, table in found.tables()][2:] == [10, 10]


# ----- the simulator


def test_inspections_come_from_their_seed_alone() -> None:
    def made(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        return simulate_inspections(graded(), 50, seed=seed, at=JUNE, models=5, again=0.5)

    for one, other in zip(made(1), made(1), strict=True):
        pd.testing.assert_frame_equal(one, other)
    assert not made(1)[0].equals(made(2)[0])
    assert made(1)[0].attrs["truth"]["programme"] == "graded-trade-in"


def test_the_simulator_plants_what_it_is_told_to() -> None:
    def made(**given: Any) -> pd.DataFrame:  # noqa: ANN401 - any argument
        return simulate_inspections(graded(), 300, seed=1, at=JUNE, models=5, **{"error": 0.0, **given})[0]

    exact = made()
    seen = exact[[name for name in exact if str(name).startswith(SEEN)]]
    assert seen.set_axis([str(name).removeprefix(SEEN) for name in seen], axis=1).equals(
        exact[exact.columns[2 : 2 + seen.shape[1]]]
    )
    assert (exact["paid_minor"] == exact["quoted_minor"]).all()
    best = graded().terms_at(JUNE).questionnaire.questions[3].best.id  # type: ignore[union-attr]
    name = graded().terms_at(JUNE).questionnaire.questions[3].id  # type: ignore[union-attr]
    praised, blamed = made(bias={name: 1.0}), made(bias={name: -1.0})
    assert (praised[name] == best).all()
    assert (praised[f"{SEEN}{name}"] != best).any()
    assert (blamed[name] != best).all()
    honest = made(bias={"screen_glass": 1.0}, declines=0.0)
    lost = made(bias={"screen_glass": 1.0}, declines=1.0)
    assert (honest["paid_minor"] > 0).all()
    assert (lost["paid_minor"].isin([0]) | (lost["paid_minor"] == lost["quoted_minor"])).all()
    assert (lost["paid_minor"] == 0).any()


def test_second_looks_are_by_another_inspector_of_the_same_store() -> None:
    inspections, again = simulate_inspections(graded(), 200, seed=1, at=JUNE, models=5, again=0.4, inspectors=3)
    both = again.merge(inspections, on="exchange", suffixes=("", "_first"))
    assert 40 < len(both) == len(again) < 120
    assert (both["store"] == both["store_first"]).all()
    assert (both["inspector"] != both["inspector_first"]).all()


def test_other_rules_of_exchange_are_followed() -> None:
    lowest = graded().terms[0].replace(exchange=None)
    cancels = graded().terms[0].replace(exchange=trade.STRICT)
    march = JUNE.replace(month=4)
    for terms, sure in ((lowest, np.minimum), (cancels, lambda said, seen: np.where(seen >= said, said, 0))):
        programme = dataclasses.replace(graded(), terms=(terms,))
        made, _ = simulate_inspections(programme, 100, seed=1, at=march, models=5, error=0.2)
        found = paid_as_quoted(made, programme, at=march).rows
        assert (found["paid_minor"] == sure(found["quoted_minor"], found["seen_minor"])).all()


def test_the_simulator_refuses_what_it_cannot_make() -> None:
    with pytest.raises(InvalidValue, match=r"colour', which is none: .*screen_glass"):
        simulate_inspections(graded(), 5, seed=1, at=JUNE, bias={"colour": 0.5})
    with pytest.raises(InvalidValue, match="two or more inspectors"):
        simulate_inspections(graded(), 5, seed=1, at=JUNE, inspectors=1, again=0.5)
    with pytest.raises(InvalidValue, match="share from -1 to 1"):
        simulate_inspections(graded(), 5, seed=1, at=JUNE, bias={"body": 2})


# ----- programmes that pay by class of customer


def test_a_class_of_customer_goes_with_the_exchange() -> None:
    terms = {"customer_classes": (CustomerClass("gold", 10_000), CustomerClass("new", 9_000))}
    paying = trade.programme(DIFFERENCE, **terms)
    quote = appraise(Device(small.MODEL, small.IMEI), trade.SAID, paying, at=small.AT, customer="new")
    assert isinstance(quote, Quote)
    begun = accept(quote, paying, account=trade.ACCOUNT, at=AT, key=small.KEY)
    assert isinstance(begun, Exchange)
    exchange = after(begun, Reserve(AT + HOUR, ORDER, trade.ACCOUNT), Complete(AT + 2 * HOUR, ORDER.id))
    frame = inspections_of([exchange])
    assert frame["customer"].to_list() == ["new"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TuningWarning)  # of few stores
        found = paid_as_quoted(frame, paying)
    assert found.rows["other_minor"].to_list() == [0]
    assert found.summary["as_quoted_pct"] == 100


def test_simulated_doors_have_customers_where_the_programme_pays_by_class() -> None:
    classes = (CustomerClass("gold", 10_000), CustomerClass("new", 9_000))
    base = graded()
    paying = dataclasses.replace(base, terms=tuple(one.replace(customer_classes=classes) for one in base.terms))
    inspections, again = simulate_inspections(paying, 60, seed=1, at=JUNE, again=0.5, models=5)
    assert set(inspections["customer"]) == {"gold", "new"}
    assert not {f"{SEEN}customer", "customer"} & {*again.columns}
    assert paid_as_quoted(inspections, paying, at=JUNE).rows["other_minor"].notna().all()
