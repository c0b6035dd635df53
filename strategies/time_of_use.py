"""Prices by the local clock and calendar: seasons, weekdays, public holidays, hours of the day."""

from datetime import date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from optimizer.domain.horizon import Horizon
from optimizer.domain.tariff import Market, Tariff
from strategies.day_kinds import DayWords, public_holidays, words_for
from strategies.local_time import clock_changes, utc_of_wall, weighted_mean, zone_named
from strategies.options import Currency, Price, StrategyOptions
from strategies.periods import DAY_MIN, ONE_DAY, Period, rule_of

EXAMPLE_YEAR = 2024


class TimeOfUse:
    """The first period that matches and names a price sets it; where none does, the base price holds.

    Import and export are looked up apart, so a period without ``export_price`` hides no later one.
    A slot over several periods costs their time-weighted mean. An hour that the clock shows twice has
    the clock's price both times, an hour that it skips does not occur.
    """

    class Options(StrategyOptions):
        """Prices in ``currency`` per kWh, all taxes and fees included."""

        import_price: Annotated[
            Price, Field(description="the price per kWh bought outside all periods, e.g. import_price = 0.32")
        ]
        export_price: Annotated[Price, Field(description="the price per kWh sold outside all periods")] = 0.0
        currency: Currency = "EUR"
        holiday_country: Annotated[
            str | None,
            Field(pattern="^[A-Z]{2}$", description='two capital letters, e.g. holiday_country = "DE"'),
        ] = None
        holiday_subdivision: Annotated[
            str | None, Field(description='a part of the country, e.g. holiday_subdivision = "BW"')
        ] = None
        periods: Annotated[
            tuple[Period, ...], Field(description="each period under its own [[sites.tariff.periods]]")
        ] = ()

        @property
        def prices_holidays(self) -> bool:
            """Only then is a holiday something other than the weekday it falls on."""
            return any("holiday" in (period.days or ()) for period in self.periods)

        @model_validator(mode="after")
        def _holidays_known(self) -> "TimeOfUse.Options":
            if self.holiday_country is not None:
                public_holidays(self.holiday_country, self.holiday_subdivision, EXAMPLE_YEAR)
            elif self.holiday_subdivision is not None or self.prices_holidays:
                cause = "holiday_subdivision" if self.holiday_subdivision is not None else 'days = ["holiday"]'
                msg = f'{cause} needs holiday_country, e.g. holiday_country = "DE"'
                raise ValueError(msg)
            return self

    def __init__(self, options: Options) -> None:
        self._options = options
        self._rules = tuple(rule_of(period) for period in options.periods)

    def tariff(self, horizon: Horizon, market: Market) -> Tariff:
        """Known for all time, so ``known_until`` is None. The market plays no part."""
        zone = zone_named(horizon.zone)
        words = self._words(horizon, zone)
        instants = self._instants(horizon, zone)
        import_prices: list[float] = []
        export_prices: list[float] = []
        at = 0
        for slot in horizon:
            import_parts: list[tuple[float, float]] = []
            export_parts: list[tuple[float, float]] = []
            while instants[at] < slot.end:
                weight_s = (instants[at + 1] - instants[at]).total_seconds()
                import_price, export_price = self._prices_at(instants[at].astimezone(zone), words)
                import_parts.append((import_price, weight_s))
                export_parts.append((export_price, weight_s))
                at += 1
            import_prices.append(weighted_mean(import_parts))
            export_prices.append(weighted_mean(export_parts))
        return Tariff(
            import_price_per_kwh=tuple(import_prices),
            export_price_per_kwh=tuple(export_prices),
            currency=self._options.currency,
        )

    def _prices_at(self, local: datetime, words: DayWords) -> tuple[float, float]:
        """Import and export price per kWh at a local time."""
        day, minute = local.date(), local.hour * 60 + local.minute
        import_price: float | None = None
        export_price: float | None = None
        for rule in self._rules:
            if rule.covers(day, minute, words):
                import_price = rule.import_price if import_price is None else import_price
                export_price = rule.export_price if export_price is None else export_price
                if import_price is not None and export_price is not None:
                    break
        return (
            self._options.import_price if import_price is None else import_price,
            self._options.export_price if export_price is None else export_price,
        )

    def _instants(self, horizon: Horizon, zone: ZoneInfo) -> list[datetime]:
        """The edges and, between them, all instants at which a price may change (midnight is one), sorted."""
        minutes = {0}
        for rule in self._rules:
            minutes |= {rule.start_min, rule.end_min % DAY_MIN}
        instants = set(clock_changes(horizon.start, horizon.end, zone))
        for day in _local_days(horizon, zone):
            for minute in minutes:
                instants.update(utc_of_wall(day, minute, zone))
        return sorted({at for at in instants if horizon.start < at < horizon.end} | set(horizon.edges))

    def _words(self, horizon: Horizon, zone: ZoneInfo) -> DayWords:
        """The kind of each local date of the horizon and of the one before."""
        country, subdivision = self._options.holiday_country, self._options.holiday_subdivision
        days = _local_days(horizon, zone)
        days.insert(0, days[0] - ONE_DAY)
        public: set[date] = set()
        if country is not None and self._options.prices_holidays:
            for year in {day.year for day in days}:
                public |= public_holidays(country, subdivision, year)
        return {day: words_for(day, public) for day in days}


def _local_days(horizon: Horizon, zone: ZoneInfo) -> list[date]:
    first, last = horizon.start.astimezone(zone).date(), horizon.end.astimezone(zone).date()
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
