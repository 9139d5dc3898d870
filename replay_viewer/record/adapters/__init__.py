"""What a recording takes from each family of environments, behind one interface."""

from .adapter import Adapter, Description, Endings, Hook, Request
from .legged_gym import LOOKS_FOR, LeggedGym
from .registry import find_adapter, register_adapter

__all__ = ["Adapter", "Description", "Endings", "Hook", "Request", "find_adapter", "register_adapter"]

# The most general first: what is registered later is tried earlier.
register_adapter("legged_gym", LOOKS_FOR, LeggedGym)
