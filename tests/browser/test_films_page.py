"""Films in a real page: as tiles of the table, and beside the robot, at the frame that belongs to the step shown."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from film_samples import add_lines, film_record, filmed_run, write_film
from viewer_page import ViewerPage, ViewerProcess, open_tab

_LENGTH = 60
# The number that is burnt into what a player shows, and the step that the page shows at the same moment.
_NUMBER = """
() => {
  const figures = [...document.querySelectorAll("#rv-films figure")];
  const video = figures.find((figure) => figure.textContent === "front").firstChild;
  const canvas = Object.assign(document.createElement("canvas"), { width: 160, height: 96 });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, 0, 0, 160, 96);
  const step = window.replayViewer.position();
  let number = 0;
  for (let bit = 0; bit < 10; bit++) if (context.getImageData(bit * 16 + 8, 8, 1, 1).data[1] > 127) number |= 1 << bit;
  return [number, step, video.seeking || video.readyState < 2];
}
"""
# The same at each frame of the page for some time [ms].
_WATCH = f"""
async (duration) => {{
  const read = {_NUMBER};
  const found = [], end = performance.now() + duration;
  while (performance.now() < end) {{
    await new Promise((resolve) => requestAnimationFrame(resolve));
    found.push(read());
  }}
  return found;
}}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filmed_run(tmp_path_factory.mktemp("filmed"), length=_LENGTH)


@pytest.fixture(scope="module")
def viewer(run: Path) -> Iterator[ViewerProcess]:
    with ViewerProcess([str(run.parent), "--port", "0", "--no-shadows"]) as process:
        yield process


@pytest.fixture(scope="module")
def kept_page(chromium, viewer: ViewerProcess) -> Iterator[ViewerPage]:
    with open_tab(chromium, size=(1366, 768)) as page:
        page.page.goto(viewer.url)
        page.page.on("dialog", lambda dialog: pytest.fail("a script of a file ran"))
        page.page.locator("#rv-episodes button", has_text="Films").click()
        page.until(lambda: tiles(page), "tiles")
        yield page


def tiles(page: ViewerPage) -> list[str]:
    """What the tiles are called, in their order on the screen."""
    return page.page.locator(".rv-tile").evaluate_all("""
        nodes => nodes.map(node => [node.getBoundingClientRect(), node.ariaLabel])
          .sort(([a], [b]) => a.top - b.top || a.left - b.left).map(([, name]) => name)
    """)


def tile(page: ViewerPage, name: str):
    return page.page.get_by_label(name, exact=True)


def expected(step: float) -> float:
    """The number that belongs to a step: the camera has seen it after the step."""
    episode, inside = divmod(step, _LENGTH)
    return 100 * episode + inside + 1


def test_films_are_tiles_newest_first_play_under_the_pointer_and_lead_to_their_moment(kept_page: ViewerPage) -> None:
    page = kept_page
    numbers = [int(name.split("episode ")[1][0]) for name in tiles(page)]
    assert numbers == sorted(numbers, reverse=True) and set(numbers) == {0, 1, 2, 3}
    page.page.locator(".rv-kinds button", has_text="terminated").click()
    ended = {f"env 0, episode {number} \u00b7 {camera}" for number in range(3) for camera in ("front", "wrist")}
    page.until(lambda: set(tiles(page)) == ended, "the films of episodes that ended")
    film = tile(page, "env 0, episode 1 \u00b7 front")
    video = film.locator("video")
    assert video.evaluate("video => video.paused")
    film.hover()
    page.until(lambda: video.evaluate("video => !video.paused && video.currentTime > 0.5"), "a film that plays")
    film.click()
    page.wait_ready()
    # Not the episode's beginning, but what was seen under the pointer.
    page.until(lambda: _LENGTH + 8 < page.step() < 2 * _LENGTH, "the moment of the film")
    assert "Episode 1" in page.episode_text()


def test_the_frame_beside_the_robot_is_that_of_the_step_while_scrubbing(kept_page: ViewerPage) -> None:
    page = kept_page
    for step in (70, 71, 5, 118, 61, 150, 0, 58):
        page.page.evaluate(f"window.replayViewer.send('seek', {step})")
        page.wait_step(step)
        wanted = expected(min(step, step // _LENGTH * _LENGTH + _LENGTH - 2))
        page.until(
            lambda wanted=wanted: page.page.evaluate(_NUMBER)[::2] == [wanted, False], f"frame {wanted} at step {step}"
        )


def test_the_frame_stays_with_the_step_while_playing_slowly_fast_and_in_a_loop(kept_page: ViewerPage) -> None:
    page = kept_page
    for speed in (0.5, 1, 2):
        page.page.evaluate("window.replayViewer.send('select_steps', [64, 110])")
        page.page.evaluate("window.replayViewer.send('set_loop', 'selection')")
        page.page.evaluate(f"window.replayViewer.send('set_speed', {speed})")
        page.page.evaluate("window.replayViewer.send('play')")
        page.until(lambda: page.page.evaluate("window.replayViewer.state.playing"), "playback")
        seen = page.page.evaluate(_WATCH, 2500)
        page.page.evaluate("window.replayViewer.send('pause')")
        steady = [(number, step) for number, step, is_away in seen if not is_away]
        near = [abs(number - expected(step)) <= 2 * max(speed, 1) for number, step in steady]
        # Around a jump back to A, and until playback has begun, a player takes a moment.
        assert len(steady) > len(seen) * 0.5 and sum(near) > 0.8 * len(near), (speed, seen)
    page.page.evaluate("window.replayViewer.send('set_speed', 1)")


def test_a_film_without_a_recording_is_seen_alone_and_its_texts_are_no_html(
    chromium, tmp_path: Path, run: Path
) -> None:
    evil = "<img src=x onerror=alert(1)>"
    shutil.copytree(run, tmp_path / "run.rec")
    write_film(tmp_path / "other" / "a.mp4", 20, "c1")
    facts = {"policy": evil, "outcome": "terminated", "total_reward": 3.0, "iteration": 7}
    key = {"run": evil, "env_id": 9, "episode_in_env": 4}
    record = film_record("c1", "a.mp4", camera=evil, facts=facts, key=key, note=evil, experiment=evil)
    add_lines(tmp_path / "other" / "clips-h-1-aa.clips.jsonl", record)
    with ViewerProcess([str(tmp_path), "--port", "0", "--no-shadows"]) as viewer, open_tab(chromium) as page:
        page.page.on("dialog", lambda dialog: pytest.fail("a script of a file ran"))
        page.page.goto(viewer.url)
        page.page.locator("#rv-episodes button", has_text="Films").click()
        page.until(lambda: tiles(page) == [f"env 9, episode 4 \u00b7 {evil}"], "the film")
        page.page.locator(".rv-tile").click()
        video = page.page.locator(".rv-film-dialog video")
        page.until(lambda: video.evaluate("video => video.currentTime > 0.1"), "the film alone")
        page.page.keyboard.press("Escape")
        page.until(lambda: not page.page.locator(".rv-film-dialog").count(), "it is closed")
