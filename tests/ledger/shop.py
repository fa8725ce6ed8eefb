"""A shop that uses a ledger: phones and accounts by number, so that every process knows the same coupons."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from miexchange import Device, Exchange, Imei, Order, Quote, Refusal, accept, appraise
from unit import small, trade
from unit.trade import programme

if TYPE_CHECKING:
    from datetime import datetime

    from miexchange.ledger import Ledger

__all__ = [
    "AT",
    "HOUR",
    "KEY",
    "accepted",
    "account",
    "bought",
    "code",
    "imei",
    "made",
    "order",
    "phone",
    "programme",
    "quote",
    "reserved",
]

AT = small.AT
KEY = small.KEY
HOUR = timedelta(hours=1)
PROGRAMME = programme()


def imei(number: int) -> Imei:
    """Return the IMEI of a phone; an odd one is the second of the phone before."""
    return Imei.from_body(f"35417803{number:06d}") if number < 10**6 else Imei.from_body(f"354178{number:08d}")


def account(number: int) -> str:
    return f"account-{number}"


@cache
def order(number: int, suffix: str = "") -> Order:
    return trade.ORDER.replace(id=f"order-{number}{suffix}")


def phone(number: int, *, second: bool = True) -> Device:
    """Return a phone with two SIMs."""
    return Device(small.MODEL, imei(2 * number), imei(2 * number + 1) if second else None)


@cache
def quote(number: int) -> Quote:
    """Return the quote of a phone."""
    answer = appraise(phone(number), trade.SAID, PROGRAMME, at=AT)
    assert isinstance(answer, Quote), answer.explain()
    return answer


@cache
def code(number: int) -> str:
    """Return the code of a phone's coupon, which its account gets."""
    exchange = accept(quote(number), PROGRAMME, account=account(number), at=AT, key=KEY)
    assert isinstance(exchange, Exchange), exchange.explain()
    return exchange.code


def accepted(store: Ledger, number: int, *, at: datetime = AT) -> Exchange:
    """Let an account accept the quote of its phone."""
    answer = store.accept(quote(number), PROGRAMME, account=account(number), at=at, idempotency_key=f"accept-{number}")
    return made(answer)


def reserved(store: Ledger, number: int, *, at: datetime = AT) -> Exchange:
    """Let it be used for an order."""
    accepted(store, number)
    answer = store.reserve(
        code(number), order(number), account=account(number), at=at, idempotency_key=f"reserve-{number}"
    )
    return made(answer)


def bought(store: Ledger, number: int, *, at: datetime = AT) -> Exchange:
    """Let the phone be handed over."""
    reserved(store, number, at=at)
    return made(store.complete(code(number), order=order(number).id, at=at, idempotency_key=f"complete-{number}"))


def made(answer: Exchange | Refusal) -> Exchange:
    """Insist that it was not refused."""
    assert isinstance(answer, Exchange), answer.explain()
    return answer
