"""Values as JSON data: as pydantic would write them, and in order."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

import miexchange.ledger
import miexchange.tuning
from miexchange import Device, Imei, Quote, Reason, ReasonCode
from miexchange._bounded import hints_of
from miexchange._door import REVEAL, adapter_of
from miexchange._value import Value, canonical
from property.sound import SOUND
from unit import small, trade

if TYPE_CHECKING:
    from collections.abc import Iterator

VALUES = {
    "quote": SOUND.quote,
    "refusal": SOUND.refusal,
    "coupon": SOUND.issued.coupon,
    "order": trade.ORDER,
    "terms": SOUND.programme.terms[0],
    "prices": SOUND.programme.prices,
    "device": Device(small.MODEL, small.IMEI, 3.5),
    "imei": Imei(small.IMEI),
    "variant": small.VARIANT,
}


def kinds(kind: Any = Value) -> Iterator[Any]:  # noqa: ANN401 - any value
    for one in kind.__subclasses__():
        yield one
        yield from kinds(one)


@pytest.mark.parametrize("name", VALUES)
def test_the_data_are_those_that_pydantic_writes(name: str) -> None:
    value = VALUES[name]
    data = adapter_of(type(value)).dump_python(value, mode="json", context={REVEAL: True})
    assert json.dumps(value.to_dict(reveal_imei=True)) == json.dumps(data)  # in the same order
    assert value.to_json(reveal_imei=True) == canonical(data)
    assert value.to_json() == canonical(value.to_dict())
    assert small.IMEI[8:14] not in value.to_json()


def test_the_data_of_each_kind_of_field_are_plain() -> None:
    assert small.VARIANT.replace(features=("s_pen", "e_sim"), aliases=("Uno",)).to_dict() == {
        "form": 2,
        "model": small.MODEL,
        "brand": "Acme",
        "name": "One",
        "category": "smartphone",
        "ram_mb": 4096,
        "storage_gb": 64,
        "launched_on": "2018-06-01",
        "launch_price_minor": None,
        "aliases": ["Uno"],
        "source": "",
        "sims": None,
        "features": ["s_pen", "e_sim"],
    }
    quote = small.quoted(device=Device(small.MODEL, small.IMEI, small.IMEI2)).replace(bonuses_given=(("gift", 2),))
    data = quote.to_dict(reveal_imei=True)
    assert data["at"] == "2020-01-11T06:00:00Z"
    assert data["imei_status"] == "unverified"
    assert data["imeis"] == [small.IMEI, small.IMEI2]
    assert quote.to_dict()["imeis"] == []
    assert data["bonuses_given"] == [{"bonus": "gift", "given": 2}]
    assert (data["indicative"], data["condition"]) == (False, {})
    assert [warning["code"] for warning in data["warnings"]] == ["imei_unverified"]
    values = {value["name"]: value["value"] for value in SOUND.refusal.to_dict()["reasons"][0]["values"]}
    assert {type(value) for value in values.values()} <= {str, int}
    assert Device("a", 3.5).to_dict(reveal_imei=True)["imei"] == 3.5


def test_a_text_that_is_no_utf_8_is_escaped() -> None:
    reason = Reason(ReasonCode.PRICE_MISSING, "a", "b").replace(subject="price")
    assert canonical({"a": "\ud800", "b": "\u20b9"}, is_ordered=True) == '{"a":"\\ud800","b":"\u20b9"}'
    assert canonical(reason.to_dict()) == reason.to_json()


def test_only_values_of_which_it_is_known_have_floats() -> None:
    """pydantic's core spells some floats in another way than Python, and canonical texts are sealed."""
    assert len({miexchange.ledger, miexchange.tuning}) == 2  # every kind of value is imported
    values: list[Any] = [one for one in kinds() if dataclasses.is_dataclass(one)]
    found: set[Any] = {
        one for one in values for field in dataclasses.fields(one) if "float" in f"{hints_of(one)[field.name]}"
    }
    assert {one for one in found if not one._has_floats} == set()  # noqa: SLF001 - what is asked about
    assert {one.__name__ for one in found} == {"Device"}
    assert Device("a", 1e16).to_json(reveal_imei=True) == canonical(Device("a", 1e16).to_dict(reveal_imei=True))


def test_a_quote_without_its_imeis_has_no_seal_unless_it_has_tokens() -> None:
    sealed = SOUND.quote if SOUND.quote.seal else SOUND.quote.sealed(small.KEY)
    assert sealed.to_dict()["seal"] == sealed.seal
    bare = sealed.replace(device_tokens=())
    assert (bare.to_dict()["seal"], bare.to_dict(reveal_imei=True)["seal"]) == ("", sealed.seal)
    assert Quote.from_dict(bare.to_dict()) == bare.without_imei()
