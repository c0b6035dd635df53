"""``strategies show``: a day's prices as text, for the tariff that was named."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from optimizer.cli import main
from optimizer.domain.horizon import Horizon, plan_horizon
from optimizer.domain.peaks import PeakStep
from optimizer.domain.tariff import (
    EnergyTier,
    EnergyTiers,
    FixedCharge,
    MinimumCharge,
    Netting,
    PeakCharge,
    PricePart,
    Tariff,
)
from optimizer.tariff_report import ShownDay, charges_told, day_text

SETTINGS = """
[heat_cloud]
base_url = "https://heat.example"
api_key = {env = "TEST_HEAT_KEY"}
conventions = {bess_power_positive = "charge"}
[[sites]]
site_id = "Here"
timezone = "Europe/Berlin"
tariff = {strategy = "flat", import_price = 0.31}
fallback_tariff = {strategy = "time_of_use", import_price = 0.32}
[[sites.challengers]]
name = "dearer"
tariff = {strategy = "flat", import_price = 0.33}
"""


def text_of(tariff: Tariff, horizon: Horizon) -> str:
    return day_text(ShownDay(title="here", horizon=horizon, tariff=tariff), Console(width=120))


def test_the_hour_that_comes_twice_is_shown_twice_and_an_uneven_one_by_its_slots():
    horizon = plan_horizon(
        datetime(2026, 10, 24, 22, tzinfo=UTC), slot_minutes=15, horizon_hours=25, zone="Europe/Berlin"
    )
    prices = tuple(0.3 if at.minute or at.hour != 5 else -0.1 for at in horizon.starts)

    text = text_of(Tariff(import_price_per_kwh=prices, export_price_per_kwh=(0.0,) * len(horizon)), horizon)

    assert text.count(" 02:00 ") == 2
    assert (text.count(" 06:00 "), text.count(" 06:15 "), text.count(" 07:15 ")) == (1, 1, 0)
    assert text.count("0.3000") == 24 + 3
    assert "-0.1000 │ --------  " in text


def test_every_charge_is_told():
    tariff = Tariff(
        import_price_per_kwh=(0.2,),
        export_price_per_kwh=(0.1,),
        parts=(PricePart(name="[spot]", price_per_kwh=(0.15,)), PricePart(name="fee", price_per_kwh=(0.05,))),
        peak_charges=(
            PeakCharge(name="kW", price_per_kw=4.0, highest_days=3),
            PeakCharge(name="step", interval_minutes=60, steps=(PeakStep(above_kw=2, charge=100),)),
        ),
        energy_tiers=(EnergyTiers(name="block", tiers=(EnergyTier(above_kwh=40, added_price_per_kwh=-0.02),)),),
        netting=Netting(minutes=None),
        fixed_charges=(FixedCharge(name="basic", amount=9.9),),
        minimum_charge=MinimumCharge(amount=30.0),
        import_limit_kw=25.0,
        known_until=datetime(2026, 5, 6, 22, tzinfo=UTC),
        notes=("what was filled",),
    )

    assert list(charges_told(tariff)) == [
        "import part [spot]: 0.1500 per kWh",
        "import part fee: 0.0500 per kWh",
        "peak charge kW: 4 per kW; highest 15 min of import each month, mean of 3 days",
        "peak charge step: 100 above 2 kW; highest 60 min of import each month",
        "energy block: -0.02 beyond 40 kWh, per kWh of import and month",
        "netting: import and export are set off within a month",
        "fixed charge basic: 9.9 per month",
        "minimum charge: 30 per month",
        "import limit: 25 kW",
        "known until 2026-05-06T22:00Z",
        "what was filled",
    ]


def test_a_part_in_brackets_keeps_its_name_in_the_table():
    start = datetime(2026, 5, 6, tzinfo=UTC)
    horizon = Horizon((start, start + timedelta(hours=1), start + timedelta(hours=2)), "UTC")
    prices = (0.15, 0.25)
    part = PricePart(name="[red]", price_per_kwh=prices)

    text = text_of(Tariff(import_price_per_kwh=prices, export_price_per_kwh=(0.0, 0.0), parts=(part,)), horizon)

    assert "import part [red]" in text.splitlines()[2]


@pytest.mark.parametrize(
    ("name", "price", "lines"),
    [("here", "0.3100", 23), ("flat", "0.3100", 23), ("flat", "0.3300", 23), ("time_of_use", "0.3200", 23)],
)
def test_a_name_is_a_site_or_any_strategy_of_the_settings(tmp_path, monkeypatch, capsys, name, price, lines):
    assert shown(tmp_path, monkeypatch, name, "2026-03-29") == 0
    assert capsys.readouterr().out.count(price) == lines


@pytest.mark.parametrize(
    ("name", "day", "told"),
    [
        ("flt", "2026-03-29", "no strategy 'flt'; installed: "),
        ("composed", "2026-03-29", "strategies show composed: with the options of Here.tariff.import_price: unknown"),
        ("flat", "29.3.2026", "--day 29.3.2026: not a day of the form 2026-03-29"),
        ("flat", "9999-12-31", "--day 9999-12-31: years from 1971 to 2200 can be shown"),
    ],
)
def test_what_cannot_be_shown_is_told(tmp_path, monkeypatch, capsys, name, day, told):
    assert shown(tmp_path, monkeypatch, name, day) == 2
    assert told in capsys.readouterr().err


def shown(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, day: str) -> int:
    monkeypatch.setenv("TEST_HEAT_KEY", "not-a-real-key")
    monkeypatch.chdir(folder)
    file = folder / "site.toml"
    file.write_text(SETTINGS, encoding="utf-8")
    return main(["strategies", "show", name, "--config", str(file), "--day", day])
