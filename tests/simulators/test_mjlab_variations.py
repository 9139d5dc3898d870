"""What mjlab draws at random stands in the records: compared with its own samples, and its arrays after each event."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from draw_log import DrawLog
from mjlab_envs import GO1, make
from needs_simulator import simulator

from replay_viewer import record_episodes

torch = simulator("torch")
events = simulator("mjlab.envs.mdp.events")
dr = simulator("mjlab.envs.mdp.dr")
FEET = [f"robot/{foot}_foot_collision" for foot in ("FR", "FL", "RR", "RL")]


def settings(cfg: Any) -> None:
    """Friction and forces at resets, mass at some; damping at intervals; pushes and commands often."""
    term, entity = simulator("mjlab.managers").EventTermCfg, simulator("mjlab.managers").SceneEntityCfg
    feet, trunk = entity("robot", geom_names=[foot.partition("/")[2] for foot in FEET]), ("trunk",)
    cfg.events["slip"] = term(
        func=dr.geom_friction, mode="reset", params={"asset_cfg": feet, "ranges": (0.2, 0.9), "axes": [0]}
    )
    cfg.events["mass"] = term(
        func=dr.body_mass,
        mode="reset",
        min_step_count_between_reset=60,
        params={"asset_cfg": entity("robot", body_names=trunk), "ranges": (0.8, 1.3)},
    )
    cfg.events["damping"] = term(
        func=dr.joint_damping,
        mode="interval",
        interval_range_s=(0.2, 0.5),
        params={"asset_cfg": entity("robot", joint_names=("FL_hip_joint",)), "ranges": (0.1, 0.4)},
    )
    cfg.events["wind"] = term(
        func=events.apply_external_force_torque,
        mode="reset",
        params={
            "asset_cfg": entity("robot", body_names=trunk),
            "force_range": (-5.0, 5.0),
            "torque_range": (0.0, 0.0),
        },
    )
    del cfg.terminations["fell_over"]
    cfg.events["push_robot"].interval_range_s = (0.2, 0.6)
    cfg.commands["twist"].resampling_time_range = (0.3, 0.5)
    for name in ("foot_friction_slide", "reset_robot_joints"):
        del cfg.events[name]
    cfg.events["reset_robot_joints"] = term(
        func=events.reset_joints_by_offset,
        mode="reset",
        params={
            "position_range": (-0.1, 0.1),
            "velocity_range": (0.0, 0.0),
            "asset_cfg": entity("robot", joint_names=("FL_.*",)),
        },
    )


@pytest.fixture(scope="module")
def env() -> Any:
    return make(GO1, num_envs=3, change=settings)


class Spy:
    """Sees draws where mjlab makes them: its samples, and its arrays by MuJoCo's names."""

    def __init__(self, env: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.log = DrawLog(passing=("push_robot", "reset_base", "reset_robot_joints"))
        self._env, self._model = env, env.sim.mj_model
        self._samples: list[Any] = []
        kind, manager, command = type(env), type(env.event_manager), type(env.command_manager.get_term("twist"))
        reset, apply, resample, sample = (
            kind._reset_idx,
            manager.apply,
            command._resample_command,
            events._sample_se3_range,
        )

        def resetting(this: Any, env_ids: Any) -> None:
            self.log.reset(env_ids)
            self.log.is_resetting = True
            reset(this, env_ids)
            self.log.is_resetting = False

        def applying(this: Any, mode: str, *args: Any, **kwargs: Any) -> None:
            before = self._arrays()
            self._samples.clear()
            time_left = [left.clone() for left in this._interval_term_time_left]
            apply(this, mode, *args, **kwargs)
            if mode == "reset":
                self._see_reset(kwargs["env_ids"], before)
            elif mode == "interval":
                names = this.active_terms["interval"]
                has_fired = {
                    name: np.flatnonzero(new > old - kwargs["dt"] + 1e-6)
                    for name, old, new in zip(names, time_left, this._interval_term_time_left, strict=True)
                }
                self._see_interval(has_fired)

        def resampling(this: Any, env_ids: Any) -> None:
            resample(this, env_ids)
            self.log.note("twist", env_ids, [self._twist(this, int(env_id)) for env_id in env_ids])

        def sampling(*args: Any) -> Any:
            self._samples.append(sample(*args))
            return self._samples[-1].clone()

        monkeypatch.setattr(kind, "_reset_idx", resetting)
        monkeypatch.setattr(manager, "apply", applying)
        monkeypatch.setattr(command, "_resample_command", resampling)
        monkeypatch.setattr(events, "_sample_se3_range", sampling)

    def built(self, env_id: int) -> dict[str, Any]:
        """What was drawn before: of each env at startup, and what holds since its last reset."""
        model, data = self._env.sim.model, self._env.scene["robot"].data
        trunk = self._model.body("robot/trunk").id
        foot = self._model.geom(FEET[0]).id
        return {
            "base_com": model.body_ipos[env_id, trunk].tolist(),
            "encoder_bias": data.encoder_bias[env_id].tolist(),
            "foot_friction_spin": float(model.geom_friction[env_id, foot, 1]),
            "foot_friction_roll": float(model.geom_friction[env_id, foot, 2]),
        }

    def _arrays(self) -> dict[str, np.ndarray]:
        sim, model = self._env.sim, self._model
        trunk, feet = model.body("robot/trunk").id, [model.geom(foot).id for foot in FEET]
        leg = [model.joint(f"robot/FL_{name}_joint") for name in ("hip", "thigh", "calf")]
        found = {
            "slip": sim.model.geom_friction[:, feet, 0],
            "mass": sim.model.body_mass[:, trunk],
            "damping": sim.model.dof_damping[:, leg[0].dofadr[0]],
            "wind": sim.data.xfrc_applied[:, trunk, :3],
            "joints": sim.data.qpos[:, [joint.qposadr[0] for joint in leg]],
        }
        return {name: values.numpy().copy() for name, values in found.items()}

    def _see_reset(self, env_ids: Any, before: dict[str, np.ndarray]) -> None:
        after, ids = self._arrays(), [int(env_id) for env_id in env_ids]
        changed = [env_id for env_id in ids if after["mass"][env_id] != before["mass"][env_id]]
        self.log.note("mass", changed, after["mass"][changed].tolist())
        self.log.note("slip", ids, after["slip"][ids].tolist())
        self.log.note("wind", ids, [{"force": force} for force in after["wind"][ids].tolist()])
        self.log.note("reset_robot_joints", ids, after["joints"][ids].tolist())
        poses = self._samples[0].tolist()
        self.log.note("reset_base", ids, [{"x": x, "y": y, "z": z, "yaw": yaw} for x, y, z, _, _, yaw in poses])

    def _see_interval(self, has_fired: dict[str, np.ndarray]) -> None:
        pushes = self._samples[0].tolist() if self._samples else []
        assert len(pushes) == len(has_fired["push_robot"])
        self.log.note(
            "push_robot", has_fired["push_robot"], [dict(zip(events._SE3_KEYS, push, strict=True)) for push in pushes]
        )
        self.log.note("damping", has_fired["damping"], self._arrays()["damping"][has_fired["damping"]].tolist())

    def _twist(self, term: Any, env_id: int) -> dict[str, Any]:
        x, y, turn = (0.0 if term.is_standing_env[env_id] else float(part) for part in term.vel_command_b[env_id])
        heading = float(term.heading_target[env_id]) if term.is_heading_env[env_id] else None
        return {"lin_vel_x": x, "lin_vel_y": y, "ang_vel_z": None if heading is not None else turn, "heading": heading}


def same(found: Any, expected: Any) -> bool:
    """Whether they are the same to the rounding of float32: pushes are differences of velocities, turns are angles."""
    if isinstance(expected, dict):
        return sorted(found) == sorted(expected) and all(same(found[name], value) for name, value in expected.items())
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    return found is None if expected is None else found == pytest.approx(expected, abs=1e-5)


@pytest.fixture
def spied(env: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[Spy, Path]]:
    """130 steps with a reset before them and one between them."""
    spy = Spy(env, monkeypatch)
    with record_episodes(env, tmp_path, strict=True) as recording:
        env.reset()
        for step in range(130):
            generator = torch.Generator().manual_seed(step)
            if step == 70:
                env.reset(env_ids=torch.tensor([1]))
            env.step(torch.randn((env.num_envs, env.action_manager.total_action_dim), generator=generator))
            spy.log.step += 1
    yield spy, recording.path


def test_every_draw_of_mjlab_stands_in_the_episode_that_it_was_made_for(spied: tuple[Spy, Path]) -> None:
    spy, path = spied
    found: dict[int, list[Any]] = defaultdict(list)
    for record in map(json.loads, path.read_text().splitlines()):
        found[record["env_id"]].append(record["variations"])
    assert sorted(found) == [0, 1, 2]
    kinds = set()
    for env_id, episodes in found.items():
        expected = [{**spy.built(env_id), **drawn} for drawn in spy.log.episodes(env_id)[1:]]
        # The last one may have no step yet.
        assert len(expected) - 1 <= len(episodes) <= len(expected) > 2
        for one, other in zip(episodes, expected, strict=False):
            for drawn in (one, other):
                drawn.setdefault("damping", None)  # Of episodes before its first draw, there is none.
            assert sorted(one) == sorted(other)
            wrong = {name: (one[name], other[name]) for name in other if not same(one[name], other[name])}
            assert wrong == {}
            kinds |= {(name, type(value)) for name, value in one.items()}
    assert {("push_robot", dict), ("push_robot", list), ("twist", list), ("twist", dict)} <= kinds
    assert {("mass", float), ("slip", list), ("damping", list)} <= kinds


def test_terms_of_events_are_put_back_and_keep_what_they_are_while_they_are_listened_to(
    env: Any, tmp_path: Path
) -> None:
    terms = [
        env.event_manager.get_term_cfg(name) for names in env.event_manager.active_terms.values() for name in names
    ]
    before = [term.func for term in terms]
    with record_episodes(env, tmp_path):
        listened = [term.func for term in terms]
        assert sum(one is not other for one, other in zip(before, listened, strict=True)) >= 6
        for one, other in zip(before, listened, strict=True):
            assert getattr(one, "model_fields", None) == getattr(other, "model_fields", None)
            assert getattr(one, "recompute", None) == getattr(other, "recompute", None)
    assert [term.func for term in terms] == before
