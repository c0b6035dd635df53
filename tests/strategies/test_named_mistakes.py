"""Each mistake of a strategy's author is caught by its name, in words that tell the way out."""

import random
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ConfigDict

from optimizer.domain.horizon import Horizon
from strategies import ForecastGap, Market, Series, StrategyOptions, Tariff
from strategies.conformance import StrategyCase
from strategies.conformance.cost_checks import check_it_is_fast
from strategies.conformance.strategy_checks import CHECKS

RATE_FILE = Path(__file__).parents[2] / "config" / "urdb-commercial-example.json"
HOUR = timedelta(hours=1)


def spot(horizon: Horizon) -> dict[str, Series]:
    """Hourly prices from two days before the horizon to its end."""
    first = horizon.start.replace(minute=0) - timedelta(days=2)
    starts = tuple(first + timedelta(hours=n) for n in range(int((horizon.end - first) / HOUR) + 1))
    values = tuple(0.05 + 0.001 * (at.hour * 7 % 11) for at in starts)
    return {"spot": Series(starts=starts, ends=tuple(at + HOUR for at in starts), values=values)}


class Right:
    """Flat; what its descendants do is wrong."""

    class Options(StrategyOptions):
        price: float = 0.3

    def __init__(self, options: Options) -> None:
        self.options = options

    def tariff(self, horizon: Horizon, market: Market) -> Tariff:
        return Tariff(
            import_price_per_kwh=self.prices(horizon, market), export_price_per_kwh=(self.sold(),) * len(horizon)
        )

    def prices(self, horizon: Horizon, market: Market) -> tuple[float, ...]:
        return (self.options.price,) * len(horizon)

    def sold(self) -> float:
        return 0.08


class InCents(Right):
    def prices(self, horizon, market):
        return (25.0,) * len(horizon)


class PerMwh(Right):
    def prices(self, horizon, market):
        return (87.0,) * len(horizon)


class Short(Right):
    def prices(self, horizon, market):
        return (0.3,) * 3


class NotANumber(Right):
    def prices(self, horizon, market):
        return (0.3, float("nan")) + (0.3,) * (len(horizon) - 2)


class Endless(Right):
    def sold(self):
        return float("inf")


class ChargedForExport(Right):
    def sold(self):
        return -0.08


class NaiveUntil(Right):
    def tariff(self, horizon, market):
        return replace(super().tariff(horizon, market), known_until=horizon.end.replace(tzinfo=None))


class LocalUntil(Right):
    def tariff(self, horizon, market):
        until = horizon.end.astimezone(datetime.fromisoformat("2026-01-01T00:00+01:00").tzinfo)
        return replace(super().tariff(horizon, market), known_until=until)


class NaiveInside(Right):
    def prices(self, horizon, market):
        return tuple(0.3 if at < datetime(2030, 1, 1) else 0.4 for at in horizon.starts)


class BySlotNumber(Right):
    def prices(self, horizon, market):
        return tuple(0.3 if slot % 24 < 12 else 0.4 for slot in range(len(horizon)))


class ByStart(Right):
    def prices(self, horizon, market):
        return (0.3 + 0.01 * horizon.start.hour,) * len(horizon)


class WithoutWeights(Right):
    """Cheap until 22:30 UTC, though hours straddle that."""

    def prices(self, horizon, market):
        return tuple(0.4 if (at.hour, at.minute) >= (22, 30) else 0.3 for at in horizon.starts)


class ByUtc(Right):
    """Right in winter."""

    def prices(self, horizon, market):
        return tuple(0.3 if 6 <= (at.hour + 1) % 24 < 22 else 0.2 for at in horizon.starts)


class ByTheStartsOffset(Right):
    def prices(self, horizon, market):
        offset = horizon.start.astimezone(ZoneInfo(horizon.zone)).utcoffset()
        return tuple(0.3 if 6 <= (at + offset).hour < 22 else 0.2 for at in horizon.starts)


class ByTheFirstDay(Right):
    """Weekend or working day is decided once, where the horizon begins."""

    def prices(self, horizon, market):
        is_weekend = horizon.start.astimezone(ZoneInfo(horizon.zone)).weekday() >= 5
        return (0.22 if is_weekend else 0.34,) * len(horizon)


class SoldByUtc(Right):
    """Only what is fed in goes by UTC."""

    def tariff(self, horizon, market):
        sold = tuple(0.05 if 10 <= at.hour < 14 else 0.09 for at in horizon.starts)
        return replace(super().tariff(horizon, market), export_price_per_kwh=sold)


class KeepsTheFirst(Right):
    """The prices of the very first window, for ever."""

    def prices(self, horizon, market):
        if not hasattr(self, "kept"):
            zone = ZoneInfo(horizon.zone)
            self.kept = tuple(0.34 if 6 <= at.astimezone(zone).hour < 22 else 0.22 for at in horizon.starts)
        return self.kept


class WithClock(Right):
    def prices(self, horizon, market):
        return (0.3 if datetime.now(UTC).year > 2000 else 0.2,) * len(horizon)


class WithChance(Right):
    def prices(self, horizon, market):
        return (0.3 + 0.1 * random.random(),) * len(horizon)


class WithFile(Right):
    def prices(self, horizon, market):
        return (0.3 if RATE_FILE.read_text(encoding="utf-8") else 0.2,) * len(horizon)


class WithMemory(Right):
    def __init__(self, options):
        super().__init__(options)
        self.asked = count()

    def prices(self, horizon, market):
        return (0.3 + 0.01 * next(self.asked),) * len(horizon)


class Greedy(Right):
    def prices(self, horizon, market):
        market.series.clear()
        return super().prices(horizon, market)


class SilentZero(Right):
    def prices(self, horizon, market):
        known = market.series.get("spot")
        by_start = {} if known is None else dict(zip(known.starts, known.values, strict=True))
        hours = [at.replace(minute=0) for at in horizon.starts]
        return tuple(by_start.get(hour, 0.0) for hour in hours)


class Crashing(Right):
    def prices(self, horizon, market):
        return (market.series["spot"].values[0],) * len(horizon)


class Open(Right):
    class Options(StrategyOptions):
        model_config = ConfigDict(extra="ignore")
        price: float = 0.3


class Changeable(Right):
    class Options(StrategyOptions):
        model_config = ConfigDict(frozen=False)
        price: float = 0.3


class Slow(Right):
    def prices(self, horizon, market):
        return (0.3 + 0.0 * sum(number * 0.5 for number in range(1_500_000)),) * len(horizon)


MISTAKES = [
    (InCents, "wrong unit: import_price_per_kwh is 25 EUR per kWh in slot 0 .*looks like cents.*divide by 100"),
    (PerMwh, "wrong unit: .*a price per MWh: divide by 1000"),
    (Short, r"gap: 3 values of import_price_per_kwh for 145 slots; .*slot 3 \(Wed 2026-05-06 12:45 Europe/Berlin\)"),
    (NotANumber, r"NaN: import_price_per_kwh is nan in slot 1 \(Wed 2026-05-06 12:15 Europe/Berlin\)"),
    (Endless, r"infinite: export_price_per_kwh is inf in slot 0 \(Wed 2026-05-06 12:07 Europe/Berlin\)"),
    (ChargedForExport, "wrong sign: every export price is negative .*positive is what the site is paid"),
    (NaiveUntil, "naive time: known_until .*give aware UTC"),
    (LocalUntil, r"known_until .*\+01:00: give it in UTC"),
    (NaiveInside, "naive time: NaiveInside compares a time without a zone"),
    (BySlotNumber, "price by time, not by the number of the slot"),
    (ByStart, "price by time, not by the number of the slot or where the horizon begins"),
    (WithoutWeights, "weight by time what changes within a slot"),
    (ByUtc, "shifted hour on the day of the clock change: from 2026-03-29 on .*move by an hour in local time"),
    (ByTheStartsOffset, "shifted hour on the day of the clock change: on 2026-03-29 at 06:00 local time"),
    (ByTheFirstDay, "price by time, not by the number of the slot or where the horizon begins"),
    (SoldByUtc, r"shifted hour .* the prices \(export_price_per_kwh\) stay where they were in UTC"),
    (KeepsTheFirst, "not pure: one that priced another window before prices this one otherwise"),
    (WithClock, r"not pure: the method asks a clock or chance: datetime.now\(\) in .*test_named_mistakes"),
    (WithChance, r"not pure: the method asks a clock or chance: Random.random\(\)"),
    (WithFile, "not pure: the method does 'open' .*urdb-commercial-example.json.* is a PriceFeed's business"),
    (WithMemory, "not pure: .*keep"),
    (Greedy, "not pure: the method changed market.series"),
    (SilentZero, "missing prices: without any series it gives prices as if they were published"),
    (Crashing, "missing prices: without any series it fails with KeyError: 'spot'; raise ForecastGap"),
    (Open, "unknown options are accepted"),
    (Changeable, "options can be changed"),
]


def found_by_checks(case: StrategyCase) -> str:
    """What all checks say but the longest."""
    messages = []
    for check in CHECKS:
        if "invoice" in check.__name__:
            continue
        try:
            check(case)
        except AssertionError as error:
            messages.append(str(error))
    return "\n".join(messages)


def case_of(strategy: type) -> StrategyCase:
    """Only some of them look at a series."""
    series = spot if strategy in {Greedy, SilentZero, Crashing} else None
    return StrategyCase(strategy=strategy, options={}, currency="EUR", series=series)


@pytest.mark.parametrize(("strategy", "message"), MISTAKES, ids=lambda each: getattr(each, "__name__", ""))
def test_a_mistake_is_named_with_the_way_out(strategy, message):
    assert re.search(message, found_by_checks(case_of(strategy)))


def test_a_slow_strategy_is_told():
    with pytest.raises(AssertionError, match=r"slow: pricing 36 hours takes .* times a loop"):
        check_it_is_fast(case_of(Slow))


def test_the_strategy_that_they_all_spoil_passes():
    assert found_by_checks(case_of(Right)) == ""


def test_a_currency_that_is_not_the_case_s_is_told():
    case = replace(case_of(Right), currency="SEK")

    assert "wrong currency: the tariff says EUR, the case SEK" in found_by_checks(case)


def test_a_price_that_was_worked_out_otherwise_is_told():
    noon = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
    case = replace(case_of(Right), known_prices=((noon, 0.2),), known_export_prices=((noon, 0.08),))

    assert found_by_checks(case) == (
        "import_price_per_kwh is 0.3 in slot 0 (Wed 2026-07-01 12:00 Europe/Berlin), the case says 0.2"
    )


def test_what_is_stated_as_plausible_is_no_mistake():
    dear = replace(case_of(InCents), plausible=(0.0, 30.0))
    charged = replace(case_of(ChargedForExport), plausible_export=(-0.1, 0.0))

    assert found_by_checks(dear) == found_by_checks(charged) == ""


def test_a_strategy_that_refuses_or_marks_missing_prices_is_honest():
    class Refusing(SilentZero):
        def prices(self, horizon, market):
            if "spot" not in market.series or market.series["spot"].ends[-1:] < (horizon.end,):
                raise ForecastGap("no prices")
            return super().prices(horizon, market)

    assert found_by_checks(replace(case_of(SilentZero), strategy=Refusing)) == ""
