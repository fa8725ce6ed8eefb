"""One trade-in on the shipped data, told with the public API: the output of ``miexchange demo``.

`journey` computes everything, `tell` writes it down. Nothing is prepared: change a table, and the story changes.

>>> story = journey()
>>> story.quote.money.plain, story.redemption.to_pay, bool(story.proof)
('10720.00', 377800, True)
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from miexchange import (
    Coupon,
    Device,
    Imei,
    ImeiStatus,
    Listing,
    Order,
    OrderLine,
    Programme,
    Quote,
    Redemption,
    Refusal,
    Replay,
    TacDevice,
    WorstCase,
    appraise,
    headline,
    issue,
    replay,
    worst_case,
)
from miexchange._time import TICK
from miexchange.errors import out_of_range

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["DEMO_KEY", "Journey", "journey", "tell"]

DEMO_KEY = b"published demo key: never use it"
"""The key of the demo's coupon. Everybody can read it here, so it protects nothing: a real key is secret."""

PUBLISHED_MINOR = 1055000
"""The one Mi Exchange price in the press: a OnePlus 3T, 15 March 2018, variant and condition not stated."""
PUBLISHED_AT = "https://www.gizmochina.com/2018/03/15/get-a-new-xiaomi-phone-for-less-using-the-mi-exchange-program/"

_MODEL = "oneplus-3t-6-64"
_TAC = "86366403"  # a OnePlus 3T in the shipped table
_SERIAL = "123456"  # made up
_PLACEHOLDER = "00499901064000"  # of phones that lost their own number: see data/placeholder_imeis.csv
_NEW_PHONE = "xiaomi-redmi-note-5-pro-4-64"
_ACCOUNT = "asha"
_WIDEST = 100


@dataclass(frozen=True)
class Journey:
    """Everything that happens in the story, as the library returned it.

    Attributes:
        programme: the programme of 2018.
        graded: the example programme that prices faults.
        imei: the old phone's IMEI.
        candidates: the devices of its TAC.
        advert: the best quote for such a phone.
        quote: the quote of this one.
        worst: the worst case of accepting it.
        proof: the replay of the stored quote, with the same value.
        coupon: the coupon of the accepted quote.
        order: the order that it is spent on.
        redemption: the discount of the coupon.
        last_moment: the same order one microsecond before the coupon ends.
        accessory_only: the answer to an order without a phone.
        expired: the answer at the end of the coupon.
        placeholder: the answer to an IMEI that many devices share.
        cracked: the answer of the 2018 programme to a cracked screen.
        graded_quote: the quote of the graded programme for it.
    """

    programme: Programme
    graded: Programme
    imei: Imei
    candidates: tuple[TacDevice, ...]
    advert: Quote
    quote: Quote
    worst: WorstCase
    proof: Replay
    coupon: Coupon
    order: Order
    redemption: Redemption
    last_moment: Redemption
    accessory_only: Refusal
    expired: Refusal
    placeholder: Refusal
    cracked: Refusal
    graded_quote: Quote

    def to_dict(self) -> dict[str, Any]:
        """Return the story as plain JSON data, with the IMEI masked."""
        values = {name: value.to_dict() for name, value in vars(self).items() if hasattr(value, "to_dict")}
        return {
            **values,
            "imei": str(self.imei),
            "candidates": [device.to_dict() for device in self.candidates],
            "programme": self.programme.id,
            "graded": self.graded.id,
            "published_at": PUBLISHED_AT,
            "published_minor": PUBLISHED_MINOR,
            "prices_are": "modelled",
        }


@cache  # reproducible: nothing is asked, and the clock is not read
def journey() -> Journey:
    """Run through one trade-in, with the calls that a shop would make.

    Raises:
        InvalidValue: the data at hand do not support the story.
    """
    programme, graded = Programme.load("mi-exchange-india"), Programme.load("graded-trade-in")
    at = datetime(2018, 3, 20, 12, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    imei = Imei.from_body(_TAC + _SERIAL)
    advert = expected(Quote, headline(_MODEL, programme, at=at))
    worn = {"body": "light_wear"}
    answers = advert.condition.replace(**worn)
    device = Device(_MODEL, imei)
    quote = expected(Quote, appraise(device, answers, programme, at=at, imei_status=ImeiStatus.CLEAR))

    coupon = expected(Coupon, issue(quote, programme, account=_ACCOUNT, at=at + timedelta(minutes=5), key=DEMO_KEY))
    new_phone = programme.catalogue.by_model[_NEW_PHONE]
    phone = OrderLine(new_phone.name, "smartphone", "Redmi", "mi.com", new_phone.launch_price_minor or 0)
    case = OrderLine("Case for it", "accessory", "Mi", "mi.com", 49900)
    order, case_only = (
        Order("order-1", (phone, case), programme.currency),
        Order("order-2", (case,), programme.currency),
    )
    later, end = at + timedelta(days=2), expected(datetime, coupon.valid_until)

    unknown = Device(_MODEL, Imei.from_body(_PLACEHOLDER))
    worn["screen_glass"] = "cracked"
    cracked = answers.replace(**worn)
    # The graded programme does not ask an older phone about its warranty, so begin with its own best answers.
    graded_answers = expected(Quote, headline(_MODEL, graded, at=at)).condition.replace(**worn)
    facts: dict[str, Any] = {"at": at, "imei_status": ImeiStatus.CLEAR}
    return Journey(
        programme=programme,
        graded=graded,
        imei=imei,
        candidates=programme.tacs.lookup(imei),
        advert=advert,
        quote=quote,
        worst=expected(WorstCase, worst_case(quote, programme)),
        proof=replay(Quote.from_json(quote.to_json()), programme),
        coupon=coupon,
        order=order,
        redemption=expected(Redemption, coupon.check(order, account=_ACCOUNT, at=later)),
        last_moment=expected(Redemption, coupon.check(order, account=_ACCOUNT, at=end - TICK)),
        accessory_only=expected(Refusal, coupon.check(case_only, account=_ACCOUNT, at=later)),
        expired=expected(Refusal, coupon.check(order, account=_ACCOUNT, at=end)),
        placeholder=expected(Refusal, appraise(unknown, answers, programme, **facts)),
        cracked=expected(Refusal, appraise(device, cracked, programme, **facts)),
        graded_quote=expected(Quote, appraise(device, graded_answers, graded, **facts, target=new_phone.name)),
    )


_Answer = TypeVar("_Answer", Quote, Coupon, Redemption, Refusal, Listing, WorstCase, datetime)


def expected(kind: type[_Answer], answer: object) -> _Answer:
    """Return the answer if the story can use it: a test pins the data."""
    if not isinstance(answer, kind):
        said = ", ".join(answer.codes) if isinstance(answer, Refusal) else type(answer).__name__
        rule = f"use the shipped data as they are: the story needs a {kind.__name__}"
        raise out_of_range("demo", said, rule)
    return answer


def tell(story: Journey, write: Callable[[int], str], width: int = _WIDEST) -> Iterator[str]:
    """Yield the story as lines; unindented lines are headings.

    Args:
        story: the story.
        write: the function that formats an amount, such as `Currency.plain`.
        width: the number of columns; at most 100 are used.
    """
    page = _Page(write, min(width, _WIDEST), story.programme.zone)
    yield "One trade-in, from the IMEI to the coupon, computed just now"
    yield from page.text(
        "The market prices are modelled: made by a formula from published figures, and nobody's price list. The list "
        "of eligible phones is an example. The phone's serial, the account and the case's price are made up."
    )
    yield from _tell_phone(story, page)
    yield from _tell_quote(story, page)
    yield from _tell_coupon(story, page)
    yield from _tell_refusals(story, page)
    yield from _tell_graded(story, page)


_NARROW = 18
"""The least width beside a name; narrower texts are written below it."""


class _Page:
    """The width of the page, and its format of amounts and instants."""

    def __init__(self, write: Callable[[int], str], width: int, zone: tzinfo) -> None:
        self.write = write
        self._width = width
        self._zone = zone

    def text(self, text: str, label: str = "") -> list[str]:
        """Wrap a paragraph, after its label if there is one."""
        return self._wrapped(f"   {label:<13} " if label else "   ", text)

    def amount(self, name: str, amount: int, why: str) -> list[str]:
        """Wrap one line of a quote: the name, the amount, and why."""
        return self._wrapped(f"   {name:<25} {self.write(amount):>11}  ", why)

    def _wrapped(self, head: str, text: str) -> list[str]:
        """Wrap a text after its head; on a narrow page, below it."""
        if self._width - len(head) >= _NARROW:
            return textwrap.wrap(
                text, self._width, initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False
            )
        heads = textwrap.wrap(
            " ".join(head.split()), self._width, initial_indent="   ", subsequent_indent="   ", break_on_hyphens=False
        )
        indent = " " * (6 if heads else 3)
        return heads + textwrap.wrap(
            text, self._width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
        )

    def quote(self, quote: Quote) -> Iterator[str]:
        """Yield the lines of a quote, and their sum."""
        for line in quote.lines:
            yield from self.amount(line.rule, line.amount, line.effect)
        yield from self.amount("coupon value", quote.coupon_value, "= the lines above, to the paisa")

    def moment(self, at: datetime) -> str:
        """Write an instant in the programme's zone, to the second."""
        return at.astimezone(self._zone).isoformat(sep=" ", timespec="seconds")


def _tell_phone(story: Journey, page: _Page) -> Iterator[str]:
    imei, quote = story.imei, story.quote
    body = imei.reporting_body
    found = " or ".join(f"{device.brand} {device.model}" for device in story.candidates)
    on = quote.at.astimezone(story.programme.zone).date()
    listing = expected(Listing, story.programme.eligible.as_of(quote.model, on))
    worn = next(iter(dict(quote.condition).items() - dict(story.advert.condition).items()))
    yield ""
    yield f"1. The phone: {quote.label}"
    yield from page.text(f"{story.programme.title}, on {page.moment(quote.at)}", "traded in")
    yield from page.text(
        f"{imei} = TAC {imei.tac} + serial (hidden) + check digit {imei.check_digit}, which is computed", "IMEI"
    )
    yield from page.text(f"{body.rbi}, {body.body}" if body else "nobody listed", "given out by")
    yield from page.text(f"{found}, says the shipped table: it fits what the customer names", "TAC")
    yield from page.text(f"{quote.imei_status.value}, as we pretend here; the library asks no register", "register")
    yield from page.text(f"listed since {listing.listed_from}", "eligible")
    yield from page.text(
        f"{len(quote.condition)} answers, all the best but {worn[0]}={worn[1]}: grade {quote.grade}", "condition"
    )


def _tell_quote(story: Journey, page: _Page) -> Iterator[str]:
    quote, worst = story.quote, story.worst
    yield ""
    yield f"2. The quote: up to {page.write(story.advert.coupon_value)}, says the advert; this phone gets"
    yield from page.quote(quote)
    yield from page.text(f"Valid until {page.moment(quote.valid_until)} (exclusive).")
    yield from page.text(
        f"The press has one Mi Exchange price: {page.write(PUBLISHED_MINOR)} for a OnePlus 3T on 15 March 2018, "
        f"variant and condition not stated (Gizmochina; address in data/README.md). Nothing was fitted to it: we say "
        f"{page.write(quote.coupon_value)} for this phone ({against(quote.coupon_value)}) and "
        f"{page.write(story.advert.coupon_value)} for a clean one ({against(story.advert.coupon_value)})."
    )
    yield ""
    yield f"3. Before accepting: the most that can be lost at the door is {page.write(worst.at_risk)}"
    yield from page.text(
        f"All of it, if the inspection finds one of the {len(worst.gates)} answers that are refused, such as "
        f"{worst.gates[0]}. If the phone is accepted at all, it is worth at least {page.write(worst.value)}."
    )
    verdict = "the same value, line by line" if story.proof else "; ".join(story.proof.differences)
    yield from page.text(
        f"Proof: the quote, stored without its IMEI and valued again under programme {quote.digest[:12]}, "
        f"gives {verdict}."
    )


def _tell_coupon(story: Journey, page: _Page) -> Iterator[str]:
    coupon, usage, order, redemption = story.coupon, story.coupon.usage, story.order, story.redemption
    end = expected(datetime, coupon.valid_until)
    yield ""
    yield f"4. Accepted: coupon {coupon.display_code}, worth {page.write(coupon.value)}"
    yield from page.text(
        f"from {page.moment(coupon.valid_from)} until {page.moment(end)}, exclusive "
        f"({end:%H:%M:%S} UTC): {usage.valid_days} x 24 hours",
        "valid",
    )
    yield from page.text("derived with the demo key, which is published and so protects nothing", "code")
    yield from page.text(
        f"one new {' or '.join(usage.categories)} of {' or '.join(usage.brands)} on {', '.join(usage.channels)}; for "
        f"account {coupon.account!r} alone; what is left over is lost",
        "buys",
    )
    yield ""
    yield f"5. At the checkout, two days later: {page.write(order.total_minor)} becomes {page.write(redemption.to_pay)}"
    for line, discount in zip(order.lines, redemption.discounts, strict=True):
        yield from page.amount(line.product, line.total_minor, f"less {page.write(discount)} by the coupon")
    yield from page.amount("to pay", redemption.to_pay, f"forfeited: {page.write(redemption.forfeited)}")


def _tell_refusals(story: Journey, page: _Page) -> Iterator[str]:
    early = page.write(story.last_moment.discount)
    yield ""
    yield "6. Refused: a no is an answer too, with every reason and what to do"
    for what, refusal in (
        ("the case alone", story.accessory_only),
        (f"14 days on, to the microsecond (one microsecond earlier: accepted, {early} off)", story.expired),
        ("a placeholder, which phones show that lost their own IMEI", story.placeholder),
    ):
        yield from page.text(f"{what}:")
        for reason in refusal.reasons:
            yield from page.text(f"{reason.code.value}: {reason}", "  ->")


def _tell_graded(story: Journey, page: _Page) -> Iterator[str]:
    quote = story.graded_quote
    yield ""
    yield "7. The same phone with a cracked screen"
    yield from page.text(
        f"{story.programme.title} refuses it ({', '.join(story.cracked.codes)}). {story.graded.title} prices faults:"
    )
    yield from page.quote(quote)
    yield ""
    yield "Next: miexchange quote, miexchange models oneplus, miexchange programme show"


def against(amount: int) -> str:
    """Return the difference from the published price, in percent with one decimal."""
    tenths = ((amount - PUBLISHED_MINOR) * 2_000 + PUBLISHED_MINOR) // (2 * PUBLISHED_MINOR)  # half up
    return f"{'-' if tenths < 0 else '+'}{abs(tenths) // 10}.{abs(tenths) % 10} %"
