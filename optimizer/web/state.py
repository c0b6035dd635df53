"""What the running service knows of itself at one moment: plain data, made for the operator."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanState:
    """The newest plan of a site.

    ``quality`` is the quality of each forecast, ``read`` whether each signal of the site was read and believed.
    """

    made_at: datetime
    objective: float
    currency: str
    solve_s: float
    price_step: str
    degradations: int
    quality: Mapping[str, str]
    read: Mapping[str, bool]
    report_age_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteState:
    """One site since the start of the process.

    ``outcome`` and ``error`` tell how the last cycle ended, at ``ended_at``; ``unplanned_s`` is the time since it
    ended, or since the start where none has. What we told the site ends ``told_until``. ``trusted_share`` is the
    share of its rating that the battery may be commanded with; ``saving_per_day`` what each challenger would have
    saved, with its currency.
    """

    site_id: str
    zone: str
    outcome: str | None = None
    error: str | None = None
    ended_at: datetime | None = None
    unplanned_s: float = 0.0
    is_stalled: bool = False
    was_good: bool = False
    holds_lease: bool | None = None
    plan: PlanState | None = None
    outcomes: Mapping[str, int] = field(default_factory=dict)
    errors: Mapping[str, int] = field(default_factory=dict)
    price_steps: Mapping[str, int] = field(default_factory=dict)
    batch_state: str | None = None
    told_until: datetime | None = None
    trusted_share: float | None = None
    feed_answered_at: Mapping[str, datetime] = field(default_factory=dict)
    saving_per_day: Mapping[str, tuple[float, str]] = field(default_factory=dict)


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
