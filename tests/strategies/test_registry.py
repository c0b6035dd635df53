import sys
from pathlib import Path

import pytest

from strategies import ConfigError, FeedContext, Market
from strategies.registry import (
    build_feed,
    build_series_feed,
    build_strategy,
    feed_names,
    installed_feeds,
    installed_strategies,
    strategy_names,
)

PATH = "sites[0].tariff"


@pytest.fixture
def context(tmp_path):
    return FeedContext(base_folder=tmp_path, zone="Europe/Berlin")


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a small distribution on the path: its name, one module and the lines of entry_points.txt."""
    modules = []

    def put(name: str, source: str, entry_points: str) -> None:
        root = tmp_path / name
        info = root / f"{name}-1.2.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(entry_points)
        (root / f"{name}_module.py").write_text(source)
        monkeypatch.syspath_prepend(str(root))
        modules.append(f"{name}_module")

    yield put
    for module in modules:
        sys.modules.pop(module, None)


def manual_example() -> str:
    """The class in the author's manual, as an author would copy it."""
    import strategies

    text = strategies.__doc__.split("``acme_tariff.py``::")[1].split("It is announced")[0]
    return "\n".join(line.removeprefix("    ") for line in text.splitlines())


def test_what_is_built_in_is_listed():
    assert strategy_names() == ("composed", "flat", "series", "time_of_use", "urdb")
    assert feed_names() == (
        *("amber", "awattar", "energi_data_service", "energy_charts", "entsoe", "file", "nord_pool", "octopus"),
        *("tibber", "urdb"),
    )
    assert ("flat", "built in") in installed_strategies()
    assert ("file", "built in") in installed_feeds()


def test_the_manual_s_example_works_through_a_real_entry_point(install):
    from datetime import UTC, datetime

    from optimizer.domain.horizon import plan_horizon

    install("acme", manual_example(), "[heat_optimizer.strategies]\nlong_slots_cheap = acme_module:LongSlotsCheap\n")
    assert ("long_slots_cheap", "acme 1.2 (acme_module:LongSlotsCheap)") in installed_strategies()
    built = build_strategy({"strategy": "long_slots_cheap", "import_price": 0.3, "rebate": 0.1}, path=PATH)
    now = datetime(2026, 5, 6, 10, 30, tzinfo=UTC)
    tariff = built.tariff(plan_horizon(now, slot_minutes=60, horizon_hours=1.5), Market())
    assert tariff.import_price_per_kwh == pytest.approx([0.3, 0.2])


def test_a_feed_of_a_stranger_is_built_with_its_context(install, context):
    source = (
        "from strategies import FeedOptions, Series\n"
        "class Feed:\n"
        "    class Options(FeedOptions):\n"
        "        area: str\n"
        "    def __init__(self, options, context):\n"
        "        self.zone = context.zone\n"
        "    def fetch(self, start, end):\n"
        "        return Series(starts=(), ends=(), values=())\n"
    )
    install("grid", source, "[heat_optimizer.feeds]\ngrid = grid_module:Feed\n")
    assert build_feed({"feed": "grid", "area": "DE"}, path="x", context=context).zone == "Europe/Berlin"
    with pytest.raises(ConfigError, match=r"sites\[0\]\.feeds\.import\.area: missing"):
        build_feed({"feed": "grid"}, path="sites[0].feeds.import", context=context)


def test_a_feed_of_a_stranger_may_bring_a_document_where_no_series_is_asked_for(install, context):
    source = (
        "from strategies import FeedOptions\n"
        "class Feed:\n"
        "    class Options(FeedOptions):\n"
        "        pass\n"
        "    def __init__(self, options, context):\n"
        "        pass\n"
        "    def fetch_document(self):\n"
        "        return '{}'\n"
    )
    install("rates", source, "[heat_optimizer.feeds]\nrates = rates_module:Feed\n")
    assert build_feed({"feed": "rates"}, path="x", context=context).fetch_document() == "{}"
    with pytest.raises(ConfigError, match=r"forecasts\.load\.feed: 'rates' brings a tariff's structure, not a series"):
        build_series_feed({"feed": "rates"}, path="forecasts.load", context=context)


def test_a_feed_that_brings_nothing_is_refused_with_what_it_could_have(install, context):
    source = (
        "from strategies import FeedOptions\n"
        "class Feed:\n"
        "    class Options(FeedOptions):\n"
        "        pass\n"
        "    def __init__(self, options, context):\n"
        "        pass\n"
    )
    install("empty", source, "[heat_optimizer.feeds]\nempty = empty_module:Feed\n")
    with pytest.raises(ConfigError, match="Feed has no method 'fetch' or 'fetch_document'"):
        build_feed({"feed": "empty"}, path="x", context=context)


def test_a_name_that_a_built_in_holds_is_refused_with_both_origins(install):
    install("acme", "", "[heat_optimizer.strategies]\nflat = acme_module:Flat\n")
    both = r"name 'flat': built in and acme 1\.2 \(acme_module:Flat\)"
    with pytest.raises(ConfigError, match=both):
        strategy_names()
    with pytest.raises(ConfigError, match=both):
        build_strategy({"strategy": "series"}, path=PATH)


def test_a_name_that_two_strangers_hold_is_refused_with_both_origins(install):
    install("one", "", "[heat_optimizer.feeds]\nspot = one_module:A\n")
    install("two", "", "[heat_optimizer.feeds]\nspot = two_module:B\n")
    with pytest.raises(ConfigError) as refused:
        feed_names()
    assert "one 1.2 (one_module:A)" in str(refused.value)
    assert "two 1.2 (two_module:B)" in str(refused.value)
    assert strategy_names()


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("import no_such_package_anywhere", "cannot be imported: ModuleNotFoundError"),
        ("def broken(:", "cannot be imported: SyntaxError"),
        ("raise RuntimeError('no licence')", "cannot be imported: RuntimeError: no licence"),
        ("", "cannot be imported: AttributeError"),
        ("class Peak: pass", "is not a class with a pydantic model named Options"),
    ],
)
def test_a_broken_plugin_harms_only_those_who_ask_for_it(install, source, cause):
    install("acme", source, "[heat_optimizer.strategies]\npeak = acme_module:Peak\n")
    assert "peak" in strategy_names()
    assert build_strategy({"strategy": "flat", "import_price": 0.3}, path=PATH)
    assert any(name == "peak" and "broken: " in origin and cause in origin for name, origin in installed_strategies())
    with pytest.raises(ConfigError) as refused:
        build_strategy({"strategy": "peak"}, path=PATH)
    assert str(refused.value).startswith(f"{PATH}.strategy: 'peak' from acme 1.2 (acme_module:Peak) {cause}")


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (
            "    def __init__(self, options):\n        raise ValueError('peak before start')\n",
            "tariff: peak before start",
        ),
        ("    def __init__(self, options):\n        pass\n", "has no method 'tariff'"),
        ("    def __init__(self):\n        pass\n", "takes 1 positional argument"),
    ],
)
def test_a_plugin_that_cannot_be_built_is_a_setting_to_mend(install, body, cause):
    source = f"from strategies import StrategyOptions\nclass Peak:\n    class Options(StrategyOptions):\n        pass\n{body}"
    install("acme", source, "[heat_optimizer.strategies]\npeak = acme_module:Peak\n")
    with pytest.raises(ConfigError, match=cause):
        build_strategy({"strategy": "peak"}, path=PATH)


def refusal(options: dict) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        build_strategy(options, path=PATH)
    return str(refused.value).splitlines()


def test_an_unknown_strategy_is_told_with_the_installed_ones():
    assert refusal({"strategy": "tou"}) == [
        (
            "sites[0].tariff.strategy: no strategy 'tou'; installed: composed, flat, series, time_of_use, urdb "
            "(did you mean 'time_of_use'?)"
        )
    ]


@pytest.mark.parametrize("options", [{}, {"strategy": 3}])
def test_a_tariff_without_a_strategy_is_told_so(options):
    assert refusal(options)[0].startswith("sites[0].tariff.strategy: ")
    assert "installed: composed, flat, series, time_of_use" in refusal(options)[0]


def test_a_misspelt_option_is_told_with_the_nearest_one():
    lines = refusal({"strategy": "flat", "import_prise": 0.3})
    assert "sites[0].tariff.import_prise: unknown option; did you mean 'import_price'?" in lines
    assert any(line.startswith("sites[0].tariff.import_price: missing; give the price per kWh") for line in lines)


def test_an_option_like_no_other_is_told_with_all_that_exist():
    assert refusal({"strategy": "flat", "import_price": 0.3, "zzz": 1}) == [
        "sites[0].tariff.zzz: unknown option; known here: currency, export_price, import_price"
    ]


def test_a_wrong_value_is_told_with_path_value_and_way_out():
    assert refusal({"strategy": "flat", "import_price": "cheap"}) == [
        (
            "sites[0].tariff.import_price: got 'cheap'; input should be a valid number; "
            "give the price per kWh bought, e.g. import_price = 0.32"
        )
    ]


def test_all_problems_stand_in_one_message_with_the_path_of_each_period():
    lines = refusal(
        {
            "strategy": "time_of_use",
            "import_price": 0.3,
            "currency": "euro",
            "periods": [
                {"name": "peak", "import_price": 0.4, "begin": "17:00"},
                {"name": "night", "import_price": 0.2, "start": "22.00", "days": ["moon"]},
                {"name": "nothing"},
            ],
        }
    )
    paths = {line.split(": ")[0].removeprefix(PATH) for line in lines}
    assert paths == {".currency", ".periods[0].begin", ".periods[1].start", ".periods[1].days[0]", ".periods[2]"}
    assert any("got '22.00'; not a time of the day; give local time in quotes" in line for line in lines)
    assert any("periods[2]: the period sets no price; give import_price" in line for line in lines)


def test_what_may_be_a_secret_is_not_printed(install):
    source = (
        "from strategies import StrategyOptions\n"
        "class Peak:\n    class Options(StrategyOptions):\n        api_key: str\n"
        "    def __init__(self, options):\n        pass\n"
    )
    install("acme", source, "[heat_optimizer.strategies]\npeak = acme_module:Peak\n")
    (line,) = refusal({"strategy": "peak", "api_key": 12345})
    assert line == "sites[0].tariff.api_key: input should be a valid string"


def test_a_relative_path_starts_at_the_base_folder(context):
    Path(context.base_folder, "p.csv").write_text("start,price\n2026-05-06T00:00Z,1\n2026-05-06T01:00Z,2\n")
    from datetime import UTC, datetime

    feed = build_feed({"feed": "file", "path": "p.csv"}, path="x", context=context)
    series = feed.fetch(datetime(2026, 5, 6, tzinfo=UTC), datetime(2026, 5, 7, tzinfo=UTC))
    assert series.values == (1.0, 2.0)
