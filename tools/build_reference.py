"""Make the reference tables of `data/` from a folder of collected facts.

    python tools/build_reference.py --facts DIR --listing FILE [--out data]

DIR holds `models.csv` (one row per variant: dates, launch price, its source), `list_prices.csv`
(dated new-phone prices) and `tacs.csv` (TAC to brand and name); beside DIR, `imei/` holds
`reporting_bodies.csv` and `placeholders.csv`. FILE is `ndtv_data_final.csv`, a public listing of
NDTV Gadgets. The facts are not part of the project; the tables made from them are, and every row
of them says where it comes from.

- `models.csv`: every variant whose RAM and storage are known. The variant id is brand, name, RAM
  and storage in lower case, each run of other characters one hyphen, '+' spelled 'plus', RAM below
  or between whole gigabytes in megabytes (`512mb`). Rupees become paise. The new-phone price is the
  MySmartPrice reading of on or before 8 November 2018, where there is one. A model has two
  SIMs where the listing says so of the same brand and name, whatever the memory size: the listing
  has one row for a model. Its other numbers are not taken: it says 1 of phones that were sold in
  India with two slots, such as the Oppo A3s. A name that differs in more than case, spaces and
  punctuation is another name.
- `tac.csv`: the TACs of catalogued models. Left out and counted: TACs of models that are not
  catalogued; TACs known to be bogus (placeholders and manipulated numbers that public TAC tables
  give a device); TACs that are all zeros after the Reporting Body Identifier.
- `reporting_bodies.csv`: the first two digits of a TAC, and what became of them.
- `placeholder_imeis.csv`: IMEIs that stand for no phone, as their first 14 digits.

No money is computed here beyond rupees times 100.
"""

from __future__ import annotations

import argparse
import csv
import re
from fractions import Fraction
from pathlib import Path

Row = dict[str, str]

NEW_PRICE_ON = "2018-11-08"
PAISE_PER_RUPEE = 100
MB_PER_GB = 1024
BODY_DIGITS = 14

BOGUS_TACS = frozenset({"00499901", "12345678", "12345600", "13579000", "35969800"})

SAMLOADER_PATH = "common/src/commonMain/moko-resources/files/tacs.csv"
TAC_SOURCES = {
    "osmocom_tacdb_2025.csv": (
        "Osmocom TAC database (github:nzukiegan/CoreXC-Reborn:tacdb.csv@c1be85a6)",
        "CC-BY-SA-3.0",
    ),
    "samloaderkotlin_tacs.csv": (
        f"SamloaderKotlin tacs.csv (github:zacharee/SamloaderKotlin:{SAMLOADER_PATH}@e4505172)",
        "MIT",
    ),
}

SIMS_SOURCE = "github:Edgarzhu7/Decoding-Smartphone-Prices:ndtv_data_final.csv"

RBI_SOURCE = "GSMA TS.06 v25.0 Appendix A, as listed at https://en.wikipedia.org/wiki/Reporting_Body_Identifier"
RBI_STATUS = {
    "allocating": "allocating",
    "reserved": "reserved",
    "test": "test",
    "no longer allocating": "historic",
}
RBI_BODIES = {
    "00": "test numbers, countries with a two-digit code",
    "01": "CTIA / PTCRB, United States",
    **{f"0{digit}": "test numbers, countries with a three-digit code" for digit in range(2, 10)},
    "10": "DECT equipment",
    "30": "Iridium satellite phones, United States",
    "33": "DGPT, France",
    "35": "TÜV SÜD BABT, United Kingdom",
    "44": "BABT, United Kingdom",
    "45": "NTA, Denmark",
    "49": "BZT / BAPT, Germany",
    "50": "BZT ETS, Germany",
    "51": "Cetecom ICT, Germany",
    "52": "Cetecom, Germany",
    "53": "TÜV, Germany",
    "54": "Phoenix Test Lab, Germany",
    "86": "TAF, China",
    "91": "MSAI, India",
    "98": "none (98000100 to 98007800 were given out once)",
    "99": "GHA (Global Hexadecimal Administrator), multi-mode 3GPP2 and 3GPP",
}

BLACKLIST = "app blacklist in public code"
LISTED = "on a public blacklist, which gives no reason"
PLACEHOLDERS = {
    "00000000000000": ("all zeros", "emulator tests and app blacklists in public code"),
    "11111111111111": ("one digit repeated", BLACKLIST),
    "01234567891234": ("counting sequence", BLACKLIST),
    "01234567890123": ("counting sequence", BLACKLIST),
    "12345678901234": ("counting sequence", "documentation placeholder in public code"),
    "88508850885050": ("four digits repeated", BLACKLIST),
    "52443443484950": ("not a well-formed IMEI", BLACKLIST),
    "85525027175943": ("not a well-formed IMEI", BLACKLIST),
    "00499901064000": (
        "generic number of a Samsung phone that lost its own",
        "app blacklist and TAC tables in public code",
    ),
    "00106800000000": ("test number, Reporting Body Identifier 00", BLACKLIST),
    "00440015202000": ("test number, Reporting Body Identifier 00", BLACKLIST),
    "35824005111111": (
        "Android emulator; the TAC is a real LG Nexus 5",
        "AOSP emulator, logs and fixtures in public code",
    ),
    "13579024681122": ("manipulated number", "TAC tables in public code"),
    "35969880159399": ("manipulated number", "TAC tables in public code"),
    "49015420323751": ("textbook example; the TAC is a real Nokia 3110", "Wikipedia's example IMEI"),
    "35693803564380": ("textbook example", "documentation placeholder in public code"),
}


def read(path: Path) -> list[Row]:
    """Return the rows of a CSV file, every cell as text."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def write(path: Path, columns: list[str], rows: list[Row]) -> None:
    """Write rows under a header, with line feeds, and say how many."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{path}: {len(rows)} rows")


def megabytes(gigabytes: str) -> int:
    """Return a size in MB of one written in GB with decimals, exactly.

    >>> megabytes("0.5"), megabytes("4")
    (512, 4096)
    """
    size = Fraction(gigabytes) * MB_PER_GB
    if size.denominator != 1:
        raise ValueError(gigabytes)
    return size.numerator


def variant_id(brand: str, name: str, ram_mb: int, storage_gb: str) -> str:
    """Return the id of a variant.

    >>> variant_id("Samsung", "Galaxy J1", 512, "4")
    'samsung-galaxy-j1-512mb-4'
    """
    gigabytes, rest = divmod(ram_mb, MB_PER_GB)
    ram = f"{ram_mb}mb" if rest else str(gigabytes)
    text = f"{brand} {name} {ram} {storage_gb}".lower().replace("+", " plus ")
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-")


def aliases(brand: str, name: str) -> list[str]:
    """Return the other names that a model goes by.

    The catalogue adds '(2015)' to Samsung models that were sold without a year, keeps the Yu and
    Zuk lines under Micromax and Lenovo, writes '+' as 'Plus' and '2nd Generation' as '(2nd Gen)'.
    """
    other: list[str] = []
    if brand == "Samsung" and name.endswith(" (2015)"):
        other.append(name.removesuffix(" (2015)"))
    if (brand == "Samsung" or (brand == "Vivo" and name.startswith("V"))) and " Plus" in name:
        other.append(name.replace(" Plus", "+"))
    if brand == "Micromax" and name.startswith("Yu "):
        other.append(name.removeprefix("Yu "))
    if brand == "Lenovo" and name.startswith("Zuk "):
        other.append(name.removeprefix("Zuk "))
    if brand == "Motorola" and name.endswith(" Gen)"):
        other.append(name.replace("(", "").replace("Gen)", "Generation"))
    if (brand, name) == ("Motorola", "Moto G (2nd Gen)"):
        other.append("Moto G 2")
    return other


def paise(rupees: str) -> str:
    """Return whole rupees as paise, or "" for a blank."""
    return str(int(rupees) * PAISE_PER_RUPEE) if rupees else ""


def spelt(name: str) -> str:
    """Return a name without case, spaces and punctuation.

    >>> spelt("Xiaomi Redmi 4A"), spelt("HTC U11+")
    ('xiaomiredmi4a', 'htcu11+')
    """
    return re.sub("[^0-9a-z+]", "", name.casefold())


def two_sims(listing: Path) -> set[str]:
    """Return the models that the listing gives two SIMs, by brand and name."""
    rows = [row for row in read(listing) if row["Number of SIMs"] == "2"]
    return {spelt(f"{row['Brand']} {row[key]}") for row in rows for key in ("Name", "Model")} | {
        spelt(row["Name"]) for row in rows
    }


def models(facts: Path, listing: Path) -> list[Row]:
    """Return the catalogue."""
    with_two = two_sims(listing)
    new_prices = {
        (price["brand"], price["name"], price["ram_gb"], price["storage_gb"]): price
        for price in read(facts / "list_prices.csv")
        if price["kind"] == "market_new" and price["observed_on"] == NEW_PRICE_ON
    }
    rows: list[Row] = []
    for fact in read(facts / "models.csv"):
        brand, name = fact["brand"], fact["name"]
        if not fact["ram_gb"] or not fact["storage_gb"]:
            print(f"left out, storage or RAM unknown: {brand} {name}")
            continue
        ram_mb = megabytes(fact["ram_gb"])
        price = new_prices.get((brand, name, fact["ram_gb"], fact["storage_gb"]))
        names = (name, *aliases(brand, name))
        has_two = not with_two.isdisjoint(spelt(f"{brand} {one}") for one in names)
        rows.append(
            {
                "category": "smartphone",
                "model": variant_id(brand, name, ram_mb, fact["storage_gb"]),
                "brand": brand,
                "name": name,
                "ram_mb": str(ram_mb),
                "storage_gb": fact["storage_gb"],
                "launched_on": fact["launched_on"],
                "launched_on_precision": fact["launched_on_precision"],
                "launch_price_minor": paise(fact["launch_price_inr"]),
                "new_price_minor": paise(price["price_inr"]) if price else "",
                "new_price_on": price["observed_on"] if price else "",
                "aliases": "|".join(aliases(brand, name)),
                "source": fact["source"],
                "new_price_source": price["source"] if price else "",
                "sims": "2" if has_two else "",
                "sims_source": SIMS_SOURCE if has_two else "",
            }
        )
    rows.sort(key=lambda row: row["model"])
    require_unique(rows)
    return rows


def require_unique(rows: list[Row]) -> None:
    """Refuse two variants with one id, and an alias that is another model's name.

    Raises:
        ValueError: there is such a variant or alias.
    """
    ids = [row["model"] for row in rows]
    if len(set(ids)) != len(ids):
        raise ValueError(sorted({one for one in ids if ids.count(one) > 1}))
    owner = {(row["brand"], row["name"].lower()): row["name"] for row in rows}
    for row in rows:
        for alias in filter(None, row["aliases"].split("|")):
            if owner.setdefault((row["brand"], alias.lower()), row["name"]) != row["name"]:
                raise ValueError(row["brand"], alias)


def tacs(facts: Path, catalogue: list[Row]) -> list[Row]:
    """Return the TACs of catalogued models, and say how many were left out."""
    known = {(row["brand"], row["name"]) for row in catalogue}
    rows: list[Row] = []
    not_catalogued = bogus = zeros = 0
    for fact in read(facts / "tacs.csv"):
        if (fact["brand"], fact["name"]) not in known:
            not_catalogued += 1
        elif fact["tac"] in BOGUS_TACS:
            bogus += 1
        elif fact["tac"].endswith("000000"):
            zeros += 1
        else:
            source, licence = TAC_SOURCES[fact["source"]]
            rows.append(
                {
                    "tac": fact["tac"],
                    "brand": fact["brand"],
                    "model": fact["name"],
                    "source": source,
                    "licence": licence,
                }
            )
    print(f"TACs left out: {not_catalogued} of models not catalogued, {bogus} bogus, {zeros} of zeros only")
    return sorted(rows, key=lambda row: row["tac"])


def reporting_bodies(imei: Path) -> list[Row]:
    """Return the Reporting Body Identifiers."""
    return [
        {
            "rbi": fact["rbi"],
            "body": RBI_BODIES[fact["rbi"]],
            "status": RBI_STATUS[fact["status"]],
            "source": RBI_SOURCE,
        }
        for fact in sorted(read(imei / "reporting_bodies.csv"), key=lambda fact: fact["rbi"])
    ]


def placeholders(imei: Path) -> list[Row]:
    """Return the placeholder IMEIs by their first 14 digits; shorter or other values are left out."""
    values = [fact["value"] for fact in read(imei / "placeholders.csv")]
    bodies = {value[:BODY_DIGITS] for value in values if re.fullmatch(r"[0-9]{14,}", value)}
    rows: list[Row] = []
    for body in sorted(bodies):
        why, source = PLACEHOLDERS.get(body, (LISTED, BLACKLIST))
        rows.append({"body": body, "why": why, "source": source})
    return rows


def main() -> None:
    """Write the four tables."""
    parser = argparse.ArgumentParser(description="Make the reference tables from collected facts.")
    parser.add_argument("--facts", type=Path, required=True, help="folder with models.csv, list_prices.csv, tacs.csv")
    parser.add_argument("--listing", type=Path, required=True, help="the public ndtv_data_final.csv")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[1] / "data")
    arguments = parser.parse_args()
    facts: Path = arguments.facts
    out: Path = arguments.out
    imei = facts.resolve().parent / "imei"
    catalogue = models(facts, arguments.listing)
    write(out / "models.csv", list(catalogue[0]), catalogue)
    for file, rows in (
        ("tac.csv", tacs(facts, catalogue)),
        ("reporting_bodies.csv", reporting_bodies(imei)),
        ("placeholder_imeis.csv", placeholders(imei)),
    ):
        write(out / file, list(rows[0]), rows)


if __name__ == "__main__":
    main()
