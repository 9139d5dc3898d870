"""Films of the scene as a spectator sees it: of pictures that the simulator draws, or of states, drawn later."""

from __future__ import annotations

import inspect
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence

from ...clip_record import ClipRecord
from ...errors import BadArgument
from ...video.encoder import find_ffmpeg
from ...video.images import as_rgb
from ..attach import attach
from ..attached_recorder import AttachedRecorder
from .cfg import VideoRecordingCfg
from .completing import NAME, now
from .drawer import Drawer
from .filming import Shooter, Take
from .shelf import Shelf, remove
from .states import StatesShooter
from .streaming import FilmSeries

_SIZE = (1280, 720)
_WAY_OUT = "Make the environment with render_mode='rgb_array', or leave render_mode out: states need no display."


class PictureShooter(Shooter):
    """Films what `env.render()` or a function of the user's gives.

    Args:
        env: the environment.
        cfg: how.
        shelf: takes the films.
        rate: frames per second.
        stride: control steps from one frame to the next.
    """

    def __init__(self, env: Any, cfg: VideoRecordingCfg, shelf: Shelf, rate: Fraction, stride: int) -> None:
        find_ffmpeg(shelf.folder)  # Told before hours of training.
        self._env, self._shelf = env, shelf
        self._picture = _render(env) if cfg.frames is None else _frames(env, cfg.frames)
        self._series = FilmSeries(shelf, "viewport", None, rate, stride, cfg.size, cfg.name, cfg.experiment)
        # Whether all pictures of an episode come when it is over; the last of them, since they may come again.
        self._is_late = False
        self._last: Any = None

    def begin(self, take: Take) -> None:
        """A film begins with its first picture."""

    def shoot(self, take: Take, obs: Any, env_id: int | None) -> None:
        found = self._picture()
        if isinstance(found, list):
            self._is_late = True
        elif isinstance(found, tuple):  # A vector gives one of each env.
            self._append(take, found[env_id or 0])
        else:
            self._append(take, found)

    def end(self, take: Take, facts: Mapping[str, Any], is_partial: bool) -> None:
        pictures = self._picture() if self._is_late else []
        if pictures and pictures[-1] is not self._last:
            self._last = pictures[-1]
            for picture in pictures:
                self._append(take, picture)
        self._series.end(take, facts, is_partial)

    def close(self) -> None:
        self._shelf.close()

    def _append(self, take: Take, picture: Any) -> None:
        self._series.append(take, as_rgb(picture, "picture of the scene"))


class StatesFilms:
    """Films of recorded states: each has a line in the manifest, and is drawn by a process of low priority.

    Args:
        env: the environment.
        env_ids: the envs that a film shows; the first leads.
        cfg: how.
        shelf: takes the films.
        drawer: has them drawn.
        rate: frames per second.
        stride: control steps from one frame to the next.

    Attributes:
        shooter: records the states.
    """

    def __init__(
        self,
        env: Any,
        env_ids: Sequence[int],
        cfg: VideoRecordingCfg,
        shelf: Shelf,
        drawer: Drawer,
        rate: Fraction,
        stride: int,
    ) -> None:
        self._env, self._env_ids, self._cfg, self._shelf, self._drawer = env, list(env_ids), cfg, shelf, drawer
        self._rate, self._stride = rate, stride
        self.shooter = StatesShooter(self._begin, self._ended, self._finish)
        # By the path of the recording.
        self._records: dict[Path, ClipRecord] = {}

    def _begin(self, take: Take) -> AttachedRecorder:
        env_id, number = take.key.get("env_id", 0), take.key.get("episode_in_env", 0)
        path = self._shelf.folder / f"states-env{env_id}-ep{number:06d}.rec"
        recorder = attach(self._env, path, env_ids=self._env_ids, every=self._stride, strict=self._cfg.strict)
        self._records[recorder.path] = self._shelf.begin(
            kind="viewport",
            key=take.key,
            recording=recorder.path.relative_to(self._shelf.folder).as_posix(),
            first_step=0,
            stride=self._stride,
            fps=float(self._rate),
            experiment=self._cfg.experiment,
            facts=take.facts,
            drawing=self._drawing(),
            more={NAME: self._cfg.name},
        )
        return recorder

    def _ended(self, recorder: AttachedRecorder, take: Take, facts: Mapping[str, Any], is_partial: bool) -> None:
        record = self._records.pop(recorder.path)
        if recorder.num_steps == 0:
            remove(recorder.path)
            return self._shelf.write(replace(record, recording=None, complete=True, note="not a single step came"))
        experiment = facts.get("experiment", record.experiment)
        record = replace(
            record,
            partial=is_partial,
            episodes=max(1, len(take.episodes)),
            last_step=(recorder.num_steps - 1) // self._stride,
            experiment=None if experiment is None else str(experiment),
            facts=facts,
            ended=now(),
        )
        self._shelf.write(record)
        self._shelf.keep(record)
        self._drawer.draw()

    def _finish(self) -> None:
        self._drawer.close()
        self._shelf.close()

    def _drawing(self) -> Mapping[str, Any]:
        """How it is drawn."""
        cfg = self._cfg
        own = {"size": cfg.size or _SIZE, "overlay": cfg.overlay, "camera": cfg.camera, "keep_states": cfg.keep_states}
        shown = {"envs": self._env_ids} if len(self._env_ids) > 1 else {}
        return {"env": self._env_ids[0], **shown, **own}


def _render(env: Any) -> Callable[[], Any]:
    """What gives the pictures of an environment: one, or a tuple of one for each env."""
    if callable(getattr(env, "get_images", None)):  # stable-baselines3 would put all envs into one.
        return lambda: tuple(env.get_images())
    if not callable(getattr(env, "render", None)):
        raise BadArgument("render_mode", "rgb_array", f"{type(env).__name__} has no render(). {_WAY_OUT}")
    # gym asks at each call how it is to be rendered, Gymnasium once and for all.
    options = {"mode": "rgb_array"} if "mode" in inspect.signature(env.render).parameters else {}
    if not options:
        _check_render_mode(env)

    def picture() -> Any:
        found = env.render(**options)
        if found is None or isinstance(found, (list, dict, str)):
            raise BadArgument("env.render()", type(found).__name__, f"is no picture. {_WAY_OUT}")
        return found

    return picture


def _check_render_mode(env: Any) -> None:
    """Raise BadArgument where an environment was made to give no picture, or many at once: now, not after hours."""
    mode = getattr(env, "render_mode", "rgb_array")
    # Tasks of one's own may draw without a mode; those that Gymnasium makes do not.
    is_made_without = mode is None and getattr(env, "spec", None) is not None
    if is_made_without or (isinstance(mode, str) and mode != "rgb_array"):
        problem = (
            f"{type(env).__name__} was made with render_mode={mode!r}, which gives no picture at a time. {_WAY_OUT}"
        )
        raise BadArgument("render_mode", "rgb_array", problem)


def _frames(env: Any, frames: Callable[..., Any]) -> Callable[[], Any]:
    """A user's function, which may take the environment."""
    try:
        takes_env = any(
            parameter.default is parameter.empty and parameter.kind is not parameter.VAR_POSITIONAL
            for parameter in inspect.signature(frames).parameters.values()
            if parameter.kind is not parameter.VAR_KEYWORD
        )
    except (TypeError, ValueError):
        takes_env = False
    return (lambda: frames(env)) if takes_env else frames
