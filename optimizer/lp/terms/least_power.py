"""Batteries that run at a least power or not at all."""

from optimizer.domain.problem import Problem
from optimizer.lp.linear import Columns
from optimizer.lp.term import Contribution, Rows, at_least, at_most
from optimizer.lp.variables import Variables


def least_power(_: Problem, at: Variables) -> Contribution:
    """least * on <= power <= most * on, on binary  [kW]."""
    rows: list[Rows] = []
    for columns in at.batteries:
        battery = columns.battery
        if columns.charge_on is not None:
            rows += on_or_off(
                f"{battery.name} charge",
                columns.charge_kw,
                columns.charge_on,
                battery.min_charge_kw,
                battery.max_charge_kw,
            )
        if columns.discharge_on is not None:
            rows += on_or_off(
                f"{battery.name} discharge",
                columns.discharge_kw,
                columns.discharge_on,
                battery.min_discharge_kw,
                battery.max_discharge_kw,
            )
    return Contribution(rows=tuple(rows))


def on_or_off(name: str, power_kw: Columns, on: Columns, least_kw: float, most_kw: float) -> list[Rows]:
    """The two rows of a semi-continuous power."""
    rows = [at_most(f"{name} off", power_kw - on * most_kw)]
    if least_kw > 0:
        rows.append(at_least(f"{name} least", power_kw - on * least_kw))
    return rows
