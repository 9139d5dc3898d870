"""Films of episodes: which there are, what is in them, how they are called; each frame tells what it is of."""

from __future__ import annotations

import gc
import itertools
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from camera_envs import CameraVector, burnt
from clip_files import burnt_frames, path_of, records_below
from video_files import needs_encoder, probe_video, read_frames

from replay_viewer import CameraObsVideoRecorder, Trigger, VideoRecordingCfg, set_training_state, wrap_env_for_video
from replay_viewer.errors import BadArgument, ReplayError
from replay_viewer.record.clips.completing import name_of


@pytest.fixture(autouse=True)
def encoder() -> None:
    needs_encoder()


def filmed(env: Any, folder: Path, count: int, **cfg: Any) -> list:
    """The films of so many steps, oldest first."""
    cfg.setdefault("record_camera_video", "record_viewport_video" not in cfg)
    budget = {name: cfg.pop(name) for name in ("num_steps", "num_episodes") if name in cfg}
    env = wrap_env_for_video(env, VideoRecordingCfg(video_base_dir=folder, strict=True, **cfg), **budget)
    env.reset()
    for _ in range(count):
        env.step(None)
    env.close()
    return records_below(folder)


def scene(env: Any, folder: Path, count: int, **cfg: Any) -> list:
    return filmed(env, folder, count, record_viewport_video=True, render_mode="rgb_array", **cfg)


def episodes_of(records: list) -> list:
    return sorted((record.key["env_id"], record.key["episode_in_env"]) for record in records)


def test_a_film_of_the_scene_has_so_many_consecutive_episodes(tmp_path: Path) -> None:
    (record,) = scene(CameraVector(1, 4), tmp_path, 20, num_episodes=3)
    # What is drawn after the step that ends an episode is the next one already.
    assert burnt_frames(record) == [(0, episode, step) for episode in range(3) for step in range(4)]
    assert record.episodes == 3 and not record.partial and record.kind == "viewport"


def test_split_makes_a_film_of_each(tmp_path: Path) -> None:
    records = scene(CameraVector(1, 4), tmp_path, 20, num_episodes=3, split=True)
    assert [burnt_frames(record) for record in records] == [[(0, n, step) for step in range(4)] for n in range(3)]


def test_a_film_of_the_scene_has_so_many_steps(tmp_path: Path) -> None:
    (record,) = scene(CameraVector(1, 4), tmp_path, 20, num_steps=6)
    assert len(burnt_frames(record)) == 7  # With what the reset gave.
    assert record.partial and "-partial.mp4" in record.file


@pytest.mark.parametrize("budget", [{}, {"num_steps": 3, "num_episodes": 3}])
def test_none_or_both_budgets_are_an_error_that_says_what_to_give(tmp_path: Path, budget: dict) -> None:
    with pytest.raises(BadArgument, match=r"[Gg]ive (one of them|num_steps or num_episodes)"):
        scene(CameraVector(), tmp_path, 1, **budget)
    assert not list(tmp_path.iterdir())


def test_a_trigger_says_which_episodes_are_filmed(tmp_path: Path) -> None:
    records = filmed(CameraVector(2, 3), tmp_path, 24, when=Trigger(every_episodes=3))
    assert {key for key in episodes_of(records)} == {(0, 0), (0, 3), (0, 6), (1, 0), (1, 3), (1, 6)}


def test_every_so_many_steps_a_film_begins_in_the_middle_of_an_episode(tmp_path: Path) -> None:
    records = scene(CameraVector(1, 100), tmp_path, 20, when=Trigger(every_steps=8, step_offset=3), num_steps=4)
    assert [[step for _, _, step in burnt_frames(record)] for record in records] == [[6, 7, 8, 9], [14, 15, 16, 17]]


def test_a_stride_leaves_frames_out_at_the_speed_of_life(tmp_path: Path) -> None:
    records = filmed(CameraVector(1, 9), tmp_path, 9, when=Trigger(every_episodes=2, frame_stride=3))
    head = next(record for record in records if record.camera == "head")
    assert burnt_frames(head) == [(0, 0, 0), (0, 0, 3), (0, 0, 6)]
    assert (head.fps, head.stride, head.first_step, head.last_step) == (pytest.approx(10 / 3, rel=1e-4), 3, -1, 5)
    assert head.first_step + (head.frames - 1) * head.stride == head.last_step


def test_only_evaluations_are_filmed(tmp_path: Path) -> None:
    env = wrap_env_for_video(
        CameraVector(1, 4),
        VideoRecordingCfg(
            record_camera_video=True, video_base_dir=tmp_path, when=Trigger(evaluation_only=True), strict=True
        ),
    )
    for evaluation in (False, True, False):
        set_training_state(evaluation=evaluation)
        env.reset()
        for _ in range(3):
            env.step(None)
    env.close()
    assert {record.key["episode_in_env"] for record in records_below(tmp_path)} == {1}


def test_equal_names_are_numbered(tmp_path: Path) -> None:
    records = filmed(CameraVector(1, 3), tmp_path, 9, name="film.mp4")
    names = sorted(record.file for record in records if record.frames)
    assert names[:3] == ["film-2.mp4", "film-3.mp4", "film-4.mp4"] and "film.mp4" in names
    assert len({path_of(record) for record in records}) == len(records)


def test_a_name_may_have_any_key_of_the_training_state(tmp_path: Path) -> None:
    set_training_state(iteration=12, curriculum=0.25, policy="a/b")
    records = filmed(
        CameraVector(1, 3), tmp_path, 3, name="{policy}_{curriculum:.1f}_{unknown}_{iteration:04d}_{camera}"
    )
    # The braces of a camera's name are no field.
    assert {record.file for record in records if not record.partial} == {
        "a_b_0.2_0012_robot-cam-head.mp4",
        "a_b_0.2_0012_robot-cam-arm-wrist.mp4",
    }


def test_a_name_that_facts_do_not_fit_loses_no_film(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    set_training_state(policy="walker")
    records = filmed(CameraVector(1, 3), tmp_path, 3, name="{policy:06d}")
    assert records and all(path_of(record).exists() for record in records if record.frames)
    assert "Films are called as they usually are" in caplog.text


def test_a_fact_that_is_no_number_where_names_have_one_loses_no_film(tmp_path: Path) -> None:
    set_training_state(success_rate="95%")
    records = filmed(CameraVector(1, 3), tmp_path, 3)
    assert all(record.complete and "95%-ep" in str(record.file) for record in records if not record.partial)


@pytest.mark.parametrize("name", ["../{env}", "a/../../{env}", None, 5])
def test_films_are_called_to_lie_below_the_folder_of_their_run(name: Any) -> None:
    with pytest.raises(BadArgument, match="below the folder of the run"):
        VideoRecordingCfg(record_camera_video=True, name=name)


def test_a_manifests_own_template_leads_nowhere_else(tmp_path: Path) -> None:
    record = filmed(CameraVector(1, 3), tmp_path, 3)[0]
    assert name_of(replace(record, partial=False, more={"name": "../../{env}"})) == "0.mp4"


@pytest.mark.parametrize(
    "options",
    [
        {"camera": "sideways"},
        {"overlay": "rainbow"},
        {"overlay": "errors"},
        {"name": "{a.b}.mp4"},
        {"name": "{episode"},
    ],
)
def test_what_would_fail_when_films_are_drawn_is_said_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(ReplayError, match=next(iter(options.values())).strip("{")):
        VideoRecordingCfg(record_viewport_video=True, **options)


def test_the_newest_films_of_each_camera_are_kept(tmp_path: Path) -> None:
    records = filmed(CameraVector(2, 3), tmp_path, 11, keep_last_n_clips=2)
    left = [record for record in records if record.file is not None]
    assert {(record.camera, *record.episode_key[-2:]) for record in left} == {
        (camera, *key) for camera in ("head", "arm-wrist") for key in ((0, 2), (0, 3), (1, 1), (1, 2))
    }
    assert sorted(path_of(record) for record in left) == sorted(tmp_path.rglob("*.mp4"))
    assert all("keep_last_n_clips" in record.note for record in records if record.file is None)


def test_the_oldest_films_go_where_all_take_too_many_bytes(tmp_path: Path) -> None:
    one = filmed(CameraVector(1, 3), tmp_path / "one", 3)[0]
    size = path_of(one).stat().st_size
    filmed(CameraVector(1, 3), tmp_path / "many", 30, max_bytes=5 * size)
    found = list((tmp_path / "many").rglob("*.mp4"))
    assert found and sum(path.stat().st_size for path in found) <= 5 * size


def test_identical_frames_are_explained(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    records = scene(CameraVector(1, 5), tmp_path, 5, num_episodes=1, frames=lambda: np.zeros((32, 64, 3), np.uint8))
    assert "identical frames: all 5 are the same picture, all black" in records[0].note
    assert "record its states instead" in caplog.text
    assert probe_video(path_of(records[0])).num_frames == 5


def test_pictures_of_a_function_take_the_place_of_render(tmp_path: Path) -> None:
    env = CameraVector(1, 4)
    (record,) = filmed(
        env, tmp_path, 8, record_viewport_video=True, num_episodes=1, frames=lambda env: burnt(3, 0, env.steps[0])
    )
    assert burnt_frames(record) == [(3, 0, step) for step in range(4)]


def test_pictures_that_come_when_the_episode_is_over_are_those_of_that_episode(tmp_path: Path) -> None:
    env: Any = CameraVector(1, 4)
    pictures: list = []
    complete: list = []
    original = env._reset

    def reset(envs: np.ndarray) -> None:
        nonlocal complete
        if envs[0] and pictures:
            complete = list(pictures)
            pictures.clear()
        original(envs)

    def step(action: Any) -> Any:
        pictures.append(burnt(0, int(env.episodes[0]), int(env.steps[0])))
        return CameraVector.step(env, action)

    env._reset, env.step = reset, step
    records = filmed(
        env,
        tmp_path,
        8,
        record_viewport_video=True,
        num_episodes=2,
        split=True,
        frames=lambda: list(complete),
    )
    found = [burnt_frames(record) for record in records if record.frames]
    assert found == [[(0, episode, step) for step in range(4)] for episode in range(2)]


def test_what_a_function_gives_wrongly_ends_the_film_and_not_the_training(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    env = CameraVector(1, 4)
    cfg = VideoRecordingCfg(record_viewport_video=True, video_base_dir=tmp_path, frames=lambda: "no picture")
    wrap_env_for_video(env, cfg, num_episodes=1)
    env.reset()
    env.step(None)
    assert "The simulation goes on" in caplog.text and env.steps[0] == 1


def test_one_picture_that_is_none_costs_the_rest_of_its_film_and_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    env, pictures = CameraVector(1, 4, final_obs=True), itertools.count()
    odd = {2: None, 11: np.zeros((20, 20, 3), np.uint8)}  # None at all, and one of another size.
    draw = env.render
    cfg = VideoRecordingCfg(
        record_viewport_video=True,
        video_base_dir=tmp_path,
        when=Trigger(every_episodes=1),
        frames=lambda: odd.get(next(pictures), draw()),
    )
    wrap_env_for_video(env, cfg)
    env.reset()
    for _ in range(16):
        env.step(None)
    env.close()
    found = {record.key["episode_in_env"]: record for record in records_below(tmp_path)}
    assert [len(burnt_frames(found[number])) for number in range(4)] == [2, 5, 3, 5]
    assert [found[number].partial for number in range(4)] == [True, False, True, False]
    assert [found[number].last_step for number in range(4)] == [0, 7, 9, 15]
    assert "it ended early, at step 1" in str(found[0].note) and "20x20" in str(found[2].note)
    assert len([record for record in caplog.records if "The simulation goes on" in record.message]) == 2


def test_a_trigger_that_fails_at_one_episode_names_the_others(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def when(moment: Any) -> bool:
        return {0: True, 2: True, 3: False}[moment.episode]

    env = CameraVector(1, 3)
    wrap_env_for_video(env, VideoRecordingCfg(record_camera_video=True, video_base_dir=tmp_path, when=when))
    env.reset()
    for _ in range(10):
        env.step(None)
    env.close()
    assert set(episodes_of(records_below(tmp_path))) == {(0, 0), (0, 2)}
    assert "The trigger fails" in caplog.text and "KeyError: 1" in caplog.text


def test_a_recorder_stands_for_the_environment(tmp_path: Path) -> None:
    env = CameraVector(2, 5)
    recorder = CameraObsVideoRecorder(env, tmp_path, strict=True)
    assert isinstance(recorder, CameraVector) and recorder.num_envs == 2 and recorder.env is env
    recorder.reset()
    recorder.step(None)
    env.step(None)  # It makes no difference which of them is stepped.
    recorder.close()
    head = next(record for record in records_below(tmp_path) if record.camera == "head" and record.key["env_id"] == 1)
    assert burnt_frames(head) == [(1, 0, 0), (1, 0, 1), (1, 0, 2)]


def test_without_the_last_observation_no_frame_is_made_up(tmp_path: Path) -> None:
    records = filmed(CameraVector(1, 3, final_obs=False), tmp_path, 6)
    head = [record for record in records if record.camera == "head" and not record.partial]
    assert [burnt_frames(record) for record in head] == [[(0, n, step) for step in range(3)] for n in range(2)]
    assert [record.facts["episode_length"] for record in head] == [3, 3]


def test_a_run_goes_on_in_its_folder_and_may_be_cleared(tmp_path: Path) -> None:
    for _ in range(2):
        filmed(CameraVector(1, 3), tmp_path, 2, resume=True)
    foreign = tmp_path / "mine.mp4"
    foreign.write_bytes(b"not yours")
    assert len(list(tmp_path.glob("*.mp4"))) == 5
    filmed(CameraVector(1, 3), tmp_path, 2, resume=True, clear=True)
    assert len(list(tmp_path.glob("*.mp4"))) == 3 and foreign.exists()


def test_films_of_several_runs_have_folders_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filmed(CameraVector(1, 3), tmp_path, 2)
    monkeypatch.delenv("REPLAY_VIEWER_RUN")
    filmed(CameraVector(1, 3), tmp_path, 2)
    assert len({record.more["in"] for record in records_below(tmp_path)}) == 2


def test_an_environment_that_nobody_has_any_more_leaves_complete_films(tmp_path: Path) -> None:
    env = wrap_env_for_video(CameraVector(1, 3), VideoRecordingCfg(record_camera_video=True, video_base_dir=tmp_path))
    env.reset()
    env.step(None)
    del env
    gc.collect()
    assert [len(burnt_frames(record)) for record in records_below(tmp_path) if record.complete] == [2, 2]


def test_a_process_that_is_forked_leaves_the_films_to_its_parent(tmp_path: Path) -> None:
    env = wrap_env_for_video(CameraVector(1, 9), VideoRecordingCfg(record_camera_video=True, video_base_dir=tmp_path))
    env.reset()
    env.step(None)
    child = os.fork()
    if child == 0:
        env.step(None)
        env.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    env.step(None)
    env.close()
    assert [len(burnt_frames(record)) for record in records_below(tmp_path)] == [3, 3]


def test_who_asks_for_nothing_gets_the_environment_as_it_is(tmp_path: Path) -> None:
    env = CameraVector()
    assert wrap_env_for_video(env, VideoRecordingCfg(video_base_dir=tmp_path)) is env
    assert not vars(env).keys() & {"step", "reset"} and not list(tmp_path.iterdir())


def test_numbers_may_be_numpys(tmp_path: Path) -> None:
    four: Any = np.int64(4)
    records = scene(CameraVector(1, 3), tmp_path, 7, num_steps=four, when=Trigger(every_steps=four), max_bytes=four**15)
    assert [record.frames for record in records] == [4, 3]


def test_a_size_scales_the_films(tmp_path: Path) -> None:
    records = filmed(CameraVector(1, 3), tmp_path, 3, size=(127, 63))
    assert {record.size for record in records} == {(128, 64)}
    assert {frame.shape for record in records for frame in read_frames(path_of(record))} == {(64, 128, 3)}


def test_observations_without_pictures_are_named(tmp_path: Path) -> None:
    env = CameraVector()
    env._obs = lambda: {"policy": np.zeros((2, 3)), "critic": np.zeros((2, 5))}
    with pytest.raises(BadArgument, match=r"policy, critic.*obs\['camera_obs'\]"):
        filmed(env, tmp_path, 1)


@pytest.mark.parametrize(
    "cfg",
    [
        {"render_mode": "human"},
        {"frames": 3},
        {"fps": 0},
        {"size": (0, 3)},
        {"size": 5},
        {"keep_last_n_clips": 0},
        {"max_bytes": -1},
        {"when": "always"},
        {"name": "{"},
    ],
)
def test_options_that_cannot_be_are_one_clear_error(cfg: Any) -> None:
    with pytest.raises(BadArgument):
        VideoRecordingCfg(**cfg)


def test_output_base_dir_is_another_name_of_the_folder() -> None:
    assert VideoRecordingCfg(output_base_dir="out").video_base_dir == "out"
