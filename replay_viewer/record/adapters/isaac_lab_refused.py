"""Environments of Isaac Lab that are known and cannot be recorded: `attach` says so before the first step."""

from __future__ import annotations

from typing import Any, NoReturn

from ...errors import BadArgument
from .adapter import Request

# Both frontends of warp reset by masks in every step, and keep their rewards in arrays that no method returns.
WARP_LOOKS_FOR = ("scene.articulations", "_manager_call_switch", "_reset_idx")
WARP_DIRECT_LOOKS_FOR = ("scene.articulations", "step_warp_action", "_reset_idx")
MARL_LOOKS_FOR = ("scene.articulations", "possible_agents", "_reset_idx", "_get_rewards")


def refuse_warp(env: Any, request: Request) -> NoReturn:
    """Say that warp's frontend (`isaaclab_experimental`) cannot be recorded. Raises BadArgument."""
    problem = "is of Isaac Lab's experimental warp frontend, which cannot be recorded."
    raise BadArgument("env", type(env).__name__, f"{problem} Run the task with the stable frontend (torch).")


def refuse_marl(env: Any, request: Request) -> NoReturn:
    """Say that tasks of several agents cannot be recorded. Raises BadArgument."""
    problem = "is a DirectMARLEnv, whose actions and rewards are dictionaries by agent, which cannot be recorded."
    raise BadArgument("env", type(env).__name__, f"{problem} Write an adapter of your own: register_adapter().")
