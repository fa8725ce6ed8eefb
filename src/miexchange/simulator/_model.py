"""The expected behaviour in plain Python: the rules of an exchange, without any code of the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from miexchange.simulator._shop import (
    AUTHORITY,
    BONUSES,
    DECIDE,
    DEDUCTIONS,
    FOREIGN_ORDER,
    GRACE,
    LIMITS,
    OWN,
    REBUY,
    REVERSAL,
    SKEW,
    TOLERANCE,
    VALIDITY,
    Offer,
    Scheme,
    price_of,
    total_of,
)

__all__ = ["AGAIN", "DO", "EARLY", "NO", "Broken", "Fate", "Life", "Model", "Moved", "Request", "following"]

DO, AGAIN, NO, EARLY = "made", "repeated", "refused", "refused by the clock"
"""The possible results of a request. A request that only a clock refuses succeeds later, under the same key."""

_OPEN = ("issued", "reserved", "inspected", "requoted")
_BOUGHT = ("completed", "adjusted")
_HOLDS_ORDER = ("reserved", "inspected", "requoted", "completed", "adjusted")
_ENDED_UNUSED = ("expired", "void")


class Broken(Exception):  # noqa: N818 - what the simulator looks for; it is no mistake of its own
    """A violation of a law.

    Attributes:
        law: the law.
        what: the observation.
    """

    def __init__(self, law: str, what: str) -> None:
        """Compose the sentence."""
        super().__init__(f"{law}: {what}")
        self.law, self.what = law, what


@dataclass(slots=True, eq=False)
class Fate:
    """The result of a request over all its retries.

    Attributes:
        key: its idempotency key.
        outcomes: its possible outcomes since its last final decision.
        versions: the versions with which it may have been repeated.
        made: the code and the version of the event that it made; None before.
        answered: the code and version of its first answer; None before.
        rivals: the fates of all requests with its key, including its own.
        under_way: the number of its calls in progress.
        was_sent: whether it was ever sent.
    """

    key: str
    outcomes: set[str] = field(default_factory=set)
    versions: set[int] = field(default_factory=set)
    made: tuple[str, int] | None = None
    answered: tuple[str, int] | None = None
    rivals: list[Fate] = field(default_factory=list)
    under_way: int = 0
    was_sent: bool = False


@dataclass(slots=True, eq=False)
class Request:
    """One request of a client, with everything that the model needs to know of it.

    Attributes:
        number: its number, the same in a retry.
        verb: the verb of the ledger.
        account: the account; "" for the operator.
        at: the given instant, by the clock of the machine.
        fate: its result so far.
        code: the coupon.
        offer: the quote, if one is accepted.
        is_forged: whether the quote was altered on the way.
        is_bare: whether it is sent without its IMEIs.
        by: the programmes that the machine passes to the ledger: its own edition, "all" by digest, or "kept", none.
        edition: the machine's edition.
        ring: the numbers of the keys that the machine's ledger was opened with.
        order: the number of the order.
        answers: the answers at the door.
        sims: the IMEIs at the door.
        address: the tag that a limit counts by.
        twin: another coupon of the account, with which the order is split; "" for none.
        value: the value by an override.
        person: the person of an override.
        has_made: whether it made its event in this call.
    """

    number: int
    verb: str
    account: str
    at: int
    fate: Fate
    code: str = ""
    offer: Offer | None = None
    is_forged: bool = False
    is_bare: bool = False
    by: str = "all"
    edition: int = 0
    ring: frozenset[int] = frozenset()
    order: int = 0
    answers: str = "good"
    sims: tuple[int, ...] = ()
    address: str = ""
    twin: str = ""
    value: int = 0
    person: int = 0
    has_made: bool = False

    @property
    def key(self) -> str:
        """The idempotency key."""
        return self.fate.key

    def __str__(self) -> str:
        """Return it as text."""
        about = {
            "accept": f"{self.offer and ','.join(map(str, self.offer.sims))} {'forged ' if self.is_forged else ''}"
            f"by {self.account}",
            "reserve": f"order {self.order} by {self.account}",
            "inspect": f"order {self.order}: {self.answers}, IMEIs {','.join(map(str, self.sims))}",
            "override": f"order {self.order}: {self.value} by person {self.person}",
        }.get(self.verb, f"order {self.order}" if self.verb in {"release", "complete", "reverse"} else "")
        name = f"{self.verb} {self.code[:4]} {about}".replace("  ", " ").strip()
        return f"{name} [{self.key}, at {self.at / 1_000_000:.3f}]"


@dataclass(slots=True)
class Life:
    """One exchange in the model; instants in microseconds.

    Attributes:
        offer: the accepted quote.
        sims: the IMEIs by which its phone is known.
        found: the value of the phone with its bonus, as found or granted; None for as quoted.
        is_awaited: whether its coupon cannot be used before the inspection.
        credited: the instant from which it could be used, if it was awaited; None before.
        is_overridden: whether more was granted than it was found to be worth.
        given: what the customer received for it, in minor units: discount and store credit, less payments at the door.
        history: its states, by version from 1.
        last: the kind and the content of the last event.
    """

    code: str
    account: str
    offer: Offer
    address: str
    began: int
    at: int
    valid_until: int
    sims: set[int]
    state: str = "issued"
    version: int = 1
    order: int | None = None
    reserved_at: int = 0
    decide_until: int = 0
    found: int | None = None
    is_awaited: bool = False
    credited: int | None = None
    is_overridden: bool = False
    given: int = 0
    history: list[str] = field(default_factory=lambda: ["issued"])
    last: tuple[object, ...] = ("accept",)

    @property
    def due(self) -> int | None:
        """The instant at which a sweep may end it."""
        if self.state == "issued":
            return None if self.is_awaited else self.valid_until
        return self.decide_until if self.state == "requoted" else None

    @property
    def is_open(self) -> bool:
        """Whether its account and its phone are taken."""
        return self.state in _OPEN

    @property
    def held(self) -> int | None:
        """The order that it holds, or has used."""
        return self.order if self.state in _HOLDS_ORDER else None

    @property
    def bought(self) -> int | None:
        """The instant at which the phone was bought; None if it was not, or went back."""
        if self.credited is not None:
            return None if self.is_open or self.state == "reversed" else self.credited
        return self.at if self.state in _BOUGHT else None

    @property
    def door(self) -> int:
        """The order to which the phone is brought; the exchange itself if it has none."""
        return OWN if self.order is None else self.order

    @property
    def worth(self) -> int:
        """The value of the phone by the law, as handed over or as quoted, with its bonus."""
        return self.offer.value if self.found is None else self.found

    @property
    def value(self) -> int:
        """The value of the coupon: as quoted, or as the phone was found if the coupon came only then."""
        return self.offer.value if self.credited is None else self.worth


class Moved(NamedTuple):
    """An event in the database, and the row of its exchange after it."""

    code: str
    version: int
    kind: str
    at: int
    body: dict[str, object]
    key: str | None


def following(at: int, after: int) -> int:
    """Return the effective instant: a clock may be slightly behind."""
    return after if 0 < after - at <= SKEW else at


class Model:
    """Every exchange of a ledger, and the possible outcomes of a request.

    Attributes:
        lives: the exchanges by their codes.
        kept: the editions of the programme that the ledger stores.
        places: the number of used places of each bonus.
    """

    def __init__(self, scheme: Scheme) -> None:
        """Begin with an empty ledger, for exchanges by a scheme."""
        self.scheme = scheme
        self.lives: dict[str, Life] = {}
        self.kept: set[int] = set()
        self.places = dict.fromkeys(BONUSES, 0)
        self._of_account: dict[str, list[Life]] = {}
        self._of_sim: dict[int, list[Life]] = {}
        self._of_address: dict[str, list[Life]] = {}
        self._of_offer: dict[tuple[object, ...], Life] = {}
        self._orders: dict[int, str] = {}
        self._added: dict[int, list[tuple[int, int]]] = {}

    def is_busy(self, account: str) -> bool:
        """Tell whether an account has as many open exchanges as it may have."""
        return sum(life.is_open for life in self._of_account.get(account, ())) >= self.scheme.devices

    def twin_of(self, life: Life) -> Life | None:
        """Return another exchange of an account, whose coupon can be used for another unit of an order."""
        others = [one for one in self._of_account[life.account] if one.state == "issued" and one is not life]
        return others[0] if others and life.state == "issued" else None

    def is_taken(self, order: int) -> bool:
        """Tell whether an order holds a coupon, or has used one."""
        return order in self._orders

    # ----- possible outcomes of a request

    def judge(self, request: Request) -> tuple[str, int]:
        """Return the outcome of a request now, and the version after it."""
        if request.verb == "accept":
            return self._judge_accept(request)
        life = self.lives.get(request.code)
        if life is None or (request.account and request.account != life.account):
            return NO, 0
        if self._is_again(life, request):
            return AGAIN, life.version
        at = following(request.at, life.at)
        result: str = getattr(self, f"_{request.verb}")(life, request, at)
        if at < life.at:
            result = EARLY if result in {DO, EARLY} else NO
        return result, life.version + 1

    def _judge_accept(self, request: Request) -> tuple[str, int]:
        offer = request.offer
        if offer is None or request.is_forged or not self._is_confirmed(request, offer):
            return NO, 0
        at = following(request.at, offer.at)
        if at < offer.at:
            return EARLY, 0
        if at >= offer.at + GRACE:
            return NO, 0
        known = self._of_offer.get(_identity(offer, request.account))
        if known is not None:
            return (AGAIN, 1) if known.version == 1 else (NO, 0)
        fits = (
            not self.is_busy(request.account)
            and all(self._is_free(sim, at) for sim in offer.sims)
            and not self._is_over(request, offer, at)
        )
        bonus = offer.bonus
        return (DO, 1) if fits and not (bonus and self.places[bonus] >= BONUSES[bonus][1]) else (NO, 0)

    def _is_confirmed(self, request: Request, offer: Offer) -> bool:
        """Tell whether the machine has the key that sealed the quote, and a programme that makes it."""
        if (offer.seal not in request.ring and offer.seal) or (request.is_bare and offer.seal):
            return False
        if request.by == "own":
            return price_of(offer.at, request.edition) == price_of(offer.at, offer.edition)
        return request.by == "all" or offer.edition in self.kept

    def _is_free(self, sim: int, at: int, *, but: str = "", is_open: bool = True) -> bool:
        """Tell whether a phone is in no open exchange, and was not bought too recently."""
        for life in self._of_sim.get(sim, ()):
            if life.code == but:
                continue
            if life.is_open and (is_open or life.credited is not None):
                return False
            if life.bought is not None and at - life.bought < REBUY:
                return False
        return True

    def _is_over(self, request: Request, offer: Offer, at: int) -> bool:
        """Tell whether a limit allows no further exchange."""
        of_phone = {life.code: life for sim in offer.sims for life in self._of_sim.get(sim, ())}
        counted = {
            "account": self._of_account.get(request.account, []),
            "device": list(of_phone.values()),
            "address": self._of_address.get(request.address, []),
        }
        for per, (most, window) in LIMITS.items():
            began = [one for one in counted[per] if one.state not in _ENDED_UNUSED and one.began + window > at]
            if len(began) >= most:
                return True
        return False

    @staticmethod
    def _is_again(life: Life, request: Request) -> bool:
        if request.verb == "reserve":
            return life.order == request.order and life.state not in {"void", "reversed"}
        return life.last == _content(request, life)

    def _reserve(self, life: Life, request: Request, at: int) -> str:
        is_foreign = request.order // self.scheme.devices == FOREIGN_ORDER // self.scheme.devices
        if life.state != "issued" or life.is_awaited or is_foreign or at >= life.valid_until:
            return NO
        return NO if self._orders.get(request.order, life.code) != life.code else DO

    @staticmethod
    def _release(life: Life, request: Request, _: int) -> str:
        return DO if life.state in {"reserved", "inspected"} and life.order == request.order else NO

    def _inspect(self, life: Life, request: Request, at: int) -> str:
        is_due = life.is_awaited if self.scheme.is_credited else life.state == "reserved"
        if not is_due or life.state == "requoted" or not life.is_open or life.door != request.order:
            return NO
        if life.sims.isdisjoint(request.sims):
            return DO  # another phone: cancelled
        is_taken = self.scheme.is_credited and life.offer.value - self._found(life, request) <= TOLERANCE
        since = at if is_taken else life.began  # the coupon's first instant
        free = (self._is_free(sim, since, but=life.code, is_open=False) for sim in self._new(life, request))
        return DO if all(free) else NO

    @staticmethod
    def _found(life: Life, request: Request) -> int:
        """Return the value of a phone by an inspection, with its bonus."""
        bonus = BONUSES[life.offer.bonus][0] if life.offer.bonus else 0
        return price_of(life.offer.at, life.offer.edition) - DEDUCTIONS[request.answers] + bonus

    @staticmethod
    def _new(life: Life, request: Request) -> list[int]:
        return sorted(set(request.sims) - life.sims)

    def _override(self, life: Life, request: Request, at: int) -> str:
        if life.state != "requoted" or life.door != request.order or at >= life.decide_until or life.is_overridden:
            return NO
        once, in_all, window = AUTHORITY
        more = request.value - self.bare(life)
        before = sum(added for then, added in self._added.get(request.person, ()) if then + window > at)
        return DO if request.value <= life.offer.worth and 0 < more <= once and before + more <= in_all else NO

    @staticmethod
    def bare(life: Life) -> int:
        """Return the value of a phone as found or granted, without its bonus."""
        return life.worth - (BONUSES[life.offer.bonus][0] if life.offer.bonus else 0)

    @staticmethod
    def _agree(life: Life, _: Request, at: int) -> str:
        return DO if life.state == "requoted" and at < life.decide_until else NO

    _decline = _agree

    @staticmethod
    def _complete(life: Life, request: Request, _: int) -> str:
        return DO if life.state in {"reserved", "inspected"} and life.order == request.order else NO

    @staticmethod
    def _expire(life: Life, _: Request, at: int) -> str:
        if life.due is None:
            return NO
        return DO if at >= life.due else EARLY

    @staticmethod
    def _void(life: Life, _: Request, __: int) -> str:
        return DO if life.is_open else NO

    @staticmethod
    def _reverse(life: Life, request: Request, at: int) -> str:
        fits = life.state in _BOUGHT and life.order == request.order and at < life.at + REVERSAL
        return DO if fits else NO

    # ----- committed events

    def move(self, moved: Moved, request: Request | None) -> Life:
        """Apply an event from the database, made by a request; None for the door of another exchange.

        Raises:
            Broken: it must not happen.
        """
        kind = moved.kind
        if request is not None and request.verb != "sweep":
            verdict, version = self.judge(request)
            if verdict != DO or version != moved.version:
                raise Broken(
                    "only what the rules allow is made",
                    f"{kind} of {moved.code[:4]}, version {moved.version}: {request} should be {verdict}",
                )
        if kind == "accept":
            return self._begin(moved, request)
        life = self.lives.get(moved.code)
        if life is None or moved.version != life.version + 1:
            raise Broken("an exchange has its events in their order", f"{kind} {moved.code[:4]} {moved.version}")
        counts = following(moved.at, life.at)
        if request is None or request.verb == "sweep":
            is_due = kind == "void" or (life.due is not None and counts >= life.due)
            if not life.is_open or counts < life.at or not is_due:
                raise Broken("only what the rules allow is made", f"{kind} of {moved.code[:4]} in {life.state}")
        self._follow(life, kind, counts, request)
        life.version, life.at = moved.version, counts
        life.last = (
            ("void", "door") if request is None else _content(request, life) if request.verb != "sweep" else (kind,)
        )
        life.history.append(life.state)
        return life

    def _begin(self, moved: Moved, request: Request | None) -> Life:
        if request is None or request.offer is None or moved.code in self.lives:
            raise Broken(
                "only what the rules allow is made", f"an acceptance of {moved.code[:4]} that nobody asked for"
            )
        offer = request.offer
        life = Life(
            moved.code,
            request.account,
            offer,
            request.address,
            moved.at,
            moved.at,
            moved.at + VALIDITY,
            set(offer.sims),
            is_awaited=self.scheme.is_credited,
        )
        coupon = moved.body["coupon"]
        assert isinstance(coupon, dict)  # noqa: S101 - the JSON form of an acceptance
        bonuses = {bonus["id"]: bonus["amount"] for bonus in coupon["bonuses"]}
        due = {offer.bonus: BONUSES[offer.bonus][0]} if offer.bonus else {}
        if (coupon["exchange_value"], bonuses) != (offer.worth, due):
            what = (
                f"{moved.code[:4]} is worth {coupon['exchange_value']} and {bonuses}, by the law {offer.worth}, {due}"
            )
            raise Broken("nobody is richer than the law of value allows", what)
        self.lives[moved.code] = life
        self._of_account.setdefault(life.account, []).append(life)
        self._of_address.setdefault(life.address, []).append(life)
        for sim in offer.sims:
            self._of_sim.setdefault(sim, []).append(life)
        self._of_offer[_identity(offer, life.account)] = life
        if offer.bonus:
            self.places[offer.bonus] += 1
        self.kept.add(request.edition if request.by == "own" else offer.edition)
        return life

    def _follow(self, life: Life, kind: str, at: int, request: Request | None) -> None:
        """Change an exchange by an event; the request gives its content."""
        was = life.held
        if kind == "reserve" and request is not None:
            life.state, life.order, life.reserved_at = "reserved", request.order, at
            life.given = self._discounted(life)
        elif kind == "release":
            life.state, life.order, life.given = "issued", None, 0
            life.is_overridden = life.is_overridden and life.credited is not None
            life.valid_until = at + (life.valid_until - life.reserved_at)
        elif kind == "inspect" and request is not None:
            self._see(life, at, request)
        elif kind == "override" and request is not None:
            self._added.setdefault(request.person, []).append((at, request.value - self.bare(life)))
            life.is_overridden = True
            if request.value == life.offer.worth:
                life.found = None
                self._pass(life, at)
            else:
                life.found = life.worth + request.value - self.bare(life)
        elif kind == "agree" and life.is_awaited:
            self._pass(life, at)
        elif kind == "agree":
            life.state, life.given = "adjusted", self._discounted(life)
        elif kind == "complete":
            life.state = "completed"
        else:  # it ends
            is_expired = kind == "expire" and life.state == "issued"
            life.state, life.given = "expired" if is_expired else "reversed" if kind == "reverse" else "void", 0
        self._give_back(life, was)

    def _give_back(self, life: Life, was: int | None) -> None:
        """Release the resources of an exchange that ended: the place of its bonus, and its order."""
        if life.state in _ENDED_UNUSED and life.offer.bonus:
            self.places[life.offer.bonus] -= 1
        if was is not None and life.held is None:
            del self._orders[was]
        if life.held is not None:
            self._orders[life.held] = life.code

    @staticmethod
    def _pass(life: Life, at: int) -> None:
        """Accept a phone at its worth; a coupon that was awaited can be used from now on."""
        if not life.is_awaited:
            life.state = "inspected"
            return
        life.state, life.is_awaited, life.credited, life.valid_until = "issued", False, at, at + VALIDITY

    def _discounted(self, life: Life) -> int:
        """Return the coupon's discount on its order, and the unused part of the phone's value.

        The bonus is spent first, and the rest of one is lost.
        """
        assert life.order is not None  # noqa: S101 - whoever asks has one
        bonus = BONUSES[life.offer.bonus][0] if life.offer.bonus else 0
        discount = min(life.worth, total_of(life.order, self.scheme))
        return discount + (life.worth - bonus) - (discount - min(bonus, discount))

    def _see(self, life: Life, at: int, request: Request) -> None:
        """Judge an inspection, and record the phone's other number."""
        if life.sims.isdisjoint(request.sims):
            life.state, life.given = "void", 0
            return
        for sim in self._new(life, request):
            life.sims.add(sim)
            self._of_sim.setdefault(sim, []).append(life)
        found = self._found(life, request)
        if life.offer.value - found <= TOLERANCE:
            self._pass(life, at)
        else:
            life.state, life.decide_until, life.found = "requoted", at + DECIDE, found


def _identity(offer: Offer, account: str) -> tuple[object, ...]:
    """Return the inputs of a coupon's code."""
    return (offer.sims, offer.answers, offer.at, offer.given, offer.value, account)


def _content(request: Request, life: Life) -> tuple[object, ...]:
    """Return the identity of an event: everything but its instant."""
    verb = request.verb
    if verb == "inspect" and life.sims.isdisjoint(request.sims):
        return verb, request.order, request.answers, "another phone"
    if verb == "inspect":
        return verb, request.order, request.answers, request.sims, request.ring  # a token by each key is in the event
    if verb in {"release", "complete", "reverse"}:
        return verb, request.order
    if verb == "override":
        return verb, request.order, request.value, request.person
    if verb in {"agree", "decline"}:
        return verb, request.account
    return (verb, "withdrawn") if verb == "void" else (verb,)
