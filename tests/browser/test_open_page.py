"""Opening in the page: the list of a folder, from one recording to the next, files that are dropped or chosen."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from mesh_files import box
from urdf_files import joint, links, mesh, one_link, write_urdf
from viewer_page import NO_DRAWING, ViewerPage, ViewerProcess


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
    context = chromium.new_context(viewport={"width": 1366, "height": 768})
    context.add_init_script(NO_DRAWING)
    yield ViewerPage(context.new_page())
    context.close()


@contextmanager
def viewer_of(path: Path, *options: object, temporary: Path | None = None) -> Iterator[ViewerProcess]:
    """temporary: where it keeps what is sent; None for where everybody does."""
    arguments = [str(path), "--port", "0", "--no-shadows", *map(str, options)]
    with ViewerProcess(arguments, TMPDIR=str(temporary or tempfile.gettempdir())) as viewer:
        yield viewer


def names(page: ViewerPage) -> list[str]:
    return page.page.locator("#rv-library .rv-name b").all_inner_texts()


def wait_for_list(page: ViewerPage, count: int) -> None:
    page.until(lambda: len(names(page)) == count, f"a list of {count} recordings")


def open_listed(page: ViewerPage, name: str, num_steps: int) -> None:
    page.page.locator("#rv-library tr", has_text=name).click()
    page.wait_ready()
    page.until(lambda: page.page.evaluate("window.replayViewer.state.numSteps") == num_steps, f"{name} is shown")


def drop(page: ViewerPage, *files: Path) -> None:
    """Drop files into the page, as a file manager would."""
    contents = [[file.name, base64.b64encode(file.read_bytes()).decode()] for file in files]
    page.page.evaluate(
        """files => {
          const dataTransfer = new DataTransfer();
          for (const [name, text] of files) {
            dataTransfer.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name));
          }
          for (const type of ["dragenter", "dragover", "drop"]) {
            document.body.dispatchEvent(new DragEvent(type, {dataTransfer, bubbles: true, cancelable: true}));
          }
        }""",
        contents,
    )


def problem(page: ViewerPage) -> str:
    note = page.page.locator("#rv-problem.rv-open")
    return note.inner_text() if note.count() else ""


def test_a_folder_is_a_list_to_choose_from_and_to_come_back_to(page: ViewerPage, runs: Path) -> None:
    with viewer_of(runs) as viewer:
        page.page.goto(viewer.url)
        wait_for_list(page, 4)
        assert page.page.locator("#rv-library h2").inner_text() == f"Recordings in {runs.name}"
        assert set(names(page)) == {"old.npz", "<img src=x onerror=alert(1)>.npz", "new.npz", "torn.npz"}
        torn, new = (page.page.locator("#rv-library tr", has_text=name) for name in ("torn.npz", "new.npz"))
        page.until(lambda: "truncated" in torn.inner_text(), "what is wrong with it")
        page.until(lambda: new.inner_text().split("\t")[2:] == ["0.4 s", "2", "3", "1"], "what is in it")
        # The one that is broken leaves the list as it is.
        torn.click()
        page.until(lambda: "truncated" in problem(page), "why it cannot be opened")
        open_listed(page, "new.npz", 22)
        assert problem(page) == ""
        assert not page.page.locator("#rv-library").is_visible()
        page.click_button("Recordings")
        page.until(lambda: "shown" in new.inner_text(), "which one is shown")
        open_listed(page, "old.npz", 20)


def test_the_buttons_lead_to_the_neighbours_in_the_list(page: ViewerPage, tmp_path: Path) -> None:
    for number in range(3):
        write_npz(tmp_path / f"{number}.npz", 20 + number)
    urdf = write_robot(tmp_path / "tiny_description") / "urdf" / "robot.urdf"
    with viewer_of(tmp_path, "--urdf", urdf) as viewer:
        page.page.goto(viewer.url)
        wait_for_list(page, 3)
        _, second, third = names(page)
        open_listed(page, second, 20 + int(second[0]))
        page.until(lambda: any(node.endswith("/robot/a") for node in page.nodes()), "the robot that was stated")
        page.page.get_by_role("button", name="Next recording").click()
        page.until(lambda: page.page.title().startswith(third), "the next one")
        assert page.page.get_by_role("button", name="Next recording").is_disabled()
        page.page.get_by_role("button", name="Previous recording").click()
        page.until(lambda: page.page.title().startswith(second), "the one before")
        # One that takes its time tells so, and can be given up.
        os.mkfifo(tmp_path / "slow.rec")
        page.click_button("Recordings")
        page.page.locator("#rv-library tr", has_text="slow.rec").click()
        line = page.page.locator(".rv-busy-row", has_text="Reading the recording")
        line.get_by_role("button", name="Cancel").click()
        page.until(lambda: not line.count(), "that it was given up")
        assert page.page.title().startswith(second)
        # A second browser sees the same, and its list too.
        page.page.reload()
        page.wait_ready()
        assert page.page.title().startswith(second)
        page.click_button("Recordings")
        wait_for_list(page, 4)


def test_an_empty_folder_says_what_would_fill_it_and_a_file_can_be_chosen(page: ViewerPage, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    with viewer_of(folder) as viewer:
        page.page.goto(viewer.url)
        page.until(lambda: "attach(env," in page.page.locator("#rv-library").inner_text(), "what would fill it")
        write_npz(folder / "first.npz")
        wait_for_list(page, 1)
        with page.page.expect_file_chooser() as dialog:
            page.page.get_by_role("button", name="Open a file").click()
        dialog.value.set_files(write_npz(tmp_path / "chosen.npz"))
        page.wait_ready()
        page.until(lambda: page.page.title().startswith("chosen.npz"), "the file that was chosen")


def test_dropped_files_are_opened_or_leave_what_is_shown_as_it_is(page: ViewerPage, tmp_path: Path) -> None:
    shown, other = write_npz(tmp_path / "shown.npz"), write_npz(tmp_path / "other.npz", 30)
    robot = write_robot(tmp_path / "tiny_description")
    (tmp_path / "notes.npz").write_text("no rollout")
    with viewer_of(shown) as viewer:
        page.goto(viewer.url)
        drop(page, tmp_path / "notes.npz")
        page.until(lambda: "\nnotes.npz: is not an npz file" in problem(page), "why it cannot be opened")
        assert page.page.title().startswith("shown.npz")
        # A robot's folder is for what is shown, at the same step.
        page.press_button("One step forward")
        page.wait_step(1)
        assert page.page.get_by_role("button", name="No robot description").is_visible()
        page.page.locator("#rv-choose-folder").set_input_files(robot)
        page.until(lambda: any(node.endswith("/robot/a") for node in page.nodes()), "the robot that was chosen")
        page.wait_step(1)
        assert not page.page.get_by_role("button", name="No robot description").is_visible()
        # A rollout of one's own.
        drop(page, other)
        page.until(lambda: page.page.title().startswith("other.npz"), "the rollout that was dropped")
        assert page.page.evaluate("window.replayViewer.state.numSteps") == 30
        # Several are to be chosen from.
        drop(page, shown, other)
        wait_for_list(page, 2)
        assert page.page.locator("#rv-library h2").inner_text() == "Recordings in what was dropped"


def test_sending_tells_what_is_sent_and_can_be_cancelled(page: ViewerPage, tmp_path: Path) -> None:
    kept, large = tmp_path / "temporary", tmp_path / "large.rec"
    kept.mkdir()
    large.write_bytes(bytes(20 << 20))
    # It is never told what has arrived, and waits.
    page.page.route_web_socket("**/upload", lambda socket: socket.connect_to_server().on_message(lambda message: None))
    with viewer_of(write_npz(tmp_path / "shown.npz"), temporary=kept) as viewer:
        page.goto(viewer.url)
        page.page.locator("#rv-choose").set_input_files(large)
        line = page.page.locator(".rv-busy-row", has_text="Sending large.rec (21 MB)")
        page.until(lambda: line.is_visible() and list(kept.rglob("large.rec")), "that it is sent")
        line.get_by_role("button", name="Cancel").click()
        page.until(lambda: not line.count(), "that it was cancelled")
        page.until(lambda: not list(kept.rglob("large.rec")), "that nothing is left of it")
        assert problem(page) == ""
        assert page.page.title().startswith("shown.npz")
