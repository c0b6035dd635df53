"""What a run costs: the tariff's own invoice, and what is left in the battery valued alike for all of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from optimizer.backtest.data import Floats, Measured
from optimizer.backtest.knowledge import PublishedPrices
from optimizer.backtest.quarters import QUARTER
from optimizer.backtest.run import Lived
from optimizer.backtest.setup import Setup
from optimizer.domain.horizon import Horizon
from optimizer.domain.tariff import Market, Meter, Tariff
from optimizer.siting import contract
from strategies import invoice

QUARTER_H = 0.25
WEEK = timedelta(days=7)
PER_DAY = 96
REFILL_SHARE = 0.1
"""What is stored at the end is worth what the cheapest tenth of the last week's hours cost, less the loss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of quarters under one invoice: the whole backtest, or a local month of it."""

    label: str
    first: int
    last: int
    tariff: Tariff
    horizon: Horizon


@dataclass(frozen=True, slots=True, kw_only=True)
class Billing:
    """The spans of a backtest, and what a kWh in the battery is worth at the end of each."""

    whole: Span
    months: tuple[Span, ...]
    value_per_kwh: float

    @property
    def currency(self) -> str:
        return self.whole.tariff.currency


def billing_of(setup: Setup) -> Billing:
    """The tariff on every quarter, with the prices that really came. Raises ForecastGap where there are none."""
    count = round((setup.end - setup.start) / QUARTER)
    edges = tuple(setup.start + number * QUARTER for number in range(count + 1))
    months = tuple(_span(setup, edges, first, last) for first, last in _months(edges, setup.site.timezone))
    whole = _span(setup, edges, 0, count)
    last_week = np.array(whole.tariff.import_price_per_kwh[-round(WEEK / QUARTER) :])
    refill = max(float(np.quantile(last_week, REFILL_SHARE)), 0.0)
    return Billing(whole=whole, months=months, value_per_kwh=refill * setup.task.site.battery.discharge_efficiency)


def _span(setup: Setup, edges: tuple[datetime, ...], first: int, last: int) -> Span:
    horizon = Horizon(edges[first : last + 1], setup.site.timezone)
    market = (
        PublishedPrices.of(setup.measured, setup.site.timezone, knows_all=True).market(horizon)
        if has_prices(setup.measured)
        else Market()
    )
    tariff = contract(setup.task.prices.strategy.tariff(horizon, market), setup.task.site)
    middle = edges[(first + last) // 2].astimezone(ZoneInfo(setup.site.timezone))
    return Span(label=f"{middle:%Y-%m}", first=first, last=last, tariff=tariff, horizon=horizon)


def has_prices(measured: Measured) -> bool:
    """Whether the data bring prices."""
    return measured.import_price is not None or measured.export_price is not None


def _months(edges: tuple[datetime, ...], zone: str) -> Iterator[tuple[int, int]]:
    """First quarter and the one after the last, of each local month; less than a day of one goes with its neighbour."""
    count = len(edges) - 1
    kept = [n for n in month_starts(edges, zone) if n >= PER_DAY and count - n >= PER_DAY]
    yield from zip([0, *kept], [*kept, count], strict=True)


def month_starts(edges: tuple[datetime, ...], zone: str) -> list[int]:
    """The quarters with which a local month begins, but for the very first."""
    local = [edge.astimezone(ZoneInfo(zone)) for edge in edges[:-1]]
    return [n for n in range(1, len(local)) if local[n].month != local[n - 1].month]


def bill(billing: Billing, span: Span, lived: Lived) -> float:
    """The invoice of a span, less what the battery holds more at its end than at its start."""
    meter = Meter(
        horizon=span.horizon,
        import_kwh=tuple(lived.import_kwh[span.first : span.last].tolist()),
        export_kwh=tuple(lived.export_kwh[span.first : span.last].tolist()),
    )
    gained_kwh = float(lived.soc_kwh[span.last] - lived.soc_kwh[span.first])
    return invoice(span.tariff, meter).exact - gained_kwh * billing.value_per_kwh


def import_cost(billing: Billing, span: Span, lived: Lived) -> float:
    """What the imported energy alone costs."""
    prices = np.array(span.tariff.import_price_per_kwh)
    return float(prices @ lived.import_kwh[span.first : span.last])


def import_bill(billing: Billing, span: Span, lived: Lived) -> float:
    """What the import puts on the invoice: its energy and the charges on it, not what is due anyway."""
    count = span.last - span.first
    nothing = Meter(horizon=span.horizon, import_kwh=(0.0,) * count, export_kwh=(0.0,) * count)
    bought = replace(nothing, import_kwh=tuple(lived.import_kwh[span.first : span.last].tolist()))
    return invoice(span.tariff, bought).exact - invoice(span.tariff, nothing).exact


def net_kw(setup: Setup) -> Floats:
    """Load and heat less sun in each quarter of the backtest."""
    measured = setup.measured
    kw = measured.load_kw - measured.solar_kw
    if measured.heat_pump_kw is not None:
        kw = kw + measured.heat_pump_kw
    return on_quarters(setup, kw)


def on_quarters(setup: Setup, kw: Floats) -> Floats:
    """A series of the data on the quarters of the backtest."""
    first = setup.measured.number_at(setup.start)
    count = round((setup.end - setup.start) / QUARTER)
    if setup.measured.step >= QUARTER:
        times = setup.measured.step // QUARTER
        return np.repeat(kw[first : first + -(-count // times)], times)[:count]
    per_quarter = QUARTER // setup.measured.step
    return kw[first : first + count * per_quarter].reshape(-1, per_quarter).mean(axis=1)


def without_battery(setup: Setup) -> Lived:
    """Everything crosses the meter; what exceeds a limit of export is cut."""
    net = net_kw(setup)
    exported = np.minimum(np.maximum(-net, 0.0), setup.options.grid_export_limit_kw)
    return Lived(
        import_kwh=np.maximum(net, 0.0) * QUARTER_H,
        export_kwh=exported * QUARTER_H,
        soc_kwh=np.zeros(len(net) + 1),
    )
