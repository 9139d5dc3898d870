"""Films of the robot's cameras as insets of rendered films: the frame is that of the step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from film_samples import filmed_run, number_in

from replay_viewer.errors import BadArgument
from replay_viewer.render.film import Moment
from replay_viewer.render.overlays.overlay import make_overlay
from replay_viewer.replay.replay import open_replay
from replay_viewer.replay.world import world_of
from replay_viewer.theme import LIGHT

_LENGTH = 70  # More than are decoded at once.


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filmed_run(tmp_path_factory.mktemp("filmed"), episodes=2, length=_LENGTH, num_envs=1)


def test_each_inset_shows_the_frame_that_the_camera_saw_at_that_step(run: Path) -> None:
    world = world_of([open_replay(run)])
    overlay = make_overlay("cameras", world, (640, 360), LIGHT)
    width, height = overlay.picture_size
    picture = np.full((height, width, 3), 200, np.uint8)
    episodes = world.lead.replay.rollout.episodes(0)
    for step in (0, 1, 63, 64, 40, 100, _LENGTH + 5, _LENGTH - 1):
        episode = next(one for one in episodes if one.first_step <= step <= one.last_step)
        image = overlay.compose(picture, Moment(float(step), (0,), episode, 0.0))
        front = image[9:, : 640 - 8][: round(0.24 * 640 * 96 / 160), -int(0.24 * 640) :]
        inside = min(step - episode.first_step + 1, _LENGTH - 1)
        assert number_in(front) == 100 * episode.index + inside, step
    assert (picture == 200).all()


def test_without_a_film_by_a_camera_it_is_said_where_none_is(run: Path, tmp_path: Path) -> None:
    (tmp_path / "run.rec").symlink_to(run)
    with pytest.raises(BadArgument, match="no film by a camera"):
        make_overlay("cameras", world_of([open_replay(tmp_path / "run.rec")]), (640, 360), LIGHT)
