"""Methods of an environment that are wrapped while something is attached to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Sequence


@dataclass(frozen=True)
class Hook:
    """A method that is wrapped while a recorder is attached: `owner.name`.

    Attributes:
        owner: the object.
        name: of its method.
        env_ids: the envs that the method concerns; None where an argument names them (all, if there is none).
        argument: which one, by its position.
    """

    owner: Any
    name: str
    env_ids: Sequence[int] | None = None
    argument: int = 0
