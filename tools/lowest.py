"""Write constraints-lowest.txt: the lowest version of everything that pyproject.toml allows.

python tools/lowest.py        write it
"""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

__all__ = ["lowest"]

ROOT = Path(__file__).resolve().parents[1]
HEADER = (
    "# The lowest versions that pyproject.toml allows, for `make test-lowest`. Made by tools/lowest.py; do not edit it."
)


def lowest(pyproject: str) -> str:
    r"""Return the constraints that the lower bounds of a pyproject.toml make.

    Raises:
        ValueError: a requirement has no lower bound, or two have different ones.

    >>> print(lowest('[build-system]\nrequires=["a>=1.2"]\n[project]\nname="p"\ndependencies=["b[x]>=3; os"]'))
    # The lowest versions that pyproject.toml allows, for `make test-lowest`. Made by tools/lowest.py; do not edit it.
    a==1.2
    b==3
    <BLANKLINE>
    """
    settings = tomllib.loads(pyproject)
    project = settings["project"]
    extras: dict[str, list[str]] = project.get("optional-dependencies", {})
    groups: dict[str, list[str]] = settings.get("dependency-groups", {})
    bounds: dict[str, str] = {}
    direct = settings["build-system"]["requires"], project["dependencies"], *extras.values(), *groups.values()
    for requirement in chain(*direct):
        name = re.split(r"[\[<>=;\s]", requirement)[0]
        if name == project["name"]:
            continue
        found = re.match(r"[\w.-]+(?:\[[\w,-]+\])?>=([\d.]+)", requirement)
        if found is None or bounds.setdefault(name, found[1]) != found[1]:
            raise ValueError(f"{requirement}: give it one lower bound, the same everywhere")
    return "\n".join([HEADER, *(f"{name}=={bounds[name]}" for name in sorted(bounds)), ""])


if __name__ == "__main__":
    found = lowest((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (ROOT / "constraints-lowest.txt").write_text(found, encoding="utf-8")
