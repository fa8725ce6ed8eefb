"""Where a programme is whose prices may be changed: in a directory of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miexchange import _data
from miexchange._text import path_of
from miexchange.errors import out_of_range, wrong_type
from miexchange.programme._load import directory_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["own", "own_directory"]


def own_directory(directory: object) -> Path:
    """Return the directory of a programme.

    Raises:
        InvalidValue: it is no path, or the programme ships with the package.
        ProgrammeNotFoundError: no programme is there.
    """
    if path_of(directory) is None:
        raise wrong_type("directory", directory, "give the path of a programme's directory")
    return own(directory_of(directory))


def own(place: Path) -> Path:
    """Return a path that does not belong to the package.

    Raises:
        InvalidValue: it does.
    """
    if place.resolve().is_relative_to(_data.folder().resolve()):
        rule = "give a directory of your own: Programme.load(id).save(directory) makes one"
        raise out_of_range("directory", f"{place}", rule, "ships with the package")
    return place
