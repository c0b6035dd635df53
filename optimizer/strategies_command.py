"""``heat-optimizer strategies``: what is installed, and a new package."""

from pathlib import Path

from optimizer.new_strategy import write_package
from strategies.registry import installed_feeds, installed_strategies


def installed_text() -> str:
    """Every strategy and feed with its origin."""
    lines = []
    for title, installed in (("strategies", installed_strategies()), ("feeds", installed_feeds())):
        lines.append(f"{title}:")
        lines += [f"  {name}  ({origin})" for name, origin in installed]
    return "\n".join(lines)


def new_text(name: str, into: Path) -> str:
    """Write the package and say what to do with it. Raises ConfigError."""
    files = write_package(name, into)
    written = "\n".join(f"  {file}" for file in files)
    return (
        f"written:\n{written}\nnext:\n  pip install -e './{name}[test]'\n  pytest {name}\n  heat-optimizer strategies"
    )
