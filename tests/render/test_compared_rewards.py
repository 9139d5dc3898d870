"""The rewards of several takes beside a film's picture: which curves, in which colours, and numbers of each."""

from __future__ import annotations

import numpy as np
import pytest
from memory_rollout import memory_rollout, still

from replay_viewer.errors import BadArgument
from replay_viewer.paths import asset
from replay_viewer.render.film import Moment
from replay_viewer.render.overlays import make_overlay
from replay_viewer.render.overlays.charts import VideoChart
from replay_viewer.render.overlays.compared_rewards import compared_rewards
from replay_viewer.render.overlays.layout import pixel_scale
from replay_viewer.replay.replay import Replay, open_replay, with_robots
from replay_viewer.replay.take import Take
from replay_viewer.replay.world import World, world_of
from replay_viewer.theme import DARK, LIGHT

SIZE = (960, 540)
RED = (230, 13, 13)


@pytest.fixture(scope="module")
def walk() -> Replay:
    return open_replay(asset("walk.rec"))


def rewarded(values: np.ndarray, control_dt: float = 0.02) -> Replay:
    """One term (T,), which is the reward."""
    fields = {**still(len(values), 1), "rew_terms": values[:, None, None], "rew": values[:, None]}
    return with_robots(memory_rollout(fields, reward_terms=("alive",), control_dt=control_dt))


def charts_of(world: World) -> dict[str, VideoChart]:
    episode = world.lead.replay.rollout.episode_at(world.lead.env_index, 0)
    contents = compared_rewards(world, pixel_scale(SIZE), LIGHT, episode)
    return {chart._title: chart for chart in contents.charts}


def curves(chart: VideoChart) -> np.ndarray:
    """Values (S, T), the lead's first where it has one."""
    return np.stack([curve.values for curve in reversed(chart._curves)], axis=1)


def panel_at(world: World, step: int, size: tuple[int, int] = SIZE, **look: object) -> np.ndarray:
    """The panel beside a black picture."""
    overlay = make_overlay("rewards", world, size, **{"look": LIGHT, **look})  # pyright: ignore[reportArgumentType]
    lead = world.lead
    episode = lead.replay.rollout.episode_at(lead.env_index, step)
    width, height = overlay.picture_size
    image = overlay.compose(np.zeros((height, width, 3), np.uint8), Moment(step, (lead.env_index,), episode, 0.0))
    return image[:, width:]


def near(image: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
    return np.asarray((np.abs(image.astype(int) - color) < 40).all(axis=-1))


def test_curves_are_the_takes_and_how_far_their_returns_are_apart(walk: Replay) -> None:
    world = world_of([Take(walk, 1), Take(walk, 3, delay=0.1)])
    episode = walk.rollout.episode_at(1, 0)
    rewards = walk.rollout.read("rew")[:, [1, 3]].astype(float)
    count = episode.last_step + 1
    late = np.concatenate([np.full(5, np.nan), rewards[: count - 5, 1]])
    charts = charts_of(world)
    assert np.allclose(curves(charts["reward per step"]), np.stack([rewards[:count, 0], late], axis=1), equal_nan=True)
    ends = [each.last_step for each in walk.rollout.episodes(3)]
    until = min(count, ends[0] + 5)
    returns = np.stack([np.cumsum(rewards[:until, 0]), np.append(np.full(5, np.nan), np.cumsum(late[5:until]))], axis=1)
    assert np.allclose(curves(charts["return so far"])[:until], returns, equal_nan=True)
    apart = curves(charts["difference of the returns"])[:until, 0]
    assert np.allclose(apart, returns[:, 1] - returns[:, 0], equal_nan=True)


def test_each_take_has_its_colour_in_the_panel() -> None:
    waves = [np.sin(np.arange(100) / 9 + phase) for phase in (0, 1, 2)]
    world = world_of(
        [rewarded(waves[0]), Take(rewarded(waves[1]), tint=RED), Take(rewarded(waves[2]), tint=(0, 60, 255))]
    )
    for look in (LIGHT, DARK):
        panel = panel_at(world, 99, look=look)
        counts = [near(panel, color).sum() for color in (look.text, RED, (0, 60, 255))]
        assert min(counts) > 150


def test_what_comes_later_is_fainter() -> None:
    world = world_of([rewarded(np.zeros(100)), Take(rewarded(np.ones(100)), tint=RED)])
    early, late = (near(panel_at(world, step), RED).sum() for step in (10, 95))
    assert early < late / 2


def test_different_steps_are_told_per_second() -> None:
    charts = charts_of(world_of([rewarded(np.full(50, 0.02)), rewarded(np.full(200, 0.005), 0.005)]))
    assert np.allclose(curves(charts["reward per second"]), 1.0)
    assert np.allclose(curves(charts["return so far"])[:, 0], 0.02 * np.arange(1, 51))


def test_the_lead_may_have_no_rewards_and_any_may_have_nan() -> None:
    bare = with_robots(memory_rollout(still(60, 1)))
    broken = np.ones(60)
    broken[20:30] = np.nan
    world = world_of([bare, Take(rewarded(broken), tint=RED)])
    assert near(panel_at(world, 59), RED).sum() > 100
    assert list(charts_of(world)) == ["reward per step", "return so far"]
    assert make_overlay("rewards", world_of([bare, bare]), SIZE, LIGHT).picture_size == SIZE


def test_eight_takes_and_forty_terms_have_room(walk: Replay) -> None:
    values = np.random.default_rng(0).normal(size=(50, 1, 40))
    fields = {**still(50, 1), "rew_terms": values, "rew": values.sum(axis=2)}
    many = with_robots(memory_rollout(fields, reward_terms=[f"a_long_name_of_term_{i}" for i in range(40)]))
    world = world_of([many, *[walk] * 7])
    for size in ((1280, 720), (720, 1280), (400, 300)):
        overlay = make_overlay("rewards", world, size, LIGHT)
        width, height = overlay.picture_size
        episode = many.rollout.episode_at(0, 0)
        image = overlay.compose(np.zeros((height, width, 3), np.uint8), Moment(20.5, (0,), episode, 0.0))
        assert image.shape == (size[1], size[0], 3)
    with pytest.raises(BadArgument, match="legible"):
        make_overlay("rewards", world, (200, 200), LIGHT)
