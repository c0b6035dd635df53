"""What every strategy must keep, each a test that names the mistake and the way out."""

from collections.abc import Callable

from strategies.conformance.cases import StrategyCase
from strategies.conformance.cost_checks import check_it_is_fast, check_the_program_s_cost_is_the_invoice
from strategies.conformance.price_checks import (
    check_currency_is_the_case_s,
    check_each_slot_has_one_finite_price,
    check_known_prices_are_found,
    check_known_until_is_aware_utc,
    check_missing_prices_are_told,
    check_options_are_a_strict_frozen_model,
    check_prices_are_per_kwh,
    check_signs,
)
from strategies.conformance.purity import check_the_method_is_pure
from strategies.conformance.time_checks import (
    check_a_price_does_not_depend_on_how_the_day_is_cut,
    check_on_the_odd_days_it_goes_by_the_wall_clock,
)

CHECKS: tuple[Callable[[StrategyCase], None], ...] = (
    check_options_are_a_strict_frozen_model,
    check_each_slot_has_one_finite_price,
    check_currency_is_the_case_s,
    check_prices_are_per_kwh,
    check_signs,
    check_known_until_is_aware_utc,
    check_a_price_does_not_depend_on_how_the_day_is_cut,
    check_on_the_odd_days_it_goes_by_the_wall_clock,
    check_known_prices_are_found,
    check_the_method_is_pure,
    check_missing_prices_are_told,
    check_the_program_s_cost_is_the_invoice,
    check_it_is_fast,
)
