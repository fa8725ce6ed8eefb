"""What every version wrote of every public value is read by this one: its JSON and its pickle, and both say the same.

The files in `values/` were written by `make_values.py`, each by the version that its name says. None is written again.
"""

from __future__ import annotations

import importlib
import json
import lzma
import pickle
from base64 import b64decode
from typing import Any

import pytest

from compat.make_values import FOLDER, KINDS, json_of, name_of, names_of
from miexchange import InvalidValue, Quote, Reason, ReasonCode
from miexchange._bounded import Since, hints_of, parts_of
from miexchange._forms import form_of
from miexchange._value import Value
from unit import small

KEPT: dict[str, dict[str, Any]] = {
    path.name.removesuffix(".json.xz"): json.loads(lzma.decompress(path.read_bytes()))
    for path in sorted(FOLDER.glob("*.json.xz"))
}
every_kept = pytest.mark.parametrize(
    ("version", "name"), [(version, name) for version, values in KEPT.items() for name in values]
)
LEDGERS = FOLDER.parent / "ledgers"
OLD = {
    path.name.removesuffix(".json.xz"): json.loads(lzma.decompress(path.read_bytes()))
    for path in sorted(LEDGERS.glob("*.json.xz"))
}
OTHER_ORDER = {
    "0001": {"Quote", "Exchange", "Order"},
    "0002": {"Quote", "Exchange", "Order", "Coupon"},
    "0003": {"Quote", "Exchange", "Order", "Coupon"},
    "0004": {"Quote", "Exchange"},
    "0005": {"Quote", "Exchange"},
}
"""What versions pickled without the names of its fields, and whose fields have another order since."""


def kind_of(name: str) -> Any:  # noqa: ANN401 - a public type
    """Return a type by the name that it had; it may be in another module since, and is found in that one too."""
    module, _, kind = name.rpartition(".")
    return getattr(importlib.import_module(f"miexchange.{module}"), kind)


def test_every_public_value_is_kept() -> None:
    """A value that is public now is read by every later version, so there is one of it in the last file."""
    last = KEPT[max(KEPT)]
    missing = set(KINDS.values()) - set(map(kind_of, last))
    assert not missing, f"run tests/compat/make_values.py with a new name: {sorted(map(name_of, missing))}"


@every_kept
def test_the_json_of_a_value_is_read(version: str, name: str) -> None:
    kept, kind = KEPT[version][name], kind_of(name)
    value = kind.from_json(kept["json"])
    assert json_of(value) == kept["json"], "and written as it was: seals and digests hold"


@every_kept
def test_the_pickle_of_a_value_is_read(version: str, name: str) -> None:
    kept, kind = KEPT[version][name], kind_of(name)
    value = pickle.loads(b64decode(kept["pickle"]))  # noqa: S301 - our own bytes
    assert type(value) is kind
    assert json_of(value) == kept["json"]


@every_kept
def test_a_field_that_was_added_is_of_a_later_form(version: str, name: str) -> None:
    """_forms: a field that is added carries `Since` and a default, and no field is taken away."""
    kept, kind = KEPT[version][name], kind_of(name)
    assert form_of(kind) >= kept["form"]
    assert not set(kept["fields"]) - set(names_of(kind)), "a field is gone: what was written cannot be read"
    added = [one for one in names_of(kind) if one not in kept["fields"]]
    for field in added:
        forms = [bound.form for bound in parts_of(hints_of(kind)[field])[1] if isinstance(bound, Since)]
        assert forms, f"{name}.{field}: annotate it with Since({kept['form'] + 1}), and give it a default"
        assert min(forms) > kept["form"], f"{name}.{field}: versions that read form {kept['form']} do not know it"


@pytest.mark.parametrize("version", OLD)
def test_a_pickle_without_names_is_read_or_refused_in_words(version: str) -> None:
    """docs/reliability.md: pickles without field names are read if the order of the fields is unchanged."""
    requests = {one["key"]: one["value"] for one in OLD[version]["requests"] if "value" in one}
    told = {"Quote": requests["accept-1"], "Order": requests["reserve-1"]}
    for name, text in OLD[version]["pickles"].items():
        if name in OTHER_ORDER.get(version[:4], ()):
            words = (
                r"is pickled by an earlier version, in another form \(.*\): read its JSON, which every version reads"
            )
            with pytest.raises(InvalidValue, match=words):
                pickle.loads(b64decode(text))  # noqa: S301 - our own bytes
            continue
        value = pickle.loads(b64decode(text))  # noqa: S301 - our own bytes
        assert type(value).__name__ == name
        assert type(value).from_json(json_of(value)) == value
        assert name not in told or value == type(value).from_dict(told[name])


def test_a_reason_that_had_no_values_is_read() -> None:
    reason = pickle.loads(b64decode(OLD["0001"]["pickles"]["Reason"]))  # noqa: S301 - our own bytes
    assert isinstance(reason, Reason)
    assert (reason.message, reason.values) == ("It is not known", ())


def test_a_pickle_is_checked_like_a_new_value() -> None:
    """Design, promise 7: a value's bounds stand in its type; every way to make one checks them."""
    quote = Quote.from_json(KEPT["0.1-1"]["quote.Quote"]["json"])
    made, (kind, form, state) = quote.__reduce__()
    assert made(kind, form, state) == quote
    with pytest.raises(InvalidValue, match=r"Quote.coupon_value is 5: give what its lines add up to"):
        made(kind, form, {**state, "coupon_value": 5})
    with pytest.raises(InvalidValue, match=r"Quote has no field 'tip': read it with the version that wrote it"):
        made(kind, form, {**state, "tip": 5})
    with pytest.raises(InvalidValue, match=r"Quote.form is 2, which a newer version of miexchange wrote"):
        made(kind, 2, {**state, "tip": 5})
    unset = object.__new__(Reason)
    with pytest.raises(InvalidValue, match=r"Reason is pickled .*Reason has no field '6'"):
        unset.__setstate__([None] * 6)  # type: ignore[attr-defined]  # of pickle's protocol
    with pytest.raises(InvalidValue, match=r"Reason is pickled .*Reason.message is 5: give a text"):
        unset.__setstate__([ReasonCode.IMEI_UNVERIFIED, 5, "Ask"])  # type: ignore[attr-defined]  # as above


@pytest.mark.parametrize("version", KEPT)
def test_what_was_sealed_and_signed_holds(version: str) -> None:
    """_forms: seals, signatures and digests are what they were, whatever fields were added since."""
    values = {name: kind_of(name).from_json(one["json"]) for name, one in KEPT[version].items()}
    quote, checkpoint = values["quote.Quote"], values["ledger._checkpoint.Checkpoint"]
    assert quote.is_sealed_by(small.KEY)
    assert values["coupon.Coupon"].is_sealed_by(small.KEY)
    assert checkpoint.is_signed_by(checkpoint.public_key)
    assert values["ledger._checkpoint.Inclusion"].is_in(checkpoint, checkpoint.public_key)
    assert values["programme.programme.Programme"].digest == quote.digest


def test_a_name_says_where_a_type_is() -> None:
    assert name_of(Quote) == "quote.Quote"
    assert issubclass(KINDS["quote.Quote"], Value)
