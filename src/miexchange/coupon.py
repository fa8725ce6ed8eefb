"""The coupon: issued from an accepted quote, checked against an order, redeemed once.

A coupon is frozen with its rules in it. It is valid in the half-open window
``[valid_from, valid_until)`` of UTC instants; one function decides, and every path uses it. Its
code is derived from the quote and the account by a keyed hash, so accepting twice gives the same
code, and nobody can guess one.

>>> normal_code("7k3m-9qxt-o1lz-w8vb-j")
'7K3M9QXT011ZW8VBJ'
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Unpack, final

from miexchange import _html
from miexchange._bounded import After, Between, Chars, Count, Further, Id, Items, Name, Since
from miexchange._keyed import Seal, Token, check_keys, is_sealed, keyed, seal_of, token_of
from miexchange._limits import NAME, ORDER_LINES, VALUE_ITEMS
from miexchange._text import ID_RULE, WIDEST, is_between, is_id, listed, names, shortened, text_of
from miexchange._value import Value, argument, canonical, changed, check_types, instant, proved, require
from miexchange._words import Word, word
from miexchange.eligibility import ImeiStatus, RegisterAnswer
from miexchange.errors import out_of_range, wrong_type
from miexchange.imei import Imei
from miexchange.money import Amount, CurrencyOfOld, Money, allocate
from miexchange.programme import NONE_GIVEN, UsageRules
from miexchange.programme.rules import Inputs, told_by_name
from miexchange.quote import GrantedBonus, Quote
from miexchange.refusal import Reason, ReasonCode, Refusal, reason_of, refusal_of
from miexchange.treatment import BONUS, EXCHANGE_VALUE, NO_TREATMENTS, LineParts, TreatmentTable, split_lines
from miexchange.valuation import appraise, confirmed, maker_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from miexchange.catalogue import Device
    from miexchange.condition import Condition
    from miexchange.programme import Programme
    from miexchange.valuation import Programmes

__all__ = [
    "Coupon",
    "CouponStanding",
    "Order",
    "OrderLine",
    "Redemption",
    "check",
    "coupon_for",
    "device_token",
    "issue",
    "normal_code",
]

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, which look like other characters or spell words
(https://www.crockford.com/base32.html)."""

_CHARACTERS = frozenset(_ALPHABET)
_BETWEEN = filter(is_between, map(chr, range(128)))
_LOOK_ALIKES = str.maketrans({"O": "0", "I": "1", "L": "1", **dict.fromkeys(_BETWEEN)})
_SYMBOLS = 16  # of 5 bits: 80 bits
_CODE = _SYMBOLS + 1  # and a check character
_BITS = 5
Code = Annotated[str, Chars(_CODE, _CODE, f"[{_ALPHABET}]*", "a code as `issue` makes it")]
_MOST_UNITS = 1_000_000


class CouponStanding(Word):
    """The standing of a coupon in the ledger; the core has no state of its own."""

    UNUSED = "unused"
    RESERVED = "reserved"
    USED = "used"
    VOID = "void"


@final
@dataclass(frozen=True, slots=True)
class Coupon(Value):
    """A coupon: its value, its owner, and the goods that it buys.

    Attributes:
        code: the code, 17 characters without look-alikes, the last one a check character.
        programme: the programme's id.
        digest: the digest of the programme that valued the device.
        terms: the version of its terms.
        account: the account that owns it; it is not transferable.
        model: the old device's variant id.
        device_tokens: keyed tokens of the old device's IMEIs, sorted: its identity without the number.
        exchange_value: the value of the device, in minor units.
        bonuses: the bonuses on top.
        valid_from: the instant of issue, UTC.
        valid_until: the first instant at which it is no longer valid, UTC; None if the rules set no end.
        usage: the rules of its use.
        currency: the currency of every amount in it; it buys in no other.
        seal: a keyed tag over all of the above: a coupon from outside is as it was issued, or its seal does
            not fit. "" for one that was changed since, as by the release of an order; a ledger stores the current one.
        treatments: the tax treatment of its parts, now and by rows known to begin later; none if the
            programme has none.
        awaited: whether it cannot be used yet: the inspection of the old phone determines its value, and the start
            of its validity. Until then `valid_from` is the instant of acceptance.
    """

    code: Code
    programme: Id
    digest: Id
    terms: Id
    account: Id
    model: Id
    device_tokens: Annotated[tuple[Token, ...], Items(1, VALUE_ITEMS)]
    exchange_value: Amount
    bonuses: tuple[GrantedBonus, ...]
    valid_from: datetime
    valid_until: Annotated[datetime | None, After("valid_from"), Further(2, (None,))]
    usage: UsageRules
    currency: CurrencyOfOld
    seal: Seal = ""
    treatments: TreatmentTable = NO_TREATMENTS
    awaited: Annotated[bool, Since(3)] = False

    def __post_init__(self) -> None:
        check_types(self)
        require(normal_code(self.code) == self.code, "Coupon.code", self.code, "give a code as `issue` makes it")
        fits = (self.valid_until is None) is (self.awaited or self.usage.valid_days == 0)
        rule = "give the end of its window, or None where usage.valid_days is 0 or it is awaited"
        require(fits, "Coupon.valid_until", self.valid_until, rule)

    @property
    def value(self) -> int:
        """The maximum value of the coupon, in minor units: exchange value and bonuses."""
        return self.exchange_value + sum([bonus.amount for bonus in self.bonuses])

    @property
    def money(self) -> Money:
        """The value with its currency, for display."""
        return Money(self.value, self.currency)

    @property
    def display_code(self) -> str:
        """The code in groups, as printed."""
        return "-".join((self.code[:4], self.code[4:8], self.code[8:12], self.code[12:]))

    def is_valid_at(self, at: datetime) -> bool:
        """Tell whether the instant is in the window: its first moment counts, its last does not."""
        at = instant(at, "at")
        return not self.awaited and self.valid_from <= at and (self.valid_until is None or at < self.valid_until)

    def is_sealed_by(self, *keys: bytes) -> bool:
        """Tell whether the seal is that of one of the keys over the present coupon."""
        return bool(self.seal) and is_sealed(self.seal, self._unsealed, "coupon seal", keys)

    def sealed(self, key: bytes) -> Coupon:
        """Return the coupon with a key's seal."""
        return changed(self, seal=seal_of(self._unsealed, "coupon seal", key))

    @property
    def _unsealed(self) -> str:
        return (changed(self, seal="") if self.seal else self).to_json()

    def _repr_html_(self) -> str:
        """Return the coupon as a table for a notebook: no code, which is money, and no account."""
        write = self.currency.plain
        until = "without end" if self.valid_until is None else f"to {self.valid_until.isoformat()}"
        window = "once the phone was inspected" if self.awaited else f"valid {self.valid_from.isoformat()} {until}"
        rows = [
            ("device", "", self.model),
            ("exchange value", write(self.exchange_value), f"{self.programme} terms {self.terms}"),
            *((f"bonus:{bonus.id}", write(bonus.amount), bonus.target or "") for bonus in self.bonuses),
            ("coupon value", write(self.value), window),
        ]
        return _html.table(f"Coupon {self.code[:4]}-…", rows)

    def check(
        self,
        order: Order,
        *,
        account: str,
        at: datetime,
        standing: CouponStanding = CouponStanding.UNUSED,
        keys: Sequence[bytes] = (),
    ) -> Redemption | Refusal:
        """Check the coupon against an order; see `miexchange.coupon.check`."""
        return check(self, order, account=account, at=at, standing=standing, keys=keys)


@dataclass(frozen=True, slots=True)
class OrderLine(Value):
    """One line of an order.

    Attributes:
        product: the product, by the shop's name for it.
        category: the product category, such as ``smartphone``.
        brand: the brand, such as ``Redmi``.
        channel: the place of sale, such as ``mi.com``.
        price_minor: the price of one unit, in minor units.
        quantity: the number of units.
    """

    product: Name
    category: Name
    brand: Name
    channel: Name
    price_minor: Amount
    quantity: Annotated[int, Between(1, _MOST_UNITS)] = 1

    @property
    def total_minor(self) -> int:
        """The price of all its units."""
        return self.price_minor * self.quantity


@dataclass(frozen=True, slots=True)
class Order(Value):
    """An order: the goods that the customer wants to buy.

    Attributes:
        id: the order's id.
        lines: at least one line.
        currency: the currency of its prices.
        other_discounts: the kinds of other discounts on the order, such as ``bank_offer``.
    """

    id: Id
    lines: Annotated[tuple[OrderLine, ...], Items(1, ORDER_LINES)]
    currency: CurrencyOfOld
    other_discounts: tuple[Annotated[str, Chars(0, NAME)], ...] = ()

    @property
    def total_minor(self) -> int:
        """The price of all lines."""
        return sum([line.total_minor for line in self.lines])


@final
@dataclass(frozen=True, slots=True)
class Redemption(Value):
    """The discount of a coupon on an order.

    Attributes:
        code: the coupon's code.
        order: the order's id.
        at: the instant of the check, UTC.
        discounts: the discount on each line, in minor units, in the order's order.
        discount: their sum.
        to_pay: the remaining price, in minor units.
        forfeited: the part of the coupon that the order does not use up and that is lost.
        store_credit: the part of the device's value, without bonuses, that is returned as store credit if the rules
            give it.
        cash: the same as money.
        currency: the currency of the order and of the coupon.
        parts: each line split by tax treatment, in the order's order: the parts paid in kind, by bonuses, and as
            discount, and the value for tax; none if the coupon lacks a treatment in force for a part that it spends.
    """

    code: Code
    order: Id
    at: datetime
    discounts: tuple[Count, ...]
    discount: Count
    to_pay: Count
    forfeited: Count
    store_credit: Count
    currency: CurrencyOfOld
    parts: Annotated[tuple[LineParts, ...], Items(0, ORDER_LINES)] = ()
    cash: Annotated[Count, Since(2)] = 0

    def __post_init__(self) -> None:
        check_types(self)
        if sum(self.discounts) != self.discount:
            rule = f"give what the discounts of the lines add up to, {sum(self.discounts)}"
            raise out_of_range("Redemption.discount", self.discount, rule)
        if self.parts:
            fits = self.discounts == tuple(line.taken for line in self.parts)
            fits = fits and self.to_pay == sum(line.to_pay for line in self.parts)
            rule = "give a part for each line: they add up to its discount, and to what is to pay"
            require(fits, "Redemption.parts", self.parts, rule, "do not add up")

    @property
    def given(self) -> int:
        """The total benefit to the customer, in minor units: the discount, and the surplus as store credit or cash."""
        return self.discount + self.surplus

    @property
    def surplus(self) -> int:
        """The surplus of the device's value that is returned as store credit or cash, in minor units."""
        return self.store_credit + self.cash

    @property
    def purchase_price(self) -> int | None:
        """The payment for the old phone, in kind, as store credit and in cash, in minor units; None without `parts`.

        Bonuses are paid for the new goods, and are not included. A sale of the old phone under a margin scheme is taxed
        on the excess over this price: see `miexchange.treatment.TreatmentTable.resale_base`.
        """
        return sum(line.in_kind for line in self.parts) + self.surplus if self.parts else None


def _name(value: object, field: str, rule: str) -> str:
    """Return a text that can be an identifier (see `is_id`), or raise `InvalidValue`."""
    name = text_of(value)
    if name is None:
        raise wrong_type(field, value, f"{rule}: {ID_RULE}")
    if not is_id(name):
        raise out_of_range(field, name, f"{rule}: {ID_RULE}")
    return name


def device_token(imei: Imei, *, key: bytes) -> str:
    """Return the keyed token of an IMEI's 14-digit body: stored in place of the number.

    Without the key the 10**14 bodies cannot be tried; the check digit and the software version are
    left out, so that every spelling of one phone's number has one token.

    Args:
        imei: the IMEI.
        key: at least 16 secret bytes.

    Raises:
        InvalidValue: an argument is of another type.
    """
    return token_of(argument(imei, Imei, "imei").body, key)


def normal_code(text: str) -> str | None:
    r"""Return the issued form of a code that the customer typed or pasted; None if it cannot be a code.

    Case, white space, dashes, quotation marks, punctuation and invisible characters do not matter; full-width
    letters and other compatibility forms are those of ASCII (Unicode Standard Annex 15, NFKC); O is read as 0, I and L
    as 1. Nothing else is dropped or substituted: a Cyrillic letter that looks Latin, or a digit of another script,
    makes the code invalid. The check character (ISO/IEC 7064 mod 37-2) finds every single wrong character and every
    swapped pair, so a mistyped code is refused before any look-up.

    >>> normal_code("\u201c7K3M\u20139QXT\u00a0011Z\u2011W8VBJ\u201d\n")
    '7K3M9QXT011ZW8VBJ'
    """
    code = text_of(text)
    if code is None or len(code) > NAME:
        return None
    if not code.isascii():
        code = "".join(map(_in_ascii, code))
        if not code.isascii():
            return None
    code = code.upper().translate(_LOOK_ALIKES)
    if len(code) != _CODE or not _CHARACTERS.issuperset(code):
        return None
    return code if _check_character(code[:-1]) == code[-1] else None


def _in_ascii(character: str) -> str:
    """Return the one character of ASCII of which a character is a form, "" for an ignorable one, or itself."""
    if character.isascii():
        return character
    forms = [form for form in unicodedata.normalize("NFKC", character) if not is_between(form)]
    return "".join(forms) if len(forms) <= 1 else character  # nobody types a ligature


def _check_character(symbols: str) -> str:
    from stdnum.iso7064 import mod_37_2  # noqa: PLC0415 - it brings ssl and pydoc along, which a quote never needs

    return str(mod_37_2.calc_check_digit(symbols))


def _code(quote: Quote, tokens: tuple[str, ...], account: str, key: bytes) -> str:
    """Derive the code: 80 bits of a keyed hash and a check character.

    It depends on the device, the account and the value: the same quote has the same code when a new price list
    confirms it, in the next version of the package, and with its IMEIs or with their tokens.

    The check character may be one that looks like another (I, L, O, U or *); the hash is then taken
    again with a counter, so that the whole code stays in the alphabet.
    """
    inputs = {
        "account": account,
        "at": quote.at.isoformat(),
        "bonuses_given": quote.bonuses_given,
        "condition": dict(quote.condition),
        "imei_status": quote.imei_status,
        "imeis": tokens,
        "model": quote.model,
        "programme": quote.programme,
        "purchased_on": None if quote.purchased_on is None else quote.purchased_on.isoformat(),
        "target": quote.target,
        "value": quote.coupon_value,
        **{name: said for name, said in quote.told.items() if said is not None},
    }
    counter = 0
    while True:
        digest = keyed(key, "coupon", canonical({**inputs, "counter": counter}))
        number = int.from_bytes(digest[: _SYMBOLS * _BITS // 8])
        symbols = "".join(_ALPHABET[number >> _BITS * place & 31] for place in reversed(range(_SYMBOLS)))
        check_character = _check_character(symbols)
        if check_character in _ALPHABET:
            return symbols + check_character
        counter += 1


def issue(
    quote: Quote, programme: Programmes, *, account: str, at: datetime, key: bytes, old_keys: Sequence[bytes] = ()
) -> Coupon | Refusal:
    """Issue the coupon of an accepted quote; it is valid from this moment.

    The quote may come from outside: it is valued again, and refused if anything differs (see
    `miexchange.valuation.confirmed`).

    Args:
        quote: the accepted quote, with its IMEI; or with the IMEI's tokens alone, if it was made
            with the oldest of the keys (see `Quote.without_imei`).
        programme: the programme that made it, or a later version that makes the same quote; or programmes by
            digest, from which the right one is chosen.
        account: the account of the customer.
        at: the instant of acceptance.
        key: at least 16 secret bytes, for the code, the device tokens and the seal.
        old_keys: the earlier keys, the newest first. The code is derived with the oldest, so that a quote has one
            coupon whatever the current key; the device is recognised by the tokens of all of them.

    Returns:
        The coupon, or a refusal: the quote was altered, has no IMEI, or is not valid at that instant.

    Raises:
        InvalidValue: an argument is of another type.
    """
    at, old_keys = instant(at, "at"), check_keys(old_keys, "old_keys")
    maker = maker_of(quote, programme)
    if isinstance(maker, Refusal):
        return maker
    found = confirmed(quote, maker, keys=(key, *old_keys))
    reasons = list(found.reasons) if isinstance(found, Refusal) else []
    if not isinstance(found, Refusal):
        quote = found
    awaited = _is_awaited(quote, maker)
    return _issue(quote, reasons, maker.treatments, account=account, at=at, key=key, old_keys=old_keys, awaited=awaited)


def _is_awaited(quote: Quote, programme: Programme) -> bool:
    """Tell whether the coupon of a quote comes only after the inspection."""
    terms = programme.terms_at(quote.at)
    return terms is not None and terms.exchange is not None and terms.exchange.coupon == "after_inspection"


def _issue(
    quote: Quote,
    reasons: list[Reason],
    treatments: TreatmentTable,
    *,
    account: str,
    at: datetime,
    key: bytes,
    old_keys: Sequence[bytes] = (),
    awaited: bool = False,
) -> Coupon | Refusal:
    """Issue the coupon of a confirmed quote, unless there is a reason against it."""
    account = _name(account, "account", "give the account's id")
    if not quote.imeis and not quote.device_tokens:
        reasons.append(reason_of(ReasonCode.IMEI_MISSING, "indicative" if quote.indicative else "stored"))
    if at < quote.at:
        reasons.append(reason_of(ReasonCode.QUOTE_NOT_YET_VALID, quoted_at=quote.at, at=at))
    if at >= quote.valid_until:
        reasons.append(reason_of(ReasonCode.QUOTE_EXPIRED, until=quote.valid_until))
    if reasons:
        return refusal_of(reasons)
    tokens = [quote.tokens_by(one) for one in (key, *old_keys)]
    coupon = Coupon(
        code=_code(quote, tokens[-1], account, (key, *old_keys)[-1]),
        programme=quote.programme,
        digest=quote.digest,
        terms=quote.terms,
        account=account,
        model=quote.model,
        device_tokens=tuple(sorted({token for of_one_key in tokens for token in of_one_key})),
        exchange_value=quote.exchange_value,
        bonuses=quote.bonuses,
        valid_from=at,
        valid_until=None if awaited else quote.usage.until(at),
        usage=quote.usage,
        currency=quote.currency,
        treatments=treatments.since(at),
        awaited=awaited,
    )
    return coupon.sealed(key)


@told_by_name
def coupon_for(
    device: Device,
    condition: Condition,
    programme: Programme,
    *,
    account: str,
    at: datetime,
    key: bytes,
    imei_status: ImeiStatus | RegisterAnswer = ImeiStatus.UNVERIFIED,
    exchange_open: bool = False,
    device_exchanged: bool = False,
    bonuses_given: Mapping[str, int] = NONE_GIVEN,
    **told: Unpack[Inputs],
) -> Coupon | Refusal:
    """Value a device and issue its coupon at once: `appraise` and `issue` in one call.

    See `miexchange.appraise` for the arguments about the device, and `issue` for the others.
    """
    quote = appraise(
        device,
        condition,
        programme,
        at=at,
        imei_status=imei_status,
        exchange_open=exchange_open,
        device_exchanged=device_exchanged,
        bonuses_given=bonuses_given,
        **told,
    )
    if isinstance(quote, Refusal):
        return quote
    awaited = _is_awaited(quote, programme)
    return _issue(quote, [], programme.treatments, account=account, at=at, key=key, awaited=awaited)


_STANDING = {
    CouponStanding.RESERVED: ReasonCode.COUPON_RESERVED,
    CouponStanding.USED: ReasonCode.COUPON_USED,
    CouponStanding.VOID: ReasonCode.COUPON_VOID,
}


def check(
    coupon: Coupon,
    order: Order,
    *,
    account: str,
    at: datetime,
    standing: CouponStanding = CouponStanding.UNUSED,
    keys: Sequence[bytes] = (),
) -> Redemption | Refusal:
    """Check a coupon against an order.

    Args:
        coupon: the coupon.
        order: the order.
        account: the signed-in account.
        at: the instant of the check.
        standing: the standing of the coupon in the ledger.
        keys: the keys that may have sealed it; needed for a coupon from outside, such as a file. Without
            them the coupon is trusted: as one from your own store.

    Returns:
        The discount of each line, or a refusal with every reason. Show strangers `Refusal.public`.

    Raises:
        InvalidValue: an argument is of another type.
    """
    at, keys = instant(at, "at"), check_keys(keys)
    argument(coupon, Coupon, "coupon")
    argument(order, Order, "order")
    reasons = _reasons_of_coupon(coupon, account, at, word(standing, CouponStanding, "standing"))
    if keys and not coupon.is_sealed_by(*keys):
        reasons.insert(0, reason_of(ReasonCode.COUPON_ALTERED))
    usage = coupon.usage
    eligible = [
        names(usage.categories, line.category)
        and names(usage.brands, line.brand)
        and names(usage.channels, line.channel)
        for line in order.lines
    ]
    is_payable, has_eligible = order.currency == coupon.currency, any(eligible)
    if not is_payable:
        given, wanted = order.currency.code, coupon.currency.code
        reasons.append(reason_of(ReasonCode.ORDER_CURRENCY, given=given, wanted=wanted, order=order.id))
    if not has_eligible:
        reasons += _reasons_of_lines(order, usage)
    prices = [line.total_minor if fits else 0 for line, fits in zip(order.lines, eligible, strict=True)]
    total = sum(prices)
    if has_eligible and is_payable and total < max(usage.minimum_order_minor, 1):
        reasons.append(_below_minimum(order, total, usage))
    for kind in order.other_discounts:
        if not names(usage.stacks_with, kind):
            reasons.append(reason_of(ReasonCode.ORDER_STACKING, discount=kind))
    if reasons:
        return refusal_of(reasons)
    return _redeem(coupon, order, eligible, prices, at)


def _reasons_of_coupon(coupon: Coupon, account: str, at: datetime, standing: CouponStanding) -> list[Reason]:
    reasons = []
    if text_of(account) != coupon.account:
        reasons.append(reason_of(ReasonCode.COUPON_OTHER_ACCOUNT))
    if coupon.awaited:
        reasons.append(reason_of(ReasonCode.COUPON_AWAITED))
    if at < coupon.valid_from:
        reasons.append(reason_of(ReasonCode.COUPON_NOT_YET_VALID, since=coupon.valid_from))
    elif coupon.valid_until is not None and at >= coupon.valid_until:
        days, until = coupon.usage.valid_days, coupon.valid_until
        reasons.append(reason_of(ReasonCode.COUPON_EXPIRED, days=days, until=until))
    if standing != CouponStanding.UNUSED:
        reasons.append(reason_of(_STANDING[standing]))
    return reasons


def _below_minimum(order: Order, total: int, usage: UsageRules) -> Reason:
    code = ReasonCode.ORDER_BELOW_MINIMUM
    if not total:
        return reason_of(code, "nothing", order=order.id)
    amounts = {"total_minor": total, "minimum_minor": usage.minimum_order_minor}
    return reason_of(code, "", **amounts, currency=order.currency.code, order=order.id)


_LONGEST = 30  # characters of a name, because an order may have a thousand refused lines


def _reasons_of_lines(order: Order, usage: UsageRules) -> list[Reason]:
    """Return for every line why the coupon does not buy it."""
    reasons = []
    for line in order.lines:
        for code, value, allowed in (
            (ReasonCode.ORDER_CATEGORY, line.category, usage.categories),
            (ReasonCode.ORDER_BRAND, line.brand, usage.brands),
            (ReasonCode.ORDER_CHANNEL, line.channel, usage.channels),
        ):
            if not names(allowed, value):
                said = listed(allowed, longest=_LONGEST)
                product, given = shortened(line.product, 2 * _LONGEST), shortened(value, 2 * _LONGEST)
                reason = reason_of(code, product=product, allowed=said, given=given)
                reasons.append(reason.replace(subject=line.product))
    return reasons


def _redeem(coupon: Coupon, order: Order, eligible: list[bool], prices: list[int], at: datetime) -> Redemption:
    """Deduct the value from the eligible lines, never more than they cost; `prices` is 0 for the others.

    With ``one_unit`` one unit of one line gets the discount: the one with the largest discount, the
    dearest of those. A bonus for a target counts if that target gets the discount.
    """
    usage = coupon.usage
    bonuses: tuple[GrantedBonus, ...] = ()
    if usage.applies_to == "one_unit":
        best, chosen = (-1, -1), 0
        for position, line in enumerate(order.lines):
            if eligible[position]:
                fitting = _bonuses_for(coupon, (line.product,))
                taken = (min(_worth(coupon, fitting), line.price_minor), line.price_minor)
                if taken > best:
                    best, chosen, bonuses = taken, position, fitting
        discount = best[0]
        discounts = tuple(discount if position == chosen else 0 for position in range(len(order.lines)))
    else:
        products = [line.product for line, fits in zip(order.lines, eligible, strict=True) if fits]
        bonuses = _bonuses_for(coupon, products)
        discount = min(_worth(coupon, bonuses), sum(prices))
        discounts = allocate(discount, prices)
    by_bonus = min(sum([bonus.amount for bonus in bonuses]), discount)
    surplus = 0 if usage.surplus == "forfeit" else coupon.exchange_value - (discount - by_bonus)
    fields: dict[str, Any] = {
        "code": coupon.code,
        "order": order.id,
        "at": at,
        "discounts": discounts,
        "discount": discount,
        "to_pay": order.total_minor - discount,
        "forfeited": coupon.value - discount - surplus,
        "store_credit": surplus if usage.surplus == "store_credit" else 0,
        "cash": surplus if usage.surplus == "cash" else 0,
        "currency": coupon.currency,
        "parts": _line_parts(coupon, bonuses, order, discounts, at) if coupon.treatments else (),
    }
    # Everything else is at most the coupon's value: only the price of a whole order can be out of range.
    return proved(Redemption, **fields) if fields["to_pay"] < WIDEST else Redemption(**fields)


def _bonuses_for(coupon: Coupon, products: Collection[str]) -> tuple[GrantedBonus, ...]:
    """Return the bonuses that count for these products."""
    return tuple([bonus for bonus in coupon.bonuses if bonus.target is None or bonus.target in products])


def _worth(coupon: Coupon, bonuses: Iterable[GrantedBonus]) -> int:
    """Return the value of the coupon with these of its bonuses."""
    return coupon.exchange_value + sum([bonus.amount for bonus in bonuses])


def _line_parts(
    coupon: Coupon, bonuses: tuple[GrantedBonus, ...], order: Order, discounts: tuple[int, ...], at: datetime
) -> tuple[LineParts, ...]:
    """Split each line by the treatments in force; none if a needed treatment is unknown: nothing is guessed.

    Bonuses are spent on goods first. The rest of one is lost, for it was never part of the phone's value.
    """
    left, totals = sum(discounts), {"payment": 0, "discount": 0}
    for part, amount in (*((f"{BONUS}{bonus.id}", bonus.amount) for bonus in bonuses), (EXCHANGE_VALUE, left)):
        spent, row = min(amount, left), coupon.treatments._in_force(part, at)  # noqa: SLF001 - of the core, and checked
        if spent and row is None:
            return ()
        if row is not None and (part != EXCHANGE_VALUE or row.treatment == "discount"):
            totals[row.treatment] += spent
        left -= spent
    lines = tuple([(line.quantity, line.price_minor) for line in order.lines])
    return split_lines((totals["payment"], totals["discount"]), discounts, lines)
