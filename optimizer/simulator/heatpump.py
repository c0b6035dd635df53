"""How much electricity the heat takes: the open When2Heat curve for an air-source heat pump on radiators."""

REAL_OVER_IDEAL = 0.85
LEAST_LIFT_K = 15.0
SUPPLY_AT_ZERO_C = 40.0
SPREAD_K = 6.0
WATER_KJ_PER_LITRE_K = 4.186


def supply_temp_c(outdoor_temp_c: float) -> float:
    """Radiator supply temperature: 40 °C less the outdoor temperature."""
    return SUPPLY_AT_ZERO_C - outdoor_temp_c


def cop(outdoor_temp_c: float) -> float:
    """Heat delivered per electricity: 0.85 (6.08 - 0.0941 dT + 0.000464 dT²), dT at least 15 K."""
    lift_k = max(LEAST_LIFT_K, supply_temp_c(outdoor_temp_c) - outdoor_temp_c)
    return REAL_OVER_IDEAL * (6.08 - 0.0941 * lift_k + 0.000464 * lift_k**2)


def electrical_kw(thermal_kw: float, outdoor_temp_c: float | None) -> float:
    """Electrical power for a thermal power; nothing for no heat."""
    if thermal_kw <= 0.0:
        return 0.0
    if outdoor_temp_c is None:
        raise ValueError("heat without an outdoor temperature: the heat pump's efficiency is unknown")
    return thermal_kw / cop(outdoor_temp_c)


def flow_litres_per_minute(thermal_kw: float) -> float:
    """Water flow that carries a thermal power at a spread of 6 K between supply and return."""
    return 60.0 * thermal_kw / (WATER_KJ_PER_LITRE_K * SPREAD_K)
