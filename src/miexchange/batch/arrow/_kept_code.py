"""A cache of machine code in the user's cache folder: numba takes seconds to compile it.

The name of an entry is a hash of everything that it was compiled from: the bytecode of the function and of each
function that it calls, every constant that they name, the types of the arguments, the processor, and the versions of
Python and numba. A change of any of these gives another name, so that an entry is never out of date. (numba's own
``cache=True`` looks at one source file only, and misses changes in inlined functions of other files.)

Loading machine code runs it. So the folder must belong to the user, nobody else may write to it, and files are opened
relative to its descriptor; a checksum detects incomplete files. If anything fails, nothing is stored or loaded, and
the function is compiled.
"""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import platform
import stat
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import llvmlite
import numba
import numpy as np
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps
from numba.core.sigutils import normalize_signature

from miexchange.batch.arrow._compiled import names_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["LOG", "KeptCode"]

LOG = logging.getLogger("miexchange.batch")
"""Says which loop is being compiled, because that takes seconds."""

_CHECKSUM = 32  # bytes, at the beginning of a file
_MOST = 128  # files; if there are more, the older half is removed


class KeptCode(NullCache):
    """The cache of one function: numba asks it before compiling, and stores the result afterwards."""

    def __init__(self, function: Callable[..., Any]) -> None:
        """Take the Python function."""
        self._function = function

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the machine code for a signature, or None."""
        with suppress(Exception):
            types, _ = normalize_signature(sig)
            target_context.refresh()
            with _folder() as folder:
                kept = _read(folder, self._name(types, target_context.codegen()))
            found = CompileResult._rebuild(target_context, *pickle.loads(kept))  # noqa: S301, SLF001 - see above; numba's
            if found.signature.args == types:
                return found
        LOG.info("compiling %s for this processor", self._function.__name__)
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Store the machine code for a signature."""
        with suppress(Exception):
            if not data.lifted and not data.library.has_dynamic_globals:
                types, _ = normalize_signature(sig)
                with _folder() as folder:
                    _write(folder, self._name(types, data.codegen), dumps(data._reduce()))  # noqa: SLF001 - numba's

    def _name(self, types: Any, codegen: Any) -> str:
        """Return the name of an entry: a hash of everything that it is compiled from."""
        made_by = sys.version, platform.machine(), numba.__version__, llvmlite.__version__, np.__version__
        settings = sorted(item for item in os.environ.items() if item[0].startswith("NUMBA_"))
        parts = [made_by, settings, codegen.magic_tuple(), [_fields(kind) for kind in types]]
        parts += _sources(self._function, set())
        return hashlib.blake2b(repr(parts).encode(), digest_size=_CHECKSUM).hexdigest()


def _fields(kind: Any) -> Any:
    """Describe a type; the field names of a named tuple are part of it."""
    if hasattr(kind, "instance_class"):
        return f"{kind.instance_class}", kind.fields, [_fields(one) for one in kind.types]
    return f"{kind}"


def _sources(function: Callable[..., Any], seen: set[Any]) -> list[Any]:
    """Return the parts of a function and of all that it calls, each once."""
    seen.add(function)
    code, names = function.__code__, function.__globals__
    if code.co_freevars:
        raise TypeError(function.__qualname__)  # as below
    found = [function.__module__, function.__qualname__, _code(code), repr(function.__defaults__)]
    for name in sorted(set(names_of(code)) & names.keys()):
        value = names[name]
        if isinstance(value, numba.core.dispatcher.Dispatcher):
            found += [name, repr(sorted(value.targetoptions.items()))]
            found += [] if value.py_func in seen else _sources(value.py_func, seen)
        elif isinstance(value, np.ndarray):
            found += [name, value.dtype.str, value.shape, value.tobytes()]
        elif isinstance(value, int | np.generic):
            found += [name, repr(value)]
        elif value is np:
            found += [name]
        else:
            raise TypeError(name)  # its value in another process is unknown
    return found


def _code(code: CodeType) -> list[Any]:
    constants = [_code(one) if isinstance(one, CodeType) else repr(one) for one in code.co_consts]
    return [code.co_code, code.co_names, code.co_varnames, code.co_flags, constants]


@contextmanager
def _folder() -> Iterator[int]:
    """Open the folder; create it if missing."""
    if sys.platform == "win32":
        raise OSError  # has no folders to open
    beside = Path(os.environ.get("XDG_CACHE_HOME", ""))
    path = (beside if beside.is_absolute() else Path.home() / ".cache") / "miexchange" / "machine-code"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        _check(folder)
        yield folder
    finally:
        os.close(folder)


def _check(number: int) -> None:
    """Refuse a file that belongs to somebody else, or that others may write."""
    found = os.fstat(number)
    if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError


def _read(folder: int, name: str) -> bytes:
    number = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    with os.fdopen(number, "rb") as stream:
        _check(number)
        content = stream.read()
    kept = content[_CHECKSUM:]
    if _checksum(kept) != content[:_CHECKSUM]:
        raise ValueError(name)
    return kept


def _write(folder: int, name: str, kept: bytes) -> None:
    """Write a file atomically, even if other processes write the same one."""
    unfinished = f"{uuid4().hex}.unfinished"
    number = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)
    try:
        with os.fdopen(number, "wb") as stream:
            stream.write(_checksum(kept) + kept)
        os.replace(unfinished, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(unfinished, dir_fd=folder)
        raise
    names = os.listdir(folder)
    if len(names) > _MOST:
        names.sort(key=lambda name: os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime)
        for old in names[: _MOST // 2]:
            os.unlink(old, dir_fd=folder)


def _checksum(kept: bytes) -> bytes:
    return hashlib.blake2b(kept, digest_size=_CHECKSUM).digest()
