"""The pages about exchanges say what the code does."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from miexchange import ExchangeRules
from miexchange.exchange import OPEN, TRANSITIONS, State

DOCS = Path(__file__).resolve().parents[2] / "docs"
EXCHANGE = (DOCS / "exchange.md").read_text(encoding="utf-8")


def test_the_table_on_the_page_is_the_table_of_the_code() -> None:
    block = EXCHANGE.partition("<!-- transitions: this table is compared with the code -->\n")[2].partition("<!-- end")[
        0
    ]
    rows = [f"| {row.state} | {row.event} | {', '.join(row.becomes)} | {row.when} |" for row in TRANSITIONS]
    assert block == "\n".join(["| in state | event | becomes | when |", "|---|---|---|---|", *rows, ""])


def test_the_page_names_the_open_states_and_the_ends() -> None:
    assert f"open while it is {', '.join(OPEN[:-1])} or {OPEN[-1]}" in EXCHANGE
    ends = [state.value for state in State if state not in {row.state for row in TRANSITIONS}]
    assert f"{ends[0].capitalize()}, {ends[1]} and {ends[2]} are its ends" in EXCHANGE


def test_the_page_explains_every_key_of_the_rules() -> None:
    explained = set(
        re.findall(r"`([a-z_]+)`", EXCHANGE.partition("| key | meaning |")[2].partition("A programme without")[0])
    )
    assert {field.name for field in fields(ExchangeRules)} - {"source"} <= explained
