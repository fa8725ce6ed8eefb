"""A field that is added: left at its default it is in no form, and once it is set an older version says so in words."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from miexchange import InvalidValue
from miexchange._bounded import Count, Further, Note, Since, Text, hints_of, parts_of
from miexchange._bounded import Older as WasNot
from miexchange._forms import by_place, form_of, left_out, newer, numbered
from miexchange._keyed import seal_of
from miexchange._value import Value, dump, packed
from miexchange.catalogue import Variant
from miexchange.condition import Option, Question
from miexchange.coupon import Coupon, Redemption
from miexchange.exchange import Exchange
from miexchange.programme import ExchangeRules, Terms, UsageRules


@dataclass(frozen=True, slots=True)
class Parcel(Value):
    """A parcel, as an older version has it.

    Attributes:
        to: where it goes.
        weight: what it weighs, in grams.
    """

    to: Text
    weight: Count = 0


Older = Parcel


@dataclass(frozen=True, slots=True)
class Parcel(Value):  # type: ignore[no-redef]
    """A parcel, as a newer version has it.

    Attributes:
        to: where it goes.
        note: what to mind.
        weight: what it weighs, in grams.
        floor: on which floor; None where it is not known.
    """

    to: Text
    note: Annotated[Note, Since(2)] = ""
    weight: Count = 0
    floor: Annotated[Count | None, Since(3)] = None


Newer: Any = Parcel


@dataclass(frozen=True, slots=True)
class Post(Value):
    """Parcels.

    Attributes:
        parcels: the parcels.
    """

    parcels: tuple[Newer, ...] = ()


@dataclass(frozen=True, slots=True)
class OlderPost(Value):
    """Parcels.

    Attributes:
        parcels: the parcels.
    """

    parcels: tuple[Older, ...] = ()


@dataclass(frozen=True, slots=True)
class Old(Value):
    """A value that once had one field.

    Attributes:
        source: its source.
        tips: how often each.
    """

    source: Text
    tips: Annotated[tuple[int, ...], WasNot(lambda: (1, 2))] = ()


PLAIN, OF_OLD = Newer("Pune", weight=5), Older("Pune", 5)
NOTED, HIGH = PLAIN.replace(note="glass"), PLAIN.replace(floor=0)


def sealed(value: Value) -> str:
    return seal_of(value.to_json(), "parcel", b"0123456789abcdef")


def test_a_field_at_its_default_changes_no_form() -> None:
    """_forms: not to JSON, not into a digest or a seal, so that these are what they were."""
    assert (form_of(Older), form_of(Newer), form_of(int)) == (1, 3, 1)
    for form in (packed, dump, Value.to_json, Value.to_dict, sealed):
        assert form(PLAIN) == form(OF_OLD)
    assert Older.from_json(PLAIN.to_json()) == OF_OLD
    assert Newer.from_json(OF_OLD.to_json()) == PLAIN
    assert Newer.from_dict(OF_OLD.to_dict()) == PLAIN


@pytest.mark.parametrize(("value", "form"), [(NOTED, 2), (HIGH, 3), (NOTED.replace(floor=4), 3)])
def test_a_field_that_is_set_has_the_number_of_its_form_beside_it(value: Any, form: int) -> None:  # noqa: ANN401 - of a type with two versions
    assert value.to_dict()["form"] == form
    assert json.loads(packed(value)) == json.loads(dump(value)) == json.loads(value.to_json()) == value.to_dict()
    assert Newer.from_json(value.to_json()) == value
    assert Post.from_json(Post((PLAIN, value)).to_json()) == Post((PLAIN, value))
    rule = "read it with that version; the last form that this one knows is 1"
    with pytest.raises(InvalidValue) as caught:
        Older.from_json(value.to_json())
    assert f"{caught.value}" == f"Parcel.form is {form}, which a newer version of miexchange wrote: {rule}"
    with pytest.raises(InvalidValue, match=rf"OlderPost\.parcels\.1\.form is {form}, which a newer version"):
        OlderPost.from_json(Post((PLAIN, value)).to_json())


def test_another_fault_of_a_newer_form_is_not_told() -> None:
    """It may be none: the newer version may allow it."""
    for wrong in ({"to": 5, "form": 2}, {"form": 2}, {"to": "Pune", "weight": -1, "tip": 1, "form": 2}):
        with pytest.raises(InvalidValue, match=r"^Parcel\.form is 2, which a newer version of miexchange wrote"):
            Older.from_dict(wrong)


def test_the_number_of_a_form_is_checked() -> None:
    assert Newer.from_dict({"to": "Pune", "form": 1}) == Newer("Pune")
    for wrong in ("2", 0, True, None):
        with pytest.raises(InvalidValue, match=r"^Parcel\.form is .*: give a whole number from 1 to 3"):
            Newer.from_dict({"to": "Pune", "form": wrong})
    with pytest.raises(InvalidValue, match=r"Parcel has no field 'form'"):
        Older.from_dict({"to": "Pune", "form": "2"})
    with pytest.raises(InvalidValue, match=r"Parcel has no field 'tip'"):
        Newer.from_dict({"to": "Pune", "tip": 5})


def test_a_service_writes_and_reads_it_as_we_do() -> None:
    class Body(BaseModel):
        parcel: Newer

    assert Body(parcel=NOTED).model_dump() == {"parcel": NOTED.to_dict()}
    assert Body.model_validate_json(Body(parcel=NOTED).model_dump_json()).parcel == NOTED
    with pytest.raises(ValidationError, match="a newer version of miexchange wrote"):
        Body.model_validate({"parcel": {"to": "Pune", "form": 9}})
    number = TypeAdapter(Newer).json_schema()["properties"]["form"]
    assert (number["minimum"], number["maximum"], number["examples"]) == (1, 3, [2])


def test_a_pickle_and_a_copy_have_what_is_set() -> None:
    for value in (PLAIN, NOTED, HIGH):
        for again in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):  # noqa: S301 - our own bytes
            assert again == value
    make, (_, form, state) = PLAIN.__reduce__()
    assert make(Older, form, state) == OF_OLD, "what is not set is read by the older version"
    make, (_, form, state) = NOTED.__reduce__()
    with pytest.raises(InvalidValue, match=r"Parcel\.form is 3, which a newer version of miexchange wrote"):
        make(Older, form, state)


def test_what_was_a_plain_object_is_read_by_its_names() -> None:
    unset = object.__new__(Newer)
    unset.__setstate__({"to": "Pune", "weight": 5, "_cached": 1})
    assert unset == PLAIN


def test_what_is_not_written_has_no_form() -> None:
    """_forms: such as an IMEI that is not revealed."""
    assert numbered(NOTED, {"to": "Pune", "weight": 5}) == {"to": "Pune", "weight": 5}
    assert numbered(NOTED.replace(floor=2), {"to": "Pune", "note": "glass"})["form"] == 2
    assert left_out(PLAIN) == ["note", "floor"]
    assert left_out(HIGH) == ["note"]


def test_a_form_is_newer_than_the_last_one_that_is_known() -> None:
    assert [newer(Newer, {"form": form}) is None for form in (1, 3, 4, "4", None)] == [True, True, False, True, True]
    assert newer(Newer, [4]) is None


def test_a_pickle_of_an_earlier_version_is_read_by_its_places() -> None:
    assert by_place(Newer, ["to", "note"], ["Pune"]) == {"to": "Pune"}
    assert by_place(Newer, ["to", "note"], ("Pune", "glass")) == {"to": "Pune", "note": "glass"}
    assert by_place(Newer, ["to", "note"], {"note": "glass", "tip": 1}) == {"note": "glass"}
    with pytest.raises(InvalidValue, match="read it with the version that wrote it") as caught:
        by_place(Newer, ["to", "note"], ["Pune", "glass", 5])
    assert (caught.value.kind, caught.value.field) == ("unknown", "Parcel.3")
    assert f"{caught.value}".startswith("Parcel has no field '3'")
    source = "prices[one].price_paise]"
    assert by_place(Old, ["source", "tips"], [source]) == {"source": source, "tips": (1, 2)}
    assert by_place(Old, ["source", "tips"], [source, ()]) == {"source": source, "tips": ()}


@dataclass(frozen=True, slots=True)
class Stamp(Value):
    """A stamp.

    Attributes:
        colour: its colour.
    """

    colour: Annotated[Literal["red", "blue", "gold"], Further(2, ("gold",))]


def test_a_value_that_a_field_may_hold_since_has_the_number_of_its_form() -> None:
    """_forms: so does a value that a field may hold since."""
    assert form_of(Stamp) == 2
    assert Stamp("red").to_dict() == {"colour": "red"}
    assert Stamp("gold").to_dict() == {"colour": "gold", "form": 2}
    for stamp in (Stamp("red"), Stamp("gold")):
        assert json.loads(packed(stamp)) == json.loads(dump(stamp)) == json.loads(stamp.to_json()) == stamp.to_dict()
        assert Stamp.from_json(stamp.to_json()) == stamp


@dataclass(frozen=True, slots=True)
class Seal(Value):
    """A seal.

    Attributes:
        colour: its colour.
        note: what is on it.
    """

    colour: Annotated[Literal["red", "gold"], Further(2, ("gold",))] = "red"
    note: Annotated[Note, Since(3)] = ""


def test_of_several_additions_the_last_form_is_written() -> None:
    forms = [Seal(colour, note).to_dict().get("form") for colour in ("red", "gold") for note in ("", "x")]
    assert forms == [None, 3, 2, 3]


def test_a_type_of_one_form_has_no_number_of_it() -> None:
    @dataclass(frozen=True, slots=True)
    class Label(Value):
        """A label.

        Attributes:
            text: what is on it.
        """

        text: Text

    assert [*TypeAdapter(Label).json_schema()["properties"]] == ["text"]
    with pytest.raises(InvalidValue, match=r"Label has no field 'form'"):
        Label.from_dict({"text": "Pune", "form": 1})


ADDED: dict[Any, dict[str, int]] = {
    Coupon: {"awaited": 3},
    Exchange: {
        **dict.fromkeys(("handed_over", "identity", "ownership", "sent_at", "unlock_until", "wiped"), 2),
        "attempts": 3,
        "override": 3,
        "accepted_at": 4,
    },
    ExchangeRules: {
        **dict.fromkeys(("identity_above_minor", "ownership_above_minor", "send_days", "unlock_hours", "wipe"), 2),
        **dict.fromkeys(("authorities", "days_off", "payment", "pickup_attempts", "return_below_bps"), 3),
        "coupon": 4,
    },
    Option: {"least": 2, "most": 2},
    Question: {
        **{f"asked_{of}": 2 for of in ("after", "answers", "categories", "features", "models")},
        "unit": 2,
        "choice_of": 3,
    },
    Redemption: {"cash": 2},
    Terms: {"scrap_values": 2},
    UsageRules: {"devices_per_order": 3},
    Variant: {"features": 2},
}


@pytest.mark.parametrize("kind", ADDED, ids=[kind.__name__ for kind in ADDED])
def test_a_field_stays_in_the_form_that_it_came_with(kind: Any) -> None:  # noqa: ANN401 - a public type
    """_forms: with another number, the versions that know the field would refuse it."""
    bounds = {name: parts_of(hint)[1] for name, hint in hints_of(kind).items()}
    forms = {name: one.form for name, parts in bounds.items() for one in parts if isinstance(one, Since)}
    assert forms == ADDED[kind]
