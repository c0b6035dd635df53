"""Energy counters of one site, and its grid energy per quarter of an hour."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from optimizer.simulator.gateway import Flows

QUARTER = timedelta(minutes=15)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

type QuarterRow = tuple[datetime, datetime, float, float]


@dataclass(slots=True, kw_only=True)
class Meter:
    """Energies in kWh since the start. ``heat_kwh`` is the heat pump's electricity, ``heat_thermal_kwh`` its heat."""

    import_kwh: float = 0.0
    export_kwh: float = 0.0
    charge_kwh: float = 0.0
    discharge_kwh: float = 0.0
    solar_kwh: float = 0.0
    curtailed_kwh: float = 0.0
    load_kwh: float = 0.0
    heat_kwh: float = 0.0
    heat_thermal_kwh: float = 0.0

    def add(self, flows: Flows, *, thermal_kw: float, step_h: float) -> None:
        """Count flows that were held for ``step_h`` hours."""
        grid_kwh = flows.grid_kw * step_h
        if grid_kwh > 0.0:
            self.import_kwh += grid_kwh
        else:
            self.export_kwh -= grid_kwh
        self.charge_kwh += flows.charge_kw * step_h
        self.discharge_kwh += flows.discharge_kw * step_h
        self.solar_kwh += flows.solar_kw * step_h
        self.curtailed_kwh += flows.curtailed_kw * step_h
        self.load_kwh += flows.load_kw * step_h
        self.heat_kwh += flows.heatpump_kw * step_h
        self.heat_thermal_kwh += thermal_kw * step_h

    def copy(self) -> "Meter":
        """The present reading, which later consumption leaves alone."""
        return replace(self)


class QuarterLog:
    """Import and export of each UTC quarter; the first and the running one may be shorter."""

    def __init__(self, start: datetime) -> None:
        self._done: list[QuarterRow] = []
        self._open_since = start
        self._open_until = start
        self._import_kwh = 0.0
        self._export_kwh = 0.0

    def add(self, grid_kw: float, *, step_h: float) -> None:
        """Count a grid power (import-positive) that was held for ``step_h`` hours within the open quarter."""
        if grid_kw > 0.0:
            self._import_kwh += grid_kw * step_h
        else:
            self._export_kwh -= grid_kw * step_h

    def reached(self, at: datetime) -> None:
        """All up to ``at`` is counted: at the edge of a quarter the open row is closed."""
        self._open_until = at
        if at == quarter_after(self._open_since):
            self._done.append(self._open_row())
            self._open_since = at
            self._import_kwh = self._export_kwh = 0.0

    def rows(self) -> list[QuarterRow]:
        """(start, end, import kWh, export kWh) of each quarter, the running one up to now."""
        running = [self._open_row()] if self._open_until > self._open_since else []
        return [*self._done, *running]

    def _open_row(self) -> QuarterRow:
        return (self._open_since, self._open_until, self._import_kwh, self._export_kwh)


def quarter_after(at: datetime) -> datetime:
    """The first edge of a UTC quarter after an instant."""
    return at + QUARTER - (at - EPOCH) % QUARTER
