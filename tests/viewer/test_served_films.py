"""Films over HTTP: those that the viewer names, in pieces, and to its own page alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from replay_viewer.viewer.wire.access import Access
from replay_viewer.viewer.wire.page import Page
from replay_viewer.viewer.wire.served_films import PIECE_BYTES


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    made = Page(Access(), 0, "test")
    yield made
    made.close()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "a.mp4"
    path.write_bytes(bytes(range(256)) * 10)
    return path


def get(page: Page, address: str, **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", page.server.get_port(), timeout=10)
    try:
        connection.request(
            "GET", "/" + address, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def address_of(page: Page, film: Path) -> str:
    return page.films.address(film, film.stat().st_mtime_ns)


@pytest.mark.parametrize(
    ("asked", "first", "stop"),
    [("bytes=0-", 0, 2560), ("bytes=100-199", 100, 200), ("bytes=-16", 2544, 2560), ("bytes=2000-99999", 2000, 2560)],
)
def test_a_range_is_answered_with_just_that(page: Page, film: Path, asked: str, first: int, stop: int) -> None:
    response, body = get(page, address_of(page, film), Range=asked)
    assert response.status == 206 and body == film.read_bytes()[first:stop]
    assert response.headers["Content-Range"] == f"bytes {first}-{stop - 1}/2560"
    assert response.headers["Content-Type"] == "video/mp4" and response.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize("asked", ["bytes=2560-", "bytes=5-4", "bytes=-", "lines=1-2", "bytes=0-1,4-5", "bytes=x-"])
def test_a_range_that_is_none_is_refused_with_the_size(page: Page, film: Path, asked: str) -> None:
    response, _ = get(page, address_of(page, film), Range=asked)
    assert response.status == 416 and response.headers["Content-Range"] == "bytes */2560"


def test_a_film_is_whole_without_a_range_and_comes_in_pieces_with_one(page: Page, film: Path) -> None:
    response, body = get(page, address_of(page, film))
    assert response.status == 200 and body == film.read_bytes()
    film.write_bytes(os.urandom(PIECE_BYTES + 1000))
    tag = get(page, address_of(page, film))[0].headers["ETag"]
    response, body = get(page, address_of(page, film), Range="bytes=0-", If_Range=tag)
    assert response.status == 206 and body == film.read_bytes()[:PIECE_BYTES]
    # What was asked of the film before is of no use.
    assert get(page, address_of(page, film), Range="bytes=0-9", If_Range='"other"')[0].status == 200


def test_nothing_but_what_the_viewer_names_is_served(page: Page, film: Path, tmp_path: Path) -> None:
    address = address_of(page, film)
    for path in ("film/x", "film/../film", f"film/..%2f{film.name}", "film/", f"film/{address}x"):
        assert get(page, path)[0].status in (400, 404)
    film.unlink()
    os.mkfifo(film)
    assert get(page, address)[0].status == 404
    film.unlink()
    assert get(page, address)[0].status == 404


def test_films_are_for_the_viewers_own_page(page: Page, film: Path) -> None:
    address = address_of(page, film)
    assert get(page, address, Sec_Fetch_Site="same-origin")[0].status == 200
    for site in ("cross-site", "same-site"):
        assert get(page, address, Sec_Fetch_Site=site)[0].status == 403
    response, _ = get(page, address)
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert get(page, address, Host="evil.example.org")[0].status == 403


def test_films_ask_for_the_token_as_the_page_does(film: Path) -> None:
    access = Access(token="secret")
    guarded = Page(access, 0, "test")
    try:
        address, port = address_of(guarded, film), guarded.server.get_port()
        assert get(guarded, address)[0].status == 403
        cookie = f"replay-viewer-{port}=secret"
        assert get(guarded, address, Cookie=cookie)[1] == film.read_bytes()
        # Behind a proxy that puts something before the path.
        assert get(guarded, "user/me/proxy/8080/" + address, Cookie=cookie)[1] == film.read_bytes()
    finally:
        guarded.close()
