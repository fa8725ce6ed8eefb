"""How long one quote takes, from raw texts to its lines, beside one IMEI check and beside a rule engine.

The rule engine is zen-engine, compiled Rust. It computes the exchange value only: no IMEI, no
eligibility, no lines. It runs twice: with the programme's price list as a table of its own, which
is the same programme; and with the market price and the repair anchors handed in. It is called as
its documentation says, by the key of a model that the engine's loader holds: see docs/performance.md.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import stdnum.imei
import zen

from _decision_table import COMPONENTS, decision_model
from _measure import is_quick, print_table, side_by_side, verdict
from _phones import AT, MODEL, PROGRAMMES, Phone, faulty, imei_text, random_answers
from _relations import with_anchors_there
from miexchange import Programme, Quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

GOAL_STDNUM = 5
GOAL_ZEN = 1
CONDITIONS = 500


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
            contenders: dict[str, Callable[[], object]] = {
                "stdnum": lambda phone=phone: stdnum.imei.validate(phone.imei),  # type: ignore[misc]
                "ours": phone.appraise,
                "zen": lambda phone=phone, engine=engine: engine.evaluate(phone.answers),  # type: ignore[misc]
                "given": lambda phone=phone, engine=engine: engine.evaluate_given(phone.answers),  # type: ignore[misc]
            }
            times = side_by_side(contenders, quick=quick)
            ours, one_check = times["ours"].best, times["stdnum"].best
            rows += [
                (f"{name}, {state}: `appraise`", times["ours"].us, "", "", ""),
                (
                    "- one `stdnum.imei.validate`",
                    times["stdnum"].us,
                    *verdict(ours / one_check, GOAL_STDNUM),
                ),
                (
                    "- zen-engine, price list in it",
                    times["zen"].us,
                    *verdict(times["zen"].best / ours, GOAL_ZEN, at_least=True),
                ),
                ("- zen-engine, price handed in", times["given"].us, f"{times['given'].best / ours:.2f} x", "", ""),
            ]
    print_table("A quote, from raw texts to its lines", ("what", "time", "ratio", "goal", ""), rows)
    print(
        "Ratio: `appraise` over stdnum (less is better), zen-engine over `appraise` (below 1 zen-engine is faster).\n"
    )


if __name__ == "__main__":
    main()
