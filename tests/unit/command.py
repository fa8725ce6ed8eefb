"""Running the command in tests: in this process or in one of its own, in a pipe or at a terminal."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any, NamedTuple
from unittest import mock

import miexchange
from miexchange import Device, Imei, ImeiStatus, Quote, _data, appraise
from miexchange.cli import _app, _given, main
from shipped import shipped_programme

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

IST = timezone(timedelta(hours=5, minutes=30))
IMEI = Imei.from_body("86366403123456")
AT = "2018-03-20T12:00+05:30"
QUOTE = ("quote", "--model", "oneplus-3t-6-64", "--best", "--answer", "body=light_wear")
VALUED = (*QUOTE, "--at", AT)
KEY = "a secret key of the tests"
SOURCES = str(Path(miexchange.__file__).parents[1])

IN_PAISE = {"unit": "minor", "decimals": {"INR": 2}}
"""What JSON says of its amounts where they are in rupees."""

ORDER = {
    "id": "order-1",
    "lines": [
        {
            "product": "Redmi Note 5 Pro",
            "category": "smartphone",
            "brand": "Redmi",
            "channel": "mi.com",
            "price_minor": 1399900,
        },
        {
            "product": "Case",
            "category": "accessory",
            "brand": "Mi",
            "channel": "mi.com",
            "price_minor": 49900,
            "quantity": 2,
        },
    ],
}


def leaves() -> dict[tuple[str, ...], Any]:
    """Return every subcommand as it stands in the app, by the words that lead to it: none is listed by hand."""

    def below(path: tuple[str, ...], group: Any) -> Iterator[tuple[tuple[str, ...], Any]]:  # noqa: ANN401 - typer's
        for name, one in group.commands.items():
            if hasattr(one, "commands"):
                yield from below((*path, name), one)
            else:
                yield (*path, name), one

    return dict(below((), _app.command()))


COMMANDS = list(leaves())


class Ran(NamedTuple):
    """What a run of the command left behind."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:  # noqa: ANN401 - any JSON data
        return json.loads(self.out)


class Terminal(io.TextIOWrapper):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


# A programme is immutable, so reading it anew for each of some thousand runs would only take time.
_load_once = cache(_given.programme)


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return plain surroundings: 80 columns, no wish for colours, no key; but what a test sets stands above."""
    meddling = {"FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "MIEXCHANGE_KEY", "PYTHONIOENCODING"}
    kept = {name: value for name, value in os.environ.items() if name not in meddling}
    return {**kept, "COLUMNS": "80", "PYTHONPATH": SOURCES, "PYTHONUTF8": "1", **environ}


def run(
    *arguments: str,
    typed: str | None = None,
    data: bytes = b"",
    encoding: str = "utf-8",
    environ: Mapping[str, str] = MappingProxyType({}),
) -> Ran:
    """Run the command in this process; with `typed`, a person at a terminal types it, else stdin holds `data`."""
    with (
        mock.patch.dict(os.environ, environment(environ), clear=True),
        mock.patch.object(_given, "programme", _load_once),
    ):
        return _run(arguments, typed, encoding, data)


def _run(arguments: Sequence[str], typed: str | None, encoding: str, data: bytes) -> Ran:
    saved = sys.stdin, sys.stdout, sys.stderr
    kind = io.TextIOWrapper if typed is None else Terminal
    out, err = io.BytesIO(), io.BytesIO()
    stdout, stderr = io.TextIOWrapper(out, encoding=encoding, newline="\n"), kind(err, encoding="utf-8", newline="\n")
    sys.stdin = kind(io.BytesIO(data if typed is None else typed.encode()), encoding="utf-8")
    sys.stdout, sys.stderr = stdout, stderr
    try:
        code = main(arguments)
    finally:
        sys.stdin, sys.stdout, sys.stderr = saved
    stdout.flush()
    stderr.flush()
    return Ran(code, out.getvalue().decode(encoding), err.getvalue().decode())


def spawn(*arguments: str, stdout: int | IO[str] = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "miexchange.cli", *arguments],
        env=environment({}),
        check=False,
        text=True,
        encoding="utf-8",
        timeout=60,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )


def put_at_hand(folder: Path) -> Path:
    """Fill a folder with what a person may have at hand: right files, and one for each mistake."""
    (folder / "key").write_text(KEY + "\n", "utf-8")
    (folder / "order.json").write_text(json.dumps(ORDER), "utf-8")
    coupon = ("--account", "asha", "--key-file", str(folder / "key"), "--coupon-out", str(folder / "coupon.json"))
    assert run(*VALUED, "--imei", IMEI.digits, *coupon).code == 0
    made = json.loads((folder / "coupon.json").read_text("utf-8"))
    phone, case = ORDER["lines"]
    texts = {
        "answers.json": '{"power": "works", "screen_glass": "deep_scratches"}',
        "broken.json": '{"power":',
        "list.json": "[1]",
        "number.json": '{"power": 1}',
        "twice.json": '{"power": "works", "power": "dead"}',
        "deep.json": "[" * 100_000,
        "case.json": json.dumps({"id": "order-2", "lines": [case]}),
        "cheap.json": json.dumps({"id": "order-3", "lines": [{**phone, "price_minor": 999900}]}),  # type: ignore[dict-item]
        "text-price.json": json.dumps({"id": "1", "lines": [{**phone, "price_minor": "13999"}]}),  # type: ignore[dict-item]
        "no-lines.json": json.dumps({"id": "1", "lines": []}),
        "other-code.json": json.dumps({**made, "code": "0" * 17}),
        "no-code.json": json.dumps({name: value for name, value in made.items() if name != "code"}),
        "short-key": "short",
        "table.csv": "tac,brand,model\n86366403,OnePlus,3T\n86366403,OnePlus,3T\nx,y,z\n1636640,Acme,One\n",
        "no-table.csv": "hello\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    (folder / "utf16.json").write_bytes('{"power": "works"}'.encode("utf-16"))
    (folder / "empty").mkdir()
    copy_programme(
        folder / "data", {"eligible_models.csv": ("oneplus-3t-6-64,2018-03-15", "oneplus-3t-6-64,2018-15-03")}
    )
    return folder


def copy_programme(folder: Path, changes: dict[str, tuple[str, str]]) -> None:
    """Copy the shipped data, with one text in a file of one programme changed."""
    shutil.copytree(_data.folder(), folder, ignore=shutil.ignore_patterns("LICENSES", "graded-trade-in"))
    for name, (old, new) in changes.items():
        path = folder / "programmes" / "mi-exchange-india" / name
        text = path.read_text("utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), "utf-8")


def library_quote(model: str = "oneplus-3t-6-64") -> Quote:
    programme = shipped_programme("mi-exchange-india")
    terms = programme.terms[0]
    answers = terms.questionnaire.best(programme.catalogue.by_model[model]).replace(body="light_wear")
    at = datetime(2018, 3, 20, 12, tzinfo=IST)
    quote = appraise(Device(model, IMEI), answers, programme, at=at, imei_status=ImeiStatus.CLEAR)
    assert isinstance(quote, Quote)
    return quote


def all_but(question: str) -> list[str]:
    """Answer every question but one."""
    answers = library_quote().condition.replace(**{question: None})
    return [word for name, option in answers.items() for word in ("--answer", f"{name}={option}")]
