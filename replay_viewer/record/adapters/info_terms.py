"""Parts of a reward that Gymnasium's tasks leave in the `info` of each step: `reward_forward`, `reward_ctrl`."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import numpy as np

_PREFIX = "reward_"
_TOLERANCE = 1e-6


class InfoTerms:
    """The numbers in a step's infos whose names begin with "reward_".

    They are reward terms where they add up to the reward. Where they do not (a part has no name, or a wrapper scales
    the reward), they are signals of their own. The first step decides.

    Attributes:
        names: None until it has.
        are_terms: whether they add up.
        values: (n, num_names) of the last step.
    """

    def __init__(self, num_envs: int) -> None:
        self.names: tuple[str, ...] | None = None
        self.are_terms = False
        self.values = np.zeros((num_envs, 0))

    def decide(self, infos: Sequence[Mapping[str, Any]], rewards: np.ndarray) -> None:
        """Find out from the first step. infos: (n,), empty where an env was not stepped. rewards: (n,)."""
        names = next(filter(None, map(_numbers, infos)), ())
        self.names, self.values = tuple(names), np.zeros((len(infos), len(names)))
        self.fill(infos, rewards)
        stepped = np.array([len(info) > 0 for info in infos])
        excess = np.abs(self.values.sum(axis=1) - rewards)[stepped]
        self.are_terms = len(names) > 0 and bool((excess <= _TOLERANCE * np.maximum(1, np.abs(rewards[stepped]))).all())

    def fill(self, infos: Sequence[Mapping[str, Any]], rewards: np.ndarray) -> None:
        """Take over a step. What an info lacks is unknown, but where there was no reward, as in a mere reset."""
        for row, info in enumerate(infos):
            unknown = np.nan if rewards[row] else 0.0
            self.values[row] = [info.get(name, unknown) for name in self.names or ()]


def _numbers(info: Mapping[str, Any]) -> list[str]:
    kinds = (int, float, np.number)
    return [name for name, value in info.items() if name.startswith(_PREFIX) and isinstance(value, kinds)]
