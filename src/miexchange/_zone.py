"""Time zones: a fixed offset, or the rules of a place.

The rules are those of the IANA time zone database in the package `tzdata`, and never the files of the machine: a
quote is the same on every machine, and records the version of the database.

>>> from datetime import datetime
>>> datetime(2026, 3, 30, tzinfo=Zone("Europe/London")).astimezone(timezone.utc).isoformat()
'2026-03-29T23:00:00+00:00'
"""

from __future__ import annotations

import re
from datetime import timezone
from functools import cache
from io import BytesIO
from typing import Self, cast
from zoneinfo import ZoneInfo

from miexchange._text import text_of
from miexchange.errors import out_of_range

__all__ = ["AnyZone", "Zone", "data_of", "named"]

_KEY = re.compile(r"(?!.{101})[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*")  # no zone has a name of 101 characters


class Zone(ZoneInfo):
    """A zone of the IANA time zone database; there is one object for each.

    Args:
        key: its name, such as ``Europe/London``.

    Raises:
        InvalidValue: the database has no zone of that name.

    >>> Zone("Asia/Kolkata")
    Zone('Asia/Kolkata')
    """

    def __new__(cls, key: str) -> Self:
        """Return the zone with a name."""
        name = text_of(key)
        found = None if name is None or _KEY.fullmatch(name) is None else _zone(name)
        if found is None:
            raise out_of_range("Zone", key, "give the name of a zone in the IANA database, such as Asia/Kolkata")
        return cast("Self", found)

    @property
    def data_version(self) -> str:
        """The version of the database, such as ``2026f``."""
        import tzdata  # noqa: PLC0415 - only a programme with a zone needs it

        return cast("str", tzdata.IANA_VERSION)

    def __repr__(self) -> str:
        return f"Zone({self.key!r})"

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by name: another process reads its own database."""
        return (Zone, (self.key,))


AnyZone = timezone | Zone
"""A time zone: a fixed offset from UTC, or an IANA name."""


@cache
def _zone(key: str) -> Zone | None:
    from importlib import resources  # noqa: PLC0415 - a twentieth of the time that importing the package takes

    file = resources.files("tzdata").joinpath("zoneinfo", key)
    if not file.is_file():
        return None
    data = file.read_bytes()
    return Zone.from_file(BytesIO(data), key=key) if data.startswith(b"TZif") else None  # otherwise a list, or code


def named(zone: AnyZone) -> str:
    """Return the name of a zone: the name of a place, or a fixed offset."""
    return zone.key if isinstance(zone, Zone) else str(zone.utcoffset(None))


def data_of(zone: AnyZone) -> str:
    """Return the version of the zone's data; "" for a fixed offset, which needs none."""
    return zone.data_version if isinstance(zone, Zone) else ""
