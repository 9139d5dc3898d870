"""What a hand on the policy costs: a step of a loop with `attach(control=True)` and without, and the way to it.

Blocks of steps of two equal environments whose step does nothing, one of them with control and nobody connected, in
turn; the difference of what this thread was given, median over the pairs of blocks. Then, of a loop that steps at
50 Hz, how long it takes from a viewer's message that switches the policy off or on to the first changed action, and
from a press in a real page.
Run: python tests/benchmarks/bench_control.py [--quick]
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

from chromium_tabs import CHROMIUM_FLAGS, chromium_path
from legged_fake import DOF_NAMES
from legged_gym_sim import LeggedGymSim
from playwright.sync_api import sync_playwright
from viewer_page import ViewerProcess, open_page

from replay_viewer import attach
from replay_viewer.record.attached_recorder import AttachedRecorder

COST_LIMIT_US, LATENCY_LIMIT_MS = 5.0, 100.0
_BLOCK_STEPS = 50


class Still(LeggedGymSim):
    """A simulation whose steps only count, and keep the action."""

    def step(self, actions: np.ndarray) -> tuple:
        self.episode_length_buf += 1
        self.actions = actions
        return ()


def cost_us(num_envs: int, env_ids: Sequence[int], num_pairs: int) -> tuple[float, float]:
    """Microseconds of a step without control, and how many more it takes with it."""
    given: dict[bool, list[float]] = {False: [], True: []}
    with tempfile.TemporaryDirectory() as folder:
        envs = {has: Still(num_envs, keep_truth=False) for has in given}
        recorders = [attach(envs[has], Path(folder, f"{has}.rec"), env_ids=env_ids, control=has) for has in given]
        actions = np.zeros((num_envs, len(DOF_NAMES)), np.float32)
        for pair in range(num_pairs):
            for has in (False, True) if pair % 2 else (True, False):
                step, start = envs[has].step, time.thread_time()
                for _ in range(_BLOCK_STEPS):
                    step(actions)
                given[has].append((time.thread_time() - start) / _BLOCK_STEPS)
        for recorder in recorders:
            recorder.close()
    without, with_it = np.array(given[False]), np.array(given[True])
    return 1e6 * float(np.median(without)), 1e6 * float(np.median(with_it - without))


def latencies_ms(measure: Callable[[AttachedRecorder, Still, int], list[float]], count: int) -> np.ndarray:
    """From somebody's wish to the first step with another action."""
    with tempfile.TemporaryDirectory() as folder:
        env = Still(1, keep_truth=False)
        with attach(env, Path(folder, "run.rec"), control=True) as recorder:
            is_over = threading.Event()
            thread = threading.Thread(target=_step_at_50_hz, args=(env, is_over))
            thread.start()
            try:
                return np.array(measure(recorder, env, count))
            finally:
                is_over.set()
                thread.join()


def _step_at_50_hz(env: Still, is_over: threading.Event) -> None:
    actions = np.ones((1, len(DOF_NAMES)), np.float32)
    while not is_over.wait(0.02):
        env.step(actions)


def _of_presses(recorder: AttachedRecorder, env: Still, count: int) -> list[float]:
    """Of the page's switch."""
    found: list[float] = []
    options = [str(recorder.path), "--tail", "--port", "0", "--no-shadows"]
    with ViewerProcess(options) as viewer, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium_path()), args=CHROMIUM_FLAGS)
        with open_page(browser, viewer.url) as page:
            page.page.locator("#rv-hand").wait_for()
            for index in range(count):
                is_on = index % 2 == 1
                page.page.wait_for_timeout(150)
                start = page.page.evaluate(_PRESS) / 1e3
                while bool(env.actions.any()) != is_on:
                    time.sleep(0.0002)
                found.append(1e3 * (time.time() - start))
    return found


_PRESS = """() => {
  const now = performance.timeOrigin + performance.now();
  document.querySelector("#rv-hand .rv-policy [role=switch]").click();
  return now;
}"""


def _of_messages(recorder: AttachedRecorder, env: Still, count: int) -> list[float]:
    """Of a connection."""
    address = recorder.control_address
    assert address is not None
    found, rng = [], np.random.default_rng(0)
    with address.connect(2.0) as end:  # What it is told meanwhile fits into the socket's memory.
        for index in range(count):
            is_on = index % 2 == 1
            time.sleep(rng.uniform(0.05, 0.1))
            start = time.perf_counter()
            end.sendall(json.dumps({"page": "1", "do": "policy", "value": is_on}).encode() + b"\n")
            while bool(env.actions.any()) != is_on:
                time.sleep(0.0002)
            found.append(1e3 * (time.perf_counter() - start))
    return found


def main() -> int:
    logging.getLogger("replay_viewer").setLevel(logging.ERROR)
    is_quick = "--quick" in sys.argv
    is_good = True
    for name, num_envs, env_ids in (("1 env", 1, [0]), ("16 of 4096", 4096, range(16))):
        without, more = cost_us(num_envs, list(env_ids), 40 if is_quick else 200)
        is_good &= more <= COST_LIMIT_US
        print(f"{name}: {without:.1f} us a step, with control {more:+.1f} us ({1 + more / without:.2f} times)")
    for name, measure in (("message", _of_messages), ("press in the page", _of_presses)):
        found = latencies_ms(measure, 20 if is_quick else 100)
        p95 = float(np.percentile(found, 95))
        is_good &= p95 <= LATENCY_LIMIT_MS
        print(f"{name} to changed action at 50 Hz: median {np.median(found):.1f} ms, p95 {p95:.1f} ms", flush=True)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
