"""Feeds and tariffs in different money are refused by name."""

import pytest

from optimizer.app import build_dry
from optimizer.currencies import refuse_other_currency
from optimizer.errors import ConfigError

DANISH = {"spot": {"feed": "energi_data_service", "area": "DK1"}}


def refuse(tariff, feeds=DANISH) -> None:
    refuse_other_currency("sites[0].tariff", tariff, feeds, site_path="sites[0]")


@pytest.mark.parametrize(
    "tariff",
    [
        {"strategy": "series", "import_series": "spot"},
        {"strategy": "composed", "import_parts": [{"name": "spot", "series": "spot"}]},
        {"strategy": "series", "import_series": "spot", "currency": "SEK"},
    ],
)
def test_a_feed_in_other_money_than_the_tariff_is_refused(tariff):
    with pytest.raises(ConfigError, match=r"sites\[0\]\.feeds\.spot: its prices are in DKK, sites\[0\]\.tariff counts"):
        refuse(tariff)


@pytest.mark.parametrize(
    ("tariff", "feeds"),
    [
        ({"strategy": "series", "import_series": "spot", "currency": "DKK"}, DANISH),
        ({"strategy": "series", "import_series": "spot"}, {"spot": {**DANISH["spot"], "currency": "EUR"}}),
        ({"strategy": "series", "import_series": "spot", "import_factor": 0.134}, DANISH),
        ({"strategy": "series", "import_series": "spot"}, {"spot": {"feed": "file", "path": "prices.csv"}}),
        ({"strategy": "series", "import_series": "spot", "currency": "AUD"}, {}),
    ],
    ids=["both in crowns", "both in euros", "a factor converts", "a file says nothing", "no feed"],
)
def test_what_agrees_converts_or_says_nothing_is_taken(tariff, feeds):
    refuse(tariff, feeds)


def test_a_service_whose_feed_is_in_other_money_does_not_start(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text(
        """
[heat_cloud]
base_url = "https://cloud.example.com"
api_key = {env = "KEY"}
[[sites]]
site_id = "one"
timezone = "Europe/Berlin"
[sites.feeds.spot]
feed = "awattar"
country = "DE"
[sites.tariff]
strategy = "series"
import_series = "spot"
currency = "CHF"
""",
        encoding="utf-8",
    )

    with pytest.raises(ConfigError, match=r"its prices are in EUR, .* counts in CHF"):
        build_dry(file, environ={"KEY": "agk_1.ags_2"})
