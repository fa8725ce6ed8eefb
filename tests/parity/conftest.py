"""The laws of parity are tried as hard as the other laws: see tests/property/conftest.py, whose profile this loads."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_PROFILES = Path(__file__).resolve().parents[1] / "property" / "conftest.py"
_spec = importlib.util.spec_from_file_location("profiles", _PROFILES)
assert _spec is not None
assert _spec.loader is not None
_spec.loader.exec_module(importlib.util.module_from_spec(_spec))
