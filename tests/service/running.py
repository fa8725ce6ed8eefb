"""The example service in a process of its own, and a client that remembers all that it was ever answered."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Self

import httpx2

from ledger import shop
from miexchange import Catalogue, EligibleModels, PriceTable, Programme
from miexchange.programme import Authority
from unit import small, trade

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["KEY", "OPERATOR", "Client", "Service", "has_status", "numbers_in", "programme"]

ROOT = Path(__file__).resolve().parents[2]
KEY = shop.KEY
OPERATOR = "token of the operator"
NAMES = count(1)
ANSWERS = dict(trade.SAID)
SECONDS = 30


def numbers_in(content: str | bytes) -> list[bytes]:
    """Return what could be an IMEI of the shop's phones: their TAC, and a serial number behind it."""
    content = content.encode() if isinstance(content, str) else content
    return re.findall(rb"354178[0-9]{9}", content)


def has_status(answer: httpx2.Response, status: int) -> Any:  # noqa: ANN401 - what JSON holds
    """Insist on the status of an answer, and return what is in it."""
    assert answer.status_code == status, answer.text
    return answer.json()


def programme(price: int = 1_000_000) -> Programme:
    """Return the shop's programme with a source for each row, so that it can be saved."""
    said = "the tests"
    agent = Authority("agent", 20_000, 30_000, 30, said)
    plain = trade.programme(trade.RULES.replace(authorities=(agent,), send_days=14, unlock_hours=72))
    (terms,) = plain.terms
    questions = tuple(
        one.replace(source=said, options=tuple(option.replace(source=said) for option in one.options))
        for one in terms.questionnaire.questions
    )
    return replace(
        plain,
        catalogue=Catalogue(tuple(one.replace(source=said) for one in plain.catalogue)),
        eligible=EligibleModels(tuple(one.replace(source=said) for one in plain.eligible)),
        prices=PriceTable.of(one.replace(source=said, price_minor=price) for one in plain.prices),
        terms=(
            terms.replace(
                questionnaire=terms.questionnaire.replace(questions=questions),
                grades=tuple(one.replace(source=said, meaning=said) for one in terms.grades[:1]),
            ),
        ),
    )


class Client:
    """A client of the service: a customer's and the operator's requests, by the number of a phone of the shop.

    Attributes:
        said: every answer that it got, with its headers.
    """

    def __init__(self, url: str) -> None:
        self.said: list[str] = []
        self.http = httpx2.Client(base_url=url, timeout=SECONDS)

    def ask(self, verb: str, path: str, body: object = None, **headers: str) -> httpx2.Response:
        """Send a request, with headers such as ``account``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.http.request(verb, path, json=body, headers=named)
        self.said += [answer.text, str(answer.headers)]
        return answer

    def act(self, path: str, body: object = None, *, key: str = "", **headers: str) -> httpx2.Response:
        """Send a request with an idempotency key; a new one where none is given."""
        return self.ask("POST", path, body, idempotency_key=key or f"request-{next(NAMES)}", **headers)

    def operate(self, path: str, body: object = None, *, key: str = "") -> httpx2.Response:
        """Send a request of the operator's."""
        return self.act(path, body, key=key, authorization=f"Bearer {OPERATOR}")

    def look(self, path: str) -> httpx2.Response:
        """Ask something for the operator."""
        return self.ask("GET", path, authorization=f"Bearer {OPERATOR}")

    def quote(self, number: int, **answers: str) -> dict[str, Any]:
        """Ask for the quote of a phone, and return it."""
        first, second = shop.imei(2 * number), shop.imei(2 * number + 1)
        device = {"model": small.MODEL, "imei": first.digits, "imei2": second.digits}
        answer = self.ask("POST", "/quotes", {"device": device, "condition": ANSWERS | answers})
        return dict(has_status(answer, 200))

    def accept(self, number: int, *, key: str = "") -> Any:  # noqa: ANN401 - what JSON holds
        """Accept the quote of a phone for its account."""
        return has_status(self.act("/exchanges", self.quote(number), key=key, account=shop.account(number)), 201)

    def reserve(self, number: int, code: str, *, order: str = "", key: str = "") -> httpx2.Response:
        """Use a coupon for an order."""
        body = shop.order(number).replace(id=order or f"order-{number}").to_dict()
        return self.act(f"/exchanges/{code}/reserve", body, key=key, account=shop.account(number))


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/health", timeout=SECONDS).is_success
    except httpx2.ConnectError:  # a parent process says where it will be, before its children listen there
        return False


class Service:
    """The service in a process of its own.

    Attributes:
        log: the file of its log.
        command: what starts it, without the port.
        url: where it answers.
        process: its process.
    """

    def __init__(self, ledger: str, programme: Path, folder: Path) -> None:
        self.ledger, self.log = ledger, folder / "service.log"
        self.at, self.folder = small.AT, folder
        self.environ = os.environ | {
            "MIEXCHANGE_LEDGER": ledger,
            "MIEXCHANGE_PROGRAMME": str(programme),
            "MIEXCHANGE_KEY": KEY.decode(),
            "MIEXCHANGE_OPERATOR": OPERATOR,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
        }
        self.command = ["-m", "examples.service"]
        self.clients: list[Client] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self.clients:
            client.http.close()
        self.process.terminate()
        self.process.wait()

    def start(self) -> None:
        """Start the process, and wait until it answers; each time its clock begins an hour later."""
        self.at += timedelta(hours=1)
        begin = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as file:
            self.process = subprocess.Popen(  # noqa: S603 - our own example
                [sys.executable, *self.command, "--port", "0"],
                cwd=self.folder,
                env=self.environ | {"MIEXCHANGE_CLOCK": self.at.isoformat()},
                stderr=file,
            )
        until = monotonic() + SECONDS
        while monotonic() < until and self.process.poll() is None:
            said = self.log.read_text(encoding="utf-8")[begin:]
            if (found := re.search(r"running on (http://[0-9.:]+)", said)) and _answers(found[1]):
                self.url = found[1]
                return
            sleep(0.05)
        raise AssertionError(self.log.read_text(encoding="utf-8"))

    def kill(self) -> None:
        """End it as a power cut does: no handler runs."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def client(self) -> Client:
        """Return a new client."""
        self.clients.append(Client(self.url))
        return self.clients[-1]
