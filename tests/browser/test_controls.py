"""Every control of the page does what its label says. Each test fails when the control's callback is removed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawn_scene import distance, has_shadows, wait_preset
from memory_rollout import still
from viewer_page import ViewerPage, ViewerProcess, open_page

from replay_viewer.camera import SmoothBase
from replay_viewer.container.info import RecordingInfo
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.replay.replay import Replay
from replay_viewer.rollout.rewards import EpisodeRewardsCache


def test_page_draws_the_robot(drawn_page: ViewerPage) -> None:
    dark = drawn_page.until(lambda: _dark_share(drawn_page.picture()) > 0.002, "the robot's dark parts")
    assert dark


def _dark_share(picture: np.ndarray) -> float:
    """Share of the pixels as dark as the robot's joints and feet: ground, sky and lines are far lighter."""
    return float((picture.max(axis=-1) < 70).mean())


def test_every_visual_of_the_robot_is_on_the_page(page: ViewerPage, demo: Replay) -> None:
    robot = demo.robots["robot"]
    drawn = [f"/world/robot/{robot.link_names[visual.link]}" for visual in robot.visuals]
    assert set(drawn) <= set(page.nodes())


@pytest.mark.slow
def test_picture_changes_with_the_step(drawn_page: ViewerPage) -> None:
    drawn_page.until(lambda: _dark_share(drawn_page.picture()) > 0.002, "the robot")
    before = drawn_page.picture().astype(int)
    drawn_page.page.keyboard.press("Shift+ArrowRight")
    drawn_page.page.keyboard.press("ArrowRight")
    drawn_page.until(lambda: drawn_page.step() > 10, "another step")

    def changed() -> bool:
        return (np.abs(drawn_page.picture() - before).max(axis=-1) > 40).mean() > 0.002

    drawn_page.until(changed, "another picture")


def test_pose_on_the_page_is_the_kinematics_of_the_file(page: ViewerPage, demo: Replay) -> None:
    page.press_button("One step forward")
    page.wait_step(1)
    poses = demo.frames.frame_at(1.0, [0]).entities["robot"]
    robot = demo.robots["robot"]
    for link in {visual.link for visual in robot.visuals}:
        shown = page.pose(f"/world/robot/{robot.link_names[link]}")
        np.testing.assert_allclose(shown["position"], poses.link_positions[0, link], atol=1e-5)
        np.testing.assert_allclose(shown["wxyz"], poses.link_wxyz[0, link], atol=1e-5)


def test_play_and_pause(page: ViewerPage) -> None:
    page.press_button("Play")
    page.until(lambda: page.playing() and page.step() > 10, "playing")
    page.press_button("Pause")
    page.until(lambda: not page.playing(), "a pause")
    page.page.wait_for_timeout(200)
    step = page.step()
    page.page.wait_for_timeout(300)
    assert page.step() == step


def test_steps(page: ViewerPage) -> None:
    page.press_button("One step forward")
    page.wait_step(1)
    page.press_button("One step forward")
    page.wait_step(2)
    page.press_button("One step back")
    page.wait_step(1)


def test_start_and_end(page: ViewerPage, demo: Replay) -> None:
    page.press_button("End of the recording")
    page.wait_step(demo.rollout.num_steps - 1)
    page.press_button("Start of the recording")
    page.wait_step(0)


def test_scrub(page: ViewerPage, demo: Replay) -> None:
    last = demo.rollout.num_steps - 1
    with page.hold_timeline(0.25) as drag:
        page.until(lambda: abs(page.step() - last / 4) < last / 50, "a quarter of the recording")
        drag(0.75)
    page.until(lambda: abs(page.step() - last * 3 / 4) < last / 50, "three quarters of the recording")


def test_playback_does_not_fight_a_drag(page: ViewerPage, demo: Replay) -> None:
    page.press_button("Play")
    page.until(lambda: page.step() > 5, "playing")
    with page.hold_timeline(0.5) as drag:
        drag(0.6)
        held = page.step()
        page.until(lambda: page.pose("/playhead")["position"][0] == held, "the step under the pointer")
        page.page.wait_for_timeout(400)
        assert page.pose("/playhead")["position"][0] == held
    page.until(lambda: page.pose("/playhead")["position"][0] > held, "playback going on after the drag")


def test_speed(page: ViewerPage, demo: Replay) -> None:
    page.choose_on_bar("Speed", "4")
    page.press_button("Play")
    nominal = 1 / demo.rollout.control_dt
    page.until(lambda: _steps_per_second(page) > 2.5 * nominal, "playback that is faster than real time")
    page.choose_on_bar("Speed", "0.5")
    page.until(lambda: 0 < _steps_per_second(page) < nominal, "playback that is slower than real time")


def _steps_per_second(page: ViewerPage) -> float:
    return page.page.evaluate(
        "async () => { const at = () => window.__viserMutable.nodePoseData['/playhead'].position[0];"
        " const a = at(), t = performance.now(); await new Promise(r => setTimeout(r, 1000));"
        " return (at() - a) / (performance.now() - t) * 1000; }"
    )


def test_loop_episode_stays_in_the_episode(page: ViewerPage, demo: Replay) -> None:
    env_index = next(i for i in range(demo.rollout.num_envs) if len(demo.rollout.episodes(i)) > 1)
    first = demo.rollout.episodes(env_index)[0]
    page.choose("Env", str(demo.rollout.env_ids[env_index]))
    page.choose_on_bar("Loop", "episode")
    page.choose_on_bar("Speed", "4")
    page.press_button("Next episode end")
    page.wait_step(first.last_step)
    page.press_button("Play")
    page.until(lambda: page.step() < first.last_step - 5, "the start of the episode again")


def test_without_a_loop_playback_stops_at_the_end(page: ViewerPage, demo: Replay) -> None:
    page.press_button("End of the recording")
    page.wait_step(demo.rollout.num_steps - 1)
    for _ in range(5):
        page.press_button("One step back")
    page.press_button("Play")
    page.until(lambda: not page.playing(), "the end")
    page.wait_step(demo.rollout.num_steps - 1)


def test_loop_all_starts_again(page: ViewerPage, demo: Replay) -> None:
    page.choose_on_bar("Loop", "rollout")
    page.press_button("End of the recording")
    page.wait_step(demo.rollout.num_steps - 1)
    page.press_button("Play")
    page.until(lambda: page.step() < demo.rollout.num_steps // 2, "the start again")


def test_episodes(page: ViewerPage, demo: Replay) -> None:
    env_index = next(i for i in range(demo.rollout.num_envs) if len(demo.rollout.episodes(i)) > 1)
    page.choose("Env", str(demo.rollout.env_ids[env_index]))
    first, second = demo.rollout.episodes(env_index)[:2]
    page.until(lambda: f"env {demo.rollout.env_ids[env_index]}" in page.episode_text(), "the env")
    page.press_button("Next episode (")
    page.wait_step(second.first_step)
    page.until(lambda: "Episode 1 (2 of" in page.episode_text(), "the second episode")
    page.press_button("Previous episode")
    page.wait_step(first.first_step)
    page.until(lambda: page.chosen("Episode").startswith("0:"), "the first episode in the panel")
    page.choose("Episode", f"1: {_OUTCOMES[second.outcome]}, {second.num_steps} steps")
    page.wait_step(second.first_step)


_OUTCOMES = {"terminated": "terminated", "truncated": "time-out", "unfinished": "unfinished", "aborted": "reset"}


def test_one_key_reaches_the_fall(page: ViewerPage, demo: Replay) -> None:
    env_index, fall = next(
        (i, e) for i in range(demo.rollout.num_envs) for e in demo.rollout.episodes(i) if e.outcome == "terminated"
    )
    page.choose("Env", str(demo.rollout.env_ids[env_index]))
    page.until(lambda: f"env {demo.rollout.env_ids[env_index]}" in page.episode_text(), "the env")
    ends = [e for e in demo.rollout.episodes(env_index) if e.outcome != "unfinished"]
    for _ in range(ends.index(fall) + 1):
        page.page.keyboard.press("n")
    page.wait_step(fall.last_step)
    page.until(lambda: "terminated" in page.episode_text(), "how it ended")


def test_env_changes_the_robot_and_the_rewards(page: ViewerPage, demo: Replay) -> None:
    page.choose("Env", str(demo.rollout.env_ids[1]))
    expected = demo.frames.frame_at(0.0, [1]).entities["robot"].link_positions[0, 0]
    base = f"/world/robot/{demo.robots['robot'].link_names[0]}"
    page.until(lambda: np.allclose(page.pose(base)["position"], expected, atol=1e-4), "the other env's robot")
    assert page.chosen("Env") == str(demo.rollout.env_ids[1])


def test_rewards_shown_are_the_files(page: ViewerPage, demo: Replay) -> None:
    for _ in range(3):
        page.press_button("One step forward")
    page.wait_step(3)
    truth = EpisodeRewardsCache(demo.rollout).at(3, 0)
    expected = dict(zip(truth.names, truth.values, strict=True)) | {"return so far": truth.cumulative}
    assert truth.total is not None
    expected["reward"] = truth.total
    page.until(lambda: _close(page.reward("reward"), truth.total), "the reward of step 3")
    for name, value in expected.items():
        assert _close(page.reward(name), value), name


def _close(shown: str, value: float | None) -> bool:
    """To the last digit that is shown."""
    assert value is not None
    return abs(float(shown) - value) <= 0.51 * 10.0 ** -len(shown.partition(".")[2])


def test_rewards_are_live_while_playing(page: ViewerPage) -> None:
    page.press_button("Play")
    seen = set()
    page.until(lambda: seen.add(page.reward("return so far")) or len(seen) > 4, "the return changing")


def test_curves_have_a_time_marker_at_the_step(page: ViewerPage) -> None:
    page.until(lambda: page.page.locator(".rv-marker").count() == 2, "a marker in each chart")
    before = page.page.locator(".rv-marker").first.bounding_box()
    page.press_button("Play")
    page.until(lambda: page.step() > 40, "playing")
    after = page.page.locator(".rv-marker").first.bounding_box()
    assert before and after and after["x"] > before["x"]


def test_presets(page: ViewerPage, demo: Replay) -> None:
    heading = SmoothBase(demo.rollout, "robot", demo.robots["robot"].radius).at(0, 0).heading
    for name in ("Top", "Side", "Front"):
        page.click_button(name)
        wait_preset(page, name, heading)


def test_wheel_and_right_button_move_the_camera_also_while_it_follows(page: ViewerPage) -> None:
    mouse, far, target = page.page.mouse, distance(page), page.camera()["target"]
    page.press_button("Play")
    mouse.move(400, 200)
    mouse.wheel(0, -400)
    page.until(lambda: distance(page) < 0.9 * far, "the robot from nearer")
    near = distance(page)
    np.testing.assert_allclose(page.camera()["target"], target, atol=0.02)
    mouse.wheel(0, 400)
    page.until(lambda: distance(page) > 1.05 * near, "the robot from farther")
    mouse.down(button="right")
    mouse.move(500, 200, steps=5)
    mouse.up(button="right")
    page.until(lambda: np.abs(page.camera()["target"] - target).max() > 0.1, "another place in the middle")


def test_follow_keeps_the_robot_in_the_middle_while_orbiting(page: ViewerPage, demo: Replay) -> None:
    page.press_button("Play")
    target = page.camera()["target"]
    position = page.camera()["position"]
    page.orbit(150)
    page.until(lambda: page.step() > 60, "playing")
    camera = page.camera()
    assert np.abs(camera["position"] - position).max() > 0.1, "orbiting by hand had no effect"
    np.testing.assert_allclose(camera["target"], target, atol=0.02)
    page.press_button("Pause")
    page.until(lambda: not page.playing(), "a pause")
    page.page.wait_for_timeout(200)
    smooth = SmoothBase(demo.rollout, "robot", demo.robots["robot"].radius)
    base = smooth.at(page.pose("/playhead")["position"][0], 0).position
    np.testing.assert_allclose(page.pose("/world")["position"], [-base[0], -base[1], 0], atol=1e-4)


def test_follow_can_be_let_go_and_taken_up_again(page: ViewerPage) -> None:
    page.click_button("Follow Robot")
    page.press_button("Play")
    page.until(lambda: page.step() > 20, "playing")
    still = page.pose("/world")["position"]
    page.until(lambda: page.step() > 40, "playing on")
    assert page.pose("/world")["position"] == still
    page.click_button("Follow Robot")
    page.until(lambda: page.pose("/world")["position"] != still, "following again")


def test_shadows_can_be_switched(page: ViewerPage) -> None:
    assert not page.is_pressed("Shadows")
    page.click_button("Shadows")
    page.until(lambda: has_shadows(page), "a light that casts shadows")
    page.click_button("Shadows")
    page.until(lambda: not has_shadows(page), "no shadows")


def test_zoom_shows_the_episode_only(page: ViewerPage, demo: Replay) -> None:
    env_index = next(i for i in range(demo.rollout.num_envs) if len(demo.rollout.episodes(i)) > 1)
    page.choose("Env", str(demo.rollout.env_ids[env_index]))
    first = demo.rollout.episodes(env_index)[0]
    page.until(lambda: f"env {demo.rollout.env_ids[env_index]}" in page.episode_text(), "the env")
    page.press_button("Timeline shows this episode only")
    with page.hold_timeline(0.999):
        pass
    page.wait_step(first.last_step)


def test_a_tab_shows_how_the_recording_was_read(page: ViewerPage, demo: Replay) -> None:
    page.open_tab("Recording")
    text = page.page.locator(".rv-file").inner_text()
    for verdict in demo.verdicts:
        assert verdict.topic in text and verdict.reason[:40] in text
    page.open_tab("Replay")


def test_title_names_the_file(page: ViewerPage, demo: Replay) -> None:
    assert demo.rollout.name in page.page.title()


@pytest.mark.slow
def test_a_pose_that_is_not_what_was_recorded_is_marked_at_its_step(chromium, tmp_path: Path) -> None:
    values = {name: np.asarray(array[0], np.float32) for name, array in still(1, 1).items()}
    with ContainerWriter(tmp_path / "run.rec", RecordingInfo(env_ids=[0], control_dt=0.02)) as writer:
        for step in range(40):
            pos = np.full((1, 3), np.nan if step == 1 else 0.0, np.float32)
            writer.append(step, step * 0.02, {**values, "robot.base_pos": pos})
    with ViewerProcess([str(tmp_path / "run.rec"), "--port", "0", "--no-shadows"]) as viewer:
        with open_page(chromium, viewer.url) as page:
            page.press_button("One step forward")
            page.until(lambda: "the last good one is shown" in page.episode_text(), "the mark")
            page.press_button("One step forward")
            page.until(lambda: "the last good one is shown" not in page.episode_text(), "no mark")


@pytest.mark.slow
def test_rewards_are_of_the_agent_that_is_chosen(chromium, tmp_path: Path) -> None:
    values = {name: np.asarray(array[0], np.float32) for name, array in still(1, 1).items()}
    with ContainerWriter(tmp_path / "run.rec", RecordingInfo(env_ids=[0], control_dt=0.02)) as writer:
        for step in range(2):
            writer.append(step, step * 0.02, {**values, "rew": np.array([[1.0, 2.0, 4.0]], np.float32)})
    with ViewerProcess([str(tmp_path / "run.rec"), "--port", "0", "--no-shadows"]) as viewer:
        with open_page(chromium, viewer.url) as page:
            page.until(lambda: _close(page.reward("reward"), 7), "the sum")
            for agent, reward in (("1", 2), ("2", 4), ("all agents", 7)):
                page.choose("Agent", agent)
                page.until(lambda reward=reward: _close(page.reward("reward"), reward), f"the reward of {agent}")
