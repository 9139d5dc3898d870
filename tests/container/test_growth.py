"""A reader that grows with the recording gives what a reader gives that opens it anew."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest
from container_samples import append_steps, fallen, record, sample_info, terminal_values, write_lost_ends

from replay_viewer.container.extents import folder_extents
from replay_viewer.container.layout import segment_name
from replay_viewer.container.meta import read_meta
from replay_viewer.container.reader import open_container
from replay_viewer.container.writer import ContainerWriter
from replay_viewer.errors import FileProblem
from replay_viewer.formats import lacks_first_step
from replay_viewer.replay.replay import Replay, with_robots
from replay_viewer.rollout.growing_array import GrowingArray
from replay_viewer.rollout.rewards import EpisodeRewardsCache, episode_series
from replay_viewer.rollout.rollout import Rollout
from replay_viewer.viewer.charts.followed_curves import MAX_POINTS, ThinnedCurves

# Seven records of the sample recording and a header.
SEGMENT_BYTES = 9000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.rec"


@pytest.fixture
def writer(path: Path) -> Iterator[ContainerWriter]:
    """A recording with one step, still open."""
    with ContainerWriter(path, sample_info(), segment_bytes=SEGMENT_BYTES) as writer:
        append_steps(writer, [0])
        yield writer


def go_on(writer: ContainerWriter, random: Random) -> None:
    """Some steps, with ends of episodes in them, after them, and facts about them."""
    for _ in range(random.randrange(12)):
        step = writer.num_records
        envs = [env for env in range(4) if random.random() < 0.15]
        if envs and random.random() < 0.7:
            values = terminal_values(step, envs) if random.random() < 0.7 else None
            writer.end_episodes(fallen(step, envs, values=values, reasons=["fell"] * len(envs)))
        append_steps(writer, [step])
        if envs and random.random() < 0.3:
            writer.note_episode(envs[0], step, success=random.random() < 0.5, reason="looked at")
    if random.random() < 0.3:
        writer.end_episodes(fallen(writer.num_records - 1, [random.randrange(4)], outcome="aborted"))


def assert_same(grown: Rollout, fresh: Rollout, random: Random) -> None:
    assert grown.verdicts == fresh.verdicts
    assert_same_content(grown, fresh, random)


def assert_same_content(grown: Rollout, fresh: Rollout, random: Random) -> None:
    assert grown.num_steps == fresh.num_steps
    for env in range(grown.num_envs):
        assert list(grown.episodes(env)) == list(fresh.episodes(env))
    start = random.randrange(grown.num_steps)
    steps, envs = slice(start, grown.num_steps), random.sample(range(4), random.randint(1, 4))
    for name in ("rew", "robot.base_pos"):
        np.testing.assert_array_equal(grown.read(name, steps, envs), fresh.read(name, steps, envs))
        np.testing.assert_array_equal(grown.read_shown(name, steps, envs), fresh.read_shown(name, steps, envs))
    np.testing.assert_array_equal(grown.terminal_lost(steps, envs), fresh.terminal_lost(steps, envs))
    assert grown.episode_ends(steps, envs) == fresh.episode_ends(steps, envs)


@pytest.mark.parametrize("seed", range(8))
def test_a_grown_reader_equals_one_that_opens_the_recording_anew(seed: int, path: Path) -> None:
    random = Random(seed)
    with ContainerWriter(path, sample_info(), segment_bytes=SEGMENT_BYTES) as writer:
        append_steps(writer, [0])
        grown = open_container(path)
        grown.episodes(2)
        for _ in range(30):
            go_on(writer, random)
            grown.grow()
            fresh = open_container(path)
            assert_same(grown, fresh, random)
            fresh.close()
    assert grown.growth is not None
    assert not grown.grow() and grown.growth.closed
    fresh = open_container(path)
    assert_same(grown, fresh, random)
    assert (path / segment_name(3)).exists(), "the recording never went on to further segments"
    fresh.close()
    grown.close()


@pytest.mark.parametrize("seed", range(4))
def test_what_was_computed_before_it_grew_is_extended_to_what_is_computed_anew(seed: int, path: Path) -> None:
    random = Random(seed)
    with ContainerWriter(path, sample_info(), segment_bytes=SEGMENT_BYTES) as writer:
        append_steps(writer, [0])
        grown = with_robots(open_container(path))
        rewards = EpisodeRewardsCache(grown.rollout)
        for _ in range(25):
            go_on(writer, random)
            grown.grow()
            fresh = with_robots(open_container(path))
            _assert_same_frames(grown, fresh, random)
            step, env = random.randrange(grown.rollout.num_steps), random.randrange(4)
            series = rewards.series(env, step)
            expected = episode_series(fresh.rollout, fresh.rollout.episode_at(env, step))
            assert series.steps == expected.steps
            for name in ("terms", "total", "residual", "cumulative"):
                np.testing.assert_array_equal(getattr(series, name), getattr(expected, name))
            fresh.close()
    grown.close()


def _assert_same_frames(grown: Replay, fresh: Replay, random: Random) -> None:
    last = grown.rollout.num_steps - 1
    for position in (0.0, random.uniform(0, last), max(0.0, last - 0.5), float(last)):
        one, other = (replay.frames.frame_at(position, [0, 3]) for replay in (grown, fresh))
        for name in ("robot", "box"):
            np.testing.assert_array_equal(one.entities[name].base_pos, other.entities[name].base_pos)
        np.testing.assert_array_equal(one.terminal_lost, other.terminal_lost)


def test_a_refresh_reads_only_what_is_new(writer: ContainerWriter, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append_steps(writer, range(1, 500))
    rollout = open_container(path)
    append_steps(writer, range(500, 505))
    read = []
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, size, offset: read.append(size) or pread(fd, size, offset))
    assert rollout.grow() and rollout.num_steps == 505
    assert read == []
    rollout.close()


@pytest.mark.parametrize("seed", range(6))
def test_files_that_arrive_in_pieces_are_taken_in_whole_records_and_lines(seed: int, tmp_path: Path) -> None:
    """As a network file system may show them: cut anywhere, the table of ends ahead of the records."""
    random = Random(seed)
    whole, path = tmp_path / "whole.rec", tmp_path / "run.rec"
    with ContainerWriter(whole, sample_info(), segment_bytes=SEGMENT_BYTES) as writer:
        append_steps(writer, [0])
        for _ in range(5):
            go_on(writer, random)
    _make_young_copy(whole, path)
    grown = open_container(path)
    contents = [(name, (whole / name).read_bytes()) for name in ("terminals.npy", "episodes.jsonl", *_segments(whole))]
    for name, content in [*contents, ("log.jsonl", (whole / "log.jsonl").read_bytes())]:
        have = (path / name).stat().st_size if (path / name).exists() else 0
        while have < len(content):
            count = random.randrange(1, 700)
            with open(path / name, "ab") as file:
                file.write(content[have : have + count])
            have += count
            grown.grow()
            _assert_same_but_verdicts(grown, path)
    fresh = open_container(whole)
    assert_same(grown, fresh, random)
    fresh.close()
    grown.close()


def _segments(path: Path) -> list[str]:
    return sorted(file.name for file in path.glob("frames-*"))


def _make_young_copy(whole: Path, path: Path) -> None:
    """The recording as it was after its first step."""
    path.mkdir()
    shutil.copy(whole / "meta.json", path)
    (path / "log.jsonl").touch()
    frames = json.loads((whole / "meta.json").read_text())["frames"]
    head = (whole / segment_name(0)).read_bytes()[: frames["header_bytes"] + frames["record_bytes"]]
    (path / segment_name(0)).write_bytes(head)
    (path / "terminals.npy").touch()


def _assert_same_but_verdicts(grown: Rollout, path: Path) -> None:
    fresh = open_container(path)
    assert grown.num_steps == fresh.num_steps
    for env in range(4):
        assert list(grown.episodes(env)) == list(fresh.episodes(env))
    fresh.close()


def test_an_end_that_its_writer_takes_back_is_forgotten(path: Path) -> None:
    """An interrupt may come between the table's row and the step; then both are written anew."""
    rollout = open_container(record(path, 3))
    table = (path / "terminals.npy").read_bytes()
    write_lost_ends(path, 3, [1])
    assert not rollout.grow()
    (path / "terminals.npy").write_bytes(table)
    write_lost_ends(path, 3, [2])
    layout = read_meta(folder_extents(path), path).layout
    with open(path / segment_name(0), "ab") as file:
        file.write((path / segment_name(0)).read_bytes()[-layout.record_bytes :])
    assert rollout.grow()
    outcomes = [[episode.outcome for episode in rollout.episodes(env)] for env in (1, 2)]
    assert outcomes == [["unfinished"], ["terminated"]]
    rollout.close()


def test_a_recording_that_was_deleted_is_said_and_stays_readable_whole(writer: ContainerWriter, path: Path) -> None:
    rollout, random = open_container(path), Random(5)
    while writer.num_records < 40:
        go_on(writer, random)
    assert rollout.grow()  # And nothing is read of it before it is gone.
    kept = open_container(shutil.copytree(path, path.with_name("kept.rec")))
    shutil.rmtree(path)
    with pytest.raises(FileProblem, match="was deleted or moved while it was followed"):
        rollout.grow()
    for _ in range(5):
        assert_same_content(rollout, kept, random)
    rollout.close()
    kept.close()


def test_nothing_is_read_of_the_recording_that_replaces_it(writer: ContainerWriter, path: Path) -> None:
    append_steps(writer, range(1, 30))
    rollout = open_container(path)
    assert rollout.read("rew", slice(0, 1))[0].tolist() == [0, 1, 2, 3]
    path.rename(path.with_name("old.rec"))
    with ContainerWriter(path, sample_info(), segment_bytes=SEGMENT_BYTES) as other:
        append_steps(other, range(100, 130))
        with pytest.raises(FileProblem, match="was replaced by another recording"):
            rollout.grow()
        assert rollout.read("rew", slice(0, 1))[0].tolist() == [0, 1, 2, 3]
        with pytest.raises(FileProblem, match="is gone"):
            rollout.read("rew", slice(29, 30))
    rollout.close()


def test_a_recording_that_gets_shorter_is_said(writer: ContainerWriter, path: Path) -> None:
    append_steps(writer, range(1, 5))
    rollout = open_container(path)
    os.truncate(path / segment_name(0), 5000)
    with pytest.raises(FileProblem, match="was cut or damaged while it was followed"):
        rollout.grow()
    rollout.close()


def test_a_last_segment_without_a_step_may_come_and_go(path: Path) -> None:
    """A writer that dies in it leaves it so, and `repair` removes it."""
    many = record(path.with_name("many.rec"), 30, segment_bytes=SEGMENT_BYTES)
    per_segment = len(np.load(many / segment_name(0)))
    rollout = open_container(record(path, per_segment, segment_bytes=SEGMENT_BYTES))
    (path / segment_name(1)).write_bytes(b"NUM")
    assert not rollout.grow()
    (path / segment_name(1)).unlink()
    assert not rollout.grow()
    assert rollout.num_steps == per_segment
    rollout.close()


def test_whether_it_is_still_written_is_a_verdict(path: Path) -> None:
    with ContainerWriter(path, sample_info()) as writer:
        append_steps(writer, range(3))
        rollout = open_container(path)
        assert _end(rollout) == ["it is still being written"]
    rollout.grow()
    assert _end(rollout) == []
    rollout.close()


def _end(rollout: Rollout) -> list[str]:
    return [verdict.finding for verdict in rollout.verdicts if verdict.topic == "end"]


def test_what_a_recording_lacks_before_its_first_step(path: Path) -> None:
    assert lacks_first_step(path) == "it does not exist yet"
    with ContainerWriter(path, sample_info()) as writer:
        assert lacks_first_step(path) == "no step has been recorded yet"
        append_steps(writer, [0])
        assert lacks_first_step(path) == ""


def test_a_recording_whose_writer_went_without_a_step_is_not_waited_for(path: Path) -> None:
    ContainerWriter(path, sample_info()).close()
    log = path / "log.jsonl"
    assert lacks_first_step(path) == "no step has been recorded yet"  # It may not have locked its log yet.
    os.utime(log, (0, 0))
    with pytest.raises(FileProblem, match="holds no whole step"):
        lacks_first_step(path)


def test_a_file_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "run.rec").write_bytes(b"PK")
    with pytest.raises(FileProblem, match="only a recording's folder grows"):
        lacks_first_step(tmp_path / "run.rec")


def test_rows_that_were_given_out_stay_as_they_are() -> None:
    array = GrowingArray(np.arange(3))
    seen = []
    for count in (1, 5, 2, 40):
        array.extend(np.full(count, count))
        seen.append((array.rows, array.rows.copy()))
    for given, was in seen:
        np.testing.assert_array_equal(given, was)
    assert len(array) == 51


def test_thinned_curves_are_the_same_however_they_arrive() -> None:
    random = np.random.default_rng(3)
    values = random.normal(size=(20_000, 3))
    values[random.random(values.shape) < 0.02] = np.nan
    at_once, in_pieces = ThinnedCurves(7, 3), ThinnedCurves(7, 3)
    at_once.extend(values)
    cuts = [0, *sorted(random.integers(0, len(values), 200).tolist()), len(values)]
    for start, stop in pairwise(cuts):
        in_pieces.extend(values[start:stop])
        assert len(in_pieces.points) <= MAX_POINTS
    np.testing.assert_array_equal(in_pieces.points, at_once.points)
    np.testing.assert_array_equal(in_pieces.steps, at_once.steps)
    assert np.nanmax(np.abs(at_once.points)) == np.nanmax(np.abs(values))
    expected = ThinnedCurves(7, 3, len(values))
    expected.extend(values)
    np.testing.assert_array_equal(expected.points, at_once.points)
    np.testing.assert_array_equal(expected.steps, at_once.steps)


def test_a_recording_without_rewards_has_no_curves() -> None:
    curves = ThinnedCurves(0, 0)
    curves.extend(np.zeros((5000, 0)))
    assert curves.num_steps == 5000 and curves.points.shape[1] == 0
