"""Near misses: what is one slip away from what a reader takes, and whether the reader refuses it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import strategies as st

from miexchange._arguments import maybe, one_of, takes
from miexchange.catalogue import Device
from miexchange.condition import Condition
from miexchange.coupon import normal_code
from miexchange.eligibility import EligibleModels
from miexchange.errors import MiExchangeError
from miexchange.imei import Imei
from miexchange.market import PriceTable
from miexchange.money import Currency, Money
from miexchange.programme import Programme
from miexchange.quote import Quote
from miexchange.refusal import Refusal
from miexchange.strategies._coupons import coupons
from miexchange.strategies._imeis import imeis
from miexchange.strategies._numbers import amounts, days, instants
from miexchange.tac import TacTable
from miexchange.valuation import appraise, headline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hypothesis.strategies import SearchStrategy

__all__ = ["READERS", "NearMiss", "near_misses"]


class _Reader(NamedTuple):
    """A reader of texts.

    Attributes:
        read: the reader; None means that it refuses.
        valid: texts that it takes.
        refused: slips after which it refuses a text, each with what is read then.
        taken: slips that it forgives.
    """

    read: Callable[[str], object]
    valid: SearchStrategy[str]
    refused: Mapping[str, Callable[[str], str]]
    taken: Mapping[str, Callable[[str], str]]


@dataclass(frozen=True)
class NearMiss:
    """A text that is one slip away from a valid one.

    Attributes:
        reader: the reader, one of `READERS`.
        given: the text.
        slip: the slip.
        is_refused: whether the reader refuses it; otherwise it forgives the slip.
    """

    reader: str
    given: str
    slip: str
    is_refused: bool

    def read(self) -> object:
        """Give the text to its reader.

        Returns:
            What is read; None if it is refused with a value, such as a `Refusal`, in place of an error.

        Raises:
            MiExchangeError: the reader refuses it.
        """
        return _readers()[self.reader].read(self.given)

    @property
    def is_rightly_read(self) -> bool:
        """Whether the reader does as stated."""
        try:
            return (self.read() is None) is self.is_refused
        except MiExchangeError:
            return self.is_refused


def _of_file(read: Callable[[Path], object], name: str = "table.csv") -> Callable[[str], object]:
    """Return the reader of a file's content."""

    def read_text(text: str) -> object:
        with TemporaryDirectory() as folder:
            path = Path(folder, name)
            path.write_text(text, encoding="utf-8", newline="")
            return read(path)

    return read_text


def _first(pattern: str, put: str) -> Callable[[str], str]:
    """Return a slip: the first match becomes another text."""
    return lambda text: re.sub(pattern, put, text, count=1)


def _last_lost(text: str) -> str:
    return text[:-1]


def _last_doubled(text: str) -> str:
    return text + text[-1]


_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_SHOP = "uk-trade-in"
_AROUND = {"white space around": lambda text: f" {text}\t"}
_OF_NUMBERS: dict[str, Callable[[str], str]] = {
    "a sign": lambda text: f"+{text}",
    "digits of another script": lambda text: text.translate(_ARABIC),
    "the letter O for a digit": lambda text: f"{text[:-1]}O",
    "an underscore": lambda text: f"{text[:1]}_{text[1:]}",
    "an exponent": lambda text: f"{text}e0",
}
_OF_INSTANTS: dict[str, Callable[[str], str]] = {
    "without a time zone": lambda text: text.removesuffix("Z"),
    "a small z": lambda text: text.replace("Z", "z"),
    "a zone twice": _last_doubled,
    "a month 13": _first("-[0-9]{2}-", "-13-"),
    "a day 32": _first("-[0-9]{2}T", "-32T"),
    "an hour 24": _first("T[0-9]{2}", "T24"),
    "a second 60": _first(":[0-9]{2}Z", ":60Z"),
    "slashes": lambda text: text.replace("-", "/"),
    "a year of two digits": lambda text: text[2:],
    "finer than a microsecond": _first("Z", ".1234567Z"),
}
_OF_DAYS: dict[str, Callable[[str], str]] = {
    "a month 13": _first("-[0-9]{2}-", "-13-"),
    "a day 32": _first("-[0-9]{2}$", "-32"),
    "slashes": lambda text: text.replace("-", "/"),
    "a year of two digits": lambda text: text[2:],
    "the month without its zero": lambda text: f"{text[:5]}{int(text[5:7])}{text[7:]}" if text[5] == "0" else text[:7],
    "a week for a month": lambda text: f"{text[:5]}W{text[5:7]}-1",
}
_OF_TABLES: dict[str, Callable[[str], str]] = {
    "semicolons": lambda text: text.replace(",", ";"),
    "without a header": lambda text: text.partition("\n")[2],
    "a column misspelt": _first("model", "modle"),
    "a column twice": _first(",basis", ",model"),
    "a capital in a column": _first("model", "Model"),
    "a cell too many": lambda text: f"{text.rstrip()},x\n",
    "a cell too few": lambda text: f"{text.rpartition(',')[0]}\n",
    "an open quote": lambda text: text.replace("\n", '\n"', 1),
    "a row twice": lambda text: text + text.partition("\n")[2],
    "a word misspelt": _first("observed", "observe"),
    "a price of zero": _first(r",[0-9]+,observed", ",0,observed"),
    "a price with decimals": _first(r",([0-9]+),observed", r",\1.0,observed"),
    "empty": lambda _: "",
}
_OF_JSON: dict[str, Callable[[str], str]] = {
    "a comma at the end": lambda text: f"{text[:-1]},}}",
    "cut off": _last_lost,
    "a brace too many": _last_doubled,
    "single quotes": lambda text: text.replace('"', "'"),
    "a byte order mark": lambda text: f"\ufeff{text}",
    "a key twice": lambda text: f'{text[:-1]},"model":"x"}}',
    "a key too many": lambda text: f'{text[:-1]},"note":"x"}}',
    "a key misspelt": _first('"model":', '"modle":'),
    "a number as text": _first('"exchange_value":([0-9]+)', r'"exchange_value":"\1"'),
    "a number with a point": _first('"exchange_value":([0-9]+)', r'"exchange_value":\1.0'),
    "NaN": _first('"exchange_value":[0-9]+', '"exchange_value":NaN'),
    "a sum that is one too high": lambda text: re.sub(
        '"exchange_value":([0-9]+)', lambda found: f'"exchange_value":{int(found[1]) + 1}', text
    ),
    "in a list": lambda text: f"[{text}]",
}
_OF_PROGRAMMES: dict[str, Callable[[str], str]] = {
    "a key misspelt": _first("step_minor", "steps_minor"),
    "a key twice": lambda text: f'title = "Twice"\n{text}',
    "a key that is not there": _first("currency = .*\n", ""),
    "a number as text": _first("factor_bps = ([0-9_]+)", r'factor_bps = "\1"'),
    "a number with a point": _first("factor_bps = ([0-9_]+)", r"factor_bps = \1.0"),
    "a rate above 100 %": _first("factor_bps = [0-9_]+", "factor_bps = 10001"),
    "a file that is not there": _first(r'"market_prices.csv"', '"market_price.csv"'),
    "an unknown zone": _first("Europe/London", "Europe/Londn"),
    "an unknown currency": _first('"GBP"', '"GPB"'),
    "an open quote": _first('title = "', "title = "),
    "empty": lambda _: "",
}
_OF_ANSWERS: dict[str, Callable[[str], str]] = {
    "an answer misspelt": _first('("screen": *"[a-z_]*)[a-z]"', r'\1"'),
    "a capital": lambda text: re.sub('"screen": *"([a-z])', lambda found: found[0][:-1] + found[1].upper(), text),
    "a space": _first('("screen": *"[a-z_]*)"', r'\1 "'),
    "a question misspelt": _first('"screen"', '"screens"'),
    "no answer": _first('"screen": *"[a-z_]*"', '"screen":""'),
}


@cache
def _shop() -> Programme:
    return Programme.load(_SHOP)


@cache
def _files() -> dict[str, str]:
    """Return the files of a small programme."""
    with TemporaryDirectory() as folder:
        _shop().save(Path(folder, "programme"))
        found = Path(folder, "programme").iterdir()
        return {file.name: file.read_text(encoding="utf-8") for file in found if file.is_file()}


def _load(text: str) -> object:
    with TemporaryDirectory() as folder:
        for name, content in {**_files(), "programme.toml": text}.items():
            Path(folder, name).write_text(content, encoding="utf-8")
        return Programme.load(folder)


def _best() -> Quote:
    shop = _shop()
    best = headline(shop.eligible.listings[0].model, shop, at=shop.terms[0].effective_from)
    assert isinstance(best, Quote), best.explain()  # noqa: S101 - a shipped programme
    return best


def _answered(text: str) -> object:
    """Value a phone with answers; None if they are refused."""
    best, shop = _best(), _shop()
    answer = appraise(Device(best.model), Condition(json.loads(text)), shop, at=best.at)
    return None if isinstance(answer, Refusal) else answer


def _read_tacs(path: Path) -> object:
    table = TacTable.read(path)
    return table if len(table) else None


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


_PRICES = "model,effective_from,price_minor,basis,source\n"
_SECONDS = st.integers(0, 10**8).map(lambda after: datetime(2018, 3, 15, tzinfo=UTC) + timedelta(seconds=after))


@cache
def _readers() -> dict[str, _Reader]:
    numbers = imeis().map(lambda imei: imei.digits)
    tacs = numbers.map(lambda digits: digits[:8])
    whole = amounts().map(str)
    pounds = Currency("GBP")
    models = st.sampled_from(("acme-one-1-8", "bolt-two-2-16"))
    rows = st.builds(f"{_PRICES}{{}},{{}},{{}},observed,example\n".format, models, instants().map(_instant), whole)
    best = st.builds(_best)
    prices = _of_file(PriceTable.read)
    listed = _of_file(EligibleModels.read)
    of_numbers = dict(_OF_NUMBERS)
    codes = coupons().map(lambda coupon: coupon.code)
    return {
        "Imei.parse": _Reader(
            Imei.parse,
            numbers,
            {
                "a digit lost": _last_lost,
                "a digit doubled": _last_doubled,
                "a digit wrong": lambda text: f"{text[:-1]}{(int(text[-1]) + 1) % 10}",
                "a point": lambda text: f"{text}.",
                **{slip: put for slip, put in of_numbers.items() if slip != "an underscore"},
            },
            {**_AROUND, "dashes": lambda text: "-".join((text[:2], text[2:8], text[8:14], text[14:]))},
        ),
        "Money.read": _Reader(
            lambda text: Money.read(text, pounds),
            whole,
            {
                "a comma at the wrong place": lambda text: f"{text},0",
                "a third decimal": lambda text: f"{text}.005",
                "a point without decimals": lambda text: f"{text}.",
                "two points": lambda text: f"{text}.0.0",
                "a currency": lambda text: f"£{text}",
                "below zero": lambda text: f"-{text}",
                **_AROUND,
                **of_numbers,
            },
            {"a leading zero": lambda text: f"0{text}", "one decimal": lambda text: f"{text}.5"},
        ),
        "normal_code": _Reader(
            normal_code,
            codes,
            {
                "a character lost": _last_lost,
                "a character doubled": _last_doubled,
                "a character wrong": lambda text: ("1" if text[0] == "0" else "0") + text[1:],
                "two characters swapped": _swapped,
                "a Cyrillic letter": lambda text: f"{text[:-1]}К",  # noqa: RUF001 - that is the point
                "a letter that no code has": lambda text: f"{text[:-1]}U",
            },
            {
                **_AROUND,
                "small letters": str.lower,
                "dashes": lambda text: "-".join((text[:4], text[4:8], text[8:])),
                "the letter O for a zero": lambda text: text.replace("0", "O"),
            },
        ),
        "an instant": _Reader(
            lambda text: prices(f"{_PRICES}acme,{text},100,observed,example\n"),
            _SECONDS.map(_instant),
            _OF_INSTANTS,
            {**_AROUND, "an offset": lambda text: text.replace("Z", "+05:30"), "a space for T": _first("T", " ")},
        ),
        "a day": _Reader(
            lambda text: listed(f"model,listed_from,listed_until,source\nacme,{text},,example\n"),
            days(datetime(2018, 3, 15, tzinfo=UTC).date(), datetime(2028, 3, 15, tzinfo=UTC).date()).map(str),
            _OF_DAYS,
            _AROUND,
        ),
        "an amount": _Reader(
            lambda text: prices(f"{_PRICES}acme,2018-03-15T00:00:00Z,{text},observed,example\n"),
            whole,
            {**of_numbers, "below zero": lambda text: f"-{text}", "decimals": lambda text: f"{text}.0"},
            {**_AROUND, "a leading zero": lambda text: f"0{text}"},
        ),
        "PriceTable.read": _Reader(
            prices,
            rows,
            _OF_TABLES,
            {
                "Windows line ends": lambda text: text.replace("\n", "\r\n"),
                "without a last line end": str.rstrip,
                "a byte order mark": lambda text: f"\ufeff{text}",
                "a blank line": lambda text: f"{text}\n",
            },
        ),
        "TacTable.read": _Reader(
            _of_file(_read_tacs),
            tacs.map("tac,brand,model\n{},Acme,One\n".format),
            {
                "a digit doubled": _first("([0-9]),", r"\1\1,"),
                "a letter": _first("[0-9],", "A,"),
                "a dash": _first("\n([0-9])", "\n\\1-"),
                "digits of another script": lambda text: text.translate(_ARABIC),
                "a phone without a name": _first("Acme,One", ","),
                "a column misspelt": _first("tac", "tack"),
                "empty": lambda _: "",
            },
            {"semicolons": lambda text: text.replace(",", ";"), "white space around": _first("\n([0-9]+)", r"\n \1 ")},
        ),
        "answers": _Reader(_answered, best.map(lambda quote: json.dumps(dict(quote.condition))), _OF_ANSWERS, {}),
        "Programme.load": _Reader(
            _load,
            st.builds(lambda: _files()["programme.toml"]),
            _OF_PROGRAMMES,
            {"a comment": lambda text: f"# a comment\n{text}", "a blank line": lambda text: f"\n{text}"},
        ),
        "Quote.from_json": _Reader(
            Quote.from_json, best.map(Quote.to_json), _OF_JSON, {"white space around": lambda text: f" {text}\n"}
        ),
    }


def _swapped(code: str) -> str:
    """Swap the first neighbours that differ."""
    place = next(place for place in range(len(code) - 1) if code[place] != code[place + 1])
    return code[:place] + code[place + 1] + code[place] + code[place + 2 :]


READERS = (
    *("Imei.parse", "Money.read", "normal_code", "an instant", "a day", "an amount", "answers"),
    *("PriceTable.read", "TacTable.read", "Programme.load", "Quote.from_json"),
)
"""The readers for which near misses are drawn. Instants, days and amounts are cells of a table."""


@takes(reader=maybe(one_of(*READERS)))
@st.composite
def near_misses(draw: st.DrawFn, reader: str | None = None) -> NearMiss:
    """Draw texts that are one slip away from what a reader takes, with the statement whether it refuses them.

    Args:
        reader: one of `READERS`; any by default.

    >>> from hypothesis import find
    >>> miss = find(near_misses("Money.read"), lambda miss: miss.slip == "a third decimal")
    >>> miss.given, miss.is_refused, miss.is_rightly_read
    ('100000.005', True, True)
    """
    name = draw(st.sampled_from(READERS)) if reader is None else reader
    found = _readers()[name]
    is_refused = draw(st.sampled_from((True, True, False) if found.taken else (True,)))
    slips: Mapping[str, Any] = found.refused if is_refused else found.taken
    slip = draw(st.sampled_from(tuple(slips)))
    return NearMiss(name, slips[slip](draw(found.valid)), slip, is_refused)
