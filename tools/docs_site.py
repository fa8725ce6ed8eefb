"""The site's extension of Sphinx: navigation from the index, reference from the docstrings, the page in the browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pygments.lexers.special import TextLexer

from pyodide import FOLDER
from reference_pages import VALUES, names_of, page, slug

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["API", "setup"]

API = Path(__file__).resolve().parents[1] / "build" / "reference"
"""Where the pages of the reference are written; Sphinx wants them among the others."""

FIRST = '<!doctype html><title>miexchange</title><meta http-equiv="refresh" content="0; url=docs/index.html">'

_LINK = re.compile(r"^\| \[[^]]+\]\(([^)]+)\.md\)", re.MULTILINE)


def setup(app: Sphinx) -> dict[str, Any]:
    """Be an extension of Sphinx."""
    app.add_lexer("csv", TextLexer)
    app.connect("builder-inited", lambda _: _write_reference())
    app.connect("source-read", _read)
    app.connect("build-finished", _finish)
    return {"version": "1", "parallel_read_safe": True}


def _write_reference() -> None:
    API.mkdir(parents=True, exist_ok=True)
    pages = {API / f"{slug(title)}.myst": page(title) for title in (*names_of(), VALUES)}
    for file in set(API.iterdir()) - set(pages):
        file.unlink()
    for file, text in pages.items():
        if (
            not file.exists() or file.read_text(encoding="utf-8") != text
        ):  # Sphinx reads what is newer than its last build
            file.write_text(text, encoding="utf-8")


def _read(_: Sphinx, document: str, source: list[str]) -> None:
    if document == "docs/index":
        source[0] += _navigation(source[0])
    elif document == "docs/reference":
        for name in (name for names in names_of().values() for name in names):
            source[0] = source[0].replace(f"\n| `{name}` |", f"\n| {{py:obj}}`{name} <miexchange.{name}>` |")


def _finish(app: Sphinx, failed: Exception | None) -> None:
    """Add the engine of docs/browser.md, if `make pyodide` has fetched it, and a first page that leads to the index."""
    if failed is not None or app.builder.name != "html":
        return
    (Path(app.outdir) / "index.html").write_text(FIRST, encoding="utf-8")
    if not FOLDER.exists():
        return
    engine = Path(app.outdir) / "_static" / "pyodide"
    shutil.copytree(FOLDER, engine, dirs_exist_ok=True)
    build = [
        sys.executable,
        "-m",
        "build",
        "--quiet",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(engine),
        str(API.parents[1]),
    ]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own words
    wheels = sorted(file.name for file in engine.glob("*.whl"))
    (engine / "wheels.json").write_text(json.dumps(wheels), encoding="utf-8")


def _navigation(index: str) -> str:
    """Return the hidden tables of contents: one for each section of the index, of the pages that it links to."""
    sections = {
        title: _LINK.findall(body) for title, _, body in (part.partition("\n") for part in index.split("\n## ")[1:])
    }
    sections["API"] = [f"/build/reference/{slug(title)}" for title in (*names_of(), VALUES)]
    return "".join(
        f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n" + "".join(f"{one}\n" for one in pages) + "```\n"
        for title, pages in sections.items()
    )
