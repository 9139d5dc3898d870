"""What a chart shows, as CSV: of the curves that are shown every recorded step, not the points that are drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ...csv_lines import csv_line
from ...film_names import harmless
from ..session import Session
from .charts import Charts

# Rows that are made text at once.
_BLOCK = 1 << 14


def save_chart(charts: Charts, session: Session, name: str, steps: range) -> tuple[str, Callable[[], bytes]] | None:
    """The name of a file for what a chart shows of some steps, and what makes it: on any thread, for it may take long.

    None where there is no such chart, or nothing of it in these steps.
    """
    chart, episode = charts.find(name), session.episode
    seen = range(max(steps.start, episode.first_step), min(steps.stop, episode.last_step + 1, session.player.num_steps))
    if chart is None or not len(seen):
        return None
    names, values = chart.values_told(seen)
    where = (session.replay.rollout.name, f"env{session.env_id}", f"ep{episode.index}", charts.title(name))
    dt = session.player.control_dt
    file = "_".join(harmless(part).replace(" ", "_") for part in where)
    return f"{file}.csv", lambda: "".join(_lines(names, seen, dt, values)).encode()


def _lines(names: tuple[str, ...], steps: range, control_dt: float, values: np.ndarray) -> Iterator[str]:
    yield csv_line(["step", "time_s", *names])
    for begin in range(0, len(values), _BLOCK):
        columns = [_texts(column) for column in values[begin : begin + _BLOCK].T]
        for step, *cells in zip(steps[begin : begin + _BLOCK], *columns, strict=True):
            yield csv_line([step, round(step * control_dt, 9), *cells])


def _texts(column: np.ndarray) -> list[str]:
    """Numbers as short as they can be without being others; nothing is an empty cell."""
    short = column.astype(np.float32)
    is_short = np.array_equal(short.astype(np.float64), column, equal_nan=True)
    texts = (short if is_short else column).astype(str)
    return np.where(np.isnan(column), "", texts).tolist()
