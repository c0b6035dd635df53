"""Read a settings file; tell every mistake by its path, its kind and the way out."""

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsError

from optimizer.errors import ConfigError
from optimizer.settings import ENV_PREFIX, Settings

HINTS: Mapping[str, str] = {
    "heat_cloud.base_url": 'the address of the H.E.A.T. Cloud, e.g. base_url = "https://…"',
    "heat_cloud.api_key": 'where the key is, e.g. api_key = {env = "HEAT_CLOUD_API_KEY"}',
    "sites": "at least one [[sites]] with site_id, timezone and [sites.tariff]",
}


def load_settings(file: Path) -> Settings:
    """The settings of ``file`` and the environment. Raises ConfigError with one line for each mistake."""
    return load_settings_from(file, lambda document: document)


def load_settings_from(file: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Settings:
    """The same, after what the file says was changed."""
    try:
        with file.open("rb") as stream:
            document = tomllib.load(stream)
    except OSError as error:
        msg = f"{file}: cannot be read: {error.strerror or type(error).__name__}"
        raise ConfigError(msg) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{file}: not valid TOML: {error}"
        raise ConfigError(msg) from None

    _refuse_unknown_environment(os.environ)
    try:
        return _settings_of(change(document)).model_validate({})
    except ValidationError as error:
        lines = [_explain(detail) for detail in error.errors(include_input=False, include_url=False)]
        msg = f"{file}:\n  " + "\n  ".join(dict.fromkeys(lines))
        raise ConfigError(msg) from None
    except SettingsError as error:
        msg = f"{file}: an environment variable {ENV_PREFIX}… is not readable: {error}"
        raise ConfigError(msg) from None


def _settings_of(document: dict[str, Any]) -> type[Settings]:
    """Settings that are read from a document; the environment wins over it, nothing else is read."""

    class FileSettings(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return env_settings, InitSettingsSource(settings_cls, document)

    return FileSettings


def _refuse_unknown_environment(environ: Mapping[str, str]) -> None:
    """A misspelt variable would be ignored silently otherwise."""
    fields = list(Settings.model_fields)
    for name in environ:
        if not name.upper().startswith(ENV_PREFIX):
            continue
        first = name.upper().removeprefix(ENV_PREFIX).split("__")[0].lower()
        if first not in fields:
            msg = f"environment variable {name}: no setting '{first}'{_nearest(first, fields)}"
            raise ConfigError(msg)


def _explain(detail: ErrorDetails) -> str:
    path = _dotted(detail["loc"])
    kind = detail["type"]
    if kind == "extra_forbidden":
        *parents, key = detail["loc"]
        model = _model_at(parents)
        known = list(model.model_fields) if model is not None else []
        return f"{path}: unknown setting{_nearest(str(key), known)}"
    hint = HINTS.get(path)
    if kind == "missing":
        return f"{path}: missing" + (f"; give {hint}" if hint else "; it has no default")
    message = _shape(detail) or detail["msg"].removeprefix("Value error, ")
    return f"{path or 'settings'}: {message}"


def _shape(detail: ErrorDetails) -> str | None:
    """How TOML writes what should stand there, where a value, a section and a list of sections were mixed up."""
    loc = list(detail["loc"])
    header = ".".join(part for part in loc if isinstance(part, str))
    if detail["type"] in {"model_type", "model_attributes_type", "dict_type"}:
        return f"one section: write [{header}] and its settings below it"
    if detail["type"] not in {"tuple_type", "list_type"}:
        return None
    if _model_at(loc) is None:
        return f"a list: write {loc[-1]} = […]"
    return f"a list of sections: write [[{header}]] and its settings below it"


def _nearest(word: str, known: list[str]) -> str:
    close = get_close_matches(word, known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known here: {', '.join(sorted(known))}" if known else ""


def _dotted(loc: tuple[int | str, ...]) -> str:
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _model_at(loc: list[int | str]) -> type[BaseModel] | None:
    """The settings model that stands at a path."""
    model: type[BaseModel] | None = Settings
    for part in loc:
        if isinstance(part, int) or model is None:
            continue
        field = model.model_fields.get(part)
        model = None if field is None else next(_models_in(field.annotation), None)
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in {Union, UnionType, tuple, list}:
        for inner in get_args(annotation):
            yield from _models_in(inner)
