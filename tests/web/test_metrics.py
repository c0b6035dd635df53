"""What Prometheus reads."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from web_states import NOW, plan, service, site

from optimizer.domain.intent import BatchKind, BatchState, Intent
from optimizer.web.metrics import metrics_text
from optimizer.web.state import ServiceState


def samples(state: ServiceState) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every series by its name and labels."""
    return {
        (sample.name.removeprefix("heat_optimizer_"), tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics_text(lambda: state))
        for sample in family.samples
    }


def at_home(**labels: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({"site_id": "home", **labels}.items()))


def test_a_plan_is_told_by_its_age_money_time_prices_and_gaps():
    found = samples(service(site(plan=plan(notes=("a", "b"), price_step="cached"))))

    assert found["plan_age_seconds", at_home()] == 300
    assert found["plan_objective", at_home(currency="EUR")] == 3.07
    assert found["plan_solve_seconds", at_home()] == 0.018
    assert found["degradations", at_home()] == 2
    assert found["price_step", at_home(step="cached")] == 1
    assert found["price_step", at_home(step="fresh")] == 0
    assert found["forecast_quality", at_home(signal="load", quality="learned")] == 1
    assert found["forecast_quality", at_home(signal="load", quality="fallback")] == 0
    assert found["signal_read", at_home(signal="soc")] == 0
    assert found["site_report_age_seconds", at_home()] == 12


def test_cycles_batches_lease_and_trust_of_each_site():
    found = samples(service(site(outcomes={"posted": 3, "failed": 2}, errors={"SolverFailed": 2}, trusted_share=0.1)))

    assert found["cycles_total", at_home(outcome="posted")] == 3
    assert found["cycles_total", at_home(outcome="held")] == 0
    assert found["cycle_errors_total", at_home(error="SolverFailed")] == 2
    assert found["last_cycle_outcome", at_home(outcome="posted")] == 1
    assert found["last_cycle_end_timestamp_seconds", at_home()] == (NOW - timedelta(minutes=5)).timestamp()
    assert found["batch_state", at_home(state="in_force")] == 1
    assert found["batch_state", at_home(state="lost")] == 0
    assert found["lease_held", at_home()] == 1
    assert found["battery_trusted_share", at_home()] == 0.1
    assert found["schedule_left_seconds", at_home()] == 11 * 3600 + 40 * 60
    assert found["stalled", at_home()] == 0


def test_the_newest_batch_is_told_by_its_time_and_kind():
    rest = Intent(
        key="home 1",
        site_id="home",
        slot=NOW,
        kind=BatchKind.REST,
        intended_at=NOW - timedelta(minutes=7),
        commands=(),
        state=BatchState.ACCEPTED,
        sends=1,
    )
    found, none = samples(service(site(sent=(rest,)))), samples(service(site(sent=())))

    assert found["last_batch_sent_timestamp_seconds", at_home()] == (NOW - timedelta(minutes=7)).timestamp()
    assert found["last_batch_kind", at_home(kind="rest")] == 1
    assert found["last_batch_kind", at_home(kind="plan")] == 0
    assert ("last_batch_kind", at_home(kind="plan")) not in none


def test_feeds_challengers_events_ledger_and_reloads():
    state = service(
        site(
            feed_answered_at={"day_ahead": NOW - timedelta(hours=2)},
            saving_per_day={"dynamic": (0.42, "EUR")},
        ),
        events={("warning", "degraded"): 4},
        ledger_failures=5,
        cloud_is_up=False,
        reloads={"refused": 1},
    )
    found = samples(state)

    assert found["feed_age_seconds", at_home(feed="day_ahead")] == 7200
    assert found["challenger_saving_per_day", at_home(challenger="dynamic", currency="EUR")] == 0.42
    assert found["log_events_total", (("event", "degraded"), ("level", "warning"))] == 4
    assert found["ledger_write_failures_total", ()] == 5
    assert found["cloud_up", ()] == 0
    assert found["reloads_total", (("result", "refused"),)] == 1
    assert found["reloads_total", (("result", "done"),)] == 0
    assert found["ready", ()] == 1


def test_what_is_not_known_has_no_series_rather_than_a_zero():
    names = {name for name, _ in samples(service(site(plan=None, outcome=None, ended_at=None, trusted_share=None)))}

    assert not names & {"plan_age_seconds", "plan_objective", "battery_trusted_share", "cloud_up", "feed_age_seconds"}


def test_nothing_of_the_process_and_its_paths_is_told():
    text = metrics_text(lambda: service(site()))

    families = list(text_string_to_metric_families(text))
    assert families
    assert all(family.name.startswith("heat_optimizer_") and family.documentation for family in families)


@given(st.text(max_size=40), st.integers(min_value=0, max_value=10**9))
def test_any_site_name_is_told_so_that_it_reads_back(site_id, count):
    found = samples(service(site(site_id=site_id, outcomes={"held": count})))

    labels = tuple(sorted({"site_id": site_id, "outcome": "held"}.items()))
    assert found["cycles_total", labels] == count
