"""Settings: what loads, what is refused, and how the refusal helps."""

import io
import logging

import pytest
import structlog

from optimizer.cli import main
from optimizer.errors import ConfigError
from optimizer.log import REDACT, configure_logging
from optimizer.secret import SecretRef
from optimizer.settings_file import load_settings

SMALL = """
[heat_cloud]
base_url = "https://cloud.example.com/"
api_key = {env = "SOME_KEY"}
{cloud}
[heat_cloud.conventions]
bess_power_positive = "charge"
{conventions}
[planning]
{planning}
[[sites]]
site_id = "one"
timezone = "Europe/Berlin"
{site}
[sites.tariff]
strategy = "flat"
import_price = 0.3
{more}
"""


def write(tmp_path, **parts: str):
    text = SMALL
    for name in ("cloud", "conventions", "planning", "site", "more"):
        text = text.replace("{" + name + "}", parts.get(name, ""))
    file = tmp_path / "settings.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_small_file_has_a_default_for_everything_else(tmp_path):
    settings = load_settings(write(tmp_path))

    assert settings.heat_cloud.base_url == "https://cloud.example.com"
    assert (settings.planning.slot_minutes, settings.planning.horizon_hours) == (15, 36.0)
    assert settings.heat_cloud.conventions.max_entries_per_command == 96


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"cloud": "timout_s = 3"}, "heat_cloud.timout_s: unknown setting; did you mean 'timeout_s'?"),
        ({"planning": "horizont_hours = 3"}, "planning.horizont_hours: unknown setting; did you mean 'horizon_hours'?"),
        ({"site": "dispach = 'x'"}, "sites[0].dispach: unknown setting; did you mean 'dispatch'?"),
        ({"site": "[sites.batery]"}, "sites[0].batery: unknown setting; did you mean 'battery'?"),
        ({"planning": "slot_minutes = 7"}, "planning.slot_minutes: 7 is not one of 5, 10, 15"),
        (
            {"planning": "finer = [{ slot_minutes = 10, until_hours = 2 }]"},
            "finer slots of 10 min until 2 h do not fit in front of slots of 15 min until 36 h",
        ),
        ({"planning": "publish_hours = 48"}, "publish_hours (48) exceeds horizon_hours (36)"),
        ({"site": "[sites.battery]\nsoc_min_percent = 90\nsoc_max_percent = 80"}, "sites[0].battery: soc_min_percent"),
        ({"conventions": "stale_after_minutes = 90"}, "stale_after_minutes (90) exceeds unusable_after_minutes (60)"),
        ({"conventions": "curtailment_percent = 'leave'"}, "heat_cloud.conventions.curtailment_percent"),
        ({"more": '[[sites]]\nsite_id = "ONE"\ntimezone = "UTC"\n[sites.tariff]'}, "site_id one stands in two"),
        ({"more": "["}, "not valid TOML"),
        ({"site": "peak_charges = 5"}, "sites[0].peak_charges: a list of sections: write [[sites.peak_charges]]"),
        ({"site": "[[sites.battery]]"}, "sites[0].battery: one section: write [sites.battery]"),
        ({"more": "[web]\nnames = 'here'"}, "web.names: a list: write names = […]"),
    ],
)
def test_a_mistake_is_named_by_path_and_way_out(tmp_path, parts, words):
    with pytest.raises(ConfigError) as caught:
        load_settings(write(tmp_path, **parts))

    assert words in str(caught.value)


def test_a_value_in_the_place_of_a_section_is_told_how_sections_are_written(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text("sites = 1\nledger = 'here.sqlite3'\n", encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        load_settings(file)

    told = str(caught.value)
    assert "sites: a list of sections: write [[sites]] and its settings below it" in told
    assert "ledger: one section: write [ledger] and its settings below it" in told
    assert "LedgerSettings" not in told


def test_the_environment_overrides_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("HEAT_OPTIMIZER_PLANNING__SLOT_MINUTES", "30")
    monkeypatch.setenv("HEAT_OPTIMIZER_HEAT_CLOUD__CONVENTIONS__BESS_POWER_POSITIVE", "discharge")

    settings = load_settings(write(tmp_path))

    assert settings.planning.slot_minutes == 30
    assert settings.heat_cloud.conventions.bess_power_positive.value == "discharge"
    assert settings.heat_cloud.base_url == "https://cloud.example.com"


def test_a_misspelt_variable_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("HEAT_OPTIMIZER_PLANING__SLOT_MINUTES", "30")

    with pytest.raises(ConfigError, match="did you mean 'planning'"):
        load_settings(write(tmp_path))


def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path):
    file = write(tmp_path)
    file.write_text(file.read_text().replace('{env = "SOME_KEY"}', '"agk_1.ags_hidden"'))

    with pytest.raises(ConfigError, match="a secret is never written into the settings") as caught:
        load_settings(file)

    assert "ags_hidden" not in str(caught.value)


@pytest.mark.parametrize("key", ["agk_1.ags_hidden", "aris_tok_hidden_9f8e7d"])
@pytest.mark.parametrize("kind", ["env", "file", "credential"])
def test_a_secret_in_the_place_of_its_variable_s_name_is_refused_and_not_repeated(tmp_path, kind, key):
    file = write(tmp_path)
    file.write_text(file.read_text().replace('{env = "SOME_KEY"}', f'{{{kind} = "{key}"}}'))

    with pytest.raises(ConfigError, match=r"not the name of an environment variable|a key itself stands") as caught:
        load_settings(file)

    assert "heat_cloud.api_key" in str(caught.value)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("name", ["aris_tok_home", "agk_key", "keys/aris_tok_home"])
def test_a_file_may_be_called_like_what_it_holds(name):
    assert str(SecretRef(file=name).file) == name
    assert SecretRef(credential=name).credential == name


def test_an_address_with_a_query_is_refused_for_it_may_hold_a_key_and_not_repeated(tmp_path):
    file = write(tmp_path)
    file.write_text(file.read_text().replace("cloud.example.com", "cloud.example.com/?api_key=hidden"))

    with pytest.raises(ConfigError, match="no user, password, query or blank") as caught:
        load_settings(file)

    assert "hidden" not in str(caught.value)


def test_a_wrong_tariff_ends_the_command_with_two_and_its_path(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("SOME_KEY", "agk_1.ags_2")

    code = main(["plan", "--config", str(write(tmp_path, more="import_prise = 1"))])

    assert code == 2
    assert "sites[0].tariff.import_prise" in capsys.readouterr().err


def test_a_secret_is_found_where_it_is_said_to_be(tmp_path):
    (tmp_path / "key").write_text(" secret-1\n")

    assert SecretRef(env="A").resolve("p", {"A": "secret-0"}, tmp_path) == "secret-0"
    assert SecretRef(file="key").resolve("p", {}, tmp_path) == "secret-1"
    assert SecretRef(credential="key").resolve("p", {"CREDENTIALS_DIRECTORY": str(tmp_path)}, tmp_path) == "secret-1"


@pytest.mark.parametrize("reference", [{"env": "NONE"}, {"file": "none"}, {"credential": "none"}])
def test_a_secret_that_is_not_there_is_named_by_its_path(tmp_path, reference):
    with pytest.raises(ConfigError, match=r"heat_cloud\.api_key"):
        SecretRef(**reference).resolve("heat_cloud.api_key", {}, tmp_path)


@pytest.mark.parametrize("reference", [{}, {"env": "A", "file": "b"}])
def test_a_secret_has_exactly_one_place(reference):
    with pytest.raises(ValueError, match="exactly one of"):
        SecretRef(**reference)


def test_no_secret_passes_the_log_whoever_speaks():
    stream = io.StringIO()
    REDACT.add(["ags_very-secret"])
    configure_logging(style="json", stream=stream)

    structlog.get_logger().info("seen", url="x?k=ags_very-secret", nested={"a": ["ags_very-secret"]}, api_key="other")
    logging.getLogger("some.library").warning("key %s refused", "ags_very-secret")

    assert "ags_very-secret" not in stream.getvalue()
    assert "other" not in stream.getvalue()
    assert stream.getvalue().count("***") == 4
