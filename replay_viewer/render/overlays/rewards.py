"""Rewards in the panel beside a picture: what every term gives at this step, and gave in the whole episode."""

from __future__ import annotations

from collections.abc import Callable

from ...rollout.episodes import Episode
from ...rollout.rewards import EpisodeRewards
from ...rollout.rollout import Rollout
from ...theme import Look
from .charts import reward_charts
from .layout import PanelLayout, PixelScale
from .panel import Contents, Rows
from .reward_rows import RewardRows, largest_terms, reward_rows

# Among more curves nobody finds one again.
_MAX_CURVES = 12


def rewards_of_episode(
    rollout: Rollout, series_of: Callable[[Episode], EpisodeRewards], pixels: PixelScale, look: Look, episode: Episode
) -> Contents:
    """What every term gives at a step, and gave in the whole episode. series_of: gives an episode's rewards."""
    series = series_of(episode)
    curves = largest_terms(series, _MAX_CURVES)
    charts = reward_charts(series, curves, rollout.control_dt, pixels, look)
    steps = slice(episode.first_step, episode.last_step + 1)
    means = {name: means[steps] for name, means in rollout.batch_means.items()}
    agents = rollout.agents_shape
    heading = "rewards at this step" + (f", sum of {agents[0]} agents" if agents else "")

    def make_rows(layout: PanelLayout) -> Rows:
        rows = reward_rows(series, means, layout.most_rows)
        box, pitch = layout.rows(len(rows)), layout.pitch(len(rows))
        return RewardRows(rows, box, pitch, pixels, look, curves if charts else ())

    return Contents(heading, make_rows, charts)
