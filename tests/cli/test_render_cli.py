"""`replay-viewer render` in processes of its own: what it writes and says, how it stops, what it takes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from needs import require
from PIL import Image
from raster_scenes import ANYMAL_C, TALOS
from render_samples import SPEED, box_x, write_slide
from video_files import probe_video, read_frames

from replay_viewer.cli import main

Capture = pytest.CaptureFixture[str]
ENDS = {0: [(19, "terminated", False), (39, "truncated", True)]}
SMALL = ("--size", "320x180")
FROM_ABOVE = ("--position", "1.2,0,6", "--look-at", "1.2,0,0")

# Runs the command line, then says on the last line of stdout what the process took.
TELLING = """
import json, sys
from replay_viewer.cli import main
code = main(sys.argv[1:])
with open("/proc/self/maps") as maps:
    mapped = sorted({line.split()[-1] for line in maps if "/" in line})
# Not getrusage: what it says begins with the memory of the process that started this one.
with open("/proc/self/status") as status:
    peak_kb = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
print(json.dumps({"code": code, "mapped": mapped, "peak_mb": peak_kb / 1024}))
"""


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    return write_slide(tmp_path / "slide.rec", ends=ENDS, seed=3)


def told_of(*args: object) -> dict:
    """What a process took that ran the command line."""
    command = [sys.executable, "-c", TELLING, *map(str, args)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return json.loads(done.stdout.splitlines()[-1])


def test_a_video_of_what_the_options_ask_for(slide: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out.mp4"
    options = (*SMALL, *FROM_ABOVE, "--episodes", "2", "--fps", "50", "--speed", "0.5", "--workers", "3")
    assert main(["render", str(slide), str(out), *options, "--background", "dark"]) == 0
    facts = probe_video(out)
    assert (facts.size, facts.fps, facts.num_frames) == ((320, 180), 50, 40)
    shown = [box_x(image) for image in read_frames(out)]
    assert shown[::10] == pytest.approx([k / 50 * 0.5 * SPEED for k in range(0, 40, 10)], abs=0.02)
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == (f"{out}: 320x180, 40 frames, 0.80 s\n", "")


def test_a_gif_is_small_unless_its_size_is_stated(slide: Path, tmp_path: Path) -> None:
    assert main(["render", str(slide), str(tmp_path / "small.gif"), "--steps", "0:50"]) == 0
    facts = probe_video(tmp_path / "small.gif")
    assert (facts.size, facts.num_frames) == ((640, 360), 15)
    assert main(["render", str(slide), str(tmp_path), "--steps", "0:5", *SMALL, "--name", "{recording}.gif"]) == 0
    assert probe_video(tmp_path / "slide.gif").size == (320, 180)


def test_a_film_of_several_episodes_may_be_without_titles(slide: Path, tmp_path: Path) -> None:
    lengths = []
    for number, options in enumerate(
        (["--episodes", "0"], ["--episodes", "0,1"], ["--episodes", "0,1", "--no-titles"])
    ):
        out = tmp_path / f"{number}.mp4"
        assert main(["render", str(slide), str(out), *SMALL, "--fps", "10", *options]) == 0
        lengths.append(probe_video(out).num_frames)
    one, with_titles, without = lengths
    assert without == 2 * one
    assert with_titles == without + 2 * 12


def test_behind_is_the_camera_of_the_key_that_says_so(slide: Path, tmp_path: Path) -> None:
    shots = [tmp_path / f"{name}.png" for name in ("behind", "follow", "side")]
    for shot in shots:
        assert main(["render", str(slide), str(shot), *SMALL, "--step", "30", "--camera", shot.stem]) == 0
    behind, follow, side = (shot.read_bytes() for shot in shots)
    assert behind == follow != side


def test_several_recordings_are_one_film_of_the_last_path_or_in_a_folder(slide: Path, tmp_path: Path) -> None:
    slow = write_slide(tmp_path / "slow.rec", 60, control_dt=0.01)
    out, folder, picture = tmp_path / "both.mp4", tmp_path / "films", tmp_path / "both.png"
    paths, short = [str(slide), str(slow)], (*SMALL, "--steps", "0:10")
    assert main(["render", *paths, str(out), *short]) == 0
    assert probe_video(out).num_frames == 6
    assert main(["render", *paths, *short, str(picture)]) == 0
    assert main(["render", *paths, "--out", str(folder), *short]) == 0
    assert os.listdir(folder) == ["slide_seed3.mp4"]
    alone = tmp_path / "alone.png"
    assert main(["render", str(slide), str(alone), *short]) == 0
    assert alone.read_bytes() != picture.read_bytes()


def test_without_a_name_the_file_is_in_the_current_folder(
    slide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert main(["render", str(slide), *SMALL, "--where", "success"]) == 0
    assert os.listdir() == ["slide_seed3_1eps.mp4"]


def test_files_in_a_folder_by_a_template(slide: Path, tmp_path: Path) -> None:
    options = (*SMALL, "--split", "--name", "{outcome}_{episode:06d}", "--num-episodes", "2")
    for number, folder in enumerate((["--out", str(tmp_path / "0")], [str(tmp_path / "1")])):
        assert main(["render", str(slide), *folder, *options]) == 0
        assert sorted(os.listdir(tmp_path / str(number))) == ["terminated_000000.mp4", "truncated_000001.mp4"]


@pytest.mark.parametrize("camera", ["top", "side", "front", "follow", "orbit", "all"])
def test_every_camera_sees_the_robot(camera: str, slide: Path, tmp_path: Path) -> None:
    shot = tmp_path / "shot.png"
    assert main(["render", str(slide), str(shot), *SMALL, "--step", "30", "--camera", camera]) == 0
    image = np.asarray(Image.open(shot)).astype(int)
    assert (image[..., 0] - image[..., 1]).max() > 50


BAD = [
    (("--camera", "above"), "camera 'above'.*orbit, free"),
    (("--camera", "all", "--distance", "3"), r"--distance 3\.0: is for --camera orbit, not all"),
    (("--camera", "top", "--azimuth", "30"), r"--azimuth 30\.0: is for --camera orbit, not top"),
    (("--camera", "orbit", "--position", "1,2,3"), "--position 1,2,3: is for --camera free, not orbit"),
    (("--camera", "free"), "needs --position and --look-at"),
    (("--position", "1,2", "--look-at", "0,0,0"), "--position 1,2: expected three coordinates"),
    (("--position", "1,2,3", "--look-at", "1,2,3"), "--look-at 1,2,3: is where the camera stands"),
    (("--distance", "0"), r"--distance 0\.0: expected metres"),
    (("--size", "1280"), "--size 1280: expected WIDTHxHEIGHT"),
    (("--size", "0x0"), "--size 0x0"),
    (("--fov", "200"), r"--fov 200\.0"),
    (("--fps", "0"), r"--fps 0\.0"),
    (("--speed", "-1"), r"--speed -1\.0"),
    (("--overlay", "all"), "overlay 'all'.*none, hud, rewards"),
    (("--background", "blue"), "background 'blue'.*light, dark"),
    (("--where", "succes"), "--where column 1: no episode here has 'succes'. Did you mean success"),
    (("--episodes", "x"), "--episodes x: expected numbers"),
    (("--episodes", "9"), "--episodes 9: there are episodes 0 to 2"),
    (("--env", "4"), "env 4 is not in the recording. Known envs: 0"),
    (("--steps", "70:"), "--steps 70:: there are steps 0 to 59"),
    (("--out", "videos"), "--out videos: .*out.mp4 is given already"),
    (("--urdf", "gone.urdf"), r"gone\.urdf"),
]


@pytest.mark.parametrize(("options", "message"), BAD)
def test_bad_input_is_one_line_and_exit_code_2(
    options: tuple[str, ...],
    message: str,
    slide: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["render", str(slide), "out.mp4", *options]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.fullmatch(rf"error: .*{message}.*\n", printed.err), printed.err
    assert os.listdir(tmp_path) == ["slide.rec"]


def test_a_broken_recording_does_not_stop_the_others(tmp_path: Path, capsys: Capture) -> None:
    write_slide(tmp_path / "runs/a/good.rec", 5)
    write_slide(tmp_path / "runs/b/good.rec", 5)
    (tmp_path / "runs/a/broken.npz").write_bytes(b"PK\x03\x04 torn")
    assert main(["render", str(tmp_path / "runs"), "--out", str(tmp_path / "videos"), *SMALL]) == 2
    printed = capsys.readouterr()
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("videos/*/*")) == [
        "videos/a/good_1eps.mp4",
        "videos/b/good_1eps.mp4",
    ]
    assert "broken.npz failed: " in printed.out
    assert re.fullmatch(r"error: 1 of 3 recordings in .*runs could not be rendered: .*a/broken\.npz\n", printed.err)
    (tmp_path / "runs/a/broken.npz").unlink()
    assert main(["render", str(tmp_path / "runs"), "--out", str(tmp_path / "videos"), *SMALL]) == 0
    assert capsys.readouterr().out.count(": is there already") == 2


@pytest.mark.parametrize("sent", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_an_interrupted_render_leaves_nothing_half_written(sent: signal.Signals, tmp_path: Path) -> None:
    recording, out = write_slide(tmp_path / "slide.rec", 100, control_dt=10.0), tmp_path / "videos"
    command = [sys.executable, "-m", "replay_viewer", "render", recording, out / "film.mp4", *SMALL]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            wait_until(lambda: any(path.stat().st_size for path in out.glob(".film*/*")), process)
            os.killpg(process.pid, sent)
            _, said = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 130
    assert said == ""
    assert list(out.iterdir()) == []


def wait_until(holds: Callable[[], bool], process: subprocess.Popen) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert process.poll() is None, "it ended too early"
        assert time.monotonic() < end
        time.sleep(0.02)


def check_no_display(told: dict) -> None:
    """What took no display has not even loaded its libraries."""
    assert told["code"] == 0
    assert not [path for path in told["mapped"] if re.search(r"libE?GLX?|libX11|libOSMesa|libgallium|libvulkan", path)]
    assert any("llvmlite" in path for path in told["mapped"])


@pytest.mark.slow
def test_a_render_takes_no_library_of_a_display(slide: Path, tmp_path: Path) -> None:
    if not Path("/proc/self/maps").exists():
        require("no /proc on this machine")
    check_no_display(told_of("render", slide, tmp_path / "out.mp4", "--overlay", "rewards"))


@pytest.mark.slow
@pytest.mark.parametrize("urdf", [TALOS, ANYMAL_C])
def test_a_pose_of_a_real_robot_takes_no_display(robots_dir: Path, tmp_path: Path, urdf: str) -> None:
    if not Path("/proc/self/maps").exists():
        require("no /proc on this machine")
    np.savez(
        tmp_path / "pose.npz",
        obs=np.zeros((2, 1, 1), np.float32),
        act=np.zeros((2, 1, 1), np.float32),
        rew=np.zeros((2, 1), np.float32),
        base_pos=np.tile(np.array([0, 0, 1.1], np.float32), (2, 1, 1)),
        base_quat=np.tile(np.array([0, 0, 0, 1], np.float32), (2, 1, 1)),
    )
    packages = ("--package-dir", robots_dir.parents[1])
    out = tmp_path / "pose.png"
    told = told_of("render", tmp_path / "pose.npz", out, "--urdf", robots_dir / urdf, *packages, *SMALL, "--step", 0)
    check_no_display(told)
    # The robot's dark and coloured parts, in the middle of a bright picture.
    middle = np.asarray(Image.open(out).convert("RGB"))[40:140, 110:210].astype(int)
    assert (middle.sum(axis=-1) < 300).mean() > 0.05


def test_a_walk_of_a_real_robot_takes_no_display(g1_walk: Path, robots_dir: Path, tmp_path: Path) -> None:
    if not Path("/proc/self/maps").exists():
        require("no /proc on this machine")
    urdf = robots_dir / "g1_description/urdf/g1_29dof_rev_1_0.urdf"
    told = told_of("render", g1_walk, tmp_path / "walk.mp4", "--urdf", urdf, *SMALL, "--steps", "0:20")
    check_no_display(told)
    assert probe_video(tmp_path / "walk.mp4").num_frames == 12


def test_nothing_but_the_result_is_told_of_a_robot_with_round_shapes(robots_dir: Path, tmp_path: Path) -> None:
    # Commands keep scipy away from trimesh, which would tell that at length for each normal that it is asked for.
    write_slide(tmp_path / "slide.rec", num_steps=2)
    out = tmp_path / "one.png"
    options = ("--urdf", robots_dir / TALOS, "--package-dir", robots_dir.parents[1], *SMALL, "--layers", "collisions")
    command = [sys.executable, "-m", "replay_viewer", "render", tmp_path / "slide.rec", out, *options]
    done = subprocess.run([*map(str, command)], check=True, capture_output=True, text=True, timeout=120)
    assert done.stderr == ""


@pytest.mark.slow
def test_memory_is_the_same_at_any_length(tmp_path: Path) -> None:
    if not Path("/proc/self/maps").exists():
        require("no /proc on this machine")
    recording = write_slide(tmp_path / "slide.rec", 600)
    peaks = []
    for steps in ("0:60", "0:600"):
        told = told_of("render", recording, tmp_path / f"{steps[2:]}.mp4", "--steps", steps, "--overlay", "hud")
        assert told["code"] == 0
        peaks.append(told["peak_mb"])
    assert peaks[1] < 500
    # A picture of this size takes 2.8 MB; there are 324 more of them.
    assert peaks[1] < peaks[0] + 60
