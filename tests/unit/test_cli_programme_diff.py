"""`miexchange programme diff` and `miexchange quote --why-not`: what they show, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miexchange import Programme
from unit.command import VALUED, run

if TYPE_CHECKING:
    from pathlib import Path

DIFF = ("programme", "diff", "uk-trade-in")
AT = ("--at", "2025-04-13")


def test_a_new_edition_says_who_gets_less(tmp_path: Path) -> None:
    path = Programme.load("uk-trade-in").save(tmp_path / "next")
    assert run(*DIFF, str(path), *AT).out.splitlines()[1:] == [
        "Nothing changed.",
        "",
        "Who gets less, from 2025-04-13 00:00:00+01:00 on",
        "Nobody gets less: proved for all answers, ages, classes, new phones and quotas of every model taken.",
    ]
    path = Programme.load("uk-trade-in").save(tmp_path / "cheaper")
    head = path / "programme.toml"
    head.write_text(head.read_text("utf-8").replace("factor_bps = 10000", "factor_bps = 9500"), "utf-8")
    book = tmp_path / "book.csv"
    book.write_text(
        "model,lock,power,works,screen,body,at\napple-iphone-15-128,free,on,all,clean,good,2025-04-13\n", "utf-8"
    )
    done = run(*DIFF, str(path), *AT, "--book", str(book))
    assert done.code == 1
    for said in ("factor_bps: 10000 -> 9500", "the largest loss is £24.50", "old quotes", "losers", "cost"):
        assert said in done.out
    found = run(*DIFF, str(path), *AT, "--book", str(book), "--json").data
    assert found["losses"]["verdict"] == "losers"
    assert found["book"]["losers"] == 1
    assert found["diff"]["edits"][0]["where"] == "2025-03: factor_bps"


def test_why_not_shows_what_would_get_an_offer_or_a_higher_one() -> None:
    refused = run(*VALUED, "--answer", "locks=on", "--why-not")
    assert refused.code == 1
    assert "condition_gate locks=on: the customer can do it" in refused.out
    assert "locks: off instead of on" in refused.out
    found = run(*VALUED, "--answer", "locks=on", "--why-not", "--json").data
    assert found["changes"]["cures"][0]["changes"][0]["after"] == "off"
    raised = run(*VALUED, "--why-not")
    assert "body: unmarked instead of light_wear" in raised.out
    assert "changes" in run(*VALUED, "--why-not", "--json").data
    assert "changes" not in run(*VALUED, "--json").data
