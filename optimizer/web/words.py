"""One line that a person reads in ``systemctl status``."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from optimizer.web.state import PlanState, ServiceState, SiteState

MOST_SITES = 5


def status_line(state: ServiceState) -> str:
    """How each site is, those in trouble first, in the site's local time."""
    if not state.sites:
        return "no sites"
    sites = sorted(state.sites, key=_is_well)
    words = [_site(site, state.at) for site in sites[:MOST_SITES]]
    left = len(sites) - MOST_SITES
    return "; ".join(words) + (f"; and {left} more" if left > 0 else "")


def _is_well(site: SiteState) -> bool:
    return not site.is_stalled and site.error is None and site.outcome is not None


def _site(site: SiteState, now: datetime) -> str:
    zone = ZoneInfo(site.zone)
    if site.outcome is None or site.ended_at is None:
        return f"{site.site_id}: starting"
    ended = f"{site.outcome} {_clock(site.ended_at, now, zone)}"
    parts = [ended + (f" ({site.error})" if site.error is not None else "")]
    if site.is_stalled:
        parts.insert(0, f"stalled for {site.unplanned_s / 60:.0f} min")
    if site.told_until is not None:
        is_over = site.told_until <= now
        parts.append(f"plan {'ended' if is_over else 'till'} {_clock(site.told_until, now, zone)}")
    if site.plan is not None and site.error is None:
        parts.extend(_plan(site.plan))
    return f"{site.site_id}: {', '.join(parts)}"


def _plan(plan: PlanState) -> list[str]:
    parts = []
    if plan.price_step != "fresh":
        parts.append(f"prices {plan.price_step}")
    if plan.degradations:
        parts.append(f"{plan.degradations} degradation{'s' if plan.degradations > 1 else ''}")
    return parts


def _clock(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Hours and minutes, with the day where they alone could be taken for another day's."""
    far = abs(at - now) > timedelta(hours=24)
    return at.astimezone(zone).strftime("%a %H:%M" if far else "%H:%M")
