"""The writer of a recording while a simulation runs: one system call per step, nothing lost when the process dies."""

from __future__ import annotations

import contextlib
import copy
import logging
import os
import shutil
import weakref
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from ..errors import BadField, FileProblem, RecordingStopped
from ..rollout.entities import check_fields
from ..rollout.fields import Field
from .assets import copy_assets
from .disk import put_in_place, refuse_without_posix
from .info import RecordingInfo, json_text
from .layout import EPISODES, LOG, META, SEGMENT_BYTES, Layout, declare_all, plan_layout, redeclared
from .log import CHECKSUMS, JsonLines, checksum_text, try_lock
from .meta import new_meta, settled, to_json
from .step_files import StepFiles
from .terminals import EpisodeEnds, terminal_rows
from .words import Values

_messages = logging.getLogger("replay_viewer")
# Those that are not closed yet.
_writers: weakref.WeakSet[ContainerWriter] = weakref.WeakSet()


class ContainerWriter:
    """Appends the steps of one recording to a new folder; for one thread at a time.

    The first step fixes the fields, unless `fields` declares them. When the disk refuses a step, `append` raises
    FileProblem with what happened, now and from then on, and everything that was appended before is kept.

    Args:
        path: the folder to make, by custom `<name>.rec`; its parents are made too.
        info: what the recording says about itself; URDFs in it are copied into the recording with their meshes.
        fields: the signals that every step will bring, made by `layout.declare`.
        terrain: vertices (V, 3) [m] and triangles (F, 3) in the world frame.
        package_dirs: where `package://` paths of the URDFs are looked for, besides their parent folders.
        segment_bytes: size at which a new file is begun.

    Attributes:
        path: the recording's folder, as it was when recording began.

    Raises:
        FileProblem: the path exists (perhaps another writer's), or a URDF is not there.
        BadField: facts that contradict themselves.
    """

    def __init__(
        self,
        path: str | Path,
        info: RecordingInfo,
        *,
        fields: Sequence[Field] | None = None,
        terrain: tuple[np.ndarray, np.ndarray] | None = None,
        package_dirs: Sequence[str | Path] = (),
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self.path = Path(path)
        # The process may go to another working directory.
        self._folder = Path(os.path.abspath(self.path))
        info = self._settled(info)
        self._fields = None if fields is None else redeclared(fields)
        self._segment_bytes = segment_bytes
        # Raised from then on.
        self._problem: FileProblem | None = None
        # Ends before the first step, whose fields are not known yet; ends in a step that is not appended yet, as rows
        # for the table.
        self._early_ends: list[EpisodeEnds] = []
        self._ends: list[tuple[int, np.ndarray]] = []
        self._files: StepFiles | None = None
        self._meta_checksum = 0
        self._closed = False
        refuse_without_posix(self.path)
        _make_folder(self.path)
        try:
            self._info, missing = copy_assets(info, terrain, self._folder, [Path(folder) for folder in package_dirs])
            self._log, self._episodes = JsonLines(self._folder / LOG), JsonLines(self._folder / EPISODES)
            # Held until this process dies: `repair` keeps its hands off a recording that grows.
            try_lock(self._log.fd)
            if missing:
                self._tell_missing(missing)
        except BaseException as error:
            shutil.rmtree(self.path, ignore_errors=True)
            if isinstance(error, OSError):
                raise FileProblem(self.path, f"cannot be made: {error}.") from error
            raise
        _writers.add(self)

    @property
    def info(self) -> RecordingInfo:
        """What the recording says about itself, as a reader will find it."""
        return self._info

    @property
    def layout(self) -> Layout | None:
        """How the steps lie in the files; None before the first."""
        return None if self._files is None else self._files.layout

    @property
    def num_records(self) -> int:
        """Steps appended so far."""
        return 0 if self._files is None else self._files.done.num_records

    def amend(self, **facts: Any) -> None:
        """State what may be known only by the first step, before it is appended. Raises BadField as making it does."""
        amended = replace(self._info, **facts)
        if amended != self._info:
            self._info = self._settled(amended)

    def append(self, step: int, t: float, values: Values) -> None:
        """Append one step of all envs; when this returns, the step survives the death of the process.

        Args:
            step: the simulator's control step, greater than that of the last call.
            t: seconds of simulated time.
            values: arrays (num_envs, *shape) by field name, or (num_envs, num_words) float32 or uint32, packed in the
                order of `layout`.

        Raises:
            BadField, UnknownName: values that do not fit the fields; nothing is written.
            FileProblem: steps that do not increase; a disk that refuses; a writer that is closed.
        """
        if self._problem is not None:
            raise self._problem
        last = None if self._files is None else self._files.done.last_step
        if last is not None and step <= last:
            raise FileProblem(self.path, f"step {step} comes after step {last}.", "Steps must increase.")
        try:
            files = self._files or self._start(values)
            files.append(step, t, values, self._ends_in(step) if self._ends else None)
        except OSError as error:
            raise self._stop(error) from error
        if self._ends:
            self._ends.clear()

    def end_episodes(self, ends: EpisodeEnds) -> None:
        """State that episodes end: in a step, before its `append`, with which they are written; else now.

        Resets before the first step, or twice without a recorded step between, end no episode. Ends in a step that
        is never appended are dropped.

        Raises:
            BadField, UnknownName: ends that do not fit the recording; nothing is written.
            FileProblem: a disk that refuses; a writer that is closed.
        """
        if self._problem is not None:
            raise self._problem
        if len(ends.env_indices) == 0:
            return
        if self._files is None:
            # The fields are not known yet, and the values may be the simulator's own buffers.
            self._early_ends.append(copy.deepcopy(ends))
            return
        try:
            self._take_ends(ends, self._files)
        except OSError as error:
            raise self._stop(error) from error

    def note_episode(self, env_index: int, step: int, **facts: Any) -> None:
        """Note what is known late about the episode of an env that ended in `step`.

        Facts: `success` (bool) and `reason` (str) replace what was said before; any others are kept for reports.
        Raises FileProblem as `append` does, BadField for a fact that JSON cannot hold.
        """
        self._check_json(facts)
        self._append_line(self._episodes, {"env_index": int(env_index), "step": int(step), **facts})

    def note_training(self, from_record: int, facts: Mapping[str, Any]) -> None:
        """Note what training it is, for episodes that end in a record or after it. Raises as `note_episode` does."""
        self._check_json(facts)
        self._append_line(self._episodes, {"from_record": int(from_record), "training_state": dict(facts)})

    def log(self, kind: str, **facts: Any) -> None:
        """Append a line to the recording's log: a marker, a gap, an error. Raises as `note_episode` does."""
        self._check_json(facts)
        self._append_line(self._log, self._log_line(kind, facts))

    def close(self) -> None:
        """Finish the recording; a second call does nothing. Raises FileProblem when the disk refuses the last sync."""
        if self._closed:
            return
        try:
            if self._files is not None:
                self._files.close()
        except OSError as error:
            problem = self._stop_syncing(error)
            self._end()
            if not isinstance(error, FileNotFoundError):
                raise problem from error
            return
        self._end()

    def __enter__(self) -> ContainerWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _settled(self, info: RecordingInfo) -> RecordingInfo:
        """The facts as a reader will find them; says once what is left out of them."""
        info, left_out = settled(info, self.path)
        if left_out:
            problems = "; ".join(f"{name!r} {problem}" for name, problem in left_out.items())
            _messages.warning("%s: recorded without what does not fit: %s.", self.path, problems)
        return info

    def _tell_missing(self, missing: Mapping[str, str]) -> None:
        self.log("missing_assets", files=list(missing), reasons=list(missing.values()))
        name, reason = next(iter(missing.items()))
        count = "1 file" if len(missing) == 1 else f"{len(missing)} files"
        verb = "is not carried:" if len(missing) == 1 else "are not carried; for example,"
        _messages.warning("%s: %s that the robot names %s %s %s.", self.path, count, verb, name, reason)

    def _start(self, values: Values) -> StepFiles:
        """Fix the fields by the first step and make the files."""
        layout = self._plan(values)
        meta = to_json(new_meta(self._info, layout))
        files = StepFiles(
            self._folder, layout, on_error=self._stop_syncing, on_full=self._note_full, on_moved=self._tell_moved
        )
        try:
            put_in_place(self._folder / META, meta)
        except BaseException:
            files.close()
            raise
        self._files, self._meta_checksum = files, zlib.crc32(meta)
        early, self._early_ends = self._early_ends, []
        for ends in early:
            self._take_ends(ends, files)
        return files

    def _plan(self, values: Values) -> Layout:
        if self._fields is not None:
            fields = self._fields
        elif isinstance(values, np.ndarray):
            raise BadField(self.path, "packed rows", "need fields that are declared.", "Pass fields=[...].")
        else:
            fields = declare_all(values)
        layout = plan_layout(fields, len(self._info.env_ids), self._segment_bytes)
        check_fields(layout.row.by_name, self._info.entities, self._info.reward_terms, self.path)
        return layout

    def _take_ends(self, ends: EpisodeEnds, files: StepFiles) -> None:
        """Write ends that belong to the steps so far, and keep those of the coming step."""
        done = files.done
        rows = terminal_rows(ends, done.running, done.num_records, self._info, files.layout, self.path)
        is_coming = rows.view(files.layout.columns.dtype)[:, 0]["last_record"] == done.num_records
        if is_coming.any():
            self._ends.append((ends.step, rows[is_coming]))
        if not is_coming.all():
            files.append_ends(rows[~is_coming])

    def _ends_in(self, step: int) -> np.ndarray | None:
        """The rows of the ends in this step; others were in a step that something interrupted."""
        rows = [rows for of_step, rows in self._ends if of_step == step]
        return np.concatenate(rows) if rows else None

    def _check_json(self, facts: Mapping[str, Any]) -> None:
        for name, value in facts.items():
            json_text(name, value, self.path, allow_nan=True)

    def _append_line(self, lines: JsonLines, item: dict[str, Any]) -> None:
        if self._problem is not None:
            raise self._problem
        try:
            lines.append(item)
        except OSError as error:
            raise self._stop(error) from error

    def _log_line(self, kind: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        return {"kind": kind, "time": now, "num_records": self.num_records, **facts}

    def _stop(self, error: OSError) -> FileProblem:
        """Refuse everything from now on; what is on the disk stays."""
        if self._closed:
            # By a signal's handler, for example, in the middle of a step.
            return RecordingStopped(self.path, "was closed in the middle of a step, which is left out.")
        if isinstance(error, FileNotFoundError):
            return self._refuse_deleted()
        return self._refuse(
            f"the disk refused to go on after {self.num_records} steps, which are kept: {error.strerror}."
        )

    def _stop_syncing(self, error: OSError) -> FileProblem:
        """The same, of steps that were taken and not put on the disk. Called on the syncing thread too."""
        if isinstance(error, FileNotFoundError):
            return self._refuse_deleted()
        synced = 0 if self._files is None else self._files.num_synced
        problem = f"the disk refused what it had taken: {error.strerror}."
        return self._refuse(f"{problem} Of {self.num_records} steps, the first {synced} are surely kept.")

    def _refuse_deleted(self) -> FileProblem:
        """Refuse everything from now on, of a folder that is gone; says so once."""
        if not isinstance(self._problem, RecordingStopped):
            self._problem = problem = RecordingStopped(
                self.path, f"was deleted while it was recorded, with its {self.num_records} steps."
            )
            problem.is_told = True
            _messages.warning("%s The simulation goes on without being recorded.", problem)
        return self._problem

    def _note_full(self, name: str, checksum: int) -> None:
        """Note the checksum of a segment that will not change any more. Called on the syncing thread."""
        with contextlib.suppress(OSError):  # Without it the recording is as good.
            self._log.append(self._log_line("segment", {CHECKSUMS: {name: checksum_text(checksum)}}))

    def _tell_moved(self) -> None:
        """Called once, perhaps on the syncing thread."""
        _messages.warning("%s: was moved while it is recorded; the recording goes on where it is now.", self.path)

    def _refuse(self, problem: str) -> FileProblem:
        if isinstance(self._problem, RecordingStopped):
            return self._problem
        self._problem = stopped = RecordingStopped(self.path, problem)
        with contextlib.suppress(OSError):  # The disk that is full takes no line either.
            self._log.append(self._log_line("error", {"message": problem}))
        return stopped

    def _end(self) -> None:
        with contextlib.suppress(OSError):  # A full disk; the reader then says that nobody closed the recording.
            self._log.append(self._log_line("end", self._final_facts()))
        for lines in (self._log, self._episodes):
            with contextlib.suppress(OSError):  # A file system that writes late; what it lost was said already.
                lines.close()
        self._problem = self._problem or RecordingStopped(self.path, "the recording is closed.", "Make a new one.")
        self._closed = True

    def _final_facts(self) -> dict[str, Any]:
        """What tells a reader that a file is not as it was when the recording was closed."""
        if self._files is None:
            return {}
        checksums = {META: self._meta_checksum, **self._files.checksums}
        with contextlib.suppress(OSError):
            checksums[EPISODES] = self._episodes.checksum()
        texts = {name: checksum_text(checksum) for name, checksum in checksums.items()}
        return {"num_ends": self._files.done.num_ends, CHECKSUMS: texts}

    def _leave_to_parent(self) -> None:
        """In a copy of the process, made by fork: let go of the files, which belong to the original."""
        if self._closed:
            return
        self._closed = True
        problem = f"is recorded by process {os.getppid()}, of which process {os.getpid()} is a copy."
        self._problem = RecordingStopped(self.path, problem)
        if self._files is not None:
            self._files.abandon()
        for lines in (self._log, self._episodes):
            lines.close()


def _leave_all_to_parent() -> None:
    """In a copy of the process, made by fork."""
    for writer in list(_writers):
        writer._leave_to_parent()


# Without a lock that is shared like this, `repair` would wait for the copies too, such as workers of a DataLoader.
os.register_at_fork(after_in_child=_leave_all_to_parent)


def _make_folder(path: Path) -> None:
    """Make the recording's folder, which must not exist: of two writers on one path, one is refused."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir()
    except OSError as error:
        # The parent may also be what exists already, as a file.
        if isinstance(error, FileExistsError) and os.path.lexists(path):
            fix = "Choose another name; a recording is never overwritten."
            raise FileProblem(path, "exists already.", fix) from error
        raise FileProblem(path, f"cannot be made: {error.strerror}.") from error
