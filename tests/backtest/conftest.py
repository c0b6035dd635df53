"""What every backtest test stands on: a log that says errors only."""

import pytest

from optimizer.log import configure_logging


@pytest.fixture(autouse=True)
def _quiet_log() -> None:
    configure_logging(level="error")
