"""The summary of a file of devices: rows by outcome, and totals in money."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa

from miexchange._arguments import check, instance, several
from miexchange._bounded import Count, Line
from miexchange._value import Value
from miexchange.batch.arrow._compiled import are_worth_it, compiled
from miexchange.batch.arrow._layouts import nulls_of, numbers_of
from miexchange.refusal import ReasonCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from miexchange.batch.arrow._results import Amounts, Texts
    from miexchange.programme import Programme

__all__ = ["Refused", "Share", "Summary", "summary_of"]


@dataclass(frozen=True, slots=True)
class Refused(Value):
    """The number of rows refused for one reason; a row with several reasons counts for each.

    Attributes:
        code: the reason.
        rows: how many rows.
    """

    code: ReasonCode
    rows: Count


@dataclass(frozen=True, slots=True)
class Share(Value):
    """The totals of the devices of one brand or one grade.

    Attributes:
        name: the brand, or the grade.
        devices: the number of rows with a value.
        exchange_value: in minor units.
        coupon_value: in minor units.
    """

    name: Line
    devices: Count
    exchange_value: Count
    coupon_value: Count


@dataclass(frozen=True, slots=True)
class Summary(Value):
    """The summary of a file of devices.

    Attributes:
        rows: the number of rows in the file.
        quotes: the number of quotes.
        indicative: the number of quotes without an IMEI, which earn no coupon.
        refused: the number of refused rows.
        exchange_value: the sum over all quotes, the indicative ones included, in minor units.
        coupon_value: likewise.
        reasons: the refusals by reason, in the order of `miexchange.ReasonCode`.
        brands: the totals by brand, in alphabetical order.
        grades: the totals by grade, in alphabetical order.

    >>> Summary.total([]).rows
    0
    """

    rows: Count
    quotes: Count
    indicative: Count
    refused: Count
    exchange_value: Count
    coupon_value: Count
    reasons: tuple[Refused, ...]
    brands: tuple[Share, ...]
    grades: tuple[Share, ...]

    @classmethod
    def total(cls, parts: Iterable[Summary]) -> Summary:
        """Add up the summaries of the parts of a file; their order does not matter.

        Raises:
            InvalidValue: an argument is not a summary.
        """
        rule = several(instance(Summary), "give a list of Summary")
        every: list[Summary] = check({"parts": parts}, {"parts": rule})["parts"]
        reasons: Counter[ReasonCode] = Counter()
        for part in every:
            reasons.update({one.code: one.rows for one in part.reasons})
        return cls(
            sum(part.rows for part in every),
            sum(part.quotes for part in every),
            sum(part.indicative for part in every),
            sum(part.refused for part in every),
            sum(part.exchange_value for part in every),
            sum(part.coupon_value for part in every),
            tuple(Refused(code, reasons[code]) for code in ReasonCode if reasons[code]),
            _added(share for part in every for share in part.brands),
            _added(share for part in every for share in part.grades),
        )


def _added(shares: Iterable[Share]) -> tuple[Share, ...]:
    sums: dict[str, tuple[int, int, int]] = {}
    for share in shares:
        devices, exchange, coupon = sums.get(share.name, (0, 0, 0))
        sums[share.name] = devices + share.devices, exchange + share.exchange_value, coupon + share.coupon_value
    return tuple(Share(name, *sums[name]) for name in sorted(sums))


def summary_of(models: pa.ChunkedArray, result: Mapping[str, Texts | Amounts], programme: Programme) -> Summary:
    """Sum up a table.

    Args:
        models: its column of models; a text or a dictionary of texts.
        result: the columns of its result, by name.
        programme: whose catalogue knows the brands.
    """
    outcomes, reasons, grades = (cast("Texts", result[name]) for name in ("outcome", "reasons", "grade"))
    exchange, coupon = (cast("Amounts", result[name]) for name in ("exchange_value_minor", "coupon_value_minor"))
    refused = outcomes.codes == outcomes.texts.index("refused")
    worth = refused, exchange.values, coupon.values
    found = Counter(dict(zip(outcomes.texts, _counts(outcomes.codes, len(outcomes.texts)), strict=True)))
    codes, brands = _brands(models, programme)
    by_brand = _shares(codes, brands, *worth)
    return Summary(
        rows=len(refused),
        quotes=found["quote"],
        indicative=found["indicative"],
        refused=found["refused"],
        exchange_value=sum(share.exchange_value for share in by_brand),
        coupon_value=sum(share.coupon_value for share in by_brand),
        reasons=_reasons(reasons),
        brands=by_brand,
        grades=_shares(grades.codes.astype(np.intp), list(grades.texts), *worth),
    )


def _counts(codes: NDArray[Any], length: int) -> list[int]:
    counts: list[int] = np.bincount(codes, minlength=length).tolist()
    return counts


def _reasons(sets: Texts) -> tuple[Refused, ...]:
    rows: Counter[str] = Counter()
    for text, count in zip(sets.texts, _counts(sets.codes, len(sets.texts)), strict=True):
        rows.update(dict.fromkeys(filter(None, text.split("|")), count))
    return tuple(Refused(code, rows[code]) for code in ReasonCode if rows[code])


def _brands(models: pa.ChunkedArray, programme: Programme) -> tuple[NDArray[np.intp], list[str]]:
    """Return the position of each row's brand, and the brands; the last one stands for no brand."""
    brands = sorted({variant.brand for variant in programme.catalogue})
    codes = [np.zeros(0, dtype=np.intp)]
    for chunk in models.chunks:
        encoded = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        variants = [
            None if text is None else programme.catalogue.named(text) for text in encoded.dictionary.to_pylist()
        ]
        of_text = [len(brands) if variant is None else brands.index(variant.brand) for variant in variants]
        indices = np.where(nulls_of(encoded.indices), len(of_text), numbers_of(encoded.indices))
        codes.append(np.array([*of_text, len(brands)], dtype=np.intp)[indices])
    return np.concatenate(codes), [*brands, ""]


def _shares(
    codes: NDArray[np.intp],
    names: list[str],
    refused: NDArray[np.bool_],
    exchange: NDArray[np.int64],
    coupon: NDArray[np.int64],
) -> tuple[Share, ...]:
    """Sum the values by code, in integers."""
    sums = np.zeros((3, len(names)), dtype=np.int64)
    if are_worth_it():
        _add_up(codes, refused, exchange, coupon, sums)
    else:
        valued = ~refused
        for added, numbers in zip(sums, (valued, exchange, coupon), strict=True):
            np.add.at(added, codes[valued], numbers[valued])
    shares = zip(names, *sums.tolist(), strict=True)
    return tuple(sorted((Share(*share) for share in shares if share[1]), key=lambda share: share.name))


@compiled
def _add_up(
    codes: NDArray[np.intp],
    refused: NDArray[np.bool_],
    exchange: NDArray[np.int64],
    coupon: NDArray[np.int64],
    sums: NDArray[np.int64],
) -> None:
    """Add the number of rows by code, and their values; refused rows have none."""
    for row in range(len(codes)):
        if not refused[row]:
            code = codes[row]
            sums[0, code] += 1
            sums[1, code] += exchange[row]
            sums[2, code] += coupon[row]
