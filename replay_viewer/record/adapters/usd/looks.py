"""Looks of USD prims: the colour or the texture of the material that is bound to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterator

import numpy as np

# Inputs of shaders, by what they say: those of UsdPreviewSurface, and of the simulator's own OmniPBR and OmniSurface.
_COLORS = ("diffuseColor", "diffuse_color_constant", "diffuse_reflection_color", "diffuseColorConstant", "base_color")
_TEXTURES = ("diffuse_texture", "diffuse_reflection_color_image", "base_color_texture", "diffuseTexture")
_OPACITIES = ("opacity", "opacity_constant")
_FILE = "file"


@dataclass(frozen=True)
class Look:
    """A colour rgba (4,) in 0..1 as screens and URDFs have it, None for unknown; the path of a texture, "" without."""

    rgba: tuple[float, ...] | None = None
    texture: str = ""


def look_of(prim: Any) -> Look:
    """What a prim, or some faces of a mesh, look like: by the bound material, else by their own display colour."""
    from pxr import UsdGeom, UsdShade  # type: ignore[import-not-found]

    material = UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial()[0]
    look = _of_material(material) if material else Look()
    if look.rgba is not None or look.texture:
        return look
    if not prim.IsA(UsdGeom.Gprim):
        return look
    return Look(_display_color(UsdGeom.Gprim(prim)))


def bytes_of(texture: str) -> bytes:
    """The content of a texture's file, which may lie in a package. Raises OSError where it is not there."""
    from pxr import Ar  # type: ignore[import-not-found]

    asset = Ar.GetResolver().OpenAsset(Ar.ResolvedPath(texture))
    if asset is None:
        raise OSError(f"{texture} cannot be opened")
    return bytes(asset.GetBuffer())


def _of_material(material: Any) -> Look:
    color, opacity, texture = None, 1.0, ""
    for name, attribute in _inputs(material):
        value = attribute.Get()
        if name in _COLORS and value is not None and color is None:
            color = tuple(float(part) for part in value)[:3]
        elif name in _TEXTURES and value is not None and not texture:
            texture = _path(value)
        elif name in _OPACITIES and isinstance(value, (int, float)):
            opacity = float(value)
        elif name in _COLORS and not texture:
            texture = _connected_texture(attribute)
    if texture and color is None:
        color = (1.0, 1.0, 1.0)
    return Look(None if color is None else (*_as_on_screens(color), opacity), texture)


def _inputs(material: Any) -> Iterator[tuple[str, Any]]:
    """Names of the inputs of a material's shaders, and the attributes that give them their values."""
    from pxr import Usd, UsdShade  # type: ignore[import-not-found]

    for prim in Usd.PrimRange(material.GetPrim(), Usd.TraverseInstanceProxies()):
        if not prim.IsA(UsdShade.Shader):
            continue
        for shader_input in UsdShade.Shader(prim).GetInputs():
            attributes = shader_input.GetValueProducingAttributes() or [shader_input.GetAttr()]
            yield shader_input.GetBaseName(), attributes[0]


def _connected_texture(output: Any) -> str:
    """The file of the shader that an output belongs to; "" where it reads none."""
    from pxr import UsdShade  # type: ignore[import-not-found]

    shader = UsdShade.Shader(output.GetPrim())
    found = shader.GetInput(_FILE) if shader else None
    attributes = found.GetValueProducingAttributes() if found else []
    value = attributes[0].Get() if attributes else None
    return "" if value is None else _path(value)


def _path(asset: Any) -> str:
    """Of an asset; as it is written, where there is none."""
    return str(asset.resolvedPath or asset.path)


def _display_color(gprim: Any) -> tuple[float, ...] | None:
    """The mean of its colours, where it has several."""
    colors, opacities = gprim.GetDisplayColorPrimvar().ComputeFlattened(), None
    if colors is None or not len(colors):
        return None
    opacities = gprim.GetDisplayOpacityPrimvar().ComputeFlattened()
    opacity = float(np.mean(opacities)) if opacities is not None and len(opacities) else 1.0
    return (*_as_on_screens(np.array(colors, float).mean(axis=0)), opacity)


def _as_on_screens(color: Any) -> tuple[float, ...]:
    """The colour (3,) as sRGB: that of a stage is linear light."""
    light = np.clip(np.array(color, float), 0.0, 1.0)
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return tuple(encoded.round(6).tolist())
