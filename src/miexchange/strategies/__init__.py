"""Hypothesis strategies for every public type: what property-based tests of shops and services draw from.

They come with the extra ``testing``. Hypothesis finds them by itself once the package is
installed, so ``st.from_type(Imei)`` works without an import of this module. What is drawn is valid
unless its name says otherwise (`mistyped_imeis`, `hostile_conditions`, `hostile_enquiries`), and it
shrinks to what a person likes to read: the best answers, round rupees, one order line.

>>> from hypothesis import find
>>> find(imeis(), lambda imei: True).digits
'350000000000006'
>>> find(orders(), lambda order: True).total_paise
100000
"""

from __future__ import annotations

import miexchange as _core


def register() -> None:
    """Tell hypothesis which strategy belongs to which type; its entry point calls this.

    A strategy is built when somebody first asks for its type, so this costs next to nothing.

    >>> from hypothesis import find, strategies as st
    >>> from miexchange import Order
    >>> register()
    >>> len(find(st.from_type(Order), lambda order: True).lines)
    1
    """
    from hypothesis import strategies as st  # noqa: PLC0415 - hypothesis calls this while it is being imported

    def of_type(kind: type) -> st.SearchStrategy[object]:
        return STRATEGIES[kind]()

    for name in _core.__all__:
        kind = getattr(_core, name)
        if isinstance(kind, type) and not issubclass(kind, Exception | str):
            st.register_type_strategy(kind, of_type)


# Importing hypothesis calls `register`, which therefore stands above whatever imports hypothesis.
from miexchange.strategies._by_type import STRATEGIES  # noqa: E402 - as above
from miexchange.strategies._conditions import (  # noqa: E402 - as above
    conditions,
    grades,
    gradings,
    hostile_conditions,
    options,
    questionnaires,
    questions,
)
from miexchange.strategies._coupons import coupons, order_lines, orders, redemptions  # noqa: E402 - as above
from miexchange.strategies._enquiries import (  # noqa: E402 - as above
    Enquiry,
    devices,
    enquiries,
    hostile_enquiries,
    quotes,
    reasons,
    refusals,
    verdicts,
)
from miexchange.strategies._imeis import all_imeis, imei_texts, imeis, mistyped_imeis, tac_tables  # noqa: E402 - as above
from miexchange.strategies._models import catalogues, eligible_models, listings, variants  # noqa: E402 - as above
from miexchange.strategies._numbers import amounts, instants  # noqa: E402 - as above
from miexchange.strategies._prices import anchor_tables, anchors, price_tables, prices  # noqa: E402 - as above
from miexchange.strategies._programmes import programmes, terms, usage_rules  # noqa: E402 - as above

__all__ = [
    "STRATEGIES",
    "Enquiry",
    "all_imeis",
    "amounts",
    "anchor_tables",
    "anchors",
    "catalogues",
    "conditions",
    "coupons",
    "devices",
    "eligible_models",
    "enquiries",
    "grades",
    "gradings",
    "hostile_conditions",
    "hostile_enquiries",
    "imei_texts",
    "imeis",
    "instants",
    "listings",
    "mistyped_imeis",
    "options",
    "order_lines",
    "orders",
    "price_tables",
    "prices",
    "programmes",
    "questionnaires",
    "questions",
    "quotes",
    "reasons",
    "redemptions",
    "refusals",
    "register",
    "tac_tables",
    "terms",
    "usage_rules",
    "variants",
    "verdicts",
]
