"""The test kit of tariff authors, a pytest plugin: one fixture, and the checks come by themselves.

In ``tests/conftest.py``::

    pytest_plugins = ["strategies.conformance"]

In a test module one fixture, ``tariff_case`` for a strategy or ``feed_case`` for a feed::

    import pytest
    from strategies.conformance import StrategyCase

    @pytest.fixture
    def tariff_case():
        return StrategyCase(strategy=MyTariff, options={"import_price": 0.30}, currency="EUR")

Each check then is a test of that module, and what it finds is said in the author's words with the way out.
"""

from strategies.conformance.cases import FeedCase, StrategyCase
from strategies.conformance.plugin import pytest_pycollect_makeitem

__all__ = ["FeedCase", "StrategyCase", "pytest_pycollect_makeitem"]
