"""The laws of the number and of the table, each with the rule that it follows from."""

from __future__ import annotations

import json
import string
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from miexchange._privacy import mask
from miexchange.errors import InvalidImei, InvalidValue
from miexchange.imei import Imei, compact, format, is_valid, validate  # noqa: A004 - the verb's name
from miexchange.strategies import all_imeis, mistyped_imeis
from miexchange.tac import TacDevice, TacTable
from property.hostile import anything
from property.messages import fault_of_message

imeis = all_imeis()
bodies = imeis.map(lambda imei: imei.body)
separators = st.text(" -", max_size=3)
near_misses = mistyped_imeis() | st.text(string.digits + " -+.\u2212\u0663\uff13A\n", max_size=20)

if TYPE_CHECKING:
    from random import Random

tacs = st.integers(0, 99_999_999).map("{:08d}".format)
few_tacs = st.sampled_from(["00000000", "01234567", "35417803", "99999999"])
names = st.sampled_from(["Acme", "acme", "One", "One 5G", "\u00c4"])
rows = st.lists(st.tuples(st.one_of(tacs, few_tacs), names, st.one_of(st.just(""), names)), max_size=30)


def luhn_holds(digits: str) -> bool:
    """The check of ISO/IEC 7812-1 annex B, written from its text: double every second digit from the right."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = ord(digit) - ord("0")
        if place % 2:
            value = value * 2 if value < 5 else value * 2 - 9
        total += value
    return total % 10 == 0


@given(st.text(string.digits, min_size=15, max_size=15))
def test_the_check_digit_is_that_of_an_independent_luhn(digits: str) -> None:
    """3GPP TS 23.003 annex B: the check digit is the Luhn digit of the fourteen others."""
    assert is_valid(digits) == luhn_holds(digits)


@given(imeis)
def test_exactly_one_check_digit_is_right(imei: Imei) -> None:
    """3GPP TS 23.003 annex B.2: the check digit makes the sum a multiple of ten."""
    assert [digit for digit in string.digits if is_valid(imei.body + digit)] == [imei.check_digit]


@given(imeis, st.integers(0, 14), st.sampled_from(string.digits))
def test_a_single_wrong_digit_is_always_refused(imei: Imei, place: int, digit: str) -> None:
    """3GPP TS 22.016 clause 3: the check digit guards against manual entry errors."""
    assume(digit != imei.digits[place])
    assert not is_valid(imei.digits[:place] + digit + imei.digits[place + 1 :])


@given(imeis, st.integers(0, 13))
def test_an_adjacent_transposition_is_refused_unless_it_is_09(imei: Imei, place: int) -> None:
    """A Luhn sum changes when two neighbours change places, except for 0 and 9: doubled, both keep their worth."""
    pair = imei.digits[place : place + 2]
    swapped = imei.digits[:place] + pair[::-1] + imei.digits[place + 2 :]
    assert is_valid(swapped) == (pair in {"09", "90"} or pair[0] == pair[1])


@given(bodies, st.integers(0, 12))
def test_swapped_09_is_not_noticed(body: str, place: int) -> None:
    """The counterpart: 09 for 90 cannot be seen, so nothing here claims that it is."""
    one, other = (Imei.from_body(body[:place] + pair + body[place + 2 :]) for pair in ("09", "90"))
    assert one.check_digit == other.check_digit


@given(imeis, st.sampled_from(["", " ", "-", " - ", "--"]))
def test_format_and_parse_are_inverse(imei: Imei, separator: str) -> None:
    """Imei.parse: spaces and hyphens may stand between digits, runs of them too."""
    assert Imei.parse(format(imei, separator)) == imei
    assert Imei(imei.digits) == Imei.from_json(imei.to_json(reveal_imei=True)) == imei


@given(imeis, st.lists(separators, min_size=14, max_size=14), st.text(" \t\n\r\u00a0\u2028", max_size=3))
def test_separators_between_digits_do_not_matter(imei: Imei, between: list[str], around: str) -> None:
    """Imei.parse: surrounding white space is removed; spaces and hyphens may stand between digits."""
    text = around + "".join(map("".join, zip(imei.digits, [*between, ""], strict=True))) + around
    assert Imei.parse(text) == imei
    assert compact(text) == imei.digits
    shown = [character for character in mask(text) if character.isdigit()]
    assert shown in ([*imei.tac, imei.check_digit], [*imei.tac], [*imei.tac][: len(shown)])  # a long text is cut


@given(anything)
def test_is_valid_never_raises_and_agrees_with_validate(given_value: object) -> None:
    """One rule, two verbs: is_valid is whether validate returns."""
    try:
        digits = validate(given_value)  # type: ignore[arg-type]
    except InvalidImei:
        digits = None
    assert is_valid(given_value) is (digits is not None)
    assert digits is None or (len(digits) == 15 and validate(digits) == digits)


@given(near_misses)
def test_what_is_not_an_imei_says_so_on_one_line(text: str) -> None:
    """An error is one clear sentence with a remedy, whatever the input."""
    assume(not is_valid(text))
    with pytest.raises(InvalidImei) as caught:
        Imei.parse(text)
    assert str(caught.value).isprintable()
    assert str(caught.value).endswith(f". {caught.value.remedy}")


@given(bodies, st.integers(0, 98))
def test_one_phone_has_one_body_in_every_form(body: str, version: int) -> None:
    """3GPP TS 23.003 clause 6.2: the IMEI and the IMEISV of one phone share TAC and serial, 14 digits."""
    imei = Imei.from_body(body)
    assert imei == Imei.from_imeisv(f"{body}{version:02d}") == Imei.parse(imei.digits)
    assert imei.body == imei.tac + imei.serial == body


@given(imeis, st.text(" -/.:", max_size=2))
def test_the_mask_hides_the_serial_alone(imei: Imei, separator: str) -> None:
    """3GPP TS 23.003 clause 6.2.1: the serial number identifies the phone within its TAC."""
    text = format(imei, separator)
    masked = mask(text)
    assert [character for character in masked if character not in " -/.:"] == [*imei.tac, *"******", imei.check_digit]
    assert str(imei) == mask(imei.digits) == f"{imei.tac}******{imei.check_digit}"
    assert mask(imei.body) == f"{imei.tac}******"
    assert mask(f"{imei.body}07") == f"{imei.tac}******07"


@given(rows, st.randoms(use_true_random=False))
def test_a_table_looks_up_like_a_dict_of_sets(entries: list[tuple[str, str, str]], random: Random) -> None:
    """GSMA TS.06: a TAC stands for one model; where a table says otherwise, every candidate is kept."""
    oracle: dict[str, set[TacDevice]] = {}
    for tac, brand, model in entries:
        oracle.setdefault(tac, set()).add(TacDevice(brand, model))
    table = TacTable.of(entries)
    for tac, devices in oracle.items():
        assert set(table.lookup(tac)) == devices
        assert table.lookup(Imei.from_body(f"{tac}000000")) == table.lookup(tac) == tuple(sorted(devices))
    assert set(table) == {(tac, device) for tac, devices in oracle.items() for device in devices}
    assert len(table) == len(list(table)) == sum(map(len, oracle.values()))
    assert table.report.rows == len(entries) == len(table) + table.report.merged
    assert table.report.conflicts == sum(len(devices) > 1 for devices in oracle.values())
    shuffled = random.sample(entries, len(entries))
    assert TacTable.of(shuffled) == table
    assert hash(TacTable.of(shuffled)) == hash(table)


@given(rows, tacs)
def test_a_tac_outside_the_table_is_unknown(entries: list[tuple[str, str, str]], tac: str) -> None:
    """Absent means unknown, not forged: a list of TACs lags behind the shops."""
    assume(tac not in {entry[0] for entry in entries})
    assert TacTable.of(entries).lookup(tac) == ()


@given(near_misses | st.text(string.digits, min_size=14, max_size=18))
def test_json_that_holds_no_imei_says_what_to_do(text: str) -> None:
    """Design, promise 8: the field, what is wrong with it, and the remedy, which begins with what to do."""
    try:
        Imei.from_json(json.dumps(text))
    except InvalidValue as error:
        assert fault_of_message(error) == ""  # noqa: PT017 - most texts are refused
