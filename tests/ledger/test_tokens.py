"""A quote without its IMEIs is accepted by their tokens, with the same effects; no table fills with clear numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from ledger import insider, shop
from ledger.shop import AT, HOUR, KEY, PROGRAMME, account, made, order
from miexchange import ImeiStatus, Quote, Refusal, appraise, ledger
from miexchange.exchange import State
from miexchange.ledger import LedgerError, verify
from unit import trade

if TYPE_CHECKING:
    from miexchange import Exchange
    from miexchange.ledger import Ledger

SECOND = b"the second key, a newer one"


def quote(number: int, *, key: bytes = KEY, second: bool = True) -> Quote:
    """Return the sealed quote of a phone."""
    answer = appraise(shop.phone(number, second=second), trade.SAID, PROGRAMME, at=AT, key=key)
    assert isinstance(answer, Quote)
    return answer


def bare(number: int, **given: Any) -> Quote:  # noqa: ANN401 - as of `quote`
    """Return it as a service keeps it: what its JSON form says."""
    return Quote.from_json(quote(number, **given).to_json())


def accept(store: Ledger, one: Quote, who: int, name: str = "accept", at: Any = AT) -> Exchange | Refusal:  # noqa: ANN401 - an instant
    return store.accept(one, PROGRAMME, account=account(who), at=at, idempotency_key=f"{name}-{who}")


def codes(answer: Exchange | Refusal) -> tuple[str, ...]:
    assert isinstance(answer, Refusal)
    return answer.codes


def buy(store: Ledger, begun: Exchange, number: int) -> Exchange:
    asked: dict[str, Any] = {"at": AT, "idempotency_key": f"buy-{number}"}
    made(store.reserve(begun.code, order(number), account=begun.account, **asked))
    return made(store.complete(begun.code, order=f"order-{number}", **asked))


def test_it_has_the_same_effects(store: Ledger, tmp_path: Any) -> None:  # noqa: ANN401 - a path
    begun = made(accept(store, bare(1), 1))
    with ledger.open(f"{tmp_path}/other.db", key=KEY, create=True) as other:
        assert made(accept(other, quote(1), 1)) == begun
        assert [entry.event for entry in store.history(begun.code)] == [
            entry.event for entry in other.history(begun.code)
        ]
    assert store.standing_of(shop.phone(1)).open == begun.code
    assert [one.code for one in store.find(imei=shop.imei(3))] == [begun.code]
    assert verify(store) == ledger.Verification(1, 1, ())


@pytest.mark.parametrize("first_bare", [True, False])
def test_a_quote_has_one_coupon_in_either_form(store: Ledger, first_bare: bool) -> None:  # noqa: FBT001 - a parameter
    one, other = (bare(1), quote(1)) if first_bare else (quote(1), bare(1))
    begun = made(accept(store, one, 1))
    assert made(accept(store, other, 1, "again")) == begun
    made(store.void(begun.code, reason="withdrawn", at=AT, idempotency_key="void"))
    assert codes(accept(store, other, 1, "then")) == ("quote_accepted",)


@pytest.mark.parametrize("first_bare", [True, False])
@pytest.mark.parametrize("second", [True, False])
def test_a_phone_is_bought_once_across_both(store: Ledger, first_bare: bool, second: bool) -> None:  # noqa: FBT001 - as above
    forms = [bare, quote] if first_bare else [quote, bare]
    begun = made(accept(store, forms[0](1), 1))
    assert codes(accept(store, forms[1](1, second=second), 2)) == ("device_in_exchange",)
    buy(store, begun, 1)
    assert codes(accept(store, forms[1](1, second=second), 2, "then")) == ("device_exchanged",)
    assert verify(store)


@pytest.mark.parametrize(("number", "state"), [(1, State.INSPECTED), (2, State.VOID)])
def test_the_phone_at_the_door_is_known_by_its_token(store: Ledger, number: int, state: State) -> None:
    begun = made(accept(store, bare(1), 1))
    made(store.reserve(begun.code, order(1), account=account(1), at=AT, idempotency_key="reserve"))
    seen = trade.seen(imeis=(shop.imei(2 * number),))
    found = made(store.inspect(begun.code, seen, order="order-1", at=AT + HOUR, idempotency_key="inspect"))
    assert found.state == state
    assert found.examination is not None
    assert (found.examination.kind == "other_device") is (state == State.VOID)


def test_no_table_has_a_clear_number(store: Ledger) -> None:
    begun = made(accept(store, bare(1), 1))
    buy(store, begun, 1)
    accept(store, bare(1), 2)
    with store.engine.connect() as connection:
        for table in insider.EVERYTHING:
            for row in connection.execute(select(table)):
                assert not any(shop.imei(number).body in str(tuple(row)) for number in (2, 3))


def test_what_was_altered_earns_nothing(store: Ledger) -> None:
    one = bare(1)
    assert codes(accept(store, one.replace(device_tokens=bare(2).device_tokens), 1)) == ("quote_altered",)
    assert codes(accept(store, one.replace(imei_status=ImeiStatus.BLOCKED), 2)) == ("quote_altered",)
    assert codes(accept(store, one.replace(seal=""), 3)) == ("quote_unsealed",)
    assert codes(accept(store, bare(1, key=b"a key of somebody else"), 4)) == ("quote_altered",)
    assert codes(accept(store, shop.quote(1).without_imei(), 5)) == ("imei_missing",), "it was made without a key"


def test_a_key_that_was_replaced_stays_that_of_quotes(url: str) -> None:
    """Devices are known by the first key: with another one, a phone that was bought before would be a new one."""
    with ledger.open(url, key=KEY, create=True) as first:
        assert first.quote_key == KEY
        buy(first, made(accept(first, bare(1), 1)), 1)
        early = bare(2)
    with ledger.open(url, key=SECOND, old_keys=(KEY,)) as store:
        assert codes(accept(store, bare(3, key=SECOND), 3)) == ("quote_unsealed",)
        made(accept(store, quote(3, key=SECOND), 3, "clear"))
    with ledger.open(url, key=SECOND) as store:
        assert store.quote_key == KEY
        assert codes(accept(store, bare(1, key=store.quote_key), 4)) == ("device_exchanged",)
        made(accept(store, early, 2))
        made(accept(store, bare(4, key=store.quote_key), 4, "fourth"))
        assert codes(accept(store, quote(3, key=SECOND), 5)) == ("device_in_exchange",)
        assert verify(store)


def test_a_ledger_of_several_first_keys_needs_the_number(url: str) -> None:
    """Its devices may be known by any of them, and a quote has tokens of one."""
    with ledger.open(url, key=KEY, old_keys=(SECOND,), create=True) as store:
        assert codes(accept(store, bare(1), 1)) == ("quote_unsealed",)
        made(accept(store, quote(1), 1, "clear"))


def test_a_ledger_without_its_key_gives_none(url: str) -> None:
    ledger.open(url, key=KEY, create=True).close()
    with ledger.open(url) as store, pytest.raises(LedgerError, match="opened without its key"):
        store.quote_key  # noqa: B018 - asked for
