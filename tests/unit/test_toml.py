"""The line of every key, in every way in which TOML can be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from miexchange._limits import TOML_DEPTH
from miexchange._problems import Problems
from miexchange.programme._toml import Toml, TomlPath, read_toml

if TYPE_CHECKING:
    from pathlib import Path

    from miexchange import Problem


def read(tmp_path: Path, text: str) -> tuple[Toml | None, list[Problem]]:
    file = tmp_path / "t.toml"
    file.write_bytes(text.encode())
    problems = Problems()
    return read_toml(file, "t.toml", problems), problems.found


# Every value that is to be found is the number of its own line; what only looks like a key is not.
TRICKY = '''\
first = 1 # first = 2
"quoted key" = 2
'single [quoted]' = 3
dotted.inner = 4
dotted . "other" = 5
"uni\\u00e9" = 6
text = "no = 7 [[terms]] # not a comment"
literal = 'C:\\no\\escape = 8'
long = """
inside = 10
[[terms]]
a quote \\""" and "two" ""\\
"""
raw = \'\'\'
[inside]
x = 15 \'\'\'
empty = ""
empties = ["", \'\', """""", \'\'\'\'\'\']
ends = """with a quote""""
numbers = [
    21, # a comment with ] and , in it
    22, 22,

    # nothing
    25
]
nested = [ [27, 27], [
    28, [ 28,
    29 ] ] ]
inline = { a = 30, b = { c = 30, "d.e" = 30 }, f = [ { g = 30 } ], h.i = 30 }
dates = [ 2018-03-15, 2018-03-15T00:00:00+05:30, 2018-03-15 09:00:00 ]
tables = [
    { id = "a]}", n = 33 }, { id = "b", n = 33 },
    { id = "c", n = 34, texts = [
        "x", # 35
        "}",
    ] },
]
  [ table . sub ] # 39
  key = 40
[table]
key = 42

[[terms]]
version = 45
[[terms.bonuses]]
id = 47
[[terms.bonuses]]
id = 49
[terms.usage]
days = 51
[[terms.usage.rules]]
n = 53

[[ terms ]]
version = 56
[[terms.bonuses]]
id = 58
  [terms.bonuses.limits]
  most = 60
[[terms . "bonuses"]]
id = 62
[terms.bonuses.limits]
most = 64
[[terms.usage.rules]]
n = 66
[[terms.usage.rules]]
n = 68
'''

LINES: dict[TomlPath, int] = {
    ("first",): 1,
    ("quoted key",): 2,
    ("single [quoted]",): 3,
    ("dotted",): 4,
    ("dotted", "inner"): 4,
    ("dotted", "other"): 5,
    ("unié",): 6,
    ("text",): 7,
    ("literal",): 8,
    ("long",): 9,
    ("raw",): 14,
    ("empty",): 17,
    ("empties", 3): 18,
    ("ends",): 19,
    ("numbers",): 20,
    ("numbers", 0): 21,
    ("numbers", 1): 22,
    ("numbers", 2): 22,
    ("numbers", 3): 25,
    ("nested", 0, 1): 27,
    ("nested", 1): 27,
    ("nested", 1, 0): 28,
    ("nested", 1, 1, 0): 28,
    ("nested", 1, 1, 1): 29,
    ("inline", "a"): 30,
    ("inline", "b", "d.e"): 30,
    ("inline", "f", 0, "g"): 30,
    ("inline", "h", "i"): 30,
    ("dates", 2): 31,
    ("tables", 0, "n"): 33,
    ("tables", 1): 33,
    ("tables", 1, "n"): 33,
    ("tables", 2, "n"): 34,
    ("tables", 2, "texts", 0): 35,
    ("tables", 2, "texts", 1): 36,
    ("table",): 39,
    ("table", "sub"): 39,
    ("table", "sub", "key"): 40,
    ("table", "key"): 42,
    ("terms",): 44,
    ("terms", 0): 44,
    ("terms", 0, "version"): 45,
    ("terms", 0, "bonuses", 0): 46,
    ("terms", 0, "bonuses", 0, "id"): 47,
    ("terms", 0, "bonuses", 1, "id"): 49,
    ("terms", 0, "usage"): 50,
    ("terms", 0, "usage", "days"): 51,
    ("terms", 0, "usage", "rules", 0, "n"): 53,
    ("terms", 1): 55,
    ("terms", 1, "version"): 56,
    ("terms", 1, "bonuses"): 57,
    ("terms", 1, "bonuses", 0, "id"): 58,
    ("terms", 1, "bonuses", 0, "limits"): 59,
    ("terms", 1, "bonuses", 0, "limits", "most"): 60,
    ("terms", 1, "bonuses", 1): 61,
    ("terms", 1, "bonuses", 1, "id"): 62,
    ("terms", 1, "bonuses", 1, "limits", "most"): 64,
    ("terms", 1, "usage", "rules", 0, "n"): 66,
    ("terms", 1, "usage", "rules", 1, "n"): 68,
}


@pytest.mark.parametrize("path", LINES, ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_key_is_found_on_its_line(tmp_path: Path, path: TomlPath, line_end: str) -> None:
    toml, problems = read(tmp_path, TRICKY.replace("\n", line_end))
    assert problems == []
    assert toml is not None
    assert toml.line_of(path) == LINES[path]


def paths(value: object, path: TomlPath = ()) -> dict[TomlPath, object]:
    """Return every path that tomllib's own reading has, with what stands there."""
    found: dict[TomlPath, object] = {path: value} if path else {}
    if isinstance(value, dict):
        for key, inner in value.items():
            found |= paths(inner, (*path, key))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            found |= paths(inner, (*path, position))
    return found


def test_every_path_has_a_line_of_its_own_and_every_numbered_value_the_right_one(tmp_path: Path) -> None:
    toml, _ = read(tmp_path, TRICKY)
    assert toml is not None
    every = paths(toml.data)
    assert every.keys() == toml._lines.keys()  # noqa: SLF001 - no key is missed, and none is made up
    numbered = {path: value for path, value in every.items() if isinstance(value, int)}
    assert len(numbered) > 30
    assert {path: toml.line_of(path) for path in numbered if path != ("empties",)} == {
        path: value if path not in {("quoted key",), ("single [quoted]",)} else LINES[path]
        for path, value in numbered.items()
    }


def test_what_has_no_line_is_told_at_what_is_around_it(tmp_path: Path) -> None:
    toml, _ = read(tmp_path, TRICKY)
    assert toml is not None
    assert toml.line_of(("terms", 1, "bonuses", 1, "missing")) == 61
    assert toml.line_of(("terms", 7, "version")) == 44
    assert toml.line_of(("missing",)) is None
    assert toml.line_of(()) is None


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("[a]# b = 1\nb = 2", ("a", "b"), 2),
        ("[[a]]# b = 1\nb = 2", ("a", 0, "b"), 2),
        ("a = [\n1\n,\n2\n]", ("a", 0), 2),
        ("a = [\n1\n,\n2\n]", ("a", 1), 4),
        ("a\n", None, None),
        ("\n\nb=1", ("b",), 3),
        ("'a'.\"b\".c = 1\n'a'.d = 2", ("a", "d"), 2),
        ("'a'.\"b\".c = 1\n'a'.d = 2", ("a", "b", "c"), 1),
        ("a={b=1}\nc=2", ("a", "b"), 1),
        ("a={b=1}\nc=2", ("c",), 2),
    ],
)
def test_marks_may_stand_close_to_one_another(
    tmp_path: Path, text: str, path: TomlPath | None, line: int | None
) -> None:
    toml, problems = read(tmp_path, text)
    assert (toml is None) is (path is None) is bool(problems)
    assert toml is None or toml.line_of(path or ()) == line


def names(number: int) -> str:
    return ".".join(f"n{one}" for one in range(number))


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("", 1),
        ("\n", 2),
        ("\n\n", 3),
        ("a = 1\n", 2),
        ('a = """\n\n"""\n', 4),
        (f"# {names(40)}\n", 2),
        ("a = '#'\n", 2),
    ],
)
def test_a_key_with_too_many_names_is_told_with_its_line(tmp_path: Path, before: str, line: int) -> None:
    """`tomllib` takes time that grows with the square of their number."""
    toml, (problem,) = read(tmp_path, f"{before}{names(TOML_DEPTH + 1)} = 1\n")
    assert toml is None
    assert (problem.line, problem.column) == (line, "")
    assert problem.message == f"a key has more than {TOML_DEPTH} names"


def test_names_in_texts_and_comments_are_no_keys(tmp_path: Path) -> None:
    many = names(40)
    texts = f'a = \'{many}\'\nb = "{many}" # {many}\nc = """\n{many}\n"""\n{names(TOML_DEPTH - 1)} = 1\n'
    toml, problems = read(tmp_path, texts)
    assert (toml is None, problems) == (False, [])


@pytest.mark.parametrize("within", [0, 1])
def test_tables_within_tables_are_so_many(tmp_path: Path, within: int) -> None:
    depth = TOML_DEPTH - within
    toml, problems = read(tmp_path, "a = " + "[" * depth + "]" * depth)
    assert (toml is None) is (within == 0)
    said = f"has more than {TOML_DEPTH} tables and lists within one another"
    assert [(one.line, one.column, one.message) for one in problems] == ([] if within else [(None, "", said)])


def test_lines_end_where_toml_ends_them(tmp_path: Path) -> None:
    toml, problems = read(tmp_path, 'a = "x\u2028y\x85z"\nb = 2\n')
    assert problems == []
    assert toml is not None
    assert toml.line_of(("b",)) == 2


@pytest.mark.parametrize(
    "text", ["", "\n", "# nothing", "a=1", "a = 1 # the end", "[a]", "[[a]]", "a = []\n", "a = {}"]
)
def test_the_smallest_files_are_read(tmp_path: Path, text: str) -> None:
    toml, problems = read(tmp_path, text)
    assert problems == []
    assert toml is not None
    assert toml.line_of(("a",)) == (1 if "a" in text.partition("#")[0] else None)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("a = 1\na = 2\nb = 3\n", 2, "a", "duplicate key"),
        ("a = 1\na = 2", 2, "a", "duplicate key"),
        ("x.y = 1\nx.y = 2\n", 2, "x.y", "duplicate key"),
        ("a = 1\na = [\n  1,\n]\nb = 2\n", 4, "", "a duplicate key ends here"),
        ("[a]\nx = 1\n[a]\n", 3, "a", "duplicate key"),
        ("[a.b]\n[c]\n['a'.b]\n", 3, "a.b", "duplicate key"),
        ("a = { b = 1, b = 2 }\n", 1, "b", "duplicate key"),
        ("a = 1\nb = \n", 2, "", "is not TOML: Invalid value"),
        ("a = 1\nb", 2, "", "is not TOML: Expected '=' after a key in a key/value pair"),
        ("a = [\n1\n", 2, "", "is not TOML: Unclosed array"),
        ("a = 1\n\n[b\n", 3, "", "is not TOML: Expected ']' at the end of a table declaration"),
        ("a = 2018-02-30\n", 1, "", "is not TOML: Invalid date or datetime"),
        ("a = 1\n[[a]]\n", 2, "", None),
        ("a = " + "9" * 5_000, None, "", None),
        ("a = " + "[" * 100_000, None, "", None),
    ],
    ids=range(15),
)
def test_what_is_no_toml_is_told_with_the_line(
    tmp_path: Path, text: str, line: int | None, column: str, message: str | None
) -> None:
    toml, problems = read(tmp_path, text)
    assert toml is None
    assert [(one.file, one.line, one.column) for one in problems] == [("t.toml", line, column)]
    assert message is None or problems[0].message == message
    assert problems[0].remedy


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    problems = Problems()
    assert read_toml(tmp_path / "none.toml", "none.toml", problems) is None
    assert [str(one) for one in problems.found] == ["none.toml: does not exist. Check the path, or add the file"]
