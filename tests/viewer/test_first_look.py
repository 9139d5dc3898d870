"""What a demo begins with."""

from __future__ import annotations

import numpy as np

from replay_viewer.paths import asset
from replay_viewer.replay.replay import open_replay
from replay_viewer.replay.world import world_of
from replay_viewer.rollout.rewards import EpisodeRewards
from replay_viewer.viewer.charts.charts import Charts
from replay_viewer.viewer.first_look import look_at_fall, telling_terms
from replay_viewer.viewer.session import Session


def rewards(terms: np.ndarray) -> EpisodeRewards:
    names = tuple(f"term{i}" for i in range(terms.shape[1]))
    return EpisodeRewards(range(len(terms)), names, terms, None, None, terms.sum(axis=1), "terms")


def test_terms_that_change_before_the_end_are_found_in_order_and_constant_ones_never() -> None:
    terms = np.tile([0.3, -0.1, 0.0, 0.2, 9.0], (100, 1))
    terms[90:, 2] = -0.5
    terms[95:, 1] = -1.5
    terms[90::2, 3] = np.nan
    assert telling_terms(rewards(terms), 10) == [1, 2, 3]
    assert telling_terms(rewards(terms[:10]), 10) == []


def test_the_demo_begins_with_its_fall_at_half_speed_and_three_terms_pinned() -> None:
    session = Session(world_of([open_replay(asset("walk.rec"))]))
    charts = Charts(session, lambda: None)
    look_at_fall(session, charts)
    [fall] = [episode for episode in session.episodes if episode.outcome == "terminated"]
    first, last = session.player.selection or (0, 0)
    assert fall.first_step < first < last == fall.last_step
    assert session.player.speed == 0.5 and session.player.loop == "selection"
    assert charts.rewards is not None
    names = [session.replay.rollout.reward_terms[term] for term in charts.rewards.choice.pinned]
    assert len(names) == 3 and names[0] == "ang_vel_xy"
    charts.close()
