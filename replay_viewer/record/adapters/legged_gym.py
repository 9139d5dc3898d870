"""legged_gym and its kin: unitree_rl_gym, walk-these-ways, and what was built on them.

These reset inside of `step()`, after the reward and before the observations: what `step()` returns of an env that
ended shows its next episode. `reset_idx` is the last place where the end of the old one can be seen. Buffers such as
`reset_buf`, `actions` and `torques` are rebound at each step, so every attribute is read anew.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ...arrays import as_array
from ...errors import BadArgument
from ...rollout.entities import EntitySpec
from ..control.legged_gym import legged_gym_means
from ..control.means import Means
from ..patches import Patches
from ..rows import BufferRows
from .adapter import Adapter, Description, Endings, Request
from .factors import Factor
from .legged_gym_factors import legged_gym_factors
from .reward_terms import find_terms, reward_metadata
from .scene import URDF_FIX, grid_mesh

LOOKS_FOR = (
    "root_states",
    "dof_pos",
    "dof_vel",
    "dof_names",
    "rew_buf",
    "reset_buf",
    "time_out_buf",
    "episode_length_buf",
    "reset_idx",
    "cfg.asset",
)
# Recorded where the environment has them: buffers (num_envs, ...), and the names of their fields.
_OPTIONAL = {
    "torques": "robot.joint_torque",
    "contact_forces": "robot.contact_force",
    "commands": "command",
    "actions": "act",
}
# In the path of a URDF.
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class LeggedGym(Adapter):
    """Reads a `LeggedRobot`. Raises BadArgument for one with several robots per env."""

    def __init__(self, env: Any, request: Request) -> None:
        super().__init__(env, request)
        _refuse_several_robots(env)
        self._terms = find_terms(env, self.rows, request.problems)
        self._optional = {name: field for name, field in _OPTIONAL.items() if getattr(env, name, None) is not None}
        if "torques" in self._optional and env.torques.shape[1] != len(env.dof_names):
            # Of the actuated joints only, so no column of theirs is a joint's by its position.
            self._optional["torques"] = "torques"
        buffers = {"robot.joint_pos": "dof_pos", "robot.joint_vel": "dof_vel", "rew": "rew_buf"}
        buffers.update((field, name) for name, field in self._optional.items())
        if request.observations:
            buffers["obs"] = "obs_buf"
        buffers = {field: name for field, name in buffers.items() if self._has_rows(field, name)}
        self._buffers = [(field, BufferRows(self.rows, env, name)) for field, name in buffers.items()]
        self._root, self._root_rows = BufferRows(self.rows, env, "root_states"), None
        self._root_fields: dict[str, Any] = {}

    def describe(self) -> Description:
        env, cfg = self.env, self.env.cfg
        urdf, notes = (self.request.urdf, []) if self.request.urdf else find_urdf(env)
        bodies = _body_names(env) if "contact_forces" in self._optional else []
        robot = EntitySpec("robot", "robot", list(env.dof_names), bodies, None if urdf is None else str(urdf))
        facts = {
            "control_dt": float(env.dt),
            "decimation": getattr(getattr(cfg, "control", None), "decimation", None),
            "physics_dt": getattr(getattr(env, "sim_params", None), "dt", None),
            "entities": (robot,),
            "env_origins": self._env_origins(),
            "seed": getattr(cfg, "seed", None),
            "reward_terms": self._terms.names,
            "metadata": reward_metadata(env, self._terms.names),
        }
        return Description(facts, terrain_mesh(env), notes)

    def patch(self, patches: Patches) -> None:
        self._terms.patch(patches)

    def factors(self) -> list[Factor]:
        return legged_gym_factors(self.env)

    def means(self) -> Means:
        return legged_gym_means(self.env)

    def begin_step(self, action: Any) -> None:
        self._terms.forget()

    def read(self) -> dict[str, Any]:
        root = self._root.read()
        if root is not self._root_rows:
            self._root_rows, self._root_fields = root, _root_fields(root)
        values = dict(self._root_fields)
        attempt = self.request.problems.attempt
        for field, buffer in self._buffers:
            values[field] = attempt(field, buffer.read)
        if self._terms.names:
            values["rew_terms"] = attempt("rew_terms", self._terms.scaled)
        return values

    def lengths(self) -> Any:
        return self.env.episode_length_buf

    def endings(self) -> Endings:
        env = self.env
        reset, late, lengths = (
            as_array(self.rows.copied(buffer)) for buffer in (env.reset_buf, env.time_out_buf, env.episode_length_buf)
        )
        # The simulator does not tell a fall from a time-out in the same step: its learner sees a time-out.
        late = late.astype(bool)
        return Endings(reset.astype(bool) & ~late, late, lengths)

    def _has_rows(self, field: str, name: str) -> bool:
        """Whether a buffer has a row for each env, else it is told: its first rows would be somebody else's."""
        shape = tuple(getattr(getattr(self.env, name, None), "shape", ()))
        if shape[:1] == (self.env.num_envs,):
            return True
        expected = f"expected a row for each of {self.env.num_envs} envs"
        self.request.problems.tell(field, f"has shape {shape} in {name}, {expected}: it is left out.")
        return False

    def _env_origins(self) -> list[list[float]] | None:
        origins = getattr(self.env, "env_origins", None)
        return None if origins is None else as_array(self.rows.of(origins)).astype(float).tolist()


def _root_fields(root: Any) -> dict[str, Any]:
    """What rows of `root_states` hold."""
    return {
        "robot.base_pos": root[:, 0:3],
        "robot.base_wxyz": (root[:, 6:7], root[:, 3:6]),
        "robot.base_lin_vel": root[:, 7:10],
        "robot.base_ang_vel": root[:, 10:13],
    }


def terrain_mesh(env: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """Vertices (V, 3) [m] in the world frame and triangles (F, 3); None on a plane, which needs no mesh."""
    terrain: Any = getattr(env, "terrain", None)
    cfg: Any = getattr(terrain, "cfg", None)
    if getattr(cfg, "mesh_type", None) not in ("heightfield", "trimesh"):
        return None
    # The simulator places the mesh so that the border lies outside of the origin.
    corner = np.array([-cfg.border_size, -cfg.border_size, 0.0])
    if hasattr(terrain, "vertices"):
        return np.asarray(terrain.vertices) + corner, np.asarray(terrain.triangles)
    vertices, triangles = grid_mesh(np.asarray(terrain.heightsamples) * cfg.vertical_scale, cfg.horizontal_scale)
    return vertices + corner, triangles


def find_urdf(env: Any, setting: str = "file", fix: str = URDF_FIX) -> tuple[Path | None, list[str]]:
    """The file that `cfg.asset.<setting>` names, or None and a sentence that says why not, and how to fix it.

    `{LEGGED_GYM_ROOT_DIR}` and the like are names in the modules that define the environment's classes, or in their
    packages.
    """
    named = str(getattr(env.cfg.asset, setting, ""))
    try:
        path = Path(_PLACEHOLDER.sub(lambda match: str(_root(env, match[1])), named))
    except LookupError as unknown:
        return None, [f"the URDF {named!r} is not carried: no module of the environment has {unknown.args[0]}. {fix}"]
    if path.suffix.lower() != ".urdf":
        return None, [f"the file {named!r} is no URDF, so the recording carries none. {fix}"]
    if not path.is_file():
        return None, [f"the URDF {path} is not there, so the recording carries none. {fix}"]
    return path, []


def _refuse_several_robots(env: Any) -> None:
    expected = (env.num_envs, len(env.dof_names))
    if tuple(env.dof_pos.shape) != expected or hasattr(env, "all_root_states"):
        problem = f"has dof_pos of shape {tuple(env.dof_pos.shape)}, not one robot of {expected[1]} joints per env."
        raise BadArgument("env", type(env).__name__, problem + " Register an adapter of your own.")


def _body_names(env: Any) -> list[str]:
    """Names of the rigid bodies, which the environment keeps to itself; none where the simulator does not tell."""
    ask = getattr(getattr(env, "gym", None), "get_actor_rigid_body_names", None)
    return [] if ask is None else list(ask(env.envs[0], env.actor_handles[0]))


def _root(env: Any, name: str) -> object:
    """What a placeholder stands for. Raises LookupError."""
    for cls in type(env).__mro__:
        package = cls.__module__.partition(".")[0]
        for module in (sys.modules.get(cls.__module__), sys.modules.get(package)):
            if hasattr(module, name):
                return getattr(module, name)
    raise LookupError(name)
