"""The real application as a process of its own, told by lines on its standard input what time it is and what to do.

Each line is a JSON object: ``do`` (cycle, sample, config, full, room), ``at`` (the time that its clock shows from
now on) and, for a cycle, ``die`` (before_post, after_answer). Each is answered by a line. ``die`` is a real
SIGKILL at that point of the delivery.
"""

import json
import os
import resource
import signal
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import stamina

from optimizer.app import LiveApplication, build_live
from optimizer.daemon import Jobs
from optimizer.domain.command import Batch, Receipt
from optimizer.log import configure_logging

DISK_FULL_BYTES = 4096


class Clock:
    """Shows what it was told last; may jump either way."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


class MortalPoster:
    """The real poster, and a process that may end around it."""

    def __init__(self, poster: Any) -> None:
        self.poster = poster
        self.die: str | None = None

    def post_batch(self, site_id: str, batch: Batch, *, within_s: float) -> Receipt:
        if self.die == "before_post":
            os.kill(os.getpid(), signal.SIGKILL)
        receipt: Receipt = self.poster.post_batch(site_id, batch, within_s=within_s)
        if self.die == "after_answer":
            os.kill(os.getpid(), signal.SIGKILL)
        return receipt


def built(file: Path, clock: Clock) -> tuple[LiveApplication, MortalPoster]:
    app = build_live(file, now=clock.now, environ=os.environ)
    app.ledger._connection.execute("PRAGMA busy_timeout = 50")
    poster = MortalPoster(app.poster)
    return replace(app, poster=poster), poster  # type: ignore[arg-type]


def main() -> None:
    file, at = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
    configure_logging(level="info", style="json", stream=sys.stderr)
    clock = Clock(at)
    app, poster = built(file, clock)
    jobs = Jobs(app)
    with stamina.set_testing(True, attempts=2):
        print(json.dumps({"ready": True}), flush=True)
        for line in sys.stdin:
            order = json.loads(line)
            clock.at = datetime.fromisoformat(order["at"])
            answer: dict[str, Any] = {}
            match order["do"]:
                case "cycle":
                    poster.die = order.get("die")
                    outcome = jobs.plan(app.sites[0])
                    answer = {"outcome": type(outcome).__name__, "error": getattr(outcome, "error", None)}
                    poster.die = None
                case "sample":
                    jobs.sample(app.sites[0])
                case "config":
                    app.close()
                    app, poster = built(Path(order["file"]), clock)
                    jobs = Jobs(app)
                case "prune":
                    jobs.prune()
                case "full":
                    resource.setrlimit(resource.RLIMIT_FSIZE, (DISK_FULL_BYTES, resource.RLIM_INFINITY))
                case "room":
                    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            answer["rss_kb"] = _resident_kb()
            print(json.dumps(answer), flush=True)
    app.close()


def _resident_kb() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


if __name__ == "__main__":
    main()
