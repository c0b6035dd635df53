"""How good the inputs of the newest plan are, and what was warned of."""

from optimizer.web.facts import ServiceFacts, SiteFacts
from optimizer.web.html import Child, Markup, el, facts, joined, section, table
from optimizer.web.times import Times, counted, span

QUALITY_WORDS = {
    "measured": "what was measured just now",
    "external": "your own forecast",
    "learned": "learnt from this site's record",
    "profile": "a standard profile",
    "fallback": "a poor substitute",
    "none": "there is none",
}
STEP_WORDS = {
    "fresh": "as published",
    "cached": "a feed fails; its last good answer stands in",
    "extended": "published for a part of the plan, forecast beyond",
    "fallback": "the fallback tariff",
}


def input_section(found: SiteFacts, times: Times) -> Markup:
    """Signals, forecasts, prices, feeds, and what stood in for what was missing."""
    site, plan = found.site, found.site.plan
    if plan is None:
        return section("inputs", "Input quality", el("p", "No plan has been made since the start."))
    read = [[name.replace("_", " "), "read" if was_read else "not read"] for name, was_read in plan.read.items()]
    quality = [
        [name, joined([el("strong", quality), f": {QUALITY_WORDS.get(quality, '')}"]), plan.basis.get(name) or "–"]
        for name, quality in plan.quality.items()
    ]
    feeds = [[name, joined([times.when(at)]), times.ago(at)] for name, at in site.feed_answered_at.items()]
    prices: Child = joined([el("strong", plan.price_step), f": {STEP_WORDS.get(plan.price_step, '')}"])
    known = None if plan.slots.known_until is None else joined(["until ", times.when(plan.slots.known_until)])
    gaps = el("ul", *(el("li", note) for note in plan.notes)) if plan.notes else "none: nothing stood in for anything"
    return section(
        "inputs",
        "Input quality",
        el("p", "Of the plan made at ", times.when(plan.made_at), ".", class_="quiet"),
        facts(
            ("Site's report", None if plan.report_age_s is None else f"{span(plan.report_age_s)} old when it was read"),
            ("Prices", prices),
            ("Why not fresh", plan.price_why),
            ("Published prices", known),
            ("Degradations", gaps),
        ),
        el(
            "div",
            table("Signals of the site", ("Signal", "Reading"), read),
            table("Forecasts", ("Series", "Quality", "Rests on"), quality),
            table("Price feeds", ("Feed", "Last answer", "Age"), feeds) if feeds else None,
            class_="side",
        ),
    )


def warning_section(service: ServiceFacts) -> Markup:
    """Warnings and errors of the whole process, counted; each name is a heading of RUNBOOK.md."""
    events = sorted(service.state.events.items(), key=lambda each: (-each[1], each[0]))
    if not events:
        return section("warnings", "Warnings", el("p", "None was logged since the start."))
    total = counted(sum(count for _, count in events), "time")
    caption = f"Logged since the start, {total} in all"
    rows = [[el("code", event), level, str(count)] for (level, event), count in events]
    found = table(caption, ("Event", "Level", "Times"), rows, numbers=(2,))
    return section("warnings", "Warnings", found, el("p", "RUNBOOK.md has a heading for each.", class_="quiet"))
