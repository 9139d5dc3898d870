"""Several recordings on one page in a real browser: in sync, and told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from viewer_page import ViewerProcess, open_page

from replay_viewer import Viewer
from replay_viewer.camera import camera_path
from replay_viewer.camera.presets import CameraPose
from replay_viewer.paths import asset
from replay_viewer.render.takes import frame_of
from replay_viewer.replay.replay import open_replay
from replay_viewer.replay.take import Take
from replay_viewer.replay.world import world_of

# Where in the page a node is seen [px].
_SEEN_AT = """
name => {
  const { camera, nodeRefFromName } = window.__viserMutable;
  const { left, top, width, height } = rvViser.picture().getBoundingClientRect();
  const { x, y } = nodeRefFromName[name].getWorldPosition(camera.position.clone()).project(camera);
  return [left + ((x + 1) / 2) * width, top + ((1 - y) / 2) * height];
}
"""
_FROM_MIDDLE = f"""
name => {{
  const {{ left, top, width, height }} = rvViser.picture().getBoundingClientRect();
  const [x, y] = ({_SEEN_AT})(name);
  return Math.hypot(x - left - width / 2, y - top - height / 2);
}}
"""
_AT = "name => window.rvViser.nodePosition(name)"


def test_others_move_with_the_lead_and_a_legend_names_them(chromium, tmp_path: Path) -> None:
    walk = open_replay(asset("walk.rec"))
    evil = tmp_path / "<img src=x onerror=alert(1)>.rec"
    evil.write_bytes(asset("walk.rec").read_bytes())
    with Viewer([walk, Take(walk, 3, start=20), evil], port=0) as viewer, open_page(chromium, viewer.url) as page:
        page.page.evaluate("window.replayViewer.send('seek', 100)")
        page.wait_step(100)
        for key, env, step in (("", 0, 100), ("take2/", 3, 120), ("take3/", 0, 100)):
            base = walk.frames.frame_at(step, [env]).entities["robot"].base_pos[0]
            assert np.allclose(page.page.evaluate(_AT, f"/world/{key}robot/base"), base, atol=1e-5)
        names = page.page.locator("#rv-takes .rv-name").all_inner_texts()
        assert names == list(world_of([walk, Take(walk, 3), open_replay(evil)]).names)
        assert page.page.locator("#rv-takes img").count() == 0
        page.open_tab("Recording")
        files = page.page.locator(".rv-file tr:first-child td:last-child")
        page.until(lambda: files.count() == 2, "both files")
        assert files.all_inner_texts()[1].endswith(evil.name)


def test_two_recordings_of_the_command_line_are_compared_in_every_mode_by_one_key(chromium, tmp_path: Path) -> None:
    for name in ("before.rec", "after.rec"):
        (tmp_path / name).write_bytes(asset("walk.rec").read_bytes())
    paths = [str(tmp_path / name) for name in ("before.rec", "after.rec")]
    world = world_of([open_replay(path) for path in paths])
    with (
        ViewerProcess([*paths, "--compare", "ghost", "--port", "0", "--no-shadows"]) as process,
        open_page(chromium, process.url) as page,
    ):
        assert page.page.locator("#rv-takes .rv-name").all_inner_texts() == ["before", "after"]
        button = page.page.locator("#rv-takes footer button").first
        assert button.inner_text() == "from one place"
        for mode, text in (("side", "side by side"), ("recorded", "as recorded"), ("ghost", "from one place")):
            page.page.keyboard.press("c")
            page.until(lambda text=text: button.inner_text() == text, text)
            offset = world.with_mode(mode).offsets[0]  # pyright: ignore[reportArgumentType]
            assert np.allclose(page.page.evaluate(_AT, "/world/take2"), offset, atol=1e-5)
        button.click()
        page.until(lambda: button.inner_text() == "side by side", "the next mode, by the button")


def test_a_click_on_a_link_of_any_recording_names_it_and_a_double_click_orbits_about_it(chromium, tmp_path) -> None:
    later = tmp_path / "later.rec"
    later.write_bytes(asset("walk.rec").read_bytes())
    walk = open_replay(asset("walk.rec"))
    takes = [walk, Take(open_replay(later), start=20)]
    with Viewer(takes, port=0) as viewer, open_page(chromium, viewer.url) as page:
        viewer.seek(100)
        page.wait_step(100)
        page.page.evaluate("window.replayViewer.send('set_mode', 'side')")
        page.until(lambda: page.page.evaluate("window.replayViewer.state.place.compare") == "side", "side by side")
        before = page.camera()["position"]
        page.page.keyboard.press("r")
        page.until(lambda: not np.allclose(page.camera()["position"], before), "another view")
        page.wait_for_camera()
        card = page.page.locator(".rv-pointed")
        other = "/world/take2/robot/base"
        for name, step, node in (("walk", 100, "/world/robot/base"), ("later", 120, other)):
            page.page.mouse.click(*page.page.evaluate(_SEEN_AT, node))
            page.until(lambda name=name: card.locator("h2").text_content() == f"{name} / base", "whose link it is")
            base = walk.frames.frame_at(step, [0]).entities["robot"].base_pos[0]
            text = card.inner_text().replace("\N{MINUS SIGN}", "-")
            assert "  ".join(f"{x:.3f}" for x in base) in text
            velocity = walk.rollout.read_shown("robot.base_lin_vel", slice(step, step + 1), [0])[0, 0]
            assert f"{velocity[2]:.3f}" in text
            page.page.keyboard.press("Escape")  # The card may lie over the other one.
            card.wait_for(state="hidden")
        page.page.mouse.dblclick(*page.page.evaluate(_SEEN_AT, other))
        page.until(lambda: page.page.evaluate(_FROM_MIDDLE, other) < 40, "the other one in the middle")


@pytest.mark.slow
def test_cameras_are_led_from_python_to_a_preset_and_to_a_place_in_the_world(chromium) -> None:
    with Viewer(asset("walk.rec"), port=0) as viewer, open_page(chromium, viewer.url) as page:
        shown = viewer._app._shown
        assert shown is not None
        (view,) = shown.browsers.views.values()

        def now() -> CameraPose:
            return view.camera_now(shown.browsers.subject)

        for position, look_at in (((3.0, -2.0, 1.0), (0.0, 0.0, 0.5)), ((1.0, 1.0, 9.0), (1.0, 1.0, 0.0))):
            viewer.camera(position=position, look_at=look_at)
            page.until(lambda at=position: np.allclose(now().position, at, atol=0.02), "the place")
            assert np.allclose(now().look_at, look_at, atol=0.02)
        page.until(lambda: not page.page.evaluate("window.replayViewer.state.following"), "that it does not follow")
        viewer.seek(200)
        page.wait_step(200)
        assert np.allclose(now().position, (1, 1, 9), atol=0.02)
        viewer.camera("side")
        expected = shown.browsers.subject.seen_from("side", np.zeros(3), 1.0)
        page.until(lambda: np.allclose(now().look_at, expected.look_at, atol=0.02), "the robot's side")


def test_a_film_of_a_view_that_keeps_all_in_it_keeps_all_from_the_same_side(chromium) -> None:
    walk = open_replay(asset("walk.rec"))
    with Viewer([walk, Take(walk, 2)], port=0, shadows=False) as viewer, open_page(chromium, viewer.url) as page:
        shown = viewer._app._shown
        assert shown is not None
        (view,) = shown.browsers.views.values()
        page.page.keyboard.press("Shift+R")
        page.until(lambda: page.is_pressed("Keep All in View"), "that all are kept in view")
        page.orbit(120)
        page.wait_for_camera()
        now = view.camera_now(shown.browsers.subject)
        world, episode = shown.session.world, shown.session.episode
        path = camera_path(view.camera(), world, aspect=16 / 9)
        film = path.at(frame_of(world, shown.session.player.position, [0]), episode)
        ways = [(pose.look_at - pose.position) / np.linalg.norm(pose.look_at - pose.position) for pose in (now, film)]
        assert np.allclose(*ways, atol=1e-3)
        assert np.linalg.norm(film.look_at - film.position) > 0.99 * np.linalg.norm(now.look_at - now.position)


@pytest.mark.slow
def test_a_shorter_recording_is_marked_in_the_page_where_it_waits(chromium) -> None:
    walk = open_replay(asset("walk.rec"))
    short = Take(walk, 1, steps=range(60))
    with Viewer([walk, short], port=0) as viewer, open_page(chromium, viewer.url) as page:
        notes = page.page.locator("#rv-takes .rv-note-of")
        for step, told in ((59, []), (60, ["waits at its end"]), (300, ["waits at its end"]), (10, [])):
            viewer.seek(step)
            page.until(lambda told=told: notes.all_inner_texts() == told, f"{told} at step {step}")
