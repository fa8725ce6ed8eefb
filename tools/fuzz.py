"""Fuzz every reader, each in a process of its own, and say what was found.

python tools/fuzz.py [--seconds N] [--only WORDS] [--engine atheris|lines] [--keep FOLDER]      with tests/ on the path
python tools/fuzz.py --again READER FILE      one saved input once more, with its traceback

Inputs are mutated from the data of the repository, and those that reach something new are mutated further: by atheris
(libFuzzer) where it is installed, else by a small engine of our own that counts lines. A fault is any exception but the
package's own, a process that dies, an input that takes more than a second or 300 MB, or a message that does not print
or shows an IMEI. Each is saved, and ends the run with exit code 1.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import mmap
import os
import random
import re
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

from fuzz_readers import LONGEST, READERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, FrameType

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "src"
# numba reads their byte code, which atheris would have changed.
COMPILED = [
    "miexchange._decisions",
    "miexchange._kernel",
    *(
        ".".join(file.relative_to(SOURCES).with_suffix("").parts)
        for file in sorted((SOURCES / "miexchange" / "batch").rglob("*.py"))
        if "_compiled" in f"{file.name} {file.read_text(encoding='utf-8')}"
    ),
]
MOST_SECONDS, MOST_BYTES = 1.0, 300 << 20
STALL = 60.0  # seconds without an execution after which a process counts as hanging


@dataclass
class Found:
    """What the fuzzing of one reader came to."""

    name: str
    executions: int = 0
    seconds: float = 0.0
    coverage: int = 0
    paths: int = 0
    longest: float = 0.0
    growth: int = 0
    faults: list[str] = field(default_factory=list)


# ---- one execution


class Judge:
    """Runs a reader on an input, measures it, and keeps what is a fault."""

    def __init__(self, name: str, read: Callable[[bytes], object], folder: Path) -> None:
        """Lay out the file that says which input is being read."""
        self.found = Found(name)
        self._read = read
        self._folder = folder
        self._kinds: set[str] = set()
        self.measures = False
        """Whether time and memory are judged: not while the seeds are read, which imports and compiles."""
        self._began = self._told = time.monotonic()
        size = LONGEST * 4
        with (folder / "current").open("wb") as stream:
            stream.truncate(size)
        with (folder / "current").open("r+b") as stream:  # what a process that dies was reading outlives it
            self._current = mmap.mmap(stream.fileno(), size)

    def __call__(self, data: bytes) -> None:
        """Run it once."""
        self._current[:4] = struct.pack("<I", len(data))
        self._current[4 : 4 + len(data)] = data
        kind, fault, took, grown = self._measured(data)
        if took > MOST_SECONDS and not fault:
            kind, fault, took, grown = self._measured(data)  # the first time may have imported, or compiled a loop
        found = self.found
        found.executions += 1
        if self.measures:
            found.longest, found.growth = max(found.longest, took), max(found.growth, grown)
            if took > MOST_SECONDS:
                kind, fault = "time", fault or f"it took {took:.1f} s"
            if grown > MOST_BYTES:
                kind, fault = "memory", fault or f"it took {grown >> 20} MB"
        if fault and kind not in self._kinds:
            self._kinds.add(kind)
            self._keep(data, fault)
        if time.monotonic() - self._told > 0.2 or fault:  # noqa: PLR2004 - seconds
            self.tell()

    def tell(self) -> None:
        """Write down how far it is: libFuzzer ends the process itself."""
        self._told = time.monotonic()
        self.found.seconds = self._told - self._began
        (self._folder / "found.new").write_text(json.dumps(vars(self.found)), encoding="utf-8")
        (self._folder / "found.new").replace(self._folder / "found.json")

    def _measured(self, data: bytes) -> tuple[str, str, float, int]:
        before, memory = time.process_time(), _memory()
        kind, fault = self._fault(data)
        return kind, fault, time.process_time() - before, _memory() - memory

    def _fault(self, data: bytes) -> tuple[str, str]:
        """Return what kind of fault it is and a sentence, both empty for none."""
        from miexchange import MiExchangeError
        from property.messages import fault_of_message, said_of

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._read(data)
        except MiExchangeError as error:
            fault = fault_of_message(error)
            return fault[:24], fault
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(where.filename).name}:{where.lineno}"
            return f"{type(error).__name__} {place}", f"{said_of(error)} ({place})"
        return "", ""

    def _keep(self, data: bytes, fault: str) -> None:
        file = self._folder / f"{re.sub('[^a-z]+', '-', self.found.name.lower())}-{crc32(data):08x}"
        file.write_bytes(data)
        self.found.faults.append(f"{fault!a} <- {file.name}")


def _memory() -> int:
    """Return the most memory that this process ever took, in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


# ---- the engines


def with_atheris(judge: Judge, seeds: list[bytes], seconds: float, folder: Path) -> None:
    """Let libFuzzer mutate; it ends the process."""
    import atheris

    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [
        f"-max_total_time={max(int(seconds), 1)}",
        f"-max_len={LONGEST}",
        "-rss_limit_mb=0",
        "-timeout=60",
        "-seed=1",
    ]
    atheris.Setup(["fuzz", *options, str(corpus)], judge)
    atheris.Fuzz()


_BYTES = (
    b"",
    b"\0",
    b"\xff",
    b'"',
    b'""',
    b"'",
    b",",
    b";",
    b"\t",
    b"\n",
    b"\r\n",
    b"\r",
    b"=",
    b"|",
    b"{",
    b"}",
    b"[",
    b"]",
)
_WORDS = (
    b"null",
    b"NaN",
    b"-1",
    b"0",
    b"1e400",
    b"9" * 30,
    b"true",
    b"now",
    b"2018-02-30",
    b"9999-12-31T23:59:59-14:00",
)
_CHARACTERS = ("\u202e", "\u2028", "\ud800", "\uff13", "\u0422", "\u00a0", "\ufeff")
TOKENS = (*_BYTES, *_WORDS, *(one.encode("utf-8", "surrogatepass") for one in _CHARACTERS))


def mutated(chance: random.Random, corpus: list[bytes]) -> bytes:
    """Return a mutation of an input that reached something new."""
    data = bytearray(chance.choice(corpus))
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        begin = chance.randrange(len(data) + 1)
        end = min(len(data), begin + chance.choice((0, 1, 2, 4, 16, 64)))
        match chance.randrange(7):
            case 0 if begin < len(data):
                data[begin] ^= 1 << chance.randrange(8)
            case 1 if begin < len(data):
                data[begin] = chance.randrange(256)
            case 2:
                del data[begin:end]
            case 3:
                data[begin:begin] = data[begin:end] * chance.choice((1, 2, 100))
            case 4:
                other = chance.choice(corpus)
                start = chance.randrange(len(other) + 1)
                data[begin:end] = other[start : start + chance.randrange(64)]
            case _:
                data[begin:end] = chance.choice(TOKENS)
    return bytes(data[:LONGEST])


def blindly(judge: Judge, seeds: list[bytes], executions: int) -> Found:
    """Mutate the seeds alone: always the same inputs, whatever the machine."""
    chance = random.Random(1)  # noqa: S311 - the same inputs again next time
    for number in range(executions):
        judge(seeds[number] if number < len(seeds) else mutated(chance, seeds))
    return judge.found


def by_lines(judge: Judge, seeds: list[bytes], seconds: float) -> None:
    """Mutate, and keep what executes a line of the package that nothing did before."""
    chance, corpus, waiting = random.Random(1), list(seeds), list(seeds)  # noqa: S311 - as above
    seen: set[tuple[CodeType, int]] = set()
    ours = f"{ROOT / 'src' / 'miexchange'}{os.sep}"

    def enter(frame: FrameType, _: str, __: object) -> Any:  # noqa: ANN401 - a trace function
        return each if frame.f_code.co_filename.startswith(ours) else None

    def each(frame: FrameType, event: str, _: object) -> Any:  # noqa: ANN401 - as above
        if event == "line":
            seen.add((frame.f_code, frame.f_lineno))
        return each

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        is_seed = bool(waiting)
        data = waiting.pop() if is_seed else mutated(chance, corpus)
        before, outer = len(seen), sys.gettrace()
        sys.settrace(enter)
        try:
            judge(data)
        finally:
            sys.settrace(outer)  # of coverage, say, which would see nothing more of this process
        if len(seen) > before and not is_seed:
            corpus.append(data)
        judge.found.coverage, judge.found.paths = len(seen), len(corpus)
    judge.tell()


def child(name: str, seconds: float, engine: str, folder: Path) -> None:
    """Fuzz one reader in this process."""
    os.chdir(folder)
    if engine == "atheris":
        import atheris

        with atheris.instrument_imports(include=["miexchange"], exclude=COMPILED):
            import miexchange
            import miexchange.ledger
            import miexchange.tuning  # noqa: F401 - as above
    read = READERS[name].make(folder)
    seeds = READERS[name].seeds()
    judge = Judge(name, read, folder)
    for seed in seeds:
        judge(seed)
    judge.measures = True
    if engine == "atheris":
        with_atheris(judge, seeds, seconds, folder)
    else:
        by_lines(judge, seeds, seconds)


# ---- the run


def fuzz(name: str, seconds: float, engine: str, keep: Path) -> Found:
    """Fuzz one reader in a process of its own, which may die."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    words = [
        sys.executable,
        __file__,
        "--child",
        name,
        "--seconds",
        str(seconds),
        "--engine",
        engine,
        "--keep",
        str(folder),
    ]
    log = folder / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(  # noqa: S603 - ourselves
            words,
            stdout=stream,
            stderr=stream,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        try:
            code = process.wait(timeout=seconds + STALL * 2)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            code = None
    told = log.read_text(encoding="utf-8", errors="replace")
    found = Found(name)
    with contextlib.suppress(OSError, ValueError):
        found = Found(**json.loads((folder / "found.json").read_text(encoding="utf-8")))
    if code != 0:
        with contextlib.suppress(OSError, struct.error):
            current = (folder / "current").read_bytes()
            (size,) = struct.unpack_from("<I", current)
            (folder / "killer").write_bytes(current[4 : 4 + size])
        how = "hangs" if code is None else f"ends with {code}"
        found.faults.append(f"the process {how}: {told.strip().splitlines()[-1:] or ''} <- killer")
    for line in re.findall(r"^#\d+\s.*cov: (\d+) .*corp: (\d+)", told, re.MULTILINE)[-1:]:
        found.coverage, found.paths = int(line[0]), int(line[1])
    if found.faults:
        place = keep / folder.name
        place.mkdir(parents=True, exist_ok=True)
        for fault in found.faults:
            file = folder / fault.rpartition(" <- ")[2]
            if file.is_file():
                (place / file.name).write_bytes(file.read_bytes())
        found.faults = [
            f"{fault.rpartition(' <- ')[0]} <- {place / fault.rpartition(' <- ')[2]}" for fault in found.faults
        ]
    subprocess.run(["rm", "-rf", str(folder)], check=False)  # noqa: S603, S607 - what was made here
    return found


def run(seconds: float, only: str = "", engine: str = "", keep: Path | None = None) -> Iterator[Found]:
    """Fuzz the readers one after the other."""
    engine = engine or ENGINE
    for name in READERS:
        if only.lower() in name.lower():
            yield fuzz(name, seconds, engine, keep or ROOT / "fuzz-faults")


def _engine() -> str:
    from importlib.util import find_spec

    return "atheris" if find_spec("atheris") else "lines"


ENGINE = _engine()

HEAD = (
    *("reader", "executions", "a second", f"{'edges' if ENGINE == 'atheris' else 'lines'} reached", "inputs kept"),
    *("longest", "most memory", "faults"),
)


def row(found: Found) -> tuple[object, ...]:
    """Return a reader's line of the table."""
    return (
        *(
            found.name,
            found.executions,
            round(found.executions / max(found.seconds, 0.01)),
            found.coverage,
            found.paths,
        ),
        *(f"{found.longest * 1000:.0f} ms", f"{found.growth / 2**20:.0f} MB", len(found.faults)),
    )


def main() -> int:
    """Fuzz, and print a line for each reader."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=60, help="how long each reader is fuzzed")
    parser.add_argument("--only", metavar="WORDS", default="", help="only the readers whose name has these words")
    parser.add_argument("--engine", choices=("atheris", "lines"), default=ENGINE)
    parser.add_argument("--keep", type=Path, default=ROOT / "fuzz-faults", help="where inputs of faults are saved")
    parser.add_argument("--again", nargs=2, metavar=("READER", "FILE"), help="read a saved input once more")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child(asked.child, asked.seconds, asked.engine, asked.keep)
        return 0
    if asked.again:
        name, file = asked.again
        data = Path(file).read_bytes()
        with tempfile.TemporaryDirectory() as folder:
            print(READERS[name].make(Path(folder))(data))
        return 0
    faults = 0
    print(" | ".join(map(str, HEAD)))
    for found in run(asked.seconds, asked.only, asked.engine, asked.keep):
        print(" | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row(found)), flush=True)
        for fault in found.faults:
            print(f"    {fault}", flush=True)
        faults += len(found.faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
