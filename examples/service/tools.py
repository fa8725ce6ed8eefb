"""The MCP door: the same verbs for an agent, by the same schemas.

The account is that of the person who started the door; an agent does not name it. A binding verb is only tried
(`dry_run`) unless the agent asks for more.
"""

from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import BaseModel

from miexchange import Exchange, Order, Quote, Refusal

from .desk import Asked, Desk
from .log import masked
from .problems import Explained, explained

__all__ = ["Outcome", "door"]

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
BINDS = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False)


class Outcome(BaseModel):
    """The result of a request: a quote or an exchange, or every reason why not."""

    is_done: bool
    """False if it was refused, or only tried."""
    quote: Quote | None = None
    exchange: Exchange | None = None
    reasons: list[Explained] = []


class _Masked(MCPServer[Any]):
    """A server that does not repeat a number which an agent put into the wrong field."""

    async def call_tool(self, name: str, arguments: dict[str, Any], context: Any = None) -> Any:  # noqa: ANN401 - the base's own
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            raise type(error)(masked(f"{error}")) from error.__cause__


def door(desk: Desk, account: str) -> MCPServer[Any]:
    """Return the MCP server of an account."""
    server = _Masked(
        "trade-in", instructions="Quotes a used phone, and exchanges it for a coupon. Never make up an IMEI."
    )

    def outcome(answer: Quote | Exchange | Refusal, *, is_done: bool = True) -> Outcome:
        if isinstance(answer, Refusal):
            return Outcome(is_done=False, reasons=explained(answer)[1])
        if isinstance(answer, Quote):
            return Outcome(is_done=is_done, quote=answer)
        return Outcome(is_done=is_done, exchange=answer)

    @server.tool(annotations=READS)
    def quote(asked: Asked) -> Outcome:
        """Value a phone."""
        return outcome(desk.quote(asked))

    @server.tool(annotations=READS)
    def why_not(asked: Asked, language: str = "en") -> list[Explained]:
        """Return every reason why a phone is refused: who can cure it, and how. Empty for one that is accepted."""
        answer = desk.quote(asked)
        return explained(answer, language)[1] if isinstance(answer, Refusal) else []

    @server.tool(annotations=BINDS)
    def accept(quote: Quote, idempotency_key: str, *, dry_run: bool = True) -> Outcome:
        """Accept a quote for the account. Show the worst case to the customer first, and ask."""
        if dry_run:
            return outcome(desk.try_accept(quote, account), is_done=False)
        return outcome(desk.accept(quote, account, idempotency_key))

    @server.tool(annotations=BINDS)
    def reserve(code: str, order: Order, idempotency_key: str, *, dry_run: bool = True) -> Outcome:
        """Hold the account's coupon for an order that was placed and paid for."""
        if dry_run:
            return outcome(desk.try_reserve(code, order, account), is_done=False)
        return outcome(desk.reserve(code, order, account, idempotency_key))

    return server
