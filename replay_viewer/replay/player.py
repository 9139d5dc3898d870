"""Playback as a state machine: no GUI, no thread and no clock. The owner says how much time has passed."""

from __future__ import annotations

import math
from typing import Literal, get_args

Loop = Literal["off", "episode", "rollout", "selection"]

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
MIN_SPEED, MAX_SPEED = 0.05, 10.0

# Sixty additions of 1/60 s end just below 1 s: what is this near a whole step stands on it.
_ROUNDING = 1e-6


class Player:
    """Where playback stands in a rollout of `num_steps` control steps.

    The position is a number of steps within 0 to num_steps - 1; between two steps it is fractional. In a loop the last
    step is shown as long as every other one, so one round takes as many steps as the loop has.
    """

    def __init__(self, num_steps: int, control_dt: float) -> None:
        """Start paused at step 0, at speed 1, without a loop.

        Args:
            num_steps: length of the rollout, at least 1.
            control_dt: seconds between two steps, positive.

        Raises:
            ValueError: if either is out of its range.
        """
        if num_steps < 1 or not (math.isfinite(control_dt) and control_dt > 0):
            raise ValueError(f"a player needs steps and a positive control_dt, not {num_steps} and {control_dt}")
        self._num_steps = int(num_steps)
        self._control_dt = float(control_dt)
        self._window = (0, self._num_steps - 1)
        self._selection: tuple[int, int] | None = None
        self._playing = False
        self._speed = 1.0
        self._loop: Loop = "off"
        self._loop_before: Loop = "off"  # That of the selection.
        self._position = 0.0
        self._held = 0.0  # How long, in steps, the last step of a loop has been shown already.

    @property
    def playing(self) -> bool:
        """Whether a tick moves the position."""
        return self._playing

    @property
    def speed(self) -> float:
        """Seconds of the rollout per second."""
        return self._speed

    @property
    def loop(self) -> Loop:
        """What is repeated: nothing ("off"), the window ("episode"), the rollout, or the selection."""
        return self._loop

    @property
    def position(self) -> float:
        """Position in steps, fractional between two of them."""
        return self._position

    @property
    def step(self) -> int:
        """The last step at or before the position."""
        return int(self._position)

    @property
    def num_steps(self) -> int:
        """Length of the rollout."""
        return self._num_steps

    @property
    def control_dt(self) -> float:
        """Seconds between two steps."""
        return self._control_dt

    @property
    def window(self) -> tuple[int, int]:
        """First and last step, both included, of the episode that the owner has chosen; loop "episode" stays in it."""
        return self._window

    @property
    def selection(self) -> tuple[int, int] | None:
        """First and last step, both included, that a user has marked; None for none."""
        return self._selection

    def extend(self, num_steps: int) -> None:
        """The rollout has become longer; the position stays. Raises ValueError if it became shorter."""
        if num_steps < self._num_steps:
            raise ValueError(f"a rollout of {self._num_steps} steps cannot shrink to {num_steps}")
        self._num_steps = int(num_steps)

    def set_window(self, first: int, last: int) -> None:
        """Choose the steps that loop "episode" repeats. The position stays. Raises ValueError outside the rollout."""
        self._check_window("window", first, last)
        if (first, last) != self._window:
            self._window = (int(first), int(last))
            self._held = 0.0

    def select(self, first: int, last: int) -> None:
        """Mark steps, both included, and repeat them; goes to the first of them from anywhere else.

        Raises ValueError outside the rollout.
        """
        self._check_window("selection", first, last)
        if self._loop != "selection":
            self._loop_before = self._loop
        self._selection, self._loop, self._held = (int(first), int(last)), "selection", 0.0
        if not first <= self._position <= last:
            self.seek(first)

    def clear_selection(self) -> None:
        """Mark nothing; what was repeated before the selection is repeated again."""
        self._selection = None
        if self._loop == "selection":
            self._loop, self._held = self._loop_before, 0.0

    def play(self) -> None:
        """Start playing; from the beginning if the position is at the end and nothing loops."""
        if self._loop == "off" and self._position >= self._num_steps - 1:
            self.go_to_start()
        self._playing = True

    def pause(self) -> None:
        """Stop where it is."""
        self._playing = False

    def toggle(self) -> None:
        """Play if paused, pause if playing."""
        if self._playing:
            self.pause()
        else:
            self.play()

    def seek(self, step: float) -> None:
        """Go to a step, fractional or whole, clamped to the rollout; keeps playing if it plays. NaN: ValueError."""
        if math.isnan(step):
            raise ValueError("cannot seek to NaN")
        self._position = _snapped(min(max(float(step), 0.0), float(self._num_steps - 1)))
        self._held = 0.0

    def step_by(self, count: int) -> None:
        """Pause and go `count` whole steps on from the step shown (back if negative)."""
        self.pause()
        self.seek(self.step + count)

    def go_to_start(self) -> None:
        """Go to the first step of the rollout."""
        self.seek(0)

    def go_to_end(self) -> None:
        """Go to the last step of the rollout."""
        self.seek(self._num_steps - 1)

    def set_speed(self, speed: float) -> None:
        """Set the speed, clamped to MIN_SPEED..MAX_SPEED. Raises ValueError unless it is a positive number."""
        if not (math.isfinite(speed) and speed > 0):
            raise ValueError(f"the speed must be a positive number, not {speed}")
        self._speed = min(max(float(speed), MIN_SPEED), MAX_SPEED)

    def set_loop(self, loop: Loop) -> None:
        """Choose what is repeated. Raises ValueError for anything else, and for a selection where there is none."""
        if loop not in get_args(Loop):
            raise ValueError(f"loop must be one of {', '.join(get_args(Loop))}, not {loop!r}")
        if loop == "selection" and self._selection is None:
            raise ValueError("nothing is selected that could be repeated")
        self._loop = loop
        self._held = 0.0

    def tick(self, wall_dt: float) -> bool:
        """Let `wall_dt` seconds pass; returns True if the position changed. Raises ValueError if time runs backwards.

        Without a loop playback stops exactly on the last step. With one it wraps and carries the overshoot.
        """
        if not (math.isfinite(wall_dt) and wall_dt >= 0):
            raise ValueError(f"a tick lasts a finite time, not {wall_dt} s")
        if not self._playing:
            return False
        before = self._position
        target = _snapped(before + self._held + wall_dt * self._speed / self._control_dt)
        if self._loop == "off":
            self._run_to(target)
        else:
            self._wrap_to(target)
        return self._position != before

    def _run_to(self, target: float) -> None:
        """Move to `target` or stop on the last step of the rollout."""
        last = float(self._num_steps - 1)
        self._playing = target < last
        self._position = min(target, last)

    def _wrap_to(self, target: float) -> None:
        """Move to `target`, wrapped into the loop; the last step lasts until the position would be one step past it."""
        first, last = self._repeated
        if target >= last + 1:
            target = first + (target - (last + 1)) % (last + 1 - first)
        self._position = min(target, float(last))
        self._held = target - self._position

    @property
    def _repeated(self) -> tuple[int, int]:
        """First and last step of the loop."""
        if self._loop == "selection" and self._selection is not None:
            return self._selection
        return self._window if self._loop == "episode" else (0, self._num_steps - 1)

    def _check_window(self, what: str, first: int, last: int) -> None:
        if not 0 <= first <= last < self._num_steps:
            raise ValueError(f"{what} {first}..{last} is not within the steps 0..{self._num_steps - 1}")


def _snapped(position: float) -> float:
    """The position, or the whole step that it is next to."""
    whole = float(round(position))
    return whole if abs(position - whole) < _ROUNDING else position
