"""What the energy left in the batteries is worth when the horizon ends."""

from optimizer.domain.assets import Battery
from optimizer.domain.problem import Problem
from optimizer.lp.linear import nothing
from optimizer.lp.term import Contribution, Cost, Rows, Tier, at_most, equal
from optimizer.lp.variables import Variables


def terminal_value(_: Problem, at: Variables) -> Contribution:
    """V(soc[now]) - V(soc[last])  [money], V concave: a credit for what is stored, a debt for what was taken.

    Counted from empty, the first kWh is worth most; ``left_kwh`` fills the pieces in that order by itself,
    because each is worth no more than the one before it. sum(left_kwh) <= soc[last]; equal where a piece is
    a burden, which must then be carried.
    """
    rows: list[Rows] = []
    credit = nothing(1)
    for columns in at.batteries:
        if columns.left_kwh is not None:
            battery = columns.battery
            left = columns.left_kwh.sum() - columns.soc_kwh[-1:]
            is_burden = battery.end_values[-1].value_per_kwh < 0
            rows.append(equal(f"{battery.name} left", left) if is_burden else at_most(f"{battery.name} left", left))
            values = [-piece.value_per_kwh for piece in battery.end_values]
            credit = credit + (columns.left_kwh * values).sum() + value_of(battery, battery.soc_kwh)
    if not rows:
        return Contribution()
    return Contribution(rows=tuple(rows), costs=(Cost(name="stored_energy", tier=Tier.MONEY, expression=credit),))


def value_of(battery: Battery, stored_kwh: float) -> float:
    """V: what ``stored_kwh`` would be worth at the horizon's end."""
    value, left_kwh = 0.0, stored_kwh
    for piece in battery.end_values:
        kwh = min(piece.kwh, left_kwh)
        value += kwh * piece.value_per_kwh
        left_kwh -= kwh
    return value
