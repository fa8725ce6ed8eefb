"""New files of ours, and texts that no spreadsheet runs."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from miexchange import InvalidValue
from miexchange._new_file import create, open_ours
from miexchange._text import for_spreadsheet

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(sys.platform == "win32", reason="modes are Unix things")
def test_a_new_file_has_the_mode_that_is_asked_for(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        for umask, is_private, mode in (
            (0, True, 0o600),
            (0, False, 0o666),
            (0o027, True, 0o600),
            (0o027, False, 0o640),
        ):
            os.umask(umask)
            with create(tmp_path / "new", "target", is_private=is_private) as stream:
                stream.write(b"x")
            assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == mode
        os.umask(0)
        create(tmp_path / "new", "target").close()
        assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o666, "shared by default"
    finally:
        os.umask(before)


def test_a_folder_is_neither_written_nor_read(tmp_path: Path) -> None:
    for verb in (create, open_ours):
        with pytest.raises(InvalidValue, match="which is a link, a folder, a pipe or a device: remove it"):
            verb(tmp_path, "target")


def test_a_file_that_somebody_makes_meanwhile_is_not_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "new"
    path.write_bytes(b"mine")
    monkeypatch.setattr(type(path), "unlink", lambda _: None)
    with pytest.raises(InvalidValue, match="which is a link, a folder, a pipe or a device: remove it"):
        create(path, "target")
    assert path.read_bytes() == b"mine"


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes are Unix things")
def test_what_somebody_puts_in_place_of_ours_meanwhile_is_neither_followed_nor_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "theirs").write_bytes(b"secret")
    (tmp_path / "link").symlink_to(tmp_path / "theirs")
    os.mkfifo(tmp_path / "pipe")
    regular = (tmp_path / "theirs").stat()
    monkeypatch.setattr(os, "lstat", lambda _: regular)  # it was a file of ours when it was looked at
    with pytest.raises(OSError, match="symbolic link"):
        open_ours(tmp_path / "link", "target")
    writer = os.open(tmp_path / "pipe", os.O_RDWR)
    with open_ours(tmp_path / "pipe", "target") as stream:
        assert not os.get_blocking(stream.fileno())
    os.close(writer)


def test_ours_is_read(tmp_path: Path) -> None:
    (tmp_path / "ours").write_bytes(b"x")
    with open_ours(tmp_path / "ours", "target") as stream:
        assert stream.read() == b"x"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "+1"),
        ("+91 98765", "'+91 98765"),
        ("-1,234.50", "-1,234.50"),
        ("-.5e-3", "-.5e-3"),
        ("12%", "12%"),
        ("-", "'-"),
        ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\uff1d1", "'\uff1d1"),
        ("\u00a0=1", "'\u00a0=1"),
        ("\n=1", "'\n'=1"),
        ("red;=cmd|' /C calc'!A0", "red;'=cmd|' /C calc'!A0"),
        ("a;b; @SUM(1);-5;-x", "a;b;' @SUM(1);-5;'-x"),
        ("a\n+1-1\r\n=2\t\uff1d3", "a\n'+1-1\r\n'=2\t'\uff1d3"),
        ("5;6", "5;6"),
        ("\tx", "'\tx"),
        ("\rx", r"'\rx"),
        ("a\r\nb\tc", "a\r\nb\tc"),
        ("a\rb", r"a\rb"),
        ("\x1b]0;x\x07", r"\x1b]0;x\x07"),
        ("\u202e=1", r"\u202e=1"),
        ("plain - text", "plain - text"),
        ("", ""),
        ("नोट", "नोट"),
    ],
)
def test_a_spreadsheet_runs_no_cell(text: str, expected: str) -> None:
    assert for_spreadsheet(text) == expected
