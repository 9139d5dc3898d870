"""Films of Gymnasium's MuJoCo tasks as MuJoCo draws them, which needs EGL, in software where there is no GPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needs_simulator import simulator
from video_files import probe_video, psnr, read_frames

from replay_viewer import collect_frames_from_env, save_video
from replay_viewer.errors import BadArgument

gymnasium = simulator("gymnasium")


@pytest.fixture(autouse=True)
def drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJOCO_GL", "egl")
    env = gymnasium.make("Hopper-v5", render_mode="rgb_array")
    try:
        env.reset()
        env.render()
    except Exception as error:  # Of whatever library of OpenGL's is missing.
        pytest.skip(f"MuJoCo cannot draw here: {error}")
    finally:
        env.close()


def random_policy(env: Any) -> Any:
    env.action_space.seed(0)
    return lambda obs: env.action_space.sample()


def test_a_task_becomes_a_film_of_one_episode(tmp_path: Path) -> None:
    env = gymnasium.make("Hopper-v5", render_mode="rgb_array", width=321, height=240)
    seen = []

    def watched() -> Any:
        for picture in collect_frames_from_env(env, random_policy(env)):
            seen.append(picture)
            yield picture

    path = save_video(watched(), tmp_path / "hopper.mp4", fps=1 / env.unwrapped.dt)
    env.close()
    facts = probe_video(path)
    assert (facts.fps, facts.size, facts.num_frames) == (125, (322, 240), len(seen))
    assert 5 < len(seen) < 1000
    for picture, frame in zip(seen, read_frames(path), strict=True):
        assert psnr(picture, frame[:, :321]) > 30


def test_a_vector_of_envs_stands_in_a_grid() -> None:
    env = gymnasium.make_vec(
        "Hopper-v5", 3, vectorization_mode="sync", render_mode="rgb_array", vector_kwargs={}, width=64, height=48
    )
    pictures = list(collect_frames_from_env(env, random_policy(env), max_steps=4))
    env.close()
    assert [picture.shape for picture in pictures] == [(96, 128, 3)] * 5
    for row, column in [(0, 0), (0, 64), (48, 0)]:
        cells = [picture[row : row + 48, column : column + 64] for picture in pictures]
        assert cells[0].any() and not np.array_equal(cells[0], cells[-1])


def test_a_task_made_without_pictures_says_what_it_needs() -> None:
    for mode in ("rgb_array_list", None):
        env = gymnasium.make("Hopper-v5", render_mode=mode)
        with pytest.raises(BadArgument, match="render_mode='rgb_array'"):
            next(collect_frames_from_env(env, random_policy(env)))
        env.close()
