"""A site's jobs against the simulator, and another who writes there with the same key."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
from world import World

from optimizer.clients.heat import request_body
from optimizer.daemon import Jobs
from optimizer.domain.command import Batch, Command, Entry, Pair

MINUTE = timedelta(minutes=1)


@contextmanager
def running(world: World, **settings) -> Iterator[Jobs]:
    with world.app(**settings) as app:
        yield Jobs(app)


def plan(jobs: Jobs):
    return jobs.plan(jobs.app.sites[0])


def sample(jobs: Jobs) -> None:
    jobs.sample(jobs.app.sites[0])


def newest(jobs: Jobs, world: World):
    return jobs.app.book.newest(world.site_id)[0]


def write_as_another(world: World, *commands: dict) -> None:
    """Somebody else's request with the same key."""
    answer = httpx.post(
        f"{world.addresses.heat_url}/api/v0/public/sites/{world.site_id}/schedules",
        json={"schedules": list(commands)},
        headers={"Authorization": f"Bearer {world.simulator.options.api_key}"},
    )
    assert answer.is_success, answer.text


def nothing_in_force(world: World) -> None:
    """All schedules are gone, as if the cloud had lost them."""
    in_force = world.simulator.in_force(world.site_id)
    if in_force:
        write_as_another(world, *({**command, "entries": []} for command in in_force))


def foreign_schedule(world: World, pair: Pair, *values: float, each: timedelta) -> None:
    start = world.clock.now()
    entries = tuple(
        Entry(start=start + number * each, end=start + (number + 1) * each, value=value)
        for number, value in enumerate(values)
    )
    write_as_another(world, *request_body(Batch(commands=(Command(pair=pair, entries=entries),)))["schedules"])


def foreign_battery_schedule(world: World, kw: float) -> None:
    foreign_schedule(world, Pair.BESS_POWER, kw, each=timedelta(hours=6))
