"""One broken programme for every mistake a data author can make, with the place and the words of its message.

Each is the small valid programme in `programme_base` with one edit of `mistakes.toml`. The whole list of
problems is compared, so a mistake is told once, where it is, and nothing is told that merely follows from it.
"""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from miexchange import DataError, Programme, lint
from miexchange._limits import VERSIONS
from miexchange._text import printable
from miexchange.programme._load import load_with
from miexchange.programme._shapes import terms_shape

if TYPE_CHECKING:
    from collections.abc import Callable

BASE = Path(__file__).parent / "programme_base"
HEAD, ASK, DO, GRADES = "programme.toml", "questions.toml", "condition.csv", "grades.csv"
MODELS, TACS, LIST, PRICES, ANCHORS = (
    "models.csv",
    "tac.csv",
    "eligible_models.csv",
    "market_prices.csv",
    "repair_anchors.csv",
)

CRACKED = "screen,cracked,,,,,,display,20000,,setting"
SCRATCHED = "screen,scratched,,,,,,display,2500,,setting"
WEAK = "battery,weak,,,,,500,,,,setting"
BEFORE_TERMS = (BASE / HEAD).read_text(encoding="utf-8").partition("[[terms]]")[0]
ZETA = "zeta-flip-2-16,2020-02-01,,setting\n"
SECOND_PRICE = "acme-one-4-64,2020-02-01,,950000,modelled,setting"
ZETA_ANCHOR = "zeta-flip-2-16,display,2020-01-01,,40000,modelled,setting"

MISTAKES: dict[str, dict[str, Any]] = tomllib.loads((BASE.parent / "mistakes.toml").read_text(encoding="utf-8"))
NEAR_MISSES: dict[str, dict[str, Any]] = tomllib.loads((BASE.parent / "near_misses.toml").read_text(encoding="utf-8"))


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return a copy of the base that a test may break."""
    return Path(shutil.copytree(BASE, tmp_path / "programme"))


def edit(file: Path, old: str, new: str) -> None:
    """Replace the one place where a text stands; without an old text, the whole file."""
    text = file.read_text(encoding="utf-8")
    assert not old or text.count(old) >= 1, f"{old!r} is not in {file.name}"
    text = text.replace(old, new, 1) if old else new
    file.write_text(text, encoding="utf-8")


def told(base: Path) -> list[tuple[str, str, str]]:
    """Return the problems of a programme: place, column, and the rest of the sentence."""
    found = []
    for problem in lint(base):
        file = problem.file.removeprefix(f"{base}").removeprefix("/") or "."
        where = file if problem.line is None else f"{file}:{problem.line}"
        found.append((where, problem.column, f"{problem.message}. {problem.remedy}"))
    return found


def test_the_base_is_valid(base: Path) -> None:
    assert lint(base) == ()
    assert Programme.load(base).id == "base"


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_once_where_it_is_and_with_its_remedy(base: Path, mistake: dict[str, Any]) -> None:
    for change in (mistake, *mistake.get("also", [])):
        edit(base / change["file"], change["old"], change["new"])
    problems = told(base)
    assert [(where, column) for where, column, _ in problems] == [(mistake["where"], mistake["column"])], problems
    begin, more, _ = mistake["words"].partition(" …")
    assert problems[0][2].startswith(begin) if more else problems[0][2] == begin


@pytest.mark.parametrize("name", ["a listed model without a price", "shares that break the order of prices"])
def test_what_is_let_pass_elsewhere_is_not_loaded(base: Path, name: str) -> None:
    """A price list may bring the first price, and a prover the proof; neither is there."""
    for change in (MISTAKES[name], *MISTAKES[name].get("also", [])):
        edit(base / change["file"], change["old"], change["new"])
    with pytest.raises(DataError) as caught:
        Programme.load(base)
    assert caught.value.problems == lint(base)


def test_a_listed_model_may_await_its_first_price_and_nothing_else(base: Path) -> None:
    """A price list that is checked may leave models of the list for a later one."""
    name = "a listed model without a price"
    for change in (MISTAKES[name], *MISTAKES[name]["also"]):
        edit(base / change["file"], change["old"], change["new"])
    programme, path = load_with(base, None, awaiting=True)
    assert (programme.prices, path) == (Programme.load(BASE).prices, base / PRICES)
    other = base / "other.csv"
    other.write_text((base / PRICES).read_text("utf-8").replace("300000", "310000"), "utf-8")
    programme, path = load_with(base, other, awaiting=True)
    assert ([*programme.prices][-2].price_minor, path) == (310_000, base / PRICES)
    other.write_text(other.read_text("utf-8").replace("310000", "310001"), "utf-8")
    with pytest.raises(DataError, match=rf"{base / PRICES}:7: price_minor: 310001 is not a multiple"):
        load_with(base, other, awaiting=True)
    edit(base / LIST, "zeta-x-1-8", "nilo-x-1-8")
    with pytest.raises(DataError, match=r"nilo-x-1-8 is not in models\.csv"):
        load_with(base, None, awaiting=True)


def test_a_question_has_the_same_choices_in_all_terms(base: Path) -> None:
    several = """
[[question]]
id = "lid"
ask = "What of the lid is broken?"
component = "lid"
axis = "none"
choices = "several"
options = [{ id = "none", says = "Nothing" }, { id = "hinge", says = "The hinge" }, { id = "lock", says = "The lock" }]
"""
    asked, rows = (base / ASK).read_text("utf-8"), (base / DO).read_text("utf-8")
    rows = f"{rows}lid,none,,,,,,,,,s\nlid,hinge,,,,,,,,-1,s\n"
    (base / ASK).write_text(f"{asked}{several}", "utf-8")
    (base / DO).write_text(f"{rows}lid,lock,,,,,,,,-1,s\n", "utf-8")
    assert told(base) == []
    (base / "fewer.toml").write_text(f"{asked}{several}".replace(', { id = "lock", says = "The lock" }', ""), "utf-8")
    (base / "few.csv").write_text(rows, "utf-8")
    head, first, second = (base / HEAD).read_text("utf-8").split("[[terms]]\n")
    second = second.replace(f'"{ASK}"', '"fewer.toml"').replace(f'"{DO}"', '"few.csv"')
    (base / HEAD).write_text(f"{head}[[terms]]\n{first}[[terms]]\n{second}", "utf-8")
    words = "lid has other choices than in other terms. Ask a question whose choices are others under an id of its own"
    assert told(base) == [("few.csv:16", "question", words)]


@pytest.mark.parametrize("near_miss", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_what_is_just_within_a_bound_is_no_mistake(base: Path, near_miss: dict[str, Any]) -> None:
    for change in near_miss["edits"]:
        edit(base / change["file"], change["old"], change["new"])
    assert told(base) == []


def test_a_file_that_is_not_utf_8_is_told_with_the_line(base: Path) -> None:
    (base / MODELS).write_bytes((base / MODELS).read_bytes().replace(b"Flip", b"Fl\xefp"))
    assert told(base) == [(f"{MODELS}:4", "", "is not UTF-8 text: byte 0xef. Save the file as UTF-8")]


def test_all_mistakes_are_told_at_once(base: Path) -> None:
    edit(base / HEAD, "title =", "titel =")  # the form of the head
    edit(base / HEAD, "factor_bps = 9_800", 'factor_bps = "9800"')  # the form of the second terms
    edit(base / HEAD, "cap_minor = 10_000", "")  # a rule about the first
    edit(base / DO, CRACKED, "screen,cracked,,,,,,display,2400,,setting")  # a rule about the answers
    edit(base / PRICES, "950000", "9500.00")  # a cell
    edit(base / PRICES, "900000", "-1")  # another one in the same file
    edit(base / TACS, "35417804", "3541")
    assert [(where, column) for where, column, _ in told(base)] == [
        (f"{HEAD}:4", "titel"),
        (f"{PRICES}:3", "price_minor"),
        (f"{PRICES}:4", "price_minor"),
        (f"{TACS}:3", "tac"),
        (f"{HEAD}:54", "terms.bonuses.cap_minor"),
        (f"{HEAD}:78", "terms.factor_bps"),
        (f"{DO}:6", "deduct_minor"),
    ]
    with pytest.raises(DataError) as caught:
        Programme.load(base)
    assert caught.value.problems == lint(base)
    lines = str(caught.value).split("\n")
    assert len(lines) == 7
    assert lines[1] == (
        f"{base / PRICES}:3: price_minor: '9500.00' is not a whole number. "
        "Write digits alone: whole minor units, basis points, or a count"
    )


def test_several_mistakes_in_one_row_are_all_told(base: Path) -> None:
    edit(base / PRICES, SECOND_PRICE, ",2020-02-30,x,1.5,guessed,")
    assert [(where, column) for where, column, _ in told(base)] == [
        (f"{PRICES}:3", column)
        for column in ("model", "effective_from", "price_minor", "basis", "source", "effective_until")
    ]


def test_a_table_that_two_terms_name_is_told_of_once(base: Path) -> None:
    edit(base / DO, WEAK, "battery,weak,,,,oops,,,,,setting")
    assert told(base) == [
        (
            f"{DO}:11",
            "deduct_minor",
            "'oops' is not a whole number. Write digits alone: whole minor units, basis points, or a count",
        )
    ]


def test_a_rule_is_passed_over_where_it_would_only_repeat_what_could_not_be_read(base: Path) -> None:
    edit(base / HEAD, "effective_from = 2020-01-01\n", "")  # so nobody knows when the first terms begin
    edit(base / LIST, ZETA, f"{ZETA}nilo-x-1-8,2020-02-01,,setting\n")
    assert [(where, column) for where, column, _ in told(base)] == [
        (f"{HEAD}:16", "terms.effective_from"),
        (f"{LIST}:5", "model"),
    ]


def test_anchors_are_not_looked_for_where_the_answers_could_not_be_read(base: Path) -> None:
    edit(base / HEAD, 'grades = "grades.csv"', 'grades = "scale.csv"')  # the first terms; the second read theirs
    edit(base / ANCHORS, f"{ZETA_ANCHOR}\n", "")
    assert [(where, column) for where, column, _ in told(base)] == [("scale.csv", "")]


def test_answers_need_a_table_of_anchors(base: Path) -> None:
    edit(base / HEAD, 'repair_anchors = "repair_anchors.csv"\n', "")
    words = "needs the display anchor, and programme.toml names no anchors. Name the table in repair_anchors"
    assert told(base) == [(f"{DO}:5", "anchor", f"screen=scratched {words}")]


def test_a_table_of_anchors_needs_answers(base: Path) -> None:
    edit(base / DO, SCRATCHED, "screen,scratched,,,,100,,,,,setting")
    edit(base / DO, CRACKED, "screen,cracked,,,,900,,,,,setting")
    words = "no answer reads a display anchor. Take the table out: no answer needs an anchor"
    assert told(base) == [(f"{ANCHORS}:2", "component", words)]


def test_an_anchor_is_needed_only_for_the_models_that_are_asked(base: Path) -> None:
    edit(base / HEAD, 'question = "warranty"\nbrands = ["Acme"]', 'question = "screen"\nbrands = ["Acme"]')
    edit(base / HEAD, "launched_from = 2019-01-01\n", "")
    edit(base / HEAD, 'unknown_tac = "refuse"', 'unknown_tac = "refuse"\n# the summer asks everyone')
    edit(base / ANCHORS, f"{ZETA_ANCHOR}\n", "")
    problems = told(base)
    assert [(where, column) for where, column, _ in problems] == [(f"{LIST}:4", "model")]
    assert "zeta-flip-2-16 has no display anchor on 2020-03-01" in problems[0][2]  # of the summer only


def test_grades_may_not_be_missing(base: Path) -> None:
    edit(base / GRADES, "", "grade,keep_bps,ctia,r2,meaning,source\n")
    edit(base / DO, "body,worn,,B", "body,worn,,")
    assert told(base) == [(GRADES, "", "has no grades. Add the best grade at least")]


def test_questions_are_so_few_that_amounts_stay_within_64_bits(base: Path) -> None:
    asked = "".join(
        f'[[question]]\nid = "q{n}"\nask = "?"\ncomponent = "c{n}"\naxis = "none"\n'
        'options = [{ id = "a", says = "a" }, { id = "b", says = "b" }]\n'
        for n in range(59)
    )
    rows = "".join(f"q{n},a,,,,,,,,,s\nq{n},b,,,,1,,,,,s\n" for n in range(59))
    (base / ASK).write_text((base / ASK).read_text(encoding="utf-8") + asked, encoding="utf-8")
    (base / DO).write_text((base / DO).read_text(encoding="utf-8") + rows, encoding="utf-8")
    assert told(base) == [(DO, "", "asks 65 questions: amounts could pass 64 bits. Ask at most 64")]
    edit(base / DO, "q7,a,,,,,,,,,s\nq7,b,,,,1,,,,,s\n", "")
    assert told(base) == []


def test_shares_are_refused_exactly_where_the_proof_ends(base: Path) -> None:
    # Kept at worst: 8000 (warranty) x 9000 (age) x 9000 (grade) = 6480 bps. Three roundings and one group cost
    # 4 paise of each rupee, so up to 6480 - 400 = 6080 bps may be taken. The summer keeps more: 9800 (drift), no age.
    edit(base / DO, WEAK, "battery,weak,,,,,6080,,,,setting")
    assert told(base) == []
    edit(base / DO, "6080", "6081")
    assert [(where, column) for where, column, _ in told(base)] == [(f"{HEAD}:20", "terms.condition")]


def test_no_terms_can_be_written_in_several_ways(base: Path) -> None:
    for terms in ("terms = []", "terms = [1]", 'terms = "spring"'):
        (base / HEAD).write_text(f"{BEFORE_TERMS}{terms}\n", encoding="utf-8")
        assert told(base) == [(f"{HEAD}:16", "terms", "there are no terms. Add a [[terms]] section")]
    (base / HEAD).write_text(f"{BEFORE_TERMS}[terms]\n", encoding="utf-8")
    assert told(base) == [(f"{HEAD}:16", "terms", "is one table. Write it as [[terms]], in double brackets")]


def test_terms_out_of_order_are_told_and_nothing_that_follows_from_their_order(base: Path) -> None:
    text = (base / HEAD).read_text(encoding="utf-8")
    autumn = text.rpartition("[[terms]]")[2].replace("summer", "autumn").replace("2020-03-01T", "2020-02-01T")
    (base / HEAD).write_text(f"{text}\n[[terms]]{autumn}", encoding="utf-8")
    assert [column for _, column, _ in told(base)] == ["terms.effective_from"]


def test_versions_of_the_terms_are_so_many(base: Path) -> None:
    (base / HEAD).write_text(BEFORE_TERMS + "[[terms]]\n" * (VERSIONS + 1), encoding="utf-8")
    remedy = f"Keep at most {VERSIONS}: the later ones make a programme of their own"
    assert told(base) == [(f"{HEAD}:16", "terms", f"there are {VERSIONS + 1} versions of the terms. {remedy}")]
    (base / HEAD).write_text(BEFORE_TERMS + "[[terms]]\n" * VERSIONS, encoding="utf-8")
    assert {column for _, column, _ in told(base)} == {f"terms.{name}" for name in terms_shape().required}


def test_each_of_several_choices_is_a_question(base: Path) -> None:
    options = "".join(f'{{ id = "{name}", says = "It" }}, ' for name in ("none", *(f"c{n}" for n in range(58))))
    several = (
        f'[[question]]\nid = "q"\nask = "?"\ncomponent = "q"\naxis = "none"\nchoices = "several"\noptions = [{options}'
    )
    asked = (base / ASK).read_text(encoding="utf-8")
    (base / ASK).write_text(f'{asked}{several}{{ id = "last", says = "It" }}]\n', encoding="utf-8")
    rows = "q,none,,,,,,,,,s\n" + "".join(f"q,c{n},,,,1,,,,,s\n" for n in range(58))
    (base / DO).write_text(f"{(base / DO).read_text(encoding='utf-8')}{rows}q,last,,,,1,,,,,s\n", encoding="utf-8")
    remedy = "Ask at most 64; each of several choices is one"
    assert told(base) == [(DO, "", f"asks 65 questions: amounts could pass 64 bits. {remedy}")]
    (base / ASK).write_text(f"{asked}{several}]\n", encoding="utf-8")
    edit(base / DO, "q,last,,,,1,,,,,s\n", "")
    assert told(base) == []
    edit(base / DO, "q,c8,,,,1,,,,,s", "q,c8,,,,1,,,,1,s")
    assert [(where, column) for where, column, _ in told(base)] == [(f"{DO}:25", "extra_minor")]


def test_a_head_of_nothing_says_what_it_needs(base: Path) -> None:
    (base / HEAD).write_text("", encoding="utf-8")
    problems = told(base)
    needed = [
        "id",
        "title",
        "currency",
        "categories",
        "brands",
        "models",
        "tacs",
        "eligible_models",
        "market_prices",
        "zone",
        "terms",
    ]
    assert [column for _, column, _ in problems] == needed
    assert {where for where, _, _ in problems} == {HEAD}


def with_mark(text: bytes) -> bytes:
    return b"\xef\xbb\xbf" + text


def with_windows_line_ends(text: bytes) -> bytes:
    return text.replace(b"\n", b"\r\n")


def without_a_last_line_end(text: bytes) -> bytes:
    return text.rstrip(b"\n")


def with_blank_lines(text: bytes) -> bytes:
    return text.replace(b"\n", b"\n\n")


@pytest.mark.parametrize(
    "change",
    [with_mark, with_windows_line_ends, without_a_last_line_end, with_blank_lines],
    ids=lambda change: change.__name__,
)
def test_how_a_file_is_saved_does_not_matter(base: Path, change: Callable[[bytes], bytes]) -> None:
    expected = Programme.load(BASE).digest
    for file in base.iterdir():
        # A TAC table reports a blank line as a row that it left out, and so may not have one.
        if file.name != TACS or change is not with_blank_lines:
            file.write_bytes(change(file.read_bytes()))
    assert told(base) == []
    assert Programme.load(base).digest == expected


def test_lines_are_counted_through_windows_line_ends(base: Path) -> None:
    edit(base / PRICES, "950000", "-1")
    edit(base / HEAD, "factor_bps = 9_800", 'factor_bps = "9800"')
    for name in (PRICES, HEAD):
        (base / name).write_bytes(with_windows_line_ends((base / name).read_bytes()))
    assert [where for where, _, _ in told(base)] == [f"{PRICES}:3", f"{HEAD}:78"]


@pytest.mark.parametrize("source", [5, None, b"base", ["base"]])
def test_a_source_that_is_no_path_is_told_as_such(source: object) -> None:
    (problem,) = lint(source)  # type: ignore[arg-type]
    assert (problem.file, problem.line) == ("<programme>", None)
    assert problem.message.endswith("is no path")
    with pytest.raises(DataError, match="Give a directory or the id of a programme"):
        Programme.load(source)  # type: ignore[arg-type]


def test_a_place_without_a_programme_is_told_with_the_ids_that_there_are(tmp_path: Path) -> None:
    for source in (tmp_path, str(tmp_path / "missing"), "mi-exchange-indai", "a\0b"):
        (problem,) = lint(source)
        assert str(problem) == (
            f"{printable(str(source))}: there is no programme here. Give a directory with a programme.toml, or the id "
            "of one that is shipped: graded-trade-in, mi-exchange-india, uk-trade-in"
        )
    file = tmp_path / "programme.txt"
    file.touch()
    (problem,) = lint(file)
    assert problem.message == "is a file, not a directory"
