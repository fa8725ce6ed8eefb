"""One command starts the service; what it is not told it makes, for its owner alone."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import signal
import stat
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client, StdioServerParameters

from ledger import shop
from miexchange import ledger
from service import log
from service.running import KEY, Service, has_status
from service.settings import Settings
from unit import small

if TYPE_CHECKING:
    from pathlib import Path

SAID = {"MIEXCHANGE_KEY": "k" * 20, "MIEXCHANGE_OPERATOR": "token"}


def test_the_command_alone_starts_a_service(tmp_path: Path) -> None:
    service = Service("unused", tmp_path, tmp_path)
    service.environ = {name: text for name, text in service.environ.items() if not name.startswith("MIEXCHANGE_")}
    with service:
        client = service.client()
        assert has_status(client.ask("GET", "/health"), 200)["programme"] == "mi-exchange-india"
        assert client.look("/exchanges").status_code == 401
        token = (tmp_path / "operator.token").read_text(encoding="ascii").strip()
        found = client.ask("GET", "/exchanges", authorization=f"Bearer {token}")
        assert has_status(found, 200) == {"exchanges": [], "after": None}
        for name in ("exchanges.db", "exchanges.key", "operator.token"):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600, name
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait() in {0, -signal.SIGTERM}
    made = (tmp_path / "exchanges.key").read_bytes()
    with service:
        assert (tmp_path / "exchanges.key").read_bytes() == made


def test_several_processes_serve_one_ledger(programme: Path, tmp_path: Path) -> None:
    ledger.open(tmp_path / "exchanges.db", key=KEY, create=True).close()
    service = Service(str(tmp_path / "exchanges.db"), programme, tmp_path)
    service.command = ["-m", "uvicorn", "--factory", "examples.service.app:from_environment", "--workers", "2"]
    with service:
        clients = [service.client() for _ in range(8)]  # each connection is one process's
        code = clients[0].accept(1)["coupon"]["code"]
        assert {client.ask("GET", f"/coupons/{code}", account="account-1").status_code for client in clients} == {200}
    said = service.log.read_text(encoding="utf-8")
    assert len(set(re.findall(r"Started server process \[(\d+)\]", said))) == 2
    assert said.count('"route": "/coupons/{code}"') == 8
    assert code not in said


def test_the_command_serves_an_agent_on_its_standard_input(programme: Path, tmp_path: Path) -> None:
    ledger.open(tmp_path / "exchanges.db", key=KEY, create=True).close()
    service = Service(str(tmp_path / "exchanges.db"), programme, tmp_path)
    environ = service.environ | {"MIEXCHANGE_CLOCK": small.AT.isoformat()}
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "examples.service", "--mcp", "asha"], env=environ, cwd=tmp_path
    )

    async def ask() -> Any:  # noqa: ANN401 - what JSON holds
        async with Client(command) as client:
            device = {"model": small.MODEL, "imei": shop.imei(2).digits}
            return (
                await client.call_tool("why_not", {"asked": {"device": device, "condition": {}}})
            ).structured_content

    reasons = asyncio.run(ask())["result"]
    assert {one["code"] for one in reasons} == {"answer_missing"}


def test_a_key_file_is_read_as_the_command_line_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "key"
    for content, key in (
        (b"secret bytes \n", b"secret bytes "),
        (b"secret\r\n", b"secret"),
        (b"secret\n\n", b"secret\n"),
    ):
        file.write_bytes(content)
        given = {"MIEXCHANGE_KEY_FILE": str(file), "MIEXCHANGE_OPERATOR": "token"}
        assert Settings.of(given).key == key
    with pytest.raises(FileNotFoundError):
        Settings.of({"MIEXCHANGE_KEY_FILE": str(tmp_path / "mistyped")})


def test_a_ledger_that_is_named_is_not_made(tmp_path: Path) -> None:
    named = Settings.of({**SAID, "MIEXCHANGE_LEDGER": str(tmp_path / "mistyped.db")})
    assert (named.creates, Settings.of(SAID).creates) == (False, True)
    assert Settings.of(SAID).clock() <= datetime.now(UTC)


def test_a_line_of_the_log_is_json_and_has_no_number() -> None:
    number = shop.imei(2).digits
    error = ValueError(f"give 35-417803-685978-9 or {number}")
    record = logging.LogRecord("driver", logging.ERROR, "", 1, "failed for %s", (number,), (ValueError, error, None))
    line = json.loads(log.Lines().format(record))
    assert (line["level"], line["logger"]) == ("ERROR", "driver")
    assert "failed for 35417803***\nValueError: give 35-41780***" in line["message"]
    assert number not in line["message"]
    assert "685978" not in line["message"]
