"""The episode's reward curves, with a time marker that the page itself moves."""

from __future__ import annotations

import numpy as np
import viser
from viser import uplot

from ...rewards import EpisodeRewards
from ..palette import TOTAL_COLOR, term_color
from ..server import handle_id
from ..session import Session

# More points than a chart has pixels show nothing more.
_MAX_POINTS = 1200
# Share of a curve's values, at either end, that may lie outside the chart.
_OUTLIERS = 0.003


class CurvesPanel:
    """One chart, sent once per episode, env and agent."""

    def __init__(self, gui: viser.GuiApi, session: Session) -> None:
        self._control_dt = session.replay.rollout.control_dt
        self._shown = session.episode_rewards
        names = [*self._shown.names, *(["reward"] if self._shown.total is not None else [])]
        self._chart = None
        if names:
            self._chart = gui.add_uplot(
                chart_data(self._shown, self._control_dt),
                (uplot.Series(label="time [s]"), *_series(self._shown)),
                scales=chart_scales(self._shown, self._control_dt),
                axes=(uplot.Axis(label="time [s]", labelSize=18, size=34), uplot.Axis(size=48)),
                legend=uplot.Legend(show=False),
                padding=(8, 16, 0, 0),  # The topmost label is cut in half without.
                height=230,
            )

    @property
    def chart_ids(self) -> list[str]:
        """Ids of the charts that take a time marker."""
        return [] if self._chart is None else [handle_id(self._chart)]

    def sync(self, session: Session) -> None:
        """Show the curves of the session's episode."""
        current = session.episode_rewards
        if self._chart is not None and current is not self._shown:
            self._shown = current
            self._chart.scales = chart_scales(current, self._control_dt)
            self._chart.data = chart_data(current, self._control_dt)


def chart_scales(episode: EpisodeRewards, control_dt: float) -> dict[str, uplot.Scale]:
    """Axes; where one extreme step, such as a termination penalty, would flatten all curves, it is left outside."""
    time = _time_scale(episode.steps, control_dt)
    curves = [*episode.terms.T, *([] if episode.total is None else [episode.total])]
    ranges = [_usual_range(curve[np.isfinite(curve)]) for curve in curves if np.isfinite(curve).any()]
    if not ranges:
        return {"x": time}
    low, high, least, greatest = np.array(ranges).T
    bottom, top = low.min(), high.max()
    margin = 0.15 * (top - bottom) or 1.0
    if least.min() >= bottom - 3 * margin and greatest.max() <= top + 3 * margin:
        bottom, top = least.min(), greatest.max()
    return {"x": time, "y": uplot.Scale(range=(float(bottom - margin), float(top + margin)))}


def _time_scale(steps: range, control_dt: float) -> uplot.Scale:
    """Of a single step, which has no width of its own, one step to either side; the chart's default is 100 s."""
    if len(steps) > 1:
        return uplot.Scale(time=False)
    return uplot.Scale(time=False, range=((steps[0] - 1) * control_dt, (steps[0] + 1) * control_dt))


def _usual_range(values: np.ndarray) -> tuple[float, float, float, float]:
    """Of one curve, so that one among many still counts: low and high without outliers, least and greatest."""
    low, high = np.quantile(values, [_OUTLIERS, 1 - _OUTLIERS])
    return float(low), float(high), float(values.min()), float(values.max())


def _series(episode: EpisodeRewards) -> list[uplot.Series]:
    series = [uplot.Series(label=n, stroke=term_color(i), width=1.25) for i, n in enumerate(episode.names)]
    if episode.total is not None:
        series.append(uplot.Series(label="reward", stroke=TOTAL_COLOR, width=1.75))
    return series


def chart_data(episode: EpisodeRewards, control_dt: float) -> tuple[np.ndarray, ...]:
    """Time [s] and one array per curve, thinned to what a chart can show without losing a spike."""
    curves = [*episode.terms.T, *([episode.total] if episode.total is not None else [])]
    steps = np.asarray(episode.steps)
    stride = -(-len(steps) // _MAX_POINTS)
    if stride > 1:
        curves = [_extremes(curve, stride) for curve in curves]
        steps = steps[::stride]
    return (steps * control_dt, *(np.asarray(curve, dtype=np.float64) for curve in curves))


def _extremes(curve: np.ndarray, stride: int) -> np.ndarray:
    """Of each run of `stride` values the one farthest from zero; a run of NaN stays NaN."""
    padded = np.pad(curve.astype(np.float64), (0, -len(curve) % stride), constant_values=np.nan)
    runs = padded.reshape(-1, stride)
    farthest = np.argmax(np.where(np.isnan(runs), -1.0, np.abs(runs)), axis=1)
    return np.take_along_axis(runs, farthest[:, None], axis=1)[:, 0]
