"""Which path gives which page: health, metrics, and the operator's page with its style, script and facts."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from urllib.parse import unquote

from optimizer.web.clean import Clean, cleaned
from optimizer.web.facts import ReadRecord, Records, ServiceFacts, SiteFacts, service_facts, site_facts
from optimizer.web.facts_json import site_text, state_text
from optimizer.web.health import health_text, readiness_text
from optimizer.web.metrics import CONTENT_TYPE, metrics_text
from optimizer.web.page import overview_page, site_page
from optimizer.web.server import Answer, Answers, AnswersBelow
from optimizer.web.state import ServiceState

HTML = "text/html; charset=utf-8"
JSON = "application/json"
ASSETS = {
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
STATE = "/state.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """All that is served over a state that is asked for each time. ``clean`` takes secrets out of what is sent.

    ``records`` None: there is no ledger to ask.
    """

    state: Callable[[], ServiceState]
    clean: Clean
    records: Records | None = None

    def answers(self) -> Answers:
        """By path."""
        return {
            "/healthz": lambda: self._told(health_text),
            "/readyz": lambda: self._told(readiness_text),
            "/metrics": lambda: self._sent(metrics_text(self.state), CONTENT_TYPE),
            "/": self._front,
            STATE: self._all,
            **{path: _asset(*asset) for path, asset in ASSETS.items()},
        }

    def below(self) -> AnswersBelow:
        """By what a path begins with; the rest is a site's name."""
        return {"/sites/": self._site}

    def _front(self) -> Answer:
        """The only site in full, or a card for each."""
        state = self.state()
        if len(state.sites) == 1:
            return self._page_of(state, state.sites[0].site_id)
        return self._sent(overview_page(self._facts(None)), HTML)

    def _all(self) -> Answer:
        """Every site's facts."""
        return self._sent(state_text(self._facts(None if self.records is None else self.records.in_turn())), JSON)

    def _site(self, rest: str) -> Answer | None:
        state = self.state()
        site_id, is_json = unquote(rest.removesuffix(STATE)), rest.endswith(STATE)
        if all(site.site_id != site_id for site in state.sites):
            return None
        if is_json:
            return self._sent(site_text(self._of(state, site_id)), JSON)
        return self._page_of(state, site_id)

    def _page_of(self, state: ServiceState, site_id: str) -> Answer:
        alone = cleaned(service_facts(replace(state, sites=())), self.clean)
        return self._sent(site_page(alone, self._of(state, site_id)), HTML)

    def _of(self, state: ServiceState, site_id: str) -> SiteFacts:
        site = next(site for site in state.sites if site.site_id == site_id)
        record = None if self.records is None else self.records.record(site_id)
        return cleaned(site_facts(site, state.at, record), self.clean)

    def _facts(self, record: ReadRecord | None) -> ServiceFacts:
        return cleaned(service_facts(self.state(), record), self.clean)

    def _told(self, text: Callable[[ServiceState], tuple[bool, str]]) -> Answer:
        is_well, words = text(self.state())
        return self._sent(words, JSON, HTTPStatus.OK if is_well else HTTPStatus.SERVICE_UNAVAILABLE)

    def _sent(self, text: str, content_type: str, status: HTTPStatus = HTTPStatus.OK) -> Answer:
        return Answer(status=status, text=self.clean(text), content_type=content_type)


def _asset(name: str, content_type: str) -> Callable[[], Answer]:
    return lambda: Answer(status=HTTPStatus.OK, text=_read(name), content_type=content_type)


@cache
def _read(name: str) -> str:
    return files("optimizer.web").joinpath("assets", name).read_text(encoding="utf-8")
