"""A viewer of the bundled demo for all modules, and pages that show it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from chart_recording import record_charts
from chart_view import chart
from viewer_page import ViewerPage, ViewerProcess, open_page

from replay_viewer.paths import asset
from replay_viewer.replay.replay import Replay, open_replay

_REWIND = """
() => {
  const { send } = window.replayViewer;
  send("pause");
  send("clear_selection");
  send("set_loop", "off");
  send("set_speed", 1);
  send("go_to_place", { env: "0", step: "1" });
}
"""
_IS_REWOUND = """
() => {
  const { playing, speed, loop, selection, envId } = window.replayViewer.state;
  return !playing && speed === 1 && loop === "off" && !selection && envId === 0;
}
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.fspath).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def demo_path() -> Path:
    return asset("walk.rec")


@pytest.fixture(scope="session")
def demo(demo_path: Path) -> Replay:
    """The bundled demo as the file tells it: what the page must show."""
    return open_replay(demo_path)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo's viewer was started, and its videos go."""
    return tmp_path_factory.mktemp("videos")


@pytest.fixture(scope="session")
def viewer(demo_path: Path, folder: Path) -> Iterator[ViewerProcess]:
    """The demo in a viewer; without shadows, which a machine without a GPU draws slowly."""
    with ViewerProcess([str(demo_path), "--port", "0", "--no-shadows"], folder=folder) as process:
        yield process


@pytest.fixture(scope="module")
def kept_page(chromium, viewer: ViewerProcess) -> Iterator[ViewerPage]:
    """A browser for all tests of a module: to open one takes longer than most of them."""
    with open_page(chromium, viewer.url) as page:
        yield page


@pytest.fixture
def page(kept_page: ViewerPage) -> ViewerPage:
    """A browser at the start of the demo and as a new one shows it, with nothing rasterised."""
    kept_page.show_as_new()
    _rewind(kept_page)
    return kept_page


@pytest.fixture
def new_page(chromium, viewer: ViewerProcess, kept_page: ViewerPage) -> Iterator[ViewerPage]:
    """A browser that was never here before, at the start of the demo, to which the kept one has gone."""
    _rewind(kept_page)
    with open_page(chromium, viewer.url) as new:
        yield new


@pytest.fixture
def drawn_page(chromium, viewer: ViewerProcess, kept_page: ViewerPage) -> Iterator[ViewerPage]:
    """The same with a picture, in a small window."""
    _rewind(kept_page)
    with open_page(chromium, viewer.url, size=(800, 420), drawing=True) as drawn:
        yield drawn


@pytest.fixture(scope="session")
def charts_viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ViewerProcess]:
    """A recording whose rewards and signals are known by heart."""
    path = record_charts(tmp_path_factory.mktemp("charts") / "charts.rec")
    with ViewerProcess([str(path), "--port", "0", "--no-shadows"]) as process:
        yield process


@pytest.fixture(scope="module")
def kept_charts_page(chromium, charts_viewer: ViewerProcess) -> Iterator[ViewerPage]:
    with open_page(chromium, charts_viewer.url) as page:
        yield page


@pytest.fixture
def charts_page(kept_charts_page: ViewerPage) -> ViewerPage:
    """The first step, without a loop; one page for a module, whose tests leave the charts as they were."""
    kept_charts_page.choose_on_bar("Loop", "off")
    kept_charts_page.page.evaluate("window.replayViewer.send('clear_selection')")
    kept_charts_page.page.evaluate("window.replayViewer.send('seek', 1)")
    kept_charts_page.wait_step(1)  # What the test before has asked for has been done.
    kept_charts_page.press_button("Start of the recording")
    kept_charts_page.wait_step(0)
    chart(kept_charts_page)
    return kept_charts_page


def _rewind(page: ViewerPage) -> None:
    """Paused at the first step of env 0, at speed 1, without a loop; all that browsers share is as at first.

    By way of the second step: when that is seen, whatever a test before has asked for has been done.
    """
    page.page.evaluate(_REWIND)
    page.wait_step(1)
    page.page.evaluate("window.replayViewer.send('go_to_start')")
    page.until(lambda: page.page.evaluate(_IS_REWOUND) and page.step() == 0, "the start")
