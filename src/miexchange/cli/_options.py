"""The options that several commands share, each written once."""

from pathlib import Path
from typing import Annotated

import typer

from miexchange.cli import _given

__all__ = ["EXIT_CODES", "At", "Json", "KeyFile", "OldKeyFiles", "ProgrammeOption"]

EXIT_CODES = 'Exit codes: 0 yes; 1 refused, a business "no" with its reasons; 2 wrong usage or data; 130 stopped.'

Json = Annotated[bool, typer.Option("--json", help="Write one line of canonical JSON and nothing else.")]
At = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="INSTANT",
        help="The instant of the answer: a day (2018-03-20, from its midnight in the programme's zone) or a time with "
        "its zone (2018-03-20T12:00+05:30). By default now. The shipped prices are of 2018.",
    ),
]
ProgrammeOption = Annotated[
    str,
    typer.Option("--programme", metavar="ID|PATH", help="A shipped programme, or the directory of your own."),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key-file",
        metavar="FILE",
        help=f"The file with the secret key, at least 16 bytes. By default the environment variable "
        f"{_given.KEY_VARIABLE}. A key is never an option: other users can see those.",
    ),
]
OldKeyFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--old-key-file",
        metavar="FILE",
        help="The file with a key before it, as long as exchanges are open that began under that. May be repeated.",
    ),
]
