"""The comments of a query, for people who read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miexchange.programme.rules import RETENTIONS

if TYPE_CHECKING:
    from miexchange.batch.plan._plan import Plan

__all__ = ["OF_PARTS", "of_columns"]

OF_PARTS = {
    name: f"-- {text}.\n"
    for name, text in {
        "plain": "IMEIs: a text of fifteen digits, as nearly all are, needs no parsing",
        "stripped": "Others without white space around them",
        "digits": "And without separators",
        "read": "Cells become numbers: codes of texts, instants, days, the digits of IMEIs and their Luhn sum",
        "named": "Models by name, and TACs",
        "found": "The period of model and instant, and the reporting body of an IMEI whose TAC is not listed",
        "placed": "What holds in that period, and what the TAC says of the model",
        "step": "The rules: deductions, decisions, lines and values",
    }.items()
}
"""What the first step of each part is for, by its name."""


def of_columns(plan: Plan) -> dict[str, str]:
    """Return the description of the columns of a value: the rule of each line, in the words of the programme."""
    terms = plan.programme.terms
    said = {
        "market": "the price in force",
        "grade": "what the grade keeps",
        "factor": "the operator's share",
        "floor": "not below scrap",
        "cap": "not above the price in force",
        "rounding": "down to whole steps",
        **{rule.line: rule.title for rule in RETENTIONS},
    }
    for one in terms:
        for question in one.questionnaire.questions:
            said[f"retention:{question.id}"] = f"what the answer keeps: {question.ask}"
            said[f"deduction:{question.component}"] = f"the worst finding of {question.component} alone"
            said[f"extra:{question.id}"] = f"a small fixed amount: {question.ask}"
        for overlap in one.overlaps:
            said[f"overlap:{overlap.one}+{overlap.other}"] = "both break together: what of the smaller is given back"
        for bonus in one.bonuses:
            said[f"bonus:{bonus.id}"] = bonus.says
    found = {f"{line}_minor": said[line] for line in plan.lines}
    found |= {f"after {line}": f"the value after {line}: {said[line]}" for line in plan.lines}
    asked = {question.id: question.ask for one in terms for question in one.questionnaire.questions}
    found |= {f"answer:{name}": ask for name, ask in asked.items()}
    found |= {
        "value": "the exchange value",
        "coupon_value_minor": "with the bonuses",
        "exchange_value_minor": "without the bonuses",
        "reasons found": "all that is found against the device, a bit for each reason",
        "reasons shown": "of that, what hides the rest",
        "period": "what holds for the model at the instant",
        "offer of bonuses": "which bonuses run, by day and new model",
    }
    return {name: " ".join(text.split()) for name, text in found.items()}
