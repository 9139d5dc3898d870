"""What `view` says on the terminal of a page that other machines, other users and proxies can reach."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar

import pytest

from replay_viewer.cli import main

Capture = pytest.CaptureFixture[str]


@contextmanager
def viewer_lines(*options: str, until: str) -> Iterator[list[str]]:
    """What a viewer of the demo prints up to the line with this text; it serves until the block ends."""
    command = [sys.executable, "-u", "-m", "replay_viewer", "view", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as viewer:
        try:
            assert viewer.stdout is not None
            lines = [viewer.stdout.readline().rstrip()]
            while until not in lines[-1] and viewer.poll() is None:
                lines.append(viewer.stdout.readline().rstrip())
            yield lines
        finally:
            viewer.kill()


def test_a_page_for_other_machines_prints_its_addresses_with_the_token_and_a_warning() -> None:
    with viewer_lines("--host", "0.0.0.0", "--port", "0", until="Warning") as lines:
        here = re.fullmatch(r"walk\.rec at (http://localhost:\d+/\?token=([\w-]{32})) \(Ctrl-C stops\)", lines[0])
        assert here is not None
        elsewhere = [line for line in lines if line.startswith("  from other machines: http://")]
        assert elsewhere and all(line.endswith(f"/?token={here[2]}") for line in elsewhere)
        assert "ssh -L" in lines[-1]
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(here[1].partition("?")[0])
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        with browser.open(here[1]) as page:
            assert (page.status, page.url) == (200, here[1].partition("?")[0])


def test_without_a_token_the_warning_says_so() -> None:
    with viewer_lines("--host", "0.0.0.0", "--port", "0", "--no-token", until="Warning") as lines:
        assert re.fullmatch(r"walk\.rec at http://localhost:\d+ \(Ctrl-C stops\)", lines[0])
        assert "it has no token" in lines[-1]


def test_a_page_for_this_machine_alone_has_a_token_where_it_is_asked_for() -> None:
    with viewer_lines("--port", "0", "--token", until="Ctrl-C") as lines:
        assert re.search(r"http://localhost:\d+/\?token=[\w-]{32} ", lines[0])


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--allow-origin", "hub.example.org"], r"--allow-origin hub\.example\.org: .*https://hub\.example\.org"),
        (["--allow-host", "a b"], "--allow-host a b: .*hub.example.org"),
        (["--token", "--no-token"], "--token and --no-token: contradict"),
    ],
)
def test_options_that_cannot_be_meant_are_one_line(options: list[str], problem: str, capsys: Capture) -> None:
    assert main(["view", "--port", "0", *options]) == 2
    assert re.fullmatch(rf"error: {problem}.*\n", capsys.readouterr().err)
