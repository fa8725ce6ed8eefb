"""Reading what was given on the command line; what cannot be used becomes one sentence with its remedy."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from miexchange._keyed import check_key
from miexchange._questions import together
from miexchange._text import closest
from miexchange._time import (
    A_DAY,
    NO_ZONE,
    OUT_OF_RANGE,
    TOO_FINE,
    YEARS,
    NotATime,
    NotInCalendar,
    read_day,
    read_instant,
)
from miexchange._zone import Zone
from miexchange.cli._files import read_bytes
from miexchange.cli._wrong import Wrong, quoted
from miexchange.condition import Condition
from miexchange.coupon import Coupon, Order
from miexchange.eligibility import RegisterAnswer
from miexchange.errors import InvalidValue
from miexchange.programme import Programme, shipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, tzinfo

    from miexchange.condition import Questionnaire
    from miexchange.ledger import Checkpoint

__all__ = [
    "KEY_VARIABLE",
    "Wrong",
    "answers",
    "checkpoint",
    "coupon",
    "day",
    "has_key",
    "instant",
    "key",
    "order",
    "programme",
    "programme_source",
    "zone",
    "zone_of",
]

KEY_VARIABLE = "MIEXCHANGE_KEY"
_LEAST_KEY = 16
_LINE_END = re.compile(rb"\r?\n\Z")
_EXAMPLE = "2018-03-20T12:00+05:30"

_File = TypeVar("_File", Condition, Coupon, Order, RegisterAnswer, "Checkpoint")


def nearest(text: str, known: Iterable[str]) -> str:
    """Return " Did you mean X?" where something known looks like the text, else nothing."""
    close = closest(text, known, 2)
    return f" Did you mean {' or '.join(close)}?" if close else ""


def now() -> datetime:
    """Return the actual now. The core reads no clock; the command is the edge, so it does."""
    return datetime.now(UTC)


def instant(text: str | None, option: str, zone: tzinfo | None) -> datetime:
    """Read an instant such as 2018-03-20T12:00+05:30; nothing given is now.

    Args:
        text: what was given.
        option: the option's name, for the sentence.
        zone: where a plain date begins, or None where a date alone says too little.
    """
    if text is None:
        return now()
    try:
        return read_instant(text, zone)
    except NotATime as fault:
        remedy = "write a day as YYYY-MM-DD or" if zone else "write"
        raise _wrong_time(text, option, fault, f"is no instant: {remedy} an instant such as {_EXAMPLE}") from None


def day(text: str, option: str) -> date:
    """Read a day such as 2018-03-20."""
    try:
        return read_day(text)
    except NotATime as fault:
        raise _wrong_time(text, option, fault, "is no day: write YYYY-MM-DD, such as 2017-06-30") from None


def zone(text: str, option: str) -> Zone:
    """Read the name of a zone."""
    try:
        return Zone(text)
    except InvalidValue as fault:
        raise Wrong(f"{option} {quoted(text)} is no zone: {fault.rule}") from None


def _wrong_time(text: str, option: str, fault: NotATime, otherwise: str) -> Wrong:
    if isinstance(fault, NotInCalendar):
        otherwise = "is not in the calendar: give a day that exists"
    return Wrong(f"{option} {quoted(text)} {_WRONG_TIMES.get(fault.args, otherwise)}")


_WRONG_TIMES = {
    A_DAY: f"is a day, not an instant: write it with time and zone: {_EXAMPLE}",
    NO_ZONE: f"has no time zone: add one, such as Z or +05:30: {_EXAMPLE}",
    OUT_OF_RANGE: f"is out of range: give a year from {YEARS[0]} to {YEARS[-1]}",
    TOO_FINE: "is finer than a microsecond: round it",
}


def programme(source: str) -> Programme:
    """Load a programme by its id or its directory."""
    return Programme.load(programme_source(source))


def zone_of(made_by: str, stated: str | None) -> tzinfo:
    """Return the zone of the programme that made something: the one that is stated, or a shipped one of that id.

    It is UTC where neither is at hand.
    """
    if stated is None and made_by not in shipped():
        return UTC
    return programme(stated or made_by).zone


def programme_source(source: str) -> str:
    """Return the id or directory of a programme, once it is clear that there is one."""
    if source in shipped() or (Path(source) / "programme.toml").is_file():
        return source
    if Path(source).is_file():
        raise Wrong(f"{quoted(source)} is a file: give the directory that holds programme.toml, not a file in it")
    if Path(source).is_dir():
        raise Wrong(f"The directory {quoted(source)} has no programme.toml: give the directory of a programme")
    known = ", ".join(shipped())
    raise Wrong(
        f"There is no programme {quoted(source)}.{nearest(source, shipped())} "
        f"Give the path of a programme's directory, or one of the shipped ones: {known}"
    )


def has_key(file: Path | None) -> bool:
    """Tell whether a secret key was given, in a file or in the environment."""
    return file is not None or bool(os.environ.get(KEY_VARIABLE))


def key(file: Path | None, who: str) -> bytes:
    """Read the secret key, from a file or else from the environment.

    One line end at the end of a file, which an editor puts there, is no part of the key; everything else is.

    Args:
        file: the file, if one was named.
        who: what needs the key, for the sentence.
    """
    if file is None:
        secret, where = os.fsencode(os.environ.get(KEY_VARIABLE, "")), f"The environment variable {KEY_VARIABLE}"
        if not secret:
            raise Wrong(
                f"{who} needs the secret key, and none was given: name its file with --key-file, "
                f"or put it in the environment variable {KEY_VARIABLE}"
            )
    else:
        secret, where = _LINE_END.sub(b"", read_bytes(file, "--key-file")), f"The file {quoted(file)}"
    if len(secret) < _LEAST_KEY:
        raise Wrong(f"{where} holds a key of {len(secret)} bytes: a key has at least {_LEAST_KEY} secret bytes")
    try:
        return check_key(secret)
    except InvalidValue as error:
        raise Wrong(f"{where} holds no secret: {error.rule}") from None


def answers(file: Path | None, options: Sequence[str], questionnaire: Questionnaire | None) -> Condition:
    """Read the answers of a file and of the ``--answer`` options; an option stands above the file.

    Args:
        file: a JSON object of question and option, or None.
        options: texts such as ``screen_glass=unmarked``.
        questionnaire: the questions in force, to find a misspelt one; None where no terms are.
    """
    found = Condition() if file is None else _read(file, "--answers", Condition)
    said: dict[str, str] = {}
    for text in options:
        question, equals, option = (part.strip() for part in text.partition("="))
        if not (equals and question and option):
            raise Wrong(f"--answer {quoted(text)} is not question=option: write, for example, screen_glass=unmarked")
        if said.get(question, option) != option:
            raise Wrong(f"--answer answers {question} twice, {said[question]} and {option}: keep one of them")
        said[question] = option
    found = found.replace(**said)
    if questionnaire is not None:
        _check_spelling(found, questionnaire)
    return found


def _check_spelling(condition: Condition, questionnaire: Questionnaire) -> None:
    options = {one.id: [option.id for option in one.options] for one in together(questionnaire.questions)}
    for given, answer in questionnaire.as_options(condition).items():
        question = questionnaire.by_id.get(given)
        name = given if question is None else question.asked_as
        if question is None:
            raise Wrong(f"There is no question {quoted(name)}.{nearest(name, options)} Known: {', '.join(options)}")
        if answer not in {option.id for option in question.options}:
            known = questionnaire.takes(question)
            raise Wrong(f"{quoted(answer)} is no answer to {name}.{nearest(answer, options[name])} Known: {known}")


def coupon(file: Path) -> Coupon:
    """Read a coupon, as `miexchange quote --coupon-out` writes it."""
    return _read(file, "--coupon", Coupon)


def order(file: Path) -> Order:
    """Read an order."""
    return _read(file, "--order", Order)


def register_answer(file: Path) -> RegisterAnswer:
    """Read what a register answered."""
    return _read(file, "--register-answer", RegisterAnswer)


def checkpoint(file: Path, kind: type[Checkpoint]) -> Checkpoint:
    """Read a checkpoint; its type is handed over, because the ledger needs an extra."""
    return _read(file, "--against", kind)


def _read(file: Path, option: str, kind: type[_File]) -> _File:
    name = f"{option} {quoted(file)}"
    data = read_bytes(file, option)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Wrong(f"{name} is not UTF-8 text (byte {error.start + 1}): save it as JSON in UTF-8") from None
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Wrong(f"{name} is not JSON: {error.msg} at {where}. Correct it there") from None
    except (ValueError, RecursionError):
        raise Wrong(f"{name} is not usable JSON: a number is too long or it is nested too deep") from None
    try:
        return kind.from_json(text)
    except InvalidValue as error:
        if error.rule == "Field required":
            what = f"{error.field} is missing"
        else:  # an object as a whole is no value to show
            what = f"{error.field}: {error.rule}" if error.value in {"a dict", "a list"} else f"{error}"
        raise Wrong(f"{name} is no {_FORMS[kind.__name__][0]}: {what}. {_FORMS[kind.__name__][1]}") from None


_FORMS: dict[str, tuple[str, str]] = {
    "Condition": ("object of answers", 'Write one such as {"power": "works"}'),
    "Checkpoint": ("checkpoint", "Give the file that ledger checkpoint wrote, unchanged"),
    "Coupon": ("coupon", "Give the file that quote --coupon-out wrote, unchanged"),
    "RegisterAnswer": (
        "answer of a register",
        'Write one as {"status": "clear", "register": "CEIR", "asked_at": "2018-03-20T12:00:00Z", "reference": "1"}',
    ),
    "Order": ("order", "Its form is in: miexchange coupon check --help"),
}
