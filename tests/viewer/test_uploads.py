"""Files that browsers send, through a server as it is: what is stored where, what is refused, what is removed."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from viser_servers import running_server
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from replay_viewer.errors import BadArgument
from replay_viewer.viewer.opening import uploads as uploads_module
from replay_viewer.viewer.opening.uploads import (
    CHUNK_BYTES,
    MAX_BYTES,
    UPLOAD_PATH,
    UploadRefused,
    Uploads,
    read_announcement,
)


class Sender:
    """What a browser does, on one server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def send(self, files: dict[str, bytes], chunk: int = CHUNK_BYTES) -> dict[str, Any]:
        """Send files and return the last answer."""
        content = b"".join(files.values())
        with connect(self.url) as socket:
            announce(socket, {name: len(data) for name, data in files.items()})
            with suppress(ConnectionClosed):  # Who is refused has an answer, maybe before everything was sent.
                for start in range(0, len(content), chunk):
                    socket.send(content[start : start + chunk])
            return last_answer(socket)

    def say(self, text: str) -> dict[str, Any]:
        """Send one message and return the answer."""
        with connect(self.url) as socket:
            socket.send(text)
            return json.loads(socket.recv(timeout=10))


def announce(socket: Connection, sizes: dict[str, int]) -> None:
    socket.send(json.dumps({"files": [{"name": name, "size": size} for name, size in sizes.items()]}))


def last_answer(socket: Connection) -> dict[str, Any]:
    """The key, or what is wrong."""
    while True:
        answer = json.loads(socket.recv(timeout=10))
        if "received" not in answer:
            return answer


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Uploads]:
    """Uploads that are stored in the test's own folder."""
    monkeypatch.setattr(uploads_module.tempfile, "tempdir", str(tmp_path))
    uploads = Uploads()
    yield uploads
    uploads.close()


@pytest.fixture
def sender(uploads: Uploads) -> Iterator[Sender]:
    with running_server({UPLOAD_PATH: uploads.receive}) as server:
        yield Sender(f"ws://127.0.0.1:{server.get_port()}{UPLOAD_PATH}")


def stored(tmp_path: Path) -> list[str]:
    """Files below a folder, of which some may be removed at this moment: `walk` goes on."""
    paths = (os.path.join(folder, name) for folder, _, names in os.walk(tmp_path) for name in names)
    return sorted(os.path.relpath(path, tmp_path) for path in paths)


@pytest.mark.parametrize("chunk", [1, 7, CHUNK_BYTES])
def test_files_arrive_as_they_were_sent(chunk: int, uploads: Uploads, sender: Sender) -> None:
    files = {"go2/go2.urdf": b"<robot/>", "go2/meshes/leg.stl": bytes(range(40)), "empty": b""}
    folder = uploads.folder(sender.send(files, chunk)["key"])
    assert {name: (folder / name).read_bytes() for name in files} == files


def test_bytes_are_acknowledged_as_they_are_stored(sender: Sender) -> None:
    with connect(sender.url) as socket:
        announce(socket, {"a.npz": 10})
        socket.send(b"12345")
        assert json.loads(socket.recv(timeout=10)) == {"received": 5}
        socket.send(b"67890")
        assert "key" in last_answer(socket)


@pytest.mark.parametrize(
    "name",
    [
        "../a",
        "/etc/a",
        "a/../../b",
        "a//b",
        "",
        ".",
        "C:\\a",
        "a\\b",
        "a\0b",
        "x" * 256,
        "a/" * 1000 + "a",
        "\ud800",
        7,
    ],
)
def test_a_name_that_could_lead_out_is_refused(name: object, sender: Sender, tmp_path: Path) -> None:
    answer = sender.say(json.dumps({"files": [{"name": name, "size": 1}]}))
    assert "is no name that a dropped file may have" in answer["problem"]
    assert stored(tmp_path) == []


@pytest.mark.parametrize("size", [-1, 1.5, "1", None, True, 10**400, 2**63])
def test_a_size_that_is_none_is_refused(size: object) -> None:
    with pytest.raises(UploadRefused, match="has no size"):
        read_announcement(json.dumps({"files": [{"name": "a", "size": size}]}))


@pytest.mark.parametrize("text", ["", "[]", "null", '{"files": 3}', '{"files": [1]}', '{"files": [{}]}', "[" * 100_000])
def test_what_is_no_announcement_is_refused(text: str) -> None:
    with pytest.raises(UploadRefused, match="not announced"):
        read_announcement(text)


def test_too_much_is_refused_with_the_limit() -> None:
    with pytest.raises(UploadRefused, match="4 GiB is the limit"):
        read_announcement(json.dumps({"files": [{"name": "a", "size": MAX_BYTES}, {"name": "b", "size": 1}]}))


def test_too_many_files_are_refused() -> None:
    files = [{"name": f"{number}", "size": 0} for number in range(uploads_module.MAX_FILES + 1)]
    with pytest.raises(UploadRefused, match="1 to 10000 at once"):
        read_announcement(json.dumps({"files": files}))


def test_more_than_was_announced_is_refused_and_removed(sender: Sender, tmp_path: Path) -> None:
    with connect(sender.url) as socket:
        announce(socket, {"a": 3})
        socket.send(b"1234")
        assert "more bytes came" in last_answer(socket)["problem"]
    assert stored(tmp_path) == []


def test_two_files_of_one_name_are_refused(sender: Sender, tmp_path: Path) -> None:
    with connect(sender.url) as socket:
        socket.send(json.dumps({"files": [{"name": "a", "size": 1}, {"name": "a", "size": 1}]}))
        socket.send(b"12")
        assert "cannot store it" in last_answer(socket)["problem"]
    assert stored(tmp_path) == []


def test_a_full_disk_is_told_before_anything_is_sent(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads_module, "_SPARED_BYTES", 1 << 60)
    assert "MB of room left" in sender.say('{"files": [{"name": "a", "size": 1}]}')["problem"]


def test_who_leaves_before_the_end_leaves_nothing(sender: Sender, tmp_path: Path) -> None:
    with connect(sender.url) as socket:
        announce(socket, {"a": 10})
        socket.send(b"12345")
        assert json.loads(socket.recv(timeout=10)) == {"received": 5}
        assert len(stored(tmp_path)) == 1
    end = time.monotonic() + 10
    while stored(tmp_path) and time.monotonic() < end:
        time.sleep(0.01)
    assert stored(tmp_path) == []


def test_who_sends_nothing_is_not_waited_for(sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads_module, "_PATIENCE", 0.05)
    with connect(sender.url) as socket:
        with suppress(ConnectionClosed):  # On a busy machine the announcement comes too late already.
            announce(socket, {"a": 10})
        assert "nothing came" in last_answer(socket)["problem"]
    assert stored(tmp_path) == []


@pytest.fixture
def four(sender: Sender) -> Iterator[list[Connection]]:
    """Four browsers that have sent half of a drop."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(connect(sender.url)) for _ in range(4)]
        for socket in sockets:
            announce(socket, {"a": 10})
            socket.send(b"12345")
            assert json.loads(socket.recv(timeout=10)) == {"received": 5}
        yield sockets


def test_no_more_than_four_send_at_once(
    four: list[Connection], sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads_module, "_LONGEST_TURN", 0.2)
    monkeypatch.setattr(uploads_module, "_PATIENCE_OF_OTHERS", 60.0)
    with connect(sender.url) as fifth:
        assert "try again later" in last_answer(fifth)["problem"]
    four[0].send(b"67890")
    assert "key" in last_answer(four[0]), "who sends is not disturbed"


def test_four_that_send_nothing_do_not_block_others(four: list[Connection], sender: Sender, tmp_path: Path) -> None:
    assert "key" in sender.send({"b": b"1"})
    assert "others wait" in last_answer(four[0])["problem"]
    names = [Path(name).name for name in stored(tmp_path)]
    assert names.count("b") == 1
    assert names.count("a") < 4, "what was refused is gone; those that were silent for less may stay"


def test_room_that_was_promised_is_not_promised_again(
    four: list[Connection], sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of the four has 5 bytes to come; the disk has room for 24."""
    usage = SimpleNamespace(free=24)
    monkeypatch.setattr(uploads_module, "_SPARED_BYTES", 0)
    monkeypatch.setattr(uploads_module.shutil, "disk_usage", lambda path: usage)
    four[0].close()
    assert "room left" in sender.send({"b": b"1234567890"})["problem"]
    assert "key" in sender.send({"b": b"123456789"})


def test_a_foreign_page_cannot_send(sender: Sender) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        connect(sender.url, origin="http://evil.example")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("key", ["", "..", "../..", None, 3, ["a"]])
def test_a_key_that_was_not_given_opens_nothing(key: object, uploads: Uploads) -> None:
    with pytest.raises(BadArgument, match="drop the files again"):
        uploads.folder(key)


def test_what_is_not_used_any_more_is_removed(
    uploads: Uploads, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    used, unused = (uploads.folder(sender.send({"a.npz": b"1"})["key"]) for _ in range(2))
    uploads.keep_only([used / "a.npz"])
    assert unused.exists(), "it has just arrived, and may be about to be opened"
    monkeypatch.setattr(uploads_module, "_NEW", 0.0)
    uploads.keep_only([used / "a.npz"])
    assert (used.exists(), unused.exists()) == (True, False)


def test_everything_is_removed_at_the_end(uploads: Uploads, sender: Sender, tmp_path: Path) -> None:
    sender.send({"a.npz": b"1"})
    uploads.close()
    assert list(tmp_path.iterdir()) == []
