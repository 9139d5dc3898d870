"""The compiled inner loops of the rasteriser."""
