"""Every TAC of a table in every state of a few answers, valued in one call.

Reads the Osmocom TAC database (22,527 rows) if it lies beside the checkout, or the given file,
and else the table that ships with the package.

python examples/tac_table.py [FILE]
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pandas as pd

from miexchange import Programme, Quote, TacTable, headline
from miexchange.batch import appraise_frame

OSMOCOM = Path(__file__).resolve().parents[2] / "shared" / "data" / "tac" / "osmocom_tacdb_2025.csv"
AT = datetime(2018, 3, 20, 12, tzinfo=UTC)

programme = Programme.load("graded-trade-in")
file = Path(sys.argv[1]) if len(sys.argv) > 1 else OSMOCOM
table = TacTable.read(file) if file.exists() else programme.tacs
print(table)

# A model for each TAC: the smallest variant of the family that the table's name means.
catalogue = programme.catalogue
smallest = {variant.family: variant.model for variant in reversed(catalogue.variants)}
models = [smallest.get(catalogue.family_of(device.brand, device.model) or "", device.model) for _, device in table]
tacs = pd.DataFrame({"tac": [tac for tac, _ in table], "model": models})

best = headline("oneplus-3t-6-64", programme, at=AT)
if not isinstance(best, Quote):
    sys.exit(best.explain())
states = pd.DataFrame(
    product(["unmarked", "deep_scratches", "cracked"], ["unmarked", "light_wear", "cracked"], ["good", "worn", "weak"]),
    columns=["screen_glass", "body", "battery"],
)
book = tacs.merge(states, how="cross")
book = book.assign(warranty=None, **{name: answer for name, answer in best.condition.items() if name not in states})

appraise_frame(book[:1], programme, at=AT)  # the first call compiles the loop
begin = time.perf_counter()
values = appraise_frame(book, programme, at=AT)
print(f"{len(book):,} rows valued in {time.perf_counter() - begin:.2f} s")
print(values.reasons[values.outcome == "refused"].value_counts().head(3).to_string())

worth = book.join(values)[values.outcome == "indicative"]
mean = worth.pivot_table("exchange_value_minor", "screen_glass", "body", observed=True) / 100
print(mean.astype(float).round(0).to_string())
