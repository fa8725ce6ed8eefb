"""`miexchange ledger identify | attempt | send | wipe | override`: put something on record of an exchange."""

import re
from enum import StrEnum
from typing import Annotated

import typer

from miexchange.cli import _given
from miexchange.cli._ledger import Code, RequestName, When, Where, say_answer, unlocked
from miexchange.cli._options import Json, KeyFile, OldKeyFiles

__all__ = ["Method", "attempt", "identify", "override", "send", "wipe"]

_WHO = "To put something on record"


class Method(StrEnum):
    """The methods of NIST SP 800-88."""

    CLEAR = "clear"
    PURGE = "purge"
    DESTROY = "destroy"


def identify(
    code: Code,
    *,
    ledger: Where,
    idempotency_key: RequestName,
    identity: Annotated[
        str,
        typer.Option(metavar="TEXT", help="The reference to the identity document. Never its number."),
    ] = "",
    ownership: Annotated[
        str, typer.Option(metavar="TEXT", help="The reference to the proof of ownership, such as an invoice.")
    ] = "",
    at: When = None,
    key_file: KeyFile = None,
    old_key_file: OldKeyFiles = None,
    as_json: Json = False,
) -> None:
    """Record references to the seller's identity, the proof of ownership, or both. The exit code is 1 if refused."""
    when = _given.instant(at, "--at", None)
    with unlocked(ledger, key_file, old_key_file, _WHO) as store:
        answer = store.identify(code, identity=identity, ownership=ownership, at=when, idempotency_key=idempotency_key)
        say_answer(store, answer, f"nothing is recorded of {code}", as_json=as_json)


def attempt(
    code: Code,
    *,
    ledger: Where,
    order: Annotated[str, typer.Option(metavar="ID", help="The order for which the old phone is collected.")],
    reference: Annotated[str, typer.Option(metavar="TEXT", help="The carrier's name for this attempt.")],
    idempotency_key: RequestName,
    at: When = None,
    key_file: KeyFile = None,
    old_key_file: OldKeyFiles = None,
    as_json: Json = False,
) -> None:
    """Record a failed pickup of the old phone. The exit code is 1 if that is refused."""
    when = _given.instant(at, "--at", None)
    with unlocked(ledger, key_file, old_key_file, _WHO) as store:
        answer = store.attempt(code, order=order, reference=reference, at=when, idempotency_key=idempotency_key)
        say_answer(store, answer, f"nothing is recorded of {code}", as_json=as_json)


def send(
    code: Code,
    *,
    ledger: Where,
    order: Annotated[str, typer.Option(metavar="ID", help="The order for which the old phone is sent.")],
    idempotency_key: RequestName,
    at: When = None,
    key_file: KeyFile = None,
    old_key_file: OldKeyFiles = None,
    as_json: Json = False,
) -> None:
    """Record that the customer sent the old phone. The exit code is 1 if that is refused."""
    when = _given.instant(at, "--at", None)
    with unlocked(ledger, key_file, old_key_file, _WHO) as store:
        answer = store.send(code, order=order, at=when, idempotency_key=idempotency_key)
        say_answer(store, answer, f"nothing is recorded of {code}", as_json=as_json)


def wipe(
    code: Code,
    *,
    ledger: Where,
    method: Annotated[Method, typer.Option(help="How, in the words of NIST SP 800-88.")],
    certificate: Annotated[str, typer.Option(metavar="TEXT", help="The reference to the certificate.")],
    idempotency_key: RequestName,
    at: When = None,
    key_file: KeyFile = None,
    old_key_file: OldKeyFiles = None,
    as_json: Json = False,
) -> None:
    """Record that the customer's data were wiped from the old phone. The exit code is 1 if that is refused."""
    when = _given.instant(at, "--at", None)
    with unlocked(ledger, key_file, old_key_file, _WHO) as store:
        answer = store.wipe(
            code, method=method.value, certificate=certificate, at=when, idempotency_key=idempotency_key
        )
        say_answer(store, answer, f"nothing is recorded of {code}", as_json=as_json)


def override(
    code: Code,
    *,
    ledger: Where,
    order: Annotated[str, typer.Option(metavar="ID", help="The order that is delivered.")],
    exchange_value: Annotated[
        str,
        typer.Option(
            metavar="N",
            help="The value to grant for the old phone, without bonuses, in minor units such as paise; at most the "
            "quoted one.",
        ),
    ],
    role: Annotated[str, typer.Option(metavar="ID", help="The role whose authority is used, as the terms name it.")],
    person: Annotated[str, typer.Option(metavar="ID", help="The person who decides: your own id of them, not a name.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, for the record.")],
    idempotency_key: RequestName,
    at: When = None,
    key_file: KeyFile = None,
    old_key_file: OldKeyFiles = None,
    as_json: Json = False,
) -> None:
    """Grant more than the rules give for the phone as it was found. The exit code is 1 if that is refused.

    This works for a re-quote only, once, and within the authority of the role. The command does not check that the
    person has this role: anybody with the key of the ledger can name one.
    """
    when = _given.instant(at, "--at", None)
    if re.fullmatch(r"[0-9]{1,18}", exchange_value) is None:  # rupees that were read as paise would be a hundredth
        what = f"--exchange-value '{exchange_value}' is no whole number of minor units"
        raise _given.Wrong(f"{what}: write 9,250.00 as 925000")
    with unlocked(ledger, key_file, old_key_file, "An override") as store:
        answer = store.override(
            code,
            order=order,
            exchange_value=int(exchange_value),
            role=role,
            person=person,
            reason=reason,
            at=when,
            idempotency_key=idempotency_key,
        )
        say_answer(store, answer, f"nothing more is given for {code}", as_json=as_json)
