"""Edits that are planted in a programme: who gets less by each, and by how much, as valuing every phone says."""

from __future__ import annotations

import dataclasses
import tomllib
from datetime import date, datetime
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from miexchange import Condition, Device, Imei, ImeiStatus, Programme, Quote, appraise
from miexchange._time import midnight
from miexchange.eligibility import EligibleModels
from miexchange.losses import losses
from miexchange.market import AnchorTable, PriceTable
from unit import lists

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = Path(__file__).parent / "programme-diff.toml"
EDITS = tomllib.loads(FILE.read_text("utf-8"))["edit"]
MODELS = ("acme-one-4-64", "acme-two-6-128")
UNKNOWN = Imei.from_body("35900000000000")


@cache
def base() -> Programme:
    """Return the programme: its first terms, without the box, and two phones with one price each."""
    whole = lists.base()
    spring = whole.terms[0]
    questions = tuple(one for one in spring.questionnaire.questions if one.id != "box")
    prices = {row.model: row for row in reversed(whole.prices.prices)}
    anchors = {row.model: row for row in reversed(whole.anchors.anchors)}
    return dataclasses.replace(
        whole,
        terms=(spring.replace(questionnaire=spring.questionnaire.replace(questions=questions)),),
        prices=PriceTable.of([prices[model].replace(effective_until=None) for model in MODELS]),
        anchors=AnchorTable.of([anchors[model].replace(effective_until=None) for model in MODELS]),
    )


AT: datetime = midnight(date(2020, 1, 10), base().zone)


def edited(edit: dict[str, Any]) -> Programme:
    """Return the programme with an edit."""
    old = base()
    terms = old.terms[0].replace(**edit.get("terms", {}))
    if "option" in edit:
        name, _, answer = edit["option"].partition("=")
        given = {key: edit[key] for key in ("gate", "keep_bps") if key in edit} | (
            {"grade": edit["grade"]} if "grade" in edit else {}
        )
        questions = []
        for question in terms.questionnaire.questions:
            options = []
            for option in question.options:
                changed = option
                if (question.id, option.id) == (name, answer):
                    cost = {key: edit[key] for key in ("share_bps", "weight_bps") if key in edit}
                    deduction = option.deduction.replace(**cost) if cost and option.deduction else option.deduction
                    changed = option.replace(deduction=deduction, **given)
                options.append(changed)
            questions.append(question.replace(options=tuple(options)))
        terms = terms.replace(questionnaire=terms.questionnaire.replace(questions=tuple(questions)))
    elif "grade" in edit:
        grades = (one.replace(keep_bps=edit["keep_bps"]) if one.id == edit["grade"] else one for one in terms.grades)
        terms = terms.replace(grades=tuple(grades))
    if "band" in edit:
        keep = {edit["band"]: edit["keep_bps"]}
        bands = (one.replace(keep_bps=keep.get(one.from_months, one.keep_bps)) for one in terms.age_bands)
        terms = terms.replace(age_bands=tuple(bands))
    if "bonus" in edit:
        names = ("amount_minor", "from_value_minor", "share_bps", "quota")
        fields = {name: edit[name] or None for name in names if name in edit}
        bonuses = (one.replace(**fields) if one.id == edit["bonus"] else one for one in terms.bonuses)
        terms = terms.replace(bonuses=tuple(bonuses))
    terms = terms.replace(eligibility=terms.eligibility.replace(**edit.get("eligibility", {})))
    more = edit.get("more_minor", 0)
    prices = (row.replace(price_minor=row.price_minor + more * (row.model == edit.get("price"))) for row in old.prices)
    anchors = (
        row.replace(amount_minor=row.amount_minor + more * (row.model == edit.get("anchor"))) for row in old.anchors
    )
    return dataclasses.replace(
        old,
        terms=(terms,),
        prices=PriceTable.of(prices),
        anchors=AnchorTable.of(anchors),
        eligible=EligibleModels.of(row for row in old.eligible if row.model != edit.get("unlisted")),
    )


def largest_by_force(new: Programme) -> int:
    """Value every phone by both editions, one by one, and return the largest loss."""
    return max(loss for model in MODELS for loss in _losses(new, model))


def _losses(new: Programme, model: str) -> Iterator[int]:
    old, variant = base(), base().catalogue.by_model[model]
    asked = old.terms[0].questionnaire.asked_of(variant)
    same = old.terms[0].eligibility == new.terms[0].eligibility
    for answers in product(*([option.id for option in question.options] for question in asked)):
        condition = Condition({question.id: answer for question, answer in zip(asked, answers, strict=True)})
        facts = product(
            (date(2020, 1, 1), date(2018, 12, 1)),
            ({}, {"large": 20}),
            (None,) if same else (None, "clear", "unverified"),
        )
        for bought, given, status in facts:
            device = Device(model, None if status is None else UNKNOWN, None, bought)
            told: dict[str, Any] = {"at": AT, "bonuses_given": given, "imei_status": ImeiStatus(status or "unverified")}
            before, after = (appraise(device, condition, edition, **told) for edition in (old, new))
            if isinstance(before, Quote):
                yield before.coupon_value - (after.coupon_value if isinstance(after, Quote) else 0)


def check(edit: dict[str, Any]) -> None:
    new = edited(edit)
    found = losses(base(), new, at=AT)
    most = largest_by_force(new)
    assert ("losers" if found else "nobody") == edit["verdict"], found.explain()
    assert (found.largest[0].loss_minor if found else 0) == max(most, 0), found.explain()
    assert found.is_largest
    if found:
        assert found.largest[0].why == edit["line"], found.explain()
    else:
        assert found.verdict == ("valued" if edit.get("unproved") else "proved"), found.detail


@pytest.mark.parametrize("edit", EDITS[::4], ids=lambda edit: edit["name"])
def test_an_edit_is_judged_rightly(edit: dict[str, Any]) -> None:
    check(edit)


@pytest.mark.sweep
@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit["name"])
def test_every_edit_is_judged_rightly(edit: dict[str, Any]) -> None:
    check(edit)


def test_there_are_thirty_edits() -> None:
    assert len({edit["name"] for edit in EDITS}) >= 30
