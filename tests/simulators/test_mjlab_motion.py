"""A motion clip that mjlab's own script writes: every body is drawn where its simulator had it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from needs_simulator import simulator
from npz_samples import verdict_on

from replay_viewer import open_replay

NUM_FRAMES = 12


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the clip is put that would be sent to Weights & Biases."""
    path = tmp_path / "motion.npz"

    def log_artifact(artifact_or_path: str, **facts: Any) -> None:
        shutil.copy(artifact_or_path, path)

    run = SimpleNamespace(log_artifact=log_artifact, link_artifact=lambda *artifact, **facts: None)
    service = ModuleType("wandb")
    service.init = lambda **facts: run  # type: ignore[attr-defined]
    service.finish = lambda: None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "wandb", service)
    return path


def test_a_clip_of_mjlab_is_drawn_as_its_simulator_had_it(kept: Path, robots_dir: Path, tmp_path: Path) -> None:
    script = simulator("mjlab.scripts.csv_to_npz")
    time = np.arange(NUM_FRAMES) / 30
    rows = np.zeros((NUM_FRAMES, 36))
    rows[:, :3] = np.stack([0.5 * time, 0 * time, 0.8 + 0 * time], axis=-1)
    rows[:, 5:7] = np.stack([np.sin(time), np.cos(time)], axis=-1)
    rows[:, 7:] = 0.4 * np.sin(np.arange(29) + 5 * time[:, None])
    np.savetxt(tmp_path / "walk.csv", rows, delimiter=",")
    script.main(str(tmp_path / "walk.csv"), "walk", device="cpu")

    replay = open_replay(kept, urdf=robots_dir / "g1_description/urdf/g1_29dof_rev_1_0.urdf")
    for topic in ("joint order", "body order"):
        verdict = verdict_on(replay.rollout, topic)
        assert (verdict.finding, verdict.status) == ("depth first, as MuJoCo numbers", "found")
    with np.load(kept) as clip:
        bodies = clip["body_pos_w"]
    robot = replay.robots["robot"]
    links = [robot.link_names.index(name) for name in _bodies_of_mjlab()]
    for step in range(len(bodies)):
        drawn = replay.frames.frame_at(step, [0]).entities["robot"].link_positions[0]
        np.testing.assert_allclose(drawn[links], bodies[step], atol=1e-3)


def _bodies_of_mjlab() -> list[str]:
    """The names of the bodies, in the order of MuJoCo's model."""
    constants = simulator("mjlab.asset_zoo.robots.unitree_g1.g1_constants")
    model = constants.get_spec().compile()
    return [model.body(index).name for index in range(1, model.nbody)]
