"""Overlays: they make the images of a video of the pictures of a renderer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

import numpy as np

from ...errors import BadArgument
from ...replay.world import World
from ...rollout.episodes import Episode
from ...rollout.rewards import EpisodeRewards, episode_series
from ...rollout.rollout import Rollout
from ...theme import Look
from ...view_names import OVERLAYS_OF_SEVERAL, check_overlay
from ..film import Moment
from ..threads import cached_for_threads
from .compared_rewards import compared_rewards
from .errors import errors_of
from .hud import Hud
from .inset import Insets
from .layout import Box, picture_beside, pixel_scale
from .panel import Contents, VideoPanel
from .rewards import rewards_of_episode

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


def make_overlay(name: str, world: World, size: tuple[int, int], look: Look) -> Overlay:
    """The overlay of a name, for a video of a size.

    Args:
        name: "none"; "hud": a strip over the picture that tells what is shown, the time, the return and the outcome;
            "rewards": the strip, and a panel beside or below the picture with all reward terms; of several takes, a
            number of each, and how far their returns are apart. Where no rewards are recorded, there is no panel.
            "errors": the strip, and such a panel with how far bases, headings and joints of the others are from those
            of the lead.
            "cameras": the strip, and the films of the robot's cameras as insets, of the lead.
        world: what is shown; the strip tells of its lead.
        size: width and height of the video [px].
        look: its colours.

    Raises:
        UnknownName: if there is no such overlay.
        BadArgument: if the panel cannot be read in a video as small as that; errors of a single take.
    """
    check_overlay(name)
    if name == "none":
        return _NoOverlay(size)
    if name == "cameras":
        return _CamerasOverlay(world.lead.replay.rollout, size, look)
    if name in OVERLAYS_OF_SEVERAL and not world.others:
        raise BadArgument("--overlay", name, "tells how far recordings are apart: give two or more.")
    if name == "hud" or (name == "rewards" and not any(replay.rollout.has_rewards for replay in world.replays)):
        no_rewards = "none recorded" if name == "rewards" else ""
        return _HudOverlay(world.lead.replay.rollout, size, look, no_rewards, world.names[0])
    if min(size) < _LEAST_PANEL_SIZE:
        least = f"at least {_LEAST_PANEL_SIZE} pixels high and wide"
        raise BadArgument("--overlay", name, f"needs a video {least} to be legible, not {size[0]}x{size[1]}.")
    pixels, rollout = pixel_scale(size), world.lead.replay.rollout
    series_of = _series_of(rollout)
    if name == "errors":
        contents_of = partial(errors_of, world, pixels, look)
    elif world.others:
        contents_of = partial(compared_rewards, world, pixels, look)
    else:
        contents_of = partial(rewards_of_episode, rollout, series_of, pixels, look)
    return _PanelOverlay(rollout, series_of, contents_of, size, look, world.names[0])


class _NoOverlay:
    """The picture is the image."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.picture_size = size

    def compose(self, picture: np.ndarray, moment: Moment) -> np.ndarray:
        return picture


class _HudOverlay:
    """The strip over the picture."""

    def __init__(
        self, rollout: Rollout, size: tuple[int, int], look: Look, no_rewards: str = "", title: str = ""
    ) -> None:
        self.picture_size = size
        series_of = _series_of(rollout)
        self._hud = Hud(rollout, series_of, size, pixel_scale(size), look, no_rewards, title)

    def compose(self, picture: np.ndarray, moment: Moment) -> np.ndarray:
        image = picture.copy()
        self._hud.draw(image, moment)
        return image


class _CamerasOverlay(_HudOverlay):
    """The strip over the picture, and insets of what the robot's cameras saw."""

    def __init__(self, rollout: Rollout, size: tuple[int, int], look: Look) -> None:
        super().__init__(rollout, size, look)
        self._insets = Insets(rollout, size, pixel_scale(size), look)
        if not self._insets.are_any:
            where = "in memory" if rollout.path is None else f"in {rollout.path.parent} or below it"
            raise BadArgument("--overlay", "cameras", f"there is no film by a camera {where}.")

    def compose(self, picture: np.ndarray, moment: Moment) -> np.ndarray:
        image = super().compose(picture, moment)
        self._insets.draw(image, moment)
        return image


class _PanelOverlay:
    """The strip over the picture, and the panel to the right of it or below it."""

    def __init__(
        self,
        rollout: Rollout,
        series_of: Callable[[Episode], EpisodeRewards],
        contents_of: Callable[[Episode], Contents],
        size: tuple[int, int],
        look: Look,
        title: str,
    ) -> None:
        pixels = pixel_scale(size)
        self.picture_size = picture_beside(size, pixels)
        self._size, self._panel_box = size, _rest_of(size, self.picture_size)
        self._hud = Hud(rollout, series_of, self.picture_size, pixels, look, title=title)
        self._panel = VideoPanel(contents_of, self._panel_box.size, pixels, look)

    def compose(self, picture: np.ndarray, moment: Moment) -> np.ndarray:
        image = np.empty((self._size[1], self._size[0], 3), dtype=np.uint8)
        width, height = self.picture_size
        image[:height, :width] = picture
        self._hud.draw(image[:height, :width], moment)
        self._panel.draw(self._panel_box.of(image), moment)
        return image


def _series_of(rollout: Rollout) -> Callable[[Episode], EpisodeRewards]:
    """Gives the rewards of an episode, the latest ones without reading them again."""
    return cached_for_threads(partial(episode_series, rollout), _MAX_EPISODES)


def _rest_of(size: tuple[int, int], picture_size: tuple[int, int]) -> Box:
    """What a picture in the upper left corner leaves at its right, or below it."""
    is_beside = picture_size[1] == size[1]
    return Box(picture_size[0], 0, *size) if is_beside else Box(0, picture_size[1], *size)
