"""A list becomes prices and is taken back: rows are added, bytes stay, and what was in force is never changed."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from miexchange import DataError, InvalidValue, PriceTable, Programme, ProgrammeNotFoundError, lint
from miexchange.pricelists import (
    DRAFT,
    ListPrice,
    PriceList,
    _publishing,
    cost,
    diff,
    programme_of,
    publish,
    read_book,
    read_draft,
    rollback,
    write_draft,
)
from miexchange.programme import doubts, shipped
from miexchange.programme._load import load_with
from miexchange.programme._published import PUBLISHED
from miexchange.tuning import simulate_book
from shipped import shipped_programme
from unit.lists import APRIL, AT, FLIP, ONE, copy_of_base, list_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

PRICES = "market_prices.csv"
LATER = APRIL + timedelta(days=8)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return copy_of_base(tmp_path)


def files(place: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(place.iterdir())}


def added(before: bytes, after: bytes) -> list[str]:
    """Return the lines that were added, where every other line is as it was and in its place."""
    old, new = before.decode("utf-8-sig").splitlines(), after.decode("utf-8-sig").splitlines()
    found = []
    for line in new:
        if old and line == old[0]:
            old.pop(0)
        else:
            found.append(line)
    assert old == []
    return found


# Publishing.


def test_rows_are_added_behind_those_of_their_model(place: Path) -> None:
    before = files(place)[PRICES]
    done = publish(list_of((ONE, 880_000), (FLIP, 240_000)), place, at=AT, begins=APRIL)
    lines = (place / PRICES).read_text(encoding="utf-8").splitlines()
    assert added(before, files(place)[PRICES]) == [
        f"{ONE},2020-04-01,,880000,observed,our desk",
        f"{FLIP},2020-04-01,,240000,observed,our desk",
    ]
    models = [line.partition(",")[0] for line in lines[1:]]
    assert models == sorted(models)
    assert (done.published_at, done.begins, done.rows) == (AT, APRIL, 2)
    assert done.digest == Programme.load(place).digest
    assert (lint(place), doubts(place)) == ((), ())


def test_prices_are_as_before_up_to_the_day_and_those_of_the_list_from_it_on(place: Path) -> None:
    old = Programme.load(place).prices
    publish(list_of((ONE, 880_000)), place, at=AT, begins=APRIL)
    new = Programme.load(place).prices
    for at in (AT, APRIL - timedelta(microseconds=1)):
        assert new.as_of(ONE, at) == old.as_of(ONE, at)
    price = new.as_of(ONE, APRIL)
    assert price is not None
    assert (price.price_minor, price.basis, price.source, price.effective_from) == (
        880_000,
        "observed",
        "our desk",
        APRIL,
    )
    assert new.as_of(FLIP, APRIL) == old.as_of(FLIP, APRIL)


def test_a_list_may_say_its_own_dates(place: Path) -> None:
    done = publish(list_of((ONE, 880_000), begins=APRIL + timedelta(hours=1)), place, at=AT)
    assert f"{ONE},2020-03-31T19:30:00+00:00,,880000" in (place / PRICES).read_text(encoding="utf-8")
    assert done.begins == APRIL + timedelta(hours=1)
    assert publish(list_of((FLIP, 240_000), begins=LATER), place, at=AT + timedelta(1), begins=LATER).rows == 1


def _by_date(data: bytes) -> bytes:
    head, *rows = data.splitlines()
    return b"\n".join([head, *sorted(rows, key=lambda row: row.split(b",")[1])]) + b"\n"


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (
            lambda data: data.replace(b"\n", b"\r\n"),
            lambda data: b"\r\n" in data and b"\n" not in data.replace(b"\r\n", b""),
        ),
        (lambda data: data.replace(b"\n", b"\r"), lambda data: b"\n" not in data),
        (lambda data: b"\xef\xbb\xbf" + data, lambda data: data.startswith(b"\xef\xbb\xbf")),
        (lambda data: data.rstrip(b"\n"), lambda data: not data.endswith(b"\n")),
        (lambda data: data + b"\n\n\n", lambda data: data.endswith(b"\n\n\n")),
        (
            lambda data: data.replace(b",setting", b',"a ""shop"", in\nMumbai"'),
            lambda data: data.count(b'""shop""') == 7,
        ),
        (_by_date, lambda data: data.splitlines()[-1].startswith(FLIP.encode())),
        (lambda data: data.replace(b"price_minor", b" price_minor "), lambda data: b" price_minor " in data),
    ],
    ids=["CR LF", "CR", "BOM", "no last line end", "blank lines", "quotes", "by date", "spaces in the header"],
)
def test_the_file_keeps_its_form(place: Path, change: Callable[[bytes], bytes], check: Callable[[bytes], bool]) -> None:
    (place / PRICES).write_bytes(change((place / PRICES).read_bytes()))
    before = files(place)
    assert lint(place) == ()
    publish(list_of((ONE, 880_000), (FLIP, 240_000)), place, at=AT, begins=APRIL)
    data = files(place)[PRICES]
    assert check(data)
    assert len(added(before[PRICES], data)) == 2
    rollback(place, at=AT)
    assert files(place) == before


def with_new_models(place: Path) -> None:
    """List two models that have no price yet, from the ninth of April."""
    for file, rows in {
        "models.csv": "{0},Acme,{0},smartphone,1024,8,,,invented\n",
        "eligible_models.csv": "{0},2020-04-09,,setting\n",
        "repair_anchors.csv": "{0},display,2020-04-09,,40000,modelled,setting\n",
    }.items():
        with (place / file).open("a", encoding="utf-8") as opened:
            opened.write("".join(rows.format(model) for model in ("aaa", "mmm")))


def test_a_new_model_is_listed_first_and_priced_by_the_list(place: Path) -> None:
    """Neither a listing without a price nor a price without a listing passes the linter: the list ends the first."""
    with_new_models(place)
    assert [one.message for one in lint(place)] == [f"{model} is listed without a price" for model in ("aaa", "mmm")]
    before, programme = files(place), programme_of(place)
    assert diff(list_of(("aaa", 20_000)), programme, at=LATER).new[0].model == "aaa"
    write_draft(list_of(("aaa", 20_000), ("mmm", 21_000), (FLIP, 240_000)), place)
    publish(read_draft(place), place, at=AT, begins=LATER)
    models = [line.partition(",")[0] for line in (place / PRICES).read_text(encoding="utf-8").splitlines()[1:]]
    assert (models, lint(place)) == (sorted(models), ())
    assert models[0] == "aaa"
    rollback(place, at=AT)
    (place / DRAFT).unlink()
    assert files(place) == before


def test_a_list_without_the_price_that_a_new_model_awaits_is_refused(place: Path) -> None:
    with_new_models(place)
    before = files(place)
    with pytest.raises(DataError) as caught:
        publish(list_of(("aaa", 20_000)), place, at=AT, begins=LATER)
    assert [one.message for one in caught.value.problems] == ["mmm is listed without a price"]
    with pytest.raises(DataError, match="has no price yet on 2020-04-09"):
        publish(list_of(("aaa", 20_000), ("mmm", 1_000)), place, at=AT, begins=LATER + timedelta(days=1))
    assert files(place) == before
    with (place / "market_prices.csv").open("a", encoding="utf-8") as file:
        file.write("x\n")
    with pytest.raises(DataError) as caught:
        programme_of(place)
    assert "the row has 1 cell" in caught.value.problems[0].message


def test_a_source_that_the_list_lacks_is_the_publication(place: Path) -> None:
    publish(PriceList.of([ListPrice(ONE, 880_000, "modelled", "")]), place, at=AT, begins=APRIL)
    assert "modelled,published 2020-03-05T00:00:00+00:00" in (place / PRICES).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("prices", "begins", "words"),
    [
        (list_of((ONE, 880_000)), AT, "begins is 2020-03-05T00:00:00"),
        (list_of((ONE, 880_000)), AT - timedelta(days=1), "quotes were made with the prices that were in force"),
        (list_of((ONE, 880_000)), None, f"begins says not from when the price of {ONE} holds"),
        (list_of((ONE, 880_000), begins=LATER), APRIL, "take the dates out of the list"),
        (list_of(), APRIL, "prices is empty: give a list with a price"),
    ],
)
def test_a_list_that_would_change_the_past_or_says_no_day_is_refused(
    place: Path, prices: PriceList, begins: datetime | None, words: str
) -> None:
    before = files(place)
    with pytest.raises(InvalidValue) as caught:
        publish(prices, place, at=AT, begins=begins)
    assert words in str(caught.value)
    assert files(place) == before


@pytest.mark.parametrize(
    ("prices", "begins", "column", "words"),
    [
        (list_of((ONE, 880_001)), APRIL, "price_minor", "is not a multiple of price_step_minor"),
        (list_of(("nilo-x-1-8", 880_000)), APRIL, "model", "has a price and is not listed"),
        (list_of((ONE, 880_000)), LATER + timedelta(days=90), "effective_from", "has no fresh price from"),
        (list_of(("nobody", 880_000)), APRIL, "model", "has a price and is not listed"),
    ],
)
def test_a_list_with_which_the_programme_would_have_problems_is_refused(
    place: Path, prices: PriceList, begins: datetime, column: str, words: str
) -> None:
    before = files(place)
    with pytest.raises(DataError) as caught:
        publish(prices, place, at=AT, begins=begins)
    problem = caught.value.problems[0]
    assert (Path(problem.file).name, problem.column) == (PRICES, column)
    assert words in problem.message
    assert files(place) == before


def test_a_day_that_has_a_price_is_not_given_another(place: Path) -> None:
    publish(list_of((ONE, 880_000)), place, at=AT, begins=APRIL)
    before = files(place)
    with pytest.raises(DataError, match="begins at the same time as"):
        publish(list_of((ONE, 870_000)), place, at=AT + timedelta(1), begins=APRIL)
    with pytest.raises(InvalidValue, match="is that of a list that was published already"):
        publish(list_of((ONE, 870_000)), place, at=AT, begins=LATER)
    assert files(place) == before


def test_a_programme_that_ships_is_not_written_to(place: Path) -> None:
    for name in shipped():
        for verb in (
            lambda: publish(list_of((ONE, 1)), name, at=AT, begins=APRIL),  # noqa: B023 - called at once
            lambda: rollback(name, at=AT),  # noqa: B023 - as above
            lambda: write_draft(list_of((ONE, 1)), name),  # noqa: B023 - as above
            lambda: read_draft(name),  # noqa: B023 - as above
        ):
            with pytest.raises(InvalidValue, match="ships with the package"):
                verb()
    shared = Path(_publishing.__file__).parents[3] / "data" / "programmes" / "mi-exchange-india" / PRICES
    head = (place / "programme.toml").read_text(encoding="utf-8")
    (place / "programme.toml").write_text(head.replace(f'"{PRICES}"', f'"{shared}"'), encoding="utf-8")
    with pytest.raises((InvalidValue, DataError)):
        publish(list_of((ONE, 1)), place, at=AT, begins=APRIL)


def test_what_is_no_programme_or_no_list_is_refused(tmp_path: Path, place: Path) -> None:
    with pytest.raises(ProgrammeNotFoundError):
        publish(list_of((ONE, 1)), tmp_path / "nowhere", at=AT, begins=APRIL)
    wrong: list[tuple[Any, Any]] = [("list", place), (list_of((ONE, 1)), 7)]
    for prices, directory in wrong:
        with pytest.raises(InvalidValue):
            publish(prices, directory, at=AT, begins=APRIL)


def test_a_link_is_followed_to_the_file_and_stays(tmp_path: Path, place: Path) -> None:
    (place / PRICES).rename(tmp_path / "real.csv")
    (place / PRICES).symlink_to(tmp_path / "real.csv")
    (tmp_path / "real.csv").chmod(0o640)
    publish(list_of((ONE, 880_000)), place, at=AT, begins=APRIL)
    assert (place / PRICES).is_symlink()
    assert stat.S_IMODE((tmp_path / "real.csv").stat().st_mode) == 0o640
    assert Programme.load(place).prices.as_of(ONE, APRIL) is not None


# What fails leaves everything as it was.


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_disk_that_fails_leaves_the_old_prices(place: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    before = files(place)

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((os, "fsync", fail) if failing == "fsync" else (Path, "replace", fail)))
    with pytest.raises(InvalidValue, match="No space left on device"):
        publish(list_of((ONE, 880_000)), place, at=AT, begins=APRIL)
    monkeypatch.undo()
    assert {name: data for name, data in files(place).items() if not name.startswith(".")} == before
    assert publish(list_of((ONE, 880_000)), place, at=AT, begins=APRIL).rows == 1


def test_a_run_that_ended_between_the_two_files_is_done_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, real = files(place), Path.replace

    def fail(self: Path, target: Path) -> Path:
        if target.name == PRICES:
            raise OSError(5, "Input/output error")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(InvalidValue, match="Input/output error"):
        publish(list_of((ONE, 880_000)), place, at=AT, begins=APRIL)
    monkeypatch.undo()
    assert files(place).keys() - before.keys() == {PUBLISHED}
    assert rollback(place, at=AT).rows == 0
    assert files(place) == before
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(InvalidValue, match="Input/output error"):
        publish(list_of((ONE, 880_000)), place, at=AT, begins=APRIL)
    monkeypatch.undo()
    assert publish(list_of((ONE, 870_000)), place, at=AT, begins=APRIL).rows == 1
    assert (lint(place), doubts(place)) == ((), ())


def test_a_file_that_somebody_else_changes_meanwhile_is_left_to_them(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = load_with

    def changed(directory: Path, prices: Path | None, *, awaiting: bool = False) -> tuple[Programme, Path]:
        if prices is not None:
            with (place / PRICES).open("a", encoding="utf-8") as file:
                file.write(f"{FLIP},2020-03-20,,240000,modelled,setting\n")
        return real(directory, prices, awaiting=awaiting)

    monkeypatch.setattr(_publishing, "load_with", changed)
    with pytest.raises(InvalidValue, match="was changed while the list was looked at"):
        publish(list_of((ONE, 880_000)), place, at=AT, begins=APRIL)
    assert f"{FLIP},2020-03-20" in (place / PRICES).read_text(encoding="utf-8")


def test_a_file_that_cannot_be_read_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(InvalidValue, match="Input/output error"):
        publish(list_of((ONE, 880_000)), place, at=AT, begins=APRIL)


# Taking back.


def test_what_was_never_in_force_is_taken_back_list_by_list(place: Path) -> None:
    states = [files(place)]
    for number, begins in enumerate((APRIL, LATER)):
        publish(list_of((ONE, 880_000 - 1_000 * number)), place, at=AT + timedelta(hours=number), begins=begins)
        states.append(files(place))
    back = rollback(place, at=AT + timedelta(hours=2))
    assert (back.published_at, back.begins, back.rows) == (AT + timedelta(hours=1), LATER, 1)
    assert files(place) == states[1]
    rollback(place, at=APRIL - timedelta(microseconds=1))
    assert files(place) == states[0]
    with pytest.raises(InvalidValue, match="has no list that was published"):
        rollback(place, at=AT)


def test_what_has_been_in_force_stays(place: Path) -> None:
    """Quotes were made with it, and are replayed by its rows: not even the part that is to come is taken back."""
    prices = PriceList.of(
        [ListPrice(ONE, 880_000, "observed", "x", APRIL), ListPrice(FLIP, 240_000, "observed", "x", LATER)]
    )
    publish(prices, place, at=AT)
    before = files(place)
    for at in (APRIL, APRIL + timedelta(days=1), LATER):
        with pytest.raises(InvalidValue, match="publish another list: quotes were made with this one"):
            rollback(place, at=at)
    assert files(place) == before


def test_a_row_that_was_changed_since_is_not_taken_back(place: Path) -> None:
    publish(list_of((ONE, 880_000)), place, at=AT, begins=APRIL)
    text = (place / PRICES).read_text(encoding="utf-8")
    (place / PRICES).write_text(text.replace("880000", "870000"), encoding="utf-8")
    with pytest.raises(InvalidValue, match=f"has 870000 for {ONE}, where the list had 880000"):
        rollback(place, at=AT)
    ((message,),) = [[one.message for one in doubts(place)]]
    assert "the last list that was published has 880000" in message
    publish(list_of((ONE, 860_000)), place, at=AT + timedelta(1), begins=LATER)
    assert doubts(place) == ()


def test_other_rows_that_were_added_by_hand_stay(place: Path) -> None:
    publish(list_of((ONE, 880_000)), place, at=AT, begins=APRIL)
    row = f"{FLIP},2020-03-20,,240000,modelled,setting\n"
    with (place / PRICES).open("a", encoding="utf-8") as file:
        file.write(row)
    rollback(place, at=AT)
    text = (place / PRICES).read_text(encoding="utf-8")
    assert text.endswith(row)
    assert "880000" not in text


def test_a_damaged_record_is_told(place: Path) -> None:
    (place / PUBLISHED).write_text("x\n", encoding="utf-8")
    with pytest.raises(DataError):
        rollback(place, at=AT)


def test_a_record_that_cannot_be_written_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(list_of((ONE, 880_000)), place, at=AT, begins=APRIL)
    real = Path.unlink

    def fail(self: Path, missing_ok: bool = False) -> None:  # noqa: FBT001, FBT002 - the shape of the method
        if self.name == PUBLISHED:
            raise OSError(30, "Read-only file system")
        real(self, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", fail)
    with pytest.raises(InvalidValue, match="Read-only file system"):
        rollback(place, at=AT)


# Drafts.


def test_a_draft_is_kept_beside_the_programme(place: Path) -> None:
    prices = list_of((ONE, 880_000), begins=APRIL)
    mixed = PriceList.of([*prices, ListPrice(FLIP, 240_000, "modelled", 'a "shop", too')])
    assert write_draft(mixed, place) == place / DRAFT
    assert read_draft(place) == mixed
    assert write_draft(prices, str(place)) == place / DRAFT
    assert read_draft(place) == prices
    assert lint(place) == ()


def test_a_draft_that_is_not_there_is_told(place: Path) -> None:
    with pytest.raises(DataError, match=r"there is no draft here. Import a list first"):
        read_draft(place)
    (place / DRAFT).symlink_to(place / PRICES)
    with pytest.raises(InvalidValue, match="which is a link"):
        write_draft(list_of((ONE, 1)), place)
    with pytest.raises(InvalidValue):
        write_draft("list", place)  # type: ignore[arg-type]


def test_a_draft_that_cannot_be_written_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("miexchange._new_file.create", fail)
    with pytest.raises(InvalidValue, match="No space left on device"):
        write_draft(list_of((ONE, 1)), place)


# What a list changes.


def test_a_diff_names_what_falls_rises_is_new_and_missing(place: Path) -> None:
    programme = Programme.load(place)
    found = diff(list_of((ONE, 800_000), (FLIP, 260_000), ("acme-two-6-128", 900_000)), programme, at=LATER)
    assert [(one.model, one.before_minor, one.change_bps) for one in found.fell] == [(ONE, 900_000, -1_112)]
    assert [(one.model, one.after_minor, one.change_bps) for one in found.rose] == [(FLIP, 260_000, 400)]
    assert [(one.model, one.before_minor, one.change_bps) for one in found.new] == [("acme-two-6-128", None, None)]
    assert (found.same, found.missing, found.doubts) == (0, (), ())
    found = diff(list_of((ONE, 900_000)), programme, at=LATER)
    assert (found.changes, found.same, found.missing) == ((), 1, (FLIP,))


def test_a_diff_says_what_is_ten_times_too_high(place: Path) -> None:
    programme = Programme.load(place)
    found = diff(list_of((ONE, 9_000_000), (FLIP, 250_000)), programme, at=LATER)
    assert found.doubts == (f"{ONE} costs 9000000: that is 10.0 times its last price, 900000",)
    wrong: list[tuple[Any, Any]] = [("list", programme), (list_of((ONE, 1)), "base")]
    for prices, other in wrong:
        with pytest.raises(InvalidValue):
            diff(prices, other, at=LATER)


# What it costs.


def test_a_cost_values_the_book_with_the_prices_of_the_list() -> None:
    programme, at = shipped_programme("graded-trade-in"), datetime(2018, 4, 20, tzinfo=UTC)
    book = simulate_book(programme, 60, seed=1, at=at)
    halves = PriceList.of(
        {
            row.model: ListPrice(row.model, row.price_minor // 20_000 * 10_000 + 10_000, "modelled", "x")
            for row in programme.prices
        }.values()
    )
    found = cost(halves, programme, book, at=at)
    assert (found.rows["change_minor"] <= 0).all()
    assert found.summary["losers"] > 50
    same = PriceList.of(
        {
            row.model: ListPrice(row.model, row.price_minor, "modelled", "x")
            for row in programme.prices
            if row.effective_from <= at
        }.values()
    )
    assert (cost(same, programme, book, at=at).rows["change_minor"] == 0).all()


def test_a_book_of_csv_is_read(tmp_path: Path) -> None:
    file = tmp_path / "book.csv"
    file.write_text("model,at,purchased_on,power\na,2018-04-20T12:00+05:30,2017-01-05,works\nb,,,\n", encoding="utf-8")
    book = read_book(file)
    assert book["at"].tolist() == [datetime(2018, 4, 20, 6, 30, tzinfo=UTC), None]
    assert [f"{one}" for one in book["purchased_on"]] == ["2017-01-05", "None"]
    assert book["power"].tolist() == ["works", None]
    assert isinstance(book, pd.DataFrame)


def test_a_wrong_day_can_be_kept_for_its_device_to_be_refused(tmp_path: Path) -> None:
    file = tmp_path / "book.csv"
    file.write_text("model,at,purchased_on\na,yesterday,20/04/2018\nb,2018-04-20T12:00Z,\n", encoding="utf-8")
    book = read_book(file, keep_wrong=True)
    assert book["at"].tolist() == ["yesterday", datetime(2018, 4, 20, 12, tzinfo=UTC)]
    assert book["purchased_on"].tolist() == ["20/04/2018", None]


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("model,at\na,2018-04\n", 2, "at", "is not a date"),
        ("model,purchased_on\na,2018-04-20\nb,20/04/2018\n", 3, "purchased_on", "'20/04/2018' is not a date"),
        ("", None, "", "is empty"),
        ("a,b\n1,2,3\n4,5,6,7\n", 2, "", "the row has 3 cells, the header 2"),
        ("model,at\na\n", 2, "", "the row has 1 cell, the header 2"),
        ("model;at\na;\n", 1, "", "the header is one cell"),
        ("," * 2_000, 1, "", "has 2,001 columns"),
        ('a\n"x', 2, "", "is not CSV"),
        ('model,at\nb,\n"a"x,\nc,\n', 3, "", "is not CSV"),
    ],
)
def test_a_book_that_cannot_be_read_is_told(
    tmp_path: Path, text: str, line: int | None, column: str, words: str
) -> None:
    file = tmp_path / "book.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_book(file)
    problem = caught.value.problems[0]
    assert (problem.line, problem.column) == (line, column)
    assert words in problem.message


def test_a_row_of_another_length_can_be_kept_for_its_device_to_be_refused(tmp_path: Path) -> None:
    file = tmp_path / "book.csv"
    file.write_text('model,power\na,works\nb\n"c, d",works,\n \n\nd,\n', encoding="utf-8")
    book = read_book(file, keep_wrong=True)
    assert book.to_numpy().tolist() == [["a", "works"], [None, None], [None, None], [None, None], ["d", None]]


def test_columns_of_one_name_stay_apart(tmp_path: Path) -> None:
    file = tmp_path / "book.csv"
    file.write_text("note,model,note\n1,a,2\n", encoding="utf-8")
    assert list(read_book(file).columns) == ["note", "model", "note"]


def test_a_book_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        read_book(tmp_path / "none.csv")
    with pytest.raises(InvalidValue):
        read_book(7)  # type: ignore[arg-type]
    wrong: list[tuple[Any, Any]] = [("list", "base"), (list_of((ONE, 1)), "base")]
    for prices, programme in wrong:
        with pytest.raises(InvalidValue):
            cost(prices, programme, pd.DataFrame(), at=AT)


def test_a_list_is_a_table_of_one_price_for_each_variant(place: Path) -> None:
    with pytest.raises(InvalidValue, match="repeats another one"):
        list_of((ONE, 1), (ONE, 2))
    publish(list_of((ONE, 880_000)), place, at=AT, begins=APRIL)
    assert len(PriceTable.read(place / PRICES, zone=Programme.load(place).zone)) == 8
