"""Arguments of command lines and configurations that say what is filmed."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from replay_viewer import Trigger, VideoArguments, VideoRecordingCfg, add_video_arguments, from_env_config, video_cfg
from replay_viewer.errors import BadArgument


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_video_arguments(parser)
    return parser.parse_args(words)


def test_argparse_has_them_all() -> None:
    words = ["--record_viewport_video", "--record_camera_video", "--video_base_dir", "out", "--seed", "3"]
    found = parsed(*words, "--num_episodes", "5")
    assert (found.seed, found.num_episodes) == (3, 5)
    cfg = video_cfg(found, size=(64, 48))
    assert cfg == VideoRecordingCfg(True, True, "out", num_episodes=5, size=(64, 48))


def test_without_any_nothing_is_filmed() -> None:
    cfg = video_cfg(parsed())
    assert not cfg.record_viewport_video and not cfg.record_camera_video and cfg.video_base_dir == "videos"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (["--video"], "--record_viewport_video"),
        (["--camera_video"], "--record_camera_video"),
        (["--video_dir", "x"], "--video_base_dir"),
        (["--video_dir=x"], "--video_base_dir"),
    ],
)
def test_an_old_flag_is_an_error_that_names_the_new_one(old: Any, new: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(*old)
    assert ended.value.code == 2
    assert f"is called {new} now" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["--record_viewport_vidoe"], "is --record_viewport_video meant?"),
        (["--video_bas_dir=out"], "is --video_base_dir meant?"),
        (["--num-episode", "3"], "is --num_episodes meant?"),
        (["--record-viewport-video"], "is --record_viewport_video meant?"),
        (["--video-dir", "x"], "is --video_base_dir meant?"),
    ],
)
def test_a_misspelt_flag_is_an_error_that_names_the_one_that_is_meant(
    words: Any, meant: str, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit):
        parsed(*words)
    assert meant in capsys.readouterr().err


def test_nothing_is_said_of_what_is_not_like_them(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        parsed("--learning_rate", "3")
    assert "meant" not in capsys.readouterr().err


def test_old_names_leave_nothing_among_the_arguments() -> None:
    assert set(vars(parsed())) == {
        "record_viewport_video",
        "record_camera_video",
        "video_base_dir",
        "seed",
        "num_episodes",
    }


def test_a_parser_that_has_a_seed_keeps_its_own() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=42)
    add_video_arguments(parser)
    assert parser.parse_args([]).seed == 42


def test_the_fields_of_a_dataclass_make_a_configuration() -> None:
    arguments = VideoArguments(record_camera_video=True, video_base_dir="out")
    assert arguments.cfg(fps=5.0) == VideoRecordingCfg(record_camera_video=True, video_base_dir="out", fps=5.0)


@pytest.mark.parametrize(
    ("old", "new"), [("--video", "record-viewport-video"), ("--camera-video", "record-camera-video")]
)
def test_tyro_names_the_new_flag_too(old: str, new: str, capsys: pytest.CaptureFixture) -> None:
    tyro = pytest.importorskip("tyro")
    with pytest.raises(SystemExit):
        tyro.cli(VideoArguments, args=[old])
    assert new in capsys.readouterr().err


def test_tyro_takes_them_with_either_dash() -> None:
    tyro = pytest.importorskip("tyro")
    found = tyro.cli(VideoArguments, args=["--record_viewport_video", "--num-episodes", "2"])
    assert found == VideoArguments(record_viewport_video=True, num_episodes=2)


def test_a_monitors_configuration_is_taken_over() -> None:
    cfg = from_env_config({"render": True, "video_dir": "out", "resume": True, "width": 30})
    assert cfg == VideoRecordingCfg(True, video_base_dir="out", resume=True, when=Trigger(cubic=True))
    assert not from_env_config({}).record_viewport_video
    assert from_env_config({"render": 1, "video_dir": None, "num_episodes": 3}).num_episodes == 3


def test_a_misspelt_name_of_a_configuration_is_an_error_that_names_the_right_one() -> None:
    with pytest.raises(BadArgument, match="is called 'video_dir'"):
        from_env_config({"render": True, "video_folder": "out"})
    with pytest.raises(BadArgument, match="is called 'video_dir'"):
        from_env_config({"render": True, "videoDir": "out"})


@pytest.mark.parametrize("config", [{"render": "false"}, {"render": True, "resume": "no"}, {"render": "human"}])
def test_a_word_is_no_switch(config: Any) -> None:
    with pytest.raises(BadArgument, match="expected True or False"):
        from_env_config(config)
