"""How the uncertain may turn out, and how much of that a plan is to mind."""

from dataclasses import dataclass

SCENARIO_SERIES = ("load_kw", "heat_kw", "solar_kw", "import_price_per_kwh", "export_price_per_kwh")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One way in which things may turn out: the series that it gives replace the forecast's, slot by slot."""

    probability: float
    load_kw: tuple[float, ...] | None = None
    heat_kw: tuple[float, ...] | None = None
    solar_kw: tuple[float, ...] | None = None
    import_price_per_kwh: tuple[float, ...] | None = None
    export_price_per_kwh: tuple[float, ...] | None = None

    @property
    def given(self) -> dict[str, tuple[float, ...]]:
        """The series that it gives, by name."""
        return {name: given for name in SCENARIO_SERIES if (given := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertainty:
    """Scenarios beside the forecast; what they leave of probability 1 is the forecast's own.

    What is commanded in the first ``shared_slots`` slots is the same whichever comes true; afterwards each is
    planned as if it were known. ``risk_weight`` (0 to 1) is the share of the mean cost of the worst ``tail``
    (of all probability) in what is minimised; the rest is the expected cost. ``may_follow``: the battery may as well
    be told to follow the load in the first slot, whatever that turns out to be.
    """

    scenarios: tuple[Scenario, ...]
    shared_slots: int = 1
    risk_weight: float = 0.0
    tail: float = 0.1
    may_follow: bool = False
