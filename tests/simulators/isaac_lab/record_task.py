"""Record a task of the real Isaac Lab 3 in a process of its own, beside a capture that knows nothing of the recorder.

    python record_task.py TASK BACKEND FOLDER [NUM_STEPS]

Writes FOLDER/run.rec and FOLDER/truth.npz: what every step returned, what the simulator's own arrays were after it, and
before each reset, caught in the environment's class, below what `attach` wraps.
"""

# pyright: reportMissingImports=false
from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import robot_usd

NUM_ENVS, ENV_IDS = 6, [1, 3, 4]


def prepare(folder: Path) -> None:
    """No server for the ground plane, and no CUDA driver for pinned memory."""
    import isaaclab.sim
    import warp._src.context

    made = isaaclab.sim.GroundPlaneCfg.__init__

    def local_ground(self: Any, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("usd_path", str(robot_usd.ground_usd(folder)))
        made(self, *args, **kwargs)

    isaaclab.sim.GroundPlaneCfg.__init__ = local_ground
    allocator = warp._src.context.Device.get_allocator
    warp._src.context.Device.get_allocator = lambda self, pinned=False: allocator(self, pinned=False)


def settings(task: str, backend: str, folder: Path) -> Any:
    """Of a task, with robots that are here, and short episodes."""
    import isaaclab.sim as sim_utils
    import isaaclab_tasks  # noqa: F401 - registers the tasks.
    from isaaclab.assets import RigidObjectCfg, RigidObjectCollectionCfg
    from isaaclab_tasks.utils import parse_env_cfg

    cfg = parse_env_cfg(task, device="cpu", num_envs=NUM_ENVS, overrides=[f"physics={backend}"])
    cfg.seed = 5
    robot = cfg.scene.robot if hasattr(cfg.scene, "robot") else cfg.scene.cartpole
    if "Cartpole" in task:
        robot.spawn.usd_path = str(robot_usd.cartpole_usd(folder))
        cfg.episode_length_s = 1.0
        ground = getattr(cfg.scene, "ground", None)
        if ground is not None:
            ground.spawn.usd_path = str(robot_usd.ground_usd(folder))
        return cfg
    robot.spawn.usd_path = str(robot_usd.go2_usd(folder))
    cfg.scene.terrain.visual_material, cfg.scene.sky_light = None, None
    cfg.commands.base_velocity.debug_vis = False
    cfg.episode_length_s, cfg.compute_final_obs = 0.5, True
    if cfg.scene.terrain.terrain_generator is not None:
        cfg.scene.terrain.terrain_generator.num_rows, cfg.scene.terrain.terrain_generator.num_cols = 3, 4
    red = sim_utils.PreviewSurfaceCfg(diffuse_color=(0.8, 0.1, 0.1))
    solid = {
        "rigid_props": sim_utils.RigidBodyPropertiesCfg(),
        "mass_props": sim_utils.MassPropertiesCfg(mass=1.0),
        "collision_props": sim_utils.CollisionPropertiesCfg(),
        "visual_material": red,
    }

    def thing(name: str, spawn: Any, x: float) -> Any:
        place = RigidObjectCfg.InitialStateCfg(pos=(x, 1.0, 1.5))
        return RigidObjectCfg(prim_path=f"{{ENV_REGEX_NS}}/{name}", spawn=spawn, init_state=place)

    # Newton's MuJoCo has no cones.
    pointed = sim_utils.CylinderCfg if backend.startswith("newton") else sim_utils.ConeCfg
    cfg.scene.pill = thing("Pill", sim_utils.CapsuleCfg(radius=0.1, height=0.4, axis="X", **solid), 0.0)
    cfg.scene.cone = thing("Cone", pointed(radius=0.15, height=0.3, **solid), 0.6)
    cfg.scene.boxes = RigidObjectCollectionCfg(
        rigid_objects={
            "small": thing("Small", sim_utils.CuboidCfg(size=(0.1, 0.2, 0.3), **solid), -0.6),
            "tall": thing("Tall", pointed(radius=0.1, height=0.5, axis="Y", **solid), -1.0),
        }
    )
    return cfg


class Witness:
    """Keeps copies of the simulator's own arrays."""

    def __init__(self, env: Any) -> None:
        self._env = env
        self.steps: dict[str, list[np.ndarray]] = {}
        self.ends: list[dict[str, np.ndarray]] = []
        kind, witness = type(env), self
        reset = kind._reset_idx

        def resetting(self: Any, env_ids: Any, *args: Any, **kwargs: Any) -> Any:
            ids = np.arange(NUM_ENVS)[env_ids] if isinstance(env_ids, slice) else np.asarray(env_ids.cpu())
            if witness.is_in_step:
                state = witness.state()
                if getattr(self.cfg, "compute_final_obs", False):
                    state["obs"] = np.array(self.extras["final_obs"]["policy"])
                witness.ends += [
                    {"step": np.array(len(witness.steps.get("rew", ()))), "env": np.array(env_id)}
                    | {name: values[env_id] for name, values in state.items()}
                    for env_id in ids
                ]
            return reset(self, env_ids, *args, **kwargs)

        kind._reset_idx = resetting
        self.is_in_step = False

    def step(self, action: Any) -> None:
        """Make a step and keep it."""
        import torch

        self.is_in_step = True
        obs, reward, terminated, late, _ = self._env_step(action)
        self.is_in_step = False
        obs = obs["policy"] if isinstance(obs, dict) else obs
        kept = {"obs": obs, "rew": reward, "terminated": terminated, "late": late, "asked": action, **self.state()}
        for name, values in kept.items():
            array = values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else values
            self.steps.setdefault(name, []).append(np.array(array))

    def state(self) -> dict[str, np.ndarray]:
        """By the names that a recording has them, of all envs."""
        scene, found = self._env.scene, {}
        for name, body in {**scene.articulations, **scene.rigid_objects}.items():
            found[f"{name}.links"] = np.array(body.data.body_link_pose_w.torch)
            found[f"{name}.base_lin_vel"] = np.array(body.data.root_com_vel_w.torch[:, :3])
            found[f"{name}.base_ang_vel"] = np.array(body.data.root_com_vel_w.torch[:, 3:])
            if name in scene.articulations:
                found[f"{name}.joint_pos"] = np.array(body.data.joint_pos.torch)
                found[f"{name}.joint_vel"] = np.array(body.data.joint_vel.torch)
                found[f"{name}.joint_torque"] = np.array(body.actuators.applied_effort.torch)
        for name, collection in scene.rigid_object_collections.items():
            for index, part in enumerate(collection.body_names):
                found[f"{name}_{part}.links"] = np.array(collection.data.body_link_pose_w.torch[:, index : index + 1])
        if "contact_forces" in scene.sensors:
            found["robot.contact_force"] = np.array(scene.sensors["contact_forces"].data.net_forces_w.torch)
        if getattr(self._env, "command_manager", None) is not None and self._env.command_manager.active_terms:
            found["command"] = np.array(self._env.command_manager.get_command("base_velocity"))
        found["length"] = np.array(self._env.episode_length_buf)
        found["terms"] = self._terms()
        found |= self._of_newton()
        return found

    def _terms(self) -> np.ndarray:
        manager = getattr(self._env, "reward_manager", None)
        return np.zeros((NUM_ENVS, 0)) if manager is None else np.array(manager._step_reward) * self._env.step_dt

    def _of_newton(self) -> dict[str, np.ndarray]:
        """Poses of all bodies, xyzw, out of the engine's own state, where that is Newton."""
        from isaaclab_newton.physics import NewtonManager

        if "newton" not in type(self._env.sim.physics_manager).__module__ + str(self._env.sim.physics_manager):
            return {}
        state, model = NewtonManager.get_state_0(), NewtonManager.get_model()
        labels, poses = list(model.body_label), state.body_q.numpy()
        rows = [
            [index for index, label in enumerate(labels) if f"/env_{env}/Robot/" in label] for env in range(NUM_ENVS)
        ]
        return {"engine.links": poses[np.array(rows)]}

    @property
    def _env_step(self) -> Any:
        return self._wrapped.step if hasattr(self, "_wrapped") else self._env.step

    def through(self, wrapped: Any) -> Witness:
        """Make the steps through a wrapper."""
        self._wrapped = wrapped
        return self


def main(task: str, backend: str, folder: Path, num_steps: int) -> None:
    import gymnasium
    import torch
    from isaaclab.app import launch_simulation

    prepare(folder)
    cfg = settings(task, backend, folder)
    with launch_simulation(cfg, {}):
        wrapped = gymnasium.make(task, cfg=cfg)
        env: Any = wrapped.unwrapped
        witness = Witness(env).through(wrapped)
        torch.manual_seed(1)
        wrapped.reset(seed=5)

        from replay_viewer import attach

        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            recorder = attach(wrapped, folder / "run.rec", env_ids=ENV_IDS, observations=True, strict=True)
            for _ in range(num_steps):
                witness.step(torch.randn(wrapped.action_space.shape))
            recorder.close()
        ours = [str(warning.message) for warning in told if "replay_viewer" in warning.filename]
        truth = {name: np.stack(values) for name, values in witness.steps.items()}
        names = witness.ends[0] if witness.ends else ()
        truth |= {f"end.{name}": np.stack([end[name] for end in witness.ends]) for name in names}
        robot = next(iter(env.scene.articulations.values()))
        truth |= {"body_names": np.array(robot.body_names), "warnings": np.array(ours)}
        np.savez(folder / "truth.npz", **truth)  # pyright: ignore[reportArgumentType]
        print(f"recorded {recorder.num_steps} steps with {len(witness.ends)} ends: {recorder.path}", flush=True)
        wrapped.close()


if __name__ == "__main__":
    task, backend, folder, *rest = sys.argv[1:]
    main(task, backend, Path(folder), int(rest[0]) if rest else 120)
