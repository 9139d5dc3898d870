"""Variations: the values that randomised factors had in each episode, by when they were drawn."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import numpy as np

from ...arrays import as_array
from ...episode_record import as_json
from ...errors import BadArgument
from ..rows import ids_of
from .plain import plain

# A row of a column: an env of which nothing is known.
_UNKNOWN = object()


class Variations:
    """The draws of the running episodes.

    What holds at the beginning of an episode is its value; what is drawn while it runs is kept with its step, as
    `{"step": ..., "value": ...}`; several draws of one factor in one episode are a list.

    Args:
        env_ids: the simulator's indices of the envs, n of them.
        num_envs: how many the simulator has.
    """

    def __init__(self, env_ids: Sequence[int], num_envs: int) -> None:
        self._count = len(env_ids)
        self._slots = np.full(num_envs, -1)
        self._slots[np.asarray(env_ids)] = np.arange(len(env_ids))
        # By name, what holds in each env from episode to episode, (n,).
        self._standing: dict[str, list[Any]] = {}
        # By position and name, draws of the running episode, in their order.
        self._drawn: dict[int, dict[str, list[Any]]] = {}
        # Those whose last draw of an episode holds in the next one.
        self._kept: set[str] = set()

    def rows_of(self, name: str, values: Any, env_ids: Any) -> tuple[list[int], list[Any]]:
        """Positions of the envs of a draw that are recorded, and their values.

        Args:
            name: of the factor.
            values: one for all envs, or (k, ...) for these, or a dict of such by name.
            env_ids: (k,) indices in the simulator, or a mask of all its envs; None for all.

        Raises:
            BadArgument: another number of values, or an env that there is not.
        """
        ids = ids_of(env_ids, len(self._slots))
        if len(ids) and not 0 <= ids.min() <= ids.max() < len(self._slots):
            raise BadArgument("env_ids", ids.tolist(), f"there are envs 0 to {len(self._slots) - 1}.")
        found = _listed(name, values, len(ids))
        slots = self._slots[ids]
        if self._count < len(self._slots):
            found = [value for value, is_own in zip(found, (slots >= 0).tolist()) if is_own]
            slots = slots[slots >= 0]
        return slots.tolist(), found

    def hold(self, name: str, slots: Sequence[int], values: Sequence[Any]) -> None:
        """Values that hold in each episode of these envs from here on, where no other is drawn for it."""
        column = self._standing.setdefault(name, [])
        column += [_UNKNOWN] * (self._count - len(column))
        for slot, value in zip(slots, values):
            column[slot] = value

    def keep(self, name: str, slots: Sequence[int], values: Sequence[Any]) -> None:
        """The same of a factor whose draws in the middle of an episode hold in the next ones, too."""
        self._kept.add(name)
        self.hold(name, slots, values)

    def begin(self, name: str, slots: Sequence[int], values: Sequence[Any]) -> None:
        """Values with which the running episodes alone begin, in place of earlier ones."""
        for slot, value in zip(slots, values):
            self._drawn.setdefault(slot, {})[name] = [value]

    def add(self, name: str, slots: Sequence[int], values: Sequence[Any], step: int | None) -> None:
        """Further draws for the running episodes alone: as they begin, or in a step."""
        for slot, value in zip(slots, values):
            draw = value if step is None else {"step": step, "value": value}
            self._drawn.setdefault(slot, {}).setdefault(name, []).append(draw)

    def forget(self, name: str) -> None:
        """Nothing is known of a factor any more."""
        self._standing.pop(name, None)
        self._kept.discard(name)
        for draws in self._drawn.values():
            draws.pop(name, None)

    def take(self, slot: int) -> Mapping[str, Any]:
        """What was drawn for an episode that ends, by name; a new one begins."""
        found = {name: value for name, column in self._standing.items() if (value := column[slot]) is not _UNKNOWN}
        for name, draws in self._drawn.pop(slot, _NOTHING).items():
            last = draws[-1]
            if name in found and _is_in_step(draws[0]):
                draws = [found[name], *draws]
            found[name] = draws[0] if len(draws) == 1 else draws
            if name in self._kept:
                self._standing[name][slot] = last["value"] if _is_in_step(last) else last
        return found


_NOTHING: Mapping[str, list[Any]] = {}


def _is_in_step(draw: Any) -> bool:
    return isinstance(draw, dict) and "step" in draw


def _listed(name: str, values: Any, count: int) -> list[Any]:
    """JSON-ready values, one for each of `count` envs. Raises BadArgument for another number."""
    if isinstance(values, dict) and values:
        columns = zip(*(_listed(name, column, count) for column in values.values()))
        return [dict(zip(values, row)) for row in columns]
    found = values if isinstance(values, (str, list, tuple)) else as_array(values)
    if isinstance(found, str) or (isinstance(found, np.ndarray) and found.ndim == 0):
        return [as_json(values)] * count
    if len(found) != count:
        raise BadArgument(f"variation {name!r}", f"{len(found)} values", f"expected one for each of {count} envs.")
    return plain(found) if isinstance(found, np.ndarray) else [as_json(value) for value in found]
