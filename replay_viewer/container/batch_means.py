"""Means over the simulator's envs that a recording has beside its envs' own values; read when they are asked for."""

from __future__ import annotations

import numpy as np

from ..errors import listing
from ..rollout.rollout import Verdict
from .layout import MEANS_PREFIX, is_batch_mean
from .source import ContainerSource


class BatchMean:
    """The numbers of one, indexed by step, as an array (T,) is; T grows with the recording."""

    def __init__(self, source: ContainerSource, field: str) -> None:
        self._source, self._field = source, field

    def __getitem__(self, steps: int | slice) -> np.ndarray:
        """One number, or those of some steps (S,)."""
        if isinstance(steps, slice):
            return self._source.read(self._field, slice(*steps.indices(self._source.num_steps)), [0])[:, 0]
        return self._source.read(self._field, slice(steps, steps + 1), [0])[0, 0]


def batch_means(source: ContainerSource) -> dict[str, BatchMean]:
    """By the name that the environment gave it; every env's field has the same numbers, so the first is asked."""
    fields = [name for name, field in source.fields.items() if is_batch_mean(name) and field.shape == ()]
    return {name[len(MEANS_PREFIX) :]: BatchMean(source, name) for name in fields}


def mean_verdicts(source: ContainerSource) -> list[Verdict]:
    """That they are no env's own values."""
    names = batch_means(source)
    reason = "the environment logs one number per step for all envs together; it is no env's own value"
    return [Verdict("batch means", listing(names), reason, "stated")] if names else []
