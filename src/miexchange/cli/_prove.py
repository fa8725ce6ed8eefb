"""`miexchange programme prove`: prove the laws of a programme, or show phones that break them."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from miexchange.cli import _given, _output
from miexchange.cli._options import Json
from miexchange.programme import Programme

if TYPE_CHECKING:
    from miexchange.prove import Progress, Proofs

__all__ = ["prove"]


def prove(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A programme's directory, or a shipped programme's id.")],
    *,
    law: Annotated[
        list[str] | None, typer.Option(help="A law to look at; repeat it for more. All where none is given.")
    ] = None,
    seconds: Annotated[
        int, typer.Option(min=1, max=86_400, help="How long the solver may think about one question.")
    ] = 20,
    certified: Annotated[
        bool, typer.Option("--certify", help="Write a certificate into the directory if all is proved.")
    ] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the table of docs/prove.md.")] = False,
    as_json: Json = False,
) -> None:
    """Prove the laws of a programme for all prices and answers; a law that fails is shown with a phone.

    The exit code is 0 if all is proved and 2 otherwise. It needs the extra: pip install 'miexchange[prove]'.
    """
    from miexchange.prove import LAWS, certify, load  # noqa: PLC0415 - of an extra
    from miexchange.prove import prove as proved  # noqa: PLC0415 - as above

    if unknown := sorted(set(law or ()) - set(LAWS)):
        near = _given.nearest(unknown[0], LAWS)
        raise _given.Wrong(f"--law {unknown[0]!r} is no law.{near} Known: {', '.join(LAWS)}")
    source = _given.programme_source(path)
    programme = load(source)
    console = Console(stderr=True, highlight=False)
    with console.status("proving") as status:

        def told(how_far: "Progress") -> None:
            status.update(f"proving {how_far.law}, terms {how_far.terms}: {how_far.done} done")

        laws = [one for one in LAWS if not law or one in law]
        proofs = proved(programme, laws=laws, seconds=seconds, progress=told)
    written = certify(proofs, source) if certified and proofs else None
    if as_json:
        _output.write_json(proofs.to_dict())
    elif markdown:
        _output.say_lines(proofs.markdown().splitlines())
    else:
        _show(proofs, programme)
        if written is not None:
            _output.say_lines([f"certificate: {written}"])
    raise typer.Exit(0 if proofs else 2)


def _show(proofs: "Proofs", programme: Programme) -> None:
    """Show how many proofs each law has, and every phone that breaks one."""
    columns = [
        _output.Column("Law"),
        *(_output.Column(name, justify="right") for name in ("Proved", "Refuted", "Undecided")),
    ]
    _output.say_table(columns, [(law, *map(str, counts)) for law, *counts in proofs.rows()])
    for proof in proofs.proofs:
        if proof:
            continue
        about = f", {proof.subject}" if proof.subject else ""
        _output.say()
        _output.say(f"{proof.law}{about}, terms {proof.terms}: {proof.verdict}", style="bold")
        if proof.counterexample is not None:
            _output.say_lines(proof.counterexample.shown(programme).splitlines())
        elif proof.detail:
            _output.say_lines([proof.detail])
    _output.say()
    refuted, undecided = len(proofs.refuted), len(proofs.undecided)
    said = "all proved" if proofs else f"{refuted} refuted, {undecided} undecided: it must not go live"
    _output.say_lines([f"{programme.id}: {said}"])
