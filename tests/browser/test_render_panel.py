"""Videos and pictures from the page: what arrives in the browser is what was shown, and was asked for."""

from __future__ import annotations

import base64
import io
import math
import os
from pathlib import Path

import imageio.v2 as imageio
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Download
from video_files import probe_video
from viewer_page import ViewerPage, ViewerProcess, open_page

from replay_viewer.replay.replay import Replay

# The picture of how the video begins, as a PNG.
_FIRST_FRAME = """
() => {
  const image = [...document.images].find(({ naturalWidth }) => naturalWidth === 480);
  if (!image) return null;
  const canvas = Object.assign(document.createElement("canvas"), { width: 480, height: image.naturalHeight });
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/png");
}
"""
# Notes at each frame of the page what is told of the video, and whether another one can be asked for.
_WATCH = """
() => {
  window.told = [];
  (function watch() {
    const button = [...document.querySelectorAll("button")].find((each) => each.textContent.includes("Render Video"));
    window.told.push([document.querySelector(".rv-job")?.textContent ?? "", Boolean(button?.matches(":disabled"))]);
    requestAnimationFrame(watch);
  })();
}
"""


@pytest.fixture
def page(page: ViewerPage) -> ViewerPage:
    """The panel, with what makes a video of 45 small frames."""
    page.open_tab("Render")
    choices = {"Size": "640 x 360", "Frames/s": "24", "Speed": "4x", "Overlay": "none", "Camera": "this view"}
    for label, option in {**choices, "Show": "this episode"}.items():
        if page.chosen(label) != option:
            page.choose(label, option)
    return page


def status(page: ViewerPage) -> str:
    shown = page.page.locator(".rv-job")
    return shown.inner_text() if shown.count() else ""


def target(page: ViewerPage) -> str:
    shown = page.page.locator(".rv-target")
    return shown.first.inner_text() if shown.count() else ""


def first_frame(page: ViewerPage) -> np.ndarray:
    """The picture in the panel of how the video begins."""
    data = page.page.evaluate(_FIRST_FRAME)
    if not data:
        return np.zeros((1, 1, 3), int)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data.split(",")[1]))).convert("RGB")).astype(int)


def are_alike(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and bool(np.abs(one - other).mean() < 6)


def press_and_receive(page: ViewerPage, button: str) -> Download:
    with page.page.expect_download(timeout=60_000) as download:
        page.click_button(button)
    return download.value


def pixels(download: Download) -> np.ndarray:
    return np.asarray(Image.open(download.path()).convert("RGB")).astype(int)


def robot_middle(picture: np.ndarray) -> np.ndarray:
    """The middle (x, y) of the robot's orange parts, as shares of the picture's width and height."""
    rows, columns = np.nonzero(picture[..., 0] - picture[..., 2] > 80)
    assert len(rows) > 1e-4 * picture[..., 0].size, "no robot is in the picture"
    return np.array([columns.mean() / picture.shape[1], rows.mean() / picture.shape[0]])


def frames_of(seconds: float) -> int:
    """Video frames at 24 a second, four times as fast as life."""
    return math.ceil(seconds / 4 * 24 - 1e-6)


def green(picture: np.ndarray) -> int:
    """How many pixels have the hue of a commanded velocity; the demo has none."""
    return int(((picture[..., 1] > picture[..., 0] + 50) & (picture[..., 1] > picture[..., 2] + 30)).sum())


def test_layers_that_are_on_are_drawn_unless_they_are_not_to_be(page: ViewerPage) -> None:
    drawn = page.page.locator(".rv-drawn-layers")
    assert "None is on" in drawn.inner_text()
    page.open_tab("View")
    page.page.locator('[data-do="switch_layer"][data-value="velocity"]').click()
    page.open_tab("Render")
    page.until(lambda: drawn.inner_text() == "Velocity", "the layer's name")
    assert green(pixels(press_and_receive(page, "Save Picture"))) > 50
    page.page.get_by_role("checkbox", name="Layers").click()
    page.until(lambda: drawn.inner_text() == "Without Velocity", "that it is left out")
    assert green(pixels(press_and_receive(page, "Save Picture"))) == 0
    page.page.get_by_role("checkbox", name="Layers").click()
    page.open_tab("View")
    page.page.locator('[data-do="switch_layer"][data-value="velocity"]').click()


def test_video_of_the_episode_is_drawn_told_of_saved_and_sent(page: ViewerPage, demo: Replay, folder: Path) -> None:
    page.page.evaluate(_WATCH)
    download = press_and_receive(page, "Render Video")
    # Whoever looks from outside may come too late for so short a video.
    told = page.page.evaluate("told")
    assert any("frames" in text or "Preparing" in text for text, _ in told)
    assert any(is_disabled for _, is_disabled in told)
    assert download.suggested_filename == "walk_env0_ep000.mp4"
    video = probe_video(download.path())
    episode = demo.rollout.episodes(0)[0]
    assert (video.size, video.fps) == ((640, 360), 24.0)
    assert video.num_frames == frames_of(episode.num_steps * demo.rollout.control_dt)
    saved = folder / "walk_env0_ep000.mp4"
    page.until(lambda: str(saved) in status(page), "where the video is")
    assert saved.read_bytes() == Path(download.path()).read_bytes()
    page.until(page.page.get_by_role("button", name="Render Video").is_enabled, "that another one can be asked for")
    again = press_and_receive(page, "Download Again")
    assert Path(again.path()).read_bytes() == saved.read_bytes()
    saved.unlink()
    page.click_button("Download Again")
    page.page.get_by_text("walk_env0_ep000.mp4 cannot be sent").wait_for()


def test_the_steps_from_a_to_b_go_to_a_folder_of_ones_choice_and_begin_as_is_shown(
    page: ViewerPage, folder: Path
) -> None:
    page.choose("Overlay", "hud")
    page.choose("Show", "A-B loop")
    page.until(lambda: "no A-B loop" in page.page.locator(".rv-target").inner_text(), "what is missing")
    page.page.evaluate("replayViewer.send('select_steps', [100, 147])")
    page.until(lambda: target(page).endswith(str(folder / "walk_env0_steps100-147.mp4")), "where it will be")
    box = page.page.locator("label[for]", has_text="Folder").first.locator("xpath=ancestor::*[.//input][1]//input")
    box.fill(str(folder / "cut" / "deep"))
    page.until(lambda: "there is no folder" in page.page.locator(".rv-target").inner_text(), "why it cannot be")
    box.fill(str(folder / "cut"))
    saved = folder / "cut" / "walk_env0_steps100-147.mp4"
    page.until(lambda: target(page).endswith(str(saved)), "another folder")
    press_and_receive(page, "Render Video")
    video = probe_video(saved)
    assert video.num_frames == frames_of(48 * 0.02)
    first = np.asarray(Image.fromarray(imageio.get_reader(saved, "mp4").get_data(0)).resize((480, 270)), int)
    page.until(lambda: are_alike(first_frame(page), first), "what the video begins with")
    box.fill(str(folder))
    page.page.evaluate("replayViewer.send('clear_selection')")


@pytest.mark.slow
def test_whole_env_is_drawn_from_its_beginning_to_its_end(page: ViewerPage, demo: Replay) -> None:
    page.choose("Show", "all of this env")
    video = probe_video(press_and_receive(page, "Render Video").path())
    assert video.num_frames >= frames_of(demo.rollout.num_steps * demo.rollout.control_dt)


def test_cancelled_video_leaves_nothing(page: ViewerPage, folder: Path) -> None:
    before = sorted(os.listdir(folder))
    page.choose("Size", "1280 x 720")
    page.choose("Speed", "0.1x")
    page.click_button("Render Video")
    page.until(lambda: "frames" in status(page), "progress", timeout=60)
    page.click_button("Cancel")
    page.until(lambda: status(page).startswith("Cancelled after"), "the end", timeout=30)
    assert sorted(os.listdir(folder)) == before
    assert page.page.get_by_role("button", name="Cancel").count() == 0


@pytest.mark.slow
def test_second_browser_sees_the_video_and_can_cancel_it(chromium, page: ViewerPage, viewer: ViewerProcess) -> None:
    page.choose("Size", "1280 x 720")
    page.choose("Speed", "0.1x")
    page.click_button("Render Video")
    with open_page(chromium, viewer.url) as other:
        other.open_tab("Render")
        other.until(lambda: "frames" in status(other), "progress", timeout=60)
        assert other.page.get_by_role("button", name="Render Video").is_disabled()
        other.click_button("Cancel")
        page.until(lambda: status(page).startswith("Cancelled after"), "the end", timeout=30)


@pytest.mark.slow
def test_screenshot_is_the_view_at_the_size_of_the_page(chromium, viewer: ViewerProcess) -> None:
    with open_page(chromium, viewer.url, size=(800, 420), drawing=True) as page:
        page.orbit(120)
        page.page.wait_for_timeout(500)
        with page.page.expect_download(timeout=60_000) as download:
            page.page.locator("#rv-views button", has_text="Screenshot").click()
        drawn, shown = pixels(download.value), page.picture().astype(int)
        assert drawn.shape == shown.shape
        assert np.abs(robot_middle(drawn) - robot_middle(shown)).max() < 0.02


def test_key_c_saves_a_picture(page: ViewerPage) -> None:
    page.press_button("One step forward")
    page.wait_step(1)
    with page.page.expect_download(timeout=60_000) as download:
        page.page.keyboard.press("x")
    assert download.value.suggested_filename == "walk_env0_step1.png"


@pytest.mark.slow
def test_picture_has_the_size_and_the_view_of_the_panel(page: ViewerPage) -> None:
    page.choose("Size", "1080 x 1080")
    page.choose("Camera", "top")
    above = pixels(press_and_receive(page, "Save Picture"))
    assert above.shape == (1080, 1080, 3)
    assert np.abs(robot_middle(above) - 0.5).max() < 0.1
    page.choose("Background", "dark")
    page.choose("Camera", "side")
    beside = pixels(press_and_receive(page, "Save Picture"))
    page.choose("Background", "light")
    assert beside[0].mean() < 60


def saved_picture(page: ViewerPage, **choices: str) -> np.ndarray:
    """A picture of the step shown, with these choices in the panel."""
    for label, option in choices.items():
        page.choose(label, option)
    return pixels(press_and_receive(page, "Save Picture"))


def difference(picture: np.ndarray, other: np.ndarray) -> float:
    """Mean over the pixels, of 255."""
    return float(np.abs(picture - other).mean())


@pytest.mark.slow
def test_front_and_follow_are_what_the_page_shows_by_these_names(page: ViewerPage) -> None:
    pictures = []
    for camera, key in (("front", "3"), ("follow", "4")):
        before = page.camera()["position"]
        page.page.keyboard.press(key)
        page.until(lambda before=before: np.abs(page.camera()["position"] - before).max() > 0.05, f"the view {camera}")
        shown = saved_picture(page, Camera="this view")
        pictures.append(saved_picture(page, Camera=camera))
        assert difference(pictures[-1], shown) < 1
    assert difference(*pictures) > 2


@pytest.mark.slow
def test_video_begins_with_the_picture_that_is_saved_with_the_same_choices(page: ViewerPage) -> None:
    pictures = [saved_picture(page, Camera="front")]
    for choices in ({"Background": "dark"}, {"Overlay": "hud"}, {"Overlay": "rewards"}):
        pictures.append(saved_picture(page, **choices))
        assert min(difference(pictures[-1], before) for before in pictures[:-1]) > 0.5, choices
    film = press_and_receive(page, "Render Video")
    page.choose("Background", "light")
    first = imageio.get_reader(film.path(), "mp4").get_data(0).astype(int)
    assert difference(first, pictures[-1]) < 3


@pytest.mark.slow
def test_camera_that_follows_goes_along_in_the_video_and_one_that_does_not_stays(page: ViewerPage) -> None:
    films = []
    for _ in range(2):
        film = press_and_receive(page, "Render Video")
        films.append([image.astype(int) for image in imageio.get_reader(film.path(), "mp4").iter_data()])
        page.click_button("Follow Robot")
    followed, left = films
    assert np.abs(robot_middle(followed[-1]) - 0.5).max() < 0.15
    assert np.abs(followed[0] - left[0]).mean() < 2
    assert (np.abs(followed[-1] - left[-1]).max(axis=-1) > 60).mean() > 0.005


@pytest.mark.slow
def test_video_that_cannot_be_written_is_told_of(chromium, demo_path: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    with ViewerProcess([str(demo_path), "--port", "0", "--no-shadows"], folder=gone) as viewer:
        with open_page(chromium, viewer.url) as page:
            page.open_tab("Render")
            gone.rmdir()
            gone.write_text("")
            page.click_button("Render Video")
            page.page.get_by_text("The video could not be rendered").wait_for(timeout=60_000)
            assert "walk_env0_ep000.mp4" in status(page)
            page.press_button("One step forward")
            page.wait_step(1)
    assert not any("Traceback" in line for line in viewer.lines)


@pytest.mark.slow
def test_closing_the_viewer_cancels_the_video(chromium, demo_path: Path, tmp_path: Path) -> None:
    with ViewerProcess([str(demo_path), "--port", "0", "--no-shadows"], folder=tmp_path) as viewer:
        with open_page(chromium, viewer.url) as page:
            page.open_tab("Render")
            page.choose("Size", "1280 x 720")
            page.click_button("Render Video")
            page.until(lambda: "frames" in status(page), "progress", timeout=60)
            assert viewer.interrupt() in (0, 130)
    assert not os.listdir(tmp_path)
    assert not any("Traceback" in line for line in viewer.lines)
