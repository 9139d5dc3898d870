"""The rewards panel of several takes: a number of each in every row, and charts of the takes over each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...replay.compared_rewards import ComparedRewards, Quantity, quantities
from ...replay.world import World
from ...rollout.episodes import Episode
from ...rollout.rewards import chart_range, full_range
from ...theme import Look, Rgb
from .charts import Axes, Curve, VideoChart
from .compared_rows import ComparedRows, with_difference
from .layout import PanelLayout, PixelScale
from .panel import Contents, Rows

_REWARD, _RETURN = Quantity("reward"), Quantity("return")


def compared_rewards(world: World, pixels: PixelScale, look: Look, episode: Episode) -> Contents:
    """The rewards of all takes at the times of one of the lead's episodes."""
    world, steps = world.with_env(episode.env_index), range(episode.first_step, episode.last_step + 1)
    found, rewards = quantities(world), ComparedRewards()
    steps_of_time = [take.replay.rollout.control_dt for take in world.takes]
    # Amounts of different steps do not compare.
    is_rate = len(set(steps_of_time)) > 1
    factors = 1 / np.array(steps_of_time) if is_rate else np.ones(len(steps_of_time))
    values = {each: rewards.values(world, each, steps) * (factors if each.is_per_step else 1.0) for each in found}
    colors = [look.text if take.tint is None else take.tint for take in world.takes]
    charts = _charts(values, colors, world.lead.replay.rollout.control_dt, is_rate, pixels, look)

    def make_rows(layout: PanelLayout) -> Rows:
        chosen = _largest({each: values[each] for each in found if each.is_per_step}, layout.most_rows)
        shown = {each.label: rows for each, rows in chosen.items()}
        heads: list[Rgb | str] = [*colors]
        if len(colors) == 2:
            shown, heads = {label: with_difference(rows) for label, rows in shown.items()}, [*heads, "difference"]
        return ComparedRows(shown, heads, layout, pixels, look, ruled=_REWARD.label)

    return Contents(f"rewards {'per second' if is_rate else 'at this step'}", make_rows, charts)


def _largest(values: dict[Quantity, np.ndarray], most: int) -> dict[Quantity, np.ndarray]:
    """The rows that there is room for: those with the largest values, in their order, and the reward in any case."""
    sizes = {each: np.nan_to_num(np.abs(rows), nan=0.0).max(initial=0.0) for each, rows in values.items()}
    ranked = sorted(values, key=lambda each: (each != _REWARD, -sizes[each]))[:most]
    return {each: rows for each, rows in values.items() if each in ranked}


def _charts(
    values: dict[Quantity, np.ndarray],
    colors: Sequence[Rgb],
    control_dt: float,
    is_rate: bool,
    pixels: PixelScale,
    look: Look,
) -> list[VideoChart]:
    """The reward, the return, and by how much the others' returns are beyond the lead's; those that are known."""
    rate = "per second" if is_rate else "per step"
    returns = values[_RETURN]
    gaps = returns[:, 1:] - returns[:, :1]
    wanted = [
        (f"reward {rate}", values.get(_REWARD), colors, chart_range),
        ("return so far", returns, colors, full_range),
        ("difference of the returns", gaps, colors[1:], full_range),
    ]
    charts: list[VideoChart] = []
    for title, curves, shades, range_of in wanted:
        shown = None if curves is None else range_of(curves)
        if curves is not None and shown is not None:
            axes = Axes(len(curves), (len(curves) - 1) * control_dt, *shown)
            # The lead's is above the others'.
            lines = [Curve(curve, color, 1.6 * pixels.factor) for curve, color in zip(curves.T, shades, strict=True)]
            charts.append(VideoChart(title, axes, lines[::-1], pixels, look))
    return charts
