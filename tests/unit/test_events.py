"""Events as values: references are opaque, and nothing that is private is shown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from miexchange import InvalidValue
from miexchange.events import EVENTS, Identify, Send, Wipe
from unit import small

if TYPE_CHECKING:
    from collections.abc import Callable

AT = datetime(2018, 3, 20, 12, tzinfo=UTC)
UUID = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
NUMBERS = (
    small.IMEI,
    "35-417803-685978-9",
    "IMEI 354178036859789",
    "1234 5678 9012",  # as long as an Aadhaar number
    "DL-0420110149646",
    "ABCDE1234F",  # the form of a PAN
    "abcde 1234 f",
    "K1234567",  # of an Indian passport
    "K-1234567",
    "ABC1234567",  # of a voter's card
    "123456789",  # of a British passport
)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_number_of_a_document_is_no_reference_to_it(number: str) -> None:
    """Identify: the references are opaque; an error does not repeat what should never have been written."""
    makers: tuple[Callable[[], object], ...] = (
        lambda: Identify(AT, number),
        lambda: Identify.from_dict({"at": AT.isoformat(), "identity": number}),
    )
    for make in makers:
        with pytest.raises(InvalidValue) as caught:
            make()
        assert caught.value.field == "Identify.identity"
        assert "never its number" in caught.value.rule
        assert number not in f"{caught.value!r}{caught.value}{vars(caught.value)}"


@pytest.mark.parametrize(
    "make", [lambda text: Identify(AT, ownership=text), lambda text: Wipe(AT, "purge", text)], ids=["paper", "wipe"]
)
def test_an_imei_is_no_reference(make: Any) -> None:  # noqa: ANN401 - a maker of an event
    for text in (small.IMEI, f"phone {small.IMEI}", small.IMEI[:14]):
        with pytest.raises(InvalidValue, match="no IMEI") as caught:
            make(text)
        assert caught.value.field in {"Identify.ownership", "Wipe.certificate"}
        assert text[:8] not in f"{caught.value}{vars(caught.value)}"


@pytest.mark.parametrize("text", ["file 7", "kyc/7f3a", UUID, "a" * 200, "scan-2018-03-20", "7f3a" * 8])
def test_a_reference_is_one_line_of_text(text: str) -> None:
    event = Identify(AT, text, text)
    assert Identify.from_json(event.to_json()) == event
    assert Wipe.from_json(Wipe(AT, "clear", text).to_json()) == Wipe(AT, "clear", text)


def test_an_event_that_records_nothing_is_none() -> None:
    with pytest.raises(InvalidValue, match=r"^Identify\.identity is empty: .* to the proof of ownership, or to both$"):
        Identify(AT)
    with pytest.raises(InvalidValue, match=r"Wipe\.certificate is empty"):
        Wipe(AT, "clear", "")
    with pytest.raises(InvalidValue, match=r"Wipe\.method"):
        Wipe(AT, "shred", "file 7")  # type: ignore[arg-type]  # the fault that is tested
    with pytest.raises(InvalidValue, match=r"Identify\.identity"):
        Identify(AT, "a" * 201)


def test_a_repr_shows_no_reference() -> None:
    shown = repr((Identify(AT, "the passport", "the invoice"), Wipe(AT, "purge", "the certificate")))
    assert "purge" in shown
    assert not [text for text in ("passport", "invoice", "certificate") if text in shown]


def test_every_kind_is_the_name_of_its_type() -> None:
    assert [kind.__name__.lower() for kind in EVENTS.values()] == [*EVENTS]
    assert (EVENTS["identify"], EVENTS["send"], EVENTS["wipe"]) == (Identify, Send, Wipe)
