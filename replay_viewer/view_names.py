"""Names of cameras and overlays. Films are asked for inside of simulators, too, so this runs on Python 3.8."""

from __future__ import annotations

from .errors import UnknownName

PRESETS = ("top", "side", "front", "follow")
# What else they are called: the key of "follow" says so.
OTHER_NAMES = {"behind": "follow"}
# What keeps all takes in view is called so.
ALL = "all"
CAMERAS = (*PRESETS, *OTHER_NAMES, ALL)
OVERLAYS = ("none", "hud", "rewards", "errors", "cameras")
# Those that tell how several recordings differ.
OVERLAYS_OF_SEVERAL = ("errors",)


def check_camera(name: str) -> None:
    """Raise UnknownName for a camera that there is not."""
    if name.lower() not in CAMERAS:
        raise UnknownName("camera", name, CAMERAS, where="this version")


def check_overlay(name: str) -> None:
    """Raise UnknownName for an overlay that there is not."""
    if name not in OVERLAYS:
        raise UnknownName("overlay", name, OVERLAYS, where="this version")
