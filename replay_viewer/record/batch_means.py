"""Means over all envs that an environment logs itself, as forks of ProtoMotions do: `log_dict["raw/<name>_mean"]`."""

from __future__ import annotations

import re
from typing import Any, Mapping, Sequence

from ..arrays import as_array, numbers_like, numpy_if_on_host
from ..container.layout import MEANS_PREFIX, is_field_name
from .problems import Problems

_DICT = "log_dict"
_KEY = re.compile(r"(?:raw|scaled)(?:_r)?/.+_mean")
_NOT_IN_FIELDS = re.compile(r"[^A-Za-z0-9_./-]")


class BatchMeans:
    """Reads them after each step, from wherever the environment has put them by then.

    Args:
        layers: the environment and what it wraps.
        num_rows: recorded envs, each of which gets the same number.
        problems: told of what comes too late, or is no number.

    Attributes:
        is_empty: whether there are none to read.
    """

    def __init__(self, layers: Sequence[Any], num_rows: int, problems: Problems) -> None:
        self._layers, self._num_rows, self._problems = layers, num_rows, problems
        # By key, the recording's field; the first step settles them.
        self._fields: dict[str, str] = {}
        self.is_empty = True

    def settle(self) -> None:
        """The first step is over: what is there now is recorded."""
        for key in self._found():
            field = MEANS_PREFIX + _NOT_IN_FIELDS.sub("_", key)
            if is_field_name(field) and field not in self._fields.values():
                self._fields[key], self.is_empty = field, False
            else:
                self._problems.tell(key, "is a mean whose name a recording cannot have: it is left out.")

    def read(self, like: Any) -> dict[str, Any]:
        """(n,) by field, in the library and on the device of an array `like`; unknown where there is none now."""
        found = self._found()
        for key in found.keys() - self._fields.keys():
            self._problems.tell(key, "is a mean that the first step did not have: it is left out.")
        like = numpy_if_on_host(like)
        return {field: self._rows(key, found.get(key), like) for key, field in self._fields.items()}

    def _found(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for layer in reversed(self._layers):
            logged = getattr(layer, _DICT, None)
            if isinstance(logged, Mapping):
                found.update((k, v) for k, v in logged.items() if isinstance(k, str) and _KEY.fullmatch(k))
        return found

    def _rows(self, key: str, value: Any, like: Any) -> Any:
        return _repeated(self._number(key, value), like, self._num_rows)

    def _number(self, key: str, value: Any) -> Any:
        """A number, perhaps still on its device; NaN of what is none."""
        if value is None:
            return float("nan")
        if isinstance(value, (int, float)):
            return float(value)
        if getattr(value, "shape", None) in ((), (1,)):
            return value
        problem = f"has shape {tuple(value.shape)}" if hasattr(value, "shape") else f"is a {type(value).__name__}"
        self._problems.tell(key, f"{problem}, expected one number for all envs: it is NaN in such steps.")
        return float("nan")


def _repeated(number: Any, like: Any, count: int) -> Any:
    """(count,) of a number, where `like` is; one that is there already is not waited for."""
    if hasattr(number, "expand") and getattr(number, "device", None) == getattr(like, "device", None):
        return number.detach().reshape(1).expand(count).to(like.dtype)
    return numbers_like(like, [float(as_array(number).reshape(()))] * count)
