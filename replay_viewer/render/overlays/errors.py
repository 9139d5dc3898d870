"""Errors in the panel beside a picture of several takes: how far the others are from the lead."""

from __future__ import annotations

import numpy as np

from ...replay.differences import Difference, differences
from ...replay.world import World
from ...rollout.episodes import Episode
from ...rollout.rewards import full_range
from ...theme import Look, Rgb
from .charts import Axes, Curve, VideoChart
from .compared_rows import ComparedRows
from .layout import PanelLayout, PixelScale
from .panel import Contents, Rows


def errors_of(world: World, pixels: PixelScale, look: Look, episode: Episode) -> Contents:
    """How far the others' bases, headings and joints are from the lead's at the times of one of its episodes."""
    world, steps = world.with_env(episode.env_index), range(episode.first_step, episode.last_step + 1)
    colors = [look.text if take.tint is None else take.tint for take in world.others]
    values = {each: _of_others(world, each, steps) for each in differences(world) if _is_told(each)}
    seconds = (len(steps) - 1) * world.lead.replay.rollout.control_dt
    charts = [_chart(each, of_each, colors, seconds, pixels, look) for each, of_each in values.items()]

    def make_rows(layout: PanelLayout) -> Rows:
        return ComparedRows({_name(each): of_each for each, of_each in values.items()}, colors, layout, pixels, look)

    return Contents(f"difference from {world.names[0]}", make_rows, [chart for chart in charts if chart is not None])


def _is_told(difference: Difference) -> bool:
    """One number, without kinematics: of the base, the heading, the joints on the whole."""
    return len(difference.components) == 1 and not difference.is_costly


def _of_others(world: World, difference: Difference, steps: range) -> np.ndarray:
    """(S, T) of all takes but the lead."""
    return np.column_stack([difference.read(world, take, steps)[:, 0] for take in world.others])


def _name(difference: Difference) -> str:
    return f"{difference.components[0]} [{difference.unit}]"


def _chart(
    difference: Difference, values: np.ndarray, colors: list[Rgb], seconds: float, pixels: PixelScale, look: Look
) -> VideoChart | None:
    """Nothing where no value is known."""
    shown = full_range(values)
    if shown is None:
        return None
    lines = [Curve(curve, color, 1.6 * pixels.factor) for curve, color in zip(values.T, colors, strict=True)]
    title, axes = f"{difference.label} [{difference.unit}]", Axes(len(values), seconds, *shown)
    return VideoChart(title, axes, lines, pixels, look)
