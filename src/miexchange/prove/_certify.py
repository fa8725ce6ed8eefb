"""Loads programmes whose laws only a proof can confirm, and writes certificates of proofs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miexchange._arguments import PATH, instance, takes
from miexchange._new_file import create
from miexchange._value import require
from miexchange.errors import out_of_range
from miexchange.programme import _certificate, _load
from miexchange.prove._proofs import Proofs

if TYPE_CHECKING:
    from pathlib import Path

    from miexchange.programme import Programme

__all__ = ["certify", "load"]


def load(source: str | Path) -> Programme:
    """Load a programme to prove its laws: also one that `Programme.load` refuses only because a law could break.

    Args:
        source: the id of a programme that ships with the package, or the path of a directory.

    Raises:
        ProgrammeNotFoundError: there is no programme of that id, or at that path.
        DataError: every other problem, as file, line and reason.
    """
    return _load.load(source, unproved=True)


@takes(proofs=instance(Proofs, "give what prove returns"), directory=PATH)
def certify(proofs: Proofs, directory: str | Path) -> Path:
    """Write a certificate beside a programme, and return its path: `Programme.load` then accepts it.

    It is valid for these files and for this version of the arithmetic only. If one of them changes, the loader's own
    condition applies again.

    Args:
        proofs: the result of `prove` for the programme in the directory.
        directory: the directory of the programme.

    Raises:
        InvalidValue: a law that the loader requires is not proved, the proofs are of another edition, or the file
            cannot be written.
        ProgrammeNotFoundError: there is no programme in the directory.
        DataError: the programme has other problems.
    """
    proved = [law for law in proofs.laws if _is_proved(proofs, law)]
    missing = sorted(_certificate.NEEDED.difference(proved))
    require(not missing, "proofs", proofs.programme, "prove them first", f"do not prove {', '.join(missing)}")
    programme = load(directory)
    rule = "prove the programme that is in the directory"
    require(programme.digest == proofs.digest, "proofs", proofs.programme, rule, "are of another edition")
    path = _load.directory_of(directory) / _certificate.FILE
    try:
        with create(path, "directory") as file:
            file.write(_certificate.text_of(programme, proved).encode())
    except OSError as error:
        raise out_of_range("directory", str(directory), "give a directory that can be written to") from error
    return path


def _is_proved(proofs: Proofs, law: str) -> bool:
    return all(proof.verdict == "proved" for proof in proofs.proofs if proof.law == law)
