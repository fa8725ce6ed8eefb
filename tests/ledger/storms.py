"""Storms: many workers do what the ledger must withstand; small in the tests, as large as the promise in `make prove`.

python storms.py forks URL CHILDREN EACH PATIENCE [careless]     a server that forks workers while it serves
python storms.py STORM URL WORKERS THINGS SEED TURN               the processes of any other storm

Each storm is one function that returns its figures; `broken` lists the figures that break a promise. A storm is run by
threads or by processes, each worker draws from a seed of its own, and no worker reads a clock. `test_storms.py` runs
each of them against a careless ledger, too: a storm that cannot fail proves nothing.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, fields
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from random import Random
from threading import Barrier, Event, Thread
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from ledger import forks as forking
from ledger import load, proofs, shop
from ledger.shop import AT, HOUR, KEY, account, imei, order
from miexchange import Device, Exchange, InvalidValue, Quote, Refusal, accept, appraise, ledger
from miexchange.exchange import State
from miexchange.ledger import LedgerError, verify
from miexchange.ledger import _forks as guarded
from miexchange.programme import Bonus
from unit import small, trade

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ledger.proofs import How
    from miexchange.condition import Condition
    from miexchange.ledger import Ledger
    from miexchange.programme import Programme

__all__ = ["STORMS", "Figures", "forge", "forged", "fork", "honest", "keys", "quotas", "sims", "skew"]

Said = list[tuple[str, int]]
"""What a worker saw, and of which phone."""
Edit = Callable[[dict[str, Any], Random], None]
Work = Callable[["Ledger", "Part"], Said]

PATIENCE = 30  # seconds that a worker waits for another before it gives up
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


HEADS = {
    "altered": "refused as altered",
    "faults": "`verify` faults",
    "first_at_most": "first at most at once",
    "made_later": "made later by the same key",
    "never": "never bought",
    "not_back": "places not back",
    "other_counts": "counts that are not the events'",
    "other_coupons": "coupons not as appraised",
    "other_seal": "sealed with a key that the server lacks",
    "other_standing": "standing wrong",
    "otherwise": "refused otherwise",
    "outdated": "as outdated",
    "over": "over the quota",
    "refused_within": "refused within 2 s",
    "second_at_most": "second at most at once",
    "strange_opened": "strange key opened",
    "strange_refused": "strange key refused",
    "taken": "phone taken before",
    "unreadable": "refused when read",
    "unsealed": "as unsealed",
    "within": "lives within 2 s",
}
"""What a table calls a figure, where its name does not say it to everybody."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a storm.

    Attributes:
        ZERO: the figures that must be 0.
        SAME: pairs of figures that must be equal.
        seconds: how long it took.
    """

    ZERO: ClassVar[tuple[str, ...]] = ()
    SAME: ClassVar[tuple[tuple[str, str], ...]] = ()

    seconds: float

    @property
    def broken(self) -> list[str]:
        """What breaks a promise, each as one text."""
        zero = [f"{name} is {getattr(self, name)}" for name in self.ZERO if getattr(self, name)]
        pairs = [(one, other) for one, other in self.SAME if getattr(self, one) != getattr(self, other)]
        return zero + [f"{one} is {getattr(self, one)}, not the {getattr(self, other)} {other}" for one, other in pairs]

    @property
    def row(self) -> dict[str, object]:
        """The figures by name, as a table shows them."""
        names = [field.name for field in fields(self) if field.name != "seconds"]
        told = {HEADS.get(name, name.replace("_", " ")): getattr(self, name) for name in names}
        return {**told, "took": f"{self.seconds:.0f} s"}


# ----- workers


class Part(NamedTuple):
    """What one worker of a storm has to do.

    Attributes:
        url: the database.
        worker: the worker's number.
        workers: how many there are.
        things: the size of the storm, as its own work counts it.
        seed: where dice are drawn from.
        turn: which turn of the storm it is.
    """

    url: str
    worker: int
    workers: int
    things: int
    seed: int
    turn: int

    def dice(self) -> Random:
        """Return the worker's dice."""
        return Random(f"{self.seed} {self.turn} {self.worker}")  # noqa: S311 - dice, not secrets


def _run(url: str, what: str, workers: int, things: int, how: How, *, seed: int, turn: int = 0) -> Said:
    """Let all workers do their parts at once; return what they said."""
    if how == "processes":
        numbers = [str(number) for number in (workers, things, seed, turn)]
        done = _script(what, url, *numbers)
        return [(said, number) for line in done for said, number in json.loads(line)]
    parts = [Part(url, worker, workers, things, seed, turn) for worker in range(workers)]
    start = Barrier(workers)
    with ExitStack() as stack:
        stores: dict[tuple[bytes, ...], Ledger] = {}
        for part in parts:
            keys_of = _keys_of(what, part)
            if keys_of not in stores:
                opened = ledger.open(url, key=keys_of[0], old_keys=keys_of[1:])
                stores[keys_of] = stack.enter_context(opened)

        def work(part: Part) -> Said:
            start.wait()
            return WORK[what](stores[_keys_of(what, part)], part)

        pool = stack.enter_context(ThreadPoolExecutor(workers))
        return [one for said in pool.map(work, parts) for one in said]


def _script(*arguments: str) -> list[str]:
    """Run this file in a process of its own, and return the lines that it printed."""
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(Path(__file__).resolve()), *arguments],
        env=proofs.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def _fork_workers(what: str, url: str, workers: int, things: int, seed: int, turn: int) -> None:
    """Fork a process for each worker; each opens the ledger, all begin at once, and what they said is printed."""
    go_read, go_write = os.pipe()
    answers, children = [], []
    for worker in range(workers):
        ready_read, ready_write = os.pipe()
        read, write = os.pipe()
        part = Part(url, worker, workers, things, seed, turn)
        child = os.fork()
        if child == 0:
            os.close(go_write)
            os._exit(_worked(what, part, ready_write, go_read, write))
        os.close(ready_write)
        os.close(write)
        os.read(ready_read, 1)  # one after the other: the first one of a new key takes it into the ledger
        os.close(ready_read)
        answers.append(read)
        children.append(child)
    os.close(go_write)
    for read in answers:
        with os.fdopen(read) as lines:
            print(lines.read(), end="")  # noqa: T201 - to whoever started it
    if any(forking.waited(children)):
        sys.exit("a worker failed")


def _worked(what: str, part: Part, ready: int, go: int, write: int) -> int:
    """Do a worker's part in a process; return its exit code."""
    try:
        keys_of = _keys_of(what, part)
        with ledger.open(part.url, key=keys_of[0], old_keys=keys_of[1:]) as store:
            os.write(ready, b".")
            os.read(go, 1)  # until the other end is closed
            said = WORK[what](store, part)
        with os.fdopen(write, "w") as lines:
            lines.write(json.dumps(said) + "\n")
    except BaseException:  # noqa: BLE001 - the parent's stack is not the child's to unwind
        traceback.print_exc()
        return 1
    return 0


def _keys_of(what: str, part: Part) -> tuple[bytes, ...]:
    """Return the keys with which a worker opens the ledger, the one in use first."""
    return _keys_of_server(part) if what == "keys" else (KEY,)


def _exchanges(store: Ledger) -> Iterator[Exchange]:
    """Fold every exchange of a ledger."""
    return proofs._all(store)  # noqa: SLF001 - as the proofs do


# ----- forged quotes


@dataclass(frozen=True, slots=True)
class Forgeries(Figures):
    """What became of quotes that were edited on the way.

    Attributes:
        tried: how many quotes were offered.
        honest: how many of these were as the service made them.
        unreadable: how many edited ones were refused when their JSON was read.
        altered: how many were refused as altered.
        outdated: how many were refused because they name another programme and say other than this one.
        unsealed: how many were refused because their seal was missing.
        taken: how many honest quotes were refused, because another account had accepted the phone's quote before.
        otherwise: how many were refused for any other reason.
        accepted: how many were accepted.
        forged_accepted: how many of these were edited.
        forged_paid: for how many of these the phone was handed over.
        other_coupons: coupons whose value, bonuses, usage or validity is not what the service makes of the phone.
        faults: the faults that `verify` found.
    """

    ZERO: ClassVar[tuple[str, ...]] = ("otherwise", "forged_accepted", "forged_paid", "other_coupons", "faults")
    SAME: ClassVar[tuple[tuple[str, str], ...]] = (("accepted", "honest"),)

    tried: int
    honest: int
    unreadable: int
    altered: int
    outdated: int
    unsealed: int
    taken: int
    otherwise: int
    accepted: int
    forged_accepted: int
    forged_paid: int
    other_coupons: int
    faults: int


OFFERS = 10
"""How often the quote of a phone is offered: once as it is, and nine times edited."""
TAKEN = 10
"""How many phones are in an exchange before the storm; other accounts offer their quotes."""
BONUS = Bonus("festival", "Festival bonus", paise=50_000, quota=1_000_000)
LENIENT = trade.programme(bonuses=(BONUS,))
STRICT = trade.programme(bonuses=(BONUS,), quote_seal="required")
WORN = trade.SAID.replace(glass="scratched", battery="worn")


def forge(url: str, how: How, workers: int, tries: int, *, seed: int = 0) -> Forgeries:
    """Offer quotes, most of them edited, while the honest quote of the same phone is offered.

    Args:
        url: an empty database.
        how: threads that share a ledger, or processes.
        workers: how many work at once.
        tries: how many quotes are offered; one in ten is honest.
        seed: where the edits are drawn from.
    """
    with ledger.open(url, key=KEY) as store:
        for phone in range(TAKEN):
            asked = {"account": account(phone), "at": AT, "idempotency_key": f"before-{phone}"}
            shop.made(store.accept(honest(phone), _programme_of(phone), **asked))  # type: ignore[arg-type]
        begin = time.perf_counter()
        said = _run(url, "forge", workers, tries, how, seed=seed)
        seconds = time.perf_counter() - begin
        count = Counter(what for what, _ in said)
        others = sum(not _is_as_appraised(exchange) for exchange in _exchanges(store))
        faults = len(verify(store).faults)
    named = ("unreadable", "quote_altered", "quote_outdated", "quote_unsealed", "device_in_exchange")
    known = {"accepted", "forged accepted", "forged paid", "honest", *named}
    return Forgeries(
        tried=tries,
        honest=count["honest"],
        unreadable=count["unreadable"],
        altered=count["quote_altered"],
        outdated=count["quote_outdated"],
        unsealed=count["quote_unsealed"],
        taken=count["device_in_exchange"],
        otherwise=sum(times for what, times in count.items() if what not in known),
        accepted=count["accepted"],
        forged_accepted=count["forged accepted"],
        forged_paid=count["forged paid"],
        other_coupons=others,
        faults=faults,
        seconds=seconds,
    )


def _said_of(phone: int) -> Condition:
    """Return the answers for a phone: some are worn, so that better answers would pay more."""
    return WORN if phone % 3 else trade.SAID


def _programme_of(phone: int) -> Programme:
    return STRICT if phone % 4 == 3 else LENIENT


def _is_sealed(phone: int) -> bool:
    return bool(phone % 2)


@cache
def honest(phone: int) -> Quote:
    key = KEY if _is_sealed(phone) else None
    answer = appraise(shop.phone(phone), _said_of(phone), _programme_of(phone), at=AT, key=key)
    assert isinstance(answer, Quote), answer.explain()
    return answer


def _is_as_appraised(exchange: Exchange) -> bool:
    """Tell whether quote and coupon are what the service makes of its account's phone."""
    phone = int(exchange.account.partition("-")[2])
    coupon, made = exchange.coupon, honest(phone)
    return (
        exchange.quote == made.without_imei()
        and (coupon.value, coupon.bonuses, coupon.usage) == (made.coupon_value, made.bonuses, made.usage)
        and coupon.valid_until - coupon.valid_from == timedelta(days=made.usage.valid_days)
    )


def _forging(store: Ledger, part: Part) -> Said:
    said: Said = []
    for number in range(part.worker, part.things, part.workers):  # the offers of a phone fall to different workers
        phone, offer = TAKEN + number // OFFERS, number % OFFERS
        dice = Random(f"{part.seed} {number}")  # noqa: S311 - a forger's dice
        is_honest = offer == Random(f"{part.seed} {phone}").randrange(OFFERS)  # noqa: S311 - as above
        who = account(phone)
        edits: tuple[Edit, ...] = ()
        if is_honest:
            said.append(("honest", phone))
        elif dice.random() < 0.05:
            phone, who = phone % TAKEN, f"thief-{number}"
        else:
            edits = _edits(phone, dice)
        offered = _edited(phone, edits, dice)
        if offered is None:
            said.append(("unreadable", phone))
            continue
        asked: dict[str, Any] = {"account": who, "at": AT, "idempotency_key": f"offer-{number}"}
        answer = store.accept(offered, _programme_of(phone), **asked)
        if isinstance(answer, Refusal):
            said.append((answer.codes[0], phone))
            continue
        said.append(("accepted", phone))
        paid = _handed_over(store, answer, who, number)
        if not is_honest:
            said += [("forged accepted", phone)] + [("forged paid", phone)] * paid
    return said


def _edited(phone: int, edits: tuple[Edit, ...], dice: Random) -> Quote | None:
    """Return the quote as it comes back from other hands; None where it cannot be read any more."""
    data = json.loads(honest(phone).to_json(reveal_imei=True))
    for edit in edits:
        edit(data, dice)
    try:
        return Quote.from_json(json.dumps(data))
    except InvalidValue:
        return None


def _handed_over(store: Ledger, exchange: Exchange, who: str, number: int) -> bool:
    """Use a coupon and hand the phone over; tell whether that was possible."""
    wanted = order(number)
    asked: dict[str, Any] = {"account": who, "at": AT, "idempotency_key": f"use-{number}"}
    held = store.reserve(exchange.code, wanted, **asked)
    done = store.complete(exchange.code, order=wanted.id, at=AT, idempotency_key=f"hand-over-{number}")
    return isinstance(held, Exchange) and isinstance(done, Exchange)


def forged(phone: int, number: int) -> Quote | None:
    """Return one of many forgeries of a phone's quote."""
    dice = Random(number)  # noqa: S311 - a forger's dice
    return _edited(phone, _edits(phone, dice), dice)


def _edits(phone: int, dice: Random) -> tuple[Edit, ...]:
    """Draw what is edited: one thing or several, each of which makes it a quote that the service did not make."""
    if _programme_of(phone) is STRICT and dice.random() < 0.2:
        return (_strip,)
    if dice.random() < 0.05:
        return (_digest, _amount)
    if _is_sealed(phone) and dice.random() < 0.3:
        return (dice.choice(SEALED_EDITS),)
    several = dice.sample(EDITS, dice.choice((1, 1, 1, 2, 3)))
    return tuple([*several, _strip] if dice.random() < 0.2 else several)


def _amount(data: dict[str, Any], dice: Random) -> None:
    """Raise the amount of a line, and the sums with it."""
    more = dice.randint(1, 500_000)
    dice.choice(data["lines"])["amount"] += more
    data["coupon_value"] += more
    data["exchange_value"] += more


def _sum(data: dict[str, Any], dice: Random) -> None:
    """Raise the value only."""
    data["coupon_value"] += dice.randint(1, 500_000)


def _bonus(data: dict[str, Any], dice: Random) -> None:
    """Add a bonus."""
    more = dice.randint(1, 500_000)
    data["bonuses"].append({"id": "mine", "amount": more, "target": None, "quota": None})
    data["lines"].append({"rule": "bonus:mine", "amount": more, "effect": "Mine", "source": "bonuses[mine]"})
    data["coupon_value"] += more


def _quota(data: dict[str, Any], _: Random) -> None:
    """Take a bonus out of its quota."""
    data["bonuses"][0]["quota"] = None


def _usage(data: dict[str, Any], dice: Random) -> None:
    """Use the coupon for something else, or for longer."""
    name, value = dice.choice(
        (("valid_days", 3_650), ("categories", ["smartphone", "television"]), ("brands", []), ("channels", ["web"]))
    )
    data["usage"][name] = value


def _validity(data: dict[str, Any], _: Random) -> None:
    data["valid_until"] = "2030-01-01T00:00:00Z"


def _grade(data: dict[str, Any], _: Random) -> None:
    data["grade"] = "B" if data["grade"] == "A" else "A"


def _label(data: dict[str, Any], _: Random) -> None:
    data["label"] = "Acme Two (8 GB, 128 GB)"


def _warnings(data: dict[str, Any], _: Random) -> None:
    data["warnings"] = []


def _priced_from(data: dict[str, Any], _: Random) -> None:
    data["priced_from"] = "2020-01-02T00:00:00Z"


def _answers(data: dict[str, Any], _: Random) -> None:
    """Answer otherwise, at the same price."""
    data["condition"]["battery"] = "worn" if data["condition"]["battery"] == "good" else "good"


def _strip(data: dict[str, Any], _: Random) -> None:
    """Take the seal off."""
    data["seal"] = ""


def _digest(data: dict[str, Any], _: Random) -> None:
    """Name another programme."""
    data["digest"] = "0" * 64


def _imei(data: dict[str, Any], dice: Random) -> None:
    """Put another phone's IMEI in place of one."""
    data["imeis"][dice.randrange(2)] = imei(dice.randint(10**6, 10**7)).digits


def _given(data: dict[str, Any], _: Random) -> None:
    """Say that a bonus was given less often than it was."""
    data["bonuses_given"] = [["festival", 1]]


def _bought_on(data: dict[str, Any], _: Random) -> None:
    """Say when the customer bought the phone."""
    data["purchased_on"] = "2020-01-01"


EDITS: tuple[Edit, ...] = (
    *(_amount, _amount, _sum, _bonus, _quota, _usage, _usage),
    *(_validity, _grade, _label, _warnings, _priced_from, _answers),
)
"""What makes a quote one that the programme does not make of its inputs."""
SEALED_EDITS: tuple[Edit, ...] = (_imei, _given, _bought_on, _digest)
"""What changes an input, which only a seal tells."""


# ----- forks


@dataclass(frozen=True, slots=True)
class Forks(Figures):
    """What became of a server that forks while it serves.

    Attributes:
        processes: how many children were forked, with the child of each of them.
        answers: how many answers were about the coupon that was asked for, and as the ledger has it.
        foreign: how many were not.
        errors: how many calls raised an error, and how many processes ended with one.
        hanging: how many processes had to be killed.
        faults: the faults that `verify` found.
    """

    ZERO: ClassVar[tuple[str, ...]] = ("foreign", "errors", "hanging", "faults")

    processes: int
    answers: int
    foreign: int
    errors: int
    hanging: int
    faults: int


def fork(url: str, children: int, each: int, *, patience: int = 300, careless: bool = False) -> Forks:
    """Let a server fork workers while it serves, and each of them another one; all serve customers of their own.

    Args:
        url: an empty database.
        children: how many workers the server forks.
        each: how many customers a process serves, before its own child and after it.
        patience: the seconds after which a process counts as hanging.
        careless: whether the ledger does not notice the forks.
    """
    begin = time.perf_counter()
    (line,) = _script("forks", url, str(children), str(each), str(patience), *(["careless"] if careless else []))
    answers, foreign, errors, hanging, faults = json.loads(line)
    seconds = time.perf_counter() - begin
    return Forks(seconds, 2 * children, answers, foreign, errors, hanging, faults)


def _served(store: Ledger, numbers: range) -> Counter[str]:
    """Let coupons live; count the answers that are the asker's own and those that are not."""
    count: Counter[str] = Counter()
    for number in numbers:
        for verb in ("accept", "reserve", "complete"):
            try:
                answer = load.step(store, verb, number, f"{verb}-{number}")
                found = store.get(shop.code(number))
            except Exception:  # noqa: BLE001 - whatever a connection in two processes makes of it
                count["errors"] += 1
            else:
                is_own = isinstance(answer, Exchange) and answer.code == shop.code(number) and answer == found
                count["answers" if is_own else "foreign"] += 1
    return count


def _serve_and_fork(url: str, children: int, each: int, patience: int, *, careless: bool) -> None:
    """Be the server: open the ledger, warm its connections, fork, go on, and print the figures."""
    forking.PATIENCE = patience
    signal.alarm(8 * patience)
    store = ledger.open(url, key=KEY)
    forking.live(store, range(1, 2))
    if careless:
        guarded._ledgers.clear()  # noqa: SLF001 - this ledger is to notice no fork
        guarded._engines.clear()  # noqa: SLF001 - as above
        guarded._process.connections.clear()  # noqa: SLF001 - as above
    is_over, count = Event(), Counter[str]()
    read, write = os.pipe()

    def go_on(thread: int) -> None:
        served = 0
        while not is_over.is_set():
            count.update(_served(store, forking.customers(children + thread, served, 1)))
            served += 1

    threads = [Thread(target=go_on, args=(thread,), daemon=True) for thread in range(forking.THREADS)]
    for one in threads:
        one.start()
    pids = []
    for number in range(children):
        time.sleep(0.02)  # in the middle of whatever they do
        pids.append(forking.forked(partial(_child, store, number, each, write)))
    ended = forking.waited(pids)
    is_over.set()
    for one in threads:
        one.join(patience)
    os.close(write)
    with os.fdopen(read) as lines:
        for line in lines:
            count.update(json.loads(line))
    killed = [code for code in ended if code == -signal.SIGALRM]
    hanging = len(killed) + sum(one.is_alive() for one in threads)
    count["errors"] += sum(code != 0 for code in ended) - len(killed)
    with ledger.open(url, key=KEY) as again:
        faults = len(verify(again).faults)
    figures = [count["answers"], count["foreign"], count["errors"], hanging, faults]
    print(json.dumps(figures), flush=True)  # noqa: T201 - to whoever started it
    os._exit(0)  # a thread that hangs is not waited for


def _child(store: Ledger, number: int, each: int, write: int) -> None:
    count = _served(store, forking.customers(number, 0, each))
    grandchild = forking.forked(
        lambda: _say(write, _served(store, forking.customers(number, each, each)))  # its parent goes on meanwhile
    )
    count += _served(store, forking.customers(number, 2 * each, each))
    if number % 3 == 0:
        store.close()  # what it closes is its own
    if forking.waited([grandchild]) != [0]:
        count["errors"] += 1
    count += _served(store, forking.customers(number, 3 * each, each))
    _say(write, count)


def _say(write: int, count: Counter[str]) -> None:
    os.write(write, (json.dumps(count) + "\n").encode())  # short enough to be written at once


# ----- skew


@dataclass(frozen=True, slots=True)
class Skew(Figures):
    """What became of lives whose steps were made on machines with different clocks.

    Attributes:
        lives: how many coupons were quoted, accepted, reserved and completed.
        requests: how many first requests that is.
        within: how many lives only met clocks that differ by no more than the terms allow.
        refused_within: how many requests of these were refused.
        refused_beyond: how many requests of the others were refused.
        made_later: how many of these were made by the same idempotency key, once the clock was right.
        otherwise: refusals for another reason than the instant.
        unfinished: how many coupons are not completed.
        faults: the faults that `verify` found.
    """

    ZERO: ClassVar[tuple[str, ...]] = ("refused_within", "otherwise", "unfinished", "faults")
    SAME: ClassVar[tuple[tuple[str, str], ...]] = (("made_later", "refused_beyond"),)

    lives: int
    requests: int
    within: int
    refused_within: int
    refused_beyond: int
    made_later: int
    otherwise: int
    unfinished: int
    faults: int


VERBS = ("accept", "reserve", "complete")
FAR = {5: -4 * MINUTE, 7: 6 * MINUTE}
"""The workers whose clocks are wrong by minutes."""
PUT_RIGHT = 10 * MINUTE
"""When all clocks are right."""
OF_THE_INSTANT = {"event_before_last", "quote_not_yet_valid", "coupon_not_yet_valid"}


def skew(url: str, how: How, workers: int, lives: int, *, seed: int = 0) -> Skew:
    """Let coupons live on machines whose clocks differ by up to a second either way, and two of them by minutes.

    Args:
        url: an empty database.
        how: threads that share a ledger, or processes.
        workers: how many machines there are, at least 8.
        lives: how many coupons.
        seed: where the clocks are drawn from.
    """
    with ledger.open(url, key=KEY) as store:
        begin = time.perf_counter()
        said = _run(url, "skew", workers, lives, how, seed=seed)
        seconds = time.perf_counter() - begin
        done = sum(exchange.state == State.COMPLETED for exchange in _exchanges(store))
        faults = len(verify(store).faults)
    count = Counter(what for what, _ in said)
    return Skew(
        lives=lives,
        requests=count["request"],
        within=sum(_is_within(number, workers) for number in range(lives)),
        refused_within=count["refused within"],
        refused_beyond=count["refused beyond"],
        made_later=count["made later"],
        otherwise=count["otherwise"],
        unfinished=lives - done,
        faults=faults,
        seconds=seconds,
    )


def _machines(number: int, workers: int) -> list[int]:
    """Return the machines of a life: the one that quotes, then those of the steps."""
    return [(number + step) % workers for step in range(1 + len(VERBS))]


def _is_within(number: int, workers: int) -> bool:
    return FAR.keys().isdisjoint(_machines(number, workers))


def _small_skew(seed: int, worker: int) -> timedelta:
    """Return by how much the clock of a machine is wrong that is as right as clocks are."""
    return Random(f"{seed} clock {worker}").uniform(-1, 1) * SECOND  # noqa: S311 - a clock, not a secret


def _clock(seed: int, worker: int, number: int, step: int) -> datetime:
    """Return what a machine's clock shows at a step of a life; the steps follow each other in a millisecond."""
    now = AT + (10 * number + step) * SECOND / 1_000
    return now + FAR.get(worker, _small_skew(seed, worker))


@cache
def _quoted_at(at: datetime, number: int) -> Quote:
    answer = appraise(shop.phone(number), trade.SAID, shop.PROGRAMME, at=at)
    assert isinstance(answer, Quote), answer.explain()
    return answer


def _skewing(store: Ledger, part: Part) -> Said:
    said: Said = []
    for step, verb in enumerate(VERBS, start=1):
        for number in range(part.things):
            machines = _machines(number, part.workers)
            if machines[step] != part.worker:
                continue
            quote = _quoted_at(_clock(part.seed, machines[0], number, 0), number)
            code = _code_of(quote, number)
            _wait_for(store, code, step - 1)
            at = _clock(part.seed, part.worker, number, step)
            answer = _step(store, verb, quote, number, at)
            said.append(("request", number))
            if isinstance(answer, Exchange):
                continue
            said.append(("refused within" if _is_within(number, part.workers) else "refused beyond", number))
            if not set(answer.codes) <= OF_THE_INSTANT:
                said.append(("otherwise", number))
            at = AT + PUT_RIGHT + _small_skew(part.seed, part.worker)
            if isinstance(_step(store, verb, quote, number, at), Exchange):
                said.append(("made later", number))
            else:
                _step(store, verb, quote, number, at + MINUTE, "another key ")  # so that the life goes on
    return said


@cache
def _code_of(quote: Quote, number: int) -> str:
    return shop.made(accept(quote, shop.PROGRAMME, account=account(number), at=quote.at, key=KEY)).code


def _wait_for(store: Ledger, code: str, version: int) -> None:
    """Wait until another machine has made the step before."""
    for _ in range(1_000 * PATIENCE):
        found = store.get(code) if version else None
        if not version or (found is not None and found.version >= version):
            return
        time.sleep(0.001)
    raise TimeoutError(code)


def _step(store: Ledger, verb: str, quote: Quote, number: int, at: datetime, of: str = "") -> Exchange | Refusal:
    code, key = _code_of(quote, number), f"{of}{verb}-{number}"
    if verb == "accept":
        return store.accept(quote, shop.PROGRAMME, account=account(number), at=at, idempotency_key=key)
    if verb == "reserve":
        return store.reserve(code, order(number), account=account(number), at=at, idempotency_key=key)
    return store.complete(code, order=order(number).id, at=at, idempotency_key=key)


# ----- two SIMs


@dataclass(frozen=True, slots=True)
class Sims(Figures):
    """What became of phones with two SIMs that were offered by either, and by both.

    Attributes:
        phones: how many.
        attempts: how many acceptances were asked for.
        accepted: how many exchanges began.
        closed_by_the_door: how many of these were called off, because the phone was seen at another one's door.
        bought_once: how many phones were bought once.
        bought_twice: how many were bought more often.
        bought_again: how many offers were accepted after all phones had been bought.
        other_standing: how many phones are not known as bought, in that exchange, by each SIM.
        faults: the faults that `verify` found.
    """

    ZERO: ClassVar[tuple[str, ...]] = ("bought_twice", "bought_again", "other_standing", "faults")
    SAME: ClassVar[tuple[tuple[str, str], ...]] = (("bought_once", "phones"),)

    phones: int
    attempts: int
    accepted: int
    closed_by_the_door: int
    bought_once: int
    bought_twice: int
    bought_again: int
    other_standing: int
    faults: int


DOOR = trade.programme(trade.RULES.replace(inspection="required"))
SHOWN = ((0,), (1,), (0, 1))
"""By which of its SIMs a phone is offered."""
OFFERED = 3
"""How often each worker offers each phone."""


def sims(url: str, how: How, workers: int, phones: int, *, seed: int = 0) -> Sims:
    """Offer phones with two SIMs by the one, the other and both, for different accounts; the door sees both.

    Args:
        url: an empty database.
        how: threads that share a ledger, or processes.
        workers: how many offer each phone.
        phones: how many phones.
        seed: where the SIMs are drawn from.
    """
    with ledger.open(url, key=KEY) as store:
        begin = time.perf_counter()
        said = _run(url, "sims", workers, phones, how, seed=seed)
        seconds = time.perf_counter() - begin
        every = list(_exchanges(store))
        bought = Counter(number for what, number in said if what == "bought")
        done = {exchange.code for exchange in every if exchange.state == State.COMPLETED}
        assert sum(bought.values()) == len(done)
        again = [_offer(store, phone, which, "late", AT + HOUR) for phone in range(phones) for which in SHOWN]
        wrong = sum(not _is_known_as_bought(store, phone, done) for phone in range(phones))
        closed = sum(_is_closed_by_the_door(store, exchange) for exchange in every)
        faults = len(verify(store).faults)
    count = Counter(what for what, _ in said)
    return Sims(
        phones=phones,
        attempts=count["attempt"],
        accepted=count["accepted"],
        closed_by_the_door=closed,
        bought_once=sum(times == 1 for times in bought.values()),
        bought_twice=sum(times > 1 for times in bought.values()),
        bought_again=sum(isinstance(answer, Exchange) for answer in again),
        other_standing=wrong,
        faults=faults,
        seconds=seconds,
    )


@cache
def _shown(phone: int, which: tuple[int, ...]) -> Quote:
    first, second = (*(imei(2 * phone + sim) for sim in which), None)[:2]
    answer = appraise(Device(small.MODEL, first, second), trade.SAID, DOOR, at=AT)
    assert isinstance(answer, Quote), answer.explain()
    return answer


def _offer(store: Ledger, phone: int, which: tuple[int, ...], who: str, at: datetime) -> Exchange | Refusal:
    named = f"{who}-{phone}-{which}"
    return store.accept(_shown(phone, which), DOOR, account=named, at=at, idempotency_key=named)


def _is_known_as_bought(store: Ledger, phone: int, done: set[str]) -> bool:
    standings = [store.standing_of(Device(small.MODEL, imei(2 * phone + sim))) for sim in (0, 1)]
    codes = {standing.bought for standing in standings}
    return len(codes) == 1 and codes <= done and all(standing.open is None for standing in standings)


def _is_closed_by_the_door(store: Ledger, exchange: Exchange) -> bool:
    last = store.history(exchange.code)[-1]
    return last.event.kind == "void" and last.request is None


def _offering(store: Ledger, part: Part) -> Said:
    said: Said = []
    dice = part.dice()
    for turn in range(OFFERED):
        who, begun = f"buyer-{part.worker}-{turn}", {}
        for phone in dice.sample(range(part.things), part.things):
            answer = _offer(store, phone, dice.choice(SHOWN), who, AT)
            said.append(("attempt", phone))
            if isinstance(answer, Exchange):
                said.append(("accepted", phone))
                begun[phone] = answer
        for phone, exchange in begun.items():  # by now another worker may have accepted it by its other SIM
            if _through_the_door(store, exchange, phone, who):
                said.append(("bought", phone))
    return said


def _through_the_door(store: Ledger, begun: Exchange, phone: int, who: str) -> bool:
    """Use a coupon, show the phone with both numbers, hand it over; tell whether all that was possible."""
    wanted, code = order(phone, f"-{who}"), begun.code
    seen = trade.seen(imeis=(imei(2 * phone), imei(2 * phone + 1)))
    key = f"{who}-{phone}"
    answers = (
        store.reserve(code, wanted, account=begun.account, at=AT, idempotency_key=f"r-{key}"),
        store.inspect(code, seen, DOOR, order=wanted.id, at=AT, idempotency_key=f"i-{key}"),
        store.complete(code, order=wanted.id, at=AT, idempotency_key=f"c-{key}"),
    )
    if all(answers):
        return True
    store.void(code, reason="bought by somebody else", at=AT, idempotency_key=f"v-{key}")
    return False


# ----- two keys


@dataclass(frozen=True, slots=True)
class Keys(Figures):
    """What became of quotes and phones while servers with different keys worked on them.

    Attributes:
        rotations: how often the operator's key was replaced.
        quotes: how many quotes were offered.
        attempts: how many acceptances were asked for, of the quotes, and of their phones by other accounts.
        other_seal: how many were refused because the quote was sealed with a key that the server does not have.
        accepted: how many were answered with the quote's coupon.
        second_coupons: how many coupons there are for a quote beyond the first.
        phones_twice: how many phones of a quote were accepted or bought again.
        never: how many phones were not bought.
        strange_refused: how often a server with a strange key was refused.
        strange_opened: how often it was not.
        faults: the faults that `verify` found.
    """

    ZERO: ClassVar[tuple[str, ...]] = ("second_coupons", "phones_twice", "never", "strange_opened", "faults")

    rotations: int
    quotes: int
    attempts: int
    other_seal: int
    accepted: int
    second_coupons: int
    phones_twice: int
    never: int
    strange_refused: int
    strange_opened: int
    faults: int


STRANGE = b"a key of somebody else"


def _key(number: int) -> bytes:
    """Return the operator's keys, one after the other."""
    return b"key number %05d of the operator" % number if number else KEY


def _keys_of_server(part: Part) -> tuple[bytes, ...]:
    """Return the keys of a server: a third has the old one, a third both, a third the new one alone."""
    old, new = _key(part.turn), _key(part.turn + 1)
    return ((old,), (new, old), (new,))[part.worker * 3 // part.workers]


def keys(url: str, how: How, workers: int, quotes: int, rotations: int, *, seed: int = 0) -> Keys:
    """Replace the operator's key again and again, while servers with the old, with both and with the new one work.

    Args:
        url: an empty database.
        how: threads, or processes.
        workers: how many servers; three at least.
        quotes: how many quotes are new in each rotation; those of earlier ones are offered again.
        rotations: how often the key is replaced.
        seed: where orders and seals are drawn from.
    """
    said: Said = []
    begin = time.perf_counter()
    for turn in range(rotations):
        said += _run(url, "keys", workers, quotes, how, seed=seed, turn=turn)
    seconds = time.perf_counter() - begin
    last, *before = map(_key, range(rotations, -1, -1))
    with ledger.open(url, key=last, old_keys=before) as store:
        every = list(_exchanges(store))
        faults = len(verify(store).faults)
    coupons = Counter(exchange.account for exchange in every if exchange.account.startswith("account-"))
    bought = Counter(exchange.account.rpartition("-")[2] for exchange in every if exchange.state == State.COMPLETED)
    count = Counter(what for what, _ in said)
    return Keys(
        rotations=rotations,
        quotes=rotations * quotes,
        attempts=count["attempt"],
        other_seal=count["other seal"],
        accepted=count["accepted"],
        second_coupons=sum(times - 1 for times in coupons.values()),
        phones_twice=count["thief"] + sum(times > 1 for times in bought.values()),
        never=rotations * quotes - len(bought),
        strange_refused=count["strange refused"],
        strange_opened=count["strange opened"],
        faults=faults,
        seconds=seconds,
    )


@cache
def _sealed(number: int, key: bytes | None) -> Quote:
    answer = appraise(shop.phone(number), trade.SAID, shop.PROGRAMME, at=AT, key=key)
    assert isinstance(answer, Quote), answer.explain()
    return answer


def _rotating(store: Ledger, part: Part) -> Said:
    said: Said = [("strange opened" if _opens(part.url, STRANGE) else "strange refused", part.turn)]
    dice = part.dice()
    seals = (None, _key(part.turn), _key(part.turn + 1))
    for number in dice.sample(range((part.turn + 1) * part.things), (part.turn + 1) * part.things):
        name = f"{part.turn}-{part.worker}-{number}"
        said.append(("attempt", number))
        answer = _accepts(store, _sealed(number, dice.choice(seals)), account(number), name)
        if isinstance(answer, Exchange):
            said.append(("accepted", number))
            _handed_over(store, answer, account(number), int(f"{number}{part.worker:03d}{part.turn:03d}"))
        elif "quote_altered" in answer.codes:
            said.append(("other seal", number))
            continue  # nobody may have accepted it yet
        said.append(("attempt", number))
        if isinstance(_accepts(store, _shown_by(number, dice.choice(SHOWN)), f"thief-{name}", name), Exchange):
            said.append(("thief", number))
    return said


def _opens(url: str, key: bytes) -> bool:
    try:
        ledger.open(url, key=key).close()
    except LedgerError:
        return False
    return True


def _accepts(store: Ledger, quote: Quote, who: str, key: str) -> Exchange | Refusal:
    return store.accept(quote, shop.PROGRAMME, account=who, at=AT, idempotency_key=key)


@cache
def _shown_by(number: int, which: tuple[int, ...]) -> Quote:
    first, second = (*(imei(2 * number + sim) for sim in which), None)[:2]
    answer = appraise(Device(small.MODEL, first, second), trade.SAID, shop.PROGRAMME, at=AT)
    assert isinstance(answer, Quote), answer.explain()
    return answer


# ----- quotas


@dataclass(frozen=True, slots=True)
class Quotas(Figures):
    """What became of a bonus with a quota, and of the one that is given in its place.

    Attributes:
        attempts: how many acceptances were asked for.
        used_up: how many were refused because the places were taken meanwhile.
        accepted: how many exchanges began.
        called_off: how many of these were called off.
        requoted: how many were re-quoted at the door.
        sweeps: how often a worker swept.
        first_given: how many coupons had the first bonus in the course of the storm.
        first_at_most: how often it was given at most at any time.
        second_given: how many coupons had the second one.
        second_at_most: how often it was given at most at any time.
        over: by how much either was more than its quota, at any time.
        other_counts: how often the ledger's count was not what the events say, with nobody at work.
        not_back: how many places had not come back when all coupons but the used ones had ended.
        otherwise: how many were refused for another reason.
        faults: the faults that `verify` found.
    """

    ZERO: ClassVar[tuple[str, ...]] = ("over", "other_counts", "not_back", "otherwise", "faults")

    attempts: int
    used_up: int
    accepted: int
    called_off: int
    requoted: int
    sweeps: int
    first_given: int
    first_at_most: int
    second_given: int
    second_at_most: int
    over: int
    other_counts: int
    not_back: int
    otherwise: int
    faults: int


PLACES = {"first": 20, "second": 30}
OFFER = trade.programme(
    bonuses=(
        Bonus("first", "First", paise=50_000, from_value_paise=900_000, quota=PLACES["first"], fall_back="second"),
        Bonus("second", "Second", paise=20_000, quota=PLACES["second"]),
    )
)
ENDED = AT + 20 * 24 * HOUR
"""When every coupon has expired."""
LATE = sum(PLACES.values()) + 5
"""How many customers come after the workers of a turn, more than there are places: so none is left when all count."""
QUOTES = 4
"""How often a customer asks for a quote, where its bonus was used up."""


def quotas(url: str, how: How, workers: int, customers: int, turns: int, *, seed: int = 0) -> Quotas:
    """Let customers fight for the places of a bonus, and give some back; after each turn all places are taken.

    Args:
        url: an empty database.
        how: threads that share a ledger, or processes.
        workers: how many work at once.
        customers: how many customers each of them has in a turn.
        turns: how many turns.
        seed: where the customers' ways are drawn from.
    """
    said: Said = []
    most, other_counts, not_back, seconds = Counter[str](), 0, 0, 0.0
    with ledger.open(url, key=KEY) as store:
        for turn in range(turns):
            begin = time.perf_counter()
            said += _run(url, "quotas", workers, customers, how, seed=seed, turn=turn)
            for number in range(100_000 * turn + 90_000, 100_000 * turn + 90_000 + LATE):
                _begun(store, number, Random(number), said)  # noqa: S311 - dice, not secrets
            seconds += time.perf_counter() - begin
            held = _held(store)
            most |= held
            other_counts += held != +Counter(store.bonuses_given(OFFER))
            store.sweep(ENDED)
            kept = _held(store)
            other_counts += kept != +Counter(store.bonuses_given(OFFER))
            used = Counter(
                bonus.id
                for exchange in _exchanges(store)
                if exchange.state in {State.COMPLETED, State.ADJUSTED}
                for bonus in _bonuses_of(exchange)
            )
            not_back += (kept - used).total()
        every = list(_exchanges(store))
        faults = len(verify(store).faults)
    for what, number in said:  # what the workers read in the course of it
        if what in PLACES:
            most[what] = max(most[what], number)
    given = Counter(bonus.id for exchange in every for bonus in exchange.coupon.bonuses)
    count = Counter(what for what, _ in said if what not in PLACES)
    return Quotas(
        attempts=count["attempt"],
        used_up=count["used up"],
        accepted=count["accepted"],
        called_off=count["called off"],
        requoted=count["requoted"],
        sweeps=count["sweep"],
        first_given=given["first"],
        first_at_most=most["first"],
        second_given=given["second"],
        second_at_most=most["second"],
        over=sum(max(0, most[bonus] - quota) for bonus, quota in PLACES.items()),
        other_counts=other_counts,
        not_back=not_back,
        otherwise=count["otherwise"],
        faults=faults,
        seconds=seconds,
    )


def _bonuses_of(exchange: Exchange) -> set[Any]:
    """Return the bonuses of which an exchange has a place, as its events say; both, while a re-quote is undecided."""
    found = () if exchange.examination is None else exchange.examination.bonuses
    if exchange.state in {State.EXPIRED, State.VOID}:
        return set()
    if exchange.state == State.REQUOTED:
        return {*found, *exchange.coupon.bonuses}
    return set(found if exchange.state == State.ADJUSTED else exchange.coupon.bonuses)


def _held(store: Ledger) -> Counter[str]:
    """Count the places that are taken, as the events say."""
    return Counter(bonus.id for exchange in _exchanges(store) for bonus in _bonuses_of(exchange))


def _bargaining(store: Ledger, part: Part) -> Said:
    said: Said = []
    dice = part.dice()
    for customer in range(part.things):
        number = 100_000 * part.turn + 1_000 * part.worker + customer
        exchange = _begun(store, number, dice, said)
        if exchange is not None:
            said.append(("accepted", number))
            _went_on(store, exchange, number, dice, said)
        given = store.bonuses_given(OFFER)
        said += [(bonus, times) for bonus, times in given.items()]
    return said


def _begun(store: Ledger, number: int, dice: Random, said: Said) -> Exchange | None:
    """Quote and accept, again where the bonus was used up; now and then the quote is from before the storm."""
    for turn in range(QUOTES):
        given = {} if dice.random() < 0.2 else store.bonuses_given(OFFER)
        quote = appraise(shop.phone(number), trade.SAID, OFFER, at=AT, bonuses_given=given)
        assert isinstance(quote, Quote)
        key = f"accept-{number}-{turn}"
        answer = store.accept(quote, OFFER, account=account(number), at=AT, idempotency_key=key)
        said.append(("attempt", number))
        if isinstance(answer, Exchange):
            return answer
        said.append(("used up" if answer.codes == ("bonus_used_up",) else "otherwise", number))
    return None


def _went_on(store: Ledger, exchange: Exchange, number: int, dice: Random, said: Said) -> None:
    """Let a coupon be called off, used, found worn at the door, or left to the sweep."""
    way, code, wanted = dice.random(), exchange.code, order(number)
    if way < 0.4:
        if store.void(code, reason="withdrawn", at=AT, idempotency_key=f"void-{number}"):
            said.append(("called off", number))
    elif way < 0.52:
        asked: dict[str, Any] = {"account": account(number), "at": AT}
        held = store.reserve(code, wanted, **asked, idempotency_key=f"reserve-{number}")
        if way < 0.41:
            store.complete(code, order=wanted.id, at=AT, idempotency_key=f"complete-{number}")
        elif held:
            seen = trade.seen(
                imeis=(imei(2 * number), imei(2 * number + 1)),
                answers=trade.SAID.replace(glass="scratched", battery="weak"),
                evidence=(("glass", "photo"), ("battery", "photo")),
            )
            found = store.inspect(code, seen, OFFER, order=wanted.id, at=AT, idempotency_key=f"inspect-{number}")
            if isinstance(found, Exchange) and found.state == State.REQUOTED:
                said.append(("requoted", number))
            if way < 0.42:
                store.agree(code, **asked, idempotency_key=f"agree-{number}")
            elif way < 0.5:
                store.decline(code, **asked, idempotency_key=f"decline-{number}")
    elif way < 0.53 and dice.random() < 0.5:
        store.sweep(ENDED)
        said.append(("sweep", number))


# ----- the table of storms, and the script

WORK: dict[str, Work] = {
    "forge": _forging,
    "skew": _skewing,
    "sims": _offering,
    "keys": _rotating,
    "quotas": _bargaining,
}
"""What a worker does, by the name of its storm."""
STORMS: dict[str, Callable[..., Figures]] = {
    "forge": forge,
    "skew": skew,
    "sims": sims,
    "keys": keys,
    "quotas": quotas,
}
"""The storms that are run by threads and by processes."""

if __name__ == "__main__":
    name, where, *sizes = sys.argv[1:]
    if name == "forks":
        _serve_and_fork(where, *map(int, sizes[:3]), careless=sizes[3:] == ["careless"])
    else:
        workers_, things_, seed_, turn_ = map(int, sizes)
        _fork_workers(name, where, workers_, things_, seed_, turn_)
