"""The report on loopback: its own files, to its own address."""

from __future__ import annotations

import http.client
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from replay_viewer.errors import BadArgument
from replay_viewer.report.server import served


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "report"
    (folder / "clips").mkdir(parents=True)
    (folder / "index.html").write_text("<p>the report</p>")
    (folder / "clips" / "fall.mp4").write_bytes(bytes(range(100)))
    (folder / "private.txt").write_text("not part of it")
    (tmp_path / "outside.txt").write_text("not even in the folder")
    with served(folder, 0) as found:
        yield found.removeprefix("http://")


def ask(address: str, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes, dict[str, str]]:
    with closing(http.client.HTTPConnection(address, timeout=10)) as connection:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}


def test_the_page_and_its_clips_are_served(address: str) -> None:
    for path in ("/", "/index.html", "/?query"):
        status, body, headers = ask(address, path)
        assert (status, body, headers["content-type"]) == (200, b"<p>the report</p>", "text/html; charset=utf-8")
    assert ask(address, "/clips/fall.mp4")[1] == bytes(range(100))


def test_a_clip_is_sent_in_parts_so_that_one_can_seek_in_it(address: str) -> None:
    status, body, headers = ask(address, "/clips/fall.mp4", Range="bytes=10-19")
    assert (status, body, headers["content-range"]) == (206, bytes(range(10, 20)), "bytes 10-19/100")
    assert ask(address, "/clips/fall.mp4", Range="bytes=90-")[1] == bytes(range(90, 100))
    assert ask(address, "/clips/fall.mp4", Range="bytes=100-")[0] == 416


@pytest.mark.parametrize(
    "path",
    [
        *("/private.txt", "/clips/", "/clips", "/clips/..", "/none", "/../outside.txt"),
        *("/clips/../private.txt", "/clips/%2e%2e%2fprivate.txt"),
    ],
)
def test_nothing_else_is_served(address: str, path: str) -> None:
    assert ask(address, path)[0] == 404


def test_a_page_of_another_name_does_not_get_it(address: str) -> None:
    assert ask(address, "/", Host="evil.example:80")[0] == 403
    assert ask(address, "/", Host="localhost")[0] == 200


def test_that_it_was_built_again_shows_in_its_headers(address: str, tmp_path: Path) -> None:
    _, body, headers = ask(address, "/", method="HEAD")
    assert body == b""
    page = tmp_path / "report" / "index.html"
    os.utime(page, ns=(1, 1))
    assert ask(address, "/", method="HEAD")[2]["etag"] != headers["etag"]


def test_a_port_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match="0 to 65535"), served(tmp_path, 70_000):
        pass
