"""A certificate beside a programme: `miexchange.prove` proved what the loader alone cannot decide.

The loader refuses a programme if a sufficient condition fails. A certificate in its directory names the digest of
the programme, the proved laws, and the version of the arithmetic: it is valid for these
files and for this arithmetic only. Reading one needs no solver.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from miexchange import _decisions, _kernel
from miexchange.programme._toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from miexchange._problems import Problems
    from miexchange.programme import Programme

__all__ = ["FILE", "NEEDED", "holds", "text_of"]

FILE = "certificate.toml"

NEEDED = frozenset({"worse_answer", "worse_fact", "dearer_market"})
"""The laws that the loader's condition implies."""

_SHORT = 12  # digits of a digest shown in a problem


def _version() -> str:
    """Return the version of the arithmetic: a hash of its source, so that no change of it is overlooked."""
    import hashlib  # noqa: PLC0415 - it loads OpenSSL, which a programme without a certificate need not

    source = inspect.getsource(_kernel) + inspect.getsource(_decisions)
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def text_of(programme: Programme, laws: Iterable[str]) -> str:
    """Return the certificate that some laws of a programme are proved."""
    names = ", ".join(f'"{law}"' for law in laws)
    return (
        "# Written by `miexchange programme prove --certify`: it holds for these files and this arithmetic only.\n"
        f'digest = "{programme.digest}"\nversion = "{_version()}"\nlaws = [{names}]\n'
    )


def holds(directory: Path, programme: Programme, problems: Problems) -> bool:
    """Tell whether the certificate in a directory proves a programme's laws; record the problem if not.

    Without a certificate, the problems found remain.
    """
    path = directory / FILE
    if not path.exists():
        return False
    toml = read_toml(path, str(path), problems)
    if toml is None:
        return False
    laws = toml.data.get("laws")
    remedy = f"Prove it again: miexchange programme prove {directory} --certify"
    if toml.data.get("digest") != programme.digest:
        what = f"is of another edition: this one is {programme.digest[:_SHORT]}"
    elif toml.data.get("version") != _version():
        what = "was proved of another version of the arithmetic"
    elif not isinstance(laws, list) or NEEDED - {law for law in laws if isinstance(law, str)}:
        what = f"does not prove all of {', '.join(sorted(NEEDED))}"
    else:
        return True
    problems.add(str(path), None, "", what, remedy)
    return False
