"""What can be plotted of a recording: which signals there are, what their curves are called, and their values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from memory_rollout import memory_rollout, still, windows

from replay_viewer.rollout.entities import EntitySpec
from replay_viewer.rollout.episodes import Episode
from replay_viewer.rollout.rollout import Rollout
from replay_viewer.rollout.signals import Signal, signals
from replay_viewer.rotations import from_rpy

STEPS = 40


def rollout_of(values: dict[str, np.ndarray], **facts: Any) -> Rollout:
    return memory_rollout({**still(STEPS, 2), **values}, **facts)


def signal(rollout: Rollout, label: str) -> Signal:
    return next(signal for signal in signals(rollout) if signal.label == label)


def values(rollout: Rollout, label: str, env: int = 0, episode: int = 0) -> np.ndarray:
    return np.concatenate(list(signal(rollout, label).of_episode(rollout, rollout.episodes(env)[episode])))


def test_components_have_the_names_of_joints_and_bodies() -> None:
    robot = EntitySpec("robot", joint_names=("hip", "knee"), contact_bodies=("foot",))
    fields = {"robot.joint_pos": np.zeros((STEPS, 2, 2)), "robot.contact_force": np.zeros((STEPS, 2, 1, 3))}
    rollout = rollout_of(fields, entities=(robot,))
    assert signal(rollout, "joint positions").components == ("hip", "knee")
    assert signal(rollout, "contact forces").components == ("foot",)
    assert signal(rollout, "contact forces, x y z").components == ("foot x", "foot y", "foot z")


def test_commands_have_the_names_of_their_terms_only_where_those_fit() -> None:
    fields = {"command": np.zeros((STEPS, 2, 3))}
    stated = rollout_of(fields, metadata={"command_terms": {"twist": 2, "height": 1}})
    assert signal(stated, "command").components == ("twist 0", "twist 1", "height")
    for odd in ({"twist": 4}, {"twist": "3"}, ["twist"], 3):
        assert signal(rollout_of(fields, metadata={"command_terms": odd}), "command").components == ("0", "1", "2")


def test_each_agents_observations_are_called_theirs() -> None:
    fields = {"rew": np.zeros((STEPS, 2, 2)), "obs": np.zeros((STEPS, 2, 2, 3))}
    components = signal(rollout_of(fields), "observations").components
    assert len(components) == 6 and components[4] == "agent 1: 1"


def test_what_the_user_named_can_be_plotted_and_rewards_and_flags_cannot() -> None:
    fields = {
        "battery": np.arange(2.0 * STEPS).reshape(STEPS, 2),
        "rew": np.zeros((STEPS, 2)),
        "flags": np.zeros((STEPS, 2), np.uint32),
    }
    rollout = rollout_of(fields)
    np.testing.assert_array_equal(values(rollout, "battery", env=1)[:, 0], fields["battery"][:, 1])
    assert not {"rew", "flags"} & {signal.field for signal in signals(rollout)}


def test_several_entities_are_told_apart() -> None:
    rollout = rollout_of(still(STEPS, 2, "crate"), entities=(EntitySpec("robot"), EntitySpec("crate", "object")))
    labels = [signal.label for signal in signals(rollout)]
    assert "robot: base tilt" in labels and "crate: base tilt" in labels
    assert len(set(labels)) == len(labels)


def test_velocity_from_positions_is_as_the_base_sees_it_and_begins_anew_in_each_episode() -> None:
    fields = still(STEPS, 2)
    fields["robot.base_pos"][:, 0, 1] = 0.5 * 0.02 * np.arange(STEPS)
    fields["robot.base_pos"][20:, 0, 1] -= 100.0
    fields["robot.base_wxyz"][:] = from_rpy(*np.array([0.0, 0.0, np.pi / 2]))
    episodes = {0: [Episode(0, 0, 0, 19, "truncated", "recorded"), Episode(0, 1, 20, STEPS - 1, "unfinished")]}
    rollout = memory_rollout(fields, episodes=episodes)
    for episode in (0, 1):
        found = values(rollout, "base velocity (from positions)", episode=episode)
        assert np.isnan(found[0]).all()
        np.testing.assert_allclose(found[1:], np.tile([0.5, 0, 0], (19, 1)), atol=1e-9)


def test_velocity_from_positions_is_the_same_read_in_pieces() -> None:
    fields = still(10_000, 1)
    fields["robot.base_pos"][:] = np.random.default_rng(0).normal(size=(10_000, 1, 3))
    rollout = memory_rollout(fields)
    found = values(rollout, "base velocity (from positions), in the world")
    np.testing.assert_allclose(found[1:], np.diff(fields["robot.base_pos"][:, 0], axis=0) / 0.02)
    assert max(count for _, count in windows(rollout)) < 5000


@pytest.mark.parametrize(("rpy", "tilt"), [((0.3, 0, 1.0), 0.3), ((0, -0.4, 2.0), 0.4), ((np.pi, 0, 0), np.pi)])
def test_tilt_is_the_angle_to_upright_whatever_the_heading(rpy: tuple[float, float, float], tilt: float) -> None:
    fields = still(STEPS, 2)
    fields["robot.base_wxyz"][:] = from_rpy(*np.array(rpy))
    found = values(memory_rollout(fields), "base tilt")[0]
    np.testing.assert_allclose(found[3], np.degrees(tilt), atol=1e-5)
    np.testing.assert_allclose(np.abs(found[:3]), np.abs(np.degrees(rpy)), atol=1e-5)


def test_the_size_of_a_force_is_that_of_its_vector() -> None:
    forces = np.tile([3.0, 0.0, 4.0], (STEPS, 2, 2, 1))
    rollout = rollout_of({"robot.contact_force": forces})
    np.testing.assert_allclose(values(rollout, "contact forces"), 5.0)
    assert signal(rollout, "contact forces").components == ("0", "1")


def test_the_last_step_shows_the_terminal_state() -> None:
    fields = {**still(STEPS, 1), "obs": np.zeros((STEPS, 1, 1))}
    ended = Episode(0, 0, 0, STEPS - 1, "terminated", "captured", terminal_row=0)
    terminals = {"obs": np.array([[7.0]])}
    rollout = memory_rollout(fields, episodes={0: [ended]}, terminals=terminals)
    np.testing.assert_array_equal(values(rollout, "observations")[-2:, 0], [0, 7])
