"""Small charts as SVG: lines over local time, with a legend in words and what they show told beside them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from optimizer.web.html import Markup, el, joined
from optimizer.web.scale import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Scale

Values = Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A mean between each two neighbouring edges, or, with one value more, a level at each edge; None is a gap.

    ``look`` is how it is drawn: a class of the style sheet. ``is_filled``: with its area down to zero.
    """

    name: str
    look: str
    values: Values
    is_filled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """``told`` is for whoever does not see it. From ``guess_from`` on, values are marked as a forecast."""

    key: str
    title: str
    unit: str
    edges: Sequence[datetime]
    lines: Sequence[Line]
    told: str
    now: datetime
    zone: ZoneInfo
    guess_from: datetime | None = None
    holds_zero: bool = True


def drawn(chart: Chart) -> Markup | None:
    """The figure; None where there is nothing to draw."""
    known = [value for line in chart.lines for value in line.values if value is not None]
    if not known:
        return None
    scale = Scale.of(chart.edges[0], chart.edges[-1], known, holds_zero=chart.holds_zero)
    picture = el(
        "svg",
        el("title", f"{chart.title}, {chart.unit}", id=f"{chart.key}-name"),
        el("desc", chart.told, id=f"{chart.key}-told"),
        *_guess(chart, scale),
        *_grid(chart, scale),
        *(part for line in chart.lines for part in _line(line, chart.edges, scale)),
        *_now(chart, scale),
        viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}",
        role="img",
        aria_labelledby=f"{chart.key}-name {chart.key}-told",
    )
    caption = el("figcaption", f"{chart.title} ", el("span", chart.unit, class_="unit"))
    legend = el("ul", *(_key(line) for line in chart.lines), *_guess_key(chart), class_="legend")
    return el("figure", caption, picture, legend)


def _grid(chart: Chart, scale: Scale) -> Iterator[Markup]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    for level in scale.levels():
        y = scale.y(level)
        look = "zero" if abs(level) < 1e-9 else "level"
        yield el("line", x1=LEFT, x2=right, y1=y, y2=y, class_=look)
        yield el("text", scale.label(level), x=LEFT - 4, y=y + 3.5, class_="left")
    for at in scale.hours(chart.zone):
        x = scale.x(at)
        local = at.astimezone(chart.zone)
        yield el("line", x1=x, x2=x, y1=TOP, y2=bottom, class_="level")
        word = f"{local:%a}" if local.hour == 0 else f"{local:%H}"
        yield el("text", word, x=min(x, right - 8), y=HEIGHT - 5, class_="below")


def _line(line: Line, edges: Sequence[datetime], scale: Scale) -> Iterator[Markup]:
    points = _levels(line, edges, scale) if len(line.values) == len(edges) else _steps(line, edges, scale)
    runs = list(_runs(points))
    if line.is_filled:
        base = scale.y(min(max(0.0, scale.low), scale.high))
        areas = (f"{_path(run)}V{base}H{run[0][0]}Z" for run in runs)
        yield el("path", d="".join(areas), class_=f"area {line.look}")
    yield el("path", d="".join(_path(run) for run in runs), class_=f"line {line.look}")


Point = tuple[float, float]


def _steps(line: Line, edges: Sequence[datetime], scale: Scale) -> Iterator[Point | None]:
    for (start, end), value in zip(pairwise(edges), line.values, strict=True):
        if value is None:
            yield None
        else:
            yield scale.x(start), scale.y(value)
            yield scale.x(end), scale.y(value)


def _levels(line: Line, edges: Sequence[datetime], scale: Scale) -> Iterator[Point | None]:
    for at, value in zip(edges, line.values, strict=True):
        yield None if value is None else (scale.x(at), scale.y(value))


def _runs(points: Iterator[Point | None]) -> Iterator[list[Point]]:
    """What hangs together."""
    run: list[Point] = []
    for point in points:
        if point is not None:
            run.append(point)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _path(run: list[Point]) -> str:
    """Only the corners: points on a line with both neighbours are left out."""
    corners = [
        point
        for number, point in enumerate(run)
        if number in {0, len(run) - 1} or not (run[number - 1][1] == point[1] == run[number + 1][1])
    ]
    return "M" + "L".join(f"{x:g},{y:g}" for x, y in corners)


def _guess(chart: Chart, scale: Scale) -> Iterator[Markup]:
    """The part of which the values are a forecast, hatched."""
    if chart.guess_from is None or chart.guess_from >= chart.edges[-1]:
        return
    name = f"{chart.key}-hatch"
    stroke = el("path", d="M0,6L6,0", class_="hatch")
    yield el("pattern", stroke, id=name, width=6, height=6, patternUnits="userSpaceOnUse")
    x = scale.x(max(chart.guess_from, chart.edges[0]))
    yield el("rect", x=x, y=TOP, width=round(WIDTH - RIGHT - x, 1), height=HEIGHT - TOP - BOTTOM, fill=f"url(#{name})")
    yield el("line", x1=x, x2=x, y1=TOP, y2=HEIGHT - BOTTOM, class_="guess")


def _now(chart: Chart, scale: Scale) -> Iterator[Markup]:
    if chart.edges[0] <= chart.now < chart.edges[-1]:
        x = scale.x(chart.now)
        yield el("line", x1=x, x2=x, y1=TOP, y2=HEIGHT - BOTTOM, class_="now")


def _key(line: Line) -> Markup:
    kind = "area" if line.is_filled else "line"
    shape = el("path", d="M1,6H25V11H1Z" if line.is_filled else "M1,6H25", class_=f"{kind} {line.look}")
    over = el("path", d="M1,6H25", class_=f"line {line.look}") if line.is_filled else None
    return el("li", el("svg", shape, over, viewBox="0 0 26 12", aria_hidden="true"), line.name)


def _guess_key(chart: Chart) -> Iterator[Markup]:
    if chart.guess_from is not None and chart.guess_from < chart.edges[-1]:
        shape = joined([el("path", d="M2,11L11,2M8,11L17,2M14,11L23,2", class_="hatch")])
        yield el("li", el("svg", shape, viewBox="0 0 26 12", aria_hidden="true"), "hatched: forecast prices")
