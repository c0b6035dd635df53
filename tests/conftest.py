"""What every test begins with."""

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

from optimizer.log import REDACT

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def no_secret_of_another_test(monkeypatch):
    """Secrets are hidden for the life of a process, which tests share."""
    monkeypatch.setattr(REDACT, "_secrets", ())


@pytest.fixture(autouse=True)
def log_as_it_begins() -> Iterator[None]:
    """What a test's command sets of the log's level and place is not the next test's."""
    yield
    structlog.reset_defaults()
