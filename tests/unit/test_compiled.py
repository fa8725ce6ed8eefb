"""What the compiled loops ask of numba, of which one option is private."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba
import numpy as np
import pytest

from miexchange.batch.arrow._compiled import compiled

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


def added(one: NDArray[Any], other: NDArray[Any]) -> Any:  # noqa: ANN401 - a number of numba
    total = 0
    for cells in (one, other):
        for cell in cells:
            total += cell
    return total


def machine_code(loop: Callable[..., Any]) -> str:
    assert loop(np.arange(4), np.arange(3)) == 9
    return "".join(loop.inspect_llvm().values())  # type: ignore[attr-defined]


def test_compiled_loops_count_no_owners() -> None:
    """numba's private option _nrt=False is obeyed: without it, a table takes four times as long."""
    assert "NRT_incref" in machine_code(numba.njit(added)), "numba counts otherwise now: look for another sign"
    assert "NRT_" not in machine_code(compiled(added))


def test_compiled_loops_make_no_arrays() -> None:
    def made(length: int) -> Any:  # noqa: ANN401 - as above
        return np.zeros(length)

    assert len(numba.njit(made)(2)) == 2
    with pytest.raises(numba.core.errors.TypingError):
        compiled(made)(2)
