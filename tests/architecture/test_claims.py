"""What the pages claim is so. Each test quotes the sentence that it proves, so that neither changes without the other.

What other tests hold is not repeated: purity in `test_purity.py`, imports in `test_imports.py`, names in
`test_public_names.py`, the promises themselves in `tests/property`, `tests/parity` and `tests/ledger`.
"""

from __future__ import annotations

import csv
import dataclasses
import importlib
import inspect
import json
import os
import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, PydanticSchemaGenerationError, TypeAdapter

import miexchange
from architecture.test_imports import FLOOR, ISLANDS, ROOMS
from architecture.test_purity import impurities
from miexchange import (
    Condition,
    Coupon,
    DataError,
    Device,
    DeviceReport,
    Exchange,
    Imei,
    Inspection,
    InvalidImei,
    InvalidValue,
    MiExchangeError,
    Order,
    OrderLine,
    Programme,
    Quote,
    Redemption,
    Refusal,
    Verdict,
    accept,
    appraise,
    headline,
    issue,
    ledger,
)
from miexchange._value import Value
from miexchange.batch.plan import _plan
from miexchange.cli._output import writer
from miexchange.coupon import device_token
from miexchange.events import EVENTS
from miexchange.ledger import LedgerError
from miexchange.programme import shipped
from miexchange.refusal import ReasonCode
from shipped import shipped_programme
from unit.small import INR

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "miexchange"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

AT = datetime(2018, 3, 20, 12, tzinfo=UTC)
KEY, OTHER_KEY = b"0123456789abcdef", b"fedcba9876543210"
PHONE, NUMBER = "oneplus-3t-6-64", "863664031234569"
ORDER = Order("order-1", (OrderLine("Mi A1", "smartphone", "Mi", "mi.com", 1_399_900),), INR)


def says(page: str, sentence: str) -> None:
    """See that a page holds a sentence, however its lines are broken."""
    text = re.sub(r"\s+", " ", (ROOT / page).read_text(encoding="utf-8"))
    assert re.sub(r"\s+", " ", sentence) in text, f"{page} does not say: {sentence}"


@pytest.fixture(scope="module")
def programme() -> Programme:
    return shipped_programme("mi-exchange-india")


@pytest.fixture(scope="module")
def best(programme: Programme) -> Condition:
    quote = headline(PHONE, programme, at=AT)
    assert isinstance(quote, Quote)
    return quote.condition


@pytest.fixture(scope="module")
def quote(programme: Programme, best: Condition) -> Quote:
    quote = appraise(Device(PHONE, NUMBER), best, programme, at=AT)
    assert isinstance(quote, Quote)
    return quote


@pytest.fixture(scope="module")
def coupon(quote: Quote, programme: Programme) -> Coupon:
    coupon = issue(quote, programme, account="asha", at=AT, key=KEY)
    assert isinstance(coupon, Coupon)
    return coupon


def codes(answer: object) -> tuple[str, ...]:
    assert isinstance(answer, Refusal), answer
    return answer.codes


# Deterministic, and closed to the world.

JOURNEY = """
from datetime import UTC, datetime
from miexchange import Device, Order, OrderLine, Programme, accept, appraise, headline, issue
from miexchange.exchange import Reserve, apply
programme, at, key = Programme.load("mi-exchange-india"), datetime(2018, 3, 20, 12, tzinfo=UTC), b"0123456789abcdef"
answers = headline("oneplus-3t-6-64", programme, at=at).condition
quote = appraise(Device("oneplus-3t-6-64", "863664031234569"), answers, programme, at=at, key=key)
coupon = issue(quote, programme, account="asha", at=at, key=key)
order = Order("o", (OrderLine("Mi A1", "smartphone", "Mi", "mi.com", 1_399_900),), programme.currency)
held = apply(accept(quote, programme, account="asha", at=at, key=key), Reserve(at, order, "asha"))
refusal = appraise(Device("oneplus-3t-6-64", "1"), answers.replace(touch=None), programme, at=at)
for value in (quote, coupon, coupon.check(order, account="asha", at=at, keys=(key,)), held, refusal):
    print(value.to_json(), repr(value), sep="\\n")
print(quote.explain(), programme.digest)
"""

WATCH = """
import sys
seen = []
def hook(event, arguments):
    if event.startswith(("socket.", "subprocess.", "os.system", "os.exec", "urllib.", "ftplib.", "smtplib.")):
        seen.append(event)
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        seen.append(f"writes {arguments[0]}")
sys.addaudithook(hook)
"""


def ran(source: str, folder: Path, **environment: str) -> str:
    """Run a script in a process of its own, away from the project, and return what it prints."""
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-B", "-c", source],
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    says("README.md", "The same inputs give the same bytes, on any machine, in any year, with the same version.")
    one = ran(JOURNEY, tmp_path, TZ="UTC", LC_ALL="C.UTF-8", PYTHONHASHSEED="1")
    other = ran(JOURNEY, ROOT, TZ="Pacific/Apia", LC_ALL="hi_IN.UTF-8", PYTHONHASHSEED="2", PYTHONUTF8="1")
    assert one
    assert one == other


def test_the_core_opens_no_connection_and_writes_no_file(tmp_path: Path) -> None:
    says("SECURITY.md", "The core opens no connection, writes no file and asks no register.")
    said = ran(f"{WATCH}{JOURNEY}print('seen:', *seen)", tmp_path)
    assert said.splitlines()[-1] == "seen:"


def test_the_watch_sees_a_connection_and_a_file(tmp_path: Path) -> None:
    said = ran(f"{WATCH}import socket; socket.socket().close(); open('x', 'w').close(); print(len(seen))", tmp_path)
    assert int(said) >= 2


def test_a_ledger_on_a_file_opens_no_connection(tmp_path: Path) -> None:
    says("SECURITY.md", "`miexchange.ledger` connects to the database that you name, and nowhere else")
    verbs = """
from miexchange import ledger
with ledger.open("exchanges.db", key=key, create=True) as store:
    store.accept(quote, programme, account="asha", at=at, idempotency_key="1")
    assert ledger.verify(store)
"""
    said = ran(f"{WATCH}{JOURNEY}{verbs}print('seen:', *seen)", tmp_path)
    assert said.splitlines()[-1] == "seen:"


def test_what_is_loaded_when() -> None:
    says(
        "docs/design.md",
        "`import miexchange` loads none of the heavy packages: pydantic is imported when a value is read from "
        "JSON, python-stdnum with the first code of a coupon.",
    )
    script = """
import sys, miexchange
def loaded(): return [name for name in ("pydantic", "stdnum", "sqlalchemy", "numpy") if name in sys.modules]
print(loaded())
text = miexchange.Imei.parse("863664031234569").to_json(reveal_imei=True); print(loaded())
miexchange.Imei.from_json(text); print(loaded())
miexchange.coupon.normal_code("0" * 17); print(loaded())
"""
    assert ran(script, ROOT).splitlines() == ["[]", "[]", "['pydantic']", "['pydantic', 'stdnum']"]


def test_tuning_reads_no_clock() -> None:
    says("docs/tuning.md", "No clock is read: the day of the valuation is an argument.")
    found = {file.name: impurities(file.read_text(encoding="utf-8")) for file in (PACKAGE / "tuning").glob("*.py")}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_accepting_again_gives_the_first_coupon_until_something_happens(
    quote: Quote, programme: Programme, tmp_path: Path
) -> None:
    says("docs/design.md", "so a ledger returns the first coupon, as long as nothing happened to it.")
    with ledger.open(str(tmp_path / "exchanges.db"), key=KEY, create=True) as store:
        first = store.accept(quote, programme, account="asha", at=AT, idempotency_key="1")
        assert isinstance(first, Exchange)
        assert store.accept(quote, programme, account="asha", at=AT, idempotency_key="2") == first
        assert store.reserve(first.code, ORDER, account="asha", at=AT, idempotency_key="3")
        again = store.accept(quote, programme, account="asha", at=AT, idempotency_key="4")
        assert codes(again) == ("quote_accepted",)


# What leaves the service's hands.


def test_a_forged_quote_is_refused(quote: Quote, programme: Programme) -> None:
    says("README.md", "so a forged amount, line, rule or validity is refused")
    says("SECURITY.md", "Whatever the valuation contradicts is refused: `quote_altered`, or `quote_outdated`")
    first, *others = quote.lines
    richer: dict[str, Any] = {"lines": (first.replace(amount=first.amount + 100_00), *others)}
    richer |= {"exchange_value": quote.exchange_value + 100_00, "coupon_value": quote.coupon_value + 100_00}
    forgeries: list[dict[str, Any]] = [
        richer,
        {"valid_until": quote.valid_until + timedelta(days=300)},
        {"usage": quote.usage.replace(categories=("smartphone", "television"))},
        {"grade": "Z"},
    ]
    for forged in forgeries:
        for begun in (
            issue(quote.replace(**forged), programme, account="asha", at=AT, key=KEY),
            accept(quote.replace(**forged), programme, account="asha", at=AT, key=KEY),
        ):
            assert codes(begun) == ("quote_altered",), forged


def test_the_inputs_of_a_quote_need_a_seal(programme: Programme, best: Condition) -> None:
    says("README.md", "A quote whose own inputs could be changed on the way (the answers, the model) needs a seal")
    says("SECURITY.md", "**The inputs of an unsealed quote.**")
    says("SECURITY.md", "seals it over all its fields, and a seal that does not fit is refused.")
    phone = Device(PHONE, NUMBER)
    poor = appraise(phone, best.replace(body="light_wear"), programme, at=AT, key=KEY)
    rich = appraise(phone, best, programme, at=AT)
    assert isinstance(poor, Quote)
    assert isinstance(rich, Quote)
    assert rich.coupon_value > poor.coupon_value
    assert isinstance(issue(rich, programme, account="asha", at=AT, key=KEY), Coupon)  # nothing shows where it is from
    assert codes(issue(rich.replace(seal=poor.seal), programme, account="asha", at=AT, key=KEY)) == ("quote_altered",)
    assert poor.is_sealed_by(KEY)
    assert not poor.replace(condition=best).is_sealed_by(KEY)


def test_a_programme_may_require_the_seal(programme: Programme, best: Condition) -> None:
    says(
        "SECURITY.md",
        'With `quote_seal = "required"` in the programme a quote without one is refused, too (`quote_unsealed`).',
    )
    terms = tuple(one.replace(quote_seal="required") for one in programme.terms)
    strict = dataclasses.replace(programme, terms=terms)
    plain = appraise(Device(PHONE, NUMBER), best, strict, at=AT)
    sealed = appraise(Device(PHONE, NUMBER), best, strict, at=AT, key=KEY)
    assert isinstance(plain, Quote)
    assert isinstance(sealed, Quote)
    assert codes(issue(plain, strict, account="asha", at=AT, key=KEY)) == ("quote_unsealed",)
    assert isinstance(issue(sealed, strict, account="asha", at=AT, key=KEY), Coupon)


def test_an_edited_coupon_is_refused_where_the_key_is_given(coupon: Coupon) -> None:
    says("SECURITY.md", "`check(keys=…)` refuses one that was altered (`coupon_altered`)")
    says("SECURITY.md", "`check` without `keys` takes the coupon as it is: as one from your own store.")
    edited = coupon.replace(exchange_value=coupon.exchange_value * 10)
    assert codes(edited.check(ORDER, account="asha", at=AT, keys=(KEY,))) == ("coupon_altered",)
    assert isinstance(edited.check(ORDER, account="asha", at=AT), Redemption)


def test_the_key_changes_the_codes_unless_the_old_one_is_given(
    coupon: Coupon, quote: Quote, programme: Programme
) -> None:
    says("SECURITY.md", "changes the codes of future coupons, unless the old one is given in `old_keys`")
    says("SECURITY.md", "issued coupons carry theirs, and `check` needs the key that sealed them among its `keys`")
    changed = issue(quote, programme, account="asha", at=AT, key=OTHER_KEY)
    kept = issue(quote, programme, account="asha", at=AT, key=OTHER_KEY, old_keys=(KEY,))
    assert isinstance(changed, Coupon)
    assert isinstance(kept, Coupon)
    assert changed.code != coupon.code == kept.code
    assert codes(coupon.check(ORDER, account="asha", at=AT, keys=(OTHER_KEY,))) == ("coupon_altered",)
    assert isinstance(coupon.check(ORDER, account="asha", at=AT, keys=(OTHER_KEY, KEY)), Redemption)


def test_a_key_is_long_and_never_an_option(quote: Quote, programme: Programme) -> None:
    says("SECURITY.md", "`issue` and `device_token` take a key of at least 16 bytes.")
    says("SECURITY.md", "The command reads the key from a file or from an environment variable, never from an option")
    with pytest.raises(InvalidValue, match="at least 16 secret bytes"):
        issue(quote, programme, account="asha", at=AT, key=KEY[:15])
    with pytest.raises(InvalidValue, match="at least 16 secret bytes"):
        device_token(quote.imeis[0], key=KEY[:15])
    options = {
        option
        for file in (PACKAGE / "cli").glob("*.py")
        for option in re.findall(r'"(--[a-z-]*key[a-z-]*)"', file.read_text(encoding="utf-8"))
    }
    assert options == {"--key-file", "--old-key-file"}


# Values, JSON and IMEIs.

CLASSES = [one for name in miexchange.__all__ if inspect.isclass(one := getattr(miexchange, name))]
OWN_WAY = {"Condition", "Problem", "Programme", "TacTable", "Zone"}


def test_every_value_is_frozen_and_hashable_and_has_a_json_form_but_for_three(quote: Quote) -> None:
    says(
        "README.md",
        "Every value is frozen and hashable. All but zones, TAC tables and problems in files have one",
    )
    values = [one for one in CLASSES if not issubclass(one, Exception | str)]
    assert all(one.__hash__ is not None for one in values)
    without = {one.__name__ for one in values if not (hasattr(one, "to_json") and hasattr(one, "from_json"))}
    assert without == {"Problem", "TacTable", "Zone"}
    says("README.md", "a quote with its IMEIs only where they were asked for")
    assert Quote.from_json(quote.to_json(reveal_imei=True)) == quote
    assert Quote.from_json(quote.to_json()) == quote.without_imei() != quote


def test_every_value_but_a_few_is_on_value() -> None:
    says("CONTRIBUTING.md", "A public value is a frozen dataclass on `Value`")
    says(
        "CONTRIBUTING.md",
        "(`Condition`, `Problem`, `Programme`, `TacTable` and `Zone` are frozen in ways of their own.)",
    )
    assert {one.__name__ for one in CLASSES if not issubclass(one, Value | Exception | str)} == OWN_WAY


def test_where_an_imei_is_masked_and_where_it_is_not(quote: Quote, best: Condition) -> None:
    says("README.md", "An IMEI is masked in `repr`, `str` and errors")
    says("SECURITY.md", "`to_json` of a value leaves the IMEIs out")
    imei = Imei.parse(NUMBER)
    seen = Inspection(best, (imei,), screen_lock_off=True, accounts_removed=True, memory_card_out=True)
    report = DeviceReport(factory_reset_protection=False, imeis=(imei,))
    verdict = Verdict(variant=None, listed=False, imeis=(imei,), reasons=(), warnings=())
    for careful in (quote, seen, report, imei, Device(PHONE, imei), verdict):
        shown = repr(careful) + str(careful) + careful.to_json() + json.dumps(TypeAdapter(Any).dump_python(careful))
        assert NUMBER not in shown
        assert NUMBER in careful.to_json(reveal_imei=True)
        assert NUMBER in TypeAdapter(type(careful)).dump_json(careful, context={"reveal_imei": True}).decode()
    says("SECURITY.md", "`dataclasses.asdict` keeps each number in its `Imei`.")
    assert NUMBER not in f"{dataclasses.asdict(quote)}{dataclasses.asdict(verdict)}"


class Holder(BaseModel):
    quote: Quote


def test_a_value_can_be_a_field_of_a_pydantic_model(quote: Quote) -> None:
    says("docs/design.md", "reads what `to_dict` writes, as plain data and as JSON text alike")
    held, shown = Holder(quote=quote), {"reveal_imei": True}
    assert held.quote is quote
    assert Holder.model_validate_json(held.model_dump_json(context=shown)) == held
    assert Holder.model_json_schema()["properties"]
    for data in (held.model_dump(context=shown), held.model_dump(mode="json", context=shown)):
        assert Holder.model_validate(data) == held
    says("docs/design.md", 'with IMEIs only in a dump with `context={"reveal_imei": True}`')
    assert held.model_dump() == {"quote": quote.to_dict()}
    assert NUMBER not in held.model_dump_json()
    says("SECURITY.md", "if a model of your own lacks a field, pydantic's error contains the model's whole input")
    says("docs/design.md", "A `Programme` cannot be a field")
    with pytest.raises(PydanticSchemaGenerationError):
        type("OfProgramme", (BaseModel,), {"__annotations__": {"programme": Programme}})


def test_what_cannot_be_asked_is_not_among_the_reasons(programme: Programme, best: Condition) -> None:
    says("README.md", "Checks that depend on an unknown model, or on terms that are not in force, are skipped.")
    says("docs/design.md", "Checks that depend on an unknown model, or on terms that are not in force, are skipped.")
    bad = Device("no such phone", "863664031234560"), best.replace(touch="no such answer"), programme
    assert codes(appraise(*bad, at=AT)) == ("imei_network_form", "model_unknown")
    assert codes(appraise(*bad, at=AT.replace(year=2017))) == ("programme_not_in_force",)


INTERNAL = {
    "_Enough",
    "NotATable",
    "NotATime",
    "NotCsv",
    "NotInCalendar",
    "TooLarge",
    "_BadRow",
    "Conflict",
    "CannotWrite",
    "Stopped",
    "TuningWarning",
    "Unread",
    "Broken",
}  # caught within, or a warning


def test_every_exception_has_one_root() -> None:
    says("docs/design.md", "they are all `MiExchangeError`.")
    says("docs/design.md", "are a `ValueError` too, a ledger's errors are not.")
    assert not issubclass(MiExchangeError, ValueError)
    assert not issubclass(LedgerError, ValueError)
    assert all(issubclass(kind, ValueError) for kind in (InvalidValue, InvalidImei, DataError))
    found: dict[str, type] = {}
    for file in PACKAGE.rglob("*.py"):
        if "migrations" in file.parts or file.stem == "__main__":
            continue
        parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
        module = importlib.import_module(".".join(part for part in parts if part != "__init__"))
        classes = [one for one in vars(module).values() if inspect.isclass(one) and one.__module__ == module.__name__]
        found |= {one.__name__: one for one in classes if issubclass(one, Exception)}
    assert {name for name, one in found.items() if not issubclass(one, MiExchangeError)} == INTERNAL


# What is decided once.


def test_the_loop_names_no_reason_but_what_a_cell_and_a_warning_are() -> None:
    says("docs/batch.md", "Only the form of an IMEI is implemented a second time (`batch/arrow/_imeis.py`)")
    says("docs/design.md", "which one device and the compiled loop both run")
    source = (PACKAGE / "batch" / "plan" / "_loop.py").read_text(encoding="utf-8")
    cell, warnings = {"INVALID_VALUE"}, {"TAC_UNKNOWN", "IMEI_UNVERIFIED"}
    assert set(re.findall(r"ReasonCode\.([A-Z0-9_]+)", source)) == cell | warnings


def test_the_tables_of_eight_programmes_are_kept() -> None:
    says("docs/spark.md", "caches those of the last eight programmes by digest")
    cached = [one for one in vars(_plan).values() if hasattr(one, "cache_parameters")]
    assert [one.cache_parameters()["maxsize"] for one in cached] == [8]


# Refusals and events.


def test_the_reference_says_what_cures_every_reason() -> None:
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    block = page.partition("<!-- reasons")[2].partition("<!-- end -->")[0]
    rows = re.findall(r"^\| `(.*?)` \| (.*?) \| (\d+) \| (.*) \|$", block, re.MULTILINE)
    assert rows == [(code.value, code.kind.value, str(code.status), code.cure) for code in ReasonCode]
    final = {code for code, _, _, cure in rows if cure.startswith("final")}
    assert final == {code.value for code in ReasonCode if code.is_final}


def test_there_are_fifteen_kinds_of_events() -> None:
    says("docs/reference.md", "any of the fifteen events below")
    assert len(EVENTS) == 15


# The package and its data.


def test_the_extras_are_those_that_the_readme_names() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"'\.\[([a-z]+)\]'", readme))
    extras = PROJECT["optional-dependencies"]
    assert named == extras.keys()
    says("README.md", "`pip install '.[cli]'` adds colours and Indian digit grouping (₹1,00,000.00) to the command")
    assert [re.split("[<>=]", one)[0] for one in extras["cli"]] == ["babel", "rich"]


def test_the_mistakes_that_the_readme_counts_are_there() -> None:
    text = (ROOT / "tests" / "data" / "mistakes.toml").read_text(encoding="utf-8")
    says("README.md", "the tests try more than 200 mistakes, one by one")
    assert len(tomllib.loads(text)) > 200


def test_amounts_are_grouped_the_indian_way_in_every_locale(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("miexchange.cli._output._can_write", lambda *_: True)
    assert writer(INR)(1_00_000_00) == "₹1,00,000.00"
    script = (
        "from miexchange.cli._output import writer; from miexchange import Currency; "
        "print(writer(Currency('INR'))(10000000).encode('ascii', 'replace').decode()[1:])"
    )
    said = {
        ran(script, tmp_path, LC_ALL=name, LANG=name, PYTHONUTF8="1") for name in ("C", "de_DE.UTF-8", "hi_IN.UTF-8")
    }
    assert said == {"1,00,000.00\n"}


def test_the_version_is_the_one_of_the_readme() -> None:
    says("README.md", f"Version {miexchange.__version__}.")


def test_what_is_needed_is_python_make_and_an_index() -> None:
    says("README.md", "Both need Python 3.11 or newer, make, and a package index that pip can reach")
    assert PROJECT["requires-python"] == ">=3.11"


def test_every_make_target_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8") + (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\bmake ([a-z-]+)(?=[`\n])", page))
    assert named >= {"demo", "test", "lint", "format", "bench", "prove", "lock"}
    assert {name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)} == set()


def test_the_order_of_the_modules_is_that_of_the_imports() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    listed = re.split(r",\s+", text.partition("only those to the left of it: ")[2].partition(". Tests")[0])
    public = [sorted(name for name in room if not name.startswith("_")) for room in ROOMS]
    assert listed == [name for room in public for name in room]


def test_every_module_stands_in_the_rooms_of_the_page() -> None:
    page = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"\w+", page.partition("\n## The rooms\n")[2].partition("\n## ")[0]))
    in_terms = {file.stem for file in (PACKAGE / "programme").glob("[a-z]*.py")}
    assert (FLOOR.keys() | ISLANDS | in_terms) - shown == set()


def test_the_rows_of_the_tac_table_are_counted_by_licence() -> None:
    says("README.md", "Of the 900 rows of `data/tac.csv`, 117 come from the Osmocom TAC database")
    says("README.md", "and 783 from SamloaderKotlin")
    with (ROOT / "data" / "tac.csv").open(encoding="utf-8", newline="") as lines:
        licences = [row["licence"] for row in csv.DictReader(lines)]
    assert (len(licences), licences.count("CC-BY-SA-3.0"), licences.count("MIT")) == (900, 117, 783)


def test_the_tables_have_as_many_rows_as_the_page_of_the_data_says() -> None:
    page = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    counts = re.findall(r"^\| `([a-z/_-]+\.csv)` \| ([0-9]+) \|", page, re.MULTILINE)
    assert len(counts) >= 10
    for name, count in counts:
        with (ROOT / "data" / name).open(encoding="utf-8", newline="") as lines:
            assert len(list(csv.DictReader(lines))) == int(count), name


def test_the_published_quote_and_the_formula(programme: Programme) -> None:
    says("README.md", "(₹10,550 for a OnePlus 3T) took part in no fit; the formula says ₹11,290.")
    says("README.md", "Three programmes ship with it: `mi-exchange-india`")
    assert set(shipped()) == {"mi-exchange-india", "graded-trade-in", "uk-trade-in"}
    quote = headline(PHONE, programme, at=datetime(2018, 3, 15, 12, tzinfo=UTC))
    assert isinstance(quote, Quote)
    assert quote.money.plain == "11290.00"
