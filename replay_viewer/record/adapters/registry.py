"""The registry of adapters: the one fits an environment whose attributes it has. Wrappers are looked through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Sequence

from ...errors import UnknownEnvironment, UnknownName
from .adapter import Adapter, Request

# Attributes that lead from a wrapper to what it wraps: gym's, stable-baselines3's, dm_control's and Shimmy's, Acme's.
_INNER = ("env", "venv", "unwrapped", "_env", "_environment")
Factory = Callable[[Any, Request], Adapter]

OWN_ADAPTER = """\
    from replay_viewer import Adapter, Description, Endings, EntitySpec, register_adapter

    class MyAdapter(Adapter):
        def describe(self):
            return Description({"control_dt": self.env.dt, "entities": [EntitySpec("robot")]})
        def read(self):
            return {"robot.base_pos": self.rows.of(self.env.pos), "robot.base_wxyz": self.rows.of(self.env.quat)}
        def endings(self):
            return Endings(*map(self.rows.copied, (self.env.fallen, self.env.late, self.env.steps)))

    register_adapter("mine", ("pos", "quat", "reset_idx"), MyAdapter)"""


@dataclass(frozen=True)
class _Entry:
    """A known family.

    Attributes:
        name: of its adapter.
        matches: attributes, dotted for nested ones, that an env of it has.
        factory: makes its adapter.
    """

    name: str
    matches: tuple[str, ...]
    factory: Factory


_entries: dict[str, _Entry] = {}


def register_adapter(name: str, matches: Sequence[str], factory: Factory) -> None:
    """Make a family of environments known to `attach`; what is registered last is tried first.

    Args:
        name: for `attach(adapter=name)`; a name that is known already is replaced.
        matches: attributes by which an environment of this family is known, for example
            `("dof_pos", "cfg.asset", "envs.0.unwrapped")`.
        factory: called with the environment and what is to be recorded.
    """
    _entries.pop(name, None)
    _entries[name] = _Entry(name, tuple(matches), factory)


def find_adapter(env: Any, name: str | None = None) -> tuple[list[Any], Factory]:
    """The layers of an environment down to the innermost that an adapter fits, and the adapter's factory.

    Args:
        env: perhaps wrapped.
        name: of the adapter, or None to find it.

    Raises:
        UnknownName: there is no adapter of that name.
        UnknownEnvironment: it has not the attributes that any adapter, or the named one, looks for.
    """
    if name is not None and name not in _entries:
        raise UnknownName("adapter", name, tuple(_entries), "the registered ones")
    entries = list(reversed(list(_entries.values()))) if name is None else [_entries[name]]
    layers = unwrapped(env)
    for depth in range(len(layers), 0, -1):
        for entry in entries:
            if not _missing(layers[depth - 1], entry):
                return layers[:depth], entry.factory
    missing = {entry.name: _missing(layers[-1], entry) for entry in entries}
    raise UnknownEnvironment(type(layers[-1]).__name__, missing, OWN_ADAPTER)


def unwrapped(env: Any) -> list[Any]:
    """An environment and what it wraps, the innermost last."""
    layers = [env]
    for name in _INNER:
        while True:
            inner = getattr(layers[-1], name, None)
            if inner is None or callable(inner) or any(inner is layer for layer in layers):
                break
            layers.append(inner)
    return layers


def _missing(env: Any, entry: _Entry) -> list[str]:
    return [name for name in entry.matches if not _has(env, name)]


def _has(env: Any, dotted: str) -> bool:
    for name in dotted.split("."):
        try:
            env = env[int(name)] if name.isdigit() else getattr(env, name)
        except (AttributeError, LookupError, TypeError):
            return False
    return True
