"""Opening in the page: the list of a folder, from one recording to the next, files that are dropped or chosen."""

from __future__ import annotations

import glob
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from mesh_files import box
from playwright.sync_api import Locator
from urdf_files import joint, links, mesh, one_link, write_urdf
from viewer_page import ViewerPage, ViewerProcess, open_tab

from replay_viewer.formats.table import described, suffixes


def write_npz(path: Path, num_steps: int = 20) -> Path:
    """A rollout of 2 envs with one joint, `hip`; env 1 falls at step 4."""
    falls = np.zeros((num_steps, 2), bool)
    falls[4, 1] = True
    pose = {
        "base_pos": np.tile([0, 0, 0.5], (num_steps, 2, 1)),
        "base_quat": np.tile([0, 0, 0, 1.0], (num_steps, 2, 1)),
    }
    joints = {"dof_pos": np.zeros((num_steps, 2, 1)), "dof_names": np.array(["hip"])}
    np.savez(path, **pose, **joints, rew=np.ones((num_steps, 2)), terminated=falls, dt=0.02)
    return path


def write_robot(folder: Path) -> Path:
    """A robot as it is published: a folder with a URDF, and meshes that it names by the folder."""
    for inner in ("urdf", "meshes", ".git"):
        (folder / inner).mkdir(parents=True)
    box(folder / "meshes" / "body.stl")
    (folder / ".git" / "config").write_text("no part of the robot")
    body = one_link(mesh(f"package://{folder.name}/meshes/body.stl"))
    write_urdf(folder / "urdf", body + links("leg") + joint("hip", "continuous", "a", "leg"))
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recordings, one whose name is HTML, and a broken one."""
    folder = tmp_path_factory.mktemp("runs")
    for number, name in enumerate(("old.npz", "<img src=x onerror=alert(1)>.npz", "new.npz")):
        write_npz(folder / name, 20 + number)
    (folder / "torn.npz").write_bytes(b"PK\x03\x04")
    return folder


@pytest.fixture
def page(chromium) -> Iterator[ViewerPage]:
    with open_tab(chromium) as page:
        yield page


@contextmanager
def viewer_of(path: Path, *options: object, temporary: Path | None = None) -> Iterator[ViewerProcess]:
    """temporary: where it keeps what is sent; None for where everybody does."""
    arguments = [str(path), "--port", "0", "--no-shadows", *map(str, options)]
    with ViewerProcess(arguments, TMPDIR=str(temporary or tempfile.gettempdir())) as viewer:
        yield viewer


def names(page: ViewerPage) -> list[str]:
    return page.page.locator("#rv-episodes .rv-group-name b").all_inner_texts()


def listed(page: ViewerPage, name: str) -> Locator:
    return page.page.locator("#rv-episodes .rv-group-line", has_text=name)


def wait_for_list(page: ViewerPage, count: int) -> None:
    page.until(lambda: len(names(page)) == count, f"a list of {count} recordings")


def open_listed(page: ViewerPage, name: str, num_steps: int) -> None:
    listed(page, name).click()
    page.wait_ready()
    page.until(lambda: page.page.evaluate("window.replayViewer.state.numSteps") == num_steps, f"{name} is shown")


def dragged(page: ViewerPage, *files: Path) -> Callable[..., None]:
    """Files and folders in the hand of a file manager: a function that tells the browser where they are."""
    session = page.page.context.new_cdp_session(page.page)
    data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}

    def tell(kind: str, x: float = 400, y: float = 300) -> None:
        session.send("Input.dispatchDragEvent", {"type": kind, "x": x, "y": y, "data": data})

    return tell


def drop(page: ViewerPage, *files: Path) -> None:
    tell = dragged(page, *files)
    for kind in ("dragEnter", "dragOver", "drop"):
        tell(kind)


def drop_without_path(page: ViewerPage, name: str, text: str) -> None:
    """Drop a file that is on no disk, as out of a mail program or an archive: the browser knows no entry of it."""
    page.page.evaluate(
        """([name, text]) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([text], name));
          document.body.dispatchEvent(new DragEvent("drop", {dataTransfer, bubbles: true, cancelable: true}));
        }""",
        [name, text],
    )


def has_robot(page: ViewerPage) -> bool:
    return any(node.endswith("/robot/a") for node in page.nodes())


def problem(page: ViewerPage) -> str:
    note = page.page.locator("#rv-problem.rv-open")
    return note.inner_text() if note.count() else ""


def test_a_folder_is_a_list_to_choose_from_and_to_come_back_to(page: ViewerPage, runs: Path) -> None:
    with viewer_of(runs) as viewer:
        page.page.goto(viewer.url)
        wait_for_list(page, 4)
        assert page.page.locator("#rv-episodes h2").inner_text() == f"Episodes in {runs.name}"
        assert set(names(page)) == {"old.npz", "<img src=x onerror=alert(1)>.npz", "new.npz", "torn.npz"}
        torn, new = listed(page, "torn.npz"), listed(page, "new.npz")
        page.until(lambda: "truncated" in torn.inner_text(), "what is wrong with it")
        page.until(lambda: "3 episodes \u00b7 2 envs \u00b7 0.4 s" in new.inner_text(), "what is in it")
        # The one that is broken leaves the list as it is.
        torn.click()
        page.until(lambda: "truncated" in problem(page), "why it cannot be opened")
        open_listed(page, "new.npz", 22)
        assert problem(page) == ""
        # The table makes room for the picture.
        page.until(lambda: page.page.locator("#rv-episodes.rv-docked").is_visible(), "both")
        page.until(lambda: "shown" in new.inner_text(), "which one is shown")
        open_listed(page, "old.npz", 20)


@pytest.mark.slow
def test_the_list_closes_in_every_way_and_leaves_the_replay_as_it_is(page: ViewerPage, runs: Path) -> None:
    table = page.page.locator("#rv-episodes")
    with viewer_of(runs) as viewer:
        page.page.goto(viewer.url)
        wait_for_list(page, 4)
        table.locator(".rv-drawer-rows").focus()
        while not listed(page, "new.npz").evaluate("node => node.classList.contains('rv-cursor')"):
            page.page.keyboard.press("ArrowDown")
        page.page.keyboard.press("Enter")
        page.wait_ready()
        page.until(lambda: page.page.title().startswith("new.npz"), "the one that Enter was pressed on")
        page.press_button("One step forward")
        page.wait_step(1)
        page.page.keyboard.press("]")
        page.until(lambda: page.chosen_on_bar("Loop") == "selection", "a selection")
        ways = [
            lambda: page.click_button("Close the table"),
            lambda: page.page.get_by_role("button", name="Episodes", exact=True).click(),
            lambda: page.page.keyboard.press("Escape"),
        ]
        for close in ways:
            page.until(table.is_visible, "the table")
            close()
            page.until(lambda: not table.is_visible(), "the replay alone")
            page.click_button("Episodes")
        # Whatever was asked for before has been done when this is.
        page.press_button("One step forward")
        page.wait_step(2)
        assert page.page.title().startswith("new.npz")
        assert page.chosen_on_bar("Loop") == "selection"
        # Escape clears A-B where no table is open.
        page.page.keyboard.press("Escape")
        page.until(lambda: not table.is_visible(), "the replay alone")
        page.page.keyboard.press("Escape")
        page.until(lambda: page.chosen_on_bar("Loop") != "selection", "no selection")


@pytest.mark.slow
def test_the_table_is_searched_by_name(page: ViewerPage, tmp_path: Path) -> None:
    for number in range(6):
        write_npz(tmp_path / f"Run-{number}.npz", 20 + number)
    search = page.page.get_by_label("Search")
    with viewer_of(tmp_path) as viewer:
        page.page.goto(viewer.url)
        wait_for_list(page, 6)
        search.press_sequentially("?")
        page.until(
            page.page.get_by_text("No episode fits these filters. Take one away").is_visible, "that there is none"
        )
        assert search.input_value() == "?"
        assert not page.page.locator("#rv-help").is_visible()
        search.fill("run-4")
        page.until(lambda: names(page) == ["Run-4.npz"], "the one that is meant")
        open_listed(page, "Run-4.npz", 24)
        page.page.keyboard.press("ArrowRight")
        page.wait_step(1)


@pytest.mark.slow
def test_the_buttons_lead_to_the_neighbours_in_the_list(page: ViewerPage, tmp_path: Path) -> None:
    for number in range(3):
        write_npz(tmp_path / f"{number}.npz", 20 + number)
    urdf = write_robot(tmp_path / "tiny_description") / "urdf" / "robot.urdf"
    with viewer_of(tmp_path, "--urdf", urdf) as viewer:
        page.page.goto(viewer.url)
        wait_for_list(page, 3)
        _, second, third = names(page)
        open_listed(page, second, 20 + int(second[0]))
        page.until(lambda: has_robot(page), "the robot that was stated")
        following = page.page.get_by_role("button", name="Next recording")
        following.click()
        page.until(lambda: page.page.title().startswith(third), "the next one")
        page.until(following.is_disabled, "no recording behind the last one")
        page.page.get_by_role("button", name="Previous recording").click()
        page.until(lambda: page.page.title().startswith(second), "the one before")
        # One that takes its time tells so, and can be given up.
        write_npz(tmp_path / "slow.npz", 3_000_000)
        page.until(lambda: "slow.npz" in names(page), "a recording that has come")
        listed(page, "slow.npz").click()
        line = page.page.locator(".rv-busy-row", has_text="Reading the recording")
        line.get_by_role("button", name="Cancel").click()
        page.until(lambda: not line.count(), "that it was given up")
        assert page.page.title().startswith(second)
        # A second browser sees the same, and its list too.
        page.page.reload()
        page.wait_ready()
        assert page.page.title().startswith(second)
        page.click_button("Episodes")
        wait_for_list(page, 4)


def test_an_empty_folder_says_what_would_fill_it_and_a_file_can_be_chosen(page: ViewerPage, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    with viewer_of(folder) as viewer:
        page.page.goto(viewer.url)
        page.until(lambda: "attach(env," in page.page.locator("#rv-episodes").inner_text(), "what would fill it")
        write_npz(folder / "first.npz")
        wait_for_list(page, 1)
        with page.page.expect_file_chooser() as dialog:
            page.page.get_by_role("button", name="Open a file").click()
        dialog.value.set_files(write_npz(tmp_path / "chosen.npz"))
        page.wait_ready()
        page.until(lambda: page.page.title().startswith("chosen.npz"), "the file that was chosen")
        with page.page.expect_file_chooser() as dialog:
            page.click_button("Open \u2026")
        dialog.value.set_files(write_npz(tmp_path / "another.npz"))
        page.until(lambda: page.page.title().startswith("another.npz"), "another one")


def test_dropped_files_are_opened_or_leave_what_is_shown_as_it_is(page: ViewerPage, tmp_path: Path) -> None:
    shown, other = write_npz(tmp_path / "shown.npz"), write_npz(tmp_path / "other.npz", 30)
    with viewer_of(shown) as viewer:
        page.goto(viewer.url)
        offered = page.page.locator("#rv-choose").get_attribute("accept") or ""
        assert offered.split(",") == [*suffixes(), ".urdf", ".zip"]
        drop_without_path(page, "notes.npz", "no rollout")
        page.until(lambda: "\nnotes.npz: is a text file, not an npz file" in problem(page), "why it cannot be opened")
        page.page.locator("#rv-problem").get_by_label("Close").click()
        assert problem(page) == ""
        empty = tmp_path / "empty"
        empty.mkdir()
        drop(page, empty)
        page.until(lambda: "no files in it" in problem(page), "that a folder is empty")
        assert page.page.title().startswith("shown.npz")
        drop(page, other)
        page.until(lambda: page.page.title().startswith("other.npz"), "the rollout that was dropped")
        page.until(lambda: page.page.evaluate("window.replayViewer.state.numSteps") == 30, "its steps")
        # Several are to be chosen from.
        drop(page, shown, other)
        page.until(lambda: sorted(names(page)) == ["other.npz", "other.npz", "shown.npz"], "both, and what is shown")
        assert page.page.locator("#rv-episodes h2").inner_text() == "Episodes in what was dropped"


@pytest.mark.slow
def test_a_robots_folder_is_for_what_is_shown(page: ViewerPage, tmp_path: Path) -> None:
    kept = tmp_path / "temporary"
    kept.mkdir()
    robot = write_robot(tmp_path / "tiny_description")
    for number in range(120):  # A browser tells of a folder's files by the hundred.
        (robot / "meshes" / f"{number}.txt").touch()
    sent = {str(path.relative_to(robot)) for path in robot.rglob("*") if path.is_file()} - {".git/config"}
    button = page.page.get_by_role("button", name="No robot description")
    with viewer_of(write_npz(tmp_path / "shown.npz"), temporary=kept) as viewer:
        page.goto(viewer.url)
        page.press_button("One step forward")
        page.wait_step(1)
        with page.page.expect_file_chooser() as dialog:
            button.click()
        dialog.value.set_files(robot)
        page.until(lambda: has_robot(page), "the robot that was chosen")
        page.wait_step(1)
        page.until(lambda: not button.is_visible(), "no more question for a robot")
        # It belongs to that recording alone.
        drop(page, write_npz(tmp_path / "other.npz"))
        page.until(button.is_visible, "a recording without a robot")
        before = set(kept.rglob("*"))
        drop(page, robot)
        page.until(lambda: has_robot(page), "the robot that was dropped")
        page.until(lambda: not button.is_visible(), "no more question for a robot")
        arrived = [path for path in set(kept.rglob("*")) - before if path.is_file()]
        assert {str(path).partition(f"/{robot.name}/")[2] for path in arrived} == sent


@pytest.mark.slow
def test_a_card_tells_what_can_be_dropped_for_as_long_as_it_is_over_the_page(page: ViewerPage, tmp_path: Path) -> None:
    card = page.page.get_by_text("At most 4 GiB")
    with viewer_of(write_npz(tmp_path / "shown.npz")) as viewer:
        page.goto(viewer.url)
        term = page.page.locator('tr[data-term="reward"]').bounding_box()
        assert term is not None
        tell = dragged(page, tmp_path / "shown.npz")
        tell("dragEnter", term["x"] + 20, term["y"] + 5)
        page.until(card.is_visible, "what can be dropped")
        assert described() in page.page.locator("#rv-drop").inner_text()
        # What the pointer is over is drawn anew, and cannot tell that it was left.
        page.page.keyboard.press("ArrowRight")
        page.wait_step(1)
        tell("dragOver")
        tell("dragOver", 600)
        assert card.is_visible()
        tell("dragOver", -50)
        page.until(lambda: not card.is_visible(), "the picture alone")
        # If it was left nevertheless without a word, then it goes as soon as the pointer is free again.
        tell("dragEnter")
        page.until(card.is_visible, "what can be dropped")
        page.page.mouse.move(300, 300)
        page.until(lambda: not card.is_visible(), "the picture alone")


@pytest.mark.slow
def test_sending_tells_what_is_sent_and_can_be_cancelled(page: ViewerPage, tmp_path: Path) -> None:
    kept, large = tmp_path / "temporary", tmp_path / "large.rec"
    kept.mkdir()
    large.write_bytes(bytes(20 << 20))

    def arrived() -> list[str]:
        return glob.glob(str(kept / "**" / "large.rec"), recursive=True)  # Other than rglob's, it may go meanwhile.

    # It is never told what has arrived, and waits.
    page.page.route_web_socket("**/upload", lambda socket: socket.connect_to_server().on_message(lambda message: None))
    with viewer_of(write_npz(tmp_path / "shown.npz"), temporary=kept) as viewer:
        page.goto(viewer.url)
        page.page.locator("#rv-choose").set_input_files(large)
        line = page.page.locator(".rv-busy-row", has_text="Sending large.rec (21 MB)")
        page.until(lambda: line.is_visible() and arrived(), "that it is sent")
        line.get_by_role("button", name="Cancel").click()
        page.until(lambda: not line.count(), "that it was cancelled")
        page.until(lambda: not arrived(), "that nothing is left of it")
        assert problem(page) == ""
        assert page.page.title().startswith("shown.npz")
