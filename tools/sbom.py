"""Write the bill of materials of the package: what it depends on, with the versions of the lock and the licences.

    python tools/sbom.py [--out dist]

The document is CycloneDX 1.5 in JSON, `miexchange-VERSION.cdx.json`. It holds every package that a plain install or an
extra brings, directly or not, as constraints.txt locks it; what only serves to change this package is not in it. The
licences are those that the installed packages state. They are printed too, a line for each package. The document says
nothing of the day or the machine, so that the same lock gives the same bytes.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from packaging.requirements import Requirement

__all__ = ["bill", "licence_of", "needed"]

ROOT = Path(__file__).resolve().parents[1]
UNKNOWN = "not stated"
_CLASSIFIER = "License :: "
_LONGEST = 60  # characters: what is longer is the text of a licence, not its name


def normal(name: str) -> str:
    """Return a distribution's name as its normal form."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(constraints: str) -> dict[str, str]:
    """Return the versions of a lock, by normal name."""
    lines = (line.split("==") for line in constraints.splitlines() if line and not line.startswith("#"))
    return {normal(name): version for name, version in lines}


def needed(project: dict[str, Any], lock: dict[str, str]) -> dict[str, set[str]]:
    """Return every package that the project or one of its extras needs, with those that it needs itself.

    The first is the project itself. What is not locked is of another platform or another Python.
    """
    found: dict[str, set[str]] = {}
    own = project["dependencies"], *project["optional-dependencies"].values()
    waiting = [(project["name"], [Requirement(text) for texts in own for text in texts])]
    while waiting:
        name, wanted = waiting.pop()
        direct = {normal(one.name) for one in wanted if normal(one.name) != project["name"]}
        found[name] = found.get(name, set()) | {one for one in direct if one in lock}
        for one in wanted:
            package = normal(one.name)
            if package == project["name"] or package not in lock:
                continue
            fresh = package not in found
            parts = _requires(package, one.extras)
            if fresh or {normal(part.name) for part in parts} & lock.keys() - found[package]:
                waiting.append((package, parts))
    return found


def _requires(package: str, extras: set[str]) -> list[Requirement]:
    """Return what an installed package needs here, with some of its extras."""
    requirements = map(Requirement, metadata.requires(package) or ())
    return [
        one
        for one in requirements
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    ]


def licence_of(package: str) -> str:
    """Return the licence that an installed package states: its SPDX expression, its classifiers, or its name."""
    told: Any = metadata.metadata(package)
    classifiers = [
        text.rpartition(" :: ")[2] for text in told.get_all("Classifier", []) if text.startswith(_CLASSIFIER)
    ]
    stated = " ".join((told.get("License") or "").split())
    named = stated if 0 < len(stated) <= _LONGEST else ""
    return told.get("License-Expression") or named or " / ".join(sorted(classifiers)) or UNKNOWN


def bill(pyproject: str, constraints: str, version: str) -> dict[str, Any]:
    """Return the document."""
    project = tomllib.loads(pyproject)["project"]
    lock = locked(constraints)
    graph = needed(project, lock)
    name = project["name"]
    versions = lock | {name: version}
    root = _component(name, version, project["license"], expression=True) | {"type": "library"}
    components = [
        _component(one, lock[one], licence_of(one), expression=False) for one in sorted(graph.keys() - {name})
    ]
    digest = uuid5(NAMESPACE_URL, json.dumps([root, components], sort_keys=True))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{digest}",
        "version": 1,
        "metadata": {"component": root},
        "components": components,
        "dependencies": [
            {"ref": _ref(one, versions[one]), "dependsOn": sorted(_ref(other, versions[other]) for other in graph[one])}
            for one in sorted(graph)
        ],
    }


def _ref(name: str, version: str) -> str:
    return f"pkg:pypi/{name}@{version}"


def _component(name: str, version: str, licence: str, *, expression: bool) -> dict[str, Any]:
    licences = [{"expression": licence}] if expression else [{"license": {"name": licence}}]
    ref = _ref(name, version)
    return {"type": "library", "bom-ref": ref, "name": name, "version": version, "purl": ref, "licenses": licences}


def main() -> None:
    """Write the document, and print the licences."""
    parser = argparse.ArgumentParser(description="Write the bill of materials, and print the licences.")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    out: Path = parser.parse_args().out
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("pyproject.toml", "constraints.txt")]
    version = metadata.version("miexchange")
    document = bill(texts[0], texts[1], version)
    out.mkdir(parents=True, exist_ok=True)
    file = out / f"miexchange-{version}.cdx.json"
    file.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for one in document["components"]:
        print(f"{one['name']:<28} {one['version']:<14} {one['licenses'][0]['license']['name']}")
    print(f"{len(document['components'])} packages: {file}", file=sys.stderr)


if __name__ == "__main__":
    main()
