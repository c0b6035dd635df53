"""What is written of a log line: never a secret, whoever holds it."""

import io
import json
import logging
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from optimizer.log import REDACT, configure_logging

SECRET = "agk_first.ags_supersecretvalue"


@dataclass(frozen=True)
class Holder:
    """Something whose text holds a secret."""

    token_text: str = SECRET


HELD = {
    "an error": ValueError(SECRET),
    "a path": Path("/run") / SECRET,
    "an object": Holder(),
    "a set": {SECRET},
    "octets": SECRET.encode(),
    "a key": {SECRET: 1},
    "a key that is no text": {(SECRET, 1): 1},
    "deep within": {"a": [({"b": Holder()},)]},
}


@pytest.fixture(params=["json", "console"])
def written(request: pytest.FixtureRequest) -> io.StringIO:
    stream = io.StringIO()
    REDACT.add([SECRET])
    configure_logging(style=request.param, stream=stream)
    return stream


@pytest.mark.parametrize("what", HELD)
def test_whatever_holds_a_secret_is_written_without_it(written: io.StringIO, what: str):
    structlog.get_logger().error("seen", held=HELD[what])

    assert "seen" in written.getvalue()
    assert "***" in written.getvalue()
    assert "supersecret" not in written.getvalue()


def test_a_library_s_traceback_and_arguments_are_written_without_it(written: io.StringIO):
    try:
        int(SECRET)
    except ValueError:
        logging.getLogger("some.library").exception("bad %s", Holder())

    assert "ValueError" in written.getvalue()
    assert "supersecret" not in written.getvalue()


def test_numbers_and_truth_values_stay_what_they_are():
    stream = io.StringIO()
    configure_logging(style="json", stream=stream)

    structlog.get_logger().error("seen", kw=1.5, count=3, is_good=True, absent=None, deep={"at": [1, (2.0, False)]})

    line = json.loads(stream.getvalue())
    assert (line["kw"], line["count"], line["is_good"], line["absent"]) == (1.5, 3, True, None)
    assert line["deep"] == {"at": [1, [2.0, False]]}


ENDS_BADLY = f"""
import threading
from optimizer.log import REDACT, configure_logging
REDACT.add(["{SECRET}"])
configure_logging(style="STYLE")
def fail():
    raise ValueError("agk_first." + "ags_supersecretvalue")
thread = threading.Thread(target=fail)
thread.start()
thread.join()
fail()
"""


@pytest.mark.parametrize("style", ["json", "console"])
def test_what_nobody_caught_is_told_without_it_in_the_main_thread_and_in_others(style: str):
    done = subprocess.run(
        [sys.executable, "-c", ENDS_BADLY.replace("STYLE", style)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.count("ValueError: ***") == 2
    assert "supersecret" not in done.stderr
    if style == "json":
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        assert [line["event"] for line in lines] == ["uncaught", "uncaught"]


def test_a_hook_that_somebody_has_set_stays(monkeypatch: pytest.MonkeyPatch):
    def theirs(*_: object) -> None:
        """A debugger's, or a test runner's."""

    monkeypatch.setattr(sys, "excepthook", theirs)
    monkeypatch.setattr(threading, "excepthook", theirs)
    configure_logging(stream=io.StringIO())

    assert (sys.excepthook, threading.excepthook) == (theirs, theirs)
