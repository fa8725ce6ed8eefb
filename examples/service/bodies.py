"""Bodies of requests: JSON without duplicate keys, with a bound on the keys of one object."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute

__all__ = ["StrictRoute"]

MOST_KEYS = 1_000
"""The most keys of one object, as in all JSON that the library reads."""


class StrictRoute(APIRoute):
    """A route that refuses a body that two readers could read differently, as the library refuses such a file."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of a request."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(_Strict(request.scope, request.receive))

        return strictly


class _Strict(Request):
    async def json(self) -> Any:  # noqa: ANN401 - what JSON holds
        return json.loads(await self.body(), object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(pairs) > MOST_KEYS:
        raise HTTPException(400, f"An object in the body has up to {MOST_KEYS:,} keys")
    if len(found) < len(pairs):
        raise HTTPException(400, "Duplicate key in an object of the body: give each once")
    return found
