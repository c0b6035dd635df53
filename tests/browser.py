"""A real browser for the tests of pages that lie in files. Import both fixtures into a ``conftest.py``."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

CHROMIUM = shutil.which("chromium")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE = {"width": 360, "height": 640}
DESK = {"width": 1100, "height": 800}
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
OWN_SCHEMES = {"file", "data", "blob"}


@dataclass(slots=True)
class Look:
    """Opens files, and keeps what they ask for and what they complain about."""

    browser: Any
    contexts: list[Any] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, file: Path, ready: str = "body", **options: Any) -> Any:
        """The page, once ``ready`` is there; ``options`` are those of a browser's context."""
        context = self.browser.new_context(**({"viewport": DESK} | options))
        self.contexts.append(context)
        context.on("request", lambda request: self.asked.append(request.url))
        context.on("weberror", lambda found: self.complaints.append(str(found.error)))
        page = context.new_page()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.goto(file.as_uri(), wait_until="load")
        page.wait_for_selector(ready, state="attached")
        return page

    @property
    def strangers(self) -> list[str]:
        """What was asked of anybody else than the files themselves."""
        return [url for url in self.asked if urlsplit(url).scheme not in OWN_SCHEMES]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for the tests of a file; it ends with them, since its event loop would disturb others."""
    if CHROMIUM is None:
        pytest.skip("no chromium on the PATH: pages are not seen by a browser")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def look(chromium: Any) -> Iterator[Look]:
    """Opens files; afterwards nothing may have been asked of anybody else, and no page may have complained."""
    found = Look(chromium)
    yield found
    for context in found.contexts:
        context.close()
    assert found.asked
    assert found.strangers == []
    assert found.complaints == []
