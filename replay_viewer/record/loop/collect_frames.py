"""Pictures out of an environment that renders them itself: `collect_frames_from_env(env, policy)`."""

from __future__ import annotations

import inspect
import math
from typing import Any, Callable, Iterator, Sequence

import numpy as np

from ...errors import BadArgument
from ...video.images import as_rgb
from .env_and_policy import action_function, first_of, is_left_ended, no_gradients

_WAY_OUT = (
    "Make the environment with render_mode='rgb_array'. Where it has no pictures to give, record its states instead, "
    "`attach(env, 'run.rec')`, and render those: `replay-viewer render run.rec out.mp4`."
)


def collect_frames_from_env(env: Any, policy: Any, max_steps: int = 2000) -> Iterator[np.ndarray]:
    """Run a policy in an environment, and give what `env.render()` shows after the reset and after each step.

        save_video(collect_frames_from_env(env, policy), "walk.mp4", fps=50)

    The pictures are made while they are asked for, and none is kept. A single environment ends with its episode, which
    the last picture shows; those with an axis of envs reset by themselves and go on. Where each env has a picture of
    its own, they stand side by side in a grid.

    Args:
        env: of Gymnasium's API or gym's, whose `step` gives 5 or 4 values, made with render_mode="rgb_array".
        policy: as `RolloutRecorder.run` takes it: a function from observations to actions, such as `make_policy` gives,
            or an object with `predict(obs)`.
        max_steps: calls of `env.step` to make at most.

    Returns:
        An iterator of (H, W, 3) uint8.

    Raises:
        BadArgument: no such policy or max_steps; while it runs: `env.render()` gives no picture.
    """
    if max_steps < 1:
        raise BadArgument("max_steps", max_steps, "expected at least 1.")
    if not callable(getattr(env, "render", None)):
        raise BadArgument("env", type(env).__name__, f"it has no render(). {_WAY_OUT}")
    return _frames(env, action_function(policy), max_steps)


def _frames(env: Any, choose: Callable[[Any], Any], max_steps: int) -> Iterator[np.ndarray]:
    # gym asks at each call how it is to be rendered, Gymnasium once and for all.
    options = {"mode": "rgb_array"} if "mode" in inspect.signature(env.render).parameters else {}
    obs = first_of(env.reset())
    yield _picture(env, options)
    for _ in range(max_steps):
        with no_gradients():
            action = choose(obs)
        result = env.step(action)
        yield _picture(env, options)
        if is_left_ended(result):
            return
        obs = result[0]


def _picture(env: Any, options: dict[str, str]) -> np.ndarray:
    """What the environment shows, in memory of its own."""
    mode = getattr(env, "render_mode", None)
    try:
        rendered = env.render(**options)
    except Exception as error:
        if mode == "rgb_array" or options:
            raise
        raise BadArgument("env.render()", f"failed with render_mode={mode!r}", f"{error}. {_WAY_OUT}") from error
    if isinstance(rendered, tuple) and rendered:
        return _grid([as_rgb(picture, f"env.render()[{index}]") for index, picture in enumerate(rendered)])
    if rendered is None or isinstance(rendered, (list, tuple, dict, str)):
        given = "None" if rendered is None else f"a {type(rendered).__name__}"
        raise BadArgument("env.render()", given, f"no picture, with render_mode={mode!r}. {_WAY_OUT}")
    return as_rgb(rendered, "env.render()").copy()


def _grid(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Pictures of one size side by side, about as many columns as rows, black where there are too few."""
    num_columns = math.ceil(math.sqrt(len(pictures)))
    num_rows = math.ceil(len(pictures) / num_columns)
    height, width, _ = pictures[0].shape
    grid = np.zeros((num_rows, height, num_columns, width, 3), np.uint8)
    for index, picture in enumerate(pictures):
        grid[index // num_columns, :, index % num_columns] = picture
    return grid.reshape(num_rows * height, num_columns * width, 3)
