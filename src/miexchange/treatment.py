"""The tax treatment of the parts of a trade-in: dated rows of a programme, and their arithmetic.

It is arithmetic, not tax advice: the programme's operator must find out which row applies to whom, and no rate
of tax is known here. Every amount is as in the order's prices: with tax, if they include it.

Sources: for India rule 27 of the CGST Rules 2017 (a new phone is supplied for 20,000 with an old phone in exchange, and
costs 24,000 without: its value is 24,000), section 15(3) of the CGST Act (a discount on the invoice is no part of the
value) and rule 32(5) (second-hand goods: the margin). For the United Kingdom section 19(3) of the VAT Act 1994,
VATVAL06110 and VATVAL06120 of HMRC's manual, and VATMARG13350.

>>> line = LineParts(units=1, in_kind=400_000, discount=0, bonus=0, tax_base=2_400_000)
>>> line.to_pay
2000000
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from miexchange import _kernel
from miexchange._bounded import After, Count, Id, Note, Number
from miexchange._table import Table
from miexchange._value import Value, instant, proved, text, whole
from miexchange.errors import out_of_range

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miexchange._value import Fault

__all__ = ["LineParts", "Treatment", "TreatmentTable"]

EXCHANGE_VALUE = "exchange_value"
"""The part of a coupon that is the old phone's value."""

RESALE = "resale"
"""The old phone, when its new owner sells it on."""

BONUS = "bonus:"
"""The prefix of the id of a bonus, as in the lines of a quote."""


@dataclass(frozen=True, slots=True)
class Treatment(Value):
    """The tax treatment of one part of a trade-in, from one instant on.

    Attributes:
        part: the part, such as ``exchange_value``; a bonus by its id, ``bonus:launch``; or ``resale``, the old
            phone when it is sold on.
        effective_from: the first instant at which it is in force, UTC.
        treatment: ``payment``: the part pays for the new goods, and is in their value for tax; ``discount``: it
            lowers their price, and is not. Of ``resale``: ``margin``, only the excess of the sale over the purchase
            price is taxed; or ``full``, all of it.
        source: the rule that it follows.
        effective_until: the first instant at which it is no longer in force, or None while it is open.
    """

    part: Id
    effective_from: datetime
    treatment: Literal["payment", "discount", "margin", "full"]
    source: Note = ""
    effective_until: Annotated[datetime | None, After("effective_from")] = None

    def _faults(self) -> Iterator[Fault]:
        is_bonus = self.part.startswith(BONUS) and bool(self.part.removeprefix(BONUS).strip())
        if not is_bonus and self.part not in {EXCHANGE_VALUE, RESALE}:
            yield "part", self.part, "give exchange_value, resale, or bonus: and the id of a bonus"
        fitting = ("margin", "full") if self.part == RESALE else ("payment", "discount")
        if self.treatment not in fitting:
            yield "treatment", self.treatment, f"give {' or '.join(fitting)} for {self.part}"


@dataclass(frozen=True)
class TreatmentTable(Table[Treatment]):
    """The dated tax treatments of a programme, sorted by part and instant.

    Columns of a file: ``part,effective_from,treatment,source``, and ``effective_until`` if wanted.

    Attributes:
        treatments: the rows, sorted; make a table with `of` or `read`.
    """

    treatments: tuple[Treatment, ...] = ()
    _kind = Treatment
    _field = "treatments"
    _key = ("part",)
    _dates = ("effective_from", "effective_until")
    _optional = ("effective_until",)

    def as_of(self, part: str, at: datetime) -> Treatment | None:
        """Return the treatment in force: the last one effective at or before the instant, or None.

        Raises:
            InvalidValue: an argument is of another type.
        """
        return self._in_force(text(part, "part", "give a part, such as exchange_value"), instant(at, "at"))

    def since(self, at: datetime) -> TreatmentTable:
        """Return the rows that are in force at an instant or begin later.

        Raises:
            InvalidValue: it is not an instant.
        """
        at = instant(at, "at")
        now = [self.as_of(part, at) for part in self.by_key]
        rows = tuple([row for row in self.treatments if row.effective_from > at or row in now])
        return self if len(rows) == len(self.treatments) else TreatmentTable(rows)

    def resale_base(self, selling_minor: int, purchase_minor: int, *, at: datetime) -> int | None:
        """Return the value for tax of the old phone when it is sold on; None if no row determines it.

        With ``margin`` it is the excess of the sale over the purchase price, and 0 if there is none (CGST rule
        32(5); VAT Notice 718).

        Args:
            selling_minor: the price of the sale, in minor units.
            purchase_minor: the price paid for it, in money and in kind: see `Redemption.purchase_price`.
            at: the instant of the sale.

        Raises:
            InvalidValue: an argument is of another type, or an amount is negative.

        >>> from datetime import UTC
        >>> table = TreatmentTable.of([Treatment("resale", datetime(2017, 7, 1, tzinfo=UTC), "margin", "rule 32(5)")])
        >>> at = datetime(2018, 4, 1, tzinfo=UTC)
        >>> table.resale_base(400_000, 300_000, at=at), table.resale_base(300_000, 400_000, at=at)
        (100000, 0)
        """
        selling, purchase = whole(selling_minor, "selling_minor"), whole(purchase_minor, "purchase_minor")
        for field, amount in (("selling_minor", selling), ("purchase_minor", purchase)):
            if amount < 0:
                raise out_of_range(field, amount, "give a whole number of 0 or more")
        row = self.as_of(RESALE, at)
        if row is None:
            return None
        return _kernel.at_least(selling - purchase, 0) if row.treatment == "margin" else selling


NO_TREATMENTS = TreatmentTable()
"""The table of a programme without tax treatments."""


@dataclass(frozen=True, slots=True)
class LineParts(Value):
    """One line of an order, split by the tax treatment of its parts; all in minor units.

    Attributes:
        units: the number of units of the line.
        in_kind: the part paid with the old phone: a payment in kind.
        discount: the part that lowers the price.
        bonus: the part paid by bonuses that are not a discount.
        tax_base: the value for tax: the price less `discount`; it is the sum paid in money, in kind and by bonuses.
    """

    units: Number
    in_kind: Count
    discount: Count
    bonus: Count
    tax_base: Count
    _example: ClassVar[object] = {"units": 1, "in_kind": 400_000, "discount": 0, "bonus": 0, "tax_base": 2_400_000}

    def _faults(self) -> Iterator[Fault]:
        if self.to_pay < 0:
            yield "tax_base", self.tax_base, "give at least what the old phone and bonuses pay of it"
        if (self.tax_base + self.discount) % self.units:
            yield "units", self.units, "give the units of the line: each of them has one price"

    @property
    def taken(self) -> int:
        """The amount taken off the line."""
        return self.in_kind + self.discount + self.bonus

    @property
    def to_pay(self) -> int:
        """The amount left to pay in money."""
        return self.tax_base - self.in_kind - self.bonus

    def returned(self, units: int, *, before: int = 0) -> LineParts:
        """Return the parts of returned units, as for a credit note.

        Units are returned one after the other, each with its share; shares are rounded down cumulatively, so
        the parts of all units, returned in whatever portions and order, are those of the line.

        Args:
            units: the number of units returned now.
            before: the number of the line's units returned before.

        Raises:
            InvalidValue: an argument is not a whole number, or the line has fewer units left.

        >>> line = LineParts(units=3, in_kind=1_000, discount=100, bonus=0, tax_base=29_900)
        >>> [line.returned(1, before=before).taken for before in range(3)], line.returned(3) == line
        ([366, 367, 367], True)
        """
        units, before = whole(units, "units"), whole(before, "before")
        if not 0 <= before < self.units:
            raise out_of_range("before", before, f"give how many went back before, 0 to {self.units - 1}")
        if not 1 <= units <= self.units - before:
            raise out_of_range("units", units, f"give how many go back, 1 to {self.units - before}")
        price = (self.tax_base + self.discount) // self.units
        return _between(_first(self, before), _first(self, before + units), units, price * units)


def split_lines(
    totals: tuple[int, int], discounts: tuple[int, ...], lines: tuple[tuple[int, int], ...]
) -> tuple[LineParts, ...]:
    """Split the discounts of an order by line; the parts of all lines add up to the totals.

    Args:
        totals: the total of bonuses that pay, and of discounts.
        discounts: the amount off each line.
        lines: the units and the price of each line.
    """
    taken, total, before, found = 0, sum(discounts), (0, 0, 0), []
    for amount, (units, price) in zip(discounts, lines, strict=True):
        taken += amount
        after = _kernel.parts_of_first(taken, total, *totals)
        found.append(_between(before, after, units, units * price))
        before = after
    return tuple(found)


def _first(line: LineParts, units: int) -> tuple[int, int, int]:
    """Return the parts of the first units of a line."""
    return _kernel.parts_of_first(line.taken * units // line.units, line.taken, line.bonus, line.discount)


def _between(before: tuple[int, int, int], after: tuple[int, int, int], units: int, price: int) -> LineParts:
    """Return the parts of an amount, given the parts of everything before it and of everything up to its end."""
    in_kind, bonus, discount = after[0] - before[0], after[1] - before[1], after[2] - before[2]
    return proved(LineParts, units=units, in_kind=in_kind, discount=discount, bonus=bonus, tax_base=price - discount)
