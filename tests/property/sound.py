"""Sound arguments for every door: what one trade, one book and one ledger are made of.

An argument is found by the door and the name of its parameter, by the name alone, or in the fields of an object of the
type that is constructed. `arguments` fails for a parameter for which nothing is known, and says what to add.
"""

from __future__ import annotations

import inspect
import shutil
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from functools import cache, cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from miexchange import (
    Anchor,
    AnchorTable,
    Changes,
    Device,
    DeviceReport,
    Exchange,
    ImeiStatus,
    LineParts,
    Money,
    PriceTable,
    Problem,
    Programme,
    Reason,
    ReasonCode,
    Refusal,
    RegisterAnswer,
    Treatment,
    TreatmentTable,
    Zone,
    _data,
    appraise,
    batch,
    events,
    exchange,
    headline,
    ledger,
    losses,
    pricelists,
    programme,
    prove,
    replay,
    simulator,
    tuning,
    what_would_change,
)
from miexchange._value import Value
from miexchange.cases import Case, Cover
from miexchange.condition import Deduction, Finding
from miexchange.eligibility import Verdict, assess
from miexchange.imei import ReportingBody
from miexchange.inspection import ChangedAnswer, Conflict
from miexchange.market import Gap
from miexchange.programme import AgeBand, Authority, Bonus, CustomerClass, DaysOff, Limit, Overlap, ScrapValue
from miexchange.strategies import Enquiry, History, NearMiss
from miexchange.tuning.adapter import AdditiveRegressor, CurveRegressor
from miexchange.tuning.curve import Estimator
from shipped import shipped_programme
from unit import small, trade, tuned

if TYPE_CHECKING:
    from collections.abc import Callable

    from property.doors import Door

__all__ = ["SOUND", "arguments", "example", "json_of"]

AT = small.AT
NEXT = AT + timedelta(hours=1)
REPORT = '{"locks": {"factory_reset_protection": false}, "imeis": ["354178036859789"], "battery": {"health": 90}}'


class _Sound:
    """Objects that a trade, a fit and a ledger leave behind; each is made when it is first asked for."""

    @cached_property
    def folder(self) -> Path:
        return Path(mkdtemp(prefix="doors-"))

    @cached_property
    def proofs(self) -> prove.Proofs:
        phone = prove.Phone(small.MODEL, AT, AT, 10_000, trade.SAID, (("display", 5),), bonuses_given=(("b", 1),))
        found = prove.Counterexample("it pays more", phone, 1_000, phone, 2_000)
        proof = prove.Proof("worse_answer", "2018", "glass: marked after best", "refuted", found)
        return prove.Proofs(self.programme.id, self.programme.digest, ("worse_answer",), (proof,))

    @cached_property
    def bonus(self) -> Bonus:
        return Bonus("launch", "Launch bonus", amount_minor=50_000, quota=10)

    @cached_property
    def programme(self) -> Programme:
        terms = trade.terms_of(age_bands=(AgeBand(0, 10_000),), bonuses=(self.bonus,), overlaps=(self.overlap,))
        plain = small.programme(terms, anchors={"display": 100_000})
        priced = PriceTable.of([price.replace(source="a shop") for price in plain.prices.prices])
        repairs = AnchorTable.of([anchor.replace(source="a shop") for anchor in plain.anchors.anchors])
        return replace(plain, prices=priced, anchors=repairs, treatments=self.treatments)

    @cached_property
    def cheaper(self) -> Programme:
        return replace(self.programme, terms=(self.programme.terms[0].replace(factor_bps=9_000),))

    @cached_property
    def refusal(self) -> Any:
        return appraise(self.device, trade.SAID.replace(accounts="present"), self.programme, at=AT)

    @cached_property
    def changes(self) -> Changes:
        said = trade.SAID.replace(accounts="present")
        return what_would_change(self.refusal, self.programme, device=self.device, condition=said, at=AT)

    @cached_property
    def treatments(self) -> TreatmentTable:
        return TreatmentTable.of(
            [
                Treatment("exchange_value", small.BEGIN, "payment", "a rule"),
                Treatment("bonus:launch", small.BEGIN, "discount", "a rule"),
                Treatment("resale", small.BEGIN, "margin", "a rule"),
            ]
        )

    @cached_property
    def overlap(self) -> Overlap:
        return Overlap("battery", "display", 5_000)

    @cached_property
    def device(self) -> Device:
        return Device(small.MODEL, small.IMEI, small.IMEI2, date(2019, 1, 1))

    @cached_property
    def issued(self) -> Exchange:
        made = exchange.accept(self.quote, self.programme, account=trade.ACCOUNT, at=AT, key=small.KEY)
        assert isinstance(made, Exchange)
        return made

    @cached_property
    def quote(self) -> Any:
        return appraise(self.device, trade.SAID, self.programme, at=AT, key=small.KEY)

    @cached_property
    def inspected(self) -> Exchange:
        return trade.after(self.issued, events.Reserve(NEXT, trade.ORDER, trade.ACCOUNT), self.inspect)

    @cached_property
    def inspect(self) -> events.Inspect:
        return events.Inspect(NEXT + timedelta(hours=1), trade.ORDER.id, trade.found(1_000_000))

    @cached_property
    def adjusted(self) -> Exchange:
        return trade.after(self.inspected, events.Agree(NEXT + timedelta(hours=2), trade.ACCOUNT))

    def store(self, name: str) -> ledger.Ledger:
        """Return a ledger with one exchange, in a file of its own."""
        path = self.folder / f"{name}.db"
        with suppress(FileNotFoundError):
            path.unlink()
        store = ledger.open(str(path), key=small.KEY, create=True)
        made = store.accept(self.quote, self.programme, account=trade.ACCOUNT, at=AT, idempotency_key="sound")
        assert isinstance(made, Exchange)
        return store

    @cached_property
    def books(self) -> ledger.Ledger:
        return self.store("door")

    @cached_property
    def checkpoint(self) -> ledger.Checkpoint:
        with self.store("checkpoint") as store:
            return store.checkpoint(NEXT)

    @cached_property
    def inclusion(self) -> object:
        with self.store("inclusion") as store:
            return store.inclusion(self.issued.code, store.checkpoint(NEXT))

    @cached_property
    def book(self) -> pd.DataFrame:
        return tuning.simulate_book(tuned.graded(), 40, seed=1, at=tuned.AT, models=5)

    @cached_property
    def priced(self) -> Path:
        """A directory with a small programme, and a draft beside it."""
        place = Path(shutil.copytree(Path(__file__).parents[1] / "data" / "programme_base", self.folder / "priced"))
        pricelists.write_draft(self.listed, place)
        return place

    @cached_property
    def cases(self) -> Path:
        """A file with a worked case."""
        place = self.folder / "cases.toml"
        place.write_text(f'[[case]]\nrule = "A"\nmodel = "{small.MODEL}"\nat = {AT.isoformat()}\n', encoding="utf-8")
        return place

    @cached_property
    def listed(self) -> pricelists.PriceList:
        return pricelists.PriceList.of([pricelists.ListPrice("acme-one-4-64", 890_000, "observed", "a shop", AT)])

    @cached_property
    def deals(self) -> pd.DataFrame:
        return tuning.simulate_deals(tuned.graded(), 60, seed=1, at=tuned.AT, models=8)

    @cached_property
    def market(self) -> pd.DataFrame:
        return tuning.simulate_market(120, seed=1)

    @cached_property
    def curve(self) -> tuning.DepreciationCurve:
        return tuning.DepreciationCurve().fit(self.market)

    @cached_property
    def lists(self) -> pd.DataFrame:
        return tuning.simulate_lists(3, seed=1, models=2)

    @cached_property
    def timed(self) -> tuning.DepreciationCurve:
        columns = {"new_price_col": None, "brand_col": None, "year_col": None, "day_col": "on", "variant_col": "model"}
        known = self.lists.attrs["truth"]["launches"]
        return tuning.DepreciationCurve().fit(self.lists, **columns, launches=known)  # type: ignore[arg-type]

    @cached_property
    def settled(self) -> pd.DataFrame:
        """Deals beside what a table says of them."""
        rows = self.lists[["price", "on", "model"]].head(40)
        cents = (100 * rows["price"]).astype(int)
        return rows.drop(columns="price").assign(expected_minor=cents, price_minor=cents * 101 // 100)

    @cached_property
    def drift(self) -> tuning.Drift:
        return tuning.DriftMonitor(by=("model",)).fit(self.settled).watch(self.settled)

    @cached_property
    def quotes(self) -> tuple[pd.DataFrame, tuple[tuning.Scale, ...]]:
        return tuning.simulate_quotes(20, seed=1)

    @cached_property
    def deductions(self) -> tuning.DeductionModel:
        return tuning.DeductionModel(self.quotes[1]).fit(self.quotes[0])

    @cached_property
    def backtest(self) -> tuning.Backtest:
        return tuning.backtest(tuned.graded(), self.deals, split=tuning.ByDevice(folds=2), at=tuned.AT)

    @cached_property
    def comparison(self) -> tuning.Comparison:
        return tuning.what_if(tuned.graded(), {"prices": 9_000}, self.book, at=tuned.AT)

    @cached_property
    def inspections(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        return tuning.simulate_inspections(tuned.graded(), 40, seed=1, at=tuned.AT, models=5, again=0.5)

    @cached_property
    def as_quoted(self) -> tuning.PaidAsQuoted:
        return tuning.paid_as_quoted(self.inspections[0], tuned.graded(), at=tuned.AT)

    @cached_property
    def offers(self) -> pd.DataFrame:
        return tuning.simulate_offers(200, seed=1)

    @cached_property
    def acceptance(self) -> tuning.AcceptanceModel:
        return tuning.AcceptanceModel().fit(self.offers)

    @cached_property
    def panel(self) -> pd.DataFrame:
        return tuning.simulate_panel(3, 120, seed=1, launches=[date(2018, 2, 1)])

    @cached_property
    def locks(self) -> tuning.LockRisk:
        return tuning.LockRisk(launches=[date(2018, 2, 1)]).fit(self.panel)

    @cached_property
    def open_quotes(self) -> pd.DataFrame:
        return pd.DataFrame({"day": [date(2018, 4, 20), date(2018, 4, 23)], "value_minor": [100_000, 200_000]})

    @cached_property
    def wanted(self) -> pd.DataFrame:
        return self.quotes[0][self.quotes[0]["findings"] != "clean"].head(10)

    @cached_property
    def observations(self) -> pd.DataFrame:
        return tuning.simulate_observations(tuned.graded(), 60, seed=1, models=5, graded=True)

    @cached_property
    def fitted(self) -> tuning.FittedProgramme:
        return tuning.fit_programme(
            self.folder / "fitted",
            tuned.graded(),
            prices=tuned.prices(),
            id="tuned",
            title="Tuned",
            version="2018-06",
            effective_from=tuned.ON,
        )

    @cached_property
    def devices(self) -> pd.DataFrame:
        return pd.DataFrame([{"model": small.MODEL, "imei": small.IMEI, "at": AT, **dict(trade.SAID)}] * 3)

    def csv(self, frame: pd.DataFrame, name: str) -> Path:
        path = self.folder / name
        frame.to_csv(path, index=False)
        return path


SOUND = _Sound()


@cache
def _examples() -> dict[type, Any]:
    """Return an object of every type that one trade is made of, found in what it leaves behind."""
    found: dict[type, Any] = {}
    verdict = assess(
        SOUND.device,
        catalogue=SOUND.programme.catalogue,
        brands=SOUND.programme.brands,
        categories=SOUND.programme.categories,
        eligible=SOUND.programme.eligible,
        tacs=SOUND.programme.tacs,
        terms=SOUND.programme.terms[0].eligibility,
        on=AT.date(),
        imei_status=ImeiStatus.CLEAR,
        exchange_open=False,
        device_exchanged=False,
    )
    question = trade.QUESTIONS[0]
    roots: list[object] = [
        SOUND.adjusted,
        SOUND.programme,
        SOUND.device,
        verdict,
        SOUND.programme.terms[0].questionnaire.grade(trade.SAID, small.VARIANT),
        trade.seen(),
        DeviceReport.parse(REPORT),
        Refusal((Reason(ReasonCode.PRICE_MISSING, "There is no price", "Add one", "market"),)),
        Anchor(small.MODEL, "display", AT, 100, "observed"),
        Finding(question, question.options[1]),
        Deduction(amount_minor=100),
        CustomerClass("gold", 10_000),
        Limit("twice-a-year", "account", 2, 365),
        DaysOff(AT, NEXT, "a holiday"),
        ScrapValue("brand", "Acme", 5_000),
        Authority("agent", 20_000, 50_000, 30),
        question.options[1].replace(deduction=None),
        Gap(small.MODEL, AT, NEXT),
        LineParts(3, 1_000, 100, 0, 29_900),
        RegisterAnswer(ImeiStatus.CLEAR, "CEIR", AT, "r-17"),
        Money(1_000, small.INR),
        ChangedAnswer("glass", "best", "marked", -15_000, ()),
        Conflict("glass", "best", "marked", ""),
        ReportingBody("35", "BABT", "allocating", "a register"),
        replay(SOUND.quote, SOUND.programme),
        exchange.TRANSITIONS[0],
        exchange.acceptance(SOUND.quote, SOUND.programme, account=trade.ACCOUNT, at=AT, key=small.KEY),
        events.Release(NEXT, trade.ORDER.id),
        SOUND.inspect,
        events.Reserve(NEXT, trade.ORDER, trade.ACCOUNT),
        events.Agree(NEXT, trade.ACCOUNT),
        events.Decline(NEXT, trade.ACCOUNT),
        events.Complete(NEXT, trade.ORDER.id),
        events.Expire(NEXT),
        events.Void(NEXT, "lost"),
        events.Identify(NEXT, "file 7", "invoice 17"),
        events.Send(NEXT, trade.ORDER.id),
        events.Attempt(NEXT, trade.ORDER.id, "visit 1"),
        events.Wipe(NEXT, "purge", "certificate 9"),
        events.Override(NEXT, trade.ORDER.id, 900_000, "agent", "p-7", "goodwill"),
        events.Reverse(NEXT, trade.ORDER.id),
        Enquiry(SOUND.device, trade.SAID, SOUND.programme, AT),
        Problem("a.csv", 1, "model", "is missing", "Add it"),
        batch.Summary(1, 1, 0, 0, 1, 1, (), (batch.Share("Acme", 1, 1, 1),), (batch.Share("A", 1, 1, 1),)),
        batch.Refused(ReasonCode.PRICE_MISSING, 1),
        batch.Progress(1, 1, 1),
        SOUND.checkpoint,
        SOUND.inclusion,
        ledger.Exposure(AT.date(), 1, 1, trade.ORDER.currency),
        ledger.Sweep(0, 0),
        ledger.Forgotten(0),
        ledger.Difference("state", SOUND.issued.code, "", "void", "issued", 2, small.INR),
        ledger.Reconciliation(1, 1),
        ledger.Exported(1),
        ledger.Observed("accept", "made", None, 1),
        next(device for _, device in SOUND.programme.tacs),  # a table makes its devices when they are looked up
        SOUND.books.find()[0],
        SOUND.books.events()[0],
        ledger.Verification(1, 1, ()),
        ledger.DeviceStanding(),
        ledger.Unread(2, "haggle", NEXT, "{}", None, "0" * 64, "a newer version wrote it"),
        ledger.Entry(1, events.Expire(NEXT), None, "0" * 64),
        SOUND.quotes[1][0],
        pricelists.Form(),
        SOUND.listed,
        SOUND.listed.prices[0],
        pricelists.PriceChange("acme-one-4-64", None, 890_000),
        pricelists.ListDiff((pricelists.PriceChange("acme-one-4-64", 1, 2),), 0, ("b",), ("doubt",)),
        pricelists.Publication(AT, NEXT, 1, "0" * 64),
        pricelists.Reading(SOUND.listed, (), 1, ()),
        tuning.ByDevice(),
        tuning.ByTime(date(2018, 5, 1)),
        SOUND.backtest,
        SOUND.comparison,
        SOUND.as_quoted,
        SOUND.drift,
        SOUND.drift.monitor,
        SOUND.acceptance,
        SOUND.acceptance.best(SOUND.offers, step_minor=1_000),
        SOUND.locks,
        SOUND.locks.forecast(SOUND.open_quotes, on=date(2018, 4, 20), draws=100),
        SOUND.locks.replay(SOUND.panel, lock=5, since=date(2018, 4, 1)),
        tuning.next_quotes(SOUND.deductions, SOUND.wanted),
        SOUND.curve,
        SOUND.deductions,
        SOUND.fitted,
        tuned.observed(),
        tuned.prices(),
        tuning.PriceTableBuilder(),
        tuning.diff(tuned.graded().prices, tuned.graded().prices, at=tuned.AT),
        Estimator(),
        AdditiveRegressor().fit(np.ones((20, 1)), np.ones(20)),
        CurveRegressor().fit(SOUND.market, SOUND.market["price"]),
        SOUND.proofs,
        Case(rule="A rule", at=AT, model=small.MODEL),
        Cover((), 0, 0, 0),
        History(Enquiry(SOUND.device, trade.SAID, SOUND.programme, AT), trade.ACCOUNT, AT, small.KEY),
        prove.Progress("reach", "2018", 1),
        SOUND.changes,
        programme.diff(SOUND.programme, SOUND.cheaper, at=AT),
        losses.losses(SOUND.programme, SOUND.cheaper, at=AT),
        tuning.sensitivity(SOUND.devices, SOUND.programme),
    ]
    while roots:
        one = roots.pop(0)
        if isinstance(one, tuple):
            roots.extend(one)
            continue
        known = type(one).__module__.startswith("miexchange")
        if not known or type(one) in found:
            continue
        found[type(one)] = one
        if is_dataclass(one):
            roots.extend(getattr(one, field.name) for field in fields(one))
    assert verdict.__class__ is Verdict
    return found


MADE: dict[type, Callable[[], Any]] = {
    ledger.Ledger: lambda: SOUND.books,
    Zone: lambda: Zone("Asia/Kolkata"),
    simulator.Report: lambda: simulator.simulate(seed=1, steps=20),
    simulator.Violation: lambda: simulator.Violation(
        "a law", "what was seen", 1, 0, 5, 20, 2, is_plain=False, history=("a line",)
    ),
    NearMiss: lambda: NearMiss("Imei.parse", "355", "a digit is lost", is_refused=True),
    tuning.Exposure: lambda: BY_DOOR["tuning.exposure"](),  # noqa: PLW0108 - it is filled later
}
"""Sound objects of types whose fields alone make none."""


def example(kind: type) -> Any:
    """Return a sound object of a public type."""
    if kind in MADE:
        return MADE[kind]()
    found = _examples()
    assert kind in found, f"tests/property/sound.py: add an example of {kind.__name__}"
    return found[kind]


def _by_name() -> dict[str, Any]:
    code = SOUND.issued.code
    return {
        "account": trade.ACCOUNT,
        "accounts": (),
        "amount": 1_000,
        "answers": dict(trade.SAID),
        "anything": small.IMEI,
        "arguments": ["imei", small.IMEI],
        "as_of": date(2018, 6, 30),
        "at": AT,
        "base": tuned.graded(),
        "book": SOUND.book,
        "bonus": SOUND.bonus,
        "brand": "Acme",
        "brands": frozenset({"Acme"}),
        "bought": AT,
        "before": AT,
        "after": AT,
        "by": "brand",
        "catalogue": SOUND.programme.catalogue,
        "categories": SOUND.programme.categories,
        "currency": small.INR,
        "money": Money(1_000, small.INR),
        "day": AT.date(),
        "zone": SOUND.programme.zone,
        "begun": [AT],
        "change": {"prices": 9_000},
        "checkpoint": SOUND.checkpoint,
        "code": code,
        "column": pd.Series([small.IMEI, "x", None]),
        "component": "display",
        "condition": trade.SAID,
        "coupon": SOUND.issued.coupon,
        "curve": SOUND.curve,
        "cut": date(2018, 5, 1),
        "data": SOUND.market,
        "dates": [tuned.ON],
        "deals": SOUND.deals,
        "budget_minor": 1_000,
        "factors_bps": [9_000, 10_000],
        "offers": SOUND.offers,
        "panel": SOUND.panel,
        "wanted": SOUND.wanted,
        "device": SOUND.device,
        "device_exchanged": False,
        "digest": SOUND.programme.digest,
        "device_tokens": SOUND.issued.coupon.device_tokens,
        "df": SOUND.devices,
        "effective_from": tuned.ON,
        "eligible": SOUND.programme.eligible,
        "event": events.Reserve(NEXT, trade.ORDER, trade.ACCOUNT),
        "events": [exchange.acceptance(SOUND.quote, SOUND.programme, account=trade.ACCOUNT, at=AT, key=small.KEY)],
        "exchange": SOUND.issued,
        "exchange_open": False,
        "family": SOUND.programme.catalogue.variants[0].family,
        "frame": SOUND.devices,
        "given": {"launch": 1},
        "id": "tuned",
        "identity": "file 7",
        "ownership": "invoice 17",
        "method": "purge",
        "certificate": "certificate 9",
        "idempotency_key": "again",
        "imei": trade.IMEI,
        "imei_status": ImeiStatus.CLEAR,
        "inspection": trade.seen(),
        "key": small.KEY,
        "keys": (small.KEY,),
        "max_age": timedelta(days=45),
        "model": small.MODEL,
        "models": pd.Series([small.MODEL, "x"]),
        "name": "One",
        "observations": tuned.observed(),
        "on": AT.date(),
        "order": trade.ORDER,
        "other": 1,
        "public_key": SOUND.checkpoint.public_key,
        "part": "exchange_value",
        "purchase_minor": 1_000,
        "selling_minor": 2_000,
        "units": 1,
        "predicted": pd.Series([100, 200]),
        "actual": pd.Series([110, 190]),
        "programme": SOUND.programme,
        "question": "glass",
        "quote": SOUND.quote,
        "quotes": SOUND.quotes[0],
        "reason": "lost",
        "role": "agent",
        "person": "p-7",
        "exchange_value": 900_000,
        "more": 1_000,
        "granted": [(AT, 1_000)],
        "reasons": (Reason(ReasonCode.PRICE_MISSING, "There is no price", "Add one", "market"),),
        "rows": 20,
        "devices": 10,
        "seed": 1,
        "series": None,
        "shortfall": 100,
        "found": 100,
        "since": AT,
        "days": 3,
        "table": SOUND.programme.tacs,
        "tacs": SOUND.programme.tacs,
        "target": None,
        "terms": SOUND.programme.terms[0],
        "text": small.IMEI,
        "title": "Tuned",
        "value": 1_000,
        "variant": small.VARIANT,
        "version": "2018-06",
        "weights": [1, 2],
    }


def _paired() -> Any:
    answer = headline("oneplus-3t-6-64", tuned.graded(), at=tuned.AT)
    coupon = SOUND.issued.coupon
    return tuning.exposure([(coupon, SOUND.quote)], SOUND.programme, at=NEXT), answer


BY_DOOR: dict[str, Any] = {"tuning.exposure": lambda: _paired()[0]}


def _by_door() -> dict[str, dict[str, Any]]:
    """Return the arguments that mean something else at one door than their name does elsewhere."""
    prices = SOUND.programme.prices
    uk = shipped_programme("uk-trade-in")
    return {
        "Anchor.table": {},
        "appraise_many": {"phones": [(SOUND.device, trade.SAID)]},
        "AnchorTable.of": {"rows": SOUND.programme.anchors.anchors},
        "TreatmentTable.of": {"rows": SOUND.treatments.treatments},
        "TreatmentTable.read": {
            "source": SOUND.csv(pd.DataFrame([row.to_dict() for row in SOUND.treatments.treatments]), "t.csv")
        },
        "LineParts.returned": {"before": 1},
        "PriceTable.of": {"rows": prices.prices},
        "PriceTable.read": {"source": SOUND.csv(pd.DataFrame([price.to_dict() for price in prices.prices]), "p.csv")},
        "AnchorTable.read": {
            "source": SOUND.csv(pd.DataFrame([row.to_dict() for row in SOUND.programme.anchors.anchors]), "a.csv")
        },
        "Catalogue.read": {"source": _data.folder() / "models.csv"},
        "EligibleModels.read": {"source": _data.folder() / "programmes/graded-trade-in/eligible_models.csv"},
        "TacTable.read": {"source": _data.folder() / "tac.csv"},
        "TacTable.of": {"rows": [(small.IMEI[:8], "Acme", "One")]},
        "Programme.load": {"source": "graded-trade-in"},
        "prove.load": {"source": "graded-trade-in"},
        "prove.prove": {"laws": ["within_price"], "seconds": 20},
        "prove.certify": {
            "directory": uk.save(SOUND.folder / "certified"),
            "proofs": prove.Proofs(uk.id, uk.digest, ("worse_answer", "worse_fact", "dearer_market"), ()),
        },
        "lint": {"source": "graded-trade-in"},
        "Programme": {**vars_of(SOUND.programme)},
        "Programme.save": {"directory": SOUND.folder / "saved"},
        "Programme.from_json": {"text": SOUND.programme.to_json()},
        "Programme.from_dict": {"data": SOUND.programme.to_dict()},
        "batch.prices_as_of": {"table": prices, "at": pd.Series([AT, AT])},
        "Catalogue.search": {"text": "One"},
        "Catalogue.tac_reading": {"device": next(iter(SOUND.programme.tacs))[1]},
        "Catalogue.nearest": {"text": "Ohne"},
        "Condition.from_json": {"text": trade.SAID.to_json()},
        "Condition.from_device_report": {"text": REPORT},
        "DeviceReport.parse": {"text": REPORT},
        "Imei": {"digits": small.IMEI},
        "Imei.from_body": {"text": small.IMEI[:14]},
        "Imei.from_imeisv": {"text": small.IMEI[:14] + "01"},
        "ImeiStatus": {"value": "clear"},
        "CouponStanding": {"value": "unused"},
        "ReasonCode": {"value": "price_missing"},
        "exchange.State": {"value": "issued"},
        "coupon.normal_code": {"text": SOUND.issued.code},
        "Currency": {"code": "INR"},
        "Zone": {"key": "Asia/Kolkata"},
        "Money.read": {"text": "1,234.50", "currency": small.INR},
        "Questionnaire.asked_of": {},
        "Questionnaire.best": {},
        "Questionnaire.as_options": {"answers": {"glass": "whole"}},
        "Questionnaire.as_asked": {},
        "Questionnaire.answer_unknown": {"answer": "lost"},
        "exchange.split_order": {"coupons": [SOUND.issued.coupon]},
        "exchange.begin": {"event": exchange.acceptance(SOUND.quote, SOUND.programme, **ACCEPTED)},
        "batch.appraise_file": {
            "source": SOUND.csv(SOUND.devices.assign(at=AT.isoformat()), "devices.csv"),
            "target": SOUND.folder / "values.csv",
            "force": True,
        },
        "batch.Summary.total": {"parts": [example(batch.Summary)]},
        "ledger.open": {"url": str(SOUND.folder / "open.db")},
        "ledger.migrate": {"url": str(SOUND.folder / "migrate.db")},
        "ledger.verify": {"ledger": example(ledger.Ledger)},
        "ledger.export": {"ledger": example(ledger.Ledger), "path": SOUND.folder / "x.parquet", "overwrite": True},
        "ledger.reconcile": {
            "ledger": example(ledger.Ledger),
            "source": SOUND.csv(pd.DataFrame({"code": [SOUND.issued.code]}), "theirs.csv"),
        },
        "ledger.Ledger.release": {"order": trade.ORDER.id},
        "ledger.Ledger.complete": {"order": trade.ORDER.id},
        "ledger.Ledger.reverse": {"order": trade.ORDER.id},
        "ledger.Ledger.inspect": {"order": trade.ORDER.id},
        "ledger.Ledger.send": {"order": trade.ORDER.id},
        "ledger.Ledger.attempt": {"order": trade.ORDER.id, "reference": "visit 1"},
        "ledger.Ledger.override": {"order": trade.ORDER.id},
        "ledger.Ledger.standing_of": {},
        "ledger.Ledger.accept_many": {
            "items": [
                {
                    "quote": SOUND.quote,
                    "programme": SOUND.programme,
                    "account": trade.ACCOUNT,
                    "at": AT,
                    "idempotency_key": "x",
                }
            ]
        },
        "simulator.simulate": {"seed": 1, "steps": 20},
        "simulator.replay": {"violation": example(simulator.Violation)},
        "simulator.shorten": {"violation": example(simulator.Violation), "tries": 1},
        "what_would_change": {
            "answer": SOUND.refusal,
            "condition": trade.SAID.replace(accounts="present"),
            "imei_status": ImeiStatus.UNVERIFIED,
        },
        "changes.what_would_change": {
            "answer": SOUND.refusal,
            "condition": trade.SAID.replace(accounts="present"),
            "imei_status": ImeiStatus.UNVERIFIED,
        },
        "losses.losses": {"old": SOUND.programme, "new": SOUND.cheaper, "seconds": 5},
        "programme.diff": {"old": SOUND.programme, "new": SOUND.cheaper},
        "tuning.sensitivity": {"book": SOUND.devices, "at": None},
        "programme.doubts": {"source": SOUND.priced},
        # Like a small one: what is written is loaded, for each of a thousand tries.
        "programme.new_programme": {"directory": SOUND.folder / "new", "begins": AT.date(), "like": SOUND.programme},
        "pricelists.PriceList.of": {"rows": SOUND.listed.prices},
        "pricelists.PriceList.read": {"source": SOUND.priced / pricelists.DRAFT},
        "pricelists.read": {"source": SOUND.priced / pricelists.DRAFT, "form": pricelists.Form()},
        "pricelists.read_book": {
            "source": SOUND.csv(pd.DataFrame({"model": ["x"], "at": [AT.isoformat()]}), "book.csv")
        },
        "pricelists.read_draft": {"directory": SOUND.priced},
        "pricelists.write_draft": {"prices": SOUND.listed, "directory": SOUND.priced},
        "pricelists.programme_of": {"source": SOUND.priced},
        "pricelists.diff": {"prices": SOUND.listed},
        "pricelists.cost": {"prices": SOUND.listed, "programme": tuned.graded(), "at": tuned.AT},
        "pricelists.publish": {"prices": SOUND.listed, "directory": SOUND.priced, "begins": None},
        "pricelists.rollback": {"directory": SOUND.priced},
        "report.book_report": {"programme": tuned.graded(), "at": tuned.AT},
        "cases.read_cases": {"path": SOUND.cases},
        "cases.differences": {"path": SOUND.cases},
        "laws.assert_compatible": {"old": SOUND.programme, "new": SOUND.programme},
        "laws.assert_spent_once": {"ledger": example(ledger.Ledger)},
        "laws.assert_replays": {"quotes": [SOUND.quote]},
        "tuning.compare": {"a": tuned.graded(), "b": tuned.graded(), "at": tuned.AT},
        "tuning.what_if": {"programme": tuned.graded(), "at": tuned.AT},
        "tuning.backtest": {"programme": tuned.graded(), "at": tuned.AT},
        "tuning.paid_as_quoted": {"inspections": SOUND.inspections[0], "programme": tuned.graded(), "at": tuned.AT},
        "tuning.agreement": {"looks": pd.concat(SOUND.inspections)},
        "tuning.inspections_of": {"exchanges": [trade.completed()]},
        "tuning.simulate_inspections": {"programme": tuned.graded(), "at": tuned.AT},
        "tuning.PaidAsQuoted.by": {"name": "store"},
        "tuning.plots.changed_answers": {"report": SOUND.as_quoted},
        "tuning.diff": {"before": tuned.graded().prices, "after": tuned.graded().prices, "at": tuned.AT},
        "tuning.exposure": {"coupons": [(SOUND.issued.coupon, SOUND.quote)], "at": NEXT},
        "tuning.fit_programme": {"directory": SOUND.folder / "out", "prices": tuned.prices(), "observations": None},
        "tuning.score_by": {"rows": SOUND.backtest.rows},
        "tuning.simulate_book": {"programme": tuned.graded(), "at": tuned.AT},
        "tuning.simulate_deals": {"programme": tuned.graded(), "at": tuned.AT},
        "tuning.simulate_observations": {"programme": tuned.graded()},
        "tuning.Observations.read": {"source": SOUND.observations, "catalogue": tuned.graded().catalogue},
        "tuning.ByDevice.split": {"on": pd.Series(pd.Timestamp("2018-04-20"), index=SOUND.deals.index)},
        "tuning.ByTime.split": {
            "on": pd.Series(pd.date_range("2018-04-20", periods=len(SOUND.deals)), index=SOUND.deals.index)
        },
        "tuning.DriftMonitor.fit": {"deals": SOUND.settled},
        "tuning.DriftMonitor.watch": {"deals": SOUND.settled},
        "tuning.plots.drift": {"report": SOUND.drift},
        "tuning.simulate_lists": {"years": 3, "models": 2},
        "tuning.DepreciationCurve.aging": {"before": np.zeros(1), "after": np.ones(1)},
        "tuning.DepreciationCurve.typical": {"ages": np.ones(1)},
        "tuning.AcceptanceModel.predict": {"data": SOUND.offers},
        "tuning.AcceptanceModel.predict_interval": {"data": SOUND.offers},
        "tuning.AcceptanceModel.best": {"devices": SOUND.offers, "step_minor": 1_000},
        "tuning.AcceptanceModel.by_factor": {
            "programme": SOUND.programme,
            "book": SOUND.devices.drop(columns="imei").assign(market_minor=1_000_000, resale_minor=1_100_000),
        },
        "tuning.LockRisk.by_day": {"on": date(2018, 4, 20)},
        "tuning.LockRisk.drift_bps_per_day": {"on": date(2018, 4, 20)},
        "tuning.LockRisk.forecast": {"book": SOUND.open_quotes, "on": date(2018, 4, 20), "draws": 100},
        "tuning.LockRisk.replay": {"since": date(2018, 4, 1), "lock": 5},
        "tuning.simulate_panel": {"models": 2},
        "tuning.next_quotes": {"model": SOUND.deductions},
        "tuning.plots.acceptance": {"model": SOUND.acceptance},
        "tuning.plots.collected": {"report": example(tuning.QuotePlan)},
        "tuning.plots.lock_risk": {"report": example(tuning.OpenRisk)},
        "tuning.DeductionModel.predict": {"data": SOUND.quotes[0]},
        "tuning.DeductionModel.predict_interval": {"data": SOUND.quotes[0]},
        "tuning.DeductionModel.anchor": {"data": SOUND.quotes[0], "family": "glass"},
        "tuning.prior_of": {"terms": tuned.graded().terms[-1]},
        "tuning.scales_of": {"terms": tuned.graded().terms[-1]},
        "tuning.Backtest.by": {"name": "brand"},
        "tuning.Comparison.by": {"name": "brand"},
        "tuning.plots.calibration": {"report": SOUND.backtest},
        "tuning.plots.residuals": {"report": SOUND.backtest},
        "tuning.plots.comparison": {"report": SOUND.comparison},
        "tuning.adapter.AdditiveRegressor.fit": {"X": np.ones((20, 1)), "y": np.ones(20)},
        "tuning.adapter.AdditiveRegressor.predict": {"X": np.ones((20, 1))},
        "tuning.adapter.CurveRegressor.fit": {"X": SOUND.market, "y": np.ones(len(SOUND.market))},
        "tuning.adapter.CurveRegressor.predict": {"X": SOUND.market},
    }


ACCEPTED: dict[str, Any] = {"account": trade.ACCOUNT, "at": AT, "key": small.KEY}


def vars_of(one: object) -> dict[str, Any]:
    """Return the fields that a dataclass is constructed of."""
    return {field.name: getattr(one, field.name) for field in fields(one) if field.init}  # type: ignore[arg-type]


@cache
def _names() -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    return _by_name(), _by_door()


@cache
def arguments(door: Door) -> dict[str, Any]:
    """Return sound arguments for the parameters of a door that must be given, and for some that may be."""
    names, doors = _names()
    given = dict(doors.get(door.name, {}))
    kind = door.verb if inspect.isclass(door.verb) else getattr(door.verb, "__self__", None)
    if inspect.isclass(kind) and is_dataclass(kind) and kind is door.verb and kind is not Programme:
        given = vars_of(example(kind)) | given
    if inspect.isclass(kind) and issubclass(kind, Value) and "text" not in given and door.name.endswith("from_json"):
        given["text"] = json_of(example(kind))
    if inspect.isclass(kind) and issubclass(kind, Value) and door.name.endswith("from_dict"):
        given["data"] = example(kind).to_dict()
    for parameter in door.parameters:
        if parameter.kind in {parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL} or parameter.name in given:
            continue
        if parameter.default is parameter.empty:
            assert parameter.name in names, f"tests/property/sound.py: add {parameter.name!r} of {door.name}"
            given[parameter.name] = names[parameter.name]
    return given


def json_of(value: Value) -> str:
    """Return the whole JSON form of a value, with IMEIs."""
    whole = {"reveal_imei": True} if "reveal_imei" in inspect.signature(value.to_json).parameters else {}
    return value.to_json(**whole)
