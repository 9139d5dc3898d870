"""The address of the page: it names what is shown, leads there, and never holds a token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import numpy as np
import pytest
from viewer_page import ViewerPage, ViewerProcess, open_tab

_NAME = "seed 1/<img src=x onerror=alert(1)>&env=1.npz"


def write_npz(path: Path, num_steps: int) -> Path:
    """Two envs that stand still."""
    path.parent.mkdir(exist_ok=True)
    pose = {"base_pos": np.zeros((num_steps, 2, 3)), "base_quat": np.tile([0, 0, 0, 1.0], (num_steps, 2, 1))}
    np.savez(path, **pose, dt=0.02)
    return path


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ViewerProcess]:
    """A folder of two recordings, with a token."""
    folder = tmp_path_factory.mktemp("runs")
    write_npz(folder / "stand.npz", 30)
    write_npz(folder / _NAME, 40)
    with ViewerProcess([str(folder), "--port", "0", "--no-shadows", "--token"]) as process:
        yield process


@pytest.fixture
def page(chromium, viewer: ViewerProcess) -> Iterator[ViewerPage]:
    with open_tab(chromium) as page:
        yield page


def at(viewer: ViewerProcess, **place: object) -> str:
    """The printed link, with a place in it."""
    return f"{viewer.url}&{urlencode(place)}"


def place(page: ViewerPage) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(page.page.url).query))


def wait_place(page: ViewerPage, **wanted: str) -> None:
    page.until(lambda: place(page) == wanted, f"an address of {wanted}, not {place(page)}")


def notices(page: ViewerPage) -> list[str]:
    return page.page.locator(".mantine-Notification-root", has_text="There is no such place").all_inner_texts()


def test_an_address_leads_to_a_recording_an_env_and_a_step_and_follows_from_there(
    page: ViewerPage, viewer: ViewerProcess, chromium
) -> None:
    page.goto(at(viewer, recording=_NAME, env=1, step=7))
    page.wait_step(7)
    wait_place(page, recording=_NAME, env="1", step="7")
    page.press_button("One step forward")
    wait_place(page, recording=_NAME, env="1", step="8")
    with open_tab(chromium) as other:
        other.goto(at(viewer, **{**place(page), "step": 30}))
        other.wait_step(30)
        page.wait_step(30)
        page.until(page.page.get_by_text("Another browser moves the time").is_visible, "that another browser does it")
    # Another recording's first step, where the bar is far behind it.
    page.goto(at(viewer, recording="stand.npz", env=0, step=0))
    wait_place(page, recording="stand.npz", env="0", step="0")
    page.wait_step(0)
    assert not notices(page) and not [line for line in page.console if "error" in line]


@pytest.mark.slow
@pytest.mark.parametrize(
    "odd",
    [
        {"step": "9" * 400},
        {"step": "NaN"},
        {"env": "-1"},
        {"env": "7", "step": "3"},
        {"episode": "5"},
        {"recording": "../../etc/passwd"},
        {"recording": "/etc/passwd"},
        {"recording": "a\0b"},
        {"recording": "<img src=x onerror=alert(1)>"},
    ],
)
def test_an_odd_address_is_one_notice_and_the_page_is_as_usual(
    page: ViewerPage, viewer: ViewerProcess, odd: dict[str, str]
) -> None:
    page.page.on("dialog", lambda dialog: pytest.fail("a script of the address ran"))
    page.goto(at(viewer, recording="stand.npz", env=0, step=2))
    page.wait_step(2)
    page.goto(at(viewer, **odd))
    page.until(lambda: len(notices(page)) == 1, "a notice")
    page.page.wait_for_timeout(300)
    assert len(notices(page)) == 1 and page.step() == 2
    wait_place(page, recording="stand.npz", env="0", step="2")


@pytest.mark.slow
def test_bytes_that_are_no_text_are_told_like_any_other_odd_address(page: ViewerPage, viewer: ViewerProcess) -> None:
    page.goto(at(viewer, recording="stand.npz"))
    page.goto(viewer.url + "&recording=%ff%fe&step=%e2%82")
    page.until(lambda: len(notices(page)) == 1, "a notice")


@pytest.mark.slow
def test_a_reload_neither_stops_nor_moves_the_time(page: ViewerPage, viewer: ViewerProcess) -> None:
    page.goto(at(viewer, recording="stand.npz", env=0, step=3))
    page.wait_step(3)
    wait_place(page, recording="stand.npz", env="0", step="3")
    page.press_button("One step forward")
    page.wait_step(4)
    page.page.reload()  # Before the address has followed.
    page.wait_ready()
    page.wait_step(4)
    wait_place(page, recording="stand.npz", env="0", step="4")
