"""A ledger beside the rules of exchanges, request by request: a state machine for your own programme and database."""

from __future__ import annotations

import sys
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, precondition, rule

from miexchange._time import TICK
from miexchange.coupon import Order
from miexchange.events import (
    Agree,
    Attempt,
    Complete,
    Decline,
    Event,
    Expire,
    Identify,
    Inspect,
    Release,
    Reserve,
    Reverse,
    Send,
    Void,
    Wipe,
)
from miexchange.exchange import Exchange, apply
from miexchange.laws._ledgers import assert_spent_once
from miexchange.programme import Programme
from miexchange.quote import Quote
from miexchange.refusal import Refusal
from miexchange.strategies._coupons import orders
from miexchange.strategies._enquiries import Enquiry, enquiries
from miexchange.strategies._exchanges import inspections
from miexchange.valuation import appraise

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from hypothesis.strategies import SearchStrategy

    from miexchange.ledger import Ledger

__all__ = ["LedgerMachine"]

_KEY = bytes(range(32))
_NAMES = ("asha", "ravi")
_ACCOUNTS = st.sampled_from(_NAMES)
_ORDERS = ("order-1", "order-2", "order-3")
_OF_OTHERS = {"reserve", "inspect"}
"""The requests that a ledger may refuse because of another exchange: its order, or its phone."""


@cache
def _empty_ledger() -> bytes:
    """Return the file of an empty ledger: making one takes longer than most histories."""
    from miexchange.ledger import open  # noqa: A004, PLC0415 - of an extra

    with TemporaryDirectory() as folder:
        open(f"{folder}/exchanges.db", key=_KEY, create=True).close()
        return Path(folder, "exchanges.db").read_bytes()


def _enquiries(machine: LedgerMachine) -> SearchStrategy[Enquiry]:
    return enquiries(machine.programme, imei=True)


def _first_enquiries(machine: LedgerMachine) -> SearchStrategy[list[Enquiry]]:
    return st.lists(_enquiries(machine), min_size=1, max_size=len(_NAMES))


def _orders(machine: LedgerMachine) -> SearchStrategy[Order]:
    usage, names = machine.programme.terms[-1].usage, st.sampled_from(_ORDERS)
    return st.builds(Order.replace, orders(usage, machine.programme.currency), id=names)


class LedgerMachine(RuleBasedStateMachine):
    """Requests of a shop to a ledger: quotes, acceptances, orders, papers, parcels, inspections, hand-overs, and time.

    Each answer must be that of the rules (`miexchange.exchange.apply`), a repeated request must have the same answer,
    and nothing may be spent twice. At the end `assert_spent_once` verifies the ledger.

    Derive a class from it for your own programme and your own ledger, and run it as a test case; add rules and
    invariants of your own to it, as to any state machine of Hypothesis.

    Attributes:
        programme: the rules, with terms of exchange; by default those of mi-exchange-india. Set it to your own.
        ledger: the ledger of this run.
        now: the time, which only moves forward.
        exchanges: the exchanges by code, as the rules say they are.

    >>> from hypothesis import settings
    >>> class UnitedKingdom(LedgerMachine):
    ...     programme = Programme.load("uk-trade-in")
    >>> UnitedKingdom.TestCase.settings = settings(max_examples=2, stateful_step_count=5, database=None)
    >>> UnitedKingdom.TestCase().runTest()
    """

    programme: Programme

    quotes: Bundle[Quote] = Bundle("quotes")
    codes: Bundle[str] = Bundle("codes")

    def __init__(self) -> None:
        super().__init__()
        if not hasattr(self, "programme"):
            self.programme = Programme.load("mi-exchange-india")
        self._folder, self._outer = TemporaryDirectory(), sys.exception()
        self._requests = 0
        self._spent: dict[str, str] = {}
        self._accepted: dict[str, Quote] = {}  # with their IMEIs, which a ledger does not keep
        self.exchanges: dict[str, Exchange] = {}
        self.now: datetime | None = None
        self.ledger = self.open_ledger()

    def open_ledger(self) -> Ledger:
        """Return an empty ledger for one run; by default one in a temporary SQLite file.

        Override it for a database of your own: return a copy of an empty ledger, because every run begins anew.
        """
        from miexchange.ledger import open  # noqa: A004, PLC0415 - of an extra

        file = Path(self._folder.name, "exchanges.db")
        file.write_bytes(_empty_ledger())
        return open(file, key=_KEY)

    def teardown(self) -> None:
        """Verify the ledger, unless a law has failed already, and close it."""
        try:
            if sys.exception() is not self._outer:  # what failed first is what is told
                return
            for code, exchange in self.exchanges.items():
                assert self.ledger.get(code) == exchange, f"the ledger has another exchange {code}"  # noqa: S101 - a law
            assert_spent_once(self.ledger)
        finally:
            self.ledger.close()
            self._folder.cleanup()

    @initialize(target=codes, several=st.runner().flatmap(_first_enquiries))
    def begin(self, several: list[Enquiry]) -> Any:  # noqa: ANN401 - codes for the bundle
        """Begin with exchanges of one or two accounts: Hypothesis leaves some rules out of most runs."""
        quotes = [(self.quote(asked), account) for asked, account in zip(several, _NAMES, strict=False)]
        codes = [self.accept(quote, account) for quote, account in quotes if isinstance(quote, Quote)]
        return multiple(*(code for code in codes if isinstance(code, str)))

    @rule(target=quotes, asked=st.runner().flatmap(_enquiries))
    def quote(self, asked: Enquiry) -> Any:  # noqa: ANN401 - a quote, or nothing for the bundle
        """Ask for a quote; the first one starts the clock."""
        self.now = self.now or asked.at
        facts = {**asked.facts, "at": self.now}
        answer = appraise(asked.device, asked.condition, self.programme, **facts)
        return answer if isinstance(answer, Quote) else multiple()

    @rule(target=codes, quote=quotes, account=_ACCOUNTS)
    def accept(self, quote: Quote, account: str) -> Any:  # noqa: ANN401 - a code, or nothing for the bundle
        """Accept a quote."""

        def ask(key: str) -> Exchange | Refusal:
            return self.ledger.accept(quote, self.programme, account=account, at=self._at, idempotency_key=key)

        answer = self._asked(ask)
        if isinstance(answer, Refusal):
            return multiple()
        known = self.exchanges.setdefault(answer.code, answer)
        self._accepted.setdefault(answer.code, quote)
        assert answer == known, "a quote that was accepted has another exchange"  # noqa: S101 - a law
        assert answer.account == account  # noqa: S101 - a law
        assert quote.at <= self._at < quote.valid_until or known.at < self._at, "a late acceptance"  # noqa: S101 - a law
        self.check()
        return answer.code

    @rule(code=codes, order=st.runner().flatmap(_orders), account=st.sampled_from((None, None, None, *_NAMES)))
    def reserve(self, code: str, order: Order, account: str | None = None) -> None:
        """Use a coupon for an order, mostly the owner's."""
        account = account or self.exchanges[code].account
        self._request("reserve", code, Reserve(self._at, order, account), order, account=account)

    @rule(code=codes, other=codes)
    def reserve_for_the_order_of(self, other: str, code: str) -> None:
        """Use a coupon for an order that holds another one."""
        order = self.exchanges[other].order
        if order is not None:
            self.reserve(code, order)

    @rule(code=codes, order=st.runner().flatmap(_orders), data=st.data())
    def trade(self, code: str, order: Order, data: st.DataObject) -> None:
        """Go the whole way of a trade-in, as far as the rules allow: what comes after it is a second use."""
        self.reserve(code, order)
        self.identify(code, "identity")
        self.identify(code, "ownership")
        self.inspect(code, data)
        self.agree(code, self.exchanges[code].account)
        self.wipe(code)
        self.complete(code, None)

    @rule(code=codes, order=st.sampled_from((None, None, *_ORDERS)))
    def release(self, code: str, order: str | None) -> None:
        """Cancel the order."""
        name = self._order(code, order)
        self._request("release", code, Release(self._at, name), order=name)

    @rule(code=codes, data=st.data())
    def inspect(self, code: str, data: st.DataObject) -> None:
        """Inspect the old phone."""
        seen, name = data.draw(inspections(self._accepted[code], self.programme)), self._order(code)

        def ask(key: str) -> Exchange | Refusal:
            return self.ledger.inspect(code, seen, self.programme, order=name, at=self._at, idempotency_key=key)

        answer = self._asked(ask)
        found = None if isinstance(answer, Refusal) else answer.examination
        if not isinstance(answer, Refusal) and found is not None:
            self._becomes(code, Inspect(self._at, name, found), answer)

    @rule(code=codes, account=_ACCOUNTS)
    def agree(self, code: str, account: str) -> None:
        """Agree to a lower value."""
        self._request("agree", code, Agree(self._at, account), account=account)

    @rule(code=codes, account=_ACCOUNTS)
    def decline(self, code: str, account: str) -> None:
        """Decline a lower value."""
        self._request("decline", code, Decline(self._at, account), account=account)

    @rule(code=codes, kept=st.sampled_from(("identity", "ownership")))
    def identify(self, code: str, kept: str) -> None:
        """Record where a paper of the seller's is kept."""
        named: Any = {kept: "paper"}
        self._request("identify", code, Identify(self._at, **named), **named)

    @rule(code=codes)
    def wipe(self, code: str) -> None:
        """Record that the customer's data were wiped."""
        named: Any = {"method": "clear", "certificate": "paper"}
        self._request("wipe", code, Wipe(self._at, **named), **named)

    @rule(code=codes)
    def send(self, code: str) -> None:
        """Send the old phone."""
        name = self._order(code)
        self._request("send", code, Send(self._at, name), order=name)

    @rule(code=codes, visit=st.sampled_from(("visit-1", "visit-2", "visit-3")))
    def attempt(self, code: str, visit: str) -> None:
        """Come for the old phone in vain."""
        name = self._order(code)
        self._request("attempt", code, Attempt(self._at, name, visit), order=name, reference=visit)

    @rule(code=codes, order=st.sampled_from((None, None, *_ORDERS)))
    def complete(self, code: str, order: str | None) -> None:
        """Hand over the old phone."""
        name = self._order(code, order)
        self._request("complete", code, Complete(self._at, name), order=name)

    @rule(code=codes, order=st.sampled_from((None, None, *_ORDERS)))
    def reverse(self, code: str, order: str | None) -> None:
        """Return the new phone."""
        name = self._order(code, order)
        self._request("reverse", code, Reverse(self._at, name), order=name)

    @rule(code=codes)
    def void(self, code: str) -> None:
        """Withdraw a coupon."""
        self._request("void", code, Void(self._at, "withdrawn"), reason="withdrawn")

    @rule(code=codes)
    def expire(self, code: str) -> None:
        """End an exchange whose time is over."""
        self._request("expire", code, Expire(self._at))

    @precondition(lambda self: self.now is not None)
    @rule(after=st.timedeltas(TICK, timedelta(hours=1)) | st.timedeltas(TICK, timedelta(30)))
    def wait(self, after: timedelta) -> None:
        """Let time pass."""
        self.now = self._at + after

    @rule(code=codes, before=st.sampled_from((TICK, timedelta())))
    def wait_until_due(self, code: str, before: timedelta) -> None:
        """Let time pass until the deadline of an exchange, or until just before it."""
        due = self.exchanges[code].due
        self.now = self._at if due is None else max(self._at, due - before)

    @rule(code=codes, order=st.runner().flatmap(_orders), before=st.sampled_from((TICK, timedelta())))
    def reserve_when_due(self, code: str, order: Order, before: timedelta) -> None:
        """Use a coupon at its deadline, or just before it."""
        self.wait_until_due(code, before)
        self.reserve(code, order)

    @precondition(lambda self: self.now is not None)
    @rule()
    def sweep(self) -> None:
        """End every exchange whose time is over."""
        ended = self.ledger.sweep(self._at).expired
        over = {code: apply(one, Expire(self._at)) for code, one in self.exchanges.items() if self._is_over(one)}
        assert ended == len(over), f"{ended} exchanges were ended, and {len(over)} were over"  # noqa: S101 - a law
        self.exchanges |= {code: after for code, after in over.items() if isinstance(after, Exchange)}

    def check(self) -> None:
        """Check the exchanges after every change: what they share. Override it for invariants of your own."""
        held = [one.order.id for one in self.exchanges.values() if one.order is not None and one.state != "void"]
        assert len(held) == len(set(held)), "an order takes two coupons"  # noqa: S101 - a law
        taken = [token for one in self.exchanges.values() if one.is_open for token in one.coupon.device_tokens]
        assert len(taken) == len(set(taken)), "a phone is in two open exchanges"  # noqa: S101 - a law

    @property
    def _at(self) -> datetime:
        assert self.now is not None  # noqa: S101 - there is a quote before there is a code
        return self.now

    def _order(self, code: str, other: str | None = None) -> str:
        """Return the id of another order, or of the one that holds a coupon."""
        order = self.exchanges[code].order
        return other or (_ORDERS[0] if order is None else order.id)

    def _is_over(self, exchange: Exchange) -> bool:
        return exchange.is_open and exchange.due is not None and exchange.due <= self._at

    def _asked(self, ask: Callable[[str], Exchange | Refusal]) -> Exchange | Refusal:
        """Return the answer to a request, which is sent twice."""
        self._requests += 1
        answer, again = ask(f"request-{self._requests}"), ask(f"request-{self._requests}")
        assert answer == again, f"a repeated request has another answer: {again}"  # noqa: S101 - a law
        return answer

    def _request(self, verb: str, code: str, event: Event, *given: object, **named: object) -> None:
        """Send a request about an exchange; its answer must be that of the rules."""

        def ask(key: str) -> Exchange | Refusal:
            answer: Exchange | Refusal = getattr(self.ledger, verb)(
                code, *given, **named, at=self._at, idempotency_key=key
            )
            return answer

        answer, expected = self._asked(ask), apply(self.exchanges[code], event)
        if isinstance(answer, Exchange):
            self._becomes(code, event, answer)
        elif isinstance(expected, Exchange):
            is_of_another = verb in _OF_OTHERS and len(self.exchanges) > 1
            assert is_of_another, f"the rules allow it, and the ledger refuses: {answer.explain()}"  # noqa: S101 - a law

    def _becomes(self, code: str, event: Event, after: Exchange) -> None:
        """Check what an exchange becomes by the rules, and by what every shop can count on."""
        before = self.exchanges[code]
        expected = apply(before, event)
        assert after == expected, f"the rules say {expected}"  # noqa: S101 - a law
        if after == before:
            return  # what had happened already
        assert before.is_open or not after.is_open, f"a coupon that is {before.state} can be used again"  # noqa: S101 - a law
        if isinstance(event, Reserve):
            assert before.state == "issued", f"a coupon that is {before.state} is used"  # noqa: S101 - a law
            assert event.account == before.account, "somebody else's coupon is used"  # noqa: S101 - a law
            until = before.coupon.valid_until
            assert until is None or event.at < until, f"a coupon is used at {event.at}, after its end"  # noqa: S101 - a law
        if isinstance(event, Complete):
            assert self._spent.setdefault(code, event.order) == event.order, "a coupon is spent twice"  # noqa: S101 - a law
        self.exchanges[code] = after
        self.check()
