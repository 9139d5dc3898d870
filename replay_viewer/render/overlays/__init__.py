"""What stands on or beside the rendered picture: a strip of facts, a panel of rewards, captions between episodes."""

from .overlay import OVERLAYS, Overlay, make_overlay
from .title_card import title_card

__all__ = ["OVERLAYS", "Overlay", "make_overlay", "title_card"]
