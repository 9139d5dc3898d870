"""The drawn world as the page has it: light, ground, sky."""

from __future__ import annotations

from chromium_tabs import empty_tab
from drawn_scene import wait_frames
from viewer_page import ViewerPage, ViewerProcess

# Looks at each frame from the first one on how much of the picture is seen.
_WATCH_THE_VEIL = """
window.leastSeen = 1;
(function watch() {
  const picture = document.querySelector("canvas[data-engine]");
  if (picture) window.leastSeen = Math.min(window.leastSeen, Number(getComputedStyle(picture).opacity));
  requestAnimationFrame(watch);
})();
"""


def test_the_picture_lies_under_no_veil_from_its_first_frame_on(chromium, viewer: ViewerProcess) -> None:
    with empty_tab(chromium, (800, 420), drawing=True, script=_WATCH_THE_VEIL) as tab:
        page = ViewerPage(tab)
        page.goto(viewer.url)
        tab.wait_for_selector("canvas[data-engine]")
        wait_frames(page, 10)
        assert tab.evaluate("leastSeen") == 1
