"""Survival: which share still runs after some time, where some were cut off before anything happened to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .estimates import Z


@dataclass(frozen=True)
class Survival:
    """A curve of steps (E. L. Kaplan and P. Meier, 1958), each at a time when something ended.

    Attributes:
        times: (K,) growing; the curve begins with 1 at 0, before the first of them.
        alive: (K,) share that goes on after each.
        low: (K,) of its 95 % interval.
        high: (K,) likewise.
        at_risk: (K,) how many were still watched just before.
        last: until when anybody was watched.
    """

    times: np.ndarray
    alive: np.ndarray
    low: np.ndarray
    high: np.ndarray
    at_risk: np.ndarray
    last: float

    @property
    def median(self) -> float | None:
        """The time after which no more than half go on; None where more than half do to the end."""
        below = np.flatnonzero(self.alive <= 0.5)
        return float(self.times[below[0]]) if len(below) else None

    def at(self, time: float) -> float:
        """The share that goes on after a time."""
        passed = int(np.searchsorted(self.times, time, side="right"))
        return float(self.alive[passed - 1]) if passed else 1.0


def survival(times: np.ndarray, ended: np.ndarray) -> Survival | None:
    """The curve of Kaplan and Meier with the log-log interval of Greenwood's variance; None of nothing.

    Args:
        times: (N,) how long each was watched.
        ended: (N,) whether it ended then; of the others it is only known that they lasted as long ("censored").
    """
    if not len(times):
        return None
    moments = np.unique(times[ended])
    ordered = np.sort(times)
    at_risk = len(times) - np.searchsorted(ordered, moments, side="left")
    deaths = np.searchsorted(np.sort(times[ended]), moments, side="right")
    deaths = np.diff(deaths, prepend=0)
    alive = np.cumprod(1 - deaths / at_risk)
    low, high = _interval(alive, deaths, at_risk)
    return Survival(moments, alive, low, high, at_risk, float(ordered[-1]))


def _interval(alive: np.ndarray, deaths: np.ndarray, at_risk: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """95 % on the scale of log(-log(alive)), which stays between 0 and 1; where nobody is left there is none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(deaths / (at_risk * (at_risk - deaths)))
        width = Z * np.sqrt(variance) / np.log(alive)
        low, high = alive ** np.exp(-width), alive ** np.exp(width)
    is_known = np.isfinite(width)
    return np.where(is_known, low, 0.0), np.where(is_known, high, alive)
