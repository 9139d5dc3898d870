"""Variations: the values that randomised factors had in each episode, by when they were drawn."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import numpy as np

from ...arrays import as_array
from ...episode_record import as_json
from ...errors import BadArgument


class Variations:
    """The draws of the running episodes.

    What was drawn before the first step holds in all episodes, until a later draw. What is drawn while an episode runs
    is kept with its step, as `{"step": ..., "value": ...}`; several draws of one factor in one episode are a list.

    Args:
        env_ids: the simulator's indices of the envs, n of them.
        num_envs: how many the simulator has.
    """

    def __init__(self, env_ids: Sequence[int], num_envs: int) -> None:
        self._slots = np.full(num_envs, -1)
        self._slots[np.asarray(env_ids)] = np.arange(len(env_ids))
        # By position and name, draws in their order; of those that were made before the first step, the last.
        self._drawn: dict[int, dict[str, list[Any]]] = {}
        self._first: dict[int, dict[str, Any]] = {}

    def rows_of(self, name: str, values: Any, env_ids: Any) -> list[tuple[int, Any]]:
        """The values of a draw by position of their envs, of those that are recorded.

        Args:
            name: of the factor.
            values: one for all envs, or (k, ...) for these.
            env_ids: (k,) indices in the simulator, or a mask of all its envs; None for all.

        Raises:
            BadArgument: another number of values, or an env that there is not.
        """
        ids = np.arange(len(self._slots)) if env_ids is None else as_array(env_ids).reshape(-1)
        ids = (np.flatnonzero(ids) if ids.dtype == bool else ids).astype(np.int64)
        if len(ids) and not 0 <= ids.min() <= ids.max() < len(self._slots):
            raise BadArgument("env_ids", ids.tolist(), f"there are envs 0 to {len(self._slots) - 1}.")
        found = values if isinstance(values, (str, list, tuple)) else as_array(values)
        if isinstance(found, str) or np.ndim(found) == 0:
            found = [as_json(found)] * len(ids)
        if len(found) != len(ids):
            raise BadArgument(
                f"variation {name!r}", f"{len(found)} values", f"expected one for each of {len(ids)} envs."
            )
        slots = self._slots[ids].tolist()
        return [(slot, as_json(value)) for slot, value in zip(slots, found) if slot >= 0]

    def hold(self, name: str, rows: Sequence[tuple[int, Any]]) -> None:
        """Draws that were made before the first step."""
        for slot, value in rows:
            self._first.setdefault(slot, {})[name] = value

    def add(self, name: str, rows: Sequence[tuple[int, Any]], step: int | None) -> None:
        """Draws for the running episodes: as they begin, or in a step."""
        for slot, value in rows:
            draw = value if step is None else {"step": step, "value": value}
            self._drawn.setdefault(slot, {}).setdefault(name, []).append(draw)

    def take(self, slot: int) -> Mapping[str, Any]:
        """What was drawn for an episode that ends, by name; a new one begins."""
        drawn = self._drawn.pop(slot, {})
        found: dict[str, Any] = dict(self._first.get(slot, {}))
        for name, draws in drawn.items():
            if name in found and isinstance(draws[0], dict) and "step" in draws[0]:
                draws = [found[name], *draws]
            found[name] = draws[0] if len(draws) == 1 else draws
        return found
