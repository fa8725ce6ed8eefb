"""A table of mixed devices for a programme: what a warehouse of trade-ins looks like, faults of typing included.

The rows are made by numpy in whole columns. The same programme, number of rows and seed give the
same table. IMEIs and dates are invented; only the TACs are those of the programme's table.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from miexchange import Variant

if TYPE_CHECKING:
    from miexchange import Programme, Question

__all__ = ["devices"]

_Ints = npt.NDArray[np.int64]
_Bytes = npt.NDArray[np.uint8]
_Bools = npt.NDArray[np.bool_]

BEGIN, END = datetime(2018, 3, 10, tzinfo=UTC), datetime(2018, 7, 5, tzinfo=UTC)
OLDEST_PURCHASE = date(2015, 1, 1)
EPOCH_DAY = date(1970, 1, 1)
DAY_US = 86_400_000_000

UNKNOWN_NAMES = ("iphone 7", "Nokia 3310", "note four", "", "xiaomi-redmi-note-44-64", "Redmi Note 4")
STATUSES = ("clear", "blocked", "tracked", "duplicate", "unverified", None)
STATUS_SHARES = (0.940, 0.005, 0.005, 0.005, 0.040, 0.005)
TARGETS = (None, "Redmi Note 5", "Redmi Note 5 Pro", "Mi A1", "Mi MIX 2")
TARGET_SHARES = (0.80, 0.09, 0.05, 0.04, 0.02)
UNKNOWN_ANSWER = "not_sure"
UNKNOWN_ANSWER_SHARE, NULL_ANSWER_SHARE = 0.001, 0.003
GATE_SHARE = 0.003
FAULT_SHARES = {"functional": 0.03, "cosmetic": 0.22, "none": 0.35}
"""Of devices with the second answer; each answer after that is a third as frequent."""

LISTED_SHARE, UNLISTED_SHARE = 0.97, 0.025  # what is left is a name that leads to no variant
WITH_TAC_SHARE = 0.92  # of the listed: models with a TAC in the table sell more than their number says

# What the text of an IMEI is, and how often. The first four begin with the digits of a valid IMEI.
KINDS = (
    ("fitting TAC", 0.685),
    ("TAC not in the table", 0.205),
    ("TAC of any model", 0.050),
    ("hyphens or spaces", 0.010),
    ("missing", 0.020),
    ("wrong check digit", 0.010),
    ("check digit 0", 0.002),
    ("14 or 16 digits", 0.005),
    ("garbage", 0.005),
    ("placeholder", 0.003),
    ("test TAC", 0.003),
    ("no reporting body", 0.002),
)
PLACEHOLDERS = ("00000000000000", "01234567890123", "12345678901234", "35824005111111", "49015420323751")
GARBAGE = (
    *("", " ", "n/a", "unknown", "-", "+353456789012345", "-353456789012345", "354178036859789-", "35417803685978X"),
    *("3541780368597", "35417803685978900", "IMEI 354178036859789", "354178036859789 / 354178", "354.178.036.859.789"),
    *("٣٥٤١٧٨٠٣٦٨٥٩", "\u2212354178036859", "\t354178036859789 ", "354178036859789\n", "0", "35--41 780368597--89"),
)
LONGEST = 24  # bytes of the longest text above


@dataclass(frozen=True, slots=True)
class _Names:
    """The names that devices go by: listed variants, then others of the catalogue, then names of nothing."""

    names: tuple[str, ...]
    listed: int
    known: int
    variants: tuple[Variant, ...]


def devices(programme: Programme, rows: int, seed: int, *, encoded: bool = True) -> pa.Table:
    """Return a table of devices: `model`, `imei`, `imei_status`, `at`, `purchased_on`, `target`, and every question.

    Args:
        programme: whose models, TACs and questions.
        rows: how many devices.
        seed: which devices.
        encoded: whether the answers are dictionary-encoded; otherwise they are plain texts. The
            other columns, and every value, are the same.

    Returns:
        A table of one chunk. About 95 % of its IMEIs are valid.
    """
    random = np.random.default_rng(seed)
    names = _names(programme)
    model = _models(random, programme, names, rows)
    at = random.integers(_micros(BEGIN), _micros(END), rows)
    columns: dict[str, pa.Array] = {
        "model": _dictionary(model.astype(np.int16), names.names),
        "imei": _imeis(random, programme, names, model),
        "imei_status": _choice(random, STATUSES, STATUS_SHARES, rows),
        "at": pa.array(at, pa.timestamp("us", "UTC")),
        "purchased_on": _purchases(random, at),
        "target": _choice(random, TARGETS, TARGET_SHARES, rows),
    }
    for question in programme.terms[-1].questionnaire.questions:
        asked = _asked(programme, names, question.id, model, at)
        answers = _answers(random, question, asked)
        columns[question.id] = answers if encoded else answers.cast(pa.string())
    return pa.table(columns)


def _micros(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _dictionary(codes: npt.NDArray[Any], texts: tuple[str, ...]) -> pa.DictionaryArray:
    """Encode: a code below zero is null."""
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), pa.array(texts, pa.string()))


def _choice(
    random: np.random.Generator, texts: tuple[str | None, ...], shares: tuple[float, ...], rows: int
) -> pa.DictionaryArray:
    known = tuple(text for text in texts if text is not None)
    code_of = np.array([-1 if text is None else known.index(text) for text in texts], np.int8)
    return _dictionary(code_of[_draw(random, shares, rows)], known)


def _draw(random: np.random.Generator, shares: tuple[float, ...], rows: int) -> _Ints:
    """Draw positions by their shares, which add up to 1."""
    bounds = np.cumsum(shares)[:-1]
    return np.searchsorted(bounds, random.random(rows, np.float32), side="right")


def _names(programme: Programme) -> _Names:
    catalogue = programme.catalogue
    listed = sorted({listing.model for listing in programme.eligible})
    others = sorted(catalogue.by_model.keys() - set(listed))
    models = (*listed, *others)
    variants = tuple(catalogue.by_model[model] for model in models)
    return _Names((*models, *UNKNOWN_NAMES), len(listed), len(models), variants)


def _tacs_by_family(programme: Programme) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for tac, device in programme.tacs:
        family = programme.catalogue.family_of(device.brand, device.model)
        if family is not None:
            found.setdefault(family, []).append(int(tac))
    return found


def _models(random: np.random.Generator, programme: Programme, names: _Names, rows: int) -> _Ints:
    tacs = _tacs_by_family(programme)
    listed = range(names.listed)
    with_tac = np.array([code for code in listed if names.variants[code].family in tacs] or listed)
    without = np.array([code for code in listed if names.variants[code].family not in tacs] or listed)
    others = np.arange(names.listed, names.known) if names.known > names.listed else without
    groups = (with_tac, without, others, np.arange(names.known, len(names.names)))
    shares = (LISTED_SHARE * WITH_TAC_SHARE, LISTED_SHARE * (1 - WITH_TAC_SHARE), UNLISTED_SHARE)
    group = _draw(random, (*shares, 1 - sum(shares)), rows)
    model = np.empty(rows, np.int64)
    for number, codes in enumerate(groups):
        members = np.flatnonzero(group == number)
        model[members] = codes[random.integers(0, len(codes), len(members))]
    return model


def _purchases(random: np.random.Generator, at: _Ints) -> pa.Array:
    today = at // DAY_US
    first = (OLDEST_PURCHASE - EPOCH_DAY).days
    bought = first + (random.random(len(at)) * (today - first + 3)).astype(np.int64)  # a few in the future
    return pa.array(bought.astype(np.int32), pa.int32(), mask=random.random(len(at)) < 0.08).cast(pa.date32())  # noqa: PLR2004


def _asked(programme: Programme, names: _Names, question_id: str, model: _Ints, at: _Ints) -> _Bools:
    """Tell of which rows a question is asked, by the terms in force; names of nothing are asked everything."""
    asked = np.ones(len(model), bool)
    for terms in programme.terms:
        question = next((one for one in terms.questionnaire.questions if one.id == question_id), None)
        by_model = np.ones(len(names.names), bool)
        by_model[: names.known] = [bool(question and question.is_asked_of(variant)) for variant in names.variants]
        np.copyto(asked, by_model[model], where=at >= _micros(terms.effective_from))
    return asked


def _answers(random: np.random.Generator, question: Question, asked: _Bools) -> pa.DictionaryArray:
    """Draw answers: mostly the best one, a few of none and of none that is known."""
    faults = FAULT_SHARES[question.axis]
    shares = [GATE_SHARE if option.gate else faults / 3**number for number, option in enumerate(question.options[1:])]
    drawn = _draw(random, (1 - sum(shares), *shares), len(asked)).astype(np.int8)
    luck = random.random(len(asked), np.float32)
    drawn[~asked | (luck < NULL_ANSWER_SHARE)] = -1
    drawn[luck > 1 - UNKNOWN_ANSWER_SHARE] = len(question.options)
    return _dictionary(drawn, (*(option.id for option in question.options), UNKNOWN_ANSWER))


def _imeis(random: np.random.Generator, programme: Programme, names: _Names, model: _Ints) -> pa.Array:
    """Draw the texts of IMEIs, as a matrix of bytes that is then cut to the length of each."""
    rows = len(model)
    of = {name: number for number, (name, _) in enumerate(KINDS)}
    kind = _draw(random, tuple(share for _, share in KINDS), rows)
    tac = _tacs(random, programme, names, model, kind)
    tac[kind == of["test TAC"]] %= 1_000_000  # the reporting body 00
    tac[kind == of["no reporting body"]] = 20_000_000 + tac[kind == of["no reporting body"]] % 1_000_000

    text = np.zeros((rows, LONGEST), np.uint8)
    lengths = np.full(rows, 15, np.int32)
    text[:, :8] = _digits(tac, 8)
    text[:, 8:14] = _digits(random.integers(0, 1_000_000, rows), 6)
    stand_ins = np.array([list(body.encode()) for body in PLACEHOLDERS], np.uint8)
    members = np.flatnonzero(kind == of["placeholder"])
    text[members, :14] = stand_ins[random.integers(0, len(stand_ins), len(members))]
    text[:, 14] = _check_digits(text[:, :14])

    members = np.flatnonzero(kind == of["wrong check digit"])
    text[members, 14] = ord("0") + (text[members, 14] - ord("0") + random.integers(1, 10, len(members))) % 10
    text[kind == of["check digit 0"], 14] = ord("0")
    members = np.flatnonzero(kind == of["14 or 16 digits"])
    lengths[members] = random.choice(np.array([14, 16], np.int32), len(members))
    text[members, 15] = ord("7")
    _separate(random, text, lengths, np.flatnonzero(kind == of["hyphens or spaces"]))
    _spoil(random, text, lengths, np.flatnonzero(kind == of["garbage"]))
    return _strings(text, lengths, kind == of["missing"])


def _tacs(
    random: np.random.Generator, programme: Programme, names: _Names, model: _Ints, kind: npt.NDArray[np.int64]
) -> _Ints:
    """Draw a TAC for each row: one of the table that fits the model, one of the table, or one not in the table."""
    rows = len(model)
    by_family = _tacs_by_family(programme)
    fitting = [by_family.get(variant.family, []) for variant in names.variants]
    counts = np.zeros(len(names.names), np.int64)
    counts[: names.known] = [len(tacs) for tacs in fitting]
    starts = np.cumsum(counts) - counts
    every = np.array([tac for tacs in fitting for tac in tacs], np.int64)

    known = np.array(sorted({int(tac) for tac, _ in programme.tacs}))
    bodies = np.array([35, 86, 1, 99, 91])
    body = bodies[_draw(random, (0.45, 0.50, 0.02, 0.01, 0.02), rows)]
    tac = body * 1_000_000 + random.integers(0, 1_000_000, rows)
    while (taken := np.isin(tac, known)).any():
        tac[taken] = tac[taken] // 1_000_000 * 1_000_000 + random.integers(0, 1_000_000, int(taken.sum()))

    of_any = np.flatnonzero(kind == 2)  # noqa: PLR2004 - see KINDS
    tac[of_any] = known[random.integers(0, len(known), len(of_any))]
    own = np.flatnonzero((kind != 1) & (kind != 2) & (counts[model] > 0))  # noqa: PLR2004
    choice = (random.random(len(own)) * counts[model[own]]).astype(np.int64)
    tac[own] = every[starts[model[own]] + choice]
    return tac


def _digits(numbers: _Ints, width: int) -> _Bytes:
    """Write numbers as ASCII digits, one column each."""
    powers = 10 ** np.arange(width - 1, -1, -1)
    return np.stack([(numbers // power % 10 + ord("0")).astype(np.uint8) for power in powers], axis=1)


def _check_digits(body: _Bytes) -> _Bytes:
    """Return the check digit (Luhn) of each row of fourteen ASCII digits, in ASCII."""
    values = body - ord("0")
    doubled = values[:, 1::2] * 2
    doubled -= (doubled > 9).astype(np.uint8) * 9  # noqa: PLR2004 - the sum of its two digits
    total = values[:, ::2].sum(axis=1, dtype=np.int64) + doubled.sum(axis=1, dtype=np.int64)
    checks: _Bytes = (-total % 10 + ord("0")).astype(np.uint8)
    return checks


def _separate(random: np.random.Generator, text: _Bytes, lengths: npt.NDArray[np.int32], members: _Ints) -> None:
    """Write IMEIs as they stand on boxes, ``35-417803-685978-9``, with hyphens or spaces."""
    separators = np.frombuffer(b"- ", np.uint8)[random.integers(0, 2, len(members))]
    digits = text[members, :15]
    for shift, (start, end) in enumerate(((0, 2), (2, 8), (8, 14), (14, 15))):
        text[members, start + shift : end + shift] = digits[:, start:end]
        if shift:
            text[members, start + shift - 1] = separators
    lengths[members] = 18


def _spoil(random: np.random.Generator, text: _Bytes, lengths: npt.NDArray[np.int32], members: _Ints) -> None:
    texts = [garbage.encode() for garbage in GARBAGE]
    choice = random.integers(0, len(texts), len(members))
    text[members] = np.array([list(one.ljust(LONGEST, b"\0")) for one in texts], np.uint8)[choice]
    lengths[members] = np.array([len(one) for one in texts], np.int32)[choice]


def _strings(text: _Bytes, lengths: npt.NDArray[np.int32], missing: _Bools) -> pa.Array:
    """Cut each row of bytes to its length, and make an Arrow column of texts of them."""
    lengths = np.where(missing, 0, lengths)
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    data = text[np.arange(text.shape[1]) < lengths[:, None]]
    valid = np.packbits(~missing, bitorder="little")
    buffers = [pa.py_buffer(valid), pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.string(), len(lengths), buffers)
