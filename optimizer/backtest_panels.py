"""A backtest as panels: what each day cost, and a week of it quarter by quarter."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

import numpy as np

from optimizer.backtest.backtest import BILLS, DAEMON, NO_BATTERY, PERFECT, SELF_CONSUMPTION, Whole
from optimizer.backtest.bills import QUARTER_H, on_quarters
from optimizer.backtest.data import Floats
from optimizer.domain.command import Command, Entry, Pair
from optimizer.domain.horizon import Horizon
from optimizer.domain.tariff import Tariff
from optimizer.pictures import Bound, Drawn, Graph, Lane, Panel, Series, Strip, lane_of, unit_of

NAMES = {
    NO_BATTERY: "no battery",
    SELF_CONSUMPTION: "self-consumption",
    DAEMON: "Heat Optimizer",
    PERFECT: "perfect foresight",
}
ROLES = {NO_BATTERY: "load", SELF_CONSUMPTION: "others", DAEMON: "grid", PERFECT: "export"}
WEEK_DAYS = 7
QUARTER = timedelta(minutes=15)
PAIRS = {pair.label: pair for pair in Pair}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Quarters ``[first, last)`` of a backtest."""

    first: int
    last: int

    @property
    def quarters(self) -> slice:
        """Of series by quarters."""
        return slice(self.first, self.last)

    @property
    def edges(self) -> slice:
        """Of levels at the quarters' edges."""
        return slice(self.first, self.last + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Local days: what energy cost in each of them in each run, what is stored more counted as in the bills."""

    horizon: Horizon
    stretches: tuple[Stretch, ...]
    costs: Mapping[str, Floats]
    import_kwh: Floats
    export_kwh: Floats


def days_of(whole: Whole) -> Days:
    """The days of a backtest by the site's own time; the first and the last may be parts of days."""
    span = whole.billing.whole
    zone = ZoneInfo(span.horizon.zone)
    dates = [start.astimezone(zone).date() for start in span.horizon.starts]
    begins = [0, *(number for number in range(1, len(dates)) if dates[number] != dates[number - 1]), len(dates)]
    stretches = tuple(Stretch(first=first, last=last) for first, last in pairwise(begins))
    at = begins[:-1]
    return Days(
        horizon=Horizon(tuple(span.horizon.edges[begin] for begin in begins), span.horizon.zone),
        stretches=stretches,
        costs={name: np.add.reduceat(_cost(whole, name), at) for name in BILLS},
        import_kwh=np.add.reduceat(whole.lived[DAEMON].import_kwh, at),
        export_kwh=np.add.reduceat(whole.lived[DAEMON].export_kwh, at),
    )


def _cost(whole: Whole, name: str) -> Floats:
    """What the energy of each quarter cost, less the worth of what is stored more at its end."""
    tariff, lived = whole.billing.whole.tariff, whole.lived[name]
    bought = np.array(tariff.import_price_per_kwh) * lived.import_kwh
    sold = np.array(tariff.export_price_per_kwh) * lived.export_kwh
    cost: Floats = bought - sold - np.diff(lived.soc_kwh) * whole.billing.value_per_kwh
    return cost


def dearest_week(days: Days) -> Stretch:
    """The seven days in which most was left to perfect foresight; all of them where there are no more."""
    above = days.costs[DAEMON] - days.costs[PERFECT]
    count = min(WEEK_DAYS, len(above))
    begin = int(np.argmax(np.convolve(above, np.ones(count), mode="valid")))
    return Stretch(first=days.stretches[begin].first, last=days.stretches[begin + count - 1].last)


def day_panels(days: Days, tariff: Tariff) -> tuple[Panel, ...]:
    """What was saved so far, what each day cost, and what was bought and sold."""
    currency = tariff.currency
    is_all = not (tariff.peak_charges or tariff.energy_tiers or tariff.netting or tariff.minimum_charge)
    saved = {name: np.cumsum(days.costs[NO_BATTERY] - days.costs[name]) for name in BILLS if name != NO_BATTERY}
    return (
        Graph(
            title="Saved so far",
            unit=currency,
            remark="against no battery"
            + ("" if is_all else ", by energy prices alone: charges come to the bills above"),
            series=tuple(
                Series(name=NAMES[name], role=ROLES[name], values=(0.0, *_values(money)))
                for name, money in saved.items()
            ),
        ),
        Graph(
            title="Energy cost",
            unit=f"{currency} a day",
            series=tuple(
                Series(name=NAMES[name], role=ROLES[name], values=_values(days.costs[name])) for name in BILLS
            ),
        ),
        Graph(
            title="Bought and sold",
            unit="kWh a day",
            series=(
                Series(name="bought", role="import", values=_values(days.import_kwh), drawn=Drawn.AREA),
                Series(name="sold", role="export", values=_values(days.export_kwh)),
            ),
        ),
    )


def week_horizon(whole: Whole, week: Stretch) -> Horizon:
    """Its quarters."""
    span = whole.billing.whole.horizon
    return Horizon(span.edges[week.edges], span.zone)


def week_panels(whole: Whole, week: Stretch) -> tuple[Panel, ...]:
    """Prices, what came and what was expected, the grid, what was stored, and what was commanded."""
    return (
        _prices(whole, week),
        _came(whole, week),
        _grid(whole, week),
        _stored(whole, week),
        Strip(title="Commands in force", lanes=tuple(_lanes(whole, week))),
    )


def _prices(whole: Whole, week: Stretch) -> Graph:
    tariff = whole.billing.whole.tariff
    each = (("import", tariff.import_price_per_kwh), ("export", tariff.export_price_per_kwh))
    return Graph(
        title="Prices",
        unit=f"{tariff.currency}/kWh",
        series=tuple(Series(name=name, role=name, values=prices[week.quarters], decimals=4) for name, prices in each),
    )


def came_kw(whole: Whole, week: Stretch) -> dict[str, tuple[float, ...]]:
    """Load, heat and sun as they came, by the names of forecasts; no heat where the data have none."""
    measured = whole.setup.measured
    series = {"load": measured.load_kw, "solar": measured.solar_kw}
    if measured.heat_pump_kw is not None:
        series["heat"] = measured.heat_pump_kw
    return {name: _values(on_quarters(whole.setup, kw)[week.quarters]) for name, kw in series.items()}


def expected_kw(whole: Whole, week: Stretch) -> dict[str, tuple[float | None, ...]]:
    """What the newest plan expected of the same; None where there was no plan."""
    found = whole.lived[DAEMON].expected_kw
    return {
        name: tuple(float(kw) if np.isfinite(kw) else None for kw in found[name][week.quarters])
        for name in came_kw(whole, week)
        if name in found
    }


def _came(whole: Whole, week: Stretch) -> Graph:
    told = {"load": ("load", "load"), "heat": ("heat", "heat"), "solar": ("sun", "sun")}
    series: list[Series] = []
    for name, kw in came_kw(whole, week).items():
        called, role = told[name]
        series.append(Series(name=called, role=role, values=kw, drawn=Drawn.AREA if name == "solar" else Drawn.LINE))
    for name, expected in expected_kw(whole, week).items():
        called, role = told[name]
        series.append(Series(name=f"{called} as expected", role=role, values=expected, drawn=Drawn.DOTTED))
    return Graph(title="Load, heat and sun", unit="kW", series=tuple(series))


def grid_kw(whole: Whole, week: Stretch, name: str) -> tuple[float, ...]:
    """Mean power at the connection in each quarter of a run; + is import."""
    lived = whole.lived[name]
    return _values((lived.import_kwh - lived.export_kwh)[week.quarters] / QUARTER_H)


def _grid(whole: Whole, week: Stretch) -> Graph:
    series = [Series(name=NAMES[DAEMON], role="grid", values=grid_kw(whole, week, DAEMON), drawn=Drawn.AREA)]
    series += [
        Series(name=NAMES[name], role=ROLES[name], values=grid_kw(whole, week, name))
        for name in (SELF_CONSUMPTION, PERFECT)
    ]
    idle = grid_kw(whole, week, NO_BATTERY)
    series.append(Series(name=NAMES[NO_BATTERY], role="load", values=idle, drawn=Drawn.DOTTED))
    return Graph(title="Grid", unit="kW", remark="+ import, − export", series=tuple(series))


def _stored(whole: Whole, week: Stretch) -> Graph:
    options = whole.setup.options
    levels = (("least", options.soc_min_percent), ("most", options.soc_max_percent))
    count = week.last - week.first
    return Graph(
        title="Stored energy",
        unit="kWh",
        remark=f"of {options.battery_kwh:g} kWh",
        series=tuple(
            Series(
                name=NAMES[name],
                role="battery" if name == DAEMON else ROLES[name],
                values=_values(whole.lived[name].soc_kwh[week.edges]),
                drawn=Drawn.AREA if name == DAEMON else Drawn.LINE,
            )
            for name in (DAEMON, SELF_CONSUMPTION, PERFECT)
        ),
        bounds=tuple(
            Bound(name=name, values=(options.battery_kwh * percent / 100,) * count) for name, percent in levels
        ),
    )


def _lanes(whole: Whole, week: Stretch) -> Iterator[Lane]:
    """A row for each pair that was commanded; equal neighbours are one bar."""
    edges = whole.billing.whole.horizon.edges
    commands = whole.lived[DAEMON].commands[week.quarters]
    for label in sorted({label for in_force in commands for label in in_force}):
        entries, first = [], week.first
        for value, group in groupby(in_force.get(label) for in_force in commands):
            last = first + len(list(group))
            if value is not None:
                entries.append(Entry(start=edges[first], end=edges[last], value=value))
            first = last
        yield lane_of(Command(pair=PAIRS[label], entries=tuple(entries)))


def command_notes(whole: Whole, week: Stretch) -> tuple[str, ...]:
    """What was in force in each quarter, in words."""
    return tuple(_told(in_force) for in_force in whole.lived[DAEMON].commands[week.quarters])


def _told(in_force: Mapping[str, float]) -> str:
    if not in_force:
        return "Nothing was in force: the gateway followed the load."
    return ", ".join(f"{label} {value:g} {unit_of(PAIRS[label])}" for label, value in in_force.items())


def _values(numbers: Floats) -> tuple[float, ...]:
    return tuple(map(float, numbers))
