"""Challengers in the ledger: what each decided, what its meter would have shown, and what each day would have cost."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pandas as pd

from optimizer.ledger import Ledger
from optimizer.shadow.book import Decided, Settled

METER_COLUMNS = ("import_kw", "export_kw", "readings")
QUARTER_H = 0.25
QUARTER_S = 900
ENOUGH_READINGS = 1000
"""A settled quarter is no sample: it counts as fully read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a contender stands: its battery, and how far it is settled."""

    soc_kwh: float
    settled_until: datetime
    decided: Decided


@dataclass(frozen=True, slots=True)
class Quarter:
    """One settled quarter: its start (epoch seconds), what crossed, what is stored at its end, what was moved."""

    at_s: int
    import_kwh: float
    export_kwh: float
    soc_kwh: float
    moved_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowDay:
    """What one local day would have cost. ``quarters``: how many of it were on record."""

    name: str
    day: date
    cost: float
    currency: str
    quarters: int


@dataclass(frozen=True, slots=True)
class ShadowStore:
    """The tables of one ledger. Raises sqlite3.Error."""

    ledger: Ledger

    def standing(self, site_id: str, name: str) -> Standing | None:
        """None for a contender that has never planned."""
        rows = self.ledger.rows(
            "SELECT soc_kwh, settled_until, decided FROM shadow_standing WHERE site_id = ? AND name = ?",
            (site_id, name),
        )
        if not rows:
            return None
        soc_kwh, settled_until, text = rows[0]
        document = json.loads(text)
        decided = Decided(
            starts=tuple(datetime.fromtimestamp(at, UTC) for at in document["starts"]),
            battery_kw=tuple(document["battery_kw"]),
            cut_share=tuple(document["cut_share"]),
        )
        return Standing(soc_kwh=soc_kwh, settled_until=datetime.fromtimestamp(settled_until, UTC), decided=decided)

    def keep(self, site_id: str, name: str, standing: Standing, settled: Sequence[tuple[datetime, Settled]]) -> None:
        """The new standing and the quarters that it was reached through."""
        document = {
            "starts": [int(at.timestamp()) for at in standing.decided.starts],
            "battery_kw": standing.decided.battery_kw,
            "cut_share": standing.decided.cut_share,
        }
        meter = [
            (
                *(site_id, name, int(at.timestamp()), each.import_kwh, each.export_kwh, each.soc_kwh),
                each.charged_kwh + each.discharged_kwh,
            )
            for at, each in settled
        ]
        self.ledger.write(
            ("INSERT OR REPLACE INTO shadow_meter VALUES (?, ?, ?, ?, ?, ?, ?)", meter),
            (
                "INSERT OR REPLACE INTO shadow_standing VALUES (?, ?, ?, ?, ?)",
                [
                    (
                        site_id,
                        name,
                        standing.soc_kwh,
                        int(standing.settled_until.timestamp()),
                        json.dumps(document),
                    )
                ],
            ),
        )

    def quarters(self, site_id: str, name: str, start: datetime, end: datetime) -> list[Quarter]:
        """The quarters on record that begin in ``[start, end)``."""
        rows = self.ledger.rows(
            "SELECT at, import_kwh, export_kwh, soc_kwh, moved_kwh FROM shadow_meter "
            "WHERE site_id = ? AND name = ? AND at >= ? AND at < ? ORDER BY at",
            (site_id, name, int(start.timestamp()), int(end.timestamp())),
        )
        return [Quarter(*row) for row in rows]

    def metered(self, site_id: str, name: str, interval_minutes: int, since: datetime, now: datetime) -> pd.DataFrame:
        """The shadow meter in the form of the real one; see ``ports.RecallMeter``."""
        rows = self.quarters(site_id, name, since, now)
        index = pd.DatetimeIndex(pd.to_datetime([row.at_s for row in rows], unit="s", utc=True))
        frame = pd.DataFrame(
            {
                "import_kw": [row.import_kwh / QUARTER_H for row in rows],
                "export_kw": [row.export_kwh / QUARTER_H for row in rows],
            },
            index=index,
            dtype=float,
        )
        step = timedelta(minutes=interval_minutes)
        if step.total_seconds() > QUARTER_S and len(frame):
            frame = frame.resample(step, origin="epoch").mean()
        frame["readings"] = float(ENOUGH_READINGS)
        return frame

    def record_day(self, site_id: str, day: ShadowDay) -> None:
        """Keep what a day would have cost."""
        row = (site_id, day.name, day.day.isoformat(), day.cost, day.currency, day.quarters)
        self.ledger.write(("INSERT OR REPLACE INTO shadow_day VALUES (?, ?, ?, ?, ?, ?)", [row]))

    def priced_days(self, site_id: str, name: str, since: date) -> set[date]:
        """The days of one contender that are priced already."""
        rows = self.ledger.rows(
            "SELECT day FROM shadow_day WHERE site_id = ? AND name = ? AND day >= ?",
            (site_id, name, since.isoformat()),
        )
        return {date.fromisoformat(day) for (day,) in rows}

    def days(self, site_id: str) -> list[ShadowDay]:
        """Every day on record, of every contender, oldest first."""
        return [
            ShadowDay(name=name, day=date.fromisoformat(day), cost=cost, currency=currency, quarters=quarters)
            for name, day, cost, currency, quarters in self.ledger.rows(
                "SELECT name, day, cost, currency, quarters FROM shadow_day WHERE site_id = ? ORDER BY day, name",
                (site_id,),
            )
        ]
