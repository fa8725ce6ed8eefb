"""Writing a programme as the directory that an operator keeps: the way back from `Programme.load`."""

from __future__ import annotations

import csv
import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from miexchange.programme import Programme, Terms


def write_programme(programme: Programme, directory: Path) -> None:
    """Write every file of the programme; loading the directory must give the same programme."""
    offset = programme.zone.utcoffset(None)
    head: dict[str, Any] = {
        "id": programme.id,
        "title": programme.title,
        "utc_offset_minutes": int(offset.total_seconds()) // 60,
        "brands": sorted(programme.brands),
        "models": "models.csv",
        "tacs": "tac.csv",
        "eligible_models": "eligible_models.csv",
        "market_prices": "market_prices.csv",
    }
    if programme.anchors.anchors:
        head["repair_anchors"] = "repair_anchors.csv"
    text = "".join(f"{key} = {_toml(value)}\n" for key, value in head.items())
    for terms in programme.terms:
        text += _terms(terms, directory)
    (directory / "programme.toml").write_text(text, encoding="utf-8")
    write_table(
        directory / "models.csv",
        (
            "model",
            "brand",
            "name",
            "ram_mb",
            "storage_gb",
            "launched_on",
            "launch_price_paise",
            "aliases",
            "source",
            "sims",
        ),
        ({**variant.to_dict(), "aliases": "|".join(variant.aliases)} for variant in programme.catalogue.variants),
    )
    tacs = [{"tac": tac, **device.to_dict()} for tac, device in programme.tacs]
    write_table(directory / "tac.csv", ("tac", "brand", "model", "source"), tacs)
    listings = (listing.to_dict() for listing in programme.eligible)
    write_table(directory / "eligible_models.csv", ("model", "listed_from", "listed_until", "source"), listings)
    dated = ("effective_from", "effective_until", "basis", "source")
    prices = (price.to_dict() for price in programme.prices.prices)
    write_table(directory / "market_prices.csv", ("model", "price_paise", *dated), prices)
    anchors = (anchor.to_dict() for anchor in programme.anchors.anchors)
    write_table(directory / "repair_anchors.csv", ("model", "component", "amount_paise", *dated), anchors)


def _terms(terms: Terms, directory: Path) -> str:
    """Return the ``[[terms]]`` section, and write the tables that it names."""
    names = {key: f"{key}-{terms.version}" for key in ("questions", "condition", "grades")}
    grades = [{**grade.to_dict(), "grade": grade.id} for grade in terms.grades]
    columns = ("grade", "keep_bps", "ctia", "r2", "meaning", "source")
    write_table(directory / names["grades"], columns, grades)
    bank = {"version": terms.questionnaire.version}
    text = "".join(f"{key} = {_toml(value)}\n" for key, value in bank.items())
    rows, asked = [], ""
    for question in terms.questionnaire.questions:
        text += "\n[[question]]\n"
        for key in ("id", "ask", "component", "axis", "optional", "source"):
            text += f"{key} = {_toml(getattr(question, key))}\n"
        text += f"options = {_toml([{'id': option.id, 'says': option.says} for option in question.options])}\n"
        for option in question.options:
            deduction = option.deduction
            rows.append(
                {
                    "question": question.id,
                    "option": option.id,
                    "gate": "refuse" if option.gate else "",
                    "grade": terms.grades[option.grade].id if option.grade else "",
                    "keep_bps": option.keep_bps,
                    "deduct_paise": deduction.paise if deduction else "",
                    "deduct_bps": deduction.share_bps if deduction else "",
                    "anchor": deduction.anchor if deduction else "",
                    "weight_bps": deduction.weight_bps if deduction else "",
                    "extra_paise": option.extra_paise,
                    "source": option.source,
                }
            )
            if option.gate:
                rows[-1]["keep_bps"] = rows[-1]["extra_paise"] = ""
        if question.asked_brands or question.asked_launched_from:
            asked += f"\n[[terms.asked]]\nquestion = {_toml(question.id)}\n"
            asked += f"brands = {_toml(question.asked_brands)}\n" if question.asked_brands else ""
            since = question.asked_launched_from
            asked += f"launched_from = {_toml(since)}\n" if since else ""
    (directory / names["questions"]).write_text(text, encoding="utf-8")
    write_table(directory / names["condition"], tuple(rows[0]), rows)
    settings: dict[str, Any] = {"version": terms.version, "effective_from": terms.effective_from, **names}
    for key in ("quote_valid_hours", "price_max_age_days", "factor_bps", "scrap_paise", "step_paise"):
        settings[key] = getattr(terms, key)
    settings["drift_bps_per_day"] = terms.drift_bps_per_day
    settings["source"] = terms.source
    settings["age_bands"] = [band.to_dict() for band in terms.age_bands]
    written = "\n[[terms]]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in settings.items())
    written += _section("[terms.eligibility]", terms.eligibility.to_dict()) + asked
    written += "".join(_section("[[terms.overlaps]]", overlap.to_dict()) for overlap in terms.overlaps)
    for bonus in terms.bonuses:
        dates = {key: getattr(bonus, key) for key in ("begins", "ends")}
        written += _section("[[terms.bonuses]]", {**bonus.to_dict(), **dates})
    if terms.exchange is not None:
        written += _section("[terms.exchange]", terms.exchange.to_dict())
    return written + _section("[terms.usage]", terms.usage.to_dict())


def _section(name: str, data: dict[str, Any]) -> str:
    lines = (f"{key} = {_toml(value)}\n" for key, value in data.items() if value is not None)
    return f"\n{name}\n{''.join(lines)}"


def _toml(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_toml(item)}' for key, item in value.items())} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)


def write_table(path: Path, columns: tuple[str, ...], rows: Any) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
