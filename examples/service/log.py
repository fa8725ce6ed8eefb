"""Logs of one JSON object a line. No line contains an IMEI, a code or an account, whoever wrote it."""

import json
import logging
import re
import sys
from time import perf_counter
from typing import Any

__all__ = ["AccessLog", "begin", "masked"]

_COULD_BE_IMEI = re.compile(r"\d(?:[ -]?\d){13,}")
_ACCESS = logging.getLogger("service.access")


def masked(text: str) -> str:
    """Return a text in which anything that could be an IMEI is cut to its first eight digits.

    The library masks its own messages. This is for those of others: a driver, a framework, a traceback.

    >>> masked("GET /phones/354178036859789")
    'GET /phones/35417803***'
    """
    return _COULD_BE_IMEI.sub(lambda found: f"{found[0][:8]}***", text)


class Lines(logging.Formatter):
    """Writes a record as one line; it masks last, so that a traceback is masked, too."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told = {"at": self.formatTime(record), "level": record.levelname, "logger": record.name}
        told |= getattr(record, "request", {}) or {"message": super().format(record)}
        return masked(json.dumps(told))


def begin(level: int = logging.INFO) -> None:
    """Send every log of the process to standard error: standard output belongs to the MCP door."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it logs every table that it reads
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.access").disabled = True  # it logs paths, which contain codes


class AccessLog:
    """ASGI middleware that logs each request by its route, such as ``/exchanges/{code}``: no path, header or body."""

    def __init__(self, app: Any) -> None:  # noqa: ANN401 - ASGI has no types of its own
        """Wrap an application."""
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - as above
        """Serve a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = perf_counter(), 500

        async def sending(message: Any) -> None:  # noqa: ANN401 - as above
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self.app(scope, receive, sending)
        finally:
            route = getattr(scope.get("route"), "path", "")
            took = round((perf_counter() - began) * 1000, 1)
            told = {"method": scope["method"], "route": route, "status": status, "ms": took}
            _ACCESS.info("", extra={"request": told})
