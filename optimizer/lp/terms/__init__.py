"""The model's table of contents: every law, in the order in which a reader wants them."""

from optimizer.lp.term import Term
from optimizer.lp.terms.calm import calm
from optimizer.lp.terms.charge_demand import charge_demand
from optimizer.lp.terms.deferrable_load import deferrable_load
from optimizer.lp.terms.depth import depth
from optimizer.lp.terms.energy_price import energy_price
from optimizer.lp.terms.energy_tiers import energy_tiers
from optimizer.lp.terms.ev_session import ev_session
from optimizer.lp.terms.fixed_charge import fixed_charge
from optimizer.lp.terms.genset import genset
from optimizer.lp.terms.grid_bans import grid_bans
from optimizer.lp.terms.grid_limits import grid_limits
from optimizer.lp.terms.heat_store import heat_store
from optimizer.lp.terms.least_bill import least_bill
from optimizer.lp.terms.least_power import least_power
from optimizer.lp.terms.lower_peaks import lower_peaks
from optimizer.lp.terms.netting import netting
from optimizer.lp.terms.one_direction import one_direction
from optimizer.lp.terms.peak_charges import peak_charges
from optimizer.lp.terms.power_balance import power_balance
from optimizer.lp.terms.quiet_plan import quiet_plan
from optimizer.lp.terms.soc_window import soc_window
from optimizer.lp.terms.solar_plant import solar_plant
from optimizer.lp.terms.steady_power import steady_power
from optimizer.lp.terms.storage import storage
from optimizer.lp.terms.taper import taper
from optimizer.lp.terms.terminal_value import terminal_value
from optimizer.lp.terms.wear import wear
from optimizer.lp.terms.wishes import wishes

TERMS: tuple[Term, ...] = (
    power_balance,
    storage,
    one_direction,
    least_power,
    taper,
    depth,
    grid_limits,
    grid_bans,
    soc_window,
    charge_demand,
    solar_plant,
    heat_store,
    deferrable_load,
    ev_session,
    genset,
    energy_price,
    netting,
    energy_tiers,
    peak_charges,
    least_bill,
    fixed_charge,
    wear,
    terminal_value,
    wishes,
    calm,
)
PREFERENCES: tuple[Term, ...] = (quiet_plan, steady_power, lower_peaks)
"""Laws that choose among plans of equal cost; they join the model only where there is a choice."""

__all__ = ["PREFERENCES", "TERMS"]
