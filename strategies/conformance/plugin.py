"""Finds the fixtures ``tariff_case`` and ``feed_case`` and collects the checks beside them."""

from typing import Any

import pytest

from strategies.conformance import feed_checks, strategy_checks

CHECKS = {"tariff_case": strategy_checks.CHECKS, "feed_case": feed_checks.CHECKS}


def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> list[pytest.Function] | None:
    """The checks of a case, as tests of the module that has its fixture."""
    if name not in CHECKS or not isinstance(collector, pytest.Module) or not _is_fixture(obj):
        return None
    return [
        pytest.Function.from_parent(collector, name=f"{name}: {check.__name__.removeprefix('check_')}", callobj=check)
        for check in CHECKS[name]
    ]


def _is_fixture(obj: Any) -> bool:
    return type(obj).__name__ == "FixtureFunctionDefinition" or hasattr(obj, "_pytestfixturefunction")
