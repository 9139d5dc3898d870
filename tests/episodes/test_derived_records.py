"""Records that are made of a recording afterwards, against sums over its own arrays."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from container_samples import TERMS, append_steps, fallen, record, sample_info, terminal_values
from memory_rollout import memory_rollout, still

from replay_viewer import load_episodes
from replay_viewer.cli import main
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.episode_record import NAMES
from replay_viewer.episodes import derive
from replay_viewer.episodes.derive import records_of
from replay_viewer.episodes.texts import csv_text
from replay_viewer.errors import FileProblem, UnknownName
from replay_viewer.formats import load_rollout
from replay_viewer.paths import asset
from replay_viewer.rollout.episodes import Episode

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("name", ["walk.rec", "push.rec"])
@pytest.mark.parametrize("read_numbers", [1 << 22, 1])
def test_every_number_is_that_of_the_recordings_own_arrays(
    name: str, read_numbers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derive, "_READ_NUMBERS", read_numbers * 900)
    rollout = load_rollout(asset(name))
    records = records_of(rollout)
    episodes = [episode for env in range(rollout.num_envs) for episode in rollout.episodes(env)]
    assert len(records) == len(episodes) > 10
    for found, episode in zip(records, episodes, strict=True):
        steps = slice(episode.first_step, episode.last_step + 1)
        rew = rollout.read("rew", steps, [episode.env_index]).astype(np.float64)
        terms = rollout.read("rew_terms", steps, [episode.env_index]).astype(np.float64)
        agents = tuple(range(terms.ndim - 1))
        assert found.key[-2:] == (rollout.env_ids[episode.env_index], episode.index)
        assert found.total_reward == pytest.approx(rew.sum(), abs=1e-4)
        assert list(found.rewards.values()) == pytest.approx(terms.sum(axis=agents).tolist(), abs=1e-9)
        assert (found.outcome, found.success) == (episode.outcome, episode.success)
        assert found.episode_length == episode.num_steps
        assert found.duration_s == pytest.approx(episode.num_steps * rollout.control_dt)
        assert (found.start, found.end) == pytest.approx(np.array([steps.start, steps.stop - 1]) * rollout.control_dt)
    rollout.close()


def test_the_same_walk_in_another_format_has_the_same_records() -> None:
    container, npz = (load_episodes(asset(name)) for name in ("walk.rec", "walk.npz"))
    for one, other in zip(container, npz, strict=True):
        assert (one.outcome, one.first_step, one.last_step) == (other.outcome, other.first_step, other.last_step)
        assert one.total_reward == pytest.approx(other.total_reward, abs=1e-6)
        assert one.rewards == pytest.approx(other.rewards, abs=1e-9)


def test_what_was_not_seen_is_not_known(tmp_path: Path) -> None:
    """The first episode of env 0 began before the recording: of its 30 steps, 3 were seen."""
    with ContainerWriter(tmp_path / "a.rec", sample_info()) as writer:
        append_steps(writer, range(2))
        writer.end_episodes(
            fallen(2, [0, 1], values=terminal_values(2, [0, 1]), lengths=[30, 3], returns=[np.nan, 6.0])
        )
        append_steps(writer, range(2, 5))
    running, whole = (env[0] for env in _by_env(tmp_path / "a.rec")[:2])
    assert (running.episode_length, running.total_reward) == (30, None)
    assert dict(running.rewards) == dict.fromkeys(TERMS)
    assert (whole.episode_length, whole.total_reward) == (3, 6.0)
    assert dict(whole.rewards) == {"speed": 3.0, "energy": 0.0 + 1.0 + 2.0}


def test_between_the_records_of_every_k_nothing_is_summed_up(tmp_path: Path) -> None:
    record(tmp_path / "a.rec", 10, sample_info(every=4))
    for found in load_episodes(tmp_path / "a.rec"):
        assert (found.episode_length, found.total_reward, set(found.rewards.values())) == (None, None, {None})


def test_nan_is_null_and_large_seeds_are_text(tmp_path: Path, capsys: Capture) -> None:
    values = {**still(4, 1), "rew": np.array([[1.0], [np.nan], [1.0], [np.inf]])}
    episodes = {0: [Episode(0, 0, 0, 1, "terminated"), Episode(0, 1, 2, 3, "unfinished")]}
    rollout = memory_rollout(values, episodes=episodes, metadata={"seed": 2**80, "task": ["no text"], "iteration": 7})
    one, other = records_of(rollout)
    assert (one.total_reward, other.total_reward, one.seed, one.task, one.iteration) == (None, None, 2**80, None, 7)
    record(tmp_path / "a.rec", 3, sample_info(seed=2**80))
    assert main(["episodes", str(tmp_path / "a.rec"), "--format", "jsonl"]) == 0
    line = json.loads(capsys.readouterr().out.splitlines()[0])
    assert line["seed"] == str(2**80)
    assert list(line) == list(NAMES)


def test_the_training_is_that_of_the_step_in_which_an_episode_ends(tmp_path: Path) -> None:
    with ContainerWriter(tmp_path / "a.rec", sample_info(metadata={"iteration": 1, "task": "walk"})) as writer:
        append_steps(writer, range(3))
        writer.end_episodes(fallen(3, [0], values=terminal_values(3, [0])))
        append_steps(writer, [3])
        writer.note_training(4, {"iteration": 2, "sigma": 0.5, "rank": "none"})
        writer.note_episode(0, 4, variations={"friction": 0.7}, mine=[1])
        writer.end_episodes(fallen(4, [0, 1], values=terminal_values(4, [0, 1])))
        append_steps(writer, range(4, 6))
    before, after, running = (found for found in load_episodes(tmp_path / "a.rec") if found.env_id == 100)
    assert (before.iteration, before.task, before.more) == (1, "walk", {})
    assert (after.iteration, after.task, after.rank) == (2, "walk", None)
    assert (after.variations, after.more) == ({"friction": 0.7}, {"sigma": 0.5, "mine": [1]})
    assert (running.iteration, running.more) == (2, {"sigma": 0.5})


def test_a_folder_is_listed_and_what_is_broken_in_it_is_told(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "runs").mkdir()
    shutil.copy(asset("walk.rec"), tmp_path / "runs" / "a.rec")
    record(tmp_path / "runs" / "b" / "b.rec", 5)
    (tmp_path / "runs" / "broken.rec").write_bytes(b"nothing")
    assert main(["episodes", str(tmp_path / "runs"), "--format", "jsonl", "--sort", "total_reward"]) == 2
    printed = capsys.readouterr()
    found = [json.loads(line) for line in printed.out.splitlines()]
    totals = [line["total_reward"] for line in found if line["total_reward"] is not None]
    assert len(found) == 22
    assert totals == sorted(totals)
    assert printed.err.startswith(f"error: {tmp_path}/runs/broken.rec: ") and printed.err.count("\n") == 1


def test_csv_has_no_formula_for_a_spreadsheet_and_negative_numbers_stay_numbers(tmp_path: Path) -> None:
    path = tmp_path / "episode_results.jsonl"
    texts = ["=HYPERLINK(1)", "@sum", "+cmd", "-x", "\tx", "-1.5", "plain"]
    lines = [{"env_id": k, "episode_in_env": 0, "total_reward": -k, "policy": text} for k, text in enumerate(texts)]
    path.write_text("".join(json.dumps({**line, "=more": 1}) + "\n" for line in lines))
    rows = list(csv.DictReader(io.StringIO("".join(csv_text(load_episodes(path))))))
    assert [row["policy"] for row in rows] == [*(f"'{text}" for text in texts[:5]), "-1.5", "plain"]
    assert [float(row["total_reward"]) for row in rows] == [-k for k in range(len(texts))]
    assert "'=more" in rows[0]


def test_csv_has_a_column_for_each_term(capsys: Capture) -> None:
    assert main(["episodes", str(asset("push.rec")), "--format", "csv", "--where", "failure or truncated"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    expected = load_episodes(asset("push.rec")).where("not success and not unfinished")
    assert [float(row["rewards.upright"]) for row in rows] == [found.rewards["upright"] for found in expected]
    assert {row["success"] for row in rows} == {"false"}
    assert [row["iteration"] for row in rows] == [""] * len(rows)


def test_the_table_is_for_people(capsys: Capture) -> None:
    assert (
        main(["episodes", str(asset("push.rec")), "--where", "failure", "--sort", "episode_length", "--descending"])
        == 0
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["recording", "env", "episode", "outcome", "success", "steps", "return", "at"]
    assert lines[-3].split()[-1] == "0:271"
    assert "terminated (robot_1 fell)  no" in lines[-3]


def test_a_table_of_nothing_is_empty_and_says_of_how_many(capsys: Capture) -> None:
    for format in ("table", "jsonl"):
        assert main(["episodes", str(asset("push.rec")), "--where", "aborted", "--format", format]) == 0
        printed = capsys.readouterr()
        assert (printed.out, printed.err) == (
            "",
            f"none of {len(load_episodes(asset('push.rec')))} episodes is so: aborted\n",
        )


def test_what_is_wrong_with_one_file_is_one_line(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "a.rec").write_text("x")
    assert main(["episodes", str(tmp_path / "a.rec")]) == 2
    assert capsys.readouterr().err.startswith(f"error: {tmp_path / 'a.rec'}: is a text file")


def test_episodes_are_ordered_with_the_unknown_last() -> None:
    episodes = load_episodes([asset("push.rec"), asset("walk.rec")])
    found = [record.rewards.get("fall") for record in episodes.sorted_by("rewards.fall")]
    assert found[0] == -4.0
    assert found[-18:] == [None] * 18
    assert episodes.sorted_by("env_id", descending=True)[0].env_id == 5
    with pytest.raises(UnknownName, match="value 'rewards' is not in the episodes"):
        episodes.sorted_by("rewards")


def test_a_path_of_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="no recording in it"):
        load_episodes(tmp_path)


def test_pandas_has_the_same_numbers() -> None:
    pandas = pytest.importorskip("pandas")
    table = load_episodes(asset("push.rec")).to_pandas()
    assert isinstance(table, pandas.DataFrame)
    assert table["rewards.fall"].sum() == -4.0


def test_polars_has_the_same_numbers() -> None:
    pytest.importorskip("polars")
    table = load_episodes(asset("push.rec")).to_polars()
    assert table["rewards.fall"].sum() == -4.0


def _by_env(path: Path) -> list[list]:
    found: dict[int, list] = {}
    for entry in load_episodes(path):
        found.setdefault(entry.env_id, []).append(entry)
    return list(found.values())
