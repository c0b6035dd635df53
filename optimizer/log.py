"""structlog, configured once: JSON lines, or readable ones on a terminal; secrets never pass."""

import logging
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, TextIO, cast

import stamina
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from optimizer.domain.secret_forms import HIDDEN, without

SECRET_KEYS = ("authorization", "api_key", "token", "secret", "password", "bearer")


class Redact:
    """Replaces every known secret, and the value of every key that names one, in each log line."""

    def __init__(self) -> None:
        self._secrets: tuple[str, ...] = ()

    def add(self, secrets: Iterable[str]) -> None:
        """Secrets that must never be printed, from now on."""
        self._secrets = tuple({*self._secrets, *(secret for secret in secrets if secret)})

    def text(self, text: str) -> str:
        """``text`` without any known secret, in whatever form."""
        return without(text, self._secrets)

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        return {key: HIDDEN if _names_secret(key) else self._clean(value) for key, value in event.items()}

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: HIDDEN if _names_secret(str(key)) else self._clean(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [self._clean(part) for part in value]
        return value


REDACT = Redact()


def _names_secret(key: str) -> bool:
    return any(word in key.lower() for word in SECRET_KEYS)


def _what_first(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Time, level, event and site lead, so that a line reads from the left."""
    leading = [key for key in ("at", "level", "event", "site_id") if key in event]
    return {key: event[key] for key in (*leading, *(key for key in event if key not in leading))}


class UnfailingStream:
    """A stream whose failures are passed over: a full disk under the log must not end the service."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """All of it, or nothing."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """As far as that is possible."""
        with suppress(OSError):
            self._stream.flush()


def configure_logging(*, level: str = "info", style: str = "auto", stream: TextIO | None = None) -> None:
    """Log to ``stream`` (standard error by default). Libraries speak from warning on, in the same form."""
    out = sys.stderr if stream is None else stream
    readable = style == "console" or (style == "auto" and out.isatty())
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=out.isatty()) if readable else structlog.processors.JSONRenderer()
    )
    shared: list[Processor] = [
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _what_first,
        structlog.processors.format_exc_info,
        REDACT,
    ]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            *shared,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", UnfailingStream(out))),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    stamina.instrumentation.set_on_retry_hooks([])  # what matters of a retry is how the call ends
