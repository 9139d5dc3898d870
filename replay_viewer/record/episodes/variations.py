"""Variations: the values that randomised factors had in each episode, by when they were drawn."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import numpy as np

from ...arrays import as_array
from ...episode_record import as_json
from ...errors import BadArgument
from ..rows import ids_of
from .columns import MISSING, Column, Columns, chosen_of, column_of, columns_of, rows_of
from .standing import Standing


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
        # By name, what holds in each env from episode to episode.
        self._standing: dict[str, Standing] = {}
        # By position and name, draws of the running episode, in their order.
        self._drawn: dict[int, dict[str, list[Any]]] = {}
        # Those whose last draw of an episode holds in the next one.
        self._kept: set[str] = set()

    def column_of(self, name: str, values: Any, env_ids: Any) -> tuple[np.ndarray, Column]:
        """Positions (k,) of the envs of a draw that are recorded, and their values.

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
            found, slots = chosen_of(found, slots >= 0), slots[slots >= 0]
        return slots, found

    def hold(self, name: str, slots: np.ndarray, values: Column) -> None:
        """Values that hold in each episode of these envs (k,) from here on, where no other is drawn for it."""
        self._standing.setdefault(name, Standing(self._count)).put(slots, values)

    def keep(self, name: str, slots: np.ndarray, values: Column) -> None:
        """The same of a factor whose draws in the middle of an episode hold in the next ones, too."""
        self._kept.add(name)
        self.hold(name, slots, values)

    def begin(self, name: str, slots: np.ndarray, values: Column) -> None:
        """Values with which the running episodes alone begin, in place of earlier ones."""
        for slot, value in zip(slots.tolist(), rows_of(values, len(slots))):
            self._drawn.setdefault(slot, {})[name] = [value]

    def add(self, name: str, slots: np.ndarray, values: Column, step: int | None) -> None:
        """Further draws for the running episodes alone: as they begin, or in a step."""
        for slot, value in zip(slots.tolist(), rows_of(values, len(slots))):
            draw = value if step is None else {"step": step, "value": value}
            self._drawn.setdefault(slot, {}).setdefault(name, []).append(draw)

    def forget(self, name: str) -> None:
        """Nothing is known of a factor any more."""
        self._standing.pop(name, None)
        self._kept.discard(name)
        for draws in self._drawn.values():
            draws.pop(name, None)

    def take(self, slots: np.ndarray) -> Columns:
        """What was drawn for episodes (k,) that end, by name; new ones begin."""
        columns = {name: standing.of(slots) for name, standing in self._standing.items()}
        found = {name: column for name, column in columns.items() if column is not None}
        own = slots.tolist()
        if not self._drawn or self._drawn.keys().isdisjoint(own):
            return found
        for name, draws in columns_of([self._drawn.pop(slot, _NOTHING) for slot in own]).items():
            standing = rows_of(found[name], len(own)) if name in found else [MISSING] * len(own)
            found[name] = list(map(_joined, standing, draws))
            if name in self._kept:
                drawn = [(slot, _value(draw[-1])) for slot, draw in zip(own, draws) if draw is not MISSING and draw]
                self._standing[name].put_rows(*zip(*drawn))
        return found


_NOTHING: Mapping[str, list[Any]] = {}


def _joined(standing: Any, draws: Any) -> Any:
    """What an episode has of a factor: what holds, and what was drawn while it ran."""
    if draws is MISSING or not draws:
        return standing
    if standing is not MISSING and _is_in_step(draws[0]):
        draws = [standing, *draws]
    return draws[0] if len(draws) == 1 else draws


def _value(draw: Any) -> Any:
    return draw["value"] if _is_in_step(draw) else draw


def _is_in_step(draw: Any) -> bool:
    return isinstance(draw, dict) and "step" in draw


def _listed(name: str, values: Any, count: int) -> Column:
    """A column for `count` envs. Raises BadArgument for another number."""
    if isinstance(values, dict) and values:
        return {str(part): _listed(name, column, count) for part, column in values.items()}
    found = values if isinstance(values, (str, list, tuple)) else as_array(values)
    if isinstance(found, str) or (isinstance(found, np.ndarray) and found.ndim == 0):
        return [as_json(values)] * count
    if len(found) != count:
        raise BadArgument(f"variation {name!r}", f"{len(found)} values", f"expected one for each of {count} envs.")
    return column_of(found) if isinstance(found, np.ndarray) else [as_json(value) for value in found]
