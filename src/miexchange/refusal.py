"""A refusal is an answer, not an error: every reason at once, each with a code and a remedy.

>>> refusal = Refusal((Reason(ReasonCode.COUPON_EXPIRED, "The coupon expired", "Ask for a new quote"),))
>>> refusal.codes
('coupon_expired',)
>>> refusal.public().codes
('coupon_not_usable',)
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, final

from miexchange._bounded import Items
from miexchange._limits import MESSAGE, REASONS, VALUE_ITEMS
from miexchange._value import Value, argument, check_types, elements
from miexchange._words import Word
from miexchange.errors import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CURED", "Reason", "ReasonCode", "Refusal", "refusal_of"]


class ReasonCode(Word):
    """Every reason that the package can give. A code is stable: it never changes its meaning."""

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
    IMEI_UNVERIFIED = "imei_unverified"
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
    # A cell of a table that holds no value of its type; of one device it is an `InvalidValue` instead.
    INVALID_VALUE = "invalid_value"
    # The codes above are bits of one int64 where columns are valued; those below are never about a column's row.
    COUPON_UNKNOWN = "coupon_unknown"
    COUPON_CODE_MISTYPED = "coupon_code_mistyped"
    COUPON_ALTERED = "coupon_altered"
    ORDER_CURRENCY = "order_currency"
    # The exchange.
    EXCHANGE_NOT_OFFERED = "exchange_not_offered"
    DEVICE_IN_EXCHANGE = "device_in_exchange"
    QUOTE_ACCEPTED = "quote_accepted"
    QUOTE_ALTERED = "quote_altered"
    QUOTE_OUTDATED = "quote_outdated"
    QUOTE_UNSEALED = "quote_unsealed"
    BONUS_USED_UP = "bonus_used_up"
    EVENT_NOT_POSSIBLE = "event_not_possible"
    EVENT_BEFORE_LAST = "event_before_last"
    EVENT_NOT_DUE = "event_not_due"
    ORDER_OTHER = "order_other"
    ORDER_TAKEN = "order_taken"
    INSPECTION_MISSING = "inspection_missing"
    DECISION_LATE = "decision_late"
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


CURED = frozenset(
    {
        # by time
        ReasonCode.QUOTE_NOT_YET_VALID,
        ReasonCode.COUPON_NOT_YET_VALID,
        ReasonCode.EVENT_BEFORE_LAST,
        ReasonCode.EVENT_NOT_DUE,
        # by an earlier step: of this exchange, or the end of another
        ReasonCode.EVENT_NOT_POSSIBLE,
        ReasonCode.INSPECTION_MISSING,
        ReasonCode.COUPON_RESERVED,
        ReasonCode.ORDER_TAKEN,
        ReasonCode.EXCHANGE_OPEN,
        ReasonCode.DEVICE_IN_EXCHANGE,
        ReasonCode.DEVICE_EXCHANGED,
        ReasonCode.BONUS_USED_UP,
    }
)
"""The reasons that can pass while the request stays the same; every other reason is final."""


@dataclass(frozen=True, slots=True)
class Reason(Value):
    """One reason of a refusal, or one warning on a quote.

    Attributes:
        code: the stable code, to branch on.
        message: what is so, with the value (an IMEI masked); for people.
        remedy: what the person can do about it.
        subject: what it is about: a question, an option, a model, an order line; "" for the whole.

    Its texts are kept as a log and a terminal may show them: control characters as escapes, and none of any length.
    """

    code: ReasonCode
    message: str
    remedy: str
    subject: str = ""

    def __post_init__(self) -> None:
        check_types(self)
        texts = self.message + self.remedy + self.subject
        if len(texts) > MESSAGE or not texts.isprintable():  # one look at all three: a quote may have warnings
            for field in ("message", "remedy", "subject"):
                object.__setattr__(self, field, one_line(getattr(self, field)))

    def __str__(self) -> str:
        """Render as a sentence with its remedy."""
        return " ".join(text if text.endswith((".", "?", "!")) else f"{text}." for text in (self.message, self.remedy))


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
        """Whether the same request is refused for ever: time, or a step of somebody, cures none of some reason.

        >>> early = Reason(ReasonCode.COUPON_NOT_YET_VALID, "Too early", "Wait")
        >>> late = Reason(ReasonCode.COUPON_EXPIRED, "Too late", "Ask for a new quote")
        >>> Refusal((early,)).is_final, Refusal((early, late)).is_final
        (False, True)
        """
        return any(reason.code not in CURED for reason in self.reasons)

    def public(self) -> Refusal:
        """Return the one uniform answer for strangers, so that a guesser of codes learns nothing."""
        return _PUBLIC

    def explain(self) -> str:
        """Return the reasons as text, one line each."""
        return "\n".join(f"- {reason}" for reason in self.reasons)


_REASONS = "give a list of reasons"


def refusal_of(reasons: Sequence[Reason]) -> Refusal:
    """Return the refusal for some reasons: of very many of one kind the first, and how many more there are.

    Raises:
        InvalidValue: there is none, or what is given is no list of them.
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
            more = f"There are {counts[reason.code] - REASONS:,} more reasons of this kind"
            kept.append(Reason(reason.code, more, "Begin with those that are named"))
    return Refusal(tuple(kept))


_PUBLIC = Refusal(
    (
        Reason(
            ReasonCode.COUPON_NOT_USABLE,
            "This coupon cannot be used for this order",
            "Sign in with the account that it was given to, or ask for help",
        ),
    )
)
