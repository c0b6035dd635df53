"""A problem survives the way through JSON, and every slip in a file is named."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from math import inf, nan
from textwrap import dedent

import pytest
from builders import hours
from exchange.any_problem import problems
from hypothesis import HealthCheck, given, settings

from optimizer import problem_file
from optimizer.domain.assets import Battery, EndValue, TaperPoint
from optimizer.domain.problem import Problem
from optimizer.errors import ConfigError
from optimizer.problem_file import problem_document, problem_schema, read_problem

STORE = {"capacity_kwh": 10, "soc_kwh": 2, "soc_max_kwh": 10, "max_charge_kw": 3, "max_discharge_kw": 3}
EV = {"energy_kwh": 8, "max_charge_kw": 4}
GENSET = {"max_kw": 5, "fuel_cost_per_kwh": 0.3}
TANK = {"kwh_per_k": 1, "temperature_c": 50, "comfort_min_c": 45, "comfort_max_c": 55, "max_kw": 3}
WASHER = {"name": "washer", "power_kw": 2, "run_h": 1}
FOUR_HOURS = {"start": "2026-06-01T12:00:00Z", "slot_minutes": 60, "slots": 4}


def text(**changes):
    """Four hours of 1 kW at flat prices; a change to ... leaves the key out."""
    document = {
        "schema": "heat-optimizer/problem/1",
        "horizon": FOUR_HOURS,
        "load_kw": 1,
        "import_price_per_kwh": 0.3,
        "export_price_per_kwh": 0.08,
    }
    return json.dumps({key: value for key, value in (document | changes).items() if value is not ...})


def read(**changes):
    return read_problem(text(**changes))


def faults_of(document):
    with pytest.raises(ConfigError) as caught:
        read_problem(document)
    return str(caught.value).splitlines()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(problems())
def test_every_problem_comes_back_the_same(problem):
    written = json.dumps(problem_document(problem), allow_nan=False)

    assert read_problem(written) == problem


def test_a_number_that_no_file_can_hold_is_refused_when_written():
    battery = Battery(
        **STORE | {"charge_taper": (TaperPoint(soc_kwh=0.0, limit_kw=1.0), TaperPoint(soc_kwh=1.0, limit_kw=inf))}
    )
    problem = replace(read(), batteries=(battery,))

    with pytest.raises(ValueError, match=r"batteries\[0\]\.charge_taper\[1\]\.limit_kw is inf"):
        problem_document(problem)


# --- what may be written shorter --------------------------------------------------------------------------------------


def test_only_the_horizon_the_load_and_the_prices_are_needed():
    assert read() == Problem(
        site_id="site",
        horizon=hours(4),
        load_kw=(1.0,) * 4,
        heat_kw=(0.0,) * 4,
        solar_kw=(0.0,) * 4,
        import_price_per_kwh=(0.3,) * 4,
        export_price_per_kwh=(0.08,) * 4,
        currency="EUR",
    )


@pytest.mark.parametrize(
    ("horizon", "minutes"),
    [
        ({"start": "2026-06-01T12:00:00Z", "slot_minutes": 15, "slots": 3}, (0, 15, 30, 45)),
        ({"start": "2026-06-01T12:00:00Z", "slot_minutes": [7.5, 15, 15]}, (0, 7.5, 22.5, 37.5)),
        ({"edges": ["2026-06-01T12:00:00Z", "2026-06-01T14:10:00+02:00"]}, (0, 10)),
    ],
)
def test_a_horizon_has_three_forms(horizon, minutes):
    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)

    assert read(horizon=horizon).horizon.edges == tuple(noon + timedelta(minutes=past) for past in minutes)
    assert read(horizon=horizon | {"zone": "Europe/Berlin"}).horizon.zone == "Europe/Berlin"


def test_infinity_is_a_word_where_a_limit_stands():
    problem = read(import_limit_kw=["inf", 1, 2, 3], export_limit_kw="inf", inverter_limit_kw="inf")

    assert problem.import_limit_kw == (inf, 1.0, 2.0, 3.0)
    assert (problem.export_limit_kw, problem.inverter_limit_kw) == (inf, inf)


def test_the_example_of_the_page_is_a_problem():
    page = problem_file.__doc__
    example = page[page.index("    {\n") : page.index("\nNeeded are")]

    problem = read_problem(dedent(example))

    assert problem.import_limit_kw == (inf, inf, 1.0, 1.0)
    assert problem.battery.end_values == (EndValue(kwh=10.0, value_per_kwh=0.2),)


def test_the_schema_knows_every_key_and_no_other():
    schema = problem_schema()
    objects = [schema, *(part for part in schema["$defs"].values() if part["type"] == "object")]

    assert set(schema["properties"]) == {"schema", *(field.name for field in fields(Problem))}
    assert sorted(schema["required"]) == sorted(json.loads(text()))
    assert [part["title"] for part in objects if part["additionalProperties"] is not False] == []
    assert set(schema["$defs"]["Battery"]["properties"]) == {field.name for field in fields(Battery)}


def test_names_may_begin_alike():
    assert [battery.name for battery in read(batteries=[STORE, STORE | {"name": "battery 2"}]).batteries] == [
        "battery",
        "battery 2",
    ]


# --- what is wrong, and what to do ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"lod_kw": 1}, "lod_kw: unknown key; did you mean 'load_kw'?"),
        (
            {"batteries": [STORE | {"reserv_kwh": 1}]},
            "batteries[0].reserv_kwh: unknown key; did you mean 'reserve_kwh'?",
        ),
        (
            {"batteries": [STORE | {"end_values": [{"kwh": 1, "value_per_kwh": 1, "value": 2}]}]},
            "batteries[0].end_values[0].value: unknown key; did you mean 'value_per_kwh'?",
        ),
        (
            {"batteries": [STORE | {"q": 1}]},
            "batteries[0].q: unknown key; known here: capacity_kwh, ceiling_kwh, charge_e",
        ),
        ({"horizon": FOUR_HOURS | {"slot": 1}}, "horizon.slot: unknown key; did you mean 'slots'?"),
        (
            {"horizon": FOUR_HOURS | {"slot_minutes": [60, 60]}},
            "horizon.slots: does not go together with the keys beside it",
        ),
        ({"load_kw": ...}, "load_kw: missing; it has no default"),
        ({"load_kw": "1"}, 'load_kw is "1": expected a number or a list'),
        ({"load_kw": True}, "load_kw is true: expected a number or a list"),
        ({"load_kw": [1, "2", 3, 4]}, 'load_kw[1] is "2": expected a number'),
        ({"load_kw": [1, nan, 3, 4]}, "load_kw[1] is NaN: expected a finite number"),
        ({"load_kw": "inf"}, 'load_kw is "inf": expected a number or a list'),
        ({"load_kw": 10**400}, "load_kw is 1000000000000000000000000000000000000000...: expected a finite number or"),
        ({"import_limit_kw": inf}, 'import_limit_kw is Infinity: expected a finite number or "inf" or a list'),
        ({"import_limit_kw": [1, None, 2, 3]}, 'import_limit_kw[1] is null: expected a number or "inf"'),
        ({"batteries": [STORE | {"soc_kwh": "2"}]}, 'batteries[0].soc_kwh is "2": expected a number'),
        ({"batteries": STORE}, "batteries is an object: expected a list"),
        ({"batteries": [3]}, "batteries[0] is 3: expected an object"),
        ({"curtailment_steps": 2.5}, "curtailment_steps is 2.5: expected a whole number"),
        ({"can_curtail": "yes"}, 'can_curtail is "yes": expected true or false'),
        (
            {"peak_charges": [{"interval_of_slot": [0] * 4, "direction": "in"}]},
            'peak_charges[0].direction is "in": expec',
        ),
        ({"horizon": 4}, "horizon is 4: expected an object"),
        ({"horizon": {"edges": ["2026-06-01T12:00:00Z"]}}, "horizon.edges is a list: expected 2 or more entries"),
        (
            {"horizon": FOUR_HOURS | {"start": "2026-06-01T12:00:00"}},
            'horizon.start: "2026-06-01T12:00:00" is no time with',
        ),
        (
            {"horizon": FOUR_HOURS | {"start": "1780315200"}},
            'horizon.start: "1780315200" is no time with its offset; writ',
        ),
        ({"horizon": FOUR_HOURS | {"slot_minutes": -15}}, "horizon.slot_minutes is -15: expected a number above 0"),
        ({"horizon": FOUR_HOURS | {"slot_minutes": 1e10}}, "horizon: ends after the year 9999"),
        ({"horizon": FOUR_HOURS | {"slots": 10**9}}, "horizon.slots is 1000000000: expected 1000000 or less"),
        ({"horizon": FOUR_HOURS | {"zone": "Berlin"}}, 'horizon.zone: "Berlin" is no IANA time zone; give one such as'),
        ({"solar_kw": [1, 2]}, "solar_kw has 2 values for 4 slots"),
        ({"batteries": [STORE, STORE]}, "two assets or charges are called 'battery': give each its own name"),
        ({"curtailment_steps": 10**400}, "curtailment_steps is 1000"),
        ({"batteries": [STORE | {"min_charge_kw": 5}]}, "battery: min_charge_kw 5 exceeds max_charge_kw 3"),
        ({"batteries": [STORE | {"min_discharge_kw": 5}]}, "battery: min_discharge_kw 5 exceeds max_discharge_kw 3"),
        ({"gensets": [GENSET | {"min_kw": 6}]}, "genset: min_kw 6 exceeds max_kw 5"),
        ({"ev_sessions": [EV | {"min_charge_kw": 6}]}, "ev: min_charge_kw 6 exceeds max_charge_kw 4"),
        ({"ev_sessions": [EV | {"efficiency": 2}]}, "ev.efficiency is 2.0: it must be at least 0.01 and at most 1"),
        ({"ev_sessions": [EV | {"efficiency": 0}]}, "ev.efficiency is 0.0: it must be at least 0.01 and at most 1"),
        (
            {"ev_sessions": [EV | {"first_slot": 3, "end_slot": 1}]},
            "ev: end_slot 1 must lie after first_slot 3",
        ),
        (
            {"deferrable_loads": [WASHER | {"first_slot": 2, "end_slot": 2}]},
            "washer: end_slot 2 must lie after first_slot 2",
        ),
        (
            {"heat_stores": [TANK | {"comfort_max_c": [55, 55, 40, 40]}]},
            "heat store: comfort_min_c 45 exceeds comfort_max_c 40 in slot 2",
        ),
        (
            {"heat_stores": [TANK | {"loss_kw_per_k": 3}]},
            "heat store.loss_kw_per_k is 3: beyond 1 the store cools down within less than a slot of 1 h; give shorter",
        ),
        (
            {"peak_charges": [{"interval_of_slot": [-1, 1, 1, 1], "metered_kwh": 1, "metered_h": 6e-200}]},
            "peak: metered_kwh 1 in metered_h 6e-200 is beyond any power",
        ),
        (
            {"gensets": [GENSET], "batteries": [STORE | {"name": "genset fuel"}]},
            "the name 'genset fuel' reads like a cost of 'genset': choose another",
        ),
        (
            {"batteries": [STORE], "ev_sessions": [EV | {"name": "battery demanded charge"}]},
            "the name 'battery demanded charge' reads like a cost of 'battery': choose another",
        ),
        (
            {"batteries": [STORE | {"name": "import_limit over kWh"}]},
            "the name 'import_limit over kWh' is taken by a cost of every plan: choose another",
        ),
        (
            {"schema": "heat-optimizer/problem/2"},
            'schema is "heat-optimizer/problem/2": this version reads "schema": "hea',
        ),
        ({"schema": ...}, 'schema is missing: this version reads "schema": "heat-optimizer/problem/1"'),
    ],
)
def test_each_slip_is_named_in_one_line(changes, fault):
    (line,) = faults_of(text(**changes))

    assert line.startswith(fault)


def test_unknown_keys_lead_and_five_faults_are_enough():
    lines = faults_of(text(heat_stores=[{"kwh": 1}], load_kw="x"))

    assert lines[0] == "heat_stores[0].kwh: unknown key; did you mean 'kwh_per_k'?"
    assert len(lines) == 6
    assert lines[-1] == "and 2 more"


def test_all_that_the_domain_finds_wrong_is_told_at_once():
    lines = faults_of(text(load_kw=[1], batteries=[STORE | {"name": "two\nlines", "charge_efficiency": 2}]))

    assert lines == [
        "load_kw has 1 values for 4 slots",
        "two lines.charge_efficiency is 2.0: it must be at least 0.01 and at most 1",
    ]


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ("", "not valid JSON: Expecting value"),
        ("[]", "the document is a list: expected an object"),
        ('{"load_kw": 1,}', "not valid JSON: "),
        ('{"a b": 1, "a b": 2}', '["a b"]: this key is given twice in one object; keep one'),
        ("[" * 100_000, "not valid JSON: nested too deeply"),
        ('{"load_kw": 1' + "0" * 5000 + "}", "not valid JSON: "),
        (text(site_id="\ud800"), "the document: Invalid JSON: "),
    ],
)
def test_what_is_no_json_object_is_told_without_a_traceback(document, fault):
    (line,) = faults_of(document)

    assert line.startswith(fault)
