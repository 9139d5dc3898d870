"""Layers as somebody switches them in the page, and the page in a notebook's frame."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from arm_urdf import JOINTS, write_arm
from urdf_files import visual
from viewer_page import ViewerPage, ViewerProcess, open_page, open_tab

from replay_viewer import ContainerWriter, EntitySpec, RecordingInfo, Viewer

NUM_STEPS = 60
# A node of each layer, by the layer's name, in the panel's order.
NODES = {
    "velocity": "/world/layers/velocity/pose0",
    "contacts": "/world/layers/contacts",
    "trails": "/world/layers/trails",
    "path": "/world/layers/path",
    "torques": "/world/robot/upper/torques-0",
    "frames": "/world/robot/upper/frames-1",
    "collisions": "/world/robot/upper/collisions-0",
}
_VALUES = "buttons => buttons.map((button) => button.dataset.value)"


def record(folder: Path) -> Path:
    """The arm on its way along x, with everything recorded that a layer needs."""
    box = '<geometry><box size="0.3 0.3 0.6"/></geometry>'
    ball = visual('<sphere radius="0.3"/>')
    body = f'<link name="body">{ball}<collision>{box}</collision></link>'
    body += '<joint name="weld" type="fixed"><parent link="upper"/><child link="body"/></joint>'
    robot = EntitySpec("robot", joint_names=JOINTS, contact_bodies=("tip",), urdf=str(write_arm(folder, body)))
    info = RecordingInfo(env_ids=[0], control_dt=0.02, entities=[robot])
    with ContainerWriter(folder / "arm.rec", info) as writer:
        for step in range(NUM_STEPS):
            values = {
                "robot.base_pos": [[0.02 * step, 0.0, 2.0]],
                "robot.base_wxyz": [[1.0, 0.0, 0.0, 0.0]],
                "robot.joint_pos": [[np.sin(0.2 * step), 0.5]],
                "robot.joint_torque": [[0.8, -0.1]],
                "robot.contact_force": [[[0.0, 0.0, 40.0]]],
                "robot.base_lin_vel": [[1.0, 0.0, 0.0]],
                "command": [[1.5, 0.0, 1.0]],
            }
            writer.append(step, 0.02 * step, {name: np.array(value, np.float32) for name, value in values.items()})
    return folder / "arm.rec"


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("layers"))


@pytest.fixture(scope="module")
def viewer(recording: Path) -> Iterator[ViewerProcess]:
    with ViewerProcess([str(recording), "--port", "0", "--no-shadows"]) as process:
        yield process


def press(page: ViewerPage, layer: str) -> None:
    page.page.locator(f'[data-do="switch_layer"][data-value="{layer}"]').click()


def is_on(page: ViewerPage, layer: str) -> bool:
    return page.page.locator(f'[data-value="{layer}"]').get_attribute("aria-checked") == "true"


def is_seen(page: ViewerPage, node: str) -> bool:
    """Whether a node is in the scene, and neither it nor one above it is hidden."""
    return page.page.evaluate(
        "name => { const nodes = window.__viserSceneTree.getState(); if (!nodes[name]) return false;"
        " const parts = name.split('/').slice(1);"
        " return parts.every((_, i) => nodes['/' + parts.slice(0, i + 1).join('/')]?.visibility !== false); }",
        node,
    )


@pytest.mark.slow
def test_each_overlay_comes_and_goes_in_every_browser(chromium, viewer: ViewerProcess) -> None:
    with open_page(chromium, viewer.url) as page:
        page.open_tab("View")
        assert page.page.locator('[data-do="switch_layer"]').evaluate_all(_VALUES) == list(NODES)
        for layer, node in NODES.items():
            assert not is_seen(page, node)
            press(page, layer)
            page.until(lambda node=node: is_seen(page, node), f"{node}")
            page.until(lambda layer=layer: is_on(page, layer), f"{layer} switched on")
        with open_page(chromium, viewer.url) as other:
            other.open_tab("View")
            other.until(lambda: all(is_on(other, layer) for layer in NODES), "all switches on")
            other.until(lambda: all(is_seen(other, node) for node in NODES.values()), "all layers")
        for layer, node in NODES.items():
            page.page.locator(f'[data-value="{layer}"]').focus()
            page.page.keyboard.press("Enter")
            page.until(lambda node=node: not is_seen(page, node), f"no {node}")
            page.until(lambda layer=layer: not is_on(page, layer), f"{layer} switched off")
        assert not [line for line in page.console if line.startswith(("error", "pageerror"))]


def commanded_and_actual(page: ViewerPage) -> bool:
    """Whether the picture has a green and a blue arrow."""
    red, green, blue = np.moveaxis(page.picture().astype(int), -1, 0)
    commanded = (green > red + 60) & (green > blue + 30)
    actual = (blue > red + 60) & (blue > green + 30)
    return bool(commanded.sum() > 30 and actual.sum() > 30)


@pytest.mark.slow
def test_arrows_are_seen_and_move_with_the_robot(chromium, viewer: ViewerProcess) -> None:
    with open_page(chromium, viewer.url) as page:
        page.open_tab("View")
        press(page, "velocity")
        page.until(lambda: is_on(page, "velocity"), "velocity switched on")
        page.press_button("End of the recording")
        end = 0.02 * (NUM_STEPS - 1)
        page.until(lambda: abs(page.pose(NODES["velocity"])["position"][0] - end) < 1e-3, "arrows at the robot")
    with open_page(chromium, viewer.url, size=(500, 460), drawing=True) as drawn:
        drawn.until(lambda: commanded_and_actual(drawn), "a green and a blue arrow", timeout=60)


# A notebook.


class _Notebook(BaseHTTPRequestHandler):
    """One page, with the output of a cell in it."""

    def __init__(self, cell: str, *args) -> None:
        self.cell = cell
        super().__init__(*args)

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(f"<!doctype html><h1>Notebook</h1>{self.cell}".encode())

    def log_message(self, format: str, *args) -> None:
        pass


@pytest.mark.slow
def test_a_page_of_another_origin_shows_the_viewer_in_a_frame(chromium, recording: Path) -> None:
    with Viewer(recording, port=0, shadows=False) as viewer:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Notebook, viewer.show(height=600)._repr_html_()))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with open_tab(chromium, size=(1100, 700)) as page:
                page.page.goto(f"http://localhost:{server.server_port}")
                frame = page.page.frame_locator("iframe")
                frame.locator("#rv-step").wait_for(timeout=60_000)
                frame.locator('#rv-bar button[aria-label^="End of the recording"]').click()
                frame.locator(f'.rv-track[aria-valuenow="{NUM_STEPS - 1}"]').wait_for()
            assert viewer._app.session.player.step == NUM_STEPS - 1
        finally:
            server.shutdown()
            server.server_close()
