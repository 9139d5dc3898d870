"""The done flags and successes of a plain npz, from its arrays and from info."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..rollout.rollout import Verdict
from .plain.ends import FLAG_ROLES, DoneFlags
from .plain.info import InfoArray
from .plain.layout import NpzLayout

SUCCESSES = ("success", "is_success")


def read_flags(layout: NpzLayout, info: Mapping[str, InfoArray]) -> tuple[DoneFlags, list[Verdict]]:
    """All done flags, those of one role joined by "or".

    Raises BadField for an array of flags that is not (T, N).
    """
    roles: dict[str, np.ndarray] = {}
    names, verdicts = [], []
    for key, role in FLAG_ROLES.items():
        if key in layout.archive.headers:
            _join(roles, role, _stored(layout, key))
            names.append(f"'{key}'")
        if key in info and info[key].is_per_env:
            _join(roles, role, np.nan_to_num(info[key].values) != 0)
            names.append(f"'{key}' in info")
        elif key in info:
            reason = "it is one value for all envs, which does not say which env it is about"
            verdicts.append(Verdict("episode ends", f"'{key}' in info is not used", reason, "problem"))
    return DoneFlags(**roles, names=tuple(names)), verdicts


def read_success(layout: NpzLayout, info: Mapping[str, InfoArray]) -> np.ndarray | None:
    """Success of each env's episode as known at each step, (T, N) of 1, 0 and NaN (not said), or None."""
    for key in SUCCESSES:
        if key in layout.archive.headers:
            values = layout.column(key, rank=0).read(slice(None), range(layout.num_envs))
            return np.where(np.isnan(values), np.nan, values != 0).astype(np.float32)
        if key in info and info[key].is_per_env and info[key].values.size:
            array = info[key]
            values = array.values.reshape(*array.values.shape[:2], -1)[..., 0].astype(np.float32)
            return np.where(array.present[:, None], values, np.nan)
    return None


def _stored(layout: NpzLayout, key: str) -> np.ndarray:
    column = layout.column(key, rank=0)
    return column.read(slice(None), range(layout.num_envs)) != 0


def _join(roles: dict[str, np.ndarray], role: str, flags: np.ndarray) -> None:
    """An env's episode ends when those of all its agents do."""
    per_env = np.asarray(flags.reshape(*flags.shape[:2], -1).all(axis=-1))
    roles[role] = roles[role] | per_env if role in roles else per_env
