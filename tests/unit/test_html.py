"""Quotes and coupons in a notebook: what they show, and what they hide."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from miexchange import Coupon, Device, Imei, ImeiStatus, Quote, appraise, headline, issue
from miexchange._html import table
from miexchange.programme import Bonus
from shipped import shipped_programme
from unit import small

AT = datetime(2018, 4, 20, 12, tzinfo=UTC)


def quoted() -> Quote:
    programme = shipped_programme("graded-trade-in")
    best = headline("oneplus-3t-6-64", programme, at=AT)
    assert isinstance(best, Quote)
    imei = Imei.from_body(f"{next(t for t, d in programme.tacs if d.model == '3T')}123456").digits
    device = Device("oneplus-3t-6-64", imei=imei)
    quote = appraise(device, best.condition, programme, at=AT, imei_status=ImeiStatus.CLEAR, target="Redmi Note 5")
    assert isinstance(quote, Quote)
    return quote


def test_every_text_is_escaped() -> None:
    assert "<script>" not in table("<script>", [("<script>", "1", "<script>")], ["<script>"])
    assert table("a", []) == "<table><caption>a</caption><tbody></tbody></table>"


def test_a_table_has_its_rows_and_below_it_its_notes_one_after_the_other() -> None:
    right = '<td style="text-align:right">'
    rows = f"<tr><td>a</td>{right}1</td><td>b</td></tr><tr><td>c</td>{right}2</td></tr>"
    head = "<table><caption>A &amp; B</caption><tbody>"
    notes = "<p>one</p><p>t&lt;o</p>"
    assert table("A & B", [("a", "1", "b"), ("c", "2")], ["one", "t<o"]) == f"{head}{rows}</tbody></table>{notes}"


def test_a_quote_shows_every_line_and_both_sums_but_no_imei() -> None:
    quote = quoted()
    html = quote._repr_html_()
    for line in quote.lines:
        assert f"<td>{line.rule}</td>" in html
    assert "exchange value" in html
    assert f">{quote.money.plain}</td>" in html
    assert quote.imeis[0].digits not in html


def test_a_quote_without_bonuses_has_one_sum() -> None:
    best = headline("oneplus-3t-6-64", shipped_programme("mi-exchange-india"), at=AT)
    assert isinstance(best, Quote)
    assert "exchange value" not in best._repr_html_()


def test_a_coupon_shows_its_value_but_neither_code_nor_account() -> None:
    graded = shipped_programme("graded-trade-in")
    coupon = issue(
        quoted(), graded, account="asha-17", at=AT + timedelta(hours=1), key=b"a key of at least thirty-two bytes"
    )
    assert isinstance(coupon, Coupon)
    html = coupon._repr_html_()
    assert f">{coupon.money.plain}</td>" in html
    assert "bonus:redmi-note-5-launch" in html
    assert coupon.code not in html
    assert coupon.display_code not in html
    assert "asha-17" not in html


def test_a_quote_is_a_table_of_its_lines_with_their_sources() -> None:
    terms = small.TERMS.replace(bonuses=(Bonus("b", "A bonus", amount_minor=50_000),))
    quote = small.quoted(terms, device=Device(small.MODEL, small.IMEI))
    rows = [
        (
            "market",
            "10000.00",
            "observed price of a clean device since 2020-01-01",
            "market_prices[acme-one-4-64@2020-01-01]",
        ),
        ("grade", "0.00", "grade A: 100 % kept", "grades[A]"),
        ("exchange value", "10000.00", "", ""),
        ("bonus:b", "500.00", "A bonus", "bonuses[b]"),
        ("coupon value", "10500.00", "", ""),
    ]
    assert quote.warnings
    caption = "Acme One (4 GB, 64 GB), grade A, small terms 1"
    assert quote._repr_html_() == table(caption, rows, map(str, quote.warnings))
