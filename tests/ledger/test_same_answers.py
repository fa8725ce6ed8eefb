"""The laws that hold for every argument: both kinds of database give one answer, and nothing foreign comes out."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import count
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import server, shop
from ledger.shop import AT, KEY, accepted, code
from miexchange import InvalidValue, MiExchangeError, Order, Refusal, ledger
from miexchange._limits import REFUSAL_BYTES
from miexchange.ledger import LedgerError, _rows, verify
from unit import trade
from unit.small import INR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from miexchange.ledger import Ledger

FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
NUMBERS = count(1)


@pytest.fixture(scope="module")
def pair(postgresql: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ledger, Ledger]]:
    """Give a ledger of either kind, with the same contents."""
    path = str(tmp_path_factory.mktemp("pair") / "x.db")
    with (
        server.database(postgresql) as url,
        ledger.open(path, key=KEY, create=True) as near,
        ledger.open(url, key=KEY, create=True) as far,
    ):
        yield near, far


ODD = ("a\x00", "\x00", " ", "\t", "a\n", "a ", " a", "A", "a", "\x85", "\u2028", "\u200b", "\ud800", "é", "e\u0301")
LONG = ("x" * 200, "x" * 201, "😀" * 200)
NAMES = st.text(max_size=4) | st.text(max_size=300) | st.sampled_from((*ODD, *LONG))


def said(call: Callable[[], object]) -> object:
    """Return what a verb says: the answer, or the error, which must be one of ours."""
    try:
        answer = call()
    except MiExchangeError as error:
        return f"{type(error).__name__}: {error}"
    return answer.to_json() if hasattr(answer, "to_json") else answer


@FEW
@given(account=NAMES, order=NAMES, key=NAMES, reason=NAMES)
def test_any_text_gets_the_same_answer_of_both_databases(
    pair: tuple[Ledger, Ledger], account: str, order: str, key: str, reason: str
) -> None:
    """What one database keeps, the other one keeps: `_text.is_id` refuses whatever they would not both keep."""
    number = next(NUMBERS)
    quote, prefix = shop.quote(number), f"{number} "

    def life(store: Ledger) -> list[object]:
        begun = said(lambda: store.accept(quote, shop.PROGRAMME, account=account, at=AT, idempotency_key=prefix + key))
        found = store.standing_of(shop.phone(number)).open or code(number)
        lines = trade.ORDER.lines
        answers = [
            begun,
            said(
                lambda: store.reserve(
                    found, Order(order, lines, INR), account=account, at=AT, idempotency_key=key or "k"
                )
            ),
            said(lambda: store.release(found, order=order, at=AT, idempotency_key="release")),
            said(lambda: store.complete(found, order=order, at=AT, idempotency_key=prefix + key)),
            said(lambda: store.agree(found, account=account, at=AT, idempotency_key=prefix + key)),
            said(lambda: store.void(found, reason=reason, at=AT, idempotency_key=prefix + key)),
            said(lambda: store.get(key)),
            said(lambda: store.history(account)),
        ]
        return [*answers, [entry.event.to_json() for entry in store.history(found)]]

    near, far = map(life, pair)
    assert near == far


def test_both_are_whole_after_that(pair: tuple[Ledger, Ledger]) -> None:
    assert [verify(store).faults for store in pair] == [(), ()]


@pytest.mark.parametrize("name", ["a\x00b", "a\nb", "\x1b[2J", " ", "", "\ud800", "x" * 201, 7, None])
def test_what_is_no_id_is_refused_before_any_database_sees_it(store: Ledger, name: Any) -> None:  # noqa: ANN401 - also wrong
    accepted(store, 1)
    verbs: list[Callable[[], object]] = [
        lambda: store.accept(shop.quote(2), shop.PROGRAMME, account=name, at=AT, idempotency_key="k"),
        lambda: store.accept(shop.quote(2), shop.PROGRAMME, account="a", at=AT, idempotency_key=name),
        lambda: store.reserve(code(1), shop.order(1), account=name, at=AT, idempotency_key="k"),
        lambda: store.reserve(code(1), Order(name, trade.ORDER.lines, INR), account="a", at=AT, idempotency_key="k"),
        lambda: store.release(code(1), order=name, at=AT, idempotency_key="k"),
        lambda: store.inspect(code(9), trade.seen(), shop.PROGRAMME, order=name, at=AT, idempotency_key="k"),
        lambda: store.complete(code(1), order=name, at=AT, idempotency_key="k"),
        lambda: store.reverse(code(1), order=name, at=AT, idempotency_key="k"),
        lambda: store.agree(code(1), account=name, at=AT, idempotency_key="k"),
        lambda: store.decline(code(1), account=name, at=AT, idempotency_key="k"),
        lambda: store.expire(code(1), at=AT, idempotency_key=name),
    ]
    for verb in verbs:
        with pytest.raises(InvalidValue):
            verb()
    assert verify(store) == ledger.Verification(1, 1, ())


THINGS: list[Any] = ["x", 7, None, object(), b"x", 1.5, float("nan"), [], {}, date(2020, 1, 1), AT, KEY]


@pytest.mark.parametrize("thing", THINGS, ids=lambda thing: type(thing).__name__)
def test_nothing_but_our_errors_comes_out_of_a_ledger(store: Ledger, thing: Any) -> None:  # noqa: ANN401 - anything
    accepted(store, 1)
    at, k = AT, "k"
    calls: dict[str, Callable[[], object]] = {
        "quote": lambda: store.accept(thing, shop.PROGRAMME, account="a", at=at, idempotency_key=k),
        "programme": lambda: store.accept(shop.quote(2), thing, account="a", at=at, idempotency_key=k),
        "code": lambda: store.reserve(thing, shop.order(1), account="a", at=at, idempotency_key=k),
        "order": lambda: store.reserve(code(1), thing, account="a", at=at, idempotency_key=k),
        "inspection": lambda: store.inspect(code(1), thing, shop.PROGRAMME, order="o", at=at, idempotency_key=k),
        "order id": lambda: store.inspect(code(9), trade.seen(), shop.PROGRAMME, order=thing, at=at, idempotency_key=k),
        "rules": lambda: store.inspect(code(9), trade.seen(), thing, order="o", at=at, idempotency_key=k),
        "instant": lambda: store.void(code(9), reason="why", at=thing, idempotency_key=k),
        "reason": lambda: store.void(code(9), reason=thing, at=at, idempotency_key=k),
        "key": lambda: store.void(code(9), reason="why", at=at, idempotency_key=thing),
        "sweep": lambda: store.sweep(thing, dry_run=True),
        "dry run": lambda: store.sweep(at, dry_run=thing),
        "get": lambda: store.get(thing),
        "history": lambda: store.history(thing),
        "zone": lambda: store.open_exposure(thing),
        "standing": lambda: store.standing_of(thing),
        "bonuses": lambda: store.bonuses_given(thing),
        "checkpoint": lambda: store.checkpoint(thing),
        "inclusion": lambda: store.inclusion(code(1), thing),
        "verify": lambda: verify(thing),
        "against": lambda: verify(store, thing),
        "open": lambda: ledger.open(thing, key=KEY),
        "secret": lambda: ledger.open("x.db", key=thing),
        "secrets": lambda: ledger.open("x.db", key=KEY, old_keys=thing),
        "migrate": lambda: ledger.migrate(thing),
        "create": lambda: ledger.open("no/such/x.db", create=thing),
    }
    for name, call in calls.items():
        try:
            call()
        except MiExchangeError:
            continue
        except Exception as error:
            raise AssertionError(name) from error


# ----- days in a zone


PLACES = (
    *("Asia/Kolkata", "Asia/Kathmandu", "Europe/Dublin", "America/St_Johns", "Pacific/Apia", "Africa/Monrovia"),
    *("Australia/Lord_Howe", "America/Sao_Paulo"),
)
HOURS = st.timedeltas(timedelta(hours=-23), timedelta(hours=23))
ZONES = st.sampled_from(PLACES).map(ZoneInfo) | HOURS.map(timezone)
DUES = st.lists(st.datetimes(datetime(1950, 1, 1), datetime(2037, 1, 1)), min_size=1, max_size=4)  # noqa: DTZ001 - below


@FEW
@given(zone=ZONES, dues=DUES)
def test_exposure_counts_days_in_every_zone(pair: tuple[Ledger, Ledger], zone: Any, dues: list[datetime]) -> None:  # noqa: ANN401 - a tzinfo
    """`Ledger.open_exposure`: the day of expiry is that of the zone, with summer time and seconds of old offsets."""
    first = -next(NUMBERS)
    for store in pair:
        with store.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM exchanges WHERE key_id = 'exposure'")
            for number, due in enumerate(dues):
                us = (due.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
                name = f"{first} {number}"
                connection.exec_driver_sql(
                    "INSERT INTO exchanges (code, account, state, version, due_us, at_us, value_minor, key_id, head)"  # noqa: S608 - our own
                    f" VALUES ('{name}', '{name}', 'issued', 1, {us}, 0, {10**number}, 'exposure', '')"
                )
    days = [due.replace(tzinfo=UTC).astimezone(zone).date() for due in dues]
    values: Counter[date] = Counter()
    for number, day in enumerate(days):
        values[day] += 10**number
    for store in pair:
        found = {one.day: (one.coupons, one.value_minor) for one in store.open_exposure(zone) if one.day in values}
        others = [one for one in store.open_exposure(zone) if one.day is not None and one.day not in values]
        assert found == {day: (days.count(day), values[day]) for day in values}
        assert others == [one for one in others if one.day is not None and one.day.year == 2020]
        with store.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM exchanges WHERE key_id = 'exposure'")


def test_a_zone_by_name_is_a_zone(store: Ledger) -> None:
    accepted(store, 1, at=AT + timedelta(hours=13))  # 00:30 of the next day in India
    for zone in (ZoneInfo("Asia/Kolkata"), timezone(timedelta(hours=5, minutes=30))):
        assert [one.day for one in store.open_exposure(zone)] == [date(2020, 1, 26)]
    assert [one.day for one in store.open_exposure()] == [date(2020, 1, 25)]


# ----- what a request leaves behind


def test_what_is_kept_of_a_request_is_bounded(store: Ledger) -> None:
    """Defect: an order of very many lines that the coupon does not buy left megabytes for every request."""
    accepted(store, 1)
    line = trade.ORDER.lines[0]
    lines = tuple(line.replace(product=f"{number} {'x' * 180}", category="toy", brand="none") for number in range(900))
    for number in range(3):
        answer = store.reserve(
            code(1), Order("o", lines, INR), account=shop.account(1), at=AT, idempotency_key=f"many-{number}"
        )
        assert isinstance(answer, Refusal)
        assert set(answer.codes) >= {"order_category", "order_brand"}
        again = store.reserve(
            code(1), Order("o", lines, INR), account=shop.account(1), at=AT, idempotency_key=f"many-{number}"
        )
        assert again == answer
    with store.engine.connect() as connection:
        sizes = connection.exec_driver_sql("SELECT length(refusal) FROM answers WHERE refusal IS NOT NULL").scalars()
        assert max(sizes) <= REFUSAL_BYTES + 1_000
    assert verify(store)


def test_an_event_that_is_too_large_is_not_kept(store: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    accepted(store, 1)
    monkeypatch.setattr(_rows, "EVENT_BYTES", 1_000)
    for product in ("x" * 200, "😀" * 200):
        line = trade.ORDER.lines[0].replace(product=product)
        with pytest.raises(InvalidValue, match="Reserve has more than 1,000 bytes as JSON: give"):
            store.reserve(
                code(1), Order("o", (line,) * 5, INR), account=shop.account(1), at=AT, idempotency_key=product[0]
            )
    assert verify(store) == ledger.Verification(1, 1, ())


@pytest.mark.parametrize(
    "key", [bytes(16), bytes(64), b" " * 32, b"\n" * 16, b"0" * 32, b"ab" * 16, b"changeme" * 2, b"-" * 20, b"1234" * 8]
)
def test_a_key_that_is_no_secret_is_refused(url: str, key: bytes) -> None:
    for keys in ({"key": key}, {"key": KEY, "old_keys": (key,)}):
        with pytest.raises(InvalidValue, match="no secret") as caught:
            ledger.open(url, create=True, **keys)
        assert repr(key) not in str(caught.value)
        with pytest.raises((InvalidValue, LedgerError)):
            ledger.migrate(url, **keys)
