"""Overlays: pictures that stand on or beside the rendered one.

Where to find what:

    overlay      makes the images of a video of pictures: with nothing, a HUD, or rewards beside them
    hud          a strip of facts at the lower edge
    rewards      a panel with every reward term: its rows (reward_rows) and its charts (charts)
    legend       what colours mean: of several recordings in one picture, and of layers
    labels       texts at places of the picture
    title_card   the images between episodes
    layout       how large things are, and where
    painting     shapes and masks into pictures
    text         text and numbers as masks
"""

from .labels import draw_labels
from .legend import Entry, Legend, Row
from .overlay import Overlay, make_overlay
from .title_card import title_card

__all__ = ["Entry", "Legend", "Overlay", "Row", "draw_labels", "make_overlay", "title_card"]
