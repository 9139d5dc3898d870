"""Upload to the real wandb, offline, and to files that TensorBoard's own reader reads; callbacks of real libraries."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from film_samples import add_lines, film_record, write_film
from mjlab_envs import make
from needs_simulator import simulator

from replay_viewer import log_videos
from replay_viewer.record.training_state import process_state

_TAG = "films/robot-cam"
_CARTPOLE = "Mjlab-Cartpole-Balance"
wandb = simulator("wandb")
accumulators = simulator("tensorboard.backend.event_processing.event_accumulator")


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    for number in range(3):
        add_film(folder, number)
    return folder


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("WANDB_SILENT", "true")
    begun = wandb.init(project="films", mode="offline", dir=str(tmp_path))
    yield begun
    wandb.finish()


def add_film(folder: Path, number: int) -> Path:
    path = write_film(folder / f"film{number}.mp4", 10 + number, comment=f"c{number}")
    ended = f"2026-05-04T12:0{number}:00Z"
    facts = {"global_step": 1000 * (number + 1), "total_reward": 1.5}
    add_lines(folder / "clips-h-1-aa.clips.jsonl", film_record(f"c{number}", path.name, ended=ended, facts=facts))
    return path


def records_of(path: Path) -> Iterator[bytes]:
    """The records of the file that an offline run is written to: 32 KiB blocks as LevelDB has them, behind 7 bytes."""
    data, at, parts = path.read_bytes(), 7, []
    while at + 7 <= len(data):
        if 32768 - at % 32768 < 7:
            at += 32768 - at % 32768
            continue
        size, kind = struct.unpack_from("<HB", data, at + 4)
        parts.append(data[at + 7 : at + 7 + size])
        at += 7 + size
        if kind in (1, 4):  # The whole of it, or its last part.
            yield b"".join(parts)
            parts = []


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """The rows of an offline run's history."""
    record = simulator("wandb.proto.wandb_internal_pb2").Record()
    rows = []
    (path,) = folder.rglob("*.wandb")
    for data in records_of(path):
        record.ParseFromString(data)
        if record.WhichOneof("record_type") == "history":
            items = record.history.item
            rows.append({item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items})
    return rows


def logged_films(rows: list[dict[str, Any]]) -> dict[str, str]:
    """By the path of a film's file in wandb's folder, its caption; of a row with one film or several."""
    found: dict[str, str] = {}
    for row in rows:
        for video in row.get(f"{_TAG}/videos", [{name: row.get(f"{_TAG}/{name}") for name in ("path", "caption")}]):
            if video["path"] is not None:
                assert found.setdefault(video["path"], video["caption"]) == video["caption"]
    return found


def test_films_are_in_an_offline_run_beside_a_training_of_which_no_row_is_dropped(
    videos: Path, run: Any, tmp_path: Path
) -> None:
    with log_videos(videos, run) as uploader:
        for step in range(40):
            run.log({"loss": 1.0 / (step + 1)}, step=step)
            if uploader.num_uploaded >= 3:
                break
            uploader.wake()
            uploader._thread.join(0.05)
        add_film(videos, 3)
    wandb.finish()
    wandb.teardown()  # Its own process writes late.
    media = sorted(path.read_bytes() for path in tmp_path.rglob("files/media/videos/films/*.mp4"))
    assert media == sorted(path.read_bytes() for path in videos.glob("*.mp4")) and len(media) == 4
    rows = rows_of(tmp_path)
    assert [row["loss"] for row in rows if "loss" in row] == [1.0 / (at + 1) for at in range(step + 1)]
    films = logged_films(rows)
    assert len(films) == 4
    assert sum("global_step 4000, total_reward 1.5, env 0, episode 0" in caption for caption in films.values()) == 1
    assert max(row["films/step"] for row in rows if "films/step" in row) == 4000


def test_the_command_logs_each_film_once_to_an_offline_run_across_restarts(videos: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "WANDB_MODE": "offline", "WANDB_DIR": str(tmp_path / "w"), "WANDB_SILENT": "true"}
    (tmp_path / "w").mkdir()
    command = [sys.executable, "-m", "replay_viewer", "upload", str(videos), "--wandb", "go2"]
    for expected in ("3 films uploaded", "0 films uploaded"):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)
        assert (done.returncode, done.stdout.splitlines()[-1]) == (0, expected), done.stderr
    assert len(list((tmp_path / "w").rglob("files/media/videos/films/*.mp4"))) == 3


def read_log(folder: Path) -> Any:
    accumulator = accumulators.EventAccumulator(str(folder), size_guidance={"images": 0, "tensors": 0})
    return accumulator.Reload()


def test_tensorboard_has_an_animated_picture_and_the_path_of_each_film(videos: Path, tmp_path: Path) -> None:
    add_lines(videos / "clips-h-1-aa.clips.jsonl", film_record("odd", "odd.mp4"))
    (videos / "odd.mp4").write_bytes(b"no film")
    uploader = log_videos(videos, tmp_path / "logs", copy_to=tmp_path / "copies", watch=False)
    assert not uploader.close() and "odd.mp4" in uploader.problems[0]
    log = read_log(tmp_path / "logs" / "films")
    images = log.Images(_TAG)
    # Newest first, as they were uploaded; the reader sorts by nothing.
    assert [event.step for event in images] == [3000, 2000, 1000]
    gif = images[0].encoded_image_string
    assert (
        gif.startswith(b"GIF89a")
        and (images[0].width, images[0].height) == (160, 96)
        and gif.count(b"\x21\xf9\x04") > 2
    )
    texts = [event.tensor_proto.string_val[0].decode() for event in log.Tensors(f"{_TAG}/file")]
    assert "total_reward 1.5" in texts[0] and f"`{tmp_path / 'copies' / 'films' / 'film2.mp4'}`" in texts[0]
    for path in videos.glob("film*.mp4"):
        assert (tmp_path / "copies" / "films" / path.name).read_bytes() == path.read_bytes()


def test_stable_baselines_uploads_while_it_learns_and_films_have_its_step(videos: Path, tmp_path: Path) -> None:
    stable_baselines3 = simulator("stable_baselines3")
    from replay_viewer.upload.stable_baselines3 import UploadCallback

    model = stable_baselines3.PPO("MlpPolicy", "CartPole-v1", n_steps=64, tensorboard_log=str(tmp_path / "logs"))
    model.learn(128, callback=UploadCallback(videos))
    assert process_state().facts()["global_step"] == 64  # Of the last rollout, which began there.
    (films,) = (tmp_path / "logs").glob("*/films")
    assert [event.step for event in read_log(films).Images(_TAG)] == [3000, 2000, 1000]
    # The curves of the run are in a file that TensorBoard goes on reading.
    assert read_log(films.parent).Tags()["scalars"]


def test_a_runner_of_rsl_rl_uploads_while_it_learns_and_nothing_that_is_still_written(
    videos: Path, tmp_path: Path, run: Any
) -> None:
    registry, rl = simulator("mjlab.tasks.registry"), simulator("mjlab.rl")
    from dataclasses import asdict

    from replay_viewer.upload.rsl_rl import upload_films

    partial = write_film(videos / ".cam.1-aa.partial.mp4", 5)
    env = make(_CARTPOLE)
    settings = {**asdict(registry.load_rl_cfg(_CARTPOLE)), "logger": "tensorboard", "upload_model": False}
    settings["num_steps_per_env"] = 8
    runner = rl.MjlabOnPolicyRunner(rl.RslRlVecEnvWrapper(env), settings, str(videos.parent / "log"))
    upload_films(runner, videos)
    runner.learn(3)
    facts = process_state().facts()
    assert (facts["iteration"], facts["checkpoint"]) == (3, "model_2.pt") and facts["global_step"] > 0
    media = list(tmp_path.rglob("files/media/videos/**/*.mp4"))
    assert len(media) == 3 and partial.read_bytes() not in [path.read_bytes() for path in media]


def test_rllib_uploads_while_it_trains(videos: Path, tmp_path: Path) -> None:
    # Its pins of other libraries fit few environments: installed without them, it is tested by hand.
    ray = pytest.importorskip("ray")
    from ray.rllib.algorithms.ppo import PPOConfig  # pyright: ignore[reportMissingImports]

    from replay_viewer.upload.rllib import upload_callbacks

    config = PPOConfig().environment("CartPole-v1").env_runners(num_env_runners=0)
    config = config.training(train_batch_size_per_learner=64, minibatch_size=32, num_epochs=1)
    algorithm = config.callbacks(upload_callbacks(videos, tmp_path / "logs")).build_algo()
    algorithm.train()
    assert process_state().facts()["iteration"] == 1
    algorithm.stop()
    ray.shutdown()
    assert [event.step for event in read_log(tmp_path / "logs" / "films").Images(_TAG)] == [
        3000,
        2000,
        1000,
    ]
