"""Secrets by reference: where to find one, and its value once found."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator

from optimizer.errors import ConfigError
from strategies.option_types import EnvironmentName

KEYS = {
    "env": re.compile(r"(agk|ags|aris_tok)_\w+"),
    "file": re.compile(r"agk_\w+\.ags_\S+|aris_tok_\w{12,}"),
    "credential": re.compile(r"agk_\w+\.ags_\S+|aris_tok_\w{12,}"),
}
"""How keys of both vendors look, beside names that people may give to files."""
CREDENTIALS_VARIABLE = "CREDENTIALS_DIRECTORY"


class SecretRef(BaseModel):
    """Exactly one of: an environment variable, a file, a systemd credential. Never the secret itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    env: EnvironmentName | None = None
    file: Path | None = None
    credential: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _no_plain_secret(cls, value: Any) -> Any:
        if isinstance(value, str):
            msg = (
                'a secret is never written into the settings: use {env = "NAME"}, {file = "PATH"} or '
                '{credential = "NAME"}'
            )
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in ("env", "file", "credential") if getattr(self, name) is not None]
        if len(given) != 1:
            msg = f"give exactly one of env, file, credential (given: {', '.join(given) or 'none'})"
            raise ValueError(msg)
        if KEYS[given[0]].fullmatch(str(getattr(self, given[0]))):
            msg = f"a key itself stands where {given[0]} is to say where the key is; it is not repeated here"
            raise ValueError(msg)
        return self

    def resolve(self, path: str, environ: Mapping[str, str], base_folder: Path) -> str:
        """The secret's text, stripped. Raises ConfigError naming ``path`` and what to do; never the secret."""
        if self.env is not None:
            text = environ.get(self.env, "").strip()
            if not text:
                msg = f"{path}: environment variable {self.env} is not set; export it or use {{file = …}}"
                raise ConfigError(msg)
            return _one_line(text, path)
        if self.file is not None:
            return _read(base_folder / self.file, path)
        folder = environ.get(CREDENTIALS_VARIABLE)
        if not folder:
            msg = (
                f"{path}: credential {self.credential} needs {CREDENTIALS_VARIABLE}, which systemd sets for a "
                "unit with LoadCredential=; outside of systemd use {env = …} or {file = …}"
            )
            raise ConfigError(msg)
        return _read(Path(folder) / str(self.credential), path)


def _read(file: Path, path: str) -> str:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: cannot read {file}: {type(error).__name__}"
        raise ConfigError(msg) from None
    if not text:
        msg = f"{path}: {file} is empty"
        raise ConfigError(msg)
    return _one_line(text, path)


def _one_line(text: str, path: str) -> str:
    if not text.isascii() or not text.isprintable():
        msg = f"{path}: the secret holds line breaks or characters that no HTTP header can carry"
        raise ConfigError(msg)
    return text
