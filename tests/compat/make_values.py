"""Write the fixtures of the public values, by the version that writes them: the JSON and a pickle of one of each.

    python tests/compat/make_values.py NAME

NAME is what the file is called, by the version of the package and a number, such as 0.1-3. Write one before a release,
and when a public value is new; what was written once is never written again.
"""

from __future__ import annotations

import json
import lzma
import pickle
import sys
from base64 import b64encode
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from miexchange import Condition, Programme, Quote
from miexchange._forms import form_of
from miexchange._value import Value
from property.doors import DOORS
from property.sound import SOUND, example

__all__ = ["FOLDER", "KINDS", "json_of", "names_of"]

FOLDER = Path(__file__).parent / "values"


def _kinds() -> dict[str, Any]:
    """Return every public type that has a JSON form, by its name."""
    found = {door.of for door in DOORS if door.of is not None}
    kept = [kind for kind in found if issubclass(kind, Value | Condition | Programme)]
    return {name_of(kind): kind for kind in sorted(kept, key=name_of)}


def name_of(kind: Any) -> str:  # noqa: ANN401 - a public type
    """Return the name of a type, with its module."""
    return f"{kind.__module__}.{kind.__name__}".removeprefix("miexchange.")


def json_of(value: Any) -> str:  # noqa: ANN401 - a public value
    """Return all of its JSON."""
    text: str = value.to_json(reveal_imei=True) if isinstance(value, Value) else value.to_json()
    return text


def names_of(kind: Any) -> list[str]:  # noqa: ANN401 - a public type
    """Return the fields of a type that are in its JSON."""
    return [field.name for field in fields(kind)] if is_dataclass(kind) else []


KINDS = _kinds()


def main(name: str) -> None:
    """Write the file."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.json.xz"
    assert not path.exists(), "what was written once is never written again"
    kept = {}
    for one, kind in KINDS.items():
        value = SOUND.quote if kind is Quote else example(kind)  # one with its seal
        kept[one] = {
            "form": form_of(kind),
            "fields": names_of(kind),
            "json": json_of(value),
            "pickle": b64encode(pickle.dumps(value)).decode(),
        }
    body = json.dumps(kept, sort_keys=True).encode()
    path.write_bytes(lzma.compress(body, preset=9 | lzma.PRESET_EXTREME))
    print(path.name, len(kept), path.stat().st_size)  # noqa: T201 - a script


if __name__ == "__main__":
    main(*sys.argv[1:])
