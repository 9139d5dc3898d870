"""The episode's reward curves, with a time marker that the page itself moves."""

from __future__ import annotations

import numpy as np
import viser
from viser import uplot

from ...rewards import EpisodeRewards
from ..palette import term_color
from ..server import handle_id
from ..session import Session

# More points than a chart has pixels show nothing more.
_MAX_POINTS = 1200
# Share of all values, at either end, that may lie outside the chart.
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
                scales=_scales(self._shown),
                axes=(uplot.Axis(label="time [s]", labelSize=18, size=34), uplot.Axis(size=48)),
                legend=uplot.Legend(show=False),
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
            self._chart.scales = _scales(current)
            self._chart.data = chart_data(current, self._control_dt)


def _scales(episode: EpisodeRewards) -> dict[str, uplot.Scale]:
    """Axes; where one extreme step, such as a termination penalty, would flatten all curves, it is left outside."""
    values = np.concatenate([episode.terms.ravel(), [] if episode.total is None else episode.total])
    finite = values[np.isfinite(values)]
    if len(finite) == 0:
        return {"x": uplot.Scale(time=False)}
    low, high = np.quantile(finite, [_OUTLIERS, 1 - _OUTLIERS])
    margin = 0.15 * (high - low) or 1.0
    if finite.min() >= low - 3 * margin and finite.max() <= high + 3 * margin:
        low, high = finite.min(), finite.max()
    return {"x": uplot.Scale(time=False), "y": uplot.Scale(range=(float(low - margin), float(high + margin)))}


def _series(episode: EpisodeRewards) -> list[uplot.Series]:
    series = [uplot.Series(label=n, stroke=term_color(i), width=1.25) for i, n in enumerate(episode.names)]
    if episode.total is not None:
        series.append(uplot.Series(label="reward", stroke="#1f2933", width=2))
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
