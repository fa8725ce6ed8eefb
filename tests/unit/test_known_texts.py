"""Texts are told apart by all of their bytes, wherever in a column they lie."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from miexchange.batch.arrow._known_texts import KnownTexts
from miexchange.batch.arrow._layouts import bytes_of

LENGTHS = ["x" * length for length in range(70)]
ALIKE = [f"aaaaaaaa{number}bbbbbbbb" for number in range(300)]
MIDDLES = [f"{'a' * 8}{middle}{'b' * 8}" for middle in ("", "c", "cccccccc", "cccccccd", "ccccccccc", "dccccccc" * 2)]
ZEROS = ["", "\0", "\0\0", "a", "a\0", "a" * 7, "a" * 7 + "\0", "a" * 8, "a" * 8 + "\0"]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()], ids=str)
@pytest.mark.parametrize("texts", [LENGTHS, ALIKE, MIDDLES, ZEROS, [], [""], ["é", "e", "\N{MINUS SIGN}" * 5]])
def test_known_texts_have_their_codes_and_others_none(texts: list[str], kind: pa.DataType) -> None:
    known = KnownTexts({text.encode(): code for code, text in enumerate(texts[: len(texts) // 2 + 1])})
    assert known.is_full == (len(texts) > 255)
    for first in (0, 1):  # the text that is compared first, and another one
        rows = [*texts[first:], *reversed(texts), *texts[:1] * 9, "unknown", *texts]
        column = pa.array(["before", *rows, "behind"], kind)[1:-1]
        codes = np.full(len(rows), 255, dtype=np.uint8)
        unknown = known.find(*bytes_of(column), codes)
        assert unknown.tolist() == [row for row, text in enumerate(rows) if text.encode() not in known.codes]
        found = [code for row, code in enumerate(codes.tolist()) if row not in set(unknown)]
        assert found == [known.codes[text.encode()] for text in rows if text.encode() in known.codes]
        last = pa.array(rows, kind)  # whose last bytes begin no word
        assert known.find(*bytes_of(last), codes).tolist() == unknown.tolist()


def test_a_column_of_nulls_has_no_bytes() -> None:
    known = KnownTexts({b"x": 3, b"": 4})
    codes = np.zeros(3, dtype=np.uint8)
    assert not len(known.find(*bytes_of(pa.nulls(3, pa.string())), codes))
    assert codes.tolist() == [4, 4, 4]
