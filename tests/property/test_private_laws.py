"""The law of privacy: what is shown of a device does not depend on its serial number.

That is more than "the number does not occur in the text": two phones that differ in nothing but
their serial number look the same in every repr, message, explanation and stored form.
"""

from __future__ import annotations

import logging
import re
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import assume, given
from hypothesis import strategies as st

from miexchange import Condition, Coupon, Device, Imei, InvalidImei, MiExchangeError, Quote, Refusal, coupon_for, issue
from miexchange._privacy import mask
from miexchange.eligibility import needs_second
from miexchange.errors import shown
from miexchange.imei import format, is_valid, validate  # noqa: A004 - the verb's name
from miexchange.strategies import Enquiry, enquiries, hostile_enquiries, imei_texts, imeis, mistyped_imeis
from property.effort import effort
from shipped import shipped_programme

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = b"0123456789abcdef"


@st.composite
def twins(draw: st.DrawFn, alike: int = 0) -> tuple[Imei, Imei]:
    """Draw two phones of one model whose numbers differ in the serial alone: the check digit is the same.

    Args:
        alike: how many digits of the serial are the same, from the first.
    """
    one = draw(imeis())
    other = draw(imeis(st.just(one.tac)))
    other = Imei.from_body(one.tac + one.serial[:alike] + other.serial[alike:])
    # The last digit of a serial is doubled in the check sum, so its ten values give every check digit once.
    fitting = [
        twin
        for digit in "0123456789"
        if (twin := Imei.from_body(other.body[:-1] + digit)).check_digit == one.check_digit
    ]
    twin = fitting[0]
    assume(twin != one and twin.is_placeholder == one.is_placeholder)
    return one, twin


def said(verb: Callable[..., Any], *arguments: Any, **named: Any) -> str:
    """Return whatever somebody could see of the answer, or of the error with the last line of its traceback."""
    try:
        answer = verb(*arguments, **named)
    except MiExchangeError as error:
        return "".join(traceback.format_exception_only(error)) + repr(error) + repr(vars(error))
    return repr(answer) + str(answer)


@given(twins())
def test_an_imei_looks_like_its_twin(pair: tuple[Imei, Imei]) -> None:
    """Design, promise 10: masked in repr, logs and errors."""
    one, other = pair
    assert one != other
    for show in (
        repr,
        str,
        shown,
        ascii,
        lambda imei: f"{imei}",
        lambda imei: f"{imei!r:>40}",
        lambda imei: f"{imei}",
    ):
        assert show(one) == show(other)
        assert one.serial not in show(one) or one.serial in one.tac
    assert repr([one]) == repr([other])
    assert mask(one.digits) == mask(other.digits)
    assert mask(format(one)) == mask(format(other))
    record = logging.LogRecord("a", 20, "b", 1, "traded in %s and %r", (one, one), None)
    assert (
        record.getMessage()
        == logging.LogRecord("a", 20, "b", 1, "traded in %s and %r", (other, other), None).getMessage()
    )


@given(twins(alike=1), st.integers(0, 14), st.sampled_from("0123456789OX٣+- "))
def test_a_mistyped_number_looks_like_its_twin(pair: tuple[Imei, Imei], place: int, slip: str) -> None:
    """_privacy.mask: of any other number only the first 8 digits stay, since nobody knows which are the serial.

    With a digit of the TAC lost, the eighth is the first one of the serial: the other five stay hidden.
    """
    texts = [imei.digits[:place] + slip + imei.digits[place + 1 :] for imei in pair]
    assume(is_valid(texts[0]) == is_valid(texts[1]))
    for verb in (Imei, Imei.parse, Imei.from_body, Imei.from_imeisv, validate):
        errors = [said(verb, text) for text in texts]
        if all("InvalidImei" in error for error in errors):  # what is read has a check digit of its own
            assert errors[0] == errors[1]
    assert said(Device, "acme", texts[0]) == said(Device, "acme", texts[1])


@given(mistyped_imeis() | imei_texts())
def test_no_error_shows_seven_digits_in_a_row_after_the_tac(text: str) -> None:
    """_privacy.mask: of 15 digits the TAC and the check digit stay; of any other number only the first 8 digits."""
    for verb in (Imei, Imei.from_body, Imei.from_imeisv):
        error = error_of(verb, text)
        if error is None:
            continue
        masked = "".join(character for character in error.masked if character.isnumeric() or character == "*")
        assert "*" not in masked[:8]
        assert set(masked[8:14]) <= {"*"}
        assert error.masked in str(error)


def error_of(verb: Callable[[str], object], text: str) -> InvalidImei | None:
    """Return the error that a text leads to, or None where it is read."""
    try:
        verb(text)
    except InvalidImei as error:
        return error
    return None


def with_imei(enquiry: Enquiry, imei: Imei) -> Enquiry:
    """Put an IMEI into the first slot."""
    return replace(enquiry, device=enquiry.device.replace(imei=imei, imei2=None))


@given(hostile_enquiries(), twins())
@effort(1.5)
def test_an_answer_looks_like_its_twins(enquiry: Enquiry, pair: tuple[Imei, Imei]) -> None:
    """Design, promise 10: no quote, refusal, warning, explanation or stored form tells two phones apart."""
    first, second = (with_imei(enquiry, imei) for imei in pair)
    assert repr(first.device) == repr(second.device)
    one, other = first.answer(), second.answer()
    assert type(one) is type(other)
    assert repr(one) == repr(other)
    assert str(one) == str(other)
    assert one.explain() == other.explain()
    assert one.to_json() == other.to_json()
    assert one.to_dict() == other.to_dict()


@given(enquiries(imei=True), twins())
def test_only_who_asks_sees_the_number(enquiry: Enquiry, pair: tuple[Imei, Imei]) -> None:
    """Design, promise 10: stored only as a keyed token unless the caller asks for it."""
    variant = enquiry.programme.catalogue.by_model[enquiry.device.model]
    assume(not needs_second(variant, enquiry.terms.eligibility))  # the quotes are for one number
    tac = enquiry.device.imei.tac  # type: ignore[union-attr]
    bodies = [Imei.from_body(tac + imei.serial) for imei in pair]
    quotes = [with_imei(enquiry, imei).answer() for imei in bodies]
    for quote, imei in zip(quotes, bodies, strict=True):
        assert isinstance(quote, Quote)
        assert imei.digits not in quote.to_json()
        assert imei.digits in quote.to_json(reveal_imei=True)
        assert quote.without_imei().imeis == ()
        coupon = issue(quote, enquiry.programme, account="a", at=quote.at, key=KEY)
        assert isinstance(coupon, Coupon)
        for text in (coupon.to_json(), repr(coupon), str(coupon)):
            assert imei.digits not in text
            assert imei.body not in text


@given(hostile_enquiries(), twins())
def test_a_device_of_two_numbers_looks_like_its_twin(enquiry: Enquiry, pair: tuple[Imei, Imei]) -> None:
    """Design, promise 10, for a phone with two SIMs whose second number is wrong."""
    answers = []
    for imei in pair:
        wrong = f"{imei.body}{(int(imei.check_digit) + 1) % 10}"
        device = enquiry.device.replace(imei=imei, imei2=wrong)
        answers.append(said(lambda device=device: replace(enquiry, device=device).answer()) + repr(device))
    assert answers[0] == answers[1]


@given(enquiries(), twins())
def test_a_number_in_the_wrong_place_is_masked_in_the_refusal(enquiry: Enquiry, pair: tuple[Imei, Imei]) -> None:
    """Design, promise 10: people type their IMEI into the wrong box, too."""
    texts = []
    for imei in pair:
        model = replace(enquiry, device=Device(imei.digits)).answer()
        answer = replace(enquiry, condition=Condition({**enquiry.condition, imei.digits: imei.digits})).answer()
        assert isinstance(model, Refusal)
        assert isinstance(answer, Refusal)
        texts.append(
            model.to_json() + model.explain() + repr(model) + answer.to_json() + answer.explain() + repr(answer)
        )
    assert texts[0] == texts[1]


@given(twins(alike=1), st.sampled_from(["account", "key", "at", "target"]))
def test_a_number_as_a_wrong_argument_is_masked(pair: tuple[Imei, Imei], name: str) -> None:
    """errors.shown: what could be an IMEI is masked; as an int it may have lost a zero, so all but 8 digits are."""
    from miexchange import headline  # noqa: PLC0415 - for this one

    programme = shipped_programme("mi-exchange-india")
    texts = []
    for imei in pair:
        arguments: dict[str, Any] = {"account": "a", "key": KEY, "at": None, "target": None, name: int(imei.digits)}
        texts.append(said(coupon_for, Device("x"), Condition(), programme, **arguments))
        texts[-1] += said(headline, int(imei.digits), programme, at=imei.digits)
        texts[-1] += said(Device.from_json, f'{{"model": {imei.digits}}}') + said(Imei.from_json, imei.digits)
        texts[-1] += said(Condition.from_json, f'{{"a": {imei.digits}}}')
        texts[-1] += said(Quote.from_json, f'{{"imeis": ["{imei.digits[:-1]}"], "{imei.digits}": 1}}')
    assert texts[0] == texts[1]
    assert not re.search(pair[0].digits, texts[0])
