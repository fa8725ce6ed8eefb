"""Real servers for the tests: the example service in a process of its own, over a database of either kind."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from ledger import server
from miexchange import ledger
from service import running
from service.running import KEY, Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


collect_ignore_glob = [] if find_spec("schemathesis") else ["test_*.py"]  # `make test-lowest` is without the extra


@pytest.fixture(scope="session")
def postgresql(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the URL of the server that all tests of this run share."""
    run = getattr(request.config, "workerinput", {}).get("testrunuid") or uuid4().hex
    with server.postgresql(run) as url:
        yield url


@pytest.fixture(scope="session")
def programme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the directory of a programme."""
    return running.programme().save(tmp_path_factory.mktemp("programmes") / "small")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the URL of an empty ledger, in a database of either kind."""
    if request.param == "sqlite":
        made = str(tmp_path_factory.mktemp("ledger") / "exchanges.db")
        ledger.open(made, key=KEY, create=True).close()
        yield made
        return
    with server.database(request.getfixturevalue("postgresql")) as made:
        ledger.open(made, key=KEY, create=True).close()
        yield made


@pytest.fixture(scope="module")
def service(url: str, programme: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Give a service that runs."""
    with Service(url, programme, tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture(scope="module")
def alone(programme: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Give a service over an SQLite file, for what no database matters to."""
    folder = tmp_path_factory.mktemp("alone")
    ledger.open(folder / "exchanges.db", key=KEY, create=True).close()
    with Service(str(folder / "exchanges.db"), programme, folder) as running:
        yield running
