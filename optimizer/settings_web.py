"""Where the running service tells how it is."""

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, model_validator

from strategies.option_types import Section

MOST_PORT = 65535


def _listen(text: str) -> str:
    if text:
        _host_and_port(text)
    return text


def _host_and_port(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > MOST_PORT:
        msg = f'{text!r} is no address: write it as "127.0.0.1:9464" or "[::1]:9464", or "" for none'
        raise ValueError(msg)
    if host == "localhost":
        return "127.0.0.1", int(port)
    try:
        return str(ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))), int(port)
    except ValueError:
        msg = f"{host!r} is no IP address: names are not looked up here, write 127.0.0.1 or [::1]"
        raise ValueError(msg) from None


class WebSettings(Section):
    """``[web]``: where page, health and metrics are served, "HOST:PORT"; "" serves them nowhere.

    ``names`` are the host names that may be asked for beside IP addresses and localhost.
    """

    listen: Annotated[str, AfterValidator(_listen)] = "127.0.0.1:9464"
    allow_remote: bool = False
    names: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _stays_here(self) -> "WebSettings":
        address = self.address()
        if address is not None and not self.allow_remote and not ipaddress.ip_address(address[0]).is_loopback:
            msg = (
                f"listen = {self.listen!r} is open to other machines, without encryption and without a password: "
                "listen on 127.0.0.1, or set allow_remote = true where only trusted machines can reach it"
            )
            raise ValueError(msg)
        return self

    def address(self) -> tuple[str, int] | None:
        """IP address and port; None: nowhere."""
        return _host_and_port(self.listen) if self.listen else None
