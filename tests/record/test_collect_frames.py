"""Claims about `collect_frames_from_env`, with environments of both APIs. Python 3.8 suffices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from video_files import needs_encoder, psnr, read_frames

from replay_viewer import collect_frames_from_env, save_video
from replay_viewer.errors import BadArgument

LENGTH = 8


class Counter:
    """Of Gymnasium's API: counts its steps up to LENGTH, and shows them as a white column in a buffer of its own."""

    def __init__(self, render_mode: Any = "rgb_array", terminates: bool = True) -> None:
        self.render_mode, self.terminates = render_mode, terminates
        self.count, self.actions, self.num_resets = 0, [], 0
        self._buffer = np.zeros((32, 64, 3), np.uint8)

    def reset(self, *, seed: Any = None) -> tuple:
        self.count, self.num_resets = 0, self.num_resets + 1
        return np.array([self.count]), {}

    def step(self, action: Any) -> tuple:
        self.count += 1
        self.actions.append(action)
        over = self.count == LENGTH
        return np.array([self.count]), 1.0, over and self.terminates, over and not self.terminates, {}

    def render(self) -> Any:
        if self.render_mode != "rgb_array":
            return [self._drawn()] if self.render_mode == "rgb_array_list" else None
        return self._drawn()

    def _drawn(self) -> np.ndarray:
        self._buffer[:] = 0
        self._buffer[:, 4 * self.count : 4 * self.count + 4] = 255
        return self._buffer


class OldCounter(Counter):
    """Of gym's API: observations alone, one flag, and a mode for each picture."""

    def reset(self) -> Any:
        return super().reset()[0]

    def step(self, action: Any) -> tuple:
        obs, rew, terminated, truncated, info = super().step(action)
        return obs, rew, terminated or truncated, info

    def render(self, mode: str = "human") -> Any:
        return self._drawn() if mode == "rgb_array" else None


class Counters:
    """Two with an axis of envs, which reset by themselves."""

    def __init__(self, give: Any = tuple, render_mode: str = "rgb_array") -> None:
        self.give, self.render_mode = give, render_mode
        self.envs = [Counter(render_mode), Counter(render_mode)]

    def reset(self) -> tuple:
        return np.stack([env.reset()[0] for env in self.envs]), {}

    def step(self, actions: Any) -> tuple:
        results = [env.step(action) for env, action in zip(self.envs, actions)]
        over = np.array([result[2] for result in results])
        for env, is_over in zip(self.envs, over):
            if is_over:
                env.reset()
        return np.stack([result[0] for result in results]), np.ones(2), over, np.zeros(2, bool), {}

    def render(self) -> Any:
        return self.give(env.render() for env in self.envs)


def shown(picture: np.ndarray) -> int:
    """The number that a picture shows."""
    (columns,) = np.nonzero(picture[0, :, 0])
    return int(columns[0]) // 4


@pytest.mark.parametrize(
    "env", [Counter(), Counter(terminates=False), OldCounter(render_mode=None), OldCounter(terminates=False)]
)
def test_pictures_go_from_the_reset_to_the_episodes_end(env: Any) -> None:
    pictures = list(collect_frames_from_env(env, lambda obs: obs * 10))
    assert [shown(picture) for picture in pictures] == list(range(LENGTH + 1))
    assert [action.tolist() for action in env.actions] == [[10 * count] for count in range(LENGTH)]
    assert env.num_resets == 1


def test_max_steps_ends_a_film_earlier() -> None:
    env = Counter()
    assert [shown(picture) for picture in collect_frames_from_env(env, lambda obs: obs, max_steps=3)] == [0, 1, 2, 3]
    assert len(env.actions) == 3


def test_steps_are_made_while_pictures_are_asked_for() -> None:
    env = Counter()
    pictures = collect_frames_from_env(env, lambda obs: obs)
    assert env.num_resets == 0
    assert [shown(next(pictures)) for _ in range(3)] == [0, 1, 2]
    assert env.count == 2


def test_envs_side_by_side_go_on_after_their_episodes() -> None:
    pictures = list(collect_frames_from_env(Counters(), lambda obs: obs, max_steps=LENGTH + 3))
    assert [picture.shape for picture in pictures] == [(32, 128, 3)] * (LENGTH + 4)
    counts = [*range(LENGTH), 0, 1, 2, 3]
    assert [shown(picture[:, :64]) for picture in pictures] == counts
    assert [shown(picture[:, 64:]) for picture in pictures] == counts


def test_many_envs_stand_in_a_grid() -> None:
    env = Counters()
    env.envs = [Counter() for _ in range(5)]
    (first, last) = collect_frames_from_env(env, lambda obs: obs, max_steps=1)
    assert first.shape == (64, 192, 3)
    cells = [last[row : row + 32, column : column + 64] for row in (0, 32) for column in (0, 64, 128)]
    assert [shown(cell) for cell in cells[:5]] == [1] * 5
    assert not cells[5].any()


def test_objects_that_predict_are_policies() -> None:
    class Model:
        """As stable-baselines3 has them."""

        def predict(self, obs: Any, deterministic: bool = False) -> tuple:
            return (obs, deterministic), None

    env = Counter()
    list(collect_frames_from_env(env, Model(), max_steps=1))
    assert env.actions == [(np.array([0]), True)]


def test_no_gradients_are_kept() -> None:
    torch = pytest.importorskip("torch")
    env, network = Counter(), torch.nn.Linear(1, 1)
    list(collect_frames_from_env(env, lambda obs: network(torch.as_tensor(obs, dtype=torch.float32))))
    assert not any(action.requires_grad for action in env.actions)


def test_the_pictures_become_a_film(tmp_path: Path) -> None:
    needs_encoder()
    save_video(collect_frames_from_env(Counter(), lambda obs: obs), tmp_path / "counter.mp4")
    frames = list(read_frames(tmp_path / "counter.mp4"))
    assert len(frames) == LENGTH + 1
    for picture, frame in zip(collect_frames_from_env(Counter(), lambda obs: obs), frames):
        assert psnr(picture, frame) > 30


class Blind:
    reset = step = None


@pytest.mark.parametrize(
    ("env", "text"),
    [
        (Counter("human"), r"env.render\(\) None: no picture, with render_mode='human'. Make .*='rgb_array'"),
        (Counter(None), r"env.render\(\) None: no picture, with render_mode=None"),
        (Counter("rgb_array_list"), r"env.render\(\) a list: no picture, with render_mode='rgb_array_list'"),
        (Counters(lambda pictures: {"camera": next(pictures)}), r"env.render\(\) a dict: no picture"),
        (Counters(render_mode="human"), r"env.render\(\)\[0\] None: .* render_mode='rgb_array'"),
        (Counters(lambda pictures: next(pictures)[:, :, 0]), r"env.render\(\) \(32, 64\) of uint8: expected \(height"),
        (Blind(), r"env Blind: it has no render\(\)"),
    ],
)
def test_environments_without_pictures_say_what_to_do(env: Any, text: str) -> None:
    with pytest.raises(BadArgument, match=text):
        next(collect_frames_from_env(env, lambda obs: obs))


class Failing(Counter):
    """Fails as Gymnasium's MuJoCo tasks do, instead of giving None."""

    def render(self) -> Any:
        raise AttributeError("Unexpected mode")


def test_an_environment_that_cannot_draw_in_its_mode_says_which_it_needs() -> None:
    with pytest.raises(BadArgument, match=r"failed with render_mode=None: Unexpected mode\. Make .*='rgb_array'"):
        next(collect_frames_from_env(Failing(None), lambda obs: obs))
    with pytest.raises(AttributeError, match="Unexpected mode"):
        next(collect_frames_from_env(Failing(), lambda obs: obs))


def test_the_way_out_is_to_record_states() -> None:
    with pytest.raises(BadArgument, match=r"record its states instead, `attach\(env, 'run.rec'\)`"):
        next(collect_frames_from_env(Counter("human"), lambda obs: obs))


@pytest.mark.parametrize(("policy", "max_steps"), [("policy.pt", 10), (None, 10), (lambda obs: obs, 0)])
def test_what_cannot_be_is_refused_before_anything_runs(policy: Any, max_steps: int) -> None:
    env = Counter()
    with pytest.raises(BadArgument, match="expected"):
        collect_frames_from_env(env, policy, max_steps)
    assert env.num_resets == 0
