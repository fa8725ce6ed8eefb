"""What a phone says of itself: the trade-in report of Android 16, read strictly.

On a factory-reset phone of Android 16 or newer, ``adb shell tradeinmode getstatus`` prints one JSON
object (https://source.android.com/docs/core/perf/trade-in-mode). Every part of it but the locks may
be absent, where the phone does not know. What it says with certainty answers a few questions of the
questionnaire; scratches and dents it cannot see.

>>> report = DeviceReport.parse('{"locks": {"factory_reset_protection": false}, "battery": {"health": 83}}')
>>> report.answers
(('accounts', 'removed'), ('battery', 'worn'))
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from miexchange._bounds import VALUE_ITEMS
from miexchange._json import read_json
from miexchange._value import Value, canonical, check_types, require
from miexchange.errors import InvalidValue
from miexchange.imei import Imei

__all__ = ["DeviceReport"]

_Part = Literal["original", "replaced"]

_WHOLE = 100
_GOOD, _WORN = 85, 80  # the figures in the words of the question `battery` of the shipped questions
_GIGA = 10**9
_LARGEST = 2**20 * _GIGA
_EPOCH, _SECONDS_OF_A_DAY = date(1970, 1, 1), 86_400
_DIGITS = re.compile("[0-9]{1,18}")
_SLACK = 50  # a capacity that is up to a fiftieth above a nominal size is still that size


@dataclass(frozen=True, slots=True)
class DeviceReport(Value):
    """What one phone says of itself; None, "" or an empty tuple where it does not say.

    Attributes:
        factory_reset_protection: whether an account still protects the phone; it then says little else.
        imeis: its IMEIs, one for each SIM.
        brand: the brand, as the phone spells it.
        manufacturer: the maker.
        model: the model's name, such as ``Pixel 7``.
        battery_health: what is left of the battery's capacity, in per cent.
        battery_cycles: how often it was charged.
        battery_part: whether the battery is the original one.
        battery_made_on: when it was made, UTC.
        battery_used_since: when it was first used, UTC.
        screen_parts: for each screen that says so, whether it is the original one.
        moisture: whether liquid got in.
        storage_bytes: the size of the storage.
        storage_life: what is left of the storage's life, in per cent.
        launch_level: the Android API level that the phone was sold with.
        unread: what stands in the report and is not understood, such as a part's status in another language.
    """

    factory_reset_protection: bool
    imeis: tuple[Imei, ...] = ()
    brand: str = ""
    manufacturer: str = ""
    model: str = ""
    battery_health: int | None = None
    battery_cycles: int | None = None
    battery_part: _Part | None = None
    battery_made_on: date | None = None
    battery_used_since: date | None = None
    screen_parts: tuple[_Part, ...] = ()
    moisture: bool | None = None
    storage_bytes: int | None = None
    storage_life: int | None = None
    launch_level: int | None = None
    unread: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_types(self)
        for field, most in (
            ("battery_health", _WHOLE),
            ("storage_life", _WHOLE),
            ("storage_bytes", _LARGEST),
            ("battery_cycles", 10**6),
            ("launch_level", 10**6),
        ):
            number = getattr(self, field)
            fits = number is None or 0 <= number <= most
            require(fits, f"DeviceReport.{field}", number, f"give a whole number from 0 to {most}, or None")

    @classmethod
    def parse(cls, text: str | bytes) -> DeviceReport:
        """Read the report as the phone prints it. Keys that Android may add later are passed over.

        Raises:
            InvalidValue: not a JSON object, without its locks, or a part of it is not of its type.
            InvalidImei: one of the IMEIs is none.
        """
        return _Reader(text).report()

    @property
    def answers(self) -> tuple[tuple[str, str], ...]:
        """The questions that the phone itself answers, with the answers; the ids of ``data/questions.toml``.

        Battery health decides as the words of the question say: 85 % and 80 %. A health of 0 says nothing: a
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
        elif self.screen_parts and not any(path.startswith("screen.") for path in self.unread):
            said["original_screen"] = "original"
        return tuple(sorted(said.items()))

    @property
    def storage_gb(self) -> int | None:
        """The nominal size of the storage: the least power of two of GB that holds what the phone reports.

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
        """Return the report without its IMEIs: all that may be stored."""
        return self.replace(imeis=()) if self.imeis else self

    def to_dict(self, *, reveal_imei: bool = False) -> dict[str, Any]:
        """Return the report as plain JSON data. An IMEI is personal data: it is left out unless it is asked for."""
        return Value.to_dict(self if reveal_imei else self.without_imeis())

    def to_json(self, *, reveal_imei: bool = False) -> str:
        """Return the canonical JSON text; see `to_dict`."""
        return canonical(self.to_dict(reveal_imei=reveal_imei))


class _Reader:
    """Reads the parts of one report; a part that is there is of its type, or the report is refused."""

    def __init__(self, text: str | bytes) -> None:
        data = read_json(text, "DeviceReport", "give the JSON that `tradeinmode getstatus` prints")
        self._data = self._object(data, "DeviceReport")
        self._unread: list[str] = []

    def report(self) -> DeviceReport:
        locked = self._get("locks", "factory_reset_protection", bool)
        require(locked is not None, "DeviceReport.locks.factory_reset_protection", None, "it is always in a report")
        return DeviceReport(
            factory_reset_protection=bool(locked),
            imeis=tuple(dict.fromkeys(Imei.parse(number) for number in self._list("imeis", str))),
            brand=self._get("product", "brand", str) or "",
            manufacturer=self._get("product", "manufacturer", str) or "",
            model=self._get("product", "model", str) or "",
            battery_health=self._get("battery", "health", int),
            battery_cycles=self._get("battery", "cycle_count", int),
            battery_part=self._part(self._get("battery", "part_status", str), "battery.part_status"),
            battery_made_on=self._day("manufacturing_date"),
            battery_used_since=self._day("first_usage_date"),
            screen_parts=self._screens(),
            moisture=self._get("sensors", "moisture_intrusion", bool),
            storage_bytes=self._capacity(),
            storage_life=self._get("storage", "useful_lifetime_remaining", int),
            launch_level=self._whole(self._data.get("launch_level"), "launch_level"),
            unread=tuple(self._unread),
        )

    @staticmethod
    def _object(value: object, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise InvalidValue(path, value, "it is a JSON object")
        return value

    def _section(self, name: str) -> dict[str, Any]:
        return self._object(self._data.get(name, {}), f"DeviceReport.{name}")

    def _get(self, section: str, key: str, kind: type) -> Any:  # noqa: ANN401 - of the kind, or None
        value = self._section(section).get(key)
        fits = value is None or type(value) is kind
        require(fits, f"DeviceReport.{section}.{key}", value, f"it is of the type {kind.__name__}")
        return value

    @staticmethod
    def _whole(value: object, path: str) -> int | None:
        require(value is None or type(value) is int, f"DeviceReport.{path}", value, "it is of the type int")
        return value if type(value) is int else None

    def _list(self, key: str, kind: type, section: str = "") -> list[Any]:
        values = (self._section(section) if section else self._data).get(key, [])
        fits = isinstance(values, list) and len(values) <= VALUE_ITEMS and all(type(value) is kind for value in values)
        path = f"DeviceReport.{section}.{key}" if section else f"DeviceReport.{key}"
        require(fits, path, values, f"it is a list of at most {VALUE_ITEMS:,}; of each: the type {kind.__name__}")
        return list(values)

    def _part(self, said: object, path: str) -> _Part | None:
        """Read a part's status. The phone says it in its own language, and only the English words are known."""
        require(said is None or type(said) is str, f"DeviceReport.{path}", said, "it is of the type str")
        word = str(said).strip().lower()
        if word == "original":
            return "original"
        if word == "replaced":
            return "replaced"
        if said is not None and word != "unsupported":
            self._unread.append(f"{path}: {said}")
        return None

    def _screens(self) -> tuple[_Part, ...]:
        parts = [
            self._part(screen.get("part_status"), f"screen.screens[{number}].part_status")
            for number, screen in enumerate(self._list("screens", dict, "screen"))
        ]
        return tuple(part for part in parts if part is not None)

    def _day(self, key: str) -> date | None:
        """Read seconds since 1970 as a day; 0 stands for unknown."""
        seconds = self._get("battery", key, int)
        if not seconds:
            return None
        require(0 < seconds < 2**32, f"DeviceReport.battery.{key}", seconds, "it is a time in seconds since 1970")
        return _EPOCH + timedelta(seconds // _SECONDS_OF_A_DAY)

    def _capacity(self) -> int | None:
        """Read the size, which is written as a text of digits, as JSON numbers may lose some."""
        said = self._get("storage", "capacity_bytes", str)
        if said is None:
            return None
        require(bool(_DIGITS.fullmatch(said)), "DeviceReport.storage.capacity_bytes", said, "it is a text of digits")
        return int(said)
