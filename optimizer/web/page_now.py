"""How a site is, and what it is told now and why."""

from collections.abc import Iterator

from optimizer.domain.snapshot import SiteSnapshot
from optimizer.web.command_words import told
from optimizer.web.facts import SiteFacts
from optimizer.web.html import Child, Markup, el, facts, joined, section
from optimizer.web.in_force import Running
from optimizer.web.times import Times, money, number, span
from optimizer.web.trouble import OUTCOME_WORDS, Finding, Standing

MARKS = {Standing.GOOD: "✓", Standing.TROUBLE: "!", Standing.STARTING: "…"}


def pill(standing: Standing) -> Markup:
    """The standing as a word with a mark, and only then a colour."""
    mark = el("span", MARKS[standing], aria_hidden="true")
    return el("strong", mark, f" {standing.value.capitalize()}", class_=f"pill {standing.name.lower()}")


def finding_list(found: tuple[Finding, ...]) -> Markup | None:
    """Each with the heading under which RUNBOOK.md explains it."""
    if not found:
        return None
    return el("ul", *(el("li", *_finding(each)) for each in found), class_="findings")


def _finding(found: Finding) -> Iterator[Child]:
    yield found.words[:1].upper() + found.words[1:]
    if found.heading is not None:
        yield joined([" (RUNBOOK.md: ", el("code", found.heading), ")"])


def health_section(found: SiteFacts, times: Times) -> Markup:
    """Standing, last cycle, plan's age, and what a person should know."""
    site = found.site
    cycle: Child = "none has ended since the start"
    if site.outcome is not None and site.ended_at is not None:
        words = OUTCOME_WORDS.get(site.outcome, "")
        cycle = joined(
            [el("strong", site.outcome), " at ", times.when(site.ended_at), f", {times.ago(site.ended_at)}: {words}"]
        )
    plan: Child = "none since the start"
    if site.plan is not None:
        age = f", {times.ago(site.plan.made_at)}: {site.plan.verdict}"
        plan = joined(["made at ", times.when(site.plan.made_at), age])
    reaches: Child = None
    if site.told_until is not None:
        reaches = joined(["until ", times.when(site.told_until), f", {times.ago(site.told_until)}"])
    return section(
        "health",
        "Health",
        el("p", pill(found.standing), class_="standing"),
        finding_list(found.troubles),
        el("div", el("h3", "Worth knowing"), finding_list(found.notes)) if found.notes else None,
        facts(
            ("Last cycle", cycle),
            ("What it said", site.detail),
            ("Plan", plan),
            ("Its cost", _cost(found)),
            ("Schedule reaches", reaches),
            ("Newest batch", None if site.batch_state is None else site.batch_state.replace("_", " ")),
            ("Not planned for", span(site.unplanned_s) if site.is_stalled else None),
            ("Cycles since the start", _counts(found)),
        ),
    )


def _cost(found: SiteFacts) -> str | None:
    plan = found.site.plan
    if plan is None:
        return None
    return f"{money(plan.objective, plan.currency)}, wear included and less the worth of energy left at its end"


def _counts(found: SiteFacts) -> str | None:
    counts = [*found.site.outcomes.items(), *found.site.errors.items()]
    return ", ".join(f"{count} {name}" for name, count in counts) or None


def now_section(found: SiteFacts, times: Times) -> Markup:
    """The running command of each pair, why, what comes next, and what the site reports."""
    commands = [el("li", *_command(each, found, times)) for each in found.running]
    in_force = el("ul", *commands, class_="commands") if commands else el("p", "Nothing is known to be in force.")
    return section(
        "now",
        "In force now",
        in_force,
        facts(
            ("Why, says the plan", None if found.slot is None else found.slot.reason),
            ("Next change", _next(found, times)),
        ),
        _reported(found.site.seen, times),
    )


def _command(each: Running, found: SiteFacts, times: Times) -> Iterator[Child]:
    words = told(each.pair, each.value, found.site.conventions)
    yield el("strong", words[:1].upper() + words[1:])
    if each.until is not None:
        yield joined([" until ", times.when(each.until)])
    source = "read back from the site" if each.is_confirmed else "accepted, not yet read back"
    if each.is_foreign:
        source = "not written by this service"
    yield el("span", " ", el("code", each.pair.label), f", {source}", class_="quiet")


def _next(found: SiteFacts, times: Times) -> Child:
    if found.next_change is None:
        return "none is told"
    at, pairs = found.next_change
    words = "; ".join(told(each.pair, each.next_value, found.site.conventions) for each in pairs)
    return joined(["at ", times.when(at), f": {words}"])


def _reported(seen: SiteSnapshot | None, times: Times) -> Markup | None:
    """What the site last told of itself."""
    if seen is None:
        return None
    reading = seen.reading
    pairs: list[tuple[str, Child]] = []
    if seen.battery is not None:
        percent = seen.battery.soc_kwh / seen.battery.capacity_kwh * 100 if seen.battery.capacity_kwh else None
        pairs.append(("Battery", f"{number(percent, 1)} %, {number(seen.battery.soc_kwh)} kWh stored"))
    if reading.battery is not None and reading.battery.charge_kw is not None:
        words = _flow(reading.battery.charge_kw, reading.battery.discharge_kw, "charging", "discharging")
        pairs.append(("Battery power", words))
    if reading.grid is not None:
        pairs.append(("Grid", _flow(reading.grid.import_kw, reading.grid.export_kw, "import", "export")))
    pairs.append(("Load", f"{number(seen.load_kw)} kW"))
    if seen.heat_kw is not None:
        pairs.append(("Heat", f"{number(seen.heat_kw)} kW electric"))
    if reading.has_solar:
        pairs.append(("Sun", f"{number(reading.solar_kw)} kW"))
    title = el("h3", "What the site reported, read at ", times.when(reading.read_at, seconds=True))
    return el("div", title, facts(*pairs), class_="reported")


def _flow(inward_kw: float | None, outward_kw: float | None, inward: str, outward: str) -> str:
    if inward_kw is None or outward_kw is None:
        return "not read"
    net_kw = inward_kw - outward_kw
    return f"{number(abs(net_kw))} kW" + (f" {inward if net_kw > 0 else outward}" if net_kw else "")
