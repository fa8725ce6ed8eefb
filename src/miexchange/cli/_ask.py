"""Asking at the terminal for what the command line left out.

Questions go to stderr, so that stdout holds the answer alone. Where there is no terminal nothing is asked.
"""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING, TypeVar

from miexchange._questions import BETWEEN, NONE, said_of_choices
from miexchange.cli._output import hide_all, width
from miexchange.cli._wrong import Wrong
from miexchange.condition import Questionnaire
from miexchange.errors import InvalidImei, MiExchangeError
from miexchange.imei import Imei

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from miexchange.catalogue import Catalogue, Variant
    from miexchange.condition import Option, Question

__all__ = ["BACK", "can_ask", "for_answer", "for_imei", "for_model", "for_word", "goes_back"]

_MOST_CHOICES = 15
_T = TypeVar("_T")


def can_ask() -> bool:
    """Tell whether input and errors are a terminal, so that a person can be asked."""
    streams = (sys.stdin, sys.stderr)
    return all(stream is not None and not stream.closed and stream.isatty() for stream in streams)


def for_model(catalogue: Catalogue) -> str:
    """Ask which phone it is, and return the variant's id."""
    while True:
        text = _line("Which phone is it? Type its name, such as OnePlus 3T: ", "--model")
        found = catalogue.search(text) if text else ()
        if len(found) == 1:
            _tell(f"That is the {found[0].label}.")
            return found[0].model
        if not found:
            close = ", ".join(variant.label for variant in catalogue.nearest(text))
            _tell(f"No model has that name. {f'Near it: {close}' if close else 'Try the brand alone'}.")
        elif len(found) > _MOST_CHOICES:
            _tell(f"{len(found)} models have that name. Type more of it, such as RAM and storage: {found[0].label}.")
        else:
            return _choice(found)


def _choice(found: Sequence[Variant]) -> str:
    for number, variant in enumerate(found, 1):
        _tell(f"  {number:>2}  {variant.label}")
    while True:
        text = _line(f"Which of them, 1 to {len(found)}? ", "--model")
        if text.isascii() and text.isdigit() and 1 <= int(text[:3]) <= len(found):
            return found[int(text[:3]) - 1].model
        _tell(f"Type a number from 1 to {len(found)}.")


def for_imei() -> str | None:
    """Ask for the IMEI; None where there is none at hand."""
    while True:
        text = _line("Its IMEI (dial *#06# to see it, or press Enter to go without): ", "--imei")
        if not text:
            return None
        try:
            return Imei.parse(text).digits
        except InvalidImei as error:
            _tell(f"{error}")


BACK = "<"
"""The input that goes back to the previous question."""


def for_answer(question: Question, number: int, total: int, *, several: bool = False) -> str | None:
    """Ask one question; return the option's id, None where an optional one is left out, or `BACK`.

    Args:
        question: the question.
        number: which it is.
        total: of how many.
        several: whether it has several choices; then all that are typed are returned, with ``|`` between them.
    """
    sys.stderr.write("\n")
    _tell(f"[{number}/{total}] {question.ask}")
    names = [option.id for option in question.options]
    if question.numbers is not None:
        return _number(question, number)
    for position, option in enumerate(question.options, 1):
        _tell(f"  {position}  {option.id}: {option.says}", hang=5)
    if several:
        return _choices(question, names, number)
    skip = f", or Enter to leave it out, which counts as {names[-1]}" if question.optional else ""
    back = f", or {BACK} to go back" if number > 1 else ""
    while True:
        text = _line(f"1 to {len(names)}{skip}{back}: ", f"--answer {question.id}=...")
        if text in names or (text == BACK and back):
            return text
        if text.isascii() and text.isdigit() and 1 <= int(text[:3]) <= len(names):
            return names[int(text[:3]) - 1]
        if not text and question.optional:
            return None
        _tell(f"Type a number from 1 to {len(names)}, or one of: {', '.join(names)}.")


def _choices(question: Question, names: Sequence[str], number: int) -> str:
    """Ask for all choices at once."""
    back = f", or {BACK} to go back" * (number > 1)
    while True:
        text = _line(f"All that apply, such as 2 3{back}: ", f"--answer {question.id}=...")
        if text == BACK and back:
            return text
        places = {f"{place}": name for place, name in enumerate(names, 1)}
        words = text.replace(",", " ").replace(BETWEEN, " ").split()
        given = list(dict.fromkeys(places.get(word, word) for word in words))
        if given and said_of_choices(BETWEEN.join(given), names[1:]) is not None:
            return BETWEEN.join(given)
        _tell(f"Type numbers from 1 to {len(names)} with spaces between them; {NONE} stands alone.")


def _number(question: Question, number: int) -> str | None:
    """Ask for a number; an answer by name is accepted too."""
    for option in question.options:
        _tell(f"  {option.id}: {option.says}", hang=5)
    read = Questionnaire("asked", (question.replace(asked_after="", asked_answers=()),)).as_options
    while True:
        unit, back = f" in {question.unit}" * bool(question.unit), f", or {BACK} to go back" * (number > 1)
        text = _line(f"A number{unit}{back}: ", f"--answer {question.id}=...")
        if not text and question.optional:
            return None
        if text == BACK and back:
            return text
        if read({question.id: text}).get(question.id) in {option.id for option in question.options}:
            return text
        _tell(f"Type one of: {question.takes}.")


def for_word(prompt: str, otherwise: str, instead: str, read: Callable[[str], _T]) -> _T:
    """Ask until the input can be read, and return its value.

    Args:
        prompt: the question.
        otherwise: the meaning of an empty line; "" for none.
        instead: the option that answers the question too.
        read: reads the input, or raises an error that says why it cannot.
    """
    while True:
        sys.stderr.write("\n")
        _tell(prompt)
        text = _line(f"[{otherwise}] " if otherwise else "> ", instead)
        try:
            return read(text or otherwise)
        except MiExchangeError as error:
            _tell(f"{error}")


def goes_back(question: Question, option: Option) -> bool:
    """Say that an answer refuses the phone; return whether the person wants to change it."""
    _tell(f"This programme takes no phone with {question.id}={option.id}.")
    return _line(f"Enter to see the refusal, or {BACK} to change the answer: ", "another answer") == BACK


def _tell(text: str, hang: int = 0) -> None:
    """Write a paragraph to stderr, its further lines indented."""
    lines = textwrap.wrap(hide_all(text), width(), subsequent_indent=" " * hang, break_on_hyphens=False)
    sys.stderr.write("".join(f"{line}\n" for line in lines))


def _line(prompt: str, instead: str) -> str:
    sys.stderr.write(hide_all(prompt))
    sys.stderr.flush()
    text = sys.stdin.readline()
    if not text:  # the end of the input: Ctrl-D
        sys.stderr.write("\n")
        raise Wrong(f"The input ended before the question was answered: answer it, or give {instead}")
    return text.strip()
