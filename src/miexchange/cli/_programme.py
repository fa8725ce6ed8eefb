"""`miexchange programme`: check a programme's files, and show its rules."""

import dataclasses
from collections.abc import Callable
from typing import Annotated, Any

import typer

from miexchange._questions import BETWEEN, together
from miexchange._text import counted
from miexchange.cli import _given, _output
from miexchange.cli._options import At, Json
from miexchange.condition import Deduction, Option, Question
from miexchange.money import BPS, percent
from miexchange.programme import Programme, Terms, UsageRules, doubts, shipped
from miexchange.programme import lint as problems_of
from miexchange.programme.rules import BONUSES, OVERLAPS, RETENTIONS
from miexchange.programme.scrap import in_words

__all__ = ["lint", "show", "usage_rows"]


def lint(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A programme's directory, or a shipped programme's id.")],
    *,
    strict: Annotated[
        bool, typer.Option("--strict", help="Treat warnings as problems: what is legal and surely wrong.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check a programme before it goes live; list every problem as file:line, what is wrong, and the remedy.

    A programme without problems is also checked for values that are legal but surely wrong, such as a price ten times
    its last one: these are warnings. The exit code is 0 without problems and 2 otherwise. With --json: a list of both,
    each with its severity.
    """
    source = _given.programme_source(path)
    problems = problems_of(source)
    warnings = () if problems else doubts(source)
    if strict:
        problems, warnings = problems + warnings, ()
    if as_json:
        found = [dataclasses.asdict(problem) for problem in problems]
        found += [{**dataclasses.asdict(warning), "severity": "warning"} for warning in warnings]
        _output.write_json(found)
    else:
        _output.say_lines(str(problem) for problem in problems)
        _output.say_lines(f"warning: {warning}" for warning in warnings)
        said = f", {counted(len(warnings), 'warning')}" if warnings else ""
        files = len({problem.file for problem in problems})
        count = f"{counted(len(problems), 'problem')} in {counted(files, 'file')}"
        _output.say_lines([f"{path}: {count}: it must not go live" if problems else f"{path}: no problems{said}"])
    raise typer.Exit(2 if problems else 0)


def show(
    programme: Annotated[str, typer.Argument(metavar="ID", help="A shipped programme, or a directory.")] = (
        "mi-exchange-india"
    ),
    *,
    at: At = None,
    as_json: Json = False,
) -> None:
    """Show a programme: its terms, brands, price dates and digest, its questions with their effects, its coupon.

    The questions and the coupon are those of the terms in force at --at, or of the first terms before any are.
    """
    rules = _given.programme(programme)
    moment = _given.instant(at, "--at", rules.zone)
    terms = rules.terms_at(moment) or rules.terms[0]
    if as_json:
        _output.write_json(_as_data(rules, terms), rules.currency)
        return
    write = _output.writer(rules.currency)
    _show_head(rules)
    _show_terms(rules)
    _show_grades(terms)
    _show_questions(terms, write)
    _output.say()
    _output.say(f"Coupon, terms {terms.version}", style="bold")
    _output.say_facts(usage_rows(terms.usage, write))
    if terms.bonuses:
        _output.say()
        _output.say(f"Bonuses, terms {terms.version}", style="bold")
        _output.say_facts(zip(terms.bonus_by_id, BONUSES.rows(terms, write), strict=True))


def _as_data(rules: Programme, terms: Terms) -> dict[str, Any]:
    return {
        "id": rules.id,
        "title": rules.title,
        "digest": rules.digest,
        "utc_offset": f"{rules.zone}",
        "currency": rules.currency.code,
        "price_step_minor": rules.price_step_minor,
        "categories": sorted(rules.categories),
        "brands": sorted(rules.brands),
        "counts": _counts(rules),
        "price_dates": _dates(rules),
        "price_bases": sorted({price.basis for price in rules.prices}),
        "shown_terms": terms.version,
        "terms": [one.to_dict() for one in rules.terms],
    }


def _counts(rules: Programme) -> dict[str, int]:
    return {
        "models": len(rules.catalogue),
        "listings": len(rules.eligible),
        "prices": len(rules.prices),
        "anchors": len(rules.anchors),
        "tacs": len(rules.tacs),
    }


def _dates(rules: Programme) -> list[str]:
    return sorted({price.effective_from.astimezone(rules.zone).date().isoformat() for price in rules.prices})


def _show_head(rules: Programme) -> None:
    counts = _counts(rules)
    bases = " and ".join(sorted({price.basis for price in rules.prices}))
    _output.say(rules.title, style="bold")
    rows = [
        ("id", rules.id),
        ("digest", rules.digest),
        ("zone", f"{rules.zone}"),
        ("brands", ", ".join(sorted(rules.brands))),
        ("listed", f"{counts['listings']} variants, of {counts['models']} in the catalogue"),
        ("prices", f"{counts['prices']}, {bases}, which begin on {', '.join(_dates(rules))}"),
        ("anchors", f"{counts['anchors']} repair costs"),
        ("TACs", f"{counts['tacs']}"),
    ]
    if rules.id in shipped():
        rows.append(("others", ", ".join(name for name in shipped() if name != rules.id)))
    _output.say_facts(rows)


def _show_terms(rules: Programme) -> None:
    write = _output.writer(rules.currency)
    rows: list[tuple[str, ...]] = [
        ("in force from", *(_output.moment(one.effective_from, rules.zone) for one in rules.terms)),
        ("quote holds", *(f"{one.quote_valid_hours} hours" for one in rules.terms)),
        ("price is fresh", *(f"{one.price_max_age_days} days" for one in rules.terms)),
        ("operator's share", *(percent(one.factor_bps) for one in rules.terms)),
        ("scrap value", *(in_words(one.scrap_minor, one.scrap_values, write) for one in rules.terms)),
        ("rounded down to", *(write(one.step_minor) for one in rules.terms)),
        ("unknown TAC", *(one.eligibility.unknown_tac for one in rules.terms)),
        ("unverified IMEI", *(one.eligibility.unverified_imei for one in rules.terms)),
        ("second IMEI", *(one.eligibility.second_imei for one in rules.terms)),
        ("seal of a quote", *(one.quote_seal for one in rules.terms)),
        (
            "questions",
            *(
                f"{len(together(one.questionnaire.questions))}, version {one.questionnaire.version}"
                for one in rules.terms
            ),
        ),
    ]
    rows += [
        (rule.title, *(", ".join(rule.rows(one, write)) for one in rules.terms))
        for rule in (*RETENTIONS, OVERLAPS)
        if any(map(rule.is_used, rules.terms))
    ]
    _output.say()
    _output.say("Terms", style="bold")
    columns = [_output.Column("", no_wrap=True), *(_output.Column(one.version) for one in rules.terms)]
    _output.say_table(columns, rows)


def _show_grades(terms: Terms) -> None:
    _output.say()
    _output.say(f"Grades, terms {terms.version}", style="bold")
    rows = [(grade.id, percent(grade.keep_bps), grade.meaning) for grade in terms.grades]
    columns = [_output.Column("Grade"), _output.Column("Keeps", justify="right"), _output.Column("Meaning")]
    _output.say_table(columns, rows)


def _show_questions(terms: Terms, write: Callable[[int], str]) -> None:
    _output.say()
    _output.say(f"Questions, terms {terms.version}: answer with --answer question=option", style="bold")
    for question in together(terms.questionnaire.questions):
        notes = ["optional"] if question.optional else []
        if question.id in terms.questionnaire.several:
            notes.append(f"several choices, with {BETWEEN} between them")
        models = (*question.asked_brands, *question.asked_models, *question.asked_categories)
        if models:
            notes.append(f"asked of {', '.join(models)} only")
        if question.asked_features:
            notes.append(f"asked of models with {' or '.join(question.asked_features)}")
        if question.asked_launched_from:
            notes.append(f"asked of models launched from {question.asked_launched_from} on")
        if question.asked_after:
            notes.append(f"asked after {question.asked_after}={' or '.join(question.asked_answers)}")
        note = f" ({'; '.join(notes)})" if notes else ""
        _output.say(f"{question.id}{note}: {question.ask}", indent=2)
        rows = [(_named(option, question), _effect(option, terms, write), option.says) for option in question.options]
        columns = [_output.Column(no_wrap=True), _output.Column(min_width=12), _output.Column()]
        _output.say_table(columns, rows, header=False, indent=4)


def _named(option: Option, question: Question) -> str:
    """Return the id of an answer, and the numbers that are it."""
    return option.id if option.least is None else f"{option.id}, {option.least}-{option.most} {question.unit}".rstrip()


def _effect(option: Option, terms: Terms, write: Callable[[int], str]) -> str:
    """Say what an answer does, in as few words as it takes."""
    if option.gate:
        return "refused"
    effects = []
    if option.grade:
        effects.append(f"grade {terms.grades[option.grade].id}")
    if option.keep_bps != BPS:
        effects.append(f"keeps {percent(option.keep_bps)}")
    if option.deduction is not None:
        effects.append(_deduction(option.deduction, write))
    if option.extra_minor:
        effects.append(f"{'+' if option.extra_minor > 0 else ''}{write(option.extra_minor)}")
    return ", ".join(effects) or "no change"


def _deduction(deduction: Deduction, write: Callable[[int], str]) -> str:
    if deduction.anchor:
        return f"-{percent(deduction.weight_bps)} of {deduction.anchor} repair"
    if deduction.share_bps:
        return f"-{percent(deduction.share_bps)} of market"
    return write(-deduction.amount_minor)


def usage_rows(usage: UsageRules, write: Callable[[int], str]) -> list[tuple[str, str]]:
    """Say in a few rows what a coupon may be used for."""
    unit = "one unit of one line, the dearest" if usage.applies_to == "one_unit" else "every eligible line, in shares"
    surplus = {"forfeit": "forfeited", "store_credit": "comes back as store credit", "cash": "is paid out"}
    phones = f"; up to {usage.devices_per_order} old phones for one order" * (usage.devices_per_order > 1)
    window = f"{usage.valid_days} times 24 hours from the moment of issue" if usage.valid_days else "without end"
    return [
        ("valid", window),
        ("buys", f"{', '.join(usage.categories)} of {', '.join(usage.brands)}"),
        ("where", ", ".join(usage.channels)),
        ("taken off", f"{unit}{phones}"),
        ("minimum order", write(usage.minimum_order_minor) if usage.minimum_order_minor else "none"),
        ("unused value", surplus[usage.surplus]),
        ("combines with", ", ".join(usage.stacks_with) or "no other discount"),
        ("source", usage.source),
    ]
