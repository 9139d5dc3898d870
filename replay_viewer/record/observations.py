"""Observations, of whatever form an environment gives them in."""

from __future__ import annotations

from typing import Any

# In dictionaries of observations, the group that is the policy's own, the likeliest first.
_OWN_GROUPS = ("policy", "actor", "obs")


def groups_of(obs: Any) -> dict[str, Any] | None:
    """The groups of a dictionary or a TensorDict by name; None for observations that are one array."""
    if not hasattr(obs, "keys"):
        return None
    # Iterating over a TensorDict gives its rows, not its keys.
    return {str(name): obs[name] for name in obs.keys()}  # noqa: SIM118


def own_group(names: Any) -> str | None:
    """The group that is the policy's own, by the names that are in use, or because it is the only one."""
    known = [name for name in _OWN_GROUPS if name in names]
    return known[0] if known else next(iter(names)) if len(names) == 1 else None


def by_name(obs: Any) -> dict[str, Any]:
    """Arrays by name: "obs" for the policy's own observations, "obs/<group>" for other groups."""
    groups = groups_of(obs)
    if groups is None:
        return {"obs": obs}
    own = own_group(groups)
    return {"obs" if name == own else f"obs/{name}": values for name, values in groups.items()}
