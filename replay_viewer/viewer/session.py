"""The session: what is watched and where playback stands; the state behind every panel, with no viser in it.

Only the owner thread touches a session. `tick` lets time pass; everything else is one user action.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast, get_args

from ..camera import Aim, SmoothBase
from ..errors import UnknownName
from ..replay.compared_rewards import ComparedRewards
from ..replay.modes import MODES, Alignment, Mode
from ..replay.player import Loop, Player
from ..rollout.episodes import (
    Episode,
    next_episode_end,
    next_episode_start,
    previous_episode_end,
    previous_episode_start,
)
from ..rollout.rewards import EpisodeRewards, EpisodeRewardsCache, StepRewards
from .tail import POLL_PERIOD, Tail

if TYPE_CHECKING:
    from ..replay.frames import Frame
    from ..replay.replay import Replay
    from ..replay.take import Take
    from ..replay.world import World


# Live, the newest step is reached in a little more than the time to the next poll, so that motion does not stop.
_APPROACH = 1.25 * POLL_PERIOD
# To either side of the step shown, where a selection is asked for that nobody has drawn yet [s].
_HALF_SELECTION = 0.5


class Session:
    """One world being watched: the player, the chosen env of its lead and the chosen agent.

    Attributes:
        world: the recordings that are shown; all that is told here is told of its lead.
        player: where playback stands, in the lead's steps.
        agent: whose rewards are shown where each agent has its own; None is their sum.
        tail: where the lead's recording is followed while it is written.
        live: whether its newest step is shown, and what comes after it.
        compared_rewards: those of all takes, where there are several.
        size: radius of the robot that cameras look at, the first one [m].
        is_left_behind: whether more was to come when the recording was opened, which is not followed.
    """

    def __init__(
        self, world: World, step: float | None = None, tail: Tail | None = None, tails_beside: Sequence[Tail] = ()
    ) -> None:
        """Watch a world.

        Args:
            world: what is shown.
            step: shown first; None for the lead's start, or for the newest of a recording that is written.
            tail: follows the lead's recording.
            tails_beside: follow those of others.
        """
        self.world, self.tail, self._tails_beside = world, tail, tuple(tails_beside)
        replay = world.lead.replay
        self.player = Player(replay.rollout.num_steps, replay.rollout.control_dt)
        self.agent: int | None = None
        growth = replay.rollout.growth
        self.is_left_behind = tail is None and growth is not None and growth.is_held is True
        self.live = False
        self._pace = 0.0  # Steps per second, live.
        self._rewards, self.compared_rewards = EpisodeRewardsCache(replay.rollout), ComparedRewards()
        entity = next(iter(replay.rollout.entities))
        self.size = replay.robots[entity].radius
        self._base = SmoothBase(replay.rollout, entity, self.size)
        self._scrubbing: set[int] = set()
        if step is None and self._is_written:
            self.go_live()
        else:
            self.seek(world.lead.start if step is None else step)

    # -- what is shown --------------------------------------------------------

    @property
    def replay(self) -> Replay:
        """The lead's recording."""
        return self.world.lead.replay

    @property
    def env_index(self) -> int:
        """The env shown of it, as a position in the recording."""
        return self.world.lead.env_index

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

    def is_running(self, episode: Episode) -> bool:
        """Whether further steps of an episode may come."""
        return self._is_written and episode.outcome == "unfinished" and episode.last_step == self.player.num_steps - 1

    @property
    def frame(self) -> Frame:
        """What is drawn of the lead at the position."""
        return self.world.lead.frame_at(self.player.position)

    @property
    def frames_beside(self) -> tuple[Frame, ...]:
        """What is drawn of the world's others at the same time."""
        return self.world.frames_beside(self.player.position)

    @property
    def looks_ahead(self) -> bool:
        """Whether the steps after the one shown are known, so that cameras need not lag behind."""
        return not self._is_written

    @property
    def aim(self) -> Aim:
        """What cameras look at: the smoothed base of the first robot."""
        return self._base.at(self.player.position, self.env_index, looks_ahead=self.looks_ahead)

    @property
    def stand_in(self) -> str:
        """What is shown in the place of a pose that this step does not have; empty where the pose is recorded."""
        return self.world.lead.frame_at(self.player.step).stand_in

    @property
    def rewards(self) -> StepRewards:
        """The rewards at the step shown."""
        return self._rewards.at(self.player.step, self.env_index, self.agent)

    @property
    def rewards_of_takes(self) -> tuple[StepRewards | None, ...]:
        """The rewards of all takes at the same time, the lead's first; None of one that waits."""
        return self.compared_rewards.at(self.world, self.player.step, self.agent)

    @property
    def episode_rewards(self) -> EpisodeRewards:
        """The rewards of the whole episode shown."""
        return self._rewards.series(self.env_index, self.player.step, self.agent)

    @property
    def playing(self) -> bool:
        """Whether time passes unless a user holds the timeline: what "pause" would stop."""
        return self.player.playing or (self.live and self._is_written)

    @property
    def animating(self) -> bool:
        """Whether the picture moves: playing or behind the newest step, and nobody holds the timeline."""
        moves = self.player.position < self.player.num_steps - 1 if self.live else self.player.playing
        return moves and not self._scrubbing

    @property
    def seconds_to_poll(self) -> float | None:
        """How long there is nothing to do while nothing moves; None until somebody does something."""
        waits = [tail.seconds_to_poll for tail in self._tails]
        return min((wait for wait in waits if wait is not None), default=None)

    @property
    def _tails(self) -> tuple[Tail, ...]:
        return self._tails_beside if self.tail is None else (self.tail, *self._tails_beside)

    @property
    def _is_written(self) -> bool:
        return self.tail is not None and self.tail.is_written

    def regrouped(self, world: World, position: float) -> Session:
        """Another world of which the same is watched: with what follows its recordings, as fast and in such a loop.

        A-B is what it was; where another take leads, at the same times.

        position: of its lead.
        """
        tails = {id(tail.replay): tail for tail in self._tails}
        written = {id(r): r for r in world.replays if r.rollout.growth is not None and r.rollout.growth.is_held}
        tails.update({key: Tail(replay) for key, replay in written.items() if key not in tails})
        lead = world.lead.replay
        beside = [tails[id(replay)] for replay in world.replays if replay is not lead and id(replay) in tails]
        other = Session(world, position, tails.get(id(lead)), beside)
        other.player.set_speed(self.player.speed)
        if self.player.loop != "selection":
            other.player.set_loop(self.player.loop)
        if self.agent is None or (lead.rollout.agents_shape or (0,))[0] > self.agent:
            other.agent = self.agent
        selection = self._selection_of(world.lead)
        if selection is not None and self.player.loop == "selection":
            other.player.select(*selection)
            other.player.seek(position)
        if self.live:
            other.go_live()
        elif self.player.playing:
            other.play()
        return other

    def _selection_of(self, lead: Take) -> tuple[int, int] | None:
        """The steps from A to B as a take of this world counts them that will lead; None for what is not shown now."""
        if self.player.selection is None or lead.replay is self.replay:
            return self.player.selection
        for take in self.world.others:
            if take.replay is lead.replay and take.env_index == lead.env_index and take.start == lead.start:
                first, last = (round(self.world.position_of(take, step)) for step in self.player.selection)
                return (first, last) if first < last else None
        return None

    # -- time -----------------------------------------------------------------

    def poll(self, wall_dt: float) -> bool:
        """Let `wall_dt` seconds pass for the recording; returns whether it grew, or what is known of its writer."""
        grew_beside = any([tail.tick(wall_dt) for tail in self._tails_beside])
        if self.tail is None or not self.tail.tick(wall_dt):
            return grew_beside
        self.player.extend(self.replay.rollout.num_steps)
        if not self.tail.polls and self.live:
            self.go_to_end()
        self._pace = (self.player.num_steps - 1 - self.player.position) / _APPROACH
        self._follow_window()
        return True

    def tick(self, wall_dt: float) -> None:
        """Let `wall_dt` seconds pass for playback, unless a user holds the timeline."""
        if not self.animating:
            return
        if self.live:
            self.player.seek(self.player.position + self._pace * wall_dt)
        else:
            self.player.tick(wall_dt)
            # Played up to the newest step: from there on it goes as it comes.
            self.live = self._is_written and not self.player.playing
        self._follow_window()

    # -- actions --------------------------------------------------------------

    def play(self) -> None:
        """Play on; from the newest step of a recording that is written, as it comes."""
        if self._is_written and self.player.loop == "off" and self._at_end:
            return self.go_live()
        self.live = False
        self.player.play()

    def pause(self) -> None:
        """Stop where it is."""
        self.live = False
        self.player.pause()

    def toggle(self) -> None:
        """Play if paused, pause if playing."""
        if self.playing:
            self.pause()
        else:
            self.play()

    def go_live(self) -> None:
        """Show the newest step, and what comes after it."""
        self.player.pause()
        self.seek(self.player.num_steps - 1)
        self.live = self._is_written

    def seek(self, step: float) -> None:
        """Go to a step, clamped to the rollout."""
        self.live = False
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
        self.live = False
        self.player.step_by(count)
        self._follow_window()

    def go_to_start(self) -> None:
        """The first step of the recording."""
        self.seek(0)

    def go_to_end(self) -> None:
        """The last step of the recording; of one that is written, whichever is the newest."""
        if self._is_written:
            self.go_live()
        else:
            self.seek(self.player.num_steps - 1)

    def go_to_next_episode(self) -> None:
        """The start of the next episode."""
        start = next_episode_start(self.episodes, self.player.step)
        if start != self.player.step:
            self.seek(start)

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
        self.world = self.world.with_env(self.replay.rollout.env_index(env_id))
        self._follow_window()

    def select_episode(self, index: int) -> None:
        """Go to the start of one of the env's episodes. Raises UnknownName if there is no such episode."""
        if not 0 <= index < len(self.episodes):
            raise UnknownName("episode", index, range(len(self.episodes)))
        self.seek(self.episodes[index].first_step)

    def next_mode(self) -> None:
        """Show several recordings in the next mode: as recorded, from one place, side by side."""
        if self.world.others:
            kinds = list(MODES)
            self.world = self.world.with_mode(kinds[(kinds.index(self.world.mode) + 1) % len(kinds)])

    def set_mode(self, mode: str) -> None:
        """Show several recordings in a mode. Raises UnknownName."""
        self.world = self.world.with_mode(cast(Mode, mode))

    def set_alignment(self, alignment: str) -> None:
        """Align several recordings, the lead's by the episode that is shown; all show what belongs together then.

        Raises UnknownName, and BadArgument where one lacks a bookmark.
        """
        world = self.world if alignment == "recording" else self.world.with_start(self.episode.first_step)
        self.world = world.with_marks().with_alignment(cast(Alignment, alignment))

    def delay_take(self, key: str, seconds: float) -> None:
        """Show one of several recordings so much later. Raises UnknownName, BadArgument."""
        self.world = self.world.with_delay(key, seconds)

    def select_agent(self, agent: int | None) -> None:
        """Show one agent's rewards, or the sum of all. Raises UnknownName if there is no such agent."""
        num_agents = self.replay.rollout.agents_shape[0] if self.replay.rollout.agents_shape else 0
        if agent is not None and not 0 <= agent < num_agents:
            raise UnknownName("agent", agent, range(num_agents))
        self.agent = agent

    def set_loop(self, loop: str) -> None:
        """Choose what is repeated; where no steps are selected, those around the step shown become the selection."""
        if loop == "selection" and self.player.selection is None:
            around = round(_HALF_SELECTION / self.player.control_dt)
            self.select_steps(self.player.step - around, self.player.step + around)
        elif loop in get_args(Loop):
            self.player.set_loop(cast(Loop, loop))

    def next_loop(self) -> None:
        """Go through the kinds of loop: off, the episode, the whole recording, and the selection if there is one."""
        kinds: list[Loop] = [
            kind for kind in get_args(Loop) if kind != "selection" or self.player.selection is not None
        ]
        self.player.set_loop(kinds[(kinds.index(self.player.loop) + 1) % len(kinds)])

    def select_steps(self, first: float, last: float) -> None:
        """Repeat the steps from A to B, both included, clamped to the rollout; they come in any order."""
        end = self.player.num_steps - 1
        low, high = sorted(round(min(max(step, 0), end)) for step in (first, last))
        self.live = False
        self.player.select(low, high)
        self._follow_window()

    def select_from_here(self) -> None:
        """Put A on the step shown; B stays, or is the end of the episode where it would come first."""
        self.select_steps(self.player.step, self._selected_beyond(1))

    def select_to_here(self) -> None:
        """Put B on the step shown; A stays, or is the start of the episode where it would come last."""
        self.select_steps(self._selected_beyond(0), self.player.step)

    def clear_selection(self) -> None:
        """Forget A and B."""
        self.player.clear_selection()

    def _selected_beyond(self, end: int) -> int:
        """A (0) or B (1), where it lies on its side of the step shown; else that end of the episode."""
        window = self.player.window[end]
        chosen = window if self.player.selection is None else self.player.selection[end]
        is_beyond = chosen > self.player.step if end else chosen < self.player.step
        return chosen if is_beyond else window

    @property
    def _at_end(self) -> bool:
        return self.player.position >= self.player.num_steps - 1

    def _stop_at(self, step: int) -> None:
        self.player.pause()
        self.seek(step)

    def _follow_window(self) -> None:
        """Loop "episode" repeats the episode of the step shown."""
        episode = self.episode
        self.player.set_window(episode.first_step, min(episode.last_step, self.player.num_steps - 1))
