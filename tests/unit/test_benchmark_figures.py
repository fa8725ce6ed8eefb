"""What fell back is named. Planted figures decide, and counts; no test depends on a time."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

import run
from _counts import calls_of, instructions_of, of_phones
from _figures import TIME, TOLERANCES, Baseline, Figure, compare, figures_of, read_runs
from _history import append, costs, draw, history_of

PINNED = Path(__file__).resolve().parents[2] / "constraints.txt"

TITLE, HEAD = "A race", ("who", "threads", "a row", "over ours", "goal", "", "memory", "goal", "")
ROWS = [
    ("ours", "1", "28 ns", "", "<= 30 ns", "met", "504 MB", "<= 600 MB", "met"),
    ("Polars", "1", "1,076 ns", "2.70 x", ">= 2 x", "met", "", "", ""),
    ("Polars, in memory", "1", "90 ns (median 100)", "3.20 x", "", "", "", "", ""),
    ("- of which reading", "", "12 us", "", "<= 1 ms", "met", "", "", ""),
    ("counted", "", "", "1,234 calls", "<= 2,000 calls", "met", "", "", ""),
]
RACE = {
    "A race: ours 1, a row": Figure(28e-9, "s", less_is_better=True),
    "A race: ours 1, memory": Figure(504, "MB", less_is_better=True),
    "A race: Polars 1, over ours": Figure(2.7, "x", less_is_better=False),
    "A race: Polars, in memory - of which reading, a row": Figure(12e-6, "s", less_is_better=True),
    "A race: counted, over ours": Figure(1234, "calls", less_is_better=True),
}


def test_a_cell_with_a_goal_beside_it_is_a_figure() -> None:
    found = dict(figures_of(TITLE, HEAD, ROWS))
    assert found.keys() == RACE.keys()
    for metric, figure in RACE.items():
        assert (found[metric].unit, found[metric].less_is_better) == (figure.unit, figure.less_is_better)
        assert found[metric].value == pytest.approx(figure.value)


def test_a_table_is_written_as_it_is_printed_and_its_figures_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import _measure  # noqa: PLC0415 - its list of files is for one script

    file = tmp_path / "race.json"
    monkeypatch.setattr(_measure, "_written", {})
    monkeypatch.setattr(sys, "argv", ["race.py", "--quick", "--json", str(file)])
    assert _measure.is_quick("A race.")
    for _ in range(2):
        _measure.print_table(TITLE, HEAD, ROWS)
    data = json.loads(file.read_text(encoding="utf-8"))
    lines = [tuple(cell.strip() for cell in line[1:-1].split("|")) for line in capsys.readouterr().out.splitlines()]
    assert [tuple(row) for row in data["tables"][0]["rows"]] == ROWS
    assert set(ROWS) <= set(lines)
    baseline, measured = read_runs({"race.py": file})
    assert measured.keys() == {*RACE, *(f"{metric} (2)" for metric in RACE)}  # a table that is printed twice
    time = baseline.figures["race.py"]["A race: ours 1, a row"]
    assert time.unit == TIME
    assert time.value == pytest.approx(28e-9 / data["yardstick"])
    assert (baseline.machine, baseline.python) == (_measure.machine(), data["python"])


def ran(machine: str = "a machine", python: str = "3.11.7", **changes: float | None) -> Baseline:
    """Return a run with other values than these; None for a figure that is missing."""
    values = {"ratio": 2.0, "less": 2.0, "size": 100.0, "calls": 1_000.0, "time": 7.0} | changes
    units = {"ratio": "x", "less": "x", "size": "MB", "calls": "calls", "time": TIME}
    figures = {
        name: Figure(value, units.get(name, "x"), less_is_better=name != "ratio")
        for name, value in values.items()
        if value is not None
    }
    return Baseline(machine, python, {"race.py": figures})


@pytest.mark.parametrize("name", ["ratio", "less", "size", "calls", "time"])
def test_what_is_worse_than_the_tolerance_fell_back_and_what_is_better_improved(name: str) -> None:
    before = ran().figures["race.py"][name]
    most = 1 + TOLERANCES[before.unit]
    worse = {1.001: "fell back", 0.999: "as before"}
    for factor, outcome in worse.items():
        grown = before.value * most * factor if before.less_is_better else before.value / most / factor
        found = {one.metric: one for one in compare(ran(), ran("a machine", "3.11.7", **{name: grown}))}
        assert found.pop(name).outcome == outcome
        assert {one.outcome for one in found.values()} == {"as before"}
    better = before.value / most / 1.001 if before.less_is_better else before.value * most * 1.001
    run_now = ran("a machine", "3.11.7", **{name: better})
    (one,) = [one for one in compare(ran(), run_now) if one.metric == name]
    assert (one.outcome, one.is_bad) == ("improved", False)


def test_a_fall_says_both_values_and_how_far_apart_they_are() -> None:
    first, *others = compare(ran(), ran(ratio=1.0, less=0.5))
    assert first == ("fell back", "ratio", "1 x, was 2 x: +100%, at most +20%")
    assert first.is_bad
    assert others[0] == ("improved", "less", "0.5 x, was 2 x: -75%, at most +20%")


def test_a_missing_figure_fails_and_a_new_one_does_not() -> None:
    found = {one.metric: one for one in compare(ran(), ran(size=None, another=3.0))}
    assert (found["size"].outcome, found["size"].is_bad) == ("missing", True)
    assert (found["another"].outcome, found["another"].is_bad) == ("new", False)
    nothing = Baseline("a machine", "3.11.7", {})
    assert {one.outcome for one in compare(nothing, ran())} == {"new"}
    assert compare(ran(), nothing) == []  # a script that did not run is not compared


def test_another_machine_is_compared_with_care() -> None:
    found = {
        one.metric: one.outcome for one in compare(ran(), ran(machine="another", less=2.7, time=70.0, calls=1_100))
    }
    assert found == {
        "ratio": "as before",
        "less": "as before",  # twice the tolerance
        "size": "as before",
        "time": "not compared",
        "calls": "fell back",  # the same everywhere
    }
    (one,) = [one for one in compare(ran(), ran(python="3.13.1", calls=9_000)) if one.metric == "calls"]
    assert one == ("not compared", "calls", "9,000 calls; the baseline is of Python 3.11.7")


def test_a_baseline_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    ran(less=1.23456).write(file)
    assert Baseline.read(file) == ran(less=1.235)


def planted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cell: str) -> None:
    """Let one script print a figure that nobody measured."""
    file = tmp_path / "race.py"
    file.write_text(
        "import argparse\nfrom _measure import asked, print_table\n"
        "asked(argparse.ArgumentParser())\n"
        f"print_table('A race', ('who', 'ratio', 'goal'), [('x', '{cell}', '<= 3 x')])\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", str(run.HERE))
    monkeypatch.setattr(run, "HERE", tmp_path)
    monkeypatch.setattr(run, "SCRIPTS", ("race.py",))
    monkeypatch.setattr(run, "WATCHED", ("race.py",))
    for name in ("baseline.json", "history.csv", "chart.svg"):
        monkeypatch.setattr(run, name.partition(".")[0].upper(), tmp_path / name)
    monkeypatch.setattr(run, "commit", lambda: "abc1234")


def test_one_command_makes_the_baseline_and_another_checks_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def called(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["run.py", *arguments])
        run.main()
        return capfd.readouterr().out.splitlines()[-4]

    planted(monkeypatch, tmp_path, "2.00 x")
    assert called("--update", "--date", "2026-11-30") == "1 new"
    assert called("--check") == "1 as before"
    (one,) = history_of(tmp_path / "history.csv")
    assert one[:2] == ("2026-11-30", "abc1234")
    assert one[3:] == ("A race: x, ratio", 2, "x", "less")
    assert not (tmp_path / "chart.svg").exists()  # a figure of one run has not moved
    assert called("--update", "--date", "2026-12-01") == "1 as before"
    assert (tmp_path / "chart.svg").read_text(encoding="utf-8").startswith("<?xml")
    (tmp_path / "race.py").write_text(
        (tmp_path / "race.py").read_text(encoding="utf-8").replace("2.00 x", "2.50 x"), encoding="utf-8"
    )
    monkeypatch.setattr(sys, "argv", ["run.py", "--check"])
    with pytest.raises(SystemExit) as ended:
        run.main()
    assert ended.value.code == 1
    assert "fell back: A race: x, ratio: 2.5 x, was 2 x: +25%, at most +20%" in capfd.readouterr().out
    for wrong in (["--check", "--quick"], ["--update"]):
        monkeypatch.setattr(sys, "argv", ["run.py", *wrong])
        with pytest.raises(SystemExit):
            run.main()
    assert "leave --quick out" in capfd.readouterr().err


def test_a_cost_is_in_units_of_the_first_measurement(tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    ratio, time = Figure(2.0, "x", less_is_better=True), Figure(1.0, "s", less_is_better=True)
    peer = Figure(2.0, "x", less_is_better=False)
    append(file, "2026-11-01", "one", "a machine", {"A: ours, ratio": ratio, "A: time, s": time})
    append(
        file, "2026-11-02", "two", "a machine", {"A: ours, ratio": replace(ratio, value=1.0), "A: peer, ratio": peer}
    )
    append(file, "2026-11-03", "three", "a machine", {"A: peer, ratio": replace(peer, value=8.0)})
    assert costs(history_of(file)) == {"A": {"ours, ratio": {0: 1, 1: 0.5}, "peer, ratio": {1: 1, 2: 0.25}}}
    draw(history_of(file), tmp_path / "chart.svg")
    assert "peer" in (tmp_path / "chart.svg").read_text(encoding="utf-8")


def test_the_committed_history_has_every_figure_of_a_run_once() -> None:
    history = history_of(run.HISTORY)
    keys = [(one.date, one.commit, one.metric) for one in history]
    assert len(keys) == len(set(keys))
    assert keys == sorted(keys, key=lambda key: key[0])
    assert {one.better for one in history} == {"less", "more"}


def test_work_is_counted_and_counted_again() -> None:
    def work() -> int:
        return sum(len(f"{number}") for number in range(10))

    assert calls_of(work) == calls_of(work) == 23  # itself, `sum`, the generator eleven times, `len` ten times
    assert instructions_of(work) == instructions_of(work) > 100
    assert calls_of(lambda: [work(), work()]) == 47


def test_a_phone_takes_no_more_calls_than_the_baseline() -> None:
    """docs/performance.md: counts do not depend on what else the machine does, so this one is checked every day."""
    baseline = Baseline.read(run.BASELINE)
    if baseline.python.split(".")[:2] != [f"{part}" for part in sys.version_info[:2]]:
        pytest.skip(f"the baseline is of Python {baseline.python}")
    pinned = dict(line.split("==") for line in PINNED.read_text(encoding="utf-8").split() if "==" in line)
    if other := [name for name in ("pydantic", "python-stdnum") if version(name) != pinned[name]]:
        pytest.skip(f"the baseline is of another version of {', '.join(other)}")
    before = baseline.figures["counting.py"]
    for name, work in of_phones().items():
        metric = f"Calls and instructions: {name}, calls"
        assert calls_of(work) <= before[metric].value * (1 + TOLERANCES["calls"]), name
