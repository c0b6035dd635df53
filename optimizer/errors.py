"""The whole taxonomy of what can go wrong.

::

    HeatOptimizerError
    ├── ConfigError                a setting, a file it names, or a secret it refers to
    ├── SourceError                a system that we read from
    │   ├── SourceUnavailable      no answer, time-out, 408, 429 or 5xx
    │   ├── SourceUnauthorized     401 or 403: the key or token is not accepted
    │   ├── SourceRejected         any other refusal, with the vendor's words
    │   └── SourceMalformed        an answer that is not what the interface describes
    ├── StaleData                  the newest reading is too old, or the site is offline
    ├── ImplausibleData            a reading that cannot be true and has no substitute
    ├── ForecastGap                a series that the plan needs has no value for some slot
    ├── PlanError
    │   ├── PlanInfeasible         no plan exists even with every soft limit released
    │   └── SolverFailed           no usable answer, or one that failed the numerical check
    ├── LedgerUnavailable          the ledger cannot take the intent, so nothing is sent
    ├── NotInControl               another process holds the site
    ├── SignContradiction          the battery does not do what it was told, or reports the opposite
    ├── CommandConflict            a batch broke a rule of a valid schedule; nothing was sent
    └── DeliveryError
        ├── DeliveryRejected       the cloud refused the batch; the former schedule stands
        └── DeliveryUnconfirmed    sent, but not known whether it was taken

Rooms raise; ``optimizer.cycle`` alone turns these into outcomes.
"""


class HeatOptimizerError(Exception):
    """Base of every error that this software raises on purpose."""

    @property
    def name(self) -> str:
        """The class name: the heading under which RUNBOOK.md explains it."""
        return type(self).__name__


class ConfigError(HeatOptimizerError):
    """A setting is missing, unknown, or cannot be used. Names its path, value and the way out."""


class SourceError(HeatOptimizerError):
    """A system that we read from did not give what was asked."""


class SourceUnavailable(SourceError):
    """No answer, a time-out, or a status that may pass (408, 429, 5xx).

    ``retry_after_s`` is what the server asked for in ``Retry-After``, or None.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class SourceUnauthorized(SourceError):
    """401 or 403: the key or token is missing, wrong, expired, revoked, or may not see this."""


class SourceRejected(SourceError):
    """A refusal that will not pass by waiting, with the vendor's own words."""


class SourceMalformed(SourceError):
    """The answer is not the JSON that the interface describes."""


class StaleData(HeatOptimizerError):
    """The newest reading is older than planning may rely on, or the site is offline."""


class ImplausibleData(HeatOptimizerError):
    """A reading cannot be true (say, a state of charge of 140 %) and nothing can stand in for it."""


class ForecastGap(HeatOptimizerError):
    """A series that the plan needs has no value for at least one slot."""


class PlanError(HeatOptimizerError):
    """No plan came out of the model."""


class PlanInfeasible(PlanError):
    """No plan exists even with every soft limit released."""


class SolverFailed(PlanError):
    """The solver gave no usable answer, or one that failed the numerical check."""


class LedgerUnavailable(HeatOptimizerError):
    """The intent of a batch could not be written down before it is sent; nothing was sent."""


class NotInControl(HeatOptimizerError):
    """Another process holds the site's lease; nothing was sent."""


class SignContradiction(HeatOptimizerError):
    """The state of charge contradicts a sign in the settings: no battery command is sent until it is corrected."""


class CommandConflict(HeatOptimizerError):
    """A batch broke a rule of a valid schedule; nothing was sent."""


class DeliveryError(HeatOptimizerError):
    """A batch was not delivered."""


class DeliveryRejected(DeliveryError):
    """The cloud refused the batch: the schedule that was in force stays in force.

    ``retry_after_s`` is set where the refusal was only "not now" (408, 429).
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DeliveryUnconfirmed(DeliveryError):
    """The batch was sent and the answer does not tell whether it was taken."""
