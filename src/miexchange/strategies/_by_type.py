"""The strategy of each public type."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from miexchange._zone import Zone
from miexchange.catalogue import Catalogue, Device, Variant
from miexchange.changes import Against, Change, Changes, Cure
from miexchange.condition import Condition, Grade, Grading, Option, Question, Questionnaire
from miexchange.coupon import Coupon, Order, OrderLine, Redemption
from miexchange.device_report import DeviceReport
from miexchange.eligibility import EligibleModels, Listing, RegisterAnswer, Verdict
from miexchange.errors import Problem
from miexchange.exchange import Exchange
from miexchange.imei import Imei
from miexchange.inspection import Examination, Inspection
from miexchange.market import Anchor, AnchorTable, Price, PriceTable
from miexchange.money import GREATEST_AMOUNT, Currency, Money
from miexchange.programme import ExchangeRules, Programme, Terms, UsageRules
from miexchange.quote import GrantedBonus, Quote, QuoteLine
from miexchange.refusal import Reason, Refusal
from miexchange.strategies._changes import against, changes, cures, single_changes
from miexchange.strategies._conditions import conditions, grades, gradings, options, questionnaires, questions
from miexchange.strategies._coupons import coupons, order_lines, orders, redemptions
from miexchange.strategies._enquiries import devices, quotes, reasons, refusals, register_answers, verdicts
from miexchange.strategies._exchanges import device_reports, examinations, exchanges, inspections
from miexchange.strategies._imeis import imeis, tac_tables
from miexchange.strategies._models import BRANDS, NAMES, catalogues, eligible_models, listings, variants
from miexchange.strategies._numbers import CURRENCIES, SOURCE, amounts, bounded, texts, tuples
from miexchange.strategies._prices import anchor_tables, anchors, price_tables, prices
from miexchange.strategies._programmes import PLACES, exchange_rules, programmes, terms, usage_rules
from miexchange.strategies._treatments import line_parts, treatment_tables, treatments
from miexchange.tac import TacDevice, TacTable
from miexchange.treatment import LineParts, Treatment, TreatmentTable
from miexchange.valuation import Replay, WorstCase

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hypothesis.strategies import SearchStrategy

__all__ = ["STRATEGIES"]

STRATEGIES: Mapping[type, Callable[[], SearchStrategy[Any]]] = MappingProxyType(
    {
        Against: against,
        Anchor: anchors,
        AnchorTable: anchor_tables,
        Catalogue: catalogues,
        Change: single_changes,
        Changes: changes,
        Condition: conditions,
        Coupon: coupons,
        Cure: cures,
        Currency: lambda: CURRENCIES,
        Device: devices,
        DeviceReport: device_reports,
        EligibleModels: eligible_models,
        Examination: examinations,
        Exchange: exchanges,
        ExchangeRules: exchange_rules,
        Grade: grades,
        Grading: gradings,
        GrantedBonus: lambda: st.builds(
            GrantedBonus,
            texts(),
            amounts() | bounded(GrantedBonus, "amount"),
            st.none() | texts(),
            st.none() | bounded(GrantedBonus, "quota"),
        ),
        Imei: imeis,
        Inspection: inspections,
        LineParts: line_parts,
        Listing: listings,
        Money: lambda: st.builds(Money, st.integers(-GREATEST_AMOUNT, GREATEST_AMOUNT), CURRENCIES),
        Option: options,
        Order: orders,
        OrderLine: order_lines,
        Price: prices,
        PriceTable: price_tables,
        Programme: programmes,
        Question: questions,
        Questionnaire: questionnaires,
        Quote: quotes,
        QuoteLine: lambda: st.builds(
            QuoteLine, texts(), st.integers(-GREATEST_AMOUNT, GREATEST_AMOUNT), texts(), texts()
        ),
        Reason: reasons,
        Redemption: redemptions,
        Refusal: refusals,
        RegisterAnswer: register_answers,
        Replay: lambda: tuples(texts()).map(Replay),
        TacDevice: lambda: st.builds(
            TacDevice, st.sampled_from(BRANDS), st.sampled_from(NAMES), st.just("") | st.just(SOURCE)
        ),
        TacTable: tac_tables,
        Terms: terms,
        Treatment: treatments,
        TreatmentTable: treatment_tables,
        UsageRules: usage_rules,
        Variant: variants,
        Verdict: verdicts,
        WorstCase: lambda: st.builds(
            WorstCase, bounded(WorstCase, "value"), bounded(WorstCase, "at_risk"), conditions(), tuples(texts())
        ),
        Problem: lambda: st.builds(Problem, texts(), st.none() | st.integers(1, 99), texts(), texts(), texts()),
        Zone: lambda: PLACES,
    }
)
"""Every public type with the function that returns its strategy."""
