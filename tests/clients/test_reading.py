"""What comes over the wire, and what becomes of it."""

from datetime import UTC, datetime, timedelta
from time import monotonic

import httpx
import pytest
import stamina
from builders import NOON, SITE_ID, conventions
from world import World, simulated_world

from optimizer.clients import ArisClient, HttpDoor
from optimizer.clients.heat import command_body, site_reading
from optimizer.clients.http import retry_after_s
from optimizer.clients.wire import EARLIEST, LATEST, ReceiptWire, SiteWire
from optimizer.domain.command import Command, Entry, Pair
from optimizer.domain.conventions import BatterySign, GridSign
from optimizer.errors import SourceRejected, SourceUnauthorized, SourceUnavailable
from optimizer.simulator import Fault

ASSETS = {
    "grid": {"ratedPowerUpperLimitkW": 20, "ratedPowerLowerLimitkW": -15, "activePowerkW": -3},
    "bess": {
        "ratedPowerUpperLimitkW": 5,
        "ratedPowerLowerLimitkW": -4,
        "activePowerkW": 2,
        "availableStorageCapacitykWh": 10,
        "soc": 60,
    },
}


def read(assets: dict, schedules: list | None = None, **changes: object):
    wire = SiteWire.model_validate({"siteId": SITE_ID, "assets": assets, "schedules": schedules})
    return site_reading(wire, conventions(**changes), NOON)


@pytest.fixture
def world(tmp_path):
    with stamina.set_testing(True, attempts=3), simulated_world(tmp_path) as found:
        yield found


def get_hcu(world: World, within_s: float = 10.0) -> object:
    door = HttpDoor("Aris HCU", world.addresses.aris_url, world.simulator.options.hcu_token)
    try:
        return ArisClient(door, world.clock.now).read_hcu(within_s=within_s)
    finally:
        door.client.close()


@pytest.mark.parametrize(("sign", "flows"), [(BatterySign.CHARGE, (2.0, 0.0)), (BatterySign.DISCHARGE, (0.0, 2.0))])
def test_positive_battery_telemetry_means_what_its_convention_says(sign, flows):
    battery = read(ASSETS, bess_telemetry_positive=sign).battery

    assert (battery.charge_kw, battery.discharge_kw) == flows


@pytest.mark.parametrize(("sign", "ratings"), [(BatterySign.CHARGE, (5.0, 4.0)), (BatterySign.DISCHARGE, (4.0, 5.0))])
def test_battery_ratings_follow_the_sign_of_commands(sign, ratings):
    battery = read(ASSETS, bess_power_positive=sign).battery

    assert (battery.ratings.intake_kw, battery.ratings.output_kw) == ratings


@pytest.mark.parametrize(("sign", "flows"), [(GridSign.IMPORT, (0.0, 3.0)), (GridSign.EXPORT, (3.0, 0.0))])
def test_grid_telemetry_follows_its_sign_and_ratings_stay_import_positive(sign, flows):
    grid = read(ASSETS, grid_power_positive=sign).grid

    assert (grid.import_kw, grid.export_kw) == flows
    assert (grid.ratings.intake_kw, grid.ratings.output_kw) == (20.0, 15.0)


def test_what_is_absent_stays_absent_and_never_becomes_zero():
    reading = read({"bess": {"soc": float("nan")}, "load": {}, "solar": None})

    assert reading.battery.soc_percent is None
    assert reading.battery.charge_kw is None
    assert (reading.load_kw, reading.solar_kw, reading.heatpump_kw, reading.wind_kw) == (None,) * 4
    assert reading.grid is None
    assert not reading.has_solar


@pytest.mark.parametrize("soc", [10**400, -(10**400)])
def test_an_integer_beyond_what_a_number_holds_is_no_reading(soc):
    assert read({"bess": {"soc": soc}}).battery.soc_percent is None


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("0001-01-01T00:00:00Z", EARLIEST),
        ("0001-01-01T00:00:00+01:00", EARLIEST),
        ("9999-12-31T23:59:59.9999999Z", LATEST),
        ("9999-12-31T23:59:59-01:00", LATEST),
        ("2026-06-01T12:00:00+02:00", datetime(2026, 6, 1, 10, 0, tzinfo=UTC)),
    ],
)
def test_a_time_that_stands_for_never_or_for_ever_is_kept_where_every_zone_can_tell_it(text, at):
    wire = SiteWire.model_validate({"siteId": SITE_ID, "reportedAt": text})

    assert wire.reported_at == at


@pytest.mark.parametrize("accepted", [99999999999999999999, -99999999999999999999, "3", True, None])
def test_a_count_that_is_none_or_that_no_ledger_can_keep_says_nothing(accepted):
    assert ReceiptWire.model_validate({"batchId": "b", "accepted": accepted}).accepted is None


@pytest.mark.parametrize(
    "text",
    [
        "Mon, 20 Nov 1995 19:12:08 +99999999999999",
        "Mon, 20 Nov 1995 19:12:08 +9999",
        "Mon, 20 Nov 99999 19:12:08 GMT",
        "Mon, 20 Nov 1995 19:12:08 -0000",
        "soon",
        "nan",
    ],
)
def test_a_wait_that_cannot_be_understood_is_no_wait(text):
    assert retry_after_s(httpx.Response(429, headers={"Retry-After": text})) is None


def test_a_wait_until_a_date_is_counted_from_now():
    answer = httpx.Response(429, headers={"Retry-After": "Mon, 01 Jun 2026 12:01:30 GMT"})

    assert retry_after_s(answer, lambda: NOON) == 90.0


def test_stored_schedules_are_read_by_pair_without_what_has_ended():
    def entry(start_h: float, end_h: float) -> dict:
        times = [f"{NOON + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}" for hours in (start_h, end_h)]
        return {"startAt": times[0], "endAt": times[1], "value": 1.0}

    schedules = [{"asset": "bess", "type": "activePowerkW", "entries": [entry(1, 2), entry(-2, 0), entry(-1, 1)]}]

    (command,) = read({}, schedules).in_force

    assert command.pair is Pair.BESS_POWER
    assert [item.start for item in command.entries] == [NOON - timedelta(hours=1), NOON + timedelta(hours=1)]


def test_a_command_is_written_as_the_documents_show_it():
    command = Command(pair=Pair.BESS_POWER, entries=(Entry(start=NOON, end=NOON + timedelta(hours=2), value=-50.0),))

    assert command_body(command) == {
        "asset": "bess",
        "type": "activePowerkW",
        "entries": [{"startAt": "2026-06-01T12:00:00Z", "endAt": "2026-06-01T14:00:00Z", "value": -50.0}],
    }


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_failure_that_may_pass_is_tried_three_times(world, status):
    world.simulator.add_fault(Fault(where="GET hcu", status=status, times=2))

    assert get_hcu(world) is not None

    world.simulator.add_fault(Fault(where="GET hcu", status=status, times=3))
    with pytest.raises(SourceUnavailable, match=str(status)):
        get_hcu(world)
    assert get_hcu(world) is not None


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, SourceRejected), (401, SourceUnauthorized), (403, SourceUnauthorized), (404, SourceRejected)],
)
def test_a_refusal_is_not_tried_again(world, status, error):
    world.simulator.add_fault(Fault(where="GET hcu", status=status, times=1))

    with pytest.raises(error):
        get_hcu(world)


def test_a_wait_longer_than_the_budget_is_not_begun(world):
    world.simulator.add_fault(Fault(where="GET hcu", status=429, headers={"Retry-After": "600"}, times=1))

    with pytest.raises(SourceUnavailable) as caught:
        get_hcu(world)

    assert caught.value.retry_after_s == 600


@pytest.mark.parametrize("trouble", [{"drip_s": 0.5}, {"delay_s": 60}])
def test_a_call_ends_in_its_time_whatever_the_server_does(world, trouble):
    world.simulator.add_fault(Fault(where="GET hcu", times=None, **trouble))
    began = monotonic()

    with pytest.raises(SourceUnavailable, match=r"no answer|ReadTimeout"):
        get_hcu(world, within_s=1.0)

    assert monotonic() - began < 3


def test_an_error_never_repeats_the_token(world):
    token = world.simulator.options.hcu_token
    body = f'{{"error": "bad token {token}"}}'.encode()
    world.simulator.add_fault(Fault(where="GET hcu", status=401, body=body))

    with pytest.raises(SourceUnauthorized) as caught:
        get_hcu(world)

    assert token not in str(caught.value)
    assert "bad token ***" in str(caught.value)


def test_words_of_an_error_that_no_file_could_hold_are_made_so_that_one_can(world):
    world.simulator.add_fault(Fault(where="GET hcu", status=404, body=b'{"error": "lost \\ud800 half"}'))

    with pytest.raises(SourceRejected, match=r"lost \? half"):
        get_hcu(world)
