"""One site as the cloud knows it: stored schedules, last report, connectivity, and the plant behind."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from optimizer.simulator.options import SimulatorOptions
from optimizer.simulator.plant import Plant, Reading
from optimizer.simulator.recording import Recording
from optimizer.simulator.rules import SiteRules
from optimizer.simulator.schedule import ScheduleCommand, Schedules, apply, not_ended
from optimizer.simulator.wire import Json, assets_json, schedules_json, timestamp

type Override = Callable[[Json], Json]


class Site:
    """Cloud and gateway of one site. While it is offline the gateway keeps what it had and reports nothing."""

    def __init__(
        self, options: SimulatorOptions, recording: Recording, start: datetime, site_id: str, name: str
    ) -> None:
        self.options = options
        self.site_id = site_id
        self.name = name
        self.plant = Plant(options, recording, start)
        self.reported_lag = timedelta(0)
        self.override: Override | None = None
        self._stored: Schedules = {}
        self._is_online = True
        self._report = self.plant.reading()

    def sync(self, now: datetime) -> None:
        """Let the plant run up to now; report whenever a report is due."""
        interval_s = self.options.report_interval_s
        if not interval_s:
            self.plant.advance(now)
            self._take_report()
            return
        due = datetime.fromtimestamp(now.timestamp() // interval_s * interval_s, UTC)
        if due > self._report.at:
            self.plant.advance(due)
            self._take_report()
        self.plant.advance(now)

    def set_online(self, *, is_online: bool) -> None:
        """Connect or cut the gateway. What was stored meanwhile reaches it on return."""
        self._is_online = is_online
        self._deliver()
        self._take_report()

    def rules(self, now: datetime) -> SiteRules:
        """What a request to this site is judged against."""
        return SiteRules(options=self.options, stored=not_ended(self._stored, now))

    def store(self, commands: Sequence[ScheduleCommand], now: datetime) -> None:
        """Put validated commands in force."""
        self._stored = apply(not_ended(self._stored, now), commands, self.options.replace_rule)
        self._deliver()
        if not self.options.report_interval_s:
            self._take_report()

    def in_force(self, now: datetime) -> list[Json]:
        """Running and pending schedules, as the cloud lists them."""
        return schedules_json(not_ended(self._stored, now))

    def summary_json(self, now: datetime) -> Json:
        """The site's entry in the list of sites."""
        return {
            "siteId": self.site_id,
            "siteName": self.name,
            "isOnline": self._is_online,
            "reportedAt": timestamp(self._report.at - self.reported_lag),
            "schedules": self.in_force(now),
        }

    def json(self, now: datetime) -> Json:
        """The site with its assets."""
        shown = self.summary_json(now) | {"assets": assets_json(self._report, self.options)}
        return shown if self.override is None else self.override(shown)

    @property
    def report(self) -> Reading:
        """What the gateway reported last."""
        return self._report

    def _take_report(self) -> None:
        if self._is_online:
            self._report = self.plant.reading()

    def _deliver(self) -> None:
        if self._is_online:
            self.plant.schedules = self._stored
