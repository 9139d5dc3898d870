"""Colours and textures of meshes.

Colours here are sRGB, as URDF, COLLADA and OBJ mean them, 0..1 with alpha last. glTF wants its factors and vertex
colours linear (glTF 2.0 specification, 3.9.2), and `gltf_material` writes them so; without that, robots look pale.
"""

from __future__ import annotations

import io
from functools import lru_cache
from typing import IO, Any

import numpy as np
import trimesh
from numpy.typing import ArrayLike
from trimesh.visual import ColorVisuals, TextureVisuals
from trimesh.visual.color import to_rgba
from trimesh.visual.material import PBRMaterial

Rgba = tuple[float, float, float, float]

# What has no colour is drawn in this grey, and white in nearly white: both keep their shading on a bright page.
NEUTRAL: Rgba = (0.62, 0.65, 0.7, 1.0)
NEARLY_WHITE = 0.86

_ROUGHNESS = 0.7

# Colours are 0..1; some exporters go a little beyond, and some write bytes.
_BRIGHTEST = 2.0

# None is an image that was made in memory.
_TEXTURE_FORMATS = frozenset(("PNG", "JPEG", "BMP", "TGA", "TIFF", "GIF", "WEBP", "DDS", None))


class EncodedImage:
    """A texture as it was in its file, for trimesh's glTF writer: decoding and encoding 4 megapixels takes 50 ms."""

    def __init__(self, data: bytes, format: str) -> None:
        self.data, self.format = data, format

    def save(self, file: IO[bytes], format: str) -> None:
        """Write the file's bytes; `format` is what the writer found in the attribute of that name."""
        file.write(self.data)


def unit_color(values: ArrayLike) -> Rgba:
    """A colour of three numbers or four; numbers well above 1 are meant as 0..255."""
    red, green, blue, alpha = (*np.nan_to_num(np.asarray(values, np.float64)).tolist(), 1.0)[:4]
    scale = 255 if _BRIGHTEST < max(red, green, blue) <= 255 else 1
    red, green, blue = np.clip(np.array([red, green, blue]) / scale, 0, 1).tolist()
    return red, green, blue, min(max(alpha / 255 if _BRIGHTEST < alpha <= 255 else alpha, 0.0), 1.0)


def readable(rgba: Rgba) -> Rgba:
    """The colour, darkened a little where it is white."""
    red, green, blue, alpha = rgba
    if min(red, green, blue) <= NEARLY_WHITE:
        return rgba
    return red * NEARLY_WHITE, green * NEARLY_WHITE, blue * NEARLY_WHITE, alpha


def flat_color(mesh: trimesh.Trimesh) -> Rgba | None:
    """The one colour that a mesh's file gives it, or None if it gives none."""
    material = getattr(mesh.visual, "material", None)
    if material is None or _is_placeholder(_image(mesh)):
        return None
    red, green, blue, alpha = (np.asarray(material.main_color) / 255).tolist()
    # An alpha of zero is a common slip of COLLADA exporters, whose two conventions for it are each other's opposite.
    return red, green, blue, alpha or 1.0


def srgb_from_gltf(mesh: trimesh.Trimesh) -> None:
    """Make the colours of a mesh that was just read from glTF, linear there, sRGB like those of other files.

    A material's factor goes into the vertex colours beside it.
    """
    material = getattr(mesh.visual, "material", None)
    colors = vertex_colors(mesh)
    if isinstance(material, PBRMaterial):
        factor = np.full(4, 255) if material.baseColorFactor is None else np.asarray(material.baseColorFactor)
        beside = mesh.visual.vertex_attributes.get("color") if isinstance(mesh.visual, TextureVisuals) else None
        if beside is not None and material.baseColorTexture is None:
            colors = np.round(to_rgba(beside) * (factor / 255)).astype(np.uint8)
        elif material.baseColorFactor is not None:
            material.baseColorFactor = _srgb_bytes(factor)
    if colors is not None:
        mesh.visual = ColorVisuals(mesh, vertex_colors=_srgb_bytes(colors))


def tinted(image: Any, factor: ArrayLike) -> Any:
    """An image (of Pillow) times linear factors for red, green and blue."""
    light = to_srgb(linear_of_bytes()[None] * np.clip(np.asarray(factor, np.float64)[:3], 0, 1)[:, None])
    made = image.convert("RGB").point(np.round(255 * light).astype(int).reshape(-1).tolist())
    made.format = "PNG"
    return made


def texture(mesh: trimesh.Trimesh) -> Any:
    """The image (of Pillow) on a mesh that has texture coordinates, or None."""
    image = _laid_image(mesh)
    return image if image is not None and _is_sound(image) else None


def has_broken_texture(mesh: trimesh.Trimesh) -> bool:
    """Whether a mesh has texture coordinates for an image that cannot be drawn."""
    image = _laid_image(mesh)
    return image is not None and not _is_sound(image)


def texture_coordinates(mesh: trimesh.Trimesh) -> np.ndarray:
    """Where each vertex lies in the mesh's image, (V, 2); (0, 2) if it has none."""
    uv = getattr(mesh.visual, "uv", None)
    return np.zeros((0, 2)) if uv is None else np.asarray(uv)


def vertex_colors(mesh: trimesh.Trimesh) -> np.ndarray | None:
    """Colours (V, 4), uint8, if the mesh's file gives one to each vertex or face."""
    if not isinstance(mesh.visual, ColorVisuals) or mesh.visual.kind is None:
        return None
    return np.asarray(mesh.visual.vertex_colors)


def has_own_look(mesh: trimesh.Trimesh) -> bool:
    """Whether the mesh has a texture or vertex colours, which no single colour can stand for."""
    return texture(mesh) is not None or vertex_colors(mesh) is not None


def textured_visual(image: Any, uv: np.ndarray) -> TextureVisuals:
    """A texture at coordinates (V, 2), ready for glTF."""
    material = PBRMaterial(baseColorTexture=_encoded(image), metallicFactor=0.0, roughnessFactor=_ROUGHNESS)
    return TextureVisuals(uv=uv, material=material)


def vertex_color_visual(colors: np.ndarray) -> TextureVisuals:
    """Vertex colours (V, 4), uint8, ready for glTF."""
    linear = colors.copy()
    linear[:, :3] = np.round(255 * to_linear(colors[:, :3] / 255))
    visual = flat_visual((1.0, 1.0, 1.0, 1.0))
    visual.vertex_attributes["color"] = linear
    return visual


def flat_visual(rgba: Rgba) -> TextureVisuals:
    """One colour, ready for glTF."""
    linear = np.append(to_linear(np.array(rgba[:3])), rgba[3])
    material = PBRMaterial(
        baseColorFactor=np.round(255 * linear).astype(np.uint8),
        # Metal reflects its surroundings, and a viewer's scene has none worth reflecting: it would look black.
        metallicFactor=0.0,
        roughnessFactor=_ROUGHNESS,
        alphaMode="BLEND" if rgba[3] < 1 else None,
    )
    return TextureVisuals(material=material)


def to_linear(srgb: np.ndarray) -> np.ndarray:
    """Linear light of sRGB values 0..1 (IEC 61966-2-1)."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: np.ndarray) -> np.ndarray:
    """SRGB values of linear light 0..1 (IEC 61966-2-1)."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@lru_cache
def linear_of_bytes() -> np.ndarray:
    """Linear light (256,) float32 of each sRGB byte."""
    return to_linear(np.arange(256) / 255).astype(np.float32)


def _srgb_bytes(linear: np.ndarray) -> np.ndarray:
    """SRGB (..., 4) of linear light, both uint8; alpha is no light and stays."""
    srgb = linear.copy()
    srgb[..., :3] = np.round(255 * to_srgb(linear[..., :3] / 255))
    return srgb


def _laid_image(mesh: trimesh.Trimesh) -> Any:
    """The image that a mesh's file lays on it, sound or not."""
    image = _image(mesh)
    is_laid = image is not None and not _is_placeholder(image)
    return image if is_laid and len(texture_coordinates(mesh)) == len(mesh.vertices) else None


def _image(mesh: trimesh.Trimesh) -> Any:
    material = getattr(mesh.visual, "material", None)
    return getattr(material, "baseColorTexture", None) or getattr(material, "image", None)


def _is_sound(image: Any) -> bool:
    """Whether an image can be drawn: of a kind that textures have, and whole where it has to be decoded here.

    Pillow knows many more kinds, and hands EPS to Ghostscript, a program that runs what is in the file.
    """
    if image.format not in _TEXTURE_FORMATS:
        return False
    try:
        if not _is_browsers(image):
            image.load()
    except Exception:  # Readers of broken files fail in any way there is.
        return False
    return True


def _is_browsers(image: Any) -> bool:
    """Whether glTF takes the image's own file, which then nobody decodes but the browser."""
    return image.format in ("JPEG", "PNG") and isinstance(getattr(image, "fp", None), io.BytesIO)


def _is_placeholder(image: Any) -> bool:
    """Whether trimesh made this image itself, for a mesh that has texture coordinates and no material."""
    return image is not None and image.size == (2, 2) and image.format is None


def _encoded(image: Any) -> Any:
    """The image's own file if glTF takes it as it is, else the image."""
    return EncodedImage(image.fp.getvalue(), image.format) if _is_browsers(image) else image
