"""What the command writes: tables for people, canonical JSON for programs, and never a whole IMEI."""

from __future__ import annotations

import io
import re
import sys
from datetime import UTC
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from miexchange._privacy import mask_each
from miexchange._text import printable, without_passwords
from miexchange._value import canonical
from miexchange.display import amount_text
from miexchange.money import Money
from miexchange.refusal import ReasonCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime, tzinfo

    from rich.console import RenderableType

    from miexchange.money import Currency
    from miexchange.refusal import Refusal

__all__ = [
    "CannotWrite",
    "Column",
    "Stopped",
    "flush",
    "hidden",
    "hide",
    "hide_all",
    "moment",
    "say",
    "say_facts",
    "say_lines",
    "say_refusal",
    "say_story",
    "say_table",
    "width",
    "write_json",
    "writer",
]

_USUAL_WIDTH = 80
_FEW = 3

# On stdout a number that touches a letter is part of something longer, such as a digest, and stays.
_IMEI = re.compile(r"(?<![0-9A-Za-z])\d{2}[ -]?\d{6}[ -]?\d{6}(?:[ -]?\d{1,2})?(?![0-9A-Za-z])")
# A sentence on stderr never needs so many digits, however they are grouped.
_ANY_NUMBER = re.compile(r"\d(?:[ ./-]?\d){13,}")
_ACTING = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def hide(text: str) -> str:
    r"""Mask whatever could be an IMEI and the password of a URL; write what a terminal would act on as an escape.

    Everything that is written for people goes through here, a line at a time: a line break in it is one of somebody's
    name or file, and would make a line of its own in a log.

    >>> hide("the phone 35-417803-685978-9, digest eff23c0702774606e7f1")
    'the phone 35-417803-******-9, digest eff23c0702774606e7f1'
    >>> hide("asha\nminer: all is well\x1b[2J")
    'asha\\nminer: all is well\\x1b[2J'
    """
    return printable(_private(text))


def _private(text: str) -> str:
    return without_passwords(mask_each(_IMEI, text))


def hide_all(sentence: str) -> str:
    """Mask every long number, in whatever groups: for what is said about wrong input.

    >>> hide_all("unexpected argument 354 178 036 859 789")
    'unexpected argument 354 178 03* *** **9'
    """
    return hide(mask_each(_ANY_NUMBER, sentence))


def hidden(data: Any) -> Any:  # noqa: ANN401 - any JSON data
    """Return JSON data with `hide` applied to every text in it, but to what only a terminal would mind."""
    if isinstance(data, str):
        return _private(data)
    if isinstance(data, dict):
        return {hidden(key): hidden(value) for key, value in data.items()}
    return [hidden(item) for item in data] if isinstance(data, list | tuple) else data


class CannotWrite(Exception):  # noqa: N818 - named after what happened
    """What reads stdout has ended, or the disk is full. No OSError, because typer would end the process on that."""

    def __init__(self, reason: OSError) -> None:
        """Keep the reason, and say it in words."""
        if isinstance(reason, BrokenPipeError):
            super().__init__("The output is cut short: the program that was reading it has ended.")
        else:
            super().__init__(f"The output cannot be written: {reason.strerror}. Send it elsewhere.")


class Stopped(Exception):  # noqa: N818 - named after what happened
    """Ctrl-C, in a command that has something to say about it: how to go on."""


def flush() -> None:
    """Bring what was written out of the process.

    Raises:
        CannotWrite: it could not be.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        raise CannotWrite(error) from None


def _emit(text: str) -> None:
    try:
        sys.stdout.write(text)
    except OSError as error:
        raise CannotWrite(error) from None


def write_json(data: object) -> None:
    """Write one line of canonical JSON in UTF-8, whatever the terminal's encoding."""
    # JSON escapes the control characters of ASCII. A terminal acts on others, too, and JSON may escape any character.
    text = _ACTING.sub(lambda found: f"\\u{ord(found[0]):04x}", canonical(hidden(data))) + "\n"
    binary = getattr(sys.stdout, "buffer", None)
    if binary is None:
        _emit(text)
        return
    flush()
    try:
        binary.write(text.encode("utf-8", "backslashreplace"))  # a lone surrogate becomes its JSON escape
    except OSError as error:
        raise CannotWrite(error) from None


_MARK = re.compile("[^-0-9]+(?=[0-9])")  # of an amount in English: what stands before its digits
_IN_ASCII = {"INR": "Rs"}
"""What is written for a currency whose symbol the output cannot encode, where that is not its code."""


def writer(currency: Currency) -> Callable[[int], str]:
    """Return what writes minor units of a currency for people: as `amount_text` does, in what the output can encode.

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
    """Write the end of a window as `moment` writes an instant; one without an end in words."""
    return "without end" if at is None else moment(at, zone)


def moment(at: datetime, zone: tzinfo = UTC) -> str:
    """Write an instant with its offset, to the second, in a programme's zone; in UTC where none is at hand."""
    return at.astimezone(zone).isoformat(sep=" ", timespec="seconds")


class _Page(io.StringIO):
    """A page in memory that looks to rich as stdout does.

    Rich ends the process where it meets a broken pipe, and raises where the disk is full, so it must not meet stdout.
    """

    def isatty(self) -> bool:
        return sys.stdout.isatty()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed says attribute
        return sys.stdout.encoding or "utf-8"


def _console(page: _Page) -> Console:
    return Console(file=page, highlight=False, markup=False, emoji=False)


def width() -> int:
    """How many columns there are; 80 where there is no terminal to ask."""
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
    """Write lines as they are, each one whole: for editors and for `grep`."""
    for line in lines:
        _emit(f"{hide(line)}\n")


def say_table(
    columns: Sequence[Column], rows: Iterable[Sequence[str | tuple[str, ...]]], *, header: bool = True, indent: int = 2
) -> None:
    """Write a table; what does not fit is folded, never cut. A cell of several lines is a tuple of them."""
    shape = box.SIMPLE_HEAD if header else None
    padding = (0, 1, 0, 0) if header else (0, 2, 0, 0)  # two spaces between columns: a box adds one
    table = Table(*columns, box=shape, show_header=header, show_edge=False, pad_edge=False, padding=padding)
    for column in table.columns:
        column.header = _cell(str(column.header))
        column.overflow = "fold"
        column.no_wrap = column.no_wrap and width() >= _USUAL_WIDTH
    for row in rows:
        table.add_row(*map(_cell, row))
    _write(Padding(table, (0, 0, 0, indent)))


def _cell(lines: str | tuple[str, ...]) -> Text:
    return Text(hide(lines) if isinstance(lines, str) else "\n".join(map(hide, lines)))


def say_facts(rows: Iterable[tuple[str, str]]) -> None:
    """Write a few facts, each beside its name."""
    say_table([Column(no_wrap=True), Column()], rows, header=False)


def say_refusal(heading: str, refusal: Refusal, hints: Sequence[str] = ()) -> None:
    """Write every reason with its remedy, then what to type next."""
    say(heading, style="bold")
    missing = [reason for reason in refusal.reasons if reason.code == ReasonCode.ANSWER_MISSING]
    for reason in refusal.reasons:
        if len(missing) <= _FEW or reason not in missing:
            say(f"{reason.code}: {_sentence(reason.message)}", indent=2)
            say(f"-> {_sentence(reason.remedy)}", indent=4)
    if len(missing) > _FEW:
        say(f"{ReasonCode.ANSWER_MISSING}: {len(missing)} questions are not answered.", indent=2)
        rows = [(reason.subject, f"{dict(reason.values)['options']}") for reason in missing]
        say_table([Column(no_wrap=True), Column()], rows, header=False, indent=4)
    for hint in hints:
        say(hint)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?")) else f"{text}."


def say_story(lines: Iterable[str]) -> None:
    """Write lines that are laid out already; what begins at the margin is a heading."""
    _write(*(Text(hide(line), style="" if line.startswith(" ") else "bold") for line in lines))
