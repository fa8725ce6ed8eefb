"""Files of ours: made anew, readable by whom they are meant for, and never somebody else's behind a link."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

from miexchange._text import printable
from miexchange.errors import InvalidValue, out_of_range

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["create", "open_ours", "place"]

_PRIVATE, _SHARED = 0o600, 0o666  # for its owner only; for everybody whom the umask lets
# Flags that Windows has not, and the one that only Windows has.
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def create(path: Path, field: str, *, is_private: bool = False) -> BinaryIO:
    """Open a new file for writing, in place of a regular file that is there.

    A link, a pipe or a device of that name may be somebody else's trap: it is neither followed nor removed. A regular
    file is not written to but replaced, so that another name of it (a hard link) keeps what it has.

    Args:
        path: its name.
        field: which argument the path is from, for the error.
        is_private: whether nobody but its owner may read it, whatever the umask is.

    Raises:
        InvalidValue: something is there that is no regular file.
        OSError: it cannot be made.
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
    except FileExistsError:  # somebody has made one since
        raise _no_file(path, field) from None


def place(unfinished: Path, path: Path) -> None:
    """Bring a file to the disk, then give it its name.

    Raises:
        OSError: it cannot be done.
    """
    _sync(unfinished, os.O_RDWR | _NO_LINK)
    unfinished.replace(path)
    with suppress(OSError):  # Windows opens no folders
        _sync(path.parent, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    """Wait until the disk has a file, or the names in a folder."""
    number = os.open(path, flags)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def open_ours(path: Path, field: str) -> BinaryIO:
    """Open a regular file for reading; a link is not followed, and nothing is waited for.

    Args:
        path: its name.
        field: which argument the path is from, for the error.

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
