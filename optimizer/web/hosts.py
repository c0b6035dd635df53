"""Which names a request may ask for: a page of a stranger that resolves to us must not read ours (DNS rebinding)."""

import ipaddress
from collections.abc import Collection


def may_ask(host: str | None, names: Collection[str]) -> bool:
    """Whether a ``Host`` header names localhost, an IP address or one of ``names``; programs may send none."""
    if host is None:
        return True
    name = name_of(host)
    return name == "localhost" or name in {known.lower() for known in names} or _is_address(name)


def name_of(host: str) -> str:
    """A ``Host`` header without its port."""
    text = host.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.rpartition(":")[0] if text.count(":") == 1 else text


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
