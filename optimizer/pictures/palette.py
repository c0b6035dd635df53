"""The colours of all pictures, by what they stand for, light and dark. On paper text keeps 4.5 to 1, lines 3 to 1."""

from collections.abc import Mapping
from typing import Final

Palette = Mapping[str, str]
"""A role and its colour."""


def _with_fills(colours: dict[str, str]) -> dict[str, str]:
    """Each role again as a faint fill: ``sun`` and ``sun_fill``."""
    return colours | {f"{role}_fill": _faint(colour, 0.22) for role, colour in colours.items()}


def _faint(colour: str, share: float) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share:g})"


LIGHT: Final[Palette] = _with_fills(
    {
        "back": "#f4f5f3",
        "paper": "#ffffff",
        "ink": "#1a2226",
        "quiet": "#4d5a62",
        "rule": "#d5dadc",
        "shade": "#eceff0",
        "link": "#0a558c",
        "warn": "#8c1616",
        "import": "#b02a3c",
        "export": "#1c7a45",
        "load": "#37474f",
        "heat": "#b3470b",
        "sun": "#a86a00",
        "grid": "#0a6c8c",
        "battery": "#5b2a86",
        "others": "#7a5230",
        "bound": "#6c7a82",
        "peak": "#a01a7d",
    }
)
DARK: Final[Palette] = _with_fills(
    {
        "back": "#12171a",
        "paper": "#1b2226",
        "ink": "#e9eef0",
        "quiet": "#aab6bc",
        "rule": "#333d43",
        "shade": "#242d32",
        "link": "#7cc4f5",
        "warn": "#ffb0a8",
        "import": "#ff8b97",
        "export": "#74d69b",
        "load": "#cfd8dc",
        "heat": "#ffa271",
        "sun": "#f5bf4f",
        "grid": "#68c7e6",
        "battery": "#c79bf2",
        "others": "#d3ab85",
        "bound": "#93a1a8",
        "peak": "#f08fd2",
    }
)
SYMBOLIC: Final[Palette] = {role: f"@{role}" for role in LIGHT}
"""Names in the place of colours, for a page that sets them when it knows which look is wanted."""


def palette_css() -> str:
    """Both sets as custom properties, by what the reader's system prefers, and each role's colours for its key."""
    light, dark = (
        "".join(f"--{_word(role)}:{colour};" for role, colour in colours.items()) for colours in (LIGHT, DARK)
    )
    keys = "".join(
        f".key.{role}{{--key:var(--{role});--key-fill:var(--{role}-fill)}}" for role in LIGHT if not _is_fill(role)
    )
    return f":root{{color-scheme:light dark;{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}{keys}"


def _word(role: str) -> str:
    return role.replace("_", "-")


def _is_fill(role: str) -> bool:
    return role.endswith("_fill")
