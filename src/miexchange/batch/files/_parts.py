"""The finished parts of a long run, kept beside its target until the target is complete.

A part holds the very bytes that it adds to each output. It is written under a temporary name, flushed to the disk and
then renamed, so that a part with its final name is complete, whenever the machine stops. The manifest records the
source and the settings of the run; parts of another run are never mixed in. Every part ends in a checksum of its
bytes, its number and the manifest, which is verified before the part is used. Only the owner may read the folder and
its files, because parts contain data of the source.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any, Self

from miexchange._new_file import create, open_ours, place
from miexchange._value import canonical
from miexchange.batch.files._parquet_groups import Group
from miexchange.batch.files._summaries import Summary
from miexchange.batch.files._thrift import BINARY, I64, LIST, read_struct, write_struct
from miexchange.errors import InvalidValue, out_of_range, shown

if sys.platform != "win32":  # Windows: two runs are not kept apart
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

__all__ = ["Parts"]

_MANIFEST, _PLACED, _UNFINISHED = "manifest.json", "placed.json", ".unfinished"
_LAST = ["", _MANIFEST, _PLACED]  # the order in which the folder is emptied; other files go first
_OURS = re.compile(r"(?:\d{6,}\.part|manifest\.json|placed\.json)(?:\.unfinished)?", re.ASCII)
_SUMMARY, _LENGTHS = 1, 2  # the fields of what stands before the pieces of a part
_DIGEST = 32  # the bytes of a checksum
_FINISH = "Finish that run as it was begun, or throw its parts away with restart=True"


class Parts:
    """The parts of one run; a context manager that locks out other runs.

    Attributes:
        done: the number of finished parts.
    """

    def __init__(self, folder: Path, manifest: Mapping[str, Any], *, restart: bool = False) -> None:
        """Look for parts of an earlier run.

        Args:
            folder: the folder of the parts; it is created if missing.
            manifest: the source and the settings of the run, as plain JSON data.
            restart: whether existing parts are discarded.

        Raises:
            InvalidValue: the folder has parts of another run, or other files, or another run is using it.
        """
        self._folder = folder
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        self._lock = _locked(folder)
        self._key = hashlib.blake2b(canonical(manifest).encode()).digest()
        try:
            if restart:
                self._remove()
            self._check(json.loads(canonical(manifest)))
        except BaseException:
            self._unlock()
            raise
        self.done = 0
        while _is_there(self._path(self.done)):
            self.done += 1

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:06d}.part"

    def _check(self, wanted: dict[str, Any]) -> None:
        """Compare with the existing manifest, or write this one."""
        manifest = self._folder / _MANIFEST
        if _is_there(manifest):
            there = self._json(manifest)
            if not isinstance(there, dict):
                raise self._damaged(manifest)
            differing = [name for name in {**wanted, **there} if there.get(name) != wanted.get(name)]
            if not differing:
                return
            if _is_there(self._path(0)):
                named = ", another ".join(
                    f"{name} ({_short(there, name)}, not {_short(wanted, name)})" for name in differing
                )
                which = f"holds the beginning of a run with another {named}"
                raise out_of_range("target", f"{self._folder}", _FINISH, which=which)
            (self._folder / _PLACED).unlink(missing_ok=True)  # another run may have written it first
            _write(manifest, canonical(wanted).encode())
        elif any(not _OURS.fullmatch(path.name) for path in self._folder.iterdir()):
            raise _not_ours(self._folder, "holds something else than parts")
        else:
            _write(manifest, canonical(wanted).encode())

    def __enter__(self) -> Self:
        """Enter the context."""
        return self

    def __exit__(self, *_: object) -> None:
        """Release the lock; remove the folder if no part was finished."""
        if not self.done and self._folder.exists():
            self.clear()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:  # pragma: no branch - as `_locked`
            os.close(self._lock)

    def read(self, number: int) -> tuple[list[Group], Summary]:
        """Return a part: its piece of each output, and its summary.

        Raises:
            InvalidValue: it was changed since it was written.
        """
        path = self._path(number)
        data = self._bytes(path)
        body = data[:-_DIGEST]
        if data[-_DIGEST:] != self._checksum(number, body):
            raise self._damaged(path)
        told, position = read_struct(body, 0)
        pieces = []
        for length in told[_LENGTHS][1][1]:
            pieces.append(body[position : position + length])
            position += length
        return list(map(Group, pieces[::2], pieces[1::2])), Summary.from_json(told[_SUMMARY][1])

    def _checksum(self, number: int, body: Any) -> bytes:
        return hashlib.blake2b(body, digest_size=_DIGEST, key=self._key, salt=number.to_bytes(16)).digest()

    def _bytes(self, path: Path) -> bytes:
        with open_ours(path, "target") as stream:
            return stream.read()

    def _json(self, path: Path) -> Any:
        data = self._bytes(path)
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            raise self._damaged(path) from None

    def _damaged(self, path: Path) -> InvalidValue:
        rule = "throw the parts away with restart=True"
        which = f"has the damaged part {path.name}: it is not as it was written"
        return out_of_range("target", f"{self._folder}", rule, which=which)

    def add(self, pieces: Sequence[Group], summary: Summary) -> None:
        """Store the next part durably."""
        content = [data for piece in pieces for data in piece]
        lengths = I64, [len(data) for data in content]
        told = {_SUMMARY: (BINARY, summary.to_json().encode()), _LENGTHS: (LIST, lengths)}
        body = b"".join([write_struct(told), *content])
        _write(self._path(self.done), body, self._checksum(self.done, body))
        self.done += 1

    def placing(self, files: Sequence[Path], summary: Summary) -> None:
        """Record which files are about to be renamed, and the summary of the whole run."""
        note = self._note([_identity(file) for file in files], summary.to_json())
        _write(self._folder / _PLACED, canonical(note).encode())

    def placed(self, files: Iterable[Path]) -> Summary | None:
        """Return the summary of the run, if these are the files that it has renamed.

        The parts are not needed: a run may have been stopped while it removed them.
        """
        note = self._folder / _PLACED
        if not _is_there(note):
            return None
        known = self._json(note)
        if not isinstance(known, dict) or known != self._note(known.get("files"), known.get("summary")):
            raise self._damaged(note)
        if not all(file.exists() and _identity(file) in known["files"] for file in files):
            return None
        return Summary.from_json(known["summary"])

    def _note(self, files: Any, summary: Any) -> dict[str, Any]:
        told = {"files": files, "summary": summary}
        checksum = hashlib.blake2b(canonical(told).encode(), digest_size=_DIGEST, key=self._key).hexdigest()
        return {**told, "checksum": checksum}

    def clear(self) -> None:
        """Remove the parts, and the folder unless it contains other files."""
        self._remove()
        with contextlib.suppress(OSError):
            self._folder.rmdir()

    def _remove(self) -> None:
        ours = [path for path in self._folder.iterdir() if _OURS.fullmatch(path.name) and not _is_folder(path)]
        # The first parts go last, so that the rest is always a prefix; then the manifest, which describes them; and
        # finally the note that the run has ended, so that a run that is stopped here can be finished again.
        ours.sort(reverse=True)
        for path in sorted(ours, key=lambda path: _LAST.index(path.name) if path.name in _LAST else 0):
            path.unlink()


def _locked(folder: Path) -> int | None:
    """Lock a folder; the system releases the lock when the process ends."""
    if sys.platform == "win32":  # pragma: no cover - as above
        return None
    try:
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno not in {errno.ENOTDIR, errno.ELOOP}:
            raise
        raise _not_ours(folder, "is no folder") from None
    try:
        _check_owner(number, folder)
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.fchmod(number, 0o700)
    except BlockingIOError:
        os.close(number)
        raise out_of_range("target", f"{folder}", "let it end", which="another run is at work on") from None
    except BaseException:
        os.close(number)
        raise
    return number


def _check_owner(number: int, folder: Path) -> None:
    if os.fstat(number).st_uid != os.geteuid():
        raise _not_ours(folder, "is somebody else's")


def _not_ours(folder: Path, which: str) -> InvalidValue:
    return out_of_range("target", f"{folder}", "remove it: parts are kept there", which=which)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _is_there(path: Path) -> bool:
    """Tell whether a name is taken, even by a dangling link."""
    return os.path.lexists(path)


def _short(manifest: Mapping[str, Any], name: str) -> str:
    found = manifest.get(name)
    return shown(canonical(found) if isinstance(found, dict | list) else found)


def _identity(file: Path) -> list[int]:
    found = file.stat()
    return [found.st_ino, found.st_size]


def _write(path: Path, *data: Any) -> None:
    """Write a file atomically."""
    unfinished = path.with_name(path.name + _UNFINISHED)
    with create(unfinished, "target", is_private=True) as stream:
        for piece in data:
            stream.write(piece)
    place(unfinished, path)
