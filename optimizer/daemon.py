"""The process: one cycle, or a service with signals, systemd's notices and a quick clean end."""

import ctypes
import os
import resource
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from time import monotonic

import structlog

from optimizer.app import LiveApplication
from optimizer.domain.outcome import is_success
from optimizer.jobs import Jobs
from optimizer.scheduling import watchdog_interval_s
from optimizer.service import Service, systemd_notifier

STOP_WITHIN_S = 4.0
TICK_S = 5.0
STOP = frozenset({signal.SIGTERM, signal.SIGINT})
PR_SET_DUMPABLE = 4

NextSignals = Callable[[float | None], frozenset[int]]


def run_once(app: LiveApplication) -> int:
    """One cycle of every site, side by side. 0 only if each was planned and posted (or held)."""
    refuse_core_dumps()
    jobs = Jobs(app)
    with ThreadPoolExecutor(max_workers=max(1, len(app.sites))) as threads:
        outcomes = list(threads.map(jobs.plan, app.sites))
    app.close()
    return 0 if all(is_success(outcome) for outcome in outcomes) else 1


def run_forever(app: LiveApplication) -> int:
    """Serve until SIGTERM or SIGINT; the process then ends within a few seconds, whatever is running.

    SIGHUP reads settings and secrets anew. In a terminal it ends the process, as the terminal's end ends others.
    """
    refuse_core_dumps()
    watchdog_s = watchdog_interval_s(os.environ.get("WATCHDOG_USEC"))
    service = Service(Jobs(app), systemd_notifier(), watchdog_s)
    stop = STOP | ({signal.SIGHUP} if os.isatty(0) else set())
    log = structlog.get_logger()
    with received_signals() as next_signals:
        service.start()
        log.info("started", sites=[site.task.site.site_id for site in app.sites], pid=os.getpid())
        _serve(service, next_signals, stop, min(TICK_S, watchdog_s or TICK_S))
        service.notifier.notify("STOPPING=1")
        service.scheduler.shutdown(wait=False)
        gave_up_s = monotonic() + STOP_WITHIN_S
        idle = threading.Event()
        while service.jobs.active and monotonic() < gave_up_s:
            idle.wait(0.05)
        log.info("stopped", unfinished_jobs=service.jobs.active)
        if service.jobs.active or service.is_changing:
            os._exit(0)  # a thread may hang in a socket until its time-out; the ledger is safe at any moment
        service.app.close()
    return 0


def _serve(service: Service, next_signals: NextSignals, stop: frozenset[int], tick_s: float) -> None:
    """Until a signal says stop. A reload has a thread of its own, so that it never delays a stop or the watchdog."""
    while True:
        service.tick()
        signals = next_signals(tick_s)
        if signals & stop:
            return
        if signal.SIGHUP in signals:
            threading.Thread(target=service.reload, name="reload", daemon=True).start()


@contextmanager
def received_signals() -> Iterator[NextSignals]:
    """From here on SIGTERM, SIGINT and SIGHUP are only noted; the function given waits for the next of them.

    It returns those that came, none where none came within so many seconds (None: however long it takes).
    Blocking signals would not do: libraries own threads that started earlier and would still take one, fatally.
    Python's wake-up descriptor is written by whichever thread the kernel picks.
    """
    receiver, sender = socket.socketpair()
    with receiver, sender:
        sender.settimeout(0)
        previous_fd = signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
        previous = {number: signal.signal(number, _note) for number in (*STOP, signal.SIGHUP)}

        def next_signals(within_s: float | None) -> frozenset[int]:
            receiver.settimeout(within_s)
            try:
                return frozenset(receiver.recv(64))
            except TimeoutError:
                return frozenset()

        try:
            yield next_signals
        finally:
            signal.set_wakeup_fd(previous_fd)
            for number, handler in previous.items():
                signal.signal(number, handler)


@contextmanager
def stop_signals() -> Iterator[Callable[[], None]]:
    """``received_signals`` for who only wants to end: the function given waits for SIGTERM or SIGINT."""
    with received_signals() as next_signals:

        def wait() -> None:
            while not next_signals(None) & STOP:
                pass

        yield wait


def _note(_number: int, _frame: object) -> None:
    """The wake-up descriptor has told it already."""


def refuse_core_dumps() -> None:
    """A dump of this process would hold its secrets. Also where a program takes dumps in place of the kernel."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


__all__ = ["Jobs", "Service", "run_forever", "run_once", "stop_signals", "watchdog_interval_s"]
