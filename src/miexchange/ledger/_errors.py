"""The errors of a ledger: the database cannot be used, or is not a ledger of this version. None is a `ValueError`."""

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
"""The remedy for data of a newer version; the ledger is sound."""


class LedgerError(MiExchangeError):
    """The database could not do what was asked; nothing is half done. It is not the client's fault.

    Attributes:
        what: what went wrong.
        remedy: what to do about it.
        is_unknown: whether the transition may have happened nevertheless, because the commit itself failed: the
            connection was lost, or the disk failed. Repeat the call with the same idempotency key: it returns the
            answer if the transition happened, and makes it otherwise.
    """

    def __init__(self, what: str, remedy: str, *, is_unknown: bool = False) -> None:
        """Compose the sentence."""
        self.what = what
        self.remedy = remedy
        self.is_unknown = is_unknown
        super().__init__(f"{what}. {remedy}.")


Part = Literal["file", "host", "database", "role", "connection"]


class UnreachableError(LedgerError):
    """The database is not reachable: it does not exist, does not answer, or rejects this role.

    Attributes:
        part: what to check, as far as the driver tells: the ``file`` of SQLite; the ``host`` and port of the server;
            the name of the ``database``; the ``role`` and its password; or the ``connection``, which was lost.
    """

    def __init__(self, what: str, remedy: str, part: Part, *, is_unknown: bool = False) -> None:
        """Compose the sentence."""
        super().__init__(what, remedy, is_unknown=is_unknown)
        self.part = part


class BusyError(LedgerError):
    """The lock is held by others, or every attempt met a conflict; a later try can succeed."""


class LedgerVersionError(LedgerError, VersionError):
    """The tables are those of an older or a newer version of this package."""


class UnreadableError(LedgerError):
    """A row cannot be read; the others can."""


def unreadable(error: InvalidValue) -> UnreadableError:
    """Return the error for unreadable data in the ledger, which is not the caller's fault."""
    remedy = "Run miexchange ledger verify, and do not write to the ledger before it is clean"
    if error.kind == "unknown" or error.field == "events.kind":
        remedy = f"{NEWER}; if there is none, run miexchange ledger verify"
    return UnreadableError(f"A row of the ledger cannot be read: {error}", NEWER if is_newer(error) else remedy)


def is_newer(error: InvalidValue) -> bool:
    """Tell whether a value cannot be read because a newer version wrote it."""
    return error.field.rpartition(".")[2] in {FORM, "fingerprint"}
