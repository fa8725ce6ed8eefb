"""Start the service: ``python -m examples.service`` in the folder above; docs/service.md says the rest."""

import argparse
from os import environ

import uvicorn

from . import log
from .app import desk_of, make
from .settings import Settings

parser = argparse.ArgumentParser(prog="service", description="A trade-in service, configured by the environment.")
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("--port", default=8000, type=int)
parser.add_argument(
    "--mcp", metavar="ACCOUNT", help="serve an agent of this account by MCP, on standard input and output"
)
given = parser.parse_args()
log.begin()
settings = Settings.of(environ)
if given.mcp is None:
    uvicorn.run(
        make(desk_of(settings), settings.operator), host=given.host, port=given.port, log_config=None, access_log=False
    )
else:
    from .tools import door

    door(desk_of(settings), given.mcp).run("stdio")
