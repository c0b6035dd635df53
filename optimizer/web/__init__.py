"""What the running service tells over HTTP: the operator's page, health and metrics. Read only."""

from optimizer.web.facts import Records
from optimizer.web.pages import Pages
from optimizer.web.record import BatchRow, HourRow, SiteRecord
from optimizer.web.server import Page
from optimizer.web.state import PlanSlots, PlanState, SavingsRow, ServiceState, SiteState
from optimizer.web.words import status_line

__all__ = [
    "BatchRow",
    "HourRow",
    "Page",
    "Pages",
    "PlanSlots",
    "PlanState",
    "Records",
    "SavingsRow",
    "ServiceState",
    "SiteRecord",
    "SiteState",
    "status_line",
]
