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
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
BASE = ROOT / "tests" / "data" / "programme_base"
# numba reads their byte code, which atheris would have changed.
COMPILED = [
    "miexchange._kernel",
    *(f"miexchange.batch.{file.stem}" for file in (ROOT / "src" / "miexchange" / "batch").glob("*.py")),
]
MOST_SECONDS, MOST_BYTES = 1.0, 300 << 20
LONGEST = 8_192  # bytes of an input: a mutation of a long one rarely changes what is read
STALL = 60.0  # seconds without an execution after which a process counts as hanging


@dataclass(frozen=True)
class Reader:
    """A reader to fuzz: what makes its function, in a folder that it may write to, and what to begin with."""

    make: Callable[[Path], Callable[[bytes], object]]
    seeds: Callable[[], list[bytes]]


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


# ---- the readers


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _imei(_: Path) -> Callable[[bytes], object]:
    from miexchange import Imei

    return lambda data: Imei.parse(_text(data))


def _code(_: Path) -> Callable[[bytes], object]:
    from miexchange.coupon import normal_code

    return lambda data: normal_code(_text(data))


def _model(_: Path) -> Callable[[bytes], object]:
    from miexchange import Programme

    catalogue = Programme.load("graded-trade-in").catalogue
    return lambda data: (catalogue.named(_text(data)), catalogue.search(_text(data)))


def _report(_: Path) -> Callable[[bytes], object]:
    from miexchange import DeviceReport

    return DeviceReport.parse


def _json_kinds() -> list[Any]:
    import inspect

    import miexchange
    from miexchange import Condition, exchange, ledger
    from miexchange._value import Value

    things = [getattr(module, name) for module in (miexchange, exchange, ledger) for name in module.__all__]
    kinds = {thing for thing in things if inspect.isclass(thing) and issubclass(thing, Value | Condition)}
    return sorted(kinds, key=lambda kind: str(kind.__name__))


def _json(_: Path) -> Callable[[bytes], object]:
    kinds = _json_kinds()
    return lambda data: kinds[data[0] % len(kinds)].from_json(data[1:]) if data else None


def _json_seeds() -> list[bytes]:
    from property.sound import example, json_of

    kinds = _json_kinds()
    found = []
    for number, kind in enumerate(kinds):
        with contextlib.suppress(AssertionError):
            one = example(kind)
            found.append(bytes([number]) + json_of(one).encode())
    return [seed for seed in found if len(seed) <= LONGEST]


def _checkpoint(_: Path) -> Callable[[bytes], object]:
    from miexchange.ledger import Checkpoint

    def read(data: bytes) -> object:
        checkpoint = Checkpoint.from_json(data)
        return checkpoint.is_signed_by(checkpoint.public_key)

    return read


def _checkpoint_seeds() -> list[bytes]:
    from property.sound import SOUND

    return [SOUND.checkpoint.to_json().encode()]


def _programme(folder: Path) -> Callable[[bytes], object]:
    from miexchange import Programme, lint

    names = sorted(file.name for file in BASE.iterdir())
    whole = {name: (BASE / name).read_bytes() for name in names}
    for name, content in whole.items():
        (folder / name).write_bytes(content)

    def read(data: bytes) -> object:
        name = names[data[0] % len(names)] if data else names[0]
        (folder / name).write_bytes(data[1:])
        try:
            problems = lint(folder)
            return problems or Programme.load(folder)
        finally:
            (folder / name).write_bytes(whole[name])

    return read


def _programme_seeds() -> list[bytes]:
    names = sorted(file.name for file in BASE.iterdir())
    return [bytes([number]) + (BASE / name).read_bytes()[:LONGEST] for number, name in enumerate(names)]


def _tables(folder: Path) -> Callable[[bytes], object]:
    from miexchange import AnchorTable, Catalogue, EligibleModels, PriceTable

    readers = (PriceTable.read, AnchorTable.read, EligibleModels.read, Catalogue.read)
    path = folder / "table.csv"

    def read(data: bytes) -> object:
        path.write_bytes(data[1:])
        return readers[data[0] % len(readers)](path) if data else None

    return read


def _table_seeds() -> list[bytes]:
    names = ("market_prices.csv", "repair_anchors.csv", "eligible_models.csv", "models.csv")
    return [bytes([number]) + (BASE / name).read_bytes()[:LONGEST] for number, name in enumerate(names)]


def _tacs(folder: Path) -> Callable[[bytes], object]:
    from miexchange import TacTable

    path = folder / "tac.csv"

    def read(data: bytes) -> object:
        path.write_bytes(data)
        return TacTable.read(path).lookup("354178036859789")

    return read


def _tac_seeds() -> list[bytes]:
    layouts = [
        b"tac,name1,name2,contributor,comment,gsmarena1,gsmarena2,aka\n35417803,Huawei,Nexus 6P,,,,,\n",
        b"35417803,Apple iPhone 6\n35062495|Samsung|Galaxy S8\n",
        b'{"brands": {"Acme": {"models": {"One": {"tacs": ["35417803"]}}}}}',
    ]
    lines = (DATA / "tac.csv").read_bytes().splitlines(keepends=True)
    return [b"".join(lines[:30]), *layouts]


def _devices(rows: int = 6) -> Any:  # noqa: ANN401 - a DataFrame: pandas is imported by what needs it
    from property.sound import SOUND

    devices = SOUND.devices
    return devices.assign(at=[f"{at.isoformat()}" for at in devices["at"]]).head(rows)


def _file(kind: str) -> Callable[[Path], Callable[[bytes], object]]:
    def make(folder: Path) -> Callable[[bytes], object]:
        from miexchange.batch import appraise_file
        from property.sound import SOUND

        source, target = folder / f"in.{kind}", folder / "out.csv"

        def read(data: bytes) -> object:
            source.write_bytes(data)
            return appraise_file(source, target, SOUND.programme, rows=4, threads=1, force=True, restart=True)

        return read

    return make


def _csv_seeds() -> list[bytes]:
    text = _devices().to_csv(index=False)
    return [text.encode(), ("\ufeff" + text.replace("\n", "\r\n")).encode(), text.replace(",", ";").encode()]


def _parquet_seeds() -> list[bytes]:
    import io

    found = []
    for compression in ("snappy", None):
        stream = io.BytesIO()
        _devices().to_parquet(stream, compression=compression)
        found.append(stream.getvalue())
    return found


def _arrow(_: Path) -> Callable[[bytes], object]:
    import pyarrow as pa

    from miexchange.batch import appraise_frame, validate_many
    from property.sound import SOUND

    def read(data: bytes) -> object:
        try:
            table = pa.ipc.open_stream(data).read_all()
            table.validate(full=True)  # memory that Arrow itself would not touch is not handed over ...
        except (pa.ArrowException, OSError, ValueError, NotImplementedError, MemoryError) as error:
            if "UTF8" not in str(error):  # ... but texts that are no UTF-8 are
                return None
        for column in table.columns:
            validate_many(column)
        return appraise_frame(table, SOUND.programme)

    return read


def _arrow_seeds() -> list[bytes]:
    import io

    import pyarrow as pa

    found = []
    table = pa.Table.from_pandas(_devices(), preserve_index=False)
    encoded = pa.table({name: table[name].dictionary_encode() for name in table.column_names})
    for one in (table, encoded):
        stream = io.BytesIO()
        with pa.ipc.new_stream(stream, one.schema) as writer:
            writer.write_table(one)
        found.append(stream.getvalue())
    return found


def _observations(folder: Path) -> Callable[[bytes], object]:
    from miexchange.tuning import Observations
    from property.sound import SOUND

    path = folder / "observations.csv"
    catalogue = SOUND.programme.catalogue
    from datetime import date

    def read(data: bytes) -> object:
        path.write_bytes(data)
        return Observations.read(path, catalogue, as_of=date(2018, 6, 30))

    return read


def _observation_seeds() -> list[bytes]:
    from property.sound import SOUND

    text = SOUND.observations.head(8).to_csv(index=False)
    plain = "model,price_paise,on,kind,source\nacme-one-4-64,900000,2018-03-01,deal,till\nacme-one-4-64,1,x,deal,till\n"
    return [text.encode(), plain.encode()]


def _ledger(folder: Path) -> Callable[[bytes], object]:
    from miexchange import ledger
    from property.sound import SOUND
    from unit import small

    with SOUND.store("fuzz") as store:
        store.checkpoint(small.AT)
    whole = (SOUND.folder / "fuzz.db").read_bytes()
    path = folder / "damaged.db"

    def read(data: bytes) -> object:
        """Damage the file: of every five bytes four say where and one says what."""
        content = bytearray(whole)
        for begin in range(0, len(data) - 4, 5):
            where, what = struct.unpack_from("<IB", data, begin)
            content[where % len(content)] = what
        path.write_bytes(content)
        for rest in ("-wal", "-shm", "-journal"):
            Path(f"{path}{rest}").unlink(missing_ok=True)
        with ledger.open(str(path), key=small.KEY) as store:
            found = ledger.verify(store)
            for code in [SOUND.issued.code]:
                with contextlib.suppress(ledger.LedgerError):
                    store.get(code)
            return found

    return read


def _ledger_seeds() -> list[bytes]:
    pages = [
        struct.pack("<IB", page * 4096 + offset, 255) for page in range(12) for offset in (0, 3, 100, 2_000, 4_000)
    ]
    return [b"\0\0\0\0S", *pages]


READERS: dict[str, Reader] = {
    "Imei.parse": Reader(_imei, lambda: [b"354178036859789", b"35-417803-685978-9", "\uff13\uff15".encode()]),
    "normal_code": Reader(_code, lambda: [b"ABCD-EFGH-JKLM-NPQR", "ABCD\u2013EFGH\u00a0".encode()]),
    "Catalogue.named": Reader(
        _model, lambda: [b"OnePlus 3T (6 GB, 64 GB)", b"oneplus-3t-6-64", "Galaxy S8\uff0b".encode()]
    ),
    "DeviceReport.parse": Reader(
        _report,
        lambda: [
            b'{"locks": {"factory_reset_protection": false}, "imeis": ["354178036859789"], "battery": {"health": 90}}',
            b'{"locks": {"factory_reset_protection": true}, "battery": {"cycle_count": 16, "first_usage_date": 0}}',
        ],
    ),
    "from_json of every type": Reader(_json, _json_seeds),
    "Programme.load, lint": Reader(_programme, _programme_seeds),
    "CSV tables of the core": Reader(_tables, _table_seeds),
    "TAC files": Reader(_tacs, _tac_seeds),
    "CSV files of devices": Reader(_file("csv"), _csv_seeds),
    "Parquet files of devices": Reader(_file("parquet"), _parquet_seeds),
    "Arrow tables": Reader(_arrow, _arrow_seeds),
    "CSV of observations": Reader(_observations, _observation_seeds),
    "checkpoints": Reader(_checkpoint, _checkpoint_seeds),
    "damaged ledgers": Reader(_ledger, _ledger_seeds),
}


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
        before = len(seen)
        sys.settrace(enter)
        try:
            judge(data)
        finally:
            sys.settrace(None)
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
