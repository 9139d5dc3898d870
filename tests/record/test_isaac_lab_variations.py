"""What Isaac Lab's events and commands draw is found, of version 2's views and of version 3's data."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from draw_log import DrawLog
from isaac_lab_sim import IsaacLabSim, ProxyArray, numbers
from legged_fake import DOF_NAMES

from replay_viewer import record_episodes

AXES = ("x", "y", "z", "roll", "pitch", "yaw")


class randomize_rigid_body_material:
    """A class that makes its term, as the original's does; it has a `reset`."""

    num_resets = 0

    def __call__(self, env: Any, env_ids: Any, **params: Any) -> None:
        raise AssertionError("drawn at startup")

    def reset(self, env_ids: Any = None) -> None:
        self.num_resets += 1


class randomize_rigid_body_mass:
    num_resets = 0

    def __call__(self, env: Any, env_ids: Any, asset_cfg: Any, mass_distribution_params: Any, operation: str) -> None:
        masses = env.draw(len(env_ids), 1)
        env.masses[env_ids, 2:3] = env.np.array(masses)
        env.log.note("add_mass", env_ids, masses[:, 0].tolist())

    def reset(self, env_ids: Any = None) -> None:
        self.num_resets += 1


def push_by_setting_velocity(env: Any, env_ids: Any, velocity_range: Any) -> None:
    pushes = np.zeros((len(env_ids), 6), np.float32)
    pushes[:, [0, 5]] = env.draw(len(env_ids), 2)
    env.velocities[env_ids] += env.np.array(pushes)
    env.log.note("push", env_ids, [{"x": push[0], "yaw": push[5]} for push in pushes.tolist()])


def of_somebody(env: Any, env_ids: Any) -> None:
    """Of which nobody knows what it draws."""


class Events:
    """Calls terms as the original's manager does."""

    def __init__(self, env: Any) -> None:
        robot = SimpleNamespace(name="robot", body_ids=[2])
        ranges = {"static_friction_range": (0.1, 1.0), "dynamic_friction_range": (0.6, 0.6)}
        self._env = env
        self._terms = {
            "material": ("startup", randomize_rigid_body_material(), {**ranges, "restitution_range": (0.0, 0.5)}),
            "add_mass": (
                "reset",
                randomize_rigid_body_mass(),
                {"asset_cfg": robot, "mass_distribution_params": (0.1, 1.0), "operation": "abs"},
            ),
            "other": ("reset", of_somebody, {}),
            "push": ("interval", push_by_setting_velocity, {"velocity_range": {"x": (0.1, 1.0), "yaw": (0.1, 1.0)}}),
        }
        self._terms = {n: SimpleNamespace(mode=m, func=f, params=p) for n, (m, f, p) in self._terms.items()}

    @property
    def active_terms(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for name, term in self._terms.items():
            found[term.mode].append(name)
        return found

    def get_term_cfg(self, name: str) -> Any:
        return self._terms[name]

    def apply(self, mode: str, env_ids: Any) -> None:
        for term in self._terms.values():
            if term.mode == mode:
                term.func(self._env, env_ids, **term.params)

    def reset(self) -> None:
        for term in self._terms.values():
            if hasattr(term.func, "reset"):
                term.func.reset(env_ids=None)


class VelocityCommand:
    """As the original: commands with a heading in some envs, and some envs that stand."""

    def __init__(self, env: Any) -> None:
        zeros, n = env.np.zeros, env.num_envs
        self._env, self.cfg = env, SimpleNamespace(heading_command=True, rel_heading_envs=0.5)
        self.vel_command_b, self.heading_target = zeros(n, 3), zeros(n)
        self.is_heading_env, self.is_standing_env = zeros(n) > 0, zeros(n) > 0
        self.command = self.vel_command_b

    def _resample_command(self, ids: Any) -> None:
        env, rng = self._env, self._env._rng
        self.vel_command_b[ids] = env.np.array(env.draw(len(ids), 3))
        self.heading_target[ids] = env.np.array(env.draw(len(ids)))
        self.is_heading_env[ids] = env.np.array(rng.random(len(ids)) < 0.5)
        self.is_standing_env[ids] = env.np.array(rng.random(len(ids)) < 0.3)
        env.log.note("base_velocity", ids, map(self.commanded, np.asarray(ids).tolist()))

    def commanded(self, env_id: int) -> dict[str, Any]:
        """What it has drawn for an env."""
        x, y, turn = (0.0 if self.is_standing_env[env_id] else float(part) for part in self.vel_command_b[env_id])
        has_heading = bool(self.is_heading_env[env_id])
        heading = float(self.heading_target[env_id]) if has_heading else None
        return {"lin_vel_x": x, "lin_vel_y": y, "ang_vel_z": None if has_heading else turn, "heading": heading}


class IsaacLabDraws(IsaacLabSim):
    """Draws at startup, in resets, and every now and then."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.log, n = DrawLog(), self.num_envs
        self.masses, self.velocities = self.np.array(self.draw(n, 4)), self.np.zeros(n, 6)
        self.materials = self.np.array(self.draw(n, 5, 3))
        robot = self.scene.articulations["robot"]
        type(self.scene).__getitem__ = lambda scene, name: scene.articulations[name]  # type: ignore[attr-defined]
        robot.data.root_vel_w = self.velocities if self.version == 2 else ProxyArray(self.velocities)
        view = SimpleNamespace(get_masses=lambda: self.masses, get_material_properties=lambda: self.materials)
        if self.version == 2:
            robot.root_physx_view = view
        else:
            robot.root_view, robot.data.body_mass = view, ProxyArray(self.masses)
        self.event_manager, command = Events(self), VelocityCommand(self)
        self.command_manager = SimpleNamespace(
            active_terms=["base_velocity"], get_term=lambda name: command, compute=self._compute, reset=self._resample
        )
        self.command_manager.all = self.np.zeros(n, 4)
        self.log.is_resetting = True
        self._resample(np.arange(n))
        self.log.note("add_mass", range(n), numbers(self.masses)[:, 2].tolist())
        self.log.is_resetting = False

    def draw(self, *shape: int) -> np.ndarray:
        return self._rng.uniform(0.1, 1.0, shape).astype(np.float32)

    def built(self, env_id: int) -> dict[str, Any]:
        material = numbers(self.materials)[env_id]
        return {"material": {"static_friction": material[:, 0].tolist(), "restitution": material[:, 2].tolist()}}

    def _resample(self, ids: Any) -> None:
        self.command_manager.get_term("base_velocity")._resample_command(ids)

    def _compute(self) -> None:
        ages = numbers(self.episode_length_buf)
        for period, draw in ((17, self._resample), (23, lambda ids: self.event_manager.apply("interval", ids))):
            ids = np.flatnonzero((ages > 0) & (ages % period == 0))
            if len(ids):
                draw(ids)

    def _reset_idx(self, env_ids: Any) -> None:
        ids = np.arange(self.num_envs)[env_ids if isinstance(env_ids, slice) else numbers(env_ids)]
        self.log.reset(ids)
        self.log.is_resetting = True
        self.event_manager.apply("reset", ids)
        super()._reset_idx(env_ids)
        self.event_manager.reset()
        self.log.is_resetting = False

    def step(self, action: Any) -> tuple:
        result = super().step(action)
        self.log.step += 1
        return result


@pytest.mark.parametrize("version", [2, 3])
def test_every_draw_stands_in_the_episode_that_it_was_made_for(version: int, library: str, tmp_path: Path) -> None:
    env = IsaacLabDraws(version=version, library=library)
    before = {name: env.event_manager.get_term_cfg(name).func for name in ("add_mass", "push", "other")}
    with record_episodes(env, tmp_path, strict=True) as recording:
        for number in range(200):
            if number == 50:
                env.reset()
            env.step(env.np.zeros(6, len(DOF_NAMES)))
    found: dict[int, list[Any]] = defaultdict(list)
    for record in map(json.loads, recording.path.read_text().splitlines()):
        found[record["env_id"]].append(record["variations"])
    assert sorted(found) == list(range(6))
    for env_id, episodes in found.items():
        assert len(episodes) > 2
        for one, drawn in zip(episodes, env.log.episodes(env_id)):
            expected = {**env.built(env_id), **drawn}
            pushes, pushed = one.pop("push", None), expected.pop("push", None)
            assert one == expected
            # A difference of velocities has their rounding.
            assert _flat(pushes) == pytest.approx(_flat(pushed), abs=1e-6)
    assert "push" in json.dumps([entry[0] for entry in env.log.entries])
    assert before == {name: env.event_manager.get_term_cfg(name).func for name in before}
    # A class's term was reset as if nobody had listened to it.
    assert before["add_mass"].num_resets > 3  # type: ignore[attr-defined]


def _flat(draws: Any) -> list[float]:
    """The numbers of pushes, with their steps."""
    several = draws if isinstance(draws, list) else [] if draws is None else [draws]
    return [number for draw in several for number in (draw["step"], draw["value"]["x"], draw["value"]["yaw"])]
