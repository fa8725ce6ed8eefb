"""A refusal is an answer, not an error: every reason at once, each with a code and a remedy.

>>> refusal = Refusal((Reason(ReasonCode.COUPON_EXPIRED, "The coupon expired", "Ask for a new quote"),))
>>> refusal.codes
('coupon_expired',)
>>> refusal.public().codes
('coupon_not_usable',)
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Annotated, Literal, final

from miexchange import _texts
from miexchange._bounded import Items, Line, Name, Pair
from miexchange._limits import MESSAGE, REASONS, VALUE_ITEMS
from miexchange._value import Value, argument, check_types, elements, proved, require, text
from miexchange._words import Word, word
from miexchange.errors import missing, one_line, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Reason", "ReasonCode", "ReasonKind", "Refusal", "reason_of", "refusal_of", "refused"]

_MOST_VALUES = 20


class ReasonKind(Word):
    """Who or what can make a refused request succeed.

    A ``stranger`` is somebody who may have no right to ask: show `Refusal.public`. An ``operator`` runs the
    programme, the service or the door.
    """

    CUSTOMER = "customer"
    OTHER_DEVICE = "other_device"
    WAIT = "wait"
    OPERATOR = "operator"
    STRANGER = "stranger"


class ReasonCode(Word):
    """Every reason that the package can give. A code is stable: its meaning never changes.

    Their texts and properties are in ``data/reasons.csv``.

    >>> code = ReasonCode.COUPON_EXPIRED
    >>> code.kind.value, code.status, code.is_final
    ('customer', 410, True)
    """

    # The IMEI as text.
    IMEI_NOT_TEXT = "imei_not_text"
    IMEI_EMPTY = "imei_empty"
    IMEI_SIGN = "imei_sign"
    IMEI_CHARACTERS = "imei_characters"
    IMEI_14_DIGITS = "imei_14_digits"
    IMEI_16_DIGITS = "imei_16_digits"
    IMEI_LENGTH = "imei_length"
    IMEI_NETWORK_FORM = "imei_network_form"
    IMEI_CHECK_DIGIT = "imei_check_digit"
    # The IMEI as an identity.
    IMEI_MISSING = "imei_missing"
    IMEI2_MISSING = "imei2_missing"
    IMEI_PLACEHOLDER = "imei_placeholder"
    IMEI_TEST = "imei_test"
    IMEI_REPORTING_BODY = "imei_reporting_body"
    IMEI_REPEATED = "imei_repeated"
    IMEI_BLOCKED = "imei_blocked"
    IMEI_TRACKED = "imei_tracked"
    IMEI_DUPLICATE = "imei_duplicate"
    IMEI_UNVERIFIED = "imei_unverified"
    REGISTER_STALE = "register_stale"
    TAC_UNKNOWN = "tac_unknown"
    TAC_OTHER_MODEL = "tac_other_model"
    # The model.
    MODEL_UNKNOWN = "model_unknown"
    VARIANT_MISSING = "variant_missing"
    CATEGORY_NOT_ACCEPTED = "category_not_accepted"
    BRAND_NOT_ACCEPTED = "brand_not_accepted"
    MODEL_NOT_LISTED = "model_not_listed"
    # The account and the device's past.
    EXCHANGE_OPEN = "exchange_open"
    DEVICE_EXCHANGED = "device_exchanged"
    # The condition.
    ANSWER_MISSING = "answer_missing"
    ANSWER_UNKNOWN = "answer_unknown"
    QUESTION_UNKNOWN = "question_unknown"
    QUESTION_NOT_ASKED = "question_not_asked"
    CONDITION_GATE = "condition_gate"
    # The price and the terms.
    PROGRAMME_NOT_IN_FORCE = "programme_not_in_force"
    PRICE_MISSING = "price_missing"
    PRICE_STALE = "price_stale"
    PURCHASE_DATE_MISSING = "purchase_date_missing"
    PURCHASE_DATE_IN_FUTURE = "purchase_date_in_future"
    CUSTOMER_MISSING = "customer_missing"
    CUSTOMER_UNKNOWN = "customer_unknown"
    # The quote.
    QUOTE_NOT_YET_VALID = "quote_not_yet_valid"
    QUOTE_EXPIRED = "quote_expired"
    # The coupon and the order.
    COUPON_OTHER_ACCOUNT = "coupon_other_account"
    COUPON_NOT_YET_VALID = "coupon_not_yet_valid"
    COUPON_EXPIRED = "coupon_expired"
    COUPON_RESERVED = "coupon_reserved"
    COUPON_USED = "coupon_used"
    COUPON_VOID = "coupon_void"
    ORDER_CATEGORY = "order_category"
    ORDER_BRAND = "order_brand"
    ORDER_CHANNEL = "order_channel"
    ORDER_BELOW_MINIMUM = "order_below_minimum"
    ORDER_STACKING = "order_stacking"
    COUPON_NOT_USABLE = "coupon_not_usable"
    # A cell of a table with a value of another type; for one device it is an `InvalidValue` instead.
    INVALID_VALUE = "invalid_value"
    # The codes above are bits of one int64 for columns of devices; those below are never about a column's row.
    COUPON_UNKNOWN = "coupon_unknown"
    COUPON_CODE_MISTYPED = "coupon_code_mistyped"
    COUPON_ALTERED = "coupon_altered"
    ORDER_CURRENCY = "order_currency"
    COUPON_AWAITED = "coupon_awaited"
    ORDER_DEVICES = "order_devices"
    # The exchange.
    EXCHANGE_NOT_OFFERED = "exchange_not_offered"
    DEVICE_IN_EXCHANGE = "device_in_exchange"
    QUOTE_ACCEPTED = "quote_accepted"
    QUOTE_ALTERED = "quote_altered"
    QUOTE_OUTDATED = "quote_outdated"
    QUOTE_UNSEALED = "quote_unsealed"
    PROGRAMME_UNKNOWN = "programme_unknown"
    BONUS_USED_UP = "bonus_used_up"
    LIMIT_REACHED = "limit_reached"
    LIMIT_UNTOLD = "limit_untold"
    EVENT_NOT_POSSIBLE = "event_not_possible"
    EVENT_BEFORE_LAST = "event_before_last"
    EVENT_NOT_DUE = "event_not_due"
    ORDER_OTHER = "order_other"
    ORDER_TAKEN = "order_taken"
    INSPECTION_MISSING = "inspection_missing"
    IDENTITY_MISSING = "identity_missing"
    OWNERSHIP_MISSING = "ownership_missing"
    WIPE_MISSING = "wipe_missing"
    WIPE_TOO_EARLY = "wipe_too_early"
    ALREADY_RECORDED = "already_recorded"
    SEND_LATE = "send_late"
    UNLOCK_LATE = "unlock_late"
    DECISION_LATE = "decision_late"
    OVERRIDE_OUT_OF_RANGE = "override_out_of_range"
    AUTHORITY_MISSING = "authority_missing"
    AUTHORITY_EXCEEDED = "authority_exceeded"
    AUTHORITY_USED_UP = "authority_used_up"
    REVERSAL_NOT_OFFERED = "reversal_not_offered"
    REVERSAL_LATE = "reversal_late"
    REQUEST_CHANGED = "request_changed"
    # The door.
    SCREEN_LOCK_ON = "screen_lock_on"
    ACCOUNTS_PRESENT = "accounts_present"
    MEMORY_CARD_INSIDE = "memory_card_inside"
    EVIDENCE_MISSING = "evidence_missing"
    OTHER_DEVICE = "other_device"
    OTHER_MODEL = "other_model"

    @property
    def kind(self) -> ReasonKind:
        """Who or what can make the request succeed."""
        return ReasonKind(_texts.facts()[self]["kind"])

    @property
    def status(self) -> int:
        """The status of HTTP that a service can answer with: always 4xx, as a refusal is not a service's failure."""
        return int(_texts.facts()[self]["status"])

    @property
    def is_final(self) -> bool:
        """Whether the same request will always be refused: neither time nor anybody can cure it."""
        return _texts.facts()[self]["is_final"] == "yes"

    @property
    def cure(self) -> str:
        """The remedy, in English; for a final reason, another request that can succeed."""
        return _texts.facts()[self]["cure"]


_PAIR = Pair("name", "value", ("what the value is called, such as ``until``", "the value"))


@dataclass(frozen=True, slots=True)
class Reason(Value):
    """One reason of a refusal, or one warning on a quote.

    Attributes:
        code: the stable code, to branch on; its `kind`, `status` and `is_final` say what to do with it.
        message: the fact, with the value (an IMEI masked), in English; for people.
        remedy: what the person can do about it.
        subject: the subject: a question, an option, a model, an order line; "" for the whole.
        values: the values in the message and the remedy by name, for a service that translates or maps them: texts,
            whole numbers, instants and days in ISO 8601, amounts in minor units of ``currency``
            (``data/reason_values.csv``). A reason of an older version has none. Reasons with equal texts are equal.

    Its texts are stored in a form that is safe for logs and terminals: control characters escaped, and long texts cut.
    """

    code: ReasonCode
    message: str
    remedy: str
    subject: str = ""
    values: Annotated[tuple[Annotated[tuple[Name, Line | int], _PAIR], ...], Items(0, _MOST_VALUES)] = field(
        default=(), compare=False
    )

    def __post_init__(self) -> None:
        check_types(self)
        require(len(dict(self.values)) == len(self.values), "Reason.values", self.values, "name each value once")
        texts = self.message + self.remedy + self.subject + "".join([f"{name}{value}" for name, value in self.values])
        if len(texts) > MESSAGE or not texts.isprintable():  # one check for all of them: a quote may have warnings
            for name in ("message", "remedy", "subject"):
                object.__setattr__(self, name, one_line(getattr(self, name)))
            values = ((one_line(name), one_line(value) if type(value) is str else value) for name, value in self.values)
            object.__setattr__(self, "values", tuple(values))

    def text(self, locale: str | None = None) -> str:
        """Return the reason for people, as sentences in a language; the digits are the same in each.

        In a language that is written from right to left, Unicode marks keep the direction of every value. A reason
        with texts of its own is not translated.

        Args:
            locale: English, Hindi or Urdu, such as ``en``, ``hi_IN`` or ``ur``; None for English.

        Raises:
            InvalidValue: there is no catalogue for the locale.

        >>> print(reason_of(ReasonCode.ORDER_STACKING, discount="student").text("hi_IN"))
        कूपन को student के साथ नहीं जोड़ा जा सकता। ऑर्डर से दूसरी छूट हटाएँ।
        """
        return _texts.translated(self.code, (self.message, self.remedy), dict(self.values), locale)

    def __str__(self) -> str:
        """Render as a sentence with its remedy."""
        return self.text()


def reason_of(code: ReasonCode, case: str = "", **values: object) -> Reason:
    """Return a reason with the texts of ``data/reason_texts.csv``.

    Args:
        code: its code.
        case: the case of the code's texts.
        values: the values in the texts, by the types of ``data/reason_values.csv``.

    Raises:
        InvalidValue: there is no such case, a value is missing or unknown, or it is of another type.

    >>> reason = reason_of(ReasonCode.ORDER_STACKING, discount="student")
    >>> print(reason)
    The coupon cannot be combined with student. Take the other discount off the order.
    >>> reason.values, reason.subject
    ((('discount', 'student'),), 'student')
    """
    code, case = word(code, ReasonCode, "code"), text(case, "case", "give a text")
    return _made(code, case, values) if values else _plain(code, case)


def _made(code: ReasonCode, case: str, values: dict[str, object]) -> Reason:
    template = _texts.template(code, case)
    if absent := template.names - values.keys():
        raise missing(f"values.{min(absent)}", "give all that the text names")
    if len(values) > len(template.names):
        raise unknown("values", "value", min(values.keys() - template.names), template.names)
    kept = tuple([(name, _texts.plain(name, value)) for name, value in values.items()])
    message, remedy, subject = template.filled(_texts.shown(dict(kept)))
    return proved(Reason, code=code, message=message, remedy=remedy, subject=subject, values=kept)


@cache
def _plain(code: ReasonCode, case: str) -> Reason:
    """Return a reason without values, which is always the same."""
    return _made(code, case, {})


@final
@dataclass(frozen=True, slots=True)
class Refusal(Value):
    """A typed "no": the complete list of reasons. It is falsy, so ``if quote := appraise(...)`` reads well.

    Attributes:
        reasons: at least one `Reason`, in the order in which the rules are applied.
    """

    reasons: Annotated[tuple[Reason, ...], Items(1, VALUE_ITEMS)]

    def __bool__(self) -> Literal[False]:
        """Return False: a refusal is a "no"."""
        return False

    @property
    def codes(self) -> tuple[str, ...]:
        """The distinct codes, in order."""
        return tuple(dict.fromkeys(reason.code.value for reason in self.reasons))

    @property
    def is_final(self) -> bool:
        """Whether the same request will always be refused, because some reason cannot be cured.

        >>> early = Reason(ReasonCode.COUPON_NOT_YET_VALID, "Too early", "Wait")
        >>> late = Reason(ReasonCode.COUPON_EXPIRED, "Too late", "Ask for a new quote")
        >>> Refusal((early,)).is_final, Refusal((early, late)).is_final
        (False, True)
        """
        return any(reason.code.is_final for reason in self.reasons)

    @property
    def status(self) -> int:
        """The status of HTTP that a service can answer with: that of the first final reason, or of the first."""
        codes = [reason.code for reason in self.reasons]
        return next((code for code in codes if code.is_final), codes[0]).status

    def public(self) -> Refusal:
        """Return the one uniform answer for strangers, so that a guesser of codes learns nothing."""
        return _public()

    def explain(self, locale: str | None = None) -> str:
        """Return the reasons as text, one line each.

        Args:
            locale: the language: see `Reason.text`.

        Raises:
            InvalidValue: there is no catalogue for the locale.
        """
        return "\n".join(f"- {reason.text(locale)}" for reason in self.reasons)


def refused(code: ReasonCode, case: str = "", **values: object) -> Refusal:
    """Return the refusal for one reason: see `reason_of`."""
    return Refusal((reason_of(code, case, **values),))


_REASONS = "give a list of reasons"


def refusal_of(reasons: Sequence[Reason]) -> Refusal:
    """Return the refusal for some reasons: a great number of one kind is cut, with the number of others.

    Raises:
        InvalidValue: there are no reasons, or it is not a list of them.
    """
    reasons = tuple(argument(reason, Reason, "reasons") for reason in elements(reasons, "reasons", _REASONS))
    if len(reasons) <= REASONS:
        return Refusal(reasons)
    counts = Counter(reason.code for reason in reasons)
    kept: list[Reason] = []
    seen: Counter[ReasonCode] = Counter()
    for reason in reasons:
        seen[reason.code] += 1
        if seen[reason.code] <= REASONS:
            kept.append(reason)
        elif seen[reason.code] == counts[reason.code]:
            kept.append(reason_of(reason.code, "more_of_kind", more=counts[reason.code] - REASONS))
    return Refusal(tuple(kept))


@cache
def _public() -> Refusal:
    return Refusal((reason_of(ReasonCode.COUPON_NOT_USABLE),))
