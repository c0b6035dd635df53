"""structlog, configured once: JSON lines, or readable ones on a terminal; secrets never pass."""

import logging
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Any, TextIO, cast

import stamina
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from optimizer.domain.secret_forms import HIDDEN, without

UNSPOKEN = frozenset({"_record", "_from_structlog"})
"""What structlog carries along for itself and takes out before a line is written."""
SECRET_KEYS = ("authorization", "api_key", "token", "secret", "password", "bearer")


class Redact:
    """Replaces every known secret, and the value of every key that names one, in each log line.

    Whatever is neither text nor number is made text here: a renderer would do so later, with the secret in it.
    """

    def __init__(self) -> None:
        self._secrets: tuple[str, ...] = ()

    def add(self, secrets: Iterable[str]) -> None:
        """Secrets that must never be printed, from now on."""
        self._secrets = tuple({*self._secrets, *(secret for secret in secrets if secret)})

    def text(self, text: str) -> str:
        """``text`` without any known secret, in whatever form."""
        return without(text, self._secrets)

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        kept = {key: event[key] for key in UNSPOKEN if key in event}
        cleaned: EventDict = self._clean({key: value for key, value in event.items() if key not in kept})
        return {**cleaned, **kept}

    def _clean(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {
                self.text(str(key)): HIDDEN if _names_secret(str(key)) else self._clean(part)
                for key, part in value.items()
            }
        if isinstance(value, list | tuple):
            return [self._clean(part) for part in value]
        return self.text(repr(value))


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


def _tell_uncaught(
    kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None, thread: str
) -> None:
    """An end by an error that nobody caught, told as a log line. Where that fails, too, Python must not print it."""
    with suppress(Exception):
        structlog.get_logger().error("uncaught", thread=thread, exc_info=(kind, error, traceback))


def _ended_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    _tell_uncaught(kind, error, traceback, threading.main_thread().name)


def _thread_ended_uncaught(args: threading.ExceptHookArgs) -> None:
    if args.exc_type is not SystemExit:
        name = "unknown" if args.thread is None else args.thread.name
        _tell_uncaught(args.exc_type, args.exc_value, args.exc_traceback, name)


def _hook_uncaught() -> None:
    """In the place of Python's own hooks, which would print secrets; anybody else's stay."""
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _ended_uncaught
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _thread_ended_uncaught


def configure_logging(*, level: str = "info", style: str = "auto", stream: TextIO | None = None) -> None:
    """Log to ``stream`` (standard error by default). Libraries speak from warning on, in the same form.

    What nobody catches is logged as well.
    """
    _hook_uncaught()
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
