"""Names and lists of models, and every reason for which a device is not taken."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from miexchange import (
    Catalogue,
    DataError,
    Device,
    EligibleModels,
    Imei,
    ImeiStatus,
    InvalidValue,
    Listing,
    ReasonCode,
    RegisterAnswer,
    TacTable,
    Variant,
    Verdict,
)
from miexchange.eligibility import EligibilityTerms, against, assess
from unit import small

if TYPE_CHECKING:
    from pathlib import Path

    from miexchange import Reason

ONE_4 = Variant("acme-one-4-64", "Acme", "One", "smartphone", 4096, 64, aliases=("Uno", "One Global"))
ONE_6 = Variant("acme-one-6-64", "Acme", "One", "smartphone", 6144, 64)
ONE_6_128 = Variant("acme-one-6-128", "Acme", "One", "smartphone", 6144, 128)
TWO = Variant("acme-two-512mb-4", "Acme", "Two", "smartphone", 512, 4, date(2017, 1, 1), 500_000)
FLIP = Variant("zeta-flip-16", "Zeta", "Flip", "smartphone", None, 16, aliases=("Flip X",))
OTHER_FLIP = Variant("nilo-flip-1-8", "Nilo", "Flip", "smartphone", 1024, 8)
ZERO = Variant("zeta-zero-1-8", "Zeta", "Zero", "smartphone", 1024, 8)
CATALOGUE = Catalogue(
    tuple(
        sorted((ONE_4, ONE_6, ONE_6_128, TWO, FLIP, OTHER_FLIP, ZERO), key=lambda variant: variant.model),
    )
)

DAY = date(2018, 3, 15)
ELIGIBLE = EligibleModels(
    (
        Listing("acme-one-4-64", DAY),
        Listing("acme-one-6-64", DAY - timedelta(days=30), DAY),
        Listing("acme-two-512mb-4", DAY),
        Listing("nilo-flip-1-8", DAY),
        Listing("zeta-flip-16", DAY),
    )
)
# 35417803 is one model's, 35417804 another's, 35417805 two models', 35417807 that of a model by another name.
TACS = TacTable.of(
    [
        ("35417803", "Acme", "One"),
        ("35417806", "ACME", "acme one"),
        ("35417804", "Acme", "Two"),
        ("35417805", "Acme", "One"),
        ("35417805", "Acme", "Two"),
        ("35417807", "Acme", "Uno"),
        ("35417808", "Acme", "Unheard Of"),
        ("35417809", "Acme", ""),
        ("00499901", "Acme", "One"),
        ("47417803", "Acme", "One"),
        ("35000000", "Acme", "One"),
    ]
)
WARN = EligibilityTerms("warn", "warn")
REFUSE = EligibilityTerms("refuse", "refuse")


def imei(tac: str, serial: str = "112233") -> Imei:
    return Imei.from_body(tac + serial)


def judged(device: Device, *, terms: EligibilityTerms = WARN, on: date = DAY, **facts: Any) -> Verdict:  # noqa: ANN401 - of assess
    usual: dict[str, Any] = {
        "imei_status": ImeiStatus.CLEAR,
        "exchange_open": False,
        "device_exchanged": False,
        "brands": frozenset({"Acme", "Zeta"}),
        "categories": frozenset({"smartphone"}),
        "tacs": TACS,
    }
    return assess(device, catalogue=CATALOGUE, eligible=ELIGIBLE, terms=terms, on=on, **{**usual, **facts})


def codes(reasons: tuple[Reason, ...]) -> list[str]:
    return [reason.code.value for reason in reasons]


def test_a_listed_phone_with_its_own_clear_imei_is_taken() -> None:
    verdict = judged(Device("acme-one-4-64", imei("35417803")))
    assert verdict == Verdict(ONE_4, listed=True, imeis=(imei("35417803"),), reasons=(), warnings=())


def test_a_phone_without_an_imei_is_judged_by_its_model_alone() -> None:
    verdict = judged(Device("acme-one-4-64"), imei_status=ImeiStatus.BLOCKED, terms=REFUSE)
    assert verdict == Verdict(ONE_4, listed=True, imeis=(), reasons=(), warnings=())


# The IMEI as text.


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("354178036859781", ReasonCode.IMEI_CHECK_DIGIT),
        ("35417803685978", ReasonCode.IMEI_14_DIGITS),
        ("3541780368597823", ReasonCode.IMEI_16_DIGITS),
        ("3541780368", ReasonCode.IMEI_LENGTH),
        ("", ReasonCode.IMEI_EMPTY),
        ("35417803685978O", ReasonCode.IMEI_CHARACTERS),
        ("-354178036859789", ReasonCode.IMEI_SIGN),
        (354178036859789, ReasonCode.IMEI_NOT_TEXT),
    ],
)
@pytest.mark.parametrize("field", ["imei", "imei2"])
def test_what_is_no_imei_is_a_reason_and_never_shown(field: str, number: Any, code: ReasonCode) -> None:  # noqa: ANN401 - also wrong
    verdict = judged(Device("acme-one-4-64", **{field: number}))
    assert codes(verdict.reasons) == [code.value]
    assert verdict.imeis == ()
    assert "685978" not in f"{verdict.reasons}"
    assert verdict.listed


# The IMEI as an identity.


def test_a_placeholder_belongs_to_no_phone() -> None:
    verdict = judged(Device("acme-one-4-64", imei("00000000", "000000")))
    assert codes(verdict.reasons) == ["imei_placeholder"]
    assert "000000000000000" not in f"{verdict.reasons}"


def test_a_test_number_belongs_to_no_phone_that_was_sold() -> None:
    verdict = judged(Device("acme-one-4-64", imei("00499901")))
    assert codes(verdict.reasons) == ["imei_test"]


def test_a_number_that_nobody_gives_out_is_refused() -> None:
    verdict = judged(Device("acme-one-4-64", imei("47417803")))
    assert codes(verdict.reasons) == ["imei_reporting_body"]
    assert "begins with 47, which no reporting body has" in verdict.reasons[0].message


@pytest.mark.parametrize("status", ImeiStatus)
@pytest.mark.parametrize("terms", [WARN, REFUSE])
def test_only_a_clear_status_is_taken_as_clear(status: ImeiStatus, terms: EligibilityTerms) -> None:
    verdict = judged(Device("acme-one-4-64", imei("35417803")), imei_status=status, terms=terms)
    expected = {
        ("clear", "warn"): ([], []),
        ("clear", "refuse"): ([], []),
        ("blocked", "warn"): (["imei_blocked"], []),
        ("blocked", "refuse"): (["imei_blocked"], []),
        ("tracked", "warn"): (["imei_tracked"], []),
        ("tracked", "refuse"): (["imei_tracked"], []),
        ("duplicate", "warn"): (["imei_duplicate"], []),
        ("duplicate", "refuse"): (["imei_duplicate"], []),
        ("unverified", "warn"): ([], ["imei_unverified"]),
        ("unverified", "refuse"): (["imei_unverified"], []),
    }
    assert (codes(verdict.reasons), codes(verdict.warnings)) == expected[status.value, terms.unverified_imei]


def test_a_status_that_nobody_knows_is_not_clear() -> None:
    for status in ("CLEAR", "ok", "", None):
        verdict = judged(Device("acme-one-4-64", imei("35417803")), imei_status=status)
        assert codes(verdict.warnings) == ["imei_unverified"]


# The TAC.


def test_an_unknown_tac_is_unknown_and_not_fake() -> None:
    device = Device("acme-one-4-64", imei("35999999"))
    lenient, strict = judged(device), judged(device, terms=REFUSE)
    assert (codes(lenient.reasons), codes(lenient.warnings)) == ([], ["tac_unknown"])
    assert (codes(strict.reasons), codes(strict.warnings)) == (["tac_unknown"], [])
    assert "The TAC 35999999 is not in the table" in lenient.warnings[0].message


def test_a_tac_of_another_model_names_what_it_is() -> None:
    verdict = judged(Device("acme-one-4-64", imei("35417804")))
    assert codes(verdict.reasons) == ["tac_other_model"]
    assert f"{verdict.reasons[0]}" == (
        "The IMEI 35417804******0 is that of Acme Two, not of Acme One. "
        "Choose Acme Two, or compare the IMEI with the phone: dial *#06#."
    )


def test_a_tac_of_several_models_fits_each_of_them() -> None:
    shared = imei("35417805")
    assert judged(Device("acme-one-4-64", shared)).reasons == ()
    assert judged(Device("acme-two-512mb-4", shared)).reasons == ()
    verdict = judged(Device("zeta-flip-16", shared))
    assert "is that of Acme One or Acme Two, not of Zeta Flip" in verdict.reasons[0].message


@pytest.mark.parametrize("tac", ["35417806", "35417807"])
def test_a_tac_table_may_spell_a_model_otherwise_or_by_another_name(tac: str) -> None:
    assert judged(Device("acme-one-4-64", imei(tac))).reasons == ()


def test_a_tac_of_a_name_that_the_catalogue_lacks_could_be_the_same_phone_and_is_unknown() -> None:
    device = Device("acme-one-4-64", imei("35417808"))
    verdict = judged(device)
    assert (codes(verdict.reasons), codes(verdict.warnings)) == ([], ["tac_unknown"])
    assert "is that of Acme Unheard Of, a name that the catalogue does not know" in verdict.warnings[0].message
    assert codes(judged(device, terms=REFUSE).reasons) == ["tac_unknown"]


def test_a_tac_of_another_brand_is_another_model_s_whether_the_catalogue_knows_it_or_not() -> None:
    assert codes(judged(Device("zeta-flip-16", imei("35417808"))).reasons) == ["tac_other_model"]


def test_a_tac_row_that_names_a_brand_only_fits_all_of_its_models() -> None:
    assert judged(Device("acme-one-4-64", imei("35417809"))).reasons == ()
    assert codes(judged(Device("zeta-flip-16", imei("35417809"))).reasons) == ["tac_other_model"]


def test_a_tac_says_nothing_against_a_model_that_is_not_known() -> None:
    assert codes(judged(Device("no such phone", imei("35417804"))).reasons) == ["model_unknown"]


def test_a_reason_names_a_few_models_of_a_tac_and_lets_none_of_them_act_on_a_terminal() -> None:
    tacs = TacTable.of([("35417803", "Other\x1b[31m", f"M{number}") for number in range(1_000)])
    verdict = judged(Device("acme-one-4-64", imei("35417803")), tacs=tacs)
    message = verdict.reasons[0].message
    assert r"is that of Other\x1b[31m M0 or Other\x1b[31m M1 or" in message
    assert message.endswith("or 995 others, not of Acme One")


@pytest.mark.parametrize(
    ("many", "end"),
    [
        (4, "or Zeta M3, not of Acme One"),
        (5, "or Zeta M4, not of Acme One"),
        (6, "or Zeta M4 or 1 others, not of Acme One"),
    ],
)
def test_no_others_are_counted_where_there_are_none(many: int, end: str) -> None:
    tacs = TacTable.of([("35417803", "Zeta", f"M{number}") for number in range(many)])
    assert judged(Device("acme-one-4-64", imei("35417803")), tacs=tacs).reasons[0].message.endswith(end)


def test_a_quote_warns_of_what_was_found_and_of_no_more() -> None:
    """Of a phone with one IMEI, no second one is missed where the terms do not ask for it."""
    terms = small.TERMS.replace(eligibility=WARN)
    for number, warned in (("35417804112233", ["tac_unknown", "imei_unverified"]), (small.IMEI, ["imei_unverified"])):
        device = Device(small.MODEL, number if number == small.IMEI else Imei.from_body(number))
        assert codes(small.quoted(terms, device=device).warnings) == warned


# Two SIMs.


def test_both_imeis_of_a_phone_may_have_tacs_of_their_own() -> None:
    device = Device("acme-one-4-64", imei("35417803"), imei("35417806"))
    verdict = judged(device)
    assert (verdict.reasons, verdict.imeis) == ((), (imei("35417803"), imei("35417806")))


@pytest.mark.parametrize("swapped", [False, True])
def test_both_imeis_of_a_phone_must_fit_its_model(swapped: bool) -> None:  # noqa: FBT001 - a test's case
    pair = (imei("35417804"), imei("35417803"))
    verdict = judged(Device("acme-one-4-64", *(pair[::-1] if swapped else pair)))
    assert codes(verdict.reasons) == ["tac_other_model"]
    assert "35417804" in verdict.reasons[0].subject


def test_each_unknown_tac_is_told() -> None:
    verdict = judged(Device("acme-one-4-64", imei("35999998"), imei("35999999")), terms=REFUSE)
    assert codes(verdict.reasons) == ["tac_unknown", "tac_unknown"]


def test_one_imei_given_twice_is_not_two() -> None:
    number = imei("35417803")
    verdict = judged(Device("acme-one-4-64", number, number.digits))
    assert codes(verdict.reasons) == ["imei_repeated"]
    assert verdict.imeis == (number,)


def test_the_second_imei_may_be_the_only_good_one() -> None:
    verdict = judged(Device("acme-one-4-64", "nonsense", imei("35417803")))
    assert codes(verdict.reasons) == ["imei_characters"]
    assert verdict.imeis == (imei("35417803"),)


# The model.


def test_a_name_that_has_one_variant_is_enough() -> None:
    for name in ("Acme Two", "acme two", "ACME-two"):
        assert judged(Device(name)).variant is TWO
    assert judged(Device("Zero"), on=DAY).variant is ZERO
    assert judged(Device("Flip X")).variant is FLIP


def test_a_name_that_has_several_variants_asks_which() -> None:
    verdict = judged(Device("Acme One"))
    assert (verdict.variant, verdict.listed) == (None, False)
    (reason,) = verdict.reasons
    assert reason.code == ReasonCode.VARIANT_MISSING
    assert reason.message == "Acme One was sold in 3 variants, and their values differ"
    assert reason.remedy == (
        "Choose RAM and storage: "
        "4 GB, 64 GB (acme-one-4-64), 6 GB, 64 GB (acme-one-6-64), 6 GB, 128 GB (acme-one-6-128)"
    )


def test_a_bare_name_that_two_brands_have_leads_to_neither() -> None:
    assert codes(judged(Device("Flip")).reasons) == ["model_unknown"]
    assert judged(Device("Zeta Flip")).variant is FLIP


def test_an_unknown_name_is_answered_with_those_that_are_near() -> None:
    (reason,) = judged(Device("acme twa")).reasons
    assert reason.code == ReasonCode.MODEL_UNKNOWN
    assert reason.message == "No model is called 'acme twa'"
    assert reason.remedy.startswith("Did you mean acme-two-512mb-4")
    for name in ("", "xyzzy", "₹" * 500):
        (reason,) = judged(Device(name)).reasons
        assert (reason.code, reason.remedy) == (ReasonCode.MODEL_UNKNOWN, "Search the models")
        assert len(reason.message) < 100


def test_a_name_that_is_an_imei_is_not_shown() -> None:
    verdict = judged(Device("354178036859789"))
    assert codes(verdict.reasons) == ["model_unknown"]
    assert "685978" not in f"{verdict.reasons}"


def test_a_brand_that_is_not_accepted_is_told_with_those_that_are() -> None:
    verdict = judged(Device("nilo-flip-1-8"))
    assert codes(verdict.reasons) == ["brand_not_accepted"]
    assert verdict.reasons[0].remedy == "Accepted brands: Acme, Zeta"
    assert (verdict.variant, verdict.listed) == (OTHER_FLIP, False)


def test_a_model_that_is_not_listed_is_told_with_the_nearest_that_are() -> None:
    verdict = judged(Device("acme-one-6-128"))
    assert codes(verdict.reasons) == ["model_not_listed"]
    assert verdict.reasons[0].message == "Acme One (6 GB, 128 GB) is not on the list of eligible models on 2018-03-15"
    assert verdict.reasons[0].remedy == "The nearest listed: Acme One (4 GB, 64 GB); Acme Two (512 MB, 4 GB)"
    assert (verdict.variant, verdict.listed) == (ONE_6_128, False)


def test_a_model_may_have_no_listed_neighbour() -> None:
    (reason,) = judged(Device("zeta-zero-1-8"), on=DAY - timedelta(days=1)).reasons
    assert reason.remedy == "No model of this brand is on the list that day"


# The account and the device's past; several at once.


def test_an_open_exchange_and_an_earlier_one_stand_against_a_device() -> None:
    device = Device("acme-one-4-64")
    assert codes(judged(device, exchange_open=True).reasons) == ["exchange_open"]
    assert codes(judged(device, device_exchanged=True).reasons) == ["device_exchanged"]


def test_all_reasons_are_told_at_once_in_the_order_of_the_rules() -> None:
    verdict = judged(
        Device("nilo-flip-1-8", "354178036859781", imei("00499901")),
        imei_status=ImeiStatus.BLOCKED,
        exchange_open=True,
        device_exchanged=True,
    )
    assert codes(verdict.reasons) == [
        "imei_check_digit",
        "brand_not_accepted",
        "imei_test",
        "tac_other_model",
        "imei_blocked",
        "exchange_open",
        "device_exchanged",
    ]
    assert all(reason.remedy and not reason.remedy.endswith(".") for reason in verdict.reasons)
    assert not re.search("112233|685978", f"{verdict.reasons}")


# The device.


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("model", None), ("model", 5), ("imei", b"354178036859789"), ("imei2", ["x"]), ("purchased_on", "2018-03-15")],
)
def test_a_device_holds_nothing_of_another_type(field: str, wrong: Any) -> None:  # noqa: ANN401 - the point
    with pytest.raises(InvalidValue) as caught:
        Device(**{"model": "one", field: wrong})
    assert caught.value.field == f"Device.{field}"


def test_a_device_shows_no_imei() -> None:
    device = Device("one", "354178036859789", "not one 354178036859780", DAY)
    shown = repr(device)
    assert "685978" not in shown
    assert shown.startswith("Device('one', imei=")
    assert "imei2=" in shown
    assert shown.endswith("purchased_on=datetime.date(2018, 3, 15))")
    assert repr(Device("one")) == "Device('one')"


# The catalogue.


@pytest.mark.parametrize(
    ("variant", "label"),
    [
        (ONE_4, "Acme One (4 GB, 64 GB)"),
        (TWO, "Acme Two (512 MB, 4 GB)"),
        (FLIP, "Zeta Flip (16 GB)"),
        (ONE_4.replace(ram_mb=1536), "Acme One (1536 MB, 64 GB)"),
    ],
)
def test_a_variant_is_called_by_its_memory(variant: Variant, label: str) -> None:
    assert variant.label == label
    assert variant.label == f"{variant.family} ({variant.memory})"
    assert Catalogue((variant,)).labels == {variant.model: label}


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("model", ""),
        ("brand", " "),
        ("name", 5),
        ("ram_mb", 0),
        ("ram_mb", True),
        ("storage_gb", None),
        ("storage_gb", -1),
        ("launched_on", "2018-03-15"),
        ("launch_price_minor", 0),
        ("launch_price_minor", 1.5),
        ("launch_price_minor", 10**12),
        ("aliases", ["Uno"]),
        ("aliases", (5,)),
    ],
)
def test_a_variant_holds_nothing_that_it_cannot_be(field: str, wrong: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        ONE_4.replace(**{field: wrong})
    assert caught.value.field == (f"Variant.{field}.0" if wrong == (5,) else f"Variant.{field}")


@pytest.mark.parametrize(
    ("brand", "name", "family"),
    [
        ("Acme", "One", "Acme One"),
        ("ACME", "o-n e", "Acme One"),
        ("Acme", "Acme One", "Acme One"),  # the brand doubled
        ("", "Acme One", "Acme One"),
        ("", "One", None),  # so short a name is one slip of the finger away from another
        ("", "zero", "Zeta Zero"),
        ("Acme", "Uno", "Acme One"),
        ("", "one global", "Acme One"),
        ("Zeta", "Flip", "Zeta Flip"),
        ("", "Flip", None),  # two brands have one
        ("Zeta", "One", None),
        ("Acme", "", None),
        ("", "", None),
    ],
)
def test_a_family_is_found_by_its_names(brand: str, name: str, family: str | None) -> None:
    assert CATALOGUE.family_of(brand, name) == family


def test_the_variants_of_a_family_are_in_order_of_their_memory() -> None:
    assert CATALOGUE.variants_of("Acme One") == (ONE_4, ONE_6, ONE_6_128)
    assert CATALOGUE.variants_of("acme one") == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("one", (ONE_4, ONE_6, ONE_6_128)),
        ("ONE acme", (ONE_4, ONE_6, ONE_6_128)),
        ("uno", (ONE_4,)),
        ("zeta fl", (FLIP,)),
        ("acme-one-6", (ONE_6, ONE_6_128)),
        ("flip", (OTHER_FLIP, FLIP)),
        ("one flip", ()),
        ("one 6", ()),  # a number is a word of the name, or the memory with its unit
        ("one 6gb", (ONE_6, ONE_6_128)),
        ("one 128", (ONE_6_128,)),
        ("xyzzy", ()),
    ],
)
def test_a_search_finds_every_word(text: str, found: tuple[Variant, ...]) -> None:
    assert CATALOGUE.search(text) == found


def test_the_nearest_are_few_and_each_is_told_once() -> None:
    assert CATALOGUE.nearest("acme two (512 mb, 4 gb)")[0] is TWO
    near = CATALOGUE.nearest("acme one (6 gb, 64 gb)")
    assert near[0] is ONE_6
    assert len(near) == len(set(near)) <= 5
    assert CATALOGUE.nearest("xyzzy") == ()


MODELS = "model,brand,name,category,ram_mb,storage_gb,launched_on,launch_price_minor,aliases,source\n"


def test_a_catalogue_is_read_from_a_file_or_a_frame(tmp_path: Path) -> None:
    file = tmp_path / "models.csv"
    file.write_text(
        f"{MODELS}b,Acme,Two,smartphone,,4,,,,s\n"
        "a,Acme,One,smartphone,4096,64,2018-03-15,1500000, Uno | One Global |,s\n",
        encoding="utf-8",
    )
    catalogue = Catalogue.read(file)
    assert catalogue.variants == (
        Variant("a", "Acme", "One", "smartphone", 4096, 64, DAY, 1_500_000, ("Uno", "One Global"), "s"),
        Variant("b", "Acme", "Two", "smartphone", None, 4, source="s"),
    )
    assert catalogue.by_model["b"].memory == "4 GB"
    frame = pd.read_csv(file, dtype={"ram_mb": "Int64", "launch_price_minor": "Int64"})
    assert Catalogue.read(frame) == catalogue


def test_a_watch_has_no_memory_and_is_found_by_its_name() -> None:
    watch = Variant("acme-watch", "Acme", "Watch", "watch", None, None, source="s")
    found = Catalogue.of([watch])
    assert (watch.memory, watch.label) == ("", "Acme Watch")
    assert (found.named("Acme Watch"), found.named("Acme Watch 64 GB")) == (watch, None)


def test_a_catalogue_tells_every_bad_row(tmp_path: Path) -> None:
    file = tmp_path / "models.csv"
    good = "a,Acme,One,smartphone,4096,64,,,,s\n"
    file.write_text(f"{MODELS}{good}{good}b,,,smartphone,0,0,soon,0,,\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        Catalogue.read(str(file))
    assert [(problem.line, problem.column) for problem in caught.value.problems] == [(3, "model")] + [
        (4, column)
        for column in ("brand", "name", "ram_mb", "storage_gb", "launched_on", "launch_price_minor", "source")
    ]


# The list.


def test_a_window_is_from_its_first_day_until_its_last() -> None:
    models = EligibleModels.of([Listing("one", DAY, DAY + timedelta(days=2)), Listing("two", DAY)])
    listed = [models.as_of("one", DAY + timedelta(days=n)) is not None for n in range(-1, 4)]
    assert listed == [False, True, True, False, False]
    assert models.as_of("two", date.max) is models.listings[1]


def test_a_list_has_a_model_in_each_of_its_windows() -> None:
    models = EligibleModels((Listing("one", DAY, date(2018, 4, 1)), Listing("one", date(2018, 5, 1))))
    assert "one" in models
    assert "two" not in models
    assert [models.as_of("one", date(2018, month, 15)) for month in (2, 3, 4, 5)] == [
        None,
        models.listings[0],
        None,
        models.listings[1],
    ]
    assert not models.as_of("two", DAY)
    assert list(models) == list(models.listings)


LISTED = "model,listed_from,listed_until,source\n"


def test_a_list_is_read_from_a_file_or_a_frame(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(f"{LISTED}two,2018-03-15,,s\none,2018-05-01,,s\none,2018-03-15,2018-05-01,s\n", encoding="utf-8")
    expected = EligibleModels(
        (
            Listing("one", DAY, date(2018, 5, 1), "s"),
            Listing("one", date(2018, 5, 1), None, "s"),
            Listing("two", DAY, None, "s"),
        )
    )
    assert EligibleModels.read(file) == expected
    frame = pd.read_csv(file, parse_dates=["listed_from", "listed_until"])
    assert EligibleModels.read(frame) == expected
    assert EligibleModels.read(frame.drop(columns="listed_until").iloc[:2]).as_of("one", date.max)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("one,2018-03-15,2018-03-15,s\n", [(2, "listed_until")]),
        ("one,2018-03-15,2018-03-14,s\n", [(2, "listed_until")]),
        ("one,2018-03-15,,s\none,2018-05-01,,s\n", [(3, "listed_from")]),
        ("one,2018-05-01,,s\none,2018-03-15,,s\n", [(2, "listed_from")]),
        ("one,2018-03-15,2018-05-02,s\none,2018-05-01,,s\n", [(3, "listed_from")]),
        (",soon,x,\n", [(2, "model"), (2, "source"), (2, "listed_from"), (2, "listed_until")]),
        ("one,,,s\n", [(2, "listed_from")]),
    ],
)
def test_a_list_tells_every_bad_row(tmp_path: Path, rows: str, told: list[tuple[int, str]]) -> None:
    file = tmp_path / "list.csv"
    file.write_text(LISTED + rows, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        EligibleModels.read(file)
    assert sorted((problem.line, problem.column) for problem in caught.value.problems) == sorted(told)


@pytest.mark.parametrize(("model", "on"), [(1, date(2018, 3, 20)), ("x", 1)])
def test_a_list_is_asked_for_a_model_and_a_day(model: str, on: date) -> None:
    with pytest.raises(InvalidValue):
        EligibleModels.of([]).as_of(model, on)


def test_a_registers_answer_may_be_a_year_old_and_no_older() -> None:
    assert WARN.replace(register_hours=8_760).register_hours == 8_760
    with pytest.raises(InvalidValue, match="from 0 to 8760"):
        WARN.replace(register_hours=8_761)


@pytest.mark.parametrize("flag", ["exchange_open", "device_exchanged"])
def test_a_flag_that_is_none_is_named(flag: str) -> None:
    facts: dict[str, Any] = {flag: "yes"}
    with pytest.raises(InvalidValue) as caught:
        judged(Device("oneplus-3t-6-64"), **facts)
    assert caught.value.field == flag


def test_a_mistyped_number_is_told_in_a_sentence() -> None:
    reason, *_ = judged(Device("oneplus-3t-6-64", "35417803685978")).reasons
    assert reason.message.startswith("The IMEI ")


@pytest.mark.parametrize("number", ["35417803685978", 354178036859789, 35417803685978.0])
def test_a_number_that_is_no_imei_is_shown_masked_and_not_written(number: Any) -> None:  # noqa: ANN401 - a typing error
    for device in (Device(small.MODEL, number), Device(small.MODEL, None, number)):
        assert "685978" not in repr(device)
        assert "35417803" in repr(device)
        assert device.to_dict() == Device(small.MODEL).to_dict()


def test_an_unknown_imei_is_none_in_every_spelling() -> None:
    cells: tuple[Any, Any] = pd.NA, float("nan")
    assert Device(small.MODEL, *cells) == Device(small.MODEL)


@pytest.mark.parametrize("name", ["Acme One 4GB+64GB", "acme one 4gb ram + 64gb", "Acme One 64GB", "ACME ONE 4GB 64GB"])
def test_a_memory_is_read_in_each_spelling(name: str) -> None:
    assert small.programme().catalogue.named(name) == small.VARIANT


ARGUMENTS: dict[str, Any] = {
    "device": Device("acme-one-4-64"),
    "catalogue": CATALOGUE,
    "brands": frozenset({"Acme"}),
    "categories": frozenset({"smartphone"}),
    "eligible": ELIGIBLE,
    "tacs": TACS,
    "terms": WARN,
    "on": DAY,
    "imei_status": ImeiStatus.CLEAR,
    "exchange_open": False,
    "device_exchanged": False,
    "at": None,
}


@pytest.mark.parametrize("name", [name for name in ARGUMENTS if name != "imei_status"])
def test_an_argument_of_another_type_is_named(name: str) -> None:
    """Another status of an IMEI is none: it counts as not verified."""
    given = {**ARGUMENTS, name: 5}
    with pytest.raises(InvalidValue) as caught:
        assess(given.pop("device"), **given)
    assert caught.value.field == name
    for many in {"brands", "categories"} & {name}:
        with pytest.raises(InvalidValue, match=f"give a set of {many}"):
            assess(ARGUMENTS["device"], **{**given, many: [5]})


@pytest.mark.parametrize(("field", "given"), [("model", {"model": 5}), ("on", {"on": 5})])
def test_what_is_looked_up_in_a_list_is_named(field: str, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue) as caught:
        ELIGIBLE.as_of(**{"model": "acme-one-4-64", "on": DAY, **given})
    assert caught.value.field == field


NOON = datetime(2018, 3, 15, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def answered(status: str = "clear", asked_at: datetime = NOON) -> RegisterAnswer:
    return RegisterAnswer(ImeiStatus(status), "CEIR", asked_at, "r1")


AGES = [
    # the hours of the terms, when it was asked, and when it counts; whether it is evidence
    (1, NOON, NOON, True),
    (1, NOON - HOUR, NOON, True),
    (1, NOON - HOUR - timedelta(microseconds=1), NOON, False),
    (1, NOON + timedelta(microseconds=1), NOON, False),  # it is from the future
    (1, NOON, None, False),  # nobody knows how old it is
    (0, NOON - 9_999 * HOUR, NOON, True),
]


@pytest.mark.parametrize(("hours", "asked_at", "at", "holds"), AGES)
def test_evidence_is_as_old_as_the_terms_allow(
    hours: int, asked_at: datetime, at: datetime | None, *, holds: bool
) -> None:
    device, terms = Device("acme-one-4-64", imei("35417803")), WARN.replace(register_hours=hours)
    verdict = judged(device, terms=terms, imei_status=answered(asked_at=asked_at), at=at)
    assert (codes(verdict.reasons), verdict.warnings) == ([] if holds else ["register_stale"], ())
    plain = judged(device, terms=terms, imei_status=ImeiStatus.CLEAR, at=at)
    assert codes(plain.reasons) == (["register_stale"] if hours else [])


@pytest.mark.parametrize("status", ImeiStatus)
@pytest.mark.parametrize("hours", [0, 1])
def test_a_register_that_is_asked_again_must_know_nothing_against_a_phone(status: ImeiStatus, hours: int) -> None:
    """One that was not verified counts where the terms demand evidence."""
    found = against(answered(status), hours, NOON)
    counts = status is not ImeiStatus.CLEAR and (hours > 0 or status is not ImeiStatus.UNVERIFIED)
    assert [reason.code.value for reason in found] == [f"imei_{status}"] * counts
    late = against(answered(status), hours, NOON + 2 * HOUR)
    assert [reason.code.value for reason in late] == [*["register_stale"] * hours, *[f"imei_{status}"] * counts]
    assert [reason.code.value for reason in against(None, hours, NOON)] == ["register_stale"] * hours


@pytest.mark.parametrize("field", ["register", "reference"])
@pytest.mark.parametrize("text", [small.IMEI, f"request {small.IMEI} of today", "35-417803-685978-9"])
def test_evidence_has_no_imei_in_it(field: str, text: str) -> None:
    with pytest.raises(InvalidValue, match="give a reference that has no IMEI in it") as caught:
        answered().replace(**{field: text})
    assert caught.value.field == f"RegisterAnswer.{field}"
    for other in (f"9{small.IMEI}", "354178036859782", f"request {small.IMEI}9"):
        assert getattr(answered().replace(**{field: other}), field) == other


@pytest.mark.parametrize(
    ("rule", "sims", "needed"),
    [*(("required", sims, sims in {2, 4}) for sims in (None, 1, 2, 4)), ("optional", 2, False)],
)
def test_a_second_imei_is_missed_of_a_phone_that_has_two(rule: Any, sims: int | None, *, needed: bool) -> None:  # noqa: ANN401 - a Literal
    terms = WARN.replace(second_imei=rule)
    facts: dict[str, Any] = {**ARGUMENTS, "catalogue": Catalogue((ONE_4.replace(sims=sims),)), "terms": terms}
    for device in (Device(ONE_4.model, imei("35417803")), Device(ONE_4.model, None, imei("35417803"))):
        verdict = assess(**{**facts, "device": device})
        assert (codes(verdict.reasons), verdict.warnings) == (["imei2_missing"] if needed else [], ())
    both = assess(**{**facts, "device": Device(ONE_4.model, imei("35417803"), imei("35417806"))})
    assert both.reasons == ()
    assert codes(judged(Device("no such", imei("35417803")), terms=terms).reasons) == ["model_unknown"]


def test_a_category_comes_before_a_brand() -> None:
    (reason,) = judged(Device("nilo-flip-1-8"), categories=frozenset({"watch", "tablet"})).reasons
    assert reason.code is ReasonCode.CATEGORY_NOT_ACCEPTED
    assert "tablet, watch" in f"{reason}"
    assert "smartphone" in f"{reason}"


def test_three_models_are_near_one_that_is_not_listed() -> None:
    variants = [ONE_4.replace(model=f"m{number}", name=f"One {number}", aliases=()) for number in range(5)]
    facts = {**ARGUMENTS, "catalogue": Catalogue.of(variants), "device": Device("m0")}
    facts["eligible"] = EligibleModels.of(Listing(one.model, DAY) for one in variants[1:])
    (reason,) = assess(**facts).reasons
    assert reason.remedy.count("Acme One") == 3
    facts["device"] = Device("Acme One 9")
    (reason,) = assess(**facts).reasons
    assert sorted(reason.remedy.removeprefix("Did you mean ").split(", ")) == ["m0", "m1", "m2", "m3", "m4"]


@pytest.mark.parametrize("number", ["354178036859781", "35417803685978", "", "12", "+1"])
def test_the_remedy_for_a_number_is_a_part_of_a_sentence(number: str) -> None:
    (reason,) = judged(Device("acme-one-4-64", number)).reasons
    assert not reason.remedy.endswith(".")
    assert reason.subject == dict(reason.values)["imei"]
