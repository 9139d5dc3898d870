"""Overlays: pictures that stand on or beside the rendered one.

Where to find what:

    overlay      makes the images of a video of pictures: with nothing, a HUD, or a panel beside them
    hud          a strip of facts at the lower edge
    panel        rows of numbers and charts (charts) beside a picture
    rewards      what is in it of one take: every reward term, in rows of their own (reward_rows)
    compared_rewards, errors     of several takes: their rewards, how far they are from the lead; both in compared_rows
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
