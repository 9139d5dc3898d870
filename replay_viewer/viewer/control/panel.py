"""The hand on a running policy, for pages: what they show of it, as plain data, and what they may ask for."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...record.control.address import ControlAddress, is_socket, socket_of
from ...rotations import rotate
from ..session import Session
from ..wire.page import Page
from ..wire.page_bridge import PageAction
from .line import ControlLine

# A stronger push is a mistake of whoever asks [m/s].
_STRONGEST_PUSH = 20.0
_TEXTS = ("offBy", "off", "pausedBy", "problem")
_MAX_TEXT = 300
_ENDED = "The run has ended."
_NO_LINE = "No connection to the run; it is tried again and again."


class ControlPanel:
    """What the page of a recording that is followed knows of its policy; nothing of any other recording.

    Args:
        page: where it is shown.
        session: what is watched.
        address: of a control elsewhere; None for the socket beside the recording, if there is one.
    """

    def __init__(self, page: Page, session: Session, address: ControlAddress | None) -> None:
        self._session = session
        found = _address_of(session, address)
        self._line = None if found is None else ControlLine(found, lambda: page.post(_take_news))

    @property
    def actions(self) -> dict[str, PageAction]:
        """What the page may ask for, by name; each is for the env shown, where it is for one."""
        if self._line is None:
            return {}
        plain = {name: self._asks(name) for name in ("pause", "resume", "step", "reset", "alive")}
        return {
            **{f"control_{name}": action for name, action in plain.items()},
            "control_policy": lambda value, page: self._send(page, "policy", value) if type(value) is bool else None,
            "control_push": self._push,
            "control_command": self._command,
        }

    def page_state(self) -> dict[str, Any]:
        """What the page shows, of the env shown."""
        line = self._line
        if line is None:
            return {"control": None}
        state, is_written = line.state, self._session.tail is not None and self._session.tail.is_written
        if not is_written or state is None:
            return {"control": {"problem": _ENDED if not is_written else line.problem or _NO_LINE, "isThere": False}}
        return {"control": {**_checked(state, self._session.env_id), "isThere": True}}

    def forget(self, client_id: int) -> None:
        """A browser has left: what it held is let go."""
        if self._line is not None:
            self._line.send(client_id, "left")

    def close(self) -> None:
        """Hang up."""
        if self._line is not None:
            self._line.close()

    def _asks(self, what: str) -> PageAction:
        return lambda _, page: self._send(page, what)

    def _send(self, page: int, what: str, value: Any = None) -> None:
        assert self._line is not None
        if what != "alive":
            self._session.go_live()  # What is done now is to be seen.
        self._line.send(page, what, self._session.env_id, value)

    def _push(self, value: Any, page: int) -> None:
        """A push [forward, left] in m/s, as the robot looks now."""
        numbers = _numbers(value, 2)
        if numbers and math.hypot(*numbers) <= _STRONGEST_PUSH:
            forward = self._heading()
            left = np.array([-forward[1], forward[0], 0.0])
            self._send(page, "push", (numbers[0] * forward + numbers[1] * left).tolist())

    def _command(self, value: Any, page: int) -> None:
        """Values of the commanded velocity; None gives it back."""
        if value is None or _numbers(value):
            self._send(page, "command", value)

    def _heading(self) -> np.ndarray:
        """(3,) where the first robot of the env shown looks in the newest step, level."""
        rollout = self._session.replay.rollout
        entity, last = next(iter(rollout.entities)), rollout.num_steps - 1
        wxyz = rollout.read(f"{entity}.base_wxyz", slice(last, last + 1), [self._session.env_index])[0, 0]
        level = rotate(np.asarray(wxyz, float), np.array([1.0, 0.0, 0.0])) * [1, 1, 0]
        length = float(np.linalg.norm(level))
        return level / length if np.isfinite(length) and length > 1e-6 else np.array([1.0, 0.0, 0.0])


def _address_of(session: Session, address: ControlAddress | None) -> ControlAddress | None:
    path = session.replay.rollout.path
    if session.tail is None or not session.tail.is_written or path is None:
        return None
    if address is not None:
        return address
    beside = socket_of(Path(os.path.abspath(path)))
    return ControlAddress(beside) if is_socket(beside) else None


def _checked(state: Mapping[str, Any], env_id: int) -> dict[str, Any]:
    """Of what a process tells, what a page knows how to show."""
    told = state.get("lacks")
    lacks = told if isinstance(told, dict) else {}
    commands = state.get("commands")
    held = commands.get(str(env_id)) if isinstance(commands, dict) else None
    return {
        "policy": state.get("policy") is not False,
        "paused": state.get("paused") is True,
        **{name: _text(state.get(name)) for name in _TEXTS},
        "lacks": {name: _text(lacks.get(name)) for name in ("push", "reset", "command")},
        "command": _command_of(state.get("command")),
        "commandBy": _text(held[0]) if isinstance(held, list) and held else "",
        "commanded": _numbers(held[1:]) if isinstance(held, list) and held else None,
    }


def _command_of(told: Any) -> list[list[Any]] | None:
    """Names, least and greatest values of what can be commanded."""
    if not isinstance(told, list) or len(told) != 3 or not all(isinstance(part, list) for part in told):
        return None
    names, low, high = [_text(name) for name in told[0]], _numbers(told[1]), _numbers(told[2])
    return [names, low, high] if low and high and len(names) == len(low) == len(high) <= 8 else None


def _text(value: Any) -> str:
    return value[:_MAX_TEXT] if isinstance(value, str) else ""


def _numbers(value: Any, count: int | None = None) -> list[float] | None:
    """A list of some finite numbers, as such; None of anything else."""
    if not isinstance(value, list) or not 0 < len(value) <= 8 or count not in (None, len(value)):
        return None
    are_numbers = all(type(number) in (int, float) and abs(number) < 1e6 for number in value)
    return [float(number) for number in value] if are_numbers else None


def _take_news() -> None:
    """Nothing: whatever is posted has the panels brought up to date."""
