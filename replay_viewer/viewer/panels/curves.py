"""The episode's reward curves, with a time marker that the page itself moves."""

from __future__ import annotations

import math

import numpy as np
import viser
from viser import uplot

from ...palette import TOTAL_COLOR, term_color
from ...reward_scales import Range, chart_range
from ...rewards import EpisodeRewards
from ..server import handle_id
from ..session import Session
from ..thinned_curves import ThinnedCurves

# The page writes values with three decimals at most, and has no room for many digits.
_LEAST_SPAN, _LARGEST_VALUE = 0.015, 10_000
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class CurvesPanel:
    """One chart, sent once per episode, env and agent, and now and then while the episode is being recorded."""

    def __init__(self, gui: viser.GuiApi, session: Session) -> None:
        self._control_dt = session.replay.rollout.control_dt
        self._begin(session)
        names = [*self._rewards.names, *(["reward"] if self._rewards.total is not None else [])]
        self._chart = None
        if names:
            self._chart = gui.add_uplot(
                self._data(),
                (uplot.Series(label="time [s]"), *_series(self._rewards)),
                scales=self._scales(),
                axes=chart_axes(power_of_ten(self._range)),
                legend=uplot.Legend(show=False),
                padding=(8, 16, 0, 0),  # The topmost label is cut in half without.
                height=230,
            )

    @property
    def chart_ids(self) -> list[str]:
        """Ids of the charts that take a time marker."""
        return [] if self._chart is None else [handle_id(self._chart)]

    def sync(self, session: Session, takes_growth: bool) -> None:
        """Show the curves of the session's episode; with `takes_growth` also steps that have come since."""
        is_same = session.episode_rewards is self._rewards and self._is_running == session.is_running(session.episode)
        if self._chart is None or is_same:
            return
        if self._shown != _shown(session) or len(session.episode_rewards.steps) < self._curves.num_steps:
            self._begin(session)
        elif takes_growth:
            self._go_on(session)
        else:
            return
        # With other scales or axes the page makes the chart anew.
        scales, axes = self._scales(), chart_axes(power_of_ten(self._range))
        if scales != self._chart.scales:
            self._chart.scales = scales
        if axes != self._chart.axes:
            self._chart.axes = axes
        self._chart.data = self._data()

    def _begin(self, session: Session) -> None:
        self._shown, self._rewards = _shown(session), session.episode_rewards
        self._is_running = session.is_running(session.episode)
        self._curves = thinned(self._rewards)
        self._range = chart_range(self._curves.points)

    def _go_on(self, session: Session) -> None:
        self._rewards, self._is_running = session.episode_rewards, session.is_running(session.episode)
        self._curves.extend(_curves(self._rewards, self._curves.num_steps))
        needed = chart_range(self._curves.points)
        if not _is_roomy(self._range, needed):
            self._range = needed

    def _scales(self) -> dict[str, uplot.Scale]:
        num_steps = _room_for(self._curves.num_steps) if self._is_running else self._curves.num_steps
        return chart_scales(self._curves.first_step, num_steps, self._range, self._control_dt)

    def _data(self) -> tuple[np.ndarray, ...]:
        return chart_data(self._curves, self._control_dt, power_of_ten(self._range))


def _shown(session: Session) -> tuple[object, ...]:
    """Whose curves these are; an episode that goes on keeps its first step."""
    return session.env_index, session.agent, session.episode.first_step


def thinned(episode: EpisodeRewards) -> ThinnedCurves:
    """An episode's curves: its terms, then its reward."""
    values = _curves(episode, 0)
    curves = ThinnedCurves(episode.steps.start, values.shape[1])
    curves.extend(values)
    return curves


def _curves(episode: EpisodeRewards, first: int) -> np.ndarray:
    """Values from the episode's step `first` on, one column per curve."""
    total = [] if episode.total is None else [episode.total[first:, None]]
    return np.concatenate([episode.terms[first:], *total], axis=1)


def _is_roomy(shown: Range, needed: Range) -> bool:
    """Whether what is needed fits into what is shown, and fills at least half of it: then the axis keeps still."""
    if shown is None or needed is None:
        return shown is needed
    margin = 0.1 * (needed[1] - needed[0])
    fits = shown[0] <= needed[0] + margin and needed[1] - margin <= shown[1]
    return fits and 2 * (needed[1] - needed[0]) >= shown[1] - shown[0]


def _room_for(num_steps: int) -> int:
    """Steps of a chart into which a running episode grows, so that the axis need not change with every step."""
    room = 100
    while room < num_steps:
        room += room // 2
    return room


def power_of_ten(y_range: Range) -> int:
    """By which power of ten a chart's values are divided, so that the labels of its axis are exact and short."""
    if y_range is None:
        return 0
    bottom, top = y_range
    largest = max(abs(bottom), abs(top))
    if top - bottom >= _LEAST_SPAN and largest < _LARGEST_VALUE:
        return 0
    return 3 * math.floor(math.log10(largest) / 3)


def chart_axes(exponent: int) -> tuple[uplot.Axis, uplot.Axis]:
    """The axes of time and of values, whose labels may have six characters."""
    values = uplot.Axis(size=58)
    if exponent:
        values["label"] = "\N{MULTIPLICATION SIGN} 10" + str(exponent).translate(_SUPERSCRIPTS)
        values["labelSize"] = 18
    return uplot.Axis(label="time [s]", labelSize=18, size=34), values


def chart_scales(first_step: int, num_steps: int, y_range: Range, control_dt: float) -> dict[str, uplot.Scale]:
    """What the chart's axes show; of a single step, which has no width of its own, with one step to either side.

    The range of time is stated because viser's own one is lost when data and scales change together.
    """
    first, last = (first_step, first_step + num_steps - 1) if num_steps > 1 else (first_step - 1, first_step + 1)
    scales = {"x": uplot.Scale(time=False, range=(first * control_dt, last * control_dt))}
    if y_range is None:
        return scales
    unit = 10.0 ** power_of_ten(y_range)
    return {**scales, "y": uplot.Scale(range=(y_range[0] / unit, y_range[1] / unit))}


def _series(episode: EpisodeRewards) -> list[uplot.Series]:
    series = [uplot.Series(label=n, stroke=term_color(i), width=1.25) for i, n in enumerate(episode.names)]
    if episode.total is not None:
        series.append(uplot.Series(label="reward", stroke=TOTAL_COLOR, width=1.75))
    return series


def chart_data(curves: ThinnedCurves, control_dt: float, exponent: int = 0) -> tuple[np.ndarray, ...]:
    """Time [s] and one array per curve, of values divided by a power of ten."""
    return (curves.steps * control_dt, *(curves.points / 10.0**exponent).T.copy())
