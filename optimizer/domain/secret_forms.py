"""How a secret may come back to us: whole or in parts, as it is or as a header, an address or a dump writes it."""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import lru_cache

HIDDEN = "***"
SHORTEST_PART = 8
"""A shorter piece of a secret tells nothing, and hiding it would hide other words."""
UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def without(text: str, secrets: Iterable[str]) -> str:
    """``text`` with every form of every secret hidden."""
    for secret in secrets:
        for form in forms_of(secret):
            text = text.replace(form, HIDDEN)
    return text


@lru_cache(maxsize=256)
def forms_of(secret: str) -> tuple[str, ...]:
    """The secret and its parts in every form, the longest first. A key is ``agk_….ags_…``: parts have first names."""
    pieces = secret.split(".")
    parts = {part for piece in pieces for part in (piece, piece.partition("_")[2]) if len(part) >= SHORTEST_PART}
    return tuple(sorted({form for part in {secret, *parts} if part for form in _written(part)}, key=len, reverse=True))


def _written(text: str) -> Iterator[str]:
    octets = text.encode()
    quoted = "".join(chr(octet) if chr(octet) in UNRESERVED else f"%{octet:02X}" for octet in octets)
    in_lower_case = "".join(chr(octet) if chr(octet) in UNRESERVED else f"%{octet:02x}" for octet in octets)
    yield from (text, quoted, in_lower_case, quoted.replace("%20", "+"), in_lower_case.replace("%20", "+"))
    yield from (text.replace("\\", "\\\\").replace('"', '\\"'), octets.hex(), octets.hex().upper())
    if len(octets) >= SHORTEST_PART:
        yield from (form for shift in range(3) for form in _in_base64(octets, shift))


def _in_base64(octets: bytes, shift: int) -> Iterator[str]:
    """What is surely seen of it where ``shift`` other octets stand before it; both alphabets."""
    coded = b64encode(bytes(shift) + octets).decode()
    seen = coded[(8 * shift + 5) // 6 : 8 * (shift + len(octets)) // 6]
    yield from (seen, seen.replace("+", "-").replace("/", "_"))
