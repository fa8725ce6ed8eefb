"""How long a coupon's check against an order of three lines takes, beside one IMEI check."""

from __future__ import annotations

import stdnum.imei

from _measure import is_quick, print_table, side_by_side, verdict
from _phones import AT, PROGRAMMES, faulty
from miexchange import Coupon, Currency, Order, OrderLine, Programme, Quote, Redemption, issue

GOAL = 3
ACCOUNT = "account-1"

ORDER = Order(
    "order-1",
    (
        OrderLine("Redmi Note 5", "smartphone", "Redmi", "mi.com", 999900),
        OrderLine("Mi A1", "smartphone", "Mi", "mi.com", 1399900),
        OrderLine("Mi Band 2", "accessory", "Mi", "mi.com", 179900),
    ),
    Currency("INR"),
)


def coupon_of(programme: Programme) -> Coupon:
    """Return the coupon of a clean phone."""
    quote = faulty(programme)[0][1].appraise()
    if not isinstance(quote, Quote):
        raise TypeError(quote)
    coupon = issue(quote, programme, account=ACCOUNT, at=AT, key=b"the key of the benchmark")
    if not isinstance(coupon, Coupon):
        raise TypeError(coupon)
    return coupon


def main() -> None:
    """Print the table."""
    quick = is_quick(__doc__)
    rows: list[tuple[str, ...]] = []
    for name in PROGRAMMES:
        programme = Programme.load(name)
        coupon = coupon_of(programme)
        imei = faulty(programme)[0][1].imei
        if not isinstance(coupon.check(ORDER, account=ACCOUNT, at=AT), Redemption):
            print("No table: the coupon was refused, and a refusal is not what is measured.")
            return
        times = side_by_side(
            {
                "stdnum": lambda imei=imei: stdnum.imei.validate(imei),  # type: ignore[misc]
                "ours": lambda coupon=coupon: coupon.check(ORDER, account=ACCOUNT, at=AT),  # type: ignore[misc]
            },
            quick=quick,
        )
        ratio = times["ours"].best / times["stdnum"].best
        rows.append((f"{name}, {coupon.usage.applies_to}", times["ours"].us, times["stdnum"].us, *verdict(ratio, GOAL)))
    head = ("`coupon.check`, three lines", "time", "`stdnum.imei.validate`", "ratio", "goal", "")
    print_table("A coupon against an order", head, rows)


if __name__ == "__main__":
    main()
