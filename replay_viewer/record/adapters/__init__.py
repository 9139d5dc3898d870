"""What a recording takes from each family of environments, behind one interface."""

from .adapter import Adapter, Description, Endings, Hook, Request
from .gymnasium.env import ASYNC_LOOKS_FOR, VECTOR_LOOKS_FOR, Gymnasium, GymnasiumVector, refuse_async
from .gymnasium.env import LOOKS_FOR as GYMNASIUM_LOOKS_FOR
from .isaac_lab_direct import LOOKS_FOR as ISAAC_LAB_DIRECT_LOOKS_FOR
from .isaac_lab_direct import IsaacLabDirect
from .legged_gym import LOOKS_FOR, LeggedGym
from .manager_based import ISAAC_LAB_LOOKS_FOR, MJLAB_LOOKS_FOR, isaac_lab, mjlab
from .mqe import LOOKS_FOR as MQE_LOOKS_FOR
from .mqe import Mqe
from .registry import find_adapter, register_adapter

__all__ = ["Adapter", "Description", "Endings", "Hook", "Request", "find_adapter", "register_adapter"]

# The most general first: what is registered later is tried earlier.
register_adapter("legged_gym", LOOKS_FOR, LeggedGym)
register_adapter("mqe", MQE_LOOKS_FOR, Mqe)
register_adapter("isaac_lab_direct", ISAAC_LAB_DIRECT_LOOKS_FOR, IsaacLabDirect)
register_adapter("isaac_lab", ISAAC_LAB_LOOKS_FOR, isaac_lab)
register_adapter("mjlab", MJLAB_LOOKS_FOR, mjlab)
register_adapter("gymnasium", GYMNASIUM_LOOKS_FOR, Gymnasium)
register_adapter("gymnasium_vector", VECTOR_LOOKS_FOR, GymnasiumVector)
register_adapter("gymnasium_async", ASYNC_LOOKS_FOR, refuse_async)
