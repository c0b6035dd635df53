"""Feeds and tariffs that count in different money: refused by name before there is a plan."""

from collections.abc import Iterator, Mapping
from typing import Any

from optimizer.errors import ConfigError
from strategies.registry import feed_currency, strategy_currency

NO_MONEY = frozenset({"co2_factor"})


def refuse_other_currency(
    path: str, tariff: Mapping[str, Any], feeds: Mapping[str, Mapping[str, Any]], *, site_path: str
) -> None:
    """Raises ConfigError where a feed states another currency than the tariff at ``path`` counts in.

    A tariff with a factor may convert; then the money is its author's matter. A factor for VAT cannot be told from one
    that converts, so it ends this check as well.
    """
    counted_in = strategy_currency(tariff, path=path)
    if counted_in is None or any(factor != 1 for factor in _factors(tariff)):
        return
    for name, options in feeds.items():
        feed_path = f"{site_path}.feeds.{name}"
        paid_in = feed_currency(options, path=feed_path)
        if paid_in is not None and paid_in != counted_in:
            msg = (
                f"{feed_path}: its prices are in {paid_in}, {path} counts in {counted_in}: set currency so that both "
                "are the same, or a factor in the tariff that converts"
            )
            raise ConfigError(msg)


def _factors(stated: Any) -> Iterator[float]:
    """Every factor that is stated, at any depth."""
    if isinstance(stated, Mapping):
        for name, value in stated.items():
            if str(name).endswith("factor") and name not in NO_MONEY and isinstance(value, int | float):
                yield value
            yield from _factors(value)
    elif isinstance(stated, list | tuple):
        for each in stated:
            yield from _factors(each)
