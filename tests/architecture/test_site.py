"""The site says what the code says: an entry for each public name, the chart of states, a phone in the browser."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from miexchange.exchange import TRANSITIONS, State
from reference_pages import VALUES, names_of, page
from state_chart import FILE, arrows, drawn

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.xdist_group("site")  # its pages are made once
ENTRY = re.compile(r"^`+\{py:(?:function|class|data)\} miexchange\.([\w.]+)", re.MULTILINE)


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {title: page(title) for title in (*names_of(), VALUES)}


def test_every_public_name_has_an_entry(pages: dict[str, str]) -> None:
    """That docs/reference.md lists every public name is tested beside this one (test_public_names.py)."""
    for title, names in names_of().items():
        assert dict.fromkeys(ENTRY.findall(pages[title])) == dict.fromkeys(names), title


def test_an_entry_has_its_signature_and_its_docstring(pages: dict[str, str]) -> None:
    entries = "\n".join(pages.values())
    assert "miexchange.imei.compact(" in entries
    bare = [one for one in re.findall(r"\{py:function\} (\S+)", entries) if "(" not in one]
    assert bare == []
    appraise = entries.partition("{py:function} miexchange.appraise(")[2].partition("````")[0]
    for words in (
        "device: miexchange.Device, ",
        "*, at: datetime",
        "-> miexchange.Quote",
        "- `key`: at least 16 secret bytes",
    ):
        assert words in appraise
    assert "py:method} to_json(" in pages[VALUES].replace("Value.", "")


def test_the_chart_is_the_table() -> None:
    """`python tools/state_chart.py` draws it."""
    assert FILE.read_text(encoding="utf-8") == drawn()


def test_the_chart_has_every_transition_and_no_other() -> None:
    drawn_rows = {(before, event, after) for (before, after), events in arrows().items() for event in events}
    assert drawn_rows == {(row.state, row.event, after) for row in TRANSITIONS for after in row.becomes}
    second_line = r'(class="inside"[^>]*>[^<]+)</text>\n<text class="inside"[^>]*>'  # of the events in a box
    chart = re.sub(second_line, r"\1, ", drawn())
    labels = re.findall(r'class="(?:label|inside)"[^>]*>([^<]+)<', chart)
    assert sorted(labels) == sorted(", ".join(events) for events in arrows().values())
    assert {*re.findall(r'class="state"[^>]*>(\w+)<', chart)} == {state.value for state in State}


VALUE = """
import importlib.abc, importlib.util, json, sys

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"numpy", "pandas", "pydantic", "pydantic_core", "typer", "stdnum"}:
            raise ModuleNotFoundError(f"{name} has no wheel here")

sys.meta_path.insert(0, Missing())
spec = importlib.util.spec_from_file_location("valuing", sys.argv[1])
page = importlib.util.module_from_spec(spec)
spec.loader.exec_module(page)
asked = json.loads(page.form("mi-exchange-india", "2018-03-20", "oneplus-3t-6-64"))
best = {one["id"]: one["options"][0]["id"] for one in asked["questions"]}
values = [page.value("mi-exchange-india", "2018-03-20", "oneplus-3t-6-64", json.dumps({**best, **changed}))
          for changed in ({}, {"screen_glass": "cracked"})]
print(json.dumps([len(asked["models"]), values]))
"""


def test_the_page_in_the_browser_values_a_phone_by_pure_python() -> None:
    """There is no numpy, pandas or pydantic in its Pyodide: a quote must not need them."""
    file = ROOT / "docs" / "browser" / "valuing.py"
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", VALUE, str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    models, (quote, refusal) = json.loads(done.stdout)
    assert models == 282
    assert "coupon value  11290.00" in quote
    assert "The glass has a crack" in refusal


def test_the_page_in_the_browser_offers_what_is_there() -> None:
    browser = ROOT / "docs" / "browser"
    script = (browser / "valuing.js").read_text(encoding="utf-8")
    offered = re.findall(r'<option value="([\w-]+)">', (ROOT / "docs" / "browser.md").read_text(encoding="utf-8"))
    assert set(re.findall(r'"([\w-]+)": "\d{4}-', script)) == set(offered)
    assert "//" not in re.sub(r"^\s*//.*", "", script, flags=re.MULTILINE), "nothing comes from another site"
    assert "//" not in (browser / "site.css").read_text(encoding="utf-8")
