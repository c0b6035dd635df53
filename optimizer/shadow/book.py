"""What a decision would have done to a battery and to the meter, given what really happened. Pure."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime

from optimizer.domain.snapshot import BatteryState


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What was decided when: from each of ``starts`` on charge less discharge, and the share of the sun cut."""

    starts: tuple[datetime, ...] = ()
    battery_kw: tuple[float, ...] = ()
    cut_share: tuple[float, ...] = ()

    def followed_by(self, later: "Decided") -> "Decided":
        """This until ``later`` begins, and ``later`` from then on."""
        if not later.starts:
            return self
        kept = sum(start < later.starts[0] for start in self.starts)
        return Decided(
            starts=self.starts[:kept] + later.starts,
            battery_kw=self.battery_kw[:kept] + later.battery_kw,
            cut_share=self.cut_share[:kept] + later.cut_share,
        )

    def since(self, start: datetime) -> "Decided":
        """Without what ended before ``start``."""
        first = max(bisect_right(self.starts, start) - 1, 0)
        return Decided(starts=self.starts[first:], battery_kw=self.battery_kw[first:], cut_share=self.cut_share[first:])

    def over(self, start: datetime, end: datetime) -> tuple[float, float]:
        """Mean battery power and share of the sun cut over ``[start, end)``; 0 where nothing was decided."""
        length_s = (end - start).total_seconds()
        power = cut = 0.0
        for number, begins in enumerate(self.starts):
            ends = self.starts[number + 1] if number + 1 < len(self.starts) else end
            share = (min(end, ends) - max(start, begins)).total_seconds() / length_s
            if share > 0:
                power += share * self.battery_kw[number]
                cut += share * self.cut_share[number]
        return power, cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """One interval as it would have been: kWh across the connection point, in and out of the battery, and in it."""

    import_kwh: float
    export_kwh: float
    charged_kwh: float
    discharged_kwh: float
    soc_kwh: float


def settle(
    battery: BatteryState | None, soc_kwh: float, battery_kw: float, *, demand_kw: float, sun_kw: float, h: float
) -> Settled:
    """The interval of ``h`` hours: the battery does what was decided as far as its limits allow, the grid the rest."""
    charged = discharged = 0.0
    if battery is not None:
        if battery_kw > 0:
            room_kwh = max(battery.soc_max_kwh - soc_kwh, 0.0) / battery.charge_efficiency
            charged = min(min(battery_kw, battery.max_charge_kw) * h, room_kwh)
        else:
            left_kwh = max(soc_kwh - battery.soc_min_kwh, 0.0) * battery.discharge_efficiency
            discharged = min(min(-battery_kw, battery.max_discharge_kw) * h, left_kwh)
        soc_kwh += charged * battery.charge_efficiency - discharged / battery.discharge_efficiency
    grid_kwh = (demand_kw - sun_kw) * h + charged - discharged
    return Settled(
        import_kwh=max(grid_kwh, 0.0),
        export_kwh=max(-grid_kwh, 0.0),
        charged_kwh=charged,
        discharged_kwh=discharged,
        soc_kwh=soc_kwh,
    )
