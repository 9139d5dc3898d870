"""Every key does what the help panel says."""

from __future__ import annotations

import numpy as np
import pytest
from viewer_page import ViewerPage

from replay_viewer.replay import Replay


def press(page: ViewerPage, key: str, times: int = 1) -> None:
    for _ in range(times):
        page.page.keyboard.press(key)


def test_space_plays_and_pauses(page: ViewerPage) -> None:
    press(page, "Space")
    page.until(page.playing, "playing")
    press(page, "Space")
    page.until(lambda: not page.playing(), "a pause")


def test_comma_and_period_step(page: ViewerPage) -> None:
    press(page, ".", 3)
    page.wait_step(3)
    press(page, ",")
    page.wait_step(2)


def test_j_and_k_jump_a_second(page: ViewerPage, demo: Replay) -> None:
    second = round(1 / demo.rollout.control_dt)
    press(page, "k", 2)
    page.wait_step(2 * second)
    press(page, "j")
    page.wait_step(second)


def test_home_and_end(page: ViewerPage, demo: Replay) -> None:
    press(page, "End")
    page.wait_step(demo.rollout.num_steps - 1)
    press(page, "Home")
    page.wait_step(0)


def test_brackets_and_p_n_go_through_the_episodes(page: ViewerPage, demo: Replay) -> None:
    env_index = next(i for i in range(demo.rollout.num_envs) if len(demo.rollout.episodes(i)) > 1)
    first, second = demo.rollout.episodes(env_index)[:2]
    page.choose("Env", str(demo.rollout.env_ids[env_index]))
    page.until(lambda: f"env {demo.rollout.env_ids[env_index]}" in page.episode_text(), "the env")
    press(page, "]")
    page.wait_step(second.first_step)
    press(page, "p")
    page.wait_step(first.last_step)
    press(page, "[")
    page.wait_step(first.first_step)
    press(page, "n")
    page.wait_step(first.last_step)


def test_i_and_o_change_the_speed(page: ViewerPage) -> None:
    press(page, "i")
    page.until(lambda: page.chosen_on_bar("Speed") == "2", "speed 2")
    press(page, "o", 2)
    page.until(lambda: page.chosen_on_bar("Speed") == "0.5", "speed 0.5")


def test_l_goes_through_the_loops(page: ViewerPage) -> None:
    for loop in ("episode", "rollout", "off"):
        press(page, "l")
        page.until(lambda loop=loop: page.chosen_on_bar("Loop") == loop, f"loop {loop}")


@pytest.mark.parametrize("key", ["1", "2", "3", "4"])
def test_digits_are_the_camera_presets(page: ViewerPage, key: str) -> None:
    page.orbit(200)
    page.page.wait_for_timeout(300)
    before = page.camera()["position"]
    press(page, key)
    page.until(lambda: np.abs(page.camera()["position"] - before).max() > 0.05, "another view")


def test_f_lets_go_of_the_robot(page: ViewerPage) -> None:
    press(page, "f")
    press(page, "k")
    page.page.wait_for_timeout(300)
    still = page.pose("/world")["position"]
    press(page, "k")
    page.page.wait_for_timeout(300)
    assert page.pose("/world")["position"] == still
    press(page, "f")
    page.until(lambda: page.pose("/world")["position"] != still, "following again")


def test_h_switches_the_shadows(page: ViewerPage) -> None:
    assert not page.is_pressed("Shadows")
    press(page, "h")
    page.until(lambda: page.is_pressed("Shadows"), "shadows")
    press(page, "h")
    page.until(lambda: not page.is_pressed("Shadows"), "no shadows")


def test_z_zooms_the_timeline(page: ViewerPage) -> None:
    button = page.page.locator('#rv-bar button[aria-label^="Timeline shows"]')
    press(page, "z")
    page.until(lambda: "rv-on" in (button.get_attribute("class") or ""), "the zoom")


def test_keys_work_after_a_control_was_used(page: ViewerPage, demo: Replay) -> None:
    page.choose("Env", str(demo.rollout.env_ids[1]))
    page.page.wait_for_timeout(200)
    press(page, ".")
    page.wait_step(1)
    page.click_button("Top")
    page.page.wait_for_timeout(100)
    press(page, "Space")
    page.until(page.playing, "playing")


def test_arrows_step_when_the_timeline_has_the_focus(page: ViewerPage) -> None:
    page.page.locator(".rv-track").focus()
    press(page, "ArrowRight", 2)
    page.wait_step(2)
    press(page, "ArrowLeft")
    page.wait_step(1)
