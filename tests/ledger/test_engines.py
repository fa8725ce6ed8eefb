"""A ledger on an engine of the caller's: its settings, its pool, and what else it is used for."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.engine import make_url

from ledger import server
from ledger.shop import AT, KEY, accepted, code, made, reserved
from miexchange import ledger
from miexchange.ledger import BusyError, LedgerError, UnreachableError, verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine


@contextmanager
def engine_of(url: str, **options: Any) -> Iterator[Engine]:  # noqa: ANN401 - of SQLAlchemy
    plain = url.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(plain, hide_parameters=True, **options)
    try:
        yield engine
    finally:
        engine.dispose()


@pytest.fixture
def where(postgresql: str) -> Iterator[str]:
    """Give the URL of an empty database on a server."""
    with server.database(postgresql) as url:
        yield url


def test_a_pool_of_one_connection_is_enough(where: str) -> None:
    """Nothing is kept of a pool that others use, and no call needs two connections at once."""
    with engine_of(where, pool_size=1, max_overflow=0, pool_timeout=1) as engine:
        with ledger.open(engine, key=KEY, create=True) as store:
            reserved(store, 1)
            done = made(store.complete(code(1), order="order-1", at=AT, idempotency_key="complete"))
            assert store.get(code(1)) == done
            assert [one.code for one in store.find(order="order-1")] == [code(1)]
            assert len(store.events()) == 3
            store.sweep(AT)
            store.checkpoint(AT)
            assert verify(store)
            assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        assert ledger.migrate(engine, key=KEY) == ledger._schema.HEAD  # noqa: SLF001 - the last version
        with engine.connect() as connection:
            assert connection.get_isolation_level() == "READ COMMITTED", "as it was"
            assert connection.exec_driver_sql("SELECT count(*) FROM exchanges").scalar() == 1


def test_an_engine_stays_open_and_its_own(where: str) -> None:
    seen: list[str] = []
    with engine_of(where, connect_args={"options": "-c lock_timeout=100"}) as engine:
        event.listen(engine, "before_cursor_execute", lambda *heard: seen.append(heard[2]))
        with ledger.open(engine, key=KEY, create=True) as store:
            accepted(store, 1)
            assert {word.split()[0] for word in seen} >= {"BEGIN", "WITH"}, "its listeners hear every statement"
            with psycopg.connect(where) as other:
                other.execute("SELECT * FROM exchanges FOR UPDATE")
                with pytest.raises(BusyError, match="The ledger is locked"):
                    store.void(code(1), reason="why", at=AT, idempotency_key="void")
        with engine.connect() as connection:
            pid = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
        with ledger.open(engine, key=KEY) as again, again.engine.connect() as connection:
            assert connection.connection.driver_connection.info.backend_pid == pid  # type: ignore[union-attr]
        with pytest.raises(LedgerError, match="opened without its key"), ledger.open(engine) as keyless:
            keyless.sweep(AT)


def test_where_all_connections_of_a_pool_are_lost_only_one_request_is_told(where: str) -> None:
    with engine_of(where, pool_size=5) as engine, ledger.open(engine, key=KEY, create=True) as store:
        accepted(store, 1)

        def lose_all() -> None:
            with ExitStack() as stack:
                lent = [stack.enter_context(engine.connect()) for _ in range(5)]
                pids = [one.connection.driver_connection.info.backend_pid for one in lent]  # type: ignore[union-attr]
            with psycopg.connect(where, autocommit=True) as admin:
                for pid in pids:
                    admin.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))

        lose_all()
        assert [accepted(store, number).version for number in range(2, 9)] == [1] * 7
        lose_all()
        with pytest.raises(UnreachableError, match="connection to the ledger was lost"):
            store.get(code(1))
        assert all(store.get(code(number)) for number in range(1, 9))


def test_a_ledger_that_cannot_be_opened_leaves_the_engine_open(where: str) -> None:
    with engine_of(where) as engine:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
        pool = engine.pool
        for call in (ledger.open, ledger.migrate):
            with pytest.raises(LedgerError, match="The database is empty"):
                call(engine, key=KEY)
        assert engine.pool is pool


@contextmanager
def pooler(where: str, folder: Path) -> Iterator[str]:
    """Start PgBouncer before a database, and give its URL."""
    url = make_url(where)
    at = Path(str(url.query.get("host", url.host)))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n{url.database} = host={at} port={url.port or 5432} user={url.username}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\npool_mode = transaction\n"
        "unix_socket_dir =\ndefault_pool_size = 2\n",
        "utf-8",
    )
    owner = at.owner() if at.exists() else "nobody"  # it does not run as root, and must reach the socket
    as_owner = ["-u", owner] if os.geteuid() == 0 else []
    folder.chmod(0o755)  # a folder of its own: no mode of another is changed
    started = subprocess.Popen(["pgbouncer", "-q", *as_owner, str(folder / "pgbouncer.ini")])  # noqa: S603, S607 - our own words
    try:
        for _ in range(100):
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"postgresql://{url.username}@127.0.0.1:{port}/{url.database}"
    finally:
        started.terminate()
        started.wait()


@pytest.mark.skipif(shutil.which("pgbouncer") is None, reason="PgBouncer is not installed")
def test_behind_pgbouncer_in_transaction_mode(where: str) -> None:
    with tempfile.TemporaryDirectory() as folder, pooler(where, Path(folder)) as before:
        with pytest.raises(
            UnreachableError, match=r"unsupported startup parameter: options\. Behind PgBouncer, give an"
        ):
            ledger.open(before, key=KEY, create=True)
        with engine_of(before) as engine, pytest.raises(LedgerError, match="A connection pooler stands before the"):
            ledger.open(engine, key=KEY, create=True)
        with (
            engine_of(before, connect_args={"prepare_threshold": None}) as engine,
            ledger.open(engine, key=KEY, create=True) as store,
            ThreadPoolExecutor(8) as pool,
        ):
            assert len(set(pool.map(lambda number: reserved(store, number).code, range(80)))) == 80
            assert len(store.events(limit=1_000)) == 160
            assert verify(store)


def test_a_pooler_is_recognised_by_its_number_of_the_process(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with engine_of(where, connect_args={"prepare_threshold": None}) as engine:
        monkeypatch.setattr(psycopg.ConnectionInfo, "backend_pid", 1)
        for call in (ledger.open, ledger.migrate):
            with pytest.raises(LedgerError, match="A connection pooler stands before the server of the ledger"):
                call(where, key=KEY)
        ledger.open(engine, key=KEY, create=True).close()


def test_only_an_engine_that_can_keep_a_ledger_is_taken(tmp_path: Path) -> None:
    for kind in ("sqlite:///" + str(tmp_path / "x.db"), "postgresql+pg8000://nobody@localhost/x"):
        try:
            engine = create_engine(kind, hide_parameters=True)
        except ModuleNotFoundError:
            continue
        with pytest.raises(LedgerError, match=r"cannot use an engine of .*Give an engine of postgresql\+psycopg, or"):
            ledger.open(engine)
    with pytest.raises(LedgerError, match=r"Make it by create_engine\(\.\.\., hide_parameters=True\)"):
        ledger.open(create_engine("postgresql+psycopg://nobody@localhost/x"))
