"""Values of a signal at any position of playback, the feet of robots, and where contact forces are kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from arm_urdf import LINKS, arm
from container_samples import sample_info, sample_values
from memory_rollout import memory_rollout, still, windows

from replay_viewer.container.info import EntitySpec
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.formats import load_rollout
from replay_viewer.robot import load_robot
from replay_viewer.robot.feet import foot_links
from replay_viewer.rollout.episodes import Episode
from replay_viewer.rollout.rollout import Entity, Rollout
from replay_viewer.rollout.signals import RecordedContacts, contact_forces_of
from replay_viewer.rollout.states import StepValues, samples


def counting(num_steps: int = 10, **facts: object) -> Rollout:
    """Signal "x" is (step, 10 * env)."""
    steps, envs = np.meshgrid(np.arange(num_steps), np.arange(2), indexing="ij")
    return memory_rollout(still(num_steps, 2) | {"x": np.stack([steps, 10.0 * envs], axis=-1)}, **facts)  # type: ignore[arg-type]


def test_values_lie_on_a_line_between_steps() -> None:
    values = StepValues(counting(), "x")
    assert values.at(3, 1).tolist() == [3, 10]
    assert values.at(3.25, 0).tolist() == [3.25, 0]
    assert values.at(9, 0).tolist() == [9, 0]


def test_nothing_goes_across_the_end_of_an_episode() -> None:
    episodes = [Episode(0, 0, 0, 4, "terminated", "recorded"), Episode(0, 1, 5, 9, "unfinished")]
    values = StepValues(counting(episodes={0: episodes}), "x")
    assert values.at(4.5, 0).tolist() == [4, 0]
    assert values.at(5.5, 0).tolist() == [5.5, 0]


def test_the_terminal_state_is_what_counts_at_an_end() -> None:
    episodes = [Episode(0, 0, 0, 4, "terminated", "table", 0), Episode(0, 1, 5, 9, "unfinished")]
    rollout = counting(episodes={0: episodes}, terminals={"x": np.array([[40.0, 41.0]])})
    assert StepValues(rollout, "x").at(4, 0).tolist() == [40, 41]


def test_the_last_finite_number_stands_in_for_what_is_none() -> None:
    x = np.array([np.nan, 1, np.nan, np.inf, 4])[:, None, None]
    values = StepValues(memory_rollout(still(5, 1) | {"x": x}), "x")
    assert [float(values.at(step, 0)[0]) for step in range(5)] == [0, 1, 1, 1, 4]


def test_playing_on_reads_the_file_seldom() -> None:
    rollout = counting(200)
    values = StepValues(rollout, "x")
    for position in np.arange(0, 199, 0.5):
        assert values.at(position, 0)[0] == position
    assert len([name for name, _ in windows(rollout) if name == "x"]) <= 2 * (200 // 64 + 1)


def test_samples_are_few_and_spread() -> None:
    values = np.broadcast_to(np.arange(5000.0)[:, None], (5000, 40)).copy()
    values[0, 0] = np.nan
    found = samples(memory_rollout(still(5000, 40) | {"x": values}), "x")
    assert found.shape[0] <= 256 and found.shape[1] <= 16
    assert found.max() > 4900
    assert found[0, 0] == 0


# Feet.


def test_bodies_whose_contact_is_recorded_are_the_feet_if_they_are_few(tmp_path: Path) -> None:
    assert foot_links(arm(tmp_path), ["lower", "base", "upper", "no such link"]) == [LINKS.index("lower")]


def test_else_the_lowest_ends_of_limbs_are(tmp_path: Path) -> None:
    assert foot_links(arm(tmp_path)) == [LINKS.index("tip")]


@pytest.mark.parametrize(
    ("urdf", "count"), [("go2_description/urdf/go2.urdf", 4), ("g1_description/urdf/g1_29dof_rev_1_0.urdf", 2)]
)
def test_feet_of_real_robots(robots_dir: Path, urdf: str, count: int) -> None:
    robot = load_robot(robots_dir / urdf)
    feet = foot_links(robot)
    heights = robot.forward_kinematics(np.zeros(robot.num_joints))[0][:, 2]
    assert len(feet) == count
    assert heights[feet].max() < heights.min() + 0.1


# Contact forces.


def rollout_with(entity: Entity, field: str, shape: tuple[int, ...], **facts: object) -> Rollout:
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
    entity = Entity("robot")
    rollout = rollout_with(entity, "contact_force", (2, 3), metadata={"contact_bodies": ["left", "right"]})
    assert contact_forces_of(rollout, entity) == RecordedContacts("contact_force", ("left", "right"))
    unnamed = rollout_with(entity, "contact_force", (2, 3), metadata={"contact_bodies": 7})
    assert contact_forces_of(unnamed, entity) == RecordedContacts("contact_force", ())


def test_names_that_do_not_fit_the_forces_are_none() -> None:
    entity = Entity("robot", contact_bodies=("left",))
    assert contact_forces_of(rollout_with(entity, "robot.contact_force", (2, 3)), entity) == RecordedContacts(
        "robot.contact_force", ()
    )
    assert contact_forces_of(rollout_with(entity, "robot.contact_force", (2,)), entity) is None
