"""The model's table of contents: every law, in the order in which a reader wants them."""

from optimizer.lp.term import Term
from optimizer.lp.terms.energy_price import energy_price
from optimizer.lp.terms.grid_limits import grid_limits
from optimizer.lp.terms.one_direction import one_direction
from optimizer.lp.terms.power_balance import power_balance
from optimizer.lp.terms.quiet_plan import quiet_plan
from optimizer.lp.terms.soc_window import soc_window
from optimizer.lp.terms.storage import storage
from optimizer.lp.terms.terminal_value import terminal_value
from optimizer.lp.terms.wear import wear

TERMS: tuple[Term, ...] = (
    power_balance,
    storage,
    one_direction,
    grid_limits,
    soc_window,
    energy_price,
    wear,
    terminal_value,
    quiet_plan,
)

__all__ = ["TERMS"]
