"""Price files with gaps, without tomorrow, unreadable or old, and both days of the clock change."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from world import FLAT, World, simulated_world

from optimizer.daemon import Jobs
from optimizer.domain.outcome import Outcome, Posted, Skipped, is_success


def prices(world: World, start: datetime, skip: Callable[[datetime], bool], minutes: int = 15, hours: int = 60) -> str:
    """A price file in the world's folder and the tariff that reads it; negative around noon."""
    lines = ["start,price"]
    for number in range(hours * 60 // minutes):
        at = start + timedelta(minutes=minutes * number)
        if not skip(at):
            lines.append(f"{at:%Y-%m-%dT%H:%M:%SZ},{0.25 - 0.30 * (11 <= at.hour < 14)}")
    (world.folder / "prices.csv").write_text("\n".join(lines), encoding="utf-8")
    return """
[sites.tariff]
strategy = "series"
import_series = "spot"
export_price = 0.05
[sites.feeds.spot]
feed = "file"
path = "prices.csv"
"""


@pytest.mark.parametrize("minutes", [15, 60])
def test_a_gap_in_the_price_file_is_filled_and_named(world, minutes):
    start = world.clock.now() - timedelta(days=1, hours=10)
    tariff = prices(world, start, lambda at: at.hour in {16, 17}, minutes, hours=80)

    outcome = world.cycle(tariff=tariff)

    assert isinstance(outcome, Posted)
    assert any("no published price" in event["reason"] for event in world.events if event["event"] == "degraded")


def test_missing_tomorrow_is_filled_from_today_and_the_plan_says_where_prices_end(world):
    start = world.clock.now() - timedelta(hours=34)
    tariff = prices(world, start, lambda at: at >= world.clock.now() + timedelta(hours=12))

    outcome = world.cycle(tariff=tariff)

    assert isinstance(outcome, Posted)
    assert (
        world.event("planned")["known_prices_until"] == f"{world.clock.now() + timedelta(hours=12):%Y-%m-%dT%H:%M:%SZ}"
    )


@pytest.mark.parametrize(
    ("content", "error"),
    [(None, "SourceUnavailable"), (b"", "SourceMalformed"), (b"\x00\xff\x00", "SourceMalformed")],
)
def test_a_price_file_that_cannot_be_read_skips_the_cycle(world, content, error):
    tariff = prices(world, world.clock.now(), lambda at: False)
    file = world.folder / "prices.csv"
    file.unlink() if content is None else file.write_bytes(content)

    outcome = world.cycle(tariff=tariff)

    assert isinstance(outcome, Skipped)
    assert outcome.error == "ForecastGap"
    event = next(event for event in world.events if event["event"] == "feed_failed")
    assert (event["feed"], event["error"]) == ("spot", error)
    assert world.simulator.posts == []


def test_a_price_file_that_breaks_later_leaves_the_last_good_prices(world):
    tariff = prices(world, world.clock.now() - timedelta(hours=12), lambda at: False, hours=120)
    with world.app(tariff=tariff) as app:
        jobs = Jobs(app)
        first = jobs.plan(app.sites[0])
        (world.folder / "prices.csv").unlink()
        world.clock.advance_by(timedelta(hours=1))
        second = jobs.plan(app.sites[0])

    assert is_success(first)
    assert is_success(second)
    assert "fallback" in world.event("feed_failed")


def test_old_prices_are_not_mistaken_for_today_s(world):
    tariff = prices(world, world.clock.now() - timedelta(days=7), lambda at: False, hours=48)

    outcome = world.cycle(tariff=tariff)

    assert isinstance(outcome, Skipped)
    assert outcome.error == "ForecastGap"


@pytest.mark.parametrize(
    "start",
    [datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)],
    ids=["spring forward", "fall back"],
)
@pytest.mark.parametrize("tariff_kind", ["flat", "hourly", "quarter-hourly"])
def test_both_days_of_the_clock_change_are_planned_through(tmp_path, start, tariff_kind):
    with simulated_world(tmp_path, start=start) as world:
        tariff = FLAT
        if tariff_kind != "flat":
            minutes = 60 if tariff_kind == "hourly" else 15
            tariff = prices(world, start - timedelta(days=1), lambda at: False, minutes, hours=110)
        outcomes: list[Outcome] = []
        with world.app(tariff=tariff) as app:
            jobs = Jobs(app)
            while world.clock.now() < start + timedelta(hours=38):
                outcomes.append(jobs.plan(app.sites[0]))
                world.clock.advance_by(timedelta(hours=3, minutes=47))

        assert all(is_success(outcome) for outcome in outcomes)
        assert all(post.accepted for post in world.simulator.posts)
