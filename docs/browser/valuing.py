"""What the page "In your browser" runs there; a test runs it in Python.

It needs the package and nothing compiled: a quote loads neither numpy, pandas nor pydantic.
"""

from __future__ import annotations

import json
from datetime import date, datetime, time
from functools import cache

from miexchange import Condition, Device, Programme, appraise

__all__ = ["form", "value"]


@cache
def _programme(name: str) -> Programme:
    return Programme.load(name)


def _noon(programme: Programme, day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(12), programme.zone)


def form(name: str, day: str, model: str) -> str:
    """Return what the page asks, as JSON: the models on the list that day, and the questions about one of them."""
    programme = _programme(name)
    at = _noon(programme, day)
    terms = programme.terms_at(at)
    catalogue = programme.catalogue
    models = [
        {"id": one.model, "label": one.label} for one in catalogue.variants if programme.prices.as_of(one.model, at)
    ]
    variant = catalogue.by_model.get(model)
    questions = () if terms is None or variant is None else terms.questionnaire.questions
    return json.dumps(
        {
            "models": models,
            "questions": [
                {
                    "id": one.id,
                    "text": one.ask,
                    "options": [{"id": option.id, "text": option.says} for option in one.options],
                }
                for one in questions
                if one.is_asked_of(variant)
            ],
        }
    )


def value(name: str, day: str, model: str, answers: str) -> str:
    """Return the lines of a quote, or every reason against it, as text."""
    programme = _programme(name)
    return appraise(Device(model), Condition(json.loads(answers)), programme, at=_noon(programme, day)).explain()
