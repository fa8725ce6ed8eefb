"""How long one quote takes, from raw texts to its lines or from JSON to JSON, beside one IMEI check and a rule engine.

The rule engine is zen-engine, compiled Rust. It computes the exchange value only: no IMEI, no
eligibility, no lines. It runs twice: with the programme's price list as a table of its own, which
is the same programme; and with the market price and the repair anchors handed in. It is called as
its documentation says, by the key of a model that the engine's loader holds: see docs/performance.md.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import stdnum.imei
import zen

from _decision_table import COMPONENTS, decision_model
from _measure import is_quick, print_table, side_by_side, verdict
from _phones import AT, MODEL, PROGRAMMES, Phone, faulty, imei_text, random_answers
from _relations import with_anchors_there
from miexchange import Condition, Device, ImeiStatus, Programme, Quote, appraise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

GOAL_STDNUM = 5
GOAL_ZEN = 0.7
GOAL_MANY = 0.5
GOAL_JSON_US = 60
MANY = 100
CONDITIONS = 500


FACTS: Any = {"at": AT, "imei_status": ImeiStatus.CLEAR}
WITH_PRICES, WITHOUT_PRICES = "with prices", "without prices"


class Engine:
    """A programme in zen-engine: two models, which the engine compiles when it is made."""

    def __init__(self, programme: Programme) -> None:
        """Write the programme as decision models, and look up what the one without prices is given."""
        programme = with_anchors_there(programme)
        terms = programme.terms_at(AT)
        price = programme.prices.as_of(MODEL, AT)
        if terms is None or price is None:
            raise LookupError(programme.id)
        models = {WITH_PRICES: decision_model(terms, programme), WITHOUT_PRICES: decision_model(terms)}
        self.engine = zen.ZenEngine({"loader": {"type": "static", "content": models}})
        self.asked = {"model": MODEL, "at": int(AT.timestamp())}
        found = ((name, programme.anchors.as_of(MODEL, name, AT)) for name in COMPONENTS)
        self.given = {
            "market": price.price_minor,
            "anchors": {name: anchor.amount_minor for name, anchor in found if anchor is not None},
        }

    def evaluate(self, answers: Mapping[str, str]) -> dict[str, Any]:
        """Return what the model says that looks the price up itself."""
        return self.engine.evaluate(WITH_PRICES, {**self.asked, "answers": answers})["result"]

    def evaluate_given(self, answers: Mapping[str, str]) -> dict[str, Any]:
        """Return what the model says that is given the price."""
        return self.engine.evaluate(WITHOUT_PRICES, {**self.given, "answers": answers})["result"]

    def value(self, answers: Mapping[str, str]) -> int | None:
        """Return the exchange value, or None where an answer refuses the phone."""
        result, given = self.evaluate(answers), self.evaluate_given(answers)
        if (given["refused"], given["value"]) != (result["refused"], result["value"]):
            raise ValueError(f"the two decision models differ: {result} and {given}")
        return None if result["refused"] else int(result["value"])


def disagreement(programme: Programme, engine: Engine, conditions: int) -> str:
    """Return where the two differ, or nothing."""
    source = random.Random(programme.id)  # noqa: S311 - the same conditions in every run
    imei = imei_text(programme)
    values = 0
    for _ in range(conditions):
        answers = random_answers(programme, source)
        quote = Phone(programme, imei, answers).appraise()
        ours = quote.exchange_value if isinstance(quote, Quote) else None
        theirs = engine.value(answers)
        if ours != theirs:
            return f"{programme.id}: {ours} here, {theirs} in zen-engine, for {answers}"
        values += ours is not None
    return "" if values > conditions // 20 else f"{programme.id}: only {values} of {conditions} phones have a value"


def served(phone: Phone) -> tuple[Callable[[], object], Callable[[], object]]:
    """Return how a service values a phone: from JSON text to JSON text, and from plain data to plain data."""
    device, answers = {"model": MODEL, "imei": phone.imei}, dict(phone.answers)
    texts = json.dumps(device), json.dumps(answers)

    def by_text() -> str:
        quote = appraise(Device.from_json(texts[0]), Condition.from_json(texts[1]), phone.programme, **FACTS)
        return quote.to_json()

    def by_data() -> dict[str, Any]:
        quote = appraise(Device.from_dict(device), Condition(answers), phone.programme, **FACTS)
        return quote.to_dict()

    return by_text, by_data


def met(microseconds: float) -> str:
    """Tell whether the goal of a service is met."""
    return "met" if microseconds <= GOAL_JSON_US else "missed"


def rows_of(name: str, state: str, phone: Phone, engine: Engine, *, quick: bool) -> list[tuple[str, ...]]:
    """Measure one phone."""
    by_text, by_data = served(phone)
    contenders: dict[str, Callable[[], object]] = {
        "stdnum": lambda: stdnum.imei.validate(phone.imei),
        "ours": phone.lines,
        "value": phone.appraise,
        "many": lambda: phone.many(MANY),
        "text": by_text,
        "data": by_data,
        "zen": lambda: engine.evaluate(phone.answers),
        "given": lambda: engine.evaluate_given(phone.answers),
    }
    times = side_by_side(contenders, quick=quick)
    ours, zen, many = times["ours"].best, times["zen"].best, times["many"].best / MANY
    served_rows = [
        (what, time.us, f"{time.best / zen:.2f} x", f"<= {GOAL_JSON_US} us", met(time.best * 1e6))
        for what, time in (("- JSON text to JSON text", times["text"]), ("- plain data to plain data", times["data"]))
    ]
    return [
        (f"{name}, {state}: `appraise`, lines read", times["ours"].us, *verdict(ours / zen, GOAL_ZEN)),
        ("- without reading the lines", times["value"].us, f"{times['value'].best / zen:.2f} x", "", ""),
        (f"- `appraise_many` of {MANY}, each", f"{many * 1e6:.1f} us", *verdict(many / zen, GOAL_MANY)),
        *served_rows,
        ("- zen-engine, price list in it", times["zen"].us, "1 x", "", ""),
        ("- zen-engine, price handed in", times["given"].us, f"{times['given'].best / zen:.2f} x", "", ""),
        ("- one `stdnum.imei.validate`", times["stdnum"].us, f"{times['stdnum'].best / zen:.2f} x", "", ""),
        ("- `appraise` over that", "", *verdict(ours / times["stdnum"].best, GOAL_STDNUM)),
    ]


def main() -> None:
    """Print the table, or say why not."""
    quick = is_quick(__doc__)
    rows: list[tuple[str, ...]] = []
    for name in PROGRAMMES:
        programme = Programme.load(name)
        engine = Engine(programme)
        differs = disagreement(programme, engine, 50 if quick else CONDITIONS)
        if differs:
            print(f"No table: the two sides compute different things. {differs}")
            return
        for state, phone in faulty(programme):
            rows += rows_of(name, state, phone, engine, quick=quick)
    print_table("A quote, from raw texts to its lines", ("what", "time", "over zen-engine", "goal", ""), rows)
    print("Over zen-engine: the time over that of zen-engine with the price list in it; less is better.\n")


if __name__ == "__main__":
    main()
