"""What the running service knows of itself at one moment: plain data, made for the operator."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from optimizer.domain.conventions import Conventions
from optimizer.domain.intent import Intent
from optimizer.domain.plan import Flows
from optimizer.domain.snapshot import BatteryState, SiteSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSlots:
    """The newest plan between neighbouring ``edges``: prices per kWh, mean kW, and why.

    ``solar_kw`` is what the sun can give, before ``flows.curtailed_kw``. From ``known_until`` on prices are a
    forecast; None: all are known.
    """

    edges: tuple[datetime, ...]
    import_price: tuple[float, ...]
    export_price: tuple[float, ...]
    known_until: datetime | None
    load_kw: tuple[float, ...]
    heat_kw: tuple[float, ...]
    solar_kw: tuple[float, ...]
    flows: Flows
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanState:
    """The newest plan of a site.

    ``quality`` and ``basis`` are those of each forecast, ``read`` tells whether each signal of the site was read and
    believed. ``notes`` are the degradations, in words; ``price_why`` tells why prices are not fresh; ``foreign`` are
    the pairs that hold somebody else's schedule. ``battery`` is what was planned with.
    """

    made_at: datetime
    verdict: str
    solver: str
    objective: float
    currency: str
    solve_s: float
    price_step: str
    price_why: str | None
    notes: tuple[str, ...]
    quality: Mapping[str, str]
    basis: Mapping[str, str]
    read: Mapping[str, bool]
    report_age_s: float | None
    battery: BatteryState | None
    foreign: tuple[str, ...]
    slots: PlanSlots

    @property
    def degradations(self) -> int:
        """For how many inputs something stood in."""
        return len(self.notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavingsRow:
    """What a local day cost, priced in four ways with the tariff that applied; None: not known. In ``currency``."""

    day: date
    no_battery: float | None
    self_consumption: float | None
    daemon: float | None
    perfect_foresight: float | None
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteState:
    """One site since the start of the process.

    ``outcome``, ``error`` and ``detail`` tell how the last cycle ended, at ``ended_at``; ``unplanned_s`` is the time
    since it ended, or since the start where none has. ``seen`` is what the site last told. What we told the site ends
    ``told_until``; ``sent`` are the newest batches that were taken, newest first. ``trusted_share`` is the share of its
    rating that the battery may be commanded with; ``saving_per_day`` what each challenger would have saved, with its
    currency; ``savings`` what the nights found of the days before, newest first.
    """

    site_id: str
    zone: str
    conventions: Conventions
    outcome: str | None = None
    error: str | None = None
    detail: str | None = None
    ended_at: datetime | None = None
    unplanned_s: float = 0.0
    is_stalled: bool = False
    was_good: bool = False
    holds_lease: bool | None = None
    plan: PlanState | None = None
    seen: SiteSnapshot | None = None
    outcomes: Mapping[str, int] = field(default_factory=dict)
    errors: Mapping[str, int] = field(default_factory=dict)
    price_steps: Mapping[str, int] = field(default_factory=dict)
    batch_state: str | None = None
    told_until: datetime | None = None
    sent: tuple[Intent, ...] = ()
    trusted_share: float | None = None
    feed_answered_at: Mapping[str, datetime] = field(default_factory=dict)
    saving_per_day: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    savings: tuple[SavingsRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceState:
    """The process. ``loop_age_s``: since its main loop last came round. ``events``: warnings by level and name."""

    at: datetime
    version: str
    scheduler_runs: bool
    loop_age_s: float
    sites: tuple[SiteState, ...]
    events: Mapping[tuple[str, str], int] = field(default_factory=dict)
    ledger_failures: int = 0
    cloud_is_up: bool | None = None
    reloads: Mapping[str, int] = field(default_factory=dict)
