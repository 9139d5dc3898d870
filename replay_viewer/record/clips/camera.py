"""Films of what the robots' cameras see: `CameraObsVideoRecorder`, by itself or by `wrap_env_for_video`."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, Mapping, Sequence

from ...film_names import harmless
from ...video.encoder import find_ffmpeg
from ..attachments import close_at_exit
from ..chosen_envs import chosen_envs
from .cfg import VideoRecordingCfg
from .filming import Budget, Filming, Shooter, Take
from .pictures import CameraPictures, cameras_in
from .shelf import Shelf
from .streaming import FilmSeries
from .timing import control_dt_of, rate_of
from .triggers import trigger_of
from .watch import shape_of


class CameraShooter(Shooter):
    """Makes a film of each camera.

    Args:
        shelf: takes them.
        cfg: how.
        rate: frames per second.
        stride: control steps from one frame to the next.
        is_vector: whether observations have an axis of envs.
    """

    def __init__(self, shelf: Shelf, cfg: VideoRecordingCfg, rate: Fraction, stride: int, is_vector: bool) -> None:
        self._shelf, self._cfg, self._rate, self._stride, self._is_vector = shelf, cfg, rate, stride, is_vector
        # By camera.
        self._pictures: dict[str, CameraPictures] = {}
        self._series: dict[str, FilmSeries] = {}

    def begin(self, take: Take) -> None:
        """A film begins with its first picture."""

    def shoot(self, take: Take, obs: Any, env_id: int | None) -> None:
        for camera, values in cameras_in(obs, self._is_vector and env_id is not None).items():
            own = values if env_id is None else values[env_id]
            picture = self._pictures.setdefault(camera, CameraPictures()).picture(own, camera)
            self._series_of(camera).append(take, picture)

    def end(self, take: Take, facts: Mapping[str, Any], is_partial: bool) -> None:
        for series in self._series.values():
            series.end(take, facts, is_partial)

    def close(self) -> None:
        self._shelf.close()

    def _series_of(self, camera: str) -> FilmSeries:
        if camera not in self._series:
            cfg, prefix = self._cfg, self._cfg.camera_name_prefix
            # Braces of a name are not fields.
            name = harmless(f"{prefix}-{camera}".strip("-")).replace("{", "(").replace("}", ")")
            template = cfg.name.replace("{camera}", name)
            self._series[camera] = FilmSeries(
                self._shelf, "camera", camera, self._rate, self._stride, cfg.size, template, cfg.experiment
            )
        return self._series[camera]


class CameraObsVideoRecorder:
    """An environment whose cameras are filmed: one film for each episode, env and camera.

        env = CameraObsVideoRecorder(env, "videos")

    The pictures are those of `obs["camera_obs"]`, of any nesting, (N, H, W, C) or without N: uint8 or float, RGB, RGBA,
    or depth, which is coloured. What `reset` returns is the first frame. The environment is watched where it is, so
    that it makes no difference whether this object is stepped or `env`; all else of it is found here too.

    Args:
        env: of Gymnasium's API, or of a simulator whose `step` and `reset` look alike, single or vector.
        video_base_dir: the folder of all runs, in which that of this one is made; see `VideoRecordingCfg`.
        cfg: everything else that a `VideoRecordingCfg` says, by name.

    Raises:
        BadArgument: an option that cannot be, or no pictures among the observations, as far as spaces tell.
        FileProblem: films cannot be made here.
    """

    def __init__(self, env: Any, video_base_dir: str | Path | None = None, **cfg: Any) -> None:
        self.env = env
        known = {} if video_base_dir is None else {"video_base_dir": video_base_dir}
        self._filming = film_cameras(env, VideoRecordingCfg(record_camera_video=True, **known, **cfg))

    def step(self, *args: Any, **kwargs: Any) -> Any:
        """Make a step of the environment."""
        return self.env.step(*args, **kwargs)

    def reset(self, *args: Any, **kwargs: Any) -> Any:
        """Reset the environment."""
        return self.env.reset(*args, **kwargs)

    def close(self) -> None:
        """Complete all films, and close the environment."""
        self._filming.close()
        if callable(getattr(self.env, "close", None)):
            self.env.close()

    def __getattr__(self, name: str) -> Any:
        if name == "env":  # Of a copy that has nothing yet.
            raise AttributeError(name)
        return getattr(self.env, name)

    @property
    def __class__(self) -> Any:
        """That of the environment, so that wrappers which look at it take this for one."""
        return type(self.env)


def film_cameras(env: Any, cfg: VideoRecordingCfg, shelf: Shelf | None = None) -> Filming:
    """Film the cameras of an environment; see `CameraObsVideoRecorder`."""
    num_envs, is_vector = shape_of(env)
    env_ids: Sequence[int] = chosen_envs("all" if cfg.env_ids is None else cfg.env_ids, num_envs)
    _check_space(env)
    find_ffmpeg(Path(cfg.video_base_dir))  # Told before hours of training.
    trigger = trigger_of(cfg.when)
    stride = 1 if trigger is None else trigger.frame_stride
    dt = control_dt_of(env)
    shooter = CameraShooter(shelf or cfg.new_shelf(), cfg, rate_of(env, cfg.fps, stride), stride, is_vector)
    filming = Filming(env, env_ids, shooter, trigger, Budget(), dt or 1.0, stride, cfg.strict)
    close_at_exit(filming.close)
    return filming


def _check_space(env: Any) -> None:
    """Raise BadArgument where the space of observations says that there are no pictures."""
    spaces = getattr(getattr(env, "observation_space", None), "spaces", None)
    if isinstance(spaces, Mapping):
        cameras_in({name: _Shaped(space) for name, space in spaces.items()}, is_vector=shape_of(env)[1])


class _Shaped:
    """A space as the observations that it has."""

    def __init__(self, space: Any) -> None:
        self._spaces = getattr(space, "spaces", None)
        self.shape = getattr(space, "shape", None) or ()
        if isinstance(self._spaces, Mapping):
            self.keys = self._spaces.keys

    def __getitem__(self, name: Any) -> _Shaped:
        return self if self._spaces is None else _Shaped(self._spaces[name])
