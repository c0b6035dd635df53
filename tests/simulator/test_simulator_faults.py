"""Faults on order happen as ordered, as often as ordered, and end with the server."""

import threading
from datetime import timedelta
from time import perf_counter

import httpx
import pytest
from simulator.still_house import START, command, still, window

from optimizer.simulator import Fault, SimulatedClock, Simulator, SimulatorOptions

COMMAND = command("bess.activePowerkW", window(2))


def statuses(served, count):
    return [served.cloud.get(served.site_path).status_code for _ in range(count)]


def test_a_fault_happens_as_often_as_ordered_and_only_there(served):
    served.simulator.add_fault(Fault(where="GET site", status=503, times=2, headers={"Retry-After": "7"}))
    assert served.cloud.get("sites").status_code == 200
    assert served.cloud.get(served.site_path).headers["Retry-After"] == "7"
    assert statuses(served, 2) == [503, 200]


def test_a_fault_without_number_lasts_until_cleared(served):
    served.simulator.add_fault(Fault(where="GET site", status=500, times=None))
    assert statuses(served, 3) == [500, 500, 500]
    served.simulator.clear_faults()
    assert statuses(served, 1) == [200]


def test_faults_at_one_place_come_in_order(served):
    for status in (429, 502):
        served.simulator.add_fault(Fault(where="GET site", status=status))
    assert statuses(served, 3) == [429, 502, 200]


def test_health_and_unit_can_fail(served):
    served.simulator.add_fault(Fault(where="GET health", status=503))
    served.simulator.add_fault(Fault(where="GET hcu", status=500))
    served.simulator.add_fault(Fault(where="GET aris health", status=503))
    root = served.cloud.base_url.copy_with(raw_path=b"/health")
    assert [httpx.get(root, verify=False).status_code for _ in "ab"] == [503, 204]
    assert served.unit.get("/api/hcu").status_code == 500
    assert served.unit.get("/health").status_code == 503


def test_a_post_that_fails_before_it_is_carried_out_leaves_nothing(served):
    served.simulator.add_fault(Fault(where="POST", status=500))
    answer = served.post(COMMAND)
    assert (answer.status_code, set(answer.json())) == (500, {"error", "message"})
    assert served.site()["schedules"] == []
    (post,) = served.simulator.posts
    assert (post.status, post.accepted, post.body) == (500, False, {"schedules": [COMMAND]})


def test_a_post_that_fails_after_it_is_carried_out_is_in_force(served):
    served.simulator.add_fault(Fault(where="POST", status=500, apply=True))
    assert served.post(COMMAND).status_code == 500
    assert served.site()["schedules"] == [COMMAND]
    (post,) = served.simulator.posts
    assert (post.status, post.accepted) == (500, True)


@pytest.mark.parametrize("applied", [False, True])
def test_a_dropped_post_gives_no_answer(served, applied):
    served.simulator.add_fault(Fault(where="POST", drop=True, apply=applied))
    with pytest.raises(httpx.RemoteProtocolError):
        served.post(COMMAND)
    assert bool(served.site()["schedules"]) == applied
    (post,) = served.simulator.posts
    assert (post.status, post.accepted) == (None, applied)


def test_a_delayed_post_is_in_force_before_its_client_gives_up(served):
    served.simulator.add_fault(Fault(where="POST", delay_s=30))
    with pytest.raises(httpx.ReadTimeout):
        served.cloud.post(f"{served.site_path}/schedules", json={"schedules": [COMMAND]}, timeout=0.1)
    assert served.site()["schedules"] == [COMMAND]


def test_a_short_delay_ends_in_the_true_answer(served):
    served.simulator.add_fault(Fault(where="GET site", delay_s=0.05))
    began = perf_counter()
    assert served.site()["isOnline"]
    assert perf_counter() - began >= 0.05


def test_a_truncated_body_is_half_the_true_one(served):
    whole = served.cloud.get(served.site_path).content
    served.simulator.add_fault(Fault(where="GET site", truncate=True))
    assert served.cloud.get(served.site_path).content == whole[: len(whole) // 2]


def test_body_and_content_type_can_be_anything(served):
    served.simulator.add_fault(Fault(where="GET sites", body=b"<html>", content_type="text/html"))
    answer = served.cloud.get("sites")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"<html>", "text/html")


def test_a_dripping_body_arrives_whole_but_slowly(served):
    served.simulator.add_fault(Fault(where="GET sites", body=b"[1,2,3]", drip_s=0.01))
    began = perf_counter()
    assert served.cloud.get("sites").json() == [1, 2, 3]
    assert perf_counter() - began >= 0.06


@pytest.mark.parametrize("fault", [Fault(where="GET sites", delay_s=60), Fault(where="GET sites", drip_s=60)])
def test_the_server_stops_at_once_while_answers_are_held_back(fault):
    options = SimulatorOptions()
    simulator = Simulator(options, still(), SimulatedClock(START))
    simulator.add_fault(fault)
    seen = []

    def ask(url):
        try:
            httpx.get(url, headers={"Authorization": f"Bearer {options.api_key}"}, timeout=30)
        except httpx.HTTPError as error:
            seen.append(error)

    arrived = threading.Event()
    take = simulator.take_fault

    def taking(where):
        arrived.set()
        return take(where)

    simulator.take_fault = taking
    with simulator.serve() as addresses:
        client = threading.Thread(target=ask, args=(f"{addresses.heat_url}{options.api_prefix}/sites",))
        client.start()
        assert arrived.wait(5)
        began = perf_counter()
    assert perf_counter() - began < 2
    client.join(5)
    assert len(seen) == 1


def test_a_simulator_can_be_served_again_and_keeps_its_state():
    clock = SimulatedClock(START)
    simulator = Simulator(SimulatorOptions(), still(load_kw=1.0), clock)
    for hours in (1, 2):
        with simulator.serve() as addresses:
            clock.advance_to(START + timedelta(hours=hours))
            assert httpx.get(f"{addresses.heat_url}/health", verify=False).status_code == 204
    assert simulator.meter.load_kwh == pytest.approx(2)


def test_an_impossible_fault_is_refused():
    with pytest.raises(ValueError, match="no place"):
        Fault(where="PUT")
    with pytest.raises(ValueError, match="once or more"):
        Fault(where="POST", times=0)


def test_a_port_in_use_is_refused_at_once():
    simulator = Simulator(SimulatorOptions(), still(), SimulatedClock(START))
    with simulator.serve() as addresses:
        port = httpx.URL(addresses.heat_url).port
        with pytest.raises(OSError, match="in use"), simulator.serve(port=port):
            pass
