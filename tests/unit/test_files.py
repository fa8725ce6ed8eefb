"""Files from outside: never more bytes than allowed, never a wait for a writer who is not there."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from miexchange._files import read_bytes, read_text, too_large
from miexchange._limits import TABLE_BYTES
from miexchange._problems import Problems

if TYPE_CHECKING:
    from pathlib import Path

needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are those of POSIX")


def told(path: Path, most: int = TABLE_BYTES) -> tuple[int | None, str, str]:
    """Return the line, the message and the remedy of the one fault of a file."""
    problems = Problems()
    assert read_text(path, "it", problems, most) is None
    (problem,) = problems.found
    assert (problem.file, problem.column) == ("it", "")
    return problem.line, problem.message, problem.remedy


def within_two_seconds(path: Path) -> list[bytes]:
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(read_bytes(path, 9)), daemon=True)
    reader.start()
    reader.join(2)
    return found


def test_no_more_is_read_than_shows_that_it_is_too_much(tmp_path: Path) -> None:
    path = tmp_path / "it"
    path.write_bytes(b"12345")
    assert [read_bytes(path, most) for most in (3, 4, 5, 6)] == [b"1234", b"12345", b"12345", b"12345"]
    assert read_text(path, "it", Problems(), 5) == "12345"
    assert told(path, 4) == (None, "has more than 4 bytes", "Split it, or take out what is not needed")
    assert too_large(4_000)[0] == "has more than 4,000 bytes"


@pytest.mark.parametrize(
    ("content", "line", "byte", "remedy"),
    [
        (b"\xff", 1, "ff", "Save the file as UTF-8"),
        (b"\n\xff", 2, "ff", "Save the file as UTF-8"),
        (b"a\nb\n\xfe\n\n", 3, "fe", "Save the file as UTF-8"),
        (b"PK\x03\x04\n\x80", 2, "80", "It looks like an Excel file: save the sheet as CSV in UTF-8"),
        (b"\xd0\xcf\x11\xe0", 1, "d0", "It looks like an Excel file: save the sheet as CSV in UTF-8"),
    ],
)
def test_what_is_no_utf_8_is_told_with_its_line(
    tmp_path: Path, content: bytes, line: int, byte: str, remedy: str
) -> None:
    path = tmp_path / "it"
    path.write_bytes(content)
    assert told(path) == (line, f"is not UTF-8 text: byte 0x{byte}", remedy)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "it"
    path.write_bytes(b"\xef\xbb\xbfa\r\n\xc3\xa9")
    assert read_text(path, "it", Problems()) == "a\r\né"


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    assert told(tmp_path / "none") == (None, "does not exist", "Check the path, or add the file")
    assert told(tmp_path) == (None, "is a directory", "Name one file in it")
    for strange in (tmp_path / "a\0b", tmp_path / ("x" * 300)):
        line, message, remedy = told(strange)
        assert (line, remedy) == (None, "Check the path and who may read it")
        assert message.startswith("cannot be read: ")


@needs_pipes
def test_a_pipe_without_a_writer_is_empty(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert within_two_seconds(tmp_path / "pipe") == [b""]


@needs_pipes
def test_what_the_writer_of_a_pipe_is_about_to_send_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = os.open(tmp_path / "pipe", os.O_RDWR)

    def send() -> None:
        os.write(writer, b"a,b")
        os.close(writer)

    threading.Timer(0.05, send).start()
    assert within_two_seconds(tmp_path / "pipe") == [b"a,b"]
