"""What `attach` must know about PushEnv: an adapter of our own, as anybody can write one for their environment."""

from __future__ import annotations

from typing import Any

import numpy as np
from push_env import WEIGHTS, PushEnv
from push_scene import BOX_SIZE, CONTACT_BODIES, PHYSICS_DT, ROBOTS
from trotter import JOINTS, urdf_path

from replay_viewer import Adapter, Description, Endings, EntitySpec, register_adapter
from replay_viewer.paths import asset

GREEN = [0.25, 0.62, 0.38]
PAD, MARGIN = 0.006, 0.15
"""Thickness of the sheet that marks the target, and how far it goes beyond the box [m]."""
CAUSES = ["box at the target", *(f"{name} fell" for name in ROBOTS)]
"""Of an episode's end, besides its time."""


class PushAdapter(Adapter):
    """Reads two robots, the box, and the target, which is recorded as an object too."""

    env: PushEnv

    def describe(self) -> Description:
        env, urdf = self.env, str(urdf_path())
        sheet = [BOX_SIZE[0] + 2 * MARGIN, BOX_SIZE[1] + 2 * MARGIN, PAD]
        facts = {
            "control_dt": env.dt,
            "decimation": round(env.dt / PHYSICS_DT),
            "physics_dt": PHYSICS_DT,
            "env_origins": self.rows.of(env.env_origins).tolist(),
            "seed": env.seed,
            "reward_terms": tuple(WEIGHTS),
            "outcome_reasons": CAUSES,
            "entities": [
                *(EntitySpec(name, "robot", JOINTS, CONTACT_BODIES, urdf) for name in ROBOTS),
                EntitySpec("box", "object", shape={"type": "mesh", "path": str(asset("crate.glb"))}),
                EntitySpec("target", "object", shape={"type": "box", "size": sheet, "color": GREEN}),
            ],
            "metadata": {"reward_weights": WEIGHTS},
        }
        return Description(facts)

    def read(self) -> dict[str, Any]:
        env, rows = self.env, self.rows.of
        values: dict[str, Any] = {}
        for index, name in enumerate(ROBOTS):
            values[f"{name}.base_pos"] = rows(env.base_pos)[:, index]
            values[f"{name}.base_wxyz"] = rows(env.base_wxyz)[:, index]
            values[f"{name}.joint_pos"] = rows(env.dof_pos)[:, index]
            values[f"{name}.base_lin_vel"] = rows(env.base_lin_vel)[:, index]
            values[f"{name}.base_ang_vel"] = rows(env.base_ang_vel)[:, index]
            values[f"{name}.joint_torque"] = rows(env.torques)[:, index]
            values[f"{name}.contact_force"] = rows(env.contact_forces)[:, index]
        values["box.base_pos"], values["box.base_wxyz"] = rows(env.box_pos), rows(env.box_wxyz)
        values["target.base_pos"], values["target.base_wxyz"] = self._target()
        values["act"], values["command"] = rows(env.actions), rows(env.commands)
        values["rew"] = rows(env.rew_buf)
        values["rew_terms"] = np.stack([rows(term) for term in env.terms.values()], axis=-1)
        return values

    def _target(self) -> tuple[np.ndarray, np.ndarray]:
        """Position and wxyz of the sheet on the floor."""
        x, y, yaw = self.rows.of(self.env.target).T
        zero = np.zeros_like(x)
        return (
            np.stack([x, y, zero + PAD / 2], axis=-1),
            np.stack([np.cos(yaw / 2), zero, zero, np.sin(yaw / 2)], axis=-1),
        )

    def endings(self) -> Endings:
        success, falls, late, lengths = (
            self.rows.copied(buffer)
            for buffer in (self.env.success_buf, self.env.fall_buf, self.env.time_out_buf, self.env.episode_length_buf)
        )
        causes = np.select(
            [success, falls[:, 0], falls[:, 1]], ["box at the target", "robot_0 fell", "robot_1 fell"], ""
        )
        return Endings(success | falls.any(axis=1), late, lengths, causes.tolist(), success.tolist())


register_adapter("push", ("box_pos", "target", "shoves", "fall_buf", "reset_idx"), PushAdapter)
