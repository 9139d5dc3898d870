"""The part of a recording that a film shows: which envs, which episodes or steps, and how numbers of them are written.

On the command line they are written as `0:5,7`; Python may also give numbers, slices and ranges. Episodes are
also picked by how they went: `worst:3`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..episodes.derive import records_of
from ..episodes.picks import Picks
from ..episodes.where import Where, names_of
from ..errors import BadArgument, ReplayError, UnknownName
from ..replay.take import Take
from ..rollout.episodes import Episode
from ..rollout.rollout import Rollout

# Numbers that somebody chooses, for example "0:5,7", 3, range(5) or [slice(0, 5), 7].
NumberChoice = str | int | slice | range | Iterable[int | slice | range]

_EXPECTED = "expected numbers and ranges such as 0:5,7 (0, 1, 2, 3, 4 and 7)."


class NothingSelected(ReplayError):
    """A selection that no episode meets.

    Attributes:
        asked: the options that choose among the episodes.
        episodes: those there are.
    """

    def __init__(self, asked: str, episodes: Sequence[Episode]) -> None:
        self.asked, self.episodes = asked, tuple(episodes)
        known = [episode.success for episode in episodes if episode.success is not None]
        ends = Counter(episode.outcome for episode in episodes)
        ends.update("success" if success else "failure" for success in known)
        counts = ", ".join(f"{count} {end}" for end, count in ends.most_common())
        unknown = "" if known else "; of none it is known whether it succeeded"
        super().__init__(f"No episode is left by {asked}. There are {len(episodes)}: {counts}{unknown}.")


@dataclass(frozen=True)
class Selection:
    """Which part of a recording is meant, of any recording.

    With none of these, what the viewer opens with: the first env, from its beginning to its end.

    Attributes:
        env: the simulator's id of one env. None lets `episodes`, `num_episodes` and `where` pick from all envs.
        envs: ids of envs that are shown in one picture, or "all". The first one, or `env`, leads: it is the one whose
            episodes are picked and whose numbers an overlay tells. Without episodes to pick, all steps are shown.
        episodes: numbers of episodes: of `env` in order, else of the whole recording, env by env, as
            `replay-viewer info` lists them. Or "worst:3", "best:3", "typical:1", of those that the rest leaves; see
            episodes/picks.py.
        num_episodes: only the first so many of those.
        where: only those for which a condition holds, such as "terminated" or "success == false and episode_length <
            100"; see episodes/where.py.
        step: one position in the recording, instead of episodes.
        steps: a run of positions, instead of episodes.

    Raises:
        UnknownName, BadArgument: a choice that means nothing in any recording; BadCondition is one.
    """

    env: int | None = None
    envs: NumberChoice | None = None
    episodes: NumberChoice | None = None
    num_episodes: int | None = None
    where: str | None = None
    step: int | None = None
    steps: str | slice | range | None = None

    def __post_init__(self) -> None:
        if self.where is not None:
            Where(self.where)  # What is wrong with it is told at once.
        if Picks.is_one(self.episodes):
            Picks("--episodes", str(self.episodes))
        if self.num_episodes is not None and self.num_episodes < 1:
            raise BadArgument("--num-episodes", self.num_episodes, "expected 1 or more.")
        of_episodes = {"--episodes": self.episodes, "--num-episodes": self.num_episodes, "--where": self.where}
        given = {"--step": self.step, "--steps": self.steps, **of_episodes}
        options = [option for option, value in given.items() if value is not None]
        if len(options) > 1 and options[0] in ("--step", "--steps"):
            raise BadArgument(options[0], given[options[0]], f"leave out {' and '.join(options[1:])}, or this.")

    @property
    def picks_episodes(self) -> bool:
        """Whether it chooses among the episodes, so that not all of them are meant."""
        return not (self.episodes is None and self.num_episodes is None and self.where is None)

    def of_take(self, take: Take) -> Selection:
        """The same where nothing is chosen, of a take: its env, and its steps if it has some of its own."""
        env, steps = self.env, self.steps
        if env is None and self.envs is None and take.env_index:
            env = take.replay.rollout.env_ids[take.env_index]
        if take.steps is not None and steps is None and self.step is None and not self.picks_episodes:
            steps = take.steps
        return replace(self, env=env, steps=steps)


@dataclass(frozen=True)
class Shot:
    """A run of steps that is shown without a cut.

    Attributes:
        envs: positions in the recording, the leading one first.
        steps: of the recording.
        episode: the one that it shows as a whole; None for any other run of steps.
    """

    envs: tuple[int, ...]
    steps: range
    episode: Episode | None = None


def shots_of(rollout: Rollout, selection: Selection) -> list[Shot]:
    """What a selection means in a recording, at least one shot.

    Raises:
        NothingSelected: no episode meets it.
        UnknownName, BadArgument: an env, an episode or a step that is not there.
    """
    envs = _envs(rollout, selection)
    if selection.step is not None:
        step = picked("--step", selection.step, rollout.num_steps, "steps")[0]
        return [Shot(envs, range(step, step + 1))]
    if selection.steps is not None:
        return [Shot(envs, picked_span("--steps", selection.steps, rollout.num_steps, "steps"))]
    if selection.envs is not None and not selection.picks_episodes:
        return [Shot(envs, range(rollout.num_steps))]
    is_of_leader = selection.env is not None or selection.envs is not None or not selection.picks_episodes
    of_envs = envs[:1] if is_of_leader else range(rollout.num_envs)
    episodes = [episode for env in of_envs for episode in rollout.episodes(env)]
    beside = envs if selection.envs is not None else ()
    return [_shot(episode, beside) for episode in _picked_episodes(rollout, episodes, selection)]


def _envs(rollout: Rollout, selection: Selection) -> tuple[int, ...]:
    """Positions of the envs in the picture, the leading one first."""
    shown = [] if selection.envs is None else picked_ids("--envs", selection.envs, rollout.env_ids, "env")
    if selection.envs is not None and not shown:
        raise UnknownName("env", selection.envs, rollout.env_ids)
    lead = shown[0] if shown else 0
    if selection.env is not None:
        lead = rollout.env_index(selection.env)
    return _each_once([lead, *shown])


def _shot(episode: Episode, beside: Sequence[int]) -> Shot:
    """A whole episode, in one picture with the envs beside it."""
    envs = _each_once([episode.env_index, *beside])
    return Shot(envs, range(episode.first_step, episode.last_step + 1), episode)


def _each_once(numbers: Iterable[int]) -> tuple[int, ...]:
    """In the order in which they first come."""
    return tuple(dict.fromkeys(numbers))


def _picked_episodes(rollout: Rollout, episodes: Sequence[Episode], selection: Selection) -> list[Episode]:
    kept = list(episodes)
    is_pick = Picks.is_one(selection.episodes)
    if selection.episodes is not None and not is_pick:
        kept = [episodes[number] for number in picked("--episodes", selection.episodes, len(episodes), "episodes")]
    if selection.where is not None:
        kept = _episodes_where(rollout, kept, Where(selection.where))
    if is_pick:
        kept = [kept[place] for place in Picks("--episodes", str(selection.episodes)).of(records_of(rollout, kept))]
    if not kept:
        options = {"--episodes": selection.episodes, "--where": selection.where}
        asked = [f"{option} {value}" for option, value in options.items() if value is not None]
        raise NothingSelected(" ".join(asked), episodes)
    return kept[: selection.num_episodes]


def _episodes_where(rollout: Rollout, episodes: Sequence[Episode], where: Where) -> list[Episode]:
    """Those for which a condition holds. Raises BadCondition for a name that is not known of any of them."""
    records = records_of(rollout, episodes, terms=where.needs("rewards"))
    where.check_names(names_of(records))
    return [episode for episode, record in zip(episodes, records, strict=True) if where.matches(record)]


# -- numbers that somebody chooses --------------------------------------------------------


def picked(option: str, choice: NumberChoice, count: int, plural: str) -> list[int]:
    """Those of the numbers 0 to count - 1 that are chosen, in the order of the choice, each once.

    Negative numbers count from the end. A range is cut to the numbers there are, as Python does; a single number must
    be there.

    Args:
        option: what the choice was given to, for messages.
        choice: numbers and ranges of them.
        count: how many numbers there are.
        plural: what they count, for messages.

    Raises:
        BadArgument: the choice is none, or names a number that is not there.
    """
    found: list[int] = []
    for part in _parts(option, choice):
        if isinstance(part, slice):
            found += range(count)[part]
        elif -count <= part < count:
            found.append(part % count)
        else:
            raise BadArgument(option, part, f"there are {plural} 0 to {count - 1}.")
    return list(_each_once(found))


def picked_ids(option: str, choice: NumberChoice, ids: Sequence[int], kind: str) -> list[int]:
    """Positions in `ids` of those that are chosen, in the order of the choice, each once.

    "all" means all of them, a range those within it; a single id must be there. Raises BadArgument as `picked` does,
    and UnknownName for an id that is not there.
    """
    if choice == "all":
        return list(range(len(ids)))
    found: list[int] = []
    for part in _parts(option, choice):
        if isinstance(part, slice):
            within = range(max(ids) + 1)[part]
            found += [position for position, number in enumerate(ids) if number in within]
        elif part in ids:
            found.append(ids.index(part))
        else:
            raise UnknownName(kind, part, ids)
    return list(_each_once(found))


def picked_span(option: str, choice: str | slice | range, count: int, plural: str) -> range:
    """A run of the numbers 0 to count - 1, for example "10:50" or range(10, 50), cut to those there are.

    Raises BadArgument where it is no range, or nothing is left of it.
    """
    parts = _parts(option, choice)
    if len(parts) != 1 or not isinstance(parts[0], slice):
        raise BadArgument(option, choice, "expected one range such as 100:250.")
    numbers = range(count)[parts[0]]
    if not numbers:
        raise BadArgument(option, choice, f"there are {plural} 0 to {count - 1}.")
    return numbers


def _parts(option: str, choice: NumberChoice) -> list[int | slice]:
    """The choice as numbers and slices without a stride."""
    if isinstance(choice, str):
        return [_parsed(option, choice, part.strip()) for part in choice.split(",")]
    if isinstance(choice, int | slice | range):
        return [_plain(option, choice)]
    return [_plain(option, part) for part in choice]


def _parsed(option: str, choice: str, part: str) -> int | slice:
    """A part of a written choice: "7", "2:5", "2:", ":5" or ":"."""
    try:
        numbers = [int(number) if number else None for number in part.split(":")]
    except ValueError:
        raise BadArgument(option, choice, _EXPECTED) from None
    if len(numbers) == 2:
        return slice(*numbers)
    if len(numbers) > 2 or numbers[0] is None:
        raise BadArgument(option, choice, _EXPECTED)
    return numbers[0]


def _plain(option: str, part: int | slice | range) -> int | slice:
    """A number, or a slice in the place of a range."""
    if not isinstance(part, slice | range):
        return int(part)
    if part.step not in (None, 1):
        raise BadArgument(option, part, "expected a range without a stride.")
    return slice(part.start, part.stop)
