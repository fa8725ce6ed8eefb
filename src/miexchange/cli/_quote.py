"""`miexchange quote`: what a phone is worth, why, and what accepting it can cost."""

import os
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Unpack, cast

import typer

from miexchange._bounded import Chars, bound_of
from miexchange._text import counted
from miexchange.catalogue import Catalogue, Device, Variant
from miexchange.changes import Changes, what_would_change
from miexchange.cli import _ask, _asking, _given, _output
from miexchange.cli._options import At, Json, KeyFile, ProgrammeOption
from miexchange.cli._programme import usage_rows
from miexchange.coupon import Coupon, issue
from miexchange.eligibility import ImeiStatus, Listing
from miexchange.errors import shown
from miexchange.programme import Programme
from miexchange.programme.rules import Inputs, told_by_name
from miexchange.quote import Quote
from miexchange.refusal import ReasonCode, Refusal
from miexchange.valuation import WorstCase, appraise, worst_case

__all__ = ["quote"]

_FEW = 3
_BY_ANSWERS = {ReasonCode.ANSWER_MISSING, ReasonCode.CONDITION_GATE, ReasonCode.QUESTION_NOT_ASKED}

_ACCOUNT: Chars = bound_of(Coupon, "account")


def _option(what: str) -> Any:  # noqa: ANN401 - an annotation has no type
    return Annotated[str | None, typer.Option(help=f"{what.capitalize()}.")]


@partial(told_by_name, hint=_option)
def quote(
    *,
    model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="The old phone: an id that `models` shows, or a name.")
    ] = None,
    imei: Annotated[
        str | None, typer.Option(metavar="IMEI", help="Its IMEI; without one the quote is indicative.")
    ] = None,
    imei2: Annotated[str | None, typer.Option(metavar="IMEI", help="The IMEI of its second SIM.")] = None,
    imei_status: Annotated[
        ImeiStatus, typer.Option(help="The answer of the register of stolen phones; this command asks none.")
    ] = ImeiStatus.UNVERIFIED,
    register_answer: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The register's answer with its evidence: see RegisterAnswer.to_json."),
    ] = None,
    answer: Annotated[
        list[str] | None,
        typer.Option(metavar="QUESTION=OPTION", help="One answer, such as body=light_wear; give as many as you like."),
    ] = None,
    answers: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A JSON object of answers; an --answer stands above it.")
    ] = None,
    best: Annotated[bool, typer.Option("--best", help="Take the best answer to every question left.")] = False,
    purchased_on: Annotated[
        str | None, typer.Option(metavar="DAY", help="When the phone was bought, where the programme asks.")
    ] = None,
    programme: ProgrammeOption = "mi-exchange-india",
    at: At = None,
    account: Annotated[
        str | None,
        typer.Option(metavar="ID", help=f"Accept the quote for this account, {_ACCOUNT.wants}; issue its coupon."),
    ] = None,
    key_file: KeyFile = None,
    coupon_out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the coupon to this new file, for its owner's eyes only.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the row behind each line, and the worst case.")
    ] = False,
    why_not: Annotated[
        bool, typer.Option("--why-not", help="Show the fewest changes that would get an offer, or a higher one.")
    ] = False,
    as_json: Json = False,
    **told: Unpack[Inputs],
) -> None:
    """Value a used phone: the checks, the lines that add up to its value, and the most you may lose at the door.

    Missing options are asked for at the terminal; without a terminal a missing answer is a refusal. The exit code is 1
    if the phone, or its coupon, is refused.
    """
    rules = _given.programme(programme)
    moment = _given.instant(at, "--at", rules.zone)
    bought = None if purchased_on is None else _given.day(purchased_on, "--purchased-on")
    key = _key(account, key_file, coupon_out)
    terms = rules.terms_at(moment)
    condition = _given.answers(answers, answer or [], None if terms is None else terms.questionnaire)
    asks = _ask.can_ask()
    if model is None:
        if not asks:
            raise _given.Wrong(
                "The model is missing: give --model, such as --model oneplus-3t-6-64 (miexchange models WORDS finds it)"
            )
        model = _ask.for_model(rules.catalogue)
        imei = _ask.for_imei() if imei is None else imei
    device = Device(model, imei, imei2, bought)
    variant = _variant(model, rules.catalogue)
    said = imei_status if register_answer is None else _given.register_answer(register_answer)
    facts: dict[str, Any] = {"at": moment, "imei_status": said, **told}
    if terms is not None and variant is not None:
        filled = terms.questionnaire.best(variant, condition)
        if best:
            condition = filled
        elif asks and not _refused_anyway(appraise(device, filled, rules, **facts)):
            condition = _asking.the_rest(condition, terms.questionnaire, variant)
    result = appraise(device, condition, rules, **facts)
    _check_target(told.get("target"), rules, as_json=as_json)
    if isinstance(result, Refusal):
        changes = what_would_change(result, rules, device=device, condition=condition, **facts) if why_not else None
        _show_refusal(result, device, rules, moment, changes, as_json=as_json)
        raise typer.Exit(1)
    changes = what_would_change(result, rules) if why_not else None
    paper = None if key is None or account is None else issue(result, rules, account=account, at=moment, key=key)
    if isinstance(paper, Coupon) and coupon_out is not None:
        _save(paper, coupon_out)
    worst = worst_case(result, rules)
    assert isinstance(worst, WorstCase)  # noqa: S101 - the programme that made the quote is at hand
    if as_json:
        _output.write_json(_as_data(result, rules, worst, paper) | _changes_data(changes), result.currency)
    else:
        _show(result, rules, worst, explain=explain)
        _show_changes(changes, rules)
        _show_coupon(paper, rules, coupon_out)
    raise typer.Exit(1 if isinstance(paper, Refusal) else 0)


def _key(account: str | None, key_file: Path | None, coupon_out: Path | None) -> bytes | None:
    """Return the key if a coupon is wanted, and refuse what cannot become one before any question is asked."""
    if account is None:
        for option, value in (("--key-file", key_file), ("--coupon-out", coupon_out)):
            if value is not None:
                raise _given.Wrong(f"{option} is for a coupon, and a coupon has an owner: add --account ID")
        return None
    if not _ACCOUNT.fits(account):
        raise _given.Wrong(f"--account {shown(account)} {_ACCOUNT.fault(account)}: give {_ACCOUNT.wants}")
    if coupon_out is not None and os.path.lexists(coupon_out):
        raise _taken(coupon_out)
    return _given.key(key_file, "A coupon")


def _check_target(target: str | None, rules: Programme, *, as_json: bool) -> None:
    """Warn of a new phone that no bonus is for: it may be one, misspelled, and pays nothing."""
    bonuses = [bonus for terms in rules.terms for bonus in terms.bonuses]
    products = list(dict.fromkeys(name for bonus in bonuses for name in bonus.targets))
    if target is not None and target not in products:
        known = f"{_given.nearest(target, products)} Known: {', '.join(products)}" if products else ""
        _output.warn(f"--target {shown(target)} is no product that {rules.id} has a bonus for.{known}", as_json=as_json)


def _variant(model: str, catalogue: Catalogue) -> Variant | None:
    """Return the one variant that an id or a name leads to; appraising says why there is none."""
    variant = catalogue.lookup(model)
    if variant is None:
        family = catalogue.family_of("", model)
        variants = () if family is None else catalogue.variants_of(family)
        variant = variants[0] if len(variants) == 1 else None
    return variant


def _refused_anyway(result: Quote | Refusal) -> bool:
    """Tell whether the phone is refused whatever the answers left will be."""
    return isinstance(result, Refusal) and any(reason.code not in _BY_ANSWERS for reason in result.reasons)


def _show_refusal(
    refusal: Refusal, device: Device, rules: Programme, at: datetime, changes: Changes | None, *, as_json: bool
) -> None:
    hints = _hints(refusal, device, rules)
    if as_json:
        found = {"answer": "refusal", "hints": hints, "refusal": refusal.to_dict(), **_changes_data(changes)}
        _output.write_json(found, rules.currency)
    else:
        count = counted(len(refusal.reasons), "reason")
        heading = f"Refused by {rules.id} at {_output.moment(at, rules.zone)}, for {count}"
        _output.say_refusal(heading, refusal, hints, rules.zone)
        _show_changes(changes, rules)


def _changes_data(changes: Changes | None) -> dict[str, Any]:
    return {} if changes is None else {"changes": changes.to_dict()}


def _show_changes(changes: Changes | None, rules: Programme) -> None:
    if changes is not None:
        _output.say()
        _output.say("What would change it", style="bold")
        _output.say_lines(f"  {line}" for line in changes.explain(_output.writer(rules.currency)).splitlines())


def _hints(refusal: Refusal, device: Device, rules: Programme) -> list[str]:
    """Say which option helps; the remedies speak of the world, not of this command."""
    codes = set(refusal.codes)
    hints = []
    if codes & {ReasonCode.PRICE_STALE, ReasonCode.PRICE_MISSING, ReasonCode.PROGRAMME_NOT_IN_FORCE}:
        priced = [price.effective_from for price in rules.prices]
        named = [price.effective_from for price in rules.prices if price.model == device.model]
        days = sorted({start.astimezone(rules.zone).date().isoformat() for start in named or priced})
        if days:
            hints.append(
                f"The prices here begin on {', '.join(days)}: to ask as of then, add --at {days[-1]} (without --at the "
                "quote is for now)."
            )
    if ReasonCode.ANSWER_MISSING in codes:
        hints.append(
            "Answer each with --answer question=option, all with --answers FILE.json, or the rest with --best; "
            f"`miexchange programme show {rules.id}` explains the options."
        )
    if codes & {ReasonCode.MODEL_UNKNOWN, ReasonCode.VARIANT_MISSING, ReasonCode.MODEL_NOT_LISTED}:
        hints.append("To search the models: miexchange models WORDS.")
    if ReasonCode.IMEI_UNVERIFIED in codes:
        hints.append("If the register says that it is clear, add --imei-status clear.")
    if ReasonCode.PURCHASE_DATE_MISSING in codes:
        hints.append("Add --purchased-on YYYY-MM-DD.")
    return hints


def _basis(result: Quote, rules: Programme) -> str:
    price = rules.prices.as_of(result.model, result.at)
    return "" if price is None else price.basis


def _as_data(result: Quote, rules: Programme, worst: WorstCase, paper: Coupon | Refusal | None) -> dict[str, Any]:
    return {
        "answer": "quote",
        "quote": result.to_dict(),
        "imeis": [str(number) for number in result.imeis],
        "price_basis": _basis(result, rules),
        "worst_case": worst.to_dict(),
        "coupon": paper.to_dict() if isinstance(paper, Coupon) else None,
        "coupon_refusal": paper.to_dict() if isinstance(paper, Refusal) else None,
    }


def _show(result: Quote, rules: Programme, worst: WorstCase, *, explain: bool) -> None:
    write = _output.writer(result.currency)
    _output.say(f"{result.label}: {write(result.coupon_value)}", style="bold")
    _output.say_facts(_checks(result, rules, explain=explain))
    _output.say()
    rows: list[tuple[str, str, str | tuple[str, ...]]] = []
    for line in result.lines:
        why = (line.effect, f"[{line.source}]") if explain else line.effect
        rows.append((line.rule, write(line.amount), why))
    if result.bonuses:
        rows.insert(len(result.lines) - len(result.bonuses), ("exchange value", write(result.exchange_value), ""))
    rows.append(("coupon value", write(result.coupon_value), "the lines above, added up"))
    columns = [_output.Column("Line"), _output.Column("Amount", justify="right"), _output.Column("Why")]
    _output.say_table(columns, rows)
    _output.say()
    _output.say(f"Valid until {_output.until(result.valid_until, rules.zone)}.")
    _output.say(_risk(result, worst, explain=explain))
    if explain:
        worse = ", ".join(f"{name}={option}" for name, option in worst.condition.items())
        _output.say(f"The worst answers that are still taken: {worse}.")
    for warning in result.warnings:
        _output.say(f"Note: {warning}")
    if _basis(result, rules) == "modelled":
        _output.say("Note: the market price is modelled, made by a formula; it is nobody's offer.")
    if result.indicative:
        _output.say("This quote is indicative: add --imei for one that can be accepted.")


def _checks(result: Quote, rules: Programme, *, explain: bool) -> list[tuple[str, str]]:
    on = result.at.astimezone(rules.zone).date()
    listing = cast("Listing", rules.eligible.as_of(result.model, on))  # which it was, for there is a quote
    rows = [
        ("programme", f"{rules.title}, terms {result.terms}, at {_output.moment(result.at, rules.zone)}"),
        ("model", f"{result.model}, on the list since {listing.listed_from}"),
    ]
    for number in result.imeis:
        body = number.reporting_body
        known = " or ".join(dict.fromkeys(f"{one.brand} {one.model}" for one in rules.tacs.lookup(number)))
        rows.append(("IMEI", f"{number}, check digit right, given out by {body.body if body else 'nobody listed'}"))
        rows.append(("TAC", f"{number.tac}: {known}, which fits" if known else f"{number.tac}: not in the table"))
    if result.imeis:
        rows.append(("register", f"{result.imei_status.value}"))
    rows.append(("condition", f"grade {result.grade}, {len(result.condition)} answers"))
    rows.append(("price", f"{_basis(result, rules)}, in force since {_output.moment(result.priced_from, rules.zone)}"))
    if explain:
        price = rules.prices.as_of(result.model, result.at)
        rows.append(("price from", "" if price is None else price.source))
        rows.append(("listed by", listing.source))
        rows.append(("questions", f"version {result.questionnaire}"))
        rows.append(("digest", result.digest))
    return rows


def _risk(result: Quote, worst: WorstCase, *, explain: bool) -> str:
    """Say the worst case in words: shown before accepting, so that the door holds no surprise."""
    write = _output.writer(result.currency)
    head = f"The most you may lose at the door: {write(worst.at_risk)}"
    if not worst.gates:
        return f"{head}. The least that the phone is re-valued at is {write(worst.value)}."
    named = worst.gates if explain or len(worst.gates) <= _FEW else worst.gates[:_FEW]
    more = len(worst.gates) - len(named)
    gates = ", ".join(named) + (f" or {more} more answers, which --explain lists" if more else "")
    all_of_it = " (all of it)" if worst.at_risk == result.coupon_value else ""
    return (
        f"{head}{all_of_it}, if the inspection finds what this programme refuses: {gates}. "
        f"If the phone is accepted at all, it is worth at least {write(worst.value)}."
    )


def _show_coupon(paper: Coupon | Refusal | None, rules: Programme, file: Path | None) -> None:
    if paper is None:
        return
    _output.say()
    if isinstance(paper, Refusal):
        hints = ["Add --imei."] if ReasonCode.IMEI_MISSING in paper.codes else []
        _output.say_refusal("No coupon is issued", paper, hints, rules.zone)
        return
    write = _output.writer(paper.currency)
    _output.say(f"Coupon {paper.display_code}: {write(paper.value)} for account {paper.account}", style="bold")
    window = [
        ("from", _output.moment(paper.valid_from, rules.zone)),
        ("until", _output.until(paper.valid_until, rules.zone)),
    ]
    if paper.awaited:
        window = [("from", "the inspection of the old phone, which says what it is worth")]
    rows = [*window, *usage_rows(paper.usage, write)[1:-1]]
    _output.say_facts(rows)
    if file is not None:
        _output.say(f"Written to {file}, readable by you alone.")


def _save(paper: Coupon, file: Path) -> None:
    """Write a coupon to a new file that only its owner may read: who holds a code may try to spend it."""
    try:
        number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise _taken(file) from None
    except OSError as error:
        raise _given.Wrong(f"--coupon-out '{file}' cannot be written: {error.strerror}. Name another file") from None
    try:
        with os.fdopen(number, "w", encoding="utf-8") as stream:
            stream.write(paper.to_json() + "\n")
    except OSError as error:
        file.unlink(missing_ok=True)
        raise _given.Wrong(f"--coupon-out '{file}' cannot be written: {error.strerror}. Name another file") from None


def _taken(file: Path) -> _given.Wrong:
    return _given.Wrong(
        f"--coupon-out '{file}' exists already, and is not overwritten: name another file, or remove it"
    )
