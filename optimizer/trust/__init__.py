"""Whether what a site reports, and how it answers, can be relied on before it is controlled. Pure."""

from optimizer.trust.quarantine import Suspicion, quarantine, reckoned_soc
from optimizer.trust.signs import Answer, Effect, Sample, Told, answer_of, effect_of, telemetry_contradiction

__all__ = [
    "Answer",
    "Effect",
    "Sample",
    "Suspicion",
    "Told",
    "answer_of",
    "effect_of",
    "quarantine",
    "reckoned_soc",
    "telemetry_contradiction",
]
