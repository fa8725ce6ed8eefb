"""Creates our files with the right permissions, and never follows somebody else's link."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

from miexchange._text import printable
from miexchange.errors import InvalidValue, out_of_range

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["create", "open_ours", "place"]

_PRIVATE, _SHARED = 0o600, 0o666  # for its owner only; otherwise as the umask allows
# Windows has none of the flags of the others.
_NO_LINK: int = os.O_BINARY if sys.platform == "win32" else os.O_NOFOLLOW | os.O_NONBLOCK  # type: ignore[attr-defined]


def create(path: Path, field: str, *, is_private: bool = False) -> BinaryIO:
    """Open a new file for writing, replacing a regular file of that name.

    A link, a pipe or a device of that name may be a trap: it is neither followed nor removed. A regular
    file is replaced, not overwritten, so that another name of it (a hard link) keeps its content.

    Args:
        path: its name.
        field: the argument that contained the path, for the error.
        is_private: whether only its owner may read it, whatever the umask.

    Raises:
        InvalidValue: something other than a regular file has that name.
        OSError: it cannot be created.
    """
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise _no_file(path, field)
        path.unlink()
    except FileNotFoundError:
        pass
    mode = _PRIVATE if is_private else _SHARED
    try:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, mode), "wb")
    except FileExistsError:  # created by another process since
        raise _no_file(path, field) from None


def place(unfinished: Path, path: Path) -> None:
    """Flush a file to the disk, then rename it.

    Raises:
        OSError: that fails.
    """
    _sync(unfinished, os.O_RDWR | _NO_LINK)
    unfinished.replace(path)
    with suppress(OSError):  # Windows cannot open folders
        _sync(path.parent, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    number = os.open(path, flags)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def open_ours(path: Path, field: str) -> BinaryIO:
    """Open a regular file for reading; a link is not followed, and opening never blocks.

    Args:
        path: its name.
        field: the argument that contained the path, for the error.

    Raises:
        InvalidValue: it is a link, a directory, a pipe or a device.
        OSError: it cannot be read.
    """
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise _no_file(path, field)
    return os.fdopen(os.open(path, os.O_RDONLY | _NO_LINK), "rb")


def _no_file(path: Path, field: str) -> InvalidValue:
    what = f"leads to {printable(path.name)}, which is a link, a folder, a pipe or a device"
    return out_of_range(field, f"{path.parent}", "remove it, or give another path", what)
