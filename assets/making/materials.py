"""Trotter's colours: a dark body with light shells and one warm accent, readable on light and on dark ground."""

from __future__ import annotations

from trimesh.visual.material import PBRMaterial

# name: (red, green, blue), metallic, roughness
COLOURS = {
    "graphite": ((58, 61, 69), 0.35, 0.55),
    "light": ((232, 228, 220), 0.05, 0.45),
    "accent": ((244, 118, 36), 0.05, 0.50),
    "visor": ((20, 22, 27), 0.30, 0.18),
    "rubber": ((34, 34, 37), 0.0, 0.90),
    "lens": ((255, 238, 200), 0.0, 0.30),
}
GLOW = {"lens": (1.0, 0.82, 0.55)}


def material(name: str) -> PBRMaterial:
    """A glTF material; raises KeyError for a name that is not in COLOURS."""
    colour, metallic, roughness = COLOURS[name]
    return PBRMaterial(
        name=name,
        baseColorFactor=[*colour, 255],
        metallicFactor=metallic,
        roughnessFactor=roughness,
        emissiveFactor=GLOW.get(name),
    )
