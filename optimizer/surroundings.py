"""What a process stands in, and the secrets that it was handed there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from optimizer.errors import ConfigError
from optimizer.log import REDACT
from optimizer.secret import SecretRef


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """A process's clock, its environment, and the folder that relative paths start from.

    ``handed_out`` remembers each secret by the setting that refers to it, as a digest.
    """

    now: Callable[[], datetime]
    environ: Mapping[str, str]
    base_folder: Path
    feed_cache: Path | None
    handed_out: dict[str, tuple[SecretRef, str]] = field(default_factory=dict, repr=False)

    def secret(self, path: str, reference: SecretRef) -> str:
        """The text of a secret, from now on kept out of every log. Raises ConfigError naming ``path``."""
        text = reference.resolve(path, self.environ, self.base_folder)
        REDACT.add([text])
        self.handed_out[path] = (reference, _digest(text))
        return text

    def replaced(self) -> tuple[str, ...]:
        """The settings whose secret is another one now. One that cannot be read now counts as unchanged."""
        return tuple(path for path, (reference, digest) in self.handed_out.items() if self._is_other(reference, digest))

    def _is_other(self, reference: SecretRef, digest: str) -> bool:
        try:
            return _digest(reference.resolve("", self.environ, self.base_folder)) != digest
        except ConfigError:
            return False


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
