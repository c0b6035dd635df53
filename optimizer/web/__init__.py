"""What the running service tells over HTTP: ``/healthz``, ``/readyz`` and ``/metrics``. Read only."""

from collections.abc import Callable
from http import HTTPStatus

from optimizer.web.health import health_text, readiness_text
from optimizer.web.metrics import CONTENT_TYPE, metrics_text
from optimizer.web.server import Answer, Answers, Page
from optimizer.web.state import PlanState, ServiceState, SiteState
from optimizer.web.words import status_line


def answers_of(state: Callable[[], ServiceState], clean: Callable[[str], str]) -> Answers:
    """The three pages over a state that is asked for each time. ``clean`` takes secrets out of what is sent."""

    def told(text: Callable[[ServiceState], tuple[bool, str]]) -> Answer:
        is_well, words = text(state())
        return Answer(status=HTTPStatus.OK if is_well else HTTPStatus.SERVICE_UNAVAILABLE, text=clean(words))

    return {
        "/healthz": lambda: told(health_text),
        "/readyz": lambda: told(readiness_text),
        "/metrics": lambda: Answer(status=HTTPStatus.OK, text=clean(metrics_text(state)), content_type=CONTENT_TYPE),
    }


__all__ = ["Page", "PlanState", "ServiceState", "SiteState", "answers_of", "status_line"]
