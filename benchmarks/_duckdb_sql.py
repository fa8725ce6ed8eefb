"""A whole programme as one SQL query for DuckDB.

Every stage adds columns to the one below it, so each stands for a step of the rules. What made it
fast: answers as CASE over the dictionary's codes (a join for each question, maps, lists and enums
were all slower), all findings of a device in one integer, and one join for all that is dated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from _contract import BIT, OUTCOMES, result_columns
from _duckdb_imei import imei_stages, quoted, stacked
from _relations import micros, placeholders, reporting_bodies
from _rules import (
    DAY,
    FIRST_GRADE,
    FIRST_REASON,
    MISSING,
    NOT_ASKED,
    REASONS,
    SIZE,
    UNKNOWN,
    costs,
    deduction_of,
    extra,
    grade_bit,
    keep,
    keeps,
    offers,
    packed,
    refusing,
)
from miexchange import ReasonCode
from miexchange.money import BPS

if TYPE_CHECKING:
    from collections.abc import Callable

    from _relations import Relations
    from _rules import Offer
    from _tables import Codes
    from miexchange import Option, Programme, Question, Terms

    _Stage = dict[str, str]

__all__ = ["appraise_sql"]


def appraise_sql(programme: Programme, relations: Relations, codes: Codes, source: str, facts: str) -> str:
    """Return the whole programme as one query; see `_contract` for the result.

    Args:
        programme: the rules.
        relations: its relations for the names in the table, which stand as `facts` and `tacs`.
        codes: the codes of the encoded columns.
        source: the name of the table, whose column `instant` is `at` in microseconds.
        facts: how to join the facts `f` with the devices `d`.
    """
    return _Query(programme, relations, codes).text(source, facts)


class _Query:
    def __init__(self, programme: Programme, relations: Relations, codes: Codes) -> None:
        self._programme = programme
        self._relations = relations
        self._codes = codes
        self._questions = programme.terms[0].questionnaire.questions
        self._components = tuple(programme.terms[0].components)

    def text(self, source: str, facts: str) -> str:
        relations = self._relations
        below = stacked(source, *imei_stages(), {"tac": "CASE WHEN why = -1 THEN v // 10000000 END"}, *self._findings())
        joined = f"""(SELECT d.*, f.* EXCLUDE (name), t.tac_family, t.suspect
            FROM {below} d {facts} LEFT JOIN tacs t ON d.tac = t.tac)"""  # noqa: S608 - all names in it are our own
        if relations.exceptions:
            joined = f"""(SELECT d.*, x.fits FROM {joined} d
                LEFT JOIN exceptions x ON x.tac = d.tac AND x.family = d.family)"""  # noqa: S608 - as above
        columns = ", ".join(f'"{name}"' for name in result_columns(self._programme))
        rules = stacked(joined, *self._eligibility(), *self._value(), *self._bonuses())
        return f"SELECT {columns} FROM {rules}"  # noqa: S608 - as above

    # Answers.

    def _answer(self, question: Question, of: Callable[[Option], int], missing: int, unknown: int) -> str:
        """Return the CASE that gives a number for each answer."""
        column, coded = f'"{question.id}"', self._codes.get(question.id)
        numbers = {option.id: of(option) for option in question.options}
        if question.optional:
            missing = numbers[question.options[-1].id]
        if coded is None:
            branches = "".join(f" WHEN {quoted(text)} THEN {number}" for text, number in numbers.items())
            return f"CASE {column}{branches} ELSE CASE WHEN {column} IS NULL THEN {missing} ELSE {unknown} END END"
        branches = "".join(f" WHEN {code} THEN {numbers.get(text, unknown)}" for text, code in coded.items())
        return f"CASE {column}{branches} ELSE {missing} END"

    def _findings(self) -> tuple[_Stage, ...]:
        """Return the stages that read every question that is asked of all models, before the joins."""
        of_all = [one for one in self._questions if one.id not in self._relations.restricted]
        found = {f"{one.id} found": self._answer(one, packed, MISSING, UNKNOWN) for one in of_all}
        sizes = {f"{name} size": self._size(name) for name in self._components}
        every = " | ".join(f'"{name}"' for name in found)
        return (found, {"found": f"({every}) & {2**SIZE - 1}", **sizes})

    def _size(self, component: str) -> str:
        """Return the largest deduction of a component group: all are of one kind, so the largest is the worst."""
        sizes = [f'"{one.id} found"' for one in self._questions if one.component == component and costs(one)]
        largest = sizes[0] if len(sizes) == 1 else f"greatest({', '.join(sizes)})"
        return f"({largest}) >> {SIZE}"

    def _if_asked(self, question: Question, then: str, otherwise: str) -> str:
        if question.id not in self._relations.restricted:
            return then
        bit = 1 << self._relations.restricted.index(question.id)
        return f"CASE WHEN asked & {bit} <> 0 THEN {then} ELSE {otherwise} END"

    def _effects(self) -> _Stage:
        """Return what is left to read of the answers: questions not asked of all, what is kept, and extras."""
        stage = {}
        found = ["found"]
        for question in self._questions:
            if question.id in self._relations.restricted:
                not_asked = f'CASE WHEN "{question.id}" IS NULL THEN 0 ELSE {NOT_ASKED} END'
                found.append(self._if_asked(question, self._answer(question, packed, MISSING, UNKNOWN), not_asked))
            if keeps(question):
                kept = self._answer(question, keep, BPS, BPS)
                stage[f"{question.id} kept"] = self._if_asked(question, kept, f"{BPS}")
            if any(option.extra_minor for option in question.options):
                stage[f"extra:{question.id}"] = self._if_asked(question, self._answer(question, extra, 0, 0), "0")
        return {"findings": " | ".join(f"({one})" for one in found), **stage}

    # Eligibility.

    def _by_terms(self, of: Callable[[Terms], object]) -> str:
        """Return what depends on the terms: a constant where all agree."""
        values = [of(terms) for terms in self._programme.terms]
        if len(set(values)) == 1:
            return f"{values[0]}"
        starts = [micros(terms.effective_from) for terms in self._programme.terms]
        later = list(zip(starts[1:], values[1:], strict=True))[::-1]
        return f"CASE {' '.join(f'WHEN instant >= {at} THEN {value}' for at, value in later)} ELSE {values[0]} END"

    def _eligibility(self) -> tuple[_Stage, ...]:
        bit = {code: f"{BIT[code]}" for code in ReasonCode}
        # An IN of many numbers would become a join; a CASE stays where it stands, and is for few rows.
        bodies = "".join(f" WHEN {int(body)} THEN TRUE" for body in sorted(placeholders()))
        by_use = sorted(reporting_bodies().items(), key=lambda pair: pair[1] != "allocating")
        judged = {rbi: bit[ReasonCode.IMEI_TEST] if status == "test" else "0" for rbi, status in by_use}
        ranges = "".join(f" WHEN {rbi} THEN {reason}" for rbi, reason in judged.items())
        other = f"CASE WHEN tac_family = family OR family = -1 THEN 0 ELSE {bit[ReasonCode.TAC_OTHER_MODEL]} END"
        unknown = bit[ReasonCode.TAC_UNKNOWN]
        if self._relations.exceptions:
            other = f"CASE WHEN fits THEN 0 WHEN NOT fits THEN {unknown} ELSE {other} END"
        bad = {"blocked": "IMEI_BLOCKED", "tracked": "IMEI_TRACKED", "duplicate": "IMEI_DUPLICATE"}
        statuses = f"WHEN {self._coded('imei_status', 'clear')} THEN 0" + "".join(
            f" WHEN {self._coded('imei_status', text)} THEN {bit[ReasonCode[code]]}" for text, code in bad.items()
        )
        missing_anchor = " OR ".join(
            f'("{name} size" > 0 AND "anchor {kind.anchor}" IS NULL)'
            for name in self._components
            if (kind := deduction_of(name, self._questions)).anchor
        )
        unverified = bit[ReasonCode.IMEI_UNVERIFIED]
        refused = self._by_terms(refusing)
        return (
            {
                "identity": f"""CASE WHEN why = -1 THEN
                    CASE WHEN suspect AND CASE v // 10{bodies} ELSE FALSE END THEN {bit[ReasonCode.IMEI_PLACEHOLDER]}
                        ELSE CASE v // 10000000000000{ranges} ELSE {bit[ReasonCode.IMEI_REPORTING_BODY]} END END
                    | CASE WHEN tac_family IS NULL OR tac_family = -1 THEN {unknown} ELSE {other} END
                    | CASE {statuses} ELSE {unverified} END
                    WHEN why >= 0 THEN 1::BIGINT << why ELSE 0 END""",
                **self._effects(),
                "stale": f"instant - priced_from > {self._by_terms(lambda one: one.price_max_age_days * DAY)}",
            },
            {
                "judged": f"""identity & ({refused}) | model_bits | CASE WHEN family = -1 THEN 0 ELSE
                    ((findings & {REASONS}) << {FIRST_REASON})
                    | CASE WHEN stale THEN {bit[ReasonCode.PRICE_STALE]} ELSE 0 END
                    | CASE WHEN {missing_anchor or "FALSE"} THEN {bit[ReasonCode.PRICE_MISSING]} ELSE 0 END END""",
            },
            {
                "reasons": f"""CASE WHEN instant < {micros(self._programme.terms[0].effective_from)}
                    THEN {bit[ReasonCode.PROGRAMME_NOT_IN_FORCE]} ELSE judged END"""
            },
            {
                "warnings": "CASE WHEN reasons = 0 THEN identity ELSE 0 END",
                "outcome": f"""CAST(CASE WHEN reasons <> 0 THEN '{OUTCOMES[2]}' WHEN why = -1 THEN '{OUTCOMES[0]}'
                    ELSE '{OUTCOMES[1]}' END AS outcomes)""",
            },
        )

    def _coded(self, column: str, text: str) -> str:
        """Return the test of whether a column holds a text."""
        coded = self._codes.get(column)
        if coded is None:
            return f'"{column}" = {quoted(text)}'
        return f'"{column}" = {coded[text]}' if text in coded else "FALSE"

    # The value: where a device is refused, a null market price makes all that follows null.

    def _value(self) -> tuple[_Stage, ...]:
        first = self._programme.terms[0]
        stages = [{"market_minor": "CASE WHEN reasons = 0 THEN market END"}]
        running = "market_minor"
        for rule, bps in self._retentions():
            stages.append({f"after {rule}": _scaled(running, bps)})
            stages.append({f"{rule}_minor": f'"after {rule}" - {running}'})
            running = f'"after {rule}"'
        kept = self._by_grade([f"{grade.keep_bps}" for grade in first.grades])
        name = self._by_grade([quoted(grade.id) for grade in first.grades])
        factor, scrap, step = (
            self._by_terms(of)
            for of in (
                lambda terms: terms.factor_bps,
                lambda terms: terms.scrap_minor,
                lambda terms: terms.step_minor,
            )
        )
        extras = [f"extra:{one.id}" for one in self._questions if any(option.extra_minor for option in one.options)]
        overlaps = {f"overlap:{one.one}+{one.other}": one for one in first.overlaps}
        net = [
            *(f'"deduction:{one}_minor"' for one in self._components),
            *(f'"{rule}_minor"' for rule in (*overlaps, *extras)),
        ]
        stages += [
            {
                "graded": f"CASE WHEN findings < {1 << FIRST_GRADE} THEN {running} ELSE {_scaled(running, kept)} END",
                "grade": f"CAST(CASE WHEN market_minor IS NOT NULL THEN {name} END AS grades)",
                **{f"deduction:{one}_minor": self._deduction(one) for one in self._components},
                **{f"{one}_minor": f'CASE WHEN market_minor IS NOT NULL THEN "{one}" END' for one in extras},
            },
            {
                "grade_minor": f"graded - {running}",
                **{
                    f"{rule}_minor": _scaled(
                        f'least(-"deduction:{one.one}_minor", -"deduction:{one.other}_minor")',
                        f"{BPS - one.counted_bps}",
                    )
                    for rule, one in overlaps.items()
                },
            },
            {"net": " + ".join(("graded", *net))},
            # The net can be below zero, where // cuts off: lifted above it, it is rounded down.
            {"shared": f"{_scaled(f'(net + {LIFT * BPS})', factor)} - {LIFT} * ({factor})"},
            {"floored": f"CASE WHEN shared < {scrap} THEN {scrap} ELSE shared END"},
            {"capped": "CASE WHEN floored > market_minor THEN market_minor ELSE floored END"},
            {"exchange_value_minor": f"capped - capped % ({step})"},
            {
                "factor_minor": "shared - net",
                "floor_minor": "floored - shared",
                "cap_minor": "capped - floored",
                "rounding_minor": "exchange_value_minor - capped",
            },
        ]
        return tuple(stages)

    def _retentions(self) -> list[tuple[str, str]]:
        """Return the rules that keep a part of the price, and that part."""
        found = [
            (f"retention:{question.id}", f'"{question.id} kept"') for question in self._questions if keeps(question)
        ]
        if any(terms.drift_bps_per_day for terms in self._programme.terms):
            lost = f"(instant - priced_from) // {DAY} * ({self._by_terms(lambda terms: terms.drift_bps_per_day)})"
            found.append(("retention:drift", f"greatest({BPS} - {lost}, 0)"))
        return found

    def _by_grade(self, values: list[str]) -> str:
        """Return what depends on the worst grade that an answer leads to."""
        worst_first = list(enumerate(values))[:0:-1]
        branches = "".join(f" WHEN findings & {grade_bit(step)} <> 0 THEN {one}" for step, one in worst_first)
        return f"CASE{branches} ELSE {values[0]} END" if branches else values[0]

    def _deduction(self, component: str) -> str:
        kind, size = deduction_of(component, self._questions), f'"{component} size"'
        if kind.anchor:
            cost = _scaled(f'"anchor {kind.anchor}"', size)
        else:
            cost = _scaled("market_minor", size) if kind.share_bps else size
        return f"CASE WHEN market_minor IS NULL THEN NULL WHEN {size} = 0 THEN 0 ELSE -({cost}) END"

    # Bonuses.

    def _bonuses(self) -> tuple[_Stage, ...]:
        """Return the stages of the bonuses: first what each would be, then which are granted."""
        every = offers(self._programme)
        amounts = {f"offer {number}": self._offered(offer) for number, offer in enumerate(every)}
        single = [f'"offer {number}"' for number, offer in enumerate(every) if not offer.stackable]
        granted: dict[str, list[str]] = {}
        for number, offer in enumerate(every):
            amount = f'"offer {number}"'
            if not offer.stackable:  # the first of the largest, or null
                first = [f"{amount} = largest", *(f"{one} < largest" for one in single[: single.index(amount)])]
                amount = f"CASE WHEN {' AND '.join(first)} OR largest IS NULL THEN {amount} ELSE 0 END"
            granted.setdefault(f"bonus:{offer.paid.id}_minor", []).append(amount)
        names = dict.fromkeys(f"bonus:{bonus.id}_minor" for one in self._programme.terms for bonus in one.bonuses)
        columns = {name: " + ".join(granted.get(name, ["exchange_value_minor * 0"])) for name in names}
        total = " + ".join(("exchange_value_minor", *(f'"{name}"' for name in columns)))
        largest = {"largest": f"greatest({', '.join(single)})"} if single else {}
        return tuple(stage for stage in (amounts, largest, columns, {"coupon_value_minor": total}) if stage)

    def _offered(self, offer: Offer) -> str:
        paid = offer.paid
        amount = f"{min(paid.amount_minor, paid.most_minor)}"
        if paid.share_bps:
            share = _scaled("exchange_value_minor", f"{paid.share_bps}")
            amount = f"least({paid.amount_minor} + {share}, {paid.most_minor})"
        tests = [f"exchange_value_minor >= {offer.from_value}", f"instant >= {offer.begins}"]
        tests += [] if offer.ends is None else [f"instant < {offer.ends}"]
        if offer.targets is not None:
            tests.append(f"({' OR '.join(self._coded('target', text) for text in sorted(offer.targets)) or 'FALSE'})")
        return f"CASE WHEN {' AND '.join(tests)} THEN {amount} WHEN exchange_value_minor IS NOT NULL THEN 0 END"


LIFT = 10**10
"""Above every amount that a net value can be below zero, in units of ten thousand paise."""


def _scaled(amount: str, bps: str) -> str:
    return f"({amount} * ({bps}) + {BPS // 2}) // {BPS}"
