"""The texts of reasons: templates in English with named values, and their translations.

``data/reason_texts.csv`` has the templates, ``data/reason_values.csv`` the type of each value, and ``data/locales`` the
catalogues, in gettext's format for translators.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from miexchange import _data
from miexchange._text import text_of
from miexchange._value import day, instant, text, whole
from miexchange.errors import InvalidValue, one_line, out_of_range
from miexchange.money import Currency

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["LANGUAGES", "Template", "facts", "plain", "shown", "template", "translated"]

LANGUAGES = ("en", "hi", "ur")
"""The languages that `Reason.text` can give, by ISO 639."""

_RIGHT_TO_LEFT = {"ur"}
_RLI, _FSI, _PDI = "\u2067", "\u2068", "\u2069"  # isolate a text by its direction, a value by its own: Unicode Annex 9
_ALWAYS = {"dial": "*#06#"}  # the code that shows an IMEI: a separate placeholder, so that its direction is kept
_ENTRY = re.compile(r'^msgid (".+")\nmsgstr (".+")$', re.MULTILINE)
_PLACE = re.compile(r"{(\w+)}")
_SUBTAG = re.compile("[-_.@]")
_ENDS = (".", "?", "!", "\u061f")
_GENERAL = ""  # the code of texts that any reason can have


class Template(NamedTuple):
    """The texts of a reason, with placeholders for its values.

    Attributes:
        message: the fact.
        remedy: the remedy.
        subject: the subject.
        names: the names of the values.
    """

    message: str
    remedy: str
    subject: str
    names: frozenset[str]

    def filled(self, said: Mapping[str, str]) -> tuple[str, str, str]:
        """Return message, remedy and subject with the values filled in."""
        message, remedy, subject = self.message.format_map(said), self.remedy.format_map(said), self.subject
        return one_line(message), one_line(remedy), one_line(subject.format_map(said)) if subject else ""


@cache
def facts() -> dict[str, dict[str, str]]:
    """Return the rows of ``data/reasons.csv`` by code."""
    columns = ["code", "kind", "status", "is_final", "cure", "source"]
    return {row["code"]: row for row in _data.rows("reasons.csv", columns)}


@cache
def _templates() -> dict[str, dict[str, Template]]:
    """Return the templates by code and case; those for any reason are repeated under each code."""
    found: dict[str, dict[str, Template]] = {}
    kinds = _kinds()
    for row in _data.rows("reason_texts.csv", ["code", "case", "message", "remedy", "subject", "source"]):
        texts = row["message"], row["remedy"], row["subject"]
        names = {*_PLACE.findall("".join(texts))} - _ALWAYS.keys()
        if any(kinds[name] == "amount" for name in names):
            names.add("currency")
        found.setdefault(row["code"], {})[row["case"]] = Template(*texts, frozenset(names))
    return {code: found.get(code, {}) | found[_GENERAL] for code in facts()}


@cache
def _kinds() -> dict[str, str]:
    rows = _data.rows("reason_values.csv", ["name", "type", "meaning", "example", "source"])
    return {row["name"]: row["type"] for row in rows}


def template(code: str, case: str) -> Template:
    """Return the template of a reason in one of its cases.

    Raises:
        InvalidValue: the reason has no such case.
    """
    of_code = _templates()[code]
    if case not in of_code:
        raise out_of_range("case", case, f"give one of: {', '.join(map(repr, of_code))}")
    return of_code[case]


def plain(name: str, value: object) -> str | int:
    """Return a value of a reason in its stored form: a whole number, or a text (also for a day or an instant).

    Raises:
        InvalidValue: it is of another type than the table has for its name.
    """
    kind, where = _kinds()[name], f"values.{name}"
    if kind == "text":  # first, because it is by far the most frequent
        return one_line(text(value, where, "give a text"))
    match kind:
        case "count" | "amount":
            return whole(value, where)
        case "instant":
            return instant(value, where).isoformat()
    return day(value, where).isoformat()


def shown(values: Mapping[str, str | int]) -> dict[str, str]:
    """Return values as they appear in texts, with the same digits in every language."""
    said = _ALWAYS.copy()
    for name, value in values.items():
        said[name] = f"{value}"
        if type(value) is int and _kinds().get(name) == "amount":
            said[name] = Currency(f"{values.get('currency')}").plain(value)
    return said


def translated(code: str, texts: tuple[str, str], values: Mapping[str, str | int], locale: str | None) -> str:
    """Return a message and its remedy as sentences in a language.

    Only texts that a template makes of the values are translated: others, from an older version or another
    author, are unchanged.

    Args:
        code: the reason's code.
        texts: the message and the remedy, in English.
        values: the reason's values.
        locale: such as ``hi`` or ``ur_PK``; None for English.

    Raises:
        InvalidValue: there is no catalogue for the locale.
    """
    language = "en" if locale is None else _SUBTAG.split(text_of(locale) or "")[0].lower()
    if language not in LANGUAGES:
        raise out_of_range("locale", locale, f"give a locale in one of: {', '.join(LANGUAGES)}")
    found = None if language == "en" else _template_of(code, texts, values)
    if found is None:
        return _sentences(texts, ".")
    say, said, turned = _catalogue(language), shown(values), language in _RIGHT_TO_LEFT
    if turned:
        said = {name: f"{_FSI}{value}{_PDI}" for name, value in said.items()}
    text = _sentences([say.get(part, part).format_map(said) for part in found[:2]], say["."])
    return f"{_RLI}{text}{_PDI}" if turned else text


def _sentences(texts: Sequence[str], stop: str) -> str:
    return " ".join(text if text.rstrip(_PDI).endswith(_ENDS) else text + stop for text in texts)


def _template_of(code: str, texts: tuple[str, str], values: Mapping[str, str | int]) -> Template | None:
    """Return the template that makes a message and a remedy of values, or None."""
    try:
        said = shown(values)
    except InvalidValue:  # an amount without a currency, which JSON may contain
        return None
    for one in _templates()[code].values():
        if one.names == values.keys() and texts == one.filled(said)[:2]:
            return one
    return None


@cache
def _catalogue(language: str) -> dict[str, str]:
    """Return the translations of a language, as written by ``tools/catalogues.py``: each text on one line."""
    text = (_data.folder() / "locales" / f"{language}.po").read_text(encoding="utf-8")
    return {json.loads(english): json.loads(said) for english, said in _ENTRY.findall(text)}
