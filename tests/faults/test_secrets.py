"""No secret is left anywhere: not in a file, a log line, a page, an answer of a command or an error's text."""

import json
import os
import random
import signal
import subprocess
import sys
from base64 import b64encode
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from faults.campaign import FAULTS, START, TARIFF, Campaign, run
from faults.leaks import leaks
from retail_provider import Answer, Asked, provider
from service_process import page, service_process
from world import World

from optimizer.ledger import Ledger
from optimizer.simulator import Fault, RealClock, Simulator, SimulatorOptions, bundled_recording

KEY = "agk_7fQ+z/Lw2K9p=.ags_Vx0/81+aPq3mZt~Rb5Yc7UdEf"
OLD_KEY = "agk_0ld+One/4tG6h=.ags_Wq8/31+kLm2nBv~Cx9Za1SdQw"
HCU_TOKEN = "aris_tok_+Jk4/Ty6~Gh2=Nb8"
FEED_TOKEN = "5K4MVS-OjfWhK_4yrjOlFe1F6kJXPVf7eQYggo8ebAE"
SECRETS = [*(part for key in (KEY, OLD_KEY) for part in (key, *(half[4:] for half in key.split(".")))), HCU_TOKEN]
SECRETS.append(FEED_TOKEN)
HOLDERS = {"key", "tibber-token"}
"""The files that are there to hold a secret."""
KINDS = (
    *("kill_before_post", "kill_in_post", "kill_after_answer", "lost_answer", "retry_after", "burst_of_500"),
    *("truncated", "tls", "ledger_locked", "disk_full"),
)


def echoes(secret: str) -> list[str]:
    """How a provider might repeat what it was sent."""
    return [
        f"no such key: {secret}",
        f"Authorization: Bearer {secret}",
        f"key {secret.rsplit('.', maxsplit=1)[-1]} is revoked",
        f"see /login?key={quote(secret, safe='')}&again=1",
        f"header {b64encode(f'Bearer {secret}'.encode()).decode()}",
        f"raw {secret.encode().hex()}",
        "x" * (298 - len(secret) // 2) + secret,
    ]


def echo(where: str, status: int, secret: str):
    """A fault of the campaign: refused, with the secret repeated in one way or another."""

    def fault(campaign: Campaign, now: datetime) -> None:
        words = campaign.dice.choice(echoes(secret))
        body = json.dumps({"error": "unauthorized", "message": words}).encode()
        campaign.world.simulator.add_fault(Fault(where=where, status=status, body=body, times=3))
        campaign._plan(now)

    return fault


def echo_in_header(campaign: Campaign, now: datetime) -> None:
    """No JSON at all, and the type of its content is the key."""
    fault = Fault(where="GET site", status=200, body=b"<html>", content_type=f"text/html; boundary={KEY}", times=3)
    campaign.world.simulator.add_fault(fault)
    campaign._plan(now)


ECHOES = {
    "echo_401": echo("GET site", 401, KEY),
    "echo_503": echo("GET site", 503, KEY),
    "echo_422": echo("POST", 422, KEY),
    "echo_hcu": echo("GET hcu", 403, HCU_TOKEN),
    "echo_in_header": echo_in_header,
}


def prices(asked: Asked, dice: random.Random) -> Answer:
    """A feed that answers, or refuses and repeats the token."""
    assert asked.headers["Authorization"] == f"Bearer {FEED_TOKEN}"
    words = dice.choice(echoes(FEED_TOKEN))
    match dice.choice(("good", "good", "error", "refused", "broken")):
        case "error":
            return Answer(body=json.dumps({"errors": [{"message": words}]}))
        case "refused":
            return Answer(status=401, body=words)
        case "broken":
            return Answer(status=500, body=json.dumps({"message": words}))
    hours = [START.replace(hour=0) + timedelta(hours=hour) for hour in range(96)]
    today = [{"startsAt": at.isoformat(), "total": 0.25} for at in hours]
    home = {"id": words, "currentSubscription": {"priceInfo": {"today": today, "tomorrow": []}}}
    return Answer(body=json.dumps({"data": {"viewer": {"homes": [home]}}}))


def with_feed(world: World, url: str) -> Path:
    (world.folder / "tibber-token").write_text(FEED_TOKEN)
    feed = f'[sites.feeds.retail]\nfeed = "tibber"\nresolution = "HOURLY"\nbase_url = "{url}"\n'
    return world.settings(tariff=f'{TARIFF}\n{feed}token = {{file = "tibber-token"}}\n')


@pytest.mark.slow
@pytest.mark.timeout(170)
def test_after_a_campaign_of_faults_no_file_and_no_line_holds_a_secret(tmp_path):
    dice = random.Random(3)
    kinds = {name: FAULTS[name] for name in KINDS} | ECHOES
    with provider(lambda asked: prices(asked, dice)) as retail:
        found = run(
            tmp_path,
            seed=3,
            cycles=40,
            fault_share=0.7,
            say=lambda _: None,
            kinds=kinds,
            settings=lambda world: with_feed(world, retail.base_url),
            api_key=KEY,
            hcu_token=HCU_TOKEN,
        )
    log = (tmp_path / "daemon.log").read_text()

    assert found["alive"]
    assert set(found["faults_by_kind"]) == set(kinds), "every kind occurred"
    assert {"SourceUnauthorized", "SourceMalformed", "DeliveryRejected", "Posted"} <= set(found["outcomes"])
    assert log.count("feed_failed") >= 3
    assert "***" in log, "what was repeated was hidden, not left out"
    assert list((tmp_path / "feeds").iterdir()), "answers of the feed are kept on disk"
    assert leaks(tmp_path, {}, SECRETS, exempt=HOLDERS) == []


def command(world: World, *arguments: str) -> str:
    """All that a command says."""
    done = subprocess.run(
        [sys.executable, "-m", "optimizer", *arguments, "--config", str(world.folder / "heat-optimizer.toml")],
        env={**os.environ, **world.environ},
        cwd=world.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return f"{done.stdout}\n{done.stderr}"


@pytest.mark.slow
def test_a_service_its_pages_its_notices_and_the_commands_tell_no_secret_while_the_key_is_replaced(tmp_path):
    simulator = Simulator(SimulatorOptions(api_key=KEY, hcu_token=HCU_TOKEN), bundled_recording(), RealClock())
    texts: dict[str, str] = {}
    (tmp_path / "key").write_text(OLD_KEY)
    with provider(lambda asked: prices(asked, random.Random(5))) as retail, simulator.serve() as addresses:
        world = World(simulator=simulator, addresses=addresses, clock=RealClock(), folder=tmp_path)
        file = with_feed(world, retail.base_url)
        text = file.read_text().replace('{env = "TEST_HEAT_KEY"}', '{file = "key"}')
        file.write_text(f'[web]\nlisten = "127.0.0.1:0"\n{text}')
        body = json.dumps({"error": "unauthorized", "message": f"revoked: {OLD_KEY}"}).encode()
        simulator.add_fault(Fault(where="GET site", status=401, body=body))
        with service_process(world, file) as service:
            url = service.event("web_listening")["url"]
            assert service.event("cycle_skipped")["error"] == "SourceUnauthorized"
            texts["not ready"] = page(f"{url}/readyz", 503)
            (tmp_path / "key").write_text(KEY)
            service.process.send_signal(signal.SIGHUP)
            posted = service.event("batch_posted")
            texts |= {name: httpx.get(f"{url}{name}").text for name in ("/metrics", "/healthz", "/readyz", "/", "/no")}
            service.told("posted")
            assert service.stop() == 0
            texts["notices"] = "\n".join(service.notices)
        texts["service's log"] = world.log.getvalue()
        texts |= {name: command(world, name) for name in ("status", "batches")}
        texts["replay"] = command(world, "replay", posted["batch_id"])
        for number, said in enumerate(list(zip(echoes(KEY), echoes(HCU_TOKEN), strict=True))[::2]):
            for where, words in zip(("GET site", "GET hcu"), said, strict=True):
                body = json.dumps({"error": "refused", "message": words}).encode()
                simulator.add_fault(Fault(where=where, status=403, body=body, times=2))
            texts[f"refused {number}"] = command(world, ("check", "plan")[number % 2])
            simulator.clear_faults()

    assert "heat_optimizer_cycles_total" in texts["/metrics"]
    assert "byte for byte" in texts["replay"]
    assert "403" in texts["refused 0"]
    assert leaks(tmp_path, texts, SECRETS, exempt=HOLDERS) == []


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("planted", range(7))
def test_the_search_would_find_what_is_planted(tmp_path: Path, secret: str, planted: int):
    words = f"so it was {secret} indeed"
    texts = {"page": "nothing"}
    match planted:
        case 0:
            (tmp_path / "daemon.log").write_text(words)
        case 1:
            ledger = Ledger.open(tmp_path / "ledger.sqlite3")
            ledger.begin_cycle("here", START, {"why": words})
            ledger.close()
        case 2:
            ledger = Ledger.open(tmp_path / "ledger.sqlite3")
            ledger.write(("INSERT INTO marks VALUES ('here', 'signs', 0, ?)", [(words,)]))
            ledger.close()
        case 3:
            (tmp_path / "deep").mkdir()
            (tmp_path / "deep" / "cache.json").write_bytes(b64encode(f"Bearer {secret}".encode()))
        case 4:
            texts["page"] = f"<a href='?key={quote(secret, safe='')}'>"
        case 5:
            texts["page"] = secret.encode().hex().upper()
        case 6:
            file = tmp_path / "heat-optimizer.sqlite3-wal"
            file.write_bytes(os.urandom(5000) + secret.encode() + os.urandom(5000))

    assert leaks(tmp_path, texts, [secret])
    assert leaks(tmp_path, {}, ["some-other-secret"]) == []
