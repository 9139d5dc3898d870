"""The timeline's ruler, and the names of what lies on it."""

from __future__ import annotations

import itertools
import math

import pytest
from viewer_page import ViewerPage, ViewerProcess, open_page

# Of each label of the ruler that is shown: its text, and where its middle is in the track, and the track's width [px].
_LABELS = """
() => {
  const track = document.querySelector(".rv-track").getBoundingClientRect();
  return [...document.querySelectorAll(".rv-ruler span:not([hidden])")].map((node) => {
    const { left, width } = node.getBoundingClientRect();
    return [node.textContent, left + width / 2 - track.left, track.width];
  });
}
"""
# The colour of the timeline just before the end of an episode, and of the sign that stands for such an end.
_END_AND_SIGN = """
([index, kind]) => {
  const { state, timeline } = window.replayViewer;
  const canvas = document.querySelector(".rv-track > canvas");
  const x = Math.round(timeline.fraction(state.episodes.last[index] + 0.5) * canvas.width) - 3;
  const [...drawn] = canvas.getContext("2d").getImageData(x, Math.round(canvas.height / 4), 1, 1).data.slice(0, 3);
  const sign = document.querySelector(`.rv-tip .rv-signs .rv-sign-${kind}`);
  sign.style.color = "var(--rv-sign)";
  return [drawn, getComputedStyle(sign).color.match(/\\d+/g).map(Number)];
}
"""


def labels(page: ViewerPage) -> list[tuple[float, float, float]]:
    """Of each label its time [s], its place in the track and the track's width [px]."""
    return [(float(text.removesuffix(" s")), at, width) for text, at, width in page.page.evaluate(_LABELS)]


def spacing(page: ViewerPage) -> float:
    """Seconds from one label to the next, the same between all of them."""
    times = [seconds for seconds, _, _ in labels(page)]
    apart = {round(after - before, 6) for before, after in itertools.pairwise(times)}
    assert len(apart) == 1
    return apart.pop()


def test_labels_of_the_ruler_are_round_and_stand_at_their_times(page: ViewerPage) -> None:
    page.until(lambda: len(labels(page)) > 5, "a ruler")
    digit = spacing(page) / 10 ** math.floor(math.log10(spacing(page)))
    assert digit == pytest.approx(1) or digit == pytest.approx(2) or digit == pytest.approx(5)
    num_steps, dt = page.page.evaluate("[replayViewer.state.numSteps, replayViewer.state.dt]")
    found = labels(page)
    for seconds, at, width in found:
        assert at == pytest.approx((seconds / dt + 0.5) / num_steps * width, abs=1)
    assert all(after[1] - before[1] > 70 for before, after in itertools.pairwise(found))
    assert found[-1][0] + spacing(page) > (num_steps - 1) * dt


def test_the_ruler_of_an_episode_alone_is_finer(page: ViewerPage) -> None:
    page.until(lambda: len(labels(page)) > 5, "a ruler")
    whole = spacing(page)
    page.page.keyboard.press("z")
    page.until(lambda: len(labels(page)) > 5 and spacing(page) < whole, "a finer ruler")
    page.page.keyboard.press("z")
    page.until(lambda: spacing(page) == whole, "the ruler of all")


def test_a_phone_has_fewer_labels(chromium, viewer: ViewerProcess, page: ViewerPage) -> None:
    page.until(lambda: len(labels(page)) > 5, "a ruler")
    with open_page(chromium, viewer.url, size=(390, 844), has_touch=True, is_mobile=True) as phone:
        phone.until(lambda: 3 <= len(labels(phone)) <= 5, "a ruler")
        assert spacing(phone) > spacing(page)


def test_all_that_lies_on_the_timeline_is_named_in_its_colours_under_the_pointer(page: ViewerPage) -> None:
    page.page.locator(".rv-track").hover(position={"x": 400, "y": 10})
    signs = page.page.locator(".rv-tip .rv-signs")
    page.until(lambda: signs.is_visible(), "signs")
    assert signs.inner_text().split() == ["terminated", "time-out", "unfinished"]
    for index, kind in enumerate(["terminated", "truncated"]):
        drawn, named = page.page.evaluate(_END_AND_SIGN, [index, kind])
        assert drawn == pytest.approx(named, abs=5)


@pytest.mark.parametrize(("width", "is_seen"), [(1366, False), (1920, True)], ids=["laptop", "large"])
def test_a_large_screen_names_them_in_the_bar(chromium, viewer: ViewerProcess, width: int, is_seen: bool) -> None:
    with open_page(chromium, viewer.url, size=(width, 900)) as page:
        signs = page.page.locator(".rv-row > .rv-signs")
        page.until(lambda: signs.is_visible() == is_seen, f"signs: {is_seen}")
        assert not is_seen or signs.inner_text().split() == ["terminated", "time-out", "unfinished"]


def test_a_dark_page_has_a_dark_timeline_while_nothing_moves(page: ViewerPage) -> None:
    def end() -> list[int]:
        page.page.locator(".rv-track").hover(position={"x": 400, "y": 10})
        page.until(lambda: page.page.locator(".rv-tip .rv-signs").is_visible(), "signs")
        return page.page.evaluate(_END_AND_SIGN, [0, "terminated"])[0]

    light = end()
    page.page.evaluate("rvBrowser.setLook('dark')")
    page.until(lambda: end() != light, "the end in a colour of dark pages")
