"""Real databases for the tests: an SQLite file of its own, or a database of its own on a PostgreSQL server."""

from __future__ import annotations

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


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of an empty database, of either kind."""
    if request.param == "sqlite":
        yield str(tmp_path / "exchanges.db")
        return
    with server.database(request.getfixturevalue("postgresql")) as made:
        yield made


@pytest.fixture
def store(url: str) -> Iterator[Ledger]:
    """Give an empty ledger in a database of either kind."""
    with ledger.open(url, key=shop.KEY, create=True) as opened:
        yield opened
