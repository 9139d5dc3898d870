"""What a new user sees first: the demo's fall, and which keys to begin with."""

from __future__ import annotations

import pytest
from chromium_tabs import EMPTY_PICTURE
from viewer_page import ViewerPage, ViewerProcess, open_page, open_tab

_PLAYBACK = "(({ playing, speed, loop, selection }) => [playing, speed, loop, Boolean(selection)])(replayViewer.state)"
# Left, top, right and bottom [px] of what lies over the picture, and of the middle of it.
_BOXES = """
() => {
  const box = (node) => node.getBoundingClientRect();
  const edges = ({ left, top, right, bottom }) => [left, top, right, bottom];
  const { left, top, width, height } = box(document.querySelector("canvas[data-engine]"));
  const [x, y] = [left + width / 2, top + height / 2];
  const all = [...document.querySelectorAll("#rv-views button, #rv-files button")];
  const buttons = all.filter((node) => box(node).width);
  return {
    ...Object.fromEntries(buttons.map((node) => [node.textContent, edges(box(node))])),
    notices: edges(box(document.querySelector("#rv-notices"))),
    middle: [x, y, x, y],
  };
}
"""
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


@pytest.mark.parametrize("size", [(1366, 768), (1000, 700)], ids=["laptop", "narrow"])
def test_notices_stand_in_one_place_apart_from_the_robot_and_the_buttons_and_can_be_closed(
    chromium, viewer: ViewerProcess, size: tuple[int, int]
) -> None:
    with chromium.new_context(viewport={"width": size[0], "height": size[1]}) as context:
        context.add_init_script(EMPTY_PICTURE)
        page = ViewerPage(context.new_page())
        page.goto(viewer.url)
        notices = page.page.locator("#rv-notices .rv-notice:visible")
        page.until(lambda: notices.count() == 2, "both notices")
        assert "without a GPU" in notices.first.inner_text() and "play or pause" in notices.last.inner_text()
        boxes = page.page.evaluate(_BOXES)
        notices_box, middle = boxes.pop("notices"), boxes.pop("middle")
        assert notices_box[1] > middle[1] + 0.1 * size[1]
        assert not any(_overlap(notices_box, other) for other in boxes.values())
        for left in (1, 0):
            notices.last.get_by_role("button", name="Close this notice").click()
            page.until(lambda left=left: notices.count() == left, f"{left} notices")
        page.page.reload()
        page.wait_ready()
        page.until(lambda: not page.page.locator("#webgl-software-rendering").count(), "viser's note closed")
        assert notices.count() == 0


def _overlap(one: list[float], other: list[float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
