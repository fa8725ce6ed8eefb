"""The check of IMEIs in SQL: whole numbers instead of texts after one cast, eight digits at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from _rules import POSITION, white_space
from miexchange import ReasonCode

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["imei_stages", "quoted", "stacked", "validate_sql"]

_SHAPES = ("empty", "sign", "characters", "14_digits", "16_digits", "length", "network_form", "check_digit")


def quoted(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def stacked(source: str, *stages: Mapping[str, str]) -> str:
    """Return a query that adds the columns of each stage to those of the one before it."""
    for stage in stages:
        columns = ",\n    ".join(f'{expression} AS "{name}"' for name, expression in stage.items())
        source = f"(SELECT *,\n    {columns}\nFROM {source})"
    return source


def imei_stages() -> tuple[dict[str, str], ...]:
    """Return the stages that lead from `imei` to `v`, its fifteen digits as a number, and `why` it is none."""
    code = {name: POSITION[ReasonCode(f"imei_{name}")] for name in _SHAPES}
    lengths = "CASE length(digits) WHEN 15 THEN -1 WHEN 14 THEN {14_digits} WHEN 16 THEN {16_digits} ELSE {length} END"
    white = quoted(white_space())
    return (
        # A text of fifteen characters that is a number of fifteen digits, and has no exponent, is plain digits.
        {"number": "CASE WHEN strlen(imei) = 15 AND imei >= '1' AND imei < ':' THEN TRY_CAST(imei AS BIGINT) END"},
        {"plain": "number >= 100000000000000 AND NOT contains(imei, 'e') AND NOT contains(imei, 'E')"},
        {"stripped": f"CASE WHEN plain THEN NULL ELSE trim(imei, {white}) END"},
        {"digits": "CASE WHEN plain THEN NULL ELSE replace(replace(stripped, ' ', ''), '-', '') END"},
        {
            "shape": f"""CASE WHEN plain THEN -1 WHEN imei IS NULL THEN NULL
                WHEN stripped = '' THEN {code["empty"]}
                WHEN stripped[1] IN ('+', '-', '\N{MINUS SIGN}') THEN {code["sign"]}
                WHEN NOT regexp_full_match(digits, '[0-9]+') OR ends_with(stripped, '-') THEN {code["characters"]}
                ELSE {lengths.format_map(code)} END"""
        },
        {"v": "CASE WHEN plain THEN number WHEN shape = -1 THEN CAST(digits AS BIGINT) END"},
        *luhn_stages(),
        {
            "why": f"""CAST(CASE WHEN v IS NULL THEN shape WHEN luhn % 65535 % 10 = 0 THEN -1
                WHEN v % 10 = 0 THEN {code["network_form"]} ELSE {code["check_digit"]} END AS TINYINT)"""
        },
    )


def luhn_stages() -> tuple[dict[str, str], ...]:
    """Return the stages that lead from `v` to `luhn`, whose four lanes of 16 bits add up to the Luhn sum.

    With a zero in front, fifteen digits are two times eight. Each eight become two lanes of four
    digits, then four lanes of two, then tens and units; the tens are what Luhn doubles. Divisions by
    10 000, 100 and 10 are multiplications with a shift, exact in these ranges.
    """
    hundreds, tens, one = 0x0000_007F_0000_007F, 0x000F_000F_000F_000F, 0x0001_0001_0001_0001
    fours, pairs = 10_000 * 2**32 - 1, 100 * 2**16 - 1
    halves = ("a", "b")
    return (
        {"a": "v // 100000000"},
        {"b": "v - a * 100000000"},
        {f"{half}4": f"{half} * {2**32} - {fours} * (({half} * 3518437209) >> 45)" for half in halves},
        {f"{half}2": f"{half}4 * {2**16} - {pairs} * ((({half}4 * 10486) >> 20) & {hundreds})" for half in halves},
        {f"{half}1": f"(({half}2 * 103) >> 10) & {tens}" for half in halves},
        # Units are pairs - 10 x tens, and a doubled digit is 2 x tens, plus 1 in place of - 9 above four.
        {
            "luhn": f"""a2 + b2 - 8 * (a1 + b1)
                + (((a1 + {11 * one}) >> 4) & {one}) + (((b1 + {11 * one}) >> 4) & {one})"""
        },
    )


def validate_sql(source: str) -> str:
    """Return the query that gives the position of the reason for each text, -1 for an IMEI, null for null."""
    return f"SELECT why FROM {stacked(source, *imei_stages())}"  # noqa: S608 - all names in it are our own
