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
    before = os.umask(0o027)
    try:
        for is_private, mode in ((True, 0o600), (False, 0o640)):
            with create(tmp_path / "new", "target", is_private=is_private) as stream:
                stream.write(b"x")
            assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == mode
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
