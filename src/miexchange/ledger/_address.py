"""The address of a ledger: the path of an SQLite file, or the URL of a database. No password is ever shown."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from miexchange._text import text_of, without_passwords
from miexchange._value import is_text
from miexchange.errors import shown
from miexchange.ledger._errors import LedgerError, UnreachableError

if TYPE_CHECKING:
    from sqlalchemy import URL

__all__ = ["MAKE", "Address", "address_of", "claim"]

MAKE = "or make a new ledger: ledger.open with create=True, or miexchange ledger create"
"""The remedy if there is no ledger at an address."""

_REMEDY = "Give the path of an SQLite file, or a URL such as postgresql://user@host/database"
_ENCODE = "Write @ as %40, / as %2F, : as %3A, ? as %3F and # as %23 in a user's name or a password"
# A libpq connection string, or a URL without its "://": it is not meant as a path, and may hold a password.
_OF_A_SERVER = re.compile(r"^\s*(?:postgres\w*|mysql|sqlite|file):|//.*@|\b(?:host|dbname|user|password|service)\s*=")
_MOST_SHOWN = 58


class Address(NamedTuple):
    """The address of a database.

    Attributes:
        url: the URL; SQLAlchemy shows it without its password.
        file: the SQLite file; None for a server.
        extra: arguments for the driver that SQLAlchemy would show if they were part of the URL.
        schema: the PostgreSQL schema of the tables; None for the role's default.
    """

    url: URL
    file: Path | None
    extra: dict[str, str]
    schema: str | None = None


def address_of(where: Any) -> Address:  # noqa: ANN401 - whatever is given
    """Read a path or a URL.

    Raises:
        LedgerError: it is neither, or ambiguous. The message shows no password.
    """
    try:
        text = text_of(where.__fspath__() if issubclass(type(where), os.PathLike) else where)
    except Exception:  # noqa: BLE001 - a path of anybody's making
        text = None
    if text is None or not is_text(text) or "\x00" in text:
        raise _unreadable()
    if "://" not in text:
        if _OF_A_SERVER.search(text) and not Path(text).exists():
            raise _unreadable()
        return _of_file(text)
    if text.partition("://")[0].partition("+")[0] == "sqlite":
        return _of_file_url(text)
    return _of_server(text)


def _of_file_url(text: str) -> Address:
    scheme, _, rest = text.partition("://")
    if scheme not in {"sqlite", "sqlite+pysqlite"} or "?" in rest or (rest and not rest.startswith("/")):
        what = "The URL of an SQLite file has a host, a driver or a query"
        raise LedgerError(what, "Give the path of the file alone")
    return _of_file(_parsed(text).database or "")


def _of_server(text: str) -> Address:
    rest = text.partition("://")[2]
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    if rest.count("@") > authority.count("@") or authority.count("@") > 1:  # the end of the password is ambiguous
        raise LedgerError("The URL of the ledger cannot be read: there is an @ too many in it", _ENCODE)
    url = _parsed(text)
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise LedgerError(f"A ledger cannot be kept in {shown(url.get_backend_name())}", _REMEDY)
    query = dict(url.query)
    secrets = {name: query.pop(name) for name in ("password", "sslpassword") if name in query}
    once = all(isinstance(value, str) for value in (*query.values(), *secrets.values()))
    if not once or ("password" in secrets and url.password is not None):
        raise LedgerError("The URL of the ledger gives something twice", "Give each part of it once")
    schema = str(query.pop("schema")) if "schema" in query else None
    if schema is not None and not re.fullmatch("[a-z_][a-z0-9_]{0,62}", schema):
        what = f"The schema {shown(schema)} of the ledger's URL is no plain name"
        raise LedgerError(what, "Give 1 to 63 of a-z, 0-9 and _, such as ?schema=trade_in")
    url = url.set(drivername="postgresql+psycopg", query=query)
    return Address(url, None, {name: str(value) for name, value in secrets.items()}, schema)


def _unreadable() -> LedgerError:
    return LedgerError("The URL of the ledger cannot be read", _REMEDY)


def _parsed(text: str) -> URL:
    with contextlib.suppress(
        ArgumentError, TypeError, ValueError
    ):  # its message may show the password, so it is not chained
        return make_url(text)
    raise _unreadable()


def _of_file(path: str) -> Address:
    if path.strip() in {"", ":memory:"}:
        raise LedgerError("A database in memory is lost when the process ends", "Give the path of a file")
    # Absolute, because the process may change its directory before it opens another connection.
    return Address(make_url("sqlite://").set(database=str(Path(path).absolute())), Path(path), {})


def claim(file: Path, *, create: bool) -> None:
    """Refuse a path without a file; with `create`, make an empty file that only its owner can read.

    SQLite gives its log and its journal the mode of the file. An existing file keeps its mode.

    Raises:
        UnreachableError: there is no file or no directory, or the path is not a regular file.
    """
    name = _path_shown(file)
    try:
        mode = file.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        if not file.parent.is_dir():
            what = f"There is no directory {_path_shown(file.parent)}"
            raise UnreachableError(what, "Make it, or give another path", "file") from None
        if not create:
            raise UnreachableError(f"There is no ledger {name}", f"Correct the path; {MAKE}", "file") from None
        _make(file, name)
        return
    except OSError as error:
        what = f"The ledger {name} cannot be reached: {error.strerror}"
        raise UnreachableError(what, "Give another path", "file") from None
    if not stat.S_ISREG(mode):
        what = "a directory" if stat.S_ISDIR(mode) else "no file"
        raise UnreachableError(f"{name} is {what}", "Give the path of a file", "file")


def _path_shown(file: Path) -> str:
    """Return the end of a path, for a message."""
    text = without_passwords(str(file))
    return shown(text if len(text) <= _MOST_SHOWN else f"…{text[1 - _MOST_SHOWN :]}")


def _make(file: Path, name: str) -> None:
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if not file.is_file():  # otherwise another process has just created the same ledger
            what = f"{name} is a link that leads nowhere"
            raise UnreachableError(what, "Give the path of a file", "file") from None
    except OSError as error:
        what = f"The ledger {name} cannot be made: {error.strerror}"
        raise UnreachableError(what, "Give another path", "file") from None
