"""What a new user sees first: the demo's fall, and which keys to begin with."""

from __future__ import annotations

from viewer_page import ViewerPage, ViewerProcess, open_page

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
