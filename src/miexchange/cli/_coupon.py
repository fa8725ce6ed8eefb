"""`miexchange coupon check`: what a coupon takes off an order, or why it cannot be used."""

from datetime import tzinfo
from pathlib import Path
from typing import Annotated

import typer

from miexchange.cli import _given, _output
from miexchange.cli._options import Json, OldKeyFiles
from miexchange.coupon import Coupon, CouponStanding, Order, Redemption

__all__ = ["check"]


def check(
    *,
    coupon: Annotated[Path, typer.Option(metavar="FILE", help="The coupon, as quote --coupon-out writes it.")],
    order: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help='The order as JSON: {"id": "1", "lines": [{"product": "Redmi Note 5 Pro", "category": "smartphone", '
            '"brand": "Redmi", "channel": "mi.com", "price_minor": 1399900}], "currency": "INR"}; each line may '
            "have a quantity, and the order a list other_discounts.",
        ),
    ],
    account: Annotated[str, typer.Option(metavar="ID", help="The account that is signed in.")],
    key_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The secret key that issued the coupon: it proves that the coupon is yours and that nobody edited the "
            f"file. By default it is the environment variable {_given.KEY_VARIABLE}; without it nothing is proved.",
        ),
    ] = None,
    old_key_file: OldKeyFiles = None,
    programme: Annotated[
        str | None,
        typer.Option(
            metavar="ID|PATH", help="Your programme, in whose zone instants are shown. Of a shipped one it is known."
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="INSTANT", help="The instant of the check, such as 2018-03-20T12:00+05:30. By default now."
        ),
    ] = None,
    standing: Annotated[
        CouponStanding, typer.Option(help="The standing of the coupon in your ledger; this command has none.")
    ] = CouponStanding.UNUSED,
    public: Annotated[
        bool, typer.Option("--public", help="Refuse as strangers are refused: with one uniform answer.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check a coupon against an order: what comes off each line and what is left to pay, or why not.

    With the key its seal is checked, which binds its value to its code; without it the coupon is taken as it is
    written. The exit code is 1 if it is refused, also because the file was edited. Whether a coupon is still unused,
    only your ledger knows.
    """
    paper, wanted = _given.coupon(coupon), _given.order(order)
    when, keys = _given.instant(at, "--at", None), _keys(key_file, old_key_file)
    answer = paper.check(wanted, account=account, at=when, standing=standing, keys=keys)
    is_proved = bool(keys) and paper.is_sealed_by(*keys)
    zone = _given.zone_of(paper.programme, programme)
    if isinstance(answer, Redemption):
        if as_json:
            found = {"answer": "redemption", "redemption": answer.to_dict(), "is_proved": is_proved}
            _output.write_json(found, paper.currency)
        else:
            _show(answer, paper, wanted, zone)
            _output.say(_PROVED if is_proved else _NOT_PROVED)
        return
    refusal = answer.public() if public else answer
    if as_json:
        refused = {"answer": "refusal", "refusal": refusal.to_dict(), "is_proved": is_proved}
        _output.write_json(refused, paper.currency)
    else:
        heading = f"Refused: coupon {paper.display_code} for order {wanted.id}"
        _output.say_refusal(heading, refusal, () if keys else (_NOT_PROVED,), zone)
    raise typer.Exit(1)


_PROVED = "Proved with the key: this coupon is yours, and its value is the one that its code was issued for."
_NOT_PROVED = (
    "Not proved: without the secret key nothing shows that this coupon is yours, or that its value is the one that its "
    f"code was issued for. Add --key-file, or set {_given.KEY_VARIABLE}."
)


def _keys(key_file: Path | None, old_key_file: list[Path] | None) -> tuple[bytes, ...]:
    """Read the keys; none where none is given, for a check may go without."""
    if not _given.has_key(key_file) and not old_key_file:
        return ()
    return tuple(_given.key(file, "A proof") for file in (key_file, *(old_key_file or ())))


def _show(answer: Redemption, paper: Coupon, wanted: Order, zone: tzinfo) -> None:
    write = _output.writer(paper.currency)
    _output.say(f"Accepted: coupon {paper.display_code} for order {wanted.id}", style="bold")
    rows = [
        (
            line.product,
            f"{line.quantity}",
            write(line.total_minor),
            write(-discount) if discount else write(0),
            write(line.total_minor - discount),
        )
        for line, discount in zip(wanted.lines, answer.discounts, strict=True)
    ]
    rows.append(
        (
            "order",
            "",
            write(wanted.total_minor),
            write(-answer.discount),
            write(answer.to_pay),
        )
    )
    columns = [_output.Column("Line")]
    columns += [_output.Column(name, justify="right") for name in ("Quantity", "Price", "Coupon", "To pay")]
    _output.say_table(columns, rows)
    end = "" if paper.valid_until is None else "until "
    _output.say(f"The coupon is worth {write(paper.value)}, {end}{_output.until(paper.valid_until, zone)}.")
    if answer.forfeited:
        _output.say(f"Forfeited, because the order does not use it up: {write(answer.forfeited)}.")
    if answer.store_credit:
        _output.say(f"Comes back as store credit: {write(answer.store_credit)}.")
    if answer.cash:
        _output.say(f"Comes back in cash: {write(answer.cash)}.")
