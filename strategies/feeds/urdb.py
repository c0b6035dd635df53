"""A rate of the OpenEI Utility Rate Database, from a file or from its interface; strategies.urdb_tariff prices it."""

import json
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from optimizer.errors import ConfigError, SourceMalformed, SourceUnavailable
from strategies.contract import FeedContext
from strategies.feeds.fields import without_secret
from strategies.feeds.web import WebDoor, parsed_json
from strategies.options import Secret, WebAddress, WebFeedOptions
from strategies.urdb import parse_rate
from strategies.urdb_record import single_rate

SOURCE = "urdb"
VERSION = "8"
NOT_FOUND = frozenset({404})


class Urdb:
    """The JSON of one rate. A file is read again each time; what the interface answers is good for a day."""

    class Options(WebFeedOptions):
        """Either ``path``, a JSON file in the form of the interface, or ``label`` and ``api_key``."""

        FRESH_FOR: ClassVar[timedelta] = timedelta(hours=23, minutes=45)

        path: Annotated[
            str | None,
            Field(min_length=1, description='a JSON file, relative to the settings, e.g. path = "rate.json"'),
        ] = None
        label: Annotated[
            str | None,
            Field(
                pattern="^[A-Za-z0-9]+$", description='the label of the rate, e.g. label = "5cacc9d15457a31d537780e2"'
            ),
        ] = None
        api_key: Annotated[
            Secret | None, Field(description='where the key is, e.g. api_key = {env = "OPENEI_KEY"}')
        ] = None
        base_url: WebAddress = "https://api.openei.org"
        max_age_hours: Annotated[
            float,
            Field(strict=True, gt=0, le=8760, description="hours for which a rate stands in while the feed fails"),
        ] = 720.0

        @property
        def asks_provider(self) -> bool:
            """A file needs no copy."""
            return self.path is None

        @model_validator(mode="after")
        def _one_source(self) -> "Urdb.Options":
            if (self.path is None) == (self.label is None):
                msg = "give either path, a file, or label, with api_key, to ask openei.org"
                raise ValueError(msg)
            if (self.label is None) != (self.api_key is None):
                msg = "label and api_key belong together; a file needs no key"
                raise ValueError(msg)
            return self

    def __init__(self, options: Options, context: FeedContext) -> None:
        self._options = options
        self._base_folder = context.base_folder
        self._key = "" if options.api_key is None else context.secret(options.api_key, "api_key")
        self._door = WebDoor(SOURCE, options.base_url, secrets=(self._key,))

    def fetch_document(self) -> str:
        """The one rate that the options name, as JSON text.

        Raises ConfigError where there is none, SourceError for what goes wrong on the way or is no rate.
        """
        if self._options.path is not None:
            return _from_file(self._base_folder / self._options.path)
        return self._from_interface(self._options.label or "")

    def _from_interface(self, label: str) -> str:
        params = {"version": VERSION, "format": "json", "detail": "full", "getpage": label, "api_key": self._key}
        content = self._door.get("/utility_rates", params, absent=NOT_FOUND)
        if content is None:
            raise ConfigError(f"label: {SOURCE} has no rate {label}")
        document = parsed_json(SOURCE, without_secret(content, self._key))
        _check(document, SOURCE)
        found = single_rate(document, SOURCE).get("label")
        if found != label:
            raise SourceMalformed(f"{SOURCE}: asked for the rate {label}, the answer holds {found!r}")
        return json.dumps(document)


def _from_file(path: Path) -> str:
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
    _check(document, str(path))
    return text


def _check(document: object, source: str) -> None:
    """Raises where the document holds not one rate, or one that is malformed."""
    single_rate(document, source)
    with suppress(ConfigError):  # a rate that cannot be priced is one all the same: the strategy says why
        parse_rate(document, source)
