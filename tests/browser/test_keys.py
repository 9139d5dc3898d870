"""Every key does what the help panel says."""

from __future__ import annotations

import numpy as np
from drawn_scene import PRESETS, has_shadows, wait_preset
from viewer_page import ViewerPage

from replay_viewer.camera import SmoothBase
from replay_viewer.replay.replay import Replay


def press(page: ViewerPage, key: str, times: int = 1) -> None:
    for _ in range(times):
        page.page.keyboard.press(key)


def test_space_plays_and_pauses(page: ViewerPage) -> None:
    press(page, "Space")
    page.until(page.playing, "playing")
    press(page, "Space")
    page.until(lambda: not page.playing(), "a pause")


def test_arrows_step_and_with_shift_go_a_second_and_the_camera_stays(page: ViewerPage, demo: Replay) -> None:
    second = round(1 / demo.rollout.control_dt)
    camera = page.camera()["position"]
    press(page, "ArrowRight", 3)
    page.wait_step(3)
    press(page, "ArrowLeft")
    page.wait_step(2)
    press(page, "Shift+ArrowRight", 2)
    page.wait_step(2 * second + 2)
    press(page, "Shift+ArrowLeft")
    page.wait_step(second + 2)
    # They are the camera's keys in viser.
    np.testing.assert_allclose(page.camera()["position"], camera, atol=1e-6)


def test_j_k_and_l_are_those_of_players(page: ViewerPage, demo: Replay) -> None:
    second = round(1 / demo.rollout.control_dt)
    press(page, "l", 2)
    page.wait_step(10 * second)
    press(page, "j")
    page.wait_step(5 * second)
    press(page, "k")
    page.until(page.playing, "playing")
    press(page, "k")
    page.until(lambda: not page.playing(), "a pause")


def test_what_was_pressed_is_said_for_a_moment(page: ViewerPage, demo: Replay) -> None:
    note = page.page.locator(".rv-said")
    press(page, "o")
    page.until(lambda: note.inner_text() == "O Loop episode", "the loop that is now")
    press(page, ">")
    page.until(lambda: note.inner_text() == "> Speed 2x", "the speed that is now")
    press(page, "Home")
    page.until(lambda: note.inner_text() == "Home Start of the recording", "what it does")
    note.wait_for(state="hidden")
    press(page, "End")
    page.wait_step(demo.rollout.num_steps - 1)
    press(page, "n")
    page.until(lambda: note.inner_text() == "N This is the last end", "that there is none")
    assert page.step() == demo.rollout.num_steps - 1


def test_home_and_end(page: ViewerPage, demo: Replay) -> None:
    press(page, "End")
    page.wait_step(demo.rollout.num_steps - 1)
    press(page, "Home")
    page.wait_step(0)


def test_pages_and_p_n_go_through_the_episodes(page: ViewerPage, demo: Replay) -> None:
    env_index = next(i for i in range(demo.rollout.num_envs) if len(demo.rollout.episodes(i)) > 1)
    first, second = demo.rollout.episodes(env_index)[:2]
    page.choose("Env", str(demo.rollout.env_ids[env_index]))
    page.until(lambda: f"env {demo.rollout.env_ids[env_index]}" in page.episode_text(), "the env")
    press(page, "PageDown")
    page.wait_step(second.first_step)
    press(page, "p")
    page.wait_step(first.last_step)
    press(page, "PageUp")
    page.wait_step(first.first_step)
    press(page, "n")
    page.wait_step(first.last_step)


def test_i_and_o_change_the_speed(page: ViewerPage) -> None:
    press(page, ">")
    page.until(lambda: page.chosen_on_bar("Speed") == "2", "speed 2")
    press(page, "<", 2)
    page.until(lambda: page.chosen_on_bar("Speed") == "0.5", "speed 0.5")


def test_l_goes_through_the_loops(page: ViewerPage) -> None:
    for loop in ("episode", "rollout", "off"):
        press(page, "o")
        page.until(lambda loop=loop: page.chosen_on_bar("Loop") == loop, f"loop {loop}")


def test_digits_are_the_camera_presets(page: ViewerPage, demo: Replay) -> None:
    heading = SmoothBase(demo.rollout, "robot", demo.robots["robot"].radius).at(0, 0).heading
    for key, name in zip("1234", PRESETS, strict=True):
        press(page, key)
        wait_preset(page, name, heading)


def test_f_lets_go_of_the_robot(page: ViewerPage) -> None:
    press(page, "f")
    press(page, "Shift+ArrowRight")
    page.page.wait_for_timeout(300)
    still = page.pose("/world")["position"]
    press(page, "Shift+ArrowRight")
    page.page.wait_for_timeout(300)
    assert page.pose("/world")["position"] == still
    press(page, "f")
    page.until(lambda: page.pose("/world")["position"] != still, "following again")


def test_h_switches_the_shadows(page: ViewerPage) -> None:
    assert not page.is_pressed("Shadows")
    press(page, "h")
    page.until(lambda: page.is_pressed("Shadows") and has_shadows(page), "shadows")
    press(page, "h")
    page.until(lambda: not page.is_pressed("Shadows") and not has_shadows(page), "no shadows")


def test_z_zooms_the_timeline(page: ViewerPage, demo: Replay) -> None:
    button = page.page.locator('#rv-bar button[aria-label^="Timeline shows"]')
    for pressed, last_shown in (("true", demo.rollout.episodes(0)[0].last_step), ("false", demo.rollout.num_steps - 1)):
        press(page, "z")
        page.until(lambda pressed=pressed: button.get_attribute("aria-pressed") == pressed, f"the button {pressed}")
        with page.hold_timeline(0.999):
            pass
        page.until(lambda last=last_shown: abs(page.step() - last) <= 1, f"the timeline's end at {last_shown}")


def test_keys_work_after_a_control_was_used(page: ViewerPage, demo: Replay) -> None:
    page.choose("Env", str(demo.rollout.env_ids[1]))
    press(page, "ArrowRight")
    page.wait_step(1)
    page.click_button("Top")
    page.page.wait_for_function("document.activeElement === document.body")
    press(page, "ArrowRight")
    page.wait_step(2)
    page.page.locator('#rv-bar select[aria-label="Speed"]').focus()
    press(page, "ArrowDown")
    page.until(lambda: page.chosen_on_bar("Speed") == "2", "speed 2")
    press(page, "Space")
    page.until(page.playing, "playing")


def test_other_arrows_and_wasdqe_move_the_camera_and_nothing_else(page: ViewerPage) -> None:
    for key in ("w", "a", "s", "d", "q", "e", "ArrowDown", "ArrowUp"):
        camera = page.camera()["position"]
        page.page.keyboard.down(key)
        page.until(lambda camera=camera: np.abs(page.camera()["position"] - camera).max() > 0.02, f"{key} moving on")
        page.page.keyboard.up(key)
    assert page.step() == 0 and not page.playing()


def test_commands_are_found_by_name_and_typing_them_presses_no_key(page: ViewerPage, demo: Replay) -> None:
    palette = page.page.get_by_placeholder("Search commands")
    press(page, "Control+k")
    palette.wait_for()
    page.page.keyboard.type("next episode end")
    found = page.page.locator(".mantine-Spotlight-action")
    page.until(lambda: found.count() < 5 and "how it fell" in found.first.inner_text(), "the command, before others")
    assert page.step() == 0
    press(page, "Enter")
    page.wait_step(demo.rollout.episodes(0)[0].last_step)
    palette.wait_for(state="hidden")
    assert not page.playing() and not page.is_pressed("Shadows") and page.chosen_on_bar("Loop") == "off"
    page.page.get_by_role("button").filter(has=page.page.locator(".tabler-icon-list-search")).click()
    palette.wait_for()
    press(page, "Escape")
    palette.wait_for(state="hidden")


def test_a_click_gives_the_focus_back_but_not_from_a_search_opened_since(page: ViewerPage) -> None:
    start = '#rv-bar button[aria-label^="Start of the recording"]'
    page.page.locator(start).click()
    page.page.wait_for_function("document.activeElement === document.body")
    press(page, "Control+k")
    palette = page.page.get_by_placeholder("Search commands")
    page.page.wait_for_function("document.activeElement.placeholder?.startsWith('Search commands')")
    palette.evaluate(
        """(search, start) => new Promise((done) => {
            search.blur();
            document.querySelector(start).dispatchEvent(new MouseEvent("click", {bubbles: true, detail: 1}));
            search.focus();
            setTimeout(done, 200);
        })""",
        start,
    )
    page.page.keyboard.type("shadows")
    assert palette.input_value() == "shadows"
    press(page, "Escape")
    palette.wait_for(state="hidden")
