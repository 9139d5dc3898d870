"""What stands on or beside the rendered picture: a strip of facts, a panel of rewards, captions between episodes."""

from .hud import title_card
from .overlay import Overlay, make_overlay

__all__ = ["Overlay", "make_overlay", "title_card"]
