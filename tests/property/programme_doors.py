"""Programmes as doors: directories below a megabyte that are made to cost much."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from miexchange import Programme, headline, lint
from property.bounded import Door
from property.core_doors import BASE, COLUMNS, MOST, date_of, instant_of, table, tables
from property.effort import THOROUGH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["DOORS"]

# The small valid programme of the tests, with one file of it changed.


def _toml(name: str) -> str:
    return (BASE / name).read_text(encoding="utf-8")


def _head(**keys: str) -> str:
    """Return programme.toml with some keys of its head changed."""
    text = _toml("programme.toml")
    for key, value in keys.items():
        lines = text.split("\n")
        lines = [f"{key} = {value}" if line.startswith(f"{key} =") else line for line in lines]
        text = "\n".join(lines)
    return text


def _texts(count: int) -> str:
    return "[" + ",".join(f'"b{number}"' for number in range(count)) + "]"


def _in_spring(more: str) -> str:
    """Return programme.toml with something more in its first terms."""
    return _toml("programme.toml").replace('[[terms]]\nversion = "summer"', more + '\n[[terms]]\nversion = "summer"')


def _bonuses(count: int, fall_back: Callable[[int], str]) -> str:
    one = '[[terms.bonuses]]\nid = "b{0}"\nsays = "s"\npaise = 100\nquota = 1\nfall_back = "{1}"\n'
    return _in_spring("".join(one.format(number, fall_back(number)) for number in range(count)))


def _versions(count: int) -> str:
    text = _toml("programme.toml")
    at = text.index('[[terms]]\nversion = "summer"')
    summer = text[at:].replace("2020-03-01T00:00:00+05:30", "{day}").replace('"summer"', '"v{number}"')
    summer = summer[: summer.index("[terms.exchange]")].replace("begins = 2020-03-10\nends = 2020-03-20\n", "")
    return text[:at] + "".join(
        summer.replace("{day}", date_of(40_050 + number)).replace("{number}", str(number)) for number in range(count)
    )


def _questions(count: int, options: int) -> str:
    listed = ",".join(f'{{id="o{number}",says="s"}}' for number in range(options))
    one = '[[question]]\nid = "q{0}"\nask = "a"\ncomponent = "c"\naxis = "none"\noptions = [{1}]\n'
    return 'version = "1"\n' + "".join(one.format(number, listed) for number in range(count))


TOML: dict[str, Callable[[], str]] = {
    "a dotted key": lambda: "a" + ".a" * (MOST // 2 - 10) + " = 1",
    "a dotted key of 100 kB": lambda: "a" + ".a" * 50_000 + " = 1",
    "a dotted key in quotes": lambda: '"a"' + '."a"' * (MOST // 4 - 10) + " = 1",
    "a dotted header": lambda: "[a" + ".a" * (MOST // 2 - 10) + "]",
    "a dotted key within braces": lambda: "x = {a" + ".a" * (MOST // 2 - 10) + " = 1}",
    "a dotted key with spaces": lambda: "a" + " . a" * (MOST // 4 - 10) + " = 1",
    "many dotted keys": lambda: "".join(f"k{n}{'.a' * 40} = 1\n" for n in range(10_000)),
    "brackets": lambda: "x = " + "[" * (MOST - 10),
    "braces": lambda: "x = " + "{a=" * (MOST // 3 - 10),
    "brackets, 500 deep": lambda: "x = " + "[" * 500 + "]" * 500,
    "many keys": lambda: "".join(f"k{number} = 1\n" for number in range(80_000)),
    "many keys, 100 kB": lambda: "".join(f"k{number} = 1\n" for number in range(9_000)),
    "many tables": lambda: "".join(f"[k{number}]\n" for number in range(100_000)),
    "many tables, 100 kB": lambda: "".join(f"[k{number}]\n" for number in range(10_000)),
    "many elements": lambda: "x = [" + "1," * (MOST // 2 - 10) + "]",
    "many elements, 100 kB": lambda: "x = [" + "1," * 50_000 + "]",
    "many tables of an array": lambda: "[[terms]]\n" * (MOST // 10 - 1),
    "many tables of an array, 100 kB": lambda: "[[terms]]\n" * 9_900,
    "comments": lambda: "#\n" * (MOST // 2 - 1),
    "a long comment": lambda: "#" * MOST,
    "line ends": lambda: "\n" * MOST,
    "a long text": lambda: 'x = "' + "x" * (MOST - 10) + '"',
    "a long text over lines": lambda: 'x = """' + "x\n" * (MOST // 2 - 10) + '"""',
    "a long text of quotes": lambda: 'x = """' + '""x' * (MOST // 3 - 10) + '"""',
    "a text of escapes": lambda: 'x = "' + "\\n" * (MOST // 2 - 10) + '"',
    "a text that is not closed": lambda: 'x = """' + "x" * (MOST - 10),
    "a number of many digits": lambda: "x = " + "1" * (MOST - 10),
    "a hexadecimal number of many digits": lambda: "x = 0x" + "1" * (MOST - 10),
    "a fraction of many digits": lambda: "x = 0." + "1" * (MOST - 10),
    "a long key": lambda: "x" * (MOST - 10) + " = 1",
    "many long keys": lambda: "".join(f"{'k' * 2_000}{number} = 1\n" for number in range(450)),
    "many keys like known ones": lambda: "".join(f"brands{number} = 1\n" for number in range(9_000)),
    "spaces": lambda: " " * MOST,
    "equals signs": lambda: "=" * MOST,
    "quotes": lambda: '"' * MOST,
    "20,000 brands": lambda: _head(brands=_texts(20_000)),
    "90,000 brands": lambda: _head(brands=_texts(90_000)),
    "90,000 empty brands": lambda: _head(brands="[" + '"",' * 90_000 + "]"),
    "90,000 brands of one name": lambda: _head(brands="[" + '"a",' * 90_000 + "]"),
    "90,000 brands that are numbers": lambda: _head(brands="[" + "1," * 90_000 + "]"),
    "a long title": lambda: _head(title='"' + "x" * 900_000 + '"'),
    "a long path": lambda: _head(models='"' + "x" * 900_000 + '"'),
    "a path of dots": lambda: _head(models='"' + "../" * 300_000 + '"'),
    "3,000 chained fall-backs": lambda: _bonuses(3_000, lambda n: f"b{n + 1}"),
    "9,000 chained fall-backs": lambda: _bonuses(9_000, lambda n: f"b{n + 1}"),
    "a ring of 1,900 fall-backs": lambda: _bonuses(1_900, lambda n: f"b{(n + 1) % 1_900}"),
    "9,000 bonuses that fall back on nothing": lambda: _bonuses(9_000, lambda _: "none"),
    "9,000 bonuses of one name": lambda: _in_spring('[[terms.bonuses]]\nid = "b"\nsays = "s"\npaise = 100\n' * 9_000),
    "many versions": lambda: _versions(1_300),
    "300 versions": lambda: _versions(300),
    "many age bands": lambda: _head().replace(
        "{ from_months = 12, keep_bps = 9_000 },",
        "".join(f"{{from_months={n + 12},keep_bps=9000}}," for n in range(25_000)),
    ),
    "many restrictions": lambda: _in_spring('[[terms.asked]]\nquestion = "warranty"\nbrands = ["Acme"]\n' * 16_000),
    "many overlaps": lambda: _in_spring('[[terms.overlaps]]\none = "display"\nother = "x"\ncounted_bps = 1\n' * 16_000),
    "many categories": lambda: _head().replace('categories = ["smartphone"]', f"categories = {_texts(90_000)}"),
    "many targets": lambda: _head().replace('targets = ["Two"]', f"targets = {_texts(90_000)}"),
}
QUESTIONS: dict[str, Callable[[], str]] = {
    "many questions": lambda: _questions(6_000, 2),
    "1,400 questions": lambda: _questions(1_400, 2),
    "many options": lambda: _questions(1, 40_000),
    "5,000 options": lambda: _questions(1, 5_000),
    "many options of many questions": lambda: _questions(60, 600),
    "many questions without options": lambda: _questions(9_000, 0),
}


def _changed(file: str, make: Callable[[], bytes]) -> dict[str, bytes]:
    return {file: make()}


def _encoded(make: Callable[[], str]) -> bytes:
    return make().encode()


def _programmes() -> dict[str, Callable[[], Mapping[str, bytes]]]:
    found: dict[str, Callable[[], Mapping[str, bytes]]] = {}
    texts = {"programme.toml": TOML, "questions.toml": {**QUESTIONS, "a dotted key": TOML["a dotted key of 100 kB"]}}
    for file, several in texts.items():
        for name, text in several.items():
            found[f"{file}: {name}"] = partial(_changed, file, partial(_encoded, text))
    for file in COLUMNS:
        for name, content in tables(file).items():
            found[f"{file}: {name}"] = partial(_changed, file, content)
    found["a price in each minute, in 200 versions"] = lambda: {
        "programme.toml": _versions(200).encode(),
        "market_prices.csv": table(
            COLUMNS["market_prices.csv"],
            lambda n: ("acme-one-4-64", instant_of(10_000_000 // 2 + 5_000_000 + 1440 * n), "", "100", "observed", "s"),
        )[:800_000].rpartition(b"\n")[0],
    }
    often = 15_000  # bytes: as many windows as one model may have
    found["a gap after each price, listed often, in many versions"] = lambda: {
        "programme.toml": _versions(59).encode(),
        "market_prices.csv": _dated("market_prices.csv", 900_000),
        "eligible_models.csv": _dated("eligible_models.csv", often),
    }
    found["an end of an anchor each day, listed often, in many versions"] = lambda: {
        "programme.toml": _versions(59).encode(),
        "market_prices.csv": _dated("market_prices.csv", 30_000),
        "repair_anchors.csv": _dated("repair_anchors.csv", 900_000),
        "eligible_models.csv": _dated("eligible_models.csv", often),
    }
    found["many models, in many versions"] = lambda: {
        "programme.toml": _versions(59).encode(),
        **{
            file: table(COLUMNS[file], partial(_model_row, file))[:size].rpartition(b"\n")[0] + b"\n"
            for file, size in _SIZES.items()
        },
    }
    found["many models listed often, in many versions"] = lambda: {
        "programme.toml": _versions(59).encode(),
        "eligible_models.csv": table(COLUMNS["eligible_models.csv"], _listed_often),
    }
    return found


_SIZES = {
    "models.csv": 300_000,
    "eligible_models.csv": 160_000,
    "market_prices.csv": 250_000,
    "repair_anchors.csv": 200,
}


def _model_row(file: str, number: int) -> tuple[str, ...]:
    """Return the row of a model in a table: as short as it can be."""
    return {
        "models.csv": (f"m{number}", "Acme", f"N{number}", "1", "1", "", "", "s"),
        "eligible_models.csv": (f"m{number}", "2020-01-01", "", "s"),
        "market_prices.csv": (f"m{number}", "2020-01-01", "", "1000000", "observed", "s"),
        "repair_anchors.csv": (f"m{number}", "display", "2020-01-01", "", "1000000", "observed", "s"),
    }[file]


def _listed_often(number: int) -> tuple[str, ...]:
    model, day = ("acme-one-4-64", "acme-two-6-128")[number // 499 % 2], 2 * (number % 499)
    return (
        (model, date_of(39_984 + day), date_of(39_985 + day), "s")
        if number < 998
        else (f"m{number}", "2020-01-01", "", "s")
    )


def _dated(file: str, most: int) -> bytes:
    """Return a table in which one model has a row for every other day, each ending after a day."""
    columns, every = COLUMNS[file], 2

    def row(number: int) -> tuple[str, ...]:
        begins, ends = date_of(39_984 + every * number), date_of(39_984 + every * number + 1)
        cells = {"model": "acme-one-4-64", "effective_from": begins, "listed_from": begins, "effective_until": ends}
        cells |= {"listed_until": ends, "price_minor": "100", "amount_minor": "100", "basis": "observed"}
        return tuple(cells.get(column, "display" if column == "component" else "s") for column in columns)

    return table(columns, row)[:most].rpartition(b"\n")[0] + b"\n"


def _in_directory(use: Callable[[Path], object], changed: Mapping[str, bytes]) -> object:
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "programme"
        shutil.copytree(BASE, directory)
        for file, content in changed.items():
            (directory / file).write_bytes(content)
        return use(directory)


def _load_and_ask(directory: Path) -> object:
    """Load a programme and value a device: what it allows must not be slow afterwards."""
    programme = Programme.load(directory)
    _ = programme.digest
    at = datetime(2020, 2, 3, tzinfo=UTC)
    return headline("acme-one-4-64", programme, at=at)


def _lint(directory: Path) -> object:
    return len("\n".join(map(str, lint(directory, strict=True))))


_INPUTS = _programmes()
_SOME = {name: make for name, make in _INPUTS.items() if THOROUGH or name.startswith(("questions.toml", "many"))}

DOORS: dict[str, Door] = {
    "Programme.load": Door(partial(_in_directory, _load_and_ask), dict, _INPUTS),
    "lint": Door(partial(_in_directory, _lint), dict, _SOME),
}
