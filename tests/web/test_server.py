"""The HTTP server behind health and metrics, over real sockets."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from urllib.parse import quote

import httpx
import pytest
from web_states import service, site

from optimizer.web import Page, Pages
from optimizer.web.server import MOST_AT_ONCE, Answer

FINE = {"/fine": lambda: Answer(status=HTTPStatus.OK, text="fine\n")}


@contextmanager
def served(answers=FINE, **options) -> Iterator[Page]:
    page = Page.open("127.0.0.1", 0, answers, **options)
    try:
        yield page
    finally:
        page.close()


def connected(page: Page) -> socket.socket:
    host, port = page.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def test_the_three_pages_answer_with_their_kinds_and_their_verdicts():
    state = service(site(was_good=False))
    with served(Pages(state=lambda: state, clean=str).answers()) as page:
        health, ready, metrics = (httpx.get(f"{page.url}/{name}") for name in ("healthz", "readyz", "metrics"))

    assert (health.status_code, health.json()["alive"]) == (200, True)
    assert (ready.status_code, ready.json()["ready"]) == (503, False)
    assert metrics.status_code == 200
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "heat_optimizer_ready 0.0" in metrics.text


def test_what_is_sent_has_gone_through_the_hands_of_who_takes_secrets_out():
    state = service(site(site_id="hush"))
    with served(Pages(state=lambda: state, clean=lambda text: text.replace("hush", "***")).answers()) as page:
        texts = [httpx.get(f"{page.url}/{name}").text for name in ("readyz", "metrics")]

    assert all("***" in text and "hush" not in text for text in texts)


def test_another_path_is_404_and_says_what_there_is():
    with served() as page:
        answer = httpx.get(f"{page.url}/etc/passwd")

    assert answer.status_code == 404
    assert "/fine" in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_changed_from_here(method):
    with served() as page:
        assert httpx.request(method, f"{page.url}/fine").status_code == 501


def test_head_has_the_length_and_no_body():
    with served() as page:
        answer = httpx.head(f"{page.url}/fine")

    assert answer.headers["content-length"] == "5"
    assert answer.content == b""


def test_neither_the_interpreter_nor_its_version_is_named():
    with served() as page:
        assert httpx.get(f"{page.url}/fine").headers["server"].strip() == "heat-optimizer"


def test_a_defect_is_500_and_does_not_show_itself():
    def broken() -> Answer:
        raise RuntimeError("inner workings")

    with served({"/broken": broken}) as page:
        answer = httpx.get(f"{page.url}/broken")

    assert answer.status_code == 500
    assert "inner workings" not in answer.text


def test_a_port_that_is_taken_is_an_oserror():
    with served() as page, pytest.raises(OSError, match="in use"):
        Page.open("127.0.0.1", int(page.url.rsplit(":", 1)[1]), FINE)


def test_after_close_nobody_listens():
    with served() as page:
        url = page.url
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/fine")


def test_a_client_that_says_nothing_is_cut_and_gives_its_place_back():
    with served(request_s=0.2) as page, ExitStack() as open_ones:
        silent = [open_ones.enter_context(connected(page)) for _ in range(MOST_AT_ONCE)]
        cut = [client.recv(1) for client in silent]
        answer = httpx.get(f"{page.url}/fine")

    assert cut == [b""] * MOST_AT_ONCE
    assert answer.status_code == 200


def test_a_client_that_drips_is_cut_all_the_same():
    with served(request_s=0.2) as page, connected(page) as client:
        client.sendall(b"GET /fine HTTP/1.1\r\n")
        with pytest.raises(OSError):  # noqa: PT012 - which of them meets the cut is the kernel's business
            while client.send(b"X-More: x\r\n"):
                pass


def test_who_comes_while_all_places_are_taken_is_turned_away_and_the_others_are_served():
    release, asked = threading.Event(), threading.Semaphore(0)

    def slow() -> Answer:
        asked.release()
        release.wait(10)
        return FINE["/fine"]()

    with served({"/slow": slow}) as page, ExitStack() as open_ones:
        clients = [open_ones.enter_context(connected(page)) for _ in range(MOST_AT_ONCE)]
        for client in clients:
            client.sendall(b"GET /slow HTTP/1.0\r\n\r\n")
        for _ in clients:
            assert asked.acquire(timeout=10)
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"{page.url}/slow")
        release.set()
        answers = [client.makefile("rb").read() for client in clients]

    assert all(answer.endswith(b"fine\n") for answer in answers)


def test_it_listens_on_ipv6_as_well():
    page = Page.open("::1", 0, FINE)
    try:
        assert page.url.startswith("http://[::1]:")
        assert httpx.get(f"{page.url}/fine").text == "fine\n"
    finally:
        page.close()


def test_every_answer_forbids_frames_foreign_scripts_sniffing_and_referrers():
    with served() as page:
        for path in ("fine", "nowhere"):
            headers = httpx.get(f"{page.url}/{path}").headers

            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "script-src 'self'" in policy
            assert "unsafe" not in policy
            assert headers["x-frame-options"] == "DENY"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cache-control"] == "no-store"


def test_a_page_asked_for_under_a_strangers_name_is_refused_and_says_what_to_do():
    with served(names=("heat.example.com",)) as page:
        stranger = httpx.get(f"{page.url}/fine", headers={"Host": "evil.example:9464"})
        known = httpx.get(f"{page.url}/fine", headers={"Host": "heat.example.com"})

    assert stranger.status_code == 421
    assert "fine" not in stranger.text
    assert "'evil.example' is no name of this service" in stranger.text
    assert "[web] names" in stranger.text
    assert known.status_code == 200


def test_the_only_site_stands_at_the_root_and_under_its_name():
    pages = Pages(state=lambda: service(site()), clean=str)
    with served(pages.answers(), below=pages.below()) as page:
        root, named = httpx.get(f"{page.url}/"), httpx.get(f"{page.url}/sites/home")

    assert root.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>" in root.text
    assert root.text == named.text


def test_several_sites_have_an_overview_and_a_page_and_facts_each_whatever_they_are_called():
    name = "b/ü <x>"
    pages = Pages(state=lambda: service(site(), site(site_id=name)), clean=str)
    with served(pages.answers(), below=pages.below()) as page:
        root = httpx.get(f"{page.url}/").text
        link = f"{page.url}/sites/{quote(name, safe='')}"
        odd, facts = httpx.get(link), httpx.get(f"{link}/state.json")
        unknown = httpx.get(f"{page.url}/sites/nobody")
        whole = httpx.get(f"{page.url}/state.json").json()

    assert link.removeprefix(page.url) in root
    assert "b/ü &lt;x&gt;" in odd.text
    assert facts.json()["site_id"] == name
    assert [each["site_id"] for each in whole["sites"]] == ["home", name]
    assert unknown.status_code == 404


@pytest.mark.parametrize(
    ("path", "kind"), [("page.css", "text/css"), ("page.js", "text/javascript"), ("icon.svg", "image/svg+xml")]
)
def test_style_script_and_icon_come_from_here(path, kind):
    with served(Pages(state=lambda: service(site()), clean=str).answers()) as page:
        answer = httpx.get(f"{page.url}/{path}")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)
    assert "http" not in answer.text.replace("http://www.w3.org/2000/svg", "")
