"""How many exchanges may be begun in a window."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from miexchange import Exchange, InvalidValue, Refusal, accept
from miexchange.events import Accept
from miexchange.exchange import acceptance
from miexchange.programme import Limit
from unit import small, trade

DAY = timedelta(days=1)
TWICE = Limit("twice-a-year", "account", 2, 365)
PHONE = Limit("phone", "device", 1, 30)
HOME = Limit("home", "address", 3, 90)
RULES = trade.RULES.replace(limits=(TWICE, PHONE, HOME))


def asked(**facts: Any) -> Exchange | Refusal:  # noqa: ANN401 - any argument of `accept`
    told = {"account": trade.ACCOUNT, "at": small.AT, "key": small.KEY, "tags": {"address": "7f2a"}, **facts}
    return accept(trade.quote(RULES), trade.programme(RULES), **told)


def ago(*days: float) -> list[datetime]:
    return [small.AT - one * DAY for one in days]


def test_an_exchange_begins_below_every_limit_and_keeps_its_tags() -> None:
    begun = {"twice-a-year": ago(364), "phone": [], "home": ago(1, 2)}
    assert isinstance(asked(begun=begun), Exchange)
    event = acceptance(
        trade.quote(RULES),
        trade.programme(RULES),
        account="a",
        at=small.AT,
        key=small.KEY,
        tags={"store": "12", "address": "7f"},
    )
    assert isinstance(event, Accept)
    assert event.tags == (("address", "7f"), ("store", "12"))
    assert Accept.from_json(event.to_json()) == event


def test_each_limit_that_is_reached_says_from_when_on_it_is_not() -> None:
    refusal = asked(begun={"twice-a-year": ago(300, 100), "phone": ago(10), "home": ago(0, 0, 0, 80)})
    assert isinstance(refusal, Refusal)
    assert {reason.code for reason in refusal.reasons} == {"limit_reached"}
    assert [reason.subject for reason in refusal.reasons] == ["twice-a-year", "phone", "home"]
    told = [dict(reason.values)["again_at"] for reason in refusal.reasons]
    assert told == [(small.AT + days * DAY).isoformat() for days in (65, 20, 90)]
    assert not refusal.is_final


@pytest.mark.parametrize(("days", "is_free"), [(30, True), (30.0001, True), (29.9999, False), (0, False), (-1, False)])
def test_what_began_just_as_many_days_ago_counts_no_longer(days: float, *, is_free: bool) -> None:
    """A clock that is ahead makes an exchange no younger than now: it counts."""
    assert isinstance(asked(begun={"phone": ago(days)}), Exchange) is is_free


def test_the_instants_of_a_limit_alone_are_checked() -> None:
    assert TWICE.free_from(ago(1)) is None
    assert TWICE.free_from(ago(1, 3, 2)) == small.AT + 363 * DAY
    for wrong in (7, ["today"]):
        with pytest.raises(InvalidValue) as caught:
            TWICE.free_from(wrong)  # type: ignore[arg-type]  # the fault
        assert caught.value.field == "begun"


def test_a_tag_has_a_name_and_up_to_two_hundred_characters() -> None:
    for tag in ("7", "x" * 200):
        assert isinstance(asked(tags={"address": tag}), Exchange)


def test_without_tags_an_acceptance_has_none() -> None:
    begun = acceptance(trade.quote(), trade.programme(), account="a", at=small.AT, key=small.KEY)
    assert isinstance(begun, Accept)
    assert begun.tags == ()


def test_a_limit_counts_by_a_tag_but_for_accounts_and_devices() -> None:
    assert [limit.is_of_a_tag for limit in (TWICE, PHONE, HOME)] == [False, False, True]
    assert isinstance(asked(tags={"address": "7f"}, begun={"home": ago(100)}), Exchange)


def test_a_limit_that_counts_by_a_tag_needs_it() -> None:
    refusal = asked(tags={"store": "12"}, begun={})
    assert isinstance(refusal, Refusal)
    assert refusal.codes == ("limit_untold",)
    assert "address" in refusal.reasons[0].message


@pytest.mark.parametrize(
    "wrong",
    [
        {"tags": "address"},
        {"tags": {"address": 7}},
        {"tags": {1: "a"}},
        {"tags": {"address": "x" * 201}},
        {"tags": {"": "a"}},
        {"tags": {"address": ""}},
        {"tags": 7},
        {"begun": []},
        {"begun": {"phone": small.AT}},
        {"begun": {7: []}},
        {"begun": {"phone": ["today"]}},
        {"begun": {"phone": [datetime(2018, 3, 1)]}},  # noqa: DTZ001 - what is refused here
    ],
)
def test_what_is_no_tag_and_no_instant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue, match=r"tags|begun"):
        asked(**wrong)


def test_two_limits_of_one_id_are_none() -> None:
    with pytest.raises(InvalidValue, match="limits"):
        trade.RULES.replace(limits=(TWICE, TWICE))
