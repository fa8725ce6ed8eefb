"""What the command answers: quotes, coupons, IMEIs, models and programmes, for people and for programs."""

from __future__ import annotations

import json
import os
import re
import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

import miexchange
from miexchange import Imei, ImeiStatus, Programme, Quote, RegisterAnswer
from miexchange.cli import _output
from miexchange.imei import format as printed_as
from shipped import shipped_programme
from unit.command import (
    AT,
    COMMANDS,
    IMEI,
    KEY,
    QUOTE,
    VALUED,
    Ran,
    all_but,
    copy_programme,
    library_quote,
    put_at_hand,
    run,
)
from unit.small import INR

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put_at_hand(tmp_path_factory.mktemp("at-hand"))


# Help.


@pytest.mark.parametrize("command", [(), ("programme",), ("coupon",), *COMMANDS], ids=" ".join)
def test_every_command_has_help_with_its_exit_codes(command: tuple[str, ...]) -> None:
    ran = run(*command, "--help")
    assert ran.code == 0
    assert "Exit codes: 0 yes; 1 refused" in ran.out
    assert ran.out.startswith("Usage: miexchange")
    assert max(map(len, ran.out.splitlines())) <= 80
    if command in COMMANDS:
        assert "--json" in ran.out


def test_every_option_says_what_it_is_for() -> None:
    for command in COMMANDS:
        for option in re.findall(r"^  (--[a-z-]+[^\n]*(?:\n {20,}[^\n]*)*)", run(*command, "--help").out, re.MULTILINE):
            assert re.search(r"\s{2,}[A-Z]", option), option


def test_the_docstring_names_the_exit_codes() -> None:
    text = miexchange.cli.__doc__ or ""
    assert [f"- {code}:" in text for code in (0, 1, 2, 130)] == [True] * 4


@pytest.mark.parametrize("group", [(), ("programme",), ("coupon",)])
def test_a_group_alone_shows_its_help(group: tuple[str, ...]) -> None:
    ran = run(*group)
    assert ran.code == 2
    assert ran.out == run(*group, "--help").out


def test_the_version_is_that_of_the_package() -> None:
    assert run("--version") == (0, f"miexchange {miexchange.__version__}\n", "")


# Answers, as JSON and as text.


def test_quote_in_json_is_the_quote_of_the_library() -> None:
    ran = run(*VALUED, "--imei", IMEI.digits, "--imei-status", "clear", "--json")
    quote = library_quote()
    assert (ran.code, ran.err) == (0, "")
    assert ran.data["answer"] == "quote"
    assert ran.data["quote"] == quote.to_dict()
    assert Quote.from_dict(ran.data["quote"]) == quote.without_imei()
    assert ran.data["imeis"] == [str(IMEI)]
    assert ran.data["price_basis"] == "modelled"
    assert ran.data["worst_case"]["at_risk"] == quote.coupon_value
    assert ran.data["coupon"] is None


def test_quote_takes_the_evidence_of_a_register(tmp_path: Path) -> None:
    answer = RegisterAnswer(ImeiStatus.CLEAR, "CEIR", datetime(2018, 3, 20, tzinfo=UTC), "request 1")
    file = tmp_path / "answer.json"
    file.write_text(answer.to_json(), encoding="utf-8")
    ran = run(*VALUED, "--imei", IMEI.digits, "--register-answer", str(file), "--json")
    assert ran.data["quote"]["register_answer"] == answer.to_dict()
    file.write_text("{}", encoding="utf-8")
    ran = run(*VALUED, "--imei", IMEI.digits, "--register-answer", str(file))
    assert ran.code == 2
    assert "--register-answer" in ran.err


def test_quote_shows_checks_lines_value_validity_warnings_and_worst_case() -> None:
    ran = run(*VALUED, "--imei", IMEI.digits)
    assert ran.code == 0
    text = " ".join(ran.out.split())
    quote = library_quote()
    for line in quote.lines:
        assert f"{line.rule} {_output.writer(INR)(line.amount)} {line.effect}" in text
    for words in (
        "OnePlus 3T (6 GB, 64 GB): ₹10,720.00",
        "on the list since 2018-03-15",
        "IMEI 86366403******9, check digit right, given out by TAF, China",
        "TAC 86366403: OnePlus 3T, which fits",
        "register unverified",
        "condition grade B, 22 answers",
        "coupon value ₹10,720.00 the lines above, added up",
        "Valid until 2018-03-21 12:00:00+05:30 (exclusive).",
        "The most you may lose at the door: ₹10,720.00 (all of it)",
        "power=unstable, power=dead, touch=faulty or 23 more answers, which --explain lists",
        "it is worth at least ₹10,160.00",
        "Note: It could not be verified that the IMEI is clear.",
        "Note: the market price is modelled",
    ):
        assert words in text
    assert "indicative" not in text


def test_explain_adds_the_row_behind_each_line_and_the_worst_answers() -> None:
    text = " ".join(run(*VALUED, "--explain").out.split())
    for words in (
        "[grades[B]]",
        "[terms[step_minor]]",
        "launch price 2999900 paise",
        "memory_card=inside.",
        "body=heavy",
    ):
        assert words in text
    assert library_quote().digest in text
    assert "This quote is indicative: add --imei" in text


def test_bonuses_stand_below_the_exchange_value() -> None:
    arguments = ("--programme", "graded-trade-in", "--target", "Redmi Note 5", "--at", AT)
    ran = run(*QUOTE, *arguments)
    lines = [line.split()[0] for line in ran.out.splitlines() if "₹" in line and line.startswith("  ")]
    assert lines == [
        "market",
        "grade",
        "rounding",
        "exchange",
        "bonus:redmi-note-5-launch",
        "bonus:upgrade-3500",
        "coupon",
    ]
    quote = run(*QUOTE, *arguments, "--json").data["quote"]
    assert quote["coupon_value"] == quote["exchange_value"] + 50000 + 71800


def test_answers_come_from_a_file_and_an_option_stands_above_it(files: Path) -> None:
    base = (
        "quote",
        "--model",
        "oneplus-3t-6-64",
        "--best",
        "--at",
        AT,
        "--json",
        "--answers",
        str(files / "answers.json"),
    )
    assert run(*base).data["quote"]["grade"] == "C"
    above = run(*base, "--answer", "screen_glass=light_scratches")
    assert above.data["quote"]["grade"] == "B"
    assert above.data["quote"]["condition"]["power"] == "works"


def test_a_day_begins_at_midnight_in_the_zone_of_the_programme() -> None:
    assert run(*QUOTE, "--at", "2018-03-20", "--json").data["quote"]["at"] == "2018-03-19T18:30:00Z"


def test_a_name_that_leads_to_one_variant_is_enough() -> None:
    ran = run("quote", "--model", "OnePlus 3", "--best", "--at", AT, "--json")
    assert ran.data["quote"]["model"] == "oneplus-3-6-64"


def test_two_imeis_and_a_date_of_purchase_are_passed_on() -> None:
    second = Imei.from_body("86366403123457")
    options = ("--imei", IMEI.digits, "--imei2", second.digits, "--purchased-on", "2017-01-31")
    ran = run(*VALUED, *options, "--json")
    assert ran.data["imeis"] == [str(IMEI), str(second)]
    assert ran.data["quote"]["purchased_on"] == "2017-01-31"


def test_without_at_the_clock_of_the_command_decides_and_the_stale_price_names_the_way_out() -> None:
    ran = run(*QUOTE)
    assert ran.code == 1
    assert "price_stale" in ran.out
    assert "add --at 2018-05-15" in " ".join(ran.out.split())
    assert run(*QUOTE, "--at", "2018-05-15").code == 0
    early = run(*QUOTE, "--at", "2018-03-14")
    assert (early.code, "programme_not_in_force" in early.out, "--at 2018-05-15" in early.out) == (1, True, True)


@pytest.mark.parametrize(
    ("more", "code", "hint"),
    [
        (("--answer", "screen_glass=cracked"), "condition_gate", ""),
        (("--imei", "863664031234568"), "imei_check_digit", ""),
        (("--imei", ""), "imei_empty", ""),
        (("--imei", "000000000000000"), "imei_placeholder", ""),
        (("--imei", IMEI.digits, "--imei-status", "blocked"), "imei_blocked", ""),
        (("--imei", IMEI.digits, "--programme", "graded-trade-in"), "imei_unverified", "add --imei-status clear"),
        (("--model", "oneplus-2-4-64"), "model_not_listed", "miexchange models WORDS"),
        (("--model", "OnePlus 3T"), "variant_missing", "miexchange models WORDS"),
        (("--model", "onepls 3t"), "model_unknown", "Did you mean"),
        (("--model", "honor-10-6-128"), "brand_not_accepted", ""),
    ],
)
def test_a_business_no_is_exit_code_1_with_reason_and_remedy(more: tuple[str, ...], code: str, hint: str) -> None:
    ran = run(*VALUED, *more)
    assert (ran.code, ran.err) == (1, "")
    assert f"  {code}: " in ran.out
    assert "    -> " in ran.out
    assert hint in " ".join(ran.out.split())
    data = run(*VALUED, *more, "--json")
    assert data.code == 1
    assert code in [reason["code"] for reason in data.data["refusal"]["reasons"]]


def test_without_a_terminal_missing_answers_are_a_refusal_that_names_them() -> None:
    ran = run("quote", "--model", "oneplus-3t-6-64", "--at", AT)
    assert ran.code == 1
    assert "answer_missing: 19 questions are not answered." in ran.out
    assert re.search(r"^ +screen_glass +unmarked, light_scratches, deep_scratches, cracked$", ran.out, re.MULTILINE)
    assert "--best" in ran.out
    almost = run("quote", "--model", "oneplus-3t-6-64", "--at", AT, *all_but("power"))
    assert "answer_missing: power is not answered: Does the phone switch on" in " ".join(almost.out.split())


def test_purchase_date_is_asked_for_where_the_value_depends_on_it(tmp_path: Path) -> None:
    band = "[[terms.age_bands]]\nfrom_months = 0\nkeep_bps = 10_000\n\n[terms.usage]"
    copy_programme(tmp_path / "data", {"programme.toml": ("[terms.usage]", band)})
    programme = str(tmp_path / "data" / "programmes" / "mi-exchange-india")
    assert run("programme", "lint", programme).out == f"{programme}: no problems\n"
    ran = run(*VALUED, "--programme", programme)
    assert (ran.code, "Add --purchased-on YYYY-MM-DD." in ran.out) == (1, True)
    assert "kept by age" in run("programme", "show", programme).out


# The coupon.


def test_accepting_issues_a_coupon_for_its_owner_only(tmp_path: Path) -> None:
    key = {"MIEXCHANGE_KEY": KEY}
    file = tmp_path / "coupon.json"
    ran = run(*VALUED, "--imei", IMEI.digits, "--account", "asha", "--coupon-out", str(file), "--json", environ=key)
    assert ran.code == 0
    coupon = miexchange.Coupon.from_json(file.read_text("utf-8"))
    assert coupon.to_dict() == ran.data["coupon"]
    assert (coupon.value, coupon.account) == (1072000, "asha")
    assert coupon.valid_until == datetime(2018, 4, 3, 6, 30, tzinfo=UTC)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 or os.name == "nt"
    before = file.read_bytes()
    again = run(*VALUED, "--imei", IMEI.digits, "--account", "asha", "--coupon-out", str(file), environ=key)
    assert (again.code, again.out) == (2, "")
    assert "exists already" in again.err
    assert file.read_bytes() == before


def test_the_coupon_is_shown_with_its_window_and_rules(files: Path) -> None:
    ran = run(*VALUED, "--imei", IMEI.digits, "--account", "asha", "--key-file", str(files / "key"))
    text = " ".join(ran.out.split())
    for words in (
        "₹10,720.00 for account asha",
        "from 2018-03-20 12:00:00+05:30 until 2018-04-03 12:00:00+05:30 (exclusive)",
        "buys smartphone of Mi, Redmi",
        "unused value forfeited",
    ):
        assert words in text
    assert KEY not in ran.out


def test_an_indicative_quote_earns_no_coupon(files: Path) -> None:
    ran = run(*VALUED, "--account", "asha", "--key-file", str(files / "key"))
    assert ran.code == 1
    assert "No coupon is issued" in ran.out
    assert "imei_missing" in ran.out
    data = run(*VALUED, "--account", "asha", "--key-file", str(files / "key"), "--json")
    assert (data.code, data.data["coupon"]) == (1, None)
    assert data.data["coupon_refusal"]["reasons"][0]["code"] == "imei_missing"


def check(files: Path, *more: str, order: str = "order.json", account: str = "asha", at: str = AT) -> Ran:
    given = ("--coupon", str(files / "coupon.json"), "--order", str(files / order), "--key-file", str(files / "key"))
    return run("coupon", "check", *given, "--account", account, "--at", at, *more)


def test_a_coupon_comes_off_the_phone_and_nothing_else(files: Path) -> None:
    ran = check(files)
    assert ran.code == 0
    text = " ".join(ran.out.split())
    assert "Redmi Note 5 Pro 1 ₹13,999.00 -₹10,720.00 ₹3,279.00" in text
    assert "Case 2 ₹998.00 ₹0.00 ₹998.00" in text
    assert "order ₹14,997.00 -₹10,720.00 ₹4,277.00" in text
    data = check(files, "--json").data
    assert data["answer"] == "redemption"
    assert (data["redemption"]["discounts"], data["redemption"]["to_pay"]) == ([1072000, 0], 427700)


def test_what_the_order_does_not_use_up_is_named(files: Path, tmp_path: Path) -> None:
    assert "Forfeited, because the order does not use it up: ₹721.00." in check(files, order="cheap.json").out
    paper = tmp_path / "coupon.json"
    graded = ("--programme", "graded-trade-in", "--imei-status", "clear", "--coupon-out", str(paper))
    made = run(*VALUED, *graded, "--imei", IMEI.digits, "--account", "asha", "--key-file", str(files / "key"))
    assert f"Written to {paper}"[:40] in " ".join(made.out.split())
    given = ("--coupon", str(paper), "--order", str(files / "cheap.json"), "--key-file", str(files / "key"))
    ran = run("coupon", "check", *given, "--account", "asha", "--at", AT)
    assert "Comes back as store credit: ₹" in ran.out


@pytest.mark.parametrize(
    ("more", "changed", "code"),
    [
        ((), {"order": "case.json"}, "order_category"),
        ((), {"account": "ravi"}, "coupon_other_account"),
        ((), {"at": "2018-04-03T12:00+05:30"}, "coupon_expired"),
        ((), {"at": "2018-03-20T11:59:59.999999+05:30"}, "coupon_not_yet_valid"),
        (("--standing", "used"), {}, "coupon_used"),
    ],
)
def test_a_refused_coupon_is_exit_code_1(
    files: Path, more: tuple[str, ...], changed: dict[str, str], code: str
) -> None:
    ran = check(files, *more, **changed)
    assert (ran.code, ran.err) == (1, "")
    assert f"  {code}: " in ran.out
    assert "    -> " in ran.out
    public = check(files, *more, "--public", "--json", **changed)
    assert (public.code, [reason["code"] for reason in public.data["refusal"]["reasons"]]) == (1, ["coupon_not_usable"])


def test_the_last_microsecond_of_a_coupon_counts_and_now_is_too_late(files: Path) -> None:
    assert check(files, at="2018-04-03T11:59:59.999999+05:30").code == 0
    given = ("--coupon", str(files / "coupon.json"), "--order", str(files / "order.json"))
    ran = run("coupon", "check", *given, "--account", "asha", environ={"MIEXCHANGE_KEY": KEY})
    assert "coupon_expired" in ran.out


@pytest.mark.parametrize(
    "edit", [{"exchange_value": 11_129_000}, {"account": "ravi"}, {"valid_until": "2081-01-01T00:00:00Z"}, {"seal": ""}]
)
def test_an_edited_coupon_buys_nothing(files: Path, tmp_path: Path, edit: dict[str, object]) -> None:
    made = json.loads((files / "coupon.json").read_text("utf-8"))
    paper = tmp_path / "edited.json"
    paper.write_text(json.dumps({**made, **edit}), "utf-8")
    given = ("--coupon", str(paper), "--order", str(files / "order.json"), "--key-file", str(files / "key"))
    ran = run("coupon", "check", *given, "--account", str(edit.get("account", "asha")), "--at", AT)
    assert ran.code == 1
    assert "  coupon_altered: " in ran.out


def test_a_coupon_is_proved_to_be_ours_with_the_key_alone(files: Path, tmp_path: Path) -> None:
    order = ("--order", str(files / "order.json"), "--account", "asha", "--at", AT)
    key = ("--key-file", str(files / "key"))
    coupon = json.loads((files / "coupon.json").read_text("utf-8"))
    coupon["exchange_value"] += 1000
    (tmp_path / "dearer.json").write_text(json.dumps(coupon), "utf-8")
    for paper, given, words, code, proved in (
        (files / "coupon.json", (), "Not proved: without the secret key", 0, False),
        (files / "coupon.json", key, "Proved with the key: this coupon is yours", 0, True),
        (tmp_path / "dearer.json", (), "Not proved", 0, False),  # its value is not bound to its code by anything
        (tmp_path / "dearer.json", key, "coupon_altered", 1, False),
    ):
        arguments = ("coupon", "check", "--coupon", str(paper), *order, *given)
        ran = run(*arguments)
        assert (ran.code, words in " ".join(ran.out.split())) == (code, True)
        assert run(*arguments, "--json").data["is_proved"] is proved


def test_a_coupon_of_an_older_key_is_proved_with_that(files: Path, tmp_path: Path) -> None:
    (tmp_path / "newer").write_text("a newer key of the tests", "utf-8")
    given = ("--coupon", str(files / "coupon.json"), "--order", str(files / "order.json"), "--account", "asha")
    keys = ("--key-file", str(tmp_path / "newer"), "--old-key-file", str(files / "key"))
    assert run("coupon", "check", *given, "--at", AT, *keys, "--json").data["is_proved"] is True


# IMEIs.


def test_imei_shows_the_parts_and_the_phone() -> None:
    ran = run("imei", printed_as(IMEI))
    text = " ".join(ran.out.split())
    assert ran.code == 0
    for words in (
        "86366403******9 valid",
        "TAC 86366403",
        "check digit 9, right",
        "given out by 86: TAF, China",
        "OnePlus 3T",
    ):
        assert words in text


def test_imei_is_exit_code_1_if_any_is_invalid_and_all_are_shown() -> None:
    unknown = Imei.from_body("35999999123456")
    ran = run("imei", IMEI.digits, unknown.digits, "863664031234568", "49-015420-323751-8", "0" * 15, "--json")
    assert (ran.code, ran.data["invalid"]) == (1, 1)
    good, strange, bad, example, zeros = ran.data["results"]
    assert good["candidates"][0]["model"] == "3T"
    assert strange["candidates"] == []
    assert (bad["valid"], bad["code"], bad["imei"]) == (False, "imei_check_digit", "86366403******8")
    assert bad["remedy"] == "Compare it with the phone: dial *#06#."
    assert (example["valid"], example["is_placeholder"], zeros["is_test"]) == (True, True, True)
    text = " ".join(run("imei", unknown.digits, "863664031234568", "0" * 15, "004400152020017").out.split())
    for words in ("unknown: the shipped example table", "imei_check_digit: it has a wrong", "a known placeholder"):
        assert words in text


def test_imei_of_a_test_range_and_of_no_reporting_body_say_so() -> None:
    test, nobody = Imei.from_body("00123456123456"), Imei.from_body("20123456123456")
    assert (test.is_test, test.is_placeholder, nobody.reporting_body) == (True, False, None)
    assert "range for test phones" in run("imei", test.digits).out
    assert "nobody that is listed" in run("imei", nobody.digits).out


def test_a_tac_table_of_ones_own_is_summarised(files: Path) -> None:
    table = str(files / "table.csv")
    ran = run("imei", IMEI.digits, "--tac-table", table)
    text = " ".join(ran.out.split())
    for words in (
        "4, of which 1 repeat another and 1 are left out",
        "1 TACs had 7 digits",
        "left out: ",
        "table.csv:4:",
    ):
        assert words in text
    report = run("imei", IMEI.digits, "--tac-table", table, "--json").data["tac_table"]
    assert (report["rows"], report["merged"], len(report["problems"])) == (4, 1, 1)


def test_many_problems_of_a_tac_table_are_counted(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("tac,brand,model\n12345678,Acme,One\n" + "x,y,z\n" * 7, "utf-8")
    out = run("imei", IMEI.digits, "--tac-table", str(table)).out
    assert "... and 2 more; --json lists them all." in out
    assert "unknown: your table" in out


# Models and programmes.


def test_models_show_list_price_date_and_basis() -> None:
    ran = run("models", "oneplus", "3t", "--at", AT)
    assert ran.code == 0
    lines = ran.out.splitlines()
    row = next(index for index, line in enumerate(lines) if line.startswith("OnePlus 3T (6 GB, 64 GB)"))
    assert lines[row].split()[-3:] == ["yes", "₹11,290.00", "2018-03-15"]
    assert lines[row + 1].split() == ["oneplus-3t-6-64", "modelled"]
    assert "nobody observed or offered it" in " ".join(ran.out.split())


def test_models_say_what_is_stale_not_listed_or_not_begun() -> None:
    now = run("models", "oneplus")
    assert "stale" in now.out
    assert "add --at 2018-05-15." in " ".join(now.out.split())
    assert re.search(r"^OnePlus 2 .* no +none", now.out, re.MULTILINE)
    before = run("models", "oneplus", "3t", "--at", "2018-03-01")
    assert "The programme begins at 2018-03-15 00:00:00+05:30." in before.out


def test_models_are_limited_with_the_rest_counted() -> None:
    ran = run("models", "redmi", "--limit", "2", "--at", AT)
    found = run("models", "redmi", "--limit", "2", "--at", AT, "--json").data
    assert len(found["models"]) == 2
    assert f"{found['found'] - 2} more are not shown: add words, or --limit {found['found']}." in ran.out


def test_no_model_is_exit_code_1_with_the_nearest() -> None:
    ran = run("models", "onepls 3t")
    assert (ran.code, ran.err) == (1, "")
    assert "Did you mean one of these?" in ran.out
    assert "OnePlus 3T (6 GB, 64 GB)" in ran.out
    assert run("models", "onepls 3t", "--json").data["nearest"]
    nothing = run("models", "zzzzzzzzzzzzzzzz")
    assert (nothing.code, "Try fewer words" in nothing.out) == (1, True)


@pytest.mark.parametrize("name", ["mi-exchange-india", "graded-trade-in", "uk-trade-in"])
def test_shipped_programmes_have_no_problems(name: str) -> None:
    assert run("programme", "lint", name) == (0, f"{name}: no problems\n", "")
    assert run("programme", "lint", name, "--json") == (0, "[]\n", "")


def test_lint_prints_file_line_and_remedy_for_each_problem(files: Path) -> None:
    programme = files / "data" / "programmes" / "mi-exchange-india"
    ran = run("programme", "lint", str(programme))
    assert (ran.code, ran.err) == (2, "")
    first, *_, last = ran.out.splitlines()
    assert re.match(rf"{re.escape(str(programme))}.eligible_models\.csv:\d+: listed_from: .*2018-15-03", first)
    assert "must not go live" in last
    problems = run("programme", "lint", str(programme), "--json")
    assert problems.code == 2
    assert set(problems.data[0]) == {"file", "line", "column", "message", "remedy"}
    assert len(problems.data) == len(ran.out.splitlines()) - 1


def test_show_has_terms_digest_questions_with_effects_and_coupon_rules() -> None:
    ran = run("programme", "show")
    text = " ".join(ran.out.split())
    assert ran.code == 0
    assert f"digest {Programme.load('mi-exchange-india').digest}" in text
    for words in (
        "282 variants",
        "846, modelled, which begin on 2018-03-15, 2018-04-15, 2018-05-15",
        "price is fresh 45 days",
        "B 95 % Light wear",
        "screen_glass: With the screen off",
        "light_scratches grade B Scratches",
        "cracked refused The glass",
        "box (optional): Do you have the box",
        "valid 14 times 24 hours from the moment of issue",
        "others graded-trade-in",
    ):
        assert words in text


def test_show_is_of_the_terms_in_force_and_names_every_effect() -> None:
    wide = {"COLUMNS": "200"}
    old = " ".join(run("programme", "show", "graded-trade-in", "--at", AT, environ=wide).out.split())
    for words in (
        "-202.6 % of display.glass repair",
        "-2 % of market",
        "Bonuses, terms 2018-03",
        "20 times, then upgrade-400",
    ):
        assert words in old
    new = run("programme", "show", "graded-trade-in").out
    assert "Questions, terms 2018-05" in new
    assert "Bonuses" not in new


@pytest.mark.parametrize("name", ["mi-exchange-india", "graded-trade-in", "uk-trade-in"])
def test_show_in_json_is_what_the_library_holds(name: str) -> None:
    data, programme = run("programme", "show", name, "--json").data, shipped_programme(name)
    assert data["digest"] == programme.digest
    assert data["terms"] == [terms.to_dict() for terms in programme.terms]
    assert data["brands"] == sorted(programme.brands)
    assert data["counts"]["prices"] == len(programme.prices.prices)
