"""The hook: `attach(env, path)` records an environment that knows nothing of it."""

from __future__ import annotations

import functools
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any, Mapping, Sequence

from ..container.metadata import by_name
from .adapters import Description, Request, find_adapter
from .attached_recorder import AttachedRecorder, close_seats
from .attachments import Attachment, calling_lines, enter, wanted_path
from .capture import tell
from .chosen_envs import chosen_envs
from .control.open_control import OpenControl, port_of
from .control.policy_off import PolicyOff
from .episodes.record_episodes import new_episode_recording
from .problems import Problems, SharedProblems
from .ranks import say_rank
from .reader import Reader
from .recorder import Recorder
from .recorder_seat import RecorderSeat
from .rows import Rows
from .training_state import TrainingState

# How far behind the simulation a step from a GPU may be written: simulated seconds, and steps.
_LONGEST_DELAY, _LARGEST_DEPTH = 0.25, 8
_messages = logging.getLogger("replay_viewer")


def attach(
    env: Any,
    path: str | Path,
    *,
    env_ids: Sequence[int] | int | str = (0,),
    every: int = 1,
    when: Any = None,
    observations: bool = False,
    adapter: str | None = None,
    signals: Mapping[str, Sequence[int]] | None = None,
    terms: Sequence[str] = (),
    urdf: str | Path | None = None,
    package_dirs: Sequence[str | Path] = (),
    seed: int | None = None,
    metadata: Any = None,
    episode_terms: Mapping[str, Any] | None = None,
    control: bool | int = False,
    policy_off: PolicyOff = "zero",
    strict: bool = False,
) -> AttachedRecorder:
    """Record every control step of an environment from now on, whoever calls it.

    The methods that step and reset it are replaced, on this one instance, until `detach` or `close`. Episodes end
    with the state before the simulator's reset; a reset from outside of a step aborts what it cuts off.

    Nothing that goes wrong in here ends the simulation. A field that does not fit is left out, or NaN from then on,
    with one warning; where nothing more can be recorded, the recording is closed, which is said, and the simulation
    goes on as if nobody had attached.

    Several recorders may sit on one environment, and be closed in any order. One that comes to the same path, or by the
    same line of code for the same envs (a notebook's cell that is run again), closes the one before.

    Args:
        env: the environment, perhaps wrapped.
        path: the folder to make, by custom `<name>.rec`; if it exists, `<name>-2.rec` is made, and so on.
        env_ids: the simulator's indices of the envs to record, one of them, or "all".
        every: record each k-th control step only; ends of episodes between them are kept.
        when: which episodes of the first of these envs are recorded, as a `Trigger` or a function of a `Moment` says;
            a recording for each, the paths are numbered. Between them nothing is read. None for all in one recording.
        observations: whether to record them too.
        adapter: name of the family, where it is not to be found by itself.
        signals: shapes of one env's value by name, of what `log` brings later than in the first step.
        terms: names of reward terms that `log_terms` brings later than in the first step.
        urdf: the robot's description, in place of the one that the environment names.
        package_dirs: where `package://` paths of the URDF are looked for, besides its parent folders.
        seed: of the run, where the environment does not know it.
        metadata: anything else worth keeping, by name; what JSON cannot express is left out, which is said.
        episode_terms: what to ask of each episode that ends in these envs, by name; see `EpisodeRecorderTermCfg`. Their
            records go into a file beside the recording, as those of `record_episodes` do; {} for records without terms.
        control: let the policy be switched off and on, by `recorder.policy_enabled`, by the key l in the terminal, and
            from pages that follow this recording on the same machine, where the run can also be paused, envs pushed,
            reset and commanded. A number is a port to listen at instead of a socket beside the recording, for viewers
            on other machines, 0 for any. What is done so is in the recording, with what the policy wanted as
            "policy_act".
        policy_off: what is sent while the policy is off: "zero", "default_pose" (the task's, by its own control of
            positions), "last" (the last action stays) or a function of `env` that gives an action.
        strict: raise what goes wrong instead, out of the environment's own methods; for tests.

    Raises:
        UnknownEnvironment: no adapter fits; the message shows how to write one.
        UnknownName: an adapter, or an env, that there is not.
        BadArgument: `env_ids` that are no indices, a name of a term that a record has for something else, a
            `policy_off` that this environment has not, or a port that is taken.
        FileProblem: the recording cannot be made here.
    """
    given = dict(locals())
    if when is not None:
        from .clips.states import attach_when  # It records by this function.

        options = {name: value for name, value in given.items() if name not in ("env", "path", "when")}
        return attach_when(env, path, when, functools.partial(attach, **options))
    lines = calling_lines(1)
    say_rank()
    layers, factory = find_adapter(env, adapter)
    total = int(getattr(layers[-1], "num_envs", 1))
    rows = Rows(chosen_envs(env_ids, total))
    problems = Problems(strict=strict, unwanted=() if observations else ("obs",))
    problems.path = path
    robot = None if urdf is None else Path(urdf)
    request = Request(rows, observations, robot, layers, SharedProblems(problems), total)
    reading = factory(layers[-1], request)
    held, port = None, None
    if control is not False and control is not None:
        port = port_of(control)
        held = OpenControl(env, reading, policy_off, total)
        request = replace(request, policy_action=held.control.wanted)
        reading.request = request
    description = reading.describe()
    stated = description.facts
    facts = {
        **stated,
        "env_ids": rows.env_ids.tolist(),
        "num_envs_total": total,
        "every": every,
        "reward_terms": (*stated.get("reward_terms", ()), *terms),
        "metadata": {**stated.get("metadata", {}), **by_name(metadata)},
        "seed": stated.get("seed") if seed is None else seed,
    }
    recorder = Recorder(path, signals=signals, terrain=description.terrain, package_dirs=package_dirs, **facts)
    reading.close_files()
    _tell_lacks(description, recorder.path, problems)
    depth = min(max(1, int(_LONGEST_DELAY / facts["control_dt"])), _LARGEST_DEPTH)
    seat = RecorderSeat(recorder, Reader(reading, request, factory), description, problems, depth)
    seat.sit()
    episodes = None
    if episode_terms is not None:
        try:
            episodes = new_episode_recording(
                layers,
                factory,
                description,
                rows,
                recorder.path.parent,
                episode_terms,
                training=TrainingState(recorder.training),
                seed=facts["seed"],
                strict=strict,
                every=every,
                recording=recorder.path,
                metadata=facts["metadata"],
                note=seat.note_episode,
            )
        except BaseException:
            seat.close()
            raise
    close = functools.partial(close_seats, seat, episodes, held)
    attachment = Attachment(layers[-1], rows.env_ids.tolist(), wanted_path(path), lines, recorder.path, close)
    enter(attachment)
    if held is not None:
        try:
            held.open(recorder.path, port, functools.partial(tell, seat))
        except BaseException:
            close()
            raise
    return AttachedRecorder(recorder, seat, attachment, episodes, held)


def _tell_lacks(description: Description, path: Path, problems: Problems) -> None:
    """Say what the recording at this path will lack; `problems` are its own from now on."""
    problems.path = path
    for note in description.notes:
        _messages.warning("%s: %s", path, note)
    for field, problem in description.lacks.items():
        problems.state(field, problem)
