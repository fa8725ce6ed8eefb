"""Let the proofs of the ledger run in full, fuzz every reader, and write the figures to docs/reliability.md.

python tools/prove.py [--small] [--only WORDS]      with tests/ on the path, as `make prove` does

They are the proofs that the tests run, with the sizes of the promise. `--small` runs this script as a test does, and
writes nothing: by threads, with one planted bug and one reader, because the other tests run the rest with these sizes.
Any figure that breaks a promise ends the run with an error.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import pytest

import fuzz
from ledger import bugs, proofs, server, shop, storms
from miexchange import ledger, simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.proofs import Crashes, Forgeries, How, Insiders, Race

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reliability.md"
BEGIN, END = "<!-- figures: written by make prove -->\n", "<!-- end of figures -->"
SEED = 1
"""The seed of the simulator, and within how many steps it finds a planted bug."""


class Sizes(NamedTuple):
    """How large the proofs are."""

    workers: int
    coupons: int
    rounds: int
    meetings: int
    kills: int
    backends: int
    each: int
    live: int
    forgeries: int
    guesses: int
    edits: int
    far_edits: int
    fuzz_seconds: float
    readers: str
    steps: int
    far_steps: int
    planted: tuple[str, ...]
    hows: tuple[How, ...]
    storms: dict[str, tuple[int, ...]]


FULL_STORMS = {
    "forge": (16, 10_000),
    "fork": (8, 40),
    "skew": (16, 1_000),
    "sims": (16, 100),
    "keys": (16, 40, 3),
    "quotas": (16, 30, 4),
    "limits": (16, 1_000, 1),
}
SMALL_STORMS = {
    "forge": (3, 60),
    "fork": (2, 1),
    "skew": (8, 12),
    "sims": (3, 4),
    "keys": (3, 3, 1),
    "quotas": (3, 5, 1),
    "limits": (3, 12, 1),
}
FULL = Sizes(
    *(16, 1_000, 100, 200, 500, 20, 50, 1_000, 1_000_000, 2_000, 10_000, 1_000, 60, "", 1_000_000, 100_000),
    *(tuple(bugs.BUGS), ("threads", "processes"), FULL_STORMS),
)
SMALL = Sizes(
    *(4, 10, 4, 3, 4, 1, 4, 5, 500, 20, 30, 10, 0.5, "Imei.parse", 2_000, 300),
    *(("own_key_only",), ("threads",), SMALL_STORMS),
)


def table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    """Return a table in Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(
        f"| {' | '.join(f'{cell:,}' if isinstance(cell, int) else str(cell) for cell in row)} |\n" for row in lines
    )


def races(databases: dict[str, Iterator[str]], sizes: Sizes) -> str:
    """Run the races."""
    rows: list[tuple[object, ...]] = []
    whats = {
        "redeem the same coupons": ("redeem", sizes.coupons),
        "accept for one account": ("account", sizes.rounds),
        "accept one device": ("device", sizes.rounds),
    }
    for name, urls in databases.items():
        for said, (what, things) in whats.items():
            for how in sizes.hows:
                run: Race = proofs.race(next(urls), what, things, sizes.workers, how)
                say(name, said, how, run)
                if (run.won, run.twice, run.never) != (things, 0, 0):
                    raise SystemExit(f"broken: {name}, {said}, {how}: {run}")
                rows.append(
                    (
                        name,
                        said,
                        f"{sizes.workers} {how}",
                        things,
                        run.attempts,
                        run.won,
                        run.twice,
                        f"{run.seconds:.0f} s",
                    )
                )
    head = ("database", "what", "who", "things", "attempts", "won", "won twice", "took")
    return table(head, rows)


def meetings(databases: dict[str, Iterator[str]], sizes: Sizes) -> str:
    """Let opposite verbs meet; each meeting is checked as it happens."""
    rows: list[tuple[object, ...]] = []
    for name, urls in databases.items():
        with ledger.open(next(urls), key=shop.KEY, create=True) as store:
            for pair, states in proofs.meet(store, 1, sizes.meetings).items():
                told = ", ".join(f"{state} {times:,}" for state, times in sorted(states.items()))
                rows.append((name, pair, sizes.meetings, told))
        say(name, "meetings")
    return table(("database", "pair", "meetings", "ended as"), rows)


def crashes(databases: dict[str, Iterator[str]], sizes: Sizes) -> str:
    """Kill writers, and the server's own processes."""
    rows: list[tuple[object, ...]] = []
    kinds = [(name, "the writer", sizes.kills, False) for name in databases]
    if not server.is_given():
        kinds.append(("PostgreSQL", "the server's process", sizes.backends, True))
    for name, killed, kills, backends in kinds:
        run: Crashes = proofs.crash(databases[name], kills, each=sizes.each, backends=backends)
        say(name, killed, run)
        if (run.lost, run.doubled, run.unresolved, run.unclean) != (0, 0, 0, 0):
            raise SystemExit(f"broken: {name}, {killed}: {run}")
        rows.append(
            (
                *(name, killed, run.kills, run.acknowledged, run.lost, run.doubled),
                *(run.unacknowledged, run.committed, run.unresolved, run.unclean),
            )
        )
    head = (
        *("database", "killed", "kills", "acknowledged", "lost", "doubled", "under way", "of these committed"),
        *("not resolved by a retry", "`verify` not clean"),
    )
    return table(head, rows)


def forgeries(databases: dict[str, Iterator[str]], sizes: Sizes) -> str:
    """Try codes that nobody issued."""
    rows: list[tuple[object, ...]] = []
    for name, urls in databases.items():
        with ledger.open(next(urls), key=shop.KEY, create=True) as store:
            run: Forgeries = proofs.forge(store, sizes.live, sizes.forgeries)
        say(name, run)
        if run.accepted:
            raise SystemExit(f"broken: {name}: {run}")
        rows.append((name, sizes.live, run.tried, run.mistyped, run.refused, run.accepted))
    head = ("database", "live coupons", "tried", "refused by the check character", "refused by the ledger", "accepted")
    return table(head, rows)


def guesses(databases: dict[str, Iterator[str]], sizes: Sizes) -> str:
    """Time what a stranger waits for."""
    rows: list[tuple[object, ...]] = []
    kinds = ("unknown", "foreign", "expired", "spent")
    for name, urls in databases.items():
        with ledger.open(next(urls), key=shop.KEY, create=True) as store:
            taken = proofs.timings(store, sizes.guesses)
        say(name, taken)
        spread = max(taken.values()) / min(taken.values())
        rows.append((name, *(f"{taken[kind] * 1e6:.0f} us" for kind in kinds), f"{spread:.2f} x"))
    return table(("database", *kinds, "slowest / fastest"), rows)


def insiders(databases: dict[str, Iterator[str]], sizes: Sizes) -> str:
    """Let an insider without the key edit the tables, and look whether each edit is found."""
    rows: list[tuple[object, ...]] = []
    for name, urls in databases.items():
        edits = sizes.edits if name == "SQLite" else sizes.far_edits
        with ledger.open(next(urls), key=shop.KEY, create=True) as store:
            run: Insiders = proofs.insiders(store, edits)
        say(name, run)
        if run.missed:
            raise SystemExit(f"broken: {name}: {run}")
        rows.append((name, run.edits, len(run.kinds), len(run.missed)))
    return table(("database", "edits", "kinds", "not found by `verify`"), rows)


def storm(name: str) -> Callable[[dict[str, Iterator[str]], Sizes], str]:
    """Return what runs a storm by threads and by processes on each database, and tells its figures."""

    def run(databases: dict[str, Iterator[str]], sizes: Sizes) -> str:
        workers, *rest = sizes.storms[name]
        runs = [
            (database, f"{workers} {how}", storms.STORMS[name](next(urls), how, workers, *rest))
            for database, urls in databases.items()
            for how in sizes.hows
        ]
        return told_of(storms.STORMS[name], runs)

    return run


def forks(databases: dict[str, Iterator[str]], sizes: Sizes) -> str:
    """Let a server fork while it serves."""
    children, each = sizes.storms["fork"]
    who = f"a server, {children} children, a child of each"
    return told_of(
        storms.fork, [(database, who, storms.fork(next(urls), children, each)) for database, urls in databases.items()]
    )


def fuzzed(_: dict[str, Iterator[str]], sizes: Sizes) -> str:
    """Fuzz every reader; an input that shows a fault is saved, and breaks the promise."""
    rows: list[tuple[object, ...]] = []
    for found in fuzz.run(sizes.fuzz_seconds, sizes.readers):
        say(found.name, found)
        if found.faults:
            raise SystemExit(f"broken: {found.name}: {found.faults}")
        rows.append(fuzz.row(found))
    engine = "atheris (libFuzzer)" if fuzz.ENGINE == "atheris" else "the engine of `tools/fuzz.py`"
    return f"{sizes.fuzz_seconds:g} s for each reader, with {engine}.\n\n{table(fuzz.HEAD, rows)}"


def simulated(databases: dict[str, Iterator[str]], sizes: Sizes) -> str:
    """Let the simulator work, then plant each bug in turn and see that it is found and replayed."""
    rows: list[tuple[object, ...]] = []
    for name, urls in databases.items():
        is_far = name == "PostgreSQL"
        begin = time.perf_counter()
        run = simulator.simulate(
            next(urls) if is_far else None, seed=SEED, steps=sizes.far_steps if is_far else sizes.steps
        )
        took = time.perf_counter() - begin
        say(name, run)
        if not run:
            raise SystemExit(f"broken: {name}: {run}")
        figures = (run.steps, run.rounds, run.requests, run.made, run.acknowledged, run.refused, run.errors)
        rows.append((name, *figures, run.killed, run.lost, run.keys, run.jumps, 0, f"{took:.0f} s"))
    head = (
        *("database", "steps", "rounds", "requests", "transitions", "acknowledged", "refused", "errors", "killed"),
        *("answers lost", "new keys", "jumps of a clock", "violations", "took"),
    )
    planted: list[tuple[object, ...]] = []  # on files alone: what needs two writers is in the sweep
    for name in sizes.planted:
        with pytest.MonkeyPatch.context() as patch:
            bugs.BUGS[name](patch)
            found = bugs.hunted()
            if found.violation is None or simulator.replay(found.violation) != found.violation:
                raise SystemExit(f"broken: the bug {name} is not found, or not replayed: {found}")
        say(name, found.violation.law)
        planted.append((name.replace("_", " "), found.steps, found.violation.law))
    return f"{table(head, rows)}\n{table(('planted bug', 'found after steps', 'law'), planted)}"


def told_of(of: Callable[..., storms.Figures], runs: list[tuple[str, str, storms.Figures]]) -> str:
    """Return what a storm is and a table of its figures, unless one breaks a promise."""
    for database, who, figures in runs:
        say(database, who, figures)
        if figures.broken:
            raise SystemExit(f"broken: {database}, {who}: {', '.join(figures.broken)}: {figures}")
    head = ("database", "who", *runs[0][2].row)
    rows: list[tuple[object, ...]] = [(database, who, *figures.row.values()) for database, who, figures in runs]
    return f"{(of.__doc__ or '').partition(chr(10))[0]}\n\n{table(head, rows)}"


def run_of() -> str:
    """Return what the figures of a part are of: parts can be run one by one."""
    git = ["git", "-C", str(PAGE.parents[1]), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603 - as it is written
    machine = f"Python {platform.python_version()} on {sys.platform}, {os.cpu_count()} cores"
    return f"{machine}, {time.strftime('%Y-%m-%d')}{commit and f', commit {commit}'}."


def say(*words: object) -> None:
    """Tell how far it is."""
    print(time.strftime("%H:%M:%S"), *words, flush=True)


def empty_files(folder: str) -> Iterator[str]:
    """Give the path of an SQLite file that is not there yet, again and again."""
    while True:
        yield f"{folder}/{uuid4().hex}.db"


def empty_databases(url: str, open_ones: ExitStack) -> Iterator[str]:
    """Give the URL of an empty database of a server, again and again."""
    while True:
        yield open_ones.enter_context(server.database(url))


def main() -> None:
    """Run all of them, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="as small as in the tests; the page stays as it is")
    parser.add_argument("--only", metavar="WORDS", default="", help="only the proofs whose title has these words")
    asked = parser.parse_args()
    sizes = SMALL if (small := asked.small) else FULL
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        far = stack.enter_context(server.postgresql(f"prove-{uuid4().hex[:8]}", durable=not small))
        databases = {"SQLite": empty_files(folder), "PostgreSQL": empty_databases(far, stack)}
        parts = {
            "Races": races,
            "Opposite verbs on one coupon": meetings,
            "Crashes": crashes,
            "Forged and mutated codes": forgeries,
            "An insider without the key": insiders,
            "What a stranger waits for, in the middle": guesses,
            "Forged quotes": storm("forge"),
            "Servers that fork": forks,
            "Clocks that differ": storm("skew"),
            "Phones with two SIMs": storm("sims"),
            "Servers with old and new keys": storm("keys"),
            "Bonuses with a quota": storm("quotas"),
            "Limits of new exchanges": storm("limits"),
            "A seeded simulator": simulated,
            "Fuzzed readers": fuzzed,
        }
        told = {
            title: f"### {title}\n\n{run_of()}\n\n{part(databases, sizes)}"
            for title, part in parts.items()
            if asked.only.lower() in title.lower()
        }
    print("\n".join(told.values()))
    if not small:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        figures, _, after = rest.partition(END)
        before_now = {part.partition("\n")[0]: f"### {part.rstrip()}\n" for part in figures.split("### ")[1:]}
        every = {**before_now, **told}
        text = "\n".join(every[title] for title in parts if title in every)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
