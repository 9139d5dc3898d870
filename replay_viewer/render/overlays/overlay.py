"""What makes the images of a video of the pictures of a renderer."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ...errors import BadArgument
from ...replay.replay import Replay
from ...rollout.rewards import episode_series
from ...rollout.rollout import Rollout
from ...theme import Look
from ..film import Moment
from ..threads import once_each
from ..view import check_overlay
from .hud import Strip
from .layout import Box, measures_of, picture_beside
from .rewards import RewardsPanel

# The panel cannot be read in less.
_LEAST_PANEL_SIZE = 300
_MAX_EPISODES = 4


class Overlay(Protocol):
    """Completes pictures to images of a video; several threads may do so at once."""

    @property
    def picture_size(self) -> tuple[int, int]:
        """Width and height [px] of the pictures that it needs."""
        ...

    def compose(self, picture: np.ndarray, moment: Moment) -> np.ndarray:
        """The image (H, W, 3) uint8 of the video's size; the picture, (h, w, 3) uint8, stays as it is."""
        ...


def make_overlay(name: str, replay: Replay, size: tuple[int, int], look: Look) -> Overlay:
    """The overlay of a name, for a video of a size.

    Args:
        name: "none"; "hud": a strip over the picture that tells what is shown, the time, the return and the outcome;
            "rewards": the strip, and a panel beside or below the picture with all reward terms. Where no rewards are
            recorded, there is no panel.
        replay: the recording.
        size: width and height of the video [px].
        look: its colours.

    Raises:
        UnknownName: if there is no such overlay.
        BadArgument: if the rewards cannot be read in a video as small as that.
    """
    check_overlay(name)
    if name == "none":
        return _Nothing(size)
    if name == "hud" or not _has_rewards(replay.rollout):
        return _Hud(replay.rollout, size, look, "none recorded" if name == "rewards" else "")
    if min(size) < _LEAST_PANEL_SIZE:
        least = f"at least {_LEAST_PANEL_SIZE} pixels high and wide"
        raise BadArgument("--overlay", name, f"needs a video {least} to be legible, not {size[0]}x{size[1]}.")
    return _Rewards(replay.rollout, size, look)


def _has_rewards(rollout: Rollout) -> bool:
    return "rew" in rollout.fields or bool(rollout.reward_terms)


class _Nothing:
    """The picture is the image."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.picture_size = size

    def compose(self, picture: np.ndarray, moment: Moment) -> np.ndarray:
        return picture


class _Hud:
    """The strip over the picture."""

    def __init__(self, rollout: Rollout, size: tuple[int, int], look: Look, no_rewards: str) -> None:
        self.picture_size = size
        series_of = once_each(lambda episode: episode_series(rollout, episode), _MAX_EPISODES)
        self._strip = Strip(rollout, series_of, size, measures_of(size), look, no_rewards)

    def compose(self, picture: np.ndarray, moment: Moment) -> np.ndarray:
        image = picture.copy()
        self._strip.draw(image, moment)
        return image


class _Rewards:
    """The strip over the picture, and the panel to the right of it or below it."""

    def __init__(self, rollout: Rollout, size: tuple[int, int], look: Look) -> None:
        measures = measures_of(size)
        self.picture_size = picture_beside(size, measures)
        self._size, self._panel_box = size, _rest_of(size, self.picture_size)
        series_of = once_each(lambda episode: episode_series(rollout, episode), _MAX_EPISODES)
        self._strip = Strip(rollout, series_of, self.picture_size, measures, look)
        self._panel = RewardsPanel(rollout, series_of, self._panel_box.size, measures, look)

    def compose(self, picture: np.ndarray, moment: Moment) -> np.ndarray:
        image = np.empty((self._size[1], self._size[0], 3), dtype=np.uint8)
        width, height = self.picture_size
        image[:height, :width] = picture
        self._strip.draw(image[:height, :width], moment)
        self._panel.draw(self._panel_box.of(image), moment)
        return image


def _rest_of(size: tuple[int, int], picture_size: tuple[int, int]) -> Box:
    """What a picture in the upper left corner leaves at its right, or below it."""
    is_beside = picture_size[1] == size[1]
    return Box(picture_size[0], 0, *size) if is_beside else Box(0, picture_size[1], *size)
