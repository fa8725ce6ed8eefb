"""What `miexchange prices` and `programme lint --strict` answer, for people and for programs."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from miexchange.pricelists import DRAFT, read_draft, write_draft
from miexchange.programme._published import PUBLISHED
from shipped import shipped_programme
from unit.command import run
from unit.lists import APRIL, FLIP, ONE, copy_of_base, excel, list_of

if TYPE_CHECKING:
    from pathlib import Path

AT = "2020-03-05"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return copy_of_base(tmp_path)


def test_an_import_is_a_dry_run_until_it_is_told_to_write(place: Path) -> None:
    file = place.parent / "list.xlsx"
    file.write_bytes(excel(["model", "price", "Remark"], [ONE, 8800, "x"]))
    arguments = ("prices", "import", str(file), "--into", str(place), "--basis", "observed")
    ran = run(*arguments)
    assert ran.code == 0
    assert "list.xlsx: 1 price of 1 row" in ran.out
    assert "Columns that are not read: Remark" in ran.out
    assert "this was a dry run. To keep the list, add --write" in ran.out
    assert not (place / DRAFT).exists()
    ran = run(*arguments, "--write")
    assert (ran.code, "Kept as" in ran.out) == (0, True)
    assert [(one.model, one.price_minor, one.source) for one in read_draft(place)] == [
        (ONE, 880_000, "list.xlsx, row 2")
    ]


def test_an_import_with_a_row_that_cannot_be_read_writes_nothing(place: Path) -> None:
    file = place.parent / "list.csv"
    file.write_text(f"model,price\n{ONE},8800\nAcme Onne,9\n", encoding="utf-8")
    arguments = ("prices", "import", str(file), "--into", str(place), "--basis", "modelled", "--write")
    ran = run(*arguments)
    assert ran.code == 2
    assert f"{file}:3: model: 'Acme Onne' is no model of the catalogue. Did you mean one of: Acme One" in ran.out
    assert "Nothing is written" in ran.out
    assert not (place / DRAFT).exists()
    assert run(*arguments, "--leave-out").code == 0
    assert len(read_draft(place)) == 1
    data = json.loads(run(*arguments, "--json").out)
    assert (data["rows"], len(data["prices"]), data["written"]) == (2, 1, None)
    assert [(one["line"], one["column"]) for one in data["problems"]] == [(3, "model")]


def test_many_prices_are_not_all_shown(tmp_path: Path) -> None:
    programme = shipped_programme("mi-exchange-india")
    models = [*programme.prices.by_key][:60]
    file = tmp_path / "list.csv"
    file.write_text("model,price\n" + "".join(f"{model},5000\n" for model in models), encoding="utf-8")
    ran = run("prices", "import", str(file), "--into", "mi-exchange-india", "--basis", "observed")
    assert "40 more are not shown: --json has all of them." in ran.out
    place = programme.save(tmp_path / "mine")
    run("prices", "import", str(file), "--into", str(place), "--basis", "observed", "--write")
    ran = run("prices", "diff", str(place), "--at", "2018-06-01")
    assert "more are not shown: --json has all of them." in ran.out


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--encoding", "klingon", "--encoding is 'klingon': give "),
        ("--sign", "5", "--sign "),
        ("--header-row", "0", "--header-row is 0: give a whole number from 1 to 20000"),
        ("--basis", "guess", "--basis is 'guess'"),
        ("--grouping", "point", ""),
    ],
)
def test_an_option_that_cannot_be_is_told_by_its_name(place: Path, option: str, value: str, words: str) -> None:
    ran = run("prices", "import", "x.csv", "--into", str(place), "--basis", "observed", option, value)
    assert ran.code == 2
    assert words in ran.err


def test_a_diff_says_what_changes_and_ends_with_1_where_a_price_is_surely_wrong(place: Path) -> None:
    write_draft(list_of((ONE, 880_000), (FLIP, 2_500_000)), place)
    ran = run("prices", "diff", str(place), "--at", "2020-04-05")
    assert ran.code == 1
    for words in ("Fell: 1", "-2.2 %", "Rose: 1", f"Surely wrong: {FLIP} costs 2500000: that is 10.0 times"):
        assert words in ran.out
    data = json.loads(run("prices", "diff", str(place), "--at", "2020-04-05", "--json").out)
    assert [one["model"] for one in data["changes"]] == [ONE, FLIP]
    write_draft(list_of((ONE, 900_000), ("acme-two-6-128", 1_000_000)), place)
    ran = run("prices", "diff", str(place), "--at", "2020-04-05")
    assert (ran.code, "New: 1" in ran.out, "none" in ran.out) == (0, True, True)


def test_a_cost_says_who_wins_and_who_loses(place: Path) -> None:
    write_draft(list_of((ONE, 880_000), (FLIP, 300_000)), place)
    book = place.parent / "book.csv"
    head = "model,at,power,screen,body,battery,warranty\n"
    row = "{},2020-03-20T12:00+05:30,works,clear,clear,good,{}\n"
    book.write_text(head + row.format(ONE, "yes") * 2 + row.format(FLIP, "yes"), encoding="utf-8")
    ran = run("prices", "cost", str(place), "--book", str(book))
    assert ran.code == 0
    assert ran.out.startswith("3 devices, Base\n")
    assert "winners        1 would have been paid more" in ran.out
    assert "losers         2 would have been paid less" in ran.out
    data = json.loads(run("prices", "cost", str(place), "--book", str(book), "--json").out)
    # 98 % of 9,000 and of 2,500 rupees, drifted by the days since the first of March, and rounded down to ten.
    assert [(one["model"], one["devices"], one["change_minor"] > 0) for one in data["models"]] == [
        (ONE, 2, False),
        (FLIP, 1, True),
    ]
    assert (
        data["change_minor"]
        == data["after_minor"] - data["before_minor"]
        == sum(one["change_minor"] for one in data["models"])
    )
    write_draft(list_of((ONE, 900_000)), place)
    ran = run("prices", "cost", str(place), "--book", str(book))
    assert (ran.code, "Change" in ran.out) == (0, False)


def test_without_tuning_the_extra_is_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_draft(list_of((ONE, 880_000)), place)
    book = place.parent / "book.csv"
    book.write_text("model\n", encoding="utf-8")
    for name in [name for name in sys.modules if name.startswith("miexchange.tuning")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    ran = run("prices", "cost", str(place), "--book", str(book), "--at", AT)
    assert (ran.code, "pip install 'miexchange[tuning]'" in ran.err) == (2, True)


def test_a_list_is_published_and_taken_back(place: Path) -> None:
    write_draft(list_of((ONE, 880_000)), place)
    before = (place / "market_prices.csv").read_bytes()
    ran = run("prices", "publish", str(place), "--from", "2020-04-01", "--at", AT)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Published: 1 price, Base\n  from       2020-04-01 00:00:00+05:30\n")
    ran = run("prices", "rollback", str(place), "--at", AT, "--json")
    data = json.loads(ran.out)
    assert (ran.code, data["rows"], data["begins"]) == (0, 1, "2020-03-31T18:30:00Z")
    assert (place / "market_prices.csv").read_bytes() == before
    assert not (place / PUBLISHED).exists()
    write_draft(list_of((ONE, 8_800_000), begins=APRIL), place)
    ran = run("prices", "publish", str(place), "--at", AT)
    assert "warning: " in ran.out
    assert run("prices", "publish", str(place), "--at", "2020-03-06", "--json").code == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("publish", "--at", AT), "--from says not from when the price of"),
        (("publish", "--from", AT, "--at", AT), "--from is 2020-03-04T18:30:00+00:00: give one after"),
        (("publish", "--from", "1 April", "--at", AT), "--from '1 April' is no instant"),
        (("rollback", "--at", AT), "has no list that was published"),
        (("diff", "--at", "x"), "--at 'x' is no instant"),
        (("cost", "--book", "none.csv", "--at", AT), "none.csv: does not exist"),
    ],
)
def test_what_cannot_be_done_is_told_by_what_was_typed(place: Path, arguments: tuple[str, ...], words: str) -> None:
    write_draft(list_of((ONE, 880_000)), place)
    verb, *options = arguments
    ran = run("prices", verb, str(place), *options)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err


def test_lint_warns_and_with_strict_refuses(place: Path) -> None:
    file = place / "market_prices.csv"
    file.write_text(file.read_text(encoding="utf-8").replace(",900000", ",9000000"), encoding="utf-8")
    ran = run("programme", "lint", str(place))
    assert ran.code == 0
    first, last = ran.out.splitlines()
    assert first.startswith(f"warning: {file}:4: price_minor: {ONE} costs 9000000")
    assert last == f"{place}: no problems, 1 warning"
    ran = run("programme", "lint", str(place), "--strict")
    assert ran.code == 2
    assert ran.out.endswith(f"{place}: 1 problem in 1 file: it must not go live\n")
    found = json.loads(run("programme", "lint", str(place), "--json").out)
    assert [(one["severity"], one["line"]) for one in found] == [("warning", 4)]
    found = json.loads(run("programme", "lint", str(place), "--strict", "--json").out)
    assert [(one["line"], "severity" in one) for one in found] == [(4, False)]


def test_the_group_alone_shows_its_help() -> None:
    ran = run("prices")
    assert ran.code == 2
    assert "import" in ran.out
