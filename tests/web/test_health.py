"""When the service is alive, and when it is ready."""

import json

import pytest
from web_states import service, site

from optimizer.web.health import health_text, readiness_text


def test_a_service_is_alive_while_its_scheduler_runs_and_its_loop_comes_round():
    assert health_text(service(site()))[0]
    assert not health_text(service(site(), scheduler_runs=False))[0]
    assert not health_text(service(site(), loop_age_s=121.0))[0]


def test_a_site_that_fails_now_does_not_make_the_process_dead_or_unready_once_it_was_good():
    state = service(site(outcome="failed", error="SolverFailed"))

    assert health_text(state)[0]
    assert readiness_text(state)[0]


@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        (site(was_good=False, outcome=None), "no good cycle yet: none ended yet"),
        (
            site(was_good=False, outcome="skipped", error="StaleData"),
            "no good cycle yet: the last one skipped (StaleData)",
        ),
        (site(is_stalled=True, unplanned_s=2400.0), "stalled: no cycle ended for 40 min"),
    ],
)
def test_one_site_that_lacks_something_makes_the_service_unready_and_is_named(lacking, words):
    is_ready, text = readiness_text(service(site(site_id="other"), lacking))

    assert not is_ready
    assert json.loads(text)["sites"] == {"other": None, "home": words}


def test_a_service_that_is_not_alive_is_not_ready_either():
    is_ready, text = readiness_text(service(site(), scheduler_runs=False))

    assert not is_ready
    assert json.loads(text)["alive"] is False
