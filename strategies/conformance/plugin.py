"""Finds the fixtures ``tariff_case`` and ``feed_case`` and collects the checks beside them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from strategies.conformance import feed_checks, strategy_checks

CHECKS: Mapping[str, Sequence[Callable[..., None]]] = {
    "tariff_case": strategy_checks.CHECKS,
    "feed_case": feed_checks.CHECKS,
}


def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> list[pytest.Function] | None:
    """The checks of a case, as tests of the module that has its fixture; of each case where it has parameters."""
    if name not in CHECKS or not isinstance(collector, pytest.Module) or not _is_fixture(obj):
        return None
    return [item for check in CHECKS[name] for item in _items(collector, name, check)]


def _items(collector: pytest.Module, case: str, check: Callable[..., None]) -> Iterator[pytest.Function]:
    """pytest finds a function by its name in the module, so it is put there; it alone multiplies by parameters."""
    name = f"{case}: {check.__name__.removeprefix('check_')}"
    setattr(collector.obj, name, check)
    yield from collector._genfunctions(name, check)


def _is_fixture(obj: Any) -> bool:
    return type(obj).__name__ == "FixtureFunctionDefinition" or hasattr(obj, "_pytestfixturefunction")
