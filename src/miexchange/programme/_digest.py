"""The digest of a programme: over its canonical content, so that quotes can be kept with programmes by digest.

A field that is added to a programme is `Since`, and is not in the digest at its default; a table that is
added is left out while it is empty. So the digest of a programme that does not use them is unchanged. Before that rule,
a digest changed with each field. Ledgers of that time use the old digest, which is computed here.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from miexchange._value import dump
from miexchange._zone import named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from miexchange.programme.programme import Programme

__all__ = ["digest_of", "digest_then"]

_ADDED: dict[str, dict[str, object]] = {
    "eligibility": {"register_hours": 0},
    "exchange": {"accept_register_hours": 0, "hand_over_register_hours": 0, "limits": []},
}
"""The parts of terms that ledgers of version 0005 did not have, with their neutral values."""


def digest_of(programme: Programme) -> str:
    """Return the digest."""
    return _digest(programme, (*map(dump, (*programme.terms, *_tables(programme), programme.treatments)),))


def digest_then(programme: Programme) -> str | None:
    """Return the digest in ledgers of version 0005; None for a programme that they could not represent."""
    if len(programme.treatments):
        return None
    terms = [json.loads(dump(one)) for one in programme.terms]
    for one in terms:
        for part, added in _ADDED.items():
            if one[part] and any(one[part].pop(name) != default for name, default in added.items()):
                return None
    texts = (json.dumps(one, separators=(",", ":"), ensure_ascii=False).encode() for one in terms)
    return _digest(programme, (*texts, *map(dump, _tables(programme))))


def _tables(programme: Programme) -> tuple[Any, ...]:
    return programme.catalogue, programme.eligible, programme.prices, programme.anchors


def _digest(programme: Programme, tables: Iterable[bytes]) -> str:
    content = hashlib.sha256()
    head = (
        programme.id,
        programme.title,
        named(programme.zone),
        programme.currency.code,
        str(programme.price_step_minor),
    )
    for words in (head, sorted(programme.categories), sorted(programme.brands)):
        content.update("\x1f".join(words).encode() + b"\x1d")
    for table in tables:
        content.update(b"\x1e" + table)
    for tac, device in programme.tacs:
        content.update(f"\x1e{tac}\x1f{device.brand}\x1f{device.model}".encode())
    return content.hexdigest()
