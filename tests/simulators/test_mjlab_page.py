"""A recording of mjlab's Go1 is replayed in a real browser on the robot's own meshes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needs_simulator import simulator
from viewer_page import ViewerProcess, open_page

from replay_viewer import attach

torch, mujoco = simulator("torch"), simulator("mujoco")
simulator("mjlab")
NUM_STEPS = 30


@pytest.fixture(scope="module")
def walk(go1: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """A recording's folder, and where MuJoCo has the bodies after each step: (T, bodies, 7), position and wxyz."""
    go1.reset(seed=2)
    poses = []
    with attach(go1, tmp_path_factory.mktemp("walk") / "go1.rec") as recorder:
        for step in range(NUM_STEPS):
            go1.step(0.5 * torch.ones((4, 12)) * np.sin(step / 3))
            poses.append(np.concatenate([go1.sim.data.xpos[0].numpy(), go1.sim.data.xquat[0].numpy()], -1))
    return recorder.path, np.stack(poses)


@pytest.fixture(scope="module")
def viewer(walk: tuple[Path, np.ndarray]) -> Iterator[ViewerProcess]:
    with ViewerProcess([str(walk[0]), "--port", "0", "--no-shadows"]) as process:
        yield process


@pytest.mark.browser
def test_every_body_stands_where_the_simulation_had_it(
    chromium: Any, viewer: ViewerProcess, walk: tuple[Path, np.ndarray], go1: Any
) -> None:
    with open_page(chromium, viewer.url) as page:
        page.press_button("End of the recording")
        page.wait_step(NUM_STEPS - 1)
        drawn = [node for node in page.nodes() if node.startswith("/world/robot/") and node.count("/") == 3]
        assert len(drawn) == 13
        for node in drawn:
            body = go1.sim.mj_model.body(f"robot/{node.rpartition('/')[2]}").id
            pose, (expected, turn) = page.pose(node), np.split(walk[1][-1, body], [3])
            np.testing.assert_allclose(pose["position"], expected, atol=1e-4)
            assert abs(np.dot(pose["wxyz"], turn)) == pytest.approx(1, abs=1e-5)


@pytest.mark.browser
def test_the_robot_is_drawn_and_no_joint_is_missing(chromium: Any, viewer: ViewerProcess) -> None:
    with open_page(chromium, viewer.url, size=(800, 420), drawing=True) as page:
        # Drawing without a GPU leaves the page little time for anything else.
        if page.playing():
            page.press_button("Pause")
            page.until(lambda: not page.playing(), "a pause")
        page.until(lambda: (page.picture().max(axis=-1) < 90).mean() > 0.01, "the robot's dark parts")
    assert not [line for line in viewer.lines if "missing" in line or "not in the recording" in line]
