"""What the bar of a long run says that it is doing."""

from __future__ import annotations

import logging

import pytest
from rich.console import Console

from miexchange.batch import Progress
from miexchange.cli._bar import Bar


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_bar_says_when_rules_are_compiled(monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool) -> None:
    """And only there: without a terminal nothing is written to stderr."""
    monkeypatch.setattr(Console, "is_terminal", is_terminal)
    log, bar = logging.getLogger("miexchange.batch"), Bar()
    said = []
    with bar:
        said.append(bar.what)
        log.info("compiling a loop for this processor")
        said.append(bar.what)
        bar.show(Progress(3, 3, 9))
        said.append(bar.what)
    assert said == ["valuing", "compiling the rules for this processor, once" if is_terminal else "valuing", "valuing"]
    log.info("compiling another one")
    assert bar.what == "valuing"
