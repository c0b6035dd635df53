"""History and weather in, expected kW per slot out, each with the quality that it honestly has. Pure."""

from optimizer.forecast.inputs import ForecastInputs, Present
from optimizer.forecast.scenarios import error_days, outcomes
from optimizer.forecast.site import forecast_site

__all__ = ["ForecastInputs", "Present", "error_days", "forecast_site", "outcomes"]
