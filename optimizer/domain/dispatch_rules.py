"""How batches are sent and looked after."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchRules:
    """``refresh``: what is unchanged is sent again after so long. ``most_writes_per_hour`` bounds requests that change
    a site. A batch must be found in force ``confirm_within`` its sending. Foreign schedules are respected for
    ``foreign_lease`` (zero: overwritten at once), twice as long each time that they come back within a day.
    Without a new plan for ``last_plan`` the battery is told to rest, and after ``rest`` more all is taken back.
    """

    refresh: timedelta = timedelta(hours=1)
    most_writes_per_hour: int = 20
    confirm_within: timedelta = timedelta(minutes=3)
    foreign_lease: timedelta = timedelta(hours=1)
    last_plan: timedelta = timedelta(hours=2)
    rest: timedelta = timedelta(hours=2)
