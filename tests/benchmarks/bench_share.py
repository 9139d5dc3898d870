"""Shared replays: how long one takes to make, how large it is, and how soon it can be played when opened from disk.

    python tests/benchmarks/bench_share.py

Of three episodes of the demo, and of 20 s of a Go2 (example-robot-data), at 50 Hz. The peer is viser's own recording of
the same scene and motion as HTML, which has no numbers, no chart, and no way to seek but its own bar. Opening is timed
in a Chromium with a cold cache in which drawing is stubbed, until the robot is where the first frame has it.

Limits: 10 MB for the Go2, and no more than 1.5 times the peer's time to open.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

from chromium_tabs import CHROMIUM_FLAGS, NO_DRAWING, chromium_path
from playwright.sync_api import Browser, sync_playwright

from replay_viewer import share_replay
from replay_viewer.paths import asset
from replay_viewer.replay.replay import Replay, open_replay
from replay_viewer.replay.world import World, world_of
from replay_viewer.viewer.scene import Scene
from replay_viewer.viewer.wire.access import Access
from replay_viewer.viewer.wire.server import close_server, open_server

SIZE_LIMIT_MB, OPENING_LIMIT = 10.0, 1.5
_OPENINGS = 5
_TERMS = ("tracking_lin_vel", "tracking_ang_vel", "lin_vel_z", "torques", "action_rate", "feet_air_time", "orientation")
# viser's player begins at once, ours when the page asks for it; both have given a link its pose by then.
_STANDS = """
(node) => {
  const pose = window.__viserMutable?.nodePoseData?.[node];
  const isOurs = document.getElementById("rv-shared"), { classList } = document.documentElement;
  const isPlayable = isOurs ? classList.contains("rv-ready") : document.querySelector(".mantine-Slider-root");
  return Boolean(pose && Math.hypot(...pose.position) > 0.01 && isPlayable);
}
"""


def trotting_go2(folder: Path) -> Replay:
    """20 s of a Go2 that trots in a circle, with seven reward terms."""
    robots = Path(str(metadata.distribution("example-robot-data").locate_file("cmeel.prefix/share/example-robot-data")))
    seconds = np.arange(1001) * 0.02
    legs, parts = ("FL", "FR", "RL", "RR"), ("hip", "thigh", "calf")
    names = [f"{leg}_{part}_joint" for leg in legs for part in parts]
    phases = np.array([np.pi * (leg in ("FR", "RL")) + 1.2 * (part == "calf") for leg in legs for part in parts])
    middles, swings = np.tile([0.0, 0.8, -1.5], 4), np.tile([0.05, 0.25, 0.3], 4)
    joints = middles + swings * np.sin(4 * np.pi * seconds[:, None] + phases)
    yaw, zero = 0.2 * seconds, np.zeros_like(seconds)
    base = np.stack([3 * np.sin(yaw), 3 - 3 * np.cos(yaw), 0.32 + 0.01 * np.sin(8 * np.pi * seconds)], axis=-1)
    turn = np.stack([zero, zero, np.sin(yaw / 2), np.cos(yaw / 2)], axis=-1)
    noise = np.random.default_rng(0)
    terms = {f"reward_terms/{name}": noise.normal(0.02, 0.01, (1001, 1)).astype(np.float32) for name in _TERMS}
    arrays: dict[str, Any] = {
        "base_pos": base[:, None],
        "base_quat": turn[:, None],
        "dof_pos": joints[:, None],
        **terms,
    }
    path = folder / "go2.npz"
    np.savez(path, dof_names=np.array(names), rew=sum(terms.values()), dt=0.02, **arrays)
    return open_replay(path, urdf=robots / "robots/go2_description/urdf/go2.urdf")


def visers_own(world: World, steps: range) -> str:
    """The same motion as viser records it."""
    server = open_server(Access.make("127.0.0.1", token=True), 0, "replay-viewer")
    try:
        scene = Scene(server, world)
        serializer = server.get_scene_serializer()
        for step in steps:
            scene.show(world.lead.frame_at(step), np.zeros(3))
            serializer.insert_sleep(world.lead.replay.rollout.control_dt)
        return serializer.as_html()
    finally:
        close_server(server)


def opening_seconds(browser: Browser, path: Path, node: str) -> float:
    """From the address to a robot that stands and can be played, the middle of some openings."""
    taken = []
    for _ in range(_OPENINGS):
        with browser.new_context(viewport={"width": 1366, "height": 768}) as context:
            context.add_init_script(NO_DRAWING)
            page = context.new_page()
            began = time.monotonic()
            page.goto(path.as_uri())
            page.wait_for_function(_STANDS, arg=node, timeout=60_000)
            taken.append(time.monotonic() - began)
    return statistics.median(taken)


def timed(make: Callable[[], object]) -> float:
    began = time.monotonic()
    make()
    return time.monotonic() - began


def measure(
    browser: Browser, name: str, replay: Replay, folder: Path, steps: range, **chosen: Any
) -> tuple[float, float]:
    """Print a row; returns the size [MB] and how many times as long as the peer it takes to open."""
    robot = next(iter(replay.robots))
    node = f"/world/{robot}/{replay.robots[robot].link_names[0]}"
    own, peer = folder / f"{name}.html", folder / f"{name}-viser.html"
    making = timed(lambda: share_replay(replay, own, **chosen))
    making_peer = timed(lambda: peer.write_text(visers_own(world_of([replay]), steps), encoding="utf-8"))
    opening, opening_peer = opening_seconds(browser, own, node), opening_seconds(browser, peer, node)
    size, size_peer = own.stat().st_size / 1e6, peer.stat().st_size / 1e6
    print(
        f"{name}: made in {making:.1f} s, {size:.2f} MB, open in {opening:.2f} s; viser's own in {making_peer:.1f} s, "
        f"{size_peer:.2f} MB, in {opening_peer:.2f} s: {opening / opening_peer:.2f} times"
    )
    return size, opening / opening_peer


def main() -> int:
    """Measure both, and say whether the limits hold."""
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium_path()), args=CHROMIUM_FLAGS)
        folder = Path(temporary)
        demo, go2 = open_replay(asset("walk.rec")), trotting_go2(folder)
        _, ratio = measure(browser, "demo", demo, folder, range(750), episodes="worst:3")
        size, ratio_go2 = measure(browser, "go2", go2, folder, range(1001))
        browser.close()
    is_met = size <= SIZE_LIMIT_MB and max(ratio, ratio_go2) <= OPENING_LIMIT
    print("met" if is_met else "NOT met")
    return 0 if is_met else 1


if __name__ == "__main__":
    raise SystemExit(main())
