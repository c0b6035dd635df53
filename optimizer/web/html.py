"""HTML as text that is escaped unless it was built here."""

from collections.abc import Iterable, Sequence
from html import escape

VOID = frozenset({"br", "hr", "link", "meta"})


class Markup(str):
    """Text that is HTML already. Only this file and whoever joins its results may make it."""

    __slots__ = ()


Child = str | None
Attribute = str | int | float | bool | None


def el(tag: str, *children: Child, **attributes: Attribute) -> Markup:
    """One element; None is left out, and every text that is no Markup is escaped.

    Attributes are written with ``_`` for ``-`` and one at the end for Python's own words: ``class_``, ``aria_label``.
    """
    names = "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in VOID:
        return Markup(f"<{tag}{names}>")
    return Markup(f"<{tag}{names}>{joined(children)}</{tag}>")


def joined(children: Iterable[Child], between: str = "") -> Markup:
    """All of them, escaped where they are no Markup."""
    texts = (child if isinstance(child, Markup) else escape(child) for child in children if child is not None)
    return Markup(escape(between).join(texts))


def table(
    caption: Child, heads: Sequence[str], rows: Iterable[Sequence[Child]], *, numbers: Sequence[int] = ()
) -> Markup:
    """A table that scrolls by itself where it is wide, also by the keyboard; its first column names each row.

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
    name = caption if isinstance(caption, Markup) else escape(caption or "")
    return el(
        "div",
        el("table", el("caption", Markup(name)), el("thead", head), el("tbody", *body)),
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label=f"Table: {caption or ''}",
    )


def facts(*pairs: tuple[str, Child]) -> Markup:
    """Names with what is so, as a list of terms; a pair without content is left out."""
    return el("dl", *(el("div", el("dt", name), el("dd", content)) for name, content in pairs if content is not None))


def section(key: str, title: str, *children: Child) -> Markup:
    """A part of the page with a heading of its own, which links can point at."""
    heading = el("h2", title, id=f"{key}-title")
    return el("section", heading, *children, id=key, aria_labelledby=f"{key}-title")


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    word = name.rstrip("_").replace("_", "-")
    return f" {word}" if value is True else f' {word}="{escape(str(value))}"'
