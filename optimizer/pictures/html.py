"""HTML, JSON and Plotly texts, escaped unless they were built here."""

import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

VOID = frozenset({"br", "meta"})


class Markup(str):
    """Text that is HTML already. Only this file makes it."""

    __slots__ = ()


Child = str | None
Attribute = str | int | bool | None


def el(tag: str, *children: Child, **attributes: Attribute) -> Markup:
    """One element; None is left out, and every text that is no Markup is escaped.

    Attributes are written with ``_`` for ``-`` and one at the end for Python's own words: ``class_``, ``aria_label``.
    """
    written = "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in VOID:
        return Markup(f"<{tag}{written}>")
    return Markup(f"<{tag}{written}>{joined(children)}</{tag}>")


def joined(children: Iterable[Child]) -> Markup:
    """One after the other, escaped where they are no Markup."""
    return Markup("".join(child if isinstance(child, Markup) else escape(child) for child in children if child))


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    word = name.rstrip("_").replace("_", "-")
    return f" {word}" if value is True else f' {word}="{escape(str(value))}"'


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[Child]], *, numbers: Sequence[int]) -> Markup:
    """A table that scrolls by itself where it is wide; its first column names each row.

    ``numbers`` are the columns that are set flush right.
    """

    def kind(column: int) -> str | None:
        return "number" if column in numbers else None

    head = el("tr", *(el("th", name, scope="col", class_=kind(column)) for column, name in enumerate(heads)))
    body = (
        el(
            "tr",
            el("th", row[0], scope="row", class_=kind(0)),
            *(el("td", cell, class_=kind(column)) for column, cell in enumerate(row[1:], start=1)),
        )
        for row in rows
    )
    whole = el("table", el("caption", caption), el("thead", head), el("tbody", *body))
    return el("div", whole, class_="scroll", tabindex=0, role="region", aria_label=f"Table: {caption}")


def facts(pairs: Iterable[tuple[str, Child]]) -> Markup:
    """Names with what is so; a pair without content is left out."""
    return el("dl", *(el("div", el("dt", name), el("dd", content)) for name, content in pairs if content))


def data_block(name: str, found: Any) -> Markup:
    """JSON that the page's program reads: never run, and no text in it can end it. Raises ValueError on NaN."""
    text = json.dumps(found, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(f'<script type="application/json" class="{escape(name)}">{text}</script>')


def program(text: str) -> Markup:
    """A script of ours, as it is. Raises ValueError where it would end before its end."""
    if "</script" in text.lower() or "<!--" in text:
        msg = "a script that holds '</script' or '<!--' cannot stand in a page as it is"
        raise ValueError(msg)
    return Markup(f"<script>{text}</script>")


def style(text: str) -> Markup:
    """A style sheet of ours, as it is."""
    return Markup(f"<style>{text}</style>")


def plotly_text(text: str) -> str:
    """Plotly takes some tags in its texts for formatting; none of an outsider's shall be."""
    return escape(text, quote=False)
