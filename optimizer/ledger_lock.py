"""One posting process for each ledger of a machine: a lock that ends with the process, however it ends."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from optimizer.errors import ConfigError


@dataclass(frozen=True, slots=True)
class LedgerLock:
    """An open file that is locked. The lock is the kernel's: kill -9 frees it."""

    descriptor: int

    @classmethod
    def take(cls, ledger: Path) -> Self:
        """Lock ``<ledger>.lock`` beside the file itself, whatever links lead there.

        Raises ConfigError where another process has it, or where it cannot be written.
        """
        real = Path(os.path.realpath(ledger))
        file = real.with_name(f"{real.name}.lock")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            msg = f"ledger {ledger}: its lock {file.name} cannot be opened: {error.strerror}"
            raise ConfigError(msg) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            msg = f"ledger {ledger} is in use by another heat-optimizer (process {holder}): one alone may post; stop it"
            raise ConfigError(msg) from None
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Free it."""
        os.close(self.descriptor)
