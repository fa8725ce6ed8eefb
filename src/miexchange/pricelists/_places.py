"""The location of a programme whose prices may be changed: a directory of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miexchange import _data
from miexchange._text import path_of
from miexchange.errors import out_of_range, wrong_type
from miexchange.programme._load import directory_of, load_with

if TYPE_CHECKING:
    from pathlib import Path

    from miexchange.programme import Programme

__all__ = ["own", "own_directory", "programme_of"]


def own_directory(directory: object) -> Path:
    """Return the directory of a programme.

    Raises:
        InvalidValue: it is not a path, or the programme ships with the package.
        ProgrammeNotFoundError: there is no programme.
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


def programme_of(source: str | Path) -> Programme:
    """Load a programme whose listed models may lack their first price, which a list adds.

    `Programme.load` refuses a listed model without a price, and the linter refuses a price of a model that is
    not listed. So a new model is listed first, from the day of the list on, and then priced by it.

    Args:
        source: as for `Programme.load`.

    Raises:
        DataError: there is no programme, or it has another problem.

    >>> programme_of("uk-trade-in").id
    'uk-trade-in'
    """
    return load_with(directory_of(source), None, awaiting=True)[0]
