"""Films of a vector of Gymnasium's with two cameras, after whatever has ended its process; and of its states."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needs_simulator import simulator

gymnasium = simulator("gymnasium")
simulator("mujoco")

import gym_cameras  # noqa: E402
from clip_files import burnt_frames, path_of, records_below, wait_until_complete  # noqa: E402
from video_files import probe_video  # noqa: E402

from replay_viewer import VideoRecordingCfg, load_episodes, wrap_env_for_video  # noqa: E402
from replay_viewer.errors import BadArgument  # noqa: E402
from replay_viewer.render.clips import draw_clips  # noqa: E402

ENDINGS = ("normal", "exception", "SIGTERM", "SIGKILL")
CASES = [(ending, "NEXT_STEP" if ending != "exception" else "SAME_STEP") for ending in ENDINGS]


def expected(mode: str) -> dict:
    """By camera, env and episode, the number of frames: the reset's, and each step's."""
    frames = {}
    for env, length in enumerate(gym_cameras.LENGTHS):
        # In a vector that resets in the step after, that step is one more.
        period, left, episode = length + (mode == "NEXT_STEP"), gym_cameras.NUM_STEPS + (mode == "NEXT_STEP"), 0
        while left > 0:
            frames[env, episode] = min(length + 1, left + (mode == "SAME_STEP"))
            left, episode = left - period, episode + 1
    return {(camera, *key): count for camera in ("head", "arm-wrist") for key, count in frames.items()}


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict:
    folders = {case: tmp_path_factory.mktemp("ended") for case in CASES}
    environment = {**os.environ, "PYTHONPATH": str(Path(gym_cameras.__file__).parent)}
    environment.pop("REPLAY_VIEWER_RUN", None)
    processes = []
    for (ending, mode), folder in folders.items():
        command = [sys.executable, gym_cameras.__file__, ending, mode, str(folder)]
        processes.append(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))
    for process in processes:
        process.wait(timeout=120)
    for folder in folders.values():
        wait_until_complete(folder)
    return folders


@pytest.mark.parametrize("case", CASES, ids=ENDINGS)
def test_every_step_of_every_episode_is_in_the_films_of_both_cameras(ended: dict, case: tuple) -> None:
    records = [record for record in records_below(ended[case]) if record.kind == "camera"]
    found = {(record.camera, *record.episode_key[-2:]): burnt_frames(record) for record in records}
    assert {key: len(frames) for key, frames in found.items()} == expected(case[1])
    for (_, env, episode), frames in found.items():
        assert frames == [(env, episode, step) for step in range(len(frames))]
    for record in records:
        if not record.partial:
            length = gym_cameras.LENGTHS[record.key["env_id"]]
            assert record.facts["outcome"] == "truncated"
            # Who is reset in the step after spends a step on it.
            is_later = case[1] == "NEXT_STEP" and record.key["episode_in_env"] > 0
            assert record.facts["episode_length"] == length + is_later
            assert record.facts["success"] is (record.key["episode_in_env"] % 2 == 0)
            assert record.fps == 125.0 and record.size == (128, 64)


@pytest.mark.parametrize("case", CASES, ids=ENDINGS)
def test_states_become_films_whose_frames_are_the_steps(ended: dict, case: tuple) -> None:
    draw_clips(ended[case])
    records = [record for record in records_below(ended[case]) if record.kind == "viewport"]
    assert [record.key["episode_in_env"] for record in records] == [0, 1]
    for record in records:
        assert record.complete and not record.partial and record.size == (128, 64)
        assert record.first_step is not None and record.last_step is not None and record.recording is not None
        assert record.frames == record.facts["episode_length"] == record.last_step - record.first_step + 1
        facts = probe_video(path_of(record))
        assert (facts.num_frames, facts.size, record.fps) == (record.frames, (128, 64), 125.0)
        episodes = load_episodes(Path(record.more["in"]) / record.recording)
        assert next(episode.total_reward for episode in episodes if episode.env_id == 0) == pytest.approx(
            record.facts["total_reward"], rel=1e-5
        )


@pytest.mark.parametrize("kind", ["SyncVectorEnv", "AsyncVectorEnv"])
def test_an_env_that_is_reset_by_a_mask_leaves_the_others_episodes_whole(kind: str, tmp_path: Path) -> None:
    env = gym_cameras.make("DISABLED", kind)
    wrap_env_for_video(env, VideoRecordingCfg(record_camera_video=True, video_base_dir=tmp_path, strict=True))
    env.reset(seed=0)
    for _ in range(13):
        *_, terminated, truncated, _ = env.step(np.zeros(env.action_space.shape, np.float32))
        if (over := terminated | truncated).any():
            env.reset(options={"reset_mask": over})
    env.close()
    whole = [record for record in records_below(tmp_path) if record.camera == "head" and not record.partial]
    assert sorted((record.key["env_id"], record.facts["episode_length"]) for record in whole) == [
        (0, 6),
        (0, 6),
        (1, 8),
    ]


@pytest.mark.parametrize("mode", [None, "rgb_array_list", "human"])
def test_an_environment_made_without_pictures_says_so_before_the_training(mode: Any, tmp_path: Path) -> None:
    env = gymnasium.make("Hopper-v5")
    env.unwrapped.render_mode = mode
    cfg = VideoRecordingCfg(record_viewport_video=True, render_mode="rgb_array", video_base_dir=tmp_path)
    with pytest.raises(BadArgument, match=f"was made with render_mode={mode!r}.*Make the environment with"):
        wrap_env_for_video(env, cfg, num_episodes=1)


def test_an_environment_whose_states_nobody_knows_says_how_it_is_filmed(tmp_path: Path) -> None:
    env = gymnasium.make("CartPole-v1")
    cfg = VideoRecordingCfg(record_viewport_video=True, video_base_dir=tmp_path)
    with pytest.raises(BadArgument, match=r"no adapter knows it\. Make it with render_mode='rgb_array'"):
        wrap_env_for_video(env, cfg, num_episodes=1)
