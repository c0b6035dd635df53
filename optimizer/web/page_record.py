"""What the ledger tells: the newest batches, and how the forecasts of the last day did."""

from datetime import timedelta

from optimizer.web.chart import Chart, Line, drawn
from optimizer.web.html import Child, Markup, el, joined, section, table
from optimizer.web.record import BatchRow, HourRow, SiteRecord, load_error_kw, solar_error_kw
from optimizer.web.times import Times, counted, number

STATE_WORDS = {
    "sent": "no answer yet",
    "accepted": "by the cloud, not yet read back",
    "in_force": "read back from the site",
    "effective": "the battery was seen doing it",
    "diverging": "the battery does otherwise",
    "refused": "by the cloud",
    "lost": "not known whether it was taken",
    "not_found": "accepted, but not in force",
}
HOUR = timedelta(hours=1)


def batch_section(record: SiteRecord | None, times: Times) -> Markup:
    """The newest batches, newest first."""
    title = "Batches"
    if record is None or record.error is not None:
        return section("batches", title, _unread(record))
    if not record.batches:
        return section("batches", title, el("p", "None has been sent yet."))
    heads = ("Sent", "State", "batchId", "Kind", "Sends", "Ends", "Detail")
    caption = f"The newest {counted(len(record.batches), 'batch')}".replace("batchs", "batches")
    rows = (_batch(batch, times) for batch in record.batches)
    return section("batches", title, table(caption, heads, rows, numbers=(4,)), _read_at(record, times))


def _batch(batch: BatchRow, times: Times) -> list[Child]:
    words = STATE_WORDS.get(batch.state, "")
    return [
        joined([times.when(batch.intended_at)]),
        joined([el("strong", batch.state.replace("_", " ")), " ", el("span", words, class_="quiet")]),
        el("code", batch.batch_id) if batch.batch_id is not None else "unknown",
        batch.kind,
        str(batch.sends),
        joined([times.when(batch.ends_at)]) if batch.ends_at is not None else "–",
        batch.detail or "–",
    ]


def forecast_section(record: SiteRecord | None, times: Times) -> Markup:
    """What was expected an hour before each past hour, against what was recorded."""
    title = "Forecast against actual, the last 24 hours"
    if record is None or record.error is not None:
        return section("forecasts", title, _unread(record))
    errors = [
        (name, *error) for name, error in (("load", load_error_kw(record.hours)), ("sun", solar_error_kw(record.hours)))
    ]
    if not any(count for _, _, count in errors):
        words = "Nothing to compare yet: it takes a forecast made an hour before, and an hour of readings."
        return section("forecasts", title, el("p", words))
    told = [
        el("li", f"{name.capitalize()}: mean absolute error {number(error_kw)} kW over {counted(count, 'hour')}")
        if count
        else el("li", f"{name.capitalize()}: nothing to compare")
        for name, error_kw, count in errors
    ]
    charts = (drawn(chart) for chart in (_load(record.hours, times), _sun(record.hours, times)))
    return section(
        "forecasts",
        title,
        el("p", "Expected is what the cycle an hour before each hour forecast; came is the mean of what was recorded."),
        el("ul", *told),
        el("div", *charts, class_="charts"),
        el("details", el("summary", "All hours in numbers"), _hour_table(record.hours, times), id="hours"),
        _read_at(record, times),
    )


def _load(hours: tuple[HourRow, ...], times: Times) -> Chart:
    expected, came = [hour.expected_load_kw for hour in hours], [hour.load_kw for hour in hours]
    return _chart("load-came", "Load", "load", expected, came, hours, times)


def _sun(hours: tuple[HourRow, ...], times: Times) -> Chart:
    expected, came = [hour.expected_solar_kw for hour in hours], [hour.solar_kw for hour in hours]
    return _chart("sun-came", "Sun", "sun", expected, came, hours, times)


def _chart(
    key: str,
    title: str,
    look: str,
    expected: list[float | None],
    came: list[float | None],
    hours: tuple[HourRow, ...],
    times: Times,
) -> Chart:
    return Chart(
        key=key,
        title=title,
        unit="kW",
        edges=[*(hour.start for hour in hours), hours[-1].start + HOUR],
        lines=(
            Line(name="came", look=look, values=came, is_filled=True),
            Line(name="expected", look="expected", values=expected),
        ),
        told=f"{title}, expected and recorded, hour by hour; the table below has the numbers.",
        now=times.now,
        zone=times.zone,
    )


def _hour_table(hours: tuple[HourRow, ...], times: Times) -> Markup:
    heads = ("Hour from", "Load expected", "Load came", "Sun expected", "Sun came")
    rows = (
        [
            joined([times.when(hour.start)]),
            number(hour.expected_load_kw),
            number(hour.load_kw),
            number(hour.expected_solar_kw),
            number(hour.solar_kw),
        ]
        for hour in reversed(hours)
    )
    return table("Mean kW by hour, newest first", heads, rows, numbers=range(1, 5))


def _unread(record: SiteRecord | None) -> Markup:
    why = "it was not asked" if record is None or record.error is None else record.error
    return el("p", el("strong", "The ledger could not be read: "), why, class_="warn")


def _read_at(record: SiteRecord, times: Times) -> Markup:
    return el("p", "From the ledger, read at ", times.when(record.read_at, seconds=True), ".", class_="quiet")
