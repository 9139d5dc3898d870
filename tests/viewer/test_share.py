"""Shared replays as files: what is in them, what becomes of one that is interrupted, and what cannot be shared."""

from __future__ import annotations

import json
import os
import re
import zlib
from base64 import b64decode
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from memory_rollout import memory_rollout, still

from replay_viewer import share_replay
from replay_viewer.cli import main
from replay_viewer.errors import BadArgument, FileProblem, ReplayError
from replay_viewer.paths import asset
from replay_viewer.replay.replay import Replay, open_replay, with_robots
from replay_viewer.rollout.rewards import episode_series
from replay_viewer.rollout.rollout import Terrain
from replay_viewer.viewer.share.still import terrain_around


@pytest.fixture(scope="module")
def demo() -> Replay:
    return open_replay(asset("walk.rec"))


@pytest.fixture(scope="module")
def shared(demo: Replay, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of a file of two episodes of the demo."""
    out = tmp_path_factory.mktemp("shared") / "walk.html"
    return share_replay(demo, out, env=2, episodes="1,0", title="</script><b>walk").read_text(encoding="utf-8")


def facts_in(text: str) -> dict[str, Any]:
    found = re.search(r'<script id="rv-shared" type="application/json">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found.group(1))


def numbers_in(clip: dict[str, Any], facts: dict[str, Any]) -> dict[str, np.ndarray]:
    """Of a clip of one robot: aims, rewards, and positions [m] and quaternions of its nodes at each frame."""
    content, at = zlib.decompress(b64decode(clip["data"])), 0
    count, num_nodes = clip["frames"], len(facts["entities"][0])

    def take(kind: str, *shape: int) -> np.ndarray:
        nonlocal at
        array = np.frombuffer(content, kind, count * int(np.prod(shape)), at).reshape(count, *shape)
        at += array.nbytes
        return array

    found = {"aims": take("<f4", 4), "rewards": take("<f4", len(facts["rows"]))}
    base = take("<f4", 3)
    offsets = np.cumsum(take("<i2", num_nodes, 3), axis=0, dtype=np.int16)
    found["positions"] = base[:, None] + offsets * clip["scales"][0]
    found["wxyz"] = np.cumsum(take("<i2", num_nodes, 4), axis=0, dtype=np.int16) / 32767
    found["stand_ins"] = take("u1")
    assert at == len(content)
    return found


def test_a_file_has_every_pose_and_every_reward_of_its_episodes(demo: Replay, shared: str) -> None:
    facts = facts_in(shared)
    assert [(clip["env"], clip["episode"]) for clip in facts["clips"]] == [(2, 1), (2, 0)]
    for clip in facts["clips"]:
        episode = demo.rollout.episodes(2)[clip["episode"]]
        found = numbers_in(clip, facts)
        assert (clip["first"], clip["count"], clip["frames"]) == (
            episode.first_step,
            episode.num_steps,
            episode.num_steps,
        )
        robot = demo.robots["robot"]
        names = [name.rpartition("/")[2] for name in facts["entities"][0]]
        links = [robot.link_names.index(name) for name in names]
        for frame, step in enumerate(range(episode.first_step, episode.last_step + 1)):
            poses = demo.frames.frame_at(step, [2]).entities["robot"]
            assert found["positions"][frame] == pytest.approx(poses.link_positions[0][links], abs=1e-4)
            dots = np.abs((found["wxyz"][frame] * poses.link_wxyz[0][links]).sum(axis=-1))
            assert dots == pytest.approx(np.ones(len(links)), abs=1e-4)
        series = episode_series(demo.rollout, episode)
        num_terms = len(series.names)
        assert [row["name"] for row in facts["rows"]][:num_terms] == list(series.names)
        assert found["rewards"][:, :num_terms] == pytest.approx(series.terms, nan_ok=True)
        assert found["rewards"][:, -1] == pytest.approx(series.cumulative, rel=1e-6)


def write_npz(path: Path, num_steps: int, dt: float, **more: np.ndarray) -> Path:
    """A body that moves along x, 1 cm a step."""
    base = np.zeros((num_steps, 1, 3))
    base[:, 0, 0] = 0.01 * np.arange(num_steps)
    pose = {"base_pos": base, "base_quat": np.tile([0, 0, 0, 1.0], (num_steps, 1, 1)), **more}
    arrays: dict[str, Any] = {**pose, "dt": dt}
    np.savez(path, **arrays)
    return path


def test_of_many_steps_in_a_second_as_many_are_kept_as_displays_show(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "fast.npz", 2000, 0.001, rew=np.arange(2000.0)[:, None])
    facts = facts_in(share_replay(path, tmp_path / "fast.html").read_text(encoding="utf-8"))
    (clip,) = facts["clips"]
    found = numbers_in(clip, facts)
    steps = [*range(0, 1999, 16), 1999]
    assert (clip["count"], clip["stride"], clip["frames"]) == (2000, 16, len(steps))
    assert found["positions"][:, 0, 0] == pytest.approx(0.01 * np.array(steps), abs=1e-4)
    assert found["rewards"][:, 0].tolist() == steps


def test_numbers_that_are_none_are_shared_as_what_they_are(tmp_path: Path) -> None:
    values = {**still(40, 1), "rew": np.ones((40, 1))}
    values["robot.base_pos"][10:20] = np.nan
    values["rew"][[5, 6, 7], 0] = np.nan, np.inf, 1e300
    replay = with_robots(memory_rollout(values), None)
    facts = facts_in(share_replay(replay, tmp_path / "odd.html").read_text(encoding="utf-8"))
    found = numbers_in(facts["clips"][0], facts)
    assert np.isfinite(found["positions"]).all()
    assert [facts["standIns"][code] != "" for code in found["stand_ins"]] == [10 <= step < 20 for step in range(40)]
    assert found["rewards"][4:9, 0].tolist() == pytest.approx([1, np.nan, np.inf, np.inf, 1], nan_ok=True)


def test_names_end_no_script(shared: str) -> None:
    assert "</script><b>" not in shared
    assert facts_in(shared)["title"] == "</script><b>walk"


def test_a_file_is_sent_easily(shared: str) -> None:
    assert len(shared) < 2e6


def test_an_interrupted_file_is_not_there(demo: Replay, tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        share_replay(demo, tmp_path / "a.html", episodes="0", progress=interrupt)
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_leaves_the_old_one(demo: Replay, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "a.html").write_text("old")

    def fail(*names: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        share_replay(demo, tmp_path / "a.html", episodes="0", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]
    assert (tmp_path / "a.html").read_text() == "old"


@pytest.mark.parametrize(
    ("out", "options", "error", "message"),
    [
        ("a.mp4", {}, BadArgument, r"--out .*a\.mp4: expected a file that ends in \.html"),
        ("none/a.html", {}, FileProblem, "there is no folder"),
        ("old.html", {}, FileProblem, r"exists already\. Give --overwrite"),
        ("a.html", {"episodes": "worst:x"}, BadArgument, "expected worst:N"),
        ("a.html", {"episodes": "99"}, BadArgument, "there are episodes 0 to"),
        ("a.html", {"where": "fell"}, ReplayError, "no episode here has 'fell'"),
    ],
)
def test_what_cannot_be_shared_is_told(
    demo: Replay, tmp_path: Path, out: str, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    (tmp_path / "old.html").write_text("old")
    with pytest.raises(error, match=message):
        share_replay(demo, tmp_path / out, **options)
    assert [path.name for path in tmp_path.iterdir()] == ["old.html"]


def test_too_much_for_a_file_is_told_before_anything_is_done(demo: Replay, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("replay_viewer.viewer.share.share_replay._MOST_FRAMES", 100)
    with pytest.raises(BadArgument, match=r"--episodes 0: these 1 have 231 frames, and a file holds 100: choose fewer"):
        share_replay(demo, tmp_path / "a.html", episodes="0")


def test_the_command_makes_the_file_and_says_how_large_it_is(tmp_path: Path, capsys) -> None:
    out = tmp_path / "worst.html"
    assert (
        main(["share", str(asset("walk.rec")), "--out", str(out), "--episodes", "worst:1", "--where", "terminated"])
        == 0
    )
    assert capsys.readouterr().out == f"{out}: {out.stat().st_size / 1e6:.1f} MB\n"
    assert [clip["kind"] for clip in facts_in(out.read_text(encoding="utf-8"))["clips"]] == ["terminated"]


def test_of_a_terrain_what_is_near_is_kept() -> None:
    x, y = np.meshgrid(np.arange(101.0), np.arange(101.0), indexing="ij")
    vertices = np.stack([x, y, np.sin(x)], axis=-1).reshape(-1, 3)
    corner = (np.arange(100)[:, None] * 101 + np.arange(100)).ravel()
    triangles = np.concatenate([corner[:, None] + [0, 101, 1], corner[:, None] + [101, 102, 1]])
    large = np.array([[0, 100, 10200]])
    cut = terrain_around(Terrain(vertices, np.concatenate([triangles, large])), np.array([[50.5, 50.5], [52, 49]]), 5.0)
    places = cut.vertices[cut.triangles]
    assert (places[-1, :, :2] == vertices[large[0], :2]).all()
    near = places[:-1, :, :2]
    assert near.min() >= 35 and near.max() <= 65
    whole = vertices[triangles]
    around = (np.abs(whole[..., :2] - 50.5) < 4).all(axis=(1, 2))
    kept = {triangle.tobytes() for triangle in places}
    assert all(triangle.tobytes() in kept for triangle in whole[around])
