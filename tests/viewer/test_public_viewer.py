"""The viewer as a Python object: what it takes, what it shows, how it ends."""

from __future__ import annotations

import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import viser
from arm_urdf import JOINTS, arm, write_arm
from memory_rollout import memory_rollout, still
from needs import require

from replay_viewer import Frame, Replay, Viewer
from replay_viewer.errors import BadArgument, ReplayError, UnknownName
from replay_viewer.paths import asset
from replay_viewer.replay.replay import with_robots
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.rollout.rollout import Rollout

URDF_BOX = {"type": "box", "size": [1, 1, 1]}


class Counter:
    """A layer that counts its calls and remembers its last frame."""

    def __init__(self) -> None:
        self.servers: list[viser.ViserServer] = []
        self.frames: list[Frame] = []

    def setup(self, server: viser.ViserServer) -> None:
        self.servers.append(server)

    def show(self, frame: Frame) -> None:
        self.frames.append(frame)


def two_entities() -> Rollout:
    entities = [EntitySpec("robot", joint_names=JOINTS), EntitySpec("box", kind="object", shape=URDF_BOX)]
    values = still(3, 1) | still(3, 1, "box")
    return memory_rollout(values, entities=entities)


def link_names(viewer: Viewer, entity: str) -> tuple[str, ...]:
    return viewer.replay.robots[entity].link_names


def is_served(url: str) -> bool:
    try:
        with urlopen(url, timeout=30) as page:
            return page.status == 200
    except (URLError, OSError):
        return False


def test_a_path_is_opened_served_and_closed() -> None:
    with Viewer(asset("walk.rec"), port=0) as viewer:
        assert viewer.replay.rollout.num_envs >= 1
        assert is_served(viewer.url)
    assert not is_served(viewer.url)
    viewer.close()  # Once more does no harm.


def test_robots_are_one_for_all_or_by_name(tmp_path: Path) -> None:
    path, robot = write_arm(tmp_path), arm(tmp_path)
    for given in (path, str(path), robot, {"robot": path}, {"robot": robot}):
        with Viewer(two_entities(), given, port=0) as viewer:
            assert link_names(viewer, "robot") == robot.link_names
            assert link_names(viewer, "box") == ("box",)


def test_a_name_that_no_entity_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="robot"):
        Viewer(two_entities(), {"dog": arm(tmp_path)}, port=0)


def test_what_is_given_open_stays_open() -> None:
    rollout = two_entities()
    replay = with_robots(rollout)
    for given in (rollout, replay):
        Viewer(given, port=0).close()
    assert isinstance(replay, Replay)
    assert rollout.read("robot.base_pos").shape == (3, 1, 3)


def test_a_recording_that_is_not_there_leaves_no_server(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"nothing\.rec"):
        Viewer(tmp_path / "nothing.rec", port=0)


def test_a_layer_is_set_up_once_and_shown_at_each_new_frame() -> None:
    layer = Counter()
    with Viewer(two_entities(), layers=[layer], port=0) as viewer:
        assert len(layer.servers) == 1
        assert layer.frames[0].position == 0
        assert set(layer.frames[0].entities) == {"robot", "box"}
        viewer._app._page.post(viewer._app.session.seek, 2)
        deadline = time.monotonic() + 10
        while layer.frames[-1].position != 2 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert layer.frames[-1].position == 2


@pytest.mark.parametrize("odd", [Counter, object()])
def test_what_is_no_layer_is_refused(odd: Any) -> None:
    with pytest.raises(BadArgument, match="layers"):
        Viewer(two_entities(), layers=[odd], port=0)


class _Frames(HTMLParser):
    """The iframes of a page, by their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "iframe":
            self.found.append(dict(attrs))


def test_a_notebook_gets_a_frame_with_the_page() -> None:
    with Viewer(two_entities(), port=0) as viewer:
        parser = _Frames()
        parser.feed(viewer.show(height=321)._repr_html_())
        assert [frame["src"] for frame in parser.found] == [viewer.url]
        assert "height:321px" in (parser.found[0]["style"] or "")
        assert viewer.url in str(viewer.show())


def test_run_prints_the_address_and_ends_with_an_interrupt(tmp_path: Path) -> None:
    if sys.platform == "win32":
        require("no SIGINT for one process on Windows")
    code = f"from replay_viewer import Viewer\nViewer({str(asset('walk.rec'))!r}, port=0).run()\nprint('closed')"
    process = subprocess.Popen([sys.executable, "-u", "-c", code], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first.startswith("walk at http://localhost:")
    process.send_signal(2)
    rest, _ = process.communicate(timeout=20)
    assert (rest, process.returncode) == ("closed\n", 0)
