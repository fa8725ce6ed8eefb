"""The quote as a value: the worth of a device, line by line, with a seal for when it leaves the service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Protocol, final

from miexchange import _html
from miexchange._bounded import After, Count, Id, Line, Name, OlderText, Pair, Text
from miexchange._keyed import Seal, Token, is_sealed, seal_of, token_of
from miexchange._text import printable
from miexchange._value import Value, changed, check_types, require
from miexchange._written import field_writers, object_writer
from miexchange.condition import Condition
from miexchange.eligibility import ImeiStatus, RegisterAnswer
from miexchange.errors import out_of_range
from miexchange.imei import Imei
from miexchange.money import Amount, CurrencyOfOld, Money
from miexchange.programme import UsageRules
from miexchange.programme.rules import INPUTS, Told
from miexchange.programme.rules.bonuses import Quota
from miexchange.refusal import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["GrantedBonus", "Quote", "QuoteLine"]


@dataclass(frozen=True, slots=True)
class QuoteLine(Value):
    """One step of a value.

    Attributes:
        rule: the rule that was applied, such as ``market``, ``grade``, ``deduction:display``.
        amount: its contribution, in minor units; negative for a deduction.
        effect: the effect of the rule, for people, such as ``202.6 % of the display repair anchor``.
        source: the row of the rule, by table and key.
    """

    rule: Line
    amount: int
    effect: Line
    source: Annotated[Line, OlderText("_paise]", "_minor]")]


@dataclass(frozen=True, slots=True)
class GrantedBonus(Value):
    """A granted bonus, kept apart from the value of the device.

    Attributes:
        id: the bonus's id.
        amount: its amount, in minor units.
        target: the new model for which it was granted, and on which it is spent; None for any.
        quota: the total number of times that the bonus is given; None for no limit. A ledger counts, and enforces it.
    """

    id: Id
    amount: Amount
    target: Name | None = None
    quota: Quota | None = None


class Shared(dict[str, Any]):
    """The fields of a quote that are the same for every phone, and their JSON data."""

    @cached_property
    def data(self) -> dict[str, Any]:
        """All fields in alphabetical order; those that are not shared are None yet."""
        data = dict.fromkeys(field_writers(Quote, True))  # noqa: FBT003 - of `miexchange._written`
        _write(self, data, reveal=True, ordered=True)
        return data


def _write(fields: Mapping[str, Any], data: dict[str, Any], *, reveal: bool, ordered: bool) -> None:
    """Write fields of a quote to its data."""
    writers = field_writers(Quote, ordered)
    for name, field in fields.items():
        written = writers[name]
        data[name] = field if written is None or field is None else written(field, reveal)


class Valuation(Protocol):
    """A valuation of which a quote is made."""

    @property
    def shared(self) -> Shared:
        """The fields that are the same for every phone."""

    def own(self) -> dict[str, Any]:
        """Return all others, but for its values."""

    def field(self, name: str) -> object:
        """Return any of them."""


class _Lazy(Told):
    """A quote that `miexchange.appraise` made takes its fields from the valuation when they are asked for."""

    __slots__ = ("_valued",)


_GIVEN = Pair("bonus", "given", ("the bonus's id", "how often it had been given"))


@final
@dataclass(frozen=True, slots=True)
class Quote(_Lazy, Value):
    """The value of a device, the lines that explain it, the rules, and how long it can be accepted.

    The further arguments of the valuation, such as ``target``, are included: see `miexchange.programme.rules.Told`.

    Attributes:
        programme: the programme's id.
        digest: the digest of the programme that made the quote.
        terms: the version of its terms.
        questionnaire: the version of its questionnaire.
        at: the instant of the valuation, UTC.
        valid_until: the first instant at which it can no longer be accepted, UTC.
        model: the variant's id.
        label: the variant's name for people.
        imeis: the device's IMEIs; empty in an indicative quote, and in one that was stored without.
        indicative: whether no IMEI was given: such a quote shows the value, but no coupon can be issued for it.
        imei_status: the register's status.
        purchased_on: the day of purchase, if it was given.
        condition: the answers.
        grade: the overall grade.
        priced_from: the beginning of the market price in force, UTC.
        bonuses_given: the number of times that each bonus with a quota had been given.
        bonuses: the bonuses on top of the exchange value.
        lines: the steps; those of the exchange value first, then the bonuses.
        exchange_value: the value of the device, in minor units: all lines but the bonuses.
        coupon_value: the value of the coupon, in minor units: all lines.
        warnings: facts that the programme accepts, and that somebody should know.
        usage: the rules of use of the coupon.
        currency: the currency of every amount in it.
        zone_data: the version of the IANA time zone database for its days; "" if the programme has a fixed
            offset. A replay uses the present version, and if the quote differs both versions are named.
        device_tokens: keyed tokens of the device's IMEIs, sorted, if `appraise` was given a key: its identity
            without the numbers, by which the quote can be accepted.
        seal: a keyed tag over all of the above, if `appraise` was given a key; else "". A quote that
            leaves the service comes back unchanged, or its seal does not fit. The seal covers the IMEIs by their
            tokens, so that it fits the quote without them as well.
        register_answer: the evidence of `imei_status`; None if a plain status was given.
    """

    programme: Id
    digest: Id
    terms: Id
    questionnaire: Id
    at: datetime
    valid_until: Annotated[datetime, After("at")]
    model: Id
    label: Text
    imeis: tuple[Imei, ...]
    indicative: bool
    imei_status: ImeiStatus
    purchased_on: date | None
    condition: Condition
    grade: Id
    priced_from: datetime
    bonuses_given: tuple[Annotated[tuple[Id, Count], _GIVEN], ...]
    bonuses: tuple[GrantedBonus, ...]
    lines: tuple[QuoteLine, ...]
    exchange_value: Amount
    coupon_value: Count
    warnings: tuple[Reason, ...]
    usage: UsageRules
    currency: CurrencyOfOld
    zone_data: Line = ""
    device_tokens: tuple[Token, ...] = ()
    seal: Seal = ""
    register_answer: RegisterAnswer | None = None

    def __post_init__(self) -> None:
        check_types(self)
        if self.register_answer is not None and self.register_answer.status != self.imei_status:
            raise out_of_range("Quote.imei_status", self.imei_status.value, "give the status of the register's answer")
        fits = not (self.indicative and (self.imeis or self.device_tokens))
        require(fits, "Quote.indicative", self.indicative, "give False: a quote for an IMEI is not indicative")
        coupon = sum([line.amount for line in self.lines])
        exchange = coupon - sum([bonus.amount for bonus in self.bonuses])
        if coupon != self.coupon_value:
            raise out_of_range("Quote.coupon_value", self.coupon_value, f"give what its lines add up to, {coupon}")
        if exchange != self.exchange_value:
            rule = f"give what its lines add up to without bonuses, {exchange}"
            raise out_of_range("Quote.exchange_value", self.exchange_value, rule)

    @property
    def money(self) -> Money:
        """The coupon's value with its currency, for display."""
        return Money(self.coupon_value, self.currency)

    def without_imei(self) -> Quote:
        """Return the quote without its IMEIs: sufficient for storage and replay.

        One that was made with a key has the tokens of its IMEIs and its seal, and can be accepted as it is.
        """
        return changed(self, imeis=(), seal=self.seal if self.device_tokens else "") if self.imeis else self

    def is_sealed_by(self, *keys: bytes) -> bool:
        """Tell whether the seal is that of one of the keys over the present quote."""
        if not self.seal or not is_sealed(self.seal, self._unsealed, "quote", keys):
            return False
        has_both = bool(self.imeis and self.device_tokens)
        return not has_both or any(self.tokens_by(key) == self.device_tokens for key in keys)

    def sealed(self, key: bytes) -> Quote:
        """Return the quote with the tokens of its IMEIs under a key, and with the seal of that key.

        Raises:
            InvalidValue: the key is invalid; or the quote has only tokens, and another key sealed them.
        """
        fits = not self.device_tokens or bool(self.imeis) or self.is_sealed_by(key)
        rule = "give the quote with its IMEIs: their tokens are of another key"
        require(fits, "Quote.imeis", self.imeis, rule, "is empty")
        plain = self.replace(device_tokens=self.tokens_by(key))
        return plain.replace(seal=seal_of(plain._unsealed, "quote", key))  # noqa: SLF001 - of this class

    def tokens_by(self, key: bytes) -> tuple[str, ...]:
        """Return the tokens of its IMEIs under a key; without IMEIs the existing ones, whatever their key."""
        return tuple(sorted({token_of(imei.body, key) for imei in self.imeis})) or self.device_tokens

    @property
    def _unsealed(self) -> str:
        imeis = () if self.device_tokens else self.imeis
        return changed(self, imeis=imeis, seal="").to_json(reveal_imei=True)

    def _written(self, reveal: bool, ordered: bool) -> dict[str, Any]:  # noqa: FBT001 - of `miexchange._written`
        valued: Valuation | None = getattr(self, "_valued", None)
        if valued is None:  # it was not made by `appraise`
            data = object_writer(Quote, ordered)(self, reveal)
        else:
            fields = valued.own()
            fields["exchange_value"], fields["coupon_value"] = self.exchange_value, self.coupon_value
            if ordered:  # only its text is seen: quotes can share its parts
                data = valued.shared.data.copy()
            else:
                data = dict.fromkeys(field_writers(Quote, ordered))
                fields |= valued.shared
            _write(fields, data, reveal=reveal, ordered=ordered)
        return data if reveal or not self.imeis or self.device_tokens else {**data, "seal": ""}

    def explain(self, write: Callable[[int], str] | None = None) -> str:
        """Return the quote as text: a line for each step, and the sum.

        Args:
            write: the function that formats an amount; by default plain digits with the currency's decimals.
        """
        rows = self._rows(write or self.currency.plain)
        wide, far = (max(len(row[column]) for row in rows) for column in (0, 1))
        body = [f"  {rule:<{wide}}  {amount:>{far}}  {effect}".rstrip() for rule, amount, effect, _ in rows]
        return "\n".join(map(printable, [self._head, *body, *(f"  note: {warning}" for warning in self.warnings)]))

    def _repr_html_(self) -> str:
        """Return the quote as a table for a notebook, without IMEIs."""
        return _html.table(self._head, self._rows(self.currency.plain), map(str, self.warnings))

    @property
    def _head(self) -> str:
        return f"{self.label}, grade {self.grade}, {self.programme} terms {self.terms}"

    def _rows(self, write: Callable[[int], str]) -> list[tuple[str, str, str, str]]:
        """Return rule, amount, effect and source of every line, and the sums."""
        rows = [(line.rule, write(line.amount), line.effect, line.source) for line in self.lines]
        if self.coupon_value != self.exchange_value:
            rows.insert(len(rows) - len(self.bonuses), ("exchange value", write(self.exchange_value), "", ""))
        return [*rows, ("coupon value", write(self.coupon_value), "", "")]


_FIELDS = frozenset(Quote.__match_args__) | frozenset(INPUTS)
_VALUED, _EXCHANGE_VALUE, _COUPON_VALUE = (
    getattr(Quote, name) for name in ("_valued", "exchange_value", "coupon_value")
)


def _taken_over(quote: Quote, name: str) -> object:
    """Take a field of a quote over from its valuation, the first time that it is asked for."""
    if name not in _FIELDS:
        raise AttributeError(f"'Quote' object has no attribute {name!r}", name=name, obj=quote)
    value: object = _VALUED.__get__(quote).field(name)
    object.__setattr__(quote, name, value)
    return value


# Out of the class, where a type checker would take any attribute for one of a quote.
Quote.__getattr__ = _taken_over  # type: ignore[attr-defined]


def quote_of(valued: Valuation, exchange_value: int, coupon_value: int) -> Quote:
    """Return the quote of a valuation: its fields are made when they are asked for, and are sound by construction."""
    quote = object.__new__(Quote)
    _VALUED.__set__(quote, valued)
    _EXCHANGE_VALUE.__set__(quote, exchange_value)
    _COUPON_VALUE.__set__(quote, coupon_value)
    return quote
