"""`miexchange completion`: what a shell reads so that it completes the command at a Tab."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated

import typer
from typer import completion as of_typer

from miexchange.cli import _output
from miexchange.cli._options import Json  # noqa: TC001 - typer reads it when it runs

__all__ = ["Shell", "completion", "ended", "get_ready", "is_asked"]

_VARIABLE = "_MIEXCHANGE_COMPLETE"
"""Where a shell asks for completions, it sets this variable and runs the command."""


class Shell(StrEnum):
    """The shells that can be told what to complete."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="bash|zsh|fish", help="Your shell.")], *, as_json: Json = False
) -> None:
    """Write the completion script of your shell, for commands, options, programmes and models.

    bash: add `eval "$(miexchange completion bash)"` to ~/.bashrc. zsh: add `eval "$(miexchange completion zsh)"` to
    ~/.zshrc, after compinit. fish: `miexchange completion fish > ~/.config/fish/completions/miexchange.fish`.
    """
    get_ready()
    written = of_typer.get_completion_script  # type: ignore[attr-defined]  # typer has it there from 0.12 on
    script = written(prog_name="miexchange", complete_var=_VARIABLE, shell=shell.value)
    if as_json:
        _output.write_json({"shell": shell.value, "script": script})
    else:
        _output.say_lines(script.splitlines())


def is_asked() -> bool:
    """Tell whether a shell asks for completions."""
    return _VARIABLE in os.environ


def get_ready() -> None:
    """Let typer know the shells."""
    of_typer.completion_init()  # type: ignore[attr-defined]  # as above


def ended(code: object) -> object:
    """Return the exit code where typer ends the process: it has answered a shell, or nobody reads its help any more."""
    if is_asked():
        return code
    _output.abandon()
    return 0
