"""From recordings to files: what is in them, which are written, and what an interrupted or broken one leaves."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from render_samples import SIZE, SPEED, box_x, from_above, write_slide
from video_files import probe_video, read_frames

from replay_viewer import open_replay, render_video
from replay_viewer.errors import BadArgument, FileProblem, ReplayError, UnknownName
from replay_viewer.render.drawing import FilmDrawer
from replay_viewer.render.film import Film
from replay_viewer.render.folder import SomeFailed
from replay_viewer.render.selection import NothingSelected, Selection, shots_of
from replay_viewer.render.view import View
from replay_viewer.replay.world import world_of

ENDS = {0: [(19, "terminated", False), (39, "truncated", True)], 1: [(29, "terminated", None)]}


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    """60 steps of one env and one episode."""
    return write_slide(tmp_path / "slide.rec")


@pytest.fixture
def episodes(tmp_path: Path) -> Path:
    """Envs 7 and 9 with three and two episodes, of seed 5."""
    return write_slide(tmp_path / "run.rec", ends=ENDS, env_ids=[7, 9], seed=5)


def small(recording: Path, out: Path | None, **options: Any) -> list[Path]:
    return render_video(recording, out, **{"size": SIZE, "camera": from_above(), **options})


def names(folder: Path) -> list[str]:
    """All files below a folder, hidden ones too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# -- what is in a file --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("control_dt", "fps", "speed"), [(0.02, 30, 1.0), (0.02, 50, 0.5), (1 / 30, 12.5, 1.0), (0.005, 60, 0.25)]
)
def test_video_frame_k_shows_time_k_over_fps(tmp_path: Path, control_dt: float, fps: float, speed: float) -> None:
    recording = write_slide(tmp_path / "slide.rec", round(1.2 / control_dt), control_dt=control_dt)
    small(recording, tmp_path / "out.mp4", fps=fps, speed=speed)
    shown = [box_x(image) / SPEED for image in read_frames(tmp_path / "out.mp4")]
    last = 1.2 - control_dt
    expected = [min(k / fps * speed, last) for k in range(math.ceil(1.2 / speed * fps - 1e-6))]
    assert len(shown) == len(expected)
    # A pixel is 28 mm, and colour has half of the resolution. The mean is better than that.
    assert shown == pytest.approx(expected, abs=0.01 / SPEED)
    assert np.mean(shown) == pytest.approx(np.mean(expected), abs=0.003 / SPEED)


def test_the_file_is_what_was_asked_for(slide: Path, tmp_path: Path) -> None:
    assert small(slide, tmp_path / "out.mp4", fps=25) == [tmp_path / "out.mp4"]
    facts = probe_video(tmp_path / "out.mp4")
    assert (facts.codec, facts.size, facts.fps, facts.num_frames) == ("h264", SIZE, 25, 30)
    assert facts.pixel_format.startswith("yuv420p")
    assert facts.duration == pytest.approx(1.2, abs=0.01)


def test_an_overlay_is_within_the_size(slide: Path, tmp_path: Path) -> None:
    small(slide, tmp_path / "out.mp4", size=(640, 360), overlay="rewards", camera="follow", steps="0:10")
    assert probe_video(tmp_path / "out.mp4").size == (640, 360)


def test_decoded_frames_are_those_that_were_drawn(slide: Path, tmp_path: Path) -> None:
    small(slide, tmp_path / "out.mp4")
    for drawn, decoded in zip(drawn_frames(slide, 2, "none"), read_frames(tmp_path / "out.mp4"), strict=True):
        error = np.mean((drawn.astype(float) - decoded) ** 2)
        assert 10 * math.log10(255**2 / error) > 30


def test_the_last_step_is_the_terminal_state_and_never_the_reset(episodes: Path, tmp_path: Path) -> None:
    small(episodes, tmp_path / "out.mp4", episodes=[0], fps=50)
    shown = [box_x(image) for image in read_frames(tmp_path / "out.mp4")]
    assert shown[-1] == pytest.approx(19 * 0.02 * SPEED, abs=0.01)
    assert len(shown) == 20


def test_each_of_several_episodes_has_its_title_before_it(episodes: Path, tmp_path: Path) -> None:
    small(episodes, tmp_path / "out.mp4", env=7)
    shown = [box_x(image) for image in read_frames(tmp_path / "out.mp4")]
    films, title = [12, 12, 12], 36
    assert len(shown) == sum(films) + 3 * title
    is_title = np.isnan(shown).reshape(3, title + 12)
    assert is_title[:, :title].all()
    assert not is_title[:, title:].any()
    assert [shown[title], shown[2 * title + 12]] == pytest.approx([0, 0], abs=0.01)


def test_many_envs_are_in_one_picture(episodes: Path, tmp_path: Path) -> None:
    small(episodes, tmp_path / "one.png", step=0, env=9)
    small(episodes, tmp_path / "two.png", step=0, envs="all")
    rows = [np.nonzero(is_red(Image.open(tmp_path / f"{name}.png")))[0] for name in ("one", "two")]
    assert len(rows[1]) == pytest.approx(2 * len(rows[0]), rel=0.1)
    # Env 9 is a metre to the left of env 7, which is above it in the picture.
    assert rows[0].max() < rows[1].max()


def is_red(image: Image.Image) -> np.ndarray:
    red, green, _ = np.moveaxis(np.asarray(image).astype(int), -1, 0)
    return red > green + 50


@pytest.mark.parametrize("name", ["shot.png", "shot.JPG"])
def test_one_step_is_a_picture(name: str, slide: Path, tmp_path: Path) -> None:
    assert small(slide, tmp_path / "new" / name, step=30) == [tmp_path / "new" / name]
    with Image.open(tmp_path / "new" / name) as image:
        assert image.size == SIZE
        assert image.format == ("PNG" if name == "shot.png" else "JPEG")
        assert box_x(np.asarray(image)) == pytest.approx(30 * 0.02 * SPEED, abs=0.01)
    assert names(tmp_path / "new") == [name]


def test_a_picture_without_a_step_is_the_first_that_is_selected(episodes: Path, tmp_path: Path) -> None:
    small(episodes, tmp_path / "a.png", where="truncated")
    small(episodes, tmp_path / "b.png", step=20)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def drawn_frames(recording: Path, workers: int, overlay: str) -> Iterator[np.ndarray]:
    replay = open_replay(recording)
    with FilmDrawer(world_of([replay]), View(camera=from_above(), size=SIZE, overlay=overlay), workers) as drawer:
        yield from drawer.images(Film(replay.rollout, shots_of(replay.rollout, Selection())))
    replay.close()


def test_the_pixels_are_the_same_for_any_number_of_workers(episodes: Path) -> None:
    by_workers = [list(drawn_frames(episodes, workers, "hud")) for workers in (1, 2, 5)]
    assert len(by_workers[0]) == 144
    for images in zip(*by_workers, strict=True):
        assert np.array_equal(images[0], images[1])
        assert np.array_equal(images[0], images[2])


# -- which files are written --------------------------------------------------------------


def test_names_come_from_the_template(episodes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert small(episodes, None, num_episodes=2) == [Path("run_seed5_2eps.mp4")]
    assert small(episodes, tmp_path / "videos", where="truncated", name="{env}/{outcome}_{episode:06d}") == [
        tmp_path / "videos/7/truncated_000001.mp4"
    ]
    assert names(tmp_path / "videos") == ["7/truncated_000001.mp4"]


def test_split_makes_a_file_for_each_episode(episodes: Path, tmp_path: Path) -> None:
    written = small(episodes, tmp_path / "videos", where="terminated", split=True)
    assert [path.name for path in written] == ["run_seed5_env7_ep000.mp4", "run_seed5_env9_ep000.mp4"]
    # Without titles, for each has one episode.
    assert [probe_video(path).num_frames for path in written] == [12, 18]


def test_episodes_that_would_have_one_name_are_refused(episodes: Path, tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match=r"--name \{recording\}.*run\.mp4.*\{env\} and \{episode\}"):
        small(episodes, tmp_path / "videos", split=True, name="{recording}")
    assert not (tmp_path / "videos").exists()


def test_an_existing_file_is_refused_before_anything_is_drawn(episodes: Path, tmp_path: Path) -> None:
    out = tmp_path / "videos"
    small(episodes, out, episodes="1", split=True)
    before = names(out)
    with pytest.raises(FileProblem, match=r"ep001\.mp4: exists already\. Give --overwrite .* --resume"):
        small(episodes, out, episodes="0:3", split=True)
    assert names(out) == before


def test_resume_makes_what_is_missing(episodes: Path, tmp_path: Path) -> None:
    out, told = tmp_path / "videos", []
    (old,) = small(episodes, out, episodes="1", split=True)
    content = old.stat().st_mtime_ns
    written = small(episodes, out, episodes="0:3", split=True, resume=True, tell=told.append)
    assert [path.name for path in written] == ["run_seed5_env7_ep000.mp4", "run_seed5_env7_ep002.mp4"]
    assert old.stat().st_mtime_ns == content
    assert told[0] == f"{old}: is there already"
    assert small(episodes, out, episodes="0:3", split=True, resume=True) == []


def test_overwrite_replaces(slide: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    out.write_text("an old film")
    small(slide, out, overwrite=True)
    assert probe_video(out).num_frames == 36


@pytest.mark.parametrize(
    ("out", "options", "message"),
    [
        ("out.mp4", {"overwrite": True, "resume": True}, "one replaces files that exist"),
        ("out.avi", {}, r"out\.avi: no \.avi can be made here.*\.mp4, \.webm, \.gif, \.png"),
        ("out.mp4", {"split": True}, r"out\.mp4: is one file, and --split is for files in a folder"),
        ("out.mp4", {"name": "{env}.mp4"}, "--name is for files in a folder"),
        ("out.mp4", {"step": 3}, r"--step 3: shows one picture; .* shot\.png"),
        ("out.mp4", {"size": (0, 100)}, "--size 0x100"),
        ("out.mp4", {"size": (10**5, 100)}, "--size 100000x100"),
        ("out.mp4", {"fov_degrees": 180}, "--fov 180"),
        ("out.mp4", {"camera": "above"}, "camera 'above'.*follow"),
        ("out.mp4", {"overlay": "all"}, "overlay 'all'.*rewards"),
        ("out.mp4", {"look": "pink"}, "background 'pink'.*dark"),
        ("out.mp4", {"workers": 0}, "--workers 0"),
        ("out.mp4", {"env": 3}, "Known envs: 0"),
        ("out.mp4", {"urdf": "gone.urdf"}, r"gone\.urdf"),
    ],
)
def test_bad_input_is_one_clear_error_and_leaves_nothing(
    out: str, options: dict[str, Any], message: str, slide: Path, tmp_path: Path
) -> None:
    with pytest.raises((BadArgument, FileProblem, UnknownName), match=message):
        small(slide, tmp_path / "videos" / out, **options)
    assert not (tmp_path / "videos").exists()


def test_a_replay_that_is_given_stays_open(slide: Path, tmp_path: Path) -> None:
    replay = open_replay(slide)
    render_video(replay, tmp_path / "out.mp4", size=SIZE, steps="0:5")
    assert replay.rollout.read("robot.base_pos").shape == (60, 1, 3)
    replay.close()


# -- progress, and being stopped ----------------------------------------------------------


def test_progress_counts_the_frames_of_all_files(episodes: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    small(episodes, tmp_path / "videos", split=True, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 36) for done in range(37)]


class Stop(Exception):
    pass


def test_progress_that_raises_stops_and_leaves_nothing_half_written(episodes: Path, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 20:
            raise Stop

    with pytest.raises(Stop):
        small(episodes, tmp_path / "videos", split=True, progress=stop)
    assert names(tmp_path / "videos") == ["run_seed5_env7_ep000.mp4"]
    assert len(list((tmp_path / "videos").iterdir())) == 1


# -- folders of recordings ----------------------------------------------------------------


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Two recordings in two folders, a packed one, a broken one, and files that are none."""
    folder = tmp_path / "runs"
    write_slide(folder / "a" / "run.rec", 10)
    write_slide(folder / "b" / "run.rec", 10, ends={0: [(4, "terminated", None)]})
    (folder / "b" / "torn.rec").mkdir()
    np.savez(folder / "weights.npz", layer=np.zeros(3))
    (folder / "notes.txt").write_text("notes")
    return folder


def test_every_recording_below_a_folder_is_rendered(runs: Path, tmp_path: Path) -> None:
    told: list[str] = []
    with pytest.raises(SomeFailed) as failed:
        small(runs, tmp_path / "videos", tell=told.append)
    assert str(failed.value) == f"1 of 3 recordings in {runs} could not be rendered: {runs}/b/torn.rec"
    assert isinstance(failed.value.failures[runs / "b/torn.rec"], ReplayError)
    assert names(tmp_path / "videos") == ["a/run_1eps.mp4", "b/run_2eps.mp4"]
    assert any("torn.rec failed: " in line and "meta.json" in line for line in told)


def test_a_folder_is_resumed(runs: Path, tmp_path: Path) -> None:
    (runs / "b/torn.rec").rmdir()
    out = tmp_path / "videos"
    assert len(small(runs, out)) == 2
    (out / "a/run_1eps.mp4").unlink()
    assert small(runs, out) == [out / "a/run_1eps.mp4"]
    assert len(small(runs, out, overwrite=True)) == 2


def test_progress_of_a_folder_knows_the_whole(runs: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    with pytest.raises(SomeFailed):
        small(runs, tmp_path / "videos", progress=lambda done, total: seen.append((done, total)))
    # 10 steps are 6 video frames; the second has two episodes of 5 steps with a title each.
    total = 6 + 2 * (36 + 3)
    assert {of for _, of in seen} == {total}
    assert sorted({done for done, _ in seen}) == list(range(total + 1))


def test_recordings_without_what_is_selected_are_no_failures(runs: Path, tmp_path: Path) -> None:
    (runs / "b/torn.rec").rmdir()
    told: list[str] = []
    small(runs, tmp_path / "videos", where="terminated", tell=told.append)
    assert names(tmp_path / "videos") == ["b/run_1eps.mp4"]
    assert any("a/run.rec: No episode is left by --where terminated" in line for line in told)
    with pytest.raises(NothingSelected):
        small(runs, tmp_path / "videos", where="success")


def test_two_recordings_with_one_name_are_not_mixed_up(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(SomeFailed) as failed:
        small(runs, tmp_path / "videos", name="../film")
    assert names(tmp_path / "videos") == ["film.mp4"]
    why = str(failed.value.failures[runs / "b/run.rec"])
    assert "film.mp4, as" in why
    assert "--name that tells them apart" in why


def test_a_folder_needs_recordings_and_a_folder(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileProblem, match="empty: has no recording"):
        small(tmp_path / "empty", tmp_path / "videos")
    with pytest.raises(FileProblem, match=r"has 3 recordings\. Give a folder instead of .*out\.mp4"):
        small(runs, tmp_path / "out.mp4")
