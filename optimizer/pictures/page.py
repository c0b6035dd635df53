"""A page in one file: its styles, its program and the drawing library are inside, and it can ask nobody for more."""

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib import resources
from importlib.metadata import version

from optimizer.errors import ConfigError
from optimizer.pictures.html import Child, Markup, data_block, el, joined, program, style
from optimizer.pictures.palette import DARK, LIGHT, palette_css


def page_of(title: str, lead: Child, sections: Sequence[tuple[str, str, Markup]]) -> str:
    """The whole HTML file. Each section has its id, its heading and its content.

    Raises ConfigError where plotly, whose program is put into the page, is not installed.
    """
    plotly, own = library(), _asset("page.js")
    head = el(
        "head",
        el("meta", charset="utf-8"),
        _policy(plotly, own),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="referrer", content="no-referrer"),
        el("meta", name="generator", content=f"heat-optimizer {_version()}"),
        el("title", title),
        style(palette_css() + _asset("page.css")),
        el("noscript", style(".chart { display: none; }")),
    )
    links = (el("li", el("a", heading, href=f"#{key}")) for key, heading, _ in sections)
    body = el(
        "body",
        el("a", "To the content", href="#main", class_="skip"),
        el("header", el("h1", title), lead),
        el("nav", el("ul", *links), aria_label="Sections") if len(sections) > 1 else None,
        el("main", *(_section(*section) for section in sections), id="main", tabindex=-1),
        el("noscript", el("p", "The charts need JavaScript; the tables hold all of their values.", class_="warn")),
        el("footer", el("p", "Made by Heat Optimizer. This file holds all that it shows; it asks no network.")),
        data_block("palettes", {"light": dict(LIGHT), "dark": dict(DARK)}),
        program(plotly),
        program(own),
    )
    return f"<!doctype html>\n{el('html', head, body, lang='en')}\n"


def _section(key: str, heading: str, content: Markup) -> Markup:
    return el("section", el("h2", heading, id=f"{key}-title"), content, id=key, aria_labelledby=f"{key}-title")


def _policy(*programs: str) -> Markup:
    """Nothing is loaded from anywhere, and no script runs but these, known by their hashes."""
    scripts = " ".join(f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in programs)
    rules = (
        "default-src 'none'",
        f"script-src {scripts}",
        "style-src 'unsafe-inline'",
        "img-src data: blob:",
        "base-uri 'none'",
        "form-action 'none'",
    )
    return el("meta", http_equiv="Content-Security-Policy", content="; ".join(rules))


@cache
def library() -> str:
    """Plotly's program, from the package's own assets."""
    try:
        from plotly.offline import get_plotlyjs
    except ImportError:
        msg = "--html needs plotly: install heat-optimizer[plot]"
        raise ConfigError(msg) from None
    return str(get_plotlyjs())


def _asset(name: str) -> str:
    return resources.files("optimizer.pictures").joinpath("assets", name).read_text(encoding="utf-8")


def _version() -> str:
    return version("heat-optimizer")


def paragraph(*children: Child, look: str | None = None) -> Markup:
    """A paragraph; ``look`` is a class of the style sheet."""
    return el("p", *children, class_=look)


def folded(summary: str, *children: Child) -> Markup:
    """What is shown on demand."""
    return el("details", el("summary", summary), joined(children))
