"""Findings: everything that the page tells of an evaluation, computed once, without a word of HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..episodes.picks import Picks
from .comparison import Comparison, comparisons_of
from .early_stop import EarlyStop, early_stop_of
from .evaluation import Evaluation
from .factors import Factor, factors_of
from .groups import Dimension, Matrix, Summary, dimensions_of, matrices_of, summary_of
from .survivors import Survivors, survivors_of
from .terms import Term, terms_of

# Groups of whose episodes a best, a typical and a worst one is shown.
_MOST_SHOWN = 6
_EXAMPLES = (
    ("best", Picks("", "best:1")),
    ("most typical", Picks("", "typical:1")),
    ("worst", Picks("", "worst:1")),
)


@dataclass(frozen=True)
class Examples:
    """The best, the most typical and the worst episode of a group.

    Attributes:
        label: of the group; "" of all.
        episodes: by these words, the place of each.
    """

    label: str
    episodes: Sequence[tuple[str, int]]


class Findings:
    """What there is to tell.

    Attributes:
        episodes: all of them.
        finished: those that statistics are of.
        comparisons: of jobs or policies.
    """

    def __init__(self, episodes: Evaluation, compare: Sequence[str] | None = None) -> None:
        """compare: the names of two jobs, policies or checkpoints. Raises BadArgument or UnknownName for others."""
        self.episodes, self.finished = episodes, episodes.finished
        self.comparisons: list[Comparison] = comparisons_of(self.finished, compare)

    @cached_property
    def whole(self) -> Summary:
        """The numbers of all finished episodes."""
        return summary_of(self.finished)

    @cached_property
    def outcomes(self) -> Counter[str]:
        """How many episodes of each outcome there are; "" where it is not known."""
        return Counter(self.episodes.outcome.tolist())

    @cached_property
    def dimensions(self) -> list[Dimension]:
        """What parts the finished episodes into groups."""
        return dimensions_of(self.finished)

    @cached_property
    def matrices(self) -> list[Matrix]:
        """The first of these crossed with the others."""
        return matrices_of(self.finished, self.dimensions) if self.dimensions else []

    @cached_property
    def early_stop(self) -> EarlyStop | None:
        """Whether short episodes are favoured."""
        return early_stop_of(self.episodes)

    @cached_property
    def factors(self) -> list[Factor]:
        """What was varied."""
        return factors_of(self.finished)

    @cached_property
    def terms(self) -> list[Term]:
        """Reward terms by outcome."""
        return terms_of(self.finished)

    @cached_property
    def survivors(self) -> Survivors | None:
        """How long episodes last, by the groups of the first dimension."""
        return survivors_of(self.episodes, self._groups)

    @cached_property
    def examples(self) -> list[Examples]:
        """Episodes to look at, of each group of the first dimension where these are few, else of all."""
        parts = self._groups if 0 < len(self._groups) <= _MOST_SHOWN else [("", self.episodes.is_finished)]
        found = []
        for label, mask in parts:
            places = np.flatnonzero(mask & self.episodes.is_finished)
            records = [self.episodes.records[place] for place in places]
            picked = [(word, int(places[at])) for word, pick in _EXAMPLES for at in pick.of(records)]
            found.append(Examples(label, picked))
        return [examples for examples in found if examples.episodes]

    @cached_property
    def _groups(self) -> list[tuple[str, np.ndarray]]:
        """The groups of the first dimension, as masks of all episodes."""
        if not self.dimensions:
            return []
        first = self.dimensions[0]
        places = np.flatnonzero(self.episodes.is_finished)
        values = [getattr(record, first.field) for record in self.episodes.records]
        group_of = {values[place]: at for place, at in zip(places, first.of_episode, strict=True)}
        of_all = np.array([group_of.get(value, -1) for value in values])
        return [(label, of_all == at) for at, label in enumerate(first.labels)]
