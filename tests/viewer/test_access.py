"""Who may reach a viewer: hosts, origins and tokens as requests bring them, on a server as it is."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from knocking import Answer, knock, knock_for_websocket
from viser_servers import running_server

from replay_viewer.errors import BadArgument
from replay_viewer.viewer.wire.access import Access
from replay_viewer.viewer.wire.machine import own_names

HUB = "https://hub.example.org"
HTML = {"Accept": "text/html,application/xhtml+xml"}


@contextmanager
def served(access: Access) -> Iterator[int]:
    """The port of a server."""
    with running_server(access=access) as server:
        yield server.get_port()


@pytest.fixture(scope="module")
def here() -> Iterator[int]:
    """A server for this machine alone."""
    with served(Access.make("127.0.0.1")) as port:
        yield port


@pytest.fixture(scope="module")
def behind_hub() -> Iterator[int]:
    with served(Access.make("127.0.0.1", allow_origins=[HUB])) as port:
        yield port


OPEN = Access.make("0.0.0.0", allow_hosts=["replay.example.org"])


@pytest.fixture(scope="module")
def everywhere() -> Iterator[int]:
    """A server for other machines too, which asks for its token."""
    with served(OPEN) as port:
        yield port


@pytest.fixture(scope="module")
def without_token() -> Iterator[int]:
    with served(Access.make("0.0.0.0", token=False, allow_hosts=["replay.example.org"])) as port:
        yield port


# -- hosts ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:8080", "localhost.", "app.localhost:1", "127.0.0.1:8080", "127.1.2.3", "[::1]:80"]
)
def test_loopback_names_are_this_machines_own(here: int, without_token: int, host: str) -> None:
    assert knock(here, host=host).status == 200
    assert knock(without_token, host=host).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "[::2]"]
)
def test_a_loopback_server_answers_to_no_other_name(here: int, host: str) -> None:
    assert knock(here, host=host).status == 403
    assert knock_for_websocket(here, host, f"http://{host}") == 403


def test_names_that_lead_here_by_somebody_elses_dns_are_refused_everywhere(without_token: int) -> None:
    for host in ("evil.example", "replay.example.org.evil.example", "xreplay.example.org"):
        assert knock(without_token, host=host).status == 403


def test_a_server_for_other_machines_answers_to_its_names_and_to_addresses(without_token: int) -> None:
    for host in ("10.1.2.3:8080", "[2001:db8::7]:8080", "replay.example.org:9", "REPLAY.example.org.", *own_names()):
        assert knock(without_token, host=host).status == 200


# -- origins --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8080", "http://localhost:8080"),
        ("localhost:8080", "http://LOCALHOST:8080"),
        ("localhost:80", "http://localhost"),
        ("localhost", "http://localhost:80"),
        ("localhost:443", "https://localhost"),
        ("localhost", "https://localhost"),
        ("LocalHost", "https://localhost"),
        ("localhost.:443", "https://localhost."),
        ("app.localhost:8080", "http://app.localhost:8080"),
        ("[::1]:8080", "http://[0:0:0:0:0:0:0:1]:8080"),
        ("localhost:8080", None),
    ],
)
def test_a_page_of_the_same_origin_has_its_websocket(here: int, host: str, origin: str | None) -> None:
    assert knock_for_websocket(here, host, origin) == 101


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8080", "http://evil.example"),
        ("localhost:8080", "http://localhost:8888"),
        ("localhost:8080", "http://127.0.0.1:8080"),
        ("localhost:80", "https://localhost"),
        ("localhost:443", "http://localhost"),
        ("localhost", "http://localhost:8080"),
        ("localhost:8080", "null"),
        ("localhost:8080", "vscode-webview://0abc"),
        ("localhost:8080", HUB),
    ],
)
def test_a_page_of_another_origin_is_refused(here: int, host: str, origin: str) -> None:
    assert knock_for_websocket(here, host, origin) == 403
    assert knock_for_websocket(here, host, origin, "/upload") == 403


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8461", "localhost", "hub.example.org", "hub.example.org:443", "HUB.example.org"]
)
def test_an_allowed_origin_is_let_in_whatever_the_proxy_makes_of_the_host(behind_hub: int, host: str) -> None:
    assert knock(behind_hub, host=host).status == 200
    assert knock_for_websocket(behind_hub, host, HUB) == 101
    assert knock_for_websocket(behind_hub, host, "https://HUB.example.org:443", "/user/ann/proxy/8080/upload") == 101


@pytest.mark.parametrize("origin", ["http://hub.example.org", "https://hub.example.org:8443", "https://example.org"])
def test_what_is_nearly_an_allowed_origin_is_refused(behind_hub: int, origin: str) -> None:
    assert knock_for_websocket(behind_hub, "127.0.0.1:8461", origin) == 403


@pytest.mark.parametrize(
    "given", ["https://Hub.Example.Org", "https://hub.example.org:443", f"{HUB}/user/ann/lab?reset"]
)
def test_an_origin_is_taken_as_the_address_bar_has_it(given: str) -> None:
    with served(Access.make("127.0.0.1", allow_origins=["http://other.example", given])) as port:
        assert knock_for_websocket(port, "localhost:1", HUB) == 101
        assert knock_for_websocket(port, "localhost:1", "http://other.example") == 101


@pytest.mark.parametrize(
    "given", ["hub.example.org", "*", "https://", "https://a b", "", "https://*.example.org", "null"]
)
def test_what_is_no_origin_cannot_be_allowed(given: str) -> None:
    with pytest.raises(BadArgument, match="--allow-origin"):
        Access.make("127.0.0.1", allow_origins=[given])


@pytest.mark.parametrize("given", [HUB, "*", "", "a/b", "*.example.org", "a..b"])
def test_what_is_no_host_cannot_be_allowed(given: str) -> None:
    with pytest.raises(BadArgument, match="--allow-host"):
        Access.make("0.0.0.0", allow_hosts=[given])


# -- odd requests ---------------------------------------------------------------

ODD = [
    "",
    " ",
    "[",
    "[::1",
    "[::g]",
    "a b",
    "localhost:99999",
    "localhost:x",
    "localhost:",
    "::1",
    "\xff\xfe",
    "a/b",
    "u@h",
]


@pytest.mark.parametrize("odd", [*ODD, "x" * 8000, "..", "-"])
def test_an_odd_host_is_a_bad_request(here: int, odd: str) -> None:
    assert knock(here, host=odd).status == 400


@pytest.mark.parametrize(
    "odd", [*ODD, "http://[", "http://", "://x", "http:localhost", "http://localhost/", "http://a b"]
)
def test_an_odd_origin_is_a_bad_request(here: int, odd: str) -> None:
    assert knock_for_websocket(here, "localhost", odd) == 400


@pytest.mark.parametrize("name", ["Host", "Origin"])
def test_two_hosts_or_origins_are_a_bad_request(here: int, name: str) -> None:
    assert (
        knock(here, "/", {name: "http://localhost" if name == "Origin" else "localhost"}, (name, "localhost")).status
        == 400
    )


@pytest.mark.parametrize("headers", [("Upgrade", "Accept-Encoding"), ("Upgrade",), ("Accept-Encoding",)])
def test_headers_that_are_given_twice_are_no_error_of_the_server(here: int, headers: tuple[str, ...]) -> None:
    twice = [(name, "x") for name in headers]
    assert knock(here, "/", dict(twice), *twice).status == 400


@pytest.mark.parametrize("path", ["/%00", "/" + "a" * 5000, "/\xff", "/%ff", "//", "//[x?token=1", "/?token=%ff", "?"])
def test_an_odd_path_is_no_error_of_the_server(here: int, everywhere: int, path: str) -> None:
    assert knock(here, path).status in (200, 400, 404)
    assert knock(everywhere, path).status in (200, 400, 403, 404)


def test_no_host_at_all_is_a_bad_request(here: int) -> None:
    assert knock(here, host=None).status == 400


# -- what is told ---------------------------------------------------------------


def test_the_refusal_of_a_host_names_the_option_in_the_page_and_on_the_terminal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with served(Access.make("127.0.0.1")) as port, caplog.at_level(logging.WARNING):
        pages = [knock(port, "/", HTML, host="hub.example.org:81") for _ in range(3)]
    assert "<code>--allow-host hub.example.org</code>" in pages[0].text
    assert "--allow-origin https://hub.example.org," in pages[0].text
    assert len(caplog.messages) == 1, "what was told already is not told again"
    assert "--allow-host hub.example.org" in caplog.messages[0]


def test_the_refusal_of_an_origin_names_the_option_in_the_page_and_on_the_terminal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with served(Access.make("127.0.0.1")) as port, caplog.at_level(logging.WARNING):
        assert knock_for_websocket(port, "localhost:1", HUB) == 403
        told = json.loads(knock(port, f"/reach?origin={HUB}").text)
    assert told["option"] == f"--allow-origin {HUB}"
    assert f"--allow-origin {HUB}" in caplog.messages[0]


def test_an_allowed_page_is_told_that_nothing_is_refused(behind_hub: int) -> None:
    answer = knock(behind_hub, f"/user/ann/proxy/8080/reach?origin={HUB}", host="127.0.0.1:8461")
    assert (answer.status, json.loads(answer.text)) == (200, {})


def test_the_terminal_is_not_filled_by_who_knocks_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    with served(Access.make("127.0.0.1")) as port, caplog.at_level(logging.WARNING):
        for number in range(40):
            knock(port, host=f"h{number}.example")
    assert len(caplog.messages) == 20


def test_nothing_of_a_request_becomes_html_or_steers_the_terminal(caplog: pytest.LogCaptureFixture) -> None:
    with served(Access()) as port, caplog.at_level(logging.WARNING):
        page = knock(port, "/<script>", HTML, host="<script>alert(1)</script>").text
        knock_for_websocket(port, "localhost", "http://\x9b31m")
    assert "&lt;script&gt;alert" in page and "<script>alert" not in page
    assert caplog.messages and all(line.isprintable() for line in caplog.messages)


# -- the token ------------------------------------------------------------------


def cookie_of(answer: Answer) -> str:
    """What a browser sends back of the cookie that it was given."""
    return str(answer.headers["Set-Cookie"]).partition(";")[0]


def test_nothing_is_answered_without_the_token(everywhere: int) -> None:
    for path in ("/", "/index.html", "/reach", "/upload", "/nothing"):
        assert knock(everywhere, path).status == 403
    assert knock_for_websocket(everywhere, "localhost", None) == 403
    assert knock_for_websocket(everywhere, "localhost", None, "/upload") == 403
    page = knock(everywhere, "/", HTML).text
    assert "asks for its token" in page and OPEN.token not in page


@pytest.mark.parametrize(
    "wrong",
    ["", "x", OPEN.token[:-1], OPEN.token + "x", OPEN.token.swapcase(), "%ff", "\u00e4"],
    ids=["none", "short", "cut", "long", "swapped", "percent", "latin"],
)
def test_a_wrong_token_is_none(everywhere: int, wrong: str) -> None:
    assert knock(everywhere, f"/?token={wrong}").status == 403
    assert knock(everywhere, "/", {"Cookie": f"replay-viewer-page={wrong}"}).status == 403


def test_the_link_gives_the_token_to_a_cookie_and_takes_it_out_of_the_address(everywhere: int) -> None:
    answer = knock(everywhere, f"/?token={OPEN.token}")
    assert (answer.status, answer.headers["Location"]) == (303, "./")
    assert {"HttpOnly", "SameSite=Lax"} <= set(str(answer.headers["Set-Cookie"]).split("; "))
    cookie = {"Cookie": f"other=1; {cookie_of(answer)}"}
    assert knock(everywhere, "/", cookie).status == 200
    assert knock_for_websocket(everywhere, "localhost", "http://localhost", **cookie) == 101
    assert knock_for_websocket(everywhere, "localhost", "http://localhost", "/upload", **cookie) == 101


def test_the_rest_of_a_link_stays_in_the_address(everywhere: int) -> None:
    answer = knock(everywhere, f"/?recording=a%26b%0d%0a.rec&token={OPEN.token}&step=3&token=x")
    assert (answer.status, answer.headers["Location"]) == (303, "./?recording=a%26b%0D%0A.rec&step=3")


def test_scripts_may_bring_the_token_in_the_address_of_a_websocket(everywhere: int) -> None:
    assert knock_for_websocket(everywhere, "localhost", None, f"/?token={OPEN.token}") == 101


def test_the_token_does_not_excuse_a_foreign_page_or_name(everywhere: int) -> None:
    cookie = {"Cookie": cookie_of(knock(everywhere, f"/?token={OPEN.token}"))}
    assert knock_for_websocket(everywhere, "localhost", "http://evil.example", **cookie) == 403
    assert knock(everywhere, f"/?token={OPEN.token}", host="evil.example").status == 403


def test_the_way_out_of_the_address_leads_nowhere_else(everywhere: int) -> None:
    for path in (
        "//evil.example/",
        "//evil.example",
        "/http://evil.example/",
        "/a/b/javascript:alert(1)",
        "/\\evil.example",
    ):
        location = knock(everywhere, f"{path}?token={OPEN.token}").headers["Location"]
        assert location in ("./", "./evil.example")


def test_two_viewers_on_one_machine_keep_a_cookie_each(everywhere: int) -> None:
    names = {cookie_of(knock(everywhere, f"/?token={OPEN.token}", host=f"localhost:{port}")) for port in (8080, 8081)}
    assert len(names) == 2


def test_a_token_is_asked_for_wherever_other_machines_can_connect() -> None:
    for host in ("127.0.0.1", "localhost", "::1", "127.0.0.2"):
        assert not Access.make(host).token
        assert Access.make(host, token=True).token
    for host in ("0.0.0.0", "::", "10.0.0.5", "node17"):
        assert len(Access.make(host).token) >= 32
        assert not Access.make(host, token=False).token
    assert Access.make("0.0.0.0").token != Access.make("0.0.0.0").token
