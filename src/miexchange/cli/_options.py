"""The options that several commands share, each written once."""

from typing import Annotated

import typer

__all__ = ["EXIT_CODES", "At", "Json", "ProgrammeOption"]

EXIT_CODES = 'Exit codes: 0 yes; 1 refused, a business "no" with its reasons; 2 wrong usage or data; 130 stopped.'

Json = Annotated[bool, typer.Option("--json", help="Write one line of canonical JSON and nothing else.")]
At = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="INSTANT",
        help="The instant to answer for: a day (2018-03-20, from its midnight in the programme's zone) or a time with "
        "its zone (2018-03-20T12:00+05:30). By default now. The shipped prices are of 2018.",
    ),
]
ProgrammeOption = Annotated[
    str,
    typer.Option("--programme", metavar="ID|PATH", help="A shipped programme, or the directory of your own."),
]
