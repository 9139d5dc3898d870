"""Where contact forces are recorded, and the bodies that they act on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from container_samples import sample_info, sample_values
from memory_rollout import memory_rollout, still

from replay_viewer.container.writer import ContainerWriter
from replay_viewer.formats import load_rollout
from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.rollout.rollout import Rollout
from replay_viewer.rollout.signals import RecordedContacts, contact_forces_of


def rollout_with(entity: EntitySpec, field: str, shape: tuple[int, ...], **facts: object) -> Rollout:
    return memory_rollout(still(3, 1) | {field: np.zeros((3, 1, *shape))}, entities=[entity], **facts)  # type: ignore[arg-type]


def test_a_container_names_the_bodies(tmp_path: Path) -> None:
    robot = EntitySpec("robot", joint_names=("hip", "knee", "ankle"), contact_bodies=("left", "right"))
    info = sample_info(entities=(robot, sample_info().entities[1]))
    with ContainerWriter(tmp_path / "run.rec", info) as writer:
        for step in range(3):
            writer.append(step, 0.02 * step, {**sample_values(step), "robot.contact_force": np.ones((4, 2, 3))})
    rollout = load_rollout(tmp_path / "run.rec")
    expected = RecordedContacts("robot.contact_force", ("left", "right"))
    assert contact_forces_of(rollout, rollout.entities["robot"]) == expected
    assert contact_forces_of(rollout, rollout.entities["box"]) is None


def test_a_plain_npz_names_them_in_its_recording_info() -> None:
    entity = EntitySpec("robot")
    rollout = rollout_with(entity, "contact_force", (2, 3), metadata={"contact_bodies": ["left", "right"]})
    assert contact_forces_of(rollout, entity) == RecordedContacts("contact_force", ("left", "right"))
    unnamed = rollout_with(entity, "contact_force", (2, 3), metadata={"contact_bodies": 7})
    assert contact_forces_of(unnamed, entity) == RecordedContacts("contact_force", ())


def test_names_that_do_not_fit_the_forces_are_none() -> None:
    entity = EntitySpec("robot", contact_bodies=("left",))
    assert contact_forces_of(rollout_with(entity, "robot.contact_force", (2, 3)), entity) == RecordedContacts(
        "robot.contact_force", ()
    )
    assert contact_forces_of(rollout_with(entity, "robot.contact_force", (2,)), entity) is None
