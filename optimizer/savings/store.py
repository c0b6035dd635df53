"""The days that were priced, in the ledger, and the record that a day is priced from."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt

from optimizer.domain.horizon import Horizon
from optimizer.domain.snapshot import BatteryState
from optimizer.ledger import Ledger
from optimizer.savings.day import DayBills, DayRecord

QUARTER_S = 900
QUARTER_H = 0.25
COVERED = 0.9
"""A day with less of it on record is not priced."""
SOC_WITHIN = timedelta(minutes=30)
COLUMNS = ("load_kw", "other_kw", "heat_kw", "solar_kw")
COSTS = ("no_battery", "self_consumption", "daemon", "perfect_foresight")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SavingsStore:
    """One ledger's days. Every method raises sqlite3.Error where the ledger fails."""

    ledger: Ledger

    def keep(self, site_id: str, bills: DayBills) -> None:
        """A day once more replaces what was said of it."""
        row = (site_id, bills.day.isoformat(), *(getattr(bills, name) for name in COSTS), bills.currency)
        self.ledger.write(("INSERT OR REPLACE INTO savings_day VALUES (?, ?, ?, ?, ?, ?, ?)", [row]))

    def days(self, site_id: str, count: int) -> tuple[DayBills, ...]:
        """The newest first."""
        rows = self.ledger.rows(
            f"SELECT day, {', '.join(COSTS)}, currency FROM savings_day WHERE site_id = ? ORDER BY day DESC LIMIT ?",
            (site_id, count),
        )
        return tuple(
            DayBills(day=date.fromisoformat(row[0]), currency=row[5], **dict(zip(COSTS, row[1:5], strict=True)))
            for row in rows
        )

    def record(
        self, site_id: str, day: date, start: datetime, end: datetime, zone: str, battery: BatteryState
    ) -> DayRecord | None:
        """What was metered in ``[start, end)``; None where too little of it is on record.

        A quarter without a reading takes what stands between its neighbours.
        """
        starts_s = np.arange(start.timestamp(), end.timestamp(), QUARTER_S)
        found_s, means = self.ledger.quarter_hour_means(site_id, start, end)
        meter = self.ledger.interval_means(site_id, start, end, QUARTER_S)
        soc = [self.ledger.newest_soc(site_id, at - SOC_WITHIN, at) for at in (start, end)]
        least = COVERED * len(starts_s)
        if soc[0] is None or soc[1] is None or len(meter) < least:
            return None
        series = {name: _on(starts_s, found_s, means[name]) for name in COLUMNS}
        known = sum(kw is not None for kw in means["load_kw"])
        if known < least:
            return None
        edges = (*(datetime.fromtimestamp(int(at), UTC) for at in starts_s), end.astimezone(UTC))
        bought, sold = (_on(starts_s, [row[0] for row in meter], [row[column] for row in meter]) for column in (1, 2))
        return DayRecord(
            day=day,
            horizon=Horizon(edges, zone),
            load_kw=tuple((series["load_kw"] + series["other_kw"]).tolist()),
            heat_kw=tuple(series["heat_kw"].clip(0).tolist()),
            solar_kw=tuple(series["solar_kw"].clip(0).tolist()),
            import_kwh=tuple((bought.clip(0) * QUARTER_H).tolist()),
            export_kwh=tuple((sold.clip(0) * QUARTER_H).tolist()),
            soc_start_kwh=soc[0][1] / 100 * battery.capacity_kwh,
            soc_end_kwh=soc[1][1] / 100 * battery.capacity_kwh,
        )


def _on(starts_s: Floats, found_s: list[int], values: list[float | None]) -> Floats:
    """Values on all quarters, those without one between their neighbours'; zero where there is none at all."""
    pairs = [(at, value) for at, value in zip(found_s, values, strict=True) if value is not None]
    if not pairs:
        return np.zeros(len(starts_s))
    at, known = zip(*pairs, strict=True)
    found: Floats = np.interp(starts_s, at, known)
    return found
