"""The configuration of films: which of them are made of a training, when, and where they go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Sequence

from ...clips.clear import clear
from ...errors import BadArgument
from ...film_names import CLIP_TEMPLATE, fields_in
from ...video.writer import frame_rate
from ...view_names import OVERLAYS_OF_SEVERAL, check_camera, check_overlay
from ..run_dir import timestamped_run_dir
from .adopting import adopt_below
from .drawer import find_python
from .shelf import Shelf
from .triggers import check_count, trigger_of

_RENDER_MODES = (None, "rgb_array")


@dataclass
class VideoRecordingCfg:
    """Films of a training.

    Attributes:
        record_viewport_video: film the scene. Its states are recorded, and drawn later by a process of low priority,
            unless `render_mode` or `frames` says otherwise.
        record_camera_video: film what the robots' cameras see, out of `obs["camera_obs"]`.
        video_base_dir: the folder of all runs. In it, each run has a folder of its own, the same for all its processes.
        output_base_dir: another name of it.
        camera_name_prefix: stands before the name of the camera in the names of its films.
        render_mode: "rgb_array" films what `env.render()` gives, in the place of states.
        fps: frames per second; None for the environment's `render_fps`, or else one for each control step.
        size: width and height of the films [px]; None for the pictures' own, of states 1280x720.
        env_ids: the simulator's indices of the envs that are filmed, or "all"; None for all cameras, and for the scene
            of env 0. Of several in the scene, the first leads.
        when: a `Trigger`, or a function of a `Moment`; None for all episodes, of the scene for one film.
        num_steps: see `wrap_env_for_video`.
        num_episodes: likewise.
        split: of several episodes of the scene, make a film of each.
        keep_last_n_clips: of each camera of each env, the oldest films of this process are removed beyond so many.
        keep_states: keep recorded states when their film is drawn.
        max_bytes: of all films and states of this process together; the oldest go first.
        frames: a function that gives the picture of the scene now, or a list of those of the episode that has ended.
        overlay: of films of states: "none", "hud" or "rewards".
        camera: of films of states: "follow", "top", "side" or "front".
        name: template of the films' names; see `film_names.file_name`.
        experiment: what the training is called in these names, unless `set_training_state(experiment=...)` says it.
        resume: `video_base_dir` is the folder of a run that goes on.
        clear: remove what was filmed there before, except what a living process writes.
        renderer_python: the interpreter that draws states where this one is too old; see `drawer.find_python`.
        strict: raise what goes wrong, out of the environment's own methods; for tests.

    Raises:
        BadArgument: values that cannot be, or contradict each other.
    """

    record_viewport_video: bool = False
    record_camera_video: bool = False
    video_base_dir: str | Path = "videos"
    output_base_dir: str | Path | None = None
    camera_name_prefix: str = "robot-cam"
    render_mode: str | None = None
    fps: float | None = None
    size: tuple[int, int] | None = None
    env_ids: Sequence[int] | int | str | None = None
    when: Any = None
    num_steps: int | None = None
    num_episodes: int | None = None
    split: bool = False
    keep_last_n_clips: int | None = None
    keep_states: bool = True
    max_bytes: int | None = None
    frames: Callable[..., Any] | None = None
    overlay: str = "none"
    camera: str = "follow"
    name: str = CLIP_TEMPLATE
    experiment: str | None = None
    resume: bool = False
    clear: bool = False
    renderer_python: str | None = None
    strict: bool = False

    def __post_init__(self) -> None:
        if self.output_base_dir is not None:
            self.video_base_dir = self.output_base_dir
        if self.render_mode not in _RENDER_MODES:
            raise BadArgument("render_mode", repr(self.render_mode), "expected 'rgb_array', or None for states.")
        if self.frames is not None and not callable(self.frames):
            raise BadArgument("frames", repr(self.frames), "expected a function that gives a picture.")
        for name in ("num_steps", "num_episodes", "keep_last_n_clips", "max_bytes"):
            check_count(name, getattr(self, name))
        if self.fps is not None:
            frame_rate(self.fps)
        if self.size is not None:
            self.size = _checked_size(self.size)
        trigger_of(self.when)
        check_camera(self.camera)
        check_overlay(self.overlay)
        if self.overlay in OVERLAYS_OF_SEVERAL:
            raise BadArgument("overlay", self.overlay, "is of several recordings.")
        if not isinstance(self.name, str) or ".." in self.name.split("/"):
            raise BadArgument("name", repr(self.name), "expected a name below the folder of the run.")
        fields_in(self.name)

    @property
    def is_streamed(self) -> bool:
        """Whether pictures of the scene are taken while the simulation runs."""
        return self.frames is not None or self.render_mode is not None

    def new_shelf(self) -> Shelf:
        """The shelf of this process's films, in the folder of the run; films that nobody completes are adopted."""
        base = Path(self.video_base_dir)
        if self.clear:
            clear(base)
        adopt_below(base)
        folder = base if self.resume else timestamped_run_dir(base)
        return Shelf(
            folder, self.keep_last_n_clips, self.max_bytes, self.keep_states, find_python(self.renderer_python)
        )


def _checked_size(size: Any) -> tuple[int, int]:
    try:
        width, height = size
        if int(width) == width and int(height) == height and min(width, height) >= 2:
            return int(width), int(height)
    except (TypeError, ValueError):
        pass
    raise BadArgument("size", repr(size), "expected width and height in pixels, such as (1280, 720).")
