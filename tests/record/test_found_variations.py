"""Factors that legged_gym and its kin draw at random are found; each draw is in the episode that it was made for."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from legged_fake import DOF_NAMES
from legged_gym_draws import Drawing, LeggedGymDraws, WalkTheseWaysDraws
from legged_gym_sim import LeggedGymSim

from replay_viewer import attach, record_episodes


def run(env: LeggedGymSim, num_steps: int) -> None:
    rng = np.random.default_rng(1)
    for _ in range(num_steps):
        env.step(env.np.array(rng.uniform(-2, 2, (env.num_envs, len(DOF_NAMES))).astype(np.float32)))


def variations_by_env(path: Path) -> dict[int, list[dict[str, Any]]]:
    """Of the records, by env and in the order of their episodes."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for record in map(json.loads, path.read_text().splitlines()):
        found[record["env_id"]].append(record["variations"])
    return found


@pytest.mark.parametrize("kind", [LeggedGymDraws, WalkTheseWaysDraws])
def test_every_draw_stands_in_the_episode_that_it_was_made_for(kind: type, library: str, tmp_path: Path) -> None:
    env: Drawing = kind(library=library)
    with record_episodes(env, tmp_path, strict=True) as recording:
        run(env, 260)
    found = variations_by_env(recording.path)
    assert sorted(found) == list(range(6))
    for env_id, episodes in found.items():
        built = env.built[env_id]  # type: ignore[attr-defined]
        assert len(episodes) > 2
        assert episodes == [{**built, **drawn} for drawn in env.log.episodes(env_id)]
    everything = json.dumps(found)
    assert '"push": [{"step"' in everything
    assert '"push": {"step"' in everything


def test_what_is_reset_from_outside_has_its_own_draws(tmp_path: Path) -> None:
    env = WalkTheseWaysDraws()
    with record_episodes(env, tmp_path, strict=True) as recording:
        for _ in range(3):
            env.reset()
            run(env, 20)
    for env_id, episodes in variations_by_env(recording.path).items():
        # The reset before the first step ends nothing.
        assert episodes == env.log.episodes(env_id)[1:]


def test_of_recorded_envs_alone_draws_are_kept(tmp_path: Path) -> None:
    env = LeggedGymDraws()
    with attach(env, tmp_path / "run.rec", env_ids=[4, 1], episode_terms={}, strict=True) as recorder:
        run(env, 120)
    assert recorder.episodes_path is not None
    found = variations_by_env(recorder.episodes_path)
    assert sorted(found) == [1, 4]
    for env_id, episodes in found.items():
        assert episodes == [{**env.built[env_id], **drawn} for drawn in env.log.episodes(env_id)]


def test_what_a_user_logs_stands_in_place_of_what_is_found(tmp_path: Path) -> None:
    env = LeggedGymDraws()
    with record_episodes(env, tmp_path, strict=True) as recording:
        recording.log_variation("push", "by hand")
        recording.log_variation("friction", np.arange(6))
        run(env, 150)
    for env_id, episodes in variations_by_env(recording.path).items():
        built = {**env.built[env_id], "friction": env_id, "push": "by hand"}
        drawn = env.log.episodes(env_id)
        assert any("push" in of_episode for of_episode in drawn)
        assert episodes == [{**of_episode, **built} for of_episode in drawn]


class CountedDraws(LeggedGymDraws):
    """Counts how often its buffers are looked at by others."""

    num_asked = 0

    def __getattribute__(self, name: str) -> Any:
        if name in ("friction_coeffs", "terrain_levels", "terrain_types"):
            LeggedGymDraws.__setattr__(self, "num_asked", object.__getattribute__(self, "num_asked") + 1)
        return super().__getattribute__(name)


def test_without_records_nothing_is_read_or_wrapped(tmp_path: Path) -> None:
    env, alone = CountedDraws(), CountedDraws()
    asked: list[int] = []
    env.gym.get_actor_rigid_body_properties = lambda *args: asked.append(0)
    with attach(env, tmp_path / "run.rec", env_ids="all", observations=True):
        wrapped = set(vars(env)) - set(vars(alone))
        run(env, 100)
    run(alone, 100)
    assert env.num_asked == alone.num_asked
    assert asked == []
    assert not wrapped & {"_push_robots", "_resample_commands", "_update_terrain_curriculum"}


def test_every_method_is_put_back(tmp_path: Path) -> None:
    env = WalkTheseWaysDraws()
    wrapped = {"_push_robots", "_resample_commands", "_randomize_dof_props", "_randomize_gravity"}
    with record_episodes(env, tmp_path) as one:
        with record_episodes(env, tmp_path / "b"):
            run(env, 3)
            one.close()
            assert wrapped <= set(vars(env))
        assert not wrapped & set(vars(env))


def test_drawing_is_not_changed_by_being_recorded(tmp_path: Path) -> None:
    env, alone = WalkTheseWaysDraws(), WalkTheseWaysDraws()
    with record_episodes(env, tmp_path):
        run(env, 150)
    run(alone, 150)
    assert env.log.entries == alone.log.entries


def test_a_factor_that_cannot_be_read_is_told_once_and_the_others_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    env = LeggedGymDraws()
    del env.envs[-1]
    with record_episodes(env, tmp_path) as recording:
        run(env, 120)
    (told,) = [record.getMessage() for record in caplog.records if "variation" in record.getMessage()]
    assert "'variation base_mass' cannot be read (IndexError" in told
    for env_id, episodes in variations_by_env(recording.path).items():
        built = {name: value for name, value in env.built[env_id].items() if name != "base_mass"}
        assert episodes == [{**built, **drawn} for drawn in env.log.episodes(env_id)]


def test_a_method_that_draws_may_fail_and_the_simulation_learns_of_it(tmp_path: Path) -> None:
    class Failing(LeggedGymDraws):
        def _push_robots(self) -> None:
            raise RuntimeError("no push today")

    env = Failing()
    with record_episodes(env, tmp_path), pytest.raises(RuntimeError, match="no push today"):
        run(env, 60)


def test_settings_that_are_switched_off_name_no_factors(tmp_path: Path) -> None:
    env = LeggedGymDraws()
    env.cfg.domain_rand = type(env.cfg.domain_rand)(randomize_friction=False)
    with record_episodes(env, tmp_path) as recording:
        run(env, 30)
    (names,) = {tuple(sorted(one)) for episodes in variations_by_env(recording.path).values() for one in episodes}
    assert names == ("command", "terrain_level", "terrain_type")
