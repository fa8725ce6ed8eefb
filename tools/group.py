"""Print the requirements of a dependency group of pyproject.toml: pip knows `--group` from 25.1 on only.

python tools/group.py dev
"""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path

__all__ = ["requirements"]

ROOT = Path(__file__).resolve().parents[1]


def requirements(pyproject: str, group: str) -> list[str]:
    r"""Return the requirements of a group, each a text: a group that includes another is not read.

    >>> requirements('[dependency-groups]\ndev = ["a>=1.2"]', "dev")
    ['a>=1.2']
    """
    found: list[str] = tomllib.loads(pyproject)["dependency-groups"][group]
    assert all(isinstance(one, str) for one in found), "write each requirement out"  # noqa: S101 - a tool of ours
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Print the requirements of a dependency group of pyproject.toml.")
    parser.add_argument("group")
    print("\n".join(requirements((ROOT / "pyproject.toml").read_text(encoding="utf-8"), parser.parse_args().group)))
