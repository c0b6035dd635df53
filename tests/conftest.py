"""What every test begins with."""

import pytest

from optimizer.log import REDACT


@pytest.fixture(autouse=True)
def no_secret_of_another_test(monkeypatch):
    """Secrets are hidden for the life of a process, which tests share."""
    monkeypatch.setattr(REDACT, "_secrets", ())
