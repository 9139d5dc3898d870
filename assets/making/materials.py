"""Trotter's colours: a dark body with light shells and one warm accent, readable on light and on dark ground."""

from __future__ import annotations

import numpy as np
from trimesh.visual.material import PBRMaterial

# Name: (red, green, blue) in sRGB, metallic, roughness.
COLOURS = {
    "graphite": ((58, 61, 69), 0.35, 0.55),
    "light": ((222, 218, 209), 0.05, 0.45),
    "accent": ((244, 118, 36), 0.05, 0.50),
    "visor": ((20, 22, 27), 0.30, 0.18),
    "rubber": ((44, 44, 48), 0.0, 0.90),
    "lens": ((255, 238, 200), 0.0, 0.30),
    "crate": ((201, 160, 108), 0.0, 0.80),
}
GLOW = {"lens": (1.0, 0.82, 0.55)}


def material(name: str) -> PBRMaterial:
    """A glTF material, whose factors are linear light (glTF 2.0, 3.9.2); KeyError for a name not in COLOURS."""
    colour, metallic, roughness = COLOURS[name]
    srgb = np.array(colour) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return PBRMaterial(
        name=name,
        baseColorFactor=np.round(255 * np.append(linear, 1)).astype(np.uint8),
        metallicFactor=metallic,
        roughnessFactor=roughness,
        emissiveFactor=GLOW.get(name),
    )
