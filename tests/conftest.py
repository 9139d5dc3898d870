"""Fixtures that look for things which are not part of the project, and skip with a reason where they are absent.

Environment variables:
    REPLAY_VIEWER_REQUIRE_ALL=1: every missing thing (Chromium, a robot package, a tmpfs, ...) fails its tests instead
        of skipping them: `from needs import require`, then `require("no Chromium on this machine")`. The one exception
        is the G1 sample recording, which is no part of the project.
    REPLAY_VIEWER_TEST_DATA: the folder that holds the sample recording `g1_walk.npz`; without it, folders named
        `data` in the directories beside the checkout are searched.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from needs import require

from replay_viewer.record.training_state import process_state

REPOSITORY = Path(__file__).resolve().parents[1]

# What a shell starts in the background ignores Ctrl-C, and so would the programs that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine takes its time for an example of Hypothesis, for which more than 200 ms are an error by default.
with contextlib.suppress(ImportError):  # Not there on Python 3.8.
    from hypothesis import HealthCheck, settings

    settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("patient")

# Benchmarks, and what is run by hand, are scripts. What runs inside the simulator's Python, with numpy alone, has its
# tests in one folder; on 3.8 there are no others.
collect_ignore = ["benchmarks", "by_hand"]
if sys.version_info < (3, 10):
    collect_ignore = [path.name for path in Path(__file__).parent.iterdir() if path.is_dir() and path.name != "record"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A process for each processor that this one may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file's tests share what they set up; one browser at a time fills a small machine."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "tests/browser" if nodeid.startswith("tests/browser/") else nodeid.partition("::")[0]

    return ByFile(config, log)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is kept in the user's cache is kept for the tests alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REPLAY_VIEWER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that belongs to no run, and in which nothing was said of its training, whatever tests before it did."""
    monkeypatch.setenv("REPLAY_VIEWER_RUN", "")  # So that one that the test sets is gone after it.
    monkeypatch.delenv("REPLAY_VIEWER_RUN")
    monkeypatch.setattr(process_state(), "_facts", {})


@pytest.fixture(scope="session")
def g1_walk() -> Path:
    """A real recording of a Unitree G1: 4 envs, 1000 steps, 12 leg joints, 7 reward terms; env 3 falls at step 619."""
    folder = os.environ.get("REPLAY_VIEWER_TEST_DATA")
    found = [Path(folder) / "g1_walk.npz"] if folder else sorted(REPOSITORY.parent.glob("*/data/g1_walk.npz"))
    existing = [path for path in found if path.is_file()]
    if not existing:
        pytest.skip("the sample recording g1_walk.npz is not on this machine (see REPLAY_VIEWER_TEST_DATA)")
    return existing[0]


@pytest.fixture(scope="session")
def robots_dir() -> Path:
    """The folder of real robots (URDFs with their meshes) of the package example-robot-data."""
    try:
        package = metadata.distribution("example-robot-data")
    except metadata.PackageNotFoundError:
        require("the package example-robot-data is not installed (pip install example-robot-data)")
    robots = Path(str(package.locate_file("cmeel.prefix/share/example-robot-data/robots")))
    if not robots.is_dir():
        require(f"example-robot-data has no robots at {robots}")
    return robots


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        require("only root can mount a tiny tmpfs to fill")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)], stderr=subprocess.PIPE)
    if mounted.returncode != 0:
        require(f"a tiny tmpfs cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.fixture(scope="session")
def chromium():
    """A running Chromium; skips with a reason where there is none."""
    from chromium_tabs import CHROMIUM_FLAGS, chromium_path, use_profiles_again
    from playwright.sync_api import sync_playwright

    path = chromium_path()
    if path is None:
        require("no Chromium on this machine (set CHROMIUM to its path)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(path), headless=True, args=CHROMIUM_FLAGS)
        use_profiles_again(browser)
        yield browser
        browser.close()
