"""The control of a loop: what hands ask for is done between two steps, on the loop's own thread."""

from __future__ import annotations

import functools
import logging
import math
import threading
from typing import Any, Callable, Mapping, Sequence

from ...rollout.interventions import Intervention
from ..patches import Function, Patches
from .hand import Hand
from .means import COMMAND, PUSH, RESET, Means
from .policy_off import Substitute

# While paused, how often it is looked whether a hand has fallen silent [s].
_LOOK_PERIOD = 0.1
# A velocity or a command beyond this is a mistake, or malice.
_LARGEST = 100.0
_messages = logging.getLogger("replay_viewer")

# What may be asked for, and whether it concerns one env.
ASKED: Mapping[str, bool] = {
    "policy": False,
    "toggle": False,
    "pause": False,
    "resume": False,
    "step": False,
    RESET: True,
    PUSH: True,
    COMMAND: True,
}


class Control:
    """Stands between a policy and an environment.

    Any thread may `ask`; what is asked for is done by the thread that steps, just before a step. The same asked twice
    before it is done is done once, the later way. Nothing in here ends the loop.

    Args:
        means: what the environment can be made to do.
        substitute: gives what is sent while the policy is off.
        tell: takes what is done, before it is done.
        num_envs: of the simulator.

    Attributes:
        changed: called with the state when it is another one.
    """

    def __init__(
        self, means: Means, substitute: Substitute, tell: Callable[[Intervention], None], num_envs: int
    ) -> None:
        self._means, self._substitute, self._tell, self._num_envs = means, substitute, tell, num_envs
        self._wanted: Any = None
        self.changed: Callable[[Mapping[str, Any]], None] = lambda state: None
        # Who keeps the policy off, who has paused, and by env who commands what.
        self._off: Hand | None = None
        self._paused_by: Hand | None = None
        self._commands: dict[int, tuple[Hand, tuple[float, ...]]] = {}
        self._may_step = False
        self._problem = ""
        # Anything but the policy's own doing: until then a step asks nothing else.
        self._is_touched = False
        self._is_acted = self._is_closed = False
        self._asked: dict[tuple[str, int | None], tuple[Hand, Any]] = {}
        self._lock, self._news = threading.Lock(), threading.Event()
        self._code = Hand("code", is_lasting=True)

    # -- any thread -----------------------------------------------------------

    @property
    def policy_enabled(self) -> bool:
        """Whether the policy's actions are sent, or will be from the next step on."""
        with self._lock:
            asked = self._asked.get(("policy", None))
            return self._off is None if asked is None else bool(asked[1])

    @policy_enabled.setter
    def policy_enabled(self, is_on: bool) -> None:
        self.ask(self._code, "policy", value=bool(is_on))

    def ask(self, hand: Hand, what: str, env_id: int | None = None, value: Any = None) -> None:
        """Ask for something; values that make no sense are ignored, as they come from a page.

        Args:
            hand: who asks.
            what: a key of `ASKED`.
            env_id: the env that it is about, where it is about one.
            value: whether the policy is on; a push's velocity in the world (3,) [m/s]; the commanded values, or None to
                give the command back.
        """
        is_sound = what in ASKED and _is_value(what, value) and self._is_env(what, env_id)
        if self._is_closed or not is_sound:
            return
        key = (what, env_id if ASKED[what] else None)
        with self._lock:
            self._asked.pop(key, None)
            self._asked[key] = (hand, value)
            self._is_touched = True
        self._news.set()

    def state(self) -> dict[str, Any]:
        """How things stand, for pages."""
        command = self._means.command
        return {
            "policy": self._off is None,
            "offBy": "" if self._off is None else self._off.by,
            "off": self._substitute.name,
            "paused": self._paused_by is not None,
            "pausedBy": "" if self._paused_by is None else self._paused_by.by,
            "commands": {str(env): [hand.by, *values] for env, (hand, values) in list(self._commands.items())},
            "command": None if command is None else [command.names, command.low, command.high],
            "lacks": {what: self._means.lack(what) for what in (PUSH, RESET, COMMAND)},
            "problem": self._problem,
        }

    def close(self) -> None:
        """Everything is the policy's again; a loop that is paused goes on."""
        self._is_closed = True
        self._is_touched = True
        self._news.set()

    def wanted(self) -> Any:
        """What the policy wanted in the step that is being made, in the form in which it gave it."""
        return self._wanted

    # -- the thread that steps ------------------------------------------------

    def wrap_step(self, original: Function) -> Function:
        """A method that steps, with what a hand makes of its first argument."""

        @functools.wraps(original)
        def step(*args: Any, **kwargs: Any) -> Any:
            if self._is_acted:
                self._is_acted = False
            elif args and not self._is_touched:
                self._wanted = args[0]  # Nearly always: nobody has a hand on it.
            elif args:
                args = (self.act(args[0]), *args[1:])
            elif kwargs:
                name = next(iter(kwargs))
                kwargs[name] = self.act(kwargs[name])
            return original(*args, **kwargs)

        return step

    def patch(self, patches: Patches) -> None:
        """Have commands written again wherever the task writes its own."""
        command = self._means.command
        if command is not None:
            for owner, name in command.after:
                patches.method(owner, name, patches.listener(after=lambda _: self._write_commands()))
            for owner, name in command.before:
                patches.method(owner, name, patches.listener(before=lambda *_, **__: self._write_commands()))

    def act_early(self, action: Any) -> Any:
        """The action for the coming step, of a loop that asks for it itself."""
        sent = self.act(action)
        self._is_acted = True
        return sent

    def act(self, action: Any) -> Any:
        """The action to send, of the one that the policy wants; waits while paused."""
        self._wanted = action
        if not self._is_touched:
            return action
        try:
            return self._touched(action)
        except Exception as error:
            self._fail("what was asked for by hand", error)
            return action

    def _touched(self, action: Any) -> Any:
        self._do_asked()
        while self._paused_by is not None and not self._may_step and not self._is_closed:
            self._news.wait(_LOOK_PERIOD)
            self._do_asked()
        self._may_step = False
        if self._is_closed:
            self._off, self._paused_by, self._commands = None, None, {}
        self._write_commands()
        if self._off is None:
            return action
        try:
            return self._substitute.action(action)
        except Exception as error:
            self._fail("the action while the policy is off", error)
            self._switch_on("an error")
            return action

    def _do_asked(self) -> None:
        self._news.clear()
        with self._lock:
            asked, self._asked = self._asked, {}
            self._is_touched = False
        for (what, env_id), (hand, value) in asked.items():
            try:
                self._do(hand, what, env_id, value)
            except Exception as error:
                self._fail(what, error)
        has_let_go = self._let_go_silent()
        if asked or has_let_go:
            self.changed(self.state())
        if self._off is not None or self._paused_by is not None or self._commands:
            self._is_touched = True

    def _do(self, hand: Hand, what: str, env_id: int | None, value: Any) -> None:
        if what == "toggle":
            what, value = "policy", self._off is not None
        if what == "policy" and value:
            self._switch_on(hand.by)
        elif what == "policy":
            self._switch_off(hand)
        elif what == "resume":
            self._resume(hand)
        elif what in ("pause", "step"):
            self._pause(hand, is_step=what == "step")
        elif env_id is not None and what == COMMAND:
            self._command(hand, env_id, value)
        elif env_id is not None:
            self._touch(hand, what, env_id, value)

    def _switch_off(self, hand: Hand) -> None:
        if self._off is None and not hand.is_silent:
            self._say("policy_off", None, hand.by, self._substitute.name)
            self._substitute.begin()
            self._off = hand

    def _switch_on(self, by: str) -> None:
        if self._off is not None:
            self._off = None
            self._say("policy_on", None, by)

    def _pause(self, hand: Hand, is_step: bool) -> None:
        if self._paused_by is None:
            self._say("pause", None, hand.by)
            self._paused_by = hand
        if is_step:
            self._say("step", None, hand.by)
            self._may_step = True

    def _resume(self, hand: Hand) -> None:
        if self._paused_by is not None:
            self._paused_by = None
            self._say("resume", None, hand.by)

    def _touch(self, hand: Hand, what: str, env_id: int, value: Any) -> None:
        """Push or reset an env."""
        lack = self._means.lack(what)
        if lack:
            self._problem = lack
            return
        self._problem = ""
        self._say(what, env_id, hand.by, value)
        if what == PUSH and self._means.push is not None:
            self._means.push(env_id, value)
        elif what == RESET and self._means.reset is not None:
            self._means.reset(env_id)

    def _command(self, hand: Hand, env_id: int, values: Sequence[float] | None) -> None:
        command, held = self._means.command, self._commands.get(env_id)
        if command is None:
            self._problem = self._means.lack(COMMAND)
        elif values is None:
            self._give_back(env_id, hand.by)
        elif len(values) == len(command.names) and not hand.is_silent:
            self._problem = ""
            if held is None or held[0] is not hand:
                self._give_back(env_id, hand.by)
                self._say("command", env_id, hand.by, values)
            self._commands[env_id] = (hand, tuple(map(float, values)))

    def _give_back(self, env_id: int, by: str) -> None:
        if self._commands.pop(env_id, None) is not None:
            self._say("command_end", env_id, by)

    def _write_commands(self) -> None:
        command = self._means.command
        if command is not None:
            for env_id, (_, values) in self._commands.items():
                command.write(env_id, values)

    def _let_go_silent(self) -> bool:
        """Give the policy back what is held by whoever has fallen silent; whether anything was. A pause stays."""
        silent = [env_id for env_id, (hand, _) in self._commands.items() if hand.is_silent]
        for env_id in silent:
            self._give_back(env_id, f"silence of {self._commands[env_id][0].by}")
        is_off_silent = self._off is not None and self._off.is_silent
        if self._off is not None and is_off_silent:
            self._switch_on(f"silence of {self._off.by}")
        return is_off_silent or bool(silent)

    def _say(self, what: str, env_id: int | None, by: str, value: Any = None) -> None:
        self._tell(Intervention(what, env_id, by, value))

    def _fail(self, what: str, error: Exception) -> None:
        problem = f"{what} did not work ({type(error).__name__}: {error})"
        if problem != self._problem:
            _messages.warning("control by hand: %s; the policy goes on.", problem)
        self._problem = problem

    def _is_env(self, what: str, env_id: Any) -> bool:
        is_index = isinstance(env_id, int) and not isinstance(env_id, bool) and 0 <= env_id < self._num_envs
        return is_index or not ASKED[what]


def _is_value(what: str, value: Any) -> bool:
    """Whether a value is one that may be asked for."""
    if what == "policy":
        return isinstance(value, bool)
    if what == PUSH:
        return _are_numbers(value) and len(value) == 3
    return what != COMMAND or value is None or _are_numbers(value)


def _are_numbers(values: Any) -> bool:
    return isinstance(values, (list, tuple)) and all(
        isinstance(number, (int, float))
        and not isinstance(number, bool)
        and math.isfinite(number)
        and abs(number) <= _LARGEST
        for number in values
    )
