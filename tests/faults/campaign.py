"""Weeks of closed loop under faults of every kind, and what must be true afterwards.

The daemon's process is real and really killed; the simulator is served over HTTP; only the clock is simulated.
Run as a program it prints what it does and, as its last line, one JSON object of counts.
"""

import argparse
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from world import World, simulated_world

from optimizer.simulator import Fault

START = datetime(2021, 4, 14, 10, 0, tzinfo=UTC)
CYCLE = timedelta(minutes=15)
WAIT_S = 30.0
TARIFF = """
[sites.tariff]
strategy = "time_of_use"
import_price = 0.34
export_price = 0.08
periods = [
  {name = "night", import_price = 0.18, start = "00:00", end = "06:00"},
  {name = "evening", import_price = 0.46, start = "17:00", end = "20:00"},
]
"""
ORDERED_STATUS = {429, 500, 503}
MOST_LOOKED_AT = 60


@dataclass
class Child:
    """The daemon's process."""

    world: World
    file: Path
    log: Path
    process: subprocess.Popen[str] | None = None
    restarts: int = 0

    def start(self, at: datetime) -> None:
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("child.py")), str(self.file), at.isoformat()],
                env={**os.environ, **self.world.environ},
                cwd=self.world.folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._read()

    def ask(self, **order: Any) -> dict[str, Any] | None:
        """Its answer; None where it died instead."""
        assert self.process is not None
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        return self._read()

    def _read(self) -> dict[str, Any] | None:
        assert self.process is not None
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.reap()

    def reap(self) -> None:
        assert self.process is not None
        self.process.wait(WAIT_S)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        self.process = None

    def restart(self, at: datetime) -> None:
        self.restarts += 1
        self.start(at)


@dataclass
class Campaign:
    """One run: a world, its daemon, and the faults so far."""

    world: World
    child: Child
    dice: random.Random
    kinds: "Mapping[str, Kind]"
    faults: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    foreign_bodies: list[str] = field(default_factory=list)
    unexplained_slots: int = 0

    def cycle(self, fault: str | None) -> None:
        """One cycle, with its fault, and a reading a minute later."""
        now = self.world.clock.now()
        if fault is None:
            self._plan(now)
        else:
            self.faults[fault] += 1
            self.kinds[fault](self, now)
        self.world.simulator.clear_faults()
        if self.child.process is None or self.child.process.poll() is not None:
            self.child.reap() if self.child.process is not None else None
            self.child.restart(self.world.clock.now())
        self.world.clock.advance_by(timedelta(minutes=1))
        self.child.ask(do="sample", at=self.world.clock.now().isoformat())
        self._look()
        self.world.clock.advance_to(now + CYCLE)

    def _plan(self, at: datetime, **more: Any) -> dict[str, Any] | None:
        answer = self.child.ask(do="cycle", at=at.isoformat(), **more)
        if answer is None:
            self.outcomes["killed"] += 1
            self.child.reap()
            self.child.restart(self.world.clock.now())
        else:
            self.outcomes[answer["error"] or answer["outcome"]] += 1
        return answer

    def _look(self) -> None:
        """Whatever is in force now must be on record: in the ledger, or among what the foreign hand wrote."""
        now = self.world.clock.now()
        ledger = sqlite3.connect(self.world.folder / "ledger.sqlite3")
        rows = ledger.execute(
            "SELECT commands FROM batches WHERE state != 'refused' ORDER BY number DESC LIMIT ?", (MOST_LOOKED_AT,)
        ).fetchall()
        ledger.close()
        known = [
            (each["pair"], [_entry(*entry) for entry in each["entries"]])
            for (commands,) in rows
            for each in json.loads(commands)
        ]
        known += [
            (f"{command['asset']}.{command['type']}", command["entries"])
            for body in self.foreign_bodies[-MOST_LOOKED_AT:]
            for command in json.loads(body)["schedules"]
        ]
        for command in self.world.simulator.in_force(self.world.site_id):
            value = _value_at(command["entries"], now)
            if value is None:
                continue
            label = f"{command['asset']}.{command['type']}"
            self.unexplained_slots += not any(
                pair == label and _value_at(entries, now) == value for pair, entries in known
            )

    def kill_before_post(self, now: datetime) -> None:
        self._plan(now, die="before_post")

    def kill_after_answer(self, now: datetime) -> None:
        self._plan(now, die="after_answer")

    def kill_in_post(self, now: datetime) -> None:
        """The request is carried out, and the process dies while it waits for the answer."""
        self.world.simulator.add_fault(Fault(where="POST", apply=True, delay_s=WAIT_S, drop=True))
        posts, answers = len(self.world.simulator.posts), []
        asking = threading.Thread(target=lambda: answers.append(self.child.ask(do="cycle", at=now.isoformat())))
        asking.start()
        process = self.child.process
        gave_up_s = monotonic() + WAIT_S
        while asking.is_alive() and len(self.world.simulator.posts) == posts and monotonic() < gave_up_s:
            asking.join(0.002)
        if asking.is_alive() and process is not None:
            process.kill()
        asking.join()
        if answers[0] is None:
            self.outcomes["killed"] += 1
            self.child.reap()
            self.child.restart(self.world.clock.now())
        else:
            self.outcomes[answers[0]["error"] or answers[0]["outcome"]] += 1

    def lost_answer(self, now: datetime) -> None:
        self.world.simulator.add_fault(Fault(where="POST", apply=True, drop=True))
        self._plan(now)

    def lost_request(self, now: datetime) -> None:
        self.world.simulator.add_fault(Fault(where="POST", drop=True))
        self._plan(now)

    def lost_answer_and_blind(self, now: datetime) -> None:
        """The answer is lost, and the site cannot be read back either."""
        self.world.simulator.add_fault(Fault(where="POST", apply=True, drop=True, delay_s=0.3))
        posts = len(self.world.simulator.posts)
        asking = threading.Thread(target=lambda: self._plan(now))
        asking.start()
        while asking.is_alive() and len(self.world.simulator.posts) == posts:
            asking.join(0.002)
        self.world.simulator.add_fault(Fault(where="GET site", status=503, times=None))
        asking.join()

    def delivered_twice(self, now: datetime) -> None:
        self.world.simulator.add_fault(Fault(where="POST", twice=True))
        self._plan(now)

    def retry_after(self, now: datetime) -> None:
        self.world.simulator.add_fault(Fault(where="POST", status=429, headers={"Retry-After": "60"}))
        self._plan(now)

    def burst_of_500(self, now: datetime) -> None:
        where = self.dice.choice(("POST", "GET site"))
        self.world.simulator.add_fault(Fault(where=where, status=500, times=self.dice.choice((1, 3, 5))))
        self._plan(now)

    def slow_body(self, now: datetime) -> None:
        self.world.simulator.add_fault(Fault(where="POST", drip_s=0.004))
        self._plan(now)

    def truncated(self, now: datetime) -> None:
        self.world.simulator.add_fault(Fault(where=self.dice.choice(("POST", "GET site")), truncate=True))
        self._plan(now)

    def tls(self, now: datetime) -> None:
        """The cloud's address answers, but not with TLS."""
        broken = self.child.file.with_name("tls.toml")
        text = self.child.file.read_text().replace(self.world.addresses.heat_url, self._https())
        broken.write_text(text)
        self.child.ask(do="config", file=str(broken), at=now.isoformat())
        self._plan(now)
        self.child.ask(do="config", file=str(self.child.file), at=now.isoformat())

    def _https(self) -> str:
        return self.world.addresses.heat_url.replace("http://", "https://")

    def clock_jump(self, now: datetime) -> None:
        self._plan(now + self.dice.choice((-2, -1, 1, 26)) * timedelta(minutes=47))

    def ledger_locked(self, now: datetime) -> None:
        blocker = sqlite3.connect(self.world.folder / "ledger.sqlite3")
        blocker.execute("BEGIN IMMEDIATE")
        self._plan(now)
        blocker.rollback()
        blocker.close()

    def disk_full(self, now: datetime) -> None:
        self.child.ask(do="full", at=now.isoformat())
        self._plan(now)
        self.child.ask(do="room", at=now.isoformat())

    def hcu_gone(self, now: datetime) -> None:
        self.world.simulator.add_fault(Fault(where="GET hcu", drop=True, times=None))
        self._plan(now)

    def stale_report(self, now: datetime) -> None:
        self.world.simulator.set_reported_lag(self.world.site_id, timedelta(minutes=self.dice.choice((10, 45, 300))))
        self._plan(now)
        self.world.simulator.set_reported_lag(self.world.site_id, timedelta(0))

    def foreign_write(self, now: datetime) -> None:
        """Somebody else writes, then our cycle runs."""
        entry = {
            "startAt": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            "endAt": f"{now + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}",
            "value": round(self.dice.uniform(-2, 2), 2),
        }
        body = json.dumps({"schedules": [{"asset": "bess", "type": "activePowerkW", "entries": [entry]}]})
        answer = httpx.post(
            f"{self.world.addresses.heat_url}/api/v0/public/sites/{self.world.site_id}/schedules",
            content=body,
            headers={"Authorization": f"Bearer {self.world.simulator.options.api_key}"},
        )
        if answer.is_success:
            self.foreign_bodies.append(body)
        self._plan(now)

    def counts(self) -> dict[str, Any]:
        """What the campaign must show."""
        ledger = sqlite3.connect(self.world.folder / "ledger.sqlite3")
        batches = ledger.execute("SELECT key, commands, state FROM batches").fetchall()
        ledger.close()
        intents = Counter(_canonical(json.loads(commands)) for _, commands, _ in batches)
        telling = Counter(content for content in intents.elements() if _has_entries(content))
        foreign = Counter(_canonical_body(json.loads(body)) for body in self.foreign_bodies)
        accepted = [post for post in self.world.simulator.posts if post.accepted]
        without_intent, seen = 0, Counter[str]()
        for post in accepted:
            content = _canonical_body(post.body)
            if foreign[content] > 0:
                foreign[content] -= 1
                continue
            seen[content] += _has_entries(content)
            without_intent += intents[content] == 0
        delivered_more_than_once = sum(count - 1 for count in seen.values() if count) - self.faults["delivered_twice"]
        invalid = [
            post
            for post in self.world.simulator.posts
            if post.status is not None and 400 <= post.status < 600 and post.status not in ORDERED_STATUS
        ]
        return {
            "simulated_days": round((self.world.clock.now() - START) / timedelta(days=1), 2),
            "faults": sum(self.faults.values()),
            "faults_by_kind": dict(sorted(self.faults.items())),
            "outcomes": dict(sorted(self.outcomes.items())),
            "restarts": self.child.restarts,
            "posts_accepted": len(accepted),
            "invalid_batches": len(invalid),
            "accepted_without_intent": without_intent,
            "duplicated_intents": sum(count - 1 for count in telling.values()),
            "sent_again_although_in_force": max(delivered_more_than_once, 0),
            "unexplained_slots": self.unexplained_slots,
            "unknown_batch_ids": sum(state == "lost" for _, _, state in batches),
            "alive": self.child.process is not None and self.child.process.poll() is None,
        }


Kind = Callable[[Campaign, datetime], None]
FAULTS: dict[str, Kind] = {
    name: getattr(Campaign, name)
    for name in (
        *("kill_before_post", "kill_in_post", "kill_after_answer", "lost_answer", "lost_request"),
        *("lost_answer_and_blind", "delivered_twice", "retry_after", "burst_of_500", "slow_body", "truncated"),
        *("tls", "clock_jump", "ledger_locked", "disk_full", "hcu_gone", "stale_report", "foreign_write"),
    )
}


def settings_of(world: World) -> Path:
    return world.settings(tariff=TARIFF, top="[dispatch]\nforeign_lease_minutes = 30")


def run(
    folder: Path,
    seed: int,
    cycles: int,
    fault_share: float,
    say: Callable[[str], None],
    *,
    kinds: Mapping[str, Kind] = FAULTS,
    settings: Callable[[World], Path] = settings_of,
    **options: Any,
) -> dict[str, Any]:
    """A campaign of so many cycles; faults in ``fault_share`` of them, every kind in turn first.

    ``settings`` writes the daemon's settings; ``options`` are the simulator's.
    """
    dice = random.Random(seed)
    say(f"seed {seed}, {cycles} cycles")
    with simulated_world(folder, start=START, **{"soc_percent": 50.0, **options}) as world:
        child = Child(world=world, file=settings(world), log=folder / "daemon.log")
        child.start(START)
        campaign = Campaign(world=world, child=child, dice=dice, kinds=kinds)
        waiting = list(kinds)
        for number in range(cycles):
            fault = None
            if number >= 4 and dice.random() < fault_share:
                fault = waiting.pop(0) if waiting else dice.choice(list(kinds))
            campaign.cycle(fault)
            if number % 96 == 95:
                say(f"day {number // 96 + 1}: {sum(campaign.faults.values())} faults, {child.restarts} restarts")
        for _ in range(4):
            campaign.cycle(None)
        found = campaign.counts() | {"seed": seed}
        child.kill()
    return found


def _value_at(entries: list[dict[str, Any]], at: datetime) -> float | None:
    for entry in entries:
        start, end = (datetime.fromisoformat(entry[key]) for key in ("startAt", "endAt"))
        if start <= at < end:
            return float(entry["value"])
    return None


def _entry(start: str, end: str, value: float) -> dict[str, Any]:
    return {"startAt": start, "endAt": end, "value": value}


def _has_entries(content: str) -> bool:
    """Whether it tells anything; to take back what is there may be asked for again and again."""
    return any(entries for _, entries in json.loads(content))


def _canonical_body(body: dict[str, Any]) -> str:
    return _canonical(
        [
            {
                "pair": f"{command['asset']}.{command['type']}",
                "entries": [[entry["startAt"], entry["endAt"], entry["value"]] for entry in command["entries"]],
            }
            for command in body["schedules"]
        ]
    )


def _canonical(commands: list[dict[str, Any]]) -> str:
    def moment(text: str) -> str:
        return datetime.fromisoformat(text).astimezone(UTC).isoformat()

    return json.dumps(
        sorted(
            (each["pair"], [[moment(a), moment(b), float(value)] for a, b, value in each["entries"]])
            for each in commands
        )
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=float, default=30.0)
    parser.add_argument("--fault-share", type=float, default=0.4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = run(
            Path(folder),
            options.seed,
            round(options.days * 96),
            options.fault_share,
            lambda text: print(text, flush=True),
        )
    print(json.dumps(found))
    wrong = [name for name in MUST_BE_ZERO if found[name]]
    return 1 if wrong or not found["alive"] else 0


MUST_BE_ZERO = (
    *("invalid_batches", "accepted_without_intent", "duplicated_intents", "sent_again_although_in_force"),
    "unexplained_slots",
)


if __name__ == "__main__":
    sys.exit(main())
