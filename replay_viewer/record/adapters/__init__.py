"""The adapters: what a recording takes from each family of environments, behind one interface.

Which file to open for what:

    adapter            Adapter: the interface, with what it is asked and what it answers
    registry           register_adapter and find_adapter: which family an environment is of
    legged_gym         legged_gym, unitree_rl_gym, walk-these-ways
    mqe                MQE's tasks, with several robots in an env
    manager_based      mjlab, and Isaac Lab's manager-based workflow
    isaac_lab_direct   Isaac Lab's direct workflow; isaac_lab_refused says what of it cannot be recorded
    gymnasium/         environments with MuJoCo inside: Gymnasium's, single and in vectors, dm_control's, robosuite's,
                       and anybody's own class with a model, its data, `step` and `reset`
    reward_terms       terms of a reward that the environment itself does not keep
    scene              SceneReader: the bodies of a scene, read by isaac_lab_scene, mjlab_scene and mujoco/scene
    isaac_lab_*        of its scene: bodies, shapes that they are drawn as, observations before a reset
    factors            Factor: what is drawn at random, and where; of legged_gym in legged_gym_factors, of managers in
                       manager_factors, with the events of mjlab_events and isaac_lab_events and their initial_states
    usd/               USD stages: URDFs of robots, the ground
    mujoco/            MuJoCo models: their bodies, and the URDFs that are made of them

A new simulator's adapter is one file here: a subclass of `Adapter`, and `LOOKS_FOR`, the attributes by which its
environments are known. One line below registers it, after what is more general than it. Where several adapters share
the bodies of one simulator, a `SceneReader` in a file beside them reads these. An adapter that lives elsewhere, such as
in a training script, is registered there by `replay_viewer.register_adapter`; `registry.OWN_ADAPTER` is the smallest.
"""

from . import isaac_lab_direct, isaac_lab_refused, legged_gym, manager_based, mqe
from .adapter import Adapter, Description, Endings, Request
from .factors import Factor
from .gymnasium import env as gymnasium_env
from .gymnasium import robosuite
from .hooks import Hook
from .registry import Factory, find_adapter, register_adapter

__all__ = [
    "Adapter",
    "Description",
    "Endings",
    "Factor",
    "Factory",
    "Hook",
    "Request",
    "find_adapter",
    "register_adapter",
]

# The most general first: what is registered later is tried earlier.
register_adapter("legged_gym", legged_gym.LOOKS_FOR, legged_gym.LeggedGym)
register_adapter("mqe", mqe.LOOKS_FOR, mqe.Mqe)
register_adapter("isaac_lab_direct", isaac_lab_direct.LOOKS_FOR, isaac_lab_direct.IsaacLabDirect)
register_adapter("isaac_lab", manager_based.ISAAC_LAB_LOOKS_FOR, manager_based.isaac_lab)
register_adapter("isaac_lab_warp", isaac_lab_refused.WARP_LOOKS_FOR, isaac_lab_refused.refuse_warp)
register_adapter("isaac_lab_warp_direct", isaac_lab_refused.WARP_DIRECT_LOOKS_FOR, isaac_lab_refused.refuse_warp)
register_adapter("isaac_lab_marl", isaac_lab_refused.MARL_LOOKS_FOR, isaac_lab_refused.refuse_marl)
register_adapter("mjlab", manager_based.MJLAB_LOOKS_FOR, manager_based.mjlab)
register_adapter("gymnasium", gymnasium_env.LOOKS_FOR, gymnasium_env.Gymnasium)
register_adapter("dm_control", gymnasium_env.DM_CONTROL_LOOKS_FOR, gymnasium_env.Gymnasium)
register_adapter("robosuite", robosuite.LOOKS_FOR, robosuite.Robosuite)
register_adapter("gymnasium_vector", gymnasium_env.VECTOR_LOOKS_FOR, gymnasium_env.GymnasiumVector)
register_adapter("gymnasium_async", gymnasium_env.ASYNC_LOOKS_FOR, gymnasium_env.refuse_async)
register_adapter("gymnasium_subproc", gymnasium_env.SUBPROC_LOOKS_FOR, gymnasium_env.refuse_subproc)
