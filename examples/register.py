"""An adapter of a register, and a trade-in that asks it three times: for the quote, at acceptance and at the door.

The library queries no register: its caller does, and passes the answer with its evidence. The answers of this
register's server are canned here, so that the example runs without one; only `Web.fetch` knows how yours is
reached.

python examples/register.py
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from miexchange import Device, Exchange, Imei, ImeiStatus, Programme, Quote, RegisterAnswer, accept, appraise

if TYPE_CHECKING:
    from miexchange.eligibility import Register

AT = datetime(2018, 4, 2, 6, tzinfo=UTC)
WORDS = {
    "ok": ImeiStatus.CLEAR,
    "blacklisted": ImeiStatus.BLOCKED,
    "tracing": ImeiStatus.TRACKED,
    "cloned": ImeiStatus.DUPLICATE,
}
WORST_FIRST = (*(word for word in ImeiStatus if word is not ImeiStatus.CLEAR), ImeiStatus.CLEAR)


@dataclass(frozen=True)
class Web:
    """A register on the web.

    Attributes:
        name: its name in the evidence.
        fetch: queries the server about one number, and returns its word and the id of the request; it raises OSError if
            the server cannot be reached.
    """

    name: str
    fetch: Callable[[str], tuple[str, str]]

    def ask(self, imeis: tuple[Imei, ...], *, at: datetime) -> RegisterAnswer:
        """Query every number of a phone: the worst answer counts. A missing answer is never taken as clear."""
        said: list[tuple[ImeiStatus, str]] = []
        for imei in imeis:
            try:
                word, reference = self.fetch(imei.digits)
            except OSError:
                word, reference = "", "no answer"
            said.append((WORDS.get(word, ImeiStatus.UNVERIFIED), reference))
        status, reference = min(said, key=lambda one: WORST_FIRST.index(one[0]))
        return RegisterAnswer(status, self.name, at, reference)


def demanding(programme: Programme) -> Programme:
    """Return a programme whose terms demand evidence: at most a day old for the quote, and an hour for what follows."""
    terms = programme.terms[-1]
    eligibility = terms.eligibility.replace(unverified_imei="refuse", register_hours=24)
    rules = terms.exchange and terms.exchange.replace(accept_register_hours=1, hand_over_register_hours=1)
    return replace(programme, terms=(terms.replace(eligibility=eligibility, exchange=rules),))


def main(register: Register) -> None:
    """Show the outcomes with and without a query of the register."""
    programme = demanding(Programme.load("mi-exchange-india"))
    imei = Imei.from_body("86366403123456")
    answers = programme.terms[0].questionnaire.best(programme.catalogue.by_model["oneplus-3t-6-64"])
    phone = Device("oneplus-3t-6-64", imei)

    bare = appraise(phone, answers, programme, at=AT, imei_status=ImeiStatus.CLEAR)
    print("a plain word:", bare or bare.codes)
    quote = appraise(phone, answers, programme, at=AT, imei_status=register.ask((imei,), at=AT))
    if not isinstance(quote, Quote):
        sys.exit(quote.explain())
    print("with evidence:", quote.money, quote.register_answer)

    later, key = AT + timedelta(hours=3), b"0123456789abcdef"
    stale = accept(quote, programme, account="asha", at=later, key=key)
    print("three hours later:", stale or stale.codes)
    answer = register.ask((imei,), at=later)
    exchange = accept(quote, programme, account="asha", at=later, key=key, register_answer=answer)
    print("asked again:", exchange.state if isinstance(exchange, Exchange) else exchange.codes)


if __name__ == "__main__":
    main(Web("CEIR", lambda _: ("ok", "request 4711")))
