"""Write what is made of the types of a programme's files: the page of every key and column, and the schema for editors.

python tools/programme_files.py        write docs/programme_files.md and data/programme.schema.json
"""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from miexchange._bounded import Between, Chars, Items, Since, parts_of
from miexchange.programme._layout import parts, summary_of, unit_of
from miexchange.programme._toml_schema import FILE, schema_text

if TYPE_CHECKING:
    from miexchange.programme._layout import Line, Part

__all__ = ["page"]

ROOT = Path(__file__).resolve().parents[1]
OPENING = """# Every file, key and column of a programme

<!-- Made by tools/programme_files.py of the types that the loader reads. Do not edit it: edit their docstrings. -->

A programme is one directory: [write one](programme.md). `programme.toml` names its other files, from that directory.
Texts of TOML stand in quotes; a day is `2018-03-15`, from its midnight in the programme's zone, and an instant has its
offset: `2018-03-15T12:00:00+05:30`. CSV files are UTF-8 with a header, in any order of columns. Amounts are whole minor
units, such as paise, and rates are basis points: 10 000 are 100 %.

"None" in a meaning is a key that is left out, or an empty cell. *Since* is the form that first has a key: files without
it are read as before, and older versions of the package refuse files with it. A key without a number was in form 1.
`miexchange programme schema` prints the JSON Schema of `programme.toml`, by which an editor completes and checks it.
"""
PLAIN = {str: "text", int: "whole number", bool: "`true` or `false`", date: "day", datetime: "day or instant"}


def page() -> str:
    """Return the text of the page."""
    return OPENING + "".join(_section(part) for part in parts())


def _section(part: Part) -> str:
    if part.name == part.named_by:
        title, named = f"The file that `{part.named_by}` names", ""
    elif part.has_rows:
        title, named = f"`{part.name}`", " It may lie beside `programme.toml`; no key names it."
    else:
        title, named = f"`{part.name}`" + f" in `{part.named_by}`" * bool(part.named_by), ""
    what = "column" if part.has_rows else "key"
    head = f"| {what} | type and bounds | unit | must be there | default | meaning | since |\n{'|---' * 7}|\n"
    rows = "".join(f"| {' | '.join(_cells(line, is_cell=part.has_rows))} |\n" for line in part.lines)
    return f"\n## {title}\n\n{summary_of(part.kind)}{named}\n\n{head}{rows}"


def _cells(line: Line, *, is_cell: bool) -> list[str]:
    _, told, may_be_empty = parts_of(line.hint)
    since = next((f"{bound.form}" for bound in told if isinstance(bound, Since)), "")
    kind = _type(line.hint) + ", or empty" * (is_cell and may_be_empty)
    there = "yes" if line.is_required else ""
    return [f"`{line.name}`", kind, unit_of(line.name), there, _default(line.default), line.says, since]


def _type(hint: Any) -> str:  # noqa: ANN401 - any annotation
    """Say what may stand there, with its bounds."""
    kind, told, _ = parts_of(hint)
    if get_origin(kind) is tuple:
        (one,) = {*get_args(kind)} - {...}
        bound = next((bound for bound in told if isinstance(bound, Items)), None)
        size = "" if bound is None else f" of {_from_to(bound.least, bound.most)}"
        differ = {"": "", "self": ", none twice"}.get(bound.key, f", no two of one {bound.key}") if bound else ""
        return f"tables{size}{differ}" if dataclasses.is_dataclass(one) else f"list{size}{differ}; each a {_type(one)}"
    words = _kind(kind)
    for bound in told:
        if isinstance(bound, Between):
            words += f" from {bound.least:,} to {bound.most:,}"
        elif isinstance(bound, Chars):
            words += f" of {_from_to(bound.least, bound.most)} characters"
    return words


def _from_to(least: int, most: int) -> str:
    return f"{most:,}" if least == most else f"{least:,} to {most:,}" if least else f"up to {most:,}"


def _kind(kind: Any) -> str:  # noqa: ANN401 - as above
    if kind in PLAIN:
        return PLAIN[kind]
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(f"`{word}`" for word in get_args(kind))
    return "table" if dataclasses.is_dataclass(kind) else "text"


def _default(value: object) -> str:
    if value is None or value in ((), ""):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    (ROOT / "docs" / "programme_files.md").write_text(page(), encoding="utf-8")
    (ROOT / "data" / FILE).write_text(schema_text(), encoding="utf-8")
