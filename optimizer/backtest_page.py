"""The page of a backtest, or of several over the same data: the bills, the regret, each day, and the dearest week."""

from collections.abc import Iterator, Sequence

from optimizer.backtest.backtest import BILLS, DAEMON, NO_BATTERY, PERFECT, Result, Whole
from optimizer.backtest_panels import (
    NAMES,
    Days,
    Stretch,
    came_kw,
    command_notes,
    day_panels,
    days_of,
    dearest_week,
    expected_kw,
    grid_kw,
    week_horizon,
    week_panels,
)
from optimizer.pictures import chart_of, page_of
from optimizer.pictures.axis import slot_names
from optimizer.pictures.html import Child, Markup, data_block, el, facts, joined, table
from optimizer.pictures.page import folded, paragraph

MOST_TROUBLES = 20


def backtest_page(wholes: Sequence[tuple[str, Whole]]) -> str:
    """One HTML file with a section for each result, by its name, and a table of all where there are several.

    Each section holds its result as ``backtest --format json`` prints it. Raises ConfigError where plotly is not
    installed.
    """
    sections = [_section(number, name, whole) for number, (name, whole) in enumerate(wholes, start=1)]
    if len(wholes) > 1:
        sections.insert(0, ("compared", "Compared", _compared([(name, whole.result) for name, whole in wholes])))
    lead = paragraph(
        "The daemon's own cycle over recorded data, knowing at each instant only what was known then. Times are the "
        "site's own. Grid: + is import.",
        look="quiet",
    )
    return page_of("Backtest" if len(wholes) == 1 else f"{len(wholes)} backtests", lead, sections)


def _compared(results: Sequence[tuple[str, Result]]) -> Markup:
    rows = ([name, *(f"{result.bills[bill]:.2f}" for bill in BILLS), result.currency] for name, result in results)
    heads = ["Settings", *(NAMES[bill] for bill in BILLS), "Currency"]
    return table("Bills side by side", heads, rows, numbers=range(1, 5))


def _section(number: int, name: str, whole: Whole) -> tuple[str, str, Markup]:
    result, days = whole.result, days_of(whole)
    week = dearest_week(days)
    key = f"result-{number}"
    zone_days, horizon = days.horizon, week_horizon(whole, week)
    is_all = week.last - week.first == len(whole.billing.whole.horizon)
    title = "Quarter by quarter" if is_all else "The week that left most to perfect foresight, quarter by quarter"
    content = joined(
        [
            _in_short(whole),
            _bills(result),
            _regret(result) if result.regret else None,
            el("h3", "Day by day"),
            chart_of(
                f"{key}-days",
                "Day by day",
                day_panels(days, whole.billing.whole.tariff),
                zone_days,
                [""] * len(zone_days),
            ),
            el("h3", title),
            chart_of(f"{key}-week", title, week_panels(whole, week), horizon, command_notes(whole, week)),
            folded("Months in numbers", _months(result)),
            folded(f"All {len(zone_days)} days in numbers", *_days(days, result)),
            folded(f"{len(horizon)} quarters in numbers", _quarters(whole, week)),
            _troubles(result),
            data_block("result", result.document()),
        ]
    )
    return key, name, content


def _in_short(whole: Whole) -> Markup:
    result = whole.result
    most, daemon, floor = (result.bills[name] for name in (NO_BATTERY, DAEMON, PERFECT))
    share = _share(daemon - floor, result)
    counted = ", ".join(f"{count} {outcome}" for outcome, count in sorted(result.outcomes.items()))
    return facts(
        [
            ("Span", f"{result.start[:16]}Z to {result.end[:16]}Z ({whole.billing.whole.horizon.zone})"),
            ("Saved", f"{most - daemon:.2f} {result.currency} against no battery{_in_percent(most - daemon, result)}"),
            ("Above perfect foresight", f"{daemon - floor:.2f} {result.currency}{share}"),
            ("Cycles", f"{result.cycles} ({counted}) in {result.seconds:.0f} s"),
            ("Stored energy", f"counts {result.value_per_kwh:.4f} {result.currency}/kWh in every bill"),
            ("Gaps in the data", joined([el("ul", *(el("li", gap) for gap in result.gaps))]) if result.gaps else None),
            ("Notes", joined([el("ul", *(el("li", note) for note in result.notes))]) if result.notes else None),
        ]
    )


def _share(money: float, result: Result) -> str:
    whole = result.no_battery_import_bill
    return f", {100 * money / whole:.2f} % of what import costs without a battery" if whole > 0 else ""


def _in_percent(money: float, result: Result) -> str:
    whole = result.no_battery_import_bill
    return f", {100 * money / whole:.1f} % of its import cost" if whole > 0 else ""


def _bills(result: Result) -> Markup:
    most, floor = result.bills[NO_BATTERY], result.bills[PERFECT]

    def row(name: str) -> list[Child]:
        energies, cost = result.energies[name], result.bills[name]
        return [
            NAMES[name],
            *(f"{money:.2f}" for money in (cost, most - cost, cost - floor)),
            *(f"{energies[kind]:.1f}" for kind in ("import_kwh", "export_kwh", "cycles", "co2_kg")),
        ]

    heads = ["Bill", result.currency, "Saved", "Above the floor", "Bought kWh", "Sold kWh", "Cycles", "kg CO2"]
    return table("Four bills", heads, (row(name) for name in BILLS), numbers=range(1, len(heads)))


def _regret(result: Result) -> Markup:
    whole = result.no_battery_import_bill

    def row(part: str, money: float) -> list[Child]:
        return [part.replace("_", " "), f"{money:+.2f}", f"{100 * money / whole:+.2f}" if whole > 0 else ""]

    rows = [row(part, money) for part, money in result.regret.items()]
    rows.append(row("in all", sum(result.regret.values())))
    heads = ["Part", result.currency, "% of what import costs without a battery"]
    return table("What was left to perfect foresight, and why", heads, rows, numbers=(1, 2))


def _months(result: Result) -> Markup:
    rows = ([month["month"], *(f"{month['bills'][name]:.2f}" for name in BILLS)] for month in result.months)
    heads = ["Month", *(NAMES[name] for name in BILLS)]
    return table(f"Bills by month, {result.currency}", heads, rows, numbers=range(1, 5))


def _days(days: Days, result: Result) -> Iterator[Markup]:
    yield paragraph(
        f"Energy alone, {result.currency}, less what is stored more at the day's end; fixed charges and charges on "
        "power are in the months.",
        look="quiet",
    )
    columns = [*(days.costs[name] for name in BILLS), days.import_kwh, days.export_kwh]
    rows = (
        [name, *(f"{column[number]:.2f}" for column in columns)] for number, name in enumerate(slot_names(days.horizon))
    )
    heads = ["Day", *(NAMES[name] for name in BILLS), "Bought kWh", "Sold kWh"]
    yield table("Day by day", heads, rows, numbers=range(1, 7))


def _quarters(whole: Whole, week: Stretch) -> Markup:
    tariff, lived = whole.billing.whole.tariff, whole.lived[DAEMON]
    came, expected = came_kw(whole, week), expected_kw(whole, week)
    columns: list[tuple[str, Sequence[float | None], int]] = [
        ("Import price", tariff.import_price_per_kwh[week.quarters], 4),
        ("Export price", tariff.export_price_per_kwh[week.quarters], 4),
        *((name.capitalize(), kw, 2) for name, kw in came.items()),
        *((f"{name.capitalize()} expected", kw, 2) for name, kw in expected.items()),
        ("Grid", grid_kw(whole, week, DAEMON), 2),
        ("Stored at the end", tuple(map(float, lived.soc_kwh[week.edges][1:])), 2),
    ]
    notes = command_notes(whole, week)

    def row(number: int, name: str) -> list[Child]:
        values = ((values[number], decimals) for _, values, decimals in columns)
        cells = ("" if value is None else f"{value + 0.0:.{decimals}f}" for value, decimals in values)
        return [name, *cells, notes[number]]

    rows = (row(number, name) for number, name in enumerate(slot_names(week_horizon(whole, week))))
    heads = ["Quarter", *(head for head, _, _ in columns), "In force"]
    return table("Quarter by quarter: kW, kWh", heads, rows, numbers=range(1, len(columns) + 1))


def _troubles(result: Result) -> Markup | None:
    if not result.troubles:
        return None
    count = len(result.troubles)
    shown = [el("li", text) for text in result.troubles[:MOST_TROUBLES]]
    return joined([paragraph(f"{count} cycles made no plan; the first of them:", look="warn"), el("ul", *shown)])
