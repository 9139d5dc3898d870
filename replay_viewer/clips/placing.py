"""Where films stand in recordings: at which step of it a frame was taken, and whose episode it is."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Mapping

from ..episode_record import as_integer, training_facts
from .films import COMPLETE, Film

# What tells runs apart, where both sides know it.
_RUN_NAMES = ("run", "job_name", "rebuild", "rank")
_LONGEST = 10**9


@dataclass(frozen=True)
class Placed:
    """A film beside the steps of a recording.

    Attributes:
        film: that one.
        first: the step of the recording at which its first frame stands; it may lie before the recording's first one.
        stride: steps of the recording from one frame to the next.
        fps: frames per second of the film.
        frames: how many it has; a large number where that is not known.
    """

    film: Film
    first: float
    stride: float
    fps: float
    frames: int

    @property
    def last(self) -> float:
        """The step at which its last frame stands."""
        return self.first + (self.frames - 1) * self.stride

    def frame_at(self, step: float) -> int:
        """The frame that stands at a step: the last one at or before it, within the film."""
        # A step is a sum of strides, with their rounding.
        return min(max(math.floor((step - self.first) / self.stride + 1e-6), 0), self.frames - 1)

    def step_at(self, seconds: float) -> float:
        """The step that the film shows at a time since its beginning."""
        return self.first + min(max(math.floor(seconds * self.fps), 0), self.frames - 1) * self.stride


@dataclass(frozen=True)
class EpisodePlace:
    """An episode of a recording, as far as films are looked for that show it.

    Attributes:
        recording: the path; None of one in memory.
        facts: its run, job_name, rebuild and rank, as far as they are known.
        env_id: the simulator's index of its env.
        episode: its number within the env.
        first_step: in the recording.
        last_step: likewise.
        every: control steps from one recorded step to the next.
        before: episodes of the env before the recording's first one: a film's states have a recording of their own.
    """

    recording: Path | None
    facts: Mapping[str, object]
    env_id: int
    episode: int
    first_step: int
    last_step: int
    every: int = 1
    before: int = 0


def episodes_before(films: Iterable[Film]) -> dict[Path, int]:
    """By recordings that were made for films, how many episodes of its env were before each."""
    numbers = ((film.recording, film.record.key.get("episode_in_env")) for film in films)
    return {path: number for path, number in numbers if path is not None and isinstance(number, int)}


def place_of(rollout: Any, episode: Any, films: Iterable[Film]) -> EpisodePlace:
    """Of an `Episode` of a `Rollout`, which need more than this module may."""
    return EpisodePlace(
        rollout.path,
        {**training_facts(rollout.metadata), **training_facts(episode.facts)},
        rollout.env_ids[episode.env_index],
        episode.index,
        episode.first_step,
        episode.last_step,
        as_integer(rollout.metadata.get("every")) or 1,
        0 if rollout.path is None else episodes_before(films).get(Path(os.path.abspath(rollout.path)), 0),
    )


def place(film: Film, at: EpisodePlace) -> Placed | None:
    """The film beside an episode; None where it does not show it, or does not say when its frames were taken."""
    record = film.record
    if (
        film.state != COMPLETE
        or record.fps is None
        or record.first_step is None
        or record.key.get("env_id") != at.env_id
    ):
        return None
    stride = max(record.stride or 1, 1)
    frames = _frames(film, stride)
    if at.recording is not None and film.recording == Path(os.path.abspath(at.recording)):
        placed = Placed(film, record.first_step, stride, record.fps, frames)
        return placed if placed.first <= at.last_step and placed.last >= at.first_step else None
    if record.key.get("episode_in_env") != at.before + at.episode or not _is_of_run(film, at):
        return None
    begun = record.facts.get("first_step")
    begun = begun if isinstance(begun, int) and not isinstance(begun, bool) else record.first_step
    first = at.first_step + (record.first_step - begun) / at.every
    return Placed(film, first, stride / at.every, record.fps, frames)


def camera_films(films: Iterable[Film], at: EpisodePlace) -> list[Placed]:
    """The films of an episode by the robot's cameras, one of each, by their names.

    Of several films of one camera the nearest on the disk counts, and of these the newest; films come newest first.
    """
    found: dict[str, Placed] = {}
    for film in films:
        if film.record.kind != "camera":
            continue
        placed, name = place(film, at), film.record.camera or ""
        if placed is not None and (name not in found or _distance(film, at) < _distance(found[name].film, at)):
            found[name] = placed
    return [found[name] for name in sorted(found)]


def _frames(film: Film, stride: int) -> int:
    record = film.record
    if record.frames is not None and 0 < record.frames < _LONGEST:
        return record.frames
    if record.last_step is not None and record.first_step is not None and record.last_step >= record.first_step:
        return min((record.last_step - record.first_step) // stride + 1, _LONGEST)
    return _LONGEST


def _is_of_run(film: Film, at: EpisodePlace) -> bool:
    """Whether it is of the recording's run: nothing speaks against it, and they lie in or below one folder."""
    if at.recording is None:
        return False
    key = film.record.key
    known = [(at.facts.get(name), key.get(name)) for name in _RUN_NAMES]
    return all(own == other for own, other in known if own is not None and other is not None) and _is_near(film, at)


def _is_near(film: Film, at: EpisodePlace) -> bool:
    return _distance(film, at) < _LONGEST


def _distance(film: Film, at: EpisodePlace) -> int:
    """Folders between a film's manifest and a recording; very many where neither's folder is in the other's."""
    assert at.recording is not None, "films lie beside it"
    own, other = os.path.abspath(film.manifest.parent), os.path.abspath(at.recording.parent)
    common = os.path.commonpath([own, other])
    if common not in (own, other):
        return _LONGEST
    return sum(len(Path(path).parts) for path in (own, other)) - 2 * len(Path(common).parts)
