"""`book_report`: the sections of a report, and the file that they make."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from miexchange import __version__
from miexchange._questions import together
from miexchange._text import counted
from miexchange.money import BPS, percent
from miexchange.programme.rules import BONUSES, OVERLAPS, RETENTIONS
from miexchange.programme.scrap import in_words
from miexchange.refusal import ReasonCode
from miexchange.report._elements import bar, element, section, steps, table, written
from miexchange.report._style import STYLE
from miexchange.report._valued import valued

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime
    from xml.etree.ElementTree import Element

    import pandas as pd

    from miexchange.programme import Programme, Terms
    from miexchange.quote import Quote
    from miexchange.report._elements import Part
    from miexchange.report._valued import Valued

__all__ = ["book_report"]

_SHOWN = 20  # the most rows of a table of unbounded length
_LARGEST = 10  # changes of a price
_DAYS = 45  # days that are listed one by one; a longer time is grouped by month
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"  # a browser that stores it needs no network


def book_report(book: pd.DataFrame, programme: Programme, *, at: datetime) -> str:
    """Return a report on a book of devices as one HTML file.

    It shows the terms in force, the prices that changed during the book, quotes by brand and grade, refusals by reason,
    the open quotes by day, and an example of each grade, line by line. It contains no IMEI, and every text of
    the book is escaped. The same book, programme and instant give the same bytes with the same version.

    Args:
        book: as in `miexchange.batch.appraise_frame`; `miexchange.pricelists.read_book` reads one from a file.
        programme: the programme.
        at: the instant of the report, of its terms, and of the values of a book without a column ``at``.

    Returns:
        The text of the file, to be written in UTF-8.

    Raises:
        InvalidValue: an argument is invalid, or the book has no rows.

    >>> from datetime import UTC, datetime
    >>> from miexchange import Programme
    >>> from miexchange.tuning import simulate_book
    >>> programme, at = Programme.load("graded-trade-in"), datetime(2018, 4, 20, tzinfo=UTC)
    >>> text = book_report(simulate_book(programme, 50, seed=1, at=at), programme, at=at)
    >>> text.startswith("<!DOCTYPE html>"), "<script" in text, "http" in text.replace("http-equiv", "")
    (True, False, False)
    """
    found = valued(book, programme, at)
    contents = (element("li", element("a", title, href=f"#{name}")) for name, title, _ in _SECTIONS)
    page = element(
        "html",
        element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("title", f"Trade-in report: {programme.title}"),
            element("style", " ".join(STYLE.split())),
        ),
        element(
            "body",
            _head(found),
            element("nav", element("ul", *contents), aria_label="Contents"),
            element("main", *(section(name, title, *make(found)) for name, title, make in _SECTIONS)),
            _foot(found),
        ),
        lang="en",
    )
    return f"<!DOCTYPE html>\n{written(page)}\n"


def _head(found: Valued) -> Element:
    first, last = map(found.day, found.instants)
    when = f"asked on {first}" if first == last else f"asked from {first} to {last}"
    count, quoted = len(found.rows), len(found.quoted)
    total = int(found.quoted["value"].sum())
    most = max((is_open for *_, is_open in found.by_day), default=0)
    facts = [
        ("Devices", f"{count:,}"),
        ("Quoted", f"{quoted:,} ({_share(quoted, count)})"),
        ("Refused", f"{count - quoted:,} ({_share(count - quoted, count)})"),
        ("Value of the quotes", found.money(total)),
        ("Mean of a quote", found.mean(found.quoted["value"])),
        ("Most open at the end of a day", found.money(most)),
    ]
    return element(
        "header",
        element("h1", f"Trade-in report: {found.programme.title}"),
        element("p", f"{counted(count, 'device')}, {when}, and what the programme pays for them.", class_="quiet"),
        element(
            "dl", *(element("div", element("dt", name), element("dd", said)) for name, said in facts), class_="key"
        ),
    )


def _foot(found: Valued) -> Element:
    programme = found.programme
    bases = " and ".join(sorted({price.basis for price in programme.prices})) or "no"
    says = (
        f"Valued by miexchange {__version__} under the programme {programme.id}, digest {programme.digest[:16]}, at "
        f"{found.at.astimezone(programme.zone).isoformat(sep=' ', timespec='seconds')}. Days are those of the zone "
        f"{programme.zone}. The programme has {bases} prices. A quote is an offer that nobody need have accepted."
    )
    return element("footer", element("p", says))


def _terms(found: Valued) -> Iterator[Element]:
    terms = found.programme.terms_at(found.at)
    if terms is None:
        yield element("p", f"No terms are in force on {found.day(found.at)}.")
        return
    rows = [*_rules(found, terms)]
    grades = [[grade.id, percent(grade.keep_bps), grade.meaning] for grade in terms.grades]
    gates: list[list[Part]] = [
        [
            question.ask,
            element("div", *(element("div", option.says) for option in question.options if option.gate)),
        ]
        for question in together(terms.questionnaire.questions)
        if any(option.gate for option in question.options)
    ]
    asked = ", ".join(found.versions)
    says = f"Version {terms.version}, in force since {found.day(terms.effective_from)}."
    yield element("p", says if asked in {"", terms.version} else f"{says} The devices were asked under {asked}.")
    yield element(
        "div",
        table("Rules", {"Rule": "text", "Setting": "text"}, rows),
        table(
            "Grades, and what each keeps of the price", {"Grade": "text", "Keeps": "number", "Meaning": "text"}, grades
        ),
        class_="pair",
    )
    if gates:
        yield table("Answers with which a device is refused", {"Question": "text", "Answers": "text"}, gates)


def _rules(found: Valued, terms: Terms) -> Iterator[tuple[str, str]]:
    yield "A quote can be accepted for", f"{terms.quote_valid_hours} hours"
    yield "A price is used for", f"{terms.price_max_age_days} days"
    if terms.factor_bps < BPS:
        yield "The operator's share of the value", percent(BPS - terms.factor_bps)
    yield "Least value of a device", in_words(terms.scrap_minor, terms.scrap_values, found.money)
    yield "Values are rounded down to", found.money(terms.step_minor)
    for rule in (*RETENTIONS, OVERLAPS):
        if rule.is_used(terms):
            yield rule.title.capitalize(), ", ".join(rule.rows(terms, found.money))
    if terms.bonuses:
        for name, says in zip(terms.bonus_by_id, BONUSES.rows(terms, found.money), strict=True):
            yield f"Bonus {name}", says
    yield "A coupon is valid for", f"{terms.usage.valid_days} days" if terms.usage.valid_days else "ever"
    yield "A coupon buys", f"{', '.join(terms.usage.categories)} of {', '.join(terms.usage.brands)}"


def _prices(found: Valued) -> Iterator[Element]:
    start, end = found.instants[0], max(found.at, found.instants[1])
    asked = found.rows["model"].value_counts()
    changes: list[tuple[datetime, str, int | None, int]] = []  # beginning, model, price before and after
    for model, series in found.programme.prices.by_key.items():
        for before, after in zip((None, *series.rows), series.rows, strict=False):
            if start < after.effective_from <= end:
                earlier = None if before is None else before.price_minor
                changes.append((after.effective_from, model, earlier, after.price_minor))
    since, until = found.day(start), found.day(end)
    when = f"on {since}" if since == until else f"between {since} and {until}"
    if not changes:
        begun = max((row.effective_from for row in found.programme.prices if row.effective_from <= start), default=None)
        last = "" if begun is None else f" The last list began on {found.day(begun)}."
        yield element("p", f"No price changed {when}.{last}")
        return
    changes.sort(key=lambda one: one[:2])
    lists = [_list_row(found, begins, [*group]) for begins, group in groupby(changes, key=lambda one: one[0])]
    heads = {
        "From": "day",
        "Fell": "number",
        "Rose": "number",
        "Same": "number",
        "New": "number",
        "Mean change": "number",
    }
    yield table(f"Price lists that began {when}", heads, lists)
    seen = [
        (begins, model, before, after)
        for begins, model, before, after in changes
        if model in asked.index and before is not None and before != after
    ]
    seen.sort(key=lambda one: (-abs((one[3] - one[2]) * int(asked[one[1]])), one[1], one[0]))
    rows: list[list[Part]] = [
        [
            element("div", found.programme.catalogue.labels[model], _quiet(f"{int(asked[model]):,} asked")),
            *([found.day(begins)] if len(lists) > 1 else []),
            found.money(before),
            found.money(after),
            _signed(after - before, before),
        ]
        for begins, model, before, after in seen[:_LARGEST]
    ]
    if rows:
        heads = {"Model": "text"} | ({"From": "day"} if len(lists) > 1 else {})
        heads |= dict.fromkeys(("Before", "After", "Change"), "number")
        yield table("The changes that count most for this book: amount times devices", heads, rows)


def _list_row(found: Valued, begins: datetime, changes: Sequence[tuple[datetime, str, int | None, int]]) -> list[str]:
    both = [(before, after) for *_, before, after in changes if before is not None]
    counts = [
        sum(after < before for before, after in both),
        sum(after > before for before, after in both),
        sum(after == before for before, after in both),
        len(changes) - len(both),
    ]
    mean = _signed(sum(after - before for before, after in both), sum(before for before, _ in both)) if both else ""
    return [found.day(begins), *(f"{count:,}" for count in counts), mean]


def _quotes(found: Valued) -> Iterator[Element]:
    brands = _groups(found.rows, "brand", [])
    listed = [grade.id for terms in found.programme.terms for grade in terms.grades]
    grades = _groups(found.quoted, "grade", [*dict.fromkeys(listed)])
    yield element(
        "div",
        _group_table(found, "By brand", "Brand", _groups(found.quoted, "brand", [])),
        _group_table(found, "By grade", "Grade", grades),
        class_="pair",
    )
    names = [name for name, _ in grades]
    if len(names) > 1:
        rows = [
            [brand, *(f"{int((part['grade'] == name).sum()):,}" for name in names), f"{(part['grade'] == '').sum():,}"]
            for brand, part in brands
        ]
        heads = {"Brand": "text", **dict.fromkeys(names, "number"), "Refused": "number"}
        yield table("Devices by brand and grade", heads, rows)


def _groups(rows: pd.DataFrame, column: str, order: Sequence[str]) -> list[tuple[str, pd.DataFrame]]:
    """Return the rows of each group, in a stated order or the most value first; those beyond the limit as one."""
    groups = [(f"{name}", part) for name, part in rows.groupby(column, sort=True)]
    if order:
        return sorted(groups, key=lambda one: order.index(one[0]))
    groups.sort(key=lambda one: -int(one[1]["value"].sum()))
    kept = {name for name, _ in groups[:_SHOWN]}
    rest = rows[~rows[column].isin(kept)]
    return groups[:_SHOWN] + ([(f"{len(groups) - _SHOWN} others", rest)] if len(rest) else [])


def _group_table(found: Valued, caption: str, what: str, groups: Sequence[tuple[str, pd.DataFrame]]) -> Element:
    most = max((int(part["value"].sum()) for _, part in groups), default=0)
    rows: list[list[Part]] = []
    for name, part in groups:
        total = int(part["value"].sum())
        rows.append([name, f"{len(part):,}", bar(0, total, most), found.money(total), found.mean(part["value"])])
    heads = {what: "text", "Quotes": "number", "Value": "bar", "Total": "number", "Mean": "number"}
    return table(caption, heads, rows)


def _refusals(found: Valued) -> Iterator[Element]:
    refused = found.rows[found.rows["outcome"] == "refused"]
    if not len(refused):
        yield element("p", "No device is refused.")
        return
    counts = refused["reasons"].str.split("|").explode().value_counts(sort=False)
    order = sorted(counts.items(), key=lambda one: (-int(one[1]), f"{one[0]}"))
    rows: list[list[Part]] = [
        [
            f"{code}".replace("_", " "),
            ReasonCode(f"{code}").kind.value.replace("_", " "),
            f"{int(count):,}",
            bar(0, int(count), int(order[0][1])),
            _share(int(count), len(found.rows)),
        ]
        for code, count in order
    ]
    yield element("p", "A device with several reasons counts for each of them.")
    heads = {"Reason": "text", "What can change it": "text", "Devices": "number", "Share": "bar", "Of all": "number"}
    yield table(f"{counted(len(refused), 'refused device')}, by reason", heads, rows)
    if found.unknown:
        names = [[name, f"{count:,}"] for name, count in found.unknown[:_SHOWN]]
        more = len(found.unknown) - _SHOWN
        caption = "Models that the catalogue does not know" + (f"; {more:,} more are not shown" if more > 0 else "")
        yield table(caption, {"In the book": "text", "Devices": "number"}, names)


def _exposure(found: Valued) -> Iterator[Element]:
    days = found.by_day
    if not days:
        yield element("p", "No device is quoted.")
        return
    yield element(
        "p",
        "The value of the quotes of each day, and of all that can still be accepted at its end: what the programme "
        "would owe if every customer accepted.",
    )
    yield element(
        "div",
        _picture(found, "Quoted on the day", days, [value for _, _, value, _ in days], "total"),
        _picture(found, "Open at the end of the day", days, [is_open for *_, is_open in days], "less"),
        class_="pair",
    )
    is_short = len(days) <= _DAYS
    name, key = ("Day", "%Y-%m-%d") if is_short else ("Month", "%Y-%m")
    rows = []
    for when, group in groupby(days, key=lambda one: one[0].strftime(key)):
        part = [*group]
        counts, value = sum(count for _, count, _, _ in part), sum(value for _, _, value, _ in part)
        rows.append([when, f"{counts:,}", found.money(value), found.money(max(is_open for *_, is_open in part))])
    heads = {
        name: "text",
        "Quotes": "number",
        "Value": "number",
        "Open at its end" if is_short else "Most open at the end of a day": "number",
    }
    yield table(f"Exposure by {name.lower()}", heads, rows)


def _picture(
    found: Valued, caption: str, days: Sequence[tuple[date, int, int, int]], of: list[int], kind: str
) -> Element:
    first, last = days[0][0].isoformat(), days[-1][0].isoformat()
    highest = days[of.index(max(of))][0].isoformat()
    says = f"{caption}, {first} to {last}: at most {found.money(max(of))}, on {highest}"
    return element(
        "figure",
        element("figcaption", element("span", caption), element("span", f"at most {found.money(max(of))}")),
        steps(of, says, kind),
        element("figcaption", element("span", first), element("span", last)),
    )


def _examples(found: Valued) -> Iterator[Element]:
    if not found.examples:
        yield element("p", "No device is quoted.")
        return
    yield element(
        "p", "For each grade the quote in the middle of its values, without its IMEI. The lines add up to the value."
    )
    yield element("div", *(_example(found, quote) for quote in found.examples), class_="pair")


def _example(found: Valued, quote: Quote) -> Element:
    shown = [line for number, line in enumerate(quote.lines) if line.amount or not number]
    ends: list[tuple[int, int]] = []
    running = 0
    for line in shown:
        ends.append((running, running + line.amount))
        running += line.amount
    most = max(end for _, end in ends)
    rows: list[list[Part]] = []
    for number, (line, (start, end)) in enumerate(zip(shown, ends, strict=True)):
        kind = "total" if not number else "less" if line.amount < 0 else "more"
        said = element("div", line.rule.replace(":", ": ").replace("_", " "), _quiet(line.effect))
        rows.append([said, bar(start, end, most, kind), found.money(line.amount)])
    rows.append(["coupon value", bar(0, running, most), found.money(running)])
    heads = {"Step": "text", "Up to here": "bar", "Amount": "number"}
    title = element("h3", quote.label)
    caption = f"Grade {quote.grade}: asked on {found.day(quote.at)}, terms {quote.terms}"
    return element("div", title, table(caption, heads, rows, has_sum=True), class_="example")


def _quiet(text: str) -> Element:
    """Return a remark below the preceding element."""
    return element("span", text, class_="quiet")


def _share(part: int, whole: int) -> str:
    """Write a share as a percentage with one decimal, rounded half up in whole numbers."""
    tenths = (2_000 * part + whole) // (2 * whole)
    return f"{tenths // 10}.{tenths % 10} %"


def _signed(change: int, before: int) -> str:
    """Write a change as a percentage with its sign."""
    return f"{'-' if change < 0 else '+'}{_share(abs(change), before)}"


_SECTIONS = (
    ("terms", "Terms", _terms),
    ("prices", "Price changes", _prices),
    ("quotes", "Quotes by brand and grade", _quotes),
    ("refusals", "Refusals by reason", _refusals),
    ("exposure", "Exposure by day", _exposure),
    ("examples", "Worked examples", _examples),
)
