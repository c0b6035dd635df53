"""A figure with its headings, and everything that the page's program needs to read it out slot by slot."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from optimizer.domain.horizon import Horizon
from optimizer.pictures.axis import slot_names, tick_levels
from optimizer.pictures.figure import figure_of, instant, milliseconds
from optimizer.pictures.html import Child, Markup, data_block, el
from optimizer.pictures.palette import SYMBOLIC
from optimizer.pictures.panels import Bound, Graph, Panel, Series, Strip, scale_of

LEAPS = ((timedelta(hours=1), "an hour"), (timedelta(days=1), "a day"), (timedelta(weeks=1), "a week"))


def chart_of(key: str, title: str, panels: Sequence[Panel], horizon: Horizon, notes: Sequence[str]) -> Markup:
    """The panels on one axis, each with a heading and a legend; ``notes`` say something of each slot.

    ``key`` is the element's id, unique on the page.
    """
    heads = (_head(panel) for panel in panels)
    return el(
        "div",
        _hint(key, horizon),
        el("p", told(panels), class_="unseen", id=f"{key}-told"),
        el(
            "div",
            el("div", class_="plot", aria_hidden="true"),
            el("div", class_="band", aria_hidden="true", hidden=True),
            *heads,
            class_="stage",
            tabindex=0,
            role="application",
            aria_roledescription="chart",
            aria_label=title,
            aria_describedby=f"{key}-hint {key}-told",
        ),
        el("div", class_="card", aria_hidden="true", hidden=True),
        el("p", class_="unseen said", aria_live="polite"),
        data_block("spec", chart_spec(panels, horizon, notes)),
        class_="chart",
        id=key,
    )


def chart_spec(panels: Sequence[Panel], horizon: Horizon, notes: Sequence[str]) -> dict[str, Any]:
    """What the page's program draws and reads out: colours by role, one value of each series for each slot."""
    return {
        "figure": figure_of(panels, horizon, SYMBOLIC),
        "heights": [panel.height_px for panel in panels],
        "leap": leap(horizon)[0] // timedelta(milliseconds=1),
        "edges": [milliseconds(edge) for edge in horizon.edges],
        "names": list(slot_names(horizon)),
        "notes": list(notes),
        "values": [_values(series, graph, horizon) for graph in _graphs(panels) for series in graph.series],
        "lanes": [
            {
                "name": lane.name,
                "spans": [[milliseconds(each.start), milliseconds(each.end), each.text] for each in lane.spans],
            }
            for panel in panels
            if isinstance(panel, Strip)
            for lane in panel.lanes
        ],
        "ticks": [
            {"at": [instant(at) for at in level.at], "texts": list(level.texts)} for level in tick_levels(horizon)
        ],
    }


def leap(horizon: Horizon) -> tuple[timedelta, str]:
    """How far Page Up and Page Down go, and how that is called: the first step that most slots are shorter than."""
    usual = timedelta(hours=median(horizon.slot_h))
    return next((each for each in LEAPS if usual < each[0]), LEAPS[-1])


def _hint(key: str, horizon: Horizon) -> Markup:
    """How to read the chart, by whatever the reader points with."""
    keys = (
        "Point at a slot, or choose the chart and go with the arrow keys, to read its values. "
        f"Page Up and Page Down: {leap(horizon)[1]}. Home and End: first and last. "
        "Drag to zoom, double-click to see all."
    )
    return el(
        "p",
        el("span", keys, class_="fine"),
        el("span", "Tap a slot to read its values below.", class_="touch"),
        class_="quiet hint",
        id=f"{key}-hint",
    )


def told(panels: Sequence[Panel]) -> str:
    """The figure in words, for whoever does not see it."""
    return " ".join(_told(panel) for panel in panels)


def _told(panel: Panel) -> str:
    if isinstance(panel, Strip):
        lanes = ", ".join(f"{lane.name} with {len(lane.spans)} entries" for lane in panel.lanes) or "none"
        return f"{panel.title}: {lanes}."
    ranges = ", ".join(f"{series.name} {_range(series)}" for series in panel.series)
    bounds = "".join(f", {_bound_told(bound, panel.unit)}" for bound in panel.bounds)
    return f"{panel.title} in {panel.unit}: {ranges}{bounds}."


def _range(series: Series) -> str:
    known = [value for value in series.values if value is not None]
    if not known:
        return "unknown"
    low, high = (f"{value:.{series.decimals}f}" for value in (min(known), max(known)))
    return low if low == high else f"from {low} to {high}"


def _bound_told(bound: Bound, unit: str) -> str:
    """Its name, and its value where it is one and the same while there is any."""
    values = {value for value in bound.values if value is not None}
    return f"{bound.name} {abs(values.pop()):.4g} {unit}" if len(values) == 1 else bound.name


def _graphs(panels: Sequence[Panel]) -> Iterator[Graph]:
    return (panel for panel in panels if isinstance(panel, Graph))


def _values(series: Series, graph: Graph, horizon: Horizon) -> dict[str, Any]:
    """A level is read at the slot's end."""
    levels = len(series.values) == len(horizon) + 1
    values = [end for _, end in pairwise(series.values)] if levels else list(series.values)
    guess = {"guess": [graph.guess if mark else "" for mark in series.is_guess]} if any(series.is_guess) else {}
    return {"name": series.name, "unit": graph.unit, "decimals": series.decimals, "values": values} | guess


def _head(panel: Panel) -> Markup:
    """The panel's heading with its legend. Each colour has its name beside it."""
    keys: list[Markup] = []
    unit: Child = None
    if isinstance(panel, Graph):
        unit = el("span", f" {', '.join(filter(None, (panel.unit, panel.remark)))}", class_="unit")
        scale = scale_of(panel)
        keys += [_key(f"{series.drawn.value} {series.role}", series.name) for series in panel.series]
        if any(any(series.is_guess) for series in panel.series):
            keys.append(_key("guess", f"dashed: {panel.guess}"))
        for bound in panel.bounds:
            is_drawn = any(value is not None and scale.holds(value) for value in bound.values)
            word = _bound_told(bound, panel.unit)
            keys.append(_key(f"bound {bound.role}", word if is_drawn else f"{word} (off the scale)"))
    legend = el("ul", *keys, class_="legend") if keys else None
    return el("div", el("h3", panel.title, unit), legend, class_="head")


def _key(look: str, name: str) -> Markup:
    return el("li", el("span", class_=f"key {look}", aria_hidden="true"), name)
