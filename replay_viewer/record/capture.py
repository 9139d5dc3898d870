"""The hook itself: it reads an environment once for all who sit there, whatever envs and fields each of them wants."""

from __future__ import annotations

import functools
import threading
import weakref
from typing import Any, Callable, Mapping, Sequence

import numpy as np

from ..arrays import as_array, moved_to, numpy_if_on_host
from ..container.layout import POLICY_ACTION
from ..rollout.interventions import Intervention
from .adapters import Adapter, Endings
from .adapters.registry import unwrapped
from .batch_means import BatchMeans
from .copies import HostCopier, HostCopy, copied
from .gatherer import Gatherer
from .patches import Function, Patches
from .problems import Problems
from .reader import Reader, wanted_reader
from .rows import ids_of
from .seated import Seated
from .seats import Seat
from .seen import CapturedEnds, CapturedStep, Place

# Of environments that somebody has. Any thread may sit down.
_captures: weakref.WeakSet = weakref.WeakSet()
_lock = threading.RLock()


def sit(seat: Seat, reader: Reader, problems: Problems) -> None:
    """Sit down on the hook that an environment has, or on a new one.

    Args:
        seat: who sits down.
        reader: reads the environment as the seat wants it; it reads for others too where they want nothing else.
        problems: told what does not fit.
    """
    seated = Seated(seat, reader, problems)
    with _lock:
        # A list: where Python collects a recorder in the middle of this, that gets up.
        capture = next((found for found in list(_captures) if found.is_for(reader)), None)
        if capture is not None:
            capture.add(seated)
            return
        capture = Capture(seated)
        _captures.add(capture)
        capture.begin()


def get_up(seat: Seat) -> None:
    """Get up from wherever one sits, and put every method back if nobody else sits there; twice does nothing more."""
    with _lock:
        for capture in list(_captures):
            if not capture.remove(seat):
                _captures.discard(capture)


def tell(seat: Seat, intervention: Intervention) -> None:
    """Tell everybody who sits on the same environment what is about to be done by hand, between two steps.

    That may be another hook: inside of a wrapper, or outside of one that was put around it since.
    """
    with _lock:
        cores = [capture.core for capture in _captures if capture.has(seat)]
        captures = [capture for capture in _captures if any(capture.core is core for core in cores)]
    for capture in captures:
        capture.intervene(intervention)


class Capture:
    """Reads an environment before its resets and after its steps, for all who sit there.

    It reads the envs and the fields that any of them wants, with one adapter and into one block; each gets its rows.
    Who wants others than are read, or leaves, changes that from the next step on.

    Args:
        first: who sits here from the start: where nobody does, methods are put back for ever.
    """

    def __init__(self, first: Seated) -> None:
        self._seated: tuple[Seated, ...] = (first,)
        # What a strict seat has raised, until it comes out of the environment's method.
        self._raised: Exception | None = None
        self._copier = HostCopier()
        self._hook = first.reader.adapter.step_hook()
        self._step_patches = Patches(self._fail)
        self._in_step, self._is_stale = False, False
        self._number = 0
        # Of the step that is being made: what its resets were about to overwrite; as it was read, before the first
        # step has settled how that lies in a block.
        self._resets: list[CapturedEnds] = []
        self._early_resets: list[tuple[np.ndarray, Mapping[str, Any], Endings]] = []
        self._read_with(first.reader, Patches(self._fail), None)

    def begin(self) -> None:
        """Replace the environment's methods."""
        self._share_problems()
        self._find_places()
        self._patch(self._adapter, self._patches)
        self._step_patches.method(self._hook.owner, self._hook.name, self._wrap_step)

    def is_for(self, reader: Reader) -> bool:
        """Whether it sees what a hook of this reader would see: nothing has been put around the step since."""
        hook, own = reader.adapter.step_hook(), self._hook
        is_same = reader.factory is self._reader.factory and hook.owner is own.owner and hook.name == own.name
        return is_same and len(self._seated) > 0 and self._step_patches.stand_at(own.owner, own.name)

    def add(self, seated: Seated) -> None:
        """Let another one sit down."""
        self._seated, self._is_stale = (*self._seated, seated), True
        self._share_problems()

    def has(self, seat: Seat) -> bool:
        """Whether somebody sits here."""
        return any(seated.seat is seat for seated in self._seated)

    @property
    def core(self) -> Any:
        """The innermost environment."""
        return unwrapped(self._hook.owner)[-1]

    def intervene(self, intervention: Intervention) -> None:
        """Something is about to be done by hand; what is wrong with telling that ends no loop."""
        try:
            self._serve(Seated.intervene, intervention)
        except Exception as error:
            self._fail(error)

    def remove(self, seat: Seat) -> bool:
        """Let somebody get up who may sit here; whether anybody still does. If not, every method is put back."""
        remaining = tuple(seated for seated in self._seated if seated.seat is not seat)
        if len(remaining) < len(self._seated):
            self._seated, self._is_stale = remaining, True
            self._share_problems()
        if not self._seated:
            self._step_patches.undo()
            self._patches.undo()
        return len(self._seated) > 0

    def _wrap_step(self, original: Function) -> Function:
        @functools.wraps(original)
        def step(*args: Any, **kwargs: Any) -> Any:
            if not self._seated or self._in_step:
                return original(*args, **kwargs)
            try:
                try:
                    try:
                        self._begin_step(args[0] if args else _first(args, kwargs))
                    except Exception as error:
                        self._fail(error)
                    result = original(*args, **kwargs)
                finally:
                    self._in_step = False
            finally:
                # Again, where Ctrl-C came just before: no step would ever be seen any more.
                self._in_step = False
            if self._seated:
                try:
                    self._end_step(result)
                except Exception as error:
                    self._fail(error)
            return result

        return step

    def _fail(self, error: Exception) -> None:
        """After an error of what all share, each ends. One that a seat has raised on purpose goes on its way.

        No other gets into the simulation.
        """
        if error is not self._raised:
            self._raised = None
            for seated in self._seated:
                self._fail_seat(seated, error)
        raised, self._raised = self._raised, None
        if raised is not None:
            raise raised

    def _fail_seat(self, seated: Seated, error: Exception) -> None:
        try:
            if seated in self._seated:
                seated.seat.fail(error)
        except Exception as raised:
            self._raised = self._raised or raised

    def _serve(self, serve: Callable[[Seated, Any], None], what: Any = None) -> None:
        """Do something for each seat; one that fails ends alone. What a strict one has raised is raised at the end."""
        seats = self._seated
        for seated in seats:
            if seats is not self._seated and seated not in self._seated:
                continue  # It has got up meanwhile.
            try:
                serve(seated, what)
                if seated.problems.held is not None:
                    seated.problems.raise_held()
            except Exception as error:
                self._fail_seat(seated, error)
        if self._raised is not None:
            raise self._raised

    def _begin_step(self, action: Any) -> None:
        self._serve(Seated.begin_step)
        if self._resets or self._early_resets:
            self._hand_out_failed()
        if self._is_stale:
            self._settle()
        if self._lengths is not None and self._adapter.lengths() is not self._lengths:
            # A learner has drawn them anew, to spread the episodes' ends.
            self._serve(Seated.forget_counters)
        if self._is_any_reset:
            self._is_any_reset, self._is_reset = False, np.zeros(len(self._rows), dtype=bool)
        self._number += 1
        self._adapter.begin_step(action)
        self._in_step = True

    def _end_step(self, result: Any) -> None:
        """Hand out the step that was just made."""
        adapter = self._adapter
        adapter.end_step(result)
        copy = self._copy() if self._gatherer.is_planned else self._first_copy()
        copy.is_shared = len(self._seated) > 1
        step = CapturedStep(
            self._number,
            copy,
            self._resets,
            self._is_reset,
            adapter.ended(),
            None if self._lengths is None else self._counters_now(),
            None if self._lengths is None else self._endings_now,
            adapter.late_facts,
            self._copier.is_ahead,
        )
        self._serve(Seated.end_step, step)
        # It is the step's from now on; what a seat has, it does not take again.
        self._resets = []

    def _see_reset(self, *args: Any, **kwargs: Any) -> None:
        """A method that resets was called, with these arguments."""
        self._see_reset_of(_first(args, kwargs))

    def _see_reset_of(self, env_ids: Any, *args: Any, **kwargs: Any) -> None:
        """Keep what the reset of these envs is about to overwrite."""
        rows = self._captured(env_ids)
        if self._in_step:
            # Of two resets in one step, the first ends the episode.
            rows = rows[~self._is_reset[rows]] if self._is_any_reset else rows
            if len(rows) == 0:
                return
            self._serve(Seated.ending, rows)
            if self._gatherer.is_planned:
                self._resets.append(CapturedEnds(rows, self._copy(rows), self._adapter.endings()))
            else:
                self._early_resets.append((rows, copied(self._adapter.read()), self._adapter.endings()))
            self._is_reset[rows], self._is_any_reset = True, True
        else:
            self._abort(rows)

    def _abort(self, rows: np.ndarray) -> None:
        """A reset between two steps: of what has begun, it is the end."""
        if self._resets or self._early_resets:
            self._hand_out_failed()
        if any(seated.is_concerned(rows) for seated in self._seated):
            self._serve(Seated.reset, CapturedEnds(rows, self._copy(rows), self._adapter.endings()))

    def _hand_out_failed(self) -> None:
        """What has ended in the step before, if that failed after its resets and so was not handed out."""
        if self._early_resets:
            if any(seated.has_begun for seated in self._seated):
                self._take_early(self._gatherer.provisional(self._early_resets[0][1]))
            self._early_resets = []
        resets, self._resets = self._resets, []
        self._serve(Seated.fail_step, (self._number, resets))

    def _take_early(self, gatherer: Gatherer) -> None:
        """Lay what was read before a plan was there as it lies by this one."""
        early, self._early_resets = self._early_resets, []
        for rows, read, endings in early:
            block = gatherer.gather_early(read)
            self._resets.append(CapturedEnds(rows, self._copier.copy(block, gatherer.fields).rows(rows), endings))

    def _first_copy(self) -> HostCopy:
        """A copy of a step that settles what is read, and how it lies in a block."""
        self._means.settle()
        read = self._read()
        self._gatherer.plan(read)
        self._take_early(self._gatherer)
        return self._copier.copy(self._gatherer.gather(read), self._gatherer.fields)

    def _copy(self, chosen: np.ndarray | None = None) -> HostCopy:
        """A copy of the captured envs as they are now; of some of them, by their positions."""
        read = self._read()
        gatherer = self._gatherer if self._gatherer.is_planned else self._gatherer.provisional(read)
        block = gatherer.gather(read, chosen)
        copy = self._copier.copy(block, gatherer.fields)
        return copy if chosen is None or isinstance(block, np.ndarray) else copy.rows(chosen)

    def _read(self) -> Mapping[str, Any]:
        """The captured envs as they are now, with what is logged of all envs together."""
        read = self._adapter.read()
        if self._asks_policy is not None:
            read = {**read, POLICY_ACTION: self._policy_action(self._asks_policy, read)}
        fields = self._reader.request.fields
        if fields is not None:
            return {name: value for name, value in read.items() if name in fields}
        if self._means.is_empty:
            return read
        return {**read, **self._means.read(_first_array(read))}

    def _policy_action(self, ask: Callable[[], Any], read: Mapping[str, Any]) -> Any:
        """What the policy wanted of the captured envs, where the other fields are."""
        rows = self._adapter.attempt(POLICY_ACTION, lambda: self._adapter.actions(ask()))
        if rows is None or (not self._copier.is_ahead and isinstance(rows, np.ndarray)):
            return rows
        return moved_to(_first_array(read), rows)

    def _counters_now(self) -> np.ndarray | None:
        """(n,) the simulator's counters of the captured envs, where they are in the host's memory."""
        lengths = self._adapter.lengths()
        if lengths is not self._lengths:
            self._counters, self._lengths = numpy_if_on_host(lengths), lengths
        if self._copier.is_ahead:
            return None
        counters = self._rows.of(self._counters)
        return counters if isinstance(counters, np.ndarray) else as_array(counters)

    def _endings_now(self) -> Endings:
        # Perhaps it is another memory by now.
        self._counters = numpy_if_on_host(self._lengths)
        return self._adapter.endings()

    def _captured(self, env_ids: Any) -> np.ndarray:
        """Positions among the captured envs of those of these that are captured; None stands for all."""
        if env_ids is None:
            return np.arange(len(self._rows))
        rows = self._rows_by_id.take(ids_of(env_ids, len(self._rows_by_id)))
        return rows[rows >= 0]

    def _settle(self) -> None:
        """Read what those who sit here now want, from the next step on."""
        self._is_stale = False
        try:
            reader = wanted_reader(self._reader, [seated.reader for seated in self._seated])
            if reader is not self._reader:
                self._change_to(reader)
        except Exception as error:
            # Those go on for whom nothing has changed.
            read = set(self._reader.env_ids)
            for seated in self._seated:
                if not read.issuperset(seated.reader.env_ids):
                    self._fail_seat(seated, error)
            if self._raised is not None:
                raise self._raised from None
        self._find_places()

    def _change_to(self, reader: Reader) -> None:
        """Read with another; what was recorded until now stays in the shape that it had."""
        reader.request.problems.hearers = [seated.problems for seated in self._seated]
        reader.adapter.take_over(self._adapter)
        patches, old = Patches(self._fail), self._patches
        try:
            self._patch(reader.adapter, patches)
        except BaseException:
            patches.undo()
            raise
        self._read_with(reader, patches, self._gatherer)
        old.undo()

    def _read_with(self, reader: Reader, patches: Patches, before: Gatherer | None) -> None:
        request = reader.request
        self._reader, self._adapter, self._rows, self._patches = reader, reader.adapter, request.rows, patches
        self._gatherer = Gatherer(len(request.rows), request.problems)
        if before is not None:
            self._gatherer.keep(before, request.wants)
        self._means = BatchMeans(request.layers, len(request.rows), request.problems)
        self._asks_policy = request.policy_action if request.wants(POLICY_ACTION) else None
        # By the simulator's index of an env, its position among the captured ones; -1 where it is not captured.
        self._rows_by_id = np.full(request.num_envs, -1)
        self._rows_by_id[request.rows.env_ids] = np.arange(len(request.rows))
        # In the step that is being made; of its own for each in which there is any.
        self._is_reset, self._is_any_reset = np.zeros(len(request.rows), dtype=bool), False
        # The counters of steps, and the same in the host's memory.
        self._lengths = self._adapter.lengths()
        self._counters: Any = None if self._lengths is None else numpy_if_on_host(self._lengths)

    def _patch(self, adapter: Adapter, patches: Patches) -> None:
        adapter.patch(patches)
        for hook in adapter.reset_hooks():
            see = self._see_reset if hook.env_ids is None else functools.partial(self._see_reset_of, hook.env_ids)
            patches.method(hook.owner, hook.name, patches.listener(see))

    def _share_problems(self) -> None:
        self._reader.request.problems.hearers = [seated.problems for seated in self._seated]

    def _find_places(self) -> None:
        captured = self._reader.env_ids
        for seated in self._seated:
            # Not one that has sat down just now, on another thread.
            if set(captured).issuperset(seated.reader.env_ids):
                seated.place = Place(seated.reader.request.rows.env_ids, self._rows.env_ids, self._rows_by_id)


def _first_array(read: Mapping[str, Any]) -> Any:
    """One that shows in which library and where the others are."""
    return next(value for value in read.values() if hasattr(value, "shape"))


def _first(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """The first argument of a call, or None."""
    return args[0] if args else next(iter(kwargs.values()), None)
