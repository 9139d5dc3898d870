"""The `info` of a step as plain data: dictionaries and lists of numbers, text and arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import as_array
from ..rows import Rows

# Ends of episodes have arrays of their own. In info they mislead: legged_gym refreshes `time_outs` at resets only.
_OVER = {"done", "dones", "reset", "resets", "reset_buf"}
_TERMINATED = {"terminated", "terminations", "terminal", "terminals"}
_TRUNCATED = {"truncated", "truncations", "TimeLimit.truncated"}
_TIMED_OUT = {"time_out", "time_outs", "time_out_buf", "timeout", "timeouts", "timeout_buf"}
ENDS = frozenset(_OVER | _TERMINATED | _TRUNCATED | _TIMED_OUT)
# Larger entries are observations, which do not belong here.
_MAX_VALUES_PER_ENV = 64
_MAX_TEXT = 1000  # Characters.
_MAX_DEPTH = 4  # Of dictionaries in one another.


def plain_info(info: Any, rows: Rows, num_envs: int | None) -> Any:
    """What of an info is plain data, about the recorded envs: a dictionary, or a list of one per recorded env.

    Args:
        info: dictionary, or as vector environments give it a sequence of one per env; anything else gives {}.
        rows: the recorded envs; of an array with a row for each env, only theirs are kept, as a copy.
        num_envs: of the simulator; None for an environment without an axis of envs.
    """
    if isinstance(info, dict):
        return _Plain(rows, num_envs).dictionary(info, without=ENDS)
    if isinstance(info, (list, tuple)) and len(info) == num_envs:
        return [_Plain(rows, None).dictionary(info[env], without=ENDS) for env in rows.env_ids]
    return {}


class _Plain:
    """Takes of dictionaries what is plain data, about the recorded envs."""

    def __init__(self, rows: Rows, num_envs: int | None) -> None:
        self._rows, self._num_envs = rows, num_envs

    def dictionary(self, info: Any, depth: int = 0, without: frozenset[str] = frozenset()) -> dict[str, Any]:
        """What of its values is plain data, by text keys."""
        kept = {}
        for key, value in info.items() if isinstance(info, dict) else ():
            plain = None if str(key) in without else self._value(value, depth)
            if plain is not None:
                kept[str(key)] = plain
        return kept

    def _value(self, value: Any, depth: int) -> Any:
        """A plain value, or None for what is none."""
        if isinstance(value, dict):
            return self.dictionary(value, depth + 1) if depth < _MAX_DEPTH else None
        if isinstance(value, str):
            return value[:_MAX_TEXT]
        try:
            return self._numbers(value)
        except (TypeError, ValueError):  # No array can be made of it.
            return None

    def _numbers(self, value: Any) -> Any:
        """A number, or an array of few numbers per env."""
        shaped = value if hasattr(value, "shape") else np.asarray(value)
        is_per_env = self._num_envs is not None and len(shaped.shape) > 0 and shaped.shape[0] == self._num_envs
        array = as_array(self._rows.copied(shaped) if is_per_env else shaped)
        num_values = array.size // (len(self._rows) if is_per_env else 1)
        if array.dtype.kind not in "biuf" or num_values > _MAX_VALUES_PER_ENV:
            return None
        return array.item() if array.ndim == 0 else np.array(array)
