"""Nothing reads the clock: the instant is an argument, and no word stands for one."""

from __future__ import annotations

import json
import sys
import warnings
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from miexchange import (
    AnchorTable,
    DeviceReport,
    EligibleModels,
    Listing,
    MiExchangeError,
    Price,
    PriceTable,
    Programme,
    lint,
    tuning,
)
from miexchange.batch import appraise_file, appraise_frame, prices_as_of
from property.doors import DOORS
from property.sound import SOUND, arguments, example
from unit import small, tuned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType

    from property.doors import Door

CLOCKS = {
    *("now", "today", "utcnow", "time", "time_ns", "localtime", "gmtime", "ctime", "asctime", "clock_gettime"),
    *("uuid1", "urandom", "getpid"),
}
AT_THE_TERMINAL = ("cli.main",)
"""Doors that a person opens without saying when: the command says which instant it took."""


@contextmanager
def watched() -> Iterator[list[str]]:
    """Note every call by this package of what reads a clock, or anything else that differs between two runs."""
    found: list[str] = []

    def look(frame: FrameType, event: str, called: Any) -> None:
        if event != "c_call" or getattr(called, "__name__", "") not in CLOCKS:
            return
        caller = frame.f_globals.get("__name__", "")
        owner = getattr(called, "__self__", None)
        if caller.startswith("miexchange") and not isinstance(owner, datetime):  # `datetime.time` is a part of one
            found.append(f"{caller}:{frame.f_lineno} calls {called.__name__}")

    sys.setprofile(look)
    try:
        yield found
    finally:
        sys.setprofile(None)


def test_this_test_sees_a_clock() -> None:
    spy = {"datetime": datetime, "UTC": UTC, "__name__": "miexchange.spy"}
    with watched() as found:
        exec("datetime.now(UTC); datetime.now(UTC).time()", spy)  # noqa: S102 - what a module of ours might do
    assert found == ["miexchange.spy:1 calls now"] * 2


@pytest.mark.sweep
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_no_door_reads_the_clock(door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Design, promise 1: the clock is an argument."""
    if door.name in AT_THE_TERMINAL or door.name.endswith("__hash__"):
        return
    monkeypatch.chdir(tmp_path)
    given = dict(arguments(door))
    several = [
        given.pop(part.name) for part in door.parameters if part.kind is part.VAR_POSITIONAL and part.name in given
    ]
    if door.of is not None:
        several.insert(0, example(door.of) if door.name != "ledger.Ledger.close" else SOUND.store("closed"))
    with watched() as found, suppress(MiExchangeError, FileExistsError):
        door.verb(*several, **given)
    assert found == []


WORDS = ("now", "today", "NOW", "Today", " now ", "tomorrow", "yesterday", "midnight", "noon", "now+1d")


def columns(words: str) -> list[Any]:
    return [
        pd.Series([words, words]),
        pd.Series([words, words], dtype=object),
        pd.Series([words, words], dtype="category"),
        pl.Series([words, words]),
        pa.array([words, words]),
        np.array([words, words], dtype=object),
    ]


def is_refused(read: Callable[[], Any]) -> bool:
    try:
        read()
    except MiExchangeError:
        return True
    return False


def _table(folder: Path, columns: str, row: str) -> Path:
    path = folder / "table.csv"
    path.write_text(f"{columns}\n{row}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("word", WORDS)
def test_no_word_is_an_instant_in_a_table_of_the_core(word: str, tmp_path: Path) -> None:
    """Design, promise 1: `now` and `today` would be another value tomorrow."""
    priced = "model,effective_from,price_minor,basis,source"
    assert is_refused(lambda: PriceTable.read(_table(tmp_path, priced, f"a,{word},100,observed,x")))
    anchored = "model,component,effective_from,amount_minor,basis,source"
    assert is_refused(lambda: AnchorTable.read(_table(tmp_path, anchored, f"a,b,{word},100,observed,x")))
    listed = "model,listed_from,listed_until,source"
    assert is_refused(lambda: EligibleModels.read(_table(tmp_path, listed, f"a,{word},,x")))
    frame = pd.DataFrame([{"model": "a", "listed_from": word, "listed_until": None, "source": "x"}])
    assert is_refused(lambda: EligibleModels.read(frame))
    price = {"model": "a", "effective_from": word, "price_minor": 100, "basis": "observed", "source": "x"}
    assert is_refused(lambda: PriceTable.read(pd.DataFrame([price])))
    assert is_refused(lambda: Price.from_dict(price))
    assert is_refused(lambda: Listing.from_dict({"model": "a", "listed_from": word}))
    report = {"locks": {"factory_reset_protection": False}, "battery": {"manufacturing_date": word}}
    with suppress(MiExchangeError):
        assert DeviceReport.parse(json.dumps(report)).battery_made_on is None


@pytest.mark.parametrize("word", WORDS)
def test_no_word_is_an_instant_in_a_programme(word: str, tmp_path: Path) -> None:
    """As above, in `programme.toml`."""
    (tmp_path / "programme.toml").write_text(f'id = "a"\n[[terms]]\nversion = "1"\neffective_from = "{word}"\n')
    assert any("effective_from" in problem.column for problem in lint(tmp_path))
    assert is_refused(lambda: Programme.load(tmp_path))


@pytest.mark.parametrize("word", WORDS)
def test_no_word_is_an_instant_in_a_table_of_devices(word: str, tmp_path: Path) -> None:
    """As above, in columns and files: the row is refused, or the column is."""
    programme, prices = SOUND.programme, SOUND.programme.prices
    for name in ("at", "purchased_on"):
        for column in columns(word):
            frame = SOUND.devices.head(2).assign(**{name: np.asarray(column, dtype=object)})
            assert is_refused(lambda frame=frame: _all_refused(appraise_frame(frame, programme)))  # type: ignore[misc]
        path = tmp_path / "devices.csv"
        SOUND.devices.assign(at=small.AT.isoformat()).assign(**{name: word}).to_csv(path, index=False)
        summary = appraise_file(path, tmp_path / "out.csv", programme, force=True)
        assert summary.refused == summary.rows == 3
    for column in columns(word):
        models = type(column)([small.MODEL] * 2) if isinstance(column, pl.Series) else pd.Series([small.MODEL] * 2)
        try:
            found = prices_as_of(prices, models, column)
        except MiExchangeError:
            continue
        assert (
            pa.table(found)["price_minor"].null_count == 2
            if not isinstance(found, pd.DataFrame)
            else found["price_minor"].isna().all()
        )


def _all_refused(result: pd.DataFrame) -> None:
    """Raise what `is_refused` looks for where every row is refused."""
    if (result["outcome"] == "refused").all():
        raise MiExchangeError


@pytest.mark.parametrize("word", WORDS)
def test_no_word_is_a_day_for_tuning(word: str) -> None:
    """As above, where pandas would read `now` as the clock's instant."""
    rows = SOUND.observations.assign(on=SOUND.observations["on"].astype(object))
    rows.loc[rows.index[:3], "on"] = word
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tuning.TuningWarning)
        try:
            found = tuning.Observations.read(rows, tuned.graded().catalogue, as_of=date(2099, 1, 1))
        except MiExchangeError:
            found = None
        assert found is None or {0, 1, 2} <= set(found.problems["row"])
        days: Any = [word]
        assert is_refused(
            lambda: tuning.PriceTableBuilder().fit(tuned.observed(), zone=tuned.graded().zone, dates=days)
        )
        for verb, book in ((tuning.compare, SOUND.book), (tuning.backtest, SOUND.deals)):
            programmes = (tuned.graded(),) * (2 if verb is tuning.compare else 1)
            assert is_refused(lambda verb=verb, book=book, given=programmes: verb(*given, book.assign(at=word)))  # type: ignore[misc]
