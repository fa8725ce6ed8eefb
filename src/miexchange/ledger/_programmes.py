"""The programmes by which quotes were accepted, each stored once, under its digest.

A row is a programme's JSON form, compressed. It is verified when it is read: the programme must have the digest under
which it is stored.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from miexchange._limits import JSON_BYTES
from miexchange._text import text_of
from miexchange._value import require
from miexchange.errors import InvalidValue
from miexchange.ledger import _sql as sql
from miexchange.ledger._engine import READ, translated
from miexchange.ledger._errors import NEWER, UnreadableError, is_newer
from miexchange.programme import Programme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

__all__ = ["KeptProgrammes", "unpacked"]

_MOST = 16
"""The number of programmes that are cached in memory."""


class KeptProgrammes(Mapping[str, Programme]):
    """The programmes of a ledger, by digest; each is read when it is first asked for."""

    def __init__(self, reader: Engine) -> None:
        """Take a reading engine: see `miexchange.ledger._engine.reading`."""
        self._reader = reader
        self._known: dict[str, Programme] = {}
        self._kept: set[str] = set()

    def __getitem__(self, digest: str) -> Programme:
        """Return the programme of a digest.

        Raises:
            KeyError: the ledger does not have it.
            UnreadableError: its row is damaged.
        """
        if (found := self.find(digest)) is None:
            raise KeyError(digest)
        return found

    def __iter__(self) -> Iterator[str]:
        """Iterate over the digests, sorted."""
        with translated(READ), self._reader.connect() as connection:
            return iter(connection.scalars(sql.DIGESTS).all())

    def __len__(self) -> int:
        """Return the number of programmes."""
        return len(list(iter(self)))

    def find(self, digest: str, connection: Connection | None = None) -> Programme | None:
        """Return the programme of a digest, or None.

        Args:
            digest: the digest.
            connection: the connection to read with, if the caller holds one: a pool may have no other.

        Raises:
            UnreadableError: its row is damaged.
        """
        name = text_of(digest)
        if name is None or not name.isalnum() or not name.isascii():
            return None
        if (known := self._known.get(name)) is not None:
            return known
        if connection is None:
            with translated(READ), self._reader.connect() as own:
                body = own.scalar(sql.PROGRAMME, {"digest": name})
        else:
            body = connection.scalar(sql.PROGRAMME, {"digest": name})
        if body is None:
            return None
        programme = unpacked(name, body)
        self._remember(name, programme)
        return programme

    def keep(self, programme: Programme, code: str, connection: Connection) -> dict[str, object] | None:
        """Store a programme in the caller's transaction, unless it is stored already.

        Args:
            programme: the programme.
            code: the exchange that it comes with.
            connection: the transaction's.

        Returns:
            Its row; None if it was stored before.

        Raises:
            InvalidValue: the programme is too large for a ledger, or cannot be read back.
        """
        digest = programme.digest
        if digest in self._kept or connection.scalar(sql.IS_KEPT, {"digest": digest}):
            return None
        text = programme.to_json().encode()
        rule = f"give one of at most {JSON_BYTES:,} bytes as JSON"
        require(len(text) <= JSON_BYTES, "programme", programme, rule, f"has {len(text):,} bytes as JSON")
        Programme.from_json(text)
        row: dict[str, object] = {"digest": digest, "code": code, "body": zlib.compress(text)}
        connection.execute(sql.KEEP, row)  # if another transaction stores it first, the primary key refuses this one
        return row

    def note(self, programme: Programme) -> None:
        """Cache a programme whose transaction was committed."""
        self._kept.add(programme.digest)
        self._remember(programme.digest, programme)

    def _remember(self, digest: str, programme: Programme) -> None:
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[digest] = programme


def unpacked(digest: str, body: object) -> Programme:
    """Return the programme of a row.

    Raises:
        UnreadableError: it holds another programme, or none.
    """
    inflate = zlib.decompressobj()
    what = f"The programme {digest[:12]} that the ledger keeps was damaged"
    try:
        text = inflate.decompress(body, JSON_BYTES)  # type: ignore[arg-type]  # SQLite keeps a value of any type
        if inflate.eof and not inflate.unused_data and (programme := Programme.from_json(text)).is_known_as(digest):
            return programme
    except InvalidValue as error:
        if is_newer(error):
            raise UnreadableError(f"The programme {digest[:12]} cannot be read: {error}", NEWER) from error
    except (TypeError, zlib.error):
        pass
    raise UnreadableError(what, "Restore the table programmes from a backup, or give the programme itself")
