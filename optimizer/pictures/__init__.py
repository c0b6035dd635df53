"""Pictures of plans and of what came of them: data in, text out.

``figure_of`` draws any panels on one axis of time; ``chart_of`` adds headings and the read-out slot by slot;
``page_of`` makes one file of charts. ``plan_page`` is the page of plans, ``compact_chart`` a few lines for a terminal.
"""

from optimizer.pictures.chart import chart_of
from optimizer.pictures.figure import figure_of
from optimizer.pictures.page import page_of
from optimizer.pictures.panels import Bound, Drawn, Graph, Lane, Panel, Series, Span, Strip
from optimizer.pictures.plan_page import plan_page
from optimizer.pictures.plan_panels import lane_of, plan_panels, unit_of
from optimizer.pictures.terminal import BLOCKS, PLAIN, compact_chart

__all__ = [
    "BLOCKS",
    "PLAIN",
    "Bound",
    "Drawn",
    "Graph",
    "Lane",
    "Panel",
    "Series",
    "Span",
    "Strip",
    "chart_of",
    "compact_chart",
    "figure_of",
    "lane_of",
    "page_of",
    "plan_page",
    "plan_panels",
    "unit_of",
]
