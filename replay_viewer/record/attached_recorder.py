"""The recorder that `attach` hands out: that on an environment, for whoever has attached it."""

from __future__ import annotations

import atexit
from pathlib import Path
from types import TracebackType
from typing import Any, Mapping

from ..errors import BadArgument
from .attachments import Attachment, close_at_exit, leave
from .capture import get_up
from .control.address import ControlAddress
from .control.open_control import OpenControl
from .episodes.record_episodes import EpisodeRecording
from .recorder import Recorder
from .recorder_seat import RecorderSeat


class AttachedRecorder:
    """A recorder that sits on an environment; made by `attach`.

    What is logged between two steps belongs to the first of them, so a step that somebody logs to is written as soon
    as it has all that the first step had, at the latest when the next one begins. The very first step waits for the
    second: it settles the names. A step of a simulator on a GPU is written while the simulation goes on, at most eight
    steps and a quarter of a second later.
    """

    def __init__(
        self,
        recorder: Recorder,
        seat: RecorderSeat,
        attachment: Attachment,
        episodes: EpisodeRecording | None,
        held: OpenControl | None = None,
    ) -> None:
        self._recorder, self._seat, self._attachment, self._episodes = recorder, seat, attachment, episodes
        self._held = held
        # What waits for its completion is written then.
        self._at_exit = close_at_exit(seat.close)
        self._control_at_exit = None if held is None else close_at_exit(held.close)

    @property
    def path(self) -> Path:
        """Where the recording is."""
        return self._recorder.path

    @property
    def env_ids(self) -> list[int]:
        """The simulator's indices of the recorded envs."""
        return self._seat.env_ids

    @property
    def num_steps(self) -> int:
        """Control steps seen so far."""
        return self._seat.num_steps

    @property
    def is_recording(self) -> bool:
        """Whether steps are still written: not once the disk has refused one, nor after `close`."""
        return self._recorder.is_recording

    @property
    def episodes_path(self) -> Path | None:
        """The file of records of its episodes, where it was asked for."""
        return None if self._episodes is None else self._episodes.path

    def control(self, action: Any) -> Any:
        """The action to send in the place of the one that a policy wants, as the controlled `step` would itself.

        For a loop that does something else with the action before the step; it waits here while the run is paused.
        Without `attach(control=True)` it is the same action.
        """
        return action if self._held is None else self._held.control.act_early(action)

    @property
    def policy_enabled(self) -> bool:
        """Whether the policy's own actions are sent, from the coming step on; may be set by any thread.

        Raises BadArgument where it is set without `attach(control=True)`.
        """
        return self._held is None or self._held.control.policy_enabled

    @policy_enabled.setter
    def policy_enabled(self, is_on: bool) -> None:
        if self._held is None:
            raise BadArgument("policy_enabled", is_on, "needs attach(..., control=True).")
        self._held.control.policy_enabled = is_on

    @property
    def control_address(self) -> ControlAddress | None:
        """Where viewers reach the control, with the token of a port; None where nobody is listened to."""
        return None if self._held is None else self._held.address

    def set_training_state(self, **facts: Any) -> None:
        """State what training this recording belongs to, from here on; see `replay_viewer.set_training_state`."""
        self._recorder.training.set_given(**facts)

    def log_variation(self, name: str, values: Any, env_ids: Any = None) -> None:
        """Note the values that a randomised factor was given, where records of episodes are made.

        See `EpisodeRecording.log_variation`. Without `attach(episode_terms=...)` it does nothing.
        """
        if self._episodes is not None:
            self._episodes.log_variation(name, values, env_ids)

    def log(self, name: str, values: Any) -> None:
        """Log a signal of the step that was just made, in place of a value of that name if the environment has one.

        Args:
            name: letters, digits and _ . / -
            values: a row for each env of the simulator, array or tensor, or one number for all; stored as float32.

        Raises:
            UnknownName: the first step did not have it; once. Declare it with `attach(signals={name: shape})`.
            BadField: another shape than before.
        """
        self._seat.log(name, values)

    def log_terms(self, terms: Mapping[str, Any]) -> None:
        """Log reward terms as they entered the reward of the step that was just made.

        Args:
            terms: by name (num_envs,) or (num_envs, num_agents) over the simulator's envs, or one number for all; what
                has no agents is the same for all of them.

        Raises:
            UnknownName: the first step did not have one of them; once. Declare it with `attach(terms=[name])`.
            BadField: another shape than the rewards', or a term that the environment has itself.
        """
        self._seat.log_terms(terms)

    def stand_alone(self) -> None:
        """Be closed by nobody else from now on: who attaches anew comes beside it, whatever line of code that is."""
        leave(self._attachment)

    def detach(self) -> None:
        """Put every method back; what was recorded stays open for `log` until `close`."""
        if self._held is not None:
            self._held.close()
        get_up(self._seat)
        if self._episodes is not None:
            self._episodes.detach()

    def close(self) -> None:
        """Detach and finish the recording; a second call does nothing."""
        try:
            close_seats(self._seat, self._episodes, self._held)
        finally:
            if self._control_at_exit is not None:
                atexit.unregister(self._control_at_exit)
            atexit.unregister(self._at_exit)
            leave(self._attachment)

    def __enter__(self) -> AttachedRecorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def close_seats(seat: RecorderSeat, episodes: EpisodeRecording | None, held: OpenControl | None = None) -> None:
    """Finish a recording, and the records of its episodes."""
    try:
        if held is not None:
            held.close()
        if episodes is not None:
            episodes.close()
    finally:
        seat.close()
