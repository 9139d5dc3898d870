"""The README's format of one's own, as it stands there: opened, listed, dropped into the page and drawn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import msgspec
import numpy as np
import pytest
from arm_urdf import write_arm
from listings import looked_through
from page_messages import asked, received_until, sent
from viser_servers import connected_browser

from replay_viewer import open_replay, render_video
from replay_viewer.formats import table
from replay_viewer.paths import asset
from replay_viewer.replay.world import world_of
from replay_viewer.viewer.app import ViewerApp

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(autouse=True)
def of_the_readme(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The format is registered as the README does it, until the test ends."""
    monkeypatch.setattr(table, "_registered", {})
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    (block,) = [block for block in blocks if "register_format(" in block]
    assert len([line for line in block.splitlines() if line]) <= 10
    exec(block, {})
    yield


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    """Half a metre along x in a second, upright, while the arm's shoulder turns by 1 rad."""
    rows = np.zeros((50, 9))
    rows[:, 0], rows[:, 2], rows[:, 6] = np.linspace(0, 0.5, 50), 2.5, 1
    rows[:, 7] = np.linspace(0, 1, 50)
    path = tmp_path / "runs" / "walk.csv"
    path.parent.mkdir()
    np.savetxt(path, rows, delimiter=",", header="x,y,z,qx,qy,qz,qw,shoulder,elbow", comments="")
    (path.parent / "other.csv").write_text("no,poses\n1,2\n")
    return path


def test_it_is_opened_with_all_that_can_be_found(walk: Path, tmp_path: Path) -> None:
    replay = open_replay(walk, urdf=write_arm(tmp_path))
    found = {verdict.topic: verdict.finding for verdict in replay.verdicts}
    assert (found["control_dt"], found["quaternion order"]) == ("0.02 s", "xyzw")
    upper = replay.frames.frame_at(49, [0]).entities["robot"].link_wxyz[0, 1]
    np.testing.assert_allclose(upper, [np.cos(0.5), 0, np.sin(0.5), 0], atol=1e-6)


def test_it_is_listed_among_other_files(walk: Path) -> None:
    (listed,) = looked_through(walk.parent).sources
    assert listed.known is not None
    assert (listed.name, listed.known.num_envs, listed.known.seconds) == ("walk.csv", 1, 49 * 0.02)
    assert [record.last_step for record in listed.known.records] == [49]


def test_it_is_drawn(walk: Path, tmp_path: Path) -> None:
    render_video(walk, tmp_path / "walk.png", step=10, size=(160, 90), urdf=write_arm(tmp_path))
    assert iio.imread(tmp_path / "walk.png").std() > 10


def test_it_is_dropped_into_the_page(walk: Path) -> None:
    with ViewerApp(port=0) as app:
        app.show(world_of([open_replay(asset("walk.rec"))]))
        key = sent(app, "walk.csv", walk.read_bytes())
        with connected_browser(app.port) as browser:
            received_until(browser, 'replayViewer.update({"title"')
            browser.send(msgspec.msgpack.encode(asked(app, "open_upload", key)))
            told = received_until(browser, 'replayViewer.update({"title": "walk.csv')
            while not says_length(told):
                told += received_until(browser, "replayViewer.update(")


def says_length(messages: list[dict[str, Any]]) -> bool:
    """Whether a page is told that there are 50 steps."""
    return any('"numSteps": 50' in message.get("source", "") for message in messages)
