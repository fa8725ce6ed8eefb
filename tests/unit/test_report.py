"""A report is one file that needs nothing, says what the values say, and shows nothing that it must not."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from miexchange import InvalidValue
from miexchange.batch import appraise_frame
from miexchange.display import amount_text
from miexchange.money import Money
from miexchange.programme import ScrapValue
from miexchange.report import book_report
from miexchange.report._elements import element, written
from miexchange.report._style import STYLE
from miexchange.tuning import simulate_book
from unit.command import run
from unit.tuned import graded

if TYPE_CHECKING:
    from pathlib import Path


AT = datetime(2018, 6, 1, tzinfo=UTC)
FIRST = datetime(2018, 4, 25, 9, tzinfo=UTC)
IMEI = "863664031234569"
HOSTILE = "<script>alert(1)</script>"
VOID = {"meta"}


class Page(HTMLParser):
    """Reads a page strictly: every tag is closed in its order; keeps tags, texts, and the cells of each table."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self._open: list[str] = []
        self._caption = ""
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "caption":
            self._caption = ""
        elif tag == "tr":
            self.tables.setdefault(self._caption, []).append([])
        elif tag in {"th", "td"}:
            self.tables[self._caption][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self._open or not self._open:
            return
        self.texts.append(data)
        if "caption" in self._open:
            self._caption += data
        elif self._open[-1] in {"th", "td"} or {"th", "td"} & {*self._open}:
            cells = self.tables[self._caption][-1]
            cells[-1] += f" {data}" if cells[-1] else data


@cache
def book() -> pd.DataFrame:
    rows = simulate_book(graded(), 300, seed=1, at=AT, faults=0.4)
    rows["at"] = [FIRST + timedelta(hours=2 * row) for row in range(len(rows))]
    rows["imei"] = None
    rows.loc[0, "imei"] = IMEI
    rows["model"] = rows["model"].astype(object)
    rows.loc[3, "model"] = HOSTILE
    rows.loc[4, "model"] = f"my phone {IMEI}"
    rows.loc[5, "locks"] = "on"
    rows.loc[7, "model"] = "half a pair \ud800 and \u202eturned"
    rows["at"] = rows["at"].astype(object)
    rows.loc[6, "at"] = "yesterday"
    rows.loc[9, "at"] = datetime(2018, 5, 1, 18, 30, tzinfo=UTC)  # midnight in India: so is the end of its quote
    rows[HOSTILE] = HOSTILE
    return rows


@cache
def text() -> str:
    return book_report(book(), graded(), at=AT)


@cache
def page() -> Page:
    return Page(text())


def money(amount: int) -> str:
    return amount_text(Money(amount, graded().currency))


def test_it_is_one_file_that_asks_for_nothing() -> None:
    tags = {tag for tag, _ in page().tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "audio", "video"}
    attributes = [(name, value or "") for _, attrs in page().tags for name, value in attrs.items()]
    assert not [name for name, _ in attributes if name.startswith("on") or name in {"src", "srcset", "style"}]
    assert {value[0] for name, value in attributes if name == "href"} == {"#"}
    assert "url(" not in text()
    assert "@import" not in text()
    policy = next(attrs for tag, attrs in page().tags if "http-equiv" in attrs)
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'"


def test_links_lead_to_sections_and_headings_are_in_order() -> None:
    ids = [attrs["id"] for _, attrs in page().tags if "id" in attrs]
    assert [attrs["href"] for tag, attrs in page().tags if tag == "a"] == [f"#{name}" for name in ids]
    assert ids == ["terms", "prices", "quotes", "refusals", "exposure", "examples"]
    levels = [int(tag[1]) for tag, _ in page().tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert dict(page().tags)["html"] == {"lang": "en"}


def test_every_picture_has_words_or_stands_beside_its_number() -> None:
    pictures = [attrs for tag, attrs in page().tags if tag == "svg"]
    assert len([one for one in pictures if one.get("aria-hidden") == "true"]) > 10
    said = [one["aria-label"] for one in pictures if one.get("role") == "img"]
    assert [(one or "").partition(",")[0] for one in said] == ["Quoted on the day", "Open at the end of the day"]
    assert len(pictures) == len([one for one in pictures if "aria-hidden" in one or "role" in one])


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_contrast_is_that_of_wcag_aa() -> None:
    """WCAG 2.2, 1.4.3: 4.5 for text; 1.4.11: 3 for graphical objects and the outline of the focus."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", STYLE))
    uses = re.findall(r"(?<![-\w])(color|fill|background|outline): [^;]*?var\(--(\w+)\)", STYLE)
    assert len(re.findall(r"#[0-9a-f]{3,8}\b", STYLE)) == len(colours)
    behind = {name for use, name in uses if use == "background"}
    assert behind == {"paper", "tint"}
    least = {"color": 4.5, "fill": 3.0, "outline": 3.0}
    found = {
        (name, back): (contrast(colours[name], colours[back]), least[use])
        for use, name in uses
        if use in least
        for back in behind
    }
    assert {name for name, _ in found} == {"ink", "quiet", "link", "total", "less", "more"}
    assert [pair for pair, (is_so, bound) in found.items() if is_so < bound] == []


def test_what_the_book_says_is_escaped_and_no_imei_is_shown() -> None:
    assert HOSTILE not in text()
    assert HOSTILE in page().texts
    assert IMEI not in text()
    assert "my phone 86366403******9" in page().texts
    assert r"half a pair \ud800 and \u202eturned" in page().texts
    text().encode()
    assert re.findall(r"(?<![0-9a-f])\d{14,}", text()) == []


def test_the_same_book_gives_the_same_bytes() -> None:
    again = book().copy()
    again.index = pd.Index([7] * len(again))
    assert book_report(again, graded(), at=AT) == text()


def test_the_numbers_are_those_of_the_values() -> None:
    values = appraise_frame(book(), graded())
    quoted = values[values["outcome"] != "refused"]
    total = int(quoted["coupon_value_minor"].sum())
    assert money(total) in page().texts
    grades = page().tables["By grade"][1:]
    assert [row[3:] for row in grades] == [
        [money(sum(group)), money(math.floor(Fraction(sum(group), len(group)) + Fraction(1, 2)))]
        for _, group in quoted["coupon_value_minor"].astype(int).groupby(quoted["grade"].astype(str))
    ]
    assert [row[:2] for row in grades] == [
        [grade, f"{count}"] for grade, count in quoted["grade"].astype(str).value_counts().sort_index().items()
    ]
    reasons = dict(
        row[0::2][:2] for row in page().tables[f"{len(values) - len(quoted)} refused devices, by reason"][1:]
    )
    counts = values["reasons"].astype(str).str.split("|").explode().value_counts().drop("", errors="ignore")
    assert reasons == {f"{code}".replace("_", " "): f"{count}" for code, count in counts.items()}
    crossed = page().tables["Devices by brand and grade"][1:]
    assert sum(int(cell) for row in crossed for cell in row[1:]) == len(values)


def test_exposure_is_what_is_open_at_the_end_of_each_day() -> None:
    """A quote is open from its instant until it can no longer be accepted, 168 hours later."""
    values = appraise_frame(book(), graded())
    quotes = [
        (at, value)
        for at, value in zip(book()["at"], values["coupon_value_minor"].astype(object), strict=True)
        if not pd.isna(value)
    ]
    rows = page().tables["Exposure by day"][1:]
    assert len(rows) == 33
    for day, count, value, is_open in rows:
        begins = datetime.fromisoformat(f"{day}T00:00+05:30")
        ends = begins + timedelta(days=1)
        made = [worth for at, worth in quotes if begins <= at < ends]
        assert (count, value) == (f"{len(made)}", money(sum(made)))
        assert is_open == money(sum(worth for at, worth in quotes if at < ends < at + timedelta(hours=168)))


def test_an_example_of_each_grade_adds_up() -> None:
    shown = [rows for caption, rows in page().tables.items() if caption.startswith("Grade ")]
    assert len(shown) >= 3
    for rows in shown:
        assert rows[1][0].startswith("market ")
        amounts = [round(100 * float(row[2].replace("₹", "").replace(",", ""))) for row in rows[1:]]
        assert rows[-1][0] == "coupon value"
        assert sum(amounts[:-1]) == amounts[-1]


def test_prices_that_changed_during_the_book_are_told() -> None:
    table = page().tables["Price lists that began between 2018-04-25 and 2018-06-01"]
    assert [row[0] for row in table[1:]] == ["2018-05-15"]
    assert sum(map(int, table[1][1:5])) == 306
    assert "The devices were asked under 2018-03, 2018-05." in " ".join(page().texts)


def test_a_price_that_began_with_the_book_has_not_changed_and_one_that_begins_at_its_end_has() -> None:
    begins = datetime(2018, 5, 14, 18, 30, tzinfo=UTC)
    rows = simulate_book(graded(), 5, seed=1, at=AT, faults=0)
    found = Page(book_report(rows.assign(at=begins), graded(), at=begins))
    assert "No price changed on 2018-05-15. The last list began on 2018-05-15." in found.texts
    found = Page(book_report(rows.assign(at=begins - timedelta(days=3)), graded(), at=begins))
    assert "Price lists that began between 2018-05-12 and 2018-05-15" in found.tables


def test_a_long_book_is_summed_by_month() -> None:
    rows = book().drop(columns="at").head(40)
    rows["at"] = [datetime(2018, 3, 20, tzinfo=UTC) + timedelta(days=2 * row) for row in range(40)]
    found = Page(book_report(rows, graded(), at=AT))
    table = found.tables["Exposure by month"]
    assert [row[0] for row in table] == ["Month", "2018-03", "2018-04", "2018-05", "2018-06"]


def test_a_book_without_a_quote_has_a_report() -> None:
    """Nothing in it is in force: the terms, the prices, the days."""
    rows = book().head(3).drop(columns="at")
    found = Page(book_report(rows, graded(), at=datetime(2017, 1, 1, tzinfo=UTC)))
    assert {
        "No terms are in force on 2017-01-01.",
        "No price changed on 2017-01-01.",
        "No device is quoted.",
        "none",
    } <= {*found.texts}


def test_what_is_written_is_escaped_wherever_it_stands() -> None:
    made = element("p", element("b", "<"), "&", "\x1b\n", title='"')
    assert written(made) == '<p title="&quot;"><b>&lt;</b>&amp;\\x1b\\n</p>'


def test_bonuses_are_among_the_rules() -> None:
    at = datetime(2018, 3, 20, tzinfo=UTC)
    found = Page(book_report(simulate_book(graded(), 30, seed=1, at=at), graded(), at=at))
    named = [row[0] for row in found.tables["Rules"] if row[0].startswith("Bonus ")]
    assert named == [f"Bonus {bonus.id}" for bonus in graded().terms[0].bonuses]


def test_a_book_without_a_refusal_has_a_report() -> None:
    rows = simulate_book(graded(), 30, seed=1, at=AT, faults=0, models=2)
    found = Page(book_report(rows, graded(), at=AT))
    assert {"No device is refused.", "No price changed on 2018-06-01. The last list began on 2018-05-15."} <= {
        *found.texts
    }
    assert "Devices by brand and grade" not in found.tables


def test_instants_are_read_as_a_table_reads_them() -> None:
    rows = simulate_book(graded(), 3, seed=1, at=AT, faults=0)
    told = Page(book_report(rows, graded(), at=AT)).tables
    fine = pd.Series([pd.Timestamp(AT) + pd.Timedelta(1, "ns"), pd.NaT, pd.Timestamp(AT)])
    found = Page(book_report(rows.assign(at=fine), graded(), at=AT)).tables
    assert [row[1] for row in told["Exposure by day"][1:2]] == ["3"]
    assert [row[1] for row in found["Exposure by day"][1:2]] == ["2"]


@pytest.mark.parametrize("rows", [pd.DataFrame({"model": []}), None, "book.csv"])
def test_what_is_no_book_is_refused(rows: pd.DataFrame) -> None:
    with pytest.raises(InvalidValue, match="book"):
        book_report(rows, graded(), at=AT)


def test_the_command_writes_the_file_whole(tmp_path: Path) -> None:
    source, target = tmp_path / "book.csv", tmp_path / "report.html"
    book().head(20).drop(index=7).to_csv(source, index=False)
    arguments = ("report", str(source), "--programme", "graded-trade-in", "--at", "2018-06-01", "-o", str(target))
    ran = run(*arguments)
    assert (ran.code, "19 devices, Graded trade-in (example)" in ran.out.replace("\n", " ")) == (0, True)
    first = target.read_bytes()
    assert Page(first.decode()).tables
    ran = run(*arguments)
    assert (ran.code, "is there: name another file, or overwrite it with --force" in ran.err) == (2, True)
    ran = run(*arguments, "--force", "--json")
    assert json.loads(ran.out) == {"output": f"{target}", "devices": 19, "digest": graded().digest}
    assert target.read_bytes() == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["book.csv", "report.html"]
    ran = run(*arguments[:-1], str(tmp_path / "no" / "report.html"))
    assert (ran.code, "cannot be written: No such file" in ran.err) == (2, True)


def test_the_rules_say_each_floor_and_a_coupon_without_end() -> None:
    terms = graded().terms_at(AT)
    assert terms is not None
    own = (ScrapValue("brand", "OnePlus", 50_000),)
    changed = terms.replace(scrap_values=own, usage=terms.usage.replace(valid_days=0))
    programme = replace(graded(), terms=tuple(changed if one == terms else one for one in graded().terms))
    page = Page(book_report(book().head(20), programme, at=AT))
    rules = dict(page.tables["Rules"][1:])
    assert rules["Least value of a device"] == f"{money(terms.scrap_minor)}; OnePlus {money(50_000)}"
    assert rules["A coupon is valid for"] == "ever"
