"""A film as a plan: what every video frame shows, and how many there are, before one of them is drawn."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ..errors import BadArgument
from ..rollout.episodes import Episode
from ..rollout.rollout import Rollout
from .selection import Shot

# How long the title of an episode stands [s].
_TITLE_SECONDS = 1.2
# Nobody wants a longer one; a recording may state any time step.
_LONGEST_FILM = 24 * 3600.0
_MAX_FPS = 1000


@dataclass(frozen=True)
class Moment:
    """What one video frame shows.

    Attributes:
        position: of playback, in steps; it may lie between two.
        envs: those shown, as positions in the recording; the first is the one whose numbers an overlay tells.
        episode: of `envs[0]`, that the position lies in.
        seconds: since the episode's first step, of recorded time.
    """

    position: float
    envs: tuple[int, ...]
    episode: Episode
    seconds: float


@dataclass(frozen=True)
class Title:
    """What a video frame shows before an episode, to name it.

    Attributes:
        episode: the one that comes next.
        envs: as in its `Shot`.
    """

    episode: Episode
    envs: tuple[int, ...]


def check_pace(fps: float, speed: float) -> None:
    """Raise BadArgument for a rate that films do not have, or a speed that is not positive."""
    if not 0 < fps <= _MAX_FPS:
        raise BadArgument("--fps", fps, f"expected a number above 0, up to {_MAX_FPS}.")
    if not (speed > 0 and math.isfinite(speed)):
        raise BadArgument("--speed", speed, "expected a positive number.")


class Film:
    """Shots of one recording back to back, resampled by time.

    Video frame k of a shot shows time k / fps after the shot's first step, at `speed` times the speed of life, and n
    steps last n x control_dt: the last one as long as any other. Each of several episodes has its title before it.

    Attributes:
        rollout: what it is made of.
        shots: in order.
        fps: video frames in a second.
        num_frames: video frames, titles included.
    """

    def __init__(
        self, rollout: Rollout, shots: Sequence[Shot], fps: float = 30, speed: float = 1.0, titles: bool = True
    ) -> None:
        """Plan it; raises BadArgument as `check_pace` does, and for a film longer than a day."""
        check_pace(fps, speed)
        self.rollout, self.shots, self.fps = rollout, tuple(shots), fps
        self._steps_per_frame = speed / (fps * rollout.control_dt)
        self._check_length(speed)
        num_episodes = sum(shot.episode is not None for shot in shots)
        self._title_frames = round(_TITLE_SECONDS * fps) if titles and num_episodes > 1 else 0
        lengths = [self._frames_of(shot) for shot in self.shots]
        self._starts = [0, *accumulate(lengths)]
        self.num_frames = self._starts[-1]

    @property
    def duration(self) -> float:
        """Of the video [s]."""
        return self.num_frames / self.fps

    def __iter__(self) -> Iterator[Moment | Title]:
        return (self.at(frame) for frame in range(self.num_frames))

    def at(self, frame: int) -> Moment | Title:
        """What a video frame shows, 0 to num_frames - 1."""
        index = bisect_right(self._starts, frame) - 1
        shot, frame = self.shots[index], frame - self._starts[index]
        if shot.episode is not None:
            if frame < self._title_frames:
                return Title(shot.episode, shot.envs)
            frame -= self._title_frames
        # Rounded, so that the step is not missed by the last digit of a fraction such as 5 / 3.
        position = shot.steps.start + round(frame * self._steps_per_frame, 6)
        episode = shot.episode or self.rollout.episode_at(shot.envs[0], int(position))
        return Moment(position, shot.envs, episode, (position - episode.first_step) * self.rollout.control_dt)

    def _frames_of(self, shot: Shot) -> int:
        """Video frames of a shot: one at each k / fps before its end."""
        # A tiny part of a frame too many is rounding: 100 steps of 0.02 s are 2 s.
        frames = max(math.ceil(len(shot.steps) / self._steps_per_frame - 1e-6), 1)
        return frames if shot.episode is None else frames + self._title_frames

    def _check_length(self, speed: float) -> None:
        steps, control_dt = sum(len(shot.steps) for shot in self.shots), self.rollout.control_dt
        seconds = steps * control_dt / speed
        if seconds > _LONGEST_FILM:
            problem = f"{steps} steps of {control_dt:g} s would last {seconds / 3600:.4g} hours, more than a day."
            raise BadArgument("--speed", speed, problem)
