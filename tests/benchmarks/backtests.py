"""Every set of measured data with load and sun, lived through whole: the four bills, and the regret in parts.

``make backtests`` runs it. Finished runs are kept in ``.backtests`` beside the checkout's other hidden folders, so that
it can be stopped and taken up again. As its last line it prints one JSON object.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from optimizer.backtest.asked import Asked
from optimizer.backtest.backtest import BILLS, Result, Work
from optimizer.backtest_command import run_backtest
from optimizer.log import configure_logging

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("HEAT_DATA_DIR", ROOT.parent / "shared" / "data"))
KEPT = ROOT / ".backtests"
MOST_REGRET, MOST_WORSE = 0.05, 0.005
BATTERY = """
[sites.battery]
capacity_kwh = {kwh}
max_charge_kw = 5
max_discharge_kw = 5
charge_efficiency = {efficiency}
discharge_efficiency = {efficiency}
"""
HOME = """
[[sites]]
timezone = "Europe/Paris"
{battery}
[sites.tariff]
strategy = "time_of_use"
import_price = 0.1419
export_price = 0.065
[[sites.tariff.periods]]
name = "day"
start = "07:00"
end = "22:00"
import_price = 0.1907
"""
CALIFORNIA = """
[[sites]]
timezone = "America/Los_Angeles"
{battery}
[sites.tariff]
strategy = "flat"
import_price = 0.25
export_price = 0.0
currency = "USD"
"""
SYNPRO = """
[[sites]]
timezone = "Europe/Berlin"
{battery}
[sites.solar]
peak_kw = 10
[sites.tariff]
strategy = "time_of_use"
import_price = 0.30
export_price = 0.08
[[sites.tariff.periods]]
name = "night"
start = "00:00"
end = "06:00"
import_price = 0.22
[[sites.tariff.periods]]
name = "evening"
start = "16:00"
end = "20:00"
import_price = 0.36
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """One home: its name, its settings, and its data as ``heat-optimizer backtest`` reads them."""

    name: str
    settings: str
    frame: pd.DataFrame


def sets() -> Iterator[Set]:
    """All of them, from the reference data."""
    usual = BATTERY.format(kwh=10, efficiency=0.95)
    home = pd.read_csv(DATA / "emhass_home_30min_2024_2025.csv.gz")
    yield Set(
        name="measured home", settings=HOME.format(battery=usual), frame=home[["timestamp_utc", "load_kw", "solar_kw"]]
    )
    californian = pd.read_csv(DATA / "citylearn2022_5homes_california.csv.gz")
    for number in range(1, 6):
        frame = pd.DataFrame(
            {
                "timestamp_utc": californian["timestamp_utc"],
                "load_kw": californian[f"load_kw_b{number}"],
                "solar_kw": californian[f"solar_kw_b{number}"],
                "import_price": californian["import_price_usd_per_kwh"],
                "export_price": 0.0,
            }
        )
        battery = BATTERY.format(kwh=6.4, efficiency=0.9)
        yield Set(name=f"California {number}", settings=CALIFORNIA.format(battery=battery), frame=frame)
    synpro = pd.read_csv(DATA / "synpro_sfh_heat_pv_de_15min.csv.gz")
    frame = pd.DataFrame(
        {
            "timestamp_utc": synpro["timestamp_utc"],
            "load_kw": synpro["load_kw_family"],
            "solar_kw": 10 * synpro["solar_kw_per_kwp_derived"],
            "heat_kw": synpro["heat_kw_passive_sfh"] + synpro["dhw_kw_passive_sfh"],
            "outdoor_temp_c": synpro["outdoor_temp_c"],
        }
    )
    yield Set(name="synPRO home", settings=SYNPRO.format(battery=usual), frame=frame)


def main() -> int:
    """Run them, print a table in Markdown and the JSON. 0 where both targets are met everywhere."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], help="names of sets")
    parser.add_argument("--from", dest="begin")
    parser.add_argument("--to", dest="end")
    parser.add_argument("--no-regret", action="store_true", help="the four bills alone")
    options = parser.parse_args()
    if not DATA.exists():
        print(f"no reference data at {DATA}: set HEAT_DATA_DIR to the folder that holds them", file=sys.stderr)
        return 2
    KEPT.mkdir(exist_ok=True)
    configure_logging(level="error")
    found: dict[str, Result] = {}
    for each in sets():
        if options.only and each.name not in options.only:
            continue
        config, data = KEPT / f"{each.name}.toml", KEPT / f"{each.name}.csv"
        config.write_text(each.settings, encoding="utf-8")
        each.frame.to_csv(data, index=False)
        begin, end = (None if text is None else pd.Timestamp(text, tz="UTC") for text in (options.begin, options.end))
        asked = Asked(config=config, data=data, begin=begin, end=end)
        found[each.name] = run_backtest(asked, Work(keep_in=KEPT, with_regret=not options.no_regret)).result
        print(row(each.name, found[each.name]), flush=True)
    print("\n".join(tables(found)))
    print(json.dumps({name: judged(result) for name, result in found.items()}))
    return 0 if all(all(judged(result)["met"].values()) for result in found.values()) else 1


def judged(result: Result) -> dict[str, Any]:
    """The bills, the regret, and whether the two targets are met."""
    whole = result.import_costs["no_battery"]
    regret = result.bills["daemon"] - result.bills["perfect_foresight"]
    worse = {
        str(month["month"]): (month["bills"]["daemon"] - month["bills"]["self_consumption"])
        / max(month["no_battery_import_cost"], 1e-9)
        for month in result.months
    }
    return {
        "bills": result.bills,
        "regret": result.regret,
        "regret_share": regret / whole,
        "worst_month": max(worse.items(), key=lambda each: each[1]),
        "cycles": result.cycles,
        "seconds": result.seconds,
        "met": {"regret": regret <= MOST_REGRET * whole, "months": max(worse.values()) <= MOST_WORSE},
    }


def row(name: str, result: Result) -> str:
    """One line while it goes on."""
    told = judged(result)
    bills = ", ".join(f"{key} {result.bills[key]:.2f}" for key in BILLS)
    return f"{name}: {bills} {result.currency}; regret {100 * told['regret_share']:.2f} %; worst {told['worst_month']}"


def tables(found: dict[str, Result]) -> Iterator[str]:
    """For the README: the bills, then the regret in its parts, where they were asked for."""
    heads = ("home", *BILLS, "regret", "worst month")
    yield from lines(heads, (billed(name, result) for name, result in found.items()))
    parts = tuple(next(iter(found.values())).regret) if found else ()
    if parts:
        yield ""
        yield from lines(("home", "regret", *parts), (parted(name, result) for name, result in found.items()))


def lines(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """One table in Markdown: a name, then numbers."""
    names = [name.replace("_", " ") for name in heads]
    yield "| " + " | ".join(names) + " |"
    yield "|---|" + "---:|" * (len(names) - 1)
    for cells in rows:
        yield "| " + " | ".join(cells) + " |"


def billed(name: str, result: Result) -> Iterator[str]:
    """The bills, how far the daemon's is from the floor, and its worst month against the rule."""
    told = judged(result)
    month, worse = told["worst_month"]
    yield f"{name} ({result.currency})"
    yield from (f"{result.bills[key]:.2f}" for key in BILLS)
    yield f"{100 * told['regret_share']:.1f} %"
    yield f"{month}: {100 * worse:+.2f} %"


def parted(name: str, result: Result) -> Iterator[str]:
    """The regret, and what of it is whose."""
    yield f"{name} ({result.currency})"
    yield f"{result.bills['daemon'] - result.bills['perfect_foresight']:.2f}"
    yield from (f"{money:+.2f}" for money in result.regret.values())


if __name__ == "__main__":
    sys.exit(main())
