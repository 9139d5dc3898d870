"""The bundled robot in MuJoCo."""

from __future__ import annotations

import numpy as np
import pytest
from needs_simulator import simulator
from trotter_facts import JOINTS, LEGS, STANDING

from replay_viewer.paths import asset

mujoco = simulator("mujoco")


def test_mujoco_takes_the_robot_as_it_is() -> None:
    spec = mujoco.MjSpec.from_file(str(asset("trotter/trotter.urdf")))
    spec.body("base").add_freejoint()
    model = spec.compile()
    assert [model.joint(index).name for index in range(1, model.njnt)] == JOINTS
    assert model.body_subtreemass[1] == pytest.approx(12.0)
    data = mujoco.MjData(model)
    data.qpos[2], data.qpos[7:] = 0.31, STANDING
    mujoco.mj_forward(model, data)
    # Nothing of it touches anything else of it, and it stands over its feet.
    assert data.ncon == 0
    feet = np.array([data.body(f"{leg}_foot").xpos for leg in LEGS])
    assert np.all(np.abs(data.subtree_com[1][:2] - feet[:, :2].mean(axis=0)) < 0.02)
