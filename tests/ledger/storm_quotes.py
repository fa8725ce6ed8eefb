"""A storm of forged quotes."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar

from ledger import shop
from ledger.shop import AT, KEY, account, imei
from ledger.storm_workers import (
    WORK,
    Edit,
    Figures,
    Part,
    Said,
    exchanges_of,
    handed_over,
    run,
)
from miexchange import Exchange, InvalidValue, Quote, Refusal, appraise, ledger
from miexchange.ledger import verify
from miexchange.programme import Bonus
from unit import trade

if TYPE_CHECKING:
    from ledger.proofs import How
    from miexchange.condition import Condition
    from miexchange.ledger import Ledger
    from miexchange.programme import Programme


__all__ = ["forge", "forged", "honest"]


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
BONUS = Bonus("festival", "Festival bonus", amount_minor=50_000, quota=1_000_000)
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
    with ledger.open(url, key=KEY, create=True) as store:
        for phone in range(TAKEN):
            asked = {"account": account(phone), "at": AT, "idempotency_key": f"before-{phone}"}
            shop.made(store.accept(honest(phone), _programme_of(phone), **asked))  # type: ignore[arg-type]
        begin = time.perf_counter()
        said = run(url, "forge", workers, tries, how, seed=seed)
        seconds = time.perf_counter() - begin
        count = Counter(what for what, _ in said)
        others = sum(not _is_as_appraised(exchange) for exchange in exchanges_of(store))
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
        exchange.quote == made.replace(imeis=(), device_tokens=(), seal="")  # the tokens are the coupon's
        and (coupon.value, coupon.bonuses, coupon.usage) == (made.coupon_value, made.bonuses, made.usage)
        and coupon.valid_until == made.usage.until(coupon.valid_from)
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
        paid = handed_over(store, answer, who, number)
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


WORK["forge"] = _forging
