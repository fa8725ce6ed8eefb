"""Pages that are one session each: a block makes a file, runs as a script, or is a command with its answer."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from miexchange.cli import main

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"(?:^`(?P<file>[\w./]+)`:\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["prices.md", "programme.md"])
def test_every_block_of_the_page_is_so(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text_of_page = (DOCS / page).read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    kinds = []
    for block in BLOCK.finditer(text_of_page):
        kinds.append(block["kind"])
        if block["kind"] == "csv":
            (tmp_path / block["file"]).write_text(block["text"], encoding="utf-8")
        elif block["kind"] == "python":
            exec(compile(block["text"], f"docs/{page}", "exec"), {})  # noqa: S102 - our own page
        else:
            command, _, answer = block["text"].partition("\n")
            code = main(shlex.split(command.removeprefix("$ "))[1:])
            said = capsys.readouterr()
            text = said.out + said.err * bool(code)  # of what takes long, stderr has a progress bar
            lines = [line.rstrip() for line in text.splitlines()]
            assert "\n".join([*lines, *([f"[exit code {code}]"] if code else []), ""]) == answer, command
    assert set(kinds) == {"csv", "python", "console"}
    assert kinds.count("console") == text_of_page.count("$ miexchange ")
    assert len(kinds) == text_of_page.count("\n```\n")
