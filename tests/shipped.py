"""The shipped programmes, each read once in a process: they cannot be changed, so all tests may look at one."""

from __future__ import annotations

from functools import cache

from miexchange import Programme

__all__ = ["shipped_programme"]


@cache
def shipped_programme(name: str) -> Programme:
    """Return the shipped programme of that name."""
    return Programme.load(name)
