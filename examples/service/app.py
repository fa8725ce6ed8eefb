"""The web door: each verb of the ledger is an endpoint, whose bodies and answers are the library's own values.

The endpoints are plain functions. The ledger blocks while a database works or waits for a lock, so FastAPI runs them in
threads; only ``/health`` and code that reads headers run on the event loop, which is never blocked.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from hmac import compare_digest
from os import environ
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from miexchange import Changes, Coupon, Device, Exchange, Order, Quote, ReasonCode, ReasonKind, ledger
from miexchange.exchange import State
from miexchange.ledger import DeviceStanding, Listed
from miexchange.money import GREATEST_AMOUNT

from . import log, problems
from .bodies import StrictRoute
from .desk import Asked, Desk, Inspected
from .problems import granted
from .programmes import Programmes
from .settings import Settings

__all__ = ["desk_of", "from_environment", "make"]

MOST_BYTES = 1_000_000
"""The most bytes of a body: those of an event of the ledger."""
SECONDS_TO_WAIT = 5
"""Seconds to wait for a lock of the ledger. Then the client is asked to retry."""
SQLITE_THREADS = 4
"""An SQLite file has one writer and no queue; requests that wait for a thread are served in their order."""
SECONDS_BETWEEN_LOOKS = 1
"""Seconds between two checks of the programme's files."""

Line = Annotated[str, Field(min_length=1, max_length=200)]
Code = Line
Reference = Annotated[str, Field(max_length=200)]
Account = Annotated[str, Header(min_length=1, max_length=200, description="Who is signed in, as the gateway says.")]
Person = Annotated[str, Header(min_length=1, max_length=200, description="Who decides, as the gateway says.")]
Role = Annotated[str, Header(min_length=1, max_length=200, description="The role of who decides, as the gateway says.")]
Request = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="The client's name for this request, chosen before it is sent: sent again, it has the same answer.",
    ),
]


class ForOrder(BaseModel):
    """The id of the order of an event."""

    model_config = ConfigDict(extra="forbid")

    order: Line


class Papers(BaseModel):
    """The references to the seller's identity and to the proof of ownership: never a document's number."""

    model_config = ConfigDict(extra="forbid")

    identity: Reference = ""
    ownership: Reference = ""


class Wiped(BaseModel):
    """The method of the data wipe, in the terms of NIST SP 800-88, and the reference to the certificate."""

    model_config = ConfigDict(extra="forbid")

    method: Literal["clear", "purge", "destroy"]
    certificate: Line


class Agreed(ForOrder):
    """The value of the old phone in place of the re-quote, without bonuses, and the reason."""

    exchange_value: Annotated[int, Field(ge=0, le=GREATEST_AMOUNT, description="In minor units.")]
    reason: Line


class Page(BaseModel):
    """A page of exchanges; `after` is the argument for the next one."""

    exchanges: list[Listed]
    after: str | None


class Served(BaseModel):
    """The state of the service."""

    programme: str
    digest: str
    fault: str


class Meaning(BaseModel):
    """The meaning of a reason, independent of its subject."""

    code: ReasonCode
    kind: ReasonKind
    status: int
    is_final: bool
    cure: str


def desk_of(settings: Settings) -> Desk:
    """Open the ledger and load the programme.

    Raises:
        LedgerError: the ledger cannot be opened.
        DataError: the programme has problems.
    """
    programmes = Programmes(settings.programme)
    store = ledger.open(settings.ledger, key=settings.key, seconds_to_wait=SECONDS_TO_WAIT, create=settings.creates)
    return Desk(store, programmes, settings.clock)


def from_environment() -> FastAPI:
    """Make the service from the environment; for servers that start several processes."""
    log.begin()
    settings = Settings.of(environ)
    return make(desk_of(settings), settings.operator)


def make(desk: Desk, operator: str) -> FastAPI:
    """Return the service.

    Args:
        desk: the verbs of its endpoints; the ledger is closed when the service ends.
        operator: the token in the operator's requests.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if desk.store.engine.dialect.name == "sqlite":
            to_thread.current_default_thread_limiter().total_tokens = SQLITE_THREADS
        desk.programmes.watch(SECONDS_BETWEEN_LOOKS)
        yield
        desk.programmes.stop()
        desk.store.close()

    app = FastAPI(title="Trade-in", version="1", lifespan=lifespan)
    problems.handle(app)
    problems.describe(app)

    @app.get("/health")
    async def health() -> Served:
        """Report that the process answers, the programme that it serves, and why a newer one is not served."""
        current = desk.programmes.current
        return Served(programme=current.id, digest=current.digest, fault=desk.programmes.fault)

    @app.get("/reasons/{code}")
    async def reason(code: ReasonCode) -> Meaning:
        """Explain a reason: the `type` of a problem links here."""
        return Meaning(code=code, kind=code.kind, status=code.status, is_final=code.is_final, cure=code.cure)

    app.include_router(_customers(desk))
    app.include_router(_operators(desk, operator))
    app.include_router(_orders(desk, operator))
    app.include_router(_records(desk, operator))
    app.add_middleware(_Bounded)
    app.add_middleware(log.AccessLog)
    return app


def _customers(desk: Desk) -> APIRouter:
    """Return the router of the customer's requests.

    Put your gateway in front of it: anybody who can send the header ``Account`` is that account.
    """
    router = APIRouter(tags=["customer"], route_class=StrictRoute)

    @router.post("/quotes")
    def quote(asked: Asked) -> Quote:
        """Value a phone: the quote has no IMEI, and a seal over its content."""
        return granted(desk.quote(asked))

    @router.post("/changes")
    def changes(asked: Asked) -> Changes:
        """Return the fewest changes that would get an offer, or a higher one."""
        return desk.what_would_change(asked)

    @router.post("/exchanges", status_code=201)
    def accept(quote: Quote, account: Account, request: Request) -> Exchange:
        """Accept a quote: the exchange begins, with its coupon and the worst case at the door."""
        return granted(desk.accept(quote, account, request))

    @router.get("/coupons/{code}")
    def coupon(code: Code, account: Account) -> Coupon:
        """Return a coupon to its account."""
        return granted(desk.find(code, account)).coupon

    @router.post("/exchanges/{code}/reserve")
    def reserve(code: Code, order: Order, account: Account, request: Request) -> Exchange:
        """Hold the coupon for an order that was placed and paid for."""
        return granted(desk.reserve(code, order, account, request))

    @router.post("/exchanges/{code}/agree")
    def agree(code: Code, account: Account, request: Request) -> Exchange:
        """Record the customer's acceptance of a re-quote, once the amount due is paid."""
        return granted(desk.store.agree(code, account=account, at=desk.clock(), idempotency_key=request))

    @router.post("/exchanges/{code}/decline")
    def decline(code: Code, account: Account, request: Request) -> Exchange:
        """Record that the customer declines a re-quote."""
        return granted(desk.store.decline(code, account=account, at=desk.clock(), idempotency_key=request))

    return router


def _with_token(token: str) -> APIRouter:
    """Return a router whose requests carry the operator's token."""
    bearer = HTTPBearer()

    async def check(given: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> None:
        if not compare_digest(given.credentials.encode(), token.encode()):
            raise HTTPException(401, "This token is not the operator's", {"WWW-Authenticate": "Bearer"})

    return APIRouter(tags=["operator"], dependencies=[Depends(check)], route_class=StrictRoute)


def _operators(desk: Desk, token: str) -> APIRouter:
    """Return the router of the operator's queries."""
    router = _with_token(token)

    @router.get("/exchanges")
    def find(
        account: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
        state: State | None = None,
        day: date | None = None,
        order: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
        after: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> Page:
        """List exchanges in the order in which they were accepted, a page at a time."""
        zone = desk.programmes.current.zone
        found = desk.store.find(account=account, state=state, day=day, order=order, zone=zone, after=after, limit=limit)
        return Page(exchanges=list(found), after=found[-1].code if len(found) == limit else None)

    @router.get("/exchanges/{code}")
    def exchange(code: Code) -> Exchange:
        """Return an exchange."""
        found = desk.store.get(code)
        if found is None:
            raise HTTPException(404, "No exchange has this code")
        return found

    @router.post("/standing")
    def standing(device: Device) -> DeviceStanding:
        """Tell whether a phone is in an open exchange, or was bought. POST, because paths and queries are logged."""
        return desk.store.standing_of(device)

    return router


def _orders(desk: Desk, token: str) -> APIRouter:
    """Return the router of reports by the shop and the courier about an order."""
    router = _with_token(token)

    @router.post("/exchanges/{code}/cancel")
    def cancel(code: Code, given: ForOrder, request: Request) -> Exchange:
        """Release the coupon: the order was cancelled."""
        return granted(desk.store.release(code, order=given.order, at=desk.clock(), idempotency_key=request))

    @router.post("/exchanges/{code}/inspect")
    def inspect(code: Code, seen: Inspected, request: Request) -> Exchange:
        """Compare the inspection at the door with the quote."""
        return granted(desk.inspect(code, seen, request))

    @router.post("/exchanges/{code}/complete")
    def complete(code: Code, given: ForOrder, request: Request) -> Exchange:
        """Record that the old phone was handed over as quoted."""
        return granted(desk.store.complete(code, order=given.order, at=desk.clock(), idempotency_key=request))

    @router.post("/exchanges/{code}/reverse")
    def reverse(code: Code, given: ForOrder, request: Request) -> Exchange:
        """Reverse an exchange: the new phone was returned."""
        return granted(desk.store.reverse(code, order=given.order, at=desk.clock(), idempotency_key=request))

    return router


def _records(desk: Desk, token: str) -> APIRouter:
    """Return the router of an exchange's records: papers, shipment, data wipe, and overrides."""
    router = _with_token(token)

    @router.post("/exchanges/{code}/identify")
    def identify(code: Code, papers: Papers, request: Request) -> Exchange:
        """Record the references to the seller's identity, to the proof of ownership, or both."""
        told = {"identity": papers.identity, "ownership": papers.ownership}
        return granted(desk.store.identify(code, **told, at=desk.clock(), idempotency_key=request))

    @router.post("/exchanges/{code}/send")
    def send(code: Code, given: ForOrder, request: Request) -> Exchange:
        """Record that a carrier took the old phone: it was sent in time, whenever it arrives."""
        return granted(desk.store.send(code, order=given.order, at=desk.clock(), idempotency_key=request))

    @router.post("/exchanges/{code}/wipe")
    def wipe(code: Code, wiped: Wiped, request: Request) -> Exchange:
        """Record that the customer's data were wiped from the old phone."""
        told: dict[str, Any] = {"method": wiped.method, "certificate": wiped.certificate}
        return granted(desk.store.wipe(code, **told, at=desk.clock(), idempotency_key=request))

    @router.post("/exchanges/{code}/override")
    def override(code: Code, agreed: Agreed, person: Person, role: Role, request: Request) -> Exchange:
        """Grant more than the re-quote, within the authority that the terms give the role."""
        told: dict[str, Any] = {"order": agreed.order, "exchange_value": agreed.exchange_value, "reason": agreed.reason}
        told |= {"person": person, "role": role}
        return granted(desk.store.override(code, **told, at=desk.clock(), idempotency_key=request))

    return router


class _Bounded:
    """ASGI middleware that refuses a body which is too long, or does not say how long it is.

    FastAPI's `max_body_size` does so, too, and answers in plain text.
    """

    def __init__(self, app: Any) -> None:  # noqa: ANN401 - ASGI has no types of its own
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - as above
        headers = dict(scope.get("headers", ()))
        length = headers.get(b"content-length", b"0")
        app = self.app
        if b"transfer-encoding" in headers:
            app = problems.answer(411, "Say how long the body is")
        elif int(length) > MOST_BYTES:  # the server refuses one that is not a number
            app = problems.answer(413, f"A body has up to {MOST_BYTES:,} bytes")
        await app(scope, receive, send)
