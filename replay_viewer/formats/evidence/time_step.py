"""The time step of a file: its 'dt', or what else says how much time lies between two steps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...container.info import TIME_STEPS, is_time_step
from ...errors import BadArgument, BadField, printable
from ...rollout.rollout import Verdict
from .layout import TableLayout
from .other_keys import RATES, TIMES

_TOPIC = "control_dt"
_USUAL_DT = 0.02  # [s]
# Other names of a time step.
_STEPS = ("control_dt", "step_dt", "policy_dt", "timestep", "time_step")
# What time steps of robots are [s], and the units that times are in.
_LEAST, _LARGEST = 1e-4, 1.0
_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
# Steps farther from the median than this part of it are uneven; two time steps this near to each other are equal.
_UNEVEN, _EQUAL = 0.2, 0.05
_MAX_NUMBER_BYTES = 1 << 24


def is_of_time(key: str) -> bool:
    """Whether an array is looked at for the time step."""
    return key.lower() in (*_STEPS, *RATES, *TIMES)


def stated_dt(seconds: float) -> tuple[float, Verdict]:
    """Seconds per step as the user states them; raises BadArgument unless positive."""
    if not is_time_step(seconds):
        raise BadArgument("--dt", seconds, f"seconds per step must be positive: {TIME_STEPS}.")
    return seconds, Verdict(_TOPIC, f"{seconds:g} s", "as you say", "stated")


def control_dt(layout: TableLayout, stated: float | None) -> tuple[float, Verdict]:
    """Seconds per step: as the user states, as the file says in 'dt', a rate or times, else 0.02.

    Raises BadArgument or BadField for a time that is not positive.
    """
    if stated is not None:
        return stated_dt(stated)
    others = list(_others(layout))
    if "dt" in layout.table.headers:
        return _checked(_stored_dt(layout), others)
    if others:
        return others[0]
    reason = "the file has no 'dt'; 50 Hz is the usual rate of control (--dt changes it)"
    unread = [key for key in layout.table.headers if is_of_time(key)]
    if unread:
        reason = f"no time step can be read from '{printable(unread[0])}', and there is no 'dt' (--dt states it)"
    return _USUAL_DT, Verdict(_TOPIC, f"{_USUAL_DT:g} s", reason, "problem" if unread else "assumed")


def _checked(dt: float, others: list[tuple[float, Verdict]]) -> tuple[float, Verdict]:
    """The file's 'dt', doubted where something else in the file contradicts it."""
    for other, verdict in others:
        if abs(other - dt) > _EQUAL * dt:
            reason = f"the file's 'dt', but {verdict.reason}: {other:g} s (--dt decides)"
            return dt, Verdict(_TOPIC, f"{dt:g} s", reason, "problem")
    return dt, Verdict(_TOPIC, f"{dt:g} s", "the file's 'dt'", "stated")


def _stored_dt(layout: TableLayout) -> float:
    dt, path = _one_number(layout, "dt"), layout.table.path
    if dt is None:
        header = layout.table.headers["dt"]
        raise BadField(path, "dt", f"has shape {header.shape} and type {header.dtype}, expected one number.")
    if not is_time_step(dt):
        raise BadField(path, "dt", f"is {dt}, expected seconds per step: {TIME_STEPS}.", "State it with --dt.")
    return dt


def _others(layout: TableLayout) -> Iterator[tuple[float, Verdict]]:
    """Time steps that follow from what has other names than 'dt'."""
    for key in layout.table.headers:
        if not is_of_time(key):
            continue
        number = _one_number(layout, key)
        if key.lower() in TIMES:
            yield from _of_times(layout, key)
        elif number is not None and key.lower() in _STEPS and is_time_step(number):
            yield number, Verdict(_TOPIC, f"{number:g} s", f"the file's '{key}'", "stated")
        elif number and key.lower() in RATES and is_time_step(1 / number):
            yield 1 / number, Verdict(_TOPIC, f"{1 / number:g} s", f"the file's '{key}' is {number:g}", "stated")


def _of_times(layout: TableLayout, key: str) -> Iterator[tuple[float, Verdict]]:
    """The time step of an array of times (T,), (T, 1) or (T, N); nothing where it has none."""
    header = layout.table.headers[key]
    shapes = [(layout.num_steps, *envs) for envs in ((), (1,), (layout.num_envs,))]
    if header.dtype.kind not in "iuf" or header.shape not in shapes:
        return
    times = layout.table.load(key).reshape(layout.num_steps, -1)[:, :1].astype(np.float64)
    steps = np.diff(times[:, 0])
    steps = steps[np.isfinite(steps) & (steps > 0)]  # A clock may begin anew with an episode.
    is_counter = header.dtype.kind in "iu" and bool((steps == 1).all())
    unit = None if is_counter or not len(steps) else _unit(float(np.median(steps)))
    if unit is None:
        return
    dt, reason = float(np.median(steps)) * _UNITS[unit], f"the step of the file's '{key}'"
    reason += f", taken as {unit}" if unit != "s" else ""
    low, high = float(steps.min()) * _UNITS[unit], float(steps.max()) * _UNITS[unit]
    if max(high - dt, dt - low) > _UNEVEN * dt:
        reason = f"the median {reason.partition(' ')[2]}, whose steps are uneven: {low:.3g} to {high:.3g} s"
        yield dt, Verdict(_TOPIC, f"{dt:g} s", reason, "problem")
    else:
        yield dt, Verdict(_TOPIC, f"{dt:g} s", reason, "found" if unit == "s" else "assumed")


def _unit(step: float) -> str | None:
    """The first unit in which a step is one of a robot, or None."""
    return next((unit for unit, seconds in _UNITS.items() if _LEAST <= step * seconds <= _LARGEST), None)


def _one_number(layout: TableLayout, key: str) -> float | None:
    """A number that is stored alone, as text, or once for each step; None where there is none, or several."""
    header = layout.table.headers[key]
    if header.dtype.kind not in "iufUS" or not 0 < header.value_bytes <= _MAX_NUMBER_BYTES:
        return None
    values = layout.table.load(key).reshape(-1)
    if len(values) > 1 and (values != values[0]).any():
        return None
    try:
        return float(values[0])
    except ValueError:
        return None
