"""Which of a simulator's envs are recorded, as users write it."""

from __future__ import annotations

from typing import Any, Iterable

from ..arrays import as_array
from ..errors import BadArgument, UnknownName

_FIX = 'give a list of the simulator\'s indices, such as [0, 1], or "all".'


def chosen_envs(wanted: Any, total: int) -> list[int]:
    """The indices that are meant.

    Args:
        wanted: integers in a sequence, an array or a tensor; one integer; or "all".
        total: how many envs there are.

    Raises:
        BadArgument: anything else, no env, or one twice.
        UnknownName: an env that there is not.
    """
    if isinstance(wanted, str) and wanted == "all":
        return list(range(total))
    chosen: dict[int, None] = {}
    for item in _items(wanted):
        env_id = _index(item, wanted)
        if not 0 <= env_id < total:
            raise UnknownName("env", env_id, range(total), "the environment")
        if env_id in chosen:
            raise BadArgument("env_ids", wanted, f"names env {env_id} twice.")
        chosen[env_id] = None
    if not chosen:
        raise BadArgument("env_ids", wanted, f"names no env; {_FIX}")
    return list(chosen)


def _items(wanted: Any) -> list[Any]:
    if hasattr(wanted, "shape"):
        listed = as_array(wanted).tolist()
        return listed if isinstance(listed, list) else [listed]
    is_several = isinstance(wanted, Iterable) and not isinstance(wanted, (str, bytes, dict))
    return list(wanted) if is_several else [wanted]


def _index(item: Any, wanted: Any) -> int:
    """An integer, or a number that equals one. Raises BadArgument; a truth value is none: lists of them are masks."""
    number = as_array(item).tolist() if hasattr(item, "shape") else item
    if isinstance(number, bool) or not isinstance(number, (int, float)) or number % 1 != 0:
        raise BadArgument("env_ids", repr(wanted), f"{item!r} is no index; {_FIX}")
    return int(number)
