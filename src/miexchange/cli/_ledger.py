"""`miexchange ledger`: look into a ledger, sweep it, prove that it is whole."""

from contextlib import suppress
from datetime import UTC, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from miexchange.cli import _given, _output
from miexchange.cli._options import Json, KeyFile, OldKeyFiles
from miexchange.errors import MiExchangeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from miexchange.exchange import Exchange
    from miexchange.inspection import Examination
    from miexchange.ledger import Entry, Ledger
    from miexchange.refusal import Refusal

__all__ = [
    "Code",
    "DaysOf",
    "RequestName",
    "When",
    "Where",
    "checkpoint",
    "create",
    "exposure",
    "forget_answers",
    "history",
    "migrate",
    "opened",
    "package",
    "say_answer",
    "show",
    "sweep",
    "unlocked",
    "verify",
    "void",
    "zone_in",
]

DaysOf = Annotated[
    str,
    typer.Option("--zone", metavar="ZONE", help="The IANA zone of the days, such as Asia/Kolkata."),
]
Where = Annotated[
    str,
    typer.Option(
        "--ledger",
        metavar="PATH|URL",
        envvar="MIEXCHANGE_LEDGER",
        help="The SQLite file, or a URL such as postgresql://user@host/database.",
    ),
]
Code = Annotated[str, typer.Argument(help="The coupon's code, with or without hyphens.")]
RequestName = Annotated[
    str,
    typer.Option(
        metavar="ID",
        help="Your name for this request: the same for every retry, and used for no other.",
    ),
]
When = Annotated[
    str | None, typer.Option("--at", metavar="INSTANT", help="When, such as 2018-04-03T12:00+05:30. By default now.")
]


def package() -> Any:  # noqa: ANN401 - the module, which needs an extra
    """Return the library."""
    from miexchange import ledger  # noqa: PLC0415 - it needs the extra, and loads slowly

    return ledger


def opened(where: str) -> "Ledger":
    """Open a ledger to read it."""
    store: Ledger = package().open(where)
    return store


def unlocked(where: str, key_file: Path | None, old_key_files: list[Path] | None, who: str) -> "Ledger":
    """Open a ledger with its key; `who` needs that, for the sentence where none was given."""
    key, *old_keys = _keys(key_file, old_key_files, who)
    store: Ledger = package().open(where, key=key, old_keys=old_keys)
    return store


def _keys(key_file: Path | None, old_key_files: list[Path] | None, who: str) -> list[bytes]:
    return [_given.key(file, who) for file in (key_file, *(old_key_files or ()))]


def _refused(code: str, *, as_json: bool) -> typer.Exit:
    """Say that there is no such coupon; the code as it was typed may be anything."""
    if as_json:
        _output.write_json({"answer": "refusal", "code": code})
    else:
        _output.say(f"There is no coupon with the code {code}. Compare it with the coupon, character by character.")
    return typer.Exit(1)


def create(*, ledger: Where, key_file: KeyFile = None, as_json: Json = False) -> None:
    """Make a new ledger with its key: an SQLite file that its owner alone can read, or tables in an empty database.

    Every other command needs an existing ledger, so that a mistyped path creates none. An existing ledger with this key
    is left unchanged.
    """
    key = _given.key(key_file, "A ledger")
    package().open(ledger, key=key, create=True).close()
    if as_json:
        _output.write_json({"answer": "ledger"})
        return
    _output.say("The ledger is ready. Keep its key: nothing can be written without it.")


def show(code: Code, *, ledger: Where, as_json: Json = False) -> None:
    """Show an exchange by its coupon's code. The exit code is 1 if there is none."""
    with opened(ledger) as store:
        exchange = store.get(code)
        zone = UTC if exchange is None else zone_in(store, exchange)
    if exchange is None:
        raise _refused(code, as_json=as_json)
    _say_exchange(exchange, zone, as_json=as_json)


def zone_in(store: "Ledger", exchange: "Exchange") -> tzinfo:
    """Return the zone of the programme that quoted an exchange; UTC where the ledger cannot read it."""
    with suppress(KeyError, MiExchangeError):
        return store.programmes[exchange.quote.digest].zone
    return UTC


def _say_exchange(exchange: "Exchange", zone: tzinfo, *, as_json: bool) -> None:
    if as_json:
        _output.write_json({"answer": "exchange", "exchange": exchange.to_dict()}, exchange.coupon.currency)
        return
    _output.say(f"{exchange.coupon.display_code}: {exchange.state}", style="bold")
    _output.say_facts(_facts(exchange, zone))


_UNSEEN = "not yet valid: the old phone is to be inspected first"


def _facts(exchange: "Exchange", zone: tzinfo) -> list[tuple[str, str]]:
    coupon, worst = exchange.coupon, exchange.worst_case
    write = _output.writer(coupon.currency)
    facts = [
        ("account", coupon.account),
        ("old phone", exchange.quote.label),
        ("worth", write(coupon.value)),
        ("at risk", f"{write(worst.at_risk)}, as was disclosed"),
        ("valid until", _UNSEEN if coupon.awaited else _output.until(coupon.valid_until, zone)),
        ("last event", f"number {exchange.version}, {_output.moment(exchange.at, zone)}"),
    ]
    if exchange.order is not None and exchange.redemption is not None:
        is_later = exchange.rules.payment == "after_inspection"
        off = "paid in full" if is_later else f"{write(exchange.redemption.discount)} off"
        facts.append(("order", f"{exchange.order.id}, {off}"))
    papers = (("identity", exchange.identity), ("proof of ownership", exchange.ownership))
    if kept := [name for name, reference in papers if reference]:
        facts.append(("on record", ", ".join(kept)))  # and not where: a terminal is read by others
    if exchange.attempts:
        facts.append(("came in vain", f"{len(exchange.attempts)} of {exchange.rules.pickup_attempts} times"))
    if exchange.sent_at is not None:
        facts.append(("sent", _output.moment(exchange.sent_at, zone)))
    if exchange.examination is not None:
        facts += _seen(exchange, exchange.examination, write)
    if exchange.wiped is not None:
        facts.append(("data wiped", f"{exchange.wiped.method}, {_output.moment(exchange.wiped.at, zone)}"))
    if exchange.to_pay_at_the_door:  # of what was called off only where the customer keeps what was ordered
        what = "to pay at the door" if exchange.settlement is not None else "if kept"
        facts.append((what, write(exchange.to_pay_at_the_door)))
    if exchange.refund:
        facts.append(("paid after inspection", write(exchange.refund)))
    if exchange.due is not None:
        facts.append(("ends by itself", _output.moment(exchange.due, zone)))
    return facts


def _seen(exchange: "Exchange", seen: "Examination", write: "Callable[[int], str]") -> "Iterator[tuple[str, str]]":
    """Yield what was found at the door, and what was agreed to instead."""
    worth = write(seen.coupon_value) if seen.kind == "valued" else ""
    yield "at the door", f"{seen.kind} {worth}".strip()
    for change in seen.changes:
        yield f"  {change.question}", f"{change.said} -> {change.seen}, {write(change.amount)}"
    if exchange.override is not None:  # by which role, and not by whom: a terminal is read by others
        yield "override", f"{write(exchange.override.exchange_value)}, {exchange.override.role}"


def history(code: Code, *, ledger: Where, as_json: Json = False) -> None:
    """Show the events of an exchange, oldest first. The exit code is 1 if there is none."""
    with opened(ledger) as store:
        entries, exchange = store.history(code), store.get(code)
        zone = UTC if exchange is None else zone_in(store, exchange)
    if not entries:
        raise _refused(code, as_json=as_json)
    if as_json:
        _output.write_json({"answer": "history", "entries": list(map(_entry_data, entries))})
        return
    columns = [_output.Column(name) for name in ("", "When", "Event", "Request", "Hash")]
    rows = [
        (
            f"{entry.version}",
            _output.moment(entry.event.at, zone),
            entry.event.kind,
            entry.request or "a sweep",
            entry.hash[:12],
        )
        for entry in entries
    ]
    _output.say_table(columns, rows)


def _entry_data(entry: "Entry") -> dict[str, object]:
    return {
        "version": entry.version,
        "event": entry.event.to_dict(),
        "request": entry.request,
        "hash": entry.hash,
    }


def void(
    code: Code,
    *,
    ledger: Where,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, for the record.")],
    idempotency_key: RequestName,
    at: When = None,
    key_file: KeyFile = None,
    old_key_file: OldKeyFiles = None,
    as_json: Json = False,
) -> None:
    """Cancel an exchange, by its coupon's code. The exit code is 1 if that is refused.

    Repeating the command with the same request key returns the first answer.
    """
    when = _given.instant(at, "--at", None)
    with unlocked(ledger, key_file, old_key_file, "To call an exchange off") as store:
        answer = store.void(code, reason=reason, at=when, idempotency_key=idempotency_key)
        say_answer(store, answer, f"{code} is not called off", as_json=as_json)


def say_answer(store: "Ledger", answer: "Exchange | Refusal", refused: str, *, as_json: bool) -> None:
    """Say what a verb of the ledger answered; the exit code is 1 where it is a refusal.

    Args:
        store: the ledger.
        answer: the exchange as it is now, or the refusal.
        refused: what a refusal means, as a sentence.
        as_json: whether JSON is asked for.
    """
    if not answer:
        if as_json:
            _output.write_json({"answer": "refusal", "refusal": answer.to_dict()})
        else:
            _output.say_refusal(f"Refused: {refused}", answer)
        raise typer.Exit(1)
    _say_exchange(answer, zone_in(store, answer), as_json=as_json)


def sweep(
    *,
    ledger: Where,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="INSTANT", help="The instant of the sweep, such as 2018-04-03T12:00+05:30. By default now."
        ),
    ] = None,
    key_file: KeyFile = None,
    old_key_file: OldKeyFiles = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would end, and change nothing.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Allow an instant after this machine's clock, which ends live coupons.")
    ] = False,
    as_json: Json = False,
) -> None:
    """End every exchange past its deadline to use the coupon, to send or unlock the phone, or to answer a re-quote.

    Run it every few minutes; it may run in several places at once. A damaged exchange is skipped and listed, and the
    exit code is then 1.
    """
    when = _given.instant(at, "--at", None)
    if not dry_run and not force and when > (now := _given.now()):
        what = f"--at '{at}' is after this machine's clock ({now.isoformat(timespec='seconds')})"
        raise _given.Wrong(f"{what}: coupons that are valid now would end. Correct it, try --dry-run, or add --force")
    with opened(ledger) if dry_run else unlocked(ledger, key_file, old_key_file, "A sweep") as store:
        ended = store.sweep(when, dry_run=dry_run)
    if as_json:
        _output.write_json({"answer": "sweep", "at": when.isoformat(), "dry_run": dry_run, **ended.to_dict()})
    else:
        _output.say(f"{'Would end' if dry_run else 'Ended'}: {ended.counts}.")
        if ended.skipped:
            _output.say(f"Skipped: {len(ended.skipped)} damaged exchanges. Run: miexchange ledger verify")
            _output.say_lines(f"  {code}" for code in ended.skipped)
    if ended.skipped:
        raise typer.Exit(1)


_KEPT = timedelta(days=30)


def forget_answers(
    *,
    ledger: Where,
    before: Annotated[
        str | None,
        typer.Option(
            metavar="INSTANT",
            help="Remove answers before this instant, such as 2018-04-03T12:00Z. By default 30 days ago.",
        ),
    ] = None,
    key_file: KeyFile = None,
    old_key_file: OldKeyFiles = None,
    as_json: Json = False,
) -> None:
    """Remove the answers of old requests; such a request counts as a new one if it is repeated.

    Without this command answers are kept for ever. Answers about open exchanges, all exchanges and their events are
    kept. A damaged answer is not removed, and the exit code is then 1.
    """
    now = _given.now()
    when = now - _KEPT if before is None else _given.instant(before, "--before", None)
    if when > now:
        raise _given.Wrong(f"--before '{before}' is after this machine's clock ({now.isoformat(timespec='seconds')})")
    with unlocked(ledger, key_file, old_key_file, "To remove answers") as store:
        found = store.forget_answers(when)
    if as_json:
        _output.write_json({"answer": "forgotten", "before": when.isoformat(), **found.to_dict()})
    else:
        _output.say(f"Removed: {found.answers:,} answers to requests before {when.isoformat(timespec='seconds')}.")
        if found.skipped:
            _output.say(f"Skipped: {found.skipped:,} damaged answers. Run: miexchange ledger verify")
    if found.skipped:
        raise typer.Exit(1)


def verify(
    *,
    ledger: Where,
    against: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A checkpoint that was kept elsewhere; this needs the key."),
    ] = None,
    key_file: KeyFile = None,
    old_key_file: OldKeyFiles = None,
    as_json: Json = False,
) -> None:
    """Verify the ledger: every chain of events, every state, every answer. The exit code is 1 if there are faults.

    Without the key, hashes, seals and the running count are not checked.
    """
    library = package()
    kept = None if against is None else _given.checkpoint(against, library.Checkpoint)
    has_key = _given.has_key(key_file) or kept is not None
    with unlocked(ledger, key_file, old_key_file, "The proof") if has_key else opened(ledger) as store:
        found = library.verify(store, kept)
    if as_json:
        _output.write_json({"answer": "verification", "whole": bool(found), **found.to_dict()})
    else:
        whole = "The ledger is whole" if found else f"The ledger is not whole: {len(found.faults)} faults"
        _output.say(f"{whole}. {found.exchanges} exchanges, {found.events} events.", style="bold")
        _output.say_lines(f"  {fault}" for fault in found.faults)
        if not found.is_sealed:
            _output.say("Hashes, seals and the running count were not checked: give the key.")
    if not found:
        raise typer.Exit(1)


def checkpoint(
    *,
    ledger: Where,
    at: Annotated[str | None, typer.Option(metavar="INSTANT", help="Its instant. By default now.")] = None,
    key_file: KeyFile = None,
    old_key_file: OldKeyFiles = None,
    as_json: Json = False,
) -> None:
    """Take a signed checkpoint, and write it as JSON: keep it elsewhere, for `miexchange ledger verify --against`.

    A ledger with faults gets none.
    """
    del as_json  # it is JSON in any case: it is kept in a file and read back
    when = _given.instant(at, "--at", None)
    with unlocked(ledger, key_file, old_key_file, "A checkpoint") as store:
        taken = store.checkpoint(when)
    _output.write_json(taken.to_dict())


def exposure(*, ledger: Where, zone: DaysOf = "UTC", as_json: Json = False) -> None:
    """Show the value of live coupons, by day of expiry."""
    begins = _given.zone(zone, "--zone")
    with opened(ledger) as store:
        found = store.open_exposure(begins)
    if as_json:
        days = {"answer": "exposure", "days": [one.to_dict() for one in found]}
        _output.write_json(days, *dict.fromkeys(one.currency for one in found))
        return
    columns = [_output.Column("Expires on"), *(_output.Column(name, justify="right") for name in ("Coupons", "Worth"))]
    rows = []
    for currency in dict.fromkeys(one.currency for one in found):
        write, same = _output.writer(currency), [one for one in found if one.currency == currency]
        rows += [
            ("held by orders" if one.day is None else f"{one.day}", f"{one.coupons}", write(one.value_minor))
            for one in same
        ]
        total = sum(one.value_minor for one in same)
        rows.append(("together", f"{sum(one.coupons for one in same)}", write(total)))
    _output.say_table(columns, rows)


def migrate(
    *, ledger: Where, key_file: KeyFile = None, old_key_file: OldKeyFiles = None, as_json: Json = False
) -> None:
    """Migrate the ledger's tables to the version of this package. Make a backup first.

    A ledger from before version 0004 needs its key, to begin its feed and to seal the exchanges of version 0001.
    """
    keys: dict[str, Any] = {}
    if _given.has_key(key_file):
        keys["key"], *keys["old_keys"] = _keys(key_file, old_key_file, "The migration")
    version = package().migrate(ledger, **keys)
    if as_json:
        _output.write_json({"answer": "migration", "version": version})
        return
    _output.say(f"The ledger's tables are of version {version}.")
