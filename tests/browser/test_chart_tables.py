"""What is seen in a chart, saved as CSV: every recorded step of the curves and of the time that are shown."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from chart_recording import DT, EPISODE_STEPS, JOINTS, joints_at, terms_at
from chart_view import SIGNAL, chart, names, place
from viewer_page import ViewerPage, ViewerProcess, open_page

from replay_viewer import EntitySpec, Recorder, Viewer
from replay_viewer.paths import asset
from replay_viewer.replay.replay import open_replay
from replay_viewer.replay.take import Take


def save(page: ViewerPage, name: str, folder: Path) -> tuple[str, list[str], np.ndarray]:
    """Press CSV of a chart; gives the name that is proposed, the heading, and the numbers."""
    with page.page.expect_download() as download:
        page.page.locator(f'[data-save="{name}"]').click()
    download.value.save_as(folder / "saved.csv")
    heading, *rows = csv.reader((folder / "saved.csv").open(newline=""))
    values = np.array([[float(cell or "nan") for cell in row] for row in rows])
    return download.value.suggested_filename, heading, values


@pytest.fixture
def at_whole(charts_page: ViewerPage) -> Iterator[ViewerPage]:
    yield charts_page
    charts_page.page.mouse.dblclick(*place(charts_page, 0.5, SIGNAL))


def test_every_step_of_the_shown_curves_is_saved_as_it_was_recorded(charts_page: ViewerPage, tmp_path: Path) -> None:
    charts_page.choose("Signal", "joint positions")
    charts_page.until(lambda: names(charts_page, SIGNAL) == list(JOINTS[:12]), "joints")
    file, heading, values = save(charts_page, "signal1", tmp_path)
    assert file == "charts_env0_ep0_joint_positions.csv"
    assert heading == ["step", "time_s", *(f"{joint} [rad or m]" for joint in JOINTS[:12])]
    assert np.array_equal(values[:, 0], np.arange(EPISODE_STEPS)) and np.allclose(values[:, 1], values[:, 0] * DT)
    recorded = np.array([joints_at(step)[0, :12] for step in range(EPISODE_STEPS)])
    assert np.array_equal(values[:, 2:].astype(np.float32), recorded.astype(np.float32))


def test_of_a_zoomed_chart_the_seen_part_is_saved_without_hidden_curves(at_whole: ViewerPage, tmp_path: Path) -> None:
    page = at_whole
    page.choose("Signal", "base position and height")
    page.until(lambda: names(page, SIGNAL) == ["x", "y", "z"], "the base's position")
    page.page.locator(".rv-chip [data-do=signal1_hide]:text('y')").click()
    page.until(lambda: names(page, SIGNAL) == ["x", "z"], "a hidden curve")
    place(page, 0.75, SIGNAL)
    page.page.mouse.wheel(0, -400)
    page.until(lambda: chart(page, SIGNAL)["min"] > 0.5, "a zoom")
    seen = chart(page, SIGNAL)
    _, heading, values = save(page, "signal1", tmp_path)
    assert heading == ["step", "time_s", "x [m]", "z [m]"]
    assert seen["min"] <= values[0, 1] < seen["min"] + DT and seen["max"] - DT < values[-1, 1] <= seen["max"]
    assert np.allclose(values[:, 2], 0.01 * values[:, 0]) and (values[:, 3] == 0.5).all()
    page.page.locator(".rv-chip [data-do=signal1_hide]:text('y')").click()
    page.choose("Signal", "joint positions")


def test_rewards_are_saved_by_step_and_per_second(charts_page: ViewerPage, tmp_path: Path) -> None:
    page = charts_page
    recorded = np.array([terms_at(step)[0] for step in range(EPISODE_STEPS)])
    file, heading, values = save(page, "reward", tmp_path)
    assert file == "charts_env0_ep0_rewards.csv" and heading[2:4] == ["tracking [per step]", "torques [per step]"]
    assert np.allclose(values[:, 2:5], recorded, atol=1e-6)
    page.page.locator("[data-do=reward_rate]").click()
    page.until(lambda: chart(page)["title"] == "per second", "rates")
    _, heading, values = save(page, "reward", tmp_path)
    assert heading[2] == "tracking [per second]" and np.allclose(values[:, 2:5], recorded / DT, rtol=1e-5)
    page.page.locator("[data-do=reward_rate]").click()
    page.until(lambda: chart(page)["title"] == "per step", "values")


def test_foreign_names_are_no_formulas_nor_paths_and_a_long_episode_is_whole(chromium, tmp_path: Path) -> None:
    count = 3000
    robot = EntitySpec("robot", joint_names=('=HYPERLINK("x")', "+1+1"))
    facts = {"control_dt": 0.01, "env_ids": [0], "entities": [robot]}
    with Recorder(tmp_path / "=long.rec", **facts) as recorder:
        for step in range(count):
            pose = {"robot.base_pos": [[0, 0, 0]], "robot.base_wxyz": [[1, 0, 0, 0]]}
            recorder.append(pose | {"robot.joint_pos": [[step / 7, np.nan]], "a/../up": [float(step)]})
    options = [str(tmp_path / "=long.rec"), "--port", "0", "--no-shadows"]
    with ViewerProcess(options) as viewer, open_page(chromium, viewer.url) as page:
        chart(page, 0)
        _, heading, values = save(page, "signal1", tmp_path)
        assert heading[2:] == ['\'=HYPERLINK("x") [rad or m]', "'+1+1 [rad or m]"]
        assert len(values) == count and np.array_equal(
            values[:, 2].astype(np.float32), np.float32(np.arange(count) / 7)
        )
        assert (tmp_path / "saved.csv").read_text().splitlines()[1] == "0,0.0,0.0,"
        page.choose("Signal", "a/../up")
        page.until(lambda: names(page, 0) == ["a/../up"], "another signal")
        file, _, _ = save(page, "signal1", tmp_path)
        assert "/" not in file and file.endswith("_up.csv")


def test_takes_are_saved_with_their_differences(chromium, tmp_path: Path) -> None:
    walk = open_replay(asset("walk.rec"))
    with Viewer([walk, Take(walk, 3)], port=0) as viewer, open_page(chromium, viewer.url) as page:
        page.choose("Signal", "joint positions")
        page.until(lambda: names(page, SIGNAL + 1) == ["walk env 0", "walk env 3"], "joints")
        _, heading, values = save(page, "signal1", tmp_path)
        assert heading[2:] == [f"{name} [rad]" for name in ("walk env 0", "walk env 3", "walk env 3 \u2212 walk env 0")]
        recorded = walk.rollout.read("robot.joint_pos", slice(0, 50), [0, 3])[..., 0].astype(float)
        assert np.allclose(values[:50, 2:4], recorded)
        assert np.allclose(values[:50, 4], recorded[:, 1] - recorded[:, 0])
    walk.close()
