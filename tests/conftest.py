"""What every test begins with."""

import pytest
from hypothesis import settings

from optimizer.log import REDACT

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def no_secret_of_another_test(monkeypatch):
    """Secrets are hidden for the life of a process, which tests share."""
    monkeypatch.setattr(REDACT, "_secrets", ())
