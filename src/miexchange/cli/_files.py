"""The one reader of what a FILE argument names: a file, a pipe, or ``-``, which is standard input.

Standard input can be read once. Where a file is wanted and not its bytes, it is first written to a folder of its own,
which nobody else may look into and which is removed at the end: a table need not fit into memory, and Parquet is read
from its end.
"""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from miexchange._limits import JSON_BYTES, TABLE_BYTES
from miexchange.cli._wrong import Wrong, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["FORMAT_HELP", "STDIN", "FormatOption", "at_hand", "is_stdin", "read_bytes", "without_folders"]

STDIN = Path("-")
"""The name of standard input."""

FORMAT_HELP = "The format of the file, if its suffix does not tell, as for standard input (-)"
FormatOption = Annotated[str | None, typer.Option("--format", metavar="NAME", help=f"{FORMAT_HELP}.")]

_AT_ONCE = 1 << 20  # bytes
_PREFIX = "miexchange-stdin-"
_FOLDER = re.compile(rf"[^\s'\"]*{_PREFIX}[^/\\\s'\"]*[/\\]")


def is_stdin(file: Path | None) -> bool:
    """Tell whether a FILE argument names standard input."""
    return file == STDIN


def without_folders(text: str) -> str:
    """Return a sentence in which what came by standard input has no folder: it is nobody's file.

    >>> without_folders("'/tmp/miexchange-stdin-x1/standard-input.csv' is empty")
    "'standard-input.csv' is empty"
    """
    return _FOLDER.sub("", text)


def _stdin(option: str) -> BinaryIO:
    stream = sys.stdin
    if stream is None:
        raise Wrong(f"{option} is standard input (-), which is closed: give the path of a file")
    if stream.closed:
        raise Wrong(f"{option} is standard input (-), which was read already: name a file for all but one of them")
    return stream.buffer


def read_bytes(file: Path, option: str) -> bytes:
    """Return the bytes of a file that fits into memory.

    Args:
        file: the file.
        option: which option names it, for the sentence.

    Raises:
        Wrong: there is none, it cannot be read, or it is larger than anything that is given so.
    """
    name = f"{option} {quoted(file)}"
    try:
        if is_stdin(file):
            data = _stdin(option).read(JSON_BYTES + 1)
            sys.stdin.close()
            large = len(data) > JSON_BYTES
        elif file.is_fifo() or file.is_char_device():  # which need not end
            with file.open("rb") as stream:
                data = stream.read(JSON_BYTES + 1)
            large = len(data) > JSON_BYTES
        else:
            large = file.is_file() and file.stat().st_size > JSON_BYTES
            data = b"" if large else file.read_bytes()
    except FileNotFoundError:
        raise Wrong(f"{name}: there is no such file; check the path") from None
    except IsADirectoryError:
        raise Wrong(f"{name} is a directory: name a file in it") from None
    except OSError as error:
        raise Wrong(f"{name} cannot be read: {error.strerror}") from None
    if large:
        raise Wrong(f"{name} is larger than {JSON_BYTES:,} bytes: name another file")
    return data


@contextmanager
def at_hand(
    file: Path, option: str, kinds: Sequence[str], told: str | None = None, *, most: int | None = TABLE_BYTES
) -> Iterator[Path]:
    """Yield the path of a file whose name ends in what it is.

    Args:
        file: the path.
        option: the option or argument that names it, for a sentence.
        kinds: the possible formats, by the suffixes of file names without the point. A single one need not be given.
        told: the value of ``--format``.
        most: the most bytes to read from an endless input; None for a file of any length.

    Raises:
        Wrong: the format is none of these, or neither given nor in the name; or there are too many bytes.
    """
    if told is not None and told not in kinds:
        raise Wrong(f"--format {quoted(told)} is not known: give {' or '.join(kinds)}")
    kind = told or (kinds[0] if len(kinds) == 1 else None)
    if not is_stdin(file) and told is None:
        yield file
        return
    if kind is None:
        choices = " or ".join(f"--format {one}" for one in kinds)
        raise Wrong(f"{option} is standard input (-), whose format no name tells: add {choices}")
    with TemporaryDirectory(prefix=_PREFIX) as folder:
        name = "standard-input" if is_stdin(file) else file.name
        path = Path(folder, name if name.endswith(f".{kind}") else f"{name}.{kind}")
        if is_stdin(file):
            with path.open("wb") as copy:
                _copy(_stdin(option), copy, option, most)
            sys.stdin.close()
        elif file.is_file():
            path.symlink_to(file.resolve())
        else:
            _copied(file, option, path, most)
        yield path


def _copied(file: Path, option: str, path: Path, most: int | None) -> None:
    """Copy what is no regular file, such as a pipe of the shell's."""
    try:
        with file.open("rb") as stream, path.open("wb") as copy:
            _copy(stream, copy, option, most)
    except OSError as error:
        raise Wrong(f"{option} {quoted(file)} cannot be read: {error.strerror}") from None


def _copy(stream: BinaryIO, copy: BinaryIO, option: str, most: int | None) -> None:
    """Copy bytes until they end, or are too many: a pipe need not end, and would fill the disk."""
    size = 0
    while data := stream.read(_AT_ONCE):
        size += len(data)
        if most is not None and size > most:
            raise Wrong(f"{option} is larger than {most:,} bytes: give less of it")
        copy.write(data)
