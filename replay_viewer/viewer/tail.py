"""Follows a recording while another process writes it: polls, and knows how the writer is.

No thread and no clock: the owner says how much time has passed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ..errors import FileProblem

if TYPE_CHECKING:
    from ..replay.replay import Replay

# Eight updates a second: a poll costs some microseconds, the panels that show what came cost the page more.
POLL_PERIOD = 0.125
# Without a step for so long [s], the page says so; a step of a simulator may well take a second.
_PAUSE_AFTER = 3.0
# Without a step for so long, the writer is looked for, again and again.
_LOOK_AFTER, _LOOK_PERIOD = 2.0, 1.0
# Where the file system has no locks, a writer that is quiet for so long counts as gone.
_GIVE_UP_AFTER = 60.0

TailState = Literal["writing", "paused", "ended", "gone", "lost"]


class Tail:
    """state: "writing", "paused" (alive, but no step comes), "ended", "gone" (died) or "lost" (the files are).

    replay: what is followed.

    A writer that was thought gone may come back, for its lock may not be seen from another machine.
    """

    def __init__(self, replay: Replay) -> None:
        """replay: of a recording's folder. Looks at once."""
        assert replay.rollout.growth is not None, "the rollout of a folder can grow"
        self.replay, self._growth = replay, replay.rollout.growth
        self._quiet = self._since_poll = self._since_look = 0.0
        self.state: TailState = "writing"
        self._problem = ""
        self._poll(looks=True)

    @property
    def polls(self) -> bool:
        """Whether more may come."""
        return self.state not in ("ended", "lost")

    @property
    def is_written(self) -> bool:
        """Whether there is a newest step to wait for."""
        return self.state in ("writing", "paused")

    @property
    def seconds_to_poll(self) -> float | None:
        """How long the owner may sleep; None for ever."""
        return max(0.0, POLL_PERIOD - self._since_poll) if self.polls else None

    @property
    def message(self) -> str:
        """How things stand, for people."""
        count = self.replay.rollout.num_steps
        steps = "1 step" if count == 1 else f"{count} steps"
        return {
            "writing": "being written",
            "paused": "no new step for some seconds",
            "ended": f"recording ended: {steps}",
            "gone": f"the writer is gone: {steps}",
            "lost": self._problem,
        }[self.state]

    def tick(self, wall_dt: float) -> bool:
        """Let `wall_dt` seconds pass; returns whether there are more steps or episodes, or the state changed."""
        if not self.polls:
            return False
        self._quiet += wall_dt
        self._since_look += wall_dt
        self._since_poll += wall_dt
        if self._since_poll < POLL_PERIOD:
            return False
        self._since_poll = 0.0
        looks = self._quiet >= _LOOK_AFTER and self._since_look >= _LOOK_PERIOD
        before = self.state
        return self._poll(looks) or self.state != before

    def _poll(self, looks: bool) -> bool:
        """looks: whether to look for the writer."""
        # First: what a writer left when it ended is then all there.
        is_gone = looks and self._is_gone()
        try:
            grew = self.replay.grow()
        except FileProblem as problem:
            self.state, self._problem = "lost", f"the recording {problem.problem} {problem.fix}".rstrip()
            return False
        if grew:
            self._quiet = 0.0
        if self._growth.closed:
            self.state = "ended"
        elif is_gone and not grew:
            self.state = "gone"
        elif grew:
            self.state = "writing"
        elif self.state == "writing" and self._quiet >= _PAUSE_AFTER:
            self.state = "paused"
        return grew

    def _is_gone(self) -> bool:
        self._since_look = 0.0
        is_held = self._growth.is_held
        return self._quiet >= _GIVE_UP_AFTER if is_held is None else not is_held
