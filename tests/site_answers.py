"""The site's JSON, changed before it is answered."""

from collections.abc import Callable


def with_assets(**changes: object) -> Callable[[dict], dict]:
    """The site's JSON with some assets replaced or added; a dict is merged into the asset."""

    def change(site: dict) -> dict:
        assets = dict(site["assets"])
        for kind, value in changes.items():
            assets[kind] = {**assets.get(kind, {}), **value} if isinstance(value, dict) else value
        return site | {"assets": assets}

    return change
