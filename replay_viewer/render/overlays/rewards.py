"""The rewards panel beside or below a picture: what every term gives at this step, and gave in the whole episode."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ...rollout.episodes import Episode
from ...rollout.rewards import EpisodeRewards
from ...rollout.rollout import Rollout
from ...theme import Look
from ..film import Moment
from ..threads import cached_for_threads
from .charts import VideoChart, place_charts, reward_charts
from .hud import row_of
from .layout import PanelLayout, PixelScale
from .painting import write
from .reward_rows import RewardRows, largest_terms, reward_rows
from .text import fitted, text_mask

# Among more curves nobody finds one again.
_MAX_CURVES = 12
# How faint curves are to the right of the playhead.
_FUTURE_OPACITY = 0.3


class VideoRewardsPanel:
    """Draws the panel.

    Args:
        rollout: what is shown.
        series_of: gives an episode's rewards.
        size: of the panel [px].
        pixels: how large things are.
        look: colours.
    """

    def __init__(
        self,
        rollout: Rollout,
        series_of: Callable[[Episode], EpisodeRewards],
        size: tuple[int, int],
        pixels: PixelScale,
        look: Look,
    ) -> None:
        self._rollout, self._series_of, self._size = rollout, series_of, size
        self._pixels, self._look = pixels, look
        self._episode_panel = cached_for_threads(self._make_episode_panel, maxsize=4)

    def draw(self, image: np.ndarray, moment: Moment) -> None:
        """Draw all of the panel into an image of its size."""
        episode = moment.episode
        panel = self._episode_panel(episode)
        position = min(max(moment.position - episode.first_step, 0.0), episode.num_steps - 1.0)
        image[:] = panel.future
        for chart in panel.charts:
            left_of_now = chart.plot._replace(right=round(float(chart.x_of(position))))
            left_of_now.of(image)[:] = left_of_now.of(panel.past)
            chart.draw_now(image, position)
        panel.rows.draw(image, row_of(moment))

    # -- once per episode -----------------------------------------------------

    def _make_episode_panel(self, episode: Episode) -> _EpisodePanel:
        series = self._series_of(episode)
        curves = largest_terms(series, _MAX_CURVES)
        charts = reward_charts(series, curves, self._rollout.control_dt, self._pixels, self._look)
        layout = PanelLayout(self._size, self._pixels, bool(charts))
        rows = reward_rows(series, self._means(episode), layout.most_rows)
        box, pitch = layout.rows(len(rows)), layout.pitch(len(rows))
        painter = RewardRows(rows, box, pitch, self._pixels, self._look, curves if charts else ())
        blank = np.full((self._size[1], self._size[0], 3), self._look.panel, dtype=np.uint8)
        self._paint_heading(blank, layout)
        painter.paint(blank)
        if charts:
            place_charts(charts, layout.charts(len(rows)), self._pixels)
        return _EpisodePanel(*self._with_curves(blank, charts), painter, charts)

    def _with_curves(self, blank: np.ndarray, charts: Sequence[VideoChart]) -> tuple[np.ndarray, np.ndarray]:
        """The panel with faint curves, and with full ones."""
        for chart in charts:
            chart.paint_axes(blank, with_time=chart is charts[-1])
        past = blank.copy()
        for chart in charts:
            chart.paint_curves(past)
        faint = blank + (past.astype(np.float32) - blank) * _FUTURE_OPACITY + 0.5
        return faint.astype(np.uint8), past

    def _paint_heading(self, image: np.ndarray, layout: PanelLayout) -> None:
        agents = self._rollout.agents_shape
        text = "rewards at this step" + (f", sum of {agents[0]} agents" if agents else "")
        left, letters = self._pixels.of(16), self._pixels.font(12)
        mask = text_mask(fitted(text, letters, self._size[0] - 2 * left), letters)
        write(image, mask, left, layout.heading_middle, self._look.muted_text)

    def _means(self, episode: Episode) -> Mapping[str, np.ndarray]:
        """Means over the simulator's envs during the episode."""
        steps = slice(episode.first_step, episode.last_step + 1)
        return {name: means[steps] for name, means in self._rollout.batch_means.items()}


class _EpisodePanel(NamedTuple):
    """What is drawn once for an episode, and what draws over it.

    Attributes:
        future: (h, w, 3), the panel with faint curves.
        past: (h, w, 3), the panel with full curves.
        rows: draw the step's bars and numbers.
        charts: draw the playhead.
    """

    future: np.ndarray
    past: np.ndarray
    rows: RewardRows
    charts: Sequence[VideoChart]
