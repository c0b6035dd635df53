"""A year of cycles of one site on a simulated clock: memory stays flat, the ledger is bounded by pruning.

The process, its HTTP and its ledger are real. As its last line it prints one JSON object.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from campaign import CYCLE, START, TARIFF, Child
from world import simulated_world

YEAR = 35_040
WARM = 6_000
"""Cycles until all that a cycle reads is as long as it gets: 35 days of history, of which the last 28 with their
forecasts beside them, fill by cycle 3,360; the caches and pools that hold them settle in the month after."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=YEAR)
    parser.add_argument("--keep-cycles-days", type=int, default=90)
    options = parser.parse_args()
    resident_kb: list[int] = []
    with tempfile.TemporaryDirectory() as name, simulated_world(Path(name), start=START, soc_percent=50.0) as world:
        folder = Path(name)
        top = f"[ledger]\nkeep_cycles_days = {options.keep_cycles_days}"
        file = world.settings(tariff=TARIFF).rename(folder / "year.toml")
        file.write_text(file.read_text().replace("[ledger]", top))
        child = Child(world=world, file=file, log=folder / "daemon.log")
        child.start(START)
        bad: Counter[str] = Counter()
        for number in range(options.cycles):
            now = world.clock.now()
            answer = child.ask(do="cycle", at=now.isoformat()) or {}
            if answer.get("outcome") not in {"Posted", "Held"}:
                ending = f"{answer.get('outcome')} {answer.get('error')}"
                if ending not in bad:
                    print(f"cycle {number + 1}, {now.isoformat()}, ended otherwise: {ending}", flush=True)
                bad[ending] += 1
            resident_kb.append(answer["rss_kb"])
            if number % 96 == 12:
                child.ask(do="prune", at=now.isoformat())
                world.simulator.posts.clear()
            if number % 2976 == 2975:
                ledger_mb = (folder / "ledger.sqlite3").stat().st_size / 1e6
                print(f"{number + 1} cycles: {resident_kb[-1] / 1024:.0f} MB, ledger {ledger_mb:.1f} MB", flush=True)
            world.clock.advance_to(now + CYCLE)
        ledger_mb = (folder / "ledger.sqlite3").stat().st_size / 1e6
        child.kill()
    warm = min(WARM, len(resident_kb) // 2)
    early, late = sorted(resident_kb[warm : warm + 500]), sorted(resident_kb[-500:])
    growth = late[len(late) // 2] / early[len(early) // 2] - 1
    found = {
        "cycles": options.cycles,
        "days": round(options.cycles * CYCLE / timedelta(days=1), 1),
        "not_posted_or_held": dict(bad),
        "memory_mb_after_warm_up": round(early[len(early) // 2] / 1024, 1),
        "memory_mb_at_the_end": round(late[len(late) // 2] / 1024, 1),
        "memory_growth_percent": round(100 * growth, 2),
        "ledger_mb": round(ledger_mb, 1),
        "keep_cycles_days": options.keep_cycles_days,
    }
    print(json.dumps(found))
    return 0 if growth <= 0.05 else 1


if __name__ == "__main__":
    sys.exit(main())
