"""`miexchange completion`: what a shell reads so that it completes the command at a Tab."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated

import typer
from typer import completion as of_typer

from miexchange.cli import _output

__all__ = ["Shell", "completion", "get_ready", "is_asked"]

_VARIABLE = "_MIEXCHANGE_COMPLETE"
"""Where a shell asks for completions, it sets this variable and runs the command."""


class Shell(StrEnum):
    """The shells that can be told what to complete."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(shell: Annotated[Shell, typer.Argument(metavar="bash|zsh|fish", help="Your shell.")]) -> None:
    """Write what your shell has to read to complete commands, options, programmes and models at a Tab.

    bash: add `eval "$(miexchange completion bash)"` to ~/.bashrc. zsh: add `eval "$(miexchange completion zsh)"` to
    ~/.zshrc, after compinit. fish: `miexchange completion fish > ~/.config/fish/completions/miexchange.fish`.
    """
    get_ready()
    script = of_typer.get_completion_script(prog_name="miexchange", complete_var=_VARIABLE, shell=shell.value)
    _output.say_lines(script.splitlines())


def is_asked() -> bool:
    """Tell whether a shell asks for completions."""
    return _VARIABLE in os.environ


def get_ready() -> None:
    """Let typer know the shells."""
    of_typer.completion_init()  # type: ignore[attr-defined]  # typer has it there from 0.12 on
