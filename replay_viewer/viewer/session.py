"""What is being watched, and where playback stands: the state behind every panel, with no viser in it.

Only the owner thread touches a session. `tick` lets time pass; everything else is one user action.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, get_args

from ..episodes import next_episode_end, next_episode_start, previous_episode_end, previous_episode_start
from ..errors import UnknownName
from ..player import Loop, Player
from ..rewards import EpisodeRewards, EpisodeRewardsCache, StepRewards
from ..rollout import Episode

if TYPE_CHECKING:
    from ..frames import Frame
    from ..replay import Replay


class Session:
    """One replay being watched: the player, the chosen env and the chosen agent.

    Attributes:
        player: where playback stands. env_index: the env shown, as a position in the recording.
        agent: whose rewards are shown where each agent has its own; None is their sum.
    """

    def __init__(self, replay: Replay, env_index: int = 0, step: int = 0) -> None:
        self.replay = replay
        self.player = Player(replay.rollout.num_steps, replay.rollout.control_dt)
        self.env_index = env_index
        self.agent: int | None = None
        self._rewards = EpisodeRewardsCache(replay.rollout)
        self._scrubbing: set[int] = set()
        self.seek(step)

    # -- what is shown --------------------------------------------------------

    @property
    def env_id(self) -> int:
        """The simulator's index of the env shown."""
        return self.replay.rollout.env_ids[self.env_index]

    @property
    def episodes(self) -> Sequence[Episode]:
        """The episodes of the env shown."""
        return self.replay.rollout.episodes(self.env_index)

    @property
    def episode(self) -> Episode:
        """The episode of the step shown."""
        return self.replay.rollout.episode_at(self.env_index, self.player.step)

    @property
    def frame(self) -> Frame:
        """What is drawn at the position."""
        return self.replay.frames.frame_at(self.player.position, [self.env_index])

    @property
    def stand_in(self) -> str:
        """What is shown in the place of a pose that this step does not have; empty where the pose is recorded."""
        frame = self.replay.frames.frame_at(self.player.step, [self.env_index])
        if frame.terminal_lost.any():
            return "terminal state lost: the step before is shown"
        return "no number is recorded for this pose: the last good one is shown" if frame.held.any() else ""

    @property
    def rewards(self) -> StepRewards:
        """The rewards at the step shown."""
        return self._rewards.at(self.player.step, self.env_index, self.agent)

    @property
    def episode_rewards(self) -> EpisodeRewards:
        """The rewards of the whole episode shown."""
        return self._rewards.series(self.env_index, self.player.step, self.agent)

    @property
    def animating(self) -> bool:
        """Whether time passes: playing, and nobody holds the timeline."""
        return self.player.playing and not self._scrubbing

    # -- time -----------------------------------------------------------------

    def tick(self, wall_dt: float) -> None:
        """Let `wall_dt` seconds pass, unless a user holds the timeline."""
        if self.animating:
            self.player.tick(wall_dt)
            self._follow_window()

    # -- actions --------------------------------------------------------------

    def seek(self, step: float) -> None:
        """Go to a step, clamped to the rollout."""
        self.player.seek(step)
        self._follow_window()

    def begin_scrub(self, client_id: int) -> None:
        """A browser took hold of the timeline: time stands still until it lets go."""
        self._scrubbing.add(client_id)

    def end_scrub(self, client_id: int) -> None:
        """The browser let go, or left."""
        self._scrubbing.discard(client_id)

    def step_by(self, count: int) -> None:
        """Pause, and go some whole steps on or back."""
        self.player.step_by(count)
        self._follow_window()

    def go_to_start(self) -> None:
        """The first step of the recording."""
        self.seek(0)

    def go_to_end(self) -> None:
        """The last step of the recording."""
        self.seek(self.player.num_steps - 1)

    def go_to_next_episode(self) -> None:
        """The start of the next episode."""
        self.seek(next_episode_start(self.episodes, self.player.step))

    def go_to_previous_episode(self) -> None:
        """The start of this episode, or of the one before when it has only just begun."""
        grace = round(1.0 / self.replay.rollout.control_dt)
        self.seek(previous_episode_start(self.episodes, self.player.step, grace))

    def go_to_next_end(self) -> None:
        """The last step of the next episode that ends, paused, so that a fall can be looked at."""
        self._stop_at(next_episode_end(self.episodes, self.player.step))

    def go_to_previous_end(self) -> None:
        """The last step of the episode that ended before this step, paused."""
        self._stop_at(previous_episode_end(self.episodes, self.player.step))

    def select_env(self, env_id: int) -> None:
        """Show another env, at the same step. Raises UnknownName if it is not recorded."""
        self.env_index = self.replay.rollout.env_index(env_id)
        self._follow_window()

    def select_episode(self, index: int) -> None:
        """Go to the start of one of the env's episodes. Raises UnknownName if there is no such episode."""
        if not 0 <= index < len(self.episodes):
            raise UnknownName("episode", index, range(len(self.episodes)))
        self.seek(self.episodes[index].first_step)

    def select_agent(self, agent: int | None) -> None:
        """Show one agent's rewards, or the sum of all. Raises UnknownName if there is no such agent."""
        num_agents = self.replay.rollout.agents_shape[0] if self.replay.rollout.agents_shape else 0
        if agent is not None and not 0 <= agent < num_agents:
            raise UnknownName("agent", agent, range(num_agents))
        self.agent = agent

    def next_loop(self) -> None:
        """Go through the kinds of loop: off, the episode, the whole recording."""
        kinds = get_args(Loop)
        self.player.set_loop(kinds[(kinds.index(self.player.loop) + 1) % len(kinds)])

    def _stop_at(self, step: int) -> None:
        self.player.pause()
        self.seek(step)

    def _follow_window(self) -> None:
        """Loop "episode" repeats the episode of the step shown."""
        episode = self.episode
        self.player.set_window(episode.first_step, min(episode.last_step, self.player.num_steps - 1))
