"""The panel beside or below a picture: rows of numbers of the step that is shown, and charts of the whole episode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from ...rollout.episodes import Episode
from ...theme import Look
from ..film import Moment
from ..threads import cached_for_threads
from .charts import VideoChart, place_charts
from .hud import row_of
from .layout import PanelLayout, PixelScale
from .painting import write
from .text import fitted, text_mask

# How faint curves are to the right of the playhead.
_FUTURE_OPACITY = 0.3


class Rows(Protocol):
    """Rows of numbers: painted once for an episode, and drawn for each step."""

    def __len__(self) -> int: ...

    def paint(self, image: np.ndarray) -> None:
        """What is the same at every step."""
        ...

    def draw(self, image: np.ndarray, step: int) -> None:
        """Numbers of a step of the episode."""
        ...


@dataclass(frozen=True)
class Contents:
    """What is in the panel during an episode.

    Attributes:
        heading: what the rows are of.
        rows: makes the rows, for the room that a layout has.
        charts: below them, or beside them.
    """

    heading: str
    rows: Callable[[PanelLayout], Rows]
    charts: Sequence[VideoChart]


class VideoPanel:
    """Draws the panel.

    Args:
        contents_of: gives what is in it during an episode.
        size: of the panel [px].
        pixels: how large things are.
        look: colours.
    """

    def __init__(
        self, contents_of: Callable[[Episode], Contents], size: tuple[int, int], pixels: PixelScale, look: Look
    ) -> None:
        self._contents_of, self._size = contents_of, size
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
        contents = self._contents_of(episode)
        layout = PanelLayout(self._size, self._pixels, bool(contents.charts))
        rows = contents.rows(layout)
        blank = np.full((self._size[1], self._size[0], 3), self._look.panel, dtype=np.uint8)
        self._paint_heading(blank, layout, contents.heading)
        rows.paint(blank)
        if contents.charts:
            place_charts(contents.charts, layout.charts(len(rows)), self._pixels)
        return _EpisodePanel(*self._with_curves(blank, contents.charts), rows, contents.charts)

    def _with_curves(self, blank: np.ndarray, charts: Sequence[VideoChart]) -> tuple[np.ndarray, np.ndarray]:
        """The panel with faint curves, and with full ones."""
        for chart in charts:
            chart.paint_axes(blank, with_time=chart is charts[-1])
        past = blank.copy()
        for chart in charts:
            chart.paint_curves(past)
        faint = blank + (past.astype(np.float32) - blank) * _FUTURE_OPACITY + 0.5
        return faint.astype(np.uint8), past

    def _paint_heading(self, image: np.ndarray, layout: PanelLayout, heading: str) -> None:
        left, letters = self._pixels.of(16), self._pixels.font(12)
        mask = text_mask(fitted(heading, letters, self._size[0] - 2 * left), letters)
        write(image, mask, left, layout.heading_middle, self._look.muted_text)


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
    rows: Rows
    charts: Sequence[VideoChart]
