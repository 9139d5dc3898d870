"""Records of episodes without a recording of states: `record_episodes(env, path)`."""

from __future__ import annotations

import atexit
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Mapping, Sequence

from ...episode_record import FILE_SUFFIX, training_facts
from ..adapters import Description, Factory, Request, find_adapter
from ..attachments import Attachment, Lines, calling_lines, close_at_exit, enter, leave, wanted_path
from ..capture import get_up
from ..chosen_envs import chosen_envs
from ..problems import Problems, SharedProblems
from ..ranks import say_rank
from ..reader import Reader
from ..rows import Rows
from ..training_state import TrainingState, process_state
from .file import RecordFile, record_file_name
from .live import LiveEpisodes
from .seat import FIELDS, EpisodeSeat, Note
from .terms import EpisodeRecorderManager


class EpisodeRecording:
    """Records of episodes that are being made; see `record_episodes`."""

    def __init__(self, file: RecordFile, seat: EpisodeSeat, training: TrainingState) -> None:
        self._file, self._seat, self._training = file, seat, training
        self._attachment: Attachment | None = None
        # Perhaps the simulator is no more by then.
        self._at_exit = close_at_exit(seat.close, is_env_there=False)

    @property
    def path(self) -> Path:
        """The file of records."""
        return self._file.path

    @property
    def env_ids(self) -> list[int]:
        """The simulator's indices of the envs whose episodes are recorded."""
        return self._seat.env_ids

    def set_training_state(self, **facts: Any) -> None:
        """State what training these episodes belong to, from here on; see `replay_viewer.set_training_state`."""
        self._training.set_given(**facts)

    def log_variation(self, name: str, values: Any, env_ids: Any = None) -> None:
        """Note the values that a randomised factor was given; the records have them among their `variations`.

        A draw inside of a reset belongs to the episodes that the reset begins, one before the first step to all, and
        one while an episode runs is kept with its step: `{"step": ..., "value": ...}`. Several in one episode are a
        list.

        Args:
            name: of the factor, such as "friction".
            values: one for all, or (k, ...) for these envs; array, tensor or list.
            env_ids: (k,) indices in the simulator, or a mask of all its envs; None for all.

        Raises:
            BadArgument: another number of values, or an env that there is not.
        """
        self._seat.log_variation(name, values, env_ids)

    def detach(self) -> None:
        """See no further steps; what runs is written by `close`."""
        get_up(self._seat)

    def close(self) -> None:
        """Put every method back, and write what has not ended as unfinished; a second call does nothing."""
        try:
            self._seat.close()
        finally:
            atexit.unregister(self._at_exit)
            if self._attachment is not None:
                leave(self._attachment)

    def enter(self, env: Any, wanted: str, lines: Lines) -> None:
        """Come in place of a recording by the same line of code, or to the same path, that nobody has closed."""
        self._attachment = Attachment(env, self.env_ids, wanted, lines, self.path, self._seat.close)
        enter(self._attachment)

    def __enter__(self) -> EpisodeRecording:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def record_episodes(
    env: Any,
    path: str | Path,
    *,
    episode_terms: Mapping[str, Any] | None = None,
    env_ids: Sequence[int] | int | str = "all",
    adapter: str | None = None,
    seed: int | None = None,
    resume: bool = False,
    strict: bool = False,
) -> EpisodeRecording:
    """Write a record of every episode that ends in an environment from now on, whoever steps it; no states.

        with record_episodes(env, timestamped_run_dir("runs"), episode_terms={"height": base_height}):
            ...

    A record is a line of JSON (see `EpisodeRecord`), written when the step has returned in which the episode ends. An
    env without a step since its last reset makes none; a reset from outside of a step aborts what it cuts off, and
    what runs when this is closed is unfinished. Nothing that goes wrong in here ends the simulation.

    Args:
        env: the environment, perhaps wrapped; any that `attach` can record.
        path: a folder, such as that of the run, in which `episode_results[_rebuild<R>][_rank<N>].jsonl` is made, or the
            file itself (.jsonl). If it exists, `<name>-2.jsonl` is made, and so on.
        episode_terms: what else to ask of each episode, by name; see `EpisodeRecorderTermCfg`.
        env_ids: the simulator's indices of the envs, one of them, or "all".
        adapter: name of the family, where it is not to be found by itself.
        seed: of the run, where the environment does not know it.
        resume: go on with the file that exists, and with its numbers of episodes.
        strict: raise what goes wrong, out of the environment's own methods; for tests.

    Raises:
        UnknownEnvironment: no adapter fits.
        UnknownName: an adapter, or an env, that there is not.
        BadArgument: `env_ids` that are no indices, or a name of a term that a record has for something else.
        FileProblem: the file cannot be written.
    """
    lines = calling_lines(1)
    layers, factory = find_adapter(env, adapter)
    rows = Rows(chosen_envs(env_ids, int(getattr(layers[-1], "num_envs", 1))))
    description = _described(factory, layers, rows)
    recording = new_episode_recording(
        layers,
        factory,
        description,
        rows,
        path,
        episode_terms or {},
        training=TrainingState(process_state()),
        seed=seed,
        resume=resume,
        strict=strict,
    )
    recording.enter(layers[-1], wanted_path(path), lines)
    return recording


def new_episode_recording(
    layers: Sequence[Any],
    factory: Factory,
    description: Description,
    rows: Rows,
    path: str | Path,
    episode_terms: Mapping[str, Any],
    *,
    training: TrainingState,
    seed: int | None = None,
    resume: bool = False,
    strict: bool = False,
    every: int = 1,
    recording: Path | None = None,
    metadata: Mapping[str, Any] | None = None,
    note: Note | None = None,
) -> EpisodeRecording:
    """Records of the episodes in some envs, which begin with the next step.

    Args:
        layers: the environment as the user gave it, and what it wraps, the innermost last.
        factory: makes the adapter.
        description: what the adapter says of it.
        rows: the envs.
        path: as `record_episodes` takes it, like what follows.
        episode_terms: likewise.
        training: what training it is.
        seed: likewise.
        resume: likewise.
        strict: likewise.
        every: which of the steps a recording beside it has.
        recording: the path of that.
        metadata: what that says of itself; None for what the environment says.
        note: told what that could not know; see `EpisodeSeat`.
    """
    say_rank()
    problems = Problems(strict=strict)
    request = Request(rows, False, None, layers, SharedProblems(problems), _num_envs(layers), FIELDS)
    facts = training.facts()
    manager = EpisodeRecorderManager(episode_terms, layers[-1], problems.tell)
    path = Path(path)
    if path.suffix != FILE_SUFFIX:
        path = path / record_file_name(facts.get("rebuild"), facts.get("rank"))
    file = RecordFile(path, resume)
    problems.path = file.path
    where = None if recording is None else Path(os.path.relpath(recording, file.path.parent)).as_posix()
    # Beside a recording, episodes are counted as it counts them.
    numbers = file.numbers() if resume and recording is None else {}
    # As a recording's metadata say it: what the environment and the user state comes before what the process does.
    stated = training_facts(description.facts.get("metadata", {}) if metadata is None else metadata)
    control_dt = description.facts["control_dt"]
    known = {**facts, **stated, "recording": where}
    episodes = LiveEpisodes(rows.env_ids.tolist(), known, control_dt, every, numbers)
    reader = Reader(factory(layers[-1], request), request, factory)
    seat = EpisodeSeat(reader, description, file, episodes, manager, problems, training, seed, note)
    seat.sit()
    return EpisodeRecording(file, seat, training)


def _described(factory: Factory, layers: Sequence[Any], rows: Rows) -> Description:
    """What the environment says of itself."""
    reader = factory(layers[-1], Request(rows, False, None, layers, SharedProblems(), _num_envs(layers)))
    description = reader.describe()
    reader.close_files()
    return description


def _num_envs(layers: Sequence[Any]) -> int:
    return int(getattr(layers[-1], "num_envs", 1))
