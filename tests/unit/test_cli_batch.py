"""`miexchange batch`: what it says, what it refuses, and real kills of the real command."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from _devices import devices
from miexchange._value import canonical
from miexchange.batch import appraise_file
from shipped import shipped_programme
from unit.command import IN_PAISE, environment, run

if TYPE_CHECKING:
    from pathlib import Path

    from miexchange import Programme
    from miexchange.batch import Summary

PROGRAMME = ("--programme", "graded-trade-in")


@pytest.fixture(scope="module")
def graded() -> Programme:
    return shipped_programme("graded-trade-in")


def written(path: Path, programme: Programme, rows: int) -> Path:
    table = devices(programme, rows, 3, encoded=path.suffix == ".parquet")
    if path.suffix == ".parquet":
        pq.write_table(table, path, row_group_size=rows // 3)
    else:
        plain = [
            column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column for column in table.columns
        ]
        pacsv.write_csv(pa.table(plain, names=table.column_names), path)
    return path


def in_json(summary: Summary) -> str:
    """Write a summary as the command does."""
    return canonical({**summary.to_dict(), "amounts": IN_PAISE}) + "\n"


# What it says.


def test_the_summary_is_that_of_the_library(tmp_path: Path, graded: Programme) -> None:
    source = written(tmp_path / "in.parquet", graded, 300)
    ran = run("batch", f"{source}", f"{tmp_path / 'out.csv'}", *PROGRAMME, "--json")
    expected = appraise_file(source, tmp_path / "other.csv", graded)
    assert (ran.code, ran.err, ran.out) == (0, "", in_json(expected))
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "other.csv").read_bytes()


def test_a_person_reads_counts_reasons_brands_and_grades(tmp_path: Path, graded: Programme) -> None:
    source = written(tmp_path / "in.csv", graded, 300)
    rejects = tmp_path / "no.csv"
    ran = run("batch", f"{source}", f"{tmp_path / 'out.csv'}", *PROGRAMME, "--rejects", f"{rejects}")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("300 rows, Graded trade-in")
    for words in ("quotes", "indicative", "refused", "coupon value", "Refused for", "price_stale", "OnePlus", "Grade"):
        assert words in ran.out
    refused = re.search(r"refused +(\d+)", ran.out)
    assert refused is not None
    assert len(rejects.read_text(encoding="utf-8").splitlines()) == int(refused[1]) + 1


def test_a_file_of_nothing_but_refusals_is_an_answer(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("model\n", encoding="utf-8")
    ran = run("batch", f"{tmp_path / 'in.csv'}", f"{tmp_path / 'out.csv'}", *PROGRAMME, "--at", "2018-03-20")
    named = ran.err.partition("has no columns ")[2].partition(":")[0].split(", ")
    assert (ran.code, "power" in named, named) == (2, True, sorted(named)), "in one order in every process"
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("in.parquet", "out.csv", "--keep", "modell"), "source has no column 'modell': write model"),
        (("in.parquet", "out.csv", "--keep", "imei"), "personal data"),
        (("in.parquet", "out.csv", "--at", "2018-03-20"), "has a column at"),
        (("in.parquet", "out.csv", "--at", "tomorrow"), "--at 'tomorrow' is no instant"),
        (("in.parquet", "out.csv", "--rows", "0"), "miexchange: --rows is 0: give a whole number of 1 or more\n"),
        (("in.parquet", "out.csv", "--programme", "graded-trade"), "Did you mean graded-trade-in?"),
        (("in.parquet", "out.xlsx"), "give a name that ends in .csv or .parquet"),
        (("in.parquet", "in.parquet"), "which is the source: name another file"),
        (("in.parquet", "there.csv"), "name another file, or overwrite it with --force"),
        (("none.parquet", "out.csv"), "which does not exist"),
        (("in.parquet",), "Missing argument"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    tmp_path: Path, graded: Programme, arguments: tuple[str, ...], words: str
) -> None:
    written(tmp_path / "in.parquet", graded, 3)
    (tmp_path / "there.csv").touch()
    paths = [f"{tmp_path / word}" if word.endswith(("parquet", "csv", "xlsx")) else word for word in arguments]
    ran = run("batch", *paths, *PROGRAMME[: 0 if "--programme" in arguments else 2])
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert words in ran.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.parquet", "there.csv"]


def test_force_reveal_and_keep(tmp_path: Path, graded: Programme) -> None:
    source, target = written(tmp_path / "in.parquet", graded, 3), tmp_path / "out.csv"
    target.touch()
    options = ("--force", "--restart", "--keep", "imei", "--keep", "model", "--reveal-imei", "--threads", "1")
    assert run("batch", f"{source}", f"{target}", *PROGRAMME, *options).code == 0
    assert target.read_text(encoding="utf-8").startswith('"row","imei","model","outcome"')


@pytest.mark.skipif(sys.platform == "win32", reason="a directory that nobody may write to is a Unix thing")
def test_what_cannot_be_written_is_one_sentence(
    tmp_path: Path, graded: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("miexchange.batch.files._parts.os.fsync", full)
    ran = run("batch", f"{written(tmp_path / 'in.parquet', graded, 3)}", f"{tmp_path / 'out.csv'}", *PROGRAMME)
    assert (ran.code, ran.out) == (2, "")
    assert "cannot be read or written: No space left on device" in ran.err


def test_a_bar_is_shown_at_a_terminal_only(tmp_path: Path, graded: Programme) -> None:
    source = written(tmp_path / "in.parquet", graded, 300)
    arguments = ("batch", f"{source}", f"{tmp_path / 'out.csv'}", *PROGRAMME, "--json", "--rows", "100", "--force")
    shown = run(*arguments, typed="", environ={"COLUMNS": "120"})
    assert (shown.code, "300 rows" in shown.err, "rows/s" in shown.err) == (0, True, True)
    assert run(*arguments) == (0, shown.out, "")


# Stopped.


def command(source: Path, target: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "miexchange.cli", "batch", f"{source}", f"{target}", *PROGRAMME, "--json", *options]


def wait_for_parts(process: subprocess.Popen[str], target: Path, count: int) -> None:
    """Wait until so many parts are there, or the command has ended."""
    parts = target.with_name(f"{target.name}.parts")
    while process.poll() is None and len(list(parts.glob("*.part"))) < count:
        time.sleep(0.001)


def started(arguments: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own command
        arguments, env=environment({}), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.mark.sweep
@pytest.mark.parametrize(("kind", "rows"), [("parquet", 200_000), ("csv", 60_000)])
def test_a_run_that_is_killed_again_and_again_ends_as_an_undisturbed_one(
    tmp_path: Path, graded: Programme, kind: str, rows: int
) -> None:
    source = written(tmp_path / f"in.{kind}", graded, rows)
    whole, whole_rejects = tmp_path / f"whole.{kind}", tmp_path / "whole-rejects.csv"
    expected = appraise_file(source, whole, graded, rejects=whole_rejects, rows=rows // 25)
    target, rejects = tmp_path / f"out.{kind}", tmp_path / "rejects.csv"
    arguments = command(source, target, "--rejects", f"{rejects}", "--rows", f"{rows // 25}")
    moment, done, kills = random.Random(kind), 0, 0  # noqa: S311 - any moments will do
    parts = target.with_name(f"{target.name}.parts")
    out = ""
    while not (target.exists() and not parts.exists()):  # a kill after the last thing it does leaves nothing to do
        process = started(arguments)
        if done < 25:
            wait_for_parts(process, target, done + moment.randint(6, 14))
            time.sleep(moment.random() / 50)
            kills += process.poll() is None
            process.kill()
        out, err = process.communicate()
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, err
        done = 25 if target.exists() else len(list(parts.glob("*.part")))
    assert kills
    assert out in {"", in_json(expected)}
    assert target.read_bytes() == whole.read_bytes()
    assert rejects.read_bytes() == whole_rejects.read_bytes()
    left = {source.name, whole.name, whole_rejects.name, target.name, rejects.name}
    assert {path.name for path in tmp_path.iterdir()} == left


@pytest.mark.sweep
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT of a process")
def test_ctrl_c_leaves_no_half_written_output_and_says_how_to_go_on(tmp_path: Path, graded: Programme) -> None:
    source, target = written(tmp_path / "in.parquet", graded, 30_000), tmp_path / "out.parquet"
    arguments = command(source, target, "--rows", "150")  # 200 parts: it is still at work when the signal comes
    process = started(arguments)
    wait_for_parts(process, target, 3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    said = json.loads(err)["error"]["message"]
    assert re.fullmatch(r"Stopped after [\d,]+ rows\. To go on, run the same command again;[^\n]+", said)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.parquet", "out.parquet.parts"]
    finished = subprocess.run(arguments, env=environment({}), check=True, capture_output=True, text=True)  # noqa: S603
    expected = appraise_file(source, tmp_path / "whole.parquet", graded, rows=150)
    assert finished.stdout == in_json(expected)
    assert target.read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert not target.with_name("out.parquet.parts").exists()
