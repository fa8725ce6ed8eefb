"""The JSON form of a programme: all of its content, independent of its files, so that a digest can be looked up."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import time, timedelta, timezone
from itertools import groupby
from operator import itemgetter
from typing import Annotated, Any, ClassVar

from miexchange._bounded import Chars, Id, Items, Text
from miexchange._limits import JSON_VALUES, NAME, VALUE_ITEMS, VERSIONS
from miexchange._value import Value, require
from miexchange._zone import AnyZone, Zone
from miexchange.catalogue import Catalogue
from miexchange.eligibility import EligibleModels
from miexchange.errors import out_of_range
from miexchange.imei import TAC_DIGITS
from miexchange.market import AnchorTable, PriceTable
from miexchange.money import Currency, PriceMinor
from miexchange.programme import Programme, Terms
from miexchange.tac import TacDevice, TacTable
from miexchange.treatment import NO_TREATMENTS, TreatmentTable

__all__ = ["Form", "form_of", "programme_of"]

_Words = Annotated[tuple[str, ...], Items(0, VALUE_ITEMS, "self")]
_Tac = Annotated[str, Chars(TAC_DIGITS, TAC_DIGITS, "[0-9]*", f"the {TAC_DIGITS} digits of a TAC as text")]


@dataclass(frozen=True, slots=True)
class _Tacs(TacDevice):
    """A device of the TAC table with its TACs, sorted."""

    tacs: tuple[_Tac, ...] = ()
    _most_items: ClassVar[int] = JSON_VALUES


@dataclass(frozen=True, slots=True)
class Form(Value):
    """A programme as JSON has it; see `Programme`.

    Attributes:
        zone: a name of the IANA database, such as ``Asia/Kolkata``, or an offset from UTC, such as ``+05:30``.
        tacs: each device of the TAC table, with its TACs.
    """

    id: Id
    title: Text
    zone: Annotated[str, Chars(1, NAME)]
    currency: Currency
    brands: _Words
    catalogue: Catalogue
    eligible: EligibleModels
    prices: PriceTable
    anchors: AnchorTable
    tacs: tuple[_Tacs, ...]
    terms: Annotated[tuple[Terms, ...], Items(0, VERSIONS, "version")]
    categories: _Words
    price_step_minor: PriceMinor
    treatments: TreatmentTable = NO_TREATMENTS
    _most_items: ClassVar[int] = JSON_VALUES


Form.__name__, _Tacs.__name__ = "Programme", "TacDevice"  # the names of fields in error messages
_SAME = [field.name for field in fields(Programme)]
_OTHER = ("zone", "brands", "categories", "tacs")


def form_of(programme: Programme) -> Form:
    """Return the JSON data of a programme."""
    same: dict[str, Any] = {name: getattr(programme, name) for name in _SAME}
    listed = sorted(programme.tacs, key=itemgetter(1))
    tacs = [
        _Tacs(device.brand, device.model, device.source, tuple(tac for tac, _ in rows))
        for device, rows in groupby(listed, itemgetter(1))
    ]
    words = {name: tuple(sorted(same[name])) for name in ("brands", "categories")}
    return Form(**{**same, **words, "zone": _written(programme.zone), "tacs": tuple(tacs)})


def programme_of(form: Form) -> Programme:
    """Return the programme of a form.

    Raises:
        InvalidValue: a zone is unknown, a sorted list is unsorted, or fields do not fit.
    """
    same: dict[str, Any] = {name: getattr(form, name) for name in _SAME}
    words = {name: frozenset(same[name]) for name in ("brands", "categories")}
    rows = [(tac, device.brand, device.model, device.source) for device in form.tacs for tac in device.tacs]
    programme = Programme(**{**same, **words, "zone": _read(form.zone), "tacs": TacTable.of(rows)})
    again = form_of(programme)
    for name in _OTHER:
        given = getattr(form, name)
        rule = "give it as to_json writes it: sorted, with each once"
        require(getattr(again, name) == given, f"Programme.{name}", given, rule, "is in another form")
    return programme


_ZONE = "give the name of a zone in the IANA database, such as Asia/Kolkata, or an offset from UTC, such as +05:30"


def _written(zone: AnyZone) -> str:
    """Return a zone as text: the name of a place, or a fixed offset in the format of ISO 8601."""
    return zone.key if isinstance(zone, Zone) else time(tzinfo=zone).isoformat().removeprefix("00:00:00")


def _read(text: str) -> AnyZone:
    """Return the zone of a text.

    Raises:
        InvalidValue: it is not a zone.
    """
    try:
        if text[0] not in "+-":
            return Zone(text)
        at = time.fromisoformat(text[1:])
        east = timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)
        return timezone(east if text[0] == "+" else -east)
    except ValueError:  # as `InvalidValue` is
        raise out_of_range("Programme.zone", text, _ZONE) from None
