"""One trade-in, from the IMEI to the coupon, in a few calls; run it, then change it.

The phone's serial number and the key are made up, and the shipped prices are modelled.
"""

import sys
from datetime import UTC, datetime

from miexchange import (
    Device,
    Imei,
    ImeiStatus,
    Order,
    OrderLine,
    Programme,
    Refusal,
    appraise,
    headline,
    issue,
    replay,
    worst_case,
)

KEY = b"published demo key: never use it"  # a real key is secret, at least 16 bytes

programme = Programme.load("mi-exchange-india")
at = datetime(2018, 3, 20, 6, 30, tzinfo=UTC)
imei = Imei.from_body("86366403" + "123456")  # the TAC of a OnePlus 3T; the check digit is computed
print(imei, "may be", [f"{phone.brand} {phone.model}" for phone in programme.tacs.lookup(imei)])

best = headline("oneplus-3t-6-64", programme, at=at)
if isinstance(best, Refusal):
    sys.exit(best.explain())
print("up to", best.money.plain)

device, answers = Device("oneplus-3t-6-64", imei), best.condition.replace(body="light_wear")
quote = appraise(device, answers, programme, at=at, imei_status=ImeiStatus.CLEAR)
if isinstance(quote, Refusal):
    sys.exit(quote.explain())
print(quote.explain())
worst = worst_case(quote, programme)
if isinstance(worst, Refusal):
    sys.exit(worst.explain())
print("at risk at the door, in paise:", worst.at_risk)
print("reproduced:", bool(replay(quote, programme)))

coupon = issue(quote, programme, account="asha", at=at, key=KEY)
if isinstance(coupon, Refusal):
    sys.exit(coupon.explain())
print("coupon", coupon.display_code, "until before", coupon.valid_until)
order = Order(
    "1", (OrderLine("Redmi Note 5 Pro", "smartphone", "Redmi", "mi.com", price_minor=1399900),), programme.currency
)
print(coupon.check(order, account="asha", at=at))
print(coupon.check(order, account="asha", at=coupon.valid_until or at))
