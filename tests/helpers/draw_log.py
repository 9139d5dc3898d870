"""What a simulator draws at random, in the order in which it does, sorted into episodes.

Runs on Python 3.8 with numpy alone.
"""

from __future__ import annotations

from typing import Any, Collection, Iterable

_IN_RESET = -1


class DrawLog:
    """Keeps draws and resets.

    Args:
        passing: names of what acts once, and does not hold in the next episodes.

    Attributes:
        is_resetting: whether draws are made by a reset.
        step: the one that is made.
    """

    def __init__(self, passing: Collection[str] = ("push",)) -> None:
        self.is_resetting, self.step = False, 0
        self.entries: list[tuple[str, int, int, Any]] = []
        self._passing = passing

    def note(self, name: str, env_ids: Iterable[int], values: Iterable[Any]) -> None:
        """Keep what is drawn for some envs."""
        step = _IN_RESET if self.is_resetting else self.step
        self.entries += [(name, int(env_id), step, value) for env_id, value in zip(env_ids, values)]

    def reset(self, env_ids: Iterable[int]) -> None:
        """A reset of some envs begins."""
        self.entries += [("reset", int(env_id), 0, None) for env_id in env_ids]

    def episodes(self, env_id: int) -> list[dict[str, Any]]:
        """What was drawn for each episode of an env, the running one included."""
        begun: dict[str, Any] = {}
        middle: list[tuple[str, Any]] = []
        found = []
        for name, env, step, value in [*self.entries, ("reset", env_id, 0, None)]:
            if env == env_id and name == "reset":
                found.append(_listed(begun, middle))
                begun = {name: value for name, value in begun.items() if name not in self._passing}
                begun.update((name, draw["value"]) for name, draw in middle if name not in self._passing)
                middle = []
            elif env == env_id and step == _IN_RESET:
                begun[name] = value
            elif env == env_id:
                middle.append((name, {"step": step, "value": value}))
        return found


def _listed(begun: dict, middle: list) -> dict[str, Any]:
    """As a record has it: one draw, or a list of several."""
    found = dict(begun)
    for name in dict(middle):
        draws = [draw for other, draw in middle if other == name]
        draws = [begun[name], *draws] if name in begun else draws
        found[name] = draws[0] if len(draws) == 1 else draws
    return found
