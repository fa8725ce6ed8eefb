"""Values a device under a programme at an instant: a `Quote` with its lines, or a `Refusal`.

The formula, in order: market price, retention, grade, deductions, extras, programme factor, floor
and cap, rounding; then bonuses, apart. Each step is a line, and the lines add up to the value.

>>> from datetime import UTC, datetime
>>> from miexchange import Device, Programme, appraise
>>> programme = Programme.load("mi-exchange-india")
>>> at = datetime(2018, 3, 20, 12, tzinfo=UTC)
>>> device = Device("oneplus-3t-6-64")
>>> variant = programme.catalogue.by_model["oneplus-3t-6-64"]
>>> best = programme.terms_at(at).questionnaire.best(variant)
>>> quote = appraise(device, best, programme, at=at)
>>> quote.exchange_value == sum(line.amount for line in quote.lines)
True
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, Unpack, cast, overload

from miexchange import _kernel
from miexchange._bounded import Count, Line
from miexchange._keyed import check_keys
from miexchange._limits import TEXT
from miexchange._privacy import mask
from miexchange._refused import refused_phone
from miexchange._text import listed
from miexchange._value import Value, argument, check_types, elements, flag, instant, require, text
from miexchange._valued import granted, quoted
from miexchange._words import word
from miexchange.catalogue import Device
from miexchange.condition import Condition
from miexchange.eligibility import ImeiStatus, RegisterAnswer
from miexchange.errors import MiExchangeError, one_line, out_of_range, wrong_type
from miexchange.programme import NONE_GIVEN, Programme, Terms
from miexchange.programme.rules import Inputs, plain_inputs, told_by_name
from miexchange.programme.terms import counts_given
from miexchange.quote import Quote, QuoteLine
from miexchange.refusal import ReasonCode, Refusal, reason_of, refusal_of, refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    Programmes = Programme | Mapping[str, Programme]

__all__ = [
    "Replay",
    "WorstCase",
    "appraise",
    "appraise_many",
    "confirmed",
    "headline",
    "replay",
    "worst_case",
]


@told_by_name
def appraise(
    device: Device,
    condition: Condition,
    programme: Programme,
    *,
    at: datetime,
    imei_status: ImeiStatus | RegisterAnswer = ImeiStatus.UNVERIFIED,
    exchange_open: bool = False,
    device_exchanged: bool = False,
    bonuses_given: Mapping[str, int] = NONE_GIVEN,
    key: bytes | None = None,
    **told: Unpack[Inputs],
) -> Quote | Refusal:
    """Value a device.

    Args:
        device: the phone as the customer names it; without an IMEI the quote is indicative.
        condition: the answers. In the quote, numbers are replaced by their options.
        programme: the rules.
        at: the instant of the valuation.
        imei_status: the register's answer about the IMEI: a `RegisterAnswer`, or a plain status if the terms demand no
            evidence; unknown is never taken as clear.
        exchange_open: whether the account has an open exchange; if the terms allow several, whether it has as
            many as they allow.
        device_exchanged: whether this device was traded in before.
        bonuses_given: the number of times that each bonus with a quota was given so far.
        key: at least 16 secret bytes, to seal the quote and to add tokens of its IMEIs: needed if it
            leaves the service, or is stored without its IMEIs, before it is accepted.
        **told: ``target``, the new model that the customer wants to buy, for bonuses on it, and further inputs for
            the rules of the list, such as ``customer``, the class of the customer. An input is stored in the quote
            even if the terms have no rule that reads it.

    Returns:
        A `Quote` whose lines add up to its value, or a `Refusal` with every reason.

    Raises:
        InvalidValue: an argument is of another type, such as an instant without a zone.
    """
    at = instant(at, "at")
    named, bonuses_given = plain_inputs(told), counts_given(bonuses_given)
    argument(device, Device, "device")
    argument(condition, Condition, "condition", "give a Condition of the answers")
    check_programme(programme)
    exchange_open, device_exchanged = flag(exchange_open, "exchange_open"), flag(device_exchanged, "device_exchanged")
    answer = imei_status if type(imei_status) is RegisterAnswer else None
    status = word(imei_status, ImeiStatus, "imei_status") if answer is None else answer.status
    facts = (device, condition, programme, at, status, answer)
    quote = None if exchange_open or device_exchanged else quoted(*facts, bonuses_given, named)
    if quote is None:
        return refused_phone(*facts, named, exchange_open=exchange_open, device_exchanged=device_exchanged)
    return quote if key is None else quote.sealed(key)


_PHONES = (
    "give a list of phones, each a tuple of its Device and Condition, and of its register's answer if there is one"
)


@told_by_name
def appraise_many(
    phones: Iterable[tuple[Device, Condition] | tuple[Device, Condition, ImeiStatus | RegisterAnswer]],
    programme: Programme,
    *,
    at: datetime,
    bonuses_given: Mapping[str, int] = NONE_GIVEN,
    key: bytes | None = None,
    **told: Unpack[Inputs],
) -> list[Quote | Refusal]:
    """Value devices, each by itself as `appraise` does: for some of them; `miexchange.batch` is for tables.

    Args:
        phones: each is a tuple of the device, the answers and, if it was asked, the register's answer.
        programme: the rules.
        at: the instant of the valuation.
        bonuses_given: the number of times that each bonus with a quota was given before all of them.
        key: the key of all quotes.
        **told: the inputs of all of them.

    Returns:
        A `Quote` or a `Refusal` for each, in their order.

    Raises:
        InvalidValue: an argument is of another type; of a phone, its position is named.

    >>> from datetime import UTC, datetime
    >>> programme, at = Programme.load("mi-exchange-india"), datetime(2018, 3, 20, 12, tzinfo=UTC)
    >>> best = headline("oneplus-3t-6-64", programme, at=at).condition
    >>> phones = [(Device("oneplus-3t-6-64"), best), (Device("oneplus-3t-6-64"), Condition())]
    >>> [bool(answer) for answer in appraise_many(phones, programme, at=at)]
    [True, False]
    """
    at = instant(at, "at")
    named, bonuses_given = plain_inputs(told), counts_given(bonuses_given)
    check_programme(programme)
    answers: list[Quote | Refusal] = []
    for place, phone in enumerate(elements(phones, "phones", _PHONES)):
        device, condition, status, answer = _phone(phone, place)
        facts = (device, condition, programme, at, status, answer)
        quote = quoted(*facts, bonuses_given, named)
        if quote is None:
            answers.append(refused_phone(*facts, named, exchange_open=False, device_exchanged=False))
        else:
            answers.append(quote if key is None else quote.sealed(key))
    return answers


def _phone(phone: Any, place: int) -> tuple[Device, Condition, ImeiStatus, RegisterAnswer | None]:  # noqa: ANN401 - it is checked here
    """Return the parts of one of many phones."""
    if type(phone) is not tuple or len(phone) not in {2, 3}:
        raise wrong_type(f"phones.{place}", phone, _PHONES)
    device, condition = phone[:2]
    if type(device) is not Device or type(condition) is not Condition:
        argument(device, Device, f"phones.{place}.0")
        argument(condition, Condition, f"phones.{place}.1", "give a Condition of the answers")
    if len(phone) == 2:  # noqa: PLR2004 - device and answers
        return device, condition, ImeiStatus.UNVERIFIED, None
    given = phone[2]
    if type(given) is RegisterAnswer:
        return device, condition, given.status, given
    return device, condition, word(given, ImeiStatus, f"phones.{place}.2"), None


def check_programme(programme: object) -> None:
    """Refuse anything that is not a programme.

    Raises:
        InvalidValue: it is not a programme.
    """
    argument(programme, Programme, "programme", "give a Programme, as Programme.load returns")


def maker_of(quote: Quote, programme: Programmes) -> Programme | Refusal:
    """Return the programme that made a quote, from several by digest; a single one is returned unchecked.

    Raises:
        InvalidValue: an argument is of another type, or another programme is stored under the digest.
    """
    argument(quote, Quote, "quote")
    if issubclass(type(programme), Programme):
        return cast("Programme", programme)
    if not issubclass(type(programme), Mapping):
        raise wrong_type("programme", programme, _PROGRAMMES)
    try:
        found = cast("Mapping[str, Programme]", programme).get(quote.digest)
    except MiExchangeError:  # of a ledger that cannot be read
        raise
    except Exception as error:
        raise out_of_range("programme", programme, _PROGRAMMES, "cannot be read") from error
    if found is None:
        return unmade(quote)
    fits = issubclass(type(found), Programme) and found.is_known_as(quote.digest)
    require(fits, "programme", found, _PROGRAMMES, f"has something else under {quote.digest[:12]}")
    return found


_PROGRAMMES = "give a Programme, as Programme.load returns, or a mapping of digests to programmes"


def unmade(quote: Quote) -> Refusal:
    """Refuse a quote whose programme is not available."""
    return refused(ReasonCode.PROGRAMME_UNKNOWN, digest=quote.digest[:12], programme=quote.programme)


def headline(model: str, programme: Programme, *, at: datetime, target: str | None = None) -> Quote | Refusal:
    """Return the best quote for a model: its value, and in `Quote.condition` the answers for it.

    The device is new, and its customer is of the best class.

    Args:
        model: the variant's id or name.
        programme: the rules.
        at: the instant of the valuation.
        target: the new model that the customer wants to buy, for bonuses on it.

    >>> from datetime import UTC, datetime
    >>> programme = Programme.load("mi-exchange-india")
    >>> best = headline("oneplus-3t-6-64", programme, at=datetime(2018, 3, 20, tzinfo=UTC))
    >>> best.grade, best.condition["screen_glass"]
    ('A', 'unmarked')
    """
    at = instant(at, "at")
    check_programme(programme)
    if type(model) is not str:
        model = text(model, "model", "give the variant's id or name")
    terms, variant = programme.terms_at(at), programme.catalogue.named(model)
    best, named = Condition(), dict[str, Any]()
    if terms is not None and variant is not None:
        best = terms.questionnaire.best(variant)
        named = {name: labels[0] for name, labels in terms.labels_told.items()}
    device = Device(model, purchased_on=at.astimezone(programme.zone).date())
    return appraise(device, best, programme, at=at, target=target, **named)


@dataclass(frozen=True, slots=True)
class WorstCase(Value):
    """The customer's risk in accepting: disclosed before, so that the inspection holds no surprise.

    Attributes:
        value: the least value after an inspection, in minor units, if the device is accepted at all.
        at_risk: the greatest loss against the quote, in minor units: all of it if a gate can refuse.
        condition: the answers that lead to `value`.
        gates: the answers that would refuse the device, as ``question=option``.
    """

    value: Count
    at_risk: Count
    condition: Condition
    gates: tuple[Line, ...]


def worst_case(quote: Quote, programme: Programmes) -> WorstCase | Refusal:
    """Return the worst result of an honest inspection of the quoted device.

    Args:
        quote: the quote.
        programme: the programme that made it, or programmes by digest, such as `Ledger.programmes`.

    Returns:
        The worst case, or a refusal: the programme of the quote is not available (`programme_unknown`).

    Raises:
        InvalidValue: an argument is of another type, or the quote is not as the programme made it.
    """
    maker = maker_of(quote, programme)
    if isinstance(maker, Refusal):
        return maker
    programme = maker
    if not programme.is_known_as(quote.digest):
        return unmade(quote)
    terms = programme.terms_at(quote.at)
    variant = programme.catalogue.lookup(quote.model)
    if terms is None or variant is None:
        rule = "give the quote as it was made"
        raise out_of_range("Quote.model", quote.model, rule, which="the programme never took")
    worst, gates = terms.questionnaire.worst_of(variant)
    lowest = appraise_again(quote.without_imei(), programme, condition=worst)
    if isinstance(lowest, Refusal):
        what = f"is refused with its worst answers ({', '.join(lowest.codes)})"
        raise out_of_range("quote", quote.label, "give the quote as it was made", what)
    found, on = lowest.exchange_value, quote.at.astimezone(programme.zone).date()
    given = {**dict(quote.bonuses_given), **_used_up(quote, terms, found)}
    offers = terms._offers(given, on, quote.told["target"])  # noqa: SLF001 - the counts are checked
    least = found + sum(amount for amount, _ in granted(found, offers))
    return WorstCase(least, quote.coupon_value if gates else quote.coupon_value - least, worst, gates)


def _used_up(quote: Quote, terms: Terms, value: int) -> dict[str, int]:
    """Return the quotas that are used up at the time of the inspection in the customer's worst case.

    All may be, except those of the quote's own bonuses, whose places are kept. A fall-back can pay more than the
    bonus that it replaces: that one is then assumed to last.
    """
    held, given = {bonus.id for bonus in quote.bonuses}, dict(quote.bonuses_given)
    least: dict[str, int] = {}
    gone: dict[str, int] = {}
    for bonus in terms.bonuses:
        chain, paid = [], terms.bonus_by_id.get(bonus.id)
        while paid is not None and paid.id not in least:
            chain.append(paid)
            paid = terms.bonus_by_id.get(paid.fall_back)
        for one in reversed(chain):
            own = _kernel.bonus(value, 0, one.amount_minor, one.share_bps, one.most_minor)
            after = least.get(one.fall_back, 0)
            is_out = one.quota is not None and given.get(one.id, 0) >= one.quota
            if one.quota is not None and one.id not in held and (is_out or after <= own):
                gone[one.id] = one.quota
            least[one.id] = after if one.id in gone else own
    return gone


@dataclass(frozen=True, slots=True)
class Replay(Value):
    """Whether a quote can be reproduced, by which programme, and the differences if not.

    Attributes:
        differences: every difference, as a sentence; empty when the quote is reproduced to the minor unit.
        edition: ``same``: by the programme that made the quote; ``other``: by another edition of it. Without
            differences, the other one makes the same quote, like one whose price list was only extended.
    """

    differences: tuple[str, ...]
    edition: Literal["same", "other"] = "same"

    def __post_init__(self) -> None:
        check_types(self)
        object.__setattr__(self, "differences", tuple(map(one_line, self.differences)))

    def __bool__(self) -> bool:
        """Tell whether the quote was reproduced exactly."""
        return not self.differences


@overload
def replay(quote: Quote, programme: Programme) -> Replay: ...
@overload
def replay(quote: Quote, programme: Mapping[str, Programme]) -> Replay | Refusal: ...
def replay(quote: Quote, programme: Programmes) -> Replay | Refusal:
    """Value the quoted device again from the quote's own data, and compare everything in the quote.

    The instant, the register's answer and the quotas are in the quote; the IMEI is not needed. Warnings that depend
    on the IMEI are compared if the quote has its IMEIs.

    Args:
        quote: the quote.
        programme: the programme that made it, or another edition of it; or programmes by digest, such as
            `Ledger.programmes`, from which the right one is chosen.

    Returns:
        The differences, and the edition; or a refusal: no programme has the quote's digest (`programme_unknown`).

    >>> from datetime import UTC, datetime
    >>> programme = Programme.load("mi-exchange-india")
    >>> quote = headline("oneplus-3t-6-64", programme, at=datetime(2018, 3, 20, tzinfo=UTC))
    >>> bool(replay(Quote.from_json(quote.to_json()), programme))
    True
    """
    maker = maker_of(quote, programme)
    if isinstance(maker, Refusal):
        return maker
    return Replay(tuple(_differences(quote, maker)), "same" if maker.is_known_as(quote.digest) else "other")


def confirmed(quote: Quote, programme: Programmes, *, keys: Sequence[bytes]) -> Quote | Refusal:
    """Return the quote as the programme makes it from the quote's own inputs, or refuse one that differs.

    Everything that issues money for a quote calls this first: the quote may come from outside. Only the digest may
    differ, as after a change of a price list that does not affect this quote; the returned quote
    has the digest of the programme that confirmed it.

    Args:
        quote: the quote.
        programme: the programme that made it, or a later version; or programmes by digest.
        keys: the keys that may have sealed it, the oldest last: devices are recognised by that one, if the quote has
            tokens in place of its IMEIs.

    Returns:
        The quote, or a refusal: it was altered (`quote_altered`, every difference), the programme now makes another
        value (`quote_outdated`), it needs a seal and has none of that key (`quote_unsealed`), or no programme has its
        digest (`programme_unknown`). Inputs of an unsealed quote are trusted:
        terms with ``quote_seal = "required"`` refuse it.

    Raises:
        InvalidValue: an argument is of another type.
    """
    keys = check_keys(keys)
    maker = maker_of(quote, programme)
    if isinstance(maker, Refusal):
        return maker
    programme = maker
    terms = programme.terms_at(quote.at)
    reasons = []
    if quote.seal and not quote.is_sealed_by(*keys):
        reasons.append(reason_of(ReasonCode.QUOTE_ALTERED, "seal"))
    elif quote.device_tokens and not quote.imeis and not quote.is_sealed_by(*keys[-1:]):
        reasons.append(reason_of(ReasonCode.QUOTE_UNSEALED, "tokens"))
    elif terms is not None and terms.quote_seal == "required" and not quote.seal:
        reasons.append(reason_of(ReasonCode.QUOTE_UNSEALED))
    if differences := _differences(quote, programme):
        code = ReasonCode.QUOTE_ALTERED if programme.is_known_as(quote.digest) else ReasonCode.QUOTE_OUTDATED
        reasons.append(reason_of(code, differences=listed(differences, "; ", TEXT)))
    if reasons:
        return refusal_of(reasons)
    return quote if quote.digest == programme.digest else quote.replace(digest=programme.digest, seal="")


_OF_LINES = {"lines", "bonuses", "exchange_value", "coupon_value"}
_NOT_COMPARED = {"digest", "device_tokens", "seal", "zone_data"} | _OF_LINES
_OF_IMEIS = {"imeis", "indicative", "imei_status", "register_answer", "warnings"}
_COMPARED = {
    is_stored: attrgetter("lines", "bonuses", *sorted({*Quote.__match_args__} - _NOT_COMPARED - left_out))
    for is_stored, left_out in ((False, set[str]()), (True, _OF_IMEIS))
}
"""What gets all that must be equal, by whether a quote was stored without its IMEIs."""


def _differences(quote: Quote, programme: Programme) -> list[str]:
    """Name everything in a quote that its valuation today does not confirm; an IMEI is shown masked."""
    again = appraise_again(quote, programme)
    differences = [f"refused now: {', '.join(again.codes)}"] if isinstance(again, Refusal) else _between(quote, again)
    if differences and not programme.is_known_as(quote.digest):
        editions = f"the programme is {programme.digest[:12]}, the quote was made by {quote.digest[:12]}"
        differences.insert(0, editions)
    return differences


def _between(quote: Quote, again: Quote) -> list[str]:
    """Name everything in which a quote and its valuation today differ."""
    is_stored = not quote.imeis and not quote.indicative
    if _COMPARED[is_stored](quote) == _COMPARED[is_stored](again):
        return []
    left_out = _NOT_COMPARED | (_OF_IMEIS if is_stored else set())
    differences = []
    for field in dataclasses.fields(Quote):
        before, now = getattr(quote, field.name), getattr(again, field.name)
        if field.name not in left_out and before != now:
            differences.append(f"{field.name} was {_shown(before)}, is now {_shown(now)}")
    differences += _line_differences(quote, again)
    if differences and quote.zone_data != again.zone_data:
        differences.insert(0, f"zone_data was {quote.zone_data or 'none'}, is now {again.zone_data or 'none'}")
    return differences


def _shown(value: object) -> str:
    return mask(value) if isinstance(value, str) else str(value)


def _line_differences(quote: Quote, again: Quote) -> list[str]:
    """Name the lines that differ; if none does, compare their order and the targets of the bonuses."""
    before, now = ({line.rule: line for line in one.lines} for one in (quote, again))
    differences = [
        f"{rule} was {_amount(before.get(rule), quote)}, is now {_amount(now.get(rule), again)}"
        for rule in dict.fromkeys((*before, *now))
        if before.get(rule) != now.get(rule)
    ]
    if not differences and quote.lines != again.lines:
        differences.append(f"the lines were {', '.join(line.rule for line in quote.lines)}, are now {', '.join(now)}")
    if not differences and quote.bonuses != again.bonuses:
        differences.append(f"bonuses were {quote.bonuses}, are now {again.bonuses}")
    return differences


def _amount(line: QuoteLine | None, quote: Quote) -> str:
    return "not there" if line is None else f"{quote.currency.plain(line.amount)} ({line.effect})"


def appraise_again(
    quote: Quote,
    programme: Programme,
    *,
    condition: Condition | None = None,
    bonuses_given: Mapping[str, int] | None = None,
) -> Quote | Refusal:
    """Value the quoted device again at the instant of the quote.

    Args:
        quote: the quote; with or without IMEIs.
        programme: the rules.
        condition: other answers than the quote's.
        bonuses_given: other counts than the quote's of the times that each bonus with a quota had been given.
    """
    imeis = dict(zip(("imei", "imei2"), quote.imeis, strict=False))
    return appraise(
        Device(quote.model, **imeis, purchased_on=quote.purchased_on),
        quote.condition if condition is None else condition,
        programme,
        at=quote.at,
        imei_status=quote.register_answer or quote.imei_status,
        bonuses_given=dict(quote.bonuses_given) if bonuses_given is None else bonuses_given,
        **quote.told,
    )
