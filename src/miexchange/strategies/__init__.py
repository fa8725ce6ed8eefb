"""Hypothesis strategies for every public type, for property-based tests of shops and services.

They come with the extra ``testing``. Hypothesis finds them by itself once the package is
installed, so ``st.from_type(Imei)`` works without an import of this module. The values are valid
unless its name says otherwise (`mistyped_imeis`, `hostile_conditions`, `hostile_enquiries`), and they
shrink to readable ones: the best answers, round rupees, one order line.

>>> from hypothesis import find
>>> find(imeis(), lambda imei: True).digits
'350000000000006'
>>> find(orders(), lambda order: True).total_minor
100000
"""

from __future__ import annotations

from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING, Any

import miexchange as _core
from miexchange._extras import extra
from miexchange._value import Value

if TYPE_CHECKING:
    from miexchange.strategies._by_type import STRATEGIES
    from miexchange.strategies._conditions import (
        conditions,
        grades,
        gradings,
        hostile_conditions,
        options,
        questionnaires,
        questions,
    )
    from miexchange.strategies._coupons import coupons, order_lines, orders, redemptions
    from miexchange.strategies._enquiries import (
        Enquiry,
        devices,
        enquiries,
        hostile_enquiries,
        quotes,
        reasons,
        refusals,
        register_answers,
        verdicts,
    )
    from miexchange.strategies._exchanges import (
        History,
        device_reports,
        events,
        examinations,
        exchanges,
        histories,
        inspections,
    )
    from miexchange.strategies._frames import frame_of, frames
    from miexchange.strategies._imeis import all_imeis, imei_texts, imeis, mistyped_imeis, tac_tables
    from miexchange.strategies._models import catalogues, eligible_models, listings, variants
    from miexchange.strategies._near import READERS, NearMiss, near_misses
    from miexchange.strategies._numbers import amounts, instants
    from miexchange.strategies._prices import anchor_tables, anchors, price_tables, prices
    from miexchange.strategies._programmes import exchange_rules, programmes, terms, usage_rules
    from miexchange.strategies._shown import programme_of
    from miexchange.strategies._treatments import line_parts, treatment_tables, treatments

__all__ = [
    "READERS",
    "STRATEGIES",
    "Enquiry",
    "History",
    "NearMiss",
    "all_imeis",
    "amounts",
    "anchor_tables",
    "anchors",
    "catalogues",
    "conditions",
    "coupons",
    "device_reports",
    "devices",
    "eligible_models",
    "enquiries",
    "events",
    "examinations",
    "exchange_rules",
    "exchanges",
    "frame_of",
    "frames",
    "grades",
    "gradings",
    "histories",
    "hostile_conditions",
    "hostile_enquiries",
    "imei_texts",
    "imeis",
    "inspections",
    "instants",
    "line_parts",
    "listings",
    "mistyped_imeis",
    "near_misses",
    "options",
    "order_lines",
    "orders",
    "price_tables",
    "prices",
    "programme_of",
    "programmes",
    "questionnaires",
    "questions",
    "quotes",
    "reasons",
    "redemptions",
    "refusals",
    "register",
    "register_answers",
    "tac_tables",
    "terms",
    "treatment_tables",
    "treatments",
    "usage_rules",
    "variants",
    "verdicts",
]

_PARTS = (
    "by_type",
    "conditions",
    "coupons",
    "enquiries",
    "exchanges",
    "frames",
    "imeis",
    "models",
    "near",
    "numbers",
    "prices",
    "programmes",
    "shown",
    "treatments",
)


def register() -> None:
    """Register the strategy of each type with hypothesis; its entry point calls this.

    Every import of hypothesis runs this, so it loads no strategy: a strategy is made when
    its type is first used.

    >>> from hypothesis import find, strategies as st
    >>> from miexchange import Order
    >>> register()
    >>> len(find(st.from_type(Order), lambda order: True).lines)
    1
    """
    from hypothesis import strategies as st  # noqa: PLC0415 - hypothesis calls this while it is being imported
    from hypothesis.vendor.pretty import for_type_by_name  # noqa: PLC0415 - likewise

    def of_type(asked: type) -> Any:  # noqa: ANN401 - a strategy, or NotImplemented
        # from_type(object), or of another base of ours, must not resolve to programmes and price lists.
        strategies = import_module(f"{__name__}._by_type").STRATEGIES
        return strategies[asked]() if asked in strategies else NotImplemented

    def printed(value: object, printer: object, cycle: bool) -> None:  # noqa: FBT001 - as Hypothesis calls it
        import_module(f"{__name__}._shown").printer_of(type(value))(value, printer, cycle)

    for name in _core.__all__:
        kind = getattr(_core, name)
        if isinstance(kind, type) and not issubclass(kind, Exception | str):
            st.register_type_strategy(kind, of_type)
        if isinstance(kind, type) and issubclass(kind, _core.Programme | Value | Enum):
            for_type_by_name(kind.__module__, kind.__name__, printed)
    for_type_by_name(f"{__name__}._enquiries", "Enquiry", printed)
    for_type_by_name(f"{__name__}._exchanges", "History", printed)


def __getattr__(name: str) -> object:
    """Load a strategy on first use; see `register`."""
    if name in __all__:
        for part in _PARTS:
            with extra("testing", __name__):
                module = import_module(f"{__name__}._{part}")
            if name in module.__all__:
                globals()[name] = getattr(module, name)
                return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names only."""
    return __all__
