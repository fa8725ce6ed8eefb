"""The report of a phone about itself: the trade-in report of Android 16.

On a factory-reset phone of Android 16 or newer, ``adb shell tradeinmode getstatus`` prints one JSON
object (https://source.android.com/docs/core/perf/trade-in-mode). Every part of it but the locks may
be missing if the phone does not know it. The parts that are certain answer a few questions of the
questionnaire; scratches and dents are not among them.

>>> report = DeviceReport.parse('{"locks": {"factory_reset_protection": false}, "battery": {"health": 83}}')
>>> report.answers
(('accounts', 'removed'), ('battery', 'worn'))
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from miexchange._bounded import Between, Chars, Line
from miexchange._limits import JSON_BYTES, NAME, VALUE_ITEMS
from miexchange._privacy import mask
from miexchange._text import bytes_of, text_of
from miexchange._value import Value, is_text, require
from miexchange.errors import InvalidImei, missing, out_of_range, shown, wrong_type
from miexchange.imei import Imei

__all__ = ["DeviceReport"]

_Part = Literal["original", "replaced"]

_WHOLE = 100
_GOOD, _WORN = 85, 80  # the limits in the words of the question `battery` of the shipped questions
_GIGA = 10**9
_LARGEST = 2**20 * _GIGA
_EPOCH, _SECONDS_OF_A_DAY = date(1970, 1, 1), 86_400
_DIGITS = re.compile("[0-9]{1,18}")
_LINE_OF_OBJECT = re.compile(r"^[ \t]*\{", re.MULTILINE)
_LOCK = "factory_reset_protection"
_MOST = 10**6
_NOTES = 50
_LONGEST = 30  # digits of a number; Python refuses to read thousands
_Name = Annotated[str, Chars(0, NAME)]
_Share = Annotated[int, Between(0, _WHOLE)]
_Number = Annotated[int, Between(0, _MOST)]
_SLACK = 50  # a capacity up to a fiftieth above a nominal size is still that size


@dataclass(frozen=True, slots=True)
class DeviceReport(Value):
    """The report of a phone about itself; None, "" or an empty tuple for missing parts.

    Attributes:
        factory_reset_protection: whether an account still protects the phone; then the report has little else.
        imeis: its IMEIs, one for each SIM.
        brand: the brand, as the phone spells it.
        manufacturer: the maker.
        model: the model's name, such as ``Pixel 7``.
        battery_health: the remaining capacity of the battery, in per cent.
        battery_cycles: the number of charge cycles.
        battery_part: whether the battery is the original one.
        battery_made_on: the day of its manufacture, UTC.
        battery_used_since: the day of its first use, UTC.
        screen_parts: for each screen with a status, whether it is the original one.
        moisture: whether liquid got in.
        storage_bytes: the size of the storage.
        storage_life: the remaining life of the storage, in per cent.
        launch_level: the Android API level that the phone was sold with.
        unread: the parts of the report that are not understood, such as a part's status in another language or a
            health of -1; an IMEI in it is masked.
    """

    factory_reset_protection: bool
    imeis: tuple[Imei, ...] = ()
    brand: _Name = ""
    manufacturer: _Name = ""
    model: _Name = ""
    battery_health: _Share | None = None
    battery_cycles: _Number | None = None
    battery_part: _Part | None = None
    battery_made_on: date | None = None
    battery_used_since: date | None = None
    screen_parts: tuple[_Part, ...] = ()
    moisture: bool | None = None
    storage_bytes: Annotated[int, Between(0, _LARGEST)] | None = None
    storage_life: _Share | None = None
    launch_level: _Number | None = None
    unread: tuple[Line, ...] = ()

    @classmethod
    def parse(cls, text: str | bytes) -> DeviceReport:
        """Read the report as the phone prints it, with the messages of `adb` around it, in UTF-8 or UTF-16.

        Unknown keys are ignored. A figure of another type or out of range, a duplicate
        key and an invalid IMEI are not read, and listed in `unread`.

        Raises:
            InvalidValue: no JSON object, several of them, or one without its lock.

        >>> text = '{"locks": {"factory_reset_protection": false}, "imeis": [null], "battery": {"health": -1}}'
        >>> DeviceReport.parse(f"* daemon started successfully *{text}").unread
        ('imeis[0]: None', 'battery.health: -1')
        """
        return _Reader(text).report()

    @property
    def answers(self) -> tuple[tuple[str, str], ...]:
        """The questions that the phone itself answers, with the answers; the ids of ``data/questions.toml``.

        Battery health decides by the words of the question: 85 % and 80 %. A health of 0 means unknown: a
        battery without any capacity could not have answered.
        """
        said = {"accounts": "present" if self.factory_reset_protection else "removed"}
        if self.battery_health:
            said["battery"] = (
                "good" if self.battery_health >= _GOOD else "worn" if self.battery_health >= _WORN else "weak"
            )
        if self.moisture is not None:
            said["liquid"] = "exposed" if self.moisture else "dry"
        if "replaced" in self.screen_parts:
            said["original_screen"] = "not_original"
        elif self.screen_parts and not any(path.startswith(("screen.", "screen:")) for path in self.unread):
            said["original_screen"] = "original"
        return tuple(sorted(said.items()))

    @property
    def storage_gb(self) -> int | None:
        """The nominal size of the storage: the least power of two of GB that is at least the reported size.

        >>> DeviceReport(False, storage_bytes=128_000_000_000).storage_gb
        128
        >>> DeviceReport(False, storage_bytes=119_200_000_000).storage_gb
        128
        """
        if not self.storage_bytes:
            return None
        nominal = 1
        while self.storage_bytes * _SLACK > nominal * _GIGA * (_SLACK + 1):
            nominal *= 2
        return nominal

    def without_imeis(self) -> DeviceReport:
        """Return the report without its IMEIs: the only form to store."""
        return self._bare()


class _Reader:
    """Reads the parts of one report; except for the lock, parts of another type or range are listed as unread."""

    def __init__(self, text: str | bytes) -> None:
        self._data = _object_of(text)
        self._unread: dict[str, str] = {}

    def report(self) -> DeviceReport:
        return DeviceReport(
            factory_reset_protection=self._locked(),
            imeis=self._imeis(),
            brand=self._name("brand"),
            manufacturer=self._name("manufacturer"),
            model=self._name("model"),
            battery_health=self._number("battery", "health", _WHOLE),
            battery_cycles=self._number("battery", "cycle_count", _MOST),
            battery_part=self._part(self._section("battery").get("part_status"), "battery.part_status"),
            battery_made_on=self._day("manufacturing_date"),
            battery_used_since=self._day("first_usage_date"),
            screen_parts=self._screens(),
            moisture=self._get("sensors", "moisture_intrusion", bool),
            storage_bytes=self._capacity(),
            storage_life=self._number("storage", "useful_lifetime_remaining", _WHOLE),
            launch_level=self._number("", "launch_level", _MOST),
            unread=self._notes(),
        )

    def _locked(self) -> bool:
        locks = self._data.get("locks", {})
        require(locks is not _REPEATED, "DeviceReport.locks", "locks", "write each key once", "is a duplicate key")
        if not isinstance(locks, dict):
            raise wrong_type("DeviceReport.locks", locks, "give a JSON object")
        locked, field = locks.get(_LOCK), f"DeviceReport.locks.{_LOCK}"
        require(locked is not _REPEATED, field, _LOCK, "write each key once", "is a duplicate key")
        if locked is None:
            raise missing(field, "give a whole report: it is in each of them")
        if type(locked) is not bool:
            raise wrong_type(field, locked, "give true or false")
        return locked

    def _leave(self, path: str, value: object) -> None:
        """List a part as unread. It may contain an IMEI, or anything else."""
        what = mask(value) if isinstance(value, str) else "a duplicate key" if value is _REPEATED else shown(value)
        self._unread[path] = f"{path}: {what}"

    def _notes(self) -> tuple[str, ...]:
        notes = tuple(self._unread.values())
        more = len(notes) - _NOTES
        return notes if more <= 0 else (*notes[:_NOTES], f"and {more} more")

    def _section(self, name: str) -> dict[str, Any]:
        value = self._data.get(name)
        if isinstance(value, dict):
            return value
        if value is not None:
            self._leave(name, value)
        return {}

    def _get(self, section: str, key: str, kind: type) -> Any:  # noqa: ANN401 - of the kind, or None
        value = (self._section(section) if section else self._data).get(key)
        if value is None or type(value) is kind:
            return value
        self._leave(f"{section}.{key}".removeprefix("."), value)
        return None

    def _number(self, section: str, key: str, most: int) -> int | None:
        number: int | None = self._get(section, key, int)
        if number is None or 0 <= number <= most:
            return number
        self._leave(f"{section}.{key}".removeprefix("."), number)
        return None

    def _name(self, key: str) -> str:
        name: str = self._get("product", key, str) or ""
        if len(name) <= NAME and is_text(name):
            return name
        self._leave(f"product.{key}", name)
        return ""

    def _list(self, value: object, path: str) -> list[Any]:
        if isinstance(value, list) and len(value) <= VALUE_ITEMS:
            return value
        if value is not None:
            self._leave(path, value)
        return []

    def _imeis(self) -> tuple[Imei, ...]:
        found: dict[Imei, None] = {}
        for number, said in enumerate(self._list(self._data.get("imeis"), "imeis")):
            try:
                found[Imei.parse(said)] = None
            except InvalidImei as error:
                self._unread[f"imeis[{number}]"] = f"imeis[{number}]: {error.masked}"
        return tuple(found)

    def _part(self, said: object, path: str) -> _Part | None:
        """Read a part's status. The phone writes it in its own language, and only the English words are known."""
        word = said.strip().lower() if isinstance(said, str) else said
        if word == "original":
            return "original"
        if word == "replaced":
            return "replaced"
        if word not in (None, "unsupported"):
            self._leave(path, said)
        return None

    def _screens(self) -> tuple[_Part, ...]:
        parts = []
        for number, screen in enumerate(self._list(self._section("screen").get("screens"), "screen.screens")):
            path = f"screen.screens[{number}]"
            if isinstance(screen, dict):
                parts.append(self._part(screen.get("part_status"), f"{path}.part_status"))
            else:
                self._leave(path, screen)
        return tuple(part for part in parts if part is not None)

    def _day(self, key: str) -> date | None:
        """Read seconds since 1970 as a day; 0 means unknown."""
        seconds = self._number("battery", key, 2**32 - 1)
        return _EPOCH + timedelta(seconds // _SECONDS_OF_A_DAY) if seconds else None

    def _capacity(self) -> int | None:
        """Read the size, which is written as a text of digits, as JSON numbers may lose some."""
        said = self._get("storage", "capacity_bytes", str)
        if said is None or (_DIGITS.fullmatch(said) and int(said) <= _LARGEST):
            return None if said is None else int(said)
        self._leave("storage.capacity_bytes", said)
        return None


def _object_of(text: str | bytes) -> dict[str, Any]:
    """Return the one JSON object in the output of `adb`: its messages may precede, and a prompt follow.

    Raises:
        InvalidValue: no JSON object, or more than one.
    """
    encoded = bytes_of(text)
    said = text_of(text)
    size = len(encoded or said or "")
    require(size <= JSON_BYTES, "DeviceReport", text, f"give at most {JSON_BYTES:,} bytes", f"has {size:,} bytes")
    data: object = None
    end = 0
    try:
        if encoded is not None:
            said = encoded.decode(json.detect_encoding(encoded))  # PowerShell redirects as UTF-16.
        data, end = _first_object(said or "")
    except (ValueError, RecursionError):
        data = None
    if said is None or not isinstance(data, dict):
        wrong = wrong_type if encoded is None and said is None else out_of_range
        raise wrong("DeviceReport", text, "give the JSON that `tradeinmode getstatus` prints")
    if said.find("{", end) >= 0:
        raise out_of_range("DeviceReport", text, "give the report of one phone alone", "holds several reports")
    return data


def _first_object(said: str) -> tuple[object, int]:
    """Return the first object of a text and its end: at the first brace, or at the first that begins a line.

    Raises:
        ValueError: there is none.
    """
    begins = _LINE_OF_OBJECT.search(said)
    first, later = said.find("{"), -1 if begins is None else begins.end() - 1
    try:
        return _DECODER.raw_decode(said, max(first, 0))
    except ValueError:  # a message before it contains a brace
        if later <= first:
            raise
        return _DECODER.raw_decode(said, later)


_REPEATED = object()


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a JSON object of its pairs; a duplicate key is ambiguous."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        found[key] = _REPEATED if key in found else value
    return found


def _whole(digits: str) -> object:
    """Read a JSON integer; one that is too long for Python to read is out of every range."""
    return int(digits) if len(digits) < _LONGEST else float("inf")


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_int=_whole)
