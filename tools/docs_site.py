"""What the site adds to Sphinx: a navigation from the index, the reference from the docstrings, and the page that values a phone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pygments.lexers.special import TextLexer

from reference_pages import VALUES, names_of, page, slug

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["API", "setup"]

API = Path(__file__).resolve().parents[1] / "docs" / "api"
"""Where the pages of the reference are written; Sphinx wants them among the others."""

_LINK = re.compile(r"^\| \[[^]]+\]\(([^)]+)\.md\)", re.MULTILINE)


def setup(app: Sphinx) -> dict[str, Any]:
    """Be an extension of Sphinx."""
    app.add_lexer("csv", TextLexer)
    app.connect("builder-inited", lambda _: _write_reference())
    app.connect("source-read", _read)
    return {"version": "1", "parallel_read_safe": True}


def _write_reference() -> None:
    API.mkdir(exist_ok=True)
    pages = {API / f"{slug(title)}.myst": page(title) for title in (*names_of(), VALUES)}
    for file in set(API.iterdir()) - set(pages):
        file.unlink()
    for file, text in pages.items():
        if not file.exists() or file.read_text(encoding="utf-8") != text:  # Sphinx reads what is newer than its last build
            file.write_text(text, encoding="utf-8")


def _read(_: Sphinx, document: str, source: list[str]) -> None:
    if document == "docs/index":
        source[0] += _navigation(source[0])
    elif document == "docs/reference":
        for name in (name for names in names_of().values() for name in names):
            source[0] = source[0].replace(f"\n| `{name}` |", f"\n| {{py:obj}}`{name} <miexchange.{name}>` |")


def _navigation(index: str) -> str:
    """Return the hidden tables of contents: one for each section of the index, of the pages that it links to."""
    sections = {title: _LINK.findall(body) for title, _, body in (part.partition("\n") for part in index.split("\n## ")[1:])}
    sections["API"] = [f"api/{slug(title)}" for title in (*names_of(), VALUES)]
    return "".join(
        f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n" + "".join(f"{one}\n" for one in pages) + "```\n"
        for title, pages in sections.items()
    )
