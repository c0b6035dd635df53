from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from pydantic import ValidationError
from retail_provider import Answer, Asked, Provider, provider

from strategies import (
    ConfigError,
    FeedContext,
    SourceMalformed,
    SourceRejected,
    SourceUnauthorized,
    SourceUnavailable,
)
from strategies.feeds.urdb import UrdbOptions, load_urdb
from strategies.options import Secret
from strategies.urdb import Rate, demand_windows, energy_price_per_kwh

DATA = Path(__file__).parent / "data"
EXAMPLE = DATA / "urdb-time-of-use-demand.json"
LABEL = "5cacc9d15457a31d537780e2"
KEY = "Zq3gQk0cJx5Tn8mWv2Lr7Yb1Hd6Sf9Pa4Ue0Ox3"


def secret(reference: Secret, option: str) -> str:
    if reference.env != "OPENEI_KEY":
        msg = f"{option}: environment variable {reference.env} is not set"
        raise ConfigError(msg)
    return KEY


CONTEXT = FeedContext(base_folder=DATA, zone="America/Phoenix", secret=secret)


def load(answer: Callable[[Asked], Answer] | str | bytes, label: str = LABEL) -> tuple[Rate, Provider]:
    respond = answer if callable(answer) else (lambda _: Answer(body=answer))
    with provider(respond) as found:
        options = UrdbOptions.model_validate(
            {"label": label, "api_key": {"env": "OPENEI_KEY"}, "base_url": found.base_url}
        )
        return load_urdb(options, CONTEXT), found


def test_a_rate_is_asked_for_by_its_label():
    rate, found = load(EXAMPLE.read_bytes())
    (asked,) = found.asked
    assert asked.path == "/utility_rates"
    assert asked.params == {
        "version": "8",
        "format": "json",
        "detail": "full",
        "getpage": LABEL,
        "api_key": KEY,
    }
    assert energy_price_per_kwh(rate, datetime(2026, 7, 6, 15), 0.0) == pytest.approx(0.137341)


def test_a_file_holds_the_same_rate():
    rate = load_urdb(UrdbOptions(path=EXAMPLE.name), CONTEXT)
    assert rate == load(EXAMPLE.read_bytes())[0]
    assert len(demand_windows(rate, 7)) == 1


def test_an_unknown_label_is_an_error_of_the_settings():
    with pytest.raises(ConfigError, match="no rate; is the label that of a rate"):
        load('{"items":[]}')
    with pytest.raises(ConfigError, match=f"label: urdb has no rate {LABEL}"):
        load(lambda _: Answer(body="{}", status=404))


def test_another_rate_than_the_one_asked_for_is_malformed():
    with pytest.raises(SourceMalformed, match="asked for the rate abc, the answer holds '5cacc9d15457a31d537780e2'"):
        load(EXAMPLE.read_bytes(), label="abc")


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, "no", SourceUnauthorized),
        (429, '{"error":{"code":"OVER_RATE_LIMIT","message":"slow"}}', SourceUnavailable),
        (503, "no", SourceUnavailable),
        (400, '{"error":{"code":"BAD","message":"no"}}', SourceRejected),
        (200, '{"error":{"code":"API_KEY_MISSING","message":"none"}}', SourceUnauthorized),
        (200, '{"error":{"code":"RATE_LIMIT","message":"slow"}}', SourceUnavailable),
        (200, "<html>", SourceMalformed),
    ],
)
def test_a_refusal_is_sorted_and_never_shows_the_key(status, body, error):
    with pytest.raises(error, match="urdb") as caught:
        load(lambda _: Answer(body=body, status=status))
    assert KEY not in str(caught.value)


def test_a_key_that_is_repeated_in_an_error_is_not_shown():
    with pytest.raises(SourceUnauthorized) as caught:
        load(f'{{"error":{{"code":"API_KEY_INVALID","message":"{KEY} is not a key"}}}}')
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "error", "complaint"),
    [
        (None, SourceUnavailable, "rate.json: cannot be read"),
        (b"\xff\xfe\x00", SourceMalformed, "rate.json: not text in UTF-8"),
        (b"{", SourceMalformed, "rate.json: not JSON"),
        (b"[" * 100_000, SourceMalformed, "rate.json: not JSON"),
        (b'{"items": []}', ConfigError, "rate.json: the answer holds no rate"),
        (b'{"label": "x"}', SourceMalformed, "rate.json: rate x: energyratestructure: missing"),
    ],
)
def test_a_file_that_is_no_rate_says_so(tmp_path, content, error, complaint):
    if content is not None:
        (tmp_path / "rate.json").write_bytes(content)
    with pytest.raises(error, match=complaint):
        load_urdb(UrdbOptions(path="rate.json"), FeedContext(base_folder=tmp_path, zone="America/Phoenix"))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "give either path, a file, or label"),
        ({"path": "a.json", "label": "x"}, "give either path, a file, or label"),
        ({"label": "x"}, "label and api_key belong together"),
        ({"path": "a.json", "api_key": {"env": "OPENEI_KEY"}}, "label and api_key belong together"),
        ({"label": "x&y", "api_key": {"env": "OPENEI_KEY"}}, "label"),
    ],
)
def test_options_that_name_no_source_are_refused(options, complaint):
    with pytest.raises(ValidationError, match=complaint):
        UrdbOptions.model_validate(options)
