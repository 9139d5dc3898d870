"""What a demo begins with: its fall, slowly and again and again, and the reward terms that tell of it."""

from __future__ import annotations

import numpy as np

from ..rollout.rewards import EpisodeRewards
from .charts.charts import Charts
from .session import Session

# Of the episode's end, so much is played [s]; the last of it is the fall itself.
_SECONDS, _FALL = 2.4, 1.4
_SPEED = 0.5
_NUM_TERMS = 3


def look_at_fall(session: Session, charts: Charts) -> None:
    """Choose the end of the first episode that was terminated as the A-B loop, half as fast as life, and pin its terms.

    Nothing where none of the env shown was. Who wants it to move plays it.
    """
    fall = next((episode for episode in session.episodes if episode.outcome == "terminated"), None)
    if fall is None:
        return
    session.select_steps(max(fall.first_step, fall.last_step - _steps(session, _SECONDS)), fall.last_step)
    session.player.set_speed(_SPEED)
    if charts.rewards is not None:
        for term in telling_terms(session.episode_rewards, _steps(session, _FALL)):
            charts.rewards.choice.toggle_pinned(term)


def telling_terms(rewards: EpisodeRewards, num_last: int, count: int = _NUM_TERMS) -> list[int]:
    """The terms, by their indices, that are most unlike before in the last steps of an episode (root mean square).

    The first one the most. Constant ones are left out, and all where there is nothing before.
    """
    terms = np.nan_to_num(rewards.terms)
    before, last = terms[:-num_last], terms[-num_last:]
    if not len(before):
        return []
    change = np.sqrt(np.square(last - before.mean(axis=0)).mean(axis=0))
    order = np.argsort(-change, kind="stable")[:count]
    return [int(term) for term in order if change[term] > 0]


def _steps(session: Session, seconds: float) -> int:
    return max(1, round(seconds / session.player.control_dt))
