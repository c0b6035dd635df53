"""Where the linear program alone could use both directions at once."""

from optimizer.domain.problem import Problem
from optimizer.lp.variables import Exclusive


def suspicious_slots(problem: Problem) -> Exclusive:
    """Slots that get a binary from the start.

    Grid: where a kWh sold pays more than a kWh bought costs; everywhere where a battery is banned from the
    grid. Battery: where burning a kWh pays. To deliver 1 kWh takes 1 / efficiency kWh; the rest is lost,
    which earns the negative price and costs wear.
    """
    carbon = problem.co2_price_per_kg
    intensity = problem.co2_kg_per_kwh
    selling_pays: set[int] = set()
    burning_pays: dict[str, set[int]] = {battery.name: set() for battery in problem.batteries}
    prices = zip(problem.import_price_per_kwh, problem.export_price_per_kwh, strict=True)
    for slot, (import_price, export_price) in enumerate(prices):
        bought = import_price + carbon * (intensity[slot] if isinstance(intensity, tuple) else intensity)
        sold = export_price - problem.export_extra_cost_per_kwh
        if sold > bought:
            selling_pays.add(slot)
        if min(bought, sold) < 0:
            for battery in problem.batteries:
                drawn_kwh = 1.0 / (battery.charge_efficiency * battery.discharge_efficiency)
                wear = battery.wear_cost_per_kwh * (1.0 + drawn_kwh)
                if -min(bought, sold) * (drawn_kwh - 1.0) > wear:
                    burning_pays[battery.name].add(slot)
    if any(not battery.charges_from_grid or not battery.discharges_to_grid for battery in problem.batteries):
        selling_pays = set(range(len(problem.horizon)))
    return Exclusive(
        grid=frozenset(selling_pays),
        batteries={name: frozenset(slots) for name, slots in burning_pays.items() if slots},
    )
