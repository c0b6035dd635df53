"""The line that ``systemctl status`` shows."""

from datetime import timedelta

from web_states import NOW, plan, service, site

from optimizer.web import status_line


def test_a_site_says_what_it_did_when_till_when_and_what_was_missing_in_its_local_time():
    state = service(site(plan=plan(price_step="extended", notes=("a", "b"))))

    assert status_line(state) == "home: posted 14:15, plan till 02:00, prices extended, 2 degradations"


def test_a_failing_site_names_its_error_and_the_plan_that_still_stands_and_comes_first():
    bad = site(site_id="shop", outcome="skipped", error="SourceUnavailable", told_until=NOW + timedelta(hours=1))

    assert status_line(service(site(), bad)) == (
        "shop: skipped 14:15 (SourceUnavailable), plan till 15:20; home: posted 14:15, plan till 02:00"
    )


def test_a_plan_that_has_run_out_is_said_to_have_ended():
    bad = site(outcome="failed", error="SolverFailed", told_until=NOW - timedelta(minutes=20))

    assert status_line(service(bad)) == "home: failed 14:15 (SolverFailed), plan ended 14:00"


def test_what_is_more_than_a_day_away_has_its_day():
    assert "plan till Fri 14:20" in status_line(service(site(told_until=NOW + timedelta(days=2))))


def test_a_stalled_site_says_for_how_long():
    assert status_line(service(site(is_stalled=True, unplanned_s=2400.0))).startswith("home: stalled for 40 min, ")


def test_before_the_first_cycle_it_is_starting():
    assert status_line(service(site(outcome=None, ended_at=None))) == "home: starting"


def test_a_fleet_is_cut_to_five_sites_and_a_number():
    line = status_line(service(*(site(site_id=f"s{number}") for number in range(8))))

    assert line.count("posted") == 5
    assert line.endswith("; and 3 more")
