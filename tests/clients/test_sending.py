"""What leaves, and what must not leave any more."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from world import World, simulated_world

from optimizer.clients import HeatCloudPaths, HeatCloudPoster, HttpDoor
from optimizer.domain.command import Batch, Command, Entry, Pair
from optimizer.errors import DeliveryUnconfirmed


@pytest.fixture
def world(tmp_path) -> Iterator[World]:
    with simulated_world(tmp_path) as found:
        yield found


def batch_of(world: World, kw: float) -> Batch:
    now = world.clock.now()
    entry = Entry(start=now, end=now + timedelta(hours=1), value=kw)
    return Batch(commands=(Command(pair=Pair.BESS_POWER, entries=(entry,)),))


def abandoned_calls() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "call-within"]


@pytest.mark.parametrize("is_connected", [False, True], ids=["new connection", "open connection"])
def test_a_post_that_was_given_up_before_it_left_never_leaves(world, is_connected):
    held_up, go_on = threading.Event(), threading.Event()

    def wait(request: httpx.Request) -> None:
        if held_up.is_set():
            go_on.wait(30)

    with httpx.Client(event_hooks={"request": [wait]}) as client:
        options = world.simulator.options
        door = HttpDoor("H.E.A.T. Cloud", world.addresses.heat_url, options.api_key, client=client)
        poster = HeatCloudPoster(door, HeatCloudPaths())
        if is_connected:
            poster.post_batch(world.site_id, batch_of(world, 1.0), within_s=5.0)
        arrived = len(world.simulator.posts)
        held_up.set()
        with pytest.raises(DeliveryUnconfirmed, match=r"no answer to POST .* within 0\.2 s"):
            poster.post_batch(world.site_id, batch_of(world, 2.0), within_s=0.2)
        late = abandoned_calls()
        held_up.clear()
        poster.post_batch(world.site_id, batch_of(world, 3.0), within_s=5.0)
        go_on.set()
        for thread in late:
            thread.join(30)

    assert late, "the given-up call was still about to send"
    assert not any(thread.is_alive() for thread in late)
    sent = [post.body["schedules"][0]["entries"][0]["value"] for post in world.simulator.posts[arrived:]]
    assert sent == [3.0]
