"""`miexchange coupon check`: what a coupon takes off an order, or why it cannot be used."""

from pathlib import Path
from typing import Annotated

import typer

from miexchange.cli import _given, _output
from miexchange.cli._options import Json
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
            help="The secret key that issued the coupon: it shows that the file was not edited. By default it is the "
            f"environment variable {_given.KEY_VARIABLE}.",
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="INSTANT", help="The instant of the check, such as 2018-03-20T12:00+05:30. By default now."
        ),
    ] = None,
    standing: Annotated[
        CouponStanding, typer.Option(help="What your ledger says of the coupon; the command keeps none.")
    ] = CouponStanding.UNUSED,
    public: Annotated[
        bool, typer.Option("--public", help="Refuse as strangers are refused: with one uniform answer.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check a coupon against an order: what comes off each line and what is left to pay, or why not.

    The exit code is 1 if it is refused, also because the file was edited. Whether a coupon is still unused, only your
    ledger knows.
    """
    paper, wanted = _given.coupon(coupon), _given.order(order)
    when, keys = _given.instant(at, "--at", None), (_given.key(key_file, "A coupon"),)
    answer = paper.check(wanted, account=account, at=when, standing=standing, keys=keys)
    if isinstance(answer, Redemption):
        if as_json:
            _output.write_json({"answer": "redemption", "redemption": answer.to_dict()})
        else:
            _show(answer, paper, wanted)
        return
    refusal = answer.public() if public else answer
    if as_json:
        _output.write_json({"answer": "refusal", "refusal": refusal.to_dict()})
    else:
        _output.say_refusal(f"Refused: coupon {paper.display_code} for order {wanted.id}", refusal)
    raise typer.Exit(1)


def _show(answer: Redemption, paper: Coupon, wanted: Order) -> None:
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
    _output.say(f"The coupon is worth {write(paper.value)}, {end}{_output.until(paper.valid_until)}.")
    if answer.forfeited:
        _output.say(f"Forfeited, because the order does not use it up: {write(answer.forfeited)}.")
    if answer.store_credit:
        _output.say(f"Comes back as store credit: {write(answer.store_credit)}.")
    if answer.cash:
        _output.say(f"Comes back in cash: {write(answer.cash)}.")
