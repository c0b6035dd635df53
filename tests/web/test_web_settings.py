"""``[web]``: where the service listens, and where it refuses to."""

import pytest
from pydantic import ValidationError

from optimizer.settings_web import WebSettings


def test_it_listens_on_this_machine_alone_unless_told():
    assert WebSettings().address() == ("127.0.0.1", 9464)


def test_an_empty_text_turns_it_off():
    assert WebSettings(listen="").address() is None


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("127.0.0.9:1", ("127.0.0.9", 1)),
        ("localhost:80", ("127.0.0.1", 80)),
        ("[::1]:65535", ("::1", 65535)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
    ],
)
def test_every_loopback_address_will_do(listen, address):
    assert WebSettings(listen=listen).address() == address


@pytest.mark.parametrize("listen", ["0.0.0.0:9464", "192.168.1.5:9464", "[::]:9464"])
def test_other_machines_are_let_in_only_where_that_is_said(listen):
    with pytest.raises(ValidationError, match="set allow_remote = true"):
        WebSettings(listen=listen)

    assert WebSettings(listen=listen, allow_remote=True).address()[1] == 9464


@pytest.mark.parametrize("listen", ["9464", "127.0.0.1", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:http", ":80"])
def test_what_is_no_address_is_refused(listen):
    with pytest.raises(ValidationError, match="address"):
        WebSettings(listen=listen)


def test_names_are_not_looked_up():
    with pytest.raises(ValidationError, match="names are not looked up"):
        WebSettings(listen="heat.example.com:80", allow_remote=True)
