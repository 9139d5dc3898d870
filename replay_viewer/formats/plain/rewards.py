"""The reward and its terms in a plain npz."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ...errors import BadField
from ..info_terms import RewardTerms, choose_terms
from ..reward_sum import sum_verdict
from .columns import Column, MappedColumn
from .info import InfoArray
from .layout import NpzLayout, as_floats

TERMS_PREFIX = "reward_terms/"


def read_rewards(layout: NpzLayout, info: Mapping[str, InfoArray]) -> tuple[Column | None, RewardTerms]:
    """The reward (T, N[, A]), or None, and its terms, with whether they sum to it.

    Raises BadField for misshapen arrays.
    """
    rew = _read_rew(layout)
    agents_shape = rew.shape[2:] if rew else ()
    stored, means = _stored_terms(layout, agents_shape)
    terms = choose_terms(stored, info, rew, agents_shape)
    stacked = terms.stacked
    sums = [sum_verdict(terms.names, stacked, rew)] if stacked and rew else []
    return rew, replace(terms, batch_means={**means, **terms.batch_means}, verdicts=(*terms.verdicts, *sums))


def _read_rew(layout: NpzLayout) -> Column | None:
    if "rew" not in layout.archive.headers:
        return None
    rew = as_floats(layout.column("rew", rank=0))
    agents_shape = rew.shape[2:]
    if agents_shape == (1,) and layout.num_agents != 1:
        return _without_last_axis(rew)
    if len(agents_shape) > 1 or (agents_shape and layout.num_agents not in (None, *agents_shape)):
        got, wanted = layout.archive.headers["rew"].shape, (layout.num_steps, layout.num_envs, *layout.agents_shape)
        raise BadField(layout.archive.path, "rew", f"has shape {got}, expected {wanted[:2]} or {wanted}.")
    return rew


def _stored_terms(layout: NpzLayout, agents_shape: tuple[int, ...]) -> tuple[dict[str, Column], dict[str, np.ndarray]]:
    """Arrays "reward_terms/<name>": per env, or one number a step, which is a mean over the batch."""
    terms, means = {}, {}
    for key, header in layout.archive.headers.items():
        if not key.startswith(TERMS_PREFIX):
            continue
        if header.shape == (layout.num_steps,) and layout.num_envs > 1 and header.dtype.kind in "biuf":
            means[key] = layout.archive.load(key).astype(np.float32)
            continue
        column = as_floats(layout.column(key, rank=len(agents_shape)))
        if not agents_shape and column.shape[2:] == (1,):
            column = _without_last_axis(column)
        if column.shape[2:] != agents_shape:
            expected = (layout.num_steps, layout.num_envs, *agents_shape)
            raise BadField(layout.archive.path, key, f"has shape {header.shape}, expected {expected} like the reward.")
        terms[key[len(TERMS_PREFIX) :]] = column
    return terms, means


def _without_last_axis(column: Column) -> Column:
    """(T, N, 1) as (T, N)."""
    return MappedColumn(column, lambda values: values[:, :, 0])
