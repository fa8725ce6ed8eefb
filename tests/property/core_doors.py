"""The doors of the core, and inputs below a megabyte that are made to cost much."""

from __future__ import annotations

import inspect
import json
import tempfile
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import miexchange
from miexchange import (
    AnchorTable,
    Catalogue,
    Condition,
    Coupon,
    Device,
    EligibleModels,
    Imei,
    ImeiStatus,
    Inspection,
    Order,
    OrderLine,
    PriceTable,
    Programme,
    Quote,
    Reason,
    ReasonCode,
    Refusal,
    TacTable,
    TreatmentTable,
    appraise,
    headline,
    issue,
    lint,
    replay,
    worst_case,
)
from miexchange._value import Value
from miexchange.coupon import device_token, normal_code
from miexchange.device_report import DeviceReport
from miexchange.events import Reserve
from miexchange.exchange import Exchange, accept, apply
from miexchange.imei import compact, is_valid, validate
from miexchange.inspection import examine
from property.bounded import GREATEST_INPUT, Door
from property.effort import THOROUGH
from shipped import shipped_programme
from unit.small import INR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["BASE", "COLUMNS", "DOORS", "MOST", "date_of", "instant_of", "long_texts", "table", "tables"]

MOST = GREATEST_INPUT - 1_000
KEY = b"0123456789abcdef"
AT = datetime(2018, 3, 20, 12, tzinfo=UTC)


# Texts that are long, or grow.


def _long(unit: str, most: int = MOST) -> str:
    return unit * (most // len(unit.encode()))


def long_texts() -> dict[str, Callable[[], str]]:
    """Return texts below a megabyte that have broken readers of names, codes and numbers."""
    units = {
        "letters": "x",
        "digits": "9",
        "spaces": " ",
        "hyphens": "-",
        "words": "redmi note 4 ",
        "commas": ",",
        "bars": "a|",
        "parentheses": "(",
        "quotes": '"',
        "backslashes": "\\",
        "combining marks": "a\u0301\u0323",
        "marks alone": "\u0301",
        "marks out of order": "\u0323\u0301",
        "a letter that grows under NFKC": "\ufdfa",
        "capitals that grow": "\u0130",
        "ligatures": "\ufb03",
        "format characters": "\u200b",
        "full width": "\uff21",
        "digits of another script": "\u0967",
        "emoji": "\U0001f4f1",
        "controls": "\x1b",
        "an IMEI in each line": "354178036859789\n",
    }
    return {name: partial(_long, unit) for name, unit in units.items()}


# JSON.


def _repeated(start: str, unit: str, end: str) -> str:
    return start + unit * ((MOST - len(start) - len(end)) // len(unit)) + end


def _keys(count: int, last: str) -> str:
    return "{" + "".join(f'"k{number}":1,' for number in range(count)) + f'"{last}":1}}'


JSON: dict[str, Callable[[], str | bytes]] = {
    "arrays within arrays": lambda: "[" * MOST,
    "arrays within arrays, closed": lambda: "[" * (MOST // 2) + "]" * (MOST // 2),
    "arrays within arrays, 900 deep": lambda: "[" * 900 + "]" * 900,
    "objects within objects": lambda: _repeated("", '{"a":', ""),
    "objects within objects, closed": lambda: '{"a":' * (MOST // 6) + "1" + "}" * (MOST // 6),
    "many numbers": lambda: _repeated("[", "1,", "1]"),
    "many empty objects": lambda: _repeated("[", "{},", "{}]"),
    "many empty arrays": lambda: _repeated("[", "[],", "[]]"),
    "many empty texts": lambda: _repeated("[", '"",', '""]'),
    "many nulls": lambda: _repeated("[", "null,", "null]"),
    "many small objects": lambda: _repeated("[", '{"a":1},', "{}]"),
    "many keys": lambda: _keys(70_000, "last"),
    "many keys, the last twice": lambda: _keys(70_000, "k69999"),
    "many keys, the first twice": lambda: _keys(70_000, "k0"),
    "one key, repeated": lambda: _repeated("{", '"a":1,', '"a":1}'),
    "a key twice, then many numbers": lambda: _repeated('[{"a":1,"a":2},', "1,", "1]"),
    "a key twice, then many objects": lambda: _repeated('[{"b":1},{"a":1,"a":2},', '{"b":1},', "1]"),
    "a key twice, then arrays within arrays": lambda: _repeated('[{"a":1,"a":2},', "[", ""),
    "a key twice, then no JSON": lambda: _repeated('{"a":1,"a":2}', "x", ""),
    "a long key": lambda: json.dumps({"k" * MOST: 1})[:MOST],
    "a long key, twice": lambda: '{"' + "k" * (MOST // 2) + '":1,"' + "k" * (MOST // 2 - 20) + '":1}',
    "a long text": lambda: json.dumps("x" * (MOST - 2)),
    "a long text of escapes": lambda: '"' + "\\ud83d\\ude00" * (MOST // 12) + '"',
    "a text that is not closed": lambda: '"' + "x" * (MOST - 2),
    "a number of many digits": lambda: "1" * MOST,
    "a number of 4,000 digits": lambda: "1" * 4_000,
    "many numbers of 4,000 digits": lambda: "[" + ",".join(["1" * 4_000] * 240) + "]",
    "a fraction of many digits": lambda: "0." + "1" * (MOST - 2),
    "many fractions of many digits": lambda: "[" + ",".join(["0." + "1" * 760] * 1_250) + "]",
    "an exponent of many digits": lambda: "1e" + "9" * (MOST - 2),
    "white space": lambda: " " * MOST,
    "white space before a text": lambda: " " * (MOST - 2) + '""',
    "a mark before it": lambda: "\ufeff{}",
    "bytes that are no UTF-8": lambda: b"\xff" * MOST,
    "UTF-16": lambda: ("[" + "1," * 200_000 + "1]").encode("utf-16"),
    "NaN": lambda: _repeated("[", "NaN,", "NaN]"),
    "letters": lambda: "x" * MOST,
}


_TELLING = (
    "arrays within arrays",
    "many small objects",
    "many keys, the last twice",
    "a key twice, then no JSON",
    "a number of many digits",
)


def _grown(data: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield a value's JSON data with one thing in it grown to what a megabyte holds."""
    size = len(json.dumps(data, ensure_ascii=False).encode())
    room = MOST - size - 100
    for path, found in _parts(data):
        name = ".".join(path) or "all"
        if isinstance(found, list) and found:
            unit = json.dumps(found[0], ensure_ascii=False)
            count = room // (len(unit.encode()) + 1)
            yield f"{name}: many", partial(_with, data, path, partial(_repeated_first, found, count))
            yield f"{name}: many numbers", partial(_with, data, path, lambda: [0] * (room // 3))
            yield f"{name}: many empty objects", partial(_with, data, path, lambda: [{}] * (room // 4))
            if isinstance(found[0], str):
                yield (
                    f"{name}: many different",
                    partial(_with, data, path, lambda: [f"n{number}" for number in range(room // 11)]),
                )
            if isinstance(found[0], dict):
                yield f"{name}: many different", partial(_with, data, path, partial(_different, found[0], count))
        elif isinstance(found, str) and (len(path) < 2 or THOROUGH):
            yield f"{name}: digits", partial(_with, data, path, lambda: "9" * room)
            yield f"{name}: grows", partial(_with, data, path, lambda: "\ufdfa" * (room // 3))
        elif isinstance(found, dict):
            yield f"{name}: many keys", partial(_with, data, path, partial(_with_many_keys, found, room // 16))


def _with_many_keys(data: dict[str, Any], count: int) -> dict[str, Any]:
    return {**data, **{f"k{number}": "v" for number in range(count)}}


def _repeated_first(items: list[Any], count: int) -> list[Any]:
    return [*items, *items[:1] * count]


def _different(item: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """Return copies of an object, each with another text in its first field that is a text."""
    key = next((key for key, value in item.items() if isinstance(value, str)), None)
    return [item if key is None else {**item, key: f"{item[key]}{number:x}"} for number in range(count * 9 // 10)]


def _parts(data: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, data
    if isinstance(data, dict) and len(path) < 2:
        for key, value in data.items():
            yield from _parts(value, (*path, key))


def _with(data: Any, path: tuple[str, ...], make: Callable[[], Any]) -> Any:
    if not path:
        return make()
    return {**data, path[0]: _with(data[path[0]], path[1:], make)}


# What is ordinary: a trade-in from the quote to the hand-over, and all the values that it is made of.


@cache
def _programme() -> Programme:
    programme = shipped_programme("graded-trade-in")
    _ = programme.digest, programme.catalogue.labels, programme.price_names
    return programme


_DEVICE = Device("oneplus-3t-6-64", Imei.from_body("35000000000000"))
_ORDER = Order("order", (OrderLine("Mi A1", "smartphone", "Mi", "mi.com", 1_500_000),), INR, ("bank_offer",))


@cache
def _best() -> Condition:
    programme = _programme()
    return programme.terms[0].questionnaire.best(programme.catalogue.by_model[_DEVICE.model])


@cache
def _quote() -> Quote:
    given = {"imei_status": ImeiStatus.CLEAR, "target": "Mi A1"}
    return cast("Quote", appraise(_DEVICE, _best(), _programme(), at=AT, **given))  # type: ignore[arg-type]


@cache
def _exchange() -> Exchange:
    made = accept(_quote(), _programme(), account="a", at=AT, key=KEY)
    assert isinstance(made, Exchange), made.explain()
    return made


_INSPECTION = Inspection(Condition(), (Imei.from_body("35000000000000"),), True, True, True)  # noqa: FBT003 - a fact each


@cache
def _values() -> dict[type, Any]:
    """Return one value of each kind that a trade-in has, the largest that there is."""
    found: dict[type, Any] = {}
    refusal = Refusal((Reason(ReasonCode.ANSWER_MISSING, "One", "Two", "three"),))
    report = DeviceReport(False, (Imei.from_body("35000000000000"),), "a", "b", "c", screen_parts=("original",))  # noqa: FBT003
    inspection = _INSPECTION.replace(answers=_best(), evidence=(("body", "photograph"),), report=report)
    seen = examine(_quote(), inspection, _programme(), device_tokens=_exchange().coupon.device_tokens, key=KEY)
    roots: list[object] = [_exchange(), _programme().terms[-1], refusal, inspection, seen, _DEVICE]
    programme = _programme()
    for kind, rows in (
        (Catalogue, programme.catalogue.variants),
        (EligibleModels, programme.eligible.listings),
        (PriceTable, programme.prices.prices),
        (AnchorTable, programme.anchors.anchors),
        (TreatmentTable, programme.treatments.treatments),
    ):
        roots.append(cast("Any", kind)(rows[:5]))
    usage = programme.terms[-1].usage
    order = Order("o", (OrderLine("p", usage.categories[0], usage.brands[0], usage.channels[0], 10**6),), INR)
    roots.append(apply(_exchange(), Reserve(AT, order, "a")))
    roots.append(worst_case(_quote(), programme))
    while roots:
        value = roots.pop(0)
        if isinstance(value, tuple):
            roots += value[:3]
        if isinstance(value, Value):
            known = found.get(type(value))
            if known is None or len(repr(value)) > len(repr(known)):
                found[type(value)] = value
                if type(value) is not Imei:  # of one text, and no dataclass
                    roots += [getattr(value, field.name) for field in fields(cast("Any", value))]
    return found


_KINDS: list[Any] = [
    kind
    for name in miexchange.__all__
    if inspect.isclass(kind := getattr(miexchange, name)) and issubclass(kind, Value) and kind.__name__ != "Value"
]


def _whole(value: Any) -> Any:
    """Return the JSON data of a value with all that is in it."""
    whole = {"reveal_imei": True} if "reveal_imei" in inspect.signature(value.to_dict).parameters else {}
    return value.to_dict(**whole)


def _dumped(make: Callable[[], Any]) -> str:
    return json.dumps(make(), ensure_ascii=False)


def _json_doors() -> Iterator[tuple[str, Door]]:
    for kind in _KINDS:
        value = _values().get(kind)
        data = {} if value is None else _whole(value)
        # Every kind has the one reader, so a few texts show that it is asked.
        whole = THOROUGH or kind in {Quote, Imei}
        inputs: dict[str, Callable[[], Any]] = {name: JSON[name] for name in JSON if whole or name in _TELLING}
        for name, make in _grown(data):
            inputs[name] = partial(_dumped, make)
        yield (
            f"{kind.__name__}.from_json",
            Door(partial(_read, kind.from_json), partial(json.dumps, data), inputs),
        )
    report = f"{_LOCKS[:-1]}}}"
    for name, read, ordinary in (
        ("Condition.from_json", Condition.from_json, "{}"),
        ("DeviceReport.parse", DeviceReport.parse, report),
        ("Condition.from_device_report", Condition.from_device_report, report),
    ):
        yield name, Door(partial(_read, read), partial(str, ordinary), {**JSON, **_REPORTS})


_LOCKS = '{"locks":{"factory_reset_protection":false},'
_REPORTS: dict[str, Callable[[], str | bytes]] = {
    "many IMEIs": lambda: _repeated(_LOCKS + '"imeis":[', '"354178036859789",', '"354178036859789"]}'),
    "many bad IMEIs": lambda: _repeated(_LOCKS + '"imeis":[', '"1",', '"1"]}'),
    "many screens": lambda: _repeated(
        _LOCKS + '"screen":{"screens":[', '{"part_status":"original"},', '{"part_status":"original"}]}}'
    ),
    "many screens in another language": lambda: _repeated(
        _LOCKS + '"screen":{"screens":[', '{"part_status":"x"},', '{"part_status":"x"}]}}'
    ),
    "a long model": lambda: _repeated(_LOCKS + '"product":{"model":"', "x", '"}}'),
    "a long brand": lambda: _repeated(_LOCKS + '"product":{"brand":"', "\ufdfa", '"}}')[: MOST // 3],
    "a capacity of many digits": lambda: _repeated(_LOCKS + '"storage":{"capacity_bytes":"', "9", '"}}'),
    "many unknown keys": lambda: _LOCKS + _keys(60_000, "last")[1:],
}


def _read(read: Callable[[Any], Any], text: Any) -> object:
    """Read a value and show it. What came out says no more than was in the text: it is no answer of ours."""
    return len(repr(read(text)))


# Plain data of Python's: shared, cyclic, deep.


def _cycle() -> Any:
    items: list[Any] = []
    items.append(items)
    return items


def _cycle_of_objects() -> Any:
    data: dict[str, Any] = {}
    data["model"] = data
    return data


def _doubled(depth: int) -> Any:
    data: Any = ["x"]
    for _ in range(depth):
        data = [data, data]
    return data


def _nested(depth: int, kind: type) -> Any:
    data: Any = 1
    for _ in range(depth):
        data = [data] if kind is list else {"a": data}
    return data


PLAIN: dict[str, Callable[[], Any]] = {
    "within itself": _cycle,
    "an object within itself": _cycle_of_objects,
    "one list twice, 25 times over": lambda: _doubled(25),
    "one list twice, 45 times over": lambda: _doubled(45),
    "one text, many times": lambda: ["x" * 100_000] * 100_000,
    "one text of escapes, many times": lambda: ["\ud83d" * 50_000] * 60_000,
    "one list, many times": lambda: [[1] * 50_000] * 50_000,
    "one object, many times": lambda: [dict.fromkeys(map(str, range(20_000)), 1)] * 50_000,
    "lists within lists": lambda: _nested(3_000, list),
    "objects within objects": lambda: _nested(3_000, dict),
    "numbers of many digits": lambda: [10**4_000] * 100_000,
    "a number of many digits": lambda: 10**2_000_000,
    "many keys": lambda: dict.fromkeys(map(str, range(60_000)), 1),
    "keys that are numbers": lambda: dict.fromkeys(range(60_000), 1),
    "many NaN": lambda: [float("nan")] * 100_000,
    "many objects of no kind": lambda: [object()] * 100_000,
}


def _plain_doors() -> Iterator[tuple[str, Door]]:
    for kind in (Quote, PriceTable):
        data = _whole(_values()[kind])
        inputs = dict(PLAIN)
        for field in [field for field in data if isinstance(data[field], list)]:
            for name in ("one list twice, 45 times over", "one text, many times", "one object, many times"):
                inputs[f"{field}: {name}"] = partial(_with, data, (field,), PLAIN[name])
        yield f"{kind.__name__}.from_dict", Door(partial(_read, kind.from_dict), partial(dict, data), inputs)


# Tables.

COLUMNS: dict[str, tuple[str, ...]] = {
    "models.csv": ("model", "brand", "name", "ram_mb", "storage_gb", "launched_on", "launch_price_minor", "source"),
    "eligible_models.csv": ("model", "listed_from", "listed_until", "source"),
    "market_prices.csv": ("model", "effective_from", "effective_until", "price_minor", "basis", "source"),
    "repair_anchors.csv": (
        "model",
        "component",
        "effective_from",
        "effective_until",
        "amount_minor",
        "basis",
        "source",
    ),
    "tax_treatments.csv": ("part", "effective_from", "effective_until", "treatment", "source"),
    "tac.csv": ("tac", "brand", "model", "source"),
    "grades.csv": ("grade", "keep_bps", "ctia", "r2", "meaning", "source"),
    "condition.csv": (
        *("question", "option", "gate", "grade", "keep_bps", "deduct_minor", "deduct_bps", "anchor", "weight_bps"),
        *("extra_minor", "source"),
    ),
}
_ROWS: dict[str, tuple[str, ...]] = {
    "models.csv": ("m{0}", "Acme", "N{0}", "1", "1", "", "", "s"),
    "eligible_models.csv": ("m{0}", "2020-01-01", "", "s"),
    "market_prices.csv": ("m{0}", "2020-01-01", "", "100", "observed", "s"),
    "repair_anchors.csv": ("m{0}", "display", "2020-01-01", "", "100", "observed", "s"),
    "tax_treatments.csv": ("bonus:b{0}", "2020-01-01", "", "payment", "s"),
    "tac.csv": ("{0:08d}", "A", "M{0}", "s"),
    "grades.csv": ("g{0}", "9000", "", "", "m", "s"),
    "condition.csv": ("q{0}", "o", "", "", "", "", "", "", "", "", "s"),
}


def table(columns: tuple[str, ...], row: Callable[[int], tuple[str, ...]]) -> bytes:
    """Return a table with as many rows as a megabyte holds."""
    lines = [",".join(columns)]
    size, number = len(lines[0]) + 1, 0
    while True:
        line = ",".join(row(number))
        size += len(line.encode()) + 1
        if size > MOST:
            return ("\n".join(lines) + "\n").encode()
        lines.append(line)
        number += 1


def instant_of(number: int) -> str:
    minutes = number % 10_000_000
    days, rest = divmod(minutes, 1440)
    return f"{2000 + days // 336:04d}-{days % 336 // 28 + 1:02d}-{days % 28 + 1:02d}T{rest // 60:02d}:{rest % 60:02d}Z"


def date_of(number: int) -> str:
    return f"{1901 + number // 336:04d}-{number % 336 // 28 + 1:02d}-{number % 28 + 1:02d}"


def tables(name: str) -> dict[str, Callable[[], bytes]]:
    """Return hostile tables with the columns of a file."""
    columns, row = COLUMNS[name], _ROWS[name]
    header = ",".join(columns)
    made = partial(table, columns)

    def filled(number: int, **cells: str) -> tuple[str, ...]:
        return tuple(cells.get(column, cell.format(number)) for column, cell in zip(columns, row, strict=True))

    first = columns[0]
    found: dict[str, Callable[[], bytes]] = {
        "many rows": lambda: made(filled),
        "one row, repeated": lambda: made(lambda _: filled(0)),
        "many empty rows": lambda: made(lambda _: ("",) * len(columns)),
        "many short rows": lambda: made(lambda _: ("x",)),
        "many blank lines": (header + "\n" * (MOST - len(header))).encode,
        "rows wrong in every cell": lambda: made(lambda _: ("?",) * len(columns)),
        "one huge cell": lambda: (
            made(lambda n: filled(n, **{first: "x" * 900_000}))
            or (header + "\n" + ",".join(filled(0, **{first: "x" * 900_000}))).encode()
        ),
        "a row of one huge cell": (header + "\n" + ",".join(filled(0, **{first: "x" * 900_000}))).encode,
        "a cell that grows": (header + "\n" + ",".join(filled(0, **{first: "\ufdfa" * 300_000}))).encode,
        "a huge cell in quotes": (header + '\n"' + "x\n" * 450_000 + '"').encode,
        "a quote that is not closed": (header + '\n"' + "x,\n" * 300_000).encode,
        "doubled quotes": (header + '\n"' + '""' * 450_000 + '"').encode,
        "a header of commas": lambda: b"," * 100_000,
        "a header of more commas": lambda: b"," * MOST,
        "a header of names": lambda: ",".join(f"c{number}" for number in range(120_000)).encode(),
        "a header of one name": lambda: ",".join([first] * (MOST // (len(first) + 1))).encode(),
        "a row of commas": (header + "\n" + "," * 900_000).encode,
        "long names in a header": ("x" * 400_000 + "," + "y" * 400_000 + "\n").encode,
        "NUL": lambda: b"\0" * MOST,
        "carriage returns": (header + "\r" * 900_000).encode,
        "no UTF-8": lambda: header.encode() + b"\n" + b"\xff" * 900_000,
        "no UTF-8 in each line": lambda: header.encode() + b"\n" + b"\xff\n" * 450_000,
        "long cells that nobody reads": lambda: made(lambda n: filled(n, source="s" * 90_000)),
    }
    numbers = [column for column in columns if column.endswith(("_minor", "_bps", "_mb", "_gb"))]
    if numbers:
        column = numbers[0]
        found["numbers of many digits"] = lambda: made(lambda n: filled(n, **{column: "9" * 5_000}))
        found["a number of many digits"] = (header + "\n" + ",".join(filled(0, **{column: "9" * 900_000}))).encode
    if "listed_from" in columns:
        found["one model, listed often"] = lambda: made(
            lambda n: filled(0, listed_from=date_of(2 * n), listed_until=date_of(2 * n + 1))
        )
        found["one model, listed backwards"] = lambda: made(
            lambda n: filled(0, listed_from=date_of(50_000 - 2 * n), listed_until=date_of(50_001 - 2 * n))
        )
        found["one model, listed at once"] = lambda: made(lambda _: filled(0))
    if "effective_from" in columns:
        found["one model, priced often"] = lambda: made(lambda n: filled(0, effective_from=instant_of(n)))
        found["one model, priced backwards"] = lambda: made(lambda n: filled(0, effective_from=instant_of(90_000 - n)))
        found["days that are none"] = lambda: made(lambda n: filled(n, effective_from=f"2020-13-{n % 90 + 10}"))
    if "aliases" in columns or name == "models.csv":
        wide = (*columns, "aliases")
        found["many aliases"] = (
            ",".join(wide) + "\n" + ",".join((*filled(0), "|".join(f"a{number}" for number in range(110_000))))
        ).encode
        found["one family"] = lambda: made(lambda n: filled(n, name="One"))
        found["long names"] = lambda: made(lambda n: filled(n, name=f"{n:06d}" + "x" * 190))
    return found


def _tsv(columns: tuple[str, ...], cells: tuple[str, ...]) -> bytes:
    line = "\t".join(cells) + "\n"
    return ("\t".join(columns) + "\n" + line * (MOST // len(line) - 1)).encode()


_TACS: dict[str, Callable[[], bytes]] = {
    "pipes": lambda: b"|" * MOST,
    "tabs": lambda: b"tac" + b"\t" * MOST,
    "semicolons in ten lines": lambda: (b";" * 90_000 + b"\n") * 10,
    "ten long lines": lambda: (b"x" * 90_000 + b"\n") * 10,
    "one TAC, many devices": lambda: table(COLUMNS["tac.csv"], lambda number: ("35417803", "A", f"M{number:x}", "s")),
    "quotes in each row": lambda: table(COLUMNS["tac.csv"], lambda number: (f"{number:08d}", '"A', "M", "s")),
    "specs of commas": lambda: b"tac\tbrand\tspecs\n" + b"35417803\tA\t" + b"," * 900_000,
    "rows of tabs": lambda: _tsv(("tac", "brand", "model"), ("1", "", "")),
}


def _on_file(read: Callable[[Path], object], content: bytes) -> object:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_bytes(content)
        return read(path)


BASE = Path(__file__).resolve().parents[1] / "data" / "programme_base"


def _table_doors() -> Iterator[tuple[str, Door]]:
    for file, kind in (
        ("models.csv", Catalogue),
        ("eligible_models.csv", EligibleModels),
        ("market_prices.csv", PriceTable),
        ("repair_anchors.csv", AnchorTable),
        ("tax_treatments.csv", TreatmentTable),
        ("tac.csv", TacTable),
    ):
        inputs = {**tables(file), **(_TACS if kind is TacTable else {})}
        read = cast("Any", kind).read
        yield f"{kind.__name__}.read", Door(partial(_on_file, read), (BASE / file).read_bytes, inputs)


# Verbs.


def _named(ask: Callable[[str], object], *, telling: bool) -> Door:
    texts = long_texts()
    if not (telling or THOROUGH):
        texts = {
            name: texts[name] for name in ("letters", "digits", "marks out of order", "a letter that grows under NFKC")
        }
    return Door(ask, lambda: "oneplus 3t", texts)


def _many_answers(count: int, length: int = 5) -> dict[str, str]:
    return {f"q{number:0{length}d}": "x" for number in range(count)}


def _appraised(condition: Mapping[str, str]) -> object:
    return appraise(_DEVICE, Condition(condition), _programme(), at=AT)


def _checked(lines: list[tuple[str, str, str, str]]) -> object:
    order = Order("o", tuple(OrderLine(*line, 10**6) for line in lines), INR)
    return _exchange().coupon.check(order, account="a", at=AT)


def _reserved(lines: list[tuple[str, str, str, str]]) -> object:
    order = Order("o", tuple(OrderLine(*line, 10**6) for line in lines), INR)
    return apply(_exchange(), Reserve(AT, order, "a"))


_Line = tuple[str, str, str, str]
_LINES: dict[str, Callable[[], list[_Line]]] = {
    "many lines": lambda: [(f"p{n}", "c", "b", "s") for n in range(50_000)],
    "10,000 lines": lambda: [(f"p{n}", "c", "b", "s") for n in range(10_000)],
    "1,000 lines of long names": lambda: [("p" * 200, "c" * 200, "b" * 200, "s" * 200) for n in range(1_000)],
    "1,000 lines that are covered": lambda: [("p", *_covered()) for _ in range(1_000)],
    "a long name": lambda: [("p" * MOST, "c", "b", "s")],
}


def _covered() -> tuple[str, str, str]:
    usage = _exchange().coupon.usage
    return usage.categories[0], usage.brands[0], usage.channels[0]


def _forged(text: str) -> object:
    quote = Quote.from_json(text)
    replay(quote, _programme())
    return issue(quote, _programme(), account="a", at=AT, key=KEY)


def _forged_coupon(text: str) -> object:
    return Coupon.from_json(text).check(_ORDER, account="a", at=AT, keys=(KEY,))


def _examined(changed: Callable[[], dict[str, Any]]) -> object:
    inspection = _INSPECTION.replace(**{"answers": _best(), **changed()})  # its parts are doors of their own
    return examine(_quote(), inspection, _programme(), device_tokens=_exchange().coupon.device_tokens, key=KEY)


def _same(make: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    return make


_SEEN: dict[str, Callable[[], dict[str, Any]]] = {
    "many IMEIs": lambda: {"imeis": tuple(Imei.from_body(f"{number:014d}") for number in range(30_000))},
    "many pieces of evidence": lambda: {"evidence": tuple((f"q{number}", "x") for number in range(50_000))},
    "one piece of evidence, many times": lambda: {"evidence": (("body", "x"),) * 50_000},
    "a long reference": lambda: {"evidence": (("body", "x" * MOST),)},
    "a long model": lambda: {"model": "x" * MOST},
    "many answers": lambda: {"answers": Condition(_many_answers(50_000))},
    "a long answer": lambda: {"answers": _best().replace(body="x" * MOST)},
    "a long model in the report": lambda: {"report": DeviceReport(False, model="\ufdfa" * 300_000, brand="x")},  # noqa: FBT003
    "many IMEIs in the report": lambda: {
        "report": DeviceReport(False, tuple(Imei.from_body(f"{number:014d}") for number in range(30_000)))  # noqa: FBT003
    },
}


def _verbs() -> Iterator[tuple[str, Door]]:
    programme = _programme()
    catalogue = programme.catalogue
    for name, ask in (
        ("Imei.parse", Imei.parse),
        ("Imei.from_imeisv", Imei.from_imeisv),
        ("validate", validate),
        ("is_valid", is_valid),
        ("compact", compact),
        ("normal_code", normal_code),
        ("Catalogue.named", catalogue.named),
        ("Catalogue.search", catalogue.search),
        ("Catalogue.nearest", catalogue.nearest),
        ("Catalogue.family_of", lambda text: catalogue.family_of(text, text)),
        ("TacTable.lookup", programme.tacs.lookup),
        ("headline", lambda text: headline(text, programme, at=AT)),
        ("appraise: model", lambda text: appraise(Device(text), _best(), programme, at=AT)),
        ("appraise: imei", lambda text: appraise(Device(_DEVICE.model, text), _best(), programme, at=AT)),
        ("appraise: target", lambda text: appraise(_DEVICE, _best(), programme, at=AT, target=text)),
        ("appraise: answer", lambda text: appraise(_DEVICE, _best().replace(body=text), programme, at=AT)),
        ("appraise: question", lambda text: appraise(_DEVICE, Condition({text: text}), programme, at=AT)),
        ("Condition", lambda text: repr(Condition({text: text, f"{text}.": text}))),
        ("Device", lambda text: repr(Device(text, text, text))),
        ("issue: account", lambda text: issue(_quote(), programme, account=text, at=AT, key=KEY)),
        ("check: account", lambda text: _exchange().coupon.check(_ORDER, account=text, at=AT)),
        ("device_token", lambda text: device_token(Imei.parse(text), key=KEY)),
        ("Programme.load: path", Programme.load),
        ("lint: path", lambda text: len(lint(text))),
        ("Catalogue.read: path", Catalogue.read),
        ("TacTable.read: path", TacTable.read),
    ):
        telling = name in {"Imei.parse", "normal_code", "Catalogue.named", "Catalogue.search", "appraise: model"}
        yield name, _named(cast("Callable[[str], object]", ask), telling=telling)
    answers = {
        "50,000 answers": lambda: _many_answers(50_000),
        "500 answers": lambda: _many_answers(500, 1_000),
        "1,000 answers": lambda: _many_answers(1_000, 500),
    }
    yield "appraise: condition", Door(_appraised, dict, answers)
    given = {"many bonuses": lambda: {f"b{number}": 1 for number in range(60_000)}}
    yield (
        "appraise: bonuses_given",
        Door(lambda given: appraise(_DEVICE, _best(), programme, at=AT, bonuses_given=given), dict, given),
    )
    yield "check", Door(_checked, lambda: [("p", *_covered())], _LINES)
    yield "Reserve", Door(_reserved, lambda: [("p", *_covered())], _LINES)
    seen = {name: partial(_same, make) for name, make in _SEEN.items()}
    yield "examine", Door(_examined, partial(_same, dict), seen)
    for name, use, value in (
        ("replay and issue", _forged, _quote()),
        ("check a coupon", _forged_coupon, _exchange().coupon),
    ):
        data = _whole(value)
        inputs = {key: partial(_dumped, make) for key, make in _grown(data)}
        yield name, Door(use, partial(json.dumps, data), inputs)


def _doors() -> Iterator[tuple[str, Door]]:
    yield from _json_doors()
    yield from _plain_doors()
    yield from _table_doors()
    yield from _verbs()


DOORS: dict[str, Door] = dict(_doors())
