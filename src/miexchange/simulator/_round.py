"""A round: one ledger, a few machines and clients, and random faults."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from miexchange.exchange import Exchange, State, split_order
from miexchange.ledger import Ledger, LedgerError, verify
from miexchange.ledger import open as open_ledger
from miexchange.money import Currency
from miexchange.quote import Quote
from miexchange.refusal import Refusal
from miexchange.simulator._draws import Draws
from miexchange.simulator._model import AGAIN, EARLY, NO, Broken, Model, Request, following
from miexchange.simulator._shop import (
    BONUSES,
    SCHEMES,
    editions_of,
    forged,
    instant_of,
    key_of,
    older,
    order_id,
    order_of,
    quote_of,
    seen,
    whole_order,
)
from miexchange.simulator._stage import IDLE, Actor, Killed, watch
from miexchange.simulator._witness import Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from miexchange.coupon import Coupon, Order
    from miexchange.ledger import FeedEvent
    from miexchange.simulator._model import Moved
    from miexchange.valuation import Programmes

__all__ = ["Machine", "Mix", "Round"]

_REMEMBERED = 400
"""The most lines of history in a violation."""
_LOOKS = 500
"""The number of steps after which everything is compared, and not only the changes."""
_READS = {"get", "feed", "sweep"}


class Mix(NamedTuple):
    """The frequencies of events in a round.

    Attributes:
        clients: the number of concurrent clients.
        machines: the number of machines, each with its own clock, key and edition.
        faults: the steps in 10,000 at which a connection is cut or a process killed.
        lost: the percentage of lost answers.
        clocks: the steps in 1,000 at which a clock jumps.
        keys: the steps in 10,000 at which the operator's key is replaced.
        forged: the percentage of altered quotes.
        leaps: the percentage of requests that come days after the one before.
    """

    clients: int = 5
    machines: int = 3
    faults: int = 40
    lost: int = 4
    clocks: int = 3
    keys: int = 4
    forged: int = 10
    leaps: int = 5

    @staticmethod
    def drawn(dice: Random, clients: int) -> Mix:
        """Draw a mix: events that never happen in a round make room for others."""
        return Mix(
            clients=dice.randint(min(2, clients), clients),
            machines=dice.randint(1, 4),
            faults=dice.choice((0, 20, 60, 150)),
            lost=dice.choice((0, 3, 10)),
            clocks=dice.choice((0, 2, 8)),
            keys=dice.choice((0, 5, 15)),
            forged=dice.choice((0, 8, 25)),
            leaps=dice.choice((1, 3, 6)),
        )


class Machine:
    """A server: a ledger opened with its keys, an edition of the programme, and a clock.

    Attributes:
        store: the ledger.
        key: the number of the key in use.
        edition: the edition of the programme.
        offset: the lead of its clock, in microseconds.
        is_older: whether it is of a version that knew only paise, and sends quotes in that form.
    """

    def __init__(self, store: Ledger, key: int, edition: int, offset: int, *, is_older: bool) -> None:
        """Set it up."""
        self.store, self.key, self.edition, self.offset, self.is_older = store, key, edition, offset, is_older

    @property
    def ring(self) -> frozenset[int]:
        """The numbers of the keys that it has."""
        return frozenset(range(self.key + 1))


class Round:
    """One ledger from its beginning; everything that happens to it follows from the seed."""

    def __init__(self, url: str, seed: str, mix: Mix | None, clients: int) -> None:
        """Open the ledger; the clients wait.

        Args:
            url: an empty database, or a ledger that has only its first key.
            seed: the seed.
            mix: the frequencies of events; drawn by default.
            clients: the greatest number of clients.
        """
        self.dice = Random(seed)  # noqa: S311 - dice, not secrets
        self.mix = Mix.drawn(self.dice, clients) if mix is None else mix
        self.url = url
        # By dice of its own, so that the rest of a round does not depend on the scheme.
        self.scheme = Random(f"scheme of {seed}").choice(SCHEMES)  # noqa: S311 - as above
        self.model = Model(self.scheme)
        self._coupons: dict[str, Coupon] = {}
        self.count: Counter[str] = Counter()
        self.history: deque[tuple[int, str, str]] = deque(maxlen=_REMEMBERED)
        self.step = 0
        self._sum = hashlib.sha256()
        self._top = 0
        self._retired: list[Ledger] = []
        self._forged: dict[int, Quote | None] = {}
        self._feeds: dict[int, tuple[str, int, dict[str, int]]] = {}
        self._states: dict[int, int] = {}
        self._home: dict[int, Machine] = {}
        self.machines = [self._machine() for _ in range(self.mix.machines)]
        self.draws = Draws(self.dice, self.mix.forged, self.mix.leaps, self.model)
        self._eye = open_ledger(url, seconds_to_wait=0)
        self.witness = Witness(self._eye)
        self.actors = [Actor(number) for number in range(self.mix.clients)]
        self._lost: dict[int, Request] = {}

    def close(self) -> None:
        """End the clients and close everything."""
        for actor in self.actors:
            actor.end()
        self.witness.close()
        for store in (*self._retired, *(machine.store for machine in self.machines), self._eye):
            store.close()

    @property
    def digest(self) -> str:
        """A fingerprint of the run: a hash over everything that happened."""
        return self._sum.hexdigest()

    # ----- steps

    def run(self, steps: int) -> None:
        """Make a number of steps, and check everything after the last.

        Raises:
            Broken: a law is broken.
        """
        while self.step < steps:
            self._one()
        self._drain()
        self._look()

    def _one(self) -> None:
        """Make one step: one client goes on to its next stop."""
        chance = self.dice.randrange(10_000)
        if chance < self.mix.clocks * 10:
            self._jump()
        elif chance < self.mix.clocks * 10 + self.mix.keys:
            self._drain()
            self._rotate()
        actor = self.dice.choice(self._runnable())
        fault = ""
        if actor.at == IDLE:
            self._ask(actor)
        elif self.dice.randrange(10_000) < self.mix.faults:
            fault = self.dice.choice(("cut", "kill"))
        self._let(actor, fault)
        if self.step % _LOOKS == 0:
            self.witness.compare_all(self.model)

    def _runnable(self) -> list[Actor]:
        """Return the clients that can go on: on SQLite one at a time writes, and on a server some wait for others."""
        waiting = [actor for actor in self.actors if actor.is_waiting]
        if waiting:  # only the client that they wait for goes on, so that never two run at once
            pids = {pid for actor in waiting for pid in self.witness.blockers(actor)}
            free = [one for one in self.actors if not one.is_waiting]
            return [one for one in free if one.at != IDLE and one.pid in pids] or free
        if self.witness.is_server or not any(actor.in_transaction for actor in self.actors):
            return self.actors
        if self.dice.randrange(200) == 0:  # a client that has waited long enough
            return self.actors
        return [actor for actor in self.actors if actor.at != "BEGIN IMMEDIATE"]

    def _let(self, actor: Actor, fault: str = "") -> None:
        """Run a client to its next stop, read the commits, and take its answer."""
        self.step += 1
        at, pid = actor.at, actor.pid
        asked = f"asks {actor.request}" if at == IDLE and actor.request is not None else at
        self._note(actor.number, f"{asked}{f' - {fault}' if fault else ''}")
        actor.go_on(fault)
        self._wait(actor)
        if fault and self.witness.is_server:
            self.witness.wait_for_end(pid)
        for other in self.actors:
            if other.is_waiting and other is not actor:
                self._wait(other)
        self._see(actor)
        for one in self.actors:
            if one.has_answer and not one.is_waiting:
                self._hear(one)

    def _wait(self, actor: Actor) -> None:
        actor.wait(self._blockers if self.witness.is_server else None)

    def _blockers(self, actor: Actor) -> list[int]:
        """Return the clients for which a client waits; none if those wait themselves: the server detects deadlocks."""
        found = ahead = self.witness.blockers(actor)
        known: set[int] = set()
        while ahead:
            known.update(ahead)
            waiting = [one for one in self.actors if one.pid in ahead and (one.is_waiting or one is actor)]
            if len(waiting) < len(ahead):
                return found
            further = [self.witness.blockers(one) for one in waiting]
            if not all(further):  # one of them has its lock by now, and stopped; it is handled in its turn
                return found
            ahead = [pid for pids in further for pid in pids if pid not in known]
        return []

    def _note(self, number: int, what: str) -> None:
        self.history.append((self.step, f"client {number}" if number >= 0 else "operator", what))
        self._sum.update(f"{self.step} {number} {what}\n".encode())

    def _drain(self) -> None:
        """Let all clients finish."""
        while any(actor.at != IDLE or actor.is_waiting for actor in self.actors):
            self._let(next(actor for actor in self._runnable() if actor.at != IDLE))

    def _look(self) -> None:
        """Check everything: against the model, and with the ledger's own verification."""
        self.witness.compare_all(self.model)
        faults = verify(self.machines[0].store).faults
        if faults:
            raise Broken("the ledger is whole", "; ".join(faults[:3]))

    # ----- machines

    def _machine(self) -> Machine:
        key, edition, offset = 0, self.dice.randrange(2), self.dice.randrange(-900_000, 900_000)
        return Machine(self._opened(key), key, edition, offset, is_older=self.dice.randrange(3) == 0)

    def _opened(self, key: int) -> Ledger:
        keys = [key_of(number) for number in range(key, -1, -1)]
        self._top = max(self._top, key)
        return watch(open_ledger(self.url, key=keys[0], old_keys=keys[1:], create=not self._retired, seconds_to_wait=0))

    def _restart(self, machine: Machine, key: int) -> None:
        """Restart a machine with a key; with the newest if exchanges are open that began under a newer one."""
        self._retired.append(machine.store)
        try:
            machine.store, machine.key = self._opened(key), key
        except LedgerError:
            machine.store, machine.key = self._opened(self._top), self._top
        self.count["restarts"] += 1

    def _rotate(self) -> None:
        """Replace the key of one machine by the newest or by a new one, or try an unknown one."""
        machine, kind = self.dice.choice(self.machines), self.dice.randrange(4)
        if kind == 0:
            try:
                open_ledger(self.url, key=key_of(10**6), seconds_to_wait=0).close()
            except LedgerError:
                return
            raise Broken("a stranger's key opens nothing", "it opened the ledger")
        key = self._top if kind == 1 else self._top + 1
        self._note(-1, f"machine {self.machines.index(machine)} gets key {key}")
        self._restart(machine, key)
        self.count["keys"] += kind != 1

    def _jump(self) -> None:
        """Move a clock, or correct it."""
        machine = self.dice.choice(self.machines)
        machine.offset = self.draws.jump()
        self.count["jumps"] += 1
        self._note(-1, f"clock {self.machines.index(machine)} is {machine.offset / 1_000_000:+.1f} s off")

    # ----- requests

    def _ask(self, actor: Actor) -> None:
        """Give an idle client a request: a new one, or a retry of one without an answer."""
        machine = self.dice.choice(self.machines)
        lost = self._lost.pop(actor.number, None)
        if lost is not None and self.dice.randrange(10):
            request = self.draws.again(lost, machine)
        else:
            request = self.draws.request(machine)
        request.ring, request.edition, request.has_made = machine.ring, machine.edition, False
        request.fate.under_way += 1
        request.fate.was_sent = True
        self._judge(request)
        self._home[actor.number] = machine
        self.count["requests"] += 1
        actor.begin(request, self._call(request, machine, actor.number))

    def _judge(self, request: Request) -> None:
        if request.verb in _READS:
            return
        outcome, version = self.model.judge(request)
        request.fate.outcomes.add(outcome)
        if outcome == AGAIN:
            request.fate.versions.add(version)

    def _call(self, request: Request, machine: Machine, number: int) -> Callable[[], object]:
        """Return the call of a request; the machine may be another one when it ends."""
        store, at, key, code, verb = machine.store, instant_of(request.at), request.key, request.code, request.verb
        order = order_id(request.order, self.scheme, code)
        if verb == "accept":
            return self._accepting(request, machine)
        if verb == "feed":
            after = self._feeds.get(number, ("", 0, {}))[0]
            return lambda: store.events(after, limit=50)
        if verb == "get":
            self._states[number] = self.model.lives[code].version if code in self.model.lives else 0
            return lambda: store.get(code)
        wanted = self._order(request) if verb == "reserve" else None
        calls: dict[str, Callable[[], object]] = {
            "sweep": lambda: store.sweep(at),
            "reserve": lambda: store.reserve(
                code,
                wanted,  # type: ignore[arg-type] # it is one
                account=request.account,
                at=at,
                idempotency_key=key,
            ),
            "release": lambda: store.release(code, order=order, at=at, idempotency_key=key),
            "inspect": lambda: store.inspect(
                code, seen(request.answers, request.sims), order=order, at=at, idempotency_key=key
            ),
            "override": lambda: store.override(
                code,
                order=order,
                exchange_value=request.value,
                role="agent",
                person=f"person-{request.person}",
                reason="goodwill",
                at=at,
                idempotency_key=key,
            ),
            "agree": lambda: store.agree(code, account=request.account, at=at, idempotency_key=key),
            "decline": lambda: store.decline(code, account=request.account, at=at, idempotency_key=key),
            "complete": lambda: store.complete(code, order=order, at=at, idempotency_key=key),
            "expire": lambda: store.expire(code, at=at, idempotency_key=key),
            "void": lambda: store.void(code, reason="withdrawn", at=at, idempotency_key=key),
            "reverse": lambda: store.reverse(code, order=order, at=at, idempotency_key=key),
        }
        return calls[verb]

    def _order(self, request: Request) -> Order:
        """Return the order of a reservation; where it is split for two coupons, the part that this one gets.

        Raises:
            Broken: the split gives it another one.
        """
        part, coupons = order_of(request.order, self.scheme), [self._coupons.get(request.code)]
        coupons.append(self._coupons.get(request.twin))
        known = [one for one in coupons if one is not None]
        if len(known) < len(coupons):
            return part
        parts = split_order(whole_order(request.order, self.scheme), known, at=instant_of(request.at))
        if not isinstance(parts, Refusal) and parts[0] != part:
            raise Broken("each unit is paid for with one coupon", f"{request} gets {parts[0].id}, not {part.id}")
        return part

    def _accepting(self, request: Request, machine: Machine) -> Callable[[], object]:
        store, at = machine.store, instant_of(request.at)
        quote = self._sent(request, machine)
        if quote is None:
            return lambda: None
        editions = editions_of(self.scheme)
        programme: Programmes | None = {one.digest: one for one in editions} if request.by == "all" else None
        if request.by == "own":
            programme = editions[request.edition]
        return lambda: store.accept(
            quote,
            programme,
            account=request.account,
            at=at,
            idempotency_key=request.key,
            tags={"address": request.address},
        )

    def _sent(self, request: Request, machine: Machine) -> Quote | None:
        """Return a quote as it comes back; None if it was altered so that it cannot be read."""
        assert request.offer is not None  # noqa: S101 - it is an acceptance
        if request.number in self._forged:
            return self._forged[request.number]
        honest = quote_of(request.offer, self.scheme, key_of(0))
        quote: Quote | None = honest
        if request.is_forged:
            try:
                quote = Quote.from_dict(forged(honest, self.dice))
            except ValueError:
                quote = None
        elif request.is_bare:
            quote = Quote.from_json(honest.to_json())
        elif machine.is_older:
            quote = Quote.from_dict(older(honest.to_dict(reveal_imei=True)))
            if quote != honest:
                raise Broken("what older versions wrote is read", f"{request} is another quote")
        self._forged[request.number] = quote
        return quote

    # ----- commits

    def _see(self, actor: Actor) -> None:
        """Update the model by the commits of a client's step."""
        batch = list(self.witness.news(self.model))
        if not batch:
            return
        kinds = {moved.kind for moved, _ in batch}
        for moved, row in batch:
            request = self._maker(moved, actor.request, is_door="inspect" in kinds)
            life = self.model.move(moved, request)
            if request is not None and request.verb != "sweep":
                if request.fate.made is not None:
                    raise Broken("a request is made once", f"{request} made {request.fate.made}, and it again")
                request.fate.made, request.has_made = (moved.code, moved.version), True
            self._note(-1, f"{moved.code[:4]} is {life.state}, version {life.version}")
            self.witness.compare(life, row, self.scheme)
            self.count["made"] += 1
        for one in self.actors:
            if one.request is not None and one.is_asking:
                self._judge(one.request)

    def _maker(self, moved: Moved, asked: Request | None, *, is_door: bool) -> Request | None:
        """Return the request that made an event, which is that of the current step; None for another's door."""
        if asked is not None and moved.key is None:
            if moved.kind == "void" and is_door and asked.verb == "inspect":
                return None
            if moved.kind == "expire" and asked.verb == "sweep" and asked.at == moved.at:
                return asked
        elif asked is not None and (asked.key, asked.verb) == (moved.key, moved.kind) and self._is_of(moved, asked):
            return asked
        raise Broken("only what somebody asks for is made", f"{moved.kind} of {moved.code[:4]} by {moved.key}: {asked}")

    def _is_of(self, moved: Moved, request: Request) -> bool:
        """Tell whether an event has the content and the instant of a request."""
        if moved.at != (request.at if request.offer is None else following(request.at, request.offer.at)):
            return False
        order = moved.body.get("order")
        if isinstance(order, dict):
            order = order["id"]
        return order is None or order == order_id(request.order, self.scheme, request.code)

    # ----- answers

    def _hear(self, actor: Actor) -> None:
        """Judge the answer to a client."""
        request, answer = actor.request, actor.answer
        assert request is not None  # noqa: S101 - only requests are answered
        actor.request, actor.answer, actor.has_answer = None, None, False
        request.fate.under_way -= 1
        name = type(answer).__name__ if not isinstance(answer, Refusal) else ", ".join(answer.codes)
        self._note(actor.number, f"gets {name}")
        if isinstance(answer, Killed):
            self.count["killed"] += 1
            self._restart_later(actor)
            self._lose(actor, request)
        elif isinstance(answer, Exception):
            self._fail(actor, request, answer)
        elif request.verb in _READS:
            self._read(actor.number, request, answer)
        elif answer is None and request.is_forged:
            self.count["unreadable"] += 1
        elif self.dice.randrange(100) < self.mix.lost:
            self.count["lost"] += 1
            self._lose(actor, request)
        elif isinstance(answer, Exchange):
            self._take(request, answer)
        elif isinstance(answer, Refusal):
            self._refuse(request, answer)
            if not answer.is_final and self.dice.randrange(3) == 0:
                self._lose(actor, request)  # the client retries: it may succeed
        else:
            raise Broken("an answer is an exchange or a refusal", f"{request} got {answer!r}")

    def _restart_later(self, actor: Actor) -> None:
        machine = self._home[actor.number]
        if machine in self.machines and not any(one.in_transaction for one in self.actors):
            self._restart(machine, machine.key)

    def _lose(self, actor: Actor, request: Request) -> None:
        if request.verb not in _READS:
            self._lost[actor.number] = request

    def _fail(self, actor: Actor, request: Request, error: Exception) -> None:
        if not isinstance(error, LedgerError):
            raise Broken("an error is one of the ledger's", f"{request} got {type(error).__name__}: {error}")
        self.count["errors"] += 1
        if not error.is_unknown and request.has_made:
            what = f"{request} made {request.fate.made}: {error}"
            raise Broken("an error that says nothing was changed is right", what)
        self._lose(actor, request)

    def _take(self, request: Request, answer: Exchange) -> None:
        said, fate = (answer.code, answer.version), request.fate
        life = self.model.lives.get(answer.code)
        if life is None or life.version < answer.version or life.history[answer.version - 1] != answer.state.value:
            raise Broken("every acknowledged transition is there", f"{request} was answered with {answer.state}")
        if fate.answered is not None and said != fate.answered:
            raise Broken("a request gets its first answer again", f"{request}: {fate.answered}, now {said}")
        if fate.made is not None:
            if said != fate.made:
                raise Broken("a request is answered with what it made", f"{request} made {fate.made}, got {said}")
        elif any(rival.made for rival in fate.rivals):
            raise Broken("a key with another content is refused", f"{request} was answered with {said}")
        elif answer.version not in fate.versions:
            raise Broken("only what the rules allow is made", f"{request} was answered with {answer.state}, unmade")
        fate.answered = said
        self._coupons[answer.code] = answer.coupon
        self.count["acknowledged"] += 1
        if life.version == answer.version:
            _check_money(life.given, answer)

    def _refuse(self, request: Request, answer: Refusal) -> None:
        codes, fate = ", ".join(answer.codes), request.fate
        if answer.codes == ("request_changed",) and any(one.was_sent for one in fate.rivals if one is not fate):
            if fate.made is not None:
                raise Broken("a request gets its first answer again", f"{request} was made, and now: {codes}")
            self.count["changed"] += 1
            return
        if fate.made is not None or fate.answered is not None:
            raise Broken("a request gets its first answer again", f"{request} was made, and now: {codes}")
        self.count["refused"] += 1
        if not fate.outcomes & {NO, EARLY}:
            raise Broken("nothing is refused without a reason", f"{request} should be made: {codes}")
        if not answer.is_final and "event_not_possible" not in answer.codes and not fate.under_way:
            fate.outcomes.clear()  # a retry is decided anew
            fate.versions.clear()

    def _read(self, number: int, request: Request, answer: object) -> None:
        if request.verb == "get":
            life, least = self.model.lives.get(request.code), self._states[number]
            if isinstance(answer, Exchange):
                fits = life is not None and least <= answer.version <= life.version
                if not fits or life is None or life.history[answer.version - 1] != answer.state.value:
                    raise Broken("what is read was so", f"{request} got {answer.state}, version {answer.version}")
            elif least:
                raise Broken("what is read was so", f"{request} got {answer!r}")
        elif request.verb == "feed":
            self._feed(number, answer)  # type: ignore[arg-type] # what the feed returns

    def _feed(self, number: int, events: Sequence[FeedEvent]) -> None:
        after, last, versions = self._feeds.get(number, ("", 0, {}))
        for one in events:
            version = versions.get(one.code, 0) + 1
            life = self.model.lives.get(one.code)
            if one.number != last + 1 or one.entry.version != version or life is None or life.version < version:
                what = f"position {one.number} after {last}: {one.code[:4]}, version {one.entry.version}"
                raise Broken("the feed has every event once, in order", what)
            after, last, versions[one.code] = one.position, one.number, version
        self._feeds[number] = (after, last, versions)


def _check_money(given: int, exchange: Exchange) -> None:
    """Refuse an exchange whose customer receives anything but the amount by the law of value."""
    currency = Currency("INR")
    if exchange.coupon.currency != currency:
        raise Broken("nobody is richer than the law of value allows", f"{exchange.coupon.currency} instead of rupees")
    at_checkout, settled = exchange.redemption, exchange.settled
    gets = 0
    if at_checkout is not None and exchange.state != State.REVERSED:
        gets = at_checkout.given - (exchange.to_pay_at_the_door if exchange.state != State.REQUOTED else 0)
    if gets != given:
        raise Broken("nobody is richer than the law of value allows", f"{exchange.code[:4]} gives {gets}, not {given}")
    if settled is not None and exchange.state == State.REVERSED:
        bonus = max((amount for amount, _ in BONUSES.values()), default=0)
        if exchange.credit_of_reversal + settled.surplus > exchange.coupon.value + bonus:
            raise Broken("nobody is richer than the law of value allows", f"{exchange.code[:4]}, reversed")
