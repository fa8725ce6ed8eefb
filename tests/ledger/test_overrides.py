"""No person passes the authority of a role, whoever overrides at the same time; verify finds what was changed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ledger import shop
from ledger.shop import AT, KEY, made, order
from miexchange import Exchange, Quote, Refusal, appraise
from miexchange.exchange import State
from miexchange.ledger import verify
from miexchange.programme import Authority
from unit import trade
from unit.command import Ran, run

if TYPE_CHECKING:
    from miexchange.ledger import Ledger

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FOUND, QUOTED = 895_000, 995_000
AUTHORITIES = (Authority("agent", 20_000, 50_000, 10), Authority("manager", 200_000, 1_000_000, 10))
PROGRAMME = trade.programme(trade.RULES.replace(authorities=AUTHORITIES))


def requoted(store: Ledger, number: int) -> str:
    """Let a phone come to a re-quote of 895,000 for 995,000, and return its code."""
    quote = appraise(shop.phone(number), trade.SAID, PROGRAMME, at=AT)
    assert isinstance(quote, Quote)
    who, wanted = shop.account(number), order(number)
    begun = made(store.accept(quote, PROGRAMME, account=who, at=AT, idempotency_key=f"accept-{number}"))
    made(store.reserve(begun.code, wanted, account=who, at=AT, idempotency_key=f"reserve-{number}"))
    scratched = trade.SAID.replace(glass="scratched")
    seen = trade.seen(imeis=(shop.imei(2 * number),), answers=scratched, evidence=(("glass", "photo-7"),))
    found = made(store.inspect(begun.code, seen, order=wanted.id, at=AT, idempotency_key=f"inspect-{number}"))
    assert (found.state, found.exchange_value) == (State.REQUOTED, FOUND)
    return begun.code


def ask(
    store: Ledger,
    number: int,
    code: str,
    more: int,
    *,
    role: str = "agent",
    person: str = "p-7",
    days: int = 0,
) -> Exchange | Refusal:
    return store.override(
        code,
        order=f"order-{number}",
        exchange_value=FOUND + more,
        role=role,
        person=person,
        reason="goodwill",
        at=AT + days * DAY + HOUR,
        idempotency_key=f"override-{number}-{more}-{person}-{days}",
    )


def test_the_command_overrides_once_within_the_authority(store: Ledger, url: str) -> None:
    code, key = requoted(store, 1), {"MIEXCHANGE_KEY": KEY.decode()}

    def asked(more: int, role: str, *others: str, environ: dict[str, str] = key) -> Ran:
        who = ("--role", role, "--person", "p-7", "--reason", "complaint 2204", "--order", "order-1")
        request = ("--at", (AT + HOUR).isoformat(), "--idempotency-key", f"{role}-{more}")
        given = ("--exchange-value", f"{FOUND + more}", *who, *request, "--ledger", url)
        return run("ledger", "override", code.lower(), *given, *others, environ=environ)

    ran = asked(30_000, "manager", environ={})
    assert (ran.code, "An override needs the secret key" in ran.err) == (2, True)
    ran = asked(30_000, "agent")
    assert (ran.code, "authority_exceeded" in ran.out) == (1, True)
    ran = asked(30_000, "agent", "--json")
    assert (ran.code, ran.data["refusal"]["reasons"][0]["code"]) == (1, "authority_exceeded")
    ran = asked(30_000, "manager")
    assert ran.code == 0, ran.err
    for words in (
        ": requoted",
        "override            ₹9,250.00, manager",
        "valued ₹8,950.00",
        "to pay at the door  ₹700.00",
    ):
        assert words in ran.out, words
    assert "p-7" not in ran.out
    again = asked(30_000, "manager", "--json")
    assert Exchange.from_dict(again.data["exchange"]) == store.get(code)
    last = store.history(code)[-1]
    assert (last.version, last.request) == (4, "manager-30000")
    told = ("exchange_value", "role", "person", "reason")
    assert [last.event.to_dict()[name] for name in told] == [925_000, "manager", "p-7", "complaint 2204"]
    assert asked(-FOUND - 1, "manager").code == 2
    ran = asked(0, "manager", "--exchange-value", "9250.00")
    assert (ran.code, "'9250.00' is no whole number of minor units: write" in ran.err) == (2, True), "a hundredth of it"
    assert asked(10**20, "manager").code == 2
    assert verify(store)


def codes(answer: Exchange | Refusal) -> tuple[str, ...]:
    assert isinstance(answer, Refusal)
    return answer.codes


def test_a_person_adds_so_much_in_a_window_and_others_have_an_authority_of_their_own(store: Ledger) -> None:
    begun = {number: requoted(store, number) for number in range(1, 6)}
    for number in (1, 2):
        assert made(ask(store, number, begun[number], 20_000)).exchange_value == FOUND + 20_000
    third = ask(store, 3, begun[3], 20_000)
    assert codes(third) == ("authority_used_up",)
    told = dict(third.reasons[0].values)  # type: ignore[union-attr] # it is a refusal
    assert (told["most_minor"], told["again_at"]) == (50_000, (AT + HOUR + 10 * DAY).isoformat())
    assert isinstance(ask(store, 3, begun[3], 10_000), Exchange), "exactly what is left"
    assert codes(ask(store, 4, begun[4], 1)) == ("authority_used_up",)
    assert isinstance(ask(store, 4, begun[4], 20_000, person="p-8"), Exchange)
    honoured = made(ask(store, 5, begun[5], 100_000, role="manager"))
    assert (honoured.state, honoured.exchange_value) == (State.INSPECTED, QUOTED)
    done = made(store.complete(begun[5], order="order-5", at=AT + DAY, idempotency_key="complete-5"))
    assert (done.to_pay_at_the_door, done.exchange_value) == (0, QUOTED)
    agreed = made(store.agree(begun[1], account=shop.account(1), at=AT + DAY, idempotency_key="agree-1"))
    assert (agreed.state, agreed.exchange_value) == (State.ADJUSTED, FOUND + 20_000)
    assert agreed.to_pay_at_the_door == QUOTED - FOUND - 20_000
    assert verify(store).faults == ()


def test_a_retry_has_its_answer_and_what_may_pass_is_decided_anew(store: Ledger) -> None:
    first, second, third, fourth = (requoted(store, number) for number in range(1, 5))
    done = ask(store, 1, first, 20_000)
    assert ask(store, 1, first, 20_000) == done
    other = store.override(
        first,
        order="order-1",
        exchange_value=FOUND + 20_000,
        role="agent",
        person="p-7",
        reason="another reason",
        at=AT + HOUR,
        idempotency_key="override-1-20000-p-7-0",
    )
    assert codes(other) == ("request_changed",)
    assert codes(ask(store, 1, first, 5_000)) == ("already_recorded",)
    for number, code in ((2, second), (3, third)):
        ask(store, number, code, 15_000)
    assert codes(ask(store, 4, fourth, 1_000)) == ("authority_used_up",)
    with store.engine.begin() as connection:  # as if ten days were over: a re-quote is not open for so long
        connection.exec_driver_sql("DELETE FROM overrides")
    assert isinstance(ask(store, 4, fourth, 1_000), Exchange)


def test_workers_who_override_at_once_pass_no_authority(store: Ledger) -> None:
    begun = [requoted(store, number) for number in range(1, 13)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda one: ask(store, one[0], one[1], 20_000), enumerate(begun, start=1)))
    assert sum(isinstance(answer, Exchange) for answer in answers) == 2
    assert {codes(answer) for answer in answers if isinstance(answer, Refusal)} == {("authority_used_up",)}
    assert verify(store).faults == ()


@pytest.mark.sweep
def test_sixteen_workers_and_three_people_are_never_one_over(store: Ledger) -> None:
    """Issue 13, 9: limits and authorities of overrides, enforced by the database; 16 workers, never one over."""
    people, each = ("p-1", "p-2", "p-3"), 10
    begun = {number: requoted(store, number) for number in range(1, 16 * each + 1)}
    with ThreadPoolExecutor(16) as pool:
        asked = [
            pool.submit(ask, store, number, code, 1_000 + number % 7_000, person=people[number % 3])
            for number, code in begun.items()
        ]
        answers = [one.result() for one in asked]
    added = dict.fromkeys(people, 0)
    for answer in answers:
        if isinstance(answer, Exchange):
            assert answer.override is not None
            added[answer.override.person] += answer.exchange_value - FOUND
        else:
            assert codes(answer) == ("authority_used_up",)
    assert all(50_000 - 8_000 < more <= 50_000 for more in added.values())
    assert verify(store).faults == ()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("DELETE FROM overrides", "its overrides are not those that were made"),
        ("UPDATE overrides SET more_minor = 1", "its overrides are not those that were made"),
        ("UPDATE overrides SET person = 'p-8'", "its overrides are not those that were made"),
        ("UPDATE overrides SET code = 'x'", "its row is missing, and rows of overrides are there"),
    ],
)
def test_verify_finds_overrides_that_were_changed(store: Ledger, change: str, fault: str) -> None:
    made(ask(store, 1, requoted(store, 1), 20_000))
    with store.engine.begin() as connection:
        connection.exec_driver_sql(change)
    assert [one for one in verify(store).faults if fault in one]


def test_verify_finds_an_authority_that_was_passed(store: Ledger) -> None:
    for number in range(1, 4):
        with store.engine.begin() as connection:  # so that nobody knows of those before
            connection.exec_driver_sql("UPDATE overrides SET person = 'p-8'")
        made(ask(store, number, requoted(store, number), 20_000))
    assert [one for one in verify(store).faults if "a person of the role agent added more than 50000 in 10 days" in one]
