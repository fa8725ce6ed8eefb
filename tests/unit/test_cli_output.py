"""How the command writes: one line of JSON or plain text, amounts as in India, and never a whole IMEI."""

from __future__ import annotations

import io
import json
import re
import sys
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miexchange import Imei
from miexchange.cli import _output
from miexchange.display import _pattern
from miexchange.imei import format as printed_as
from miexchange.money import Currency, percent
from property.effort import effort
from unit.command import (
    AT,
    IMEI,
    ORDER,
    QUOTE,
    VALUED,
    put_at_hand,
    run,
    spawn,
)
from unit.small import INR

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put_at_hand(tmp_path_factory.mktemp("at-hand"))


# Everything that is written: JSON, plain text, privacy.


def every_command(files: Path, imei: Imei = IMEI) -> Iterator[tuple[str, ...]]:
    """Run through the commands, their answers, refusals and mistakes, with an IMEI wherever a person may put one."""
    digits, printed = imei.digits, printed_as(imei, " ")
    yield (*VALUED, "--imei", digits)
    yield (*VALUED, "--imei", printed, "--explain", "--account", "asha", "--key-file", str(files / "key"))
    yield (*VALUED, "--imei", digits, "--account", digits, "--key-file", str(files / "key"))
    yield (*VALUED, "--imei", digits[:-1])
    yield (*VALUED, "--imei", digits, "--imei2", digits)
    yield (*VALUED, "--imei", f"{digits[:-1]}{(int(digits[-1]) + 1) % 10}")
    yield (*VALUED, "--imei", Imei.from_body(imei.body).digits, "--model", "xiaomi-redmi-note-4-4-64")
    yield (*QUOTE, "--imei", digits)
    yield ("quote", "--model", digits, "--at", AT)
    yield ("imei", digits, printed, digits[:-1], f"{digits}7", f"{digits[:5]}x{digits[5:]}")
    yield ("models", "redmi", "note", "--at", AT)
    yield ("models", printed)
    yield ("programme", "lint", "mi-exchange-india")
    yield ("programme", "lint", str(files / "data" / "programmes" / "mi-exchange-india"))
    yield ("programme", "show", "graded-trade-in")
    yield (
        "coupon",
        "check",
        "--coupon",
        str(files / "coupon.json"),
        "--order",
        str(files / "order.json"),
        "--key-file",
        str(files / "key"),
        "--account",
        digits,
    )
    yield ("demo",)


def mistakes(imei: Imei) -> Iterator[tuple[str, ...]]:
    digits, printed = imei.digits, printed_as(imei, " ")
    yield ("quote", digits)
    yield ("quote", printed)
    yield (digits,)
    yield ("imei", f"--{digits}")
    yield (*QUOTE, "--at", digits)
    yield (*QUOTE, "--at", f"{digits[:4]}-{digits[4:]}")
    yield (*QUOTE, "--answer", f"{digits}={digits}")
    yield (*QUOTE, "--answer", f"power={digits}")
    yield (*QUOTE, "--answers", digits)
    yield (*QUOTE, "--programme", printed)
    yield (*QUOTE, "--purchased-on", digits)
    yield (*QUOTE, "--imei-status", digits)
    yield ("models", "x", "--limit", digits + "x")
    yield ("programme", "show", digits)
    yield ("coupon", "check", "--coupon", digits, "--order", digits, "--account", "a")


def test_json_is_one_canonical_line_and_nothing_else(files: Path) -> None:
    for arguments in every_command(files):
        ran = run(*arguments, "--json")
        assert ran.err == ""
        assert ran.out.count("\n") == 1
        assert ran.out == json.dumps(ran.data, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
        assert ran.code == run(*arguments).code


def test_no_json_holds_a_float(files: Path) -> None:
    def refuse(text: str) -> float:
        raise AssertionError(text)

    for arguments in every_command(files):
        json.loads(run(*arguments, "--json").out, parse_float=refuse)


@pytest.mark.parametrize("columns", ["80", "120"])
def test_piped_output_is_plain_and_nothing_is_cut(files: Path, columns: str) -> None:
    for arguments in every_command(files):
        out = run(*arguments, environ={"COLUMNS": columns}).out
        assert "\x1b" not in out
        assert "…" not in out
        assert not any(line != line.rstrip() for line in out.splitlines())
        if arguments[:2] != ("programme", "lint"):  # its lines are for editors, so they stay whole
            assert max(map(_columns, out.splitlines())) <= int(columns), arguments


def _columns(line: str) -> int:
    return sum(not unicodedata.combining(character) for character in line)


def test_a_terminal_gets_bold_headings() -> None:
    assert "\x1b[1m" in run("models", "oneplus", "3t", "--at", AT, environ={"FORCE_COLOR": "1"}).out


@given(st.from_regex(r"(86366403|35999999|86000000)[0-9]{6}", fullmatch=True))
@effort(0.08)
def test_no_output_shows_a_whole_imei(files: Path, body: str) -> None:
    imei = Imei.from_body(body)
    for arguments in (*every_command(files, imei), *mistakes(imei)):
        for more in ((), ("--json",)):
            ran = run(*arguments, *more)
            shown = re.sub(r"[\s./=_-]", "", ran.out + ran.err)
            assert imei.body not in shown, arguments
            assert ran.code in {0, 1, 2}
            assert "Traceback" not in ran.err


def test_a_digest_is_not_taken_for_an_imei() -> None:
    assert _output.hide("ab12345678901234cd") == "ab12345678901234cd"
    assert _output.hidden({"a": [IMEI.digits, 1, None], IMEI.digits: ("x",)}) == {
        "a": [str(IMEI), 1, None],
        str(IMEI): ["x"],
    }


def test_what_a_terminal_would_act_on_becomes_an_escape() -> None:
    assert _output.hide("a\x1b[31mb\u202ec\nd") == r"a\x1b[31mb\u202ec\nd"


def test_markup_in_a_text_is_text(files: Path, tmp_path: Path) -> None:
    phone = {**ORDER["lines"][0], "product": "[red]Phone[/red] :smile:"}  # type: ignore[dict-item]
    order = tmp_path / "order.json"
    order.write_text(json.dumps({"id": "1", "lines": [phone]}), "utf-8")
    given = ("--coupon", str(files / "coupon.json"), "--order", str(order), "--key-file", str(files / "key"))
    ran = run("coupon", "check", *given, "--account", "asha", "--at", AT)
    assert "[red]Phone[/red] :smile:" in ran.out


# Amounts.


def test_amounts_are_grouped_as_in_india_and_exact() -> None:
    assert [_output.writer(INR)(amount) for amount in (0, 1, -56450, 123456789012)] == [
        "₹0.00",
        "₹0.01",
        "-₹564.50",
        "₹1,23,45,67,890.12",
    ]


def test_without_babel_amounts_are_plain_rupees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "babel", None)
    _pattern.cache_clear()
    try:
        assert [_output.writer(INR)(amount) for amount in (1072000, -56450)] == ["₹10720.00", "-₹564.50"]
        assert "₹10720.00" in run(*VALUED).out
    finally:
        _pattern.cache_clear()


def test_a_terminal_without_the_rupee_sign_gets_letters_and_json_stays_utf_8() -> None:
    ran = run(*VALUED, encoding="ascii")
    assert "Rs 10,720.00" in ran.out
    assert run("programme", "show", "graded-trade-in", encoding="ascii").code == 0
    assert spawn(*VALUED, "--json").stdout == run(*VALUED, "--json").out


@pytest.mark.parametrize(
    ("code", "text"),
    [("INR", "-Rs 1,234.56"), ("CNY", "-CNY 1,234.56"), ("XOF", "-XOF 123,456"), ("USD", "-$1,234.56")],
)
def test_a_mark_that_the_output_cannot_encode_is_the_currencys_code(
    monkeypatch: pytest.MonkeyPatch, code: str, text: str
) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert _output.writer(Currency(code))(-123_456) == text


def test_percentages_are_exact() -> None:
    assert [percent(bps) for bps in (0, 5, 701, 9500, 36250)] == ["0 %", "0.05 %", "7.01 %", "95 %", "362.5 %"]
