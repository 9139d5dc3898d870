"""What reads an environment for those who sit on its hook: for one of them, or for all together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

from .adapters import Adapter, Factory, Request
from .problems import SharedProblems
from .rows import Rows


@dataclass(frozen=True)
class Reader:
    """Reads an environment.

    Attributes:
        adapter: of it.
        request: what it reads.
        factory: makes such an adapter.
    """

    adapter: Adapter
    request: Request
    factory: Factory

    @property
    def env_ids(self) -> list[int]:
        """The simulator's indices of the envs that it reads."""
        return self.request.rows.env_ids.tolist()


def wanted_reader(current: Reader, readers: Sequence[Reader]) -> Reader:
    """One that reads all that any of some readers does, and nothing else; a new one where none of them is it."""
    lists = [reader.env_ids for reader in readers]
    wanted = set().union(*lists)
    observations = any(reader.request.observations for reader in readers)
    several = [reader.request.fields for reader in readers]
    fields = None if None in several else frozenset().union(*(names for names in several if names is not None))
    layers = max((reader.request.layers for reader in readers), key=len)
    asked = (reader.request.policy_action for reader in readers)
    policy_action = next((ask for ask in asked if ask is not None), None)
    for reader in (current, *readers):
        request = reader.request
        is_same = (request.observations, request.fields, request.policy_action) == (observations, fields, policy_action)
        if is_same and len(request.layers) == len(layers) and set(reader.env_ids) == wanted:
            return reader
    rows = Rows(next((ids for ids in lists if set(ids) == wanted), sorted(wanted)))
    request = Request(
        rows, observations, None, layers, SharedProblems(), current.request.num_envs, fields, policy_action
    )
    adapter = current.factory(layers[-1], request)
    adapter.close_files()
    return Reader(adapter, request, current.factory)
