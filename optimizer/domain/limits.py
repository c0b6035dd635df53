"""The powers that a site's commands may ask for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteLimits:
    """kW, at least zero each; None where no limit is known (grid) or the asset is absent (battery)."""

    import_limit_kw: float | None
    export_limit_kw: float | None
    max_charge_kw: float | None
    max_discharge_kw: float | None
