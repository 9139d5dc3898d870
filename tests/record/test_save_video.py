"""Claims about `save_video`: what it takes for frames, and films that it refuses. Python 3.8 suffices."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any, Iterator

import numpy as np
import pytest
from terminals import drawn_on
from video_files import frame_times, moving_bar, needs_encoder, probe_video, psnr, read_frames

from replay_viewer import save_video
from replay_viewer.errors import BadArgument, FileProblem, StaticFilm

IMAGES = np.stack(list(moving_bar(6)))
CHANNELS_FIRST = IMAGES.transpose(0, 3, 1, 2)
OPAQUE = np.full((*IMAGES.shape[:3], 1), 255, np.uint8)
TRANSPARENT = np.concatenate([IMAGES, OPAQUE // 3], axis=-1)


@pytest.fixture(autouse=True)
def encoder() -> None:
    needs_encoder()


def assert_shows_images(path: Path) -> None:
    frames = list(read_frames(path))
    assert len(frames) == len(IMAGES)
    for image, frame in zip(IMAGES, frames):
        assert psnr(image, frame) > 30


class Pillows:
    """A picture of an image library: only NumPy's protocol tells what is in it."""

    def __init__(self, image: np.ndarray) -> None:
        self.__array_interface__ = image.__array_interface__
        self._kept = image


@pytest.mark.parametrize(
    "frames",
    [
        IMAGES,
        CHANNELS_FIRST,
        TRANSPARENT,
        TRANSPARENT.transpose(0, 3, 1, 2),
        IMAGES / 255,
        (CHANNELS_FIRST / 255).astype(np.float32),
        (TRANSPARENT / 255).astype(np.float16),
        IMAGES / 255 * 1.009,
        list(IMAGES),
        tuple(CHANNELS_FIRST),
        (image for image in TRANSPARENT),
        iter(list(CHANNELS_FIRST / 255)),
        map(Pillows, IMAGES),
    ],
)
def test_every_layout_and_type_gives_the_same_film(frames: Any, tmp_path: Path) -> None:
    assert save_video(frames, tmp_path / "walk.mp4") == tmp_path / "walk.mp4"
    assert_shows_images(tmp_path / "walk.mp4")


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float16", "bfloat16"])
def test_tensors_are_taken_as_arrays_are(dtype: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(np.ascontiguousarray(CHANNELS_FIRST))
    frames = tensor if dtype == "uint8" else (tensor.float() / 255).to(getattr(torch, dtype)).requires_grad_()
    save_video(frames, tmp_path / "walk.mp4")
    assert_shows_images(tmp_path / "walk.mp4")
    save_video((frame for frame in frames), tmp_path / "again.mp4")
    assert_shows_images(tmp_path / "again.mp4")


def test_torch_is_not_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from replay_viewer import save_video; from video_files import moving_bar;"
        "save_video(moving_bar(3), sys.argv[1]); print(sorted({'torch', 'imageio', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.mp4")], stdout=subprocess.PIPE, env=child_env()
    )
    assert done.stdout.decode() == "[]\n"


def test_the_rate_is_as_asked(tmp_path: Path) -> None:
    save_video(IMAGES, tmp_path / "walk.mp4", fps=12.5)
    assert frame_times(tmp_path / "walk.mp4") == [Fraction(2, 25)] * 6
    save_video(IMAGES, str(tmp_path / "new" / "folder.mp4"))
    assert probe_video(tmp_path / "new" / "folder.mp4").fps == 30


def test_an_iterator_is_never_ahead_of_the_film(tmp_path: Path) -> None:
    asked = []

    def frames() -> Iterator[np.ndarray]:
        for index, image in enumerate(IMAGES):
            asked.append(index)
            yield image
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        save_video(frames(), tmp_path / "walk.mp4")
    assert asked == list(range(6))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("value", "text"), [(0, "the same picture, all black"), (200, "the same picture. ")])
@pytest.mark.parametrize("as_iterator", [False, True])
def test_a_film_that_stands_still_is_refused(value: int, text: str, as_iterator: bool, tmp_path: Path) -> None:
    frames = np.full((7, 48, 64, 3), value, np.uint8)
    given = iter(frames) if as_iterator else frames
    with pytest.raises(StaticFilm, match=f"all 7 frames are {text}") as raised:
        save_video(given, tmp_path / "walk.mp4")
    message = str(raised.value)
    assert str(tmp_path / "walk.mp4") in message
    for way_out in ("attach(env, ", "`replay-viewer render run.rec out.mp4`", "allow_static=True"):
        assert way_out in message
    assert list(tmp_path.iterdir()) == []


def test_a_film_that_stands_still_is_written_if_it_is_wanted(tmp_path: Path) -> None:
    save_video(np.full((7, 48, 64, 3), 200, np.uint8), tmp_path / "walk.mp4", allow_static=True)
    assert probe_video(tmp_path / "walk.mp4").num_frames == 7


def test_one_pixel_in_the_last_frame_makes_a_film(tmp_path: Path) -> None:
    frames = np.zeros((7, 48, 64, 3), np.uint8)
    frames[6, 47, 63, 2] = 1
    save_video(frames, tmp_path / "walk.mp4")
    assert probe_video(tmp_path / "walk.mp4").num_frames == 7


def test_a_single_frame_is_no_film_that_stands_still(tmp_path: Path) -> None:
    save_video(IMAGES[:1], tmp_path / "walk.mp4")
    assert probe_video(tmp_path / "walk.mp4").num_frames == 1


def test_a_simulator_may_draw_into_one_buffer(tmp_path: Path) -> None:
    buffer = np.empty_like(IMAGES[0])

    def frames() -> Iterator[np.ndarray]:
        for image in IMAGES:
            buffer[:] = image
            yield buffer

    save_video(frames(), tmp_path / "walk.mp4")
    assert_shows_images(tmp_path / "walk.mp4")


SHAPES = r"expected \(T, H, W, 3 or 4\), \(T, 3 or 4, H, W\), or a list or an iterator of pictures"


@pytest.mark.parametrize(
    ("frames", "text"),
    [
        (IMAGES[0], rf"frames \(96, 160, 3\) of uint8: {SHAPES}"),
        (IMAGES[..., 0], SHAPES),
        (None, "frames NoneType: expected"),
        ("walk.mp4", "frames str: expected"),
        ({"rgb": IMAGES}, "frames dict: expected"),
        ([None], r"frame 0 None: it is no picture. env.render\(\) gives one .* render_mode='rgb_array'"),
        ([IMAGES[0], IMAGES[1][:-2]], r"frame 1 \(94, 160, 3\) of uint8: the frames before it are \(96, 160\)"),
        ([IMAGES[0], IMAGES[1][..., :2]], r"frame 1 \(96, 160, 2\) of uint8: expected \(height, width, 3 or 4\)"),
        (IMAGES.astype(np.int64), r"frame 0 \(96, 160, 3\) of int64: .* of uint8 or of floats from 0 to 1"),
        (IMAGES.astype(np.float32), r"frame 0 .* floats of pictures are from 0 to 1, and these from 0 to 255\."),
        (IMAGES / 127.5 - 1, "these from -1 to 1"),
        (IMAGES * np.nan, "these from nan to nan"),
        (np.zeros((3, 0, 8, 3), np.uint8), r"frame 0 \(0, 8, 3\)"),
    ],
)
def test_what_are_no_frames_is_refused(frames: Any, text: str, tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match=text):
        save_video(frames, tmp_path / "walk.mp4")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("frames", [[], iter(()), IMAGES[:0]])
def test_no_frames_make_no_film(frames: Any, tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="there are no frames to write"):
        save_video(frames, tmp_path / "walk.mp4")


def child_env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def test_a_bar_is_drawn_on_a_terminal(tmp_path: Path) -> None:
    code = "import sys; from replay_viewer import save_video; from video_files import moving_bar;"
    code += "save_video(list(moving_bar(50)), sys.argv[1]); save_video(moving_bar(50), sys.argv[1])"
    master, terminal = os.openpty()
    command = [sys.executable, "-c", code, str(tmp_path / "walk.mp4")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=terminal, env=child_env()) as process:
        drawn = drawn_on(master, terminal)
    assert process.returncode == 0
    # Nothing of the second film, whose length nobody knows.
    last = drawn.split("\r\x1b[K")[-1]
    assert re.match(r"\[#{30}\] 100% 50 frames, \d+ frames/s, 0:00 left\r\n$", last), last
