"""Pointing at things in the picture: links, the ground, everything."""

from __future__ import annotations

import json

import numpy as np
import pytest
from viewer_page import ViewerPage

from replay_viewer.replay.replay import Replay

_BOX = "(({ x, y, width, height }) => [x, y, width, height])(rvViser.picture().getBoundingClientRect())"
_ODD_RAYS = (None, [1], [[0, 0], [1, 1]], [["a", 0, 0], [0, 0, 1]], [[0, 0, 0], [0, 0, 0]], [[1e400, 0, 0], [0, 0, 1]])


@pytest.fixture
def from_side(page: ViewerPage) -> ViewerPage:
    """Looking at the robot's side, and pointing at nothing."""
    page.page.evaluate("replayViewer.send('point_at_nothing')")
    page.page.keyboard.press("2")
    page.until(lambda: abs(away(page)[2]) < 0.2, "the view from the side")
    page.wait_for_camera()
    return page


def away(page: ViewerPage) -> np.ndarray:
    """From what the camera looks at to the camera, of unit length."""
    camera = page.page.evaluate("rvViser.camera()")
    towards = np.subtract(camera["position"], camera["target"])
    return towards / np.linalg.norm(towards)


def target(page: ViewerPage) -> np.ndarray:
    return np.array(page.page.evaluate("rvViser.camera().target"))


def point_of(page: ViewerPage, place: np.ndarray) -> tuple[float, float]:
    """Where in the page a point (3,) [m] of the browser's space is seen."""
    camera = page.page.evaluate("rvViser.camera()")
    box = page.page.evaluate(
        "(({ x, y, width, height }) => [x, y, width, height])(rvViser.picture().getBoundingClientRect())"
    )
    position = np.array(camera["position"])
    ahead = np.subtract(camera["target"], position)
    ahead /= np.linalg.norm(ahead)
    right = np.cross(ahead, [0, 0, 1])
    right /= np.linalg.norm(right)
    seen = place - position
    scale = box[3] / 2 / np.tan(camera["fov"] / 2) / (seen @ ahead)
    return box[0] + box[2] / 2 + scale * (seen @ right), box[1] + box[3] / 2 - scale * (seen @ np.cross(right, ahead))


def in_browser(page: ViewerPage, place: np.ndarray) -> np.ndarray:
    """A point of the world in the space of the browser."""
    return place + np.array(page.page.evaluate("rvViser.nodePosition('/world')"))


def test_a_link_that_is_clicked_is_named_with_its_joint_pose_and_values(from_side: ViewerPage, demo: Replay) -> None:
    page = from_side
    robot = demo.robots["robot"]
    frame = demo.frames.frame_at(0, [0]).entities["robot"]
    link = robot.link_names.index("FR_calf")
    middle = (frame.link_positions[0, link] + frame.link_positions[0, robot.link_names.index("FR_foot")]) / 2
    page.page.mouse.click(*point_of(page, in_browser(page, middle)))
    card = page.page.locator(".rv-pointed")
    card.wait_for()
    text = card.inner_text().replace("\N{MINUS SIGN}", "-")
    assert "FR_calf" in text and "FR_calf_joint" in text
    assert "  ".join(f"{x:.3f}" for x in frame.link_positions[0, link]) in text
    value = demo.rollout.read_shown("robot.joint_pos", slice(0, 1), [0])[0, 0, robot.joint_names.index("FR_calf_joint")]
    assert f"{value:.3f}" in text
    card.get_by_role("button", name="pin").first.click()
    pinned = "Object.values(replayViewer.state.plots).map((plot) => JSON.stringify(plot)).join(' ')"
    page.until(lambda: "FR_calf_joint" in page.page.evaluate(pinned), "its curve in the chart")
    page.page.evaluate("replayViewer.send('select_steps', [0, 20])")
    page.until(lambda: page.page.evaluate("Boolean(replayViewer.state.selection)"), "an A-B loop")
    page.page.keyboard.press("Escape")
    card.wait_for(state="hidden")
    assert page.page.evaluate("Boolean(replayViewer.state.selection)")
    page.page.keyboard.press("Escape")
    page.until(lambda: not page.page.evaluate("replayViewer.state.selection"), "no loop")


def test_a_click_beside_the_robot_and_a_drag_name_nothing(from_side: ViewerPage) -> None:
    page = from_side
    page.page.mouse.click(*point_of(page, target(page) + np.array([2.0, 0, 0])))
    page.orbit(60)
    page.page.wait_for_timeout(300)
    assert not page.page.locator(".rv-pointed").is_visible()


def test_a_double_click_on_the_ground_puts_the_orbits_centre_there(from_side: ViewerPage, demo: Replay) -> None:
    page = from_side
    before = away(page)
    terrain = demo.rollout.terrain
    assert terrain is not None
    aim = target(page) - np.array(page.page.evaluate("rvViser.nodePosition('/world')"))
    near = np.argmin(np.linalg.norm(terrain.vertices[:, :2] - (aim[:2] + np.array([1.0, -0.5])), axis=1))
    place = in_browser(page, terrain.vertices[near].astype(float))
    page.page.mouse.dblclick(*point_of(page, place))
    page.until(lambda: np.linalg.norm(target(page) - place) < 0.1, "another centre")
    np.testing.assert_allclose(away(page), before, atol=1e-3)


def test_a_key_frames_all_robots(from_side: ViewerPage) -> None:
    page = from_side
    page.page.evaluate("rvViser.moveCamera([30, 10, 12], [9, 9, 0], 0.9)")
    page.until(lambda: target(page)[0] > 8, "a camera that looks elsewhere")
    page.wait_for_camera()
    page.page.keyboard.press("r")
    page.until(lambda: np.linalg.norm(target(page)[:2]) < 0.5, "the robot in the middle")
    assert away(page)[2] > 0.2


def test_rays_that_are_none_are_ignored(page: ViewerPage) -> None:
    for odd in (
        None,
        [1],
        [[0, 0], [1, 1]],
        [["a", 0, 0], [0, 0, 1]],
        [[0, 0, 0], [0, 0, 0]],
        [[1e400, 0, 0], [0, 0, 1]],
    ):
        for action in ("point_along", "orbit_around"):
            page.page.evaluate(f"replayViewer.send({action!r}, {json.dumps(odd).replace('Infinity', '1e999')})")
    page.page.evaluate("replayViewer.send('pin_pointed', 99)")
    step = page.step()
    page.page.keyboard.press("ArrowRight")
    page.wait_step(step + 1)
