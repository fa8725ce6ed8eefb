"""Every reader of what comes from outside, as a function of bytes, and the inputs to begin with: see fuzz.py."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["LONGEST", "READERS", "Reader"]

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
BASE = ROOT / "tests" / "data" / "programme_base"
LONGEST = 8_192  # bytes of an input: a mutation of a long one rarely changes what is read


@dataclass(frozen=True)
class Reader:
    """A reader to fuzz: what makes its function, in a folder that it may write to, and what to begin with."""

    make: Callable[[Path], Callable[[bytes], object]]
    seeds: Callable[[], list[bytes]]


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


def _programme_json(_: Path) -> Callable[[bytes], object]:
    from miexchange import Programme

    return lambda data: Programme.from_json(data).digest


def _programme_json_seeds() -> list[bytes]:
    from property.sound import SOUND
    from unit import small

    return [programme.to_json().encode() for programme in (SOUND.programme, small.programme())]


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
    plain = "model,price_minor,on,kind,source\nacme-one-4-64,900000,2018-03-01,deal,till\nacme-one-4-64,1,x,deal,till\n"
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


def _price_list(folder: Path) -> Callable[[bytes], object]:
    from miexchange import Programme
    from miexchange.pricelists import Form, read

    programme = Programme.load("mi-exchange-india")
    forms = (
        Form(basis="observed"),
        Form(delimiter="semicolon", decimal="comma", grouping="point", date="since", dates="dmy", signs=("Rs.",)),
        Form(encoding="windows-1252", delimiter="tab", grouping="comma", date="since", dates="excel"),
    )
    file = folder / "list"

    def run(data: bytes) -> object:
        file.write_bytes(data[1:])
        return read(file, programme, forms[data[0] % len(forms)] if data else forms[0])

    return run


def _price_list_seeds() -> list[bytes]:
    from unit.lists import excel

    return [
        b"\0model,price\nOnePlus 3T 6GB/64GB,9990\n",
        b"\1model;price;since;basis\nRedmi Note 4;Rs. 9.990,00;15/06/2018;observed\n",
        b"\2model\tprice\tsince\tbasis\nRedmi 4A\t1,24,990\t43174\tmodelled\n",
        b"\0" + excel(["model", "price"], ["OnePlus 3T 6GB/64GB", 9990]),
    ]


def _book(folder: Path) -> Callable[[bytes], object]:
    from miexchange.pricelists import read_book

    file = folder / "book.csv"

    def read(data: bytes) -> object:
        file.write_bytes(data[1:])
        return read_book(file, keep_wrong=bool(data) and data[0] % 2 == 1)

    return read


def _book_seeds() -> list[bytes]:
    return [bytes([number]) + seed for number in range(2) for seed in _csv_seeds()]


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
    "Programme.from_json": Reader(_programme_json, _programme_json_seeds),
    "CSV tables of the core": Reader(_tables, _table_seeds),
    "TAC files": Reader(_tacs, _tac_seeds),
    "CSV files of devices": Reader(_file("csv"), _csv_seeds),
    "Parquet files of devices": Reader(_file("parquet"), _parquet_seeds),
    "Arrow tables": Reader(_arrow, _arrow_seeds),
    "books of devices": Reader(_book, _book_seeds),
    "CSV of observations": Reader(_observations, _observation_seeds),
    "price lists": Reader(_price_list, _price_list_seeds),
    "checkpoints": Reader(_checkpoint, _checkpoint_seeds),
    "damaged ledgers": Reader(_ledger, _ledger_seeds),
}
