"""A real nginx before a viewer's server, as people set it up."""

from __future__ import annotations

from pathlib import Path

import pytest
from knocking import knock, knock_for_websocket
from nginx_proxy import nginx
from viser_servers import running_server

from replay_viewer.viewer.wire.access import Access

HUB = "https://hub.example.org"
# What the request's host becomes.
REWRITTEN = ""
KEPT = "proxy_set_header Host $http_host;"
NAME_ALONE = "proxy_set_header Host $host;"
WITH_USUAL_PORT = "proxy_set_header Host $host:443;"


@pytest.mark.parametrize("host", [REWRITTEN, KEPT, NAME_ALONE, WITH_USUAL_PORT])
@pytest.mark.parametrize("location", ["/", "/user/ann/replay/"])
def test_an_allowed_origin_reaches_the_viewer_through_nginx(host: str, location: str, tmp_path: Path) -> None:
    access = Access.make("127.0.0.1", allow_origins=[HUB])
    with running_server(access=access) as server, nginx(tmp_path, server.get_port(), host, location=location) as port:
        assert knock(port, location, host="hub.example.org").status == 200
        assert knock_for_websocket(port, "hub.example.org", HUB, location) == 101
        assert knock_for_websocket(port, "hub.example.org", HUB, f"{location}upload") == 101
        assert knock_for_websocket(port, "hub.example.org", "https://evil.example", location) == 403


@pytest.mark.parametrize("host", [KEPT, NAME_ALONE, WITH_USUAL_PORT])
def test_an_allowed_name_is_enough_where_the_proxy_keeps_it(host: str, tmp_path: Path) -> None:
    access = Access.make("127.0.0.1", allow_hosts=["hub.example.org"])
    with running_server(access=access) as server, nginx(tmp_path, server.get_port(), host) as port:
        assert knock_for_websocket(port, "hub.example.org", HUB) == 101
        assert knock_for_websocket(port, "evil.example", "https://evil.example") == 403


def test_what_nothing_allows_is_refused_with_the_option_that_would(tmp_path: Path) -> None:
    with running_server() as server:
        (tmp_path / "kept").mkdir()
        with nginx(tmp_path, server.get_port()) as port:
            assert knock(port, host="hub.example.org").status == 200, "its name is not seen"
            assert knock_for_websocket(port, "hub.example.org", HUB) == 403
            assert f"--allow-origin {HUB}" in knock(port, f"/reach?origin={HUB}", host="hub.example.org").text
        with nginx(tmp_path / "kept", server.get_port(), KEPT) as port:
            assert "--allow-host hub.example.org" in knock(port, host="hub.example.org").text


def test_the_token_passes_a_proxy_on_a_path_of_its_own(tmp_path: Path) -> None:
    access = Access.make("127.0.0.1", token=True, allow_origins=[HUB])
    path = "/user/ann/replay/"
    with running_server(access=access) as server, nginx(tmp_path, server.get_port(), location=path) as port:
        assert knock(port, path).status == 403
        first = knock(port, f"{path}?token={access.token}", host="hub.example.org")
        assert (first.status, first.headers["Location"]) == (303, "./")
        assert "path=" not in str(first.headers["Set-Cookie"]).lower(), "the browser takes the page's own"
        cookie = str(first.headers["Set-Cookie"]).partition(";")[0]
        assert knock(port, path, {"Cookie": cookie}, host="hub.example.org").status == 200
        assert knock_for_websocket(port, "hub.example.org", HUB, path, Cookie=cookie) == 101
        assert knock_for_websocket(port, "hub.example.org", HUB, path) == 403
