"""The state machine of users' suites on a server: silent on a sound ledger, in a database of its own for each run."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from ledger import server, shop
from miexchange import ledger
from unit.test_machine import FEW, India


@pytest.mark.sweep
def test_a_sound_ledger_on_a_server_keeps_every_law(postgresql: str, made_database: str) -> None:
    """Each run has a copy of an empty ledger: emptied tables are no ledger, as their version and count are gone."""
    with ExitStack() as databases:

        class Served(India):
            def open_ledger(self) -> ledger.Ledger:
                url = databases.enter_context(server.database(postgresql, like=made_database))
                return ledger.open(url, key=shop.KEY)

        run_state_machine_as_test(Served, settings=settings(FEW, stateful_step_count=15))
