"""RolloutRecorder and make_policy with real simulators: Gymnasium, mjlab, and checkpoints that rsl_rl itself writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needs_simulator import simulator

from replay_viewer import RolloutRecorder, load_rollout, make_policy
from replay_viewer.errors import FileProblem


def loaded(path: Path) -> Any:
    return np.load(path, allow_pickle=True)


def doubts(path: Path) -> list[str]:
    """What our reader assumes of the file, or finds wrong with it."""
    rollout = load_rollout(path)
    rollout.close()
    return [f"{v.topic}: {v.finding}" for v in rollout.verdicts if v.status not in ("found", "stated")]


def ends(path: Path) -> list[tuple]:
    rollout = load_rollout(path)
    rollout.close()
    episodes = [e for env in range(rollout.num_envs) for e in rollout.episodes(env) if e.outcome != "unfinished"]
    return [(rollout.env_ids[e.env_index], e.outcome, e.first_step, e.last_step) for e in episodes]


def ant(folder: Path, seed: int) -> tuple[RolloutRecorder, Path]:
    """Three episodes of an Ant that is pushed at random."""
    env = simulator("gymnasium").make("Ant-v5", healthy_z_range=(0.4, 1.0))
    env.action_space.seed(0)
    recorder = RolloutRecorder(env, None, num_episodes=3, seed=seed)
    return recorder, recorder.run(lambda obs: env.action_space.sample(), folder)


def test_gymnasium_rollouts_are_whole_and_repeat_under_their_seed(tmp_path: Path) -> None:
    (recorder, path), (_, again), (_, other) = (ant(tmp_path, seed) for seed in (4, 4, 5))
    assert doubts(path) == []
    assert ends(path) == [(0, e.outcome, e.first_step, e.last_step) for e in recorder.episodes]
    assert len(recorder.episodes) == 3
    for name in ("base_pos", "obs", "rew"):
        np.testing.assert_array_equal(loaded(path)[name], loaded(again)[name])
    assert not np.array_equal(loaded(path)["base_pos"][:3], loaded(other)["base_pos"][:3])
    for episode in recorder.episodes:
        assert episode.last_step is not None
        earned = loaded(path)["rew"][episode.first_step : episode.last_step + 1].sum()
        assert episode.total_reward == pytest.approx(earned, abs=1e-4)


def test_a_vector_of_gymnasium_envs_resets_its_members_itself(tmp_path: Path) -> None:
    env = simulator("gymnasium").make_vec("Humanoid-v5", num_envs=3, vectorization_mode="sync")
    env.action_space.seed(0)
    recorder = RolloutRecorder(env, 60, seed=4, env_ids="all")
    path = recorder.run(lambda obs: env.action_space.sample(), tmp_path)
    assert doubts(path) == []
    assert sorted(ends(path)) == sorted((e.env_id, e.outcome, e.first_step, e.last_step) for e in recorder.episodes)
    assert {e.env_id for e in recorder.episodes} == {0, 1, 2}
    assert loaded(path)["obs"].shape == (60, 3, *env.single_observation_space.shape)


def checkpoint(folder: Path, obs: Any, num_actions: int, **options: Any) -> tuple[Any, Path]:
    """An actor of rsl_rl and the file that its runner would save."""
    torch, model = simulator("torch"), simulator("rsl_rl.models.mlp_model").MLPModel
    torch.manual_seed(0)
    settings = {"distribution_cfg": {"class_name": "GaussianDistribution"}, **options}
    actor = model(obs, {"actor": ["actor"]}, "actor", num_actions, [16, 8], "elu", True, **settings)
    actor.train()
    actor.update_normalization(obs)
    with torch.no_grad():
        # Too gentle to throw a robot over.
        [layer for layer in actor.mlp if hasattr(layer, "weight")][-1].weight *= 0.01
    saved = {"actor_state_dict": actor.state_dict(), "critic_state_dict": {}, "iter": 1, "infos": None}
    torch.save(saved, folder / "model_1.pt")
    return actor.eval(), folder / "model_1.pt"


def observations() -> Any:
    torch = simulator("torch")
    groups = {"actor": torch.randn(5, 7), "critic": torch.randn(5, 2)}
    return simulator("tensordict").TensorDict(groups, batch_size=[5])


def test_the_actor_of_an_rsl_rl_checkpoint_acts_as_its_own_model(tmp_path: Path) -> None:
    obs = observations()
    actor, path = checkpoint(tmp_path, obs, 3)
    with simulator("torch").no_grad():
        np.testing.assert_array_equal(make_policy(path)(obs).numpy(), actor(obs).numpy())


@pytest.mark.parametrize("name", ["HeteroscedasticGaussianDistribution", "BetaDistribution"])
def test_an_actor_whose_outputs_are_more_than_actions_is_refused(name: str, tmp_path: Path) -> None:
    _, path = checkpoint(tmp_path, observations(), 3, distribution_cfg={"class_name": name})
    with pytest.raises(FileProblem, match="without a standard deviation"):
        make_policy(path)


def test_mjlab_runs_a_checkpoint_through_its_wrapper_and_repeats_under_its_seed(go1: Any, tmp_path: Path) -> None:
    env = simulator("mjlab.rl.vecenv_wrapper").RslRlVecEnvWrapper(go1)
    _, path = checkpoint(tmp_path, env.get_observations(), env.num_actions)
    seen: list[np.ndarray] = []
    policy = make_policy(path)

    def watched(obs: Any) -> Any:
        seen.append(obs["actor"].numpy().copy())
        return policy(obs)

    runs = [RolloutRecorder(env, 60, seed=seed, env_ids=[0, 2]) for seed in (1, 1, 2)]
    files = [recorder.run(watched, tmp_path / "out") for recorder in runs]
    assert doubts(files[0]) == []
    first, again, other = map(loaded, files)
    np.testing.assert_array_equal(first["obs"], np.array(seen[:60])[:, [0, 2]])
    np.testing.assert_array_equal(first["base_pos"], again["base_pos"])
    assert not np.array_equal(first["base_pos"], other["base_pos"])
    terms = sum(first[name] for name in first.files if name.startswith("reward_terms/"))
    np.testing.assert_allclose(terms, first["rew"], rtol=0, atol=1e-6)
    assert {e.outcome for e in runs[0].episodes} == {"truncated"}
    assert sorted(ends(files[0])) == sorted((e.env_id, e.outcome, e.first_step, e.last_step) for e in runs[0].episodes)


def test_mjlab_itself_gives_groups_of_observations(go1: Any, tmp_path: Path) -> None:
    torch = simulator("torch")
    actions = torch.zeros((go1.num_envs, go1.action_manager.total_action_dim))
    path = RolloutRecorder(go1, 5, seed=1).run(lambda obs: actions, tmp_path)
    assert loaded(path)["obs"].shape[:2] == loaded(path)["obs/critic"].shape[:2] == (5, go1.num_envs)
