"""The page that browsers are given: viser's, with a head of ours, packed or not as they ask."""

from __future__ import annotations

import gzip
import urllib.request

from viser_servers import running_server


def fetched(port: int, **headers: str) -> tuple[bytes, str]:
    """The body of the page and its encoding."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers=headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.headers.get_all("Content-Type") == ["text/html"]
        [encoding] = answer.headers.get_all("Content-Encoding")
        return answer.read(), encoding


def test_the_page_is_the_same_packed_and_unpacked() -> None:
    with running_server() as server:
        plain, identity = fetched(server.get_port())
        for _ in range(2):  # The second one is kept.
            packed, encoding = fetched(server.get_port(), **{"Accept-Encoding": "br, gzip;q=0.8"})
            assert (identity, encoding) == ("identity", "gzip")
            assert gzip.decompress(packed) == plain
    assert b"<title>replay-viewer</title><style>" in plain
    assert b"Viser client" not in plain
    assert len(packed) < 0.85 * len(plain)
