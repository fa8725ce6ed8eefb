"""The laws of a price list: what is published holds from its day on, what is taken back leaves the bytes as before."""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from miexchange import Currency, InvalidValue, Programme
from miexchange._amounts import GROUPS, MARKS, Spelling, Unread, amount_of
from miexchange.money import GREATEST_AMOUNT
from miexchange.pricelists import ListPrice, PriceList, diff, publish, rollback
from miexchange.programme import doubts
from property.effort import effort
from unit.lists import APRIL, AT, BASE, FLIP, ONE, base

FORMS = ("as it is", "CR LF", "BOM", "no last line end", "blank lines", "by date")
TEXTS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=20)


def lists() -> st.SearchStrategy[PriceList]:
    """Draw lists that the base can take: whole rupees, and sources with what CSV has to quote."""
    prices = st.integers(1_000, 20_000).map(lambda rupees: rupees * 100)
    rows = st.builds(
        ListPrice,
        st.sampled_from([ONE, FLIP]),
        prices,
        st.sampled_from(["observed", "modelled"]),
        TEXTS.map(str.strip).filter(bool),
    )
    return st.lists(rows, min_size=1, max_size=2, unique_by=lambda row: row.model).map(PriceList.of)


def place_of(folder: str, form: str) -> Path:
    place = Path(shutil.copytree(BASE, f"{folder}/programme"))
    file = place / "market_prices.csv"
    head, *rows = file.read_text(encoding="utf-8").splitlines()
    if form == "by date":
        rows.sort(key=lambda row: row.split(",")[1])
    end = "\r\n" if form == "CR LF" else "\n"
    text = end.join([head, *rows, ""])
    text = text.rstrip("\n") if form == "no last line end" else text + "\n\n" * (form == "blank lines")
    file.write_bytes((("\ufeff" if form == "BOM" else "") + text).encode())
    return place


def files(place: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in place.iterdir()}


@given(lists(), lists(), st.sampled_from(FORMS), st.integers(1, 8 * 24 * 60))
@effort(1)
def test_a_published_list_holds_from_its_day_on_and_is_taken_back_to_the_byte(
    first: PriceList, second: PriceList, form: str, minutes: int
) -> None:
    """Publish then load: old prices up to that day, new ones after. Publish then rollback gives the same bytes."""
    with TemporaryDirectory() as folder:
        place = place_of(folder, form)
        states, old = [files(place)], Programme.load(place).prices
        for number, (prices, begins) in enumerate([(first, APRIL), (second, APRIL + timedelta(minutes=minutes))]):
            publish(prices, place, at=AT + timedelta(hours=number), begins=begins)
            states.append(files(place))
            new = Programme.load(place).prices
            said = prices.by_model
            for model in (ONE, FLIP):
                for at in (AT, begins - timedelta(microseconds=1)):
                    assert new.as_of(model, at) == old.as_of(model, at)
                for at in (begins, begins + timedelta(days=1)):
                    price, before = new.as_of(model, at), old.as_of(model, at)
                    assert price is not None
                    if model in said:
                        assert (price.price_minor, price.source) == (said[model].price_minor, said[model].source)
                    else:
                        assert price == before
            assert [one.message for one in doubts(place) if "published" in one.message] == []
            old = new
        for state in reversed(states[:-1]):
            rollback(place, at=APRIL - timedelta(microseconds=1))
            assert files(place) == state


@given(lists())
@effort(3)
def test_a_list_of_the_prices_in_force_changes_nothing(prices: PriceList) -> None:
    """Diff of equal lists is empty; and of any list, what it says is the price in force with its changes."""
    at = APRIL - timedelta(days=1)
    programme = base()
    found = {model: programme.prices.as_of(model, at) for model in (ONE, FLIP)}
    rows = [ListPrice(one.model, one.price_minor, one.basis, one.source) for one in found.values() if one is not None]
    same = diff(PriceList.of(rows), programme, at=at)
    assert (same.changes, same.same, same.doubts) == ((), len(rows), ())
    changed = diff(prices, programme, at=at)
    assert {one.model for one in changed.changes} | {*changed.missing} <= {ONE, FLIP}
    assert changed.same + len(changed.changes) == len(prices)
    for one in changed.changes:
        before = found[one.model]
        assert before is not None
        assert (one.before_minor, one.after_minor) == (before.price_minor, prices.by_model[one.model].price_minor)


def written(minor: int, decimal: str, grouping: str, group: int) -> str:
    """Write an amount of rupees as people do: an oracle of its own, digit by digit from the right."""
    units, rest = divmod(minor, 100)
    digits, parts = f"{units}", []
    size = 3
    while len(digits) > size:
        digits, part = digits[:-size], digits[-size:]
        parts.append(part)
        size = group
    whole = GROUPS[grouping].join([digits, *reversed(parts)])
    return f"{whole}{MARKS[decimal]}{rest:02d}" if rest else whole


@given(
    st.integers(1, GREATEST_AMOUNT),
    st.sampled_from([*MARKS]),
    st.sampled_from([*GROUPS]),
    st.sampled_from([2, 3]),
    st.sampled_from(["", "₹", "Rs. "]),
)
@example(12_499_000, "point", "comma", 2, "₹")
@effort(10)
def test_an_amount_is_what_was_written_or_nothing(
    minor: int,
    decimal: str,
    grouping: str,
    group: int,
    sign: str,
) -> None:
    """What is stated reads the very amount; a plain form reads the same, or nothing."""
    if decimal == grouping:
        return
    text = sign + written(minor, decimal, grouping, group)
    signs = (sign.strip(),) if sign else ()
    assert amount_of(text, Spelling(decimal, grouping, signs), Currency("INR")) == minor
    with suppress(Unread):
        assert amount_of(text, Spelling(), Currency("INR")) == minor


@given(st.sampled_from([ONE, FLIP]), st.integers(0, 400))
@effort(3)
def test_no_price_that_was_in_force_is_changed(model: str, hours: int) -> None:
    """A list begins after it was published: no instant up to then gets another price."""
    prices = PriceList.of([ListPrice(model, 500_000, "observed", "x")])
    with TemporaryDirectory() as folder:
        place = place_of(folder, "as it is")
        before = files(place)
        with pytest.raises(InvalidValue, match=r"^begins is "):
            publish(prices, place, at=AT, begins=AT - timedelta(hours=hours))
        assert files(place) == before
