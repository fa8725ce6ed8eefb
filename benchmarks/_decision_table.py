"""A programme written for zen-engine: one decision table, one expression node, the same exchange value.

The table has a column for each question and a row for each answer that is not clean. Its outputs
collect over all rows that match, a list for each component group, so that the expressions that
follow have the deductions of each group at hand.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from miexchange.money import BPS

if TYPE_CHECKING:
    from miexchange import Option, Programme, Question, Questionnaire, Terms
    from miexchange.condition import Deduction

__all__ = ["COMPONENTS", "decision_model"]

COMPONENTS = ("display", "body", "ports")

_Json = dict[str, Any]


def decision_model(terms: Terms, prices: Programme | None = None) -> _Json:
    """Return the terms as a JSON decision model, read into dicts.

    It reads `answers` (question to answer), and `market` (paise) and `anchors` (component to paise);
    or, where the price list is part of the model, `model` and `at` (seconds since 1970) instead. It
    returns `refused` (whether an answer is a gate) and `value` (the exchange value in paise).

    Raises:
        NotImplementedError: the terms use what this model does not write out.
    """
    if terms.age_bands or terms.drift_bps_per_day:
        raise NotImplementedError("age bands and drift are not written out here")
    price_list = () if prices is None else (_node("prices", "decisionTableNode", _price_table(prices)),)
    return _graph(
        *price_list,
        _node("findings", "decisionTableNode", _table(terms.questionnaire)),
        _node("value", "expressionNode", {"expressions": _expressions(terms), "passThrough": False}),
    )


def _node(name: str, kind: str, content: _Json | None = None) -> _Json:
    return {"id": name, "name": name, "type": kind, "position": {"x": 0, "y": 0}, "content": content or {}}


def _graph(*nodes: _Json) -> _Json:
    chain = [_node("request", "inputNode"), *nodes, _node("response", "outputNode")]
    edges = [
        {"id": f"{one['id']}-{two['id']}", "sourceId": one["id"], "targetId": two["id"], "type": "edge"}
        for one, two in pairwise(chain)
    ]
    return {"contentType": "application/vnd.gorules.decision", "nodes": chain, "edges": edges}


def _components(questionnaire: Questionnaire) -> list[str]:
    costly = (question for question in questionnaire.questions if any(option.deduction for option in question.options))
    return list(dict.fromkeys(question.component for question in costly))


def _table(questionnaire: Questionnaire) -> _Json:
    inputs = [
        {"id": f"in-{question.id}", "name": question.id, "field": f"answers.{question.id}"}
        for question in questionnaire.questions
    ]
    columns = ["gate", "grade", "keep", "extra", *(f"cost_{name}" for name in _components(questionnaire))]
    outputs = [{"id": column, "name": column, "field": f"found.{column}[]"} for column in columns]
    blank = {column["id"]: "" for column in (*inputs, *outputs)}
    rules = [
        {**blank, "_id": f"{question.id}={option.id}", f"in-{question.id}": json.dumps(option.id), **effect}
        for question in questionnaire.questions
        for option in question.options
        if (effect := _effect(question, option))
    ]
    return {"hitPolicy": "first", "passThrough": True, "inputs": inputs, "outputs": outputs, "rules": rules}


def _price_table(programme: Programme) -> _Json:
    """Write the price list, newest first, so that the first row that matches is the price in force."""
    inputs = [{"id": "in-model", "name": "model", "field": "model"}, {"id": "in-at", "name": "at", "field": "at"}]
    outputs = [{"id": "market", "name": "market", "field": "market"}]
    outputs += [{"id": name, "name": name, "field": f"anchors.{name}"} for name in COMPONENTS]
    rules = []
    for price in sorted(programme.prices.prices, key=lambda price: price.effective_from, reverse=True):
        anchors = {name: programme.anchors.as_of(price.model, name, price.effective_from) for name in COMPONENTS}
        rules.append(
            {
                "_id": f"{price.model}@{price.effective_from}",
                "in-model": json.dumps(price.model),
                "in-at": f">= {int(price.effective_from.timestamp())}",
                "market": str(price.price_minor),
                **{name: "" if anchor is None else str(anchor.amount_minor) for name, anchor in anchors.items()},
            }
        )
    return {"hitPolicy": "first", "passThrough": True, "inputs": inputs, "outputs": outputs, "rules": rules}


def _effect(question: Question, option: Option) -> dict[str, str]:
    effect = {}
    if option.gate:
        effect["gate"] = "true"
    if option.grade:
        effect["grade"] = str(option.grade)
    if option.keep_bps != BPS:
        effect["keep"] = str(option.keep_bps)
    if option.extra_minor:
        effect["extra"] = str(option.extra_minor)
    if option.deduction is not None:
        effect[f"cost_{question.component}"] = _cost(option.deduction)
    return effect


def _cost(deduction: Deduction) -> str:
    if deduction.anchor:
        return _scaled(f"anchors.{deduction.anchor}", str(deduction.weight_bps))
    return _scaled("market", str(deduction.share_bps)) if deduction.share_bps else str(deduction.amount_minor)


def _scaled(amount: str, bps: str) -> str:
    return f"floor(({amount} * {bps} + {BPS // 2}) / {BPS})"


def _worst(column: str, otherwise: int, pick: str = "max") -> str:
    return f"(len(found.{column} ?? []) > 0 ? {pick}(found.{column}) : {otherwise})"


def _expressions(terms: Terms) -> list[dict[str, str]]:
    components = _components(terms.questionnaire)
    scale = ", ".join(str(grade.keep_bps) for grade in terms.grades)
    steps = {
        "refused": "len(found.gate ?? []) > 0",
        "kept": _scaled("market", _worst("keep", BPS, "min")),
        "graded": _scaled("$.kept", f"[{scale}][{_worst('grade', 0)}]"),
        **{name: _worst(f"cost_{name}", 0) for name in components},
    }
    given_back = (
        _scaled(f"min([$.{overlap.one}, $.{overlap.other}])", str(BPS - overlap.counted_bps))
        for overlap in terms.overlaps
    )
    taken = (f"-$.{name}" for name in components)
    steps["left"] = " + ".join(["$.graded", *taken, *given_back, "sum(found.extra ?? [])"])
    steps["shared"] = _scaled("$.left", str(terms.factor_bps))
    steps["bounded"] = f"min([max([$.shared, {terms.scrap_minor}]), market])"
    steps["value"] = f"$.bounded - $.bounded % {terms.step_minor}"
    return [{"id": key, "key": key, "value": value} for key, value in steps.items()]
