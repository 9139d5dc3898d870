"""The HUD: a strip at a picture's lower edge with what is shown, when, the return so far, and how the episode ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...numerals import largest_of, number_format, number_text
from ...rollout.episodes import Episode, outcome_text
from ...rollout.rewards import EpisodeRewards
from ...rollout.rollout import Rollout
from ...theme import OUTCOME_COLORS, Look, Rgb, rgb_bytes
from ..film import Moment
from ..threads import cached_for_threads
from .layout import PixelScale
from .painting import blend, fill, mixed, rounded_mask, tint, write
from .text import fitted, number_mask, number_width, text_mask, text_width, widest_text

# So much that letters can be read over any picture, and so little that the picture is seen through.
_OPACITY = 0.86
# How long before its end the outcome of an episode is told [s]: one step alone would be gone in a blink.
_OUTCOME_SECONDS = 0.5
# At most this share of the strip is numbers.
_NUMBERS_SHARE = 0.6
# Sixty additions of 1/60 s end just below 1 s: what is this near a whole step is that step.
_ROUNDING = 1e-6
_WHITE: Rgb = (255, 255, 255)


@dataclass(frozen=True)
class _Column:
    """A number and its name above it.

    Attributes:
        name: what is told.
        right: where both end [px].
    """

    name: str
    right: int


@dataclass(frozen=True)
class _Labels:
    """What stays the same during an episode.

    Attributes:
        title: the name of the recording.
        subtitle: which episode and env it is.
        outcome: how the episode ended.
        outcome_color: what is behind that.
        columns: the numbers, from left to right.
        text_right: where the text ends and the numbers begin [px].
        return_format: of the return so far.
    """

    title: str
    subtitle: str
    outcome: str
    outcome_color: Rgb
    columns: tuple[_Column, ...]
    text_right: int
    return_format: str


class Hud:
    """Draws the strip over pictures.

    Args:
        rollout: what is shown.
        series_of: gives an episode's rewards.
        size: of the pictures.
        pixels: how large things are.
        look: colours.
        no_rewards: said where none are recorded.
        title: what the recording is called; empty for its own name.
    """

    def __init__(
        self,
        rollout: Rollout,
        series_of: Callable[[Episode], EpisodeRewards],
        size: tuple[int, int],
        pixels: PixelScale,
        look: Look,
        no_rewards: str = "",
        title: str = "",
    ) -> None:
        self._rollout, self._series_of, self._no_rewards = rollout, series_of, no_rewards
        self._title = title or rollout.name
        self._width, self._height = size[0], min(pixels.of(52), size[1])
        self._pixels, self._look = pixels, look
        self._small, self._large = pixels.font(12), pixels.font(17)
        self._labels_of = cached_for_threads(self._make_labels, maxsize=8)

    def draw(self, picture: np.ndarray, moment: Moment) -> None:
        """Draw the strip over the last lines of a picture."""
        image = picture[len(picture) - self._height :]
        labels = self._labels_of(moment.episode, len(moment.envs))
        tint(image, self._look.panel, _OPACITY)
        self._draw_text(image, labels, self._tells_outcome(moment))
        self._draw_numbers(image, labels, moment)
        self._draw_progress(image, _progress_of(moment))

    def _tells_outcome(self, moment: Moment) -> bool:
        """Whether the episode's end is as near as makes no difference to who watches it."""
        steps = _OUTCOME_SECONDS / self._rollout.control_dt
        return moment.position + _ROUNDING >= moment.episode.last_step - min(steps, moment.episode.num_steps / 4)

    # -- drawing --------------------------------------------------------------

    def _draw_text(self, image: np.ndarray, labels: _Labels, tells_outcome: bool) -> None:
        left, upper, lower = self._pixels.of(16), 0.33 * self._height, 0.70 * self._height
        title = text_mask(labels.title, self._large)
        write(image, title, left, upper, self._look.text)
        subtitle = text_mask(labels.subtitle, self._small)
        room = labels.text_right - left - max(title.shape[1], subtitle.shape[1]) - 2 * left
        if not tells_outcome:
            write(image, subtitle, left, lower, self._look.muted_text)
        elif self._chip_width(labels.outcome) <= room:
            write(image, subtitle, left, lower, self._look.muted_text)
            self._draw_chip(image, labels, labels.text_right - left - self._chip_width(labels.outcome), 0.5)
        else:
            self._draw_chip(image, labels, left, 0.705)

    def _chip_width(self, outcome: str) -> int:
        return text_width(outcome, self._small) + 2 * self._pixels.of(8)

    def _draw_chip(self, image: np.ndarray, labels: _Labels, left: int, middle: float) -> None:
        """The outcome in white on its colour; `middle` as a share of the strip's height."""
        if not labels.outcome:
            return
        height, middle = round(1.55 * self._small), round(middle * self._height)
        shape = rounded_mask(self._chip_width(labels.outcome), height, self._pixels.of(4))
        blend(image, shape, left, middle - height // 2, labels.outcome_color)
        write(image, text_mask(labels.outcome, self._small), left + self._pixels.of(8), middle, _WHITE)

    def _draw_numbers(self, image: np.ndarray, labels: _Labels, moment: Moment) -> None:
        values = self._values(labels, moment)
        for column in labels.columns:
            name = text_mask(column.name, self._small)
            write(image, name, column.right, 0.28 * self._height, self._look.muted_text, "right")
            value = number_mask(values[column.name], self._large)
            write(image, value, column.right, 0.65 * self._height, self._look.text, "right")

    def _draw_progress(self, image: np.ndarray, progress: float) -> None:
        top, right = self._height - self._pixels.of(3), self._width
        fill(image, 0, top, right, self._height, mixed(self._look.panel, self._look.muted_text, 0.35))
        fill(image, 0, top, progress * right, self._height, self._look.accent)

    # -- what is said ---------------------------------------------------------

    def _values(self, labels: _Labels, moment: Moment) -> dict[str, str]:
        """The columns' numbers at a moment."""
        series, row = self._series_of(moment.episode), row_of(moment)
        return {
            "time": self._time_text(moment.seconds, moment.episode),
            "step": str(moment.episode.first_step + row),
            _return_name(series): number_text(float(series.cumulative[row]), labels.return_format),
            "rewards": self._no_rewards,
        }

    def _time_text(self, seconds: float, episode: Episode) -> str:
        return f"{seconds:.2f} / {episode.num_steps * self._rollout.control_dt:.2f} s"

    def _make_labels(self, episode: Episode, num_shown: int) -> _Labels:
        series, left = self._series_of(episode), self._pixels.of(16)
        return_format = number_format(largest_of(series.cumulative))
        columns, text_right = self._columns(self._widest(episode, series, return_format))
        width, small = text_right - 2 * left, self._small
        return _Labels(
            title=fitted(self._title, self._large, width),
            subtitle=fitted(self._subtitle(episode, num_shown), small, width),
            outcome=fitted(outcome_text(episode), small, width - 2 * self._pixels.of(8)),
            outcome_color=_outcome_color(episode),
            columns=columns,
            text_right=text_right,
            return_format=return_format,
        )

    def _subtitle(self, episode: Episode, num_shown: int) -> str:
        count = len(self._rollout.episodes(episode.env_index))
        others = f" and {num_shown - 1} more" if num_shown > 1 else ""
        env_id = self._rollout.env_ids[episode.env_index]
        return f"episode {episode.index} ({episode.index + 1} of {count}), env {env_id}{others}"

    def _widest(self, episode: Episode, series: EpisodeRewards, return_format: str) -> dict[str, str]:
        """The longest text of each column, so that nothing moves while numbers change."""
        duration = episode.num_steps * self._rollout.control_dt
        widest = {"time": self._time_text(duration, episode), "step": str(episode.last_step)}
        if series.cumulative_of != "nothing":
            widest[_return_name(series)] = widest_text(series.cumulative, return_format)
        elif self._no_rewards:
            widest["rewards"] = self._no_rewards
        return widest

    def _columns(self, widest: dict[str, str]) -> tuple[tuple[_Column, ...], int]:
        """The columns from left to right, as many as there is room for, and where the first one begins."""
        gap = self._pixels.of(24)
        widths = {
            name: gap + max(text_width(name, self._small), number_width(text, self._large))
            for name, text in widest.items()
        }
        rewards = [name for name in widest if name not in ("step", "time")]
        for name in ("step", *rewards, "time"):  # The least important first.
            if sum(widths.values()) > _NUMBERS_SHARE * self._width:
                del widths[name]
        right, columns = self._width - self._pixels.of(16), []
        for name, width in reversed(widths.items()):
            columns.append(_Column(name, right))
            right -= width
        return tuple(columns), right


def row_of(moment: Moment) -> int:
    """Which of the episode's steps is the latest at a moment, counted from its first one."""
    episode = moment.episode
    return min(max(int(moment.position + _ROUNDING) - episode.first_step, 0), episode.num_steps - 1)


def _return_name(series: EpisodeRewards) -> str:
    return "sum of terms" if series.cumulative_of == "terms" else "return"


def _outcome_color(episode: Episode) -> Rgb:
    """Of a success or a failure where that is known, else of the outcome."""
    known = {True: "success", False: "failure", None: episode.outcome}[episode.success]
    return rgb_bytes(OUTCOME_COLORS[known])


def _progress_of(moment: Moment) -> float:
    """Where between the episode's first step, 0, and its last one, 1, a moment lies."""
    first, last = moment.episode.first_step, moment.episode.last_step
    return min(max((moment.position - first) / (last - first), 0.0), 1.0) if last > first else 1.0
