"""Bring the catalogues of translations up to date with the texts of reasons.

    python tools/catalogues.py

It reads `data/reason_texts.csv` and writes `data/locales/<language>.po`, where translators work: each text on one line.
A text that is new has an empty translation until somebody writes it; one that is gone takes its translation along.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "data" / "locales"
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)  # a date of today would make every run another file
HEADER = """# What miexchange says of reasons, in {}.
# A word in braces is a value: keep it as it is. Digits are 0 to 9 in every language.
#"""


def texts() -> dict[str, list[str]]:
    """Return every text to translate, with the reasons that say it."""
    found: dict[str, list[str]] = {}
    with (ROOT / "data" / "reason_texts.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for part in ("message", "remedy"):
                reason = " ".join(filter(None, (row["code"] or "any reason", row["case"])))
                found.setdefault(row[part], []).append(f"{reason}: {part}")
    return found | {".": ["ends a sentence"]}


def catalogue(language: str, now: bytes) -> Catalog:
    """Return the catalogue of a language, with the translations that it has now."""
    old = read_po(BytesIO(now), locale=language)
    new = Catalog(
        language,
        project="miexchange",
        version="1",
        header_comment=HEADER.format(old.locale.get_display_name("en") if old.locale else language),
        creation_date=EPOCH,
        revision_date=EPOCH,
        msgid_bugs_address="the miexchange authors",
        last_translator="the miexchange authors",
        language_team="the miexchange authors",
        fuzzy=False,
    )
    for text, where in texts().items():
        known = old.get(text)
        new.add(text, known.string if known else "", auto_comments=where)
    return new


def written(language: str, now: bytes) -> bytes:
    """Return the catalogue of a language as it is kept."""
    file = BytesIO()
    write_po(file, catalogue(language, now), width=0)
    return file.getvalue()


def main() -> None:
    """Write the catalogue of each language."""
    for file in sorted(FOLDER.iterdir()):
        file.write_bytes(written(file.stem, file.read_bytes()))
        missing = sum(not message.string for message in read_po(BytesIO(file.read_bytes())) if message.id)
        print(f"{file.relative_to(ROOT)}: {missing} texts without a translation")


if __name__ == "__main__":
    main()
