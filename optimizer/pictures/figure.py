"""Panels as a Plotly figure: plain data, drawn by whoever has the library. Instants are UTC; ticks tell local time."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from optimizer.domain.horizon import Horizon
from optimizer.pictures.axis import Ticks, tick_levels
from optimizer.pictures.html import plotly_text
from optimizer.pictures.palette import LIGHT, Palette
from optimizer.pictures.panels import Drawn, Graph, Lane, Panel, Series, Strip, runs, scale_of

LEFT_PX, RIGHT_PX, HEAD_PX, FOOT_PX = 48, 14, 50, 46
MOST_TICKS = 14
MOST_MIDNIGHTS = 15
MANY = 200
"""So many slots are drawn with thinner lines."""
FONT = "system-ui, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"

Part = dict[str, Any]


def figure_of(panels: Sequence[Panel], horizon: Horizon, colours: Palette = LIGHT) -> Part:
    """The panels one under the other on one axis of time, as the data and layout of a Plotly figure.

    Each has room for a heading of its own above it, which is not drawn here.
    """
    domains = list(_domains([panel.height_px for panel in panels]))
    height_px = sum(panel.height_px + HEAD_PX for panel in panels) + FOOT_PX
    layout: Part = {
        "height": height_px,
        "margin": {"l": LEFT_PX, "r": RIGHT_PX, "t": 0, "b": FOOT_PX, "pad": 0},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 12, "color": colours["quiet"]},
        "showlegend": False,
        "hovermode": False,
        "dragmode": "zoom",
        "barmode": "overlay",
        "uniformtext": {"mode": "hide", "minsize": 10},
        "xaxis": _time_axis(horizon, len(panels), colours),
    }
    data: list[Part] = []
    shapes: list[Part] = []
    notes: list[Part] = []
    for number, (panel, domain) in enumerate(zip(panels, domains, strict=True), start=1):
        axis = _numbered("y", number)
        shapes += _midnights(horizon, axis, colours)
        layout[_numbered("yaxis", number)] = {"domain": domain, "anchor": "x"} | _value_axis(panel, colours)
        match panel:
            case Graph():
                data += _graph(panel, horizon, axis, colours)
                shapes += _shades(panel, horizon, axis, colours)
                notes += _shade_names(panel, horizon, axis, colours)
            case Strip():
                data += [_lane(lane, place, axis, colours) for place, lane in enumerate(panel.lanes)]
                notes += [_lane_name(lane, place, axis, colours) for place, lane in enumerate(panel.lanes)]
    return {"data": data, "layout": layout | {"shapes": shapes, "annotations": notes}}


def _domains(heights_px: Sequence[int]) -> Iterator[list[float]]:
    """Where each panel stands, as shares of the height from below, with its heading's room above it."""
    whole = sum(heights_px) + HEAD_PX * len(heights_px)
    bottom = float(whole)
    for height in heights_px:
        top, bottom = bottom - HEAD_PX, bottom - HEAD_PX - height
        yield [bottom / whole, top / whole]


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}{number}"


def _time_axis(horizon: Horizon, panels: int, colours: Palette) -> Part:
    levels = tick_levels(horizon)
    ticks = next(
        (level for level in levels if len(level.at) <= MOST_TICKS), levels[-1] if levels else Ticks(at=(), texts=())
    )
    return {
        "type": "date",
        "range": [instant(horizon.start), instant(horizon.end)],
        "anchor": _numbered("y", panels),
        "tickmode": "array",
        "tickvals": [instant(at) for at in ticks.at],
        "ticktext": list(ticks.texts),
        "tickangle": 0,
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": colours["rule"],
        "gridcolor": colours["rule"],
        "linecolor": colours["rule"],
        "showline": True,
        "zeroline": False,
    }


def _value_axis(panel: Panel, colours: Palette) -> Part:
    if isinstance(panel, Strip):
        return {
            "range": [max(len(panel.lanes), 1), 0],
            "visible": False,
            "fixedrange": True,
        }
    scale = scale_of(panel)
    return {
        "range": [scale.low, scale.high],
        "fixedrange": True,
        "nticks": 5,
        "tickfont": {"size": 11},
        "gridcolor": colours["rule"],
        "zeroline": True,
        "zerolinecolor": colours["quiet"],
        "zerolinewidth": 1,
    }


def _graph(graph: Graph, horizon: Horizon, axis: str, colours: Palette) -> Iterator[Part]:
    scale = scale_of(graph)
    for bound in graph.bounds:
        shown = tuple(kw if kw is not None and scale.holds(kw) else None for kw in bound.values)
        if any(value is not None for value in shown):
            yield _path(bound.name, shown, horizon, axis) | {
                "line": {"color": colours[bound.role], "width": 1.2, "dash": "dash"}
            }
    for series in graph.series:
        yield from _series(series, horizon, axis, colours)


def _series(series: Series, horizon: Horizon, axis: str, colours: Palette) -> Iterator[Part]:
    """What is known, and what is a guess, each as a line of its own."""
    guess = series.is_guess or (False,) * len(horizon)
    line: Part = {"color": colours[series.role], "width": 1.8 if len(horizon) < MANY else 1.2}
    fill: Part = {}
    if series.drawn is Drawn.AREA:
        fill = {"fill": "tozeroy", "fillcolor": colours[f"{series.role}_fill"]}
    if series.drawn is Drawn.DOTTED:
        line |= {"width": 1.4, "dash": "dot"}
    if len(series.values) == len(horizon) + 1:
        yield _line(series.name, horizon.edges, series.values, axis) | fill | {"line": line}
        return
    for marked, dash in ((False, {}), (True, {"dash": "5px,3px"})):
        values = tuple(value if mark is marked else None for value, mark in zip(series.values, guess, strict=True))
        if any(value is not None for value in values):
            yield _path(series.name, values, horizon, axis) | fill | {"line": line | dash}


def _path(name: str, values: Sequence[float | None], horizon: Horizon, axis: str) -> Part:
    """Steps: both ends of each slot."""
    at = [edge for pair in pairwise(horizon.edges) for edge in pair]
    return _line(name, at, [value for value in values for _ in range(2)], axis)


def _line(name: str, at: Sequence[datetime], values: Sequence[float | None], axis: str) -> Part:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": plotly_text(name),
        "x": [instant(each) for each in at],
        "y": list(values),
        "yaxis": axis,
        "connectgaps": False,
    }


def _lane(lane: Lane, place: int, axis: str, colours: Palette) -> Part:
    """Bars along the time: where each begins, and for how many milliseconds it lasts."""
    spans = lane.spans
    return {
        "type": "bar",
        "orientation": "h",
        "name": plotly_text(lane.name),
        "base": [instant(span.start) for span in spans],
        "x": [(span.end - span.start).total_seconds() * 1000 for span in spans],
        "y": [place + 0.68] * len(spans),
        "width": 0.5,
        "text": [plotly_text(span.text) for span in spans],
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "constraintext": "inside",
        "textfont": {"size": 11, "color": colours["ink"]},
        "marker": {
            "color": colours[f"{lane.role}_fill"],
            "opacity": [0.35 + 0.65 * span.weight for span in spans],
            "line": {"color": colours[lane.role], "width": 1},
        },
        "yaxis": axis,
    }


def _lane_name(lane: Lane, place: int, axis: str, colours: Palette) -> Part:
    return _note(lane.name, colours["quiet"]) | {
        "xref": "paper",
        "x": 0,
        "xanchor": "left",
        "yref": axis,
        "y": place + 0.2,
        "yanchor": "middle",
    }


def _shades(graph: Graph, horizon: Horizon, axis: str, colours: Palette) -> Iterator[Part]:
    """Behind the slots of which some series is a guess, a shade and a line where it begins."""
    for first, end in runs(_guessed(graph)):
        start, until = instant(horizon.edges[first]), instant(horizon.edges[end])
        place: Part = {"xref": "x", "yref": f"{axis} domain", "y0": 0, "y1": 1, "layer": "below"}
        shade: Part = {"fillcolor": colours["shade"], "line": {"width": 0}}
        yield {"type": "rect", "x0": start, "x1": until} | shade | place
        if first:
            yield {"type": "line", "x0": start, "x1": start, "line": {"color": colours["bound"], "width": 1}} | place


def _shade_names(graph: Graph, horizon: Horizon, axis: str, colours: Palette) -> Iterator[Part]:
    for first, _ in runs(_guessed(graph)):
        yield _note(graph.guess, colours["quiet"]) | {
            "xref": "x",
            "x": instant(horizon.edges[first]),
            "xanchor": "left",
            "yref": f"{axis} domain",
            "y": 1,
            "yanchor": "top",
        }


def _guessed(graph: Graph) -> tuple[bool, ...]:
    marks = [series.is_guess for series in graph.series if series.is_guess]
    return tuple(any(each) for each in zip(*marks, strict=True))


def _note(text: str, colour: str) -> Part:
    return {"text": plotly_text(text), "showarrow": False, "font": {"size": 11, "color": colour}, "borderpad": 2}


def _midnights(horizon: Horizon, axis: str, colours: Palette) -> Iterator[Part]:
    """A line where a local day begins, while there are few."""
    zone = ZoneInfo(horizon.zone)
    days = [at for level in tick_levels(horizon) for at in level.at if at.astimezone(zone).time() == time(0)]
    inner = sorted({at for at in days if horizon.start < at < horizon.end})
    if len(inner) > MOST_MIDNIGHTS:
        return
    for at in inner:
        yield {
            "type": "line",
            "xref": "x",
            "x0": instant(at),
            "x1": instant(at),
            "yref": f"{axis} domain",
            "y0": 0,
            "y1": 1,
            "layer": "below",
            "line": {"color": colours["bound"], "width": 1, "dash": "dot"},
        }


def instant(at: datetime) -> str:
    """An instant as Plotly takes it: UTC without a mark, since it knows no zones."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def milliseconds(at: datetime) -> int:
    """An instant as browsers count it."""
    return round(at.timestamp() * 1000)
