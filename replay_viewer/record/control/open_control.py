"""Opens the control of an environment that a recorder sits on: its channel, its key, and its hold on `step`."""

from __future__ import annotations

import logging
import operator
import os
import secrets
import weakref
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Callable

from ...errors import BadArgument, FileProblem
from ...rollout.interventions import SPANS, Intervention
from ..adapters import Adapter
from ..adapters.registry import unwrapped
from ..patches import Patches
from .address import TOKEN_VARIABLE, ControlAddress, socket_of
from .channel import Channel
from .control import Control
from .hand import Hand
from .keys import KEY, TerminalKeys, has_terminal
from .means import Means
from .policy_off import PolicyOff, Substitute

_messages = logging.getLogger("replay_viewer")
# Environments whose steps are controlled.
_controlled: weakref.WeakSet[OpenControl] = weakref.WeakSet()
# Who hears of what is done by hand without sitting on a hook, each with the identity of its innermost environment.
_listeners: weakref.WeakKeyDictionary[Listener, int] = weakref.WeakKeyDictionary()


class Listener(ABC):
    """Who is told of what is done by hand to an environment; see `listen`."""

    @abstractmethod
    def intervene(self, intervention: Intervention) -> None:
        """Something is about to be done. Raises nothing."""


def listen(env: Any, listener: Listener) -> None:
    """Tell somebody, as long as it lives, of what is done by hand to an environment, and first of what lasts now."""
    core = _listeners[listener] = id(unwrapped(env)[-1])
    for held in list(_controlled):
        if held.core == core:
            for intervention in held.lasting.values():
                listener.intervene(intervention)


def _means_of(adapter: Adapter) -> Means:
    """What the environment can be made to do; nothing, which is told, where a version of it is another one."""
    try:
        return adapter.means()
    except Exception as error:
        _messages.warning("control by hand: pause and policy only (%s: %s).", type(error).__name__, error)
        return Means()


def port_of(control: bool | int) -> int | None:
    """The port that `attach(control=...)` names; None for the socket beside the recording. Raises BadArgument."""
    if control is True:
        return None
    try:
        return operator.index(control)
    except TypeError:
        problem = "expected True, for a socket beside the recording, or the number of a port of this machine."
        raise BadArgument("control", repr(control), problem) from None


class OpenControl:
    """A control with whatever leads to it, until it is closed.

    Args:
        env: as the user gave it.
        adapter: of it.
        policy_off: what is sent while the policy is off.
        num_envs: of the simulator.

    Attributes:
        control: what stands between the policy and the environment.
        core: the identity of the innermost environment.
        lasting: what was begun by hand and has not ended, by what it is and its env.

    Raises:
        BadArgument: there is no such `policy_off` here.
    """

    def __init__(self, env: Any, adapter: Adapter, policy_off: PolicyOff, num_envs: int) -> None:
        means = _means_of(adapter)
        self._tell: Callable[[Intervention], None] = lambda intervention: None
        self.control = Control(means, Substitute(policy_off, means, env), self._tell_of, num_envs)
        self.core = id(unwrapped(env)[-1])
        self.lasting: dict[tuple[str, int | None], Intervention] = {}
        self._hook = adapter.step_hook()
        self._patches = Patches(self._failed)
        self._channel: Channel | None = None
        self._keys: TerminalKeys | None = None

    @property
    def address(self) -> ControlAddress | None:
        """Where viewers reach it; None where nobody is listened to."""
        return None if self._channel is None else self._channel.address

    def open(self, recording: Path, port: int | None, tell: Callable[[Intervention], None]) -> None:
        """Take hold of the environment's `step`, and listen.

        Args:
            recording: beside it lies the socket.
            port: to listen at instead; 0 for any.
            tell: takes what is done by hand, before it is done.

        Raises:
            BadArgument: no port to listen at, or the environment is controlled already.
        """
        hook = self._hook
        for other in list(_controlled):
            if other.core == self.core:
                problem = "is for one recorder: the environment is controlled already. Close that recorder before."
                raise BadArgument("control", True, problem)
        self._tell = tell
        self._listen(recording, port)
        self._patches.method(hook.owner, hook.name, self.control.wrap_step)
        self.control.patch(self._patches)
        _controlled.add(self)
        if has_terminal():
            hand = Hand("terminal", is_lasting=True)
            self._keys = TerminalKeys(lambda: self.control.ask(hand, "toggle"))
            _messages.warning("%s: press %s in this terminal to switch the policy off and on.", recording, KEY)

    def close(self) -> None:
        """Leave everything as it was; a second call does nothing."""
        _controlled.discard(self)
        self._patches.undo()
        for what, env_id in list(self.lasting):
            self._tell_listeners(Intervention(SPANS[what], env_id))
        self.control.close()
        if self._channel is not None:
            self._channel.close()
        if self._keys is not None:
            self._keys.close()

    def _listen(self, recording: Path, port: int | None) -> None:
        if port is None:
            address = ControlAddress(socket_of(Path(os.path.abspath(recording))))
        else:
            address = ControlAddress(port=port, token=os.environ.get(TOKEN_VARIABLE) or secrets.token_urlsafe(24))
        try:
            self._channel = Channel(address, self.control.ask, self.control.state())
        except FileProblem as problem:
            _messages.warning("%s No page can control the policy; the loop, its code and its terminal can.", problem)
            return
        self.control.changed = self._channel.tell
        if port is not None:
            _messages.warning(
                "%s: controlled at %s; from elsewhere ssh -L, then: %s=%s replay-viewer RECORDING --tail --control %s",
                recording,
                self._channel.address,
                TOKEN_VARIABLE,
                address.token,
                self._channel.address,
            )

    def _tell_of(self, intervention: Intervention) -> None:
        self._tell(intervention)
        self._tell_listeners(intervention)

    def _tell_listeners(self, intervention: Intervention) -> None:
        for begin, end in SPANS.items():
            if intervention.what == begin:
                self.lasting[begin, intervention.env_id] = intervention
            elif intervention.what == end:
                self.lasting.pop((begin, intervention.env_id), None)
        for listener, core in list(_listeners.items()):
            if core == self.core:
                listener.intervene(intervention)

    def _failed(self, error: Exception) -> None:
        _messages.warning("control by hand: %s: %s; the policy goes on.", type(error).__name__, error)
