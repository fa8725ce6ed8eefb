"""What every version left in a ledger is read by this one, and goes on: files of SQLite, and dumps of PostgreSQL.

The files in `tests/compat/ledgers` were written by `make_ledger.py`, each by the code of the version in its name.
"""

from __future__ import annotations

import json
import lzma
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from ledger import server, shop
from miexchange import Exchange, ImeiStatus, Order, Quote, Refusal, RegisterAnswer, ledger, replay
from miexchange.inspection import Inspection
from miexchange.ledger import LedgerVersionError, UnreadableError, _schema, verify
from miexchange.ledger._fingerprints import fingerprint, is_of
from miexchange.ledger._requests import Request
from unit import trade

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miexchange.ledger import Ledger

FOLDER = Path(__file__).parents[1] / "compat" / "ledgers"
NAMES = sorted(path.name.removesuffix(".json.xz") for path in FOLDER.glob("*.json.xz"))
VERSIONS = [name for name in NAMES if "-" not in name]
HOUR = timedelta(hours=1)
STATES = {"issued", "reserved", "inspected", "requoted", "completed", "adjusted", "reversed", "void", "expired"}
VALUES: dict[str, Any] = {"accept": Quote, "reserve": Order, "inspect": Inspection}


def kept(name: str) -> Any:  # noqa: ANN401 - JSON data
    return json.loads(lzma.decompress((FOLDER / f"{name}.json.xz").read_bytes()))


@contextmanager
def put_back(name: str, kind: str, folder: Path, postgresql: str) -> Iterator[str]:
    """Give the URL of a ledger that is what an older version left."""
    body = lzma.decompress((FOLDER / f"{name}.{'db' if kind == 'sqlite' else 'sql'}.xz").read_bytes())
    if kind == "sqlite":
        path = folder / f"{name}.db"
        path.write_bytes(body)
        path.chmod(0o600)
        yield str(path)
        return
    with server.database(postgresql) as url:
        with psycopg.connect(make_url(url).render_as_string(hide_password=False)) as connection:
            connection.execute(body)
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def postgres(kind: str, request: pytest.FixtureRequest) -> str:
    return "" if kind == "sqlite" else str(request.getfixturevalue("postgresql"))


def sent_again(store: Ledger, request: dict[str, Any], at: datetime) -> Exchange | Refusal:
    """Send a request that was answered by an older version, as its caller kept it."""
    verb, told = request["verb"], dict(request["told"])
    if "register_answer" in told:
        told["register_answer"] = RegisterAnswer.from_dict(told["register_answer"])
    value = [VALUES[verb].from_dict(request["value"])] if "value" in request else []
    code = [] if verb == "accept" else [request["code"]]
    answer: Exchange | Refusal = getattr(store, verb)(*code, *value, at=at, idempotency_key=request["key"], **told)
    return answer


def test_every_version_of_the_tables_is_kept() -> None:
    """Two versions side by side: a filled ledger of every version is kept, of either kind of database."""
    assert set(VERSIONS) == _schema._known_versions() - {"none"}, "run tests/compat/make_ledger.py"  # noqa: SLF001 - it knows
    for version in VERSIONS:
        assert (FOLDER / f"{version}.db.xz").exists()
        assert (FOLDER / f"{version}.sql.xz").exists()
        assert set(kept(version)["states"].values()) >= STATES, "exchanges in every state"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_ledger_of_every_version_goes_on(version: str, kind: str, postgres: str, tmp_path: Path) -> None:
    """A filled ledger migrates: each exchange is in its state, verified, answered as before, and can go on."""
    told = kept(version)
    late = datetime.fromisoformat(told["requests"][-1]["at"])
    with put_back(version, kind, tmp_path, postgres) as url:
        if version != _schema.HEAD:
            with pytest.raises(LedgerVersionError, match=f"of version {version}, and this package needs"):
                ledger.open(url, key=shop.KEY)
        assert ledger.migrate(url, key=shop.KEY) == _schema.HEAD
        with ledger.open(url, key=shop.KEY) as store:
            assert verify(store).faults == ()
            assert {code: store.get(code).state.value for code in told["states"]} == told["states"]  # type: ignore[union-attr]  # each is there
            for request in told["requests"]:
                answer = sent_again(store, request, late + HOUR)
                if isinstance(answer, Exchange):
                    assert answer.version == request["answer"], request["key"]
                else:
                    assert list(answer.codes) == request["answer"], request["key"]
            go_on(store, told["requests"], late + HOUR)
            assert verify(store).faults == ()
            assert store.checkpoint(late).exchanges == len(told["states"])


def go_on(store: Ledger, requests: list[dict[str, Any]], at: datetime) -> None:
    """Take each exchange that is open a step further, by what an older version told of it."""
    codes = {request["key"]: request["code"] for request in requests}
    order: dict[str, Any] = {"order": "order-13", "at": at}
    seen = trade.seen(imeis=(shop.imei(26),))
    shop.made(store.inspect(codes["reserve-13"], seen, shop.PROGRAMME, idempotency_key="later-1", **order))
    shop.made(store.complete(codes["reserve-13"], idempotency_key="later-2", **order))
    shop.made(store.agree(codes["reserve-14"], account="account-14", at=at, idempotency_key="later-3"))
    (issued,) = store.find(account="account-11")
    shop.made(store.reserve(issued.code, shop.order(11), account="account-11", at=at, idempotency_key="later-4"))
    for page in (store.find(limit=1_000), store.events(limit=1_000)):
        assert len(page) > len(codes) / 4


@pytest.mark.parametrize("version", ["0005", "0006"])
def test_a_kept_programme_of_every_version_makes_its_quotes(version: str, tmp_path: Path) -> None:
    """Design, promise 4: whoever keeps quotes keeps programmes by digest, also over a field that terms got since."""
    first = kept(version)["requests"][0]
    with put_back(version, "sqlite", tmp_path, "") as url:
        ledger.migrate(url, key=shop.KEY)
        with ledger.open(url, key=shop.KEY) as store:
            quote = Quote.from_dict(first["value"])
            assert store.programmes[quote.digest] == shop.PROGRAMME
            found = replay(quote, store.programmes)
            assert (bool(found), found.edition) == (True, "same")  # type: ignore[union-attr]  # it is kept


def requested(one: dict[str, Any]) -> Request:
    """Return a request as the ledger makes one of what its caller kept."""
    verb, told = one["verb"], one["told"]
    value = [VALUES[verb].from_dict(one["value"])] if "value" in one else []
    account = told.get("account")
    if verb == "accept":
        tags = [part for tag in sorted(told.get("tags", {}).items()) for part in tag]
        content = (*value, account, *tags)
        said = told.get("register_answer")
        older = () if said is None else (*value, account, RegisterAnswer.from_dict(said), *tags)
        return Request(verb, one["key"], content, shop.AT, asker=account, older=older)
    names = ("order", "exchange_value", "role", "person", "account", "reason")
    content = (one["code"], *value, *(str(told[name]) for name in names if name in told))
    return Request(verb, one["key"], content, shop.AT, one["code"])


@pytest.mark.parametrize("name", NAMES)
def test_the_fingerprints_of_every_version_are_known(name: str) -> None:
    """A request's fingerprint survives a field that was added; other content is another request in each form."""
    for one in kept(name)["requests"]:
        request = requested(one)
        assert is_of(request, one["fingerprint"], (b"another key, of sixteen", shop.KEY)), one["key"]
        assert is_of(request, fingerprint(request.verb, request.content, shop.KEY), (shop.KEY,))
        other = Request(request.verb, request.key, (*request.content, "more"), shop.AT)
        assert not is_of(other, one["fingerprint"], (shop.KEY,))
        assert not is_of(request, one["fingerprint"], (b"another key, of sixteen",))


def test_what_an_older_version_could_not_say_is_another_request() -> None:
    """A quote with tokens, evidence, values of warnings, a currency, a class of customer, a quota: none is dropped."""
    plain = Quote.from_dict(kept("0001")["requests"][0]["value"])
    taken = kept("0001")["requests"][0]["fingerprint"]
    answer = RegisterAnswer(ImeiStatus.CLEAR, "CEIR", shop.AT, "r-17")
    changed = [
        plain.replace(device_tokens=("0" * 32,)),
        plain.replace(register_answer=answer, imei_status=ImeiStatus.CLEAR),
        plain.replace(customer="gold"),
        plain.replace(zone_data="2026a"),
        plain.replace(seal="0" * 64),
    ]
    for quote in (plain, *changed):
        request = Request("accept", "accept-1", (quote, "account-1"), shop.AT)
        assert is_of(request, taken, (shop.KEY,)) is (quote is plain)


def test_a_fingerprint_of_a_newer_version_is_refused_in_words() -> None:
    request = Request("accept", "accept-1", ("x",), shop.AT)
    with pytest.raises(UnreadableError, match=r"is in form 3, of a newer version.*Use the newer version of miexchange"):
        is_of(request, f"3:{'0' * 62}", (shop.KEY,))
