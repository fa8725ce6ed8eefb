"""Each limit of `_limits`, one step within and one beyond: beyond it an error names the limit and what to do."""

from __future__ import annotations

import ast
import json
import re
from collections import OrderedDict
from datetime import UTC, date, datetime
from enum import IntEnum, StrEnum
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from miexchange import (
    Catalogue,
    Condition,
    DataError,
    Device,
    DeviceReport,
    EligibleModels,
    ImeiStatus,
    InvalidValue,
    Order,
    OrderLine,
    PriceTable,
    Programme,
    Quote,
    Reason,
    ReasonCode,
    Redemption,
    Refusal,
    TacTable,
    appraise,
    coupon_for,
    headline,
    lint,
)
from miexchange import _limits as limits
from miexchange._csv import read_rows
from miexchange._files import read_text
from miexchange._json import plain, read_json
from miexchange._problems import Problems
from miexchange._text import listed
from miexchange.coupon import Coupon
from miexchange.errors import Problem
from miexchange.programme._toml import read_toml
from miexchange.refusal import refusal_of
from shipped import shipped_programme
from unit.small import INR

if TYPE_CHECKING:
    from collections.abc import Callable

BASE = Path(__file__).resolve().parents[1] / "data" / "programme_base"
AT = datetime(2018, 3, 20, 12, tzinfo=UTC)
LINE = OrderLine("p", "smartphone", "Mi", "mi.com", 10**6)
DOORS = (Path(__file__).resolve().parents[2] / "docs" / "doors.md").read_text(encoding="utf-8")


# The page of doors.


def bounds() -> str:
    """Return the table of `_limits.py`: each name, its number, and what its docstring says that it counts."""
    body = ast.parse(Path(limits.__file__).read_text(encoding="utf-8")).body
    rows = ["| bound | most | of what |", "|---|---|---|"]
    for node, after in pairwise(body):
        if isinstance(node, ast.Assign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            name, says = ast.unparse(node.targets[0]), " ".join(str(after.value.value).split())
            rows.append(f"| `{name}` | {getattr(limits, name):,} | {says[0].lower()}{says[1:].removesuffix('.')} |")
    return "\n".join([*rows, ""])


def test_the_bounds_on_the_page_are_those_of_the_code() -> None:
    block = DOORS.partition("<!-- bounds: this table is compared with the code -->\n")[2].partition("<!-- end")[0]
    assert block == bounds()
    assert block.count("\n") == len(limits.__all__) + 2


def test_the_page_names_no_bound_that_is_not_there() -> None:
    assert set(re.findall(r"`([A-Z_]{4,})`", DOORS)) <= {*limits.__all__}


# JSON.


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (lambda: "[" * 51 + "]" * 51, "give at most 50 objects and arrays within one another"),
        (lambda: '{"a":' * 51 + "1" + "}" * 51, "give at most 50 objects and arrays within one another"),
        (lambda: "[" * 100_000, "give at most 50 objects and arrays within one another"),
        (lambda: " " * limits.JSON_BYTES + "1", "give at most 20,000,000 bytes of JSON"),
        (lambda: b" " * limits.JSON_BYTES + b"1", "give at most 20,000,000 bytes of JSON"),
        (lambda: '"' + "\u0930" * (limits.JSON_BYTES // 3 + 1) + '"', "give at most 20,000,000 bytes of JSON"),
        (lambda: json.dumps(dict.fromkeys(map(str, range(1_001)), 1)), "X has an object of 1,001 keys: give at "),
        (lambda: "1" * 101, "X has a number of 101 digits: give at most 100 digits"),
        (lambda: "0." + "1" * 99, "X has a number of 101 digits"),
        (lambda: "1" * 5_000, "a number of 5,000 digits"),
        (lambda: "NaN", "neither NaN nor Infinity"),
        (lambda: "[-Infinity]", "neither NaN nor Infinity"),
        (lambda: '{"a":1,"b":2,"a":3}', "X.a is a duplicate key: write each key once"),
        (
            lambda: '[[1, {"a": {"b": 1, "b": 2}}, {"c": 1, "c": 2}]]',
            "X.0.1.a.b is a duplicate key: write each key once",
        ),
        (lambda: '{"a": {"b": 1, "b": 2}, "a": 3}', "X.a is a duplicate key: write each key once"),
        (lambda: '{"354178036859789": [{"a": 1, "a": 2}]}', r"X\.35417803\*{6}9\.0\.a is a duplicate key"),
        (lambda: '{"a": 1, "a": 2} and more', "which is no JSON: give a JSON text"),
        (lambda: '[{"a": 1, "a": 2},' + "[" * 100_000, "give at most 50 objects and arrays within one another"),
        (lambda: "\ufeff{}", "save it without a byte order mark"),
        (lambda: b"\xef\xbb\xbf{}", "save it without a byte order mark"),
        (lambda: "{}".encode("utf-16"), "X is not UTF-8 at byte 0: save it as UTF-8"),
        (lambda: b'"\xe9"', "X is not UTF-8 at byte 1: save it as UTF-8"),
        (lambda: '"\ud800"', "give a text that can be written as UTF-8"),
        (lambda: "", "give a JSON text"),
        (lambda: 7, "give a JSON text"),
    ],
)
def test_json_beyond_its_bounds(text: Callable[[], object], rule: str) -> None:
    with pytest.raises(InvalidValue, match=rule):
        read_json(text(), "X")


@pytest.mark.parametrize(
    "data",
    [
        [1, -2, 1.5, None, True, "a\u0930", {"b": []}],
        10**99,
        -(10**98),
        dict.fromkeys(map(str, range(1_000)), 1),
        [[]] * 60,
    ],
)
def test_json_within_its_bounds(data: Any) -> None:  # noqa: ANN401 - any JSON
    text = json.dumps(data)
    assert read_json(text, "X") == read_json(text.encode(), "X") == read_json(bytearray(text.encode()), "X") == data


def test_fifty_within_one_another_are_read() -> None:
    assert read_json("[" * 50 + "]" * 50, "X")


class Colour(StrEnum):
    RED = "red"


class Size(IntEnum):
    SMALL = 1


class Loud(dict[str, int]):
    def items(self) -> Any:  # noqa: ANN401 - never returns
        raise ZeroDivisionError


def test_plain_data_is_copied_into_the_types_of_json() -> None:
    given = {"a": (1, Size.SMALL, 1.5, None, True), Colour.RED: [Colour.RED], "b": OrderedDict(c=Loud(d=1))}
    copy = plain(given, "X", "rule")
    assert copy == {"a": [1, 1, 1.5, None, True], "red": ["red"], "b": {"c": {"d": 1}}}
    assert [type(copy["a"][1]), type(copy["red"][0]), type(copy["b"]["c"])] == [int, str, dict]


def _ring() -> list[Any]:
    ring: list[Any] = []
    ring.append(ring)
    return ring


def _doubled() -> list[Any]:
    data: list[Any] = ["x"]
    for _ in range(45):
        data = [data, data]
    return data


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (_ring, "give at most 50 objects and arrays within one another"),
        (_doubled, "give at most 400,000 values in all"),
        (lambda: ["x" * 1_000_000] * 21, "give at most 20,000,000 bytes"),
        (lambda: 10**100, "give at most 100 digits"),
        (lambda: {1: 2}, "rule"),
        (lambda: {b"a"}, "rule"),
    ],
)
def test_plain_data_beyond_its_bounds(make: Callable[[], object], rule: str) -> None:
    with pytest.raises(InvalidValue, match=rule):
        plain(make(), "X", "rule")


def test_what_from_dict_cannot_write_is_refused() -> None:
    with pytest.raises(InvalidValue, match="give what to_dict returns"):
        Order.from_dict({"id": float("nan")})
    with pytest.raises(InvalidValue, match="give what to_dict returns"):
        Order.from_dict({"id": object()})


def test_an_array_of_faults_ends_at_the_first_of_them() -> None:
    with pytest.raises(InvalidValue, match=r"Order\.lines\.0"):
        Order.from_json(json.dumps({"id": "o", "lines": [0] * 1_000}))


# Values.


def test_a_tuple_of_a_value_has_a_bound_and_that_of_a_table_does_not() -> None:
    given = {"id": "o", "lines": [LINE.to_dict()] * 2_001}
    with pytest.raises(InvalidValue, match=r"Order\.lines has 2,001 elements: give 1 to 1,000"):
        Order.from_dict(given)
    with pytest.raises(InvalidValue, match=r"Order\.lines has 2,001 elements: give 1 to 1,000 elements"):
        Order("o", (LINE,) * 2_001, INR)
    with pytest.raises(InvalidValue, match=r"Redemption\.discounts has 2,001 elements: give up to 2,000 elements"):
        Redemption("0" * 17, "o", AT, (0,) * 2_001, 0, 0, 0, 0, INR)
    rows = shipped_programme("graded-trade-in").prices.prices
    many = tuple(rows[0].replace(model=f"m{number:05d}") for number in range(2_500))
    assert PriceTable.from_json(PriceTable.of(many).to_json()) == PriceTable.of(many)


def test_an_order_has_a_thousand_lines_at_most() -> None:
    assert len(Order("o", (LINE,) * 1_000, INR).lines) == 1_000
    with pytest.raises(InvalidValue, match=r"Order\.lines has 1,001 elements: give 1 to 1,000 elements"):
        Order("o", (LINE,) * 1_001, INR)
    with pytest.raises(InvalidValue, match="give a text of up to 200 characters"):
        Order("o", (LINE,), INR, ("x" * 201,))


def test_a_condition_has_five_hundred_answers_at_most() -> None:
    answers = {f"q{number}": "x" for number in range(500)}
    assert len(Condition(answers)) == 500
    with pytest.raises(InvalidValue, match="Condition has 501 answers: give at most 500"):
        Condition({**answers, "one": "more"})


def test_a_report_has_two_thousand_imeis_at_most() -> None:
    report = {"locks": {"factory_reset_protection": False}, "imeis": ["354178036859789"] * 2_001}
    found = DeviceReport.parse(json.dumps(report))
    assert (found.imeis, found.unread) == ((), ("imeis: a list",))


# Refusals.


def _reasons(count: int, code: ReasonCode = ReasonCode.QUESTION_UNKNOWN) -> list[Reason]:
    return [Reason(code, f"Number {number}", "Leave it out") for number in range(count)]


def test_a_refusal_of_few_reasons_lists_them_all() -> None:
    few = _reasons(64)
    assert refusal_of(few) == Refusal(tuple(few))
    mixed = _reasons(64) + _reasons(64, ReasonCode.ANSWER_MISSING)
    assert refusal_of(mixed) == Refusal(tuple(mixed))


def test_a_refusal_of_many_reasons_says_how_many_more_there_are_of_each_kind() -> None:
    many = [*_reasons(1_000), *_reasons(1, ReasonCode.CONDITION_GATE), *_reasons(70, ReasonCode.ANSWER_MISSING)]
    refusal = refusal_of(many)
    assert refusal.codes == ("question_unknown", "condition_gate", "answer_missing")
    assert len(refusal.reasons) == 65 + 1 + 65
    assert [refusal.reasons[place].message for place in (63, 64, -1)] == [
        "Number 63",
        "There are 936 more reasons of this kind",
        "There are 6 more reasons of this kind",
    ]
    assert Refusal.from_json(refusal.to_json()) == refusal


def test_five_hundred_unknown_questions_make_a_short_refusal() -> None:
    programme = shipped_programme("graded-trade-in")
    answers = Condition({f"q{number}" + "x" * 1_000: "x" for number in range(500)})
    refusal = appraise(Device("oneplus-3t-6-64"), answers, programme, at=AT)
    assert len(cast("Refusal", refusal).to_json()) < 100_000


def test_a_thousand_lines_that_are_not_covered_make_a_short_refusal() -> None:
    programme = shipped_programme("graded-trade-in")
    best = cast("Quote", headline("oneplus-3t-6-64", programme, at=AT)).condition
    device = Device("oneplus-3t-6-64", "350000000000006")
    given: dict[str, Any] = {"account": "a", "at": AT, "key": b"0123456789abcdef", "imei_status": ImeiStatus.CLEAR}
    coupon = coupon_for(device, best, programme, **given)
    assert isinstance(coupon, Coupon), coupon
    wide = tuple(f"{'c' * 150}{number}" for number in range(500))
    coupon = coupon.replace(usage=coupon.usage.replace(categories=wide, brands=wide, channels=wide))
    order = Order("o", tuple(OrderLine("p" * 200, "c" * 200, "b", "s", 1) for _ in range(1_000)), INR)
    refusal = coupon.check(order, account="a", at=AT)
    assert isinstance(refusal, Refusal)
    assert "and 490 more" in refusal.reasons[0].message
    assert "There are 936 more reasons of this kind" in refusal.explain()
    assert len(refusal.to_json()) < 300_000


def test_a_list_for_a_message() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed(["x" * 101], longest=100) == "x" * 99 + "…"
    assert listed([str(number) for number in range(1_011)], "; ").endswith("9 and 1,001 more")


# Tables.


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_thousand_problems_end_the_reading(tmp_path: Path) -> None:
    path = table(tmp_path, "model,listed_from,source\n" + "m,,s\n" * 2_000)
    with pytest.raises(DataError) as caught:
        EligibleModels.read(path)
    assert len(caught.value.problems) == 1_001
    last = caught.value.problems[-1]
    assert (last.message, last.remedy) == (
        "has 1,000 problems; the rest was not looked at",
        "Correct these first",
    )


def test_a_header_of_commas_and_one_of_names(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has 100,001 columns\. Keep at most 2,000: model,listed_from,source"):
        EligibleModels.read(table(tmp_path, "," * 100_000))
    with pytest.raises(DataError, match="duplicate column"):
        EligibleModels.read(table(tmp_path, "model,listed_from,source,source\n"))


def test_a_cell_of_a_table_has_a_thousand_characters_at_most(tmp_path: Path) -> None:
    def row(cell: str) -> Path:
        return table(tmp_path, f"model,listed_from,source\nm,2020-01-01,{cell}\n")

    assert len(EligibleModels.read(row("s" * 1_000)).listings) == 1
    with pytest.raises(DataError, match=r"source: 's+… has 1,001 characters\. Write at most 1,000"):
        EligibleModels.read(row("s" * 1_001))


def test_a_file_has_a_size(tmp_path: Path) -> None:
    problems = Problems()
    path = table(tmp_path, "x" * 11)
    assert read_text(path, "f", problems, 11) == "x" * 11
    assert read_text(path, "f", problems, 10) is None
    assert [problem.message for problem in problems.found] == ["has more than 10 bytes"]
    assert read_rows(path, ("x" * 11,), (), problems) == []


def test_a_model_has_five_hundred_windows_at_most(tmp_path: Path) -> None:
    days = [date(2000, 1, 1).toordinal() + 2 * number for number in range(501)]
    rows = [f"m,{date.fromordinal(day)},{date.fromordinal(day + 1)},s" for day in days]
    header = "model,listed_from,listed_until,source\n"
    models = EligibleModels.read(table(tmp_path, header + "\n".join(rows[:500])))
    assert models.as_of("m", date(2000, 1, 1))
    assert not models.as_of("m", date(2000, 1, 2))
    with pytest.raises(DataError, match=r"m is listed more than 500 times\. Join windows that follow one another"):
        EligibleModels.read(table(tmp_path, header + "\n".join(rows)))


def test_a_tac_table_counts_the_rows_that_it_leaves_out_and_names_a_thousand(tmp_path: Path) -> None:
    path = table(tmp_path, "tac,brand,model\n35417803,Acme,One\n" + "x,Acme,One\n" * 1_500)
    report = TacTable.read(path).report
    assert (report.rows, report.left_out, len(report.problems)) == (1_501, 1_500, 1_000)


def test_a_tac_table_has_a_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = table(tmp_path, "tac,brand,model\n35417803,Acme,One\n")
    monkeypatch.setattr("miexchange._tac_files.TABLE_BYTES", 33)
    with pytest.raises(DataError, match="has more than 33 bytes"):
        TacTable.read(path)
    monkeypatch.setattr("miexchange._tac_files.TABLE_BYTES", 34)
    assert len(TacTable.read(path)) == 1


def test_a_problem_is_cut_where_a_file_makes_it_long() -> None:
    problem = Problem("f" * 5_000, 1, "c" * 5_000, "m" * 5_000, "r" * 1_000)
    assert [len(text) for text in (problem.file, problem.column, problem.message, problem.remedy)] == [1_000] * 4
    assert problem.file.endswith("…")
    assert not problem.remedy.endswith("…")


@pytest.mark.parametrize("name", ["x" * 5_000, "x\0y"])
def test_a_path_that_can_be_none_is_a_problem(name: str) -> None:
    assert lint(name)
    for read in (Programme.load, PriceTable.read, TacTable.read):
        with pytest.raises(DataError):
            cast("Any", read)(name)


def test_a_name_that_is_too_long_for_one_is_not_searched() -> None:
    catalogue: Catalogue = shipped_programme("graded-trade-in").catalogue
    long = "oneplus " * 30
    assert (catalogue.search(long), catalogue.nearest(long), catalogue.named(long)) == ((), (), None)


# TOML, and programmes.


def problems_of(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "file.toml"
    path.write_text(text, encoding="utf-8")
    problems = Problems()
    assert (read_toml(path, "f.toml", problems) is None) is bool(problems.found)
    return [str(problem) for problem in problems.found]


@pytest.mark.parametrize(
    "text",
    [
        "a" + ".a" * 20 + " = 1",
        "a" + ' . "b"' * 20 + " = 1",
        "[a" + ".a" * 20 + "]",
        "x = 1\ny = {a" + ".'a'" * 20 + " = 1}",
        "# comment\n'''not closed\na" + ".a" * 50_000,
    ],
)
def test_a_dotted_key_has_twenty_names_at_most(tmp_path: Path, text: str) -> None:
    (problem,) = problems_of(tmp_path, text)
    assert "a key has more than 20 names" in problem or "is not TOML" in problem


@pytest.mark.parametrize(
    "text",
    [
        "a" + ".a" * 19 + " = 1",
        "x = '" + "a." * 100 + "'",
        'x = """' + 'a.\n"' * 100 + '"""',
        "x = '''" + "a.\n'" * 100 + "'''",
        "# " + "a." * 100,
        'x = "\\"' + "a." * 100 + '"',
        'x = "\'"\ny = "' + "a." * 100 + '"',
    ],
)
def test_dots_that_are_no_key_do_not_count(tmp_path: Path, text: str) -> None:
    assert problems_of(tmp_path, text) == []


def test_a_toml_file_has_a_size_and_a_depth(tmp_path: Path) -> None:
    assert problems_of(tmp_path, "# " + "x" * 249_998) == []
    assert "has more than 250,000 bytes" in problems_of(tmp_path, "# " + "x" * 249_999)[0]
    assert problems_of(tmp_path, "x = " + "[" * 19 + "]" * 19) == []
    assert "more than 20 tables and lists within one another" in problems_of(tmp_path, "x = " + "[" * 21 + "]" * 21)[0]


def changed(tmp_path: Path, old: str, new: str) -> list[str]:
    for file in BASE.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    text = (tmp_path / "programme.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "programme.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return [f"{problem.column}: {problem.message}" for problem in lint(tmp_path)]


def test_a_list_in_a_programme_has_five_hundred_elements_at_most(tmp_path: Path) -> None:
    brands = ",".join(f'"b{number}"' for number in range(499))
    found = changed(tmp_path, '["Acme", "Zeta"]', f'["Acme",{brands}]')
    assert "brands: has 500 elements" not in found
    assert "brands: b498 has no model in the catalogue" in found
    found = changed(tmp_path, '["Acme", "Zeta"]', f'["Acme","Zeta",{brands}]')
    assert "brands: has 501 elements" in found


def test_a_text_in_a_programme_has_a_thousand_characters_at_most(tmp_path: Path) -> None:
    assert changed(tmp_path, 'title = "Base"', f'title = "{"x" * 1_000}"') == []
    (problem,) = changed(tmp_path, 'title = "Base"', f'title = "{"x" * 1_001}"')
    assert problem.endswith("… has 1,001 characters")


def test_a_programme_has_sixty_versions_of_its_terms_at_most(tmp_path: Path) -> None:
    found = changed(tmp_path, '[[terms]]\nversion = "spring"', "[[terms]]\n" * 59 + '[[terms]]\nversion = "spring"')
    assert "terms: there are 61 versions of the terms" in found


def test_a_ring_of_fall_backs_is_named_for_each_bonus_in_it_and_no_other(tmp_path: Path) -> None:
    one = '[[terms.bonuses]]\nid = "b{0}"\nsays = "s"\namount_minor = 100\nquota = 1\nfall_back = "b{1}"\n\n'
    ring = "".join(one.format(*pair) for pair in ((1, 2), (2, 3), (3, 2), (4, 4)))
    assert len(changed(tmp_path, "[terms.usage]", ring + "[terms.usage]")) == 3
    assert [problem.remedy.partition("end: ")[2] for problem in lint(tmp_path)] == [
        "b2 > b3 > b2",
        "b3 > b2 > b3",
        "b4 > b4",
    ]


def test_a_thousand_problems_end_the_loading(tmp_path: Path) -> None:
    found = changed(tmp_path, 'title = "Base"', "".join(f"k{number} = 1\n" for number in range(1_200)))
    assert found[-1] == ": has 1,000 problems; the rest was not looked at"
