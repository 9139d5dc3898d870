"""What a new user sees first: the demo's fall, and which keys to begin with."""

from __future__ import annotations

from chromium_tabs import EMPTY_PICTURE
from viewer_page import ViewerPage, ViewerProcess, open_page, open_tab

_PLAYBACK = "(({ playing, speed, loop, selection }) => [playing, speed, loop, Boolean(selection)])(replayViewer.state)"
_PINNED = "document.querySelectorAll('.rv-rewards [data-do$=_pin][aria-pressed=true]').length"


def test_the_demo_plays_its_fall_slowly_with_three_terms_pinned(chromium) -> None:
    with ViewerProcess(["--port", "0", "--no-shadows"]) as process, open_page(chromium, process.url) as page:
        state = (
            "(({ playing, speed, loop, selection }) => [playing, speed, loop, Boolean(selection)])(replayViewer.state)"
        )
        page.until(lambda: page.page.evaluate(state) == [True, 0.5, "selection", True], "the fall, played")
        page.until(lambda: page.page.evaluate(_PINNED) == 3, "three pinned terms")
        step = page.step()
        page.until(lambda: page.step() != step, "another step")
        assert 100 < page.step() <= 230


def test_the_hint_at_the_keys_goes_with_the_first_one_and_stays_away(new_page: ViewerPage) -> None:
    page = new_page
    hint = page.page.locator(".rv-hint")
    hint.wait_for()
    assert "play or pause" in hint.inner_text()
    page.page.keyboard.press("ArrowRight")
    hint.wait_for(state="hidden")
    page.wait_step(1)
    page.page.reload()
    page.wait_ready()
    assert not hint.is_visible()


def test_a_browser_without_webgl_is_told_so(chromium, viewer: ViewerProcess) -> None:
    without = "HTMLCanvasElement.prototype.getContext = () => null;"
    with open_tab(chromium, script=without) as page:
        page.page.goto(viewer.url)
        page.page.get_by_role("alert").filter(has_text="This browser has no WebGL 2").wait_for(timeout=15_000)


def test_the_note_on_a_missing_gpu_leaves_the_buttons_free_and_can_be_read(chromium, viewer: ViewerProcess) -> None:
    with chromium.new_context(viewport={"width": 1366, "height": 768}) as context:
        context.add_init_script(EMPTY_PICTURE)
        page = ViewerPage(context.new_page())
        page.goto(viewer.url)
        page.page.locator("#webgl-software-rendering").wait_for()
        edge = "document.querySelector('{}').getBoundingClientRect().{}"
        top, bottom = edge.format("#webgl-software-rendering", "top"), edge.format("#rv-files", "bottom")
        assert page.page.evaluate(f"{top} >= {bottom}")
        said = "getComputedStyle(document.querySelector('#webgl-software-rendering [class*=-description]')).color"
        assert page.page.evaluate(said) == "rgb(91, 102, 114)"
