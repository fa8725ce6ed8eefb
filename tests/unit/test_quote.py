"""The quote in other hands: its seal, and what of it is confirmed when it comes back."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from miexchange._zone import Zone
from miexchange.catalogue import Device
from miexchange.condition import Condition
from miexchange.coupon import Coupon, device_token, issue
from miexchange.eligibility import ImeiStatus, RegisterAnswer
from miexchange.errors import InvalidValue, VersionError
from miexchange.imei import Imei
from miexchange.programme import Bonus, CustomerClass, Programme
from miexchange.quote import Quote
from miexchange.refusal import Refusal
from miexchange.valuation import Replay, appraise, appraise_many, confirmed, headline, replay, worst_case
from unit import small

KEY = b"the service's own key"
NEWER = b"the key after that one"


def sealed(**terms: Any) -> tuple[Quote, Programme]:  # noqa: ANN401 - any of the terms
    """Return a sealed quote and its programme."""
    programme = small.programme(small.TERMS.replace(**terms))
    quote = appraise(Device(small.MODEL, small.IMEI), Condition(), programme, at=small.AT, key=KEY)
    assert isinstance(quote, Quote)
    return quote, programme


def against(quote: Quote, programme: Programme, *keys: bytes) -> tuple[str, ...]:
    answer = confirmed(quote, programme, keys=keys)
    return answer.codes if isinstance(answer, Refusal) else ()


def test_a_quote_is_confirmed_as_the_programme_makes_it() -> None:
    quote, programme = sealed()
    assert confirmed(quote, programme, keys=(KEY,)) is quote
    assert against(quote.replace(seal=""), programme) == ()
    assert against(quote, programme) == ("quote_altered",), "a seal that nobody can check holds nothing"
    assert against(quote.replace(imeis=(Imei(small.IMEI2),)), programme, KEY) == ("quote_altered",)
    assert against(quote.replace(label="A dearer one", seal=""), programme, KEY) == ("quote_altered",)


def test_terms_may_want_a_seal() -> None:
    quote, programme = sealed(quote_seal="required")
    assert against(quote, programme, b"an older key, kept", KEY) == ()
    assert against(quote.replace(seal=""), programme, KEY) == ("quote_unsealed",)


def test_the_seal_fits_with_the_imei_and_without() -> None:
    quote, _ = sealed()
    assert quote.is_sealed_by(KEY)
    assert not quote.is_sealed_by(b"another key, of others")
    assert (quote.without_imei().seal, quote.without_imei().is_sealed_by(KEY)) == (quote.seal, True)
    plain = quote.replace(device_tokens=()).replace(seal="f" * 64)
    assert plain.without_imei().seal == "", "there is nothing in it that could stand for the IMEI"
    assert Quote.from_json(quote.to_json(reveal_imei=True)).is_sealed_by(KEY)
    with pytest.raises(InvalidValue, match=r"Quote\.seal"):
        quote.replace(seal="yes")
    with pytest.raises(InvalidValue, match="key"):
        appraise(Device(small.MODEL), Condition(), small.programme(), at=small.AT, key=b"short")


# ----- tokens in place of the IMEIs


def test_a_quote_without_its_imei_is_accepted_by_its_tokens() -> None:
    quote, programme = sealed(quote_seal="required")
    text = quote.to_json()
    bare = Quote.from_json(text)
    assert small.IMEI[:14] not in text
    assert (bare, bare.imeis, bare.seal) == (quote.without_imei(), (), quote.seal)
    assert bare.device_tokens == quote.device_tokens == (device_token(Imei(small.IMEI), key=KEY),)
    assert confirmed(bare, programme, keys=(KEY,)) is bare
    given: dict[str, Any] = {"account": "a", "at": small.AT}
    coupon = issue(bare, programme, key=KEY, **given)
    assert isinstance(coupon, Coupon)
    assert coupon == issue(quote, programme, key=KEY, **given)
    newer = issue(bare, programme, key=NEWER, old_keys=(KEY,), **given)
    whole = issue(quote, programme, key=NEWER, old_keys=(KEY,), **given)
    assert isinstance(newer, Coupon)
    assert isinstance(whole, Coupon)
    assert newer.code == whole.code == coupon.code, "whatever the key is now"
    assert set(newer.device_tokens) < set(whole.device_tokens)


def test_tokens_need_the_seal_of_the_oldest_key() -> None:
    quote, programme = sealed()
    bare, later = quote.without_imei(), quote.sealed(NEWER).without_imei()
    assert against(bare.replace(seal=""), programme, KEY) == ("quote_unsealed",)
    assert against(bare, programme, NEWER) == ("quote_altered",), "another key"
    assert against(later, programme, NEWER, KEY) == ("quote_unsealed",), "a key by which no device is known"
    assert against(later, programme, KEY, NEWER) == ()
    assert against(bare.replace(device_tokens=("0" * 32,)), programme, KEY) == ("quote_altered",)
    assert against(bare.replace(device_tokens=()), programme, KEY) == ("quote_altered",)
    assert against(bare, programme) == ("quote_altered",)


def test_tokens_stand_for_the_imeis_that_they_are_of() -> None:
    quote, programme = sealed()
    swapped = quote.replace(imeis=(Imei(small.IMEI2),))
    assert not swapped.is_sealed_by(KEY)
    assert against(swapped, programme, KEY) == ("quote_altered",)
    # Without a seal nothing is taken from the tokens: the IMEIs say which device it is.
    coupon = issue(swapped.replace(seal=""), programme, account="a", at=small.AT, key=KEY)
    assert isinstance(coupon, Coupon)
    assert coupon.device_tokens == (device_token(Imei(small.IMEI2), key=KEY),)
    with pytest.raises(InvalidValue, match=r"Quote\.imeis is empty: give the quote with its IMEIs"):
        quote.without_imei().sealed(NEWER)
    assert quote.without_imei().sealed(KEY) == quote.without_imei()
    with pytest.raises(InvalidValue, match=r"Quote\.indicative"):
        quote.without_imei().replace(indicative=True)
    indicative = appraise(Device(small.MODEL), Condition(), programme, at=small.AT, key=KEY)
    assert isinstance(indicative, Quote)
    assert (indicative.device_tokens, indicative.is_sealed_by(KEY)) == ((), True)


def test_every_difference_is_named_but_not_without_end() -> None:
    quote, programme = sealed()
    many = tuple(quote.lines[0].replace(rule=f"extra:{number}", amount=0) for number in range(50))
    forged = quote.replace(seal="", grade="Z", lines=(*quote.lines, *many), usage=small.USAGE.replace(valid_days=999))
    answer = confirmed(forged, programme, keys=(KEY,))
    assert isinstance(answer, Refusal)
    said = answer.explain()
    for words in ("grade was Z, is now A", "valid_days=999", "extra:0 was 0.00", "and 42 more"):
        assert words in said
    assert len(said) < 2_000


def test_an_imei_in_a_difference_is_masked() -> None:
    quote, programme = sealed()
    forged = quote.replace(seal="", imeis=(Imei(small.IMEI), Imei(small.IMEI)), label=f"see {small.IMEI2}")
    answer = confirmed(forged, programme, keys=())
    assert isinstance(answer, Refusal)
    assert small.IMEI[8:14] not in answer.explain()
    assert small.IMEI2[8:14] not in answer.explain()


def test_another_version_of_the_programme_is_named_as_such() -> None:
    quote, _ = sealed()
    same = small.programme(small.TERMS.replace(price_max_age_days=44))
    found = confirmed(quote, same, keys=(KEY,))
    assert isinstance(found, Quote)
    assert (found.digest, found.replace(digest=quote.digest, seal=quote.seal)) == (same.digest, quote)
    dearer = small.programme(price=1_100_000)
    answer = confirmed(quote, dearer, keys=(KEY,))
    assert isinstance(answer, Refusal)
    assert answer.codes == ("quote_outdated",)
    assert "market was 10000.00" in answer.explain()
    assert against(quote.replace(at=small.BEGIN - timedelta(days=1), seal=""), small.programme()) == ("quote_altered",)


def test_a_seal_over_imeis_is_not_written_without_them() -> None:
    """Without them, and without their tokens, it would never fit again."""
    quote, programme = sealed()
    old = quote.replace(device_tokens=(), seal="f" * 64)  # as it was made before there were tokens
    assert (old.to_dict()["seal"], old.to_dict(reveal_imei=True)["seal"]) == ("", old.seal)
    assert Quote.from_json(old.to_json()) == old.without_imei()
    assert quote.to_dict()["seal"] == quote.seal != ""
    indicative = appraise(Device(small.MODEL), Condition(), programme, at=small.AT, key=KEY)
    assert isinstance(indicative, Quote)
    assert indicative.to_dict()["seal"] == indicative.seal != ""


def test_counts_of_bonuses_are_objects_with_names() -> None:
    terms = small.TERMS.replace(bonuses=(Bonus("a", "A bonus", amount_minor=5, quota=9),))
    quote = small.quoted(terms, bonuses_given={"a": 5})
    assert quote.to_dict()["bonuses_given"] == [{"bonus": "a", "given": 5}]
    assert Quote.from_json(quote.to_json()) == quote


class Broken(dict[str, Programme]):
    """Programmes that cannot be read."""

    def get(self, *_: object) -> Any:  # noqa: ANN401 - as in a dict
        raise OSError


@pytest.mark.parametrize("programmes", [None, 5, Broken(), {small.programme().digest: "a programme"}], ids=range(4))
@pytest.mark.parametrize("verb", [replay, worst_case])
def test_what_has_no_programme_of_the_quote_is_named(verb: Any, programmes: Any) -> None:  # noqa: ANN401 - anything
    with pytest.raises(InvalidValue) as caught:
        verb(small.quoted(), programmes)
    assert caught.value.field == "programme"


UNKNOWN = Imei.from_body("35417804112233").digits  # a TAC that the table lacks
CLEAR = RegisterAnswer(ImeiStatus.CLEAR, asked_at=small.AT, register="a register", reference="1")


@pytest.mark.parametrize("status", [*(ImeiStatus.CLEAR, ImeiStatus.UNVERIFIED), CLEAR])
@pytest.mark.parametrize("imeis", [(small.IMEI, None), (small.IMEI, small.IMEI2), (UNKNOWN, None), (None, None)])
def test_a_quote_replays_with_its_imeis_and_without(
    imeis: tuple[str | None, str | None], status: ImeiStatus | RegisterAnswer
) -> None:
    programme = small.programme()
    quote = appraise(Device(small.MODEL, *imeis), Condition(), programme, at=small.AT, imei_status=status)
    assert isinstance(quote, Quote)
    for kept in (quote, quote.without_imei(), quote.sealed(small.KEY), quote.sealed(small.KEY).without_imei()):
        assert replay(kept, programme).differences == ()


@pytest.mark.parametrize("change", [{"indicative": True}, {"coupon_value": 1}, {"exchange_value": 1}])
def test_a_field_of_a_quote_that_does_not_fit_is_named(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue) as caught:
        sealed()[0].replace(**change)
    assert caught.value.field == f"Quote.{min(change)}"


def test_an_indicative_quote_names_no_device() -> None:
    quote, _ = sealed()
    for named in (quote.replace(device_tokens=(), seal=""), quote.without_imei(), quote):
        with pytest.raises(InvalidValue, match=r"^Quote\.indicative is True: give False"):
            named.replace(indicative=True)
    assert quote.replace(imeis=(), device_tokens=(), indicative=True).indicative


def test_a_quote_is_as_its_register_answered() -> None:
    quote, _ = sealed()
    assert quote.replace(imei_status=ImeiStatus.CLEAR, register_answer=CLEAR).register_answer == CLEAR
    with pytest.raises(
        InvalidValue, match=r"^Quote\.imei_status is 'blocked': give the status of the register's answer$"
    ):
        quote.replace(imei_status=ImeiStatus.BLOCKED, register_answer=CLEAR)


def test_a_quote_is_written_in_the_order_of_its_fields_or_of_the_alphabet() -> None:
    """By whom it was made makes no difference: as a value, or by `appraise` as it is asked for."""
    for made in (sealed()[0], small.quoted()):
        again = Quote.from_json(made.to_json(reveal_imei=True))
        assert list(made.to_dict()) == list(again.to_dict())
        assert (made.to_json(), made.to_json(reveal_imei=True)) == (again.to_json(), again.to_json(reveal_imei=True))
        assert made.to_dict(reveal_imei=True) == again.to_dict(reveal_imei=True)


def test_a_quote_is_explained_line_by_line() -> None:
    terms = small.TERMS.replace(bonuses=(Bonus("b", "A bonus", amount_minor=50_000),))
    assert small.quoted(terms).explain().splitlines() == [
        "Acme One (4 GB, 64 GB), grade A, small terms 1",
        "  market          10000.00  observed price of a clean device since 2020-01-01",
        "  grade               0.00  grade A: 100 % kept",
        "  exchange value  10000.00",
        "  bonus:b           500.00  A bonus",
        "  coupon value    10500.00",
    ]
    plain = small.quoted(small.TERMS, device=Device(small.MODEL, UNKNOWN)).explain(lambda amount: f"{amount} paise")
    head, *lines = plain.splitlines()
    assert head == "Acme One (4 GB, 64 GB), grade A, small terms 1"
    assert [line.split("  ")[1] for line in lines[:3]] == ["market", "grade", "coupon value"]
    assert lines[2].endswith("  1000000 paise")
    assert [line[:8] for line in lines[3:]] == ["  note: "] * 2


def test_an_unknown_field_is_no_field_of_a_quote() -> None:
    quote = small.quoted()
    with pytest.raises(AttributeError, match="'Quote' object has no attribute 'colour'") as caught:
        _ = quote.colour  # type: ignore[attr-defined]
    assert (caught.value.name, caught.value.obj) == ("colour", quote)


def test_a_programme_under_another_digest_is_named() -> None:
    quote, programme = sealed()
    for other in (small.programme(price=5), "a programme"):
        with pytest.raises(InvalidValue) as caught:
            replay(quote, {quote.digest: other})  # type: ignore[dict-item]  # the fault that is tested
        assert caught.value.what == f"has something else under {quote.digest[:12]}"
    assert replay(quote, {quote.digest: programme})

    class Ledger(dict[str, Programme]):
        def get(self, *_: object) -> Any:  # noqa: ANN401 - as in a dict
            raise VersionError("it is newer")

    with pytest.raises(VersionError, match="it is newer"):
        replay(quote, Ledger())


def test_a_replay_says_by_which_edition() -> None:
    quote, programme = sealed()
    later = small.programme(small.TERMS.replace(price_max_age_days=44))
    assert (replay(quote, programme).edition, replay(quote, later).edition) == ("same", "other")
    assert replay(quote, later), "it makes the same quote"
    assert Replay(("two\nlines",)).differences == (r"two\nlines",)


def test_a_worst_case_is_of_a_day_on_which_there_were_terms() -> None:
    quote, programme = sealed()
    with pytest.raises(InvalidValue, match="which the programme never took: give the quote as it was made") as caught:
        worst_case(quote.replace(at=small.BEGIN - timedelta(days=1)), programme)
    assert caught.value.field == "Quote.model"


def test_what_was_altered_is_listed() -> None:
    quote, programme = sealed()
    answer = confirmed(quote.replace(seal="", terms="0", grade="Z"), programme, keys=())
    assert isinstance(answer, Refusal)
    assert dict(answer.reasons[0].values) == {"differences": "terms was 0, is now 1; grade was Z, is now A"}


def test_the_zone_data_of_both_are_named() -> None:
    programme = dataclasses.replace(small.programme(), zone=Zone("Asia/Kolkata"))
    quote = appraise(Device(small.MODEL), Condition(), programme, at=small.AT)
    assert isinstance(quote, Quote)
    assert quote.zone_data
    assert replay(quote.replace(zone_data="", terms="0"), programme).differences == (
        f"zone_data was none, is now {quote.zone_data}",
        "terms was 0, is now 1",
    )
    assert replay(quote.replace(zone_data=""), programme)


@pytest.mark.parametrize("verb", [appraise, appraise_many, headline])
def test_an_argument_of_a_valuation_is_named(verb: Any) -> None:  # noqa: ANN401 - a function
    sound: dict[Any, dict[str, Any]] = {
        appraise: {
            "device": Device(small.MODEL),
            "condition": Condition(),
            "exchange_open": False,
            "device_exchanged": False,
        },
        appraise_many: {"phones": [(Device(small.MODEL), Condition())]},
        headline: {"model": small.MODEL},
    }
    more = {"bonuses_given": {}, "key": KEY} if verb is not headline else {"target": "Two"}
    given = {"programme": small.programme(), "at": small.AT, **sound[verb], **more}
    assert verb(**given)
    for name in given:
        with pytest.raises(InvalidValue) as caught:
            verb(**{**given, name: 5})
        assert caught.value.field == name


def test_the_best_customer_is_at_the_head() -> None:
    terms = small.TERMS.replace(
        customer_classes=(CustomerClass("gold", 10_000), CustomerClass("new", 9_000)),
        bonuses=(Bonus("b", "B", amount_minor=5, targets=("Two",)),),
    )
    best = headline("Acme One", small.programme(terms), at=small.AT, target="Two")
    assert isinstance(best, Quote)
    assert (best.told, best.coupon_value) == ({"target": "Two", "customer": "gold"}, 1_000_005)
    assert best.purchased_on == small.AT.date()


def test_what_depends_on_the_imei_is_compared_where_the_quote_has_it() -> None:
    programme = small.programme()
    quote = small.quoted(device=Device(small.MODEL, small.IMEI))
    assert quote.warnings
    differs = quote.replace(grade="Z", warnings=())
    said = replay(differs, programme).differences
    assert [text.partition(" was ")[0] for text in said] == ["grade", "warnings"]
    assert replay(differs.without_imei(), programme).differences == ("grade was Z, is now A",)
    assert replay(quote.replace(warnings=()).without_imei(), programme).differences == ()
