"""The scene of environments that MuJoCo itself simulates, one model for each env."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Sequence

import numpy as np

from ..adapter import Request
from ..mujoco_state import MujocoState, TreeReader
from ..scene import with_urdf
from .terrain import terrain_mesh
from .trees import export_trees, ground_geoms


class MujocoScene:
    """Reads everything that moves; see `SceneReader`.

    envs: (n,) the recorded ones, with `model` and `data`. They have the same bodies; the first one's are exported.
    """

    def __init__(self, envs: Sequence[Any], request: Request) -> None:
        self._model = envs[0].model
        self._states = [MujocoState(env) for env in envs]
        # Removed in any case: also where the recording cannot be made.
        self._folder = tempfile.TemporaryDirectory(prefix="replay-viewer-")
        trees, self.notes = export_trees(self._model, Path(self._folder.name))
        # MujocoEnv computes contact forces in each step; MuJoCo itself does so on demand only.
        with_contacts = hasattr(envs[0], "do_simulation")
        self._readers = [TreeReader(tree, len(envs), with_contacts) for tree in trees]
        self._values = {name: array for reader in self._readers for name, array in reader.values.items()}
        self.entities = with_urdf([tree.entity for tree in trees], request.urdf)
        self.metadata: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        for row, state in enumerate(self._states):
            state.refresh()
            for reader in self._readers:
                reader.read(row, state)
        return dict(self._values)

    def terrain(self) -> tuple[np.ndarray, np.ndarray] | None:
        return terrain_mesh(self._model, ground_geoms(self._model))

    def close(self) -> None:
        self._folder.cleanup()
