"""Under which names the page may be asked for."""

import pytest

from optimizer.web.hosts import may_ask


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:9464", "127.0.0.1", "localhost", "LOCALHOST:80", "[::1]:9464", "[::1]", "192.168.1.5:9464", None],
)
def test_addresses_and_localhost_may(host):
    assert may_ask(host, ())


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:9464", "localhost.evil.example", "127.0.0.1.evil.example:9464", "", "x:y:z"]
)
def test_other_names_may_not(host):
    assert not may_ask(host, ())


def test_a_name_that_the_settings_state_may():
    assert may_ask("Heat.example.com:9464", ("heat.example.com",))
    assert may_ask("heat.example.com", ("HEAT.example.com",))
    assert not may_ask("example.com", ("heat.example.com",))
