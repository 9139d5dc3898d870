"""A place that the address of the page names: `/?recording=walk.rec&env=3&step=230`. Anybody may have written it.

Of recordings beside it, `recording2=after.rec&env2=0&delay2=0.4` up to 8; how they are compared, `compare=side`
and `align=end`; and from where they are seen, `camera=x,y,z,x,y,z`, it and what it looks at.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...camera.presets import FOV, CameraPose
from ...errors import BadArgument, UnknownName, printable
from ...replay.modes import check_alignment, check_mode
from ...replay.take import Take
from ...replay.world import MOST_TAKES
from ..session import Session

if TYPE_CHECKING:
    from ...replay.replay import Replay
    from ...rollout.rollout import Rollout

_DIGITS = re.compile(r"[0-9]{1,15}", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
# No path is longer on any system.
_LONGEST_NAME = 4096
# Of a coordinate [m] or a delay [s].
_FARTHEST = 1e5


@dataclass(frozen=True)
class PlacedTake:
    """A take as an address names it.

    Attributes:
        recording: its path from the folder that is served, or what the page calls it.
        env: the simulator's index; None for the first.
        episode: the number of the one that is shown alone; None for all.
        start: the step that is aligned; None for the first.
        delay: how much later it is shown [s].
    """

    recording: str
    env: int | None = None
    episode: int | None = None
    start: int | None = None
    delay: float = 0.0

    def of(self, replay: Replay) -> Take:
        """That of a recording. Raises UnknownName, BadArgument where it has none such."""
        env_index = 0 if self.env is None else replay.rollout.env_index(self.env)
        whole = Take(replay, env_index) if self.episode is None else Take.of_episode(replay, env_index, self.episode)
        start = whole.start if self.start is None else self.start
        return Take(replay, env_index, start, whole.steps, delay=self.delay)


@dataclass(frozen=True)
class PlacedView:
    """From where it is seen.

    Attributes:
        pose: of the camera, in the browser's space [m].
        world: where that space's world stands still (3,) [m]; None where it follows the robot.
        keeps_all: whether it goes along with all that is shown.
    """

    pose: CameraPose
    world: np.ndarray | None = None
    keeps_all: bool = False


@dataclass(frozen=True)
class Place:
    """A recording and where in it; what is not said is what is shown.

    Attributes:
        recording: its path from the folder that is served, or what the page calls what is open.
        env: the simulator's index.
        episode: its number within the env, from 0 on.
        step: of the recording.
        start: of several recordings, the step of this one that is aligned.
        others: those that are shown beside it.
        mode: where they stand.
        alignment: what they show at the same time.
        view: from where it is seen.
    """

    recording: str | None = None
    env: int | None = None
    episode: int | None = None
    step: int | None = None
    start: int | None = None
    others: tuple[PlacedTake, ...] = ()
    mode: str | None = None
    alignment: str | None = None
    view: PlacedView | None = None

    @classmethod
    def of(cls, value: Any) -> Place:
        """What a browser sends of its address: texts by name, or numbers. Raises what is told of no place."""
        said: Mapping[str, Any] = value if isinstance(value, dict) else {}
        env, episode, step, start = (_whole(said, name) for name in ("env", "episode", "step", "start"))
        numbers = [number for number in range(2, MOST_TAKES + 1) if f"recording{number}" in said]
        return cls(
            _name(said, "recording"),
            env,
            episode,
            step,
            start,
            tuple(_placed_take(said, number) for number in numbers),
            _one_of(said, "compare", check_mode),
            _one_of(said, "align", check_alignment),
            _view(said),
        )

    @property
    def lead(self) -> PlacedTake:
        """The take that leads, of several."""
        return PlacedTake(self.recording or "?", self.env, None, self.start)

    def go(self, session: Session) -> None:
        """Go there in what is shown, unless that is there already.

        Raises:
            UnknownName, BadArgument: an env, an episode or a step that is not there; then nothing has changed.
        """
        rollout = session.replay.rollout
        env_index = session.env_index if self.env is None else rollout.env_index(self.env)
        step = self._step(session, env_index)
        if env_index != session.env_index:
            session.select_env(rollout.env_ids[env_index])
        if step is not None and step != session.player.step:
            session.seek(step)

    def _step(self, session: Session, env_index: int) -> int | None:
        """The step that is meant, in an env."""
        rollout, shown = session.replay.rollout, range(session.player.num_steps)
        if self.episode is not None:
            episodes = rollout.episodes(env_index)
            if self.episode >= len(episodes):
                raise UnknownName("episode", self.episode, range(len(episodes)), f"env {rollout.env_ids[env_index]}")
            shown = range(episodes[self.episode].first_step, episodes[self.episode].last_step + 1)
        if self.step is None:
            return None if self.episode is None else shown.start
        if self.step not in shown:
            what = "the recording" if self.episode is None else f"episode {self.episode}"
            raise BadArgument("step", self.step, f"{what} has steps {shown.start} to {shown.stop - 1}.")
        return self.step


def place_of(session: Session, name_of: Callable[[Rollout], str]) -> dict[str, Any]:
    """What addresses say of what is shown, by name, but for the step and the camera; see `Place.of`."""
    world = session.world
    said: dict[str, Any] = {"recording": name_of(session.replay.rollout), "env": session.env_id}
    if not world.others:
        return said
    if world.lead.start:
        said["start"] = world.lead.start
    for number, take in enumerate(world.others, 2):
        rollout, episode = take.replay.rollout, take.episode_number
        told: dict[str, Any] = {"recording": name_of(rollout), "env": rollout.env_ids[take.env_index]}
        if episode is not None:
            told["episode"] = episode
        if take.start != take.span[0]:
            told["start"] = take.start
        if take.delay:
            told["delay"] = round(take.delay, 6)
        said.update({f"{name}{number}": value for name, value in told.items()})
    return {**said, "compare": world.mode, "align": world.alignment}


def is_shown(place: Place, session: Session, name_of: Callable[[Rollout], str]) -> bool:
    """Whether the takes of a place are those that are shown, whatever their delays, mode and alignment."""
    shown = Place.of(place_of(session, name_of))
    return _undelayed(shown) == _undelayed(place) and (shown.recording, shown.start) == (place.recording, place.start)


def _undelayed(place: Place) -> list[PlacedTake]:
    return [replace(take, delay=0.0) for take in place.others]


def _placed_take(said: Mapping[str, Any], number: int) -> PlacedTake:
    env, episode, start = (_whole(said, f"{name}{number}") for name in ("env", "episode", "start"))
    delay = said.get(f"delay{number}", 0)
    name = _name(said, f"recording{number}")
    return PlacedTake(name or "?", env, episode, start, _real(f"delay{number}", delay))


def _view(said: Mapping[str, Any]) -> PlacedView | None:
    if "camera" not in said:
        return None
    numbers = _reals(said, "camera", 6)
    position, look_at = numbers[:3], numbers[3:]
    if np.linalg.norm(position - look_at) < 1e-3:
        raise BadArgument("camera", _shown(said["camera"]), "looks at where it stands.")
    pose = CameraPose(position, look_at, np.array([0.0, 0.0, 1.0]), FOV)
    stand = said.get("stand")
    keeps_all = stand == "all"
    return PlacedView(pose, None if stand is None or keeps_all else _reals(said, "stand", 3), keeps_all)


def _reals(said: Mapping[str, Any], name: str, count: int) -> np.ndarray:
    texts = said[name].split(",") if isinstance(said[name], str) else []
    if len(texts) != count:
        raise BadArgument(name, _shown(said[name]), f"expected {count} numbers, such as 1,-2,0.5.")
    return np.array([_real(name, text) for text in texts])


def _name(said: Mapping[str, Any], key: str) -> str | None:
    name = said.get(key)
    if name is not None and not (isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME):
        raise BadArgument(key, _shown(name), "expected the name of a recording.")
    return name


def _one_of(said: Mapping[str, Any], key: str, check: Callable[[str], None]) -> str | None:
    name = said.get(key)
    if name is not None:
        check(printable(str(name)[:40]))
    return name


def _whole(said: Mapping[str, Any], name: str) -> int | None:
    value = said.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None:
        return None
    if not (isinstance(value, str) and _DIGITS.fullmatch(value)):
        raise BadArgument(name, _shown(value), "expected a whole number.")
    return int(value)


def _real(name: str, value: Any) -> float:
    text = f"{value:.6f}" if type(value) in (int, float) and math.isfinite(value) else value
    if not (isinstance(text, str) and _NUMBER.fullmatch(text) and abs(float(text)) <= _FARTHEST):
        raise BadArgument(name, _shown(value), "expected a number.")
    return float(text)


def _shown(value: Any) -> str:
    """What somebody wrote, as far as it can be told on a line."""
    return repr(printable(str(value)[:40]))
