"""What a ledger raises: the database could not be used, or is not a ledger of this version."""

from __future__ import annotations

from miexchange.errors import MiExchangeError

__all__ = ["LedgerError", "UnreadableError"]


class LedgerError(MiExchangeError):
    """The database could not do what was asked; nothing is half done.

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

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by the parts, so that the error survives a process pool."""
        return (_made, (self.what, self.remedy, self.is_unknown))


class UnreadableError(LedgerError):
    """A row cannot be read; the others can."""


def _made(what: str, remedy: str, is_unknown: bool) -> LedgerError:  # noqa: FBT001 - only pickle calls it
    return LedgerError(what, remedy, is_unknown=is_unknown)
