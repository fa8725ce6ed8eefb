"""The random requests of clients: mostly the next step of an exchange, and sometimes anything."""

from __future__ import annotations

import dataclasses
from collections import deque
from typing import TYPE_CHECKING, TypeVar

from miexchange.simulator._model import Fate, Request
from miexchange.simulator._shop import (
    ACCOUNTS,
    ADDRESSES,
    AUTHORITY,
    BEGIN,
    DAY,
    DEDUCTIONS,
    GRACE,
    HOUR,
    ORDERS,
    OWN,
    PEOPLE,
    PHONES,
    SECOND,
    Offer,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from miexchange.simulator._model import Life, Model
    from miexchange.simulator._round import Machine

__all__ = ["Draws"]

_T = TypeVar("_T")

_NEXT = {
    "issued": ("reserve",) * 8 + ("void", "expire"),
    "reserved": ("inspect",) * 6 + ("complete", "complete", "release", "void"),
    "inspected": ("complete", "complete", "complete", "release", "void"),
    "requoted": ("override",) * 8 + ("agree", "agree", "decline", "expire", "void"),
    "completed": ("reverse", "complete"),
    "adjusted": ("reverse", "agree"),
}
_VERBS = ("reserve", "release", "inspect", "override", "agree", "decline", "complete", "expire", "void", "reverse")
_OF_CUSTOMERS = {"reserve", "agree", "decline"}
_AWAITED = {"issued": ("inspect",) * 8 + ("void", "reserve")}
_ANSWERS = tuple(DEDUCTIONS)
_RECENT = 24
_KINDS = (("again", "twin", "sweep", "feed", "accept", "get", "step"), (30, 15, 10, 30, 295, 50, 570))
"""The requests of a client, and their frequencies."""


class Draws:
    """The dice of the clients, and the world's clock."""

    def __init__(self, dice: Random, forged: int, leaps: int, model: Model) -> None:
        """Begin at the first instant.

        Args:
            dice: the random numbers.
            forged: the percentage of altered quotes.
            leaps: the percentage of requests that come days later.
            model: the expected state.
        """
        self.now = BEGIN
        self._dice, self._of_forged, self._of_leaps, self._model = dice, forged, leaps, model
        self._offers: deque[Offer] = deque(maxlen=8)
        self._asked: deque[Request] = deque(maxlen=_RECENT)
        self._number = 0

    def jump(self) -> int:
        """Return the error of a clock, in microseconds: usually small, sometimes hours and days."""
        dice = self._dice
        far = dice.choice((*(0,) * 14, 5 * SECOND, 60 * SECOND, 60 * SECOND, HOUR, HOUR, DAY, 15 * DAY))
        return dice.choice((-1, 1)) * dice.randrange(far + 1) + dice.randrange(-900_000, 900_000)

    def _tick(self) -> None:
        dice = self._dice
        chance = dice.randrange(100)
        if chance < self._of_leaps:
            self.now += dice.randrange(3 * DAY)
        elif chance < self._of_leaps + 10:
            self.now += dice.randrange(2 * HOUR)
        else:  # clocks that differ by less than a second coincide in a third of all requests
            self.now += dice.randrange(1, SECOND // 2 if chance % 3 == 0 else 90 * SECOND)

    def again(self, request: Request, machine: Machine) -> Request:
        """Return a retry of a request: at another machine, at another instant or the same."""
        self._tick()
        at = request.at if self._dice.randrange(4) == 0 else self.now + machine.offset
        return dataclasses.replace(request, at=at)

    def request(self, machine: Machine) -> Request:
        """Draw a request of a client at a machine."""
        (kind,) = self._dice.choices(*_KINDS)
        if kind == "again" and self._asked:  # a retry, maybe while the first is still in progress
            return self.again(self._dice.choice(self._asked), machine)
        self._tick()
        at = self.now + machine.offset
        if kind == "twin" and self._asked:
            return self._with_the_key_of(self._dice.choice(self._asked), at)
        request = self._new("get", at)
        if kind in {"sweep", "feed"}:
            request.verb = kind
            return request
        if not self._model.lives or kind == "accept":
            self._accept(request, machine)
        else:
            life = self._life()
            request.code = life.code
            if kind == "step":
                self._step(request, life)
        if request.verb != "get":
            self._asked.append(request)
        return request

    def _new(self, verb: str, at: int) -> Request:
        self._number += 1
        fate = Fate(f"r{self._number}")
        fate.rivals.append(fate)
        return Request(self._number, verb, "", at, fate)

    def _with_the_key_of(self, other: Request, at: int) -> Request:
        """Return a request for another order, with the idempotency key of another one."""
        twin = self._new(other.verb, at)
        is_of_an_order = other.verb in {"reserve", "release", "complete"}
        if is_of_an_order:
            twin.fate.key, twin.fate.rivals = other.key, other.fate.rivals
            twin.fate.rivals.append(twin.fate)
        order = (other.order + 1) % ORDERS if is_of_an_order else other.order
        return dataclasses.replace(other, number=twin.number, at=at, fate=twin.fate, order=order, twin="")

    def _chosen(self, those: list[_T], is_taken: Callable[[_T], bool]) -> _T:
        """Choose one, usually one that is free."""
        free = [one for one in those if not is_taken(one)]
        return self._dice.choice(free if free and self._dice.randrange(4) else those)

    def _life(self) -> Life:
        """Choose an exchange, usually one of the last."""
        lives = list(self._model.lives.values())
        if self._dice.randrange(20):
            lives = [life for life in lives[-40:] if life.is_open] or lives
            if self._dice.randrange(3) == 0:  # a re-quote has little time, and many possible outcomes
                lives = [life for life in lives if life.state == "requoted"] or lives
        return self._dice.choice(lives[-40:])

    def _accept(self, request: Request, machine: Machine) -> None:
        dice = self._dice
        request.verb = "accept"
        request.account = self._chosen([f"account-{number}" for number in range(ACCOUNTS)], self._model.is_busy)
        offers = [offer for offer in self._offers if offer.at + GRACE > request.at] or list(self._offers)[-1:]
        if not offers or offers[0].at + GRACE <= request.at or dice.randrange(2):
            phone = dice.randrange(PHONES)
            sims = dice.choice(((2 * phone,), (2 * phone + 1,), (2 * phone, 2 * phone + 1), (2 * phone, 2 * phone + 1)))
            given = tuple(sorted((bonus, count) for bonus, count in self._model.places.items() if count))
            seal = machine.key if dice.randrange(3) == 0 else 0
            offer = Offer(sims, dice.choice(("good", *_ANSWERS)), max(request.at, BEGIN), given, machine.edition, seal)
            self._offers.append(offer)
        else:
            offer = dice.choice(offers)
        request.offer = offer
        request.is_forged = dice.randrange(100) < self._of_forged
        request.is_bare = not request.is_forged and dice.randrange(4) == 0
        request.by = dice.choice(("own", "all", "all", "kept"))
        request.address = f"address-{dice.randrange(ADDRESSES)}"
        if dice.randrange(20) == 0:
            request.at = offer.at + dice.choice((GRACE - 1, GRACE, -2 * SECOND, -2 * SECOND - 1))

    def _split(self, request: Request, life: Life) -> None:
        """Let an order be split for two coupons of an account: the dearer one gets its first unit."""
        twin = self._model.twin_of(life)
        if twin is not None and self._dice.randrange(4):
            request.twin, devices = twin.code, self._model.scheme.devices
            place = sorted((life, twin), key=lambda one: (-one.value, one.code)).index(life)
            request.order = request.order // devices * devices + place

    def _step(self, request: Request, life: Life) -> None:
        """Draw the next step of an exchange, or any other."""
        dice = self._dice
        steps = _AWAITED if life.is_awaited and life.state in _AWAITED else _NEXT
        request.verb = dice.choice(steps.get(life.state, _VERBS) if dice.randrange(10) else _VERBS)
        if request.verb in _OF_CUSTOMERS:
            request.account = life.account if dice.randrange(12) else f"account-{dice.randrange(ACCOUNTS)}"
        if life.is_awaited and request.verb in {"inspect", "override"} and dice.randrange(12):
            request.order = OWN
        elif life.order is None or dice.randrange(12) == 0:
            request.order = self._chosen(list(range(ORDERS)), self._model.is_taken)
        else:
            request.order = life.order
        if request.verb == "reserve" and self._model.scheme.devices > 1:
            self._split(request, life)
        if request.verb == "inspect":
            phone = min(life.offer.sims) // 2 if dice.randrange(12) else dice.randrange(PHONES)
            both = (2 * phone, 2 * phone + 1)
            request.sims = dice.choice((both, both, both[:1], both[1:]))
            request.answers = dice.choice((life.offer.answers, "worn", "worn", dice.choice(_ANSWERS)))
        if request.verb == "override":
            least, most = self._model.bare(life), life.offer.worth
            once = least + AUTHORITY[0]
            values = (min(most, once),) * 4 + (most + 1,) * 3 + (once + 1, least, least + 1)
            request.value, request.person = dice.choice(values), dice.randrange(PEOPLE)
        due = life.due
        if due is not None and dice.randrange(8) == 0:
            request.at = due - dice.randrange(2)
