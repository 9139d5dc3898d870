"""A shared replay in a browser, opened from disk: it plays what was recorded, and asks nobody for anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from viewer_page import ViewerPage, open_tab

from replay_viewer import share_replay
from replay_viewer.replay.replay import Replay
from replay_viewer.rollout.rewards import episode_series

_IS_READY = "document.documentElement.classList.contains('rv-ready')"


@contextmanager
def opened(chromium, path: Path, *look: object, **kind: object) -> Iterator[ViewerPage]:
    """The file in a tab that is not asked to play at once; fails for anything that it asks for, and for any error."""
    asked: list[str] = []
    with open_tab(chromium, *look, **kind) as page:
        page.page.emulate_media(reduced_motion="reduce")
        page.page.on("request", lambda request: asked.append(request.url))
        page.page.on("dialog", lambda dialog: pytest.fail("a script of the recording ran"))
        page.page.goto(path.as_uri())
        page.page.wait_for_function(_IS_READY, timeout=60_000)
        yield page
        others = [url for url in asked if not url.startswith(("data:", "blob:"))]
        assert {url.partition("?")[0] for url in others} == {path.as_uri()}
        assert not [line for line in page.console if line.startswith(("error", "pageerror"))]


def number(page: ViewerPage, term: str) -> float:
    return float(page.page.locator(f'#rv-side tr[data-term="{term}"] .value').inner_text())


def point_in_chart(page: ViewerPage, share: float) -> None:
    """Move the pointer into the chart, to a share of its width."""
    box = page.page.locator("#rv-side .rv-chart").bounding_box()
    assert box is not None
    page.page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)


def press_chart(page: ViewerPage, share: float) -> None:
    """Press there."""
    point_in_chart(page, share)
    page.page.mouse.down()


def drag_chart(page: ViewerPage, share: float) -> None:
    """Go on to there, and let go."""
    point_in_chart(page, share)
    page.page.mouse.up()


def test_it_plays_what_was_recorded_with_timeline_numbers_and_chart_in_step(
    chromium, demo: Replay, tmp_path: Path
) -> None:
    path = share_replay(demo, tmp_path / "walk.html", env=3, episodes="0,1")
    first, second = demo.rollout.episodes(3)[:2]
    with opened(chromium, path) as page:
        assert "env 3, episode 0 (1 of 2)" in page.episode_text()
        press_chart(page, 100.5 / first.num_steps)
        page.page.mouse.up()
        page.wait_step(100)
        series = episode_series(demo.rollout, first)
        for term, values in zip(series.names, series.terms[100], strict=True):
            assert number(page, term) == pytest.approx(values, rel=2e-3, abs=1e-12)

        page.page.locator(".rv-clip", has_text="env 3, episode 1").click()
        page.wait_step(first.num_steps)
        page.until(lambda: "(2 of 2)" in page.episode_text(), "the other episode")
        page.press_button("One step forward")
        page.wait_step(first.num_steps + 1)
        poses = demo.frames.frame_at(second.first_step + 1, [3]).entities["robot"]
        robot = demo.robots["robot"]
        for link in range(robot.num_bodies):
            shown = page.pose(f"/world/robot/{robot.link_names[link]}")
            assert shown["position"] == pytest.approx(poses.link_positions[0, link], abs=1e-4)
            assert abs(np.dot(shown["wxyz"], poses.link_wxyz[0, link])) == pytest.approx(1, abs=1e-5)

        wanted = f"?env=3&episode=1&step={second.first_step + 1}"
        page.until(lambda: page.page.url.endswith(wanted), "an address of the step")
        page.page.reload()
        page.page.wait_for_function(_IS_READY, timeout=60_000)
        page.wait_step(first.num_steps + 1)

        page.press_button("Play")
        page.until(lambda: page.step() > first.num_steps + 10, "time going on")
        page.page.keyboard.press("Space")
        page.until(lambda: not page.playing(), "a pause")


@pytest.mark.slow
def test_timeline_speed_loops_keys_and_looks_are_those_of_the_viewer(chromium, demo: Replay, tmp_path: Path) -> None:
    path = share_replay(demo, tmp_path / "walk.html", env=3, episodes="0,1")
    first = demo.rollout.episodes(3)[0]
    with opened(chromium, path) as page:
        with page.hold_timeline(0.1) as drag:
            held = page.step()
            drag(0.2)
            page.until(lambda: page.step() > held, "a drag")
        page.page.keyboard.press("n")
        page.wait_step(first.num_steps - 1)
        page.choose_on_bar("Loop", "episode")
        page.choose_on_bar("Speed", "4")
        page.press_button("Play")
        page.until(lambda: 0 < page.step() < first.num_steps - 1, "the episode again")
        page.page.keyboard.press("Space")
        page.page.keyboard.press("Home")
        page.wait_step(0)
        page.page.keyboard.press("[")
        page.page.keyboard.press("ArrowRight")
        page.page.keyboard.press("]")
        page.until(lambda: page.chosen_on_bar("Loop") == "selection", "an A-B loop")
        page.page.keyboard.press("Escape")
        page.until(lambda: page.chosen_on_bar("Loop") == "rollout", "no A-B loop")
        press_chart(page, 0.25)
        drag_chart(page, 0.75)
        page.until(lambda: page.chosen_on_bar("Loop") == "selection", "an A-B loop by a drag")
        a, b = page.page.evaluate("replayViewer.state.selection")
        assert (a, b) == pytest.approx((0.25 * first.num_steps, 0.75 * first.num_steps), abs=1.5)
        before = page.camera()
        page.page.keyboard.press("1")
        page.until(lambda: not np.allclose(page.camera()["position"], before["position"]), "the camera on top")
        assert page.page.evaluate("document.documentElement.dataset.rvLook") == "light"
        page.page.locator("#rv-bar .rv-look").click()
        page.until(
            lambda: page.page.evaluate("document.documentElement.dataset.mantineColorScheme") == "dark", "a dark page"
        )
        page.page.keyboard.press("?")
        page.until(page.page.get_by_text("Play or pause").is_visible, "the keys")


@pytest.mark.slow
def test_names_of_files_are_texts(chromium, tmp_path: Path) -> None:
    script = "<img src=x onerror=alert(1)>"
    pose = {"base_pos": np.zeros((9, 1, 3)), "base_quat": np.tile([0, 0, 0, 1.0], (9, 1, 1))}
    terms = {f"reward_terms/{script}": np.ones((9, 1)), 'reward_terms/"><b id=x>': np.ones((9, 1))}
    arrays: dict[str, Any] = {**pose, **terms, "rew": np.ones((9, 1)), "dt": 0.02}
    np.savez(tmp_path / f"{script}.npz", **arrays)
    path = share_replay(tmp_path / f"{script}.npz", tmp_path / "a.html", title=f"</script>{script}")
    with opened(chromium, path) as page:
        assert page.page.locator("#rv-side h1").inner_text() == f"</script>{script}"
        assert page.page.locator("#rv-side tr").first.get_attribute("data-term") == script
        press_chart(page, 0.5)
        page.page.mouse.up()
        assert script in page.page.locator("#rv-reading").inner_text()
        assert page.page.locator("#x, #rv-side img, #rv-reading img").count() == 0


@pytest.mark.slow
def test_on_a_phone_picture_numbers_and_bar_have_their_places(chromium, demo: Replay, tmp_path: Path) -> None:
    path = share_replay(demo, tmp_path / "walk.html", env=3, episodes="0,1")
    with opened(chromium, path, (390, 844), has_touch=True) as page:
        boxes = [page.page.locator(what).bounding_box() for what in ("canvas[data-engine]", "#rv-side", "#rv-bar")]
        edges = [(box["y"], box["y"] + box["height"], box["width"]) for box in boxes if box is not None]
        assert [edge[2] for edge in edges] == [390, 390, 390]
        assert edges[0][1] <= edges[1][0] + 1 and edges[1][1] <= edges[2][0] + 1 and edges[2][1] <= 845
        page.page.locator("#rv-side .rv-chart").tap()
        page.until(lambda: page.step() > 0, "a seek by touch")
