"""The output of the command: tables for people, canonical JSON for programs, and never a whole IMEI."""

from __future__ import annotations

import csv
import io
import os
import re
import sys
from contextlib import contextmanager, suppress
from datetime import UTC
from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Column
from rich.text import Text

from miexchange._text import printable, without_passwords
from miexchange._time import in_zone
from miexchange._value import canonical
from miexchange.cli._files import without_folders
from miexchange.cli._imeis_in import without_imeis
from miexchange.display import amount_text
from miexchange.money import Money
from miexchange.refusal import ReasonCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime, tzinfo
    from pathlib import Path

    from rich.console import RenderableType

    from miexchange.money import Currency
    from miexchange.refusal import Refusal

__all__ = [
    "CannotWrite",
    "Column",
    "Stopped",
    "abandon",
    "flush",
    "hidden",
    "hide",
    "hide_all",
    "json_line",
    "moment",
    "say",
    "say_facts",
    "say_lines",
    "say_refusal",
    "say_story",
    "say_table",
    "warn",
    "width",
    "write_anything",
    "write_json",
    "write_sample",
    "writer",
]

_FEW = 3

_ACTING = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def hide(text: str) -> str:
    r"""Mask every IMEI and the password of a URL; write control characters as escapes.

    All text for people passes through here, one line at a time: a line break within it comes from a name or a file,
    and would forge a line of a log.

    >>> hide("the phone 35-417803-685978-9, digest eff23c0702774606e7f1, order 403123456789012")
    'the phone 35-417803-******-9, digest eff23c0702774606e7f1, order 403123456789012'
    >>> hide("asha\nminer: all is well\x1b[2J")
    'asha\\nminer: all is well\\x1b[2J'
    """
    return printable(_private(text))


def _private(text: str) -> str:
    return without_passwords(without_imeis(without_folders(text)))


def hide_all(sentence: str) -> str:
    """Mask also what could be an IMEI with a slip of the finger: for what is said about wrong input.

    >>> hide_all("unexpected argument 354 178 036 859 789")
    'unexpected argument 354 178 03* *** **9'
    """
    return hide(without_imeis(sentence, mistyped=True))


def hidden(data: Any) -> Any:  # noqa: ANN401 - any JSON data
    """Return JSON data with `hide` applied to every text, except for its escapes."""
    return _each_text(data, _private)


def _each_text(data: Any, plain: Callable[[str], str]) -> Any:  # noqa: ANN401 - as above
    if isinstance(data, str):
        return plain(data)
    if isinstance(data, dict):
        return {plain(key): _each_text(value, plain) for key, value in data.items()}
    return [_each_text(item, plain) for item in data] if isinstance(data, list | tuple) else data


class CannotWrite(Exception):  # noqa: N818 - named after what happened
    """Output failed, for example on a full disk. Not an OSError, because typer would exit on that."""

    def __init__(self, reason: OSError) -> None:
        """Say the reason in words."""
        super().__init__(f"The output cannot be written: {reason.strerror}. Send it elsewhere.")


class Stopped(Exception):  # noqa: N818 - named after what happened
    """Ctrl-C in a command that can be resumed; its message says how."""


def write_anything() -> None:
    """Replace characters that the output cannot encode, such as a rupee sign, instead of raising an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _writing() -> Iterator[None]:
    """Write to stdout; if its reader has closed it, as `head` does, the rest is discarded.

    Raises:
        CannotWrite: it failed, for example on a full disk.
    """
    try:
        yield
    except BrokenPipeError:
        abandon()
    except OSError as error:
        raise CannotWrite(error) from None


def abandon() -> None:
    """Discard all further output to stdout, including what the interpreter flushes at exit."""
    with suppress(OSError, ValueError, AttributeError):
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, sys.stdout.fileno())
        os.close(sink)


def flush() -> None:
    """Flush stdout.

    Raises:
        CannotWrite: it failed.
    """
    with _writing():
        sys.stdout.flush()


def _emit(text: str) -> None:
    with _writing():
        sys.stdout.write(text)


def json_line(data: object, plain: Callable[[str], str]) -> str:
    """Return one line of canonical JSON that is safe for a terminal; IMEIs in it are masked."""
    # JSON escapes ASCII control characters only; terminals act on others too, which JSON may escape as well.
    return _ACTING.sub(lambda found: f"\\u{ord(found[0]):04x}", canonical(_each_text(data, plain))) + "\n"


def write_json(data: object, *currencies: Currency) -> None:
    """Write one line of canonical JSON in UTF-8, whatever the terminal's encoding.

    Args:
        data: plain data.
        currencies: the currencies of its amounts. The key ``amounts`` then says that amounts are in minor units, and
            how many decimals each currency has.
    """
    if currencies:
        decimals = {one.code: one.decimals for one in currencies}
        data = {**cast("dict[str, Any]", data), "amounts": {"unit": "minor", "decimals": decimals}}
    text = json_line(data, _private)
    binary = getattr(sys.stdout, "buffer", None)
    if binary is None:
        _emit(text)
        return
    flush()
    with _writing():
        binary.write(text.encode("utf-8", "backslashreplace"))  # a lone surrogate becomes its JSON escape


_MARK = re.compile("[^-0-9]+(?=[0-9])")  # the prefix of an amount in English
_IN_ASCII = {"INR": "Rs"}
"""Replacements for currency symbols that the output cannot encode, if not the currency's code."""


def writer(currency: Currency) -> Callable[[int], str]:
    """Return a function that formats minor units as `amount_text` does, in characters that the output can encode.

    >>> from miexchange.money import Currency
    >>> writer(Currency("INR"))(-15050)
    '-₹150.50'
    """
    return partial(_amount, currency)


def _amount(currency: Currency, amount: int) -> str:
    text = amount_text(Money(amount, currency)).replace("\xa0", " ")
    mark = _MARK.search(text)
    if mark is not None and not _can_write(mark[0], sys.stdout.encoding):
        return text.replace(mark[0], f"{_IN_ASCII.get(currency.code, currency.code)} ", 1)
    return text


@cache
def _can_write(symbol: str, encoding: str | None) -> bool:
    try:
        symbol.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def until(at: datetime | None, zone: tzinfo = UTC) -> str:
    """Write the end of a window, which is the first instant outside it; a window without an end in words."""
    return "without end" if at is None else f"{moment(at, zone)} (exclusive)"


def moment(at: datetime, zone: tzinfo = UTC) -> str:
    """Write an instant with its offset, to the second, in a programme's zone; in UTC without a programme."""
    return at.astimezone(zone).isoformat(sep=" ", timespec="seconds")


class _Page(io.StringIO):
    """A buffer with the properties of stdout, for rich.

    Rich exits on a broken pipe and raises on a full disk, so it must not write to stdout itself.
    """

    def isatty(self) -> bool:
        return sys.stdout.isatty()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed says attribute
        return sys.stdout.encoding or "utf-8"


def _console(page: _Page) -> Console:
    return Console(file=page, highlight=False, markup=False, emoji=False)


def width() -> int:
    """The width of the terminal; 80 without a terminal."""
    return _console(_Page()).width


def _write(*things: RenderableType) -> None:
    page = _Page()
    console = _console(page)
    for thing in things:
        console.print(thing)
    text = page.getvalue()
    if not console.is_terminal:
        text = "\n".join(line.rstrip() for line in text.split("\n"))
    _emit(text)


def say(text: str = "", *, style: str = "", indent: int = 0) -> None:
    """Write a paragraph, wrapped at the terminal's width."""
    _write(Padding(Text(hide(text), style=style), (0, 0, 0, indent)))


def say_lines(lines: Iterable[str]) -> None:
    """Write lines without wrapping, for editors and for `grep`."""
    for line in lines:
        _emit(f"{hide(line)}\n")


def write_sample(file: Path, *, as_json: bool) -> None:
    """Write the sample of devices for `miexchange batch`; its IMEIs are made up, and not masked."""
    lines = file.read_text("utf-8").splitlines()
    if as_json:
        write_json({"devices": list(csv.DictReader(lines))})
    for line in [] if as_json else lines:
        _emit(f"{line}\n")


def say_table(
    columns: Sequence[Column], rows: Iterable[Sequence[str | tuple[str, ...]]], *, header: bool = True, indent: int = 2
) -> None:
    """Write a table; if it is too narrow for the words, each row is written as a list of its cells.

    Nothing is ever cut. A cell of several lines is a tuple of them.
    """
    rows = [tuple(row) for row in rows]
    heads = [f"{column.header}" if header else "" for column in columns]
    widths = _widths(columns, [heads, *rows], width() - indent)
    if widths is None:
        _say_lists(heads, rows, indent)
        return
    right = [column.justify == "right" for column in columns]
    lines = [line for row in rows for line in _side_by_side(row, widths, right)]
    if header:
        rule = Text("─" * (sum(widths) + len(_BETWEEN) * (len(widths) - 1)))
        lines = [*_side_by_side(heads, widths, right, style="bold"), rule, *lines]
    _write(*(Padding(line, (0, 0, 0, indent)) for line in lines))


_FOLDED = 24
"""The longest word, such as a digest, that is not folded in a narrow table."""

_BETWEEN = "  "
"""The gap between two columns."""


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str | tuple[str, ...]]], room: int) -> list[int] | None:
    """Return the width of each column, without breaking words except very long ones; None if they do not fit.

    A column gets the width of its longest line if possible, narrow columns first; texts share the rest.
    """
    words, most = [column.min_width or 1 for column in columns], [1] * len(columns)
    for row in rows:
        for place, cell in enumerate(row):
            for line in _lines(cell):
                whole = cell_len(line)
                longest = whole if columns[place].no_wrap else max(map(cell_len, line.split()), default=0)
                words[place], most[place] = max(words[place], longest), max(most[place], whole)
    room -= len(_BETWEEN) * (len(columns) - 1)
    widths = words if sum(words) <= room else [min(_FOLDED, word) for word in words]
    left = room - sum(widths)
    if left < 0:
        return None
    wanted = [max(whole - width, 0) for whole, width in zip(most, widths, strict=True)]
    for others, place in enumerate(sorted(range(len(columns)), key=wanted.__getitem__), -len(columns)):
        more = min(wanted[place], left // -others)
        widths[place] += more
        left -= more
    return widths


def _side_by_side(
    row: Sequence[str | tuple[str, ...]], widths: Sequence[int], right: Sequence[bool], style: str = ""
) -> Iterator[Text]:
    """Yield the lines of a row, with each cell wrapped in its column."""
    console = _console(_Page())
    cells = [_cell(cell).wrap(console, width, overflow="fold") for cell, width in zip(row, widths, strict=True)]
    for number in range(max(map(len, cells))):
        texts = [cell[number].plain.rstrip() if number < len(cell) else "" for cell in cells]
        padded = (
            (" " * (width - cell_len(text)) + text if is_right else text + " " * (width - cell_len(text)))
            for text, width, is_right in zip(texts, widths, right, strict=True)
        )
        yield Text(_BETWEEN.join(padded).rstrip(), style=style)


def _lines(cell: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the lines of a cell as they are shown."""
    return tuple(map(hide, (cell,) if isinstance(cell, str) else cell))


def _say_lists(heads: Sequence[str], rows: Sequence[Sequence[str | tuple[str, ...]]], indent: int) -> None:
    """Write each row as a paragraph: its cells below one another, each after the name of its column."""
    for number, row in enumerate(rows):
        if number and any(heads):
            say()
        for place, (head, cell) in enumerate(zip(heads, row, strict=True)):
            lines = [*_lines(cell)]
            if head and "".join(lines):
                lines[0] = f"{head}: {lines[0]}"
            for line in filter(None, lines):
                say(line, indent=indent + (0 if place == 0 else 2))


def _cell(cell: str | tuple[str, ...]) -> Text:
    return Text("\n".join(_lines(cell)))


def say_facts(rows: Iterable[tuple[str, str]]) -> None:
    """Write a few facts, each beside its name."""
    say_table([Column(no_wrap=True), Column()], rows, header=False)


def say_refusal(heading: str, refusal: Refusal, hints: Sequence[str] = (), zone: tzinfo = UTC) -> None:
    """Write every reason with its remedy, its instants in a zone, then hints on the next command."""
    say(heading, style="bold")
    missing = [reason for reason in refusal.reasons if reason.code == ReasonCode.ANSWER_MISSING]
    for reason in refusal.reasons:
        if len(missing) <= _FEW or reason not in missing:
            say(f"{reason.code}: {_sentence(in_zone(reason.message, zone))}", indent=2)
            say(f"-> {_sentence(in_zone(reason.remedy, zone))}", indent=4)
    if len(missing) > _FEW:
        say(f"{ReasonCode.ANSWER_MISSING}: {len(missing)} questions are not answered.", indent=2)
        rows = [(reason.subject, f"{dict(reason.values)['options']}") for reason in missing]
        say_table([Column(no_wrap=True), Column()], rows, header=False, indent=4)
    for hint in hints:
        say(hint)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?")) else f"{text}."


def warn(sentence: str, *, as_json: bool) -> None:
    """Print a warning on stderr; it changes neither the answer nor the exit code."""
    with suppress(OSError, AttributeError, ValueError):  # stderr may be closed
        text = json_line({"answer": "warning", "message": sentence}, hide_all) if as_json else ""
        sys.stderr.write(text or f"miexchange: warning: {hide_all(sentence)}\n")


def say_story(lines: Iterable[str]) -> None:
    """Write lines that are already laid out; those without indentation are headings."""
    _write(*(Text(hide(line), style="" if line.startswith(" ") else "bold") for line in lines))
