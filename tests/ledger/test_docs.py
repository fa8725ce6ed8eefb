"""The pages about exchanges say what the code does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import fields
from itertools import product
from pathlib import Path

import pytest

from miexchange import ExchangeRules
from miexchange.exchange import OPEN, TRANSITIONS, State

DOCS = Path(__file__).resolve().parents[2] / "docs"
NAMES, HOWS = ("SQLite", "PostgreSQL"), ("threads", "processes")
EXCHANGE = (DOCS / "exchange.md").read_text(encoding="utf-8")


def test_the_page_names_the_open_states_and_the_ends() -> None:
    assert f"open while it is {', '.join(OPEN[:-1])} or {OPEN[-1]}" in EXCHANGE
    ends = [state.value for state in State if state not in {row.state for row in TRANSITIONS}]
    assert f"{ends[0].capitalize()}, {ends[1]} and {ends[2]} are final" in EXCHANGE


def test_the_page_explains_every_key_of_the_rules() -> None:
    explained = set(
        re.findall(r"`([a-z_]+)`", EXCHANGE.partition("| key | meaning |")[2].partition("A programme without")[0])
    )
    assert {field.name for field in fields(ExchangeRules)} - {"source"} <= explained


def test_the_figures_of_the_proofs_are_those_of_the_promise() -> None:
    figures = (DOCS / "reliability.md").read_text(encoding="utf-8").partition("<!-- figures")[2]
    for words in (
        *(
            f"| {name} | redeem the same coupons | 16 {how} | 1,000 | 16,000 | 1,000 | 0 |"
            for name in NAMES
            for how in HOWS
        ),
        *(f"| {name} | the writer | 500 |" for name in NAMES),
    ):
        assert words in figures
    assert len(re.findall(r"\| 1,000 \| 1,000,000 \| [\d,]+ \| [\d,]+ \| 0 \|", figures)) == len(NAMES)


STORMS = {
    "Forged quotes": ("10,000 | 1,000 |", HOWS),
    "Servers that fork": ("16 |", ("a server",)),
    "Clocks that differ": ("1,000 | 3,000 |", HOWS),
    "Phones with two SIMs": ("100 | 4,800 |", HOWS),
    "Servers with old and new keys": ("3 | 120 |", HOWS),
    "Bonuses with a quota": ("", HOWS),
}
"""The sections of the storms, each with its first figures, and who was in it."""


def test_the_page_has_the_storms_with_the_figures_of_the_promise() -> None:
    figures = (DOCS / "reliability.md").read_text(encoding="utf-8").partition("<!-- figures")[2]
    sections = {part.partition("\n")[0]: part for part in figures.split("### ")}
    for title, (first, hows) in STORMS.items():
        rows = [
            line for line in sections[title].splitlines() if line.startswith(tuple(f"| {name} |" for name in NAMES))
        ]
        assert len(rows) == len(NAMES) * len(hows)
        for row, (name, how) in zip(rows, product(NAMES, hows), strict=True):
            assert re.match(rf"\| {name} \| [^|]*{how}[^|]* \| {re.escape(first)}", row)
            if title == "Bonuses with a quota":
                assert re.search(r"\| 20 \| [\d,]+ \| 30 \| 0 \|", row), "all places were taken, and no more"


@pytest.mark.sweep
def test_the_proofs_run_as_a_script() -> None:
    root = DOCS.parent
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-W", "error::ResourceWarning", str(root / "tools" / "prove.py"), "--small"],
        env={**os.environ, "PYTHONPATH": str(root / "tests")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for title in ("Forged and mutated codes", *STORMS):
        assert f"### {title}" in done.stdout
