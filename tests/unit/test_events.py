"""Events as values: references are opaque, and nothing that is private is shown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from miexchange import GrantedBonus, InvalidValue
from miexchange.events import EVENTS, Accept, Identify, Override, Send, Wipe, faults_of_papers
from unit import small, trade

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


DOCUMENTS = [
    # a text, and whether it has the form of a document's number: of a PAN, or up to three letters and 7 to 11 digits
    *(("A" * letters + "1" * digits, 7 <= digits <= 11) for letters in range(4) for digits in (6, 7, 11)),
    *(("AAAA1111111", False), ("AAAAA1111A", True), ("AAAAA1111", False), ("AAAA1111A", False), ("AAAAAA1111A", False)),
    *(("file K1234567", False), ("K 123-4567", True), ("k1234567", True), ("", False)),
]


@pytest.mark.parametrize(("text", "is_number"), DOCUMENTS)
def test_the_form_of_a_number_is_that_of_whole_documents(text: str, *, is_number: bool) -> None:
    assert [(field, value) for field, value, _ in faults_of_papers(text, "invoice")] == [
        ("identity", "***")
    ] * is_number
    assert [*faults_of_papers("", text)] == [], "an invoice may have any number but an IMEI"


def test_what_must_not_be_written_is_hidden_in_its_error() -> None:
    given: dict[str, Any] = {"order": "o", "exchange_value": 5, "role": "agent", "reason": "goodwill"}
    makers: dict[str, Callable[[str], object]] = {
        "Identify.identity": lambda text: Identify(AT, text, "invoice"),
        "Identify.ownership": lambda text: Identify(AT, "file", text),
        "Wipe.certificate": lambda text: Wipe(AT, "clear", text),
        "Override.person": lambda text: Override(AT, person=text, **given),
    }
    for field, make in makers.items():
        assert make("file 7")
        with pytest.raises(InvalidValue) as caught:
            make(small.IMEI)
        assert (caught.value.field, caught.value.value) == (field, "'***'")


BEGUN = trade.issued()
BONUSES = (GrantedBonus("b", 5),)
FOREIGN: list[tuple[str, dict[str, Any]]] = [
    *(
        (f"coupon.{name}", {"coupon": BEGUN.coupon.replace(**{name: "x"})})
        for name in ("programme", "digest", "terms", "model")
    ),
    ("coupon.exchange_value", {"coupon": BEGUN.coupon.replace(exchange_value=5)}),
    ("coupon.bonuses", {"coupon": BEGUN.coupon.replace(bonuses=BONUSES)}),
    ("worst_case.at_risk", {"worst_case": BEGUN.worst_case.replace(at_risk=BEGUN.worst_case.at_risk - 1)}),
    ("worst_case.at_risk", {"worst_case": BEGUN.worst_case.replace(gates=())}),  # then less than all is at risk
]


@pytest.mark.parametrize(("field", "change"), FOREIGN)
def test_an_acceptance_has_the_coupon_and_the_worst_case_of_its_quote(field: str, change: dict[str, Any]) -> None:
    event = Accept(BEGUN.at, BEGUN.quote, BEGUN.coupon, BEGUN.worst_case, BEGUN.rules)
    with pytest.raises(InvalidValue) as caught:
        event.replace(**change)
    assert caught.value.field == f"Accept.{field}"
    with pytest.raises(InvalidValue) as caught:
        BEGUN.replace(**change)
    assert caught.value.field == f"Exchange.{field}"
    least = BEGUN.worst_case.replace(gates=(), value=5, at_risk=BEGUN.quote.coupon_value - 5)
    assert event.replace(worst_case=least).worst_case == least


def test_tags_are_objects_with_names() -> None:
    event = Accept(BEGUN.at, BEGUN.quote, BEGUN.coupon, BEGUN.worst_case, BEGUN.rules, tags=(("address", "7f3a"),))
    assert event.to_dict()["tags"] == [{"name": "address", "value": "7f3a"}]
    assert Accept.from_json(event.to_json()) == event
