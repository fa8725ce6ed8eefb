"""Decisions: each a function over codes and bits, the same for one device and for a column."""

from __future__ import annotations

import ast
import inspect
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miexchange import ReasonCode, _decisions, _kernel
from miexchange._decisions import (
    BITS,
    BLOCKED,
    CLEAR,
    DUPLICATE,
    TRACKED,
    UNVERIFIED,
    WARNED,
    identity,
    is_stale,
    let_pass,
    numbers,
    shown,
)

NO, YES = False, True
OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.BitAnd, ast.BitOr, ast.BitXor)
COMPARISONS = (ast.Lt, ast.Gt, ast.GtE, ast.Eq)


def bits(*codes: str) -> int:
    return sum(BITS[ReasonCode(code)] for code in codes)


def functions(module: object) -> list[ast.FunctionDef]:
    tree = ast.parse(inspect.getsource(module))  # type: ignore[arg-type]
    return [node for node in tree.body if isinstance(node, ast.FunctionDef)]


@pytest.mark.parametrize("function", functions(_decisions), ids=lambda function: function.name)
def test_a_decision_is_made_of_operators_alone(function: ast.FunctionDef) -> None:
    """Design, promise 6: operators that mean the same for an int and for a column, and no branch on a value."""
    for node in ast.walk(function):
        assert not isinstance(node, ast.If | ast.IfExp | ast.BoolOp | ast.For | ast.While | ast.UnaryOp | ast.Call)
        if isinstance(node, ast.BinOp):
            assert isinstance(node.op, OPERATORS)
        if isinstance(node, ast.Compare):
            assert all(isinstance(operator, COMPARISONS) for operator in node.ops)
            assert len(node.ops) == 1, "a chain of comparisons is a hidden and"


def test_what_the_register_says() -> None:
    said = (CLEAR, BLOCKED, TRACKED, DUPLICATE, UNVERIFIED, 5)
    assert [numbers(YES, NO, NO, status, NO) for status in said] == [
        0, bits("imei_blocked"), bits("imei_tracked"), bits("imei_duplicate"), bits("imei_unverified"),
        bits("imei_unverified"),
    ]  # fmt: skip
    assert numbers(YES, NO, NO, BLOCKED, YES) == bits("imei_blocked", "register_stale")
    assert numbers(NO, NO, NO, CLEAR, YES) == 0


@given(st.integers(-(2**62), 2**61), st.integers(-(2**61), 2**61), st.integers(0, 8_760))
def test_an_answer_is_evidence_for_so_many_hours(asked_at: int, at: int, hours: int) -> None:
    """EligibilityTerms: how old a register's answer may be; 0 where no evidence is demanded. None is from later."""
    is_new = asked_at <= at <= asked_at + hours * 3_600_000_000
    assert is_stale(asked_at, at, hours) is bool(hours and not is_new)
    assert bool(is_stale(*map(np.int64, (asked_at, at, hours)))) is is_stale(asked_at, at, hours)


HOUR = 3_600_000_000


@pytest.mark.parametrize(
    ("asked_at", "at", "hours", "is_old"),
    [
        (7, 7, 1, False),  # asked at that very instant
        (8, 7, 1, True),  # asked later
        (0, HOUR, 1, False),  # an hour old
        (0, HOUR + 1, 1, True),
        (0, 2 * HOUR, 2, False),
        (0, 2 * HOUR + 1, 2, True),
        (8, 7, 0, False),  # none is demanded
        (0, 99 * HOUR, 0, False),
    ],
)
def test_the_age_of_an_answer_has_an_edge(asked_at: int, at: int, hours: int, is_old: bool) -> None:  # noqa: FBT001 - a case
    assert is_stale(asked_at, at, hours) is is_old


def test_what_two_numbers_say_together() -> None:
    assert numbers(YES, NO, YES, CLEAR, NO) == bits("imei_repeated")
    assert numbers(YES, YES, NO, BLOCKED, NO) == bits("imei2_missing", "imei_blocked")
    assert numbers(NO, YES, YES, BLOCKED, NO) == 0


def test_a_placeholder_hides_what_its_first_digits_say_and_nothing_else() -> None:
    said = bits("imei_test", "tac_unknown")
    assert identity(said, NO) == said
    assert identity(said, YES) == bits("imei_placeholder", "tac_unknown")
    assert identity(0, YES) == bits("imei_placeholder")


@given(st.integers(0, 2 ** len(BITS) - 1), st.integers(0, 2 ** len(BITS) - 1))
def test_only_a_doubt_that_the_terms_do_not_refuse_passes(found: int, refused: int) -> None:
    """EligibilityTerms: what an unknown TAC, an unverified IMEI and a second IMEI lead to; nothing else ever passes."""
    passing = let_pass(found, refused)
    assert passing == found & ~refused & (WARNED | bits("imei2_missing"))


@given(st.integers(0, 2 ** len(BITS) - 1))
def test_nothing_is_shown_beside_what_hides_it(reasons: int) -> None:
    """Design, promise 3: what depends on terms that are not in force is not asked, nor what an unsound row holds."""
    hiding = [bit for bit in (bits("invalid_value"), bits("programme_not_in_force")) if reasons & bit]
    assert shown(reasons) == (hiding[0] if hiding else reasons)


def test_a_column_runs_the_same_lines() -> None:
    """Design, promise 6: one rule, any width."""
    cases = list(itertools.product((False, True), (False, True), (False, True), range(6), (False, True)))
    columns = [np.array(column) for column in zip(*cases, strict=True)]
    assert numbers(*columns).tolist() == [numbers(*case) for case in cases]
    sets = np.array([bits("imei_test"), bits("tac_unknown", "imei_unverified"), bits("programme_not_in_force"), 0])
    assert identity(sets, np.array([YES, NO, YES, NO])).tolist() == [
        identity(int(one), placeholder) for one, placeholder in zip(sets, (True, False, True, False), strict=True)
    ]
    assert let_pass(sets, sets[::-1]).tolist() == [
        let_pass(int(one), int(other)) for one, other in zip(sets, sets[::-1], strict=True)
    ]
    assert shown(sets).tolist() == [shown(int(one)) for one in sets]
    counts = np.array([0, 7, 24, 25, -1, -50, _kernel.NOT_GIVEN])
    assert _kernel.position_of(counts, 24).tolist() == [0, 7, 24, 24, 25, 25, 26]
    assert [_kernel.position_of(int(count), 24) for count in counts] == [0, 7, 24, 24, 25, 25, 26]
