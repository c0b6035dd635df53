"""The operator's page as text: the frame around every page, the overview of several sites, and one site in full."""

from urllib.parse import quote
from zoneinfo import ZoneInfo

from optimizer.web.command_words import told
from optimizer.web.facts import ServiceFacts, SiteFacts
from optimizer.web.html import Child, Markup, el, joined, section
from optimizer.web.page_inputs import input_section, warning_section
from optimizer.web.page_now import finding_list, health_section, now_section, pill
from optimizer.web.page_plan import plan_section
from optimizer.web.page_record import batch_section, forecast_section
from optimizer.web.page_savings import savings_section
from optimizer.web.times import Times, counted

EVERY_S = 60
PARTS = (
    ("health", "Health"),
    ("now", "Now"),
    ("plan", "Plan"),
    ("batches", "Batches"),
    ("inputs", "Inputs"),
    ("forecasts", "Forecasts"),
    ("savings", "Savings"),
    ("warnings", "Warnings"),
)


def site_path(site_id: str) -> str:
    """Where a site's page is."""
    return f"/sites/{quote(site_id, safe='')}"


def site_page(service: ServiceFacts, facts: SiteFacts) -> str:
    """Everything about one site."""
    site = facts.site
    times = Times(facts.at, ZoneInfo(site.zone))
    links = (el("a", title, href=f"#{key}") for key, title in PARTS)
    return _framed(
        service,
        f"{site.site_id}: {facts.standing.value}",
        el("nav", el("ul", *(el("li", link) for link in links)), class_="parts", aria_label="On this page"),
        el("h1", el("span", "Site ", class_="quiet"), el("span", site.site_id, class_="name")),
        el(
            "p",
            "As of ",
            times.when(facts.at, seconds=True),
            f"; times are {times.name}, UTC in their titles.",
            class_="quiet",
        ),
        _service_findings(service),
        health_section(facts, times),
        now_section(facts, times),
        plan_section(facts, times),
        batch_section(facts.record, times),
        input_section(facts, times),
        forecast_section(facts.record, times),
        savings_section(site),
        warning_section(service),
    )


def overview_page(service: ServiceFacts) -> str:
    """A card for each site, those in trouble first."""
    counts = {
        name: sum(each.standing is name for each in service.sites)
        for name in dict.fromkeys(each.standing for each in service.sites)
    }
    words = ", ".join(f"{count} {name.value}" for name, count in counts.items()) or "none is configured"
    return _framed(
        service,
        f"{counted(len(service.sites), 'site')}: {words}",
        None,
        el("h1", f"{counted(len(service.sites), 'site')}: {words}"),
        _service_findings(service),
        el("ul", *(el("li", _card(facts)) for facts in service.sites), class_="cards"),
        warning_section(service),
    )


def _card(facts: SiteFacts) -> Markup:
    site, times = facts.site, Times(facts.at, ZoneInfo(facts.site.zone))
    title = el("h2", el("a", site.site_id, href=site_path(site.site_id), class_="name"))
    commands = [told(each.pair, each.value, site.conventions) for each in facts.running if each.value is not None]
    battery = site.seen.battery if site.seen is not None else None
    charge = None
    if battery is not None and battery.capacity_kwh > 0:
        charge = el("p", f"State of charge {battery.soc_kwh / battery.capacity_kwh * 100:.0f} %")
    ended = None
    if site.ended_at is not None:
        ended = el(
            "p",
            f"Last cycle {site.outcome}, ",
            times.when(site.ended_at),
            f" ({times.ago(site.ended_at)})",
            class_="quiet",
        )
    return el(
        "article",
        title,
        el("p", pill(facts.standing)),
        finding_list(facts.troubles),
        el("p", f"Now: {commands[0]}" if commands else "Now: nothing is known to be in force"),
        charge,
        ended,
        el("p", f"Times are {times.name}", class_="quiet"),
    )


def _service_findings(service: ServiceFacts) -> Markup | None:
    """What concerns the whole process."""
    state, words = service.state, []
    if not state.scheduler_runs:
        words.append("The service's scheduler does not run: nothing is planned.")
    elif not service.is_alive:
        words.append(f"The service's main loop last came round {state.loop_age_s:.0f} s ago: it is stuck.")
    if state.cloud_is_up is False:
        words.append("The cloud's health probe does not answer (RUNBOOK.md: cloud_is_down).")
    if state.ledger_failures:
        words.append(
            f"The ledger could not be used {counted(state.ledger_failures, 'time')} since the start "
            "(RUNBOOK.md: ledger_not_written, LedgerUnavailable)."
        )
    return el("ul", *(el("li", word) for word in words), class_="findings") if words else None


def _framed(service: ServiceFacts, title: str, parts: Child, *content: Child) -> str:
    """A whole document: landmarks, a link past them, and the refresh."""
    refresh = el("noscript", el("meta", http_equiv="refresh", content=EVERY_S))
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("title", f"{title} – Heat Optimizer"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("link", rel="stylesheet", href="/page.css"),
        el("link", rel="icon", href="/icon.svg", type="image/svg+xml"),
        refresh,
        el("script", src="/page.js", defer=True),
    )
    home = el("a", "Heat Optimizer", href="/", class_="brand")
    freshness = el("p", "Refreshes each minute.", id="freshness", role="status", data_every_s=EVERY_S)
    body = el(
        "body",
        el("a", "Skip to the content", href="#main", class_="skip"),
        el("header", home, freshness, parts),
        el("main", *content, id="main", tabindex=-1),
        _footer(service),
    )
    return "<!doctype html>\n" + el("html", head, body, lang="en") + "\n"


def _footer(service: ServiceFacts) -> Markup:
    links = joined(
        (
            el("a", name, href=path)
            for name, path in (("All sites", "/"), ("JSON", "/state.json"), ("Metrics", "/metrics"))
        ),
        between=" · ",
    )
    return el("footer", el("p", f"Version {service.state.version}. Nothing can be changed from here. ", links))


__all__ = ["overview_page", "section", "site_page", "site_path"]
