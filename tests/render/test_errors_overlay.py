"""How far several takes are apart, beside a film's picture: against numpy, by name, in their colours."""

from __future__ import annotations

from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
from memory_rollout import memory_rollout, still

from replay_viewer import render_video
from replay_viewer.errors import BadArgument
from replay_viewer.paths import asset
from replay_viewer.render.film import Moment
from replay_viewer.render.overlays import make_overlay
from replay_viewer.render.overlays.errors import errors_of
from replay_viewer.render.overlays.layout import pixel_scale
from replay_viewer.replay.replay import Replay, open_replay, with_robots
from replay_viewer.replay.take import Take
from replay_viewer.replay.world import World, world_of
from replay_viewer.rotations import yaw
from replay_viewer.theme import LIGHT

SIZE = (960, 540)
RED, BLUE = (230, 13, 13), (0, 60, 255)


@pytest.fixture(scope="module")
def walk() -> Replay:
    return open_replay(asset("walk.rec"))


def curves_of(world: World) -> dict[str, np.ndarray]:
    """Values (S, T) of the others over the lead's first episode, by the titles of the charts."""
    episode = world.lead.replay.rollout.episode_at(world.lead.env_index, 0)
    charts = errors_of(world, pixel_scale(SIZE), LIGHT, episode).charts
    return {chart._title: np.stack([curve.values for curve in chart._curves], axis=1) for chart in charts}


def panel_at(world: World, step: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """The panel beside a black picture."""
    overlay, lead = make_overlay("errors", world, size, LIGHT), world.lead
    episode = lead.replay.rollout.episode_at(lead.env_index, step)
    width, height = overlay.picture_size
    image = overlay.compose(np.zeros((height, width, 3), np.uint8), Moment(step, (lead.env_index,), episode, 0.0))
    assert image.shape == (size[1], size[0], 3)
    return image[:, width:]


def test_curves_are_what_numpy_says_of_base_heading_and_joints(walk: Replay) -> None:
    world = world_of([Take(walk, 1), Take(walk, 3), Take(walk, 2)])
    steps = slice(0, walk.rollout.episode_at(1, 0).last_step + 1)
    curves = curves_of(world)

    def of_envs(field: str) -> np.ndarray:
        return walk.rollout.read_shown(f"robot.{field}", steps, [1, 3, 2]).astype(float)

    base, headings, joints = of_envs("base_pos"), yaw(of_envs("base_wxyz")), of_envs("joint_pos")
    apart = np.linalg.norm(base[:, 1:] - base[:, :1], axis=-1)
    turned = (headings[:, 1:] - headings[:, :1] + np.pi) % (2 * np.pi) - np.pi
    rms = np.sqrt(np.mean((joints[:, 1:] - joints[:, :1]) ** 2, axis=-1))
    assert list(curves) == [
        "difference of bases: distance [m]", "difference of headings [rad]", "difference of joints: RMS [rad]"
    ]  # fmt: skip
    for found, expected in zip(curves.values(), (apart, turned, rms), strict=True):
        assert np.allclose(found, expected, atol=1e-5)


def test_from_one_place_bases_are_compared_there(walk: Replay) -> None:
    takes = [Take(walk, 1), Take(walk, 3)]
    for mode in ("ghost", "side"):
        apart = curves_of(world_of(takes).with_mode(mode))["difference of bases: distance [m]"]
        assert apart[0, 0] < 0.1 < apart.max()


def test_one_that_waits_has_no_error_and_each_its_colour(walk: Replay) -> None:
    short = Take(walk, 3, steps=range(40), tint=RED)
    world = world_of([Take(walk, 1), short, Take(walk, 2, tint=BLUE)])
    apart = curves_of(world)["difference of bases: distance [m]"]
    assert np.isfinite(apart[:40]).all() and np.isnan(apart[40:, 0]).all() and np.isfinite(apart[40:, 1]).all()
    panel = panel_at(world, 30)
    for color in (RED, BLUE):
        assert (np.abs(panel.astype(int) - color) < 40).all(axis=-1).sum() > 100


def test_robots_that_share_nothing_are_compared_by_their_bases(walk: Replay) -> None:
    bare = with_robots(memory_rollout(still(60, 1)))
    world = world_of([walk, bare])
    assert list(curves_of(world)) == ["difference of bases: distance [m]", "difference of headings [rad]"]
    for size in ((1280, 720), (720, 1280), (400, 300)):
        panel_at(world_of([walk, *[bare] * 7]), 20, size)


def test_a_film_has_the_panel_and_one_recording_alone_is_refused(walk: Replay, tmp_path: Path) -> None:
    shots = [
        render_video([Take(walk, 0), Take(walk, 2)], tmp_path / f"{overlay}.png", overlay=overlay, size=SIZE, step=150)
        for overlay in ("errors", "hud")
    ]
    errors, hud = (iio.imread(path).astype(int) for (path,) in shots)
    width = make_overlay("errors", world_of([Take(walk, 0), Take(walk, 2)]), SIZE, LIGHT).picture_size[0]
    assert (np.abs(errors - hud)[:, width:].max(axis=-1) > 60).mean() > 0.2
    with pytest.raises(BadArgument, match="two or more"):
        render_video(walk, tmp_path / "one.mp4", overlay="errors")
