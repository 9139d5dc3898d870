"""What is compared is chosen in the page: recordings, envs, episodes and files, which come, lead and go."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Locator
from viewer_page import ViewerPage, ViewerProcess, open_tab

from replay_viewer.paths import asset

EVIL = "<img src=x onerror=alert(1)>.rec"

_REMOVE_OTHERS = """
() => {
  const { state, send } = window.replayViewer;
  for (const take of state.takes.slice(1)) send("remove_take", take.key);
}
"""


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ViewerProcess]:
    """A folder of three recordings of the demo."""
    folder = tmp_path_factory.mktemp("runs")
    for name in ("before.rec", "after.rec", EVIL):
        (folder / name).write_bytes(asset("walk.rec").read_bytes())
    with ViewerProcess([str(folder), "--port", "0", "--no-shadows"]) as process:
        yield process


@pytest.fixture
def page(chromium, viewer: ViewerProcess) -> Iterator[ViewerPage]:
    """At step 100 of env 0 of one of them."""
    with open_tab(chromium) as page:
        page.goto(f"{viewer.url}?recording=before.rec&env=0&step=100")
        page.page.evaluate(_REMOVE_OTHERS)
        page.until(lambda: not names(page) and page.step() == 100, "one recording, at its step")
        yield page


def names(page: ViewerPage) -> list[str]:
    return page.page.locator("#rv-takes .rv-name").all_inner_texts()


def chooser(page: ViewerPage) -> Locator:
    """Open it, once it is filled."""
    opener = page.page.locator("#rv-compare") if not names(page) else page.page.get_by_label("Compare with more")
    opener.click()
    box = page.page.locator(".rv-compare-with")
    box.get_by_role("button", name="Compare", exact=True).first.wait_for()
    return box


def errors(page: ViewerPage) -> list[str]:
    """What the console says is wrong; not that viser puts off what is told of a panel until that is gone."""
    told = [line for line in page.console if "error" in line.lower()]
    return [line for line in told if "Tried to update non-existent component" not in line]


def add_listed(page: ViewerPage, name: str) -> None:
    chooser(page).locator(".rv-list button").filter(has_text=name).click()


def wait_names(page: ViewerPage, *wanted: str) -> None:
    page.until(lambda: names(page) == list(wanted), f"{wanted}, not {names(page)}")


def take_away(page: ViewerPage, name: str) -> None:
    page.page.get_by_label(f"Take {name} away").click()


def test_recordings_envs_and_episodes_come_lead_and_go(page: ViewerPage) -> None:
    page.page.on("dialog", lambda dialog: pytest.fail("a script of a file's name ran"))
    add_listed(page, "after.rec")
    wait_names(page, "before", "after")
    page.wait_step(100)
    assert page.page.locator("#rv-bar .rv-play").is_visible() and page.page.get_by_label("Speed").count() == 1
    chooser(page).get_by_label("Env").select_option("2")
    page.page.locator(".rv-compare-with .rv-pick button").first.click()
    wait_names(page, "before env 0", "after env 0", "before env 2")
    add_listed(page, EVIL)
    evil = f"{EVIL.removesuffix('.rec')} env 0"
    wait_names(page, "before env 0", "after env 0", "before env 2", evil)
    page.page.locator("#rv-takes button.rv-name", has_text="after env 0").click()
    wait_names(page, "after env 0", "before env 0", "before env 2", evil)
    page.wait_step(100)
    take_away(page, evil)
    take_away(page, "after env 0")
    wait_names(page, "before env 0", "before env 2")
    take_away(page, "before env 2")
    wait_names(page)
    page.wait_step(100)
    assert not errors(page)


def test_an_episode_begins_where_the_one_that_is_shown_does(page: ViewerPage) -> None:
    episodes = page.page.evaluate("window.replayViewer.state.episodes.first")
    chooser(page).get_by_label("Episode").select_option("1")
    page.page.locator(".rv-compare-with .rv-pick button").last.click()
    wait_names(page, "before env 0 episode 0", "before env 0 episode 1")
    base = "name => window.rvViser.nodePosition(name)"
    beside = page.page.evaluate(base, "/world/take2/robot/base")
    take_away(page, "before env 0 episode 1")
    wait_names(page)
    page.page.evaluate("step => window.replayViewer.send('seek', step)", episodes[1] + 100)
    page.wait_step(episodes[1] + 100)
    page.until(
        lambda: page.page.evaluate(base, "/world/robot/base") == pytest.approx(beside, abs=1e-5), "the same pose"
    )


def test_a_file_that_is_dropped_on_the_right_half_is_compared(page: ViewerPage) -> None:
    page.page.locator("#rv-choose").set_input_files([])
    chooser(page).get_by_role("button", name="A file of this computer").evaluate("button => button.click()")
    page.page.locator("#rv-choose").set_input_files(
        [{"name": "mine.rec", "mimeType": "application/octet-stream", "buffer": asset("push.rec").read_bytes()}]
    )
    wait_names(page, "before", "mine")
    drop = """
    x => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(["x"], "notes.txt"));
      const init = {dataTransfer: transfer, bubbles: true, cancelable: true};
      const event = (kind) => new DragEvent(kind, {...init, clientX: x});
      document.body.dispatchEvent(event("dragover"));
      const cards = [...document.querySelectorAll("#rv-drop > div.rv-over")];
      const over = cards.map((card) => card.innerText.split("\\n")[0]);
      window.dispatchEvent(event("dragleave"));
      document.querySelector("#rv-drop").classList.remove("rv-open");
      return over;
    }
    """
    assert page.page.evaluate(drop, 100) == ["Drop it to open it"]
    assert page.page.evaluate(drop, 1200) == ["Drop it here to compare it"]
    take_away(page, "mine")
    wait_names(page)


def test_lanes_are_dragged_to_a_delay_and_a_click_on_one_lets_it_lead(page: ViewerPage) -> None:
    add_listed(page, "after.rec")
    wait_names(page, "before", "after")
    lane, mouse = page.page.locator(".rv-lane"), page.page.mouse
    box = lane.bounding_box()
    assert box is not None
    num_steps, dt = page.page.evaluate("[window.replayViewer.state.numSteps, window.replayViewer.state.dt]")
    moved = 50 / box["width"] * num_steps * dt
    mouse.move(box["x"] + 400, box["y"] + 8)
    mouse.down()
    mouse.move(box["x"] + 450, box["y"] + 8, steps=4)
    mouse.up()
    page.until(lambda: delay_of(page) == pytest.approx(moved, abs=0.003), f"{moved} s later, not {delay_of(page)}")
    base = page.page.evaluate("window.rvViser.nodePosition('/world/take2/robot/base')")
    lane.click(position={"x": 300, "y": 8})
    wait_names(page, "after", "before")
    page.until(lambda: delay_of(page) == pytest.approx(-moved, abs=0.003), "the other one as much earlier")
    assert page.page.evaluate("window.rvViser.nodePosition('/world/robot/base')") == pytest.approx(base, abs=1e-4)
    lane.focus()
    page.page.keyboard.press("ArrowRight")
    page.until(lambda: delay_of(page) == pytest.approx(dt - moved, abs=0.003), "a step later")
    page.page.keyboard.press("Backspace")
    page.until(lambda: delay_of(page) == 0, "no delay")
    page.page.get_by_label("Align", exact=True).select_option("end")
    page.until(lambda: page.page.evaluate("window.replayViewer.state.alignment") == "end", "aligned by ends")
    page.page.get_by_label("Align", exact=True).select_option("mark")
    page.until(page.page.get_by_text("has no bookmark: note one").is_visible, "that there is no bookmark")


def delay_of(page: ViewerPage) -> float:
    """Of the first one beside the lead [s]."""
    return page.page.evaluate("window.replayViewer.state.takes[1]?.delay")


def test_a_copied_link_leads_another_browser_to_the_same_recordings_step_and_view(
    page: ViewerPage, chromium, viewer: ViewerProcess
) -> None:
    add_listed(page, "after.rec")
    wait_names(page, "before", "after")
    page.page.evaluate("window.replayViewer.send('delay_take', ['take2', 0.25])")
    page.page.keyboard.press("c")
    page.orbit(150)
    page.until(lambda: page.page.evaluate("window.replayViewer.state.place.compare") == "side", "side by side")
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.page.keyboard.press("y")
    page.until(page.page.get_by_role("button", name="Link copied").is_visible, "that it is copied")
    link, camera = page.page.evaluate("navigator.clipboard.readText()"), page.camera()
    take_away(page, "before")
    wait_names(page)
    with open_tab(chromium) as other:
        other.goto(link)
        wait_names(other, "before", "after")
        other.wait_step(100)
        assert delay_of(other) == 0.25
        assert other.page.locator("#rv-takes footer button").first.inner_text() == "side by side"
        other.until(lambda: np.allclose(other.camera()["position"], camera["position"], atol=2e-3), "the same view")
        wait_names(page, "before", "after")
    page.goto(f"{viewer.url}?recording=before.rec&recording2=gone.rec")
    page.until(page.page.get_by_text("is not among those that are served here").first.is_visible, "a notice")
    wait_names(page, "before", "after")


def test_a_camera_keeps_all_in_the_picture_as_they_part_and_lets_itself_be_orbited(page: ViewerPage) -> None:
    chooser(page).get_by_label("Env").select_option("2")
    page.page.locator(".rv-compare-with .rv-pick button").first.click()
    wait_names(page, "before env 0", "before env 2")
    page.page.keyboard.press("Shift+R")
    page.until(lambda: page.is_pressed("Keep All in View"), "that all are kept in view")
    for step in (100, 999, 400):
        page.page.evaluate("step => window.replayViewer.send('seek', step)", step)
        page.wait_step(step)
        page.until(lambda: are_in_picture(page), f"both robots in the picture at step {step}")
    direction = sight(page)
    page.orbit(120)
    page.page.evaluate("window.replayViewer.send('seek', 700)")
    page.wait_step(700)
    page.until(lambda: are_in_picture(page), "both after an orbit")
    assert abs(sight(page) - direction) > 0.2, "the orbit is the user's"
    page.page.get_by_role("button", name="Follow Robot").click()
    page.until(lambda: page.is_pressed("Follow Robot") and not page.is_pressed("Keep All in View"), "the robot alone")


def are_in_picture(page: ViewerPage) -> bool:
    """Whether the bases of both are within the picture of the page's own camera."""
    return page.page.evaluate("""
        () => {
          const { camera } = window.__viserMutable;
          camera.updateMatrixWorld();
          const at = (name) => window.rvViser.nodePosition(name);
          const world = at("/world");
          const offset = at("/world/take2");
          const places = [at("/world/robot/base"), at("/world/take2/robot/base").map((x, i) => x + offset[i])];
          return places.every((place) => {
            const [x, y, z] = place.map((number, axis) => number + world[axis]);
            const seen = camera.position.clone().set(-y, z, -x).project(camera);
            return Math.abs(seen.x) < 1 && Math.abs(seen.y) < 1 && seen.z < 1;
          });
        }
    """)


def sight(page: ViewerPage) -> float:
    """The direction from which the camera looks at its target [rad]."""
    camera = page.camera()
    x, _, z = camera["position"] - camera["target"]
    return float(np.arctan2(x, z))


def test_rows_that_are_ticked_in_the_table_are_compared(page: ViewerPage) -> None:
    compare = page.page.locator("#rv-compare-rows")
    if not page.page.locator("#rv-episodes").is_visible():
        page.click_button("Episodes")
    episode = page.page.locator(".rv-episode-line .rv-tick input").nth(1)
    episode.wait_for()
    assert not compare.is_visible()
    episode.check()
    assert compare.inner_text() == "Compare with what is shown"
    other = page.page.locator(".rv-group-line", has_text="after.rec").locator(".rv-tick input")
    other.check()
    assert compare.inner_text() == "Compare 2"
    compare.click()
    wait_names(page, "before", "after")
    first = page.page.evaluate("window.replayViewer.state.episodes.first[1]")
    page.wait_step(first)
    assert not compare.is_visible() and not page.page.locator(".rv-tick input:checked").count()
    # The table follows what is shown, which may have put this line out of sight.
    evil = page.page.locator(".rv-group-line", has_text=EVIL).locator(".rv-tick input")
    page.page.locator(".rv-drawer-rows").hover()

    def is_scrolled_to() -> bool:
        page.page.mouse.wheel(0, -5000)
        return evil.count() == 1

    page.until(is_scrolled_to, "the line of the third recording")
    evil.check()
    compare.click()
    wait_names(page, "before", "after", EVIL.removesuffix(".rec"))
    take_away(page, "after")
    take_away(page, EVIL.removesuffix(".rec"))
    wait_names(page)
