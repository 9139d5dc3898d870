"""`wrap_env_for_video`: films of an environment's episodes, as a configuration says."""

from __future__ import annotations

import logging
from typing import Any

from ...errors import BadArgument, UnknownEnvironment
from ..adapters import Request, find_adapter
from ..attachments import close_at_exit
from ..chosen_envs import chosen_envs
from ..ranks import say_rank
from ..rows import Rows
from .camera import film_cameras
from .cfg import VideoRecordingCfg
from .drawer import Drawer, say_who_draws
from .filming import Budget, Filming
from .shelf import Shelf
from .timing import control_dt_of, rate_of
from .triggers import check_count, trigger_of
from .viewport import PictureShooter, StatesFilms
from .watch import shape_of

_messages = logging.getLogger("replay_viewer")


def wrap_env_for_video(
    env: Any,
    cfg: VideoRecordingCfg,
    num_steps: int | None = None,
    num_episodes: int | None = None,
    log_prefix: str = "",
) -> Any:
    """Film an environment from now on, whoever steps it.

        env = wrap_env_for_video(env, VideoRecordingCfg(record_viewport_video=True), num_episodes=5)

    Its methods `step`, `reset` and `close` are replaced, on this one instance. Films are complete when it is closed, or
    when Python ends; whatever ends the process, what was filmed stays. Nothing that goes wrong in here ends the
    simulation.

    Args:
        env: of Gymnasium's API, or of a simulator whose `step` and `reset` look alike, single or vector.
        cfg: what is filmed.
        num_steps: control steps of a film of the scene.
        num_episodes: consecutive episodes of a film of the scene; `cfg.split` makes a film of each.
        log_prefix: stands before what is said about it.

    Returns:
        The environment.

    Raises:
        BadArgument: a film of the scene that is to be made without a trigger needs one of the two numbers; no adapter
            can record the environment's states, and it draws no pictures; or other options that cannot be.
        FileProblem: films cannot be made here.
    """
    if not cfg.record_viewport_video and not cfg.record_camera_video:
        return env
    say_rank()
    budget = _budget(cfg, num_steps, num_episodes) if cfg.record_viewport_video else Budget()
    shelf = cfg.new_shelf()
    _messages.info("%sFilms go to %s", log_prefix, shelf.folder)
    if cfg.record_camera_video:
        film_cameras(env, cfg, shelf.share() if cfg.record_viewport_video else shelf)
    if cfg.record_viewport_video:
        close_at_exit(film_viewport(env, cfg, shelf, budget).close)
    return env


def film_viewport(env: Any, cfg: VideoRecordingCfg, shelf: Shelf, budget: Budget) -> Filming:
    """Film the scene; see `wrap_env_for_video`."""
    num_envs, _ = shape_of(env)
    env_ids = chosen_envs(0 if cfg.env_ids is None else cfg.env_ids, num_envs)
    trigger = trigger_of(cfg.when)
    stride = 1 if trigger is None else trigger.frame_stride
    dt, rate = control_dt_of(env), rate_of(env, cfg.fps, stride)
    if cfg.is_streamed or not _has_states(env, num_envs):
        shooter = PictureShooter(env, cfg, shelf, rate, stride)
    else:
        say_who_draws(shelf.folder, shelf.python)
        drawer = Drawer(shelf.folder, shelf.python)
        shooter = StatesFilms(env, env_ids, cfg, shelf, drawer, rate, stride).shooter
    return Filming(env, env_ids[:1], shooter, trigger, budget, dt or 1.0, stride, cfg.strict)


def _budget(cfg: VideoRecordingCfg, num_steps: int | None, num_episodes: int | None) -> Budget:
    steps = cfg.num_steps if num_steps is None else num_steps
    episodes = cfg.num_episodes if num_episodes is None else num_episodes
    for name, value in (("num_steps", steps), ("num_episodes", episodes)):
        check_count(name, value)
    if steps is not None and episodes is not None:
        problem = "are both given: a film of the scene has so many steps, or so many episodes. Give one of them."
        raise BadArgument("num_steps and num_episodes", f"{steps} and {episodes}", problem)
    if cfg.when is None and steps is None and episodes is None:
        problem = "how long is it? Give num_steps or num_episodes, or a trigger, such as when=Trigger(cubic=True)."
        raise BadArgument("record_viewport_video", True, problem)
    return Budget(steps, episodes, cfg.split)


def _has_states(env: Any, num_envs: int) -> bool:
    """Whether its states can be recorded; where it draws pictures, these do as well. Raises BadArgument for neither."""
    try:
        layers, factory = find_adapter(env)
        factory(layers[-1], Request(Rows([0]), layers=layers, num_envs=num_envs)).close_files()
    except (UnknownEnvironment, BadArgument) as error:
        if getattr(env, "render_mode", None) != "rgb_array":
            lack = "no adapter knows it" if isinstance(error, UnknownEnvironment) else error.problem
            problem = (
                f"states of {type(env).__name__} cannot be recorded: {lack.rstrip('.')}. Make it with "
                "render_mode='rgb_array', and its pictures are filmed; or give frames=, a function that draws it."
            )
            raise BadArgument("record_viewport_video", True, problem) from error
        _messages.info("The scene is filmed by env.render(): %s", str(error).partition("\n")[0])
        return False
    return True
