"""HTML as a tree: all text is escaped by the library that serialises the tree, whatever its origin."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from miexchange._text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from xml.etree.ElementTree import Element

    Part = Element | str

__all__ = ["bar", "element", "section", "steps", "table", "written"]

_WIDE, _HIGH = 1000, 100  # of a picture, in its own units: it is stretched to the available space


def element(tag: str, *parts: Part, **attributes: str) -> Element:
    """Return an element with its parts; texts are made printable.

    A Python keyword is written with an underscore after it, a hyphen as an underscore.

    >>> written(element("p", "1 < 2", element("b", "&"), class_="note"))
    '<p class="note">1 &lt; 2<b>&amp;</b></p>'
    """
    made = ET.Element(tag, {name.rstrip("_").replace("_", "-"): printable(said) for name, said in attributes.items()})
    for part in parts:
        if isinstance(part, str):
            text = printable(part)
            if len(made):
                made[-1].tail = (made[-1].tail or "") + text
            else:
                made.text = (made.text or "") + text
        else:
            made.append(part)
    return made


def written(tree: Element) -> str:
    """Write a tree as HTML."""
    return ET.tostring(tree, encoding="unicode", method="html")


def section(name: str, title: str, *parts: Part) -> Element:
    """Return a section with its heading, linked from the contents."""
    return element("section", element("h2", title), *parts, id=name)


def table(
    caption: str, columns: Mapping[str, str], rows: Iterable[Sequence[Part]], *, has_sum: bool = False
) -> Element:
    """Return a table; if it is wider than the screen it scrolls within its own frame, also by keyboard.

    Args:
        caption: the caption.
        columns: the kind of each column, ``text``, ``number`` or ``bar``, by its heading.
        rows: the cells; the first one of a row is its heading.
        has_sum: whether the last row is a sum.
    """
    top = element("tr", *(element("th", head, scope="col", class_=kind) for head, kind in columns.items()))
    kinds = [*columns.values()][1:]
    body = [
        element(
            "tr",
            element("th", row[0], scope="row"),
            *(element("td", cell, class_=kind) for kind, cell in zip(kinds, row[1:], strict=True)),
        )
        for row in rows
    ]
    if has_sum:
        body[-1].set("class", "sum")
    whole = element("table", element("caption", caption), element("thead", top), element("tbody", *body))
    return element("div", whole, class_="frame", tabindex="0", role="region", aria_label=caption)


def bar(start: float, end: float, most: float, kind: str = "total") -> Element:
    """Return a bar from one value to another of a scale that ends at `most`; the number beside it is the same."""
    low, high = sorted((round(_WIDE * start / most), round(_WIDE * end / most))) if most else (0, 0)
    drawn = element("rect", x=f"{low}", y="0", width=f"{max(high - low, 2)}", height=f"{_HIGH}", class_=kind)
    return _picture([drawn], aria_hidden="true", class_="bar")


def steps(heights: Sequence[int], says: str, kind: str) -> Element:
    """Return a picture with one column for each number, the largest as high as the picture."""
    most, wide = max(heights) or 1, _WIDE / len(heights)
    gap = wide / 6 if len(heights) <= _WIDE // 10 else 0.0
    columns = [
        f"M{place * wide + gap / 2:.1f} {_HIGH}V{_HIGH - _HIGH * height / most:.1f}h{wide - gap:.1f}V{_HIGH}z"
        for place, height in enumerate(heights)
        if height
    ]
    drawn = element("path", d="".join(columns) or "M0 0", class_=kind)
    return _picture([drawn], role="img", aria_label=says, class_="steps")


def _picture(drawn: Sequence[Element], **attributes: str) -> Element:
    picture = element("svg", *drawn, **attributes)
    picture.set("viewBox", f"0 0 {_WIDE} {_HIGH}")
    picture.set("preserveAspectRatio", "none")
    return picture
