"""What an operator finds: by account, state, day, device, order and programme, a page at a time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from ledger import insider, shop
from ledger.shop import AT, KEY, accepted, account, code, made
from miexchange import InvalidValue, ledger
from miexchange._time import micros
from miexchange.exchange import State
from miexchange.ledger import LedgerError, _queries

if TYPE_CHECKING:
    from miexchange.ledger import Ledger, Listed

SECOND = b"the second key, a newer one"


@pytest.fixture
def busy(store: Ledger) -> Ledger:
    insider.busy(store)
    return store


def codes(found: tuple[Listed, ...]) -> set[str]:
    return {one.code for one in found}


def test_a_row_of_a_list_is_what_the_exchange_is(busy: Ledger) -> None:
    found = busy.find(limit=1_000)
    assert len(found) == 11
    for one in found:
        exchange = busy.get(one.code)
        assert exchange is not None
        assert (one.account, one.state, one.version) == (exchange.account, exchange.state, exchange.version)
        assert (one.programme, one.value_minor) == (exchange.quote.programme, exchange.coupon.value)
        assert (one.began, one.at, one.due) == (exchange.coupon.valid_from, exchange.at, exchange.due)
        assert one.order == (None if exchange.order is None else exchange.order.id)
        assert type(one).from_json(one.to_json()) == one


def test_each_filter_finds_what_it_names(busy: Ledger) -> None:
    assert codes(busy.find(account=account(3))) == {code(3)}
    assert codes(busy.find(state=State.REVERSED)) == {code(3)}
    assert codes(busy.find(state="completed")) == {code(1), code(2)}
    assert codes(busy.find(order="order-4")) == {code(4)}
    assert codes(busy.find(order="order-3")) == {code(3)}, "it was reversed"
    assert codes(busy.find(order="order-6")) == set(), "it was released"
    assert len(busy.find(programme=shop.PROGRAMME.id)) == 11
    assert busy.find(programme="another") == ()
    assert codes(busy.find(imei=shop.imei(10))) == {code(5)}
    assert codes(busy.find(imei=shop.imei(11))) == {code(5)}, "by its other SIM"
    assert busy.find(imei=shop.imei(198)) == ()
    assert busy.find(account=account(3), state="issued") == ()


def test_a_day_begins_where_the_caller_says(store: Ledger) -> None:
    india = ZoneInfo("Asia/Kolkata")
    day = AT.astimezone(india).date()
    midnight = AT.astimezone(india).replace(hour=0, minute=0)
    for number, at in enumerate(
        (AT, midnight + timedelta(days=1) - timedelta(microseconds=1), midnight + timedelta(days=1))
    ):
        accepted(store, number, at=at)
    assert codes(store.find(day=day, zone=india)) == {code(0), code(1)}
    assert codes(store.find(day=day + timedelta(days=1), zone=india)) == {code(2)}
    assert codes(store.find(day=AT.astimezone(UTC).date())) == {code(0), code(1), code(2)}


@pytest.mark.parametrize(
    ("zone", "day", "begins", "ends"),
    [
        ("Europe/London", date(2025, 3, 30), "2025-03-30T00:00+00:00", "2025-03-30T23:00+00:00"),
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00+00:00", "2018-11-05T02:00+00:00"),
        ("America/Toronto", date(1919, 3, 31), "1919-03-31T04:30+00:00", "1919-04-01T04:00+00:00"),
    ],
)
def test_a_day_begins_where_its_law_says(zone: str, day: date, begins: str, ends: str) -> None:
    """Where summer time skips midnight, at the end of the gap: clocks went on from 23:30 to 0:30 in Toronto."""
    wanted = tuple(micros(datetime.fromisoformat(one)) for one in (begins, ends))
    assert _queries.day_of(day, ZoneInfo(zone)) == wanted


def test_the_days_at_both_ends_of_the_calendar_are_days(store: Ledger) -> None:
    accepted(store, 1)
    assert store.find(day=date.min, zone=ZoneInfo("Asia/Kolkata")) == ()
    assert store.find(day=date.max, zone=ZoneInfo("America/New_York")) == ()


class Nowhere(tzinfo):
    def utcoffset(self, _: object) -> timedelta | None:
        return None

    def dst(self, _: object) -> None:
        return None

    def tzname(self, _: object) -> None:
        return None


class Broken(Nowhere):
    def utcoffset(self, _: object) -> timedelta:
        raise RuntimeError


@pytest.mark.parametrize("zone", [Nowhere(), Broken()])
def test_a_zone_that_says_nothing_is_refused(store: Ledger, zone: tzinfo) -> None:
    with pytest.raises(InvalidValue, match="give a time zone"):
        store.find(day=AT.date(), zone=zone)


@pytest.mark.parametrize("limit", [1, 3, 4, 100])
def test_pages_of_any_size_hold_each_exchange_once(busy: Ledger, limit: int) -> None:
    found: list[Listed] = []
    while page := busy.find(after=found[-1].code if found else None, limit=limit):
        assert len(page) <= limit
        found += page
    assert found == list(busy.find())
    assert found == sorted(found, key=lambda one: (one.began, one.code))


def test_what_happens_between_two_pages_moves_nothing(store: Ledger) -> None:
    for number in range(6):
        accepted(store, number, at=AT + timedelta(seconds=number))
    first = store.find(limit=3)
    for number in (0, 4):
        made(store.void(code(number), reason="why", at=AT + timedelta(hours=1), idempotency_key=f"v{number}"))
    rest = store.find(after=first[-1].code.lower(), limit=10)
    assert [one.code for one in (*first, *rest)] == [code(number) for number in range(6)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "paid"},
        {"account": ""},
        {"order": 5},
        {"day": "2020-13-01"},
        {"imei": "354178030000004"},
        {"imei": shop.phone(5)},
        {"after": "nobody's"},
        {"after": code(99)},
        {"limit": 0},
        {"limit": 1_001},
        {"zone": "Asia/Kolkata"},
    ],
)
def test_a_filter_that_is_none_is_refused(store: Ledger, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue) as caught:
        store.find(**wrong)
    assert "354178030000004" not in str(caught.value)


def test_a_device_is_found_under_every_key(busy: Ledger, url: str) -> None:
    busy.close()
    with ledger.open(url, key=SECOND, old_keys=(KEY,)) as store:
        assert codes(store.find(imei=shop.imei(10))) == {code(5)}
    with ledger.open(url) as keyless:
        assert len(keyless.find()) == 11
        with pytest.raises(LedgerError, match="opened without its key"):
            keyless.find(imei=shop.imei(10))
