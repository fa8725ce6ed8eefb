"""The law of the door: whatever arrives gives a value, a refusal, or an error of this package; nothing else."""

from __future__ import annotations

import inspect
import json
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import miexchange
from miexchange import (
    AnchorTable,
    Catalogue,
    Condition,
    Coupon,
    Device,
    EligibleModels,
    Imei,
    InvalidValue,
    MiExchangeError,
    Order,
    PriceTable,
    Programme,
    Quote,
    Redemption,
    Refusal,
    TacTable,
    appraise,
    coupon_for,
    headline,
    issue,
    lint,
    replay,
    worst_case,
)
from miexchange._value import Value
from miexchange.coupon import check, device_token, normal_code
from miexchange.errors import shown
from miexchange.imei import compact, is_valid, validate
from miexchange.money import Currency, Money, allocate
from miexchange.programme.rules import INPUTS
from miexchange.strategies import STRATEGIES, coupons, enquiries, instants, orders, price_tables, quotes
from property.effort import effort
from property.hostile import anything, json_data, numbers, texts
from property.on_disk import write_table
from shipped import shipped_programme
from unit.small import INR

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAMME = shipped_programme("graded-trade-in")
KEY = b"0123456789abcdef"
AT = datetime(2018, 3, 20, 12, tzinfo=UTC)
DEVICE = Device("oneplus-3t-6-64", Imei.from_body("35000000000000"))
BEST = PROGRAMME.terms[0].questionnaire.best(PROGRAMME.catalogue.by_model[DEVICE.model])
QUOTE = cast("Quote", appraise(DEVICE, BEST, PROGRAMME, at=AT, imei_status=miexchange.ImeiStatus.CLEAR))
COUPON = cast("Coupon", issue(QUOTE, PROGRAMME, account="a", at=AT, key=KEY))

VALUES = [
    kind
    for name in miexchange.__all__
    if inspect.isclass(kind := getattr(miexchange, name)) and issubclass(kind, Value | Condition)
]


def answers(verb: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Call it: a value, or an error of this package with a sentence; any other exception fails the test."""
    try:
        return verb(*arguments, **named)
    except MiExchangeError as error:
        said = str(error)
        assert said.strip()
        assert len(said) < 20_000  # it names what was given, it does not repeat it
        return error


@given(anything)
def test_any_object_as_an_imei(given_value: Any) -> None:
    """Design, promise 8: anything from outside gives a value, a refusal, or an error of this package."""
    for verb in (Imei, Imei.parse, Imei.from_body, Imei.from_imeisv, validate, compact):
        answers(verb, given_value)
    assert is_valid(given_value) in (True, False)
    assert normal_code(given_value) is None or type(normal_code(given_value)) is str
    assert isinstance(shown(given_value), str)
    assert len(shown(given_value)) < 200


@given(
    anything,
    st.sampled_from(
        [
            "device",
            "condition",
            "programme",
            "at",
            "imei_status",
            "exchange_open",
            "device_exchanged",
            "bonuses_given",
            *INPUTS,
        ]
    ),
)
@effort(1.5)
def test_any_object_as_an_argument_of_appraise(given_value: Any, name: str) -> None:
    """Design, promise 8, at the verb that everybody calls."""
    arguments = {"device": DEVICE, "condition": BEST, "programme": PROGRAMME, "at": AT, name: given_value}
    answer = answers(appraise, **arguments)
    assert isinstance(answer, Quote | Refusal | MiExchangeError)
    coupon = answers(coupon_for, **arguments, account="a", key=KEY)
    assert isinstance(coupon, Coupon | Refusal | MiExchangeError)
    if isinstance(answer, Quote):
        assert Quote.from_json(answer.to_json(reveal_imei=True)) == answer


@given(texts, texts, st.dates() | st.none(), st.dictionaries(texts, texts | st.none(), max_size=4), texts)
@effort(1.5)
def test_any_text_about_a_device(
    model: str, imei: str, bought: Any, given_answers: dict[str, str | None], target: str
) -> None:
    """Design, promise 8: a text that is no IMEI, no model, or no answer becomes a reason, not an error."""
    device = answers(Device, model, imei, imei, bought)
    condition = answers(Condition, given_answers)
    if isinstance(device, Device) and isinstance(condition, Condition):
        answer = answers(appraise, device, condition, PROGRAMME, at=AT, target=target)
        assert isinstance(answer, Refusal | MiExchangeError)
        repr(device), repr(condition), repr(answer)
        if isinstance(answer, Refusal):
            assert Refusal.from_json(answer.to_json()) == answer
            answer.explain().encode()


@given(anything)
def test_any_object_as_a_condition(given_value: Any) -> None:
    """Condition: a question or an answer that is not a text is an error that says so."""
    for verb in (Condition, Condition.from_json, BEST.__eq__):
        answers(verb, given_value)
    answers(BEST.replace, screen_glass=given_value)


@given(anything, anything)
def test_any_object_as_an_argument_of_issue_and_check(one: Any, other: Any) -> None:
    """Design, promise 8, at the till."""
    order = Order("o", (miexchange.OrderLine("p", "smartphone", "Mi", "mi.com", 10**6),), INR)
    for verb, arguments in (
        (issue, {"quote": QUOTE, "programme": PROGRAMME, "account": "a", "at": AT, "key": KEY}),
        (check, {"coupon": COUPON, "order": order, "account": "a", "at": AT, "standing": "unused"}),
    ):
        for name in arguments:
            answer = answers(verb, **{**arguments, name: one})
            assert isinstance(answer, Coupon | Redemption | Refusal | MiExchangeError)
    answers(device_token, Imei.from_body("35000000000000"), key=one)
    answers(COUPON.is_valid_at, one)
    answers(headline, one, PROGRAMME, at=AT)
    answers(headline, "oneplus-3t-6-64", one, at=other)
    answers(replay, one, PROGRAMME)
    answers(replay, QUOTE, one)
    answers(worst_case, one, PROGRAMME)
    answers(worst_case, QUOTE, one)


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, "1" * 5_000, "NaN", "Infinity", '"\\ud800"'], ids=len
)
def test_json_that_has_broken_readers(kind: type[Any], text: str) -> None:
    """Design, promise 8: too deep, too long, and not quite JSON."""
    assert isinstance(answers(kind.from_json, text), MiExchangeError)


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
@given(data=st.data())
@effort(0.3)
def test_any_text_as_the_json_of_a_value(kind: type[Any], data: st.DataObject) -> None:
    """Design, promise 8: JSON of any shape is read, or refused with the path of its first fault."""
    answers(kind.from_json, data.draw(anything))
    hostile = data.draw(json_data)
    answers(kind.from_json, json.dumps(hostile))
    answers(kind.from_json, data.draw(texts))
    if kind is Condition:
        return
    answers(kind.from_dict, hostile)
    answers(kind.from_dict, data.draw(anything))
    # One field of a good value is changed, so that what is behind the first door is tried, too.
    good = data.draw(STRATEGIES[kind]()).to_dict()
    if kind in {Currency, Imei}:  # their JSON form is a text
        return
    name = data.draw(st.sampled_from(sorted(good)))
    answers(kind.from_dict, {**good, name: hostile})
    answers(kind.from_dict, {key: value for key, value in good.items() if key != name})
    answers(kind.from_dict, {**good, "unknown": hostile})


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
@given(data=st.data())
@effort(0.3)
def test_any_object_as_a_field_of_a_value(kind: type[Any], data: st.DataObject) -> None:
    """Design, promises 7 and 8: a value of a wrong type is never made."""
    if kind is Condition:
        return
    value = data.draw(STRATEGIES[kind]())
    name = data.draw(st.sampled_from(["digits"] if kind is Imei else list(kind.__dataclass_fields__)))
    made = answers(value.replace, **{name: data.draw(anything)})
    if isinstance(made, kind):
        hash(made)
        repr(made)
        whole = {"reveal_imei": True} if "reveal_imei" in inspect.signature(kind.to_json).parameters else {}
        assert kind.from_json(made.to_json(**whole)) == made


@given(quotes(imei=True), st.data())
@effort(1.5)
def test_a_quote_from_anywhere_is_safe_to_use(quote: Quote, data: st.DataObject) -> None:
    """Design, promise 8: a stored quote that somebody changed is refused, or accepted; it breaks nothing."""
    good = quote.to_dict(reveal_imei=True)
    name = data.draw(st.sampled_from(sorted(good)))
    changed = {**good, name: data.draw(json_data)}
    if name == "usage":
        changed[name] = {
            **good[name],
            data.draw(st.sampled_from(sorted(good[name]))): data.draw(json_data | st.just(10**9)),
        }
    if name in {"at", "valid_until", "priced_from"}:
        changed[name] = data.draw(st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat))
    other = answers(Quote.from_dict, changed)
    if isinstance(other, Quote):
        answer = answers(issue, other, PROGRAMME, account="a", at=other.at, key=KEY)
        assert isinstance(answer, Coupon | Refusal | MiExchangeError)
        answers(replay, other, PROGRAMME)
        answers(worst_case, other, PROGRAMME)
        answers(other.explain)


@pytest.mark.parametrize("days", [-1, 10**7, 10**10, 2**63 - 1])
def test_no_validity_is_too_long_to_be_refused(days: int) -> None:
    """Design, promise 8: a quote that was stored elsewhere may carry any usage rules."""
    forged = QUOTE.to_dict(reveal_imei=True)
    forged["usage"]["valid_days"] = days
    with pytest.raises(InvalidValue, match=r"Quote\.usage\.valid_days"):
        Quote.from_dict(forged)
    for sound in (1, 3_650):
        forged["usage"]["valid_days"] = sound
        answer = answers(issue, Quote.from_dict(forged), PROGRAMME, account="a", at=AT, key=KEY)
        assert isinstance(answer, Refusal)
        assert answer.codes == ("quote_altered",)


@given(coupons(), orders(), instants(), anything)
def test_every_check_is_a_redemption_or_a_refusal(coupon: Coupon, order: Order, at: datetime, account: Any) -> None:
    """Design, section 8: check gives a Redemption or a Refusal with every reason."""
    for who in (coupon.account, account):
        answer = answers(check, coupon, order, account=who, at=at)
        assert isinstance(answer, Redemption | Refusal | MiExchangeError)


@given(anything)
def test_any_object_as_a_table(given_value: Any) -> None:
    """Design, promise 8: a table that cannot be read is an error that says what, where and what to do."""
    for verb in (PriceTable.read, AnchorTable.read, EligibleModels.read, Catalogue.read, TacTable.read):
        if isinstance(given_value, str) and len(given_value) < 3:
            continue  # "" and "." are the folder that the test runs in
        answers(verb, given_value)
    if not isinstance(given_value, str):
        answers(lint, given_value)
        answers(Programme.load, given_value)


TABLES: dict[Callable[[Path], object], tuple[str, ...]] = {
    PriceTable.read: ("model", "effective_from", "price_minor", "basis", "source", "effective_until"),
    AnchorTable.read: ("model", "component", "effective_from", "amount_minor", "basis", "source", "effective_until"),
    EligibleModels.read: ("model", "listed_from", "listed_until", "source"),
    Catalogue.read: (
        *("model", "brand", "name", "ram_mb", "storage_gb", "launched_on", "launch_price_minor", "source", "aliases"),
    ),
    TacTable.read: ("tac", "brand", "model", "source"),
}
CELLS = texts.filter(lambda text: len(text) < 10_000) | st.sampled_from(
    [
        "0001-01-01",
        "9999-12-31",
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00",
        "2018-03-15",
        "100",
        "observed",
    ]
)


@pytest.mark.parametrize("read", TABLES, ids=["prices", "anchors", "eligible", "models", "tacs"])
@given(data=st.data())
@effort(0.5)
def test_any_cells_in_a_table(read: Callable[[Path], object], data: st.DataObject) -> None:
    """Design, promise 8: every bad row with file, line, column and reason; nothing is silently dropped."""
    columns = TABLES[read]
    rows = data.draw(st.lists(st.fixed_dictionaries(dict.fromkeys(columns, CELLS)), min_size=1, max_size=3))
    rows = [{key: cell.encode(errors="replace").decode() for key, cell in row.items()} for row in rows]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write_table(path, columns, rows)
        found = answers(read, path)
        assert isinstance(found, PriceTable | AnchorTable | EligibleModels | Catalogue | TacTable | MiExchangeError)


@pytest.mark.parametrize("read", TABLES, ids=["prices", "anchors", "eligible", "models", "tacs"])
@given(content=st.binary(max_size=200) | texts.map(lambda text: text.encode(errors="surrogatepass")))
@effort(0.3)
def test_any_bytes_as_a_table(read: Callable[[Path], object], content: bytes) -> None:
    """Design, promise 8: a file that is no table is an error."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_bytes(content)
        answers(read, path)
        (Path(folder) / "programme.toml").write_bytes(content)
        assert lint(folder)
        answers(Programme.load, folder)


@given(numbers, st.lists(numbers, max_size=3), anything)
def test_any_number_as_money(number: Any, several: list[Any], given_value: Any) -> None:
    """Design, promises 2 and 8: no float touches money; what is no amount is an error."""
    answers(Currency, given_value)
    answers(Money.read, given_value, INR)
    answers(allocate, number, several)


@given(price_tables(), anything, enquiries())
def test_any_object_as_an_instant(table: PriceTable, given_value: Any, enquiry: Any) -> None:
    """Design, promise 8: an instant without a zone, or too far away, is an error that says so."""
    answers(table.as_of, "acme-one-1-8", given_value)
    answers(enquiry.programme.terms_at, given_value)
    answers(appraise, enquiry.device, enquiry.condition, enquiry.programme, **{**enquiry.facts, "at": given_value})
