"""Bound a call by wall-clock time, whatever the network does."""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue


class TookTooLong(Exception):
    """The call did not end in time; its thread is left behind, and ends with its socket or at its next step."""


def call_within[T](seconds: float, call: Callable[[], T]) -> T:
    """The result of ``call``, or TookTooLong after ``seconds``.

    A client library's time-outs bound single reads, so a server that sends one byte at a time, or a resolver
    that does not answer, could hold a call for ever. Exceptions of ``call`` are raised here.
    """
    done: SimpleQueue[tuple[T, None] | tuple[None, BaseException]] = SimpleQueue()

    def run() -> None:
        try:
            done.put((call(), None))
        except BaseException as error:  # noqa: BLE001 - handed to the caller, who raises it
            done.put((None, error))

    threading.Thread(target=run, name="call-within", daemon=True).start()
    try:
        result, error = done.get(timeout=seconds)
    except Empty:
        raise TookTooLong from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]  # None only beside an error
