"""The phones that the benchmarks value: two programmes, clean and with faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from miexchange import (
    Condition,
    Device,
    Imei,
    ImeiStatus,
    Programme,
    Quote,
    QuoteLine,
    Refusal,
    appraise,
    appraise_many,
)

if TYPE_CHECKING:
    import random

__all__ = ["AT", "MODEL", "PROGRAMMES", "Phone", "faulty", "imei_text", "random_answers"]

AT = datetime(2018, 3, 20, 12, tzinfo=UTC)
MODEL = "oneplus-3t-6-64"
PROGRAMMES = ("mi-exchange-india", "graded-trade-in")

# Four faults each: what Mi Exchange takes at all, and one of each kind of deduction in the graded programme.
FAULTS = {
    "mi-exchange-india": {
        "screen_glass": "deep_scratches",
        "body": "heavy_scratches",
        "battery": "worn",
        "box": "missing",
    },
    "graded-trade-in": {
        "screen_glass": "cracked",
        "body": "heavy_scratches",
        "charging_port": "faulty",
        "speaker_mic": "weak",
    },
}


def imei_text(programme: Programme) -> str:
    """Return an IMEI of the model, as a person types it; its TAC is one that the programme knows."""
    family = programme.catalogue.by_model[MODEL]
    tac = next(tac for tac, device in programme.tacs if (device.brand, device.model) == (family.brand, family.name))
    return Imei.from_body(f"{tac}123456").digits


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone, as it arrives from outside: texts and plain dicts.

    Attributes:
        programme: the rules.
        imei: the text of the IMEI.
        answers: the answers.
    """

    programme: Programme
    imei: str
    answers: Mapping[str, str]

    def appraise(self) -> Quote | Refusal:
        """Value it, from the raw texts to the quote."""
        device = Device(MODEL, imei=self.imei)
        return appraise(device, Condition(self.answers), self.programme, at=AT, imei_status=ImeiStatus.CLEAR)

    def lines(self) -> tuple[QuoteLine, ...]:
        """Value it, from the raw texts to the lines: a quote makes them when they are asked for."""
        quote = self.appraise()
        return quote.lines if isinstance(quote, Quote) else ()

    def many(self, count: int) -> list[tuple[QuoteLine, ...]]:
        """Value it a number of times by one call, from the raw texts to the lines."""
        phones = [(Device(MODEL, imei=self.imei), Condition(self.answers), ImeiStatus.CLEAR) for _ in range(count)]
        quotes = appraise_many(phones, self.programme, at=AT)
        return [quote.lines for quote in quotes if isinstance(quote, Quote)]


def clean_answers(programme: Programme) -> dict[str, str]:
    """Return the best answers."""
    terms = programme.terms_at(AT)
    if terms is None:
        raise LookupError(programme.id)
    return dict(terms.questionnaire.best(programme.catalogue.by_model[MODEL]))


def faulty(programme: Programme) -> tuple[tuple[str, Phone], ...]:
    """Return a clean phone and one with four faults."""
    imei, clean = imei_text(programme), clean_answers(programme)
    return (
        ("clean", Phone(programme, imei, clean)),
        ("four faults", Phone(programme, imei, {**clean, **FAULTS[programme.id]})),
    )


def random_answers(programme: Programme, source: random.Random) -> dict[str, str]:
    """Return answers of a phone between nearly clean and a wreck."""
    terms = programme.terms_at(AT)
    if terms is None:
        raise LookupError(programme.id)
    wear = source.random() / 2
    asked = terms.questionnaire.asked_of(programme.catalogue.by_model[MODEL])
    return {
        question.id: (source.choice(question.options) if source.random() < wear else question.best).id
        for question in asked
    }
