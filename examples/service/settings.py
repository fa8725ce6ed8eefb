"""The settings of the service: from the environment, and secrets from files as well.

``MIEXCHANGE_LEDGER``: the path of an SQLite file, or the URL of a PostgreSQL database. Without it, ``exchanges.db``.
``MIEXCHANGE_PROGRAMME``: the directory of a programme, or the id of a shipped one. Without it, ``mi-exchange-india``.
``MIEXCHANGE_KEY`` or ``MIEXCHANGE_KEY_FILE``: the ledger's key. Without it, ``exchanges.key``.
``MIEXCHANGE_OPERATOR`` or ``MIEXCHANGE_OPERATOR_FILE``: the operator's token. Without it, ``operator.token``.
``MIEXCHANGE_CLOCK``: the instant at which the service's clock begins, for trials. Without it, the machine's clock.

Missing files of the defaults are created, readable by their owner only.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

__all__ = ["Clock", "Settings"]

Clock = Callable[[], datetime]
"""Returns the instant. The library reads no clock, so this is the only one."""


@dataclass(frozen=True)
class Settings:
    """The settings.

    Attributes:
        ledger: the location of the ledger.
        creates: whether it is created if it does not exist: only the default is, so that a mistyped path is an error.
        programme: the location of the programme.
        key: the ledger's key.
        operator: the operator's token.
        clock: the clock.
    """

    ledger: str
    creates: bool
    programme: str
    key: bytes
    operator: str
    clock: Clock

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the variables of the table above."""
        return cls(
            ledger=environ.get("MIEXCHANGE_LEDGER", "exchanges.db"),
            creates="MIEXCHANGE_LEDGER" not in environ,
            programme=environ.get("MIEXCHANGE_PROGRAMME", "mi-exchange-india"),
            key=_secret(environ, "MIEXCHANGE_KEY", "exchanges.key"),
            operator=_secret(environ, "MIEXCHANGE_OPERATOR", "operator.token").decode("ascii"),
            clock=_clock(environ.get("MIEXCHANGE_CLOCK")),
        )


def _secret(environ: Mapping[str, str], name: str, default: str) -> bytes:
    """Return a secret: all bytes of a file but one line end, as the command ``miexchange`` reads it."""
    if name in environ:
        return os.fsencode(environ[name])
    path = Path(environ.get(f"{name}_FILE", default))
    if f"{name}_FILE" not in environ and not path.exists():
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # for its owner only
        with os.fdopen(made, "w", encoding="ascii") as file:
            file.write(f"{secrets.token_urlsafe(32)}\n")
    return path.read_bytes().removesuffix(b"\n").removesuffix(b"\r")


def _clock(begins: str | None) -> Clock:
    if begins is None:
        return lambda: datetime.now(UTC)
    first, started = datetime.fromisoformat(begins), monotonic()
    return lambda: first + timedelta(seconds=monotonic() - started)
