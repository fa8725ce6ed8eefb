"""The reference, from the docstrings: a page for each section of docs/reference.md, with every name that it lists.

The code is read and never imported, so that no extra has to be installed. The pages are MyST Markdown with the
directives of Sphinx's domain of Python; `docs_site` hands them to Sphinx.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import griffe

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["VALUES", "names_of", "page", "slug"]

ROOT = Path(__file__).resolve().parents[1]
VALUES = "What every value can do"
"""The page of the methods that all public values share."""

_NAME = re.compile(r"^\| `([A-Za-z_.]+)`", re.MULTILINE)
_CODE = re.compile(r"(?<!`)`([A-Za-z_.]+)`(?!`)")
_PLAIN_SECTIONS = {"parameters": "Arguments", "attributes": "Attributes", "raises": "Raises", "yields": "Yields"}


def slug(title: str) -> str:
    """Return the name of a section's page.

    >>> slug("Valuing a phone")
    'valuing-a-phone'
    """
    return re.sub(r"\W+", "-", title.lower()).strip("-")


@cache
def names_of() -> dict[str, list[str]]:
    """Return the names of each section of docs/reference.md, as they are written there, by the section's title."""
    text = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    text = re.sub(r"<!-- reasons.*?<!-- end -->", "", text, flags=re.DOTALL)
    sections = (part.partition("\n") for part in text.split("\n## ")[1:])
    found = {title: _NAME.findall(body) for title, _, body in sections}
    return {title: names for title, names in found.items() if names}


def page(title: str) -> str:
    """Return the page of a section: every name with its signature and its docstring."""
    if title == VALUES:
        methods = (one for one in _resolved("_value.Value").functions.values() if _is_shown(one))
        shown = (line for one in methods for line in _function(f"Value.{one.name}", one, 4, prefix=""))
        return "\n".join([f"# {title}", "", "Every public value that says so has these methods.", "", *shown])
    entries = (_entry(name) for name in names_of()[title])
    return "\n".join([f"# {title}", "", *(line for entry in entries for line in entry)])


@cache
def _package() -> griffe.Object:
    loaded = griffe.load(
        "miexchange",
        search_paths=[str(ROOT / "src")],
        docstring_parser=griffe.Parser.google,
        docstring_options={"warnings": False},
    )
    return loaded.final_target if isinstance(loaded, griffe.Alias) else loaded


def _resolved(name: str) -> griffe.Object:
    found = _package()[name]
    return found.final_target if isinstance(found, griffe.Alias) else found


@cache
def _public() -> dict[str, str]:
    """Return what each public object is called, by where it is defined."""
    return {_resolved(name).path: f"miexchange.{name}" for names in names_of().values() for name in names}


def _entry(name: str) -> Iterator[str]:
    found = _resolved(name)
    if isinstance(found, griffe.Class):
        yield from _class(name, found, 5)
    elif isinstance(found, griffe.Function):
        yield from _function(name, found, 4)
    else:
        yield from _directive("data", f"miexchange.{name}", _text(found), 4)


def _class(name: str, found: griffe.Class, ticks: int) -> Iterator[str]:
    fields = [member for member in found.attributes.values() if _is_shown(member)]
    body = [*_text(found)]
    for member in fields:
        body += _directive("attribute", member.name, _text(member), ticks - 1)
    for method in found.functions.values():
        if _is_shown(method):
            body += _function(method.name, method, ticks - 1, prefix="")
    if "Value" in {str(base) for base in found.bases}:
        body += ["", f"It has the methods of [every value](/build/reference/{slug(VALUES)}.myst)."]
    is_word = any(str(base) in {"Word", "Enum", "StrEnum"} for base in found.bases)
    signature = "" if is_word or "TypedDict" in {str(base) for base in found.bases} else _signature(found.parameters)
    yield from _directive("class", f"miexchange.{name}{signature}", body, ticks)


def _is_shown(member: griffe.Object | griffe.Alias) -> bool:
    return not member.name.startswith("_") and member.docstring is not None and not member.is_alias


def _function(name: str, found: griffe.Function, ticks: int, prefix: str = "miexchange.") -> Iterator[str]:
    kind = "function" if prefix else "method"
    shapes = [*(found.overloads or ()), found] if not found.overloads else found.overloads
    returns = [f" -> {_type(shape.returns)}" if shape.returns is not None else "" for shape in shapes]
    signatures = [
        f"{prefix}{name}{_signature(one.parameters)}{gives}" for one, gives in zip(shapes, returns, strict=True)
    ]
    options = [f":{label}:" for label in ("classmethod", "staticmethod") if label in found.labels]
    yield from _directive(kind, "\n".join(signatures), _text(found), ticks, options)


def _directive(
    kind: str, signature: str, body: list[str], ticks: int, options: list[str] | None = None
) -> Iterator[str]:
    first, *others = signature.split("\n")
    # MyST takes one line of arguments: further signatures are directives of their own, without an entry in the index.
    for other in others:
        yield from ("`" * ticks + f"{{py:{kind}}} {other}", ":no-index:", "`" * ticks, "")
    yield from ("`" * ticks + f"{{py:{kind}}} {first}", *(options or ()), "", *body, "`" * ticks, "")


def _signature(parameters: griffe.Parameters) -> str:
    shown: list[str] = []
    star = False
    for one in parameters:
        if one.name in {"self", "cls"}:
            continue
        if one.kind is griffe.ParameterKind.keyword_only and not star:
            shown.append("*")
            star = True
        star = star or one.kind is griffe.ParameterKind.var_positional
        stars = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}.get(one.kind, "")
        note = f": {_type(one.annotation)}" if one.annotation is not None else ""
        has_default = one.default is not None and not stars
        shown.append(f"{stars}{one.name}{note}" + (f" = {one.default}" if has_default else ""))
    return f"({', '.join(shown)})"


def _type(annotation: str | griffe.Expr) -> str:
    """Return an annotation with the public names of its types in full, and without what only our own checks read."""
    match annotation:
        case griffe.ExprSubscript(left=left, slice=griffe.ExprTuple(elements=[first, *_])) if str(left) == "Annotated":
            shown = _type(first)
        case griffe.ExprSubscript(left=left, slice=inner):
            shown = _type(inner) if str(left) == "Unpack" else f"{_type(left)}[{_type(inner)}]"
        case griffe.ExprTuple(elements=elements):
            shown = ", ".join(_type(one) for one in elements)
        case griffe.ExprList(elements=elements):
            shown = f"[{', '.join(_type(one) for one in elements)}]"
        case griffe.ExprBinOp(left=left, operator=operator, right=right):
            shown = f"{_type(left)} {operator} {_type(right)}"
        case griffe.Expr():
            shown = _public().get(_path(annotation), str(annotation))
        case _:
            shown = annotation
    return shown


def _path(annotation: griffe.Expr) -> str:
    try:
        found = _package().modules_collection[annotation.canonical_path]
    except (KeyError, griffe.GriffeError):
        return annotation.canonical_path
    return found.final_target.path if isinstance(found, griffe.Alias) else found.path


def _text(found: griffe.Object | griffe.Alias) -> list[str]:
    if found.docstring is None:
        return []
    lines: list[str] = []
    for section in found.docstring.parsed:
        kind = section.kind.value
        if kind == "text":
            lines += _prose(section.value, found)
        elif kind == "returns":
            said = " ".join(_joined(one.description) for one in section.value)
            lines += ["**Returns:** " + _linked(said, found), ""]
        elif kind in _PLAIN_SECTIONS:
            lines += [f"**{_PLAIN_SECTIONS[kind]}:**", ""]
            for one in section.value:
                name = one.name if hasattr(one, "name") and one.name else str(one.annotation)
                lines.append(f"- `{name}`: {_linked(_joined(one.description), found)}")
            lines.append("")
        else:
            lines += _prose(str(getattr(section.value, "contents", section.value)), found)
    return lines


def _joined(text: str) -> str:
    return " ".join(text.split())


def _prose(text: str, found: griffe.Object | griffe.Alias) -> list[str]:
    """Return a docstring's text as Markdown, where an example is a block of its own."""
    lines: list[str] = []
    in_example = False
    for line in text.splitlines():
        if line.startswith(">>>") and not in_example:
            lines += ["", "```pycon"]
            in_example = True
        elif in_example and not line.strip():
            lines.append("```")
            in_example = False
        lines.append(line if in_example else _linked(line, found))
    return [*lines, *(["```"] if in_example else []), ""]


def _linked(text: str, found: griffe.Object | griffe.Alias) -> str:
    """Return a text in which each public name in backticks is a link."""
    public = set(_public().values())
    room = _public().get(found.path, "miexchange").rpartition(".")[0]

    def link(match: re.Match[str]) -> str:
        name = match[1].removeprefix("miexchange.")
        candidates = (f"{room}.{name}", f"miexchange.{name}")
        target = next((one for one in candidates if one in public), None)
        return match[0] if target is None else f"{{py:obj}}`{match[1]} <{target}>`"

    return _CODE.sub(link, text)
