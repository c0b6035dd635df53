"""What planning saves: the nights' bills, and what other tariffs would have saved."""

from collections.abc import Mapping, Sequence

from optimizer.web.html import Child, Markup, el, section, table
from optimizer.web.state import SavingsRow, SiteState
from optimizer.web.times import money

HEADS = ("Day", "No battery", "Self-consumption", "This service", "Perfect foresight", "Saved")


def savings_section(site: SiteState) -> Markup:
    """Both, or what is lacking."""
    challengers = challenger_table(site.saving_per_day)
    nights = savings_table(site.savings)
    if challengers is None and nights is None:
        words = "Nothing to tell yet: no day has been priced, and no challenger has a whole day to compare."
        return section("savings", "Savings", el("p", words))
    return section("savings", "Savings", nights, challengers)


def savings_table(rows: Sequence[SavingsRow]) -> Markup | None:
    """One row a day: what it cost in four ways, and what the service saved against no battery."""
    if not rows:
        return None

    def cells(row: SavingsRow) -> list[Child]:
        costs = (row.no_battery, row.self_consumption, row.daemon, row.perfect_foresight)
        known = row.no_battery is not None and row.daemon is not None
        saved = (row.no_battery or 0.0) - (row.daemon or 0.0) if known else None
        return [f"{row.day:%Y-%m-%d}", *(money(cost, row.currency) for cost in costs), money(saved, row.currency)]

    caption = "What each day cost, priced in four ways"
    return table(caption, HEADS, (cells(row) for row in rows), numbers=range(1, 6))


def challenger_table(saving_per_day: Mapping[str, tuple[float, str]]) -> Markup | None:
    """What each challenger would have saved a day against the tariff in force."""
    if not saving_per_day:
        return None
    rows = [[name, f"{money(saving, currency)} a day"] for name, (saving, currency) in saving_per_day.items()]
    caption = "What other tariffs would have saved"
    more = el(
        "p",
        "Negative: they would have cost more. With intervals and verdicts: ",
        el("code", "heat-optimizer challengers"),
        class_="quiet",
    )
    return el("div", table(caption, ("Challenger", "Saving"), rows, numbers=(1,)), more)
