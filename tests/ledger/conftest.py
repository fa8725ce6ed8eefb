"""Real databases for the tests: an SQLite file of its own, or a database of its own on a PostgreSQL server.

Making a ledger runs every migration, which takes longer than most tests of one. A test that asks for a `store` gets a
copy of one that was made once; what makes ledgers is tested with databases that are empty.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from ledger import server, shop
from miexchange import ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from miexchange.ledger import Ledger


@pytest.fixture(scope="session")
def postgresql(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the URL of the server that all tests of this run share."""
    run = getattr(request.config, "workerinput", {}).get("testrunuid") or uuid4().hex
    with server.postgresql(run) as url:
        yield url


@pytest.fixture(scope="session")
def made_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file of an empty ledger, to copy."""
    path = tmp_path_factory.mktemp("made") / "exchanges.db"
    ledger.open(path, key=shop.KEY, create=True).close()
    return path


@pytest.fixture(scope="session")
def made_database(postgresql: str) -> Iterator[str]:
    """Give the URL of the database of an empty ledger, to copy."""
    with server.database(postgresql) as url:
        ledger.open(url, key=shop.KEY, create=True).close()
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a database, of either kind: empty, or with the ledger of a test that asks for a `store`."""
    is_made = "store" in request.fixturenames
    if request.param == "sqlite":
        path = tmp_path / "exchanges.db"
        if is_made:
            shutil.copy(request.getfixturevalue("made_file"), path)
        yield str(path)
        return
    made = request.getfixturevalue("made_database") if is_made else ""
    with server.database(request.getfixturevalue("postgresql"), like=made) as new:
        yield new


@pytest.fixture
def store(url: str) -> Iterator[Ledger]:
    """Give an empty ledger in a database of either kind."""
    with ledger.open(url, key=shop.KEY) as opened:
        yield opened
