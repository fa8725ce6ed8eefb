"""Every row of the data that says whose number an IMEI is."""

from __future__ import annotations

import csv
import re

import pytest

from miexchange import _data
from miexchange.imei import Imei


def rows(name: str) -> list[dict[str, str]]:
    with (_data.folder() / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


BODIES = rows("reporting_bodies.csv")
PLACEHOLDERS = rows("placeholder_imeis.csv")


@pytest.mark.parametrize("row", BODIES, ids=lambda row: row["rbi"])
def test_a_reporting_body_is_complete_and_found(row: dict[str, str]) -> None:
    assert re.fullmatch("[0-9]{2}", row["rbi"])
    assert row["status"] in {"allocating", "reserved", "test", "historic"}
    assert all(cell == cell.strip() != "" for cell in row.values())
    imei = Imei.from_body(row["rbi"] + "1" * 12)
    assert imei.reporting_body is not None
    assert imei.reporting_body.to_dict() == row
    assert imei.is_test == (row["status"] == "test")


def test_the_reporting_bodies_as_a_whole() -> None:
    identifiers = [row["rbi"] for row in BODIES]
    assert identifiers == sorted(set(identifiers))
    by_status = {row["rbi"]: row["status"] for row in BODIES}
    # GSMA TS.06 v25.0, appendix A: 00 and 02 to 09 are for test numbers, 01 is not.
    assert {rbi for rbi, status in by_status.items() if status == "test"} == {"00"} | {f"0{n}" for n in range(2, 10)}
    assert {rbi for rbi, status in by_status.items() if status == "allocating"} == {"01", "35", "86", "99"}
    assert {rbi for rbi, status in by_status.items() if status == "reserved"} == {"98"}


@pytest.mark.parametrize("row", PLACEHOLDERS, ids=lambda row: row["body"])
def test_a_placeholder_is_complete_and_found(row: dict[str, str]) -> None:
    assert re.fullmatch("[0-9]{14}", row["body"])
    assert all(cell == cell.strip() != "" for cell in row.values())
    assert Imei.from_body(row["body"]).is_placeholder


def test_the_placeholders_as_a_whole() -> None:
    bodies = [row["body"] for row in PLACEHOLDERS]
    assert len(bodies) == len(set(bodies))
    assert "0" * 14 in bodies
