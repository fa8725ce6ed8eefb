"""A large table of devices in which anything may be wrong that a column of the right type can hold.

Every row begins as one of the benchmark's mixed devices. Then some cells of each column are emptied, padded, or
replaced by what readers get wrong: digits of other scripts, invisible characters, the microsecond before a rule
changes.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from _devices import devices
from miexchange._time import micros, midnight
from miexchange.batch.plan._plan import plan_of
from parity.tables import columns_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from miexchange import Programme

    _Ints = npt.NDArray[np.int64]

__all__ = ["hostile"]

SHARE = 0.004  # of the texts of a column: emptied; of another row; a fault; a known text, distorted
TEXTS = (
    *(
        "",
        " ",
        "\t",
        "none",
        "NULL",
        "nan",
        "0",
        "-1",
        "1e3",
        "9" * 30,
        "-" + "9" * 20,
        "true",
        "None",
        "|",
        "||",
        "x|x",
        "none|",
    ),
    *(
        "\N{FULLWIDTH LATIN SMALL LETTER F}ine",
        "fine\N{ZERO WIDTH SPACE}",
        "\ufefffine",
        "fi\N{COMBINING ACUTE ACCENT}ne",
        "İ",
        "ß",
        "😀",
        "क",
        "\x7f",
    ),
    *("it's", 'a "b"', "a\\b", "a\nb", "%", "_", "{devices}", "$1", "?", ":at", "--", "/* */", "x" * 1_000),
)
NUMBERS = (
    *(
        "٣٥٤١٧٨٠٣٦٨٥٩٧٨٩",
        "\N{FULLWIDTH DIGIT THREE}54178036859789",
        "३५४१७८०३६८५९७८९",
        "35417803685978²",
        "354178036859789.0",
    ),
    *("3541780368597e1", "35417803685e789", "3.5417803685e14", "1E0000000000000", "0x3541780368597", "1_0000000000000"),
    *(
        "+35417803685978",
        "-35417803685978",
        "\N{MINUS SIGN}35417803685978",
        "000000000000000",
        "999999999999999",
        "NaN",
        "Infinity",
    ),
    *(
        "354178036859789\N{NO-BREAK SPACE}",
        "\u3000354178036859789",
        "354178036859789\N{ZERO WIDTH SPACE}",
        "\ufeff354178036859789",
    ),
    *(
        "35 417803 685978 9",
        "35-417803-685978-9-",
        "354178036859789\r\n",
        "354178036859789\x1f",
        "354178036859789\x0b",
        "\x85354178036859789",
    ),
    *("354178036859789" * 2, "9" * 19, "9" * 20, "  ", "--", "- -", "'; DROP TABLE devices; --"),
)
FAR = (-62_135_596_800_000_000, 253_402_300_800_000_000, 0, -2_208_988_800_000_000, 4_102_444_800_000_000)
"""The first instant of Python's calendar and the one after its last, 1970, 1900 and 2100."""
FAR_DAYS = (-719_162, 2_932_896, -1, 0, 11_016)
"""The first and the last day of Python's calendar, 1970, and the leap day of 2000."""


def hostile(programme: Programme, count: int, seed: int) -> pa.Table:
    """Return a table of hostile devices with every column that a programme reads, each row with its number, ``row``."""
    random = np.random.default_rng(seed)
    table = devices(programme, count, seed=seed, encoded=False)
    at, plan = _early(random, programme, table["at"].cast(pa.int64()).to_numpy()), plan_of(programme)
    conditional = {
        question.asked_as
        for terms in programme.terms
        for question in terms.questionnaire.questions
        if question.asked_after or len({one.questionnaire for one in programme.terms}) > 1
    }
    borders = _borders(programme)
    texts: dict[str, list[str]] = {}
    for name, known in chain(plan.questions.items(), plan.texts.items()):
        texts.setdefault(plan.columns.get(name, name), []).extend(plan.choices.get(name, known))
    made: dict[str, Any] = {}
    for name, kind in columns_of(programme).items():
        if name == "at":
            made[name] = _instants(random, at, borders, 0.2, SHARE)
        elif name == "register_asked_at":
            made[name] = _instants(random, at - random.choice(_late(programme), count), borders, 0.02, 0.1)
        elif kind == pa.date32():
            made[name] = _days(random, table[name], at)
        elif kind == pa.bool_():
            made[name] = pa.array(random.random(count) < SHARE, mask=random.random(count) < 0.5)
        elif name in {"imei", "imei2"}:
            whole = table["imei"] if name == "imei" else _others(random, table["imei"])
            made[name] = _texts(random, whole, NUMBERS, table["imei"].slice(0, 20).drop_null().to_pylist())
        elif name in table.column_names:
            there = table[name].cast(kind)
            made[name] = _texts(random, there, TEXTS, [one for one in pc.unique(there).to_pylist() if one])
        else:
            mostly = np.minimum(random.geometric(0.7, count) - 1, len(texts[name]) - 1)
            made[name] = _texts(random, pa.array(texts[name]).take(pa.array(mostly)), TEXTS, texts[name])
        if name in conditional:
            made[name] = pc.if_else(pa.array(random.random(count) < 0.4), pa.scalar(None, pa.string()), made[name])
    return pa.table(made | {"row": pa.array(range(count), pa.int64())})


def _early(random: np.random.Generator, programme: Programme, at: _Ints) -> _Ints:
    """Return the instants, a quarter of them moved to the first month of the terms, when prices are fresh."""
    first = random.choice(np.array([micros(terms.effective_from) for terms in programme.terms]), len(at))
    month = random.integers(0, 30 * 86_400_000_000, len(at))
    return np.where(random.random(len(at)) < 0.25, first + month, at)


def _late(programme: Programme) -> _Ints:
    """Return how old the register's answers are, in microseconds: most are new enough, some just not."""
    hours = [one.eligibility.register_hours or 24 for one in programme.terms]
    just = [3_600_000_000 * hour + by for hour in hours for by in (-1, 0, 1)]
    return np.array([*just, *[0, 1, 60_000_000] * len(just)])


def _others(random: np.random.Generator, numbers: Any) -> Any:  # noqa: ANN401 - an Arrow column
    """Return the second IMEIs: most are empty, some are the first one again."""
    shuffled = numbers.take(pa.array(random.permutation(len(numbers))))
    same, empty = pa.array(random.random(len(numbers)) < 0.1), pa.array(random.random(len(numbers)) < 0.8)
    return pc.if_else(empty, pa.scalar(None, pa.string()), pc.if_else(same, numbers, shuffled))


def _texts(random: np.random.Generator, there: Any, faults: Sequence[str], known: Sequence[str]) -> Any:  # noqa: ANN401 - an Arrow column
    """Replace some texts: by null, by a known one, by a fault, and by a known one that is distorted."""
    around = [form.format(text) for text in known for form in (" {}", "{} ", "{}\n", "{}\N{NO-BREAK SPACE}", "{0}|{0}")]
    around += [change(text) for text in known for change in (str.upper, str.title, str.swapcase)]
    around += [f"{one}|{other}" for one in known[:8] for other in known[:8]]
    groups: tuple[Sequence[str | None], ...] = ([None], known, faults, around)
    for group in groups:
        chosen = pa.array([group[place] for place in random.integers(0, len(group), len(there))], pa.string())
        there = pc.if_else(pa.array(random.random(len(there)) < SHARE), chosen, there)
    return there


def _borders(programme: Programme) -> list[int]:
    """Return the instants at which a rule changes, and the midnights around them, of the zone and of UTC."""
    changes = [one.effective_from for one in (*programme.terms, *[*programme.prices][:100])]
    days = {change.date() for change in changes}
    bonuses = [bonus for terms in programme.terms for bonus in terms.bonuses]
    for one, other in (
        *((bonus.begins, bonus.ends) for bonus in bonuses),
        *((listing.listed_from, listing.listed_until) for listing in programme.eligible),
    ):
        days |= {day for day in (one, other) if day is not None}
    days |= {day + timedelta(days=by) for day in days for by in (-1, 1)}
    changes += [midnight(day, programme.zone) for day in days]
    changes += [datetime.combine(day, time(), UTC) for day in days]
    return sorted({micros(one) for one in changes})


def _instants(random: np.random.Generator, given: _Ints, borders: Sequence[int], moved: float, empty: float) -> Any:  # noqa: ANN401 - an Arrow column
    """Move a share of the instants to a border or to the microsecond beside it; empty a share."""
    near = np.array([border + late for border in (*borders, *FAR) for late in (-1, 0, 1)])
    at = np.where(random.random(len(given)) < moved, random.choice(near, len(given)), given)
    return pa.array(at, mask=random.random(len(given)) < empty).cast(pa.timestamp("us", "UTC"))


def _days(random: np.random.Generator, there: Any, at: _Ints) -> Any:  # noqa: ANN401 - an Arrow column
    """Move some days of purchase to where a month of age begins, some to the future, some far away."""
    day, count = "datetime64[D]", len(at)
    today = at.astype("datetime64[us]").astype(day)
    of_month = (today - today.astype("datetime64[M]").astype(day)).astype(np.int64)
    months_ago = (today.astype("datetime64[M]") - random.integers(0, 60, count)).astype(day).astype(np.int64)
    near = months_ago + of_month + random.integers(-2, 3, count)
    drawn = random.random(count)
    moved = np.where(drawn < 0.3, near, random.choice(np.array(FAR_DAYS), count)).astype(np.int32)
    given = there.cast(pa.int32()).combine_chunks()
    return pc.if_else(pa.array(drawn < 0.3 + SHARE), pa.array(moved), given).cast(pa.date32())
