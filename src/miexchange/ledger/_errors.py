"""What a ledger raises: the database could not be used, or is not a ledger of this version. None is a `ValueError`."""

from __future__ import annotations

from typing import Literal

from miexchange._forms import FORM
from miexchange.errors import InvalidValue, MiExchangeError, VersionError

__all__ = [
    "NEWER",
    "BusyError",
    "LedgerError",
    "LedgerVersionError",
    "UnreachableError",
    "UnreadableError",
    "is_newer",
    "unreadable",
]

NEWER = "Use the newer version of miexchange that wrote it"
"""The remedy for one thing that this version does not know; the ledger is sound."""


class LedgerError(MiExchangeError):
    """The database could not do what was asked; nothing is half done. It is not the fault of a service's client.

    Attributes:
        what: what went wrong.
        remedy: what to do about it.
        is_unknown: whether the transition may have happened all the same, because the commit itself failed: the
            connection was lost, or the disk failed. The same call with the same idempotency key finds out, and does
            it if it did not.
    """

    def __init__(self, what: str, remedy: str, *, is_unknown: bool = False) -> None:
        """Compose the sentence."""
        self.what = what
        self.remedy = remedy
        self.is_unknown = is_unknown
        super().__init__(f"{what}. {remedy}.")


Part = Literal["file", "host", "database", "role", "connection"]


class UnreachableError(LedgerError):
    """The database is not reachable: it is not there, does not answer, or does not let this role in.

    Attributes:
        part: what to look at, as far as the driver tells: the ``file`` of SQLite; the ``host`` and port of the server;
            the name of the ``database``; the ``role`` and its password; or the ``connection``, which was lost.
    """

    def __init__(self, what: str, remedy: str, part: Part, *, is_unknown: bool = False) -> None:
        """Compose the sentence."""
        super().__init__(what, remedy, is_unknown=is_unknown)
        self.part = part


class BusyError(LedgerError):
    """Others hold the lock, or were quicker every time; a later try can succeed."""


class LedgerVersionError(LedgerError, VersionError):
    """The tables are those of an older or a newer version of this package."""


class UnreadableError(LedgerError):
    """A row cannot be read; the others can."""


def unreadable(error: InvalidValue) -> UnreadableError:
    """Return the error of what the ledger keeps and cannot be read: no fault of whoever asks for it."""
    remedy = "Run miexchange ledger verify, and do not write to the ledger before it is clean"
    if error.kind == "unknown" or error.field == "events.kind":
        remedy = f"{NEWER}; if there is none, run miexchange ledger verify"
    return UnreadableError(f"A row of the ledger cannot be read: {error}", NEWER if is_newer(error) else remedy)


def is_newer(error: InvalidValue) -> bool:
    """Tell whether a value cannot be read because a newer version wrote it."""
    return error.field.rpartition(".")[2] in {FORM, "fingerprint"}
