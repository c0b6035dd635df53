"""Both servers over loopback: what a client sees."""

import json
import uuid
from datetime import timedelta

import httpx
import pytest
from simulator.still_house import QUARTER, START, command, still, window

from optimizer.simulator import SimulatorOptions

HOUR = timedelta(hours=1)
DEFAULTS = SimulatorOptions()


def test_health_needs_no_key(served):
    root = served.cloud.base_url.copy_with(raw_path=b"/health")
    assert httpx.get(root, verify=False).status_code == 204
    assert httpx.get(served.unit.base_url.join("/health"), verify=False).json()["status"] == "ok"


def test_calls_without_the_right_key_are_refused(served):
    calls = [("GET", "sites"), ("GET", served.site_path), ("POST", f"{served.site_path}/schedules")]
    for authorization in ("", "Bearer wrong", f"Basic {DEFAULTS.api_key}", DEFAULTS.api_key):
        headers = {"Authorization": authorization}
        for method, path in calls:
            answer = served.cloud.request(method, path, headers=headers)
            assert answer.status_code == 401
            assert set(answer.json()) == {"error", "message"}
        answer = served.unit.get("/api/hcu", headers=headers)
        assert answer.status_code == 401
        assert answer.json() == {"error": "Unauthorized", "message": "Valid authentication required"}


def test_a_refused_post_is_recorded_and_not_stored(served):
    path = served.cloud.base_url.join(f"{served.site_path}/schedules")
    httpx.post(path, json={"schedules": [command("bess.activePowerkW", window(1))]}, verify=False)
    assert [(post.status, post.accepted) for post in served.simulator.posts] == [(401, False)]
    assert served.simulator.in_force(DEFAULTS.site_id) == []


def test_an_unknown_site_and_an_unknown_path_are_not_found(served):
    for path in (f"sites/{uuid.uuid4()}", "nowhere"):
        answer = served.cloud.get(path)
        assert answer.status_code == 404
        assert set(answer.json()) == {"error", "message"}
    assert served.cloud.post(f"sites/{uuid.uuid4()}/schedules", json={}).status_code == 404


def test_the_list_of_sites_has_the_documented_fields(served):
    (site,) = served.cloud.get("sites").json()["sites"]
    assert site == {
        "siteId": DEFAULTS.site_id,
        "siteName": "Demo site",
        "isOnline": True,
        "reportedAt": "2026-06-01T08:00:00Z",
        "schedules": [],
    }


def test_a_site_shows_its_assets_keyed_by_kind(serve):
    served = serve(still(load_kw=1.0, solar_kw=4.0, heat_thermal_kw=2.6, outdoor_temp_c=0.0))
    assets = served.site()["assets"]
    assert assets["grid"] == {
        "id": "0-grid",
        "type": "grid",
        "ratedPowerUpperLimitkW": 20.0,
        "ratedPowerLowerLimitkW": -15.0,
        "activePowerkW": 0.0,
    }
    assert assets["bess"]["availableStorageCapacitykWh"] == 10.0
    assert assets["bess"]["soc"] == 50.0
    assert assets["bess"]["activePowerkW"] == pytest.approx(2.0, abs=0.001)
    assert assets["solar"]["activePowerkW"] == 4.0
    assert assets["heatpump"]["activePowerkW"] == pytest.approx(1.0, abs=0.001)
    assert assets["load"]["activePowerkW"] == 1.0
    assert set(assets) == {"grid", "solar", "bess", "heatpump", "load"}


def test_telemetry_follows_the_conventions(serve):
    served = serve(
        still(load_kw=1.0, heat_thermal_kw=2.6),
        bess_telemetry_positive="discharge",
        grid_power_positive="export",
        load_includes_heatpump=True,
    )
    served.post(command("bess.activePowerkW", window(3)))
    assets = served.site()["assets"]
    assert assets["bess"]["activePowerkW"] == -3.0
    assert assets["grid"]["activePowerkW"] == pytest.approx(-5.0, abs=0.001)
    assert assets["load"]["activePowerkW"] == pytest.approx(2.0, abs=0.001)


def test_a_post_is_accepted_put_in_force_and_obeyed(served):
    answer = served.post(command("bess.activePowerkW", window(2)), command("grid.upperLimitkW", window(9, for_h=2)))
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 2
    assert str(uuid.UUID(answer.json()["batchId"])) == served.simulator.posts[0].batch_id
    upper, power = served.site()["schedules"]
    assert power == command("bess.activePowerkW", window(2))
    assert upper == command("grid.upperLimitkW", window(9, for_h=2))
    served.clock.advance_to(START + HOUR)
    assert served.site()["schedules"] == [upper] == served.simulator.in_force(DEFAULTS.site_id)
    assert served.simulator.meter.charge_kwh == pytest.approx(2)


def test_a_request_with_one_bad_command_changes_nothing(served):
    served.post(command("grid.upperLimitkW", window(9)))
    answer = served.post(command("grid.upperLimitkW", window(5)), command("bess.activePowerkW", window(99)))
    assert answer.status_code == 422
    assert answer.json()["error"] == "value_out_of_range"
    assert served.site()["schedules"] == [command("grid.upperLimitkW", window(9))]
    assert [post.accepted for post in served.simulator.posts] == [True, False]


def test_the_time_before_a_post_is_not_changed_by_it(served):
    served.clock.advance_to(START + HOUR)
    served.post(command("bess.activePowerkW", window(5, for_h=2)))
    assert served.simulator.meter.charge_kwh == 0


MALFORMED = (
    b"",
    b"{",
    b"\xff\xfe",
    b"[" * 100_000,
    b"1" * 5000,
    b'{"schedules": [{"value": NaN}]}',
    b'{"schedules": [-Infinity]}',
)


def test_a_body_that_is_not_json_is_malformed(served):
    for raw in MALFORMED:
        answer = served.cloud.post(f"{served.site_path}/schedules", content=raw)
        assert (answer.status_code, answer.json()["error"]) == (400, "malformed_json")
        assert (served.simulator.posts[-1].raw, served.simulator.posts[-1].body) == (raw, None)


def test_a_number_too_large_for_a_float_is_rejected(served):
    raw = json.dumps({"schedules": [command("bess.activePowerkW", window(77))]}).replace("77", "1e999").encode()
    assert served.cloud.post(f"{served.site_path}/schedules", content=raw).status_code == 422


def test_the_unit_reports_the_running_heat_pump_with_one_decimal(serve):
    served = serve(still(heat_thermal_kw=5.2, outdoor_temp_c=0.0))
    served.clock.advance_to(START + HOUR)
    status = served.unit.get("/api/hcu").json()
    assert (status["state"], status["mode"]) == ("running", "heat")
    assert status["thermalPowerKw"] == 5.2
    assert status["electricalPowerKw"] == 2.0
    assert status["copInstant"] == 2.6
    assert (status["lifetimeThermalKwh"], status["lifetimeElecKwh"]) == (5.2, 2.0)
    assert (status["backupHeaterActive"], status["activeFaults"]) == (False, [])
    assert status["flowRateLpm"] == pytest.approx(
        5.2 * 60 / 4.186 / (status["supplyTempC"] - status["returnTempC"]), abs=0.1
    )


def test_an_idle_unit_has_no_cop(served):
    status = served.unit.get("/api/hcu").json()
    assert (status["state"], status["mode"], status["electricalPowerKw"]) == ("standby", "idle", 0.0)
    assert "copInstant" not in status


def test_a_site_without_unit_has_no_unit_status(serve):
    assert serve(has_hcu=False).unit.get("/api/hcu").status_code == 404


def test_extra_sites_are_separate_plants(serve):
    other = "00000000-0000-4000-8000-000000000002"
    served = serve(extra_site_ids=(other,))
    served.post(command("bess.activePowerkW", window(5)))
    served.clock.advance_to(START + HOUR)
    assert served.simulator.plant(DEFAULTS.site_id).soc_kwh > 9
    assert served.simulator.plant(other).soc_kwh < 5
    assert served.simulator.in_force(other) == []
    assert [site["siteId"] for site in served.cloud.get("sites").json()["sites"]] == [DEFAULTS.site_id, other]


def test_reports_come_at_their_interval(serve):
    served = serve(report_interval_s=900)
    served.clock.advance_to(START + QUARTER + timedelta(minutes=14))
    site = served.site()
    assert site["reportedAt"] == "2026-06-01T08:15:00Z"
    assert site["assets"]["bess"]["soc"] == pytest.approx(50 - 0.25 / 0.95 * 10, abs=0.001)


def test_a_lag_makes_the_report_look_old(served):
    served.simulator.set_reported_lag(DEFAULTS.site_id, timedelta(minutes=50))
    assert served.site()["reportedAt"] == "2026-06-01T07:10:00Z"


def test_an_offline_gateway_reports_nothing_and_learns_of_schedules_on_return(served):
    served.simulator.set_online(DEFAULTS.site_id, False)
    served.clock.advance_to(START + HOUR)
    assert served.post(command("bess.activePowerkW", window(5, for_h=3))).status_code == 200
    served.clock.advance_to(START + 2 * HOUR)
    site = served.site()
    assert (site["isOnline"], site["reportedAt"]) == (False, "2026-06-01T08:00:00Z")
    assert site["schedules"]
    assert served.simulator.meter.charge_kwh == 0
    served.simulator.set_online(DEFAULTS.site_id, True)
    served.clock.advance_to(START + 2 * HOUR + QUARTER)
    assert served.simulator.meter.charge_kwh == pytest.approx(1.25)
    assert served.site()["reportedAt"] == "2026-06-01T10:15:00Z"


def test_overrides_put_anything_on_the_wire(served):
    served.simulator.override_site(DEFAULTS.site_id, lambda site: site | {"assets": {"bess": None, "x": float("nan")}})
    served.simulator.override_hcu(lambda status: status | {"state": "fault"})
    assert '"x": NaN' in served.cloud.get(served.site_path).text
    assert served.unit.get("/api/hcu").json()["state"] == "fault"
    served.simulator.override_site(DEFAULTS.site_id, None)
    assert served.site()["assets"]["bess"]["soc"] == 50.0


def test_paths_are_options(serve):
    served = serve(api_prefix="/api/v1/public", schedules_path="/plants/{site_id}/orders")
    answer = served.cloud.post(f"plants/{DEFAULTS.site_id}/orders", json={"schedules": [command("bess.activePowerkW")]})
    assert answer.json()["accepted"] == 1


def test_a_test_may_set_the_state_of_charge(served):
    served.simulator.plant(DEFAULTS.site_id).soc_kwh = 9.0
    assert served.site()["assets"]["bess"]["soc"] == 90.0
