"""Every row of every shipped table, and what the tables must be together."""

from __future__ import annotations

import csv
import math
import re
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from miexchange import Catalogue, Currency, Programme, TacTable, _data, lint

DATA = _data.folder()
ROOT = Path(__file__).resolve().parents[2]
BEGAN = date(2018, 3, 15)
PRICE_DAYS = ["2018-03-15", "2018-04-15", "2018-05-15"]
TEN_RUPEES = 1_000

# http://www.ibtimes.co.in/xiaomi-mi-exchange-steps-get-redmi-mi-phones-lowest-prices-763968
ACCEPTED = {
    "Asus", "Gionee", "Google", "HTC", "Huawei", "LeEco", "Lenovo", "Micromax", "Motorola", "OnePlus", "Oppo",
    "Samsung", "Sony", "Vivo", "Xiaomi",
}  # fmt: skip

# The one published value: a OnePlus 3T on the first day, variant and condition not stated.
# https://www.gizmochina.com/2018/03/15/get-a-new-xiaomi-phone-for-less-using-the-mi-exchange-program/
PUBLISHED_MODEL, PUBLISHED_DAY, PUBLISHED_PAISE = "oneplus-3t-6-64", "2018-03-15", 10_550 * 100


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


INDIAN = ("graded-trade-in", "mi-exchange-india")
"""The programmes that tools/model_prices.py makes."""

MODELS = rows("models.csv")
BY_MODEL = {row["model"]: row for row in MODELS}
CATALOGUE = Catalogue.read(DATA / "models.csv")
PRICES = {name: rows(f"programmes/{name}/market_prices.csv") for name in INDIAN}
LISTS = {name: rows(f"programmes/{name}/eligible_models.csv") for name in INDIAN}
ANCHORS = rows("programmes/graded-trade-in/repair_anchors.csv")
HEADS = {name: tomllib.loads((DATA / f"programmes/{name}/programme.toml").read_text("utf-8")) for name in INDIAN}
each_programme = pytest.mark.parametrize("name", INDIAN)

TABLES = sorted(file.relative_to(DATA).as_posix() for file in DATA.rglob("*.csv"))


def is_day(text: str) -> bool:
    return bool(re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text)) and date.fromisoformat(text) is not None


# Every table.


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_clean_text(name: str) -> None:
    data = (DATA / name).read_bytes()
    text = data.decode("utf-8")
    assert not data.startswith(b"\xef\xbb\xbf")
    assert "\r" not in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("name", TABLES)
def test_every_row_of_a_table_is_whole_and_has_its_source(name: str) -> None:
    table = rows(name)
    assert table
    assert "source" in table[0]
    for number, row in enumerate(table, 2):
        assert None not in row, f"{name}:{number} has too many cells"
        assert None not in row.values(), f"{name}:{number} has too few cells"
        assert all(cell == cell.strip() for cell in row.values()), f"{name}:{number}"
        assert row["source"], f"{name}:{number} has no source"
        assert all("\n" not in cell for cell in row.values()), f"{name}:{number}"


@pytest.mark.parametrize("name", TABLES)
def test_no_row_of_a_table_stands_twice(name: str) -> None:
    table = [tuple(row.values()) for row in rows(name)]
    assert [row for row, times in Counter(table).items() if times > 1] == []


def test_what_is_modelled_says_so_and_nothing_else_claims_to_be_observed() -> None:
    with_basis = [name for name in TABLES if "basis" in rows(name)[0]]
    assert len(with_basis) == 6
    for name in with_basis:
        assert {row["basis"] for row in rows(name)} == {"modelled"}, name
        if name.startswith("curves/"):
            continue  # their sources have a test of their own
        tool = "tools/british_prices.py" if "uk-trade-in" in name else "tools/model_prices.py"
        assert all(tool in row["source"] for row in rows(name)), name


def test_the_modelled_tables_are_what_the_tool_makes_of_the_facts() -> None:
    tool = ROOT / "tools" / "model_prices.py"
    done = subprocess.run([sys.executable, tool, "--check"], capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert (done.returncode, done.stderr) == (0, "")


# models.csv


def test_every_model_has_a_name_of_its_own_spelt_in_one_way() -> None:
    assert len(BY_MODEL) == len(MODELS)
    for row in MODELS:
        assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", row["model"]), row["model"]
        ram = int(row["ram_mb"]) if row["ram_mb"] else None
        whole = "" if ram is None else f"-{ram // 1024}" if ram % 1024 == 0 else f"-{ram}mb"
        assert row["model"].endswith(f"{whole}-{row['storage_gb']}"), row["model"]
        brand = re.sub("[^a-z0-9]+", "-", row["brand"].lower())
        assert row["model"].startswith(f"{brand}-"), row["model"]


def test_no_two_variants_are_one_phone() -> None:
    phones = Counter((row["brand"], row["name"], row["ram_mb"], row["storage_gb"]) for row in MODELS)
    assert [phone for phone, times in phones.items() if times > 1] == []


def test_every_model_is_in_order_and_of_a_known_brand() -> None:
    assert [row["model"] for row in MODELS] == sorted(BY_MODEL)
    assert {row["brand"] for row in MODELS} == ACCEPTED | {"Honor"}
    accepted = [row for row in MODELS if row["brand"] in ACCEPTED]
    assert len(accepted) >= 250
    assert {row["brand"] for row in accepted} == ACCEPTED


def test_every_date_of_a_model_is_a_day_of_its_time() -> None:
    for row in MODELS:
        launched = row["launched_on"]
        assert row["launched_on_precision"] == "" if not launched else row["launched_on_precision"] in {"day", "month"}
        if launched:
            assert is_day(launched), row["model"]
            assert date(2012, 1, 1) <= date.fromisoformat(launched) <= date(2019, 1, 31), row["model"]
            assert row["launched_on_precision"] == "day" or launched.endswith("-01"), row["model"]
        told = [bool(row[key]) for key in ("new_price_minor", "new_price_on", "new_price_source")]
        assert len(set(told)) == 1, row["model"]
        if row["new_price_on"]:
            assert is_day(row["new_price_on"]), row["model"]


def test_every_amount_of_a_model_is_whole_rupees_that_a_phone_can_cost() -> None:
    for row in MODELS:
        for key in ("launch_price_minor", "new_price_minor"):
            if row[key]:
                assert row[key].isdigit(), row["model"]
                assert int(row[key]) % 100 == 0, row["model"]
                assert 1_000_00 <= int(row[key]) <= 200_000_00, row["model"]
        assert not row["ram_mb"] or 128 <= int(row["ram_mb"]) <= 16 * 1024, row["model"]
        assert 1 <= int(row["storage_gb"]) <= 1024, row["model"]


def test_every_number_of_sims_has_its_source_and_is_read() -> None:
    for row in MODELS:
        assert row["sims"] in {"", "1", "2", "3", "4"}, row["model"]
        assert bool(row["sims"]) == bool(row["sims_source"]), row["model"]
        assert CATALOGUE.by_model[row["model"]].sims == (int(row["sims"]) if row["sims"] else None)
    assert sum(row["sims"] == "" for row in MODELS) == 215  # as data/README.md says
    named = sum(row["sims_source"].startswith("github:Edgarzhu7/Decoding-Smartphone-Prices:") for row in MODELS)
    assert named == len(MODELS) - 215


def test_every_memory_size_of_a_model_has_as_many_sims() -> None:
    numbers = defaultdict(set)
    for row in MODELS:
        numbers[row["brand"], row["name"]].add(row["sims"])
    assert {name: found for name, found in numbers.items() if len(found) > 1} == {}


def test_no_other_name_leads_to_two_models() -> None:
    families = defaultdict(set)
    for variant in CATALOGUE.variants:
        for name in (variant.name, *variant.aliases):
            assert name == name.strip() != "", variant.model
            families[variant.brand, re.sub("[^0-9a-z+]", "", name.casefold())].add(variant.family)
    assert {key: found for key, found in families.items() if len(found) > 1} == {}


def test_every_variant_is_found_by_its_own_name() -> None:
    for variant in CATALOGUE.variants:
        assert CATALOGUE.family_of(variant.brand, variant.name) == variant.family
        assert variant in CATALOGUE.variants_of(variant.family)
        assert variant in CATALOGUE.search(variant.family)


# tac.csv


def test_every_tac_is_of_a_model_in_the_catalogue() -> None:
    families = {(row["brand"], row["name"]) for row in MODELS}
    table = rows("tac.csv")
    for row in table:
        assert re.fullmatch("[0-9]{8}", row["tac"]), row
        assert (row["brand"], row["model"]) in families, row
    assert [row["tac"] for row in table] == sorted(row["tac"] for row in table)


def test_the_tac_table_is_read_without_a_loss() -> None:
    report = TacTable.read(DATA / "tac.csv").report
    assert report.rows == len(rows("tac.csv"))
    assert (report.problems, report.merged, report.padded_7, report.padded_6) == ((), 0, 0, 0)


def test_every_tac_is_given_out_by_a_body_and_is_no_known_stand_in() -> None:
    bodies = {row["rbi"] for row in rows("reporting_bodies.csv") if row["status"] != "test"}
    bogus = {"00499901", "12345600", "12345678", "13579000", "35969800", "35000000"}
    for row in rows("tac.csv"):
        assert row["tac"][:2] in bodies, row
        assert row["tac"] not in bogus, row


def test_every_tac_is_under_a_licence_that_is_shipped_with_it() -> None:
    licences = {"MIT": "SamloaderKotlin-MIT.txt", "CC-BY-SA-3.0": "TACDB-CC-BY-SA-3.0.txt"}
    for row in rows("tac.csv"):
        assert row["licence"] in licences, row
    for file in licences.values():
        assert (DATA / "LICENSES" / file).stat().st_size > 1_000


# Makers.


def test_every_maker_has_its_brand_role_and_source() -> None:
    table = rows("makers.csv")
    assert f"| `makers.csv` | {len(table)} |" in (DATA / "README.md").read_text(encoding="utf-8")
    keys = [(row["maker"].casefold(), row["brand"].casefold()) for row in table]
    assert keys == sorted(set(keys))
    for row in table:
        assert all(cell == cell.strip() != "" for cell in row.values()), row
        assert row["role"] in {"own", "contract"}, row
        assert "http" in row["source"] or "github:" in row["source"], row
    brands = {row["brand"] for row in MODELS}
    elsewhere = {"Alcatel", "Apple", "BlackBerry", "Coolpad", "LG", "Meizu", "Nokia", "Realme", "ZTE"}
    assert {row["brand"] for row in table} <= brands | elsewhere


# Curves.


def test_what_a_used_phone_keeps_falls_with_its_age() -> None:
    knots = [(int(row["age_months"]), int(row["share_bps"])) for row in rows("curves/used_share_of_launch.csv")]
    assert knots[0][0] == 0
    for (age, share), (older, less) in pairwise(knots):
        assert age < older
        assert share >= less
    assert all(0 < share <= 10_000 for _, share in knots)


def test_the_curve_of_2021_is_modelled_with_its_arithmetic_and_a_band() -> None:
    levels, brands = rows("curves/used_share_of_launch_2021.csv"), rows("curves/used_brand_factor_2021.csv")
    for row in (*levels, *brands):
        middle = int(row.get("share_bps") or row["factor_bps"])
        assert 0 < int(row["low_bps"]) < middle < int(row["high_bps"])
        assert row["basis"] == "modelled"
        said = re.search(r"exp\(([-+.0-9]+)(?: ([-+.0-9]+) x ([0-9]+) months)?", row["source"])
        if said is not None:  # of four and five decimals, so to a thousandth
            level, rate, months = (float(part or 0) for part in said.groups())
            assert 10_000 * math.exp(level + rate * months) == pytest.approx(middle, rel=1e-3)
            assert "of 2021-12-17, tools/used_curve.py" in row["source"]
    assert [int(row["share_bps"]) for row in levels[:5]] == [7000, 7000, 6000, 5000, 4000]  # the published ones
    assert {row["brand"] for row in brands} <= {row["brand"] for row in MODELS}


def test_no_brand_rises_with_age_and_prices_in_force_keep_their_curve() -> None:
    """Prices that are in force are not modelled anew: a day takes the last curve that had begun by then."""
    tool = run_path(str(ROOT / "tools" / "model_prices.py"), run_name="tool")
    used, variants = tool["UsedShare"](), {one.brand: one for one in tool["dated_variants"]()}
    first = [(int(row["age_months"]), int(row["share_bps"])) for row in rows("curves/used_share_of_launch.csv")]
    for brand, variant in variants.items():
        shares = [used.of(variant, date(2021, 12, 17) + timedelta(days)) for days in range(0, 1_000, 30)]
        assert shares == sorted(shares, reverse=True), brand
        assert used.of(variant, date(2018, 5, 15)) == tool["share"](first, variant.days(date(2018, 5, 15)))
    old = variants["Xiaomi"]
    assert used.of(old, date(2021, 12, 16)) < used.of(old, date(2021, 12, 17))  # 6.8 % of the launch price, and more


def test_the_curve_of_a_brand_never_rises() -> None:
    tool = run_path(str(ROOT / "tools" / "model_prices.py"), run_name="tool")
    levels = [(int(row["age_months"]), int(row["share_bps"])) for row in rows("curves/used_share_of_launch_2021.csv")]
    for row in rows("curves/used_brand_factor_2021.csv"):
        knots = [share for _, share in tool["of_brand"](levels, int(row["factor_bps"]))]
        assert knots == sorted(knots, reverse=True), row["brand"]
        assert all(0 < share <= 10_000 for share in knots)


def test_what_a_new_phone_still_costs_falls_with_its_age() -> None:
    curve = rows("curves/new_price_share_of_launch.csv")
    for row, older in pairwise(curve):
        assert int(row["age_months"]) < int(older["age_months"])
        assert int(row["share_bps"]) >= int(older["share_bps"])
    assert all(0 < int(row["share_bps"]) <= 10_000 and int(row["n"]) >= 10 for row in curve)
    assert all("OnePlus 3T left out" in row["source"] for row in curve)


# The programmes.


@each_programme
def test_a_shipped_programme_lints_clean(name: str) -> None:
    assert lint(name) == ()
    assert lint(DATA / "programmes" / name) == ()
    assert Programme.load(name) == Programme.load(DATA / "programmes" / name)


@each_programme
def test_every_listed_model_is_in_the_catalogue_and_of_an_accepted_brand(name: str) -> None:
    listed = [row["model"] for row in LISTS[name]]
    assert len(listed) == len(set(listed))
    assert len(listed) >= 250
    for row in LISTS[name]:
        model = BY_MODEL[row["model"]]
        assert model["brand"] in HEADS[name]["brands"]
        assert date.fromisoformat(model["launched_on"]) <= BEGAN
        assert (row["listed_from"], row["listed_until"]) == (str(BEGAN), "")
    assert {BY_MODEL[model]["brand"] for model in listed} == set(HEADS[name]["brands"])


def test_mi_exchange_takes_the_fifteen_brands_that_were_reported() -> None:
    assert set(HEADS["mi-exchange-india"]["brands"]) == ACCEPTED
    assert len(LISTS["mi-exchange-india"]) >= 250


@each_programme
def test_every_listed_model_has_a_price_on_every_price_day_and_no_other_has_one(name: str) -> None:
    days = defaultdict(list)
    for row in PRICES[name]:
        days[row["model"]].append(row["effective_from"])
    assert days == {row["model"]: PRICE_DAYS for row in LISTS[name]}


@each_programme
def test_every_price_is_whole_ten_rupees_and_never_rises(name: str) -> None:
    amounts = defaultdict(list)
    for row in PRICES[name]:
        amount = int(row["price_minor"])
        assert amount % TEN_RUPEES == 0
        assert amount >= 300 * 100
        amounts[row["model"]].append(amount)
    for model, in_time in amounts.items():
        assert in_time == sorted(in_time, reverse=True), model


@each_programme
def test_no_used_phone_is_priced_above_what_it_ever_cost(name: str) -> None:
    for row in PRICES[name]:
        launch = BY_MODEL[row["model"]]["launch_price_minor"]
        if launch:
            assert int(row["price_minor"]) <= int(launch) * 7 // 10, row["model"]  # the curve begins at 70 %


def test_both_programmes_price_a_model_alike() -> None:
    mine, graded = ({(row["model"], row["effective_from"]): row["price_minor"] for row in PRICES[name]} for name in
                    ("mi-exchange-india", "graded-trade-in"))  # fmt: skip
    assert mine.items() <= graded.items()


def test_every_anchor_is_the_stated_share_of_its_price() -> None:
    rates = {"display": 1_600, "body": 1_000, "ports": 600}
    prices = {(row["model"], row["effective_from"]): int(row["price_minor"]) for row in PRICES["graded-trade-in"]}
    keys = [(row["model"], row["component"], row["effective_from"]) for row in ANCHORS]
    assert len(keys) == len(set(keys)) == len(prices) * len(rates)
    for row in ANCHORS:
        price = prices[row["model"], row["effective_from"]]
        expected = max(50 * 100, price * rates[row["component"]] // 10_000 // TEN_RUPEES * TEN_RUPEES)
        assert int(row["amount_minor"]) == expected, row


def test_the_model_is_near_the_one_value_that_was_published() -> None:
    (row,) = (
        row
        for row in PRICES["mi-exchange-india"]
        if (row["model"], row["effective_from"]) == (PUBLISHED_MODEL, PUBLISHED_DAY)
    )
    assert abs(int(row["price_minor"]) - PUBLISHED_PAISE) * 100 <= PUBLISHED_PAISE * 15
    assert "new price" in row["source"] or "launch price" in row["source"]


@each_programme
def test_every_version_of_the_terms_is_in_force_when_prices_are(name: str) -> None:
    starts = [terms["effective_from"] for terms in HEADS[name]["terms"]]
    assert starts[0] == BEGAN
    assert starts == sorted(set(starts))
    assert all(terms["price_max_age_days"] >= 31 for terms in HEADS[name]["terms"])  # the lists change monthly


def texts(value: object, key: str) -> list[str]:
    """Return every text under a key, wherever it stands."""
    if isinstance(value, dict):
        return [found for name, inner in value.items() for found in ([inner] if name == key else texts(inner, key))]
    return [found for inner in value for found in texts(inner, key)] if isinstance(value, list) else []


@pytest.mark.parametrize(
    "table", [*HEADS.values(), tomllib.loads((DATA / "questions.toml").read_text("utf-8"))], ids=[*HEADS, "questions"]
)
def test_every_setting_and_question_names_its_source(table: dict[str, Any]) -> None:
    parts = [table, *table.get("terms", [])] if "terms" in table else table["question"]
    for part in parts:
        assert part["source"].strip()
    assert all(source.strip() for source in texts(table, "source"))


@each_programme
def test_the_condition_table_has_a_row_for_every_answer_of_every_question(name: str) -> None:
    bank = tomllib.loads((DATA / "questions.toml").read_text("utf-8"))["question"]
    expected = [(question["id"], option["id"]) for question in bank for option in question["options"]]
    table = rows(f"programmes/{name}/condition.csv")
    found = [(row["question"], row["option"]) for row in table]
    assert len(found) == len(set(found))
    assert set(found) == {key for key in expected if key[0] in {row["question"] for row in table}}
    assert found == [key for key in expected if key in set(found)]  # in the order of the bank, for the reader


@each_programme
def test_the_grades_fall_from_all_of_the_price(name: str) -> None:
    keeps = [int(row["keep_bps"]) for row in rows(f"programmes/{name}/grades.csv")]
    assert keeps[0] == 10_000
    assert keeps == sorted(keeps, reverse=True)


# The British example.


def test_the_british_tables_are_what_their_tool_makes() -> None:
    tool = ROOT / "tools" / "british_prices.py"
    subprocess.run([sys.executable, tool, "--check"], check=True)  # noqa: S603 - ours


def test_the_british_programme_is_in_pounds_and_its_prices_are_modelled() -> None:
    programme = Programme.load("uk-trade-in")
    assert (programme.currency.code, f"{programme.zone}", programme.price_step_minor) == ("GBP", "Europe/London", 50)
    assert programme.categories == {"smartphone", "tablet"}
    assert {price.basis for price in programme.prices} == {"modelled"}
    assert all(price.price_minor % 50 == 0 for price in programme.prices)
    launched = {variant.model: variant.launch_price_minor or 0 for variant in programme.catalogue}
    assert all(price.price_minor < launched[price.model] for price in programme.prices)
    assert programme.terms[0].quote_valid_hours == 28 * 24
    assert lint("uk-trade-in") == ()


def test_every_currency_of_the_table_can_be_had() -> None:
    table = rows("currencies.csv")
    assert [row["code"] for row in table] == sorted({row["code"] for row in table})
    assert all(Currency(row["code"]).decimals == int(row["decimals"]) for row in table)
    assert {row["decimals"] for row in table} == {"0", "2", "3"}
