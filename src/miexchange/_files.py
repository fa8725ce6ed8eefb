"""Reads untrusted files: never more bytes than allowed, with faults reported as problems."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

from miexchange._limits import TABLE_BYTES

if TYPE_CHECKING:
    from pathlib import Path

    from miexchange._problems import Problems

__all__ = ["read_bytes", "read_text", "too_large"]


def read_bytes(path: Path, most: int) -> bytes:
    """Return the content of a file; of one that is too large, one byte more than allowed.

    A pipe without a writer is empty: reading never blocks.
    """
    with io.BufferedReader(io.FileIO(path, opener=_at_once if _NO_WAIT else None)) as opened:
        return opened.read(most + 1)


def _at_once(path: str, flags: int) -> int:
    number = os.open(path, flags | _NO_WAIT)
    os.set_blocking(number, True)  # for data that the pipe's writer is about to send
    return number


_NO_WAIT = 0 if sys.platform == "win32" else os.O_NONBLOCK  # Windows has no named pipes in folders


def too_large(most: int) -> tuple[str, str]:
    """Return the fault of a file that is too large, and the remedy."""
    return f"has more than {most:,} bytes", "Split it, or take out what is not needed"


def read_text(path: Path, file: str, problems: Problems, most: int = TABLE_BYTES) -> str | None:
    """Return the text of a file, or None after recording a problem.

    Args:
        path: the file.
        file: its name in a problem.
        problems: the list to which faults are added.
        most: the most bytes.
    """
    data = b""
    try:
        data = read_bytes(path, most)
        if len(data) > most:
            problems.add(file, None, "", *too_large(most))
            return None
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        is_excel = data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0"))
        remedy = "It looks like an Excel file: save the sheet as CSV in UTF-8" if is_excel else "Save the file as UTF-8"
        problems.add(file, line, "", f"is not UTF-8 text: byte 0x{data[error.start]:02x}", remedy)
    except FileNotFoundError:
        problems.add(file, None, "", "does not exist", "Check the path, or add the file")
    except IsADirectoryError:
        problems.add(file, None, "", "is a directory", "Name one file in it")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        problems.add(file, None, "", f"cannot be read: {error}", "Check the path and who may read it")
    return None
