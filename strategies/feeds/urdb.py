"""A rate of the OpenEI Utility Rate Database, from a file or from its interface. Not a series: see strategies.urdb."""

import json
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from optimizer.errors import ConfigError, SourceMalformed, SourceUnavailable
from strategies.contract import FeedContext
from strategies.feeds.fields import without_secret
from strategies.feeds.web import WebDoor, parsed_json
from strategies.options import FeedOptions, Secret
from strategies.urdb import Rate, parse_rate

SOURCE = "urdb"
VERSION = "8"
NOT_FOUND = frozenset({404})


class UrdbOptions(FeedOptions):
    """Either ``path``, a JSON file in the form of the interface, or ``label`` and ``api_key``."""

    path: Annotated[
        str | None, Field(min_length=1, description='a JSON file, relative to the settings, e.g. path = "rate.json"')
    ] = None
    label: Annotated[
        str | None,
        Field(pattern="^[A-Za-z0-9]+$", description='the label of the rate, e.g. label = "5cacc9d15457a31d537780e2"'),
    ] = None
    api_key: Annotated[Secret | None, Field(description='where the key is, e.g. api_key = {env = "OPENEI_KEY"}')] = None
    base_url: Annotated[str, Field(pattern=r"^https?://\S+$", description="scheme and host")] = "https://api.openei.org"

    @model_validator(mode="after")
    def _one_source(self) -> "UrdbOptions":
        if (self.path is None) == (self.label is None):
            msg = "give either path, a file, or label, with api_key, to ask openei.org"
            raise ValueError(msg)
        if (self.label is None) != (self.api_key is None):
            msg = "label and api_key belong together; a file needs no key"
            raise ValueError(msg)
        return self


def load_urdb(options: UrdbOptions, context: FeedContext) -> Rate:
    """The one rate that the options name.

    Raises ConfigError where there is none or it cannot be priced, SourceError for what goes wrong on the way.
    """
    if options.path is not None:
        return _from_file(context.base_folder / options.path)
    if options.label is None or options.api_key is None:
        raise ConfigError("label, api_key: both are needed to ask openei.org")
    key = context.secret(options.api_key, "api_key")
    params = {"version": VERSION, "format": "json", "detail": "full", "getpage": options.label, "api_key": key}
    content = WebDoor(SOURCE, options.base_url, secrets=(key,)).get("/utility_rates", params, absent=NOT_FOUND)
    if content is None:
        raise ConfigError(f"label: {SOURCE} has no rate {options.label}")
    rate = parse_rate(parsed_json(SOURCE, without_secret(content, key)), SOURCE)
    if rate.label != options.label:
        raise SourceMalformed(f"{SOURCE}: asked for the rate {options.label}, the answer holds {rate.label!r}")
    return rate


def _from_file(path: Path) -> Rate:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SourceUnavailable(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise SourceMalformed(f"{path}: not text in UTF-8: {error.reason}") from None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SourceMalformed(f"{path}: not JSON: {error}") from None
    return parse_rate(document, str(path))
