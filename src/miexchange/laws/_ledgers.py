"""The law of every ledger: nothing is spent twice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miexchange.ledger import Ledger

__all__ = ["assert_spent_once"]

_MOST = 3  # exchanges whose history is shown
_CODE = re.compile(r"\b[0-9A-Z]{16}[0-9A-Z*~$=]")


def assert_spent_once(ledger: Ledger) -> None:
    """Assert that no coupon, device, order or quote of a ledger was used twice, and that nothing was altered.

    It runs `miexchange.ledger.verify`, which recomputes everything from the events; the message shows the histories of
    the first faulty exchanges.

    Args:
        ledger: the ledger, which is only read.

    Raises:
        AssertionError: the law is broken.
        LedgerError: the database cannot be reached.
        InvalidValue: it is not a ledger.

    >>> from tempfile import TemporaryDirectory
    >>> from miexchange.ledger import open
    >>> with TemporaryDirectory() as folder, open(f"{folder}/x.db", key=bytes(range(32)), create=True) as ledger:
    ...     assert_spent_once(ledger)
    """
    from miexchange.ledger import verify  # noqa: PLC0415 - of an extra

    found = verify(ledger)
    if not found:
        codes = dict.fromkeys(code for fault in found.faults for code in _CODE.findall(fault))
        shown = [line for code in list(codes)[:_MOST] for line in _history(ledger, code)]
        raise AssertionError("\n".join([*found.faults, *shown]))


def _history(ledger: Ledger, code: str) -> Iterator[str]:
    """Yield the history of an exchange, as far as it can be read."""
    from miexchange.errors import MiExchangeError  # noqa: PLC0415 - as above

    yield f"{code}:"
    try:
        for entry in ledger.history(code):
            order = getattr(entry.event, "order", "")
            of_order = f" of {getattr(order, 'id', order)}" if order else ""
            yield f"  {entry.version}. {entry.event.kind}{of_order} at {entry.event.at.isoformat()}"
    except MiExchangeError as error:
        yield f"  {error}"
