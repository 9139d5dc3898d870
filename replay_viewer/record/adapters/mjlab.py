"""The scene of an mjlab environment."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from .adapter import Request
from .mjlab_entity import MjlabEntity, MjlabState
from .mujoco.terrain import terrain_mesh
from .scene import with_urdf


class MjlabScene:
    """Reads every entity but the terrain; see `SceneReader`."""

    def __init__(self, env: Any, request: Request) -> None:
        self._env, self._rows = env, request.rows
        # Removed in any case: also where the recording cannot be made.
        self._folder = tempfile.TemporaryDirectory(prefix="replay-viewer-")
        self._parts = [
            MjlabEntity(env, key, entity, Path(self._folder.name, str(number)))
            for number, (key, entity) in enumerate(env.scene.entities.items())
            if entity is not env.scene.terrain
        ]
        self.entities = with_urdf([part.spec for part in self._parts], request.urdf)
        self.notes = [note for part in self._parts for note in part.notes]
        self.metadata: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        state = MjlabState(self._env.sim.data, self._rows)
        return dict(item for part in self._parts for item in part.read(state))

    def terrain(self) -> tuple[np.ndarray, np.ndarray] | None:
        terrain = self._env.scene.terrain
        return None if terrain is None else terrain_mesh(self._env.sim.mj_model, terrain.indexing.geom_ids.tolist())

    def close(self) -> None:
        self._folder.cleanup()
