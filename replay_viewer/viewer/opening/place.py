"""A place that the address of the page names: `/?recording=walk.rec&env=3&step=230`. Anybody may have written it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ...errors import BadArgument, UnknownName, printable
from ..session import Session

_NUMBERS = ("env", "episode", "step")
_DIGITS = re.compile(r"[0-9]{1,15}", re.ASCII)
# No path is longer on any system.
_LONGEST_NAME = 4096


@dataclass(frozen=True)
class Place:
    """A recording and where in it; what is not said is what is shown.

    Attributes:
        recording: its path from the folder that is served, or what the page calls what is open.
        env: the simulator's index.
        episode: its number within the env, from 0 on.
        step: of the recording.
    """

    recording: str | None = None
    env: int | None = None
    episode: int | None = None
    step: int | None = None

    @classmethod
    def of(cls, value: Any) -> Place:
        """What a browser sends of its address: texts by name, or numbers. Raises BadArgument for what is no place."""
        said = value if isinstance(value, dict) else {}
        name = said.get("recording")
        if name is not None and not (isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME):
            raise BadArgument("recording", _shown(name), "expected the name of a recording.")
        return cls(name, *(_number(number, said.get(number)) for number in _NUMBERS))

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


def _number(name: str, value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None:
        return None
    if not (isinstance(value, str) and _DIGITS.fullmatch(value)):
        raise BadArgument(name, _shown(value), "expected a whole number.")
    return int(value)


def _shown(value: Any) -> str:
    """What somebody wrote, as far as it can be told on a line."""
    return repr(printable(str(value)[:40]))
