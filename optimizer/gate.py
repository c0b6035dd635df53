"""Many work inside, and a change is made while nobody does."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Who comes while a change is made waits until it is done: nothing is turned away, nothing is lost."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._is_shut = False

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Work, after a change that is being made."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_shut)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self, *, within_s: float) -> Iterator[bool]:
        """Change something. True where all have left; False where some have not within ``within_s``."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_shut)
            self._is_shut = True
            is_empty = self._changed.wait_for(lambda: self._inside == 0, within_s)
        try:
            yield is_empty
        finally:
            with self._changed:
                self._is_shut = False
                self._changed.notify_all()
