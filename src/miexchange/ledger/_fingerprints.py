"""The fingerprint of a request, a keyed digest: the same idempotency key with other content is refused.

A retry may come after an upgrade, with values that have new fields. So a field at its default is not part of the
fingerprint. The version of its form precedes it. Fingerprints of earlier versions have no such number: they were
taken over the JSON of the values as each version wrote it, which is made again from today's by undoing each change
since.
"""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Any

from miexchange._door import REVEAL, adapter_of
from miexchange._value import Value, canonical, packed
from miexchange.errors import out_of_range
from miexchange.ledger._errors import unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from miexchange.ledger._requests import Content, Request

__all__ = ["fingerprint", "is_of"]

_FORM = "2"
_DIGITS = 62
"""The hex digits that are kept, of 64: the column has room for these, the form's number and a colon."""

_Data = dict[str, Any]


def fingerprint(verb: str, content: Content, key: bytes) -> str:
    """Return the fingerprint of a request for a verb; it is keyed because an inspection holds IMEIs."""
    said = (_said(part) if isinstance(part, Value) else part for part in content)
    return f"{_FORM}:{_digest(key, f'miexchange request {_FORM}', verb, *said)[:_DIGITS]}"


def is_of(request: Request, kept: str, keys: Sequence[bytes]) -> bool:
    """Tell whether a stored fingerprint is of this request, made by this version or an earlier one.

    Args:
        request: the request.
        kept: the fingerprint.
        keys: the keys with which it may have been made.

    Raises:
        UnreadableError: a newer version made it.
    """
    form, colon, _ = kept.rpartition(":")
    if colon and form != _FORM:
        rule = f"ask with that version; the last form that this one knows is {_FORM}"
        raise unreadable(out_of_range("answers.fingerprint", form, rule, f"is in form {form}, of a newer version"))
    if colon:
        return kept in {fingerprint(request.verb, request.content, key) for key in keys}
    return any(
        kept == _digest(key, "miexchange request", request.verb, *texts)
        for content in (request.content, request.older)
        for texts in _texts_then(content)
        for key in keys
    )


def _digest(key: bytes, *texts: str) -> str:
    return hmac.digest(key, json.dumps(texts).encode(), "sha256").hex()


def _said(value: Value) -> str:
    """Return the canonical text of a value: without fields at their defaults, and independent of their order."""
    data = adapter_of(type(value)).dump_python(value, mode="json", exclude_defaults=True, context={REVEAL: True})
    return canonical(data)


def _texts_then(content: Sequence[str | Value]) -> Iterator[list[str]]:
    """Yield the content of a request as each earlier version wrote it, the latest first.

    If a version lacked a field that the content has, so did every version before it.
    """
    parts = [json.loads(packed(part)) if isinstance(part, Value) else part for part in content]
    yield [_written(part) for part in parts]
    for take_back in _CHANGES:
        for part in parts:
            if isinstance(part, dict) and not take_back(part):
                return
        yield [_written(part) for part in parts]


def _written(part: str | _Data) -> str:
    return part if isinstance(part, str) else json.dumps(part, separators=(",", ":"), ensure_ascii=False)


# ----- the changes, latest first; each tells whether earlier versions could write the data


def _without(data: _Data, **defaults: object) -> bool:
    """Drop fields of later versions that are at their defaults."""
    return all(data.pop(name, default) == default for name, default in defaults.items())


def _before_tokens(data: _Data) -> bool:
    return _without(data, device_tokens=[])


def _before_evidence(data: _Data) -> bool:
    return _without(data, register_answer=None)


def _before_values(data: _Data) -> bool:
    return all(_without(reason, values=[]) for reason in data.get("warnings", ()))


def _before_currencies(data: _Data) -> bool:
    """All amounts were in rupees, and a quote's inputs were among its other fields."""
    told = {name: data.pop(name) for name in ("target", "customer") if name in data}
    if told:
        _insert(data, "priced_from", "target", told["target"])
        _insert(data, "usage", "customer", told["customer"])
    return _without(data, currency="INR", zone_data="")


def _insert(data: _Data, after: str, name: str, value: object) -> None:
    items = list(data.items())
    place = list(data).index(after) + 1
    data.clear()
    data |= {**dict(items[:place]), name: value, **dict(items[place:])}


def _before_objects(data: _Data) -> bool:
    """Pairs were written as lists."""
    for name in data.keys() & {"bonuses_given", "evidence"}:
        data[name] = [list(pair.values()) for pair in data[name]]
    return True


def _before_customers(data: _Data) -> bool:
    return _without(data, customer=None)


def _before_minor_units(data: _Data) -> bool:
    """Names of amounts ended in paise."""
    for line in data.get("lines", ()):
        if "source" in line:
            line["source"] = line["source"].replace("_minor]", "_paise]")
        _rename(line, "price_minor", "price_paise")
    _rename(data.get("usage", {}), "minimum_order_minor", "minimum_order_paise")
    return True


def _rename(data: _Data, name: str, then: str) -> None:
    items = [(then if one == name else one, value) for one, value in data.items()]
    data.clear()
    data |= items


def _before_quotas(data: _Data) -> bool:
    return _without(data, seal="") and all(_without(bonus, quota=None) for bonus in data.get("bonuses", ()))


_CHANGES: tuple[Callable[[_Data], bool], ...] = (
    _before_tokens,
    _before_evidence,
    _before_values,
    _before_currencies,
    _before_objects,
    _before_customers,
    _before_minor_units,
    _before_quotas,
)
