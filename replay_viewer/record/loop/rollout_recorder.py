"""The loop that runs a policy in an environment and records it: `RolloutRecorder(env).run(policy)`."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any, Callable, Sequence

from ...container.layout import META
from ...container.recorded_steps import RecordedSteps
from ...episode_record import EpisodeRecord
from ...errors import BadArgument, FileProblem
from ...progress import ProgressBar, duration
from ...rollout.outcomes import ENDED_IN_STEP
from ..adapters.registry import find_adapter
from ..attach import attach
from ..attached_recorder import AttachedRecorder
from ..episodes import FinishedEpisodes
from ..rows import Rows
from .env_and_policy import action_function, first_of, is_left_ended, no_gradients, reset
from .plain_npz import write_plain_npz
from .policy_log import PolicyLog

_FORMATS = ("npz", "rec")
# Where nobody says which: a record of each costs time and disk.
_MOST_ENVS = 16
# Where nobody says how long: calls of `env.step`.
_MAX_STEPS = 2000


class RolloutRecorder:
    """Runs the loop of an environment and a policy, and records it.

        recorder = RolloutRecorder(env, num_episodes=5, seed=1)
        path = recorder.run(policy)
        for episode in recorder.episodes:
            print(episode.outcome, episode.episode_length, episode.total_reward)

    The environment is one that `attach` can record. It is reset first; a single environment also after each episode,
    while those with an axis of envs do that themselves.

    While it runs, the rollout is a recording `<name>.rec` beside the file that it becomes: it can be watched with
    `replay-viewer view <name>.rec --tail`, and is what remains if the process is killed.

    Args:
        env: the environment, perhaps wrapped.
        max_steps: calls of `env.step` to make at most. None for as many as num_episodes take; without those, 2000.
        num_episodes: finished episodes after which to stop, or None. Episodes of all recorded envs count, as they
            finish: short ones come first, so record one env, or many episodes, where their mean matters.
        seed: for `reset(seed=...)` or `seed(...)` of the environment, through its wrappers, and for the generators
            of random, NumPy and PyTorch. A warning says if the environment takes none.
        format: "npz", the plain layout (see `plain_npz.py`): one file with the policy's observations and actions.
            "rec": a recording's folder, with meshes and terrain.
        env_ids: the simulator's indices of the envs to record, one of them, or "all". None for all, of more than 16
            the first 16; which, is said.
        adapter: as `attach` takes it, like the arguments after it.
        urdf: the robot's description.
        package_dirs: where its meshes are.
        metadata: anything else worth keeping, by name.

    Attributes:
        episodes: those that finished in the last run, in the order in which they did; steps count from the beginning
            of its file.

    Raises:
        BadArgument: max_steps or num_episodes below 1, or a format that there is not.
    """

    def __init__(
        self,
        env: Any,
        max_steps: int | None = None,
        *,
        num_episodes: int | None = None,
        seed: int | None = None,
        format: str = "npz",
        env_ids: Sequence[int] | int | str | None = None,
        adapter: str | None = None,
        urdf: str | Path | None = None,
        package_dirs: Sequence[str | Path] = (),
        metadata: Any = None,
    ) -> None:
        if max_steps is None and num_episodes is None:
            max_steps = _MAX_STEPS
        for name, value in (("max_steps", max_steps), ("num_episodes", num_episodes)):
            if value is not None and value < 1:
                raise BadArgument(name, value, "expected at least 1.")
        if format not in _FORMATS:
            raise BadArgument("format", repr(format), f"expected one of {', '.join(_FORMATS)}.")
        self.env, self.adapter, self.format, self.seed = env, adapter, format, seed
        self.max_steps, self.num_episodes = max_steps, num_episodes
        self.env_ids = env_ids
        # For `attach`. A plain npz has the policy's own observations.
        self._options: dict[str, Any] = {
            "observations": format == "rec",
            "adapter": adapter,
            "urdf": urdf,
            "package_dirs": package_dirs,
            "seed": seed,
            "metadata": metadata,
        }
        self.episodes: list[EpisodeRecord] = []

    def run(self, policy: Any, output_dir: str | Path = "results/rollouts") -> Path:
        """Run the loop until it is over, and return the path of the file.

        Whatever ends it early, a Ctrl-C or an error, is raised again once the file with all steps until then is
        complete and its path is printed.

        Args:
            policy: a function from what `env.reset` and `env.step` return as observations to what `env.step` takes,
                such as `make_policy` gives, or an object with `predict(obs)` like those of stable-baselines.
            output_dir: made if need be; the file is `rollout_<date>_<time>.npz` or `.rec`.

        Raises:
            BadArgument: no such policy.
            UnknownEnvironment: `attach` cannot record it.
            FileProblem: nothing can be written here, or at some step no more.
        """
        choose = action_function(policy)
        path = Path(output_dir) / datetime.now().strftime("rollout_%Y%m%d_%H%M%S.rec")
        rollout = _Rollout(self, attach(self.env, path, env_ids=self._chosen(), **self._options))
        self.episodes = rollout.episodes
        try:
            rollout.make(choose)
        except BaseException as problem:
            rollout.finish(f"Stopped by {type(problem).__name__}")
            raise
        kept = rollout.finish("Recorded")
        if kept is None:
            raise FileProblem(path, "not a single step could be written.")
        if self.num_episodes is not None and rollout.num_finished < self.num_episodes:
            print(f"max_steps={self.max_steps} came before num_episodes={self.num_episodes}.")
        return kept

    def _chosen(self) -> Sequence[int] | int | str:
        """The envs to record; says which, where nobody has chosen and there are several."""
        if self.env_ids is not None:
            return self.env_ids
        total = int(getattr(find_adapter(self.env, self.adapter)[0][-1], "num_envs", 1))
        chosen = range(min(total, _MOST_ENVS))
        if total > 1:
            which = f"all {total} envs" if len(chosen) == total else f"envs 0 to {chosen[-1]} of {total}"
            print(f"Recording {which}; choose others with env_ids=[...].")
        return chosen


class _Rollout:
    """One run.

    Attributes:
        episodes: those that have ended.
        num_finished: how many of these were not aborted.
    """

    def __init__(self, settings: RolloutRecorder, recorder: AttachedRecorder) -> None:
        self.episodes: list[EpisodeRecord] = []
        self.num_finished = 0
        self._settings, self._recorder = settings, recorder
        self._first, self._num_calls = 0, 0
        self._records = FinishedEpisodes(recorder.path)
        self._bar = ProgressBar(self._describe)
        self._log: PolicyLog | None = None

    def make(self, choose: Callable[[Any], Any]) -> None:
        """Run the loop."""
        env = self._settings.env
        obs = first_of(reset(env, self._settings.seed))
        if self._settings.format == "npz":
            self._begin_log()
        while True:
            with no_gradients():
                action = choose(obs)
            result = self._step(obs, action)
            obs = result[0]
            self._report()
            if self._is_over:
                return
            if not self._recorder.is_recording:
                # Nothing would be seen of it, not even how many episodes have finished.
                raise FileProblem(self._recorder.path, "the disk takes no more steps, so the rollout ends here.")
            if is_left_ended(result):
                obs = first_of(env.reset())

    def finish(self, how: str) -> Path | None:
        """Complete the file, print its path and return it; None, and no file, where there is no step."""
        folder = self._recorder.path
        self._recorder.close()
        self._report()
        self._bar.end()
        num_steps = RecordedSteps(folder, self._first).num_steps if (folder / META).exists() else 0
        if num_steps == 0:
            if self._log is not None:
                self._log.close()
            shutil.rmtree(folder)
            return None
        try:
            path = folder if self._log is None else self._converted(self._log, num_steps)
        except BaseException:
            print(f"The rollout is kept in {folder}")
            raise
        print(f"{how}: {num_steps} steps, {self.num_finished} finished episodes in {path}")
        return path

    def _begin_log(self) -> None:
        layers, _ = find_adapter(self._settings.env, self._settings.adapter)
        num_envs = getattr(layers[-1], "num_envs", None)
        # legged_gym makes a step of its own in reset(), of which the policy knows nothing.
        self._first = self._recorder.num_steps
        self._records = FinishedEpisodes(self._recorder.path, self._first)
        self._log = PolicyLog(self._recorder.path, Rows(self._recorder.env_ids), num_envs)

    def _step(self, obs: Any, action: Any) -> Sequence[Any]:
        """Step the environment, and keep what the recording does not."""
        if self._log is not None:
            self._log.before_step(obs, action)
        result = self._settings.env.step(action)
        if self._log is not None:
            self._log.after_step(result[-1], self._recorder.num_steps)
        self._num_calls += 1
        return result

    def _converted(self, log: PolicyLog, num_steps: int) -> Path:
        """The recording as an npz, in its place."""
        folder = self._recorder.path
        log.close()
        arrays = list(log.arrays(self._first, num_steps))
        path = write_plain_npz(folder, folder.with_suffix(".npz"), arrays, self._first)
        shutil.rmtree(folder)
        return path

    def _report(self) -> None:
        """Take in and print the episodes that have ended since the last call, and draw the bar."""
        settings = self._settings
        for episode in self._records.new():
            self.episodes.append(episode)
            if episode.outcome in ENDED_IN_STEP:
                self.num_finished += 1
                self._bar.say(self._line(episode))
        if settings.max_steps is not None:
            self._bar.show(self._num_calls, settings.max_steps)
        else:
            self._bar.show(self.num_finished, settings.num_episodes or 0)

    def _line(self, episode: EpisodeRecord) -> str:
        total = self._settings.num_episodes
        number = f"Episode {self.num_finished}" + (f"/{total}" if total and self.num_finished <= total else "")
        env = f" (env {episode.env_id})" if len(self._recorder.env_ids) > 1 else ""
        reason = f" ({episode.reason})" if episode.reason else ""
        reward = "" if episode.total_reward is None else f", return {episode.total_reward:.4g}"
        success = {True: ", success", False: ", no success", None: ""}[episode.success]
        return f"{number}{env}: {episode.outcome}{reason}, {episode.episode_length} steps{reward}{success}"

    def _describe(self, done: int, total: int, seconds: float) -> str:
        """What stands behind the bar."""
        rate = self._num_calls / max(seconds, 1e-9)
        left = f", {duration(seconds * (total - done) / done)} left" if 0 < done < total else ""
        episodes = f", {self.num_finished} episodes" if self._settings.num_episodes else ""
        return f"{self._num_calls} steps{episodes}, {rate:.0f} steps/s{left}"

    @property
    def _is_over(self) -> bool:
        settings = self._settings
        enough_steps = settings.max_steps is not None and self._num_calls >= settings.max_steps
        return enough_steps or (settings.num_episodes is not None and self.num_finished >= settings.num_episodes)
