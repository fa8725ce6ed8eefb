"""Trade-in pricing, exact to the minor unit: from an IMEI to a coupon, explained line by line.

>>> from datetime import UTC, datetime
>>> from miexchange import Device, Programme, headline
>>> programme = Programme.load("mi-exchange-india")
>>> quote = headline("oneplus-3t-6-64", programme, at=datetime(2018, 3, 15, 12, tzinfo=UTC))
>>> quote.label, quote.grade, quote.money.plain
('OnePlus 3T (6 GB, 64 GB)', 'A', '11290.00')
"""

from importlib import import_module
from typing import TYPE_CHECKING

from miexchange._zone import Zone
from miexchange.catalogue import Catalogue, Device, Variant
from miexchange.condition import Condition, Grade, Grading, Option, Question, Questionnaire
from miexchange.device_report import DeviceReport
from miexchange.eligibility import EligibleModels, ImeiStatus, Listing, RegisterAnswer, Verdict
from miexchange.errors import (
    DataError,
    InvalidImei,
    InvalidValue,
    MiExchangeError,
    Problem,
    ProgrammeNotFoundError,
    VersionError,
)
from miexchange.imei import Imei
from miexchange.market import Anchor, AnchorTable, Price, PriceTable
from miexchange.money import Currency, Money
from miexchange.programme import ExchangeRules, Programme, Terms, UsageRules, lint
from miexchange.quote import GrantedBonus, Quote, QuoteLine
from miexchange.refusal import Reason, ReasonCode, ReasonKind, Refusal
from miexchange.tac import TacDevice, TacTable
from miexchange.treatment import LineParts, Treatment, TreatmentTable
from miexchange.valuation import Replay, WorstCase, appraise, appraise_many, headline, replay, worst_case

if TYPE_CHECKING:
    from miexchange.changes import Against, Change, Changes, Cure, what_would_change
    from miexchange.coupon import Coupon, CouponStanding, Order, OrderLine, Redemption, coupon_for, issue
    from miexchange.exchange import Exchange, accept
    from miexchange.inspection import Examination, Inspection

__version__ = "0.1.0"

__all__ = [
    "Against",
    "Anchor",
    "AnchorTable",
    "Catalogue",
    "Change",
    "Changes",
    "Condition",
    "Coupon",
    "CouponStanding",
    "Cure",
    "Currency",
    "DataError",
    "Device",
    "DeviceReport",
    "EligibleModels",
    "Examination",
    "Exchange",
    "ExchangeRules",
    "Grade",
    "Grading",
    "GrantedBonus",
    "Imei",
    "ImeiStatus",
    "Inspection",
    "InvalidImei",
    "InvalidValue",
    "LineParts",
    "Listing",
    "MiExchangeError",
    "Money",
    "Option",
    "Order",
    "OrderLine",
    "Price",
    "PriceTable",
    "Problem",
    "Programme",
    "ProgrammeNotFoundError",
    "Question",
    "Questionnaire",
    "Quote",
    "QuoteLine",
    "Reason",
    "ReasonCode",
    "ReasonKind",
    "Redemption",
    "Refusal",
    "RegisterAnswer",
    "Replay",
    "TacDevice",
    "TacTable",
    "Terms",
    "Treatment",
    "TreatmentTable",
    "UsageRules",
    "Variant",
    "Verdict",
    "VersionError",
    "WorstCase",
    "Zone",
    "accept",
    "appraise",
    "appraise_many",
    "coupon_for",
    "headline",
    "issue",
    "lint",
    "replay",
    "what_would_change",
    "worst_case",
]

_LATER = ("coupon", "inspection", "events", "exchange", "changes")
"""What comes after a quote. Importing it takes a sixth of the whole time, so it is imported on first use."""

if not TYPE_CHECKING:  # where any name would be one of the module's

    def __getattr__(name: str) -> object:
        """Return a public name of a module of `_LATER`, or the module."""
        for later in _LATER if name in {*__all__, *_LATER} else ():
            module = import_module(f"{__name__}.{later}")
            if name == later or name in module.__all__:
                return globals().setdefault(name, module if name == later else getattr(module, name))
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names only."""
    return __all__
