"""Loads, vehicles and generators: what is stated for every day, laid onto the horizon."""

from collections.abc import Iterable, Iterator

from optimizer.domain.assets import DeferrableLoad, EvSession, Genset
from optimizer.domain.site import DeferrableLoadSettings, EvSessionSettings, GensetSettings
from optimizer.siting.local_time import slots_within
from strategies.wall_clock import LocalHorizon

RUNS_FROM = 0.01
"""Of its power: a generator that gives less counts as off."""


def deferrable_loads(stated: Iterable[DeferrableLoadSettings], local: LocalHorizon) -> Iterator[DeferrableLoad]:
    """One load for each opening of its window, in the slots that lie wholly within.

    A window that the horizon's end cuts off is left to a later plan, which can choose freely. One that is open
    now is left out, because the load may have run: with ``include_open_window`` it is planned as long as it fits.
    Where clock changes or long slots leave less than ``run_hours``, the load runs as long as there is time.
    """
    horizon = local.horizon
    for load in stated:
        for day, start, end in local.openings(load.window):
            is_open = start < horizon.start
            if end > horizon.end or (is_open and not load.include_open_window):
                continue
            first, last = slots_within(horizon, start, end)
            available_h = sum(horizon.slot_h[first:last])
            if available_h <= 0 or (is_open and available_h < load.run_hours):
                continue
            yield DeferrableLoad(
                name=f"{load.name} {day.isoformat()}",
                power_kw=load.power_kw,
                run_h=min(load.run_hours, available_h),
                first_slot=first,
                end_slot=last,
                is_on_off=load.is_on_off,
                is_single_block=load.is_single_block,
                shortfall_price_per_kwh=load.shortfall_price_per_kwh,
            )


def ev_sessions(stated: Iterable[EvSessionSettings], local: LocalHorizon) -> Iterator[EvSession]:
    """One session for each stay, in the slots that lie wholly within.

    Of a stay that the horizon's end cuts off, as much of the energy is planned as of its time. What a vehicle that
    is there now has taken already is not known: it is planned with all its energy, as far as its time allows.
    """
    horizon = local.horizon
    for session in stated:
        for day, start, end in local.openings(session.window):
            first, last = slots_within(horizon, start, end)
            available_h = sum(horizon.slot_h[first:last])
            if available_h <= 0:
                continue
            energy_kwh = session.energy_kwh
            if end > horizon.end:
                energy_kwh *= (horizon.end - start) / (end - start)
            yield EvSession(
                name=f"{session.name} {day.isoformat()}",
                energy_kwh=min(energy_kwh, available_h * session.max_charge_kw * session.efficiency),
                max_charge_kw=session.max_charge_kw,
                min_charge_kw=session.min_charge_kw,
                efficiency=session.efficiency,
                first_slot=first,
                end_slot=last,
                shortfall_price_per_kwh=session.shortfall_price_per_kwh,
            )


def gensets(stated: tuple[GensetSettings, ...], reading_kw: float | None) -> Iterator[Genset]:
    """The generators. Whether a single one runs is read from the site; for how long is not known, so it is free."""
    for genset in stated:
        is_running = len(stated) == 1 and reading_kw is not None and reading_kw > RUNS_FROM * genset.max_kw
        yield Genset(
            name=genset.name,
            max_kw=genset.max_kw,
            min_kw=genset.min_kw,
            fuel_cost_per_kwh=genset.fuel_cost_per_kwh,
            running_cost_per_h=genset.running_cost_per_h,
            start_cost=genset.start_cost,
            min_up_h=genset.min_up_hours,
            min_down_h=genset.min_down_hours,
            is_running=is_running,
            kg_co2_per_kwh=genset.kg_co2_per_kwh,
        )
