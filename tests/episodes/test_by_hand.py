"""Episodes in which somebody had a hand, as a recording tells them: no doing of the policy's alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from controlled import KickedSim
from evaluation_samples import record
from legged_fake import DOF_NAMES

from replay_viewer import attach
from replay_viewer.cli import main
from replay_viewer.episodes.derive import records_of
from replay_viewer.episodes.load import load_episodes
from replay_viewer.formats import load_rollout
from replay_viewer.record.control.hand import Hand
from replay_viewer.report.evaluation import Evaluation
from replay_viewer.report.findings import Findings

HAND = Hand("page 3", is_lasting=True)


def steps(env: Any, count: int) -> None:
    for _ in range(count):
        env.step(np.ones((env.num_envs, len(DOF_NAMES)), np.float32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two envs whose episodes have 20 steps; env 1 is pushed in its second and reset in its third; off in the last."""
    env = KickedSim(num_envs=2)

    def check_termination() -> None:
        env.reset_buf = env.episode_length_buf >= 20
        env.time_out_buf = env.reset_buf.copy()

    env.max_episode_length = 10_000
    env.check_termination = check_termination  # type: ignore[method-assign]
    with attach(env, tmp_path / "run.rec", env_ids="all", control=True, episode_terms={}) as recorder:
        control = recorder._held.control  # type: ignore[union-attr]
        steps(env, 30)
        control.ask(HAND, "push", 1, [1.0, 0.5, 0])
        steps(env, 20)
        control.ask(HAND, "reset", 1)  # Ten steps into the third.
        control.ask(HAND, "pause")
        control.ask(HAND, "resume")
        steps(env, 15)
        recorder.policy_enabled = False
        steps(env, 3)
    return recorder.path


def test_episodes_of_a_recording_are_manual_as_their_live_records_are(path: Path) -> None:
    rollout = load_rollout(path)
    derived = {(r.env_id, r.episode_in_env): r.manual for r in records_of(rollout)}
    lines = (path.parent / "episode_results.jsonl").read_text().splitlines()
    live = {(line["env_id"], line["episode_in_env"]): line["manual"] for line in map(json.loads, lines)}
    assert {key for key, manual in live.items() if manual} == {(0, 3), (1, 1), (1, 2), (1, 3)}
    assert derived == live
    assert [(part.first, part.last, part.intervention.what) for part in rollout.touched(1)] == [
        (30, 30, "push"),
        (49, 49, "reset"),
        (65, None, "policy_off"),
    ]
    rollout.close()


def test_a_condition_chooses_them(path: Path) -> None:
    episodes = load_episodes(path)
    assert len(episodes.where("manual")) == 4 and len(episodes.where("not manual")) == len(episodes) - 4


def test_info_counts_what_was_done(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(path)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "By hand push once, reset by hand once, pause once, policy off once; 4 of 8 episodes touched" in said
    assert main(["info", str(path), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["interventions"]["push"] == 1 and content["num_manual"] == 4


def test_a_packed_recording_tells_the_same(path: Path, tmp_path: Path) -> None:
    assert main(["pack", str(path), str(tmp_path / "packed.rec")]) == 0
    rollout = load_rollout(tmp_path / "packed.rec")
    assert sum(record.manual is True for record in records_of(rollout)) == 4
    rollout.close()


@pytest.mark.parametrize(
    "line",
    [
        {"kind": "by_hand", "what": "explode", "step": 1},
        {"kind": "by_hand", "what": "push", "step": -1},
        {"kind": "by_hand", "what": "push", "step": 1e300},
        {"kind": "by_hand", "what": "push", "step": True},
        {"kind": "by_hand", "what": ["push"], "step": 1},
        {"kind": "by_hand", "what": "push", "step": 1, "env_id": "0"},
        {"kind": "by_hand", "what": "policy_on", "step": 3},
    ],
)
def test_lines_of_anybody_elses_making_touch_nothing(line: dict, path: Path) -> None:
    before = load_rollout(path)
    with (path / "log.jsonl").open("a") as log:
        log.write(json.dumps(line) + "\n")
    after = load_rollout(path)
    assert [part.first for part in after.touched(0)] == [part.first for part in before.touched(0)]
    before.close()
    after.close()


def test_they_are_in_no_rate_unless_they_are_asked_for() -> None:
    records = [record(k, outcome="terminated", success=k % 2 == 0, manual=k >= 4 or None) for k in range(6)]
    kept, all_of_them = Evaluation(records), Evaluation(records, counts_manual=True)
    assert kept.is_finished.sum() == 4 and np.nansum(kept.is_good) == 2
    assert all_of_them.is_finished.sum() == 6
    assert Findings(kept).whole.count == 4 and Findings(all_of_them).whole.count == 6
