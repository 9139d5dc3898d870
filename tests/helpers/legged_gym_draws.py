"""legged_gym and walk-these-ways with what they draw at random, in the buffers and by the methods of the originals.

`log` has every draw, sorted into episodes.

Runs on Python 3.8 with numpy alone.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from draw_log import DrawLog
from legged_fake import DOF_NAMES
from legged_gym_sim import LeggedGymSim, WalkTheseWaysSim, numbers

NUM_DOFS = len(DOF_NAMES)


class Drawing(LeggedGymSim):
    """Logs what is drawn, and when."""

    PUSH_INTERVAL = 25

    def __init__(self, **options: Any) -> None:
        self.log = DrawLog()
        super().__init__(**options)
        self.common_step_counter = 0
        self.cfg.commands = SimpleNamespace(heading_command=True)

    def uniform(self, *shape: int) -> Any:
        return self.np.array(self._rng.uniform(0.1, 1.0, shape).astype(np.float32))

    def post_physics_step(self) -> None:
        self.common_step_counter += 1
        super().post_physics_step()
        self.log.step += 1

    def reset_idx(self, env_ids: Any) -> None:
        self.log.reset(numbers(env_ids))
        self.log.is_resetting = True
        super().reset_idx(env_ids)
        self.log.is_resetting = False

    def _resample_commands(self, ids: Any) -> None:
        super()._resample_commands(ids)
        if len(ids):
            self.log.note("command", ids, self._commands_of(numbers(self.commands)[ids]))

    def _commands_of(self, rows: np.ndarray) -> list[Any]:
        return [{"lin_vel_x": row[0], "lin_vel_y": row[1], "heading": row[3]} for row in rows.tolist()]


class LeggedGymDraws(Drawing):
    """Friction and mass once, as the originals draw them for each env; levels of terrain at resets; pushes of all."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        n, switches = self.num_envs, ("randomize_friction", "randomize_base_mass", "push_robots")
        self.cfg.domain_rand = SimpleNamespace(**dict.fromkeys(switches, True))
        self.friction_coeffs, masses = self.uniform(n, 1, 1), self._rng.uniform(4, 6, n)
        self.terrain_levels = self.np.array(self._rng.integers(0, 9, n))
        self.terrain_types = self.np.array(np.arange(n) // 2)
        self.envs, self.actor_handles = list(range(n)), [0] * n
        self.gym.get_actor_rigid_body_properties = lambda env, actor: [
            SimpleNamespace(mass=masses[env]),
            SimpleNamespace(mass=1.0),
        ]
        self.built = [
            {
                "friction": float(numbers(self.friction_coeffs)[env_id, 0, 0]),
                "base_mass": float(masses[env_id]),
                "terrain_type": env_id // 2,
            }
            for env_id in range(n)
        ]
        self.log.is_resetting = True
        self.log.note("terrain_level", np.arange(n), numbers(self.terrain_levels).tolist())
        self.log.note("command", np.arange(n), self._commands_of(numbers(self.commands)))
        self.log.is_resetting = False

    def _post_physics_step_callback(self) -> None:
        super()._post_physics_step_callback()
        if self.common_step_counter % self.PUSH_INTERVAL == 0:
            self._push_robots()

    def _push_robots(self) -> None:
        self.root_states[:, 7:9] = self.uniform(self.num_envs, 2)
        pushed = numbers(self.root_states)[:, 7:9].tolist()
        self.log.note("push", np.arange(self.num_envs), [{"x": x, "y": y} for x, y in pushed])

    def _place(self, state: Any, ids: np.ndarray) -> None:
        super()._place(state, ids)
        if self.log.is_resetting:
            self._update_terrain_curriculum(ids)

    def _update_terrain_curriculum(self, env_ids: Any) -> None:
        levels = self._rng.integers(0, 9, len(env_ids))
        self.terrain_levels[env_ids] = self.np.array(levels)
        self.log.note("terrain_level", env_ids, levels.tolist())


class WalkTheseWaysDraws(WalkTheseWaysSim, Drawing):
    """Draws nearly everything at resets, and at intervals; pushes some envs; gravity is that of all."""

    RAND_INTERVAL, GRAVITY_INTERVAL = 30, 40
    SWITCHES = (
        *("randomize_friction", "randomize_restitution", "randomize_base_mass", "randomize_com_displacement"),
        *("randomize_motor_strength", "randomize_motor_offset", "randomize_Kp_factor", "randomize_gravity"),
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        n, zeros = self.num_envs, self.np.zeros
        self.cfg.domain_rand = SimpleNamespace(
            **dict.fromkeys(self.SWITCHES, True), randomize_Kd_factor=False, push_robots=True
        )
        self.friction_coeffs, self.restitutions = zeros(n, 4) + 1, zeros(n, 4)
        self.payloads, self.com_displacements, self.gravities = zeros(n), zeros(n, 3), zeros(n, 3)
        self.motor_strengths, self.motor_offsets = zeros(n, NUM_DOFS) + 1, zeros(n, NUM_DOFS)
        self.Kp_factors, self.Kd_factors = zeros(n, NUM_DOFS) + 1, zeros(n, NUM_DOFS) + 1
        everyone = np.arange(n)
        self.log.is_resetting = True
        self._randomize_rigid_body_props(everyone, self.cfg)
        self._randomize_dof_props(everyone, self.cfg)
        self._randomize_gravity()
        self.log.note("command", everyone, numbers(self.commands).tolist())
        self.log.is_resetting = False
        self.built = [{}] * n

    def _commands_of(self, rows: np.ndarray) -> list[Any]:
        return rows.tolist()

    def _post_physics_step_callback(self) -> None:
        super()._post_physics_step_callback()
        self._push_robots(np.arange(self.num_envs), self.cfg)
        due = np.flatnonzero(numbers(self.episode_length_buf) % self.RAND_INTERVAL == 0)
        if len(due):
            self._randomize_dof_props(due, self.cfg)
            self._randomize_rigid_body_props(due, self.cfg)
        if self.common_step_counter % self.GRAVITY_INTERVAL == 0:
            self._randomize_gravity()

    def _place(self, state: Any, ids: np.ndarray) -> None:
        super()._place(state, ids)
        if self.log.is_resetting:
            self._randomize_dof_props(ids, self.cfg)
            self._randomize_rigid_body_props(ids, self.cfg)

    def _push_robots(self, env_ids: Any, cfg: Any) -> None:
        ids = env_ids[numbers(self.episode_length_buf)[env_ids] % self.PUSH_INTERVAL == 0]
        self.root_states[ids, 7:9] = self.uniform(len(ids), 2)
        pushed = numbers(self.root_states)[ids, 7:9].tolist()
        self.log.note("push", ids, [{"x": x, "y": y} for x, y in pushed])

    def _randomize_rigid_body_props(self, env_ids: Any, cfg: Any) -> None:
        count = len(env_ids)
        self._draw("friction", self.friction_coeffs, env_ids, self.uniform(count, 1))
        self._draw("restitution", self.restitutions, env_ids, self.uniform(count, 1))
        self._draw("added_mass", self.payloads, env_ids, self.uniform(count))
        self._draw("com_displacement", self.com_displacements, env_ids, self.uniform(count, 3))

    def _randomize_dof_props(self, env_ids: Any, cfg: Any) -> None:
        count = len(env_ids)
        self._draw("motor_strength", self.motor_strengths, env_ids, self.uniform(count, 1))
        self._draw("motor_offset", self.motor_offsets, env_ids, self.uniform(count, NUM_DOFS))
        self._draw("Kp_factor", self.Kp_factors, env_ids, self.uniform(count, 1))

    def _randomize_gravity(self, external_force: Any = None) -> None:
        self.gravities[:, :] = self.uniform(3)
        self.log.note("gravity", np.arange(self.num_envs), numbers(self.gravities).tolist())

    def _draw(self, name: str, buffer: Any, env_ids: Any, values: Any) -> None:
        buffer[env_ids] = values
        drawn = numbers(values)
        self.log.note(name, env_ids, (drawn[:, 0] if drawn.shape[1:] == (1,) else drawn).tolist())
