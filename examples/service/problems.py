"""Every answer that is not a success, as a problem of RFC 9457 (``application/problem+json``)."""

import logging
from http import HTTPStatus
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from miexchange import InvalidImei, InvalidValue, MiExchangeError, Reason, ReasonCode, ReasonKind, Refusal
from miexchange.ledger import BusyError, LedgerError, UnreachableError

from .log import masked

__all__ = ["Explained", "Fault", "Problem", "RefusedError", "answer", "describe", "explained", "granted", "handle"]

LOG = logging.getLogger("service.problems")
MEDIA_TYPE = "application/problem+json"
SECONDS_TO_RETRY = 1
Granted = TypeVar("Granted")


class Explained(BaseModel):
    """A reason for a client: the code to branch on, who can cure it and how, and the text in its language."""

    code: ReasonCode
    kind: ReasonKind
    is_final: bool
    cure: str
    text: str
    subject: str
    values: dict[str, str | int]

    @classmethod
    def of(cls, reason: Reason, language: str) -> "Explained":
        """Explain a reason."""
        code = reason.code
        return cls(
            code=code,
            kind=code.kind,
            is_final=code.is_final,
            cure=code.cure,
            text=reason.text(language),
            subject=reason.subject,
            values=dict(reason.values),
        )


class Fault(BaseModel):
    """A fault of a request, with the path of its field."""

    field: str
    message: str


class Problem(BaseModel):
    """A problem of RFC 9457, with the reasons of a refusal or the faults of a request."""

    type: str
    title: str
    status: int
    detail: str
    reasons: list[Explained] = []
    faults: list[Fault] = []


class RefusedError(Exception):
    """Carries a refusal from an endpoint to its answer."""

    def __init__(self, refusal: Refusal) -> None:
        """Store it."""
        super().__init__(", ".join(refusal.codes))
        self.refusal = refusal


def granted(answer: Granted | Refusal) -> Granted:
    """Return an answer that is not a refusal; raise a refusal, which becomes a problem."""
    if isinstance(answer, Refusal):
        raise RefusedError(answer)
    return answer


def explained(refusal: Refusal, accept_language: str = "") -> tuple[str, list[Explained]]:
    """Return the language of the answer to a client, and every reason in it: the first language that is available.

    Args:
        refusal: the refusal.
        accept_language: the header of the request, such as ``hi-IN, en;q=0.8``.
    """
    for language in _wanted(accept_language):
        try:
            return language, [Explained.of(reason, language) for reason in refusal.reasons]
        except InvalidValue:  # there is no catalogue for it
            continue
    return "en", [Explained.of(reason, "en") for reason in refusal.reasons]


def _wanted(header: str) -> list[str]:
    """Return the languages that a client accepts, the best first, as RFC 9110 (12.5.4) weighs them."""
    weights: dict[str, float] = {}
    for part in header.split(",")[:20]:
        language, _, weight = part.partition(";q=")
        try:
            weights[language.strip()] = float(weight or 1)
        except ValueError:
            continue
    return sorted((one for one in weights if weights[one] > 0), key=lambda one: -weights[one])


def handle(app: FastAPI) -> None:
    """Make an application answer every error with a problem."""

    @app.exception_handler(RefusedError)
    async def refused(request: Request, error: RefusedError) -> JSONResponse:
        language, reasons = explained(error.refusal, request.headers.get("accept-language", ""))
        first = next((reason for reason in reasons if reason.is_final), reasons[0])  # which determines the status
        problem = Problem(
            type=f"/reasons/{first.code.value}",
            title=first.code.value.replace("_", " ").capitalize(),
            status=error.refusal.status,
            detail="\n".join(reason.text for reason in reasons),
            reasons=reasons,
        )
        return _answer(problem, {"Content-Language": language, "Vary": "Accept-Language"})

    @app.exception_handler(RequestValidationError)
    async def unreadable(_: Request, error: RequestValidationError) -> JSONResponse:
        found = error.errors()
        faults = [
            Fault(field=".".join(_plain(part) for part in one["loc"]), message=_plain(one["msg"])) for one in found
        ]
        keyless = [one for one in found if one["type"] == "missing" and one["loc"] == ("header", "Idempotency-Key")]
        status = 400 if keyless else 422  # draft-ietf-httpapi-idempotency-key-header, 2.7
        return _answer(_plain_problem(status, "The request cannot be read", faults))

    @app.exception_handler(MiExchangeError)
    async def failed(_: Request, error: MiExchangeError) -> JSONResponse:
        if isinstance(error, InvalidValue | InvalidImei):
            field = error.field if isinstance(error, InvalidValue) else "imei"
            return _answer(_plain_problem(422, f"{error}", [Fault(field=field, message=f"{error}")]))
        LOG.error("%s: %s", type(error).__name__, error)
        if isinstance(error, LedgerError) and error.is_unknown:
            again = "It is not known whether this was done: send it again with the same Idempotency-Key"
            return _answer(_plain_problem(503, again), {"Retry-After": f"{SECONDS_TO_RETRY}"})
        if isinstance(error, BusyError | UnreachableError):
            again = "The ledger is busy or not reachable, and nothing was done: try again"
            return _answer(_plain_problem(503, again), {"Retry-After": f"{SECONDS_TO_RETRY}"})
        return _answer(_plain_problem(500, "The service cannot do this at the moment"))

    @app.exception_handler(HTTPException)
    async def other(_: Request, error: HTTPException) -> JSONResponse:
        return _answer(_plain_problem(error.status_code, error.detail), error.headers)

    @app.exception_handler(Exception)
    async def unforeseen(_: Request, error: Exception) -> JSONResponse:
        del error  # the server logs it
        return _answer(_plain_problem(500, "The service made a mistake"))


def answer(status: int, detail: str) -> JSONResponse:
    """Return the answer of a problem that is not about a reason."""
    return _answer(_plain_problem(status, detail))


def describe(app: FastAPI) -> None:
    """Make the OpenAPI document of an application describe every other answer as a problem."""
    app.router.responses = {"4XX": {"model": Problem}, "5XX": {"model": Problem}}
    document = app.openapi

    def described() -> dict[str, Any]:
        made = document()
        for path in made["paths"].values():
            for operation in path.values():
                for status in ("4XX", "5XX"):
                    content = operation["responses"][status]["content"]
                    if "application/json" in content:
                        content[MEDIA_TYPE] = content.pop("application/json")
        return made

    app.openapi = described  # type: ignore[method-assign]


def _plain_problem(status: int, detail: str, faults: list[Fault] | None = None) -> Problem:
    phrase = HTTPStatus(status).phrase
    return Problem(type="about:blank", title=phrase, status=status, detail=_plain(detail), faults=faults or [])


def _plain(said: object) -> str:
    """Return the part of an input that may be repeated to a client: no IMEI, and only JSON values."""
    return masked(f"{said}".encode("utf-8", "backslashreplace").decode())


def _answer(problem: Problem, headers: Any = None) -> JSONResponse:  # noqa: ANN401 - a mapping of texts, or None
    return JSONResponse(problem.model_dump(mode="json"), problem.status, headers, MEDIA_TYPE)
