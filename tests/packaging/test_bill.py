"""The bill of materials: what a plain install and the extras bring, in the versions of the lock, with their licences.

It was valid by the schema of CycloneDX 1.5, in strict mode, when this was written; what that rests on is held here.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

import sbom
from sbom import bill, licence_of, locked, needed

pytest.importorskip("mcp", reason="the bill is of a set-up with every extra")

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT, LOCK = ((ROOT / name).read_text(encoding="utf-8") for name in ("pyproject.toml", "constraints.txt"))


def test_it_is_what_the_lock_says_of_what_we_need_and_the_same_each_time() -> None:
    found = bill(PYPROJECT, LOCK, "1.2.3")
    assert (found["bomFormat"], found["specVersion"], found["version"]) == ("CycloneDX", "1.5", 1)
    assert found == bill(PYPROJECT, LOCK, "1.2.3")
    assert found["serialNumber"] != bill(PYPROJECT, LOCK, "1.2.4")["serialNumber"]
    versions = {one["name"]: one["version"] for one in found["components"]}
    assert versions.items() <= locked(LOCK).items()
    assert {"numpy", "pydantic-core", "llvmlite", "psycopg-binary", "sqlalchemy"} <= versions.keys()
    assert not {"ruff", "mypy", "duckdb", "miexchange"} & versions.keys(), "what only serves to change it"
    references = [found["metadata"]["component"]["bom-ref"], *(one["bom-ref"] for one in found["components"])]
    assert len(set(references)) == len(references)
    assert sorted(references) == sorted(one["ref"] for one in found["dependencies"])
    assert all({*one["dependsOn"]} <= {*references} for one in found["dependencies"])
    assert found["metadata"]["component"]["licenses"] == [{"expression": "MIT AND CC-BY-SA-3.0"}]
    json.dumps(found)


def test_every_package_states_a_licence() -> None:
    graph = needed(tomllib.loads(PYPROJECT)["project"], locked(LOCK))
    assert [name for name in graph.keys() - {"miexchange"} if licence_of(name) == sbom.UNKNOWN] == []


@pytest.mark.parametrize(
    ("told", "licence"),
    [
        ("License-Expression: MIT\nLicense: x", "MIT"),
        ("License: BSD", "BSD"),
        ("License: " + "long " * 20 + "\nClassifier: License :: OSI Approved :: ISC", "ISC"),
        ("Name: x", sbom.UNKNOWN),
    ],
)
def test_a_licence_is_what_the_package_states(told: str, licence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from email import message_from_string  # noqa: PLC0415 - only here

    monkeypatch.setattr("sbom.metadata.metadata", lambda _: message_from_string(told))
    assert licence_of("x") == licence
