"""The check of IMEIs in Polars: whole numbers instead of texts after one cast.

Nearly all texts are fifteen plain digits. The few others are taken out, read by their rules, and put
back: `when` alone would read every text by every rule.
"""

from __future__ import annotations

import polars as pl

from _rules import POSITION, white_space
from miexchange import ReasonCode

__all__ = ["imei_stages"]

LENGTH = 15
SHAPES = ("empty", "sign", "characters", "14_digits", "16_digits", "length", "network_form", "check_digit")
CODE = {name: pl.lit(POSITION[ReasonCode(f"imei_{name}")], pl.Int8) for name in SHAPES}
RIGHT = pl.lit(-1, pl.Int8)


def imei_stages() -> tuple[dict[str, pl.Expr], ...]:
    """Return the stages that lead from `imei` to `v`, its fifteen digits as a number, and `why` it is none.

    `why` is the position of the reason in `ReasonCode`, -1 for an IMEI, and null for null.
    """
    read = pl.Struct({"v": pl.UInt64, "shape": pl.Int8})
    halves = {"high": pl.col("v") // 10**8, "low": pl.col("v") % 10**8}
    luhn = (_luhn("high") + _luhn("low")) % 10
    checked = pl.when(luhn == 0).then(RIGHT).when(pl.col("v") % 10 == 0).then(CODE["network_form"])
    return (
        {"read": pl.col("imei").map_batches(_read, return_dtype=read, is_elementwise=True)},
        {name: pl.col("read").struct.field(name) for name in ("v", "shape")},
        {name: half.cast(pl.UInt32) for name, half in halves.items()},
        {"why": pl.when(pl.col("v").is_null()).then(pl.col("shape")).otherwise(checked.otherwise(CODE["check_digit"]))},
    )


def _read(imei: pl.Series) -> pl.Series:
    """Return the fifteen digits of each text as a number `v`, and its `shape`: -1, or the reason against it."""
    number = imei.cast(pl.UInt64, strict=False)
    plain = ((imei.str.len_bytes() == LENGTH) & (number >= 10 ** (LENGTH - 1))).fill_null(value=False)
    others = (~plain).arg_true()
    stripped, digits = pl.col("stripped"), pl.col("digits")
    found = (
        pl.LazyFrame({"imei": imei.gather(others)})
        .with_columns(stripped=pl.col("imei").str.strip_chars(white_space()))
        .with_columns(digits=stripped.str.replace_all("[ -]", ""))
        .with_columns(shape=_shape(stripped, digits))
        .with_columns(v=pl.when(pl.col("shape") == RIGHT).then(digits.cast(pl.UInt64, strict=False)))
        .collect()
    )
    shape = pl.repeat(-1, len(imei), dtype=pl.Int8, eager=True)
    read = {"v": number.scatter(others, found["v"]), "shape": shape.scatter(others, found["shape"])}
    return pl.DataFrame(read).to_struct()


def _shape(stripped: pl.Expr, digits: pl.Expr) -> pl.Expr:
    count = digits.str.len_bytes()
    return (
        pl.when(stripped == "")
        .then(CODE["empty"])
        .when(stripped.str.contains("^[+\N{MINUS SIGN}-]"))
        .then(CODE["sign"])
        .when(~digits.str.contains("^[0-9]+$") | stripped.str.ends_with("-"))
        .then(CODE["characters"])
        .when(count == LENGTH)
        .then(RIGHT)
        .when(count == LENGTH - 1)
        .then(CODE["14_digits"])
        .when(count == LENGTH + 1)
        .then(CODE["16_digits"])
        .when(stripped.is_not_null())
        .then(CODE["length"])
    )


def _luhn(half: str) -> pl.Expr:
    """Return the Luhn sum of up to eight digits, two at a time; the tens of each two are what is doubled.

    Two digits are worth units + 2 x tens, less 9 where the tens are above four: the pair less 8 x
    tens, and 1 in place of - 9, since only the last digit of the sum counts.
    """
    total = pl.lit(0, pl.UInt32)
    for place in (10**6, 10**4, 10**2, 1):
        pair = pl.col(half) // place % 100
        total = total + (pair - 8 * (pair // 10) + (pair > 49).cast(pl.UInt32))  # noqa: PLR2004
    return total
