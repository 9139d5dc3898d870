"""Crowds: server time and bytes per drawn frame, frames per second of the page, picking; Go2 with all its links.

    python tests/benchmarks/bench_crowd.py [ENVS ...]

Drawing is stubbed in the page, so that what is measured is our server and the page's own work, not a software
rasteriser. Peers: viser with one node per link and robot, as its robot example and mjviser move one robot, with our
kinematics; and a viser page with nothing but the same crowd, whose rate is this machine's limit. Aims: 1024 envs at 60
and 4096 at 50 frames per second.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

import numpy as np
import viser
from bare_page import bare_page, repeated
from bench_viewer import chromium
from crowd_samples import record_crowd
from playwright.sync_api import Browser
from real_robots import robots_folder
from viewer_page import ViewerProcess, open_page

from replay_viewer.replay.frames import FrameCache
from replay_viewer.replay.replay import Replay, open_replay
from replay_viewer.replay.world import world_of
from replay_viewer.viewer.crowd import Crowd
from replay_viewer.viewer.crowd.crowd import stride
from replay_viewer.viewer.crowd.meshes import Bodies, link_meshes
from replay_viewer.viewer.session import Session
from replay_viewer.viewer.wire.access import Access
from replay_viewer.viewer.wire.server import close_server, move_node, open_server

GO2 = "go2_description/urdf/go2.urdf"
STEPS, EPISODE = 150, 100
AIMS = {1024: 60, 4096: 50}
# Of more, the page of the peer takes minutes to open, or runs out of memory.
PEER_ENVS = 64
# Steps whose poses the bare page is sent, over and over.
READY = 30
_WINDOW = (640, 400)

# Frames per second, and the crowd's updates per second with their kilobytes, over some seconds.
_WATCH = """
async (seconds) => {
  const queue = window.__viserMutable.messageQueue;
  let frames = 0, moves = 0, bytes = 0, first = null;
  queue.push = (message) => {
    const poses = message.updates?.batched_positions;
    if (poses) {
      first ??= message.name;
      if (message.name === first) moves++;
      bytes += poses.byteLength + message.updates.batched_wxyzs.byteLength;
    }
    return Array.prototype.push.call(queue, message);
  };
  const start = performance.now();
  await new Promise((done) => {
    const look = () => { frames++; performance.now() - start > seconds * 1000 ? done() : requestAnimationFrame(look); };
    requestAnimationFrame(look);
  });
  const elapsed = (performance.now() - start) / 1000;
  delete queue.push;
  return [frames / elapsed, moves / elapsed, bytes / 1000 / Math.max(moves, 1)];
}
"""


def median_ms(run: Callable[[int], object], count: int = 60) -> float:
    """Median time of calls with 0, 1, 2, ..."""
    taken = []
    for index in range(count):
        start = time.perf_counter()
        run(index)
        taken.append((time.perf_counter() - start) * 1e3)
    return statistics.median(taken)


def server_side(path: Path) -> tuple[float, float, float, float]:
    """Seconds until the crowd is there, then ms to send a frame, of which for the poses, and to pick."""
    server, session = open_server(Access(), 0, "benchmark"), Session(world_of([open_replay(path)]))
    crowd = Crowd(server, session)
    crowd.state.toggle()
    start = time.perf_counter()
    crowd.show()
    first = time.perf_counter() - start

    def show(index: int) -> None:
        session.seek(10 + index)
        with server.atomic():
            crowd.show()
        server.flush()

    frames = FrameCache(session.replay.rollout, session.replay.robots, bodies_only=True)
    sent = median_ms(show)
    posed = median_ms(lambda index: frames.frame_at(10.0 + index, crowd.state.envs))
    picked = median_ms(lambda index: crowd.pick(np.array([1.0, 2.0, 30.0]), np.array([0.01 * index, 0.1, -1.0])))
    crowd.close()
    close_server(server)
    session.replay.close()
    return first, sent, posed, picked


def in_page(browser: Browser, path: Path) -> tuple[float, float, float]:
    """Frames per second of the page while it plays, the crowd's updates per second and their kB."""
    with ViewerProcess([str(path), "--port", "0", "--no-shadows"]) as viewer:
        with open_page(browser, viewer.url, _WINDOW) as page:
            page.page.keyboard.press("m")
            page.until(lambda: any(node.startswith("/world/crowd") for node in page.nodes()), "the crowd", 30)
            for key in ("l", "l", "Space"):  # Loop over the episode, then over all; play.
                page.page.keyboard.press(key)
            page.until(lambda: page.step() > 3, "playing")
            page.page.wait_for_timeout(1000)
            return tuple(page.page.evaluate(_WATCH, 6.0))


def node_per_link(browser: Browser, replay: Replay, num_envs: int) -> tuple[float, float]:
    """Of one node per link and robot: ms to send a frame, frames per second of the page."""
    server, robot = open_server(Access(), 0, "peer"), replay.robots["robot"]
    meshes = {link: mesh for link in range(robot.num_bodies) if (mesh := robot.link_mesh(link)) is not None}
    glbs = {link: mesh.export(file_type="glb") for link, mesh in meshes.items()}
    nodes = {
        (env, link): server.scene.add_glb(f"/{env}/{link}", glb)
        for env in range(num_envs)
        for link, glb in glbs.items()
        if isinstance(glb, bytes)
    }

    def show(index: int) -> None:
        poses = replay.frames.frame_at(index % STEPS, range(num_envs)).entities["robot"]
        positions, wxyz = poses.link_positions.tolist(), poses.link_wxyz.tolist()
        with server.atomic():
            for (env, link), node in nodes.items():
                move_node(node, positions[env][link], wxyz[env][link])
        server.flush()

    sent = median_ms(show, 20)
    rate = in_bare_page(browser, server, show, 60.0)[0]
    close_server(server)
    return sent, rate


def bare_viser(browser: Browser, replay: Replay, num_envs: int) -> tuple[float, float]:
    """Of a viser page with the same meshes and nothing else: its frames and the crowd's updates per second.

    The poses are ready; a box moves with them, without which a viser page does not draw what it is sent.
    """
    server, robot = open_server(Access(), 0, "bare"), replay.robots["robot"]
    bodies = Bodies(server, "/crowd", robot, link_meshes(robot, num_envs), num_envs)
    frames = FrameCache(replay.rollout, replay.robots, bodies_only=True)
    ready = [frames.frame_at(float(step), range(1, num_envs)).entities["robot"] for step in range(READY)]
    box = server.scene.add_box("/box", dimensions=(1.0, 1.0, 1.0))

    def show(index: int) -> None:
        poses = ready[index % READY]
        with server.atomic():
            bodies.move(poses.link_positions, poses.link_wxyz)
            box.position = (0.01 * (index % 100), 0.0, 0.0)
        server.flush()

    frames_per_s, updates, _ = in_bare_page(browser, server, show, 60.0 / stride(bodies.num_handles * num_envs))
    close_server(server)
    return frames_per_s, updates


def in_bare_page(
    browser: Browser, server: viser.ViserServer, show: Callable[[int], None], rate: float
) -> tuple[float, float, float]:
    """What `_WATCH` says of a server's page while something is shown `rate` times per second."""
    with bare_page(browser, server, _WINDOW) as page, repeated(show, rate):
        page.wait_for_timeout(3000)
        return tuple(page.evaluate(_WATCH, 6.0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("envs", type=int, nargs="*", default=[64, 256, 1024, 4096])
    sizes = parser.parse_args().envs
    print(" envs   on [s]  frame [ms]  poses [ms]  pick [ms]  page [fps]  updates [/s]   kB each   bare viser")
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        for num_envs in sizes:
            path = Path(folder) / f"{num_envs}.rec"
            record_crowd(path, robots_folder() / GO2, num_envs, STEPS, height=0.44, mean_episode=EPISODE)
            first, sent, posed, picked = server_side(path)
            rate, updates, size = in_page(browser, path)
            bare_rate, bare_updates = bare_viser(browser, open_replay(path), num_envs)
            aim = f"   aim {AIMS[num_envs]} fps" if num_envs in AIMS else ""
            print(
                f"{num_envs:5d} {first:8.2f} {sent:11.2f} {posed:11.2f} {picked:10.2f} {rate:11.1f} {updates:13.1f}"
                f" {size:9.0f}   {bare_rate:.1f} fps ({rate / bare_rate:.2f}x), {bare_updates:.1f} updates/s"
                f" ({updates / bare_updates:.2f}x){aim}"
            )
        if PEER_ENVS in sizes:
            sent, rate = node_per_link(browser, open_replay(Path(folder) / f"{PEER_ENVS}.rec"), PEER_ENVS)
            print(f"one node per link and robot, {PEER_ENVS} envs: {sent:.1f} ms to send a frame, page {rate:.1f} fps")


if __name__ == "__main__":
    main()
