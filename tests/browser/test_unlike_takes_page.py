"""Recordings that are unlike each other in one scene: robots, time steps, lengths, NaNs, what lacks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from memory_rollout import memory_rollout, still
from swaying import swaying
from test_live import badge, newest, writing
from viewer_page import ViewerProcess, open_page

from replay_viewer import Viewer
from replay_viewer.paths import asset
from replay_viewer.replay.replay import Replay, open_replay, with_robots

_AT = "name => window.rvViser.nodePosition(name)"


def missing_numbers(num_steps: int) -> Replay:
    """A box at x = the step of which nothing is known from step 50 on."""
    values = still(num_steps, 1)
    values["robot.base_pos"][:, 0, 0] = np.arange(num_steps)
    for field in values.values():
        field[50:] = np.nan
    return with_robots(memory_rollout(values))


def test_robots_time_steps_lengths_and_lacks_of_all_kinds_stand_in_one_scene(chromium, robots_dir: Path) -> None:
    go2 = swaying(robots_dir / "go2_description/urdf/go2.urdf", 200, 0.02)
    g1 = swaying(robots_dir / "g1_description/urdf/g1_29dof_rev_1_0.urdf", 20_000, 0.005)
    takes = [open_replay(asset("walk.rec")), go2, g1, missing_numbers(400)]
    with (
        Viewer(takes, port=0, shadows=False) as viewer,
        open_page(chromium, viewer.url) as page,
    ):
        rows = page.page.locator("#rv-takes li")
        for step, x_go2, x_g1, x_box in ((100, 1.0, 1.0, 49), (199, 1.99, 1.99, 49), (600, 1.99, 6.0, 49)):
            viewer.seek(step)
            page.wait_step(step)
            wanted = [x_go2, x_g1, x_box]
            for number, x in enumerate(wanted, 2):
                base = f"/world/take{number}/robot/" + {2: "base", 3: "pelvis", 4: "base"}[number]
                page.until(
                    lambda base=base, x=x: page.page.evaluate(_AT, base)[0] == pytest.approx(x, abs=1e-4),
                    f"{base} at {x}",
                )
        page.until(lambda: "waits at its end" in rows.nth(1).inner_text(), "that the short one waits")
        assert "waits" not in rows.nth(2).inner_text()
        assert page.page.locator(".rv-lane").count() == 3
        page.page.locator(".rv-lane").nth(1).click(position={"x": 200, "y": 8})
        page.until(lambda: newest(page) == 19_999, "the long one as the lead")
        page.wait_step(2400)
        viewer.seek(19_999)
        page.wait_step(19_999)
        page.until(lambda: page.page.get_by_text("waits at its end").count() == 3, "that all others wait")
        assert not [line for line in page.console if "error" in line.lower()]


def test_one_that_is_still_written_grows_as_the_lead_and_beside_another_one(chromium, tmp_path: Path) -> None:
    path = tmp_path / "run.rec"
    command = [str(path), str(asset("walk.rec")), "--tail", "--port", "0", "--no-shadows"]
    with writing(path), ViewerProcess(command) as process, open_page(chromium, process.url) as page:
        page.until(lambda: badge(page).startswith("LIVE"), "that it is live")
        length = newest(page)
        page.until(lambda: newest(page) > length + 20, "the timeline growing")
        page.page.locator("#rv-takes button.rv-name").click()
        page.until(
            lambda: page.page.locator("#rv-takes .rv-name").all_inner_texts() == ["walk", "run"], "the other lead"
        )
        last = "window.replayViewer.state.lanes[0].span[1]"
        before = page.page.evaluate(last)
        page.until(lambda: page.page.evaluate(last) > before + 20, "its lane growing")
