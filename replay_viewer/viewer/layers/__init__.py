"""Layers in the page: their shapes as nodes of viser's, which of them are switched on, and layers of viser's nodes."""

from __future__ import annotations

from .shown_layers import ShownLayers
from .viser_layer import ViserLayer

__all__ = ["ShownLayers", "ViserLayer"]
