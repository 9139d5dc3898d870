"""What the report says, against an independent pass over the same records."""

from __future__ import annotations

import statistics
from dataclasses import replace

import numpy as np
import pytest
from evaluation_samples import evaluation, record

from replay_viewer.errors import BadArgument, UnknownName
from replay_viewer.report.comparison import comparisons_of
from replay_viewer.report.evaluation import SUCCESS, TO_THE_LIMIT, Evaluation
from replay_viewer.report.findings import Findings


def test_headline_and_groups_are_what_a_pass_by_hand_gives() -> None:
    records = evaluation(20)
    found = Findings(Evaluation(records))
    assert found.whole.good.value == sum(bool(r.success) for r in records) / len(records)
    assert found.whole.total_reward.value == pytest.approx(statistics.mean(r.total_reward or 0 for r in records))
    job, seed = found.dimensions
    assert (job.name, job.also, seed.name) == ("job", ("policy",), "seed")
    for dimension in found.dimensions:
        for row in dimension.summaries:
            own = [r for r in records if str(getattr(r, dimension.field)) == row.label]
            assert row.count == len(own)
            assert row.good.value == pytest.approx(sum(bool(r.success) for r in own) / len(own))
            assert row.steps.value == pytest.approx(statistics.mean(r.episode_length or 0 for r in own))
    (matrix,) = found.matrices
    cell = matrix.cells[1][2]
    assert cell is not None
    assert cell.count == sum(r.job_name == "after" and r.seed == 3 for r in records)


def test_aborted_and_unfinished_episodes_are_in_no_number() -> None:
    records = evaluation(10)
    facts = {"success": False, "total_reward": -1e6, "variations": {"friction": 0.5}}
    cut = [record(k, 9, outcome=outcome, **facts) for k, outcome in enumerate(("aborted", "unfinished"))]
    whole, less = Findings(Evaluation([*records, *cut])), Findings(Evaluation(records))
    assert whole.whole == less.whole
    assert [level.good for f in whole.factors for level in f.levels] == [
        level.good for f in less.factors for level in f.levels
    ]
    assert whole.outcomes["aborted"] == whole.outcomes["unfinished"] == 1


def test_unfinished_episodes_count_in_survival_as_long_as_they_were_watched() -> None:
    ended = [record(k, outcome="terminated", success=False, duration_s=4.0) for k in range(2)]
    watched = [record(k, 1, outcome="unfinished", success=None, duration_s=2.0) for k in range(2)]
    aborted = [record(k, 2, outcome="aborted", success=None, duration_s=1.0) for k in range(2)]
    found = Findings(Evaluation([*ended, *watched, *aborted])).survivors
    assert found is not None
    assert (found.num_ended, found.num_cut_off) == (2, 2)
    assert found.curves[0].at_risk.tolist() == [2]


def test_a_success_that_ends_an_episode_is_no_death() -> None:
    records = [record(0, outcome="terminated", success=True), record(1, outcome="terminated", success=False)]
    found = Findings(Evaluation(records)).survivors
    assert found is not None
    assert found.num_ended == 1


def test_without_a_word_on_success_it_is_measured_who_ran_to_the_limit() -> None:
    records = [record(k, outcome=outcome, success=None) for k, outcome in enumerate(["truncated"] * 3 + ["terminated"])]
    episodes = Evaluation(records)
    assert episodes.measure is TO_THE_LIMIT
    assert Findings(episodes).whole.good.value == 0.75


def test_records_of_isaac_lab_arena_which_tell_no_outcome_count_as_finished() -> None:
    episodes = Evaluation([record(k, outcome=None, success=k > 0) for k in range(4)])
    assert episodes.measure is SUCCESS
    assert Findings(episodes).whole.good.value == 0.75
    assert Findings(episodes).survivors is None


def test_reward_terms_are_told_apart_by_outcome() -> None:
    terms = Findings(Evaluation(evaluation(20))).terms
    assert {term.name for term in terms} == {"tracking", "torques", "action_rate", "orientation"}
    for term in terms:
        good, bad = term.rates
        assert bad.value == pytest.approx(0.8 * good.value)


def test_jobs_are_matched_by_seed_env_and_episode() -> None:
    records = evaluation(34)
    (found,) = comparisons_of(Evaluation(records[:-4]))  # The last four have lost their partners.
    assert found.names == ("before", "after")
    assert (len(found.pairs), found.num_alone, found.num_unlike) == (98, (4, 0), 0)
    before = {(r.seed, r.env_id, r.episode_in_env): r for r in records if r.job_name == "before"}
    after = {(r.seed, r.env_id, r.episode_in_env): r for r in records[:-4] if r.job_name == "after"}
    gains = [(r.total_reward or 0) - (before[key].total_reward or 0) for key, r in after.items()]
    assert found.reward_difference.value == pytest.approx(statistics.mean(gains))
    assert found.good_difference.value == pytest.approx(
        statistics.mean(bool(r.success) - bool(before[key].success) for key, r in after.items())
    )
    assert sum(found.table) == 98


def test_a_job_that_helps_is_seen_to_help() -> None:
    (found,) = comparisons_of(Evaluation(evaluation(60)))
    assert found.good_difference.low > 0


def test_what_is_twice_in_a_job_is_matched_with_nothing() -> None:
    records = [record(0, job_name="a"), record(0, job_name="a"), record(1, job_name="a"), record(0, job_name="b")]
    records += [record(1, job_name="b")]
    (found,) = comparisons_of(Evaluation(records), ("a", "b"))
    assert found.pairs.tolist() == [[2, 4]]


@pytest.mark.parametrize("names", [("before",), ("before", "before")])
def test_a_comparison_needs_two_names(names: tuple[str, ...]) -> None:
    with pytest.raises(BadArgument, match="two names"):
        comparisons_of(Evaluation(evaluation(2)), names)


def test_a_name_that_nothing_has_is_told_with_those_there_are() -> None:
    with pytest.raises(UnknownName, match=r"'later'.*after.*before"):
        comparisons_of(Evaluation(evaluation(2)), ("before", "later"))


def test_where_each_seed_is_a_job_of_its_own_policies_lead_and_are_compared() -> None:
    records = [replace(r, policy=r.job_name, job_name=f"{r.job_name}-{r.seed}") for r in evaluation(10)]
    found = Findings(Evaluation(records))
    assert [one.name for one in found.dimensions] == ["policy", "seed", "job"]
    assert [matrix.columns.name for matrix in found.matrices] == ["seed"]
    assert [one.names for one in found.comparisons] == [("before", "after")]


def test_the_best_the_typical_and_the_worst_of_each_job_are_shown() -> None:
    found = Findings(Evaluation(evaluation(20)))
    assert [one.label for one in found.examples] == ["before", "after"]
    for one in found.examples:
        rewards = [r.total_reward or 0 for r in found.episodes.records if r.job_name == one.label]
        chosen = {word: found.episodes.records[place] for word, place in one.episodes}
        assert chosen["best"].total_reward == max(rewards)
        assert chosen["worst"].success is False
        assert list(chosen) == ["best", "most typical", "worst"]


def test_seeds_too_many_to_show_are_the_most_frequent_ones() -> None:
    records = [record(k, seed=k % 40) for k in range(100)]
    (seeds,) = Findings(Evaluation(records)).dimensions
    assert (len(seeds.labels), seeds.num_left_out) == (24, 16)
    assert int((seeds.of_episode >= 0).sum()) == sum(row.count for row in seeds.summaries)


def test_numbers_of_an_empty_group_are_unknown_and_no_error() -> None:
    found = Findings(Evaluation([record(0, outcome="unfinished", success=None)]))
    assert np.isnan(found.whole.good.value)
    assert found.examples == found.dimensions == found.factors == []
