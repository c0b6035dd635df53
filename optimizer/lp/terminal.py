"""What stored energy is worth beyond the horizon: a falling curve, not one number."""

import numpy as np

from optimizer.domain.assets import Battery, EndValue
from optimizer.domain.horizon import Horizon
from optimizer.lp.linear import Floats

TAIL_H = 24.0
"""The last day of the horizon stands for the day after it."""
MOST_PIECES = 8
"""The curve is cut into at most so many pieces, of equal energy where it has to be simplified."""


def end_values(
    horizon: Horizon,
    battery: Battery,
    *,
    demand_kw: tuple[float, ...],
    solar_kw: tuple[float, ...],
    import_price_per_kwh: tuple[float, ...],
    export_price_per_kwh: tuple[float, ...],
) -> tuple[EndValue, ...]:
    """The value of each kWh left in ``battery``, the dearest first.

    The day after the horizon is taken to be like the horizon's last day. Each hour of it that needs energy
    could be served from the battery: a kWh inside then saves (import price - wear) * discharge_efficiency. But
    it is worth no more than it costs to bring in another before that hour: (refill price + wear) /
    charge_efficiency, where the refill price is the lowest until then, the import price or, while there is
    sun to spare, what exporting it would have paid. What nobody needs is worth what exporting it pays, with
    the same cap. Nothing is worth less than nothing.
    """
    until_end_h = np.cumsum(np.array(horizon.slot_h)[::-1])[::-1]
    tail = until_end_h <= TAIL_H + 1e-9
    tail[-1] = True
    h = np.array(horizon.slot_h)[tail]
    bought, sold = np.array(import_price_per_kwh)[tail], np.array(export_price_per_kwh)[tail]
    net_kw = np.array(demand_kw)[tail] - np.array(solar_kw)[tail]
    wear, into, out_of = battery.wear_cost_per_kwh, battery.charge_efficiency, battery.discharge_efficiency
    refill = np.minimum.accumulate(np.where(net_kw < 0, np.minimum(sold, bought), bought))
    cap = np.concatenate(([np.inf], (refill[:-1] + wear) / into))
    served_kwh = np.clip(net_kw, 0.0, battery.max_discharge_kw) * h / out_of
    worth = np.minimum((bought - wear) * out_of, cap)
    spare_kwh = battery.capacity_kwh
    spare_worth = float(np.max(np.minimum((sold - wear) * out_of, cap)))
    kwh = np.append(served_kwh, spare_kwh)
    value = np.maximum(np.append(worth, spare_worth), 0.0)
    return _pieces(kwh, value, battery.capacity_kwh)


def _pieces(kwh: Floats, value: Floats, capacity_kwh: float) -> tuple[EndValue, ...]:
    """The dearest first, up to the capacity, neighbours joined until there are few enough."""
    order = np.argsort(-value, kind="stable")
    kwh, value = kwh[order], value[order]
    edges = np.linspace(0.0, capacity_kwh, MOST_PIECES + 1)
    bounds = np.concatenate(([0.0], np.cumsum(kwh)))
    money = np.interp(edges, bounds, np.concatenate(([0.0], np.cumsum(kwh * value))))
    each_kwh = capacity_kwh / MOST_PIECES
    pieces: list[EndValue] = []
    for worth in (np.diff(money) / each_kwh).tolist():
        if pieces and abs(pieces[-1].value_per_kwh - worth) < 1e-9:
            pieces[-1] = EndValue(kwh=pieces[-1].kwh + each_kwh, value_per_kwh=pieces[-1].value_per_kwh)
        else:
            pieces.append(EndValue(kwh=each_kwh, value_per_kwh=worth))
    return tuple(pieces)
