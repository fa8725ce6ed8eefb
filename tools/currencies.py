"""Make `data/currencies.csv` from the list of currencies of ISO 4217.

    python tools/currencies.py LIST [--out data]

LIST is list one, the current currencies, as the maintenance agency publishes it in XML. Left out are funds, metals and
test codes, and what has other than 0, 2 or 3 decimals. A symbol is that of Unicode CLDR for English (by Babel) where it
is one character of its own.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from xml.etree import ElementTree as ET

from babel.numbers import get_currency_symbol

PAGE = "https://www.six-group.com/en/products-services/financial-information/data-standards.html"
DECIMALS = {"0", "2", "3"}


def main() -> None:
    """Read the list and write the table."""
    parser = argparse.ArgumentParser(description="Make data/currencies.csv from the list of ISO 4217.")
    parser.add_argument("list", type=Path)
    parser.add_argument("--out", type=Path, default=Path("data"))
    given = parser.parse_args()
    root = ET.parse(given.list).getroot()  # noqa: S314 - a file that the maintainer chose
    source = f"ISO 4217 list one of {root.attrib['Pblshd']}, SIX Financial Information: {PAGE}"
    rows: dict[str, tuple[str, ...]] = {}
    for entry in root.iter("CcyNtry"):
        code, decimals, name = (entry.find(tag) for tag in ("Ccy", "CcyMnrUnts", "CcyNm"))
        if code is None or decimals is None or name is None or "IsFund" in name.attrib or decimals.text not in DECIMALS:
            continue
        symbol = get_currency_symbol(code.text or "", locale="en")
        rows[code.text or ""] = (
            code.text or "",
            decimals.text or "",
            (name.text or "").strip(),
            symbol if len(symbol) == 1 else "",
            source,
        )
    with (given.out / "currencies.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("code", "decimals", "name", "symbol", "source"))
        writer.writerows(rows[code] for code in sorted(rows))


if __name__ == "__main__":
    main()
