"""The crowd on the page: its switch, its robots, their colours, and clicks on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from memory_rollout import still
from viewer_page import ViewerPage, ViewerProcess, open_page

from replay_viewer.container.info import RecordingInfo
from replay_viewer.container.terminals import EpisodeEnds
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.robot.materials import to_linear
from replay_viewer.theme import OUTCOME_COLORS, rgb_of

NUM_ENVS, NUM_STEPS, FALL = 9, 40, 20
# Instances of one node, and their colours, as the page has them.
_INSTANCES = """
() => {
  const nodes = Object.entries(window.__viserSceneTree.getState())
    .filter(([name]) => name.startsWith("/world/crowd/robot/"));
  if (!nodes.length) return null;
  const props = nodes[0][1].message.props;
  return { positions: [...props.batched_positions], colors: [...props.batched_colors], number: nodes.length };
}
"""
# The pixel at which a point of the page's space is seen.
_PIXEL = """
([x, y, z]) => {
  const { camera, nodePoseData, canvas } = window.__viserMutable, root = nodePoseData[""].wxyz;
  const point = camera.position.clone().set(x, y, z);
  point.applyQuaternion(camera.quaternion.clone().set(root[1], root[2], root[3], root[0])).project(camera);
  const box = canvas.getBoundingClientRect();
  return [box.left + (point.x + 1) / 2 * box.width, box.top + (1 - point.y) / 2 * box.height];
}
"""


def record(path: Path, num_envs: int, num_steps: int = NUM_STEPS) -> Path:
    """Robots at one place; env 3 falls half-way; env k earns k in each step."""
    values = {name: np.asarray(array[0], np.float32) for name, array in still(1, num_envs).items()}
    values |= {"rew": np.arange(num_envs, dtype=np.float32), "flags": np.zeros(num_envs, np.uint32)}
    values["robot.base_pos"][:, 2] = 0.3
    info = RecordingInfo(env_ids=range(100, 100 + num_envs), control_dt=0.02, terminal_states="captured")
    with ContainerWriter(path, info) as writer:
        for step in range(num_steps):
            if step == FALL:
                ended = {name: rows[3:4] for name, rows in values.items()}
                writer.end_episodes(EpisodeEnds(step=step, env_indices=[3], outcome="terminated", values=ended))
            writer.append(step, step * info.control_dt, values)
    return path


@pytest.fixture(scope="module")
def viewer(tmp_path_factory) -> Iterator[ViewerProcess]:
    path = record(tmp_path_factory.mktemp("crowd") / "run.rec", NUM_ENVS)
    with ViewerProcess([str(path), "--port", "0", "--no-shadows"]) as process:
        yield process


@pytest.fixture(scope="module")
def crowd_page(chromium, viewer: ViewerProcess) -> Iterator[ViewerPage]:
    """One page for all tests here, with the crowd switched on."""
    with open_page(chromium, viewer.url) as page:
        page.open_tab("View")
        assert page.page.evaluate(_INSTANCES) is None
        switch(page)
        page.until(lambda: page.page.evaluate(_INSTANCES), "the crowd")
        yield page


@pytest.fixture
def page(crowd_page: ViewerPage) -> ViewerPage:
    """The first env at the first step, its camera at rest."""
    crowd_page.open_tab("Replay")
    crowd_page.choose("Env", "100")
    crowd_page.until(lambda: watched(crowd_page) == "env 100", "the first env")
    crowd_page.open_tab("View")
    crowd_page.press_button("Start of the recording")
    crowd_page.wait_step(0)
    crowd_page.wait_for_camera()
    return crowd_page


def switch(page: ViewerPage) -> None:
    page.page.locator("[data-do=toggle_crowd]").click()


def places(page: ViewerPage) -> np.ndarray:
    """Where the crowd's robots are, (N, 3) [m], in the page's space."""
    instances = page.page.evaluate(_INSTANCES)
    return np.array(instances["positions"]).reshape(-1, 3) + page.pose("/world")["position"]


def colors(page: ViewerPage) -> np.ndarray:
    return np.array(page.page.evaluate(_INSTANCES)["colors"]).reshape(-1, 3)


def pixel(page: ViewerPage, point: np.ndarray) -> tuple[float, float]:
    x, y = page.page.evaluate(_PIXEL, point.tolist())
    return x, y


def watched(page: ViewerPage) -> str:
    return page.episode_text().split(",")[0]


def test_all_other_envs_are_there_apart_from_each_other(page: ViewerPage) -> None:
    found = places(page)
    assert len(found) == NUM_ENVS - 1
    distances = np.linalg.norm(found[:, None] - found[None], axis=-1)
    assert distances[~np.eye(len(found), dtype=bool)].min() == pytest.approx(2.0, abs=1e-3)
    assert np.linalg.norm(found[:, :2], axis=1).min() == pytest.approx(2.0, abs=1e-3)
    assert "laid out 2 m apart" in page.page.locator(".rv-layers").first.inner_text()


def test_camera_sees_them_all(page: ViewerPage) -> None:
    size = page.page.viewport_size
    assert size is not None
    for point in places(page):
        x, y = pixel(page, point)
        assert 0 < x < size["width"] and 0 < y < size["height"]


@pytest.mark.parametrize("index", [0, 4, 7])
def test_click_on_a_robot_watches_its_env(page: ViewerPage, index: int) -> None:
    assert watched(page) == "env 100"
    page.page.mouse.click(*pixel(page, places(page)[index]))
    page.until(lambda: watched(page) == f"env {101 + index}", f"env {101 + index}")
    page.open_tab("Replay")
    page.until(lambda: page.chosen("Env") == str(101 + index), "that env in the panel")
    page.page.wait_for_function(f"document.querySelector('.rv-rewards')?.innerText.includes('{index + 1}')")


def test_robot_that_is_watched_is_not_among_the_others(page: ViewerPage) -> None:
    page.page.mouse.click(*pixel(page, places(page)[2]))
    page.until(lambda: watched(page) == "env 103", "env 103")
    page.until(lambda: np.linalg.norm(places(page)[:, :2], axis=1).min() > 1.9, "the others around it")


def test_click_on_the_watched_robot_or_the_ground_changes_nothing(page: ViewerPage) -> None:
    for point in ([0.0, 0.0, 0.3], [1.0, 0.0, 0.0], [-1.0, 1.0, 0.0]):
        page.page.mouse.click(*pixel(page, np.array(point)))
    # A click that does select comes after those, so they have been answered.
    page.page.mouse.click(*pixel(page, places(page)[0]))
    page.until(lambda: watched(page) != "env 100", "an answer")
    assert watched(page) == "env 101"


def test_drag_that_begins_on_a_robot_turns_the_camera_and_selects_nothing(page: ViewerPage) -> None:
    before = page.camera()["position"]
    x, y = pixel(page, places(page)[1])
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    page.page.mouse.move(x + 60, y, steps=6)
    page.page.mouse.up()
    page.until(lambda: not np.allclose(page.camera()["position"], before), "another view")
    page.wait_for_camera()
    page.page.mouse.click(*pixel(page, places(page)[0]))
    page.until(lambda: watched(page) != "env 100", "an answer")
    assert watched(page) == "env 101"


def color_by(page: ViewerPage, kind: str) -> None:
    page.page.locator(f"[data-do=color_crowd][data-value={kind}]").click()
    page.page.wait_for_selector(f"[data-do=color_crowd][data-value={kind}][aria-pressed=true]")


def test_colours_tell_how_episodes_end(page: ViewerPage) -> None:
    color_by(page, "outcome")
    red = to_linear(np.array(rgb_of(OUTCOME_COLORS["terminated"]))) * 255
    page.until(lambda: len(colors(page)) == NUM_ENVS - 1, "a colour for each env")
    found = colors(page) / colors(page).max(axis=1, keepdims=True)
    assert found[2] == pytest.approx(red / red.max(), abs=0.03)
    legend = page.page.locator(".rv-crowd")
    page.until(lambda: "terminated 1" in legend.inner_text(), "the colours' meaning")
    # Its next episode does not end in the recording.
    page.press_button("End of the recording")
    page.until(lambda: np.allclose(colors(page)[2], colors(page)[1], atol=2), "other colours after the fall")
    page.until(lambda: "terminated" not in legend.inner_text(), "what they mean then")
    color_by(page, "robot")
    page.until(lambda: len(colors(page)) == 1, "the robots' own colour")


def test_colours_tell_returns_with_their_scale(page: ViewerPage) -> None:
    color_by(page, "return")
    page.until(lambda: len(np.unique(colors(page), axis=0)) == NUM_ENVS - 1, "a colour for each return")
    ends = page.page.locator(".rv-crowd .rv-ends")
    page.until(lambda: ends.inner_text().split() == ["0", f"{(NUM_ENVS - 1) * NUM_STEPS}"], "the scale")
    color_by(page, "robot")


def test_crowd_moves_in_one_node_for_each_mesh_and_goes_away_again(page: ViewerPage) -> None:
    number = page.page.evaluate(_INSTANCES)["number"]
    assert 1 <= number <= 3
    page.page.keyboard.press("m")
    page.until(lambda: not any(node.startswith("/world/crowd") for node in page.nodes()), "no crowd")
    page.page.keyboard.press("m")
    page.until(lambda: page.page.evaluate(_INSTANCES), "the crowd again")


@pytest.mark.slow
def test_camera_comes_back_when_the_crowd_goes_unless_it_was_moved(page: ViewerPage) -> None:
    def switch_and_wait() -> np.ndarray:
        before = page.camera()["position"]
        page.page.keyboard.press("m")
        page.until(lambda: not np.allclose(page.camera()["position"], before), "another view")
        page.wait_for_camera()
        return page.camera()["position"]

    page.page.keyboard.press("m")
    page.until(lambda: page.page.evaluate(_INSTANCES) is None, "no crowd")
    page.page.keyboard.press("4")
    page.wait_for_camera()
    near = page.camera()["position"]
    far = switch_and_wait()
    assert np.linalg.norm(far) > 1.5 * np.linalg.norm(near)
    assert switch_and_wait() == pytest.approx(near, abs=1e-3)
    switch_and_wait()
    page.orbit(60)
    page.wait_for_camera()
    turned = page.camera()["position"]
    page.page.keyboard.press("m")
    page.until(lambda: page.page.evaluate(_INSTANCES) is None, "no crowd")
    page.page.keyboard.press("m")
    page.until(lambda: page.page.evaluate(_INSTANCES), "the crowd again")
    page.wait_for_camera()
    assert page.camera()["position"] == pytest.approx(turned, abs=0.02)
