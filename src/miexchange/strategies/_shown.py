"""Prints failing examples so that they fit a screen and can be pasted back.

Hypothesis prints a dataclass with all its fields, recursively: some ten thousand for a programme. Here a programme is
printed as the call that finds it again, and a value only with the fields that differ from their defaults.
"""

from __future__ import annotations

import dataclasses
import zlib
from base64 import b85decode, b85encode
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any

from miexchange._arguments import TEXT, takes
from miexchange._limits import JSON_BYTES
from miexchange.errors import out_of_range
from miexchange.imei import Imei
from miexchange.programme import Programme, shipped
from miexchange.strategies._imeis import is_drawn
from miexchange.strategies._numbers import GIVEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.vendor.pretty import RepresentationPrinter


__all__ = ["printer_of", "programme_of"]

_DIGEST = 12
_SMALL = 4_000  # characters of a packed programme: fifty lines
_WINDOW = 1 << 15  # zlib's window


@cache
def _shipped() -> tuple[Programme, ...]:
    return tuple(map(Programme.load, shipped()))


@cache
def _words() -> bytes:
    """Return the dictionary for compression of a programme's JSON: another programme's, without its TACs."""
    form = Programme.load("uk-trade-in").to_dict()
    return Programme.from_dict({**form, "tacs": []}).to_json().encode()[-_WINDOW:]


def _packed(programme: Programme) -> str:
    packer = zlib.compressobj(9, wbits=-15, zdict=_words())
    return b85encode(packer.compress(programme.to_json().encode()) + packer.flush()).decode()


@takes(name=TEXT, digest=TEXT, packed=TEXT)
def programme_of(name: str, digest: str, packed: str = "") -> Programme:
    """Return the programme of a failing example, as Hypothesis printed it.

    Args:
        name: its id.
        digest: the beginning of its digest.
        packed: its content, if it was drawn. The content of a shipped one is known, and so is that of one that a
            strategy of this process was given, such as ``quotes(programme)``.

    Raises:
        InvalidValue: no programme with that digest is known; or the content is of another one, or of another version.

    >>> from miexchange import Programme
    >>> programme_of("uk-trade-in", Programme.load("uk-trade-in").digest[:12]).id
    'uk-trade-in'
    """
    if packed:
        try:
            text = zlib.decompressobj(-15, _words()).decompress(b85decode(packed), JSON_BYTES)
            programmes = [Programme.from_json(text)]
        except (ValueError, zlib.error) as error:
            raise out_of_range("packed", None, "give what this version printed", "cannot be read") from error
        GIVEN[id(programmes[0])] = programmes[0]
    else:
        programmes = [*_shipped(), *GIVEN.values()]
    for programme in programmes:
        if programme.id == name and programme.digest.startswith(digest):
            return programme
    raise out_of_range("digest", digest, "give a strategy the programme of that id and digest before", "is not known")


def printer_of(kind: type) -> Callable[..., None]:
    """Return the printer of the values of a type."""
    if issubclass(kind, Enum):
        return _print_word
    special: dict[type, Callable[..., None]] = {Programme: _print_programme, Imei: _print_imei}
    return special.get(kind, _print_value)


def _print_programme(programme: Programme, printer: RepresentationPrinter, _cycle: bool = False) -> None:  # noqa: FBT001, FBT002
    """Print the call that finds a programme again, with its content if it is unknown elsewhere, and only once."""
    said = [programme.id, programme.digest[:_DIGEST]]
    before: list[Programme] = vars(printer).setdefault("miexchange_programmes", [])
    if programme not in (*_shipped(), *before) and len(packed := _packed(programme)) <= _SMALL:
        said.append(packed)
    before.append(programme)
    printer.text(f"programme_of({', '.join(map(repr, said))})")


def _print_imei(imei: Imei, printer: RepresentationPrinter, _cycle: bool = False) -> None:  # noqa: FBT001, FBT002
    """Print a drawn number, which belongs to nobody; any other one stays masked."""
    printer.text(f"Imei({imei.digits!r})" if is_drawn(imei) else repr(imei))


def _print_word(word: Enum, printer: RepresentationPrinter, _cycle: bool = False) -> None:  # noqa: FBT001, FBT002
    """Print a member of a few words by its name."""
    printer.text(f"{type(word).__name__}.{word.name}")


def _print_value(value: Any, printer: RepresentationPrinter, cycle: bool = False) -> None:  # noqa: ANN401, FBT001, FBT002
    """Print a value as the call that makes it, without defaults."""
    name = type(value).__name__
    if cycle:
        printer.text(f"{name}(...)")
        return
    said = [
        (field.name, given)
        for field in dataclasses.fields(value)
        if field.init and ((given := getattr(value, field.name)) is not field.default and given != field.default)
    ]
    with printer.group(4, f"{name}(", ")"):
        for place, (field_name, given) in enumerate(said):
            if place:
                printer.text(",")
                printer.breakable()
            else:
                printer.breakable("")
            printer.text(f"{field_name}=")
            printer.pretty(given)
