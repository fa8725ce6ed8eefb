"""The demo and the example: the story is what the library answers."""

from __future__ import annotations

import runpy
from datetime import timedelta
from pathlib import Path

import pytest

import miexchange
from miexchange import InvalidValue, Quote, _demo
from miexchange.cli import _output
from unit.command import (
    IMEI,
    IN_PAISE,
    library_quote,
    run,
)
from unit.small import INR


def test_the_demo_tells_what_the_library_answers() -> None:
    story = _demo.journey()
    text = " ".join(run("demo").out.split())
    for words in (
        "prices are modelled",
        "86366403******9 = TAC 86366403",
        "check digit 9, which is computed",
        f"up to {_output.writer(INR)(story.advert.coupon_value)}",
        "₹10,550.00 for a OnePlus 3T on 15 March 2018, variant and condition not stated",
        "+1.6 %",
        "+7.0 %",
        "gives the same value, line by line",
        story.coupon.display_code,
        "until 2018-04-03 12:05:00+05:30, exclusive (06:35:00 UTC): 14 x 24 hours",
        "demo key, which is published",
        f"becomes {_output.writer(INR)(story.redemption.to_pay)}",
        "order_category",
        "coupon_expired",
        "imei_placeholder",
        "condition_gate",
        "deduction:display",
        f"coupon value {_output.writer(INR)(story.graded_quote.coupon_value)}",
    ):
        assert words in text
    for number in range(1, 8):
        assert f" {number}. " in text
    assert bool(story.proof)
    assert story.coupon.valid_until == story.coupon.valid_from + timedelta(days=14)
    assert sum(line.amount for line in story.graded_quote.lines) == story.graded_quote.coupon_value


@pytest.mark.parametrize(("columns", "most"), [(80, 80), (100, 80), (200, 100)])
def test_the_demo_fits_on_a_page(columns: int, most: int) -> None:
    lines = list(_demo.tell(_demo.journey(), INR.plain, columns))
    assert len(lines) <= 80
    assert max(map(len, lines)) <= max(most, min(columns, 100))


def test_the_demo_in_json_is_the_same_story() -> None:
    data, story = run("demo", "--json").data, _demo.journey()
    assert data == {**story.to_dict(), "amounts": IN_PAISE}
    assert data["quote"]["coupon_value"] == story.quote.coupon_value
    assert (data["published_minor"], data["prices_are"]) == (1055000, "modelled")


def test_the_distance_to_the_published_price_is_signed_and_rounded_half_up() -> None:
    assert [_demo.against(amount) for amount in (1055000, 1129000, 981000, 1055527, 1055528)] == [
        "+0.0 %",
        "+7.0 %",
        "-7.0 %",
        "+0.0 %",
        "+0.1 %",
    ]


def test_a_story_that_does_not_come_true_stops() -> None:
    with pytest.raises(InvalidValue, match="the story needs a Quote"):
        _demo.expected(Quote, _demo.journey().expired)
    with pytest.raises(InvalidValue, match="'Quote'"):
        _demo.expected(miexchange.Coupon, library_quote())


def test_the_example_script_tells_the_same_story(capsys: pytest.CaptureFixture[str]) -> None:
    script = Path(__file__).parents[2] / "examples" / "journey.py"
    runpy.run_path(str(script), run_name="__main__")
    out = capsys.readouterr().out
    assert "up to 11290.00" in out
    assert "coupon value  10720.00" in out
    assert "coupon_expired" in out
    assert IMEI.digits not in out
