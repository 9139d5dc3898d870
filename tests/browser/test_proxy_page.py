"""The page behind a real nginx, and by a link with a token: it connects, or says why it cannot."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from nginx_proxy import nginx
from viewer_page import ViewerProcess, open_page, open_tab


def port_of(viewer: ViewerProcess) -> int:
    port = urlsplit(viewer.url).port
    assert port is not None
    return port


@pytest.mark.slow
def test_a_page_on_a_path_of_a_proxy_plays_and_its_address_stays(chromium, demo_path: Path, tmp_path: Path) -> None:
    with ViewerProcess([str(demo_path), "--port", "0", "--token"]) as viewer:
        kept = "proxy_set_header Host $http_host;"
        with nginx(tmp_path, port_of(viewer), kept, location="/user/ann/replay/") as port:
            address = f"http://localhost:{port}/user/ann/replay/"
            link = f"{address}?{urlsplit(viewer.url).query}&websocket=ws://localhost:1"
            with open_page(chromium, link) as page:
                page.press_button("One step forward")
                page.wait_step(1)
                place = f"{address}?recording=walk.rec&env=0&step=1"
                page.until(lambda: page.page.url == place, "the address with a place, and without the token")
                page.page.reload()
                page.wait_ready()
                (cookie,) = page.page.context.cookies()
                assert (cookie.get("path"), cookie.get("httpOnly")) == ("/user/ann/replay", True)


def test_a_page_that_a_proxy_gives_another_host_names_the_option(
    chromium, viewer: ViewerProcess, tmp_path: Path
) -> None:
    with nginx(tmp_path, port_of(viewer)) as port, open_tab(chromium) as page:
        page.page.goto(f"http://localhost:{port}/", wait_until="commit")
        page.page.get_by_text(f"--allow-origin http://localhost:{port}").wait_for()
    assert any(f"--allow-origin http://localhost:{port}" in line for line in viewer.lines)


@pytest.mark.slow
def test_a_page_whose_proxy_passes_no_websockets_says_so(chromium, viewer: ViewerProcess, tmp_path: Path) -> None:
    kept = "proxy_set_header Host $http_host;"
    with nginx(tmp_path, port_of(viewer), kept, passes=("proxy_http_version 1.1;",)) as port:
        with open_tab(chromium) as page:
            page.page.goto(f"http://localhost:{port}/", wait_until="commit")
            page.page.get_by_text("proxy_set_header Upgrade").wait_for()


@pytest.mark.slow
def test_a_page_whose_token_is_no_more_says_so(chromium, demo_path: Path) -> None:
    with ViewerProcess([str(demo_path), "--port", "0", "--token"]) as viewer:
        with open_page(chromium, viewer.url) as page:
            page.page.context.clear_cookies()
            page.page.reload()
            page.page.get_by_text("asks for its token").wait_for()
