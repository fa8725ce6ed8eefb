"""A bonus is given as often as its quota says, whoever is quicker, and a place comes back where it was not used."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ledger import shop
from ledger.shop import AT, account, made, order
from miexchange import Exchange, InvalidValue, Quote, Refusal, appraise
from miexchange.exchange import State
from miexchange.ledger import Sweep, verify
from miexchange.programme import Bonus
from unit import trade

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miexchange.ledger import Ledger
    from miexchange.programme import Programme

DAY = timedelta(days=1)
FIRST = Bonus("first", "First bonus", amount_minor=50_000, from_value_minor=900_000, quota=2, fall_back="second")
SECOND = Bonus("second", "Second bonus", amount_minor=20_000, quota=1)
PROGRAMME = trade.programme(bonuses=(FIRST, SECOND))


def quoted(number: int, given: Mapping[str, int], programme: Programme = PROGRAMME) -> Quote:
    answer = appraise(shop.phone(number), trade.SAID, programme, at=AT, bonuses_given=given)
    assert isinstance(answer, Quote)
    return answer


def ask(store: Ledger, number: int, given: Mapping[str, int], key: str = "a") -> Exchange | Refusal:
    asked = quoted(number, given)
    return store.accept(asked, PROGRAMME, account=account(number), at=AT, idempotency_key=f"{key}-{number}")


def granted(exchange: Exchange) -> list[str]:
    return [bonus.id for bonus in exchange.coupon.bonuses]


def codes(answer: object) -> tuple[str, ...]:
    assert isinstance(answer, Refusal)
    return answer.codes


def test_a_bonus_is_given_as_often_as_its_quota_and_then_its_fall_back(store: Ledger) -> None:
    assert store.bonuses_given(PROGRAMME) == {}
    assert granted(made(ask(store, 1, {}))) == ["first"]
    assert granted(made(ask(store, 2, {}))) == ["first"]
    stale = ask(store, 3, {})
    assert codes(stale) == ("bonus_used_up",)
    assert isinstance(stale, Refusal)
    assert stale.reasons[0].subject == "first"
    now = store.bonuses_given(PROGRAMME)
    assert now == {"first": 2}
    assert granted(made(ask(store, 3, now, "b"))) == ["second"]
    assert codes(ask(store, 4, now)) == ("bonus_used_up",)
    assert granted(made(ask(store, 4, store.bonuses_given(PROGRAMME), "b"))) == []
    assert verify(store)
    with pytest.raises(InvalidValue, match="programme"):
        store.bonuses_given("small")  # type: ignore[arg-type]


def test_the_refusal_passes_when_a_place_comes_back(store: Ledger) -> None:
    one, two = (made(ask(store, number, {})) for number in (1, 2))
    assert codes(ask(store, 3, {})) == ("bonus_used_up",)
    made(store.void(one.code, reason="withdrawn", at=AT, idempotency_key="v"))
    assert store.bonuses_given(PROGRAMME) == {"first": 1}
    assert granted(made(ask(store, 3, {}))) == ["first"], "the same request: its refusal was not its answer for ever"
    assert store.sweep(AT + 20 * DAY) == Sweep(2, 0)
    assert store.bonuses_given(PROGRAMME) == {"first": 0}
    assert made(store.get(two.code) or Refusal(())).state == State.EXPIRED
    assert verify(store)


def test_a_place_that_was_used_does_not_come_back(store: Ledger) -> None:
    for number in (1, 2):
        one = made(ask(store, number, {}))
        made(store.reserve(one.code, order(number), account=account(number), at=AT, idempotency_key=f"r{number}"))
        made(store.complete(one.code, order=order(number).id, at=AT, idempotency_key=f"c{number}"))
    made(store.reverse(one.code, order="order-2", at=AT, idempotency_key="back"))
    assert codes(ask(store, 3, {})) == ("bonus_used_up",)
    assert verify(store)


def worn(store: Ledger, number: int) -> Exchange:
    """Let a phone be found worn at the door: worth less than the first bonus wants."""
    exchange = made(ask(store, number, {}))
    made(store.reserve(exchange.code, order(number), account=account(number), at=AT, idempotency_key=f"r{number}"))
    seen = trade.seen(
        imeis=(shop.imei(2 * number),),
        answers=trade.SAID.replace(glass="scratched", battery="weak"),
        evidence=(("glass", "photo"), ("battery", "photo")),
    )
    answer = store.inspect(exchange.code, seen, PROGRAMME, order=order(number).id, at=AT, idempotency_key=f"i{number}")
    return made(answer)


def test_a_requote_takes_a_place_of_the_bonus_that_it_has_instead(store: Ledger) -> None:
    requote = worn(store, 1)
    assert requote.state == State.REQUOTED
    assert requote.examination is not None
    assert [bonus.id for bonus in requote.examination.bonuses] == ["second"]
    assert store.bonuses_given(PROGRAMME) == {"first": 1, "second": 1}
    other = worn(store, 2)
    assert other.examination is not None
    assert other.examination.bonuses == (), "the only place of it is taken"
    assert other.examination.coupon_value >= other.worst_case.value, "as was disclosed"
    made(store.agree(requote.code, account=account(1), at=AT, idempotency_key="yes"))
    assert store.bonuses_given(PROGRAMME) == {"first": 1, "second": 1}
    made(store.decline(other.code, account=account(2), at=AT, idempotency_key="no"))
    assert store.bonuses_given(PROGRAMME) == {"first": 0, "second": 1}
    assert verify(store)


def test_whoever_is_quicker_no_place_is_given_twice(store: Ledger) -> None:
    def accept(number: int) -> bool:
        return bool(ask(store, number, {}))

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(accept, range(1, 17)))
    assert sum(won) == 2
    assert store.bonuses_given(PROGRAMME) == {"first": 2}
    assert verify(store)


def test_the_quota_is_counted_over_versions_of_the_programme(store: Ledger) -> None:
    made(ask(store, 1, {}))
    made(ask(store, 2, {}))
    cheaper = trade.programme(bonuses=(FIRST.replace(amount_minor=40_000), SECOND))
    stale = store.accept(quoted(3, {}, cheaper), cheaper, account=account(3), at=AT, idempotency_key="other")
    assert codes(stale) == ("bonus_used_up",)
