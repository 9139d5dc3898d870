"""Looks of Isaac Lab's bodies: the URDF or the primitive they were made of, else what the USD stage has."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Sequence

from .scene import URDF_FIX
from .usd.stage import find_prim
from .usd.urdf import ExportedUsd, export_urdf

# Makers of bodies that are not the same in all envs.
_VARIED = ("MultiAssetSpawnerCfg", "MultiUsdFileCfg")
_NO_URDF = f"so the recording carries none. {URDF_FIX}"


@dataclass(frozen=True)
class Drawn:
    """What a body is drawn as; neither for one of which nothing is known.

    Attributes:
        urdf: path of a file that lasts until the shapes are closed.
        shape: as `EntitySpec` has it.
        notes: what is not as in the simulation, a sentence each.
    """

    urdf: str | None = None
    shape: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)


class IsaacLabShapes:
    """Finds what bodies are drawn as.

    Args:
        stage: of the simulation, or None.
        env_id: of the env whose bodies are looked at.
    """

    def __init__(self, stage: Any, env_id: int) -> None:
        self._stage, self._env_id = stage, env_id
        # Removed in any case: also where the recording cannot be made.
        self._folder = tempfile.TemporaryDirectory(prefix="replay-viewer-")

    def of(self, name: str, cfg: Any, root_name: str = "", joint_names: Sequence[str] = ()) -> Drawn:
        """What a body is drawn as.

        Args:
            name: of the body, as the recording has it.
            cfg: the simulator's settings of it.
            root_name: of its part that is at the root.
            joint_names: of its joints that are recorded.
        """
        urdf, shape = urdf_of(cfg.spawn), None if joint_names else shape_of(cfg.spawn)
        if urdf is not None or shape is not None:
            return Drawn(urdf, shape)
        prim = None
        try:
            if self._stage is not None:
                prim = find_prim(self._stage, cfg.prim_path, self._env_id)
            if prim is None:
                return Drawn(notes=[f"{name}: it was not made of a URDF that is here, {_NO_URDF}"])
            exported = export_urdf(prim, Path(self._folder.name, name), name, root_name)
        except Exception as error:  # Stages hold whatever people have made.
            problem = f"its stage cannot be read ({type(error).__name__}: {error})"
            return Drawn(notes=[f"{name}: {problem}, {_NO_URDF}"])
        if not exported.num_visuals and not exported.joint_names:
            return Drawn(notes=[f"{name}: the stage has no shape of it, {_NO_URDF}"])
        return Drawn(str(exported.urdf), notes=[f"{name}: {note}" for note in self._notes(cfg, exported, joint_names)])

    def close(self) -> None:
        self._folder.cleanup()

    def _notes(self, cfg: Any, exported: ExportedUsd, joint_names: Sequence[str]) -> list[str]:
        notes = list(exported.notes)
        missing = [joint for joint in joint_names if joint not in exported.joint_names]
        if missing:
            notes.append(f"the stage has no joint {', '.join(missing)}: what hangs there is drawn at rest.")
        if any(cls.__name__ in _VARIED for cls in type(cfg.spawn).__mro__):
            notes.append(f"it differs from env to env; the recording shows that of env {self._env_id} in all of them.")
        return notes


def urdf_of(spawn: Any) -> str | None:
    """The URDF that a body was made of, if it was made of one that is here."""
    path = str(getattr(spawn, "asset_path", ""))
    return path if path.lower().endswith(".urdf") and Path(path).is_file() else None


def shape_of(spawn: Any) -> dict[str, Any] | None:
    """The primitive as which a body was made, as `EntitySpec` has it; None for anything else."""
    kinds = [cls.__name__ for cls in type(spawn).__mro__]
    color = getattr(getattr(spawn, "visual_material", None), "diffuse_color", None)
    if "CuboidCfg" in kinds:
        shape = {"type": "box", "size": [float(length) for length in spawn.size]}
    elif "SphereCfg" in kinds:
        shape = {"type": "sphere", "radius": float(spawn.radius)}
    elif ("CylinderCfg" in kinds or "CapsuleCfg" in kinds) and getattr(spawn, "axis", "Z") == "Z":
        kind = "cylinder" if "CylinderCfg" in kinds else "capsule"
        shape = {"type": kind, "radius": float(spawn.radius), "length": float(spawn.height)}
    else:
        return None
    return shape if color is None else {**shape, "color": [float(value) for value in color]}
