"""Claims about `VideoWriter`: what is in its films, and what is left when something goes wrong. Python 3.8 suffices."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from interrupt import Interrupt
from video_files import atoms, frame_times, moving_bar, needs_encoder, noise, probe_video, psnr, read_frames

import replay_viewer.video
from replay_viewer import VideoWriter
from replay_viewer.errors import BadArgument, FileProblem

CHILD = Path(__file__).parents[1] / "helpers" / "video_child.py"
SIZE = (160, 96)


@pytest.fixture(autouse=True)
def encoder() -> None:
    needs_encoder()


def write(path: Path, num_frames: int = 5, fps: Any = 30, size: tuple[int, int] = SIZE) -> list[np.ndarray]:
    """Write a film of so many frames, and return them."""
    images = list(moving_bar(num_frames, *size))
    with VideoWriter(path, size, fps) as video:
        for image in images:
            video.append(image)
    return images


@pytest.mark.parametrize("size", [(320, 240), (322, 182), (161, 91), (65, 64)])
def test_every_frame_is_found_again(tmp_path: Path, size: tuple[int, int]) -> None:
    images = write(tmp_path / "walk.mp4", 40, size=size)
    width, height = size
    decoded = list(read_frames(tmp_path / "walk.mp4"))
    assert len(decoded) == 40
    for index, (image, frame) in enumerate(zip(images, decoded)):
        assert psnr(image, frame[:height, :width]) > 30, f"frame {index}"


def test_odd_sizes_repeat_the_last_row_and_column(tmp_path: Path) -> None:
    image = np.zeros((25, 33, 3), np.uint8) + np.arange(0, 250, 10)[:, None, None].astype(np.uint8)
    with VideoWriter(tmp_path / "odd.mp4", (33, 25), 30, crf=0) as video:
        video.append(image)
    (frame,) = read_frames(tmp_path / "odd.mp4")
    assert frame.shape == (26, 34, 3)
    np.testing.assert_allclose(frame[:25, :33], image, atol=3)
    np.testing.assert_allclose(frame[25].astype(int), frame[24], atol=1)
    np.testing.assert_allclose(frame[:, 33].astype(int), frame[:, 32], atol=1)


def test_colours_survive(tmp_path: Path) -> None:
    colours = np.random.RandomState(1).randint(0, 256, (8, 10, 3)).astype(np.uint8)
    colours[0] = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [0, 255, 255]] * 2
    image = colours.repeat(16, 0).repeat(16, 1)
    with VideoWriter(tmp_path / "colours.mp4", (160, 128), 30) as video:
        video.append(image)
    (frame,) = read_frames(tmp_path / "colours.mp4")
    np.testing.assert_allclose(frame[8::16, 8::16].astype(int), colours, atol=6)
    # The matrix, and the curve, that a player has to know of.
    assert "tv, bt709/bt709/iec61966-2-1" in probe_video(tmp_path / "colours.mp4").pixel_format


def planes_of(image: np.ndarray) -> np.ndarray:
    """An image of even size as planes of YUV 4:2:0, by ITU-R BT.709, items 3.2 to 3.4."""
    luma = image @ np.array([0.2126, 0.7152, 0.0722])
    blue, red = (image[..., 2] - luma) / 1.8556, (image[..., 0] - luma) / 1.5748
    colours = [128 + 224 / 255 * plane.reshape(len(plane) // 2, 2, -1, 2).mean((1, 3)) for plane in (blue, red)]
    planes = [16 + 219 / 255 * luma, *colours]
    return np.concatenate([np.rint(plane).astype(np.uint8).ravel() for plane in planes])


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_planes_make_the_film_that_their_pictures_make(tmp_path: Path, suffix: str) -> None:
    images = list(moving_bar(10, *SIZE))
    for name, planar in (("pictures", False), ("planes", True)):
        with VideoWriter(tmp_path / (name + suffix), SIZE, 30, crf=0, planar=planar) as video:
            for image in images:
                video.append(planes_of(image) if planar else image)
    pictures, planes = (list(read_frames(tmp_path / (name + suffix))) for name in ("pictures", "planes"))
    assert len(planes) == 10
    np.testing.assert_allclose(np.array(planes).astype(int), pictures, atol=8)
    assert np.abs(np.array(planes).astype(int) - pictures).mean() < 0.5
    formats = [probe_video(tmp_path / (name + suffix)).pixel_format for name in ("pictures", "planes")]
    assert formats[0] == formats[1]


def test_planes_that_are_none_and_those_of_a_gif_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match="a GIF has the pictures' own colours"):
        VideoWriter(tmp_path / "walk.gif", SIZE, 30, planar=True)
    with VideoWriter(tmp_path / "odd.mp4", (33, 25), 30, planar=True) as video:
        video.append(np.full(34 * 26 * 3 // 2, 128, np.uint8))
        for image in (np.zeros((25, 33, 3), np.uint8), np.zeros(33 * 25 * 3 // 2, np.uint8), np.zeros(1326)):
            with pytest.raises(BadArgument, match=r"expected an array \(1326,\) of uint8"):
                video.append(image)
    (frame,) = read_frames(tmp_path / "odd.mp4")
    np.testing.assert_allclose(frame.astype(int), np.full((26, 34, 3), 130), atol=2)


@pytest.mark.parametrize(
    ("fps", "rate"),
    [
        *((30, Fraction(30)), (12.5, Fraction(25, 2)), (29.97, Fraction(2997, 100)), (0.5, Fraction(1, 2))),
        *((Fraction(30000, 1001), Fraction(30000, 1001)), (1 / 0.03, Fraction(100, 3)), (np.float32(50), Fraction(50))),
    ],
)
def test_codec_size_rate_duration_and_number_of_frames_are_as_asked(tmp_path: Path, fps: Any, rate: Fraction) -> None:
    path = tmp_path / "walk.mp4"
    write(path, 25, fps)
    facts = probe_video(path)
    assert (facts.codec, facts.size, facts.num_frames) == ("h264", SIZE, 25)
    assert facts.pixel_format.startswith("yuv420p")
    assert facts.fps == pytest.approx(float(rate), abs=0.006)
    assert facts.duration == pytest.approx(25 / rate, abs=0.011)
    assert frame_times(path) == [1 / rate] * 25


def test_the_index_comes_before_the_pictures(tmp_path: Path) -> None:
    write(tmp_path / "walk.mp4")
    names = list(atoms((tmp_path / "walk.mp4").read_bytes()))
    assert names.index("moov") < names.index("mdat")


def test_a_player_can_jump_to_every_other_second(tmp_path: Path) -> None:
    path = tmp_path / "walk.mp4"
    write(path, 50, 10)
    track = atoms(atoms(atoms(path.read_bytes())["moov"])["trak"])
    table = atoms(atoms(atoms(track["mdia"])["minf"])["stbl"])
    assert np.frombuffer(table["stss"], ">u4")[2:].tolist() == [1, 21, 41]


def test_views_of_other_arrays_are_written_as_they_look(tmp_path: Path) -> None:
    images = list(moving_bar(3))
    with VideoWriter(tmp_path / "walk.mp4", SIZE, 30) as video:
        for image in images:
            video.append(image[::-1])
    for image, frame in zip(images, read_frames(tmp_path / "walk.mp4")):
        assert psnr(image[::-1], frame) > 30


def test_nothing_has_the_films_name_before_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "walk.mp4"
    with VideoWriter(path, SIZE, 30) as video:
        for image in moving_bar(5):
            video.append(image)
        assert not path.exists()
    assert os.listdir(str(path.parent)) == ["walk.mp4"]
    assert video.num_frames == probe_video(path).num_frames == 5


def test_a_webm_is_vp9_and_has_the_same_pictures(tmp_path: Path) -> None:
    images = write(tmp_path / "walk.webm", 20, fps=25)
    facts = probe_video(tmp_path / "walk.webm")
    assert (facts.codec, facts.size, facts.fps, facts.num_frames) == ("vp9", SIZE, 25, 20)
    for image, frame in zip(images, read_frames(tmp_path / "walk.webm")):
        assert psnr(image, frame) > 30


def test_a_gif_loops_for_ever_in_the_colours_of_its_pictures(tmp_path: Path) -> None:
    images = write(tmp_path / "walk.gif", 20, fps=25)
    content = (tmp_path / "walk.gif").read_bytes()
    assert content[:6] == b"GIF89a"
    assert b"NETSCAPE2.0\x03\x01\x00\x00" in content  # 0 repetitions are endless ones.
    assert probe_video(tmp_path / "walk.gif").fps == 25
    frames = list(read_frames(tmp_path / "walk.gif"))
    assert len(frames) == 20
    for image, frame in zip(images, frames):
        assert psnr(image, frame) > 28
    assert os.listdir(str(tmp_path)) == ["walk.gif"]


def test_a_gif_has_no_more_pictures_a_second_than_browsers_show(tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match="fps 60: a GIF has at most 50 pictures per second"):
        VideoWriter(tmp_path / "walk.gif", SIZE, 60)


def test_names_that_mean_something_to_ffmpeg_are_only_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("-i.mp4", "http:walk%03d.mp4", "a b'c\".mp4", "gång.MP4", "[2]*.mp4", "%03d.gif"):
        write(Path(name))
        assert probe_video(name).num_frames == 5
    assert len(list(tmp_path.iterdir())) == 6


def test_an_exception_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "walk.mp4").write_text("an older film")
    with pytest.raises(ZeroDivisionError), VideoWriter(tmp_path / "walk.mp4", SIZE, 30) as video:
        for image in moving_bar(20):
            video.append(image)
        raise ZeroDivisionError
    assert [path.read_text() for path in tmp_path.iterdir()] == ["an older film"]


def test_a_new_film_replaces_an_older_one(tmp_path: Path) -> None:
    (tmp_path / "walk.mp4").write_text("an older film")
    write(tmp_path / "walk.mp4")
    assert probe_video(tmp_path / "walk.mp4").num_frames == 5


def test_a_film_without_pictures_is_none(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="not a single picture"), VideoWriter(tmp_path / "walk.mp4", SIZE, 30):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("image", "text"),
    [
        (np.zeros((96, 160, 4), np.uint8), r"\(96, 160, 4\) of uint8: expected an array \(96, 160, 3\) of uint8"),
        (np.zeros((160, 96, 3), np.uint8), r"\(160, 96, 3\) of uint8"),
        (np.zeros((96, 160, 3), np.float32), "of float32"),
        ([[0, 0, 0]], "image list"),
        (None, "image NoneType"),
    ],
)
def test_pictures_of_another_shape_or_type_are_refused(tmp_path: Path, image: Any, text: str) -> None:
    with pytest.raises(BadArgument, match=text), VideoWriter(tmp_path / "walk.mp4", SIZE, 30) as video:
        video.append(image)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"size": (0, 10)}, r"size \(0, 10\): expected width and height"),
        ({"size": (10.5, 10)}, "expected width and height"),
        ({"size": 720}, "expected width and height"),
        ({"fps": 0}, "fps 0: expected a number above 0"),
        ({"fps": -5}, "expected a number above 0"),
        ({"fps": float("nan")}, "expected a number above 0"),
        ({"fps": float("inf")}, "expected a number above 0"),
        ({"fps": "fast"}, "expected a number above 0"),
        ({"fps": 1e6}, "up to 1000"),
        ({"crf": 60}, "crf 60: expected 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path: Path, options: dict, text: str) -> None:
    with pytest.raises(BadArgument, match=text):
        VideoWriter(**{"path": tmp_path / "walk.mp4", "size": SIZE, "fps": 30, **options})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("walk.avi", r"walk\.avi: is no film that can be made here\. Let it end in \.mp4, \.webm, \.gif"),
        ("walk", "is no film"),
        ("folder.mp4", "is a folder"),
        ("file/walk.mp4", "its folder cannot be written in: "),
        ("x" * 300 + ".mp4", "its folder cannot be written in: File name too long"),
    ],
)
def test_paths_that_cannot_be_are_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(FileProblem, match=text):
        write(tmp_path / name)
    assert sorted(os.listdir(str(tmp_path))) == ["file", "folder.mp4"]


def test_a_film_that_is_not_open_says_how_to_open_it(tmp_path: Path) -> None:
    video = VideoWriter(tmp_path / "walk.mp4", SIZE, 30)
    with pytest.raises(FileProblem, match=r"is not open\. Append inside of `with"):
        video.append(next(moving_bar(1)))


def test_a_full_disk_is_told_whenever_it_is_full(tiny_disk: Path) -> None:
    """Of pictures of 35 kB each, so many that the disk is full with the last, with the index, or long before."""
    complete = []
    for num_frames in [*range(7, 17), 100]:
        try:
            with VideoWriter(tiny_disk / "noise.mp4", (320, 192), 30) as video:
                for image in noise(num_frames):
                    video.append(image)
        except FileProblem as problem:
            assert str(problem) == f"{tiny_disk}/noise.mp4: cannot be written: No space left on device."
            assert list(tiny_disk.iterdir()) == []
        else:
            assert probe_video(tiny_disk / "noise.mp4").num_frames == num_frames
            (tiny_disk / "noise.mp4").unlink()
            complete.append(num_frames)
    assert complete == list(range(7, 7 + len(complete)))
    assert 0 < len(complete) < 10


def test_a_disk_that_is_full_from_the_start_is_told(tiny_disk: Path) -> None:
    with open(tiny_disk / "rest", "wb", buffering=0) as rest, suppress(OSError):
        while True:
            rest.write(bytes(4096))
    for num_frames in (1, 100):
        with pytest.raises(FileProblem, match=r"noise\.mp4: cannot be written: No space left on device\.$"):
            with VideoWriter(tiny_disk / "noise.mp4", (320, 192), 30) as video:
                for image in noise(num_frames):
                    video.append(image)
        assert [path.name for path in tiny_disk.iterdir()] == ["rest"]


def encoders_of(process_id: int) -> list[int]:
    """The child processes of a process."""
    return [int(child) for child in Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()]


def is_running(process_id: int) -> bool:
    """Whether a process is there, and not only waits for its parent to look."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process_id}/status").read_text()
    except FileNotFoundError:
        return False


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc to find processes in")


@needs_proc
def test_an_encoder_that_is_killed_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    others = encoders_of(os.getpid())
    with pytest.raises(FileProblem, match="cannot be written: the encoder was ended by SIGKILL"):
        with VideoWriter(tmp_path / "walk.mp4", SIZE, 30) as video:
            (encoder,) = [child for child in encoders_of(os.getpid()) if child not in others]
            for image in itertools.cycle(list(moving_bar(5))):
                video.append(image)
                if video.num_frames == 20:
                    os.kill(encoder, signal.SIGKILL)
    assert list(tmp_path.iterdir()) == []


def child(*arguments: str) -> subprocess.Popen:
    """A process group of its own, as a shell makes one."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, str(CHILD), *arguments]
    return subprocess.Popen(command, env=environment, start_new_session=True, universal_newlines=True, **pipes)


@needs_proc
def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    with child("endless", str(tmp_path / "walk.mp4")) as process:
        assert process.stdout is not None and process.stdout.readline() == "running\n"
        (encoder,) = encoders_of(process.pid)
        assert len(list(tmp_path.iterdir())) == 1
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert err.splitlines()[-1] == "KeyboardInterrupt"
    assert list(tmp_path.iterdir()) == []
    assert not is_running(encoder)


def test_ctrl_c_does_not_reach_the_encoder(tmp_path: Path) -> None:
    with child("patient", str(tmp_path / "walk.mp4")) as process:
        assert process.stdout is not None and process.stdout.readline() == "running\n"
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert probe_video(tmp_path / "walk.mp4").num_frames == 20


def press_ctrl_c() -> None:
    # The line before the `try` in it cannot be helped.
    if sys._getframe(2).f_code.co_name != "__exit__":
        raise KeyboardInterrupt


# Of an interrupt that comes while something is thrown away, which Python prints and goes on.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("name", "spacing"), [("walk.mp4", 4), pytest.param("walk.gif", 10, marks=pytest.mark.slow)])
def test_an_interrupt_at_any_line_leaves_a_whole_film_or_none(tmp_path: Path, name: str, spacing: int) -> None:
    where = (os.path.dirname(replay_viewer.video.__file__), subprocess.__file__)
    images = list(moving_bar(2))
    for line in itertools.count(0, spacing):  # Not every line, for time's sake.
        with Interrupt(where, line, press_ctrl_c) as interrupt:
            with VideoWriter(tmp_path / name, SIZE, 30) as video:
                for image in images:
                    video.append(image)
        found = list(tmp_path.iterdir())
        assert found in ([], [tmp_path / name]), f"line {line}"
        for path in found:
            assert probe_video(path).num_frames == 2, f"line {line}"
            path.unlink()
        if not interrupt.came:
            break
    assert line > 150


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")


@needs_fork
def test_a_process_that_was_forked_meanwhile_does_not_hold_up_the_film(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "walk.mp4", SIZE, 30) as video:
        video.append(next(moving_bar(1)))
        forked = os.fork()
        if forked == 0:
            time.sleep(100)
            os._exit(0)
    assert os.waitpid(forked, os.WNOHANG) == (0, 0), "the film waited for the other process"
    os.kill(forked, signal.SIGKILL)
    os.waitpid(forked, 0)
    assert probe_video(tmp_path / "walk.mp4").num_frames == 1


@needs_fork
@pytest.mark.parametrize("kind", [None, SystemExit])
def test_a_process_that_was_forked_leaves_the_film_to_its_parent(tmp_path: Path, kind: Any) -> None:
    with VideoWriter(tmp_path / "walk.mp4", SIZE, 30) as video:
        video.append(next(moving_bar(1)))
        forked = os.fork()
        if forked == 0:
            video.__exit__(kind, None, None)
            os._exit(0)
        os.waitpid(forked, 0)
        video.append(next(moving_bar(1)))
    assert probe_video(tmp_path / "walk.mp4").num_frames == 2


def test_no_picture_is_kept(tmp_path: Path) -> None:
    """Of 300 pictures of 0.7 MB more, not even a fifth may stay, here or in the encoder."""
    peaks = []
    for num_frames in (50, 350):
        with child(str(num_frames), str(tmp_path / "walk.mp4")) as process:
            out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        peaks.append([int(peak) for peak in out.split()])
    (ours, encoders), (ours_later, encoders_later) = peaks
    assert ours_later - ours < 40_000
    assert encoders_later - encoders < 40_000


WITHOUT_ENCODER = """
import sys
sys.modules["imageio_ffmpeg"] = None
from replay_viewer import VideoWriter
VideoWriter("walk.mp4", (160, 96), 30)
"""


def test_a_missing_encoder_is_told_with_the_way_to_get_it(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_ENCODER], stderr=subprocess.PIPE, cwd=str(tmp_path), env=environment
    )
    expected = "FileProblem: walk.mp4: making it needs imageio-ffmpeg, which is not installed here. pip install"
    assert expected in done.stderr.decode()


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("/nowhere/ffmpeg", "/nowhere/ffmpeg cannot be started: No such file or directory. pip install imageio-ffmpeg"),
        ("/bin/false", "cannot be written: the encoder ended with code 1"),
    ],
)
def test_a_program_that_does_not_encode_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, text: str
) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", program)
    with pytest.raises(FileProblem, match=text):
        write(tmp_path / "walk.mp4")
    assert list(tmp_path.iterdir()) == []
